/*
 * frontier.h - how far the ledger is known: its chain and the frontier of its tree, and the file that
 * remembers them between processes.
 *
 * The file is a cache: what it says is believed only if it yields the root of a checkpoint, whose
 * signature the caller has checked. Losing it costs one reading of the ledger.
 */
#ifndef AUDIT_FRONTIER_H
#define AUDIT_FRONTIER_H

#include "audit/chain.h"
#include "audit/merkle.h"
#include "audit/note.h"

struct frontier {
	struct chain chain;
	struct merkle tree;
	int64_t bytes; /* of the lines */
};

void frontier_init(struct frontier *f); /* nothing is known */

/* @return true and *f, which has c's size and root; else *f is not touched */
bool frontier_load(struct frontier *f, int dir_fd, const struct checkpoint *c);

/* Best effort. */
void frontier_save(const struct frontier *f, int dir_fd);

#endif
