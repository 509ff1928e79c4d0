/*
 * config_change.h - what a configuration may differ in from the one that goes on.
 *
 * The table of sections (config_read.c) says which keys a reload may change; everything else is read
 * once, at the start.
 */
#ifndef CLI_CONFIG_CHANGE_H
#define CLI_CONFIG_CHANGE_H

#include "cli/config.h"

/* May next take the place of was? Both are of the same file.
 * From any thread.
 * @return 0; -ERR_INVALID "FILE:LINE: [SECTION] KEY: ..." names the first key that may not change */
NODISCARD int config_may_follow(const struct config *was, const struct config *next,
				struct err *err);

/* Do they say the same? Either may be NULL: it is not there. */
bool config_same_section(const struct ini_section *a, const struct ini_section *b);

struct config_counts { /* of schedules, or of hooks */
	size_t added, removed, changed;
};

/* What is different in the sections [kind NAME]. */
void config_count_changes(struct config_counts *out, const struct config *was,
			  const struct config *next, const char *kind);

#endif
