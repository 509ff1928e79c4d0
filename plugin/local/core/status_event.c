#include "local/core/status_event.h"

#include "local/core/core.h"
#include "local/core/execution.h"
#include "local/core/jsonw.h"
#include "local/core/mem.h"
#include "local/core/redrive.h"

enum { DATA_MAX = 248 * 1024 }; /* of input and output together */

static const struct bytes null = { "null", 4 };

static void write_text(struct jsonw *w, const char *name, const char *text)
{
	if (text)
		jsonw_str(w, name, text);
	else
		jsonw_raw(w, name, null);
}

static void write_time(struct jsonw *w, const char *name, int64_t ms)
{
	if (ms)
		jsonw_int(w, name, ms);
	else
		jsonw_raw(w, name, null);
}

static void write_data(struct jsonw *w, const char *name, struct doc *d, bool included)
{
	if (d && included)
		jsonw_bytes(w, name, doc_text(d));
	else
		jsonw_raw(w, name, null);
}

static void write_about(struct jsonw *w, const char *name, const struct doc *d, bool included)
{
	if (!d) {
		jsonw_raw(w, name, null);
		return;
	}
	jsonw_open(w, name, '{');
	jsonw_bool(w, "included", included);
	jsonw_close(w, '}');
}

static void write_redrive(struct jsonw *w, const struct execution *x)
{
	const char *why = redrive_refusal(x, x->e->now);
	const char *can = x->map_run ? "REDRIVABLE_BY_MAP_RUN" : "REDRIVABLE";
	jsonw_int(w, "redriveCount", x->redrive_count);
	write_time(w, "redriveDate", x->redrive_ms);
	jsonw_str(w, "redriveStatus", why ? "NOT_REDRIVABLE" : can);
	write_text(w, "redriveStatusReason", why);
}

static void write_detail(struct jsonw *w, const struct execution *x)
{
	size_t size = doc_text(x->input).n + (x->output ? doc_text(x->output).n : 0);
	bool included = size <= DATA_MAX;
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "executionArn", x->arn);
	jsonw_str(w, "stateMachineArn", x->machine_arn);
	jsonw_str(w, "name", x->name);
	jsonw_str(w, "status", execution_status_name(x->status.now));
	jsonw_int(w, "startDate", x->start_ms);
	write_time(w, "stopDate", x->stop_ms);
	write_data(w, "input", x->input, included);
	write_data(w, "output", x->output, included);
	write_text(w, "stateMachineVersionArn", x->version_arn);
	write_text(w, "stateMachineAliasArn", x->alias_arn);
	write_redrive(w, x);
	write_about(w, "inputDetails", x->input, included);
	write_about(w, "outputDetails", x->output, included);
	write_text(w, "error", x->error);
	write_text(w, "cause", x->cause);
	jsonw_close(w, '}');
}

void status_event_tell(struct execution *x)
{
	const struct engine_world *world = &x->e->world;
	struct buf detail = MEM_BUF;
	struct jsonw w = { &detail, false };
	if (!world->status_changed || x->express)
		return;
	write_detail(&w, x);
	world->status_changed(world->arg,
			      &(struct engine_status_change){ .execution_arn = x->arn,
							      .at_ms = x->e->now,
							      .detail = buf_bytes(&detail) });
	buf_clear(&detail);
}
