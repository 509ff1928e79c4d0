/* The committer and the store: rows are there when their records are, and never before. */
#include "tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/tail.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "store/store.h"
#include "unit/scratch.h"

#define RUN_A "0193a000-0000-7000-8000-00000000000a"
#define RUN_B "0193b000-0000-7000-8000-00000000000b"

struct fixture {
	char dir[SCRATCH_SIZE], db[76], audit[76];
	struct loop *loop;
	struct committer *c;
	int told, failed, runs;
	uint64_t synced;
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	scratch_begin(f->dir);
	INVARIANT(loop_new(&f->loop, NULL) == 0);
	(void)snprintf(f->db, sizeof(f->db), "%s/runs.db", f->dir);
	(void)snprintf(f->audit, sizeof(f->audit), "%s/audit", f->dir);
}

static int open_log(struct fixture *f)
{
	return commit_open(
	    &f->c,
	    &(struct commit_spec){
		.loop = f->loop, .audit_dir = f->audit, .host = "ops1", .store_path = f->db },
	    &f->err);
}

static void end(struct fixture *f)
{
	scratch_end(f->dir);
	loop_free(f->loop);
}

static void add_run(struct fixture *f, const char *id)
{
	store_add_run(commit_store(f->c), &(struct run_row){ .id = id, .attempt = 1 });
}

static int on_run(void *arg, const struct run_row *r)
{
	struct fixture *f = arg;
	f->runs += r->attempt == 1;
	return 0;
}

/* What another connection sees now. */
static void look(struct fixture *f)
{
	struct commit_stats stats;
	struct store_reader *r;
	f->runs = 0;
	f->synced = 0;
	commit_stats(f->c, &stats);
	REQUIRE(store_reader_open(&r, f->db, &f->err) == 0);
	CHECK_INT(store_runs(r, &(struct run_filter){ 0 }, on_run, f, &f->err), 0);
	CHECK_INT(store_synced(r, stats.segment, &f->synced, &f->err), 0);
	store_reader_close(r);
}

/* Looks, so that it knows what was durable when it was told. */
static void on_done(void *arg, const struct err *err)
{
	struct fixture *f = arg;
	f->told++;
	f->failed += err->code != 0;
	if (err->code)
		f->err = *err;
	else
		look(f);
	loop_quit(f->loop);
}

