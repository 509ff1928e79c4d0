/* api_task.c - activities and task tokens. */
#include <stdlib.h>

#include "local/core/activity.h"
#include "local/core/api.h"
#include "local/core/arn.h"
#include "local/core/core.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/tags.h"
#include "local/core/task.h"
#include "local/core/task_token.h"

/* ---- activities ---- */

static int find_activity(const struct api_call *c, struct activity **out, struct err *err)
{
	const char *arn = json_get_str(c->args, "activityArn");
	struct arn a;
	int rc = arn_parse_as(&a, arn, "activity", NULL, err);
	if (rc)
		return rc;
	*out = table_find(&c->e->activities, arn);
	return *out ? 0 : fault(err, "ActivityDoesNotExist", "Activity Does Not Exist: '%s'", arn);
}

static int create_activity(const struct api_call *c, struct err *err)
{
	const char *name = json_get_str(c->args, "name");
	if (!arn_name_ok(name))
		return fault(err, "InvalidName", "Invalid Name: '%s'", name);
	char *arn =
	    mem_printf("arn:aws:states:%s:%s:activity:%s", c->e->region, c->e->account, name);
	struct activity *a = table_find(&c->e->activities, arn);
	int rc = 0;
	if (!a) {
		a = activity_new(c->e, arn, name);
		a->created_ms = c->e->now;
		rc = tags_add(&a->tags, json_get(c->args, "tags"), err);
		record_touch(c->e, &a->record);
	}
	free(arn);
	if (rc) {
		activity_free(a);
		return rc;
	}
	jsonw_str(c->w, "activityArn", a->arn);
	jsonw_date(c->w, "creationDate", a->created_ms);
	return 0;
}

static int describe_activity(const struct api_call *c, struct err *err)
{
	struct activity *a;
	int rc = find_activity(c, &a, err);
	if (rc)
		return rc;
	jsonw_str(c->w, "activityArn", a->arn);
	jsonw_date(c->w, "creationDate", a->created_ms);
	jsonw_raw(c->w, "encryptionConfiguration",
		  BYTES_LIT("{\"__type\":\"com.amazonaws.swf.base.model#EncryptionConfiguration\","
			    "\"type\":\"AWS_OWNED_KEY\"}"));
	jsonw_str(c->w, "name", a->name);
	return 0;
}

static int delete_activity(const struct api_call *c, struct err *err)
{
	const char *arn = json_get_str(c->args, "activityArn");
	struct arn ignored;
	int rc = arn_parse_as(&ignored, arn, "activity", NULL, err);
	struct activity *a = rc ? NULL : table_find(&c->e->activities, arn);
	if (!a)
		return rc; /* deleting what is not there succeeds (recorded) */
	record_delete(c->e, "activity", a->arn);
	activity_free(a);
	return 0;
}

static int by_arn(const void *a, const void *b)
{
	const struct activity *const *x = a, *const *y = b;
	return strcmp((*x)->arn, (*y)->arn);
}

static int list_activities(const struct api_call *c, struct err *err)
{
	int64_t start;
	int rc = page_start(c->args, "ListActivities", &start, err);
	if (rc)
		return rc;
	size_t n = 0, pos = 0, i = (size_t)start, end = i + page_size(c->args);
	struct activity **list = mem_zero((c->e->activities.n + 1) * sizeof(struct activity *));
	struct activity *a;
	while ((a = table_next(&c->e->activities, &pos)) != NULL)
		list[n++] = a;
	qsort(list, n, sizeof(struct activity *), by_arn);
	jsonw_open(c->w, "activities", '[');
	for (; i < n && i < end; i++) {
		jsonw_open(c->w, NULL, '{');
		jsonw_str(c->w, "activityArn", list[i]->arn);
		jsonw_date(c->w, "creationDate", list[i]->created_ms);
		jsonw_str(c->w, "name", list[i]->name);
		jsonw_close(c->w, '}');
	}
	jsonw_close(c->w, ']');
	if (i < n)
		page_next(c, "ListActivities", (int64_t)i);
	free(list);
	return 0;
}

/* Recorded: without a task the answer is {}, after a minute. */
static int wait_for_task(const struct api_call *c, const struct activity *a, struct err *err)
{
	struct buf args = MEM_BUF;
	if (!c->may_wait)
		return 0;
	json_write(&args, c->args);
	int rc =
	    api_wait(c, &(struct api_wait){ a->arn, "GetActivityTask", buf_bytes(&args), 60 }, err);
	buf_clear(&args);
	return rc;
}

