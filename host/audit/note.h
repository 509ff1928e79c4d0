/*
 * note.h - checkpoints: a tree's size and root, signed, as a C2SP tlog-checkpoint.
 *
 *	runbook-audit-5f3a09c2d1b7e846                      the origin: the key's name
 *	1042                                                leaves
 *	CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=        the root in base64
 *	                                                    an empty line
 *	— runbook-audit-5f3a09c2d1b7e846 Az3grlgtzPICa5...  ID || Ed25519 signature of what is above it
 *
 * Several may follow one another in a file. Lines behind the root (extensions) and signatures of
 * other keys (witnesses) are passed over, as the format wants it.
 *
 * Pure.
 */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "audit/key.h"
#include "audit/merkle.h"

enum { NOTE_MAX = 16384 };

struct checkpoint {
	uint64_t size;
	struct hash root;
};

/* Append the signed note. Failures stick in out->err. */
void note_write(struct buf *out, const struct checkpoint *c, const struct key *key);

/*
 * Take the next note off the front of *rest.
 *
 * @return 1 and *note; 0 when nothing but white space is left; -ERR_INVALID when what is left is no
 *         note
 */
NODISCARD int note_next(struct bytes *note, struct bytes *rest, struct err *err);

/* Read one note, which key must have signed. @return 0; -ERR_INVALID */
NODISCARD int note_read(struct checkpoint *out, struct bytes note, const struct public_key *key,
			struct err *err);

#endif
