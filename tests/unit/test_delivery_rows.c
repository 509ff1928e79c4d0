/* Rows of deliveries: they come back as they were written, end once, and are forgotten but for what is queued. */
#include "tap.h"

#include <inttypes.h>

#include "base/buf.h"
#include "store/deliveries.h"
#include "store/firings.h"
#include "store/queued.h"
#include "unit/scratch.h"

struct fixture {
	char dir[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];
	struct store *store;
	struct store_batch *batch;
	struct store_reader *reader;
	struct buf text;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .text = BUF_INIT(1 << 16) };
	scratch_begin(f->dir);
	(void)snprintf(f->path, sizeof(f->path), "%s/runs.db", f->dir);
	CHECK_INT(store_batch_new(&f->batch, NULL), 0);
	CHECK_INT(store_open(&f->store, f->path, NULL), 0);
	CHECK_INT(store_reader_open(&f->reader, f->path, NULL), 0);
}

static void end(struct fixture *f)
{
	store_reader_close(f->reader);
	store_close(f->store);
	store_batch_free(f->batch);
	buf_clear(&f->text);
	scratch_end(f->dir);
}

static void apply(struct fixture *f)
{
	CHECK_INT(store_apply(f->store, f->batch, NULL), 0);
	store_batch_clear(f->batch);
}

static void add(struct fixture *f, const char *hook, const char *id, enum delivery_state state,
		const char *run, int64_t at_ms)
{
	bool queued = state == DELIVERY_QUEUED;
	store_add_delivery(f->batch, &(struct delivery_row){ .hook = hook,
							     .id = id,
							     .state = state,
							     .run = run,
							     .input = queued ? "{\"a\":1}" : NULL,
							     .actor = "{}",
							     .at_ms = at_ms,
							     .due_ms = queued ? 77 : 0 });
}

static int on_row(void *arg, const struct delivery_row *d)
{
	struct fixture *f = arg;
	buf_addf(&f->text, "%s/%s %s %s %s %" PRId64 "%s%s; ", d->hook, d->id ? d->id : "-",
		 delivery_state_name(d->state), d->run ? d->run : "-", d->input ? d->input : "-",
		 d->due_ms, d->why ? " " : "", d->why ? d->why : "");
	return 0;
}

static const char *rows(struct fixture *f, const struct delivery_filter *filter)
{
	buf_cut(&f->text, 0);
	CHECK_INT(store_deliveries(f->reader, filter, on_row, f, NULL), 0);
	return buf_cstr(&f->text);
}

TEST(rows_come_back_and_end_once)
{
	struct fixture f;
	begin(&f);
	add(&f, "h", "1", DELIVERY_STARTED, "run-1", 1);
	add(&f, "h", "2", DELIVERY_QUEUED, "run-2", 2);
	add(&f, "g", "1", DELIVERY_IGNORED, NULL, 3);
	add(&f, "h", NULL, DELIVERY_STARTED, "run-3", 4);
	add(&f, "h", NULL, DELIVERY_STARTED, "run-4", 5);
	apply(&f);
	CHECK_STR(rows(&f, &(struct delivery_filter){ .hook = "h", .limit = 2 }),
		  "h/1 started run-1 - 0; h/2 queued run-2 {\"a\":1} 77; ");
	CHECK_STR(rows(&f, &(struct delivery_filter){ .hook = "h", .newest = true, .limit = 1 }),
		  "h/- started run-4 - 0; ");
	CHECK_STR(rows(&f, &(struct delivery_filter){ .queued = true }),
		  "h/2 queued run-2 {\"a\":1} 77; ");
	store_end_delivery(f.batch, "run-2", DELIVERY_FAILED, "no file");
	store_end_delivery(f.batch, "run-2", DELIVERY_STARTED, NULL); /* it waits no more */
	store_end_delivery(f.batch, "run-1", DELIVERY_FAILED, "never");
	apply(&f);
	CHECK_STR(rows(&f, &(struct delivery_filter){ .run = "run-2" }),
		  "h/2 failed run-2 - 0 no file; ");
	CHECK_STR(rows(&f, &(struct delivery_filter){ .run = "run-1" }), "h/1 started run-1 - 0; ");
	add(&f, "h", "1", DELIVERY_STARTED, "run-5", 6); /* the older one was forgotten */
	apply(&f);
	CHECK_STR(rows(&f, &(struct delivery_filter){ .limit = 1 }), "h/1 started run-5 - 0; ");
	CHECK_STR(rows(&f, &(struct delivery_filter){ .run = "run-1" }), "");
	end(&f);
}

