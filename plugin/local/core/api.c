#include "local/core/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/machine.h"
#include "local/core/mem.h"

int api_find_machine(const struct api_call *c, const char *arn, struct machine **out,
		     struct err *err)
{
	struct arn a;
	int rc = arn_parse_as(&a, arn, "stateMachine", NULL, err);
	if (rc)
		return rc;
	*out = table_find(&c->e->machines, arn);
	if (!*out)
		return fault(err, "StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'",
			     arn);
	return 0;
}

int api_find_execution(const struct api_call *c, const char *arn, struct execution **out,
		       struct err *err)
{
	struct arn a;
	int rc = arn_parse_as(&a, arn, "execution", "express", err);
	if (rc)
		return rc;
	*out = table_find(&c->e->executions, arn);
	/* Express executions can only be looked at as children of a Map Run. */
	if (bytes_eq(a.type, BYTES_LIT("express")) && (!*out || !(*out)->map_run))
		return arn_parse_as(&a, arn, "execution", NULL, err);
	if (!*out)
		return fault(err, "ExecutionDoesNotExist", "Execution Does Not Exist: '%s'", arn);
	return 0;
}

int api_find_standard(const struct api_call *c, const char *arn, struct execution **out,
		      struct err *err)
{
	struct arn a;
	int rc = arn_parse_as(&a, arn, "execution", NULL, err);
	return rc ? rc : api_find_execution(c, arn, out, err);
}

int api_refuse(const struct api_call *c, struct err *err, const char *reason, const char *text)
{
	struct jsonw w = { c->extra, false };
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "reason", reason);
	jsonw_close(&w, '}');
	return fault(err, "ValidationException", "%s", text);
}

int api_wait(const struct api_call *c, const struct api_wait *wait, struct err *err)
{
	struct jsonw w = { c->extra, false };
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "key", wait->key);
	jsonw_str(&w, "op", wait->op);
	jsonw_raw(&w, "args", wait->args);
	jsonw_int(&w, "seconds", wait->seconds);
	jsonw_raw(&w, "otherwise", BYTES_LIT("{}"));
	jsonw_close(&w, '}');
	return err_set(err, ERR_TIMEOUT, "the answer waits for %s", wait->key);
}

void api_tells(const struct api_call *c, const struct record *r)
{
	uint64_t ticket = r->dirty ? UINT64_MAX : r->ticket;
	if (ticket > c->e->tells || !c->e->tells_known)
		c->e->tells = ticket;
	c->e->tells_known = true;
}

void api_tells_all(const struct api_call *c)
{
	c->e->tells = UINT64_MAX;
	c->e->tells_known = true;
}

/* ---- pages ---- */

enum { TOKEN_PARTS = 3, TOKEN_LEN = TOKEN_PARTS * 16 };

size_t page_size(const cJSON *args)
{
	int64_t n = json_get_int(args, "maxResults", 0);
	return n > 0 ? (size_t)n : PAGE_DEFAULT;
}

