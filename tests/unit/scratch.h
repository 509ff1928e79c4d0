/* scratch.h - a directory for one test, in the current one (the build folder), removed with everything in it. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

enum { SCRATCH_SIZE = 64 };

static inline int scratch_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void scratch_begin(char path[SCRATCH_SIZE])
{
	(void)snprintf(path, SCRATCH_SIZE, "scratch-XXXXXX");
	bool made = mkdtemp(path) != NULL;
	INVARIANT(made);
}

static inline void scratch_end(const char *path)
{
	(void)nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
