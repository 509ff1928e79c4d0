/*
 * local_world.h - a host_api for the shell of the local engine, driven by hand.
 *
 * Timers fire and work is done when the test says so; the HTTP server is a function the test calls;
 * handlers are a C function of the test.
 */
#ifndef TESTS_LOCAL_WORLD_H
#define TESTS_LOCAL_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin_api.h"
#include "unit/scratch.h"

enum { WORLD_TIMERS = 8, WORLD_ANSWERS = 16 };

struct world_answer {
	struct http_exchange *exchange;
	int status;
	char body[2048];
};

struct local_world {
	struct host_api api;
	int64_t now_ms;

	struct {
		host_fn *fn;
		void *arg;
		int64_t at;
	} timers[WORLD_TIMERS];

	host_fn *work, *work_done; /* one job at a time */
	void *work_arg;

	struct http_serve_spec serve;
	bool serving;
	struct world_answer answers[WORLD_ANSWERS];
	int n_answers;
	int drops; /* requests whose connection was closed instead */

	/* The handlers file. A name it does not have is not called. */
	int (*handler)(const char *name, struct bytes input, struct buf *out, struct err *err);
	const char *handler_name;
	int handler_calls;

	const struct command *command;
	void *command_state;
	char dir[SCRATCH_SIZE]; /* a temporary folder, or "" */
};

static inline struct local_world *world_of(struct host *h)
{
	return (struct local_world *)(void *)h;
}

static inline int64_t world_now(struct host *h)
{
	return world_of(h)->now_ms;
}

static inline struct timer *world_timer_start(struct host *h, int64_t delay_ms, host_fn *fn,
					      void *arg)
{
	struct local_world *w = world_of(h);
	int i = 0;
	while (w->timers[i].fn)
		INVARIANT(++i < WORLD_TIMERS);
	w->timers[i].fn = fn;
	w->timers[i].arg = arg;
	w->timers[i].at = w->now_ms + delay_ms;
	return (struct timer *)(void *)&w->timers[i];
}

static inline void world_timer_stop(struct host *h, struct timer *t)
{
	(void)h;
	memset(t, 0, sizeof(world_of(h)->timers[0]));
}

static inline void world_work(struct host *h, host_fn *fn, host_fn *done, void *arg)
{
	struct local_world *w = world_of(h);
	INVARIANT(!w->work);
	w->work = fn;
	w->work_done = done;
	w->work_arg = arg;
}

static inline int world_serve(struct host *h, struct http_server **out,
			      const struct http_serve_spec *spec, uint16_t *port, struct err *err)
{
	struct local_world *w = world_of(h);
	(void)err;
	w->serve = *spec;
	w->serving = true;
	*out = (struct http_server *)(void *)w;
	*port = spec->port ? spec->port : 4242;
	return 0;
}

static inline void world_unserve(struct host *h, struct http_server *s)
{
	(void)s;
	world_of(h)->serving = false;
}

static inline void world_answered(struct host *h, struct http_exchange *x, int status,
				  const struct http_header *headers, size_t n_headers,
				  struct bytes body)
{
	struct local_world *w = world_of(h);
	INVARIANT(w->n_answers < WORLD_ANSWERS);
	struct world_answer *a = &w->answers[w->n_answers++];
	INVARIANT(http_header_get(headers, n_headers, "x-amzn-requestid"));
	a->exchange = x;
	a->status = status;
	(void)snprintf(a->body, sizeof(a->body), "%.*s", (int)body.n, body.p);
}

static inline void world_dropped(struct host *h, struct http_exchange *x)
{
	(void)x;
	world_of(h)->drops++;
}

static inline int world_lua_open(struct host *h, struct lua_functions **out, const char *path,
				 struct err *err)
{
	if (strcmp(path, "broken.lua") == 0)
		return err_set(err, ERR_INVALID, "broken.lua:1: syntax error");
	*out = (struct lua_functions *)(void *)world_of(h);
	return 0;
}

