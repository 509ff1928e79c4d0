/*
 * intents.h - the calls of a segment that have an intent and no outcome yet.
 *
 * Every call.intent ends in exactly one call.outcome of the same process, which names it by its
 * sequence number in the member "intent". Where a process goes on in another segment, the log.close
 * of the one and the log.open of the other list the intents that are open at that moment in their
 * member "carried", so that each segment can be judged by itself. Memory grows with the calls that
 * are open at one time, not with the length of the log.
 */
#ifndef AUDIT_INTENTS_H
#define AUDIT_INTENTS_H

#include <stddef.h>

#include "audit/record.h"

/* A call under way. */
struct intent {
	uint64_t seq;
	bool settled; /* has its outcome, or was carried on; stays until the list is compacted */
	bool
	    journalled; /* says that it goes with a row of the store; false unless keep, or if carried */
	char *members; /* what names the call, as JSON members; NULL unless keep, or if carried */
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

/* The same for who makes the records: of a record's kind, number and members (JSON text without
 * braces). An outcome that names no open intent is passed over: it is for verify to judge.
 * @return 0; -ERR_NOMEM */
NODISCARD int intents_follow_made(struct intents *in, const char *kind, uint64_t seq,
				  struct bytes members, struct err *err);

/* What names the call of that intent, taken out of the list; owned by the caller (free). NULL: it is
 * not there, or has no names (any more). */
char *intents_take_members(struct intents *in, uint64_t seq, bool *journalled);

/* Append the open ones as a JSON array of numbers. */
void intents_write(struct buf *out, const struct intents *in);

static inline size_t intents_open(const struct intents *in)
{
	return in->n - in->n_settled;
}

#endif
