/*
 * rows.c - kill -9 of a committer that writes records and rows, at fifty moments. Prints TAP.
 *
 * The child makes one changing call after another: intent and beginning, and once they are durable
 * it says so in a pipe, then records the outcome and the end without waiting. After each kill log
 * and journal must tell the same story.
 */
#include "tap.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/segment.h"
#include "audit/verify.h"
#include "base/random.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "store/store.h"
#include "unit/scratch.h"

#define RUN_A "0193a000-0000-7000-8000-00000000000a"

enum { ROUNDS = 50, CONFIRMED_MAX = 60 };

struct fixture {
	char dir[SCRATCH_SIZE], db[SCRATCH_SIZE + 16], audit[SCRATCH_SIZE + 16];
	struct loop *loop;
	struct committer *c;
	int pipe[2];
	int step; /* of the child: the one under way */
	int steps, ends, unsettled, recovered, odd;
	struct err err;
};

static int open_log(struct fixture *f)
{
	const struct commit_spec spec = { .loop = f->loop,
					  .audit_dir = f->audit,
					  .host = "ops1",
					  .rotate_bytes = 8192,
					  .store_path = f->db };
	return commit_open(&f->c, &spec, &f->err);
}

/* ---- the child ---- */

static void next_call(struct fixture *f);

static void on_durable(void *arg, const struct err *err)
{
	struct fixture *f = arg;
	if (err->code || write(f->pipe[1], "x", 1) != 1)
		_exit(1);
	next_call(f);
}

static void end_call(struct fixture *f, const char *path, uint64_t intent)
{
	char members[200];
	int n = snprintf(members, sizeof(members),
			 "\"run\":\"" RUN_A "\",\"attempt\":1,\"step\":\"%s\","
			 "\"intent\":%" PRIu64 ",\"outcome\":\"ok\"",
			 path, intent);
	(void)commit_append(f->c, "call.outcome", (struct bytes){ members, (size_t)n }, NULL, NULL);
	store_add_end(
	    commit_store(f->c),
	    &(struct step_end){
		.run = RUN_A, .attempt = 1, .path = path, .kind = STEP_CALL, .outcome = "ok" });
}

static void next_call(struct fixture *f)
{
	static uint64_t intent;
	struct commit_stats stats;
	char path[16], members[200];
	if (intent) {
		(void)snprintf(path, sizeof(path), "%d", f->step);
		end_call(f, path, intent);
	}
	(void)snprintf(path, sizeof(path), "%d", ++f->step);
	int n = snprintf(members, sizeof(members),
			 "\"run\":\"" RUN_A "\",\"attempt\":1,\"step\":\"%s\",\"journalled\":true",
			 path);
	intent =
	    commit_append(f->c, "call.intent", (struct bytes){ members, (size_t)n }, on_durable, f);
	commit_stats(f->c, &stats);
	store_add_step(commit_store(f->c), &(struct step_row){ .run = RUN_A,
							       .attempt = 1,
							       .path = path,
							       .kind = STEP_CALL,
							       .segment = stats.segment,
							       .intent = intent });
}

static void live(struct fixture *f)
{
	if (loop_new(&f->loop, NULL) < 0 || open_log(f) < 0)
		_exit(2);
	store_add_run(commit_store(f->c), &(struct run_row){ .id = RUN_A, .attempt = 1 });
	next_call(f);
	loop_run(f->loop);
	_exit(3);
}

/* Kill it once it has confirmed a random number of calls, wherever it is then. */
static int live_until_killed(struct fixture *f)
{
	uint8_t draw;
	char x;
	int confirmed = 0;
	random_bytes(&draw, sizeof(draw));
	bool ok = pipe(f->pipe) == 0;
	INVARIANT(ok);
	pid_t pid = fork();
	if (pid == 0)
		live(f);
	(void)close(f->pipe[1]);
	while (confirmed < draw % CONFIRMED_MAX && read(f->pipe[0], &x, 1) == 1)
		confirmed++;
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	while (read(f->pipe[0], &x, 1) == 1)
		confirmed++;
	(void)close(f->pipe[0]);
	return confirmed;
}