TEST(rows_are_committed_before_the_record_they_go_with_is_reported)
{
	struct fixture f;
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	add_run(&f, RUN_A);
	uint64_t seq = commit_append(f.c, "run.start", BYTES_LIT("\"run\":\"a\""), on_done, &f);
	look(&f);
	CHECK_INT(f.runs, 0);
	loop_run(f.loop);

	CHECK_INT(f.told, 1);
	CHECK_INT(f.runs, 1);
	CHECK_INT(f.synced, seq);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

TEST(a_flush_waits_for_rows_and_for_records)
{
	struct fixture f;
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	uint64_t seq = commit_append(f.c, "run.start", BYTES_LIT("\"run\":\"a\""), NULL, NULL);
	add_run(&f, RUN_A);
	add_run(&f, RUN_B);
	commit_flush(f.c, on_done, &f);
	loop_run(f.loop);

	CHECK_INT(f.told, 1);
	CHECK_INT(f.runs, 2);
	CHECK_INT(f.synced, seq);
	commit_flush(f.c, on_done, &f); /* nothing was handed over since */
	loop_run(f.loop);
	CHECK_INT(f.told, 2);
	CHECK_INT(f.failed, 0);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

static void look_again(void *arg)
{
	struct fixture *f = arg;
	look(f);
	if (f->runs == 0)
		(void)timer_start(f->loop, 20, look_again, f);
	else
		loop_quit(f->loop);
}

TEST(rows_nobody_waits_for_are_committed_all_the_same)
{
	struct fixture f;
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	add_run(&f, RUN_A);
	look_again(&f);
	loop_run(f.loop);

	CHECK_INT(f.runs, 1);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

TEST(closing_commits_what_was_handed_over)
{
	struct fixture f;
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	add_run(&f, RUN_A);
	CHECK_INT(commit_close(f.c, &f.err), 0);

	REQUIRE(open_log(&f) == 0);
	look(&f);
	CHECK_INT(f.runs, 1);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

TEST(a_failed_commit_fails_the_log)
{
	struct fixture f;
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	/* a step of a run that is not there */
	store_add_step(commit_store(f.c), &(struct step_row){ .run = RUN_A, .path = "1" });
	(void)commit_append(f.c, "call.intent", BYTES_LIT(""), on_done, &f);
	loop_run(f.loop);

	CHECK_INT(f.told, 1);
	CHECK_INT(f.failed, 1);
	CHECK(strstr(f.err.message, "it has no run " RUN_A) != NULL);
	CHECK(commit_failed(f.c, NULL));
	add_run(&f, RUN_A); /* goes nowhere */
	CHECK_INT(commit_append(f.c, "call.intent", BYTES_LIT(""), on_done, &f), 0);
	loop_run(f.loop);
	CHECK_INT(f.failed, 2);
	look(&f);
	CHECK_INT(f.runs, 0);
	CHECK_INT(commit_close(f.c, &f.err), -ERR_INVALID);
	end(&f);
}

TEST(without_a_store_there_is_no_batch)
{
	struct fixture f;
	begin(&f);
	const struct commit_spec spec = { .loop = f.loop, .audit_dir = f.audit, .host = "ops1" };
	REQUIRE(commit_open(&f.c, &spec, &f.err) == 0);
	CHECK(commit_store(f.c) == NULL);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

/* ---- after a crash ---- */

static void add_call(struct fixture *f, const char *path, uint64_t intent)
{
	store_add_step(commit_store(f->c), &(struct step_row){ .run = RUN_A,
							       .attempt = 1,
							       .path = path,
							       .kind = STEP_CALL,
							       .operation = "sfn.redrive_execution",
							       .intent = intent });
}

static void add_end(struct fixture *f, const char *path)
{
	store_add_end(
	    commit_store(f->c),
	    &(struct step_end){
		.run = RUN_A, .attempt = 1, .path = path, .kind = STEP_CALL, .outcome = "ok" });
}

static void die(void *arg, const struct err *err)
{
	(void)arg;
	if (err->code)
		_exit(1);
	(void)raise(SIGKILL);
}

/* Step 1 is on its way: its outcome comes, and so does step 2. Both records are written and neither
 * row is committed when the process dies. */
static void go_on(void *arg, const struct err *err)
{
	struct fixture *f = arg;
	if (err->code)
		_exit(1);
	(void)commit_append(f->c, "call.outcome",
			    BYTES_LIT("\"run\":\"" RUN_A "\",\"attempt\":1,\"step\":\"1\","
				      "\"intent\":2,\"outcome\":\"ok\",\"facts\":{\"a\":1}"),
			    NULL, NULL);
	add_end(f, "1");
	uint64_t read = commit_append(
	    f->c, "call.intent", BYTES_LIT("\"run\":\"" RUN_A "\",\"step\":\"3\""), NULL, NULL);
	uint64_t seq = commit_append_written(f->c, "call.intent",
					     BYTES_LIT("\"run\":\"" RUN_A "\",\"attempt\":1,"
						       "\"step\":\"2\",\"journalled\":true"),
					     die, f);
	add_call(f, "2", seq);
	if (read != 4 || seq != 5)
		_exit(4);
}

static void live_and_die(struct fixture *f)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct fixture child = *f;
		if (loop_new(&child.loop, NULL) < 0 || open_log(&child) < 0)
			_exit(2);
		add_run(&child, RUN_A);
		uint64_t seq = commit_append(child.c, "call.intent",
					     BYTES_LIT("\"run\":\"" RUN_A "\",\"attempt\":1,"
						       "\"step\":\"1\",\"journalled\":true"),
					     go_on, &child);
		add_call(&child, "1", seq);
		loop_run(child.loop);
		_exit(3);
	}
	int status = -1;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int on_recovered(void *arg, const struct recovered_row *r)
{
	struct fixture *f = arg;
	f->told++;
	CHECK_STR(r->run, RUN_A);
	CHECK_STR(r->path, "1");
	CHECK_STR(r->outcome, "ok");
	CHECK_INT(r->intent, 2);
	CHECK(strstr(r->record, "\"facts\":{\"a\":1}") != NULL);
	return 0;
}

static int on_unsettled(void *arg, const struct step_row *s)
{
	struct fixture *f = arg;
	f->runs++;
	CHECK_STR(s->path, "1");
	return 0;
}

/* How many outcomes that only the log had are listed, and how many steps are open. */
static void look_at_calls(struct fixture *f)
{
	struct store_reader *r;
	f->told = f->runs = 0;
	REQUIRE(store_reader_open(&r, f->db, &f->err) == 0);
	CHECK_INT(store_recovered(r, NULL, on_recovered, f, &f->err), 0);
	CHECK_INT(store_unsettled(r, on_unsettled, f, &f->err), 0);
	store_reader_close(r);
}

TEST(after_a_crash_log_and_store_are_reconciled)
{
	struct fixture f;
	struct commit_stats stats;
	begin(&f);
	live_and_die(&f);

	REQUIRE(open_log(&f) == 0);

	commit_stats(f.c, &stats);
	CHECK_INT(stats.recovered_segments, 1);
	CHECK_STR(stats.store_before, "");
	CHECK_INT(stats.unsent_calls, 1);    /* step 2: its row is not there, so it never left */
	CHECK_INT(stats.recovered_calls, 1); /* step 3, a read: it may have left */
	look_at_calls(&f);
	CHECK_INT(f.told, 1);
	CHECK_INT(f.runs, 1);
	/* The end takes both away. */
	add_end(&f, "1");
	commit_flush(f.c, on_done, &f);
	loop_run(f.loop);
	look_at_calls(&f);
	CHECK_INT(f.told + f.runs, 0);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

/* The second run's start is written when the process dies, and its row is not committed. */
static void start_and_die(void *arg, const struct err *err)
{
	struct fixture *f = arg;
	if (err->code)
		_exit(1);
	add_run(f, RUN_B);
	(void)commit_append_written(f->c, "run.start",
				    BYTES_LIT("\"run\":\"" RUN_B "\",\"attempt\":1"), die, f);
}

static void start_two_and_die(struct fixture *f)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct fixture child = *f;
		if (loop_new(&child.loop, NULL) < 0 || open_log(&child) < 0)
			_exit(2);
		add_run(&child, RUN_A);
		(void)commit_append(child.c, "run.start",
				    BYTES_LIT("\"run\":\"" RUN_A "\",\"attempt\":1"), start_and_die,
				    &child);
		loop_run(child.loop);
		_exit(3);
	}
	int status = -1;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool is_lost(const struct record *r)
{
	return strcmp(r->head.kind, "run.lost") == 0;
}

static int look_at_lost(void *arg, const char *segment, const struct record *r, struct bytes line,
			const struct err *err)
{
	int *n = arg;
	const cJSON *about = json_get(r->tree, "about");
	(void)line;
	(void)err;
	++*n;
	CHECK_STR(json_get_str(r->tree, "run"), RUN_B);
	CHECK_INT(json_get_int(r->tree, "attempt", 0), 1);
	CHECK_STR(json_get_str(about, "segment"), segment);
	CHECK_INT(json_get_int(about, "start", 0), 3);
	return 0;
}

static void check_lost_in_log(struct fixture *f)
{
	struct tail *tail = NULL;
	int n = 0, fd = audit_dir_open(f->audit, &f->err);
	REQUIRE(fd >= 0 && tail_open(&tail, fd, f->audit, &f->err) == 0);
	CHECK_INT(tail_last(tail, 9, is_lost, look_at_lost, &n, &f->err), 0);
	tail_close(tail);
	(void)close(fd);
	CHECK_INT(n, 1);
}

TEST(a_run_that_only_the_log_has_is_called_lost)
{
	struct fixture f;
	struct commit_stats stats;
	begin(&f);
	start_two_and_die(&f);

	REQUIRE(open_log(&f) == 0);

	commit_stats(f.c, &stats);
	CHECK_INT(stats.lost_runs, 1);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	check_lost_in_log(&f);
	/* It is said once. */
	REQUIRE(open_log(&f) == 0);
	commit_stats(f.c, &stats);
	CHECK_INT(stats.lost_runs, 0);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

TEST(another_store_proves_nothing_about_calls)
{
	struct fixture f;
	struct commit_stats stats;
	char wal[80];
	begin(&f);
	live_and_die(&f);
	(void)snprintf(wal, sizeof(wal), "%s-wal", f.db);
	CHECK_INT(unlink(f.db), 0);
	CHECK_INT(unlink(wal), 0);

	REQUIRE(open_log(&f) == 0);

	commit_stats(f.c, &stats);
	CHECK_INT(stats.unsent_calls, 0);
	CHECK_INT(stats.recovered_calls, 2);
	CHECK_INT(strlen(stats.store_before),
		  32); /* it is said once, by the id of the one before */
	look_at_calls(&f);
	CHECK_INT(f.told + f.runs, 0);
	CHECK_INT(commit_close(f.c, &f.err), 0);
	REQUIRE(open_log(&f) == 0);
	commit_stats(f.c, &stats);
	CHECK_STR(stats.store_before, "");
	CHECK_INT(commit_close(f.c, &f.err), 0);
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(rows_are_committed_before_the_record_they_go_with_is_reported),
	    TAP_CASE(a_flush_waits_for_rows_and_for_records),
	    TAP_CASE(rows_nobody_waits_for_are_committed_all_the_same),
	    TAP_CASE(closing_commits_what_was_handed_over), TAP_CASE(a_failed_commit_fails_the_log),
	    TAP_CASE(without_a_store_there_is_no_batch),
	    TAP_CASE(after_a_crash_log_and_store_are_reconciled),
	    TAP_CASE(a_run_that_only_the_log_has_is_called_lost),
	    TAP_CASE(another_store_proves_nothing_about_calls)));
}
