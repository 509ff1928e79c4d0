/*
 * judge.h - what became of a changing call whose end nobody heard: from what was seen before it and
 * what is seen now to a verdict. Pure: no clock, no network.
 *
 * The *window* is [intent, last byte that can have left], widened by the allowed clock skew on both
 * sides. It is the host's clock that says when, and the service's that dated what is found.
 *
 * RedriveExecution. The service remembers a token for 15 minutes and shows it nowhere (not in
 * DescribeExecution, not in the ExecutionRedriven event), so afterwards count and date are all the
 * evidence there is:
 *
 *	redriveCount        redriveDate                      verdict
 *	as before           -                                not done
 *	one more            in the window, after the old     done: it was ours
 *	one more            outside the window               unknown: someone else's
 *	two or more above   -                                unknown: ours may be among them
 *	less                -                                unknown
 *	no baseline         older than the window, or none   not done
 *	no baseline         later                            unknown
 *
 * A colleague who redrives inside the window either finds ours done (then theirs is refused, or
 * counts as a second one: unknown) or comes before a call that never left. Only the latter looks
 * like ours, which is why the window must be as narrow as the host can make it.
 *
 * StartExecution. The name is the token: an execution of that name with that input whose startDate
 * is in the window is ours. None of that name is unknown, not "not done": executions of Express
 * machines cannot be described.
 *
 * StopExecution. The same answer however often it is asked, by whomever: done once the execution is
 * closed, not done while it runs on, unknown once it was redriven after the call.
 *
 * UpdateMapRun. Its members are settings: done when each has the value that was given, not done when
 * those that differ are as before the call, else unknown: someone set them since.
 *
 * Reads lag behind writes by seconds. "Not done" is said only of a look taken JUDGE_SETTLE_MS after
 * the window's end, before that it is unknown, and early.
 */
#ifndef SFN_JUDGE_H
#define SFN_JUDGE_H

#include "base/json.h"
#include "plugin_api.h"

enum { JUDGE_SETTLE_MS = 60000 };

/* What a judgement rests on. Borrowed. */
struct findings {
	const cJSON *args;
	const cJSON *baseline; /* NULL: none */
	const cJSON *now;      /* what the read answered; NULL: what it asks for does not exist */
	int64_t intent_ms, sent_until_ms, skew_ms; /* as in struct host_call */
	int64_t asked_ms;                          /* when the read was begun */
};

struct judgement {
	enum verdict verdict;
	char why[256];
	bool early;    /* of VERDICT_UNKNOWN: a look later on may tell */
	cJSON *answer; /* of VERDICT_DONE: what the call would have answered. Owned by the caller */
};

/* How one changing operation is looked into, by one read. */
struct subject {
	const char *about;    /* wire name of the changing operation */
	const char *question; /* of the read */
	const char *missing;  /* the error by which the read says that there is no such thing */
	bool (*ask)(cJSON *question, const cJSON *args); /* fill in the arguments; false: cannot */
	const char *const *baseline; /* members of the answer to keep before; NULL: no prepare */
	const char *const *evidence; /* members of the answer to record with the verdict */
	void (*judge)(struct judgement *out, const struct findings *f);
};

/* The subject of a wire name, or NULL: nothing can be found out. */
const struct subject *subject_of(const char *wire_name);

/* The members of answer that are named, as a new object. Owned by the caller; NULL: no memory. */
cJSON *subject_keep(const cJSON *answer, const char *const *names);

#endif
