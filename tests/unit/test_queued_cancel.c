/* Taking a run out of its queue where only the store has it, which may be behind what a serve has begun. */
#include "tap.h"

#include "cli/queued_cancel.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "store/deliveries.h"
#include "store/firings.h"
#include "unit/scratch.h"

#define SERVED "0193a000-0000-7000-8000-00000000000a"
#define GONE "0193a000-0000-7000-8000-00000000000b"
#define FIRED "0193a000-0000-7000-8000-00000000000c"
#define DUE_MS INT64_C(1798761600000) /* 2027-01-01 */

struct fixture {
	char dir[SCRATCH_SIZE], audit[SCRATCH_SIZE + 8];
	struct host h;
	struct config config;
	struct config_hook hook;
	struct err err;
	size_t n_asked;
	bool found, cancelled;
};

static void quit(void *arg, const struct err *err)
{
	CHECK_INT(err->code, 0);
	loop_quit(arg);
}

static void flush(struct fixture *f)
{
	commit_flush(f->h.committer, quit, f->h.loop);
	loop_run(f->h.loop);
}

/* A hook is configured, and beside what waits of it is what waits of another and of a schedule. */
static void begin(struct fixture *f)
{
	*f = (struct fixture){ .hook = { .start = { .name = "served" } } };
	scratch_begin(f->dir);
	(void)snprintf(f->audit, sizeof(f->audit), "%s/audit", f->dir);
	(void)snprintf(f->h.store, sizeof(f->h.store), "%s/runs.db", f->dir);
	f->config.hooks = &f->hook;
	f->config.n_hooks = 1;
	f->h.config = &f->config;
	INVARIANT(loop_new(&f->h.loop, NULL) == 0);
	const struct commit_spec spec = {
		.loop = f->h.loop, .audit_dir = f->audit, .host = "ops1", .store_path = f->h.store
	};
	INVARIANT(commit_open(&f->h.committer, &spec, &f->err) == 0);
	struct store_batch *b = commit_store(f->h.committer);
	const char *const rows[][2] = { { "served", SERVED }, { "gone", GONE } };
	for (size_t i = 0; i < 2; i++)
		store_add_delivery(b, &(struct delivery_row){ .hook = rows[i][0],
							      .state = DELIVERY_QUEUED,
							      .run = rows[i][1],
							      .input = "{}",
							      .actor = "{\"name\":\"sender\"}",
							      .at_ms = 1 });
	store_set_firing(b, &(struct firing_row){ .schedule = "nightly",
						  .at_ms = DUE_MS,
						  .state = FIRING_QUEUED,
						  .waits_as = FIRED,
						  .recorded_ms = 1 });
	flush(f);
}

static void end(struct fixture *f)
{
	CHECK_INT(commit_close(f->h.committer, &f->err), 0);
	loop_free(f->h.loop);
	scratch_end(f->dir);
}

/* serve's: it does not wait there. */
static bool no_such(void *arg, const char *run, const char *actor, const char *why)
{
	struct fixture *f = arg;
	CHECK(run && actor && !why);
	f->n_asked++;
	return false;
}

static int cancel(struct fixture *f, const char *run)
{
	return queued_cancel(&f->h, run, "{\"type\":\"operator\"}", NULL, &f->err);
}

static int on_row(void *arg, const struct queued_row *row)
{
	struct fixture *f = arg;
	f->found = true;
	f->cancelled = row->cancelled;
	return 0;
}

/* As the store has it. */
static bool is_cancelled(struct fixture *f, const char *run)
{
	struct store_reader *reader = NULL;
	const struct queued_filter of = { .run = run };
	flush(f);
	f->found = false;
	CHECK_INT(store_reader_open(&reader, f->h.store, &f->err), 0);
	CHECK_INT(store_queued(reader, &of, on_row, f, &f->err), 0);
	store_reader_close(reader);
	CHECK(f->found);
	return f->cancelled;
}

TEST(what_a_serve_has_begun_is_not_taken_out_although_its_row_says_that_it_waits)
{
	struct fixture f;
	begin(&f);
	f.h.cancel_queued = no_such;
	f.h.cancel_queued_arg = &f;
	CHECK_INT(cancel(&f, SERVED), 0);
	CHECK_INT(cancel(&f, FIRED), 0);
	CHECK_INT((int)f.n_asked, 2);
	CHECK(!is_cancelled(&f, SERVED));
	CHECK(!is_cancelled(&f, FIRED));
	end(&f);
}

TEST(what_waits_of_a_hook_that_is_not_configured_is_the_stores_alone)
{
	struct fixture f;
	begin(&f);
	f.h.cancel_queued = no_such;
	f.h.cancel_queued_arg = &f;
	CHECK_INT(cancel(&f, GONE), 1);
	CHECK(is_cancelled(&f, GONE));
	CHECK_INT(cancel(&f, GONE), 0); /* once */
	end(&f);
}

TEST(without_a_serve_all_that_waits_can_be_taken_out)
{
	struct fixture f;
	begin(&f);
	CHECK_INT(cancel(&f, "0193a000"), 0); /* the beginning of an id is none */
	CHECK_INT(cancel(&f, SERVED), 1);
	CHECK_INT(cancel(&f, FIRED), 1);
	CHECK(is_cancelled(&f, SERVED));
	CHECK(is_cancelled(&f, FIRED));
	CHECK(!is_cancelled(&f, GONE));
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(what_a_serve_has_begun_is_not_taken_out_although_its_row_says_that_it_waits),
	    TAP_CASE(what_waits_of_a_hook_that_is_not_configured_is_the_stores_alone),
	    TAP_CASE(without_a_serve_all_that_waits_can_be_taken_out)));
}
