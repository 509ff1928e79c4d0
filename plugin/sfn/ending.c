#include "sfn/ending.h"

#include <stdio.h>

enum { TEXT_MAX = 1 << 17, EXTRA_MAX = 1 << 20 };

#define OUTCOME_UNKNOWN "OutcomeUnknown"

static void set_string(cJSON *object, const char *name, struct bytes value)
{
	char text[2048 + 1];
	if (value.n == 0 || value.n >= sizeof(text) || json_get(object, name))
		return;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	cJSON_AddItemToObject(object, name, cJSON_CreateString(text));
}

/* Which permission is missing on what: from the message where it says so, else from the row. */
static void add_denied(cJSON *extra, const struct ending *e)
{
	struct bytes action, resource;
	aws_denied(&action, &resource, buf_cstr(&e->last->message));
	set_string(extra, "action", action);
	set_string(extra, "action", bytes_str(e->op->iam_action));
	set_string(extra, "resource", resource);
	cJSON *args = json_parse(e->args, NULL);
	const char *arn = json_get_str(args, e->op->resource);
	if (arn && strncmp(arn, "arn:", 4) == 0)
		set_string(extra, "resource", bytes_str(arn));
	set_string(extra, "resource", bytes_str(e->op->iam_resource));
	cJSON_Delete(args);
}

/* The error's further members: the service's own, completed by ours. */
static void write_extra(struct buf *out, const struct ending *e)
{
	cJSON *extra = e->last->extra.n > 0 ? json_parse(buf_bytes(&e->last->extra), NULL)
					    : cJSON_CreateObject();
	if (!extra)
		return;
	if (strcmp(e->last->code, "AccessDeniedException") == 0)
		add_denied(extra, e);
	if (e->unknown)
		set_string(extra, "cause", bytes_str(e->last->code));
	if (extra->child)
		json_write(out, extra);
	cJSON_Delete(extra);
}

static void write_message(struct buf *out, const struct ending *e)
{
	const char *last = buf_cstr(&e->last->message);
	if (!e->unknown) {
		buf_adds(out, last);
		return;
	}
	buf_adds(out, e->doubt);
	if (!strstr(e->doubt, last) || *last == '\0')
		buf_addf(out, "; the last attempt ended with %s: %s", e->last->code, last);
}

void ending_deliver(const struct ending *e, void (*done)(void *arg, const struct call_result *r),
		    void *arg)
{
	struct buf message = BUF_INIT(TEXT_MAX), extra = BUF_INIT(EXTRA_MAX);
	struct buf context = BUF_INIT(TEXT_MAX);
	bool failed = e->last->code[0] != '\0';
	struct call_result result = {
		.status = e->last->status,
		.request_id = e->last->request_id[0] ? e->last->request_id : NULL,
		.attempts = e->attempts,
	};
	if (e->identity) {
		buf_adds(&context, "{\"identity\":");
		json_write_string(&context, bytes_str(e->identity));
		buf_adds(&context, "}");
		result.context = buf_bytes(&context);
	}
	if (failed) {
		write_message(&message, e);
		write_extra(&extra, e);
		result.code = e->unknown ? OUTCOME_UNKNOWN : e->last->code;
		result.message = buf_cstr(&message);
		result.extra = extra.err ? (struct bytes){ NULL, 0 } : buf_bytes(&extra);
		result.retryable = e->retryable && !e->unknown;
		result.unknown = e->unknown;
	} else {
		result.answer = e->body.n > 0 ? e->body : BYTES_LIT("{}");
	}
	done(arg, &result);
	buf_clear(&context);
	buf_clear(&extra);
	buf_clear(&message);
}
