#include "local/shell/lambda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/percent.h"
#include "local/shell/upstream.h"

enum {
	PAYLOAD_MAX = 16 * 1024 * 1024,
	CAUSE_MAX = 32768,                    /* the service cuts a cause here */
	FUNCTION_MS = 15 * 60 * 1000 + 10000, /* no function runs longer */
	REGION_SIZE = 64,
};

/* One function, queued or running. Its texts follow it in the same block. */
struct invocation {
	struct invocation *next;
	struct lambda *lambda;
	struct http_transfer *transfer; /* NULL: waits for its turn */
	void *owner;
	uint64_t id;
	char region[REGION_SIZE];
	const char *function, *query; /* encoded; "": the latest version */
	struct bytes input;
};

struct lambda {
	const struct host_api *api;
	handlers_done_fn *done;
	void *arg;
	struct upstream upstream;
	struct invocation *first, **last; /* in the order of arrival */
	int running;
};

/* How an invocation ended. */
struct ending {
	struct bytes output; /* without error */
	const char *error;
	struct buf name, cause;
};

int lambda_open(struct lambda **out, const struct lambda_spec *spec, struct err *err)
{
	struct lambda *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_NOMEM, "out of memory");
	l->api = spec->api;
	l->done = spec->done;
	l->arg = spec->arg;
	l->last = &l->first;
	int rc = upstream_open(&l->upstream, spec->api, "lambda", spec->endpoint, err);
	if (rc)
		lambda_close(l);
	else
		*out = l;
	return rc;
}

static void remove_at(struct lambda *l, struct invocation **link)
{
	struct invocation *v = *link;
	*link = v->next;
	if (l->last == &v->next)
		l->last = link;
	if (v->transfer) {
		l->api->http_stop(l->api->host, v->transfer);
		l->running--;
	}
	free(v);
}

void lambda_drop(struct lambda *l)
{
	while (l->first)
		remove_at(l, &l->first);
}

void lambda_close(struct lambda *l)
{
	if (!l)
		return;
	lambda_drop(l);
	upstream_close(&l->upstream);
	free(l);
}

bool lambda_busy(const struct lambda *l)
{
	return l->first != NULL;
}

/* ---- answers ---- */

static bool is_json(struct bytes text)
{
	cJSON *v = json_parse(text, NULL);
	cJSON_Delete(v);
	return v != NULL;
}

/* The function failed: its payload says how. */
static void function_failed(struct ending *e, struct bytes payload)
{
	cJSON *v = json_parse(payload, NULL);
	const char *type = json_get_str(v, "errorType");
	if (type && *type) {
		buf_adds(&e->name, type);
		buf_add(&e->cause, payload.p, payload.n);
	} else {
		buf_adds(&e->name, "Lambda.Unknown");
		buf_adds(&e->cause, "The cause could not be determined because Lambda did not "
				    "return an error type. Returned payload: ");
		buf_add(&e->cause, payload.p, payload.n);
	}
	cJSON_Delete(v);
}

/* The service refused: "ResourceNotFoundException:http://..." in a header, or in the body. */
static void service_failed(struct ending *e, const struct http_answer *a)
{
	const char *type = http_header_get(a->headers, a->n_headers, "x-amzn-errortype");
	const char *id = http_header_get(a->headers, a->n_headers, "x-amzn-requestid");
	cJSON *v = json_parse(a->body, NULL);
	const char *message = json_get_str(v, "Message");
	if (!type)
		type =
		    json_get_str(v, "__type") ? json_get_str(v, "__type") : json_get_str(v, "code");
	if (!message)
		message = json_get_str(v, "message");
	const char *hash = type ? strchr(type, '#') : NULL;
	type = hash ? hash + 1 : type;
	if (type && *type)
		buf_addf(&e->name, "Lambda.%.*s", (int)strcspn(type, ":"), type);
	else
		buf_adds(&e->name, a->status >= 500 ? "Lambda.ServiceException"
						    : "Lambda.AWSLambdaException");
	buf_addf(&e->cause, "%s (Service: Lambda, Status Code: %d, Request ID: %s)",
		 message ? message : "the server gave no reason", a->status, id ? id : "null");
	cJSON_Delete(v);
}

static void read_answer(struct ending *e, const struct http_answer *a)
{
	if (!a->status || a->err.code) {
		buf_adds(&e->name, "Lambda.SdkClientException");
		buf_adds(&e->cause, a->err.message);
	} else if (a->status < 200 || a->status > 299) {
		service_failed(e, a);
	} else if (http_header_get(a->headers, a->n_headers, "x-amz-function-error")) {
		function_failed(e, a->body);
	} else if (a->body.n == 0) {
		e->output = BYTES_LIT("null");
	} else if (is_json(a->body)) {
		e->output = a->body;
	} else {
		buf_adds(&e->name, "Lambda.Unknown");
		buf_adds(&e->cause, "the function's answer is not JSON");
	}
	buf_cut(&e->cause, CAUSE_MAX);
	e->error = e->name.n ? buf_cstr(&e->name) : NULL;
}