TEST(what_is_queued_is_never_forgotten)
{
	struct fixture f;
	begin(&f);
	add(&f, "h", "1", DELIVERY_QUEUED, "run-1", 1);
	add(&f, "h", "2", DELIVERY_STARTED, "run-2", 2);
	add(&f, "h", "3", DELIVERY_STARTED, "run-3", 3);
	add(&f, "h", "4", DELIVERY_STARTED, "run-4", 4);
	add(&f, "g", "5", DELIVERY_STARTED, "run-5", 2);
	add(&f, "g", "6", DELIVERY_STARTED, "run-6", 5);
	store_remove_deliveries(f.batch, "h", 3, 1);
	apply(&f);
	CHECK_STR(rows(&f, &(struct delivery_filter){ .hook = "h" }),
		  "h/1 queued run-1 {\"a\":1} 77; h/4 started run-4 - 0; ");
	CHECK_STR(rows(&f, &(struct delivery_filter){ .hook = "g" }), "g/6 started run-6 - 0; ");
	end(&f);
}

TEST(a_store_has_a_key_of_its_own)
{
	struct fixture a, b;
	char key_a[STORE_KEY_SIZE] = "", again[STORE_KEY_SIZE] = "", key_b[STORE_KEY_SIZE] = "";
	begin(&a);
	begin(&b);
	CHECK_INT(store_key(a.reader, key_a, NULL), 0);
	CHECK_INT(store_key(a.reader, again, NULL), 0);
	CHECK_INT(store_key(b.reader, key_b, NULL), 0);
	CHECK_INT(strlen(key_a), STORE_KEY_SIZE - 1);
	CHECK_STR(key_a, again);
	CHECK(strcmp(key_a, key_b) != 0);
	end(&a);
	end(&b);
}

static int on_queued(void *arg, const struct queued_row *q)
{
	struct fixture *f = arg;
	buf_addf(&f->text, "%s %s %s%s %" PRId64 " %" PRId64 "; ", q->run,
		 q->hook ? q->hook : q->schedule, q->why ? q->why : "-",
		 q->cancelled ? " cancelled" : "", q->since_ms, q->due_ms);
	return 0;
}

static const char *queued(struct fixture *f, const struct queued_filter *filter)
{
	buf_cut(&f->text, 0);
	CHECK_INT(store_queued(f->reader, filter, on_queued, f, NULL), 0);
	return buf_cstr(&f->text);
}

static void add_firing(struct fixture *f, int64_t at_ms, const char *run, enum firing_state state)
{
	store_set_firing(f->batch, &(struct firing_row){ .schedule = "nightly",
							 .at_ms = at_ms,
							 .state = state,
							 .waits_as = run,
							 .recorded_ms = at_ms + 5 });
}

TEST(what_has_not_begun_is_found_by_the_beginning_of_its_id)
{
	struct fixture f;
	begin(&f);
	add(&f, "h", "a", DELIVERY_QUEUED, "run-1", 10);
	add(&f, "h", "b", DELIVERY_REPLACED, "run-5", 11);
	add(&f, "h", "c", DELIVERY_QUEUED, "run-5", 12);
	add(&f, "h", "d", DELIVERY_STARTED, "run-6", 13);
	add(&f, "h", "e", DELIVERY_QUEUED, "ran-9", 14);
	add_firing(&f, 1000, "run-3", FIRING_QUEUED);
	add_firing(&f, 2000, NULL, FIRING_MISSED);
	apply(&f);

	CHECK_STR(queued(&f, &(struct queued_filter){ 0 }),
		  "run-5 h - 12 77; run-3 nightly - 1005 1000; run-1 h - 10 77; ran-9 h - 14 77; ");
	CHECK_STR(queued(&f, &(struct queued_filter){ .limit = 1 }), "run-5 h - 12 77; ");
	CHECK_STR(queued(&f, &(struct queued_filter){ .before = "run-3" }),
		  "run-1 h - 10 77; ran-9 h - 14 77; ");
	CHECK_STR(queued(&f, &(struct queued_filter){ .run = "ran" }), "ran-9 h - 14 77; ");

	store_end_delivery(f.batch, "run-5", DELIVERY_CANCELLED, "cancelled");
	add_firing(&f, 1000, NULL, FIRING_CANCELLED);
	apply(&f);
	CHECK_STR(queued(&f, &(struct queued_filter){ 0 }), "run-1 h - 10 77; ran-9 h - 14 77; ");
	CHECK_STR(queued(&f, &(struct queued_filter){ .run = "run-5" }),
		  "run-5 h cancelled cancelled 12 0; ");
	CHECK_STR(queued(&f, &(struct queued_filter){ .run = "run-3" }),
		  "run-3 nightly - cancelled 1005 1000; ");
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(rows_come_back_and_end_once),
				 TAP_CASE(what_is_queued_is_never_forgotten),
				 TAP_CASE(a_store_has_a_key_of_its_own),
				 TAP_CASE(what_has_not_begun_is_found_by_the_beginning_of_its_id)));
}
