/* The committer: order, group commit, failing closed, and kill -9 at any moment. */
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "unit/commit_world.h"

enum { MANY = 500 };

TEST(records_are_durable_in_the_order_in_which_they_were_handed_over)
{
	struct fixture f;
	struct wait waits[MANY];
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	for (int i = 0; i < MANY; i++) {
		waits[i] = (struct wait){ &f, i };
		CHECK_INT(commit_append(f.c, "run.start", BYTES_LIT("\"run\":\"a\""), on_durable,
					&waits[i]),
			  i + 2); /* log.open is 1 */
	}
	CHECK_INT(f.told, 0); /* never inside the call */
	run_until(&f, MANY);

	CHECK_INT(f.in_order, MANY);
	CHECK_INT(f.failed, 0);
	CHECK_INT(verify(&f).records, MANY + 1);
	CHECK(commit_close(f.c, NULL) == 0);
	struct verify_summary sum = verify(&f);
	CHECK_INT(sum.records, MANY + 2);
	CHECK_INT(sum.bad + sum.notes, 0);
	end(&f);
}

TEST(records_of_one_turn_share_a_sync)
{
	struct fixture f;
	struct wait waits[MANY];
	struct commit_stats stats;
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	for (int i = 0; i < MANY; i++) {
		waits[i] = (struct wait){ &f, i };
		(void)commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[i]);
	}

	run_until(&f, MANY);

	commit_stats(f.c, &stats);
	CHECK_INT(stats.records, MANY);
	CHECK_INT(stats.syncs, 1);
	CHECK(commit_close(f.c, NULL) == 0);
	end(&f);
}

TEST(a_record_nobody_waits_for_is_synced_all_the_same)
{
	struct fixture f;
	struct wait w = { &f, 0 };
	struct commit_stats stats;
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	CHECK_INT(commit_append(f.c, "call.intent", BYTES_LIT(""), NULL, NULL), 2);
	CHECK_INT(commit_append(f.c, "call.outcome", BYTES_LIT("\"intent\":2,\"outcome\":\"ok\""),
				on_durable, &w),
		  3);
	run_until(&f, 1);

	CHECK_INT(verify(&f).records, 3);
	commit_stats(f.c, &stats);
	CHECK_INT(stats.syncs, 1);
	(void)commit_append(f.c, "run.end", BYTES_LIT(""), NULL, NULL);
	CHECK(commit_close(f.c, NULL) == 0);
	CHECK_INT(verify(&f).records, 5);
	end(&f);
}

static void look_again(void *arg)
{
	struct fixture *f = arg;
	struct commit_stats stats;
	commit_stats(f->c, &stats);
	if (stats.syncs > 0)
		loop_quit(f->loop);
	else
		(void)timer_start(f->loop, 20, look_again, f);
}

TEST(an_idle_log_does_not_stay_unsynced)
{
	struct fixture f;
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	(void)commit_append(f.c, "call.intent", BYTES_LIT(""), NULL, NULL);

	look_again(&f);
	loop_run(f.loop);

	CHECK_INT(verify(&f).records, 2);
	CHECK(commit_close(f.c, NULL) == 0);
	end(&f);
}

static void append_next(void *arg, const struct err *err)
{
	struct wait *w = arg;
	on_durable(arg, err);
	if (w->place < 5) {
		w->place++;
		(void)commit_append(w->f->c, "run.start", BYTES_LIT(""), append_next, w);
	}
}

TEST(closing_tells_everyone_and_whoever_appends_meanwhile)
{
	struct fixture f;
	struct wait w = { &f, 0 };
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	(void)commit_append(f.c, "run.start", BYTES_LIT(""), append_next, &w);

	CHECK(commit_close(f.c, NULL) == 0);

	CHECK_INT(f.told, 6);
	CHECK_INT(f.failed, 0);
	CHECK_INT(verify(&f).records, 8);
	CHECK_INT(verify(&f).notes, 0);
	end(&f);
}

