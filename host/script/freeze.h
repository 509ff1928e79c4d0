/*
 * freeze.h - windows of time in which nothing is to be changed.
 *
 *	Fri 18:00 - Mon 06:00 Europe/Berlin            every week
 *	22:00 - 06:00 Europe/Berlin                    every day
 *	2026-12-23 18:00 - 2027-01-02 06:00 UTC        once
 *	2026-12-24 - 2026-12-26 Europe/Berlin          whole days, the last one too
 *
 * A window begins at its first time and is over at its second, both read off the local clock of the
 * zone. Where that clock skips a time, the window begins or ends right after the gap. Where it repeats
 * an hour, the window is in force from the first time it begins to the last time it ends: in doubt
 * nothing is changed.
 */
#ifndef SCRIPT_FREEZE_H
#define SCRIPT_FREEZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct freeze;

/*
 * Reads the zone's file: blocks.
 *
 * @param[out] out owned by the caller; freeze_free
 * @return 0; -ERR_INVALID with what was expected; -ERR_IO; -ERR_NOMEM
 */
NODISCARD int freeze_parse(struct freeze **out, const char *text, struct err *err);
void freeze_free(struct freeze *f); /* NULL is fine */

bool freeze_at(const struct freeze *f, int64_t wall_ms);
const char *freeze_text(const struct freeze *f); /* as it was written */

#endif
