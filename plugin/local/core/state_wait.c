/* state_wait.c - Wait: until a moment, or for a while. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/execution.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/mem.h"
#include "local/core/state.h"

static const double longest_s = 99999999;

/* The value as the service prints it in an error: strings bare, the rest as JSON. */
static void print_value(struct buf *out, const cJSON *v)
{
	if (cJSON_IsString(v))
		buf_adds(out, v->valuestring);
	else
		json_write(out, v);
}

static int refuse(struct err *err, const char *field, const char *what, const char *path,
		  const cJSON *v)
{
	struct buf value = BUF_INIT(512);
	print_value(&value, v);
	int rc = fault(err, "States.Runtime", "The %s parameter %s: %s == %s", field, what, path,
		       buf_cstr(&value));
	buf_clear(&value);
	return rc;
}

/* What SecondsPath or TimestampPath refers to. */
static int refer(const struct frame *f, struct doc *input, const char *field, const char *path,
		 cJSON **out, struct err *err)
{
	int rc = data_path(f, input, path, out, err);
	if (err_code_of(rc) != ERR_INVALID)
		return rc;
	return fault(err, "States.Runtime",
		     "The %s parameter does not reference an input value: %s", field, path);
}

static int until_seconds(const struct frame *f, struct doc *input, const char *path, int64_t *at,
			 struct err *err)
{
	cJSON *v;
	int rc = refer(f, input, "SecondsPath", path, &v, err);
	if (rc)
		return rc;
	if (!cJSON_IsNumber(v) || v->valuedouble != floor(v->valuedouble))
		rc = refuse(err, "SecondsPath", "cannot be parsed as a long value", path, v);
	else if (v->valuedouble < 0)
		rc = refuse(err, "SecondsPath", "references a negative value", path, v);
	else if (v->valuedouble > longest_s)
		rc = refuse(err, "SecondsPath", "references a value that is too large", path, v);
	else
		*at = f->x->e->now + (int64_t)v->valuedouble * 1000;
	cJSON_Delete(v);
	return rc;
}

static int until_timestamp(const struct frame *f, struct doc *input, const char *path, int64_t *at,
			   struct err *err)
{
	cJSON *v;
	int rc = refer(f, input, "TimestampPath", path, &v, err);
	if (rc)
		return rc;
	if (!cJSON_IsString(v) || iso8601_parse(at, bytes_str(v->valuestring)) != 0)
		rc = refuse(err, "TimestampPath",
			    "does not reference a valid ISO-8601 extended offset date-time format "
			    "string",
			    path, v);
	cJSON_Delete(v);
	return rc;
}

static int when(const struct frame *f, struct doc *input, int64_t *at, struct err *err)
{
	const cJSON *def = f->state->def;
	const char *path = json_get_str(def, "SecondsPath");
	if (path)
		return until_seconds(f, input, path, at, err);
	path = json_get_str(def, "TimestampPath");
	if (path)
		return until_timestamp(f, input, path, at, err);
	const char *stamp = json_get_str(def, "Timestamp");
	if (stamp)
		return iso8601_parse(at, bytes_str(stamp));
	*at = f->x->e->now + json_get_int(def, "Seconds", 0) * 1000;
	return 0;
}

void state_wait_run(struct frame *f)
{
	struct err why = { 0 };
	struct doc *input;
	int64_t at = 0;
	if (!state_input(f, &input))
		return;
	int rc = when(f, input, &at, &why);
	doc_unref(input);
	if (rc) {
		frame_fault(f, &why);
	} else if (at <= f->x->e->now) {
		state_wait_over(f);
	} else {
		sm_move(&f->phase, FRAME_WAITING);
		frame_set_alarm(f, at);
	}
}

void state_wait_over(struct frame *f)
{
	struct doc *input;
	if (!state_input(f, &input))
		return;
	state_exit_with_input(f, input, f->state->next);
	doc_unref(input);
}
