/* prove.h - proofs made from an audit directory: of records, and that one checkpoint continues
 * another. */
#ifndef AUDIT_PROVE_H
#define AUDIT_PROVE_H

#include "audit/note.h"
#include "audit/proof.h"

/* Is this record wanted? */
typedef bool prove_want_fn(void *arg, const struct record *r);
/* One proof, as a line. A negative error code ends it and is handed back. */
typedef int prove_fn(void *arg, struct bytes line, struct err *err);

struct prove_spec {
	int dir_fd;
	const struct public_key *key; /* must have signed the directory's checkpoint */
	const char *segment; /* part of one segment's name, segment_len bytes; NULL: of all */
	size_t segment_len;
	prove_want_fn *want;
	prove_fn *each;
	void *arg; /* of both */
};

/*
 * Prove every wanted record that the directory's newest checkpoint covers.
 *
 * @param[out] uncovered how many wanted records it does not cover yet
 * @return 0; -ERR_INVALID: damage, or no such segment; -ERR_IO; -ERR_NOMEM
 */
NODISCARD int prove_records(uint64_t *uncovered, const struct prove_spec *spec, struct err *err);

/* Prove that the ledger's tree of `old` is the beginning of that of `new`, and check the proof.
 * @return 1 and *path; 0: it is not; -ERR_INVALID: the ledger does not reach so far or is damaged */
NODISCARD int prove_consistency(struct merkle_path *path, int dir_fd, const struct checkpoint *old,
				const struct checkpoint *new, struct err *err);

#endif
