/*
 * journal.h - what is recorded of one attempt of a run: the steps it is replayed from. Pure.
 *
 * A step is found by its path. What it waited for came to the script in an order of its own, over all
 * branches, and comes in that order again (journal_next). Ends that came within the call are found by
 * path alone: now, secret, parallel, and calls that were refused, malformed or rehearsed before any intent.
 *
 * A replay is over when every recorded step was asked for and every end was delivered. Until then
 * nothing new may begin.
 */
#ifndef SCRIPT_JOURNAL_H
#define SCRIPT_JOURNAL_H

#include "store/store.h"

struct journal;

/* Strings belong to the journal; NULL where the row had none. */
struct journal_step {
	enum step_kind kind;
	char *path;
	char *operation;
	char *args_hash;
	char *args;    /* as recorded */
	char *token;   /* of the beginning */
	char *outcome; /* NULL: it has no end */
	char *answer, *error;
	bool begun; /* it has a beginning: a changing call, a sleep, an approval */
	int64_t begun_ms, until_ms;
	uint64_t intent;
	bool asked; /* for in this replay */
};

/* @param[out] out owned by the caller; journal_free */
NODISCARD int journal_new(struct journal **out, struct err *err);
void journal_free(struct journal *j); /* NULL is fine */

/* In the order of the store. A second beginning or end of a path replaces what the first said, in its
 * place. -ERR_NOMEM */
NODISCARD int journal_add_begin(struct journal *j, const struct step_row *s);
NODISCARD int journal_add_end(struct journal *j, const struct step_end *e);

struct journal_step *journal_find(const struct journal *j, const char *path); /* or NULL */

/* Did the script wait for the step's end? */
bool journal_waited(const struct journal_step *s);

/* The script has asked for it. What it did not wait for is delivered by that. */
void journal_ask(struct journal *j, struct journal_step *s);

/* The next end that was waited for; NULL: none is left. */
struct journal_step *journal_next(const struct journal *j);
/* The one that journal_next said has been delivered. */
void journal_deliver(struct journal *j);

bool journal_over(const struct journal *j);

/* The first by its path that was not asked for, or NULL. Looks at all. */
const struct journal_step *journal_unasked(const struct journal *j);
unsigned journal_count(const struct journal *j); /* of steps */
size_t journal_bytes(const struct journal *j);   /* of answers and errors */

#endif
