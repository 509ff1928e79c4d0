/*
 * commit.h - the committer: the one thread that owns the audit file, and its order.
 *
 * The loop hands over records; the committer writes them in that order and syncs them together
 * (group commit: at once when idle, within 5 ms under load). Sequence numbers and times are given
 * when a record is handed over, so the caller knows its number before it is durable. Once writing
 * has failed nothing more is accepted: changing calls must then be refused (fail closed).
 *
 * All functions are for the loop's thread.
 */
#ifndef COMMIT_COMMIT_H
#define COMMIT_COMMIT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/compiler.h"
#include "base/err.h"

struct loop;
struct committer;

struct commit_spec {
	struct loop *loop;
	const char *audit_dir; /* created with mode 0700 if missing */
	const char *host;      /* host name, in every record */
};

/* err->code is 0 when the record is on disk. From the loop, in the order of the appends. */
typedef void commit_done_fn(void *arg, const struct err *err);

/* Opens a new segment, recovers segments that dead processes left (see audit/log.h) and starts the
 * thread. @param[out] out owned by the caller; commit_close */
NODISCARD int commit_open(struct committer **out, const struct commit_spec *spec, struct err *err);

/*
 * Append a record of that kind ("call.intent").
 *
 * @param members the record's own members as JSON text without braces: "\"run\":\"...\",..."; copied.
 *        v, seq, time, host, pid and kind are put in front, prev and sum behind.
 * @param done  NULL: nobody waits, the record is written in its turn. Else it is synced before done.
 * @return the record's sequence number
 */
uint64_t commit_append(struct committer *c, const char *kind, struct bytes members,
		       commit_done_fn *done, void *arg);

/* Has writing failed? Then err says why. */
bool commit_failed(const struct committer *c, struct err *err);

/* Writes and syncs what was handed over, closes the segment, ends the thread. done callbacks that
 * are still due run before it returns. */
void commit_close(struct committer *c);

#endif
