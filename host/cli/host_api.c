/* host_api.c - each function of plugin_api.h handed on to the room that does it. */
#include "cli/host_api.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/secrets.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "script/functions.h"
#include "script/registry.h"
#include "script/run.h"

enum { LOG_LINE_MAX = 2048 };

static int api_register_operation(struct host *h, const char *ns, const struct operation *op,
				  void *state, struct err *err)
{
	return registry_add_operation(h->registry, ns, op, state, err);
}

static int api_register_command(struct host *h, const struct command *cmd, void *state,
				struct err *err)
{
	return registry_add_command(h->registry, cmd, state, err);
}

static void api_call_done(struct host *h, struct host_call *call, const struct call_result *result)
{
	(void)h;
	run_call_done(call, result);
}

static void api_call_throttled(struct host *h, struct host_call *call)
{
	(void)h;
	run_call_throttled(call);
}

static struct http_transfer *api_http_start(struct host *h, const struct http_request *req,
					    http_done_fn *done, void *arg)
{
	return http_start(h->http, req, done, arg);
}

static void api_http_stop(struct host *h, struct http_transfer *t)
{
	(void)h;
	http_stop(t);
}

static bool api_http_maybe_sent(struct host *h, const struct http_transfer *t)
{
	(void)h;
	return http_maybe_sent(t);
}

static int api_http_serve(struct host *h, struct http_server **out,
			  const struct http_serve_spec *spec, uint16_t *port, struct err *err)
{
	int rc = http_server_start(out, h->loop, spec, err);
	if (rc == 0 && port)
		*port = http_server_port(*out, 0);
	return rc;
}

static void api_http_unserve(struct host *h, struct http_server *s)
{
	(void)h;
	http_server_free(s);
}

static void api_http_answer(struct host *h, struct http_exchange *x, int status,
			    const struct http_header *headers, size_t n_headers, struct bytes body)
{
	(void)h;
	http_server_answer(x, status, headers, n_headers, body);
}

static void api_http_drop(struct host *h, struct http_exchange *x)
{
	(void)h;
	http_server_drop(x);
}

static int64_t api_now_ms(struct host *h)
{
	(void)h;
	return clock_wall_ms();
}

static int64_t api_mono_ms(struct host *h)
{
	(void)h;
	return clock_mono_ms();
}

static struct timer *api_timer_start(struct host *h, int64_t delay_ms, host_fn *fn, void *arg)
{
	return timer_start(h->loop, delay_ms, fn, arg);
}

static void api_timer_stop(struct host *h, struct timer *t)
{
	(void)h;
	timer_stop(t);
}

static void api_work(struct host *h, host_fn *fn, host_fn *done, void *arg)
{
	worker_submit(h->worker, fn, done, arg);
}

static void handler_log(void *arg, enum log_level level, const char *text)
{
	struct host *h = arg;
	if (level >= h->config->log_level)
		terminal_log(&h->terminal, level, text);
}

static int api_lua_open(struct host *h, struct lua_functions **out, const char *path,
			struct err *err)
{
	return functions_open(
	    out,
	    &(struct functions_spec){
		.path = path, .lua_dir = h->config->lua_dir, .on_log = handler_log, .arg = h },
	    err);
}

static bool api_lua_has(struct host *h, struct lua_functions *f, const char *name)
{
	(void)h;
	return functions_has(f, name);
}

static int api_lua_call(struct host *h, struct lua_functions *f, const char *name,
			struct bytes input, struct bytes context, struct buf *out, struct err *err)
{
	(void)h;
	return functions_call(f, name, input, context, out, err);
}

static void api_lua_close(struct host *h, struct lua_functions *f)
{
	(void)h;
	functions_close(f);
}

static void api_log(struct host *h, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void api_log(struct host *h, enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	if (level < h->config->log_level)
		return;
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	terminal_log(&h->terminal, level, line);
}

static const char *api_env(struct host *h, const char *name)
{
	return environment_get(&h->environment, name);
}

static int api_secret(struct host *h, const char *name, struct buf *out, struct err *err)
{
	return secrets_read(h->config, name, out, err);
}

static void api_exit(struct host *h, int status)
{
	h->exit_status = status;
	loop_quit(h->loop);
}

void host_api_fill(struct host *h)
{
	h->api = (struct host_api){
		.abi = RUNBOOK_PLUGIN_ABI,
		.size = sizeof(struct host_api),
		.host = h,
		.register_operation = api_register_operation,
		.register_command = api_register_command,
		.call_done = api_call_done,
		.http_start = api_http_start,
		.http_stop = api_http_stop,
		.http_serve = api_http_serve,
		.http_unserve = api_http_unserve,
		.http_answer = api_http_answer,
		.now_ms = api_now_ms,
		.mono_ms = api_mono_ms,
		.timer_start = api_timer_start,
		.timer_stop = api_timer_stop,
		.work = api_work,
		.lua_open = api_lua_open,
		.lua_has = api_lua_has,
		.lua_call = api_lua_call,
		.lua_close = api_lua_close,
		.log = api_log,
		.env = api_env,
		.exit = api_exit,
		.http_drop = api_http_drop,
		.http_maybe_sent = api_http_maybe_sent,
		.secret = api_secret,
		.call_throttled = api_call_throttled,
	};
}
