/* The store of runs: every row comes back as it was written, in the promised order; files of other
 * versions and damaged ones are refused. */
#include "tap.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/store.h"
#include "unit/scratch.h"

#define RUN_A "0193a000-0000-7000-8000-00000000000a"
#define RUN_B "0193b000-0000-7000-8000-00000000000b"
#define RUN_C "0193b000-1111-7000-8000-00000000000c"
#define HASH_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "2222222222222222222222222222222222222222222222222222222222222222"

struct fixture {
	char dir[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];
	struct store *store;
	struct store_batch *batch;
	struct store_reader *reader;
	struct buf text; /* what was read, one row after another */
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .text = BUF_INIT(1 << 20) };
	scratch_begin(f->dir);
	(void)snprintf(f->path, sizeof(f->path), "%s/runs.db", f->dir);
	CHECK_INT(store_batch_new(&f->batch, &f->err), 0);
}

static void open_store(struct fixture *f)
{
	CHECK_INT(store_open(&f->store, f->path, &f->err), 0);
	CHECK_STR(f->err.message, "");
}

static void close_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static void apply(struct fixture *f)
{
	if (store_apply(f->store, f->batch, &f->err) != 0)
		CHECK_STR(f->err.message, "");
	store_batch_clear(f->batch);
	if (!f->reader)
		CHECK_INT(store_reader_open(&f->reader, f->path, &f->err), 0);
}

static void end(struct fixture *f)
{
	store_reader_close(f->reader);
	store_close(f->store);
	store_batch_free(f->batch);
	buf_clear(&f->text);
	scratch_end(f->dir);
}

static void add_run(struct fixture *f, const char *id, enum run_state state)
{
	store_add_run(f->batch, &(struct run_row){ .id = id,
						   .attempt = 1,
						   .state = state,
						   .path = "r.lua",
						   .sha256 = HASH_1,
						   .input = "{}",
						   .actor = "{}",
						   .options = "{}",
						   .created_ms = 1000,
						   .ended_ms = run_state_over(state) ? 5000 : 0 });
}

static void add_call(struct fixture *f, const char *run, const char *path, int64_t begun_ms)
{
	store_add_step(f->batch, &(struct step_row){ .run = run,
						     .attempt = 1,
						     .path = path,
						     .kind = STEP_CALL,
						     .operation = "sfn.redrive_execution",
						     .args = "{}",
						     .args_hash = HASH_2,
						     .begun_ms = begun_ms });
}

static void add_end(struct fixture *f, const char *run, const char *path)
{
	store_add_end(f->batch, &(struct step_end){ .run = run,
						    .attempt = 1,
						    .path = path,
						    .kind = STEP_CALL,
						    .operation = "sfn.redrive_execution",
						    .args_hash = HASH_2,
						    .outcome = "ok" });
}

/* ---- rows as text ---- */

static void add(struct fixture *f, const char *s)
{
	buf_adds(&f->text, s ? s : "-");
	buf_adds(&f->text, "|");
}

static void add_number(struct fixture *f, int64_t n)
{
	buf_addf(&f->text, "%" PRId64 "|", n);
}

/* What was read since the last time. */
static const char *said(struct fixture *f)
{
	static char text[4096];
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&f->text));
	buf_cut(&f->text, 0);
	return text;
}

static int on_run(void *arg, const struct run_row *r)
{
	struct fixture *f = arg;
	add(f, r->id);
	add_number(f, r->attempt);
	add(f, run_state_name(r->state));
	const char *texts[] = { r->path,   r->sha256,  r->input,    r->actor,     r->reason,
				r->config, r->options, r->key,      r->waits_for, r->outcome,
				r->result, r->message, r->traceback };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(f, texts[i]);
	const int64_t numbers[] = { r->created_ms,  r->started_ms, r->ended_ms,
				    r->deadline_ms, r->wake_ms,    r->deaths };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(f, numbers[i]);
	return 0;
}

static int on_run_id(void *arg, const struct run_row *r)
{
	add(arg, r->id);
	return 0;
}

