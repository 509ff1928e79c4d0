/*
 * rows.c - what the journal of a step costs: an end of a read with an answer of 300 bytes, and the
 * beginning and end of a changing call, in batches of a hundred and one at a time. Prints TAP.
 */
#include "tap.h"

#include <time.h>

#include "store/store.h"
#include "unit/scratch.h"

#define RUN_A "0193a000-0000-7000-8000-00000000000a"
#define HASH "1111111111111111111111111111111111111111111111111111111111111111"

enum { ROWS = 20000, CROWD = 100, ALONE = 500 };

struct fixture {
	char dir[SCRATCH_SIZE], path[SCRATCH_SIZE + 16], answer[300];
	struct store *store;
	struct store_batch *batch;
	struct err err;
};

static double seconds(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_read(struct fixture *f, int n)
{
	char path[16];
	(void)snprintf(path, sizeof(path), "%d", n);
	store_add_end(f->batch, &(struct step_end){ .run = RUN_A,
						    .attempt = 1,
						    .path = path,
						    .kind = STEP_CALL,
						    .operation = "sfn.describe_map_run",
						    .args_hash = HASH,
						    .args = "{\"mapRunArn\":\"arn:aws:states:x\"}",
						    .outcome = "ok",
						    .answer = f->answer,
						    .begun_ms = 1000 + n,
						    .ended_ms = 1001 + n });
}

static void add_change(struct fixture *f, int n)
{
	char path[16];
	(void)snprintf(path, sizeof(path), "%d", n);
	store_add_step(f->batch, &(struct step_row){ .run = RUN_A,
						     .attempt = 1,
						     .path = path,
						     .kind = STEP_CALL,
						     .operation = "sfn.redrive_execution",
						     .args = f->answer,
						     .args_hash = HASH,
						     .resource = "arn:aws:states:x",
						     .begun_ms = 1000 + n });
	store_add_end(f->batch, &(struct step_end){ .run = RUN_A,
						    .attempt = 1,
						    .path = path,
						    .kind = STEP_CALL,
						    .args_hash = HASH,
						    .outcome = "ok" });
}

static void measure(struct fixture *f, const char *what, void (*add)(struct fixture *f, int n),
		    int rows, int in_a_batch)
{
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
	for (int i = 0; i < rows; i++) {
		add(f, i);
		if ((i + 1) % in_a_batch != 0)
			continue;
		CHECK_INT(store_apply(f->store, f->batch, &f->err), 0);
		store_batch_clear(f->batch);
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	TAP_NOTE("%-40s %6.1f us CPU, %7.1f us in all", what, cpu * 1e6 / rows, wall * 1e6 / rows);
}

TEST(rows_of_steps)
{
	struct fixture f = { 0 };
	memset(f.answer, 'a', sizeof(f.answer) - 1);
	scratch_begin(f.dir);
	(void)snprintf(f.path, sizeof(f.path), "%s/runs.db", f.dir);
	REQUIRE(store_open(&f.store, f.path, &f.err) == 0);
	REQUIRE(store_batch_new(&f.batch, &f.err) == 0);
	store_add_run(f.batch, &(struct run_row){ .id = RUN_A, .attempt = 1 });

	measure(&f, "a read's end, 100 in a batch", add_read, ROWS, CROWD);
	measure(&f, "a change's two rows, 100 in a batch", add_change, ROWS, CROWD);
	measure(&f, "a read's end, alone", add_read, ALONE, 1);

	store_batch_free(f.batch);
	store_close(f.store);
	scratch_end(f.dir);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(rows_of_steps)));
}
