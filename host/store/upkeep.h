/*
 * upkeep.h - keeping the file: copies of it, a look at its health, and how much of it is old.
 *
 * Each opens the file for reading alone, beside whoever writes it, and blocks for as long as it reads.
 * A file of an older version than this program's is fine; a newer one is refused as store_open does.
 */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

/*
 * Copy all of it, as it is at one moment, into a new file of mode 0600, and check the copy.
 *
 * @param to must not be there; on failure nothing is
 * @return 0; -ERR_INVALID: damaged, of a newer version, or to exists; -ERR_IO; -ERR_NOMEM
 */
NODISCARD int store_backup(const char *path, const char *to, struct err *err);

/* text is borrowed, one line. */
typedef void store_problem_fn(void *arg, const char *text);

/*
 * SQLite's integrity check of every page and index, and that each row has the row it refers to.
 *
 * @param fn told each problem, at most 100 of each kind
 * @return 0, whatever was found; as above when it cannot be looked at
 */
NODISCARD int store_check(const char *path, store_problem_fn *fn, void *arg, struct err *err);

/* How many runs store_remove_ended would take away in the end. */
NODISCARD int store_count_ended(const char *path, int64_t before_ms, int64_t *runs,
				struct err *err);

#endif