static int on_step(void *arg, const struct step_row *s)
{
	struct fixture *f = arg;
	const char *texts[] = { s->run,      s->path,  s->operation, s->args,     s->args_hash,
				s->resource, s->group, s->token,     s->baseline, s->segment };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(f, texts[i]);
	const int64_t numbers[] = { s->attempt,      (int64_t)s->kind,   s->begun_ms, s->until_ms,
				    s->not_after_ms, (int64_t)s->intent, s->link };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(f, numbers[i]);
	return 0;
}

static int on_step_path(void *arg, const struct step_row *s)
{
	add(arg, s->path);
	return 0;
}

static int on_end(void *arg, const struct step_end *e)
{
	struct fixture *f = arg;
	const char *texts[] = { e->run,  e->path,    e->operation, e->args_hash,
				e->args, e->outcome, e->answer,    e->error };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(f, texts[i]);
	const int64_t numbers[] = { e->attempt, (int64_t)e->kind, e->begun_ms, e->ended_ms,
				    (int64_t)e->intent };
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(f, numbers[i]);
	return 0;
}

static int on_end_path(void *arg, const struct step_end *e)
{
	add(arg, e->path);
	return 0;
}

/* ---- round trips ---- */

TEST(a_run_comes_back_as_it_was_written)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	const struct run_row row = { .id = RUN_A,
				     .attempt = 2,
				     .state = RUN_STATE_WAITING,
				     .path = "scripts/r.lua",
				     .sha256 = HASH_1,
				     .input = "{\"a\":1}",
				     .actor = "{\"user\":\"ops\"}",
				     .reason = "ticket 7",
				     .config = HASH_2,
				     .options = "{\"dryRun\":true}",
				     .key = "orders",
				     .created_ms = 1,
				     .started_ms = 2,
				     .ended_ms = 3,
				     .deadline_ms = 4,
				     .wake_ms = 1LL << 40,
				     .waits_for = "sleep",
				     .deaths = 2,
				     .outcome = "failed",
				     .result = "null",
				     .message = "",
				     .traceback = "stack\n\ttraceback \xc3\xa9" };
	store_add_run(f.batch, &row);
	apply(&f);

	CHECK_INT(store_run(f.reader, RUN_A, on_run, &f, &f.err), 0);

	CHECK_STR(said(&f), RUN_A "|2|waiting|scripts/r.lua|" HASH_1
				  "|{\"a\":1}|{\"user\":\"ops\"}|ticket 7|" HASH_2
				  "|{\"dryRun\":true}|orders|sleep|failed|null||stack\n\ttraceback "
				  "\xc3\xa9|1|2|3|4|1099511627776|2|");
	end(&f);
}

TEST(what_is_absent_comes_back_as_null)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	store_add_run(f.batch, &(struct run_row){ .id = RUN_A, .attempt = 1 });
	apply(&f);

	CHECK_INT(store_run(f.reader, RUN_A, on_run, &f, &f.err), 0);

	CHECK_STR(said(&f), RUN_A "|1|queued|-|-|-|-|-|-|-|-|-|-|-|-|-|0|0|0|0|0|0|");
	end(&f);
}

TEST(deaths_are_counted_to_runs_that_are_not_over)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING);
	add_run(&f, RUN_B, RUN_STATE_PARKED);
	store_count_death(f.batch, RUN_A);
	store_count_death(f.batch, RUN_A);
	store_count_death(f.batch, RUN_B);
	store_count_death(f.batch, "unknown");
	apply(&f);

	CHECK_INT(store_run(f.reader, RUN_A, on_run, &f, &f.err), 0);
	CHECK_STR(said(&f),
		  RUN_A "|1|running|r.lua|" HASH_1 "|{}|{}|-|-|{}|-|-|-|-|-|-|1000|0|0|0|0|2|");
	CHECK_INT(store_run(f.reader, RUN_B, on_run, &f, &f.err), 0);
	CHECK_STR(said(&f),
		  RUN_B "|1|parked|r.lua|" HASH_1 "|{}|{}|-|-|{}|-|-|-|-|-|-|1000|0|5000|0|0|0|");
	end(&f);
}

