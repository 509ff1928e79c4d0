/* signed.h - checkpoints gathered from wherever they were kept, as marks of the ledger (scan.h). */
#ifndef AUDIT_SIGNED_H
#define AUDIT_SIGNED_H

#include "audit/key.h"
#include "audit/note.h"
#include "audit/scan.h"

struct signed_notes {
	struct scan_mark *marks; /* by rising lines; bytes is -1 */
	size_t n, cap;
};

/* Add the notes that follow one another in a text. @return 0; -ERR_INVALID: one of them is no note, or
 * not signed by this key (NULL: no key, then no text either); -ERR_NOMEM */
NODISCARD int signed_add(struct signed_notes *s, struct bytes text, const struct public_key *key,
			 struct err *err);

/* Add the newest one of the directory itself; none is no error. */
NODISCARD int signed_add_own(struct signed_notes *s, int dir_fd, const struct public_key *key,
			     struct err *err);
void signed_clear(struct signed_notes *s);

#endif
