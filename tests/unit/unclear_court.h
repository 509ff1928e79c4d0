/*
 * unclear_court.h - a world with an operation that can be sent again and looked into, and clocks that
 * the tests set forward.
 */
#ifndef TESTS_UNCLEAR_COURT_H
#define TESTS_UNCLEAR_COURT_H

#include <stdio.h>

#include "script/hold.h"
#include "script/rules.h"
#include "script/settle.h"
#include "script_world.h"
#include "set_clock.h"
#include "store/store.h"
#include "tap.h"

#define MOVE_OF(target) "require 'demo'.move_thing{ target = '" target "' }"
#define MOVE MOVE_OF("a")

/* ---- a world with an operation that can be sent again and looked into ---- */

struct court {
	struct world w;
	struct rules *rules;
	struct settle *settle;
	struct operation op;
	struct host_call *call; /* the last one that was started, or looked into */
	struct host_call seen;  /* as it was then */
	char token[64];         /* of the last one that was started */
	int starts, looks, stops;
	struct buf said; /* by settle */
	bool tried;      /* likewise: all there was */
};

static inline void keep_token(struct court *c)
{
	cJSON *args = json_parse(c->call->args, NULL);
	const char *token = json_get_str(args, "clientToken");
	(void)snprintf(c->token, sizeof(c->token), "%s", token ? token : "");
	cJSON_Delete(args);
}

static inline void op_start(void *state, struct host_call *call)
{
	struct court *c = state;
	c->starts++;
	c->call = call;
	c->seen = *call;
	keep_token(c);
}

static inline void op_reconcile(void *state, struct host_call *call)
{
	struct court *c = state;
	c->looks++;
	c->call = call;
	c->seen = *call;
}

static inline void op_stop(void *state, struct host_call *call)
{
	struct court *c = state;
	(void)call;
	c->stops++;
	c->call = NULL;
}

static const struct member members[] = {
	{ .name = "target", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED },
	{ .name = "clientToken", .type = MEMBER_STRING, .flags = MEMBER_TOKEN },
	{ 0 },
};
static const struct member answer[] = {
	{ .name = "n", .type = MEMBER_INTEGER, .flags = MEMBER_RECORDED },
	{ 0 },
};
static const char *const undone[] = { "NeverDone", NULL };

typedef void reconcile_fn(void *state, struct host_call *call);

static inline void court_open_with(struct court *c, int64_t resend_ms, reconcile_fn *look)
{
	struct err err;
	*c = (struct court){ .said = BUF_INIT(1 << 16) };
	world_open_durable(&c->w);
	c->op = (struct operation){ .name = "move_thing",
				    .wire_name = "MoveThing",
				    .size = sizeof(c->op),
				    .flags = OP_CHANGES,
				    .members = members,
				    .answer = answer,
				    .resource = "target",
				    .doc = "moves",
				    .tell = "show {target}",
				    .start = op_start,
				    .stop = op_stop,
				    .reconcile = look,
				    .undone = undone,
				    .resend_ms = resend_ms };
	CHECK_INT(registry_add_operation(c->w.registry, "demo", &c->op, c, &err), 0);
}

static inline void court_open(struct court *c)
{
	court_open_with(c, 60000, op_reconcile);
}

static inline void court_close(struct court *c)
{
	settle_free(c->settle);
	if (c->rules)
		CHECK_INT(hold_release(c->w.dir, NULL), 0);
	world_close(&c->w);
	rules_free(c->rules);
	buf_clear(&c->said);
	ahead_s = 0;
}

static inline void on_log(void *arg, enum log_level level, const char *text)
{
	struct court *c = arg;
	(void)level;
	buf_addf(&c->said, "%s\n", text);
}

static inline void on_tried(void *arg)
{
	((struct court *)arg)->tried = true;
}

/* The process dies; the next one settles. */
static inline void next_process(struct court *c)
{
	struct err err = { 0 };
	settle_free(c->settle);
	c->settle = NULL;
	world_restart(&c->w);
	c->tried = false;
	REQUIRE(
	    settle_new(&c->settle,
		       &(struct settle_spec){
			   .runs = c->w.runs, .on_log = on_log, .on_tried = on_tried, .arg = c },
		       &err) == 0);
	settle_start(c->settle);
	world_turn(&c->w);
}

/* It ends, and nothing goes on from there yet. */
static inline void end_only(struct court *c, const struct call_result *result)
{
	struct host_call *call = c->call;
	REQUIRE(call != NULL);
	c->call = NULL;
	run_call_done(call, result);
}

static inline void finish(struct court *c, const struct call_result *result)
{
	end_only(c, result);
	world_turn(&c->w);
}

static const struct call_result lost = {
	.code = "ConnectionError", .message = "the answer was lost", .attempts = 3, .unknown = true
};
static const struct call_result not_done = { .verdict = VERDICT_NOT_DONE, .message = "as before" };
static const struct call_result too_early = { .verdict = VERDICT_UNKNOWN,
					      .message = "as before, yet",
					      .retryable = true };
static const struct call_result others = { .verdict = VERDICT_UNKNOWN,
					   .message = "someone else's" };

static inline void answer_it(struct court *c)
{
	finish(c, &(struct call_result){ .answer = bytes_str("{\"n\":7}"), .attempts = 1 });
}

static inline void find_it_done(struct court *c)
{
	finish(c, &(struct call_result){ .verdict = VERDICT_DONE,
					 .message = "it was done",
					 .answer = bytes_str("{\"n\":7}") });
}

/* The run's call is made, sent again, and both end without an answer: it is being looked into. */
static inline void lose_both(struct court *c)
{
	finish(c, &lost);
	CHECK_INT(c->starts, 2);
	finish(c, &lost);
	CHECK_INT(c->looks, 1);
}

/* Its timer comes, as late as it must. */
static inline void until_next_look(struct court *c)
{
	CHECK_INT(world_timers(&c->w), 1);
	ahead_s += 66;
	CHECK(world_fire_next(&c->w));
}

static inline int count_row(void *arg, const struct step_row *s)
{
	(void)s;
	++*(int *)arg;
	return 0;
}

static inline int unsettled(const struct court *c)
{
	struct store_reader *reader = NULL;
	char path[96];
	int n = 0;
	(void)snprintf(path, sizeof(path), "%s/runs.db", c->w.dir);
	CHECK_INT(store_reader_open(&reader, path, NULL), 0);
	CHECK_INT(store_unsettled(reader, count_row, &n, NULL), 0);
	store_reader_close(reader);
	return n;
}

#endif
