#include "local/shell/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLICE_MS = 5, OUTPUT_MAX = 16 * 1024 * 1024 };

/* A task that waits for its turn. Its texts follow it in the same block. */
struct queued {
	struct queued *next;
	void *owner;
	uint64_t id;
	const char *function;
	struct bytes input, context;
};

struct handlers {
	const struct host_api *api;
	handlers_done_fn *done;
	void *arg;
	char *path;
	struct lua_functions *functions; /* NULL: no file */
	struct queued *first, **last;
	struct timer *turn; /* while something is queued */
};

/* How a call ended. */
struct outcome {
	struct buf output;
	const char *error;
	struct err err;
};

static void on_turn(void *arg);

int handlers_open(struct handlers **out, const struct handlers_spec *spec, struct err *err)
{
	struct handlers *h = calloc(1, sizeof(*h));
	int rc = 0;
	if (!h)
		return err_set(err, ERR_NOMEM, "out of memory");
	h->api = spec->api;
	h->done = spec->done;
	h->arg = spec->arg;
	h->last = &h->first;
	h->path = strdup(spec->path ? spec->path : "");
	if (!h->path)
		rc = err_set(err, ERR_NOMEM, "out of memory");
	else if (spec->path)
		rc = h->api->lua_open(h->api->host, &h->functions, spec->path, err);
	if (rc)
		handlers_close(h);
	else
		*out = h;
	return rc;
}

bool handlers_has(const struct handlers *h, const char *function)
{
	return h->functions && h->api->lua_has(h->api->host, h->functions, function);
}

bool handlers_busy(const struct handlers *h)
{
	return h->first != NULL;
}

void handlers_drop(struct handlers *h)
{
	while (h->first) {
		struct queued *q = h->first;
		h->first = q->next;
		free(q);
	}
	h->last = &h->first;
}

void handlers_close(struct handlers *h)
{
	if (!h)
		return;
	handlers_drop(h);
	if (h->turn)
		h->api->timer_stop(h->api->host, h->turn);
	if (h->functions)
		h->api->lua_close(h->api->host, h->functions);
	free(h->path);
	free(h);
}

static void wake(struct handlers *h)
{
	if (!h->turn)
		h->turn = h->api->timer_start(h->api->host, 0, on_turn, h);
}

static char *put(char *at, struct bytes text)
{
	if (text.n)
		memcpy(at, text.p, text.n);
	at[text.n] = '\0';
	return at + text.n + 1;
}

void handlers_start(struct handlers *h, void *owner, const struct engine_task *task)
{
	struct bytes function = bytes_str(task->function ? task->function : task->resource);
	size_t n = function.n + task->input.n + task->context.n + 3;
	struct queued *q = malloc(sizeof(*q) + n);
	INVARIANT(q != NULL); /* a task that is neither run nor ended would hang its execution */
	*q = (struct queued){ .owner = owner, .id = task->id };
	char *at = (char *)(q + 1);
	q->function = at;
	at = put(at, function);
	q->input = (struct bytes){ at, task->input.n };
	at = put(at, task->input);
	q->context = (struct bytes){ at, task->context.n };
	(void)put(at, task->context);
	*h->last = q;
	h->last = &q->next;
	wake(h);
}

void handlers_stop(struct handlers *h, void *owner, uint64_t id)
{
	for (struct queued **link = &h->first; *link; link = &(*link)->next) {
		struct queued *q = *link;
		if (q->owner != owner || q->id != id)
			continue;
		*link = q->next;
		if (h->last == &q->next)
			h->last = link;
		free(q);
		return;
	}
}

static void not_found(struct outcome *o, const struct handlers *h, const char *function)
{
	o->error = "Lambda.ResourceNotFoundException";
	if (h->functions)
		(void)err_set(
		    &o->err, ERR_INVALID,
		    "Function not found: %.200s (the handlers file '%s' returns no function "
		    "of that name)",
		    function, h->path);
	else
		(void)err_set(&o->err, ERR_INVALID,
			      "Function not found: %.200s (there is no handlers file; start with "
			      "--handlers FILE)",
			      function);
}

/* The names AWS Lambda gives to what a function did. */
static const char *error_name(int rc, struct err *err)
{
	switch (err_code_of(rc)) {
	case ERR_REMOTE:
		return err->name[0] ? err->name : "Error";
	case ERR_LIMIT:
	case ERR_TIMEOUT:
		return "Sandbox.Timedout";
	case ERR_INVALID:
		return "Runtime.MarshalError";
	case ERR_NOMEM:
	case ERR_IO:
	case ERR_CANCELLED:
	case ERR_AUTH:
		break;
	}
	return "Lambda.Unknown";
}

static void run(struct outcome *o, struct handlers *h, const struct queued *q)
{
	const struct host_api *api = h->api;
	if (!handlers_has(h, q->function)) {
		not_found(o, h, q->function);
		return;
	}
	int rc = api->lua_call(api->host, h->functions, q->function, q->input, q->context,
			       &o->output, &o->err);
	if (!rc && o->output.err)
		rc = err_set(&o->err, ERR_INVALID, "the result is too large");
	if (rc)
		o->error = error_name(rc, &o->err);
}

static void run_first(struct handlers *h)
{
	struct queued *q = h->first;
	struct outcome o = { .output = BUF_INIT(OUTPUT_MAX) };
	h->first = q->next;
	if (!h->first)
		h->last = &h->first;
	run(&o, h, q);
	if (o.error)
		h->done(h->arg, q->owner, q->id, (struct bytes){ 0 }, o.error, o.err.message);
	else
		h->done(h->arg, q->owner, q->id, buf_bytes(&o.output), NULL, NULL);
	buf_clear(&o.output);
	free(q);
}

static void on_turn(void *arg)
{
	struct handlers *h = arg;
	int64_t until = h->api->mono_ms(h->api->host) + SLICE_MS;
	h->turn = NULL;
	while (h->first && h->api->mono_ms(h->api->host) <= until)
		run_first(h);
	if (h->first)
		wake(h);
}