/* ---- what it left ---- */

static int on_step(void *arg, const struct step_row *s)
{
	struct fixture *f = arg;
	char path[16];
	(void)snprintf(path, sizeof(path), "%d", ++f->steps);
	f->odd += strcmp(path, s->path) != 0; /* in order and without a gap */
	return 0;
}

static int on_end(void *arg, const struct step_end *e)
{
	struct fixture *f = arg;
	char path[16];
	(void)snprintf(path, sizeof(path), "%d", ++f->ends);
	f->odd += strcmp(path, e->path) != 0;
	return 0;
}

static int on_unsettled(void *arg, const struct step_row *s)
{
	struct fixture *f = arg;
	f->unsettled += s->intent != 0;
	return 0;
}

static int on_recovered(void *arg, const struct recovered_row *r)
{
	struct fixture *f = arg;
	f->recovered += strcmp(r->outcome, "ok") == 0;
	return 0;
}

static void read_store(struct fixture *f)
{
	struct store_reader *r;
	REQUIRE(store_reader_open(&r, f->db, &f->err) == 0);
	CHECK_INT(store_steps(r, RUN_A, 1, on_step, f, &f->err), 0);
	CHECK_INT(store_ends(r, RUN_A, 1, on_end, f, &f->err), 0);
	CHECK_INT(store_unsettled(r, on_unsettled, f, &f->err), 0);
	CHECK_INT(store_recovered(r, NULL, on_recovered, f, &f->err), 0);
	store_reader_close(r);
}

static void no_report(void *arg, const struct verify_report *rep)
{
	(void)arg;
	if (rep->verdict == VERDICT_BAD)
		TAP_NOTE("%s:%" PRIu64 ": %s", rep->segment, rep->bad_line, rep->why);
}

static struct verify_summary read_log(struct fixture *f)
{
	struct verify_summary sum = { .bad = 1 };
	int fd = audit_dir_open(f->audit, NULL);
	INVARIANT(fd >= 0);
	CHECK_INT(
	    verify_dir(&sum, &(struct verify_spec){ .dir_fd = fd, .each = no_report }, &f->err), 0);
	(void)close(fd);
	return sum;
}

/* @return how many calls this round had an intent */
static int kill_once(void)
{
	struct fixture f = { 0 };
	struct commit_stats stats = { 0 };
	scratch_begin(f.dir);
	(void)snprintf(f.db, sizeof(f.db), "%s/runs.db", f.dir);
	(void)snprintf(f.audit, sizeof(f.audit), "%s/audit", f.dir);
	int confirmed = live_until_killed(&f);

	CHECK_INT(loop_new(&f.loop, &f.err), 0);
	if (open_log(&f) < 0)
		CHECK_STR(f.err.message, "");
	if (f.c) {
		commit_stats(f.c, &stats);
		read_store(&f);
		CHECK_INT(commit_close(f.c, &f.err), 0);
	}

	struct verify_summary log = read_log(&f);
	int unsent = (int)stats.unsent_calls, unknown = (int)stats.recovered_calls;
	CHECK_INT(log.bad, 0);
	CHECK_INT(f.odd, 0);
	CHECK(f.steps >= confirmed);            /* what was reported as durable is there */
	CHECK_INT(log.calls, f.steps + unsent); /* each intent has its row, or was not sent */
	CHECK(unsent <= 1);
	CHECK_INT(f.unsettled, f.steps - f.ends);
	CHECK_INT(f.unsettled, f.recovered + unknown); /* open: the log has it, or nobody does */
	loop_free(f.loop);
	scratch_end(f.dir);
	return (int)log.calls;
}

TEST(killed_at_any_moment_log_and_journal_tell_the_same_story)
{
	int calls = 0;
	for (int i = 0; i < ROUNDS; i++)
		calls += kill_once();
	TAP_NOTE("%d rounds, %d calls", ROUNDS, calls);
	CHECK(calls > ROUNDS);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(killed_at_any_moment_log_and_journal_tell_the_same_story)));
}
