/* defaults.h - what a commit_spec leaves open. */
#ifndef COMMIT_DEFAULTS_H
#define COMMIT_DEFAULTS_H

#include "commit/commit.h"

void commit_fill_defaults(struct commit_spec *s);

#endif
