/*
 * call_world.h - a client and one call of it on the fake host; every attempt ends when a test says.
 */
#ifndef TESTS_CALL_WORLD_H
#define TESTS_CALL_WORLD_H

#include "tap.h"

#include "fake_host.h"
#include "sfn/call.h"
#include "sfn/ops.h"

#define EXECUTION "arn:aws:states:us-east-1:123456789012:execution:Orders:run-1"
#define REDRIVE_ARGS "{\"executionArn\":\"" EXECUTION "\",\"clientToken\":\"token-1\"}"
#define RUN_ARGS "{\"mapRunArn\":\"arn:aws:states:us-east-1:123456789012:mapRun:Orders/L:1\"}"
#define REDRIVEN "{\"redriveDate\":1.790218660927E9}"
#define ERROR(code) \
	"{\"__type\":\"com.amazonaws.swf.service.v2.model#" code "\",\"message\":\"why\"}"

struct world {
	struct fake_host fake;
	struct settings settings;
	struct client *client;
	struct call_list calls;
	struct call_spec spec;
	struct host_call host_call;
	int opened; /* how often the local engine was asked for */
	bool engine_fails;
};

static inline double almost_one(void)
{
	return 0.999;
}

static inline int open_local(void *arg, char url[LOCAL_URL_SIZE], struct err *err)
{
	struct world *w = arg;
	w->opened++;
	if (w->engine_fails)
		return err_named(err, ERR_IO, "EngineError", "no room");
	(void)snprintf(url, LOCAL_URL_SIZE, "http://127.0.0.1:8083");
	return 0;
}

static inline void world_init(struct world *w)
{
	*w = (struct world){ .opened = 0 };
	fake_init(&w->fake);
	fake_setenv(&w->fake, "HOME", "/nonexistent");
	fake_setenv(&w->fake, "AWS_REGION", "us-east-1");
	fake_setenv(&w->fake, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
	fake_setenv(&w->fake, "AWS_SECRET_ACCESS_KEY", "secret");
}

static inline void world_clear(struct world *w)
{
	call_list_stop(&w->calls);
	client_free(w->client);
	fake_clear(&w->fake);
}

/* Start a call; the client is made by the first. */
static inline void begin(struct world *w, const char *op, const char *args)
{
	if (!w->client) {
		const struct client_spec spec = { .api = &w->fake.api,
						  .settings = &w->settings,
						  .version = "0",
						  .open_local = open_local,
						  .arg = w,
						  .random = almost_one };
		int rc = client_new(&w->client, &spec, NULL);
		INVARIANT(rc == 0);
	}
	w->spec = (struct call_spec){ .client = w->client,
				      .op = sfn_op_by_wire_name(op),
				      .list = &w->calls };
	w->host_call.args = bytes_str(args);
	call_start(&w->spec, &w->host_call);
}

/* The same up to the first request being on its way. */
static inline bool send(struct world *w, const char *op, const char *args)
{
	begin(w, op, args);
	return fake_fire(&w->fake) && w->fake.http_done;
}

/* After a failed attempt: wait out the back-off, up to the next request. */
static inline bool resend(struct world *w)
{
	bool backed_off = fake_fire(&w->fake);
	return backed_off && fake_fire(&w->fake) && w->fake.http_done;
}

/* How one attempt ends: an answer, or without one when status is 0. */
struct turn {
	int status;
	const char *text; /* body, or why there is none */
	enum err_code code;
	bool maybe_sent;
	int64_t delay_ms; /* the back-off it must lead to; 0: any */
};

/* Let attempts end one after the other; the next request goes out in between. */
static inline bool play(struct world *w, const struct turn *turns, int n)
{
	for (int i = 0; i < n; i++) {
		const struct turn *t = &turns[i];
		if (i > 0 && !resend(w))
			return false;
		if (!(t->status ? fake_answer(&w->fake, t->status, t->text, NULL)
				: fake_break(&w->fake, t->code, t->text, t->maybe_sent)))
			return false;
		if (t->delay_ms)
			CHECK_INT(w->fake.delay_ms, t->delay_ms);
	}
	return true;
}

#endif
