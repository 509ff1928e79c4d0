/*
 * data_dir.h - the folder of a store: one process owns it, the others find that one.
 *
 *	DIR/engine.lock  locked by the owner as long as it lives (flock); holds its URL once it serves
 *	DIR/engine.db    the store (see store.h)
 *
 * A lock of the kernel cannot outlive its process, so a URL in a locked file is of a living one.
 */
#ifndef LOCAL_DATA_DIR_H
#define LOCAL_DATA_DIR_H

#include "base/err.h"

struct data_dir;

/*
 * Own the folder (created with mode 0700 when missing), or learn who does.
 *
 * @param[out] out  owned by the caller; data_dir_close. NULL when another process owns it
 * @param[out] url  of that one, of url_size bytes; waited for up to 5 s while it starts
 * @return 0; -ERR_IO when the folder cannot be had, or its owner does not answer
 */
NODISCARD int data_dir_open(struct data_dir **out, const char *path, char *url, size_t url_size,
			    struct err *err);
void data_dir_close(struct data_dir *d); /* gives the folder back; NULL is fine */

/* Tell the others where the owner serves. */
NODISCARD int data_dir_announce(struct data_dir *d, const char *url, struct err *err);

/* "DIR/engine.db"; borrowed */
const char *data_dir_store(const struct data_dir *d);

#endif
