/*
 * proof.h - that one record is in the log, in a form that needs nothing but the public key.
 *
 *	{"v":1,"segment":NAME,"index":2,"lines":12,"record":LINE,"path":[HEX,...],
 *	 "entry":LINE,"entryIndex":7,"size":9,"entryPath":[HEX,...],"checkpoint":NOTE}
 *
 * (as one line). It reads from the left: the record is leaf `index` of the segment's tree over
 * `lines` lines; the root of that tree is in `entry`, a head or seal of the ledger; which is leaf
 * `entryIndex` of the ledger's tree of `size` leaves; whose root is in the checkpoint, which is
 * signed. An evidence file is any number of such lines.
 *
 * It proves that the record was written as it stands, not that others were not: of a range of records
 * the sequence numbers and prev members show that nothing is left out between them.
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "audit/key.h"
#include "audit/ledger.h"
#include "audit/merkle.h"

enum { PROOF_MAX = 8 * RECORD_LINE_MAX };

/* What a proof is made of. Borrowed. */
struct proof {
	const char *segment;
	struct bytes record, entry, checkpoint;
	uint64_t index, lines, entry_index, size;
	const struct merkle_path *path, *entry_path;
};

/* Append it as one line. Failures stick in out->err. */
void proof_write(struct buf *out, const struct proof *p);

/*
 * Check one line.
 *
 * @param[out] r the proved record; record_clear. Only when 0 is returned
 * @param[out] segment where it is
 * @return 0; -ERR_INVALID with the step that does not hold; -ERR_NOMEM
 */
NODISCARD int proof_check(struct record *r, char segment[SEGMENT_NAME_SIZE], struct bytes line,
			  const struct public_key *key, struct err *err);

#endif
