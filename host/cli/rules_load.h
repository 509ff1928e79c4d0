/* rules_load.h - what the store knows of changes by earlier processes, for the rules. */
#ifndef CLI_RULES_LOAD_H
#define CLI_RULES_LOAD_H

#include "script/rules.h"

/* Reads the store: the intents of the last day, and those that are not settled. Blocks. */
NODISCARD int rules_load(struct rules *r, const char *store, struct err *err);

#endif
