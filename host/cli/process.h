/*
 * process.h - what a daemon makes sure of before it begins: what it has inherited does not matter.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stddef.h>

#include "base/err.h"

/*
 * No rights are ever won (no_new_privs: a set-user-ID program would run as this user), files are the
 * user's alone (umask 077), standard input is /dev/null, and of other descriptors only those that the
 * service manager hands over stay open. Before the first thread.
 *
 * @return 0; -ERR_IO
 */
NODISCARD int process_begin(struct err *err);

/*
 * As many open files as the system allows this process, and at least so many.
 *
 * @return 0; -ERR_LIMIT: it does not allow so many; what is allowed, is
 */
NODISCARD int process_open_files(size_t needed, struct err *err);

#endif
