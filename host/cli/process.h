/*
 * process.h - what a daemon makes sure of before it begins: what it has inherited does not matter.
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * No rights are ever won (no_new_privs: a set-user-ID program would run as this user), files are the
 * user's alone (umask 077), standard input is /dev/null, and of other descriptors only those that the
 * service manager hands over stay open. SIGHUP waits. Before the first thread.
 *
 * @return 0; -ERR_IO
 */
NODISCARD int process_begin(struct err *err);

/* While somebody listens to SIGHUP it comes; before and after that it waits, as it would end the process.
 * For the thread that turns the loop. */
void process_hear_hangups(bool hear);

/*
 * As many open files as the system allows this process, and at least so many.
 *
 * @return 0; -ERR_LIMIT: it does not allow so many; what is allowed, is
 */
NODISCARD int process_open_files(size_t needed, struct err *err);

#endif