static int get_activity_task(const struct api_call *c, struct err *err)
{
	struct activity *a;
	int rc = find_activity(c, &a, err);
	if (rc)
		return rc;
	if (!a->first)
		return wait_for_task(c, a, err);
	struct frame *f = a->first;
	task_lease(f, json_get_str(c->args, "workerName"));
	jsonw_bytes(c->w, "input", doc_text(f->task->input));
	jsonw_str(c->w, "taskToken", f->task->token);
	return 0;
}

/* ---- tokens ---- */

/* The task of the token. *out NULL with return 0 never happens. */
static int find_task(const struct api_call *c, bool beat, struct frame **out, struct err *err)
{
	const char *token = json_get_str(c->args, "taskToken");
	char *resource = task_token_resource(c->e, token);
	if (!resource)
		return fault(err, "InvalidToken", "Invalid Token: 'Invalid token'");
	*out = table_find(&c->e->tokens, token);
	int rc = 0;
	if (!*out || ((*out)->task->cancelled && !beat))
		rc = fault(err, "TaskTimedOut", "Task Timed Out: '%s'", resource);
	free(resource);
	return rc;
}

static int send_heartbeat(const struct api_call *c, struct err *err)
{
	struct frame *f;
	int rc = find_task(c, true, &f, err);
	if (!rc && !f->task->cancelled)
		task_heartbeat(f);
	return rc;
}

static int send_failure(const struct api_call *c, struct err *err)
{
	struct frame *f;
	int rc = find_task(c, false, &f, err);
	if (!rc)
		task_failed(f, json_get_str(c->args, "error"), json_get_str(c->args, "cause"));
	return rc;
}

/* Recorded: the token is read first, then the output, and only then it matters whether the task is
 * still open. */
static int send_success(const struct api_call *c, struct err *err)
{
	const char *output = json_get_str(c->args, "output");
	struct frame *f;
	int rc = find_task(c, false, &f, err);
	if (rc && strcmp(err->name, "InvalidToken") == 0)
		return rc;
	cJSON *tree = json_parse(bytes_str(output), NULL);
	cJSON_Delete(tree);
	if (!tree)
		return fault(err, "InvalidOutput", "Invalid Output: '%s' is not valid JSON.",
			     output);
	if (!rc)
		task_succeeded(f, bytes_str(output));
	return rc;
}

#define TOKEN \
	{ \
		.name = "taskToken", .type = ARG_STRING, .required = true, .min = 1, .max = 2048 \
	}

static const struct arg create_args[] = {
	{ .name = "name", .type = ARG_STRING, .required = true, .min = 1, .max = 80 },
	{ .name = "tags", .type = ARG_LIST },
	{ 0 },
};

static const struct arg activity_args[] = {
	{ .name = "activityArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ 0 },
};

static const struct arg get_args[] = {
	{ .name = "activityArn", .type = ARG_STRING, .required = true, .min = 1, .max = 256 },
	{ .name = "workerName", .type = ARG_STRING, .min = 1, .max = 80 },
	{ 0 },
};

static const struct arg list_args[] = {
	{ .name = "maxResults", .type = ARG_INTEGER, .max = 1000 },
	{ .name = "nextToken", .type = ARG_STRING, .min = 1, .max = 1024 },
	{ 0 },
};

static const struct arg heartbeat_args[] = { TOKEN, { 0 } };

static const struct arg failure_args[] = {
	TOKEN,
	{ .name = "error", .type = ARG_STRING, .max = 256, .sensitive = true },
	{ .name = "cause", .type = ARG_STRING, .max = 32768, .sensitive = true },
	{ 0 },
};

static const struct arg success_args[] = {
	TOKEN,
	{ .name = "output",
	  .type = ARG_STRING,
	  .required = true,
	  .max = 262144,
	  .sensitive = true },
	{ 0 },
};

const struct api_row api_task_rows[] = {
	{ "CreateActivity", create_args, create_activity },
	{ "DeleteActivity", activity_args, delete_activity },
	{ "DescribeActivity", activity_args, describe_activity },
	{ "GetActivityTask", get_args, get_activity_task },
	{ "ListActivities", list_args, list_activities },
	{ "SendTaskFailure", failure_args, send_failure },
	{ "SendTaskHeartbeat", heartbeat_args, send_heartbeat },
	{ "SendTaskSuccess", success_args, send_success },
	{ 0 },
};