TEST(a_record_that_is_too_long_is_refused_alone)
{
	struct fixture f;
	struct wait waits[3] = { { &f, 0 }, { &f, 1 }, { &f, 2 } };
	static char blanks[2 << 20];
	const struct bytes big = { blanks, sizeof(blanks) };
	memset(blanks, ' ', sizeof(blanks));
	begin(&f);
	REQUIRE(open_log(&f) == 0);

	CHECK_INT(commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[0]), 2);
	CHECK_INT(commit_append(f.c, "run.start", big, on_durable, &waits[1]), 0);
	CHECK_INT(commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[2]), 3);
	run_until(&f, 3);

	CHECK_INT(f.in_order, 3);
	CHECK_INT(f.failed, 1);
	CHECK(!commit_failed(f.c, NULL));
	CHECK_INT(commit_append(f.c, "run.start", big, NULL, NULL), 0);
	CHECK(commit_failed(f.c, NULL)); /* a record would be missing, and nobody told */
	CHECK(commit_close(f.c, NULL) < 0);
	CHECK_INT(verify(&f).records, 3);
	end(&f);
}

TEST(once_writing_has_failed_nothing_is_accepted)
{
	struct fixture f;
	struct wait waits[MANY];
	struct rlimit before, small;
	struct err why = { 0 };
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
	small = before;
	small.rlim_cur = 16384; /* the disk is full in the middle of a batch */
	REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);

	for (int i = 0; i < MANY; i++) {
		waits[i] = (struct wait){ &f, i };
		(void)commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[i]);
	}
	run_until(&f, MANY);
	uint64_t late = commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[0]);
	int told_inside = f.told - MANY;
	run_until(&f, MANY + 1);
	bool failed = commit_failed(f.c, NULL);
	CHECK_INT(commit_close(f.c, &why), -ERR_IO);
	(void)setrlimit(RLIMIT_FSIZE, &before);

	CHECK_INT(f.in_order, MANY);
	CHECK_INT(f.failed, MANY + 1);
	CHECK_INT(late, 0);
	CHECK_INT(told_inside, 0);
	CHECK(failed);
	CHECK(strstr(why.message, "File too large"));
	f.c = NULL;
	REQUIRE(open_log(&f) == 0); /* sets the half batch's torn end aside */
	CHECK(commit_close(f.c, NULL) == 0);
	CHECK_INT(verify(&f).bad, 0);
	end(&f);
}

/* Stands in for the C library's: counts, and fails while it is told to. Called on one thread. */
static int syncs, sync_error;

int fdatasync(int fd) /* NOLINT(readability-inconsistent-declaration-parameter-name) */
{
	syncs++;
	if (sync_error) {
		errno = sync_error;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

TEST(a_failed_sync_is_not_tried_again)
{
	struct fixture f;
	struct wait waits[3];
	struct err why = { 0 };
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	for (int i = 0; i < 3; i++)
		waits[i] = (struct wait){ &f, i };
	(void)commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[0]);
	run_until(&f, 1);
	CHECK_INT(f.failed, 0);

	sync_error = EIO;
	syncs = 0;
	(void)commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[1]);
	run_until(&f, 2);
	sync_error = 0;
	CHECK_INT(commit_append(f.c, "run.start", BYTES_LIT(""), on_durable, &waits[2]), 0);
	CHECK(commit_failed(f.c, &why));
	CHECK_INT(commit_close(f.c, NULL), -ERR_IO);

	CHECK(strstr(why.message, "sync: Input/output error"));
	CHECK_INT(syncs, 1);
	CHECK_INT(f.failed, 2);
	CHECK_INT(f.in_order, 3);
	end(&f);
}

TEST(a_directory_that_cannot_be_written_is_an_error)
{
	struct fixture f;
	begin(&f);
	char dir[SCRATCH_SIZE + 16];
	(void)snprintf(dir, sizeof(dir), "%s/no/such", f.scratch);
	const struct commit_spec spec = { .loop = f.loop, .audit_dir = dir, .host = "ops1" };

	CHECK_INT(commit_open(&f.c, &spec, &f.err), -ERR_IO);

	CHECK(strstr(f.err.message, "no/such: cannot create the directory: No such file"));
	end(&f);
}

/* ---- kill -9 ---- */

struct victim {
	struct fixture *f;
	int out; /* tells the parent each durable sequence number */
	uint64_t seq;
};

