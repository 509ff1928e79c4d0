/*
 * approval.h - what a run asked people to approve, and what they said. Pure.
 *
 * n different people must approve; the first rejection denies; a vote of the same person replaces the
 * one before. Who started the run does not vote.
 */
#ifndef SCRIPT_APPROVAL_H
#define SCRIPT_APPROVAL_H

#include "base/buf.h"
#include "base/crypto.h"
#include "store/store.h"

enum { APPROVAL_PEOPLE_MAX = 16 };

struct vote {
	char *voter;
	char *by;      /* what verified the name, or NULL */
	char *comment; /* or NULL */
	bool approve;
};

struct approval {
	char *path; /* of its step */
	char *subject;
	char *details; /* JSON object */
	int needed;
	int64_t expires_ms; /* INT64_MAX: never */
	struct vote *votes;
	size_t n_votes;
	struct approval *next; /* in the list of a run_record */

	/* Of the step that waits for it. */
	char *operation;           /* or NULL */
	char hash[SHA256_HEX + 1]; /* of what was asked */
	bool given;
	struct buf end; /* the answer, or the error, once it has ended */
};

enum approval_state { APPROVAL_OPEN, APPROVAL_GIVEN, APPROVAL_DENIED, APPROVAL_EXPIRED };

/* Copies. NULL: no memory. */
struct approval *approval_new(const struct approval_row *row);
void approval_free(struct approval *a); /* NULL is fine */
/* Which step it belongs to. False: no memory. */
bool approval_name(struct approval *a, const char *operation, const char *hash);
/* False: no memory. */
bool approval_vote(struct approval *a, const struct vote_row *v);
enum approval_state approval_state(const struct approval *a, int64_t now_ms);

/* Is voter the person in the actor of a run? By "user", "loginUser", "sudoUser", "name" and
 * "verifiedUser". */
bool approval_is_asker(const char *actor, const char *voter);

/* The end of its step, in *answer (given) or *error: JSON objects. */
void approval_answer(const struct approval *a, struct buf *answer);
void approval_error(const struct approval *a, enum approval_state state, struct buf *error);

#endif
