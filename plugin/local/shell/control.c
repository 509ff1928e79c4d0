#include "local/shell/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "aws/endpoint.h"
#include "base/clock.h"

enum { ANSWER_MAX = 1024 * 1024 };

struct control {
	struct control_spec spec;
	bool under_way;
	struct http_exchange *waiting; /* for what is under way; NULL: the client has left */
};

int control_new(struct control **out, const struct control_spec *spec, struct err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "out of memory");
	c->spec = *spec;
	*out = c;
	return 0;
}

void control_free(struct control *c)
{
	free(c);
}

/* ---- answers ---- */

static void answer(struct control *c, struct http_exchange *x, int status, struct bytes body)
{
	static const struct http_header type = { "Content-Type", "application/json" };
	c->spec.api->http_answer(c->spec.api->host, x, status, &type, 1, body);
}

static void answer_error(struct control *c, struct http_exchange *x, int status, const char *why)
{
	struct buf body = BUF_INIT(ANSWER_MAX);
	buf_adds(&body, "{\"error\":");
	json_write_string(&body, bytes_str(why));
	buf_adds(&body, "}");
	answer(c, x, status, buf_bytes(&body));
	buf_clear(&body);
}

static int status_of(const struct err *err)
{
	if (err->code == ERR_CANCELLED)
		return 409;
	return err->code == ERR_IO || err->code == ERR_NOMEM ? 500 : 400;
}

/* Every success tells the time. */
static void answer_clock(struct control *c, struct http_exchange *x)
{
	const struct host_api *api = c->spec.api;
	int64_t now, wall;
	char text[ISO8601_SIZE];
	struct buf body = BUF_INIT(ANSWER_MAX);
	do { /* both within one millisecond: their difference is not to depend on the moment */
		wall = api->now_ms(api->host);
		now = c->spec.target.now(c->spec.target.arg);
	} while (api->now_ms(api->host) != wall);
	iso8601_format(text, now);
	buf_addf(&body, "{\"now\":\"%s\",\"nowMs\":%" PRId64 ",\"aheadMs\":%" PRId64 "}", text, now,
		 now - wall);
	answer(c, x, 200, buf_bytes(&body));
	buf_clear(&body);
}

static void answer_faults(struct control *c, struct http_exchange *x)
{
	struct buf body = BUF_INIT(ANSWER_MAX);
	buf_adds(&body, "{\"faults\":");
	fault_plan_write(c->spec.faults, &body);
	buf_adds(&body, "}");
	answer(c, x, 200, buf_bytes(&body));
	buf_clear(&body);
}

/* ---- what takes long ---- */

static int begin_advance(struct control *c, const cJSON *value, struct err *err)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 },
		      { "s", 1000 },
		      { "m", INT64_C(60000) },
		      { "h", INT64_C(3600000) },
		      { "d", INT64_C(86400000) } };
	const char *text = cJSON_IsString(value) ? value->valuestring : "";
	size_t digits = strspn(text, "0123456789");
	size_t i = 0;
	int64_t n = 0;
	while (i < 5 && strcmp(units[i].unit, text + digits) != 0)
		i++;
	for (size_t d = 0; d < digits && digits <= 15; d++)
		n = n * 10 + (text[d] - '0');
	if (digits == 0 || digits > 15 || i == 5 || n > INT64_MAX / units[i].ms)
		return err_set(err, ERR_INVALID,
			       "'advance' must be a duration such as 500ms, 30s, 15m, 2h or 15d, "
			       "not '%.40s'",
			       text);
	return c->spec.target.advance(c->spec.target.arg, n * units[i].ms, err);
}

static int begin_snapshot(struct control *c, const cJSON *value, struct err *err)
{
	if (!cJSON_IsString(value) || value->valuestring[0] != '/')
		return err_set(err, ERR_INVALID,
			       "'snapshot' must be the absolute path of a folder");
	return c->spec.target.snapshot(c->spec.target.arg, value->valuestring, err);
}

static int begin_reset(struct control *c, const cJSON *value, struct err *err)
{
	if (!cJSON_IsTrue(value))
		return err_set(err, ERR_INVALID, "'reset' must be true");
	int rc = c->spec.target.reset(c->spec.target.arg, err);
	if (!rc)
		fault_plan_clear(c->spec.faults);
	return rc;
}

