/* Who owns a state directory: one process, until it ends, however it ends. */
#include "tap.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/state_lock.h"
#include "unit/scratch.h"

/* A process that owns the directory until it is killed. @return once it does */
static pid_t start_owner(const char *dir)
{
	int ready[2];
	bool ok = pipe(ready) == 0;
	INVARIANT(ok);
	pid_t pid = fork();
	if (pid == 0) {
		struct state_lock lock;
		char rc = state_lock_take(&lock, dir, 0, NULL) == 0 ? 1 : 0;
		(void)(write(ready[1], &rc, 1) == 1);
		for (;;)
			(void)pause();
	}
	char taken = 0;
	CHECK_INT(read(ready[0], &taken, 1), 1);
	CHECK_INT(taken, 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void kill_owner(pid_t pid)
{
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static void remove_dir(const char *dir)
{
	char path[80];
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	(void)unlink(path);
	CHECK_INT(rmdir(dir), 0);
}

TEST(a_second_owner_is_told_who_the_first_is)
{
	char dir[SCRATCH_SIZE], want[80];
	struct state_lock lock;
	struct err err = { 0 };
	scratch_begin(dir);
	pid_t owner = start_owner(dir);

	CHECK_INT(state_lock_take(&lock, dir, 0, &err), -ERR_TIMEOUT);
	(void)snprintf(want, sizeof(want), "is in use by process %" PRId64 " since 20",
		       (int64_t)owner);
	CHECK(strstr(err.message, want) != NULL);
	CHECK_INT(lock.fd, -1);
	int64_t before = clock_mono_ms();
	CHECK_INT(state_lock_take(&lock, dir, 120, &err), -ERR_TIMEOUT);
	CHECK(clock_mono_ms() - before >= 120);

	kill_owner(owner);
	remove_dir(dir);
}

TEST(a_killed_owner_owns_nothing)
{
	char dir[SCRATCH_SIZE];
	struct state_lock lock;
	scratch_begin(dir);
	kill_owner(start_owner(dir));

	CHECK_INT(state_lock_take(&lock, dir, 0, NULL), 0);

	state_lock_release(&lock);
	state_lock_release(&lock); /* harmless */
	remove_dir(dir);
}

/* The owner is killed by another process while we wait for it. */
TEST(who_waits_becomes_the_owner_once_it_is_free)
{
	char dir[SCRATCH_SIZE];
	struct state_lock lock, again;
	scratch_begin(dir);
	pid_t owner = start_owner(dir);
	pid_t killer = fork();
	if (killer == 0) {
		(void)kill(owner, SIGKILL);
		_exit(0);
	}

	CHECK_INT(state_lock_take(&lock, dir, 20000, NULL), 0);
	CHECK_INT(state_lock_take(&again, dir, 0, NULL), -ERR_TIMEOUT);

	state_lock_release(&lock);
	(void)waitpid(killer, NULL, 0);
	(void)waitpid(owner, NULL, 0);
	remove_dir(dir);
}

TEST(who_looks_keeps_it_free_of_owners)
{
	char dir[SCRATCH_SIZE];
	struct state_lock owner, look, too;
	scratch_begin(dir);
	CHECK(!state_lock_keep_free(&look, dir)); /* never owned: makes no file */
	REQUIRE(state_lock_take(&owner, dir, 0, NULL) == 0);
	CHECK(!state_lock_keep_free(&look, dir));
	CHECK_INT(look.fd, -1);
	state_lock_release(&owner);

	CHECK(state_lock_keep_free(&look, dir));
	CHECK(state_lock_keep_free(&too, dir));
	CHECK_INT(state_lock_take(&owner, dir, 0, NULL), -ERR_TIMEOUT);
	state_lock_release(&look);
	state_lock_release(&too);
	CHECK_INT(state_lock_take(&owner, dir, 0, NULL), 0);

	state_lock_release(&owner);
	remove_dir(dir);
}

TEST(a_directory_that_is_not_there_is_an_error)
{
	struct state_lock lock;
	struct err err = { 0 };
	CHECK_INT(state_lock_take(&lock, "no-such-directory", 0, &err), -ERR_IO);
	CHECK_STR(err.message, "no-such-directory/lock: cannot open it: No such file or directory");
	state_lock_release(&lock);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_second_owner_is_told_who_the_first_is),
				 TAP_CASE(a_killed_owner_owns_nothing),
				 TAP_CASE(who_waits_becomes_the_owner_once_it_is_free),
				 TAP_CASE(who_looks_keeps_it_free_of_owners),
				 TAP_CASE(a_directory_that_is_not_there_is_an_error)));
}