static void confess(void *arg, const struct err *err)
{
	struct victim *v = arg;
	char members[64];
	if (err->code || write(v->out, &v->seq, sizeof(v->seq)) != sizeof(v->seq))
		_exit(1);
	/* A read nobody waits for, then an outcome for half of the intents. */
	uint64_t intent = commit_append(v->f->c, "call.intent", BYTES_LIT(""), NULL, NULL);
	int n =
	    snprintf(members, sizeof(members), "\"intent\":%" PRIu64 ",\"outcome\":\"ok\"", intent);
	if (intent % 4 == 0)
		(void)commit_append(v->f->c, "call.outcome", (struct bytes){ members, (size_t)n },
				    NULL, NULL);
	v->seq = commit_append(v->f->c, "call.intent", BYTES_LIT("\"run\":\"r1\",\"token\":\"t\""),
			       confess, v);
}

static void be_the_victim(struct fixture *f, int out)
{
	struct victim v = { .f = f, .out = out };
	loop_free(f->loop);
	if (loop_new(&f->loop, NULL) != 0 || open_log(f) != 0)
		_exit(1);
	v.seq = commit_append(f->c, "run.start", BYTES_LIT("\"run\":\"r1\""), confess, &v);
	loop_run(f->loop);
	_exit(1);
}

/* Kill a writer after it has confessed n records; @return the last one of which it was told. */
static uint64_t kill_after(struct fixture *f, unsigned n)
{
	int ends[2], status;
	uint64_t seq = 0, last = 0;
	INVARIANT(pipe(ends) == 0);
	pid_t pid = fork();
	INVARIANT(pid >= 0);
	if (pid == 0) {
		(void)close(ends[0]);
		be_the_victim(f, ends[1]);
	}
	(void)close(ends[1]);
	for (unsigned i = 0; i < n && read(ends[0], &seq, sizeof(seq)) == sizeof(seq); i++)
		last = seq;
	(void)kill(pid, SIGKILL);
	while (read(ends[0], &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	(void)close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	return last;
}

TEST(what_was_confirmed_survives_kill_9)
{
	enum { ROUNDS = 25 };
	struct fixture f;
	uint8_t random[ROUNDS];
	uint64_t records = 0;
	begin(&f);
	random_bytes(random, sizeof(random));

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t confirmed = kill_after(&f, 1 + random[i] % 16);
		struct verify_summary dead = verify(&f);
		CHECK(dead.records - records >= confirmed);
		REQUIRE(open_log(&f) == 0);
		struct commit_stats stats;
		commit_stats(f.c, &stats);
		CHECK_INT(stats.recovered_segments, 1);
		CHECK(commit_close(f.c, NULL) == 0);
		struct verify_summary sum = verify(&f);
		CHECK_INT(sum.bad + sum.notes, 0);
		CHECK_INT(sum.segments, 2 * (i + 1));
		records = sum.records;
	}
	end(&f);
}

TEST(a_living_process_beside_us_is_left_alone)
{
	struct fixture f, g;
	struct commit_stats stats;
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	g = f;
	g.notes = BUF_INIT(1 << 20);

	REQUIRE(open_log(&g) == 0);

	commit_stats(g.c, &stats);
	CHECK_INT(stats.recovered_segments, 0);
	CHECK(commit_close(g.c, NULL) == 0);
	CHECK(commit_close(f.c, NULL) == 0);
	buf_clear(&g.notes);
	CHECK_INT(verify(&f).segments, 2);
	CHECK_INT(verify(&f).notes, 0);
	end(&f);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(records_are_durable_in_the_order_in_which_they_were_handed_over),
		      TAP_CASE(records_of_one_turn_share_a_sync),
		      TAP_CASE(a_record_nobody_waits_for_is_synced_all_the_same),
		      TAP_CASE(an_idle_log_does_not_stay_unsynced),
		      TAP_CASE(closing_tells_everyone_and_whoever_appends_meanwhile),
		      TAP_CASE(a_record_that_is_too_long_is_refused_alone),
		      TAP_CASE(once_writing_has_failed_nothing_is_accepted),
		      TAP_CASE(a_failed_sync_is_not_tried_again),
		      TAP_CASE(a_directory_that_cannot_be_written_is_an_error),
		      TAP_CASE(what_was_confirmed_survives_kill_9),
		      TAP_CASE(a_living_process_beside_us_is_left_alone)));
}