TEST(setting_a_run_changes_its_course_and_nothing_else)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_QUEUED);
	add_run(&f, RUN_B, RUN_STATE_QUEUED);
	store_set_run(f.batch, &(struct run_row){ .id = RUN_A,
						  .attempt = 3,
						  .state = RUN_STATE_PARKED,
						  .sha256 = HASH_2,
						  .options = "{\"x\":1}",
						  .path = "ignored",
						  .started_ms = 10,
						  .ended_ms = 20,
						  .deadline_ms = 30,
						  .wake_ms = 40,
						  .waits_for = "approval",
						  .deaths = 3,
						  .outcome = "unknown",
						  .result = "1",
						  .message = "look",
						  .traceback = "t" });
	apply(&f);

	CHECK_INT(store_run(f.reader, RUN_A, on_run, &f, &f.err), 0);
	CHECK_STR(said(&f),
		  RUN_A "|3|parked|r.lua|" HASH_2 "|{}|{}|-|-|{\"x\":1}|-|approval|unknown|1|"
			"look|t|1000|10|20|30|40|3|");
	CHECK_INT(store_run(f.reader, RUN_B, on_run, &f, &f.err), 0);
	CHECK_STR(said(&f),
		  RUN_B "|1|queued|r.lua|" HASH_1 "|{}|{}|-|-|{}|-|-|-|-|-|-|1000|0|0|0|0|0|");
	end(&f);
}

TEST(a_step_and_its_end_come_back_as_they_were_written)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING);
	const struct step_row step = { .run = RUN_A,
				       .attempt = 1,
				       .path = "4.2.1",
				       .kind = STEP_CALL,
				       .operation = "sfn.redrive_execution",
				       .args = "{\"executionArn\":\"arn\"}",
				       .args_hash = HASH_2,
				       .resource = "arn",
				       .group = "machine",
				       .token = "token-1",
				       .baseline = "{\"redriveCount\":0}",
				       .begun_ms = 100,
				       .until_ms = 200,
				       .not_after_ms = 300,
				       .segment = "a.jsonl",
				       .intent = 7,
				       .link = 1 };
	store_add_step(f.batch, &step);
	const struct step_end over = { .run = RUN_A,
				       .attempt = 1,
				       .path = "5",
				       .kind = STEP_CALL,
				       .operation = "sfn.describe_map_run",
				       .args_hash = HASH_1,
				       .args = "{\"b\":2}",
				       .outcome = "error",
				       .answer = "{}",
				       .error = "{\"code\":\"E\"}",
				       .begun_ms = 400,
				       .ended_ms = 500,
				       .intent = 9 };
	store_add_end(f.batch, &over);
	apply(&f);

	CHECK_INT(store_steps(f.reader, RUN_A, 0, on_step, &f, &f.err), 0);
	CHECK_STR(said(&f),
		  RUN_A "|4.2.1|sfn.redrive_execution|{\"executionArn\":\"arn\"}|" HASH_2
			"|arn|machine|token-1|{\"redriveCount\":0}|a.jsonl|1|0|100|200|300|7|1|");
	CHECK_INT(store_ends(f.reader, RUN_A, 1, on_end, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_A "|5|sfn.describe_map_run|" HASH_1
				  "|{\"b\":2}|error|{}|{\"code\":\"E\"}|1|0|400|500|9|");
	end(&f);
}

