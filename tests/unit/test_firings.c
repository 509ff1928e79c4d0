/* Schedules and firings in the store: a row comes back as it was written, an instant has one run. */
#include "tap.h"

#include "base/buf.h"
#include "store/firings.h"
#include "unit/scratch.h"

struct fixture {
	char dir[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];
	struct store *store;
	struct store_batch *batch;
	struct buf text; /* what was read, one row after another */
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .text = BUF_INIT(1 << 20) };
	scratch_begin(f->dir);
	(void)snprintf(f->path, sizeof(f->path), "%s/runs.db", f->dir);
	bool ok =
	    store_batch_new(&f->batch, NULL) == 0 && store_open(&f->store, f->path, NULL) == 0;
	INVARIANT(ok);
}

static int apply(struct fixture *f)
{
	f->err = (struct err){ 0 };
	int rc = store_apply(f->store, f->batch, &f->err);
	store_batch_clear(f->batch);
	return rc;
}

static void end(struct fixture *f)
{
	store_close(f->store);
	store_batch_free(f->batch);
	buf_clear(&f->text);
	scratch_end(f->dir);
}

static void set(struct fixture *f, int64_t at, enum firing_state state, const char *run,
		const char *why, const char *by)
{
	store_set_firing(f->batch, &(struct firing_row){ .schedule = "nightly",
							 .at_ms = at,
							 .state = state,
							 .run = run,
							 .why = why,
							 .by = by,
							 .recorded_ms = at + 5 });
}

static int write_firing(void *arg, const struct firing_row *f)
{
	buf_addf(arg, "%lld %s %s %s %s %lld;", (long long)f->at_ms, firing_state_name(f->state),
		 f->run ? f->run : "-", f->why ? f->why : "-", f->by ? f->by : "-",
		 (long long)f->recorded_ms);
	return 0;
}

static int write_schedule(void *arg, const struct schedule_row *s)
{
	buf_addf(arg, "%s [%s] [%s] %s %s %lld %lld %d %lld %s %s;", s->name, s->cron, s->zone,
		 s->options ? s->options : "-", s->course ? s->course : "-", (long long)s->next_ms,
		 (long long)s->missed, s->failures, (long long)s->paused_ms,
		 s->paused_by ? s->paused_by : "-", s->paused_why ? s->paused_why : "-");
	return 0;
}

static const char *read_firings(struct fixture *f, bool queued, size_t limit)
{
	struct store_reader *r = NULL;
	const struct firing_filter filter = { "nightly", queued, limit };
	buf_cut(&f->text, 0);
	bool ok = store_reader_open(&r, f->path, NULL) == 0 &&
		  store_firings(r, &filter, write_firing, &f->text, NULL) == 0;
	INVARIANT(ok);
	store_reader_close(r);
	return buf_cstr(&f->text);
}

static const char *read_schedules(struct fixture *f)
{
	struct store_reader *r = NULL;
	buf_cut(&f->text, 0);
	bool ok = store_reader_open(&r, f->path, NULL) == 0 &&
		  store_schedules(r, write_schedule, &f->text, NULL) == 0;
	INVARIANT(ok);
	store_reader_close(r);
	return buf_cstr(&f->text);
}