static inline bool world_lua_has(struct host *h, struct lua_functions *f, const char *name)
{
	const char *has = world_of(h)->handler_name;
	(void)f;
	return has && strcmp(name, has) == 0;
}

static inline int world_lua_call(struct host *h, struct lua_functions *f, const char *name,
				 struct bytes input, struct bytes context, struct buf *out,
				 struct err *err)
{
	(void)f, (void)context;
	world_of(h)->handler_calls++;
	return world_of(h)->handler(name, input, out, err);
}

static inline const char *world_env(struct host *h, const char *name)
{
	(void)h, (void)name;
	return NULL;
}

static inline void world_lua_close(struct host *h, struct lua_functions *f)
{
	(void)h, (void)f;
}

static inline void PRINTF_LIKE(3, 4)
    world_log(struct host *h, enum log_level level, const char *fmt, ...)
{
	(void)h, (void)level, (void)fmt;
}

static inline int world_register_command(struct host *h, const struct command *c, void *state,
					 struct err *err)
{
	(void)err;
	world_of(h)->command = c;
	world_of(h)->command_state = state;
	return 0;
}

static inline void world_init(struct local_world *w)
{
	*w = (struct local_world){ .now_ms = INT64_C(1795300000000) };
	w->api = (struct host_api){
		.abi = RUNBOOK_PLUGIN_ABI,
		.size = sizeof(struct host_api),
		.host = (struct host *)(void *)w,
		.register_command = world_register_command,
		.http_serve = world_serve,
		.http_unserve = world_unserve,
		.http_answer = world_answered,
		.http_drop = world_dropped,
		.now_ms = world_now,
		.mono_ms = world_now,
		.timer_start = world_timer_start,
		.timer_stop = world_timer_stop,
		.work = world_work,
		.lua_open = world_lua_open,
		.lua_has = world_lua_has,
		.lua_call = world_lua_call,
		.lua_close = world_lua_close,
		.log = world_log,
		.env = world_env,
	};
}

/* Fire the timer that is due first, time passing until then. False when there is none. */
static inline bool world_fire(struct local_world *w)
{
	int first = -1;
	for (int i = 0; i < WORLD_TIMERS; i++) {
		if (w->timers[i].fn && (first < 0 || w->timers[i].at < w->timers[first].at))
			first = i;
	}
	if (first < 0)
		return false;
	host_fn *fn = w->timers[first].fn;
	void *arg = w->timers[first].arg;
	if (w->timers[first].at > w->now_ms)
		w->now_ms = w->timers[first].at;
	w->timers[first].fn = NULL;
	fn(arg);
	return true;
}

/* The worker does its job; whether its done runs as well is the caller's. */
static inline bool world_do_work(struct local_world *w)
{
	if (!w->work)
		return false;
	w->work(w->work_arg);
	w->work = NULL;
	return true;
}

static inline bool world_end_work(struct local_world *w)
{
	if (!w->work && !w->work_done)
		return false;
	(void)world_do_work(w);
	host_fn *done = w->work_done;
	w->work_done = NULL;
	done(w->work_arg);
	return true;
}

/* Until nothing is left that is due within ms. */
static inline void world_settle(struct local_world *w, int64_t ms)
{
	int64_t until = w->now_ms + ms;
	for (bool more = true; more;) {
		more = world_end_work(w);
		for (int i = 0; i < WORLD_TIMERS && !more; i++)
			more = w->timers[i].fn && w->timers[i].at <= until && world_fire(w);
	}
}

static inline const char *world_dir(struct local_world *w)
{
	scratch_begin(w->dir);
	return w->dir;
}

static inline const char *world_path(const struct local_world *w, char out[256], const char *name)
{
	(void)snprintf(out, 256, "%s/%s", w->dir, name);
	return out;
}

static inline void world_remove_dir(struct local_world *w)
{
	static const char *const names[] = { "engine.db", "engine.db-wal", "engine.db-shm",
					     "engine.lock", "log" };
	char path[256];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(world_path(w, path, names[i]));
	INVARIANT(rmdir(w->dir) == 0);
}

#endif