TEST(steps_and_ends_come_in_the_order_in_which_they_were_added)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING);
	add_run(&f, RUN_B, RUN_STATE_RUNNING);
	add_call(&f, RUN_A, "10", 300);
	add_call(&f, RUN_B, "1", 200);
	add_call(&f, RUN_A, "2", 100);
	add_end(&f, RUN_A, "2");
	add_end(&f, RUN_B, "1");
	apply(&f);
	add_end(&f, RUN_A, "10");
	apply(&f);

	CHECK_INT(store_steps(f.reader, RUN_A, 1, on_step_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "10|2|");
	CHECK_INT(store_ends(f.reader, RUN_A, 1, on_end_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "2|10|");
	CHECK_INT(store_ends(f.reader, RUN_A, 2, on_end_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "");
	end(&f);
}

/* ---- runs ---- */

TEST(runs_are_listed_from_the_newest_and_filtered)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_B, RUN_STATE_DONE);
	add_run(&f, RUN_A, RUN_STATE_RUNNING);
	add_run(&f, RUN_C, RUN_STATE_WAITING);
	apply(&f);

	struct run_filter all = { 0 };
	CHECK_INT(store_runs(f.reader, &all, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_C "|" RUN_B "|" RUN_A "|");

	struct run_filter two = { .limit = 2 };
	CHECK_INT(store_runs(f.reader, &two, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_C "|" RUN_B "|");

	struct run_filter next = { .before = RUN_B, .limit = 2 };
	CHECK_INT(store_runs(f.reader, &next, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_A "|");

	struct run_filter unfinished = { .states =
					     1u << RUN_STATE_RUNNING | 1u << RUN_STATE_WAITING };
	CHECK_INT(store_runs(f.reader, &unfinished, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_C "|" RUN_A "|");

	struct run_filter done = { .states = 1u << RUN_STATE_DONE, .path = "r.lua" };
	CHECK_INT(store_runs(f.reader, &done, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_B "|");

	struct run_filter elsewhere = { .path = "other.lua" };
	CHECK_INT(store_runs(f.reader, &elsewhere, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), "");
	end(&f);
}

TEST(a_run_is_found_by_the_beginning_of_its_id)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_DONE);
	add_run(&f, RUN_B, RUN_STATE_DONE);
	add_run(&f, RUN_C, RUN_STATE_DONE);
	apply(&f);

	CHECK_INT(store_run(f.reader, "0193a", on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_A "|");
	CHECK_INT(store_run(f.reader, RUN_B, on_run_id, &f, &f.err), 0);
	CHECK_STR(said(&f), RUN_B "|");
	CHECK_INT(store_run(f.reader, "0193b000", on_run_id, &f, &f.err), -ERR_INVALID);
	CHECK_STR(f.err.message, "several runs begin with '0193b000': give more of the id");
	CHECK_INT(store_run(f.reader, "0194", on_run_id, &f, &f.err), -ERR_INVALID);
	CHECK_STR(f.err.message, "there is no run '0194'");
	CHECK_INT(store_run(f.reader, "019", on_run_id, &f, &f.err), -ERR_INVALID);
	CHECK_STR(f.err.message,
		  "'019' is too short for a run's id: give 4 characters of it or more");
	CHECK_STR(said(&f), "");
	end(&f);
}

TEST(what_was_written_is_there_when_the_file_is_opened_again)
{
	struct fixture f;
	struct stat st;
	char id[40];
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING);
	apply(&f);
	(void)snprintf(id, sizeof(id), "%s", store_id(f.store));
	close_store(&f);

	open_store(&f);
	CHECK_STR(store_id(f.store), id);
	CHECK_INT(strlen(id), 32);
	add_call(&f, RUN_A, "1", 100); /* its number is found again */
	apply(&f);

	CHECK_INT(store_steps(f.reader, RUN_A, 1, on_step_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "1|");
	CHECK_INT(stat(f.path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	end(&f);
}

/* ---- what is open ---- */

TEST(a_call_is_unsettled_until_it_ends)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING);
	add_call(&f, RUN_A, "1", 100);
	add_call(&f, RUN_A, "2", 200);
	store_add_step(f.batch, &(struct step_row){ .run = RUN_A,
						    .attempt = 1,
						    .path = "1",
						    .kind = STEP_CALL,
						    .begun_ms = 300,
						    .link = 1 });
	store_add_step(
	    f.batch,
	    &(struct step_row){
		.run = RUN_A, .attempt = 1, .path = "3", .kind = STEP_SLEEP, .begun_ms = 400 });
	apply(&f);

	CHECK_INT(store_unsettled(f.reader, on_step_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "2|1|"); /* the linked intent stands for its step */
	CHECK_INT(store_intents(f.reader, 200, on_step_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "2|1|");

	add_end(&f, RUN_A, "1");
	apply(&f);
	CHECK_INT(store_unsettled(f.reader, on_step_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "2|");
	CHECK_INT(store_intents(f.reader, 0, on_step_path, &f, &f.err), 0);
	CHECK_STR(said(&f), "1|2|1|");
	end(&f);
}

static int on_approval(void *arg, const struct approval_row *a)
{
	struct fixture *f = arg;
	const char *texts[] = { a->run, a->path, a->subject, a->details, a->asker };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add(f, texts[i]);
	add_number(f, a->attempt);
	add_number(f, a->needed);
	add_number(f, a->expires_ms);
	return 0;
}

static int on_vote(void *arg, const struct vote_row *v)
{
	struct fixture *f = arg;
	add(f, v->voter);
	add_number(f, v->approve);
	add(f, v->comment);
	add_number(f, v->at_ms);
	return 0;
}

static void add_vote(struct fixture *f, const char *voter, bool approve, int64_t at_ms)
{
	store_add_vote(f->batch, &(struct vote_row){ .run = RUN_A,
						     .attempt = 1,
						     .path = "2",
						     .voter = voter,
						     .approve = approve,
						     .at_ms = at_ms });
}

TEST(an_approval_is_listed_until_it_is_decided_and_a_second_vote_replaces_the_first)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_WAITING);
	const struct approval_row row = { .run = RUN_A,
					  .attempt = 1,
					  .path = "2",
					  .subject = "redrive?",
					  .details = "{}",
					  .asker = "{\"user\":\"a\"}",
					  .needed = 2,
					  .expires_ms = 99 };
	store_add_approval(f.batch, &row);
	add_vote(&f, "bob", true, 1);
	add_vote(&f, "eve", true, 2);
	add_vote(&f, "bob", false, 3);
	apply(&f);

	static const char asked[] = RUN_A "|2|redrive?|{}|{\"user\":\"a\"}|1|2|99|";
	CHECK_INT(store_approvals(f.reader, NULL, on_approval, &f, &f.err), 0);
	CHECK_STR(said(&f), asked);
	CHECK_INT(store_votes(f.reader, RUN_A, 1, "2", on_vote, &f, &f.err), 0);
	CHECK_STR(said(&f), "bob|0|-|3|eve|1|-|2|");

	const struct step_end over = {
		.run = RUN_A, .attempt = 1, .path = "2", .kind = STEP_APPROVAL, .outcome = "error"
	};
	store_add_end(f.batch, &over);
	apply(&f);
	CHECK_INT(store_approvals(f.reader, NULL, on_approval, &f, &f.err), 0);
	CHECK_STR(said(&f), "");
	CHECK_INT(store_approvals(f.reader, RUN_A, on_approval, &f, &f.err), 0);
	CHECK_STR(said(&f), asked);
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_run_comes_back_as_it_was_written),
	    TAP_CASE(what_is_absent_comes_back_as_null),
	    TAP_CASE(deaths_are_counted_to_runs_that_are_not_over),
	    TAP_CASE(setting_a_run_changes_its_course_and_nothing_else),
	    TAP_CASE(a_step_and_its_end_come_back_as_they_were_written),
	    TAP_CASE(steps_and_ends_come_in_the_order_in_which_they_were_added),
	    TAP_CASE(runs_are_listed_from_the_newest_and_filtered),
	    TAP_CASE(a_run_is_found_by_the_beginning_of_its_id),
	    TAP_CASE(what_was_written_is_there_when_the_file_is_opened_again),
	    TAP_CASE(a_call_is_unsettled_until_it_ends),
	    TAP_CASE(
		an_approval_is_listed_until_it_is_decided_and_a_second_vote_replaces_the_first)));
}
