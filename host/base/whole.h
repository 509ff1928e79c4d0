/* whole.h - bytes written whole, or not at all. Blocks: on a loop's thread only before it runs. */
#ifndef BASE_WHOLE_H
#define BASE_WHOLE_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

/* Write all bytes to a file descriptor. */
NODISCARD int write_whole(int fd, struct bytes bytes, struct err *err);

/* The same; *rest is what is left to write. @return 0; an errno, ENOSPC or another */
NODISCARD int write_rest(int fd, struct bytes *rest);

/*
 * Create a file that has its name only once all its bytes are on disk; when this returns the name is
 * there as well. What is there already is never replaced. Nothing that a process which died meanwhile
 * has left beside it stands in the way.
 *
 * @return 0; 1: there is one already; -ERR_IO, -ERR_INVALID: the path is too long. Both name the path
 */
NODISCARD int create_whole(const char *path, struct bytes text, mode_t mode, struct err *err);

/*
 * What root creates in a folder of somebody else's belongs to them, or they could not go on with it. Not
 * root, or root's own folder: nothing happens.
 *
 * @param fd    just created or opened
 * @param path  of it, below dir_fd (openat(2))
 */
void give_to_owner(int fd, int dir_fd, const char *path);

/* That the file is there, or gone, is on disk. -ERR_IO names the path. */
NODISCARD int sync_folder_of(const char *path, struct err *err);

#endif
