/*
 * settle_decide.h - what is to become of a changing call whose end the journal lacks, because the
 * process that made it died. Pure: the time is a parameter.
 *
 *	the log has its outcome               that is its end
 *	before not_after                      the same call again, token and all: it takes effect at most
 *	                                      once, and answers as it did the first time
 *	later                                 a look at the service (reconcile), as soon as a look can
 *	                                      prove something
 *	after SETTLE_LOOK_MAX_MS              unknown, without a call
 *	cannot be sent again nor looked into  unknown
 *
 * not_after belongs to a token and is counted from the first intent that had it: no resend renews it.
 * A new token is made only for a call that a look has proved not done, and only while the first intent
 * of the step is younger than the operator's max_intent_age.
 *
 * Within one boot of the machine the age is that of the boot clock, whatever was done to the other
 * (settle_now). A call that was intended in the future is one whose age is not known: the clock was
 * set. It is never sent again, only looked into.
 */
#ifndef SCRIPT_SETTLE_DECIDE_H
#define SCRIPT_SETTLE_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "plugin_api.h"

enum {
	/* Reads lag behind: a look proves nothing before this much after the last byte that can have
	 * left. */
	SETTLE_LAG_MS = 60 * 1000,
	/* By how much the clocks of host and service may differ. */
	SETTLE_SKEW_MS = 5 * 1000,
	/* [limits] max_intent_age, unless it is given */
	SETTLE_INTENT_AGE_MS = 60 * 60 * 1000,
};

/* What was intended longer ago is a person's to look into. */
#define SETTLE_LOOK_MAX_MS (INT64_C(14) * 24 * 60 * 60 * 1000)

enum settle_way {
	SETTLE_RECORDED,
	SETTLE_RESEND,
	SETTLE_WAIT, /* until settle_look_from */
	SETTLE_LOOK,
	SETTLE_DONE,  /* a look found its effect */
	SETTLE_AGAIN, /* a new token and a new intent */
	SETTLE_UNKNOWN,
};

/* Times are wall clock, those of the intents as the dead process had it. */
struct settle_call {
	bool recorded;         /* the log has its outcome */
	bool can_resend;       /* its operation allows it */
	bool can_look;         /* ... has a reconcile */
	bool own_token;        /* the gate made its token, or it has none */
	int64_t first_ms;      /* the first intent of the step */
	int64_t intent_ms;     /* the first intent with the present token */
	int64_t not_after_ms;  /* of the present token */
	int64_t sent_until_ms; /* no byte with it can have left later */
};

/* @param[out] why  in words, static; may be NULL */
enum settle_way settle_decide(const struct settle_call *c, int64_t now_ms, const char **why);

/* A look has answered. @return SETTLE_DONE, SETTLE_AGAIN or SETTLE_UNKNOWN */
enum settle_way settle_judge(const struct settle_call *c, enum verdict verdict, int64_t now_ms,
			     int64_t max_intent_age_ms, const char **why);

/* From when on a look can prove that the call was not done. */
int64_t settle_look_from(const struct settle_call *c);

/*
 * The time now, as the clock would have it that the intent was dated with: within one boot of the
 * machine the time that has gone by is known, whatever was done to the clock.
 *
 * @param since_boot_ms  of the intent and of now; 0 where it was in another boot
 */
int64_t settle_now(int64_t intent_ms, int64_t intent_since_boot_ms, int64_t now_since_boot_ms,
		   int64_t now_ms);

#endif
