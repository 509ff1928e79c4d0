#include "local/core/task_events.h"

#include "base/random.h"
#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/task.h"

struct family {
	enum event_type scheduled, started, succeeded, failed, timed_out;
};

static const struct family lambda_family = { EV_LAMBDA_SCHEDULED, EV_LAMBDA_STARTED,
					     EV_LAMBDA_SUCCEEDED, EV_LAMBDA_FAILED,
					     EV_LAMBDA_TIMED_OUT };
static const struct family activity_family = { EV_ACTIVITY_SCHEDULED, EV_ACTIVITY_STARTED,
					       EV_ACTIVITY_SUCCEEDED, EV_ACTIVITY_FAILED,
					       EV_ACTIVITY_TIMED_OUT };
static const struct family service_family = { EV_TASK_SCHEDULED, EV_TASK_STARTED, EV_TASK_SUCCEEDED,
					      EV_TASK_FAILED, EV_TASK_TIMED_OUT };

static const struct family *family_of(const struct frame *f)
{
	if (f->task->kind == TASK_LAMBDA)
		return &lambda_family;
	return f->task->kind == TASK_ACTIVITY ? &activity_family : &service_family;
}

static bool is_service(const struct frame *f)
{
	return family_of(f) == &service_family;
}

/* "arn:aws:states:::aws-sdk:s3:getObject" is of type "aws-sdk:s3", resource "getObject". */
static void add_resource(struct jsonw *w, const struct frame *f)
{
	const char *start = strstr(f->task->resource, ":::");
	start = start ? start + 3 : f->task->resource;
	size_t n = strlen(start);
	/* The colon of ".sync:2" belongs to the resource. */
	n -= n > 7 && strcmp(start + n - 7, ".sync:2") == 0 ? 2 : 0;
	const char *colon = memrchr(start, ':', n);
	jsonw_str(w, "resource", colon ? colon + 1 : start);
	jsonw_bytes(w, "resourceType",
		    (struct bytes){ start, colon ? (size_t)(colon - start) : strlen(start) });
}

void task_note_scheduled(struct frame *f)
{
	struct task *t = f->task;
	struct details d;
	details_open(&d);
	if (is_service(f)) {
		jsonw_bytes(&d.w, "parameters", doc_text(t->input));
		jsonw_str(&d.w, "region", f->x->e->region);
		add_resource(&d.w, f);
	} else {
		details_data(&d, "input", t->input);
		jsonw_str(&d.w, "resource", t->resource);
	}
	if (t->heartbeat_s > 0)
		jsonw_int(&d.w, "heartbeatInSeconds", t->heartbeat_s);
	if (t->timeout_s > 0)
		jsonw_int(&d.w, "timeoutInSeconds", t->timeout_s);
	f->last_id = history_add(f->x, family_of(f)->scheduled, f->last_id, &d);
}

void task_note_started(struct frame *f, const char *worker)
{
	struct details d;
	if (f->task->kind == TASK_LAMBDA) {
		f->last_id = history_add(f->x, EV_LAMBDA_STARTED, f->last_id, NULL);
		return;
	}
	details_open(&d);
	if (is_service(f))
		add_resource(&d.w, f);
	else
		jsonw_str(&d.w, "workerName", worker);
	f->last_id = history_add(f->x, family_of(f)->started, f->last_id, &d);
}

static int64_t note_output(struct frame *f, enum event_type type, struct doc *output)
{
	struct details d;
	details_open(&d);
	details_data(&d, "output", output);
	if (is_service(f))
		add_resource(&d.w, f);
	return history_add(f->x, type, f->last_id, &d);
}

void task_note_submitted(struct frame *f, struct bytes output)
{
	struct doc *d = doc_of_text(output);
	f->last_id = note_output(f, EV_TASK_SUBMITTED, d);
	doc_unref(d);
}

/* What the Lambda API answers around the payload. */
static struct doc *invoke_answer(struct frame *f, struct bytes payload)
{
	struct buf b = MEM_BUF;
	struct jsonw w = { &b, false };
	char request[UUID_SIZE];
	engine_uuid(f->x->e, request, 4);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "ExecutedVersion", "$LATEST");
	jsonw_raw(&w, "Payload", payload);
	jsonw_open(&w, "SdkHttpMetadata", '{');
	jsonw_open(&w, "HttpHeaders", '{');
	jsonw_str(&w, "Content-Type", "application/json");
	jsonw_str(&w, "x-amzn-RequestId", request);
	jsonw_close(&w, '}');
	jsonw_int(&w, "HttpStatusCode", 200);
	jsonw_close(&w, '}');
	jsonw_open(&w, "SdkResponseMetadata", '{');
	jsonw_str(&w, "RequestId", request);
	jsonw_close(&w, '}');
	jsonw_int(&w, "StatusCode", 200);
	jsonw_close(&w, '}');
	size_t n;
	char *text = mem_take(&b, &n);
	return doc_of_owned(text, n);
}

struct doc *task_note_succeeded(struct frame *f, struct bytes output)
{
	struct doc *result = f->task->kind == TASK_INVOKE && !f->task->waits_for_token
				 ? invoke_answer(f, output)
				 : doc_of_text(output);
	f->last_id = note_output(f, family_of(f)->succeeded, result);
	return result;
}

void task_note_failed(struct frame *f, bool timed_out, const char *error, const char *cause)
{
	const struct family *family = family_of(f);
	struct details d;
	details_open(&d);
	jsonw_str(&d.w, "error", error);
	jsonw_str(&d.w, "cause", cause);
	if (is_service(f))
		add_resource(&d.w, f);
	f->last_id =
	    history_add(f->x, timed_out ? family->timed_out : family->failed, f->last_id, &d);
}