TEST(a_firing_changes_until_it_has_its_run)
{
	struct fixture f;
	begin(&f);
	set(&f, 2000, FIRING_QUEUED, NULL, "waits", "{\"user\":\"ann\"}");
	set(&f, 1000, FIRING_MISSED, NULL, "nobody looked", NULL);
	CHECK_INT(apply(&f), 0);
	CHECK_STR(
	    read_firings(&f, false, 0),
	    "2000 queued - waits {\"user\":\"ann\"} 2005;1000 missed - nobody looked - 1005;");
	CHECK_STR(read_firings(&f, true, 0), "2000 queued - waits {\"user\":\"ann\"} 2005;");

	set(&f, 2000, FIRING_STARTED, "run-1", NULL, NULL);
	set(&f, 1000, FIRING_STARTED, "run-2", NULL, NULL);
	CHECK_INT(apply(&f), 0);
	CHECK_STR(read_firings(&f, false, 1), "2000 started run-1 - {\"user\":\"ann\"} 2005;");
	CHECK_STR(read_firings(&f, true, 0), "");

	set(&f, 3000, FIRING_STARTED, "run-3", NULL, NULL);
	set(&f, 2000, FIRING_STARTED, "run-4", NULL, NULL);
	CHECK(apply(&f) < 0);
	CHECK(strstr(f.err.message, "a firing that has its run is final"));
	CHECK_STR(read_firings(&f, false, 0),
		  "2000 started run-1 - {\"user\":\"ann\"} 2005;1000 started run-2 - - 1005;");
	end(&f);
}

TEST(a_backfill_queues_what_has_no_run)
{
	struct fixture f;
	begin(&f);
	set(&f, 1000, FIRING_STARTED, "run-1", NULL, NULL);
	set(&f, 2000, FIRING_SKIPPED, NULL, "busy", NULL);
	set(&f, 3000, FIRING_QUEUED, NULL, "waits", NULL);
	for (int64_t at = 1000; at <= 4000; at += 1000)
		store_queue_firing(f.batch, &(struct firing_row){ .schedule = "nightly",
								  .at_ms = at,
								  .state = FIRING_QUEUED,
								  .by = "{}",
								  .recorded_ms = 9000 });
	CHECK_INT(apply(&f), 0);
	CHECK_STR(read_firings(&f, false, 0),
		  "4000 queued - - {} 9000;3000 queued - waits - 3005;2000 queued - - {} 9000;"
		  "1000 started run-1 - - 1005;");
	end(&f);
}

TEST(old_rows_go_and_what_waits_stays)
{
	struct fixture f;
	begin(&f);
	set(&f, 1, FIRING_QUEUED, NULL, NULL, NULL);
	for (int64_t at = 2; at <= 9; at++)
		set(&f, at, FIRING_SKIPPED, NULL, NULL, NULL);
	store_remove_firings(f.batch, "nightly", 2);
	store_remove_firings(f.batch, "another", 2);
	CHECK_INT(apply(&f), 0);
	CHECK_STR(read_firings(&f, false, 0),
		  "9 skipped - - - 14;8 skipped - - - 13;1 queued - - - 6;");
	end(&f);
}

TEST(a_pause_and_the_rest_of_a_schedule_are_set_apart)
{
	struct fixture f;
	struct schedule_row row = { .name = "nightly",
				    .cron = "0 2 * * *",
				    .zone = "UTC",
				    .options = "{}",
				    .course = "[1]",
				    .next_ms = 7,
				    .missed = 3,
				    .failures = 1,
				    .paused_ms = 5,
				    .paused_by = "{\"user\":\"ann\"}",
				    .paused_why = "holidays" };
	begin(&f);
	store_set_pause(f.batch, &row);
	CHECK_INT(apply(&f), 0);
	CHECK_STR(read_schedules(&f), "nightly [] [] - - 0 0 0 5 {\"user\":\"ann\"} holidays;");

	store_set_schedule(f.batch, &row);
	CHECK_INT(apply(&f), 0);
	CHECK_STR(read_schedules(&f),
		  "nightly [0 2 * * *] [UTC] {} [1] 7 3 1 5 {\"user\":\"ann\"} holidays;");

	store_set_pause(f.batch, &(struct schedule_row){ .name = "nightly" });
	CHECK_INT(apply(&f), 0);
	CHECK_STR(read_schedules(&f), "nightly [0 2 * * *] [UTC] {} [1] 7 3 1 0 - -;");
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_firing_changes_until_it_has_its_run),
				 TAP_CASE(a_backfill_queues_what_has_no_run),
				 TAP_CASE(old_rows_go_and_what_waits_stays),
				 TAP_CASE(a_pause_and_the_rest_of_a_schedule_are_set_apart)));
}
