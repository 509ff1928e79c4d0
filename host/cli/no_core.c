#include "cli/no_core.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void no_core(void)
{
	const struct rlimit none = { 0, 0 };
	(void)setrlimit(RLIMIT_CORE, &none);
#ifndef SANITIZED
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