/* ---- running ---- */

static void start_waiting(struct lambda *l);

static void on_done(void *arg, const struct http_answer *a)
{
	struct invocation *v = arg;
	struct lambda *l = v->lambda;
	struct ending e = { .name = BUF_INIT(256), .cause = BUF_INIT(PAYLOAD_MAX + 1024) };
	struct invocation **link = &l->first;
	void *owner = v->owner;
	uint64_t id = v->id;
	read_answer(&e, a);
	while (*link != v)
		link = &(*link)->next;
	v->transfer = NULL; /* it has ended */
	l->running--;
	remove_at(l, link);
	l->done(l->arg, owner, id, e.output, e.error, buf_cstr(&e.cause));
	buf_clear(&e.name);
	buf_clear(&e.cause);
	start_waiting(l);
}

/* Without a signature, where there can be none, the server will say what it thinks of it. */
static void sign(const struct invocation *v, struct upstream_head *head, const char *url)
{
	struct err err;
	const char *path = strstr(url, "://");
	path = path ? strchr(path + 3, '/') : NULL;
	path = path ? path : "/";
	const struct sigv4_request r = { .method = "POST",
					 .path = { path, strcspn(path, "?") },
					 .query = bytes_str(v->query),
					 .body = v->input,
					 .region = v->region };
	upstream_head_add(head, "Content-Type", "application/json");
	upstream_head_add(head, "X-Amz-Invocation-Type", "RequestResponse");
	if (upstream_sign(&v->lambda->upstream, head, &r, &err) != 0)
		v->lambda->api->log(v->lambda->api->host, LOG_WARN, "local engine: %s",
				    err.message);
}

static void invoke(struct invocation *v)
{
	struct lambda *l = v->lambda;
	struct buf url = BUF_INIT(4096);
	struct upstream_head head;
	buf_adds(&url, l->upstream.endpoint.url);
	if (url.n && url.p[url.n - 1] == '/')
		buf_cut(&url, url.n - 1);
	buf_addf(&url, "/2015-03-31/functions/%s/invocations%s%s", v->function,
		 *v->query ? "?" : "", v->query);
	upstream_head_init(&head, &l->upstream);
	sign(v, &head, buf_cstr(&url));
	const struct http_request req = {
		.method = "POST",
		.url = buf_cstr(&url),
		.headers = head.v,
		.n_headers = head.n,
		.body = v->input,
		.idle_timeout_ms = FUNCTION_MS,
		.timeout_ms = FUNCTION_MS,
		.max_body = PAYLOAD_MAX,
	};
	l->running++;
	v->transfer = l->api->http_start(l->api->host, &req, on_done, v);
	buf_clear(&url);
	upstream_head_clear(&head);
}

static void start_waiting(struct lambda *l)
{
	for (struct invocation *v = l->first; v && l->running < LAMBDA_RUNNING_MAX; v = v->next) {
		if (!v->transfer)
			invoke(v);
	}
}

void lambda_start(struct lambda *l, void *owner, const char *region, const struct engine_task *task)
{
	static const char plain[] = "-_"; /* function names have no dots: they could mean folders */
	struct buf name = BUF_INIT(4096), query = BUF_INIT(4096);
	percent_encode(&name, bytes_str(task->function), plain);
	if (task->qualifier) {
		buf_adds(&query, "Qualifier=");
		percent_encode(&query, bytes_str(task->qualifier), plain);
	}
	struct invocation *v = malloc(sizeof(*v) + name.n + query.n + task->input.n + 3);
	INVARIANT(v != NULL); /* a task that is neither run nor ended would hang its execution */
	char *at = (char *)(v + 1);
	*v = (struct invocation){ .lambda = l, .owner = owner, .id = task->id, .function = at };
	(void)snprintf(v->region, sizeof(v->region), "%s", region);
	memcpy(at, buf_cstr(&name), name.n + 1);
	at += name.n + 1;
	v->query = at;
	memcpy(at, buf_cstr(&query), query.n + 1);
	at += query.n + 1;
	if (task->input.n)
		memcpy(at, task->input.p, task->input.n);
	v->input = (struct bytes){ at, task->input.n };
	buf_clear(&name);
	buf_clear(&query);
	*l->last = v;
	l->last = &v->next;
	start_waiting(l);
}

void lambda_stop(struct lambda *l, void *owner, uint64_t id)
{
	for (struct invocation **link = &l->first; *link; link = &(*link)->next) {
		if ((*link)->owner == owner && (*link)->id == id) {
			remove_at(l, link);
			start_waiting(l);
			return;
		}
	}
}
