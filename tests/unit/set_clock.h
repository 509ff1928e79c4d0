/*
 * set_clock.h - the clocks of a test, which it sets as it likes: in place of the C library's. For one
 * source file of a test.
 */
#ifndef TESTS_SET_CLOCK_H
#define TESTS_SET_CLOCK_H

#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t ahead_s;      /* all clocks */
static int64_t wall_ahead_s; /* the wall clock besides */

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name,misc-definitions-in-headers) */
int clock_gettime(clockid_t id, struct timespec *out)
{
	long rc = syscall(SYS_clock_gettime, id, out);
	out->tv_sec += ahead_s + (id == CLOCK_REALTIME ? wall_ahead_s : 0);
	return (int)rc;
}

#endif