typedef int begin_fn(struct control *c, const cJSON *value, struct err *err);

static void begin(struct control *c, struct http_exchange *x, begin_fn *fn, const cJSON *value)
{
	struct err err = { 0 };
	if (c->under_way) {
		answer_error(c, x, 409, "another advance, snapshot or reset is under way");
		return;
	}
	if (fn(c, value, &err) != 0) {
		answer_error(c, x, status_of(&err), err.message);
		return;
	}
	c->under_way = true;
	c->waiting = x;
}

void control_done(struct control *c, const struct err *err)
{
	struct http_exchange *x = c->waiting;
	c->under_way = false;
	c->waiting = NULL;
	if (!x)
		return;
	if (err->code)
		answer_error(c, x, status_of(err), err->message);
	else
		answer_clock(c, x);
}

void control_gone(struct control *c, const struct http_exchange *x)
{
	if (c->waiting == x)
		c->waiting = NULL;
}

/* ---- what is done at once ---- */

static void read_clock(struct control *c, struct http_exchange *x, const cJSON *value)
{
	if (cJSON_IsString(value) && strcmp(value->valuestring, "read") == 0)
		answer_clock(c, x);
	else
		answer_error(c, x, 400, "'clock' must be \"read\"");
}

static void order_fault(struct control *c, struct http_exchange *x, const cJSON *value)
{
	struct err err = { 0 };
	if (fault_plan_add(c->spec.faults, value, &err) != 0)
		answer_error(c, x, status_of(&err), err.message);
	else
		answer_faults(c, x);
}

static void list_faults(struct control *c, struct http_exchange *x, const cJSON *value)
{
	const char *what = cJSON_IsString(value) ? value->valuestring : "";
	bool clear = strcmp(what, "clear") == 0;
	if (!clear && strcmp(what, "list") != 0) {
		answer_error(c, x, 400, "'faults' must be \"list\" or \"clear\"");
		return;
	}
	if (clear)
		fault_plan_clear(c->spec.faults);
	answer_faults(c, x);
}

/* ---- requests ---- */

/* A page of another origin could reach this port through a browser, but not with these two. */
static const char *stranger(const struct http_received *req)
{
	static const char want[] = "application/json";
	const char *type = http_header_get(req->headers, req->n_headers, "content-type");
	const char *host = http_header_get(req->headers, req->n_headers, "host");
	char url[512];
	struct endpoint e;
	size_t n = sizeof(want) - 1;
	if (!type || strncasecmp(type, want, n) != 0 || (type[n] && !strchr("; ", type[n])))
		return "Content-Type must be application/json";
	int len = snprintf(url, sizeof(url), "http://%s/", host ? host : "");
	if (len >= (int)sizeof(url) || endpoint_parse(&e, url, NULL) != 0 || !e.loopback)
		return "Host must name this machine";
	return NULL;
}

static void dispatch(struct control *c, struct http_exchange *x, const cJSON *member)
{
	const char *name = member->string;
	if (strcmp(name, "advance") == 0)
		begin(c, x, begin_advance, member);
	else if (strcmp(name, "snapshot") == 0)
		begin(c, x, begin_snapshot, member);
	else if (strcmp(name, "reset") == 0)
		begin(c, x, begin_reset, member);
	else if (strcmp(name, "clock") == 0)
		read_clock(c, x, member);
	else if (strcmp(name, "fault") == 0)
		order_fault(c, x, member);
	else if (strcmp(name, "faults") == 0)
		list_faults(c, x, member);
	else
		answer_error(c, x, 400,
			     "expected one of advance, clock, fault, faults, snapshot, reset");
}

void control_serve(struct control *c, struct http_exchange *x, const struct http_received *req)
{
	struct err err = { 0 };
	const char *why = stranger(req);
	if (strcmp(req->method, "POST") != 0) {
		answer_error(c, x, 405, "only POST is served here");
		return;
	}
	if (why) {
		answer_error(c, x, 403, why);
		return;
	}
	cJSON *body = json_parse(req->body, &err);
	if (!body)
		answer_error(c, x, 400, err.message);
	else if (!cJSON_IsObject(body) || !body->child || body->child->next)
		answer_error(c, x, 400, "expected an object with one member");
	else
		dispatch(c, x, body->child);
	cJSON_Delete(body);
}