/* Ties a token to its listing; not a secret. */
static uint64_t seal(const char *about, uint64_t nonce, uint64_t start)
{
	uint64_t h = nonce ^ start * UINT64_C(0x9E3779B97F4A7C15);
	for (const char *p = about; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return h;
}

static bool read_hex(const char *text, uint64_t *out)
{
	*out = 0;
	for (int i = 0; i < 16; i++) {
		const char *digits = "0123456789abcdef";
		const char *d = text[i] ? strchr(digits, text[i]) : NULL;
		if (!d)
			return false;
		*out = *out << 4 | (uint64_t)(d - digits);
	}
	return true;
}

int page_start(const cJSON *args, const char *about, int64_t *start, struct err *err)
{
	const char *token = json_get_str(args, "nextToken");
	uint64_t part[TOKEN_PARTS];
	*start = 0;
	if (!token)
		return 0;
	bool good = strlen(token) == TOKEN_LEN;
	for (int i = 0; i < TOKEN_PARTS && good; i++)
		good = read_hex(token + (ptrdiff_t)i * 16, &part[i]);
	if (!good || seal(about, part[0], part[1]) != part[2])
		return fault(err, "InvalidToken", "Invalid Token: 'Invalid token'");
	*start = (int64_t)part[1];
	return 0;
}

void page_next(const struct api_call *c, const char *about, int64_t start)
{
	char token[TOKEN_LEN + 1];
	uint64_t nonce;
	c->e->world.random(c->e->world.arg, &nonce, sizeof(nonce));
	(void)snprintf(token, sizeof(token), "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, nonce,
		       (uint64_t)start, seal(about, nonce, (uint64_t)start));
	jsonw_str(c->w, "nextToken", token);
}

int page_newest_first(const struct api_call *c, const struct page_list *list, struct err *err)
{
	int64_t start;
	int rc = page_start(c->args, list->about, &start, err);
	if (rc)
		return rc;
	size_t left = page_size(c->args);
	size_t i = start > 0 && (size_t)start < list->n ? (size_t)start : list->n;
	jsonw_open(c->w, list->member, '[');
	for (; i > 0 && left > 0; i--) {
		if (list->row(c, list->rows, i - 1))
			left--;
	}
	jsonw_close(c->w, ']');
	if (i > 0)
		page_next(c, list->about, (int64_t)i);
	return 0;
}

/* ---- dispatch ---- */

static const struct api_row *const groups[] = {
	api_machine_rows, api_execution_rows, api_list_rows,     api_map_run_rows, api_sync_rows,
	api_tag_rows,     api_task_rows,      api_validate_rows, api_version_rows
};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static const struct api_row *find_row(const char *op)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct api_row *r = groups[g]; r->name; r++)
			if (strcmp(r->name, op) == 0)
				return r;
	return NULL;
}

const char *engine_operation(size_t i)
{
	for (size_t g = 0; g < GROUPS; g++)
		for (const struct api_row *r = groups[g]; r->name; r++)
			if (strcmp(r->name, API_COLLECT) != 0 && i-- == 0)
				return r->name;
	return NULL;
}

const struct arg *api_members(const char *op)
{
	const struct api_row *row = strcmp(op, API_COLLECT) == 0 ? NULL : find_row(op);
	return row ? row->members : NULL;
}

int api_serve(struct engine *e, const struct api_request *q, struct buf *answer, struct err *err)
{
	const struct api_row *row = find_row(q->op);
	if (!row)
		return fault(err, "UnknownOperationException", "%s is not an operation", q->op);
	struct buf body = MEM_BUF, extra = MEM_BUF;
	struct jsonw w = { &body, false };
	const struct api_call c = { e, q->args, &w, &extra, q->may_wait };
	jsonw_open(&w, NULL, '{');
	int rc = args_check(q->args, row->members, &extra, err);
	if (!rc)
		rc = row->fn(&c, err);
	jsonw_close(&w, '}');
	const struct buf *out = rc ? &extra : &body;
	buf_add(answer, out->p, out->n);
	buf_clear(&body);
	buf_clear(&extra);
	if (!rc && answer->err)
		rc = err_set(err, ERR_LIMIT, "answer of %s is too large", q->op);
	return rc;
}

uint64_t engine_tells(const struct engine *e)
{
	return e->tells_known ? e->tells : UINT64_MAX;
}

int engine_request(struct engine *e, int64_t now_ms, const char *op, const cJSON *args,
		   struct buf *answer, struct err *err)
{
	struct err ignored;
	e->now = now_ms > e->now ? now_ms : e->now;
	e->tells_known = false;
	int rc = api_serve(e, &(struct api_request){ op, args, e->world.ready != NULL }, answer,
			   err ? err : &ignored);
	if (rc)
		e->tells_known = false;
	frames_free_dead(e);
	return rc;
}
