/*
 * script_world.h - a world for tests of host/script: a loop, a committer and two operations that do
 * nothing by themselves. The test says when a timer fires, a record is durable, or a call answers,
 * in any order. Linked in place of host/net and host/commit.
 */
#ifndef TESTS_SCRIPT_WORLD_H
#define TESTS_SCRIPT_WORLD_H

#include "base/buf.h"
#include "base/json.h"
#include "plugin_api.h"
#include "script/registry.h"
#include "script/run.h"
#include "unit/scratch.h"

struct loop;
struct committer;
struct store_batch;

enum { WORLD_CALLS_MAX = 64 };

struct world {
	struct loop *loop;
	struct committer *committer;
	struct registry *registry;
	struct runs *runs;
	char dir[SCRATCH_SIZE]; /* holds the scripts of the test */
	char path[96];          /* of the last one */
	bool durable;
	int64_t passive_ms;   /* of the runs that world_restart makes */
	struct run_spec spec; /* of the next run; path, on_* and arg are filled in */
	char id[RUN_ID_SIZE];

	struct host_call *call;          /* the last one that a plugin was asked to start */
	const struct operation *call_op; /* for a test with operations of its own */
	struct host_call *calls[WORLD_CALLS_MAX]; /* all that are in flight */
	size_t n_calls;
	int starts, stops;
	bool no_doubt; /* the change in flight surely has had no effect */

	int ends;
	enum run_outcome outcome;
	char message[2048], traceback[8192], result[65536];
	size_t n_unknown;
	char unknown_tell[512], unknown_token[128], unknown_args[512];
	struct buf log, progress;
};

void world_open(struct world *w);
/* The same with a store in the world's folder. */
void world_open_durable(struct world *w);
/* The process dies: what is not on disk is lost. Another one takes its place. */
void world_restart(struct world *w);
struct store_batch *world_rows(struct world *w); /* committed by the next world_turn */
int world_carry_on(struct world *w);             /* its answer is runs_carry_on's */
/* Fire timers until it is so, or for 5 s. */
bool world_until(struct world *w, bool (*is)(const struct world *w));
void world_close(struct world *w);
void world_register(struct world *w); /* for world_open */

/* Write a file below the world's folder ("lib/x.lua" makes the folder). */
void world_file(struct world *w, const char *name, const char *text);

/* Run a script from its start to its first wait. Returns run_start's answer. */
int world_start(struct world *w, const char *script);

/* Run turns of the loop until nothing is due at once: timers of 0 ms and durable records. */
void world_turn(struct world *w);

/* Only run_start, and one timer of 0 ms: to see a busy script between its slices. */
int world_begin(struct world *w, const char *script);
bool world_step(struct world *w);

/* world_start, then answer every call with {} until the run ends. */
void world_run(struct world *w, const char *script);

/* The call in flight ends; then world_turn. */
void world_answer(struct world *w, const char *json);
void world_fail(struct world *w, const struct call_result *result);
void world_end_only(struct world *w, const struct call_result *result); /* no world_turn */
/* The call in flight whose arguments contain text, or NULL. */
struct host_call *world_call_with(const struct world *w, const char *text);
void world_forget_call(struct world *w, const struct host_call *call);

/* Fire the pending timer of that delay, then world_turn. False: there is none. */
bool world_fire(struct world *w, int64_t delay_ms);
bool world_fire_next(struct world *w); /* the one with the shortest delay */
int world_timers(const struct world *w);

/* Records: durable at once (the default), written but not durable until released, or failing from
 * now on. */
void world_hold(struct world *w);
bool world_tell_one(struct world *w); /* of the oldest record that is due; false: there is none */
void world_release(struct world *w);
void world_break_log(struct world *w);
void world_lose(struct world *w); /* what is held back has failed, as will be the rest */

size_t world_records(const struct world *w);
const char *world_record(const struct world *w, size_t i); /* "call.intent {...}" */
/* The last record of that kind as JSON text, "" if there is none. */
const char *world_last(const struct world *w, const char *kind);
int world_count(const struct world *w, const char *kind);

#endif
