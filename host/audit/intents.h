/*
 * intents.h - the calls of a segment that have an intent and no outcome yet.
 *
 * Every call.intent ends in exactly one call.outcome of the same segment, which names it by its
 * sequence number in the member "intent". Memory grows with the calls that are open at one time,
 * not with the length of the log.
 */
#ifndef AUDIT_INTENTS_H
#define AUDIT_INTENTS_H

#include <stddef.h>

#include "audit/record.h"

/* A call under way. */
struct intent {
	uint64_t seq;
	bool settled;  /* has its outcome; kept until the list is next compacted */
	char *members; /* what names the call, as JSON members; NULL unless keep */
};

struct intents {
	bool keep;              /* keep what names each call: run, step, operation, ... */
	uint64_t seen, unknown; /* intents and outcomes "unknown" so far */
	struct intent *v;       /* by rising seq */
	size_t n, cap, n_settled;
};

#define INTENTS_INIT(keep_members) ((struct intents){ .keep = (keep_members) })

void intents_clear(struct intents *in);

/*
 * Take account of the next record; other kinds are passed over.
 *
 * @return 0; -ERR_INVALID for an outcome that names no open intent or is not one of ok, error,
 *         unknown, refused, invalid, dry_run, not_sent
 */
NODISCARD int intents_follow(struct intents *in, const struct record *r, struct err *err);

static inline size_t intents_open(const struct intents *in)
{
	return in->n - in->n_settled;
}

#endif
