/* The committer's segments and checkpoints: when they are begun, sealed and signed. */
#include "tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/commit_world.h"

static void append_and_wait(struct fixture *f, const char *kind, const char *members)
{
	struct wait w = { f, f->told };
	(void)commit_append(f->c, kind, bytes_str(members), on_durable, &w);
	run_until(f, f->told + 1);
}

TEST(a_large_segment_is_sealed_and_the_records_go_on_in_the_next)
{
	struct fixture f;
	struct commit_stats stats;
	begin(&f);
	f.spec.rotate_bytes = 1000;
	REQUIRE(open_log(&f) == 0);

	append_and_wait(&f, "call.intent", "\"run\":\"r1\",\"token\":\"t\""); /* 2 */
	for (int i = 0; i < 20; i++)
		append_and_wait(&f, "run.start", "\"run\":\"r1\"");
	append_and_wait(&f, "call.outcome", "\"intent\":2,\"outcome\":\"ok\"");
	commit_stats(f.c, &stats);
	CHECK(commit_close(f.c, NULL) == 0);

	CHECK(stats.segments > 3);
	struct verify_summary sum = verify(&f);
	CHECK_INT(sum.segments, stats.segments);
	CHECK_INT(sum.records, 22 + 2 * stats.segments);
	CHECK_INT(sum.calls, 1);
	CHECK_INT(sum.bad + sum.notes, 0);
	CHECK_INT(f.failed, 0);
	end(&f);
}

static void keep_unknown(void *arg, const cJSON *call)
{
	struct fixture *f = arg;
	CHECK_STR(json_get_str(call, "run"), "r1");
	CHECK_STR(json_get_str(call, "operation"), "sfn.redrive_execution");
	CHECK_STR(json_get_str(call, "token"), "t");
	f->told++;
}

static void die_with_a_carried_intent(struct fixture *f)
{
	loop_free(f->loop);
	f->spec.rotate_bytes = 600;
	if (loop_new(&f->loop, NULL) != 0 || open_log(f) != 0)
		_exit(1);
	append_and_wait(f, "call.intent",
			"\"run\":\"r1\",\"operation\":\"sfn.redrive_execution\",\"token\":\"t\"");
	for (int i = 0; i < 10; i++)
		append_and_wait(f, "run.start", "");
	(void)raise(SIGKILL);
}

TEST(a_call_that_was_carried_on_is_named_when_its_outcome_is_unknown)
{
	struct fixture f;
	struct commit_stats stats;
	int status;
	begin(&f);
	pid_t pid = fork();
	if (pid == 0)
		die_with_a_carried_intent(&f);
	REQUIRE(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGKILL);

	f.spec.on_unknown = keep_unknown;
	REQUIRE(open_log(&f) == 0);

	commit_stats(f.c, &stats);
	CHECK_INT(stats.recovered_segments, 1);
	CHECK_INT(stats.recovered_calls, 1);
	CHECK_INT(f.told, 1);
	CHECK(commit_close(f.c, NULL) == 0);
	CHECK_INT(verify(&f).bad + verify(&f).notes, 0);
	CHECK_INT(verify(&f).unknown, 1);
	end(&f);
}

TEST(a_checkpoint_is_signed_after_so_many_records_and_at_the_close)
{
	struct fixture f;
	struct commit_stats stats;
	begin(&f);
	f.spec.checkpoint_records = 10;
	REQUIRE(open_log(&f) == 0);

	for (int i = 0; i < 25; i++)
		append_and_wait(&f, "run.start", "");
	commit_stats(f.c, &stats);

	CHECK_INT(stats.checkpoints, 3); /* one for log.open */
	CHECK(strstr(buf_cstr(&f.notes), "\n3\n"));
	CHECK(commit_close(f.c, NULL) == 0);
	CHECK(strstr(buf_cstr(&f.notes), "\n5\n"));
	end(&f);
}

static void on_late_note(void *arg, struct bytes note)
{
	struct fixture *f = arg;
	keep_note(arg, note);
	if (strstr(buf_cstr(&f->notes), "\n3\n"))
		loop_quit(f->loop);
}

TEST(a_checkpoint_is_signed_a_while_after_the_last_record)
{
	struct fixture f;
	begin(&f);
	struct commit_spec spec = { .loop = f.loop,
				    .audit_dir = f.dir,
				    .host = "ops1",
				    .checkpoint_ms = 20,
				    .on_checkpoint = on_late_note,
				    .arg = &f };
	REQUIRE(commit_open(&f.c, &spec, &f.err) == 0);

	(void)commit_append(f.c, "run.start", BYTES_LIT(""), NULL, NULL);
	loop_run(f.loop); /* until it is signed */

	CHECK(strstr(buf_cstr(&f.notes), "\n3\n"));
	CHECK(commit_close(f.c, NULL) == 0);
	end(&f);
}

TEST(without_the_key_of_its_checkpoints_a_log_is_not_opened)
{
	struct fixture f;
	char key[SCRATCH_SIZE + 16];
	begin(&f);
	REQUIRE(open_log(&f) == 0);
	CHECK(commit_close(f.c, NULL) == 0);
	(void)snprintf(key, sizeof(key), "%s.key", f.dir);
	REQUIRE(unlink(key) == 0);

	CHECK_INT(open_log(&f), -ERR_IO);

	CHECK(strstr(f.err.message, "audit.key is missing, with which this log's checkpoints"));
	CHECK(access(key, F_OK) != 0); /* no new one was made */
	end(&f);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_large_segment_is_sealed_and_the_records_go_on_in_the_next),
		      TAP_CASE(a_call_that_was_carried_on_is_named_when_its_outcome_is_unknown),
		      TAP_CASE(a_checkpoint_is_signed_after_so_many_records_and_at_the_close),
		      TAP_CASE(a_checkpoint_is_signed_a_while_after_the_last_record),
		      TAP_CASE(without_the_key_of_its_checkpoints_a_log_is_not_opened)));
}
