/* Which run the last process died of. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script/culprit.h"
#include "tap.h"
#include "unit/scratch.h"

#define RUN "019aaaaa-1111-7222-8333-444444444444"

struct place {
	char dir[SCRATCH_SIZE], path[80];
};

static void open_place(struct place *p)
{
	scratch_begin(p->dir);
	(void)snprintf(p->path, sizeof(p->path), "%s/resuming", p->dir);
}

static void close_place(const struct place *p)
{
	scratch_end(p->dir);
}

/* A process of its own dies after that. */
static void die_after(const struct place *p, void (*act)(struct culprit *c))
{
	struct culprit *c = NULL;
	int status = 0;
	(void)fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (culprit_open(&c, p->path, NULL) == 0)
			act(c);
		(void)kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

static void only_set(struct culprit *c)
{
	culprit_set(c, RUN);
}

static void set_and_clear(struct culprit *c)
{
	culprit_set(c, RUN);
	culprit_clear(c);
}

TEST(a_process_that_died_in_a_run_leaves_its_id_once)
{
	struct place p;
	struct culprit *c = NULL;
	open_place(&p);

	die_after(&p, only_set);

	REQUIRE(culprit_open(&c, p.path, NULL) == 0);
	CHECK_STR(culprit_read(c), RUN);
	culprit_close(c);
	REQUIRE(culprit_open(&c, p.path, NULL) == 0);
	CHECK(culprit_read(c) == NULL);
	culprit_close(c);
	close_place(&p);
}

TEST(a_process_that_died_between_runs_accuses_nobody)
{
	struct place p;
	struct culprit *c = NULL;
	open_place(&p);

	die_after(&p, set_and_clear);

	REQUIRE(culprit_open(&c, p.path, NULL) == 0);
	CHECK(culprit_read(c) == NULL);
	culprit_close(c);
	close_place(&p);
}

TEST(what_is_resumed_now_can_be_asked)
{
	struct place p;
	struct culprit *c = NULL;
	char now[RUN_ID_SIZE];
	open_place(&p);
	REQUIRE(culprit_open(&c, p.path, NULL) == 0);

	culprit_now(c, now);
	CHECK_STR(now, "");
	culprit_set(c, RUN);
	culprit_now(c, now);
	CHECK_STR(now, RUN);
	culprit_clear(c);
	culprit_now(c, now);
	CHECK_STR(now, "");
	culprit_now(NULL, now);
	CHECK_STR(now, "");
	culprit_close(c);
	close_place(&p);
}

TEST(a_second_holder_is_refused_and_a_foreign_file_accuses_nobody)
{
	static const char foreign[] = "\1\0\0\0../../etc/passwd";
	struct place p;
	struct culprit *c = NULL, *second = NULL;
	struct err err = { 0 };
	open_place(&p);
	FILE *f = fopen(p.path, "we");
	REQUIRE(f);
	CHECK(fwrite(foreign, 1, sizeof(foreign), f) == sizeof(foreign));
	REQUIRE(fclose(f) == 0);

	REQUIRE(culprit_open(&c, p.path, &err) == 0);
	CHECK(culprit_read(c) == NULL);
	CHECK_INT(culprit_open(&second, p.path, &err), -ERR_LIMIT);
	culprit_close(c);
	CHECK_INT(culprit_open(&c, "/nonexistent/resuming", &err), -ERR_IO);
	close_place(&p);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_process_that_died_in_a_run_leaves_its_id_once),
		      TAP_CASE(a_process_that_died_between_runs_accuses_nobody),
		      TAP_CASE(what_is_resumed_now_can_be_asked),
		      TAP_CASE(a_second_holder_is_refused_and_a_foreign_file_accuses_nobody)));
}
