#include "local/core/result_writer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "local/core/core.h"
#include "local/core/data.h"
#include "local/core/fault.h"
#include "local/core/frame.h"
#include "local/core/map_run.h"
#include "local/core/mem.h"
#include "local/core/objects.h"
#include "local/core/redrive.h"

/* The files in the order of writing; the manifest names the others. */
enum { FILE_FAILED, FILE_PENDING, FILE_SUCCEEDED, FILE_MANIFEST, FILES };

static const char *const file_names[FILES] = { "FAILED_0.json", "PENDING_0.json",
					       "SUCCEEDED_0.json", "manifest.json" };

int result_writer_open(struct map_run *run, struct frame *f, struct err *err)
{
	const cJSON *writer = json_get(f->state->def, "ResultWriter");
	struct doc *input, *parameters;
	if (!json_get_str(writer, "Resource"))
		return 0;
	int rc = data_input(f, &input, err);
	if (rc)
		return rc;
	rc = data_template(f, json_get(writer, "Parameters"), input, NULL, &parameters, err);
	doc_unref(input);
	if (rc)
		return rc;
	const char *bucket = json_get_str(doc_tree(parameters), "Bucket");
	const char *prefix = json_get_str(doc_tree(parameters), "Prefix");
	if (bucket) {
		run->bucket = mem_str(bucket);
		run->prefix = mem_str(prefix ? prefix : "");
	} else {
		rc = fault(err, "States.Runtime", "The ResultWriter needs the parameter Bucket");
	}
	doc_unref(parameters);
	return rc;
}

static char *key_of(const struct map_run *run, int file)
{
	const char *uuid = strrchr(run->arn, ':') + 1;
	size_t n = strlen(run->prefix);
	const char *slash = n > 0 && run->prefix[n - 1] != '/' ? "/" : "";
	if (run->attempts == 0)
		return mem_printf("%s%s%s/%s", run->prefix, slash, uuid, file_names[file]);
	return mem_printf("%s%s%s/Redrive-%lld/%s", run->prefix, slash, uuid,
			  (long long)run->attempts, file_names[file]);
}

/* ---- records ---- */

static void write_time(struct jsonw *w, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	iso8601_format(text, ms);
	jsonw_str(w, name, text);
}

static void write_included(struct jsonw *w, const char *name)
{
	jsonw_raw(w, name, BYTES_LIT("{\"Included\":true}"));
}

static void write_redrive_status(struct jsonw *w, const struct map_run *run,
				 const struct execution *x)
{
	const char *why = redrive_refusal(x, run->e->now);
	jsonw_int(w, "RedriveCount", x->redrive_count);
	if (x->redrive_ms)
		write_time(w, "RedriveDate", x->redrive_ms);
	jsonw_str(w, "RedriveStatus", why ? "NOT_REDRIVABLE" : "REDRIVABLE_BY_MAP_RUN");
	jsonw_str(w, "RedriveStatusReason", why);
}

static void write_child(struct jsonw *w, const struct map_run *run, const struct execution *x)
{
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "Cause", x->cause);
	jsonw_str(w, "Error", x->error);
	jsonw_str(w, "ExecutionArn", x->arn);
	jsonw_bytes(w, "Input", doc_text(x->input));
	write_included(w, "InputDetails");
	jsonw_str(w, "Name", x->name);
	if (x->output) {
		jsonw_bytes(w, "Output", doc_text(x->output));
		write_included(w, "OutputDetails");
	}
	write_redrive_status(w, run, x);
	write_time(w, "StartDate", x->start_ms);
	jsonw_str(w, "StateMachineArn", x->machine_arn);
	jsonw_str(w, "Status", execution_status_name(x->status.now));
	write_time(w, "StopDate", x->stop_ms);
	jsonw_close(w, '}');
}

static void write_pending(struct jsonw *w, struct doc *input)
{
	jsonw_open(w, NULL, '{');
	jsonw_bytes(w, "Input", doc_text(input));
	write_included(w, "InputDetails");
	jsonw_str(w, "Status", "PENDING");
	jsonw_close(w, '}');
}

static int file_of(const struct map_item *item)
{
	if (!item->child)
		return FILE_PENDING;
	return item->child->status.now == EXECUTION_SUCCEEDED ? FILE_SUCCEEDED : FILE_FAILED;
}

/* The content of a result file. @return false when it has no records */
static bool fill_file(const struct map_run *run, int file, struct buf *out)
{
	struct jsonw w = { out, false };
	bool any = false;
	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < run->n_items; i++) {
		const struct map_item *item = &run->items[i];
		if (file_of(item) != file)
			continue;
		any = true;
		if (item->child)
			write_child(&w, run, item->child);
		else
			write_pending(&w, item->input);
	}
	jsonw_close(&w, ']');
	return any;
}

static void fill_manifest(const struct map_run *run, struct buf *out)
{
	static const char *const names[] = { "FAILED", "PENDING", "SUCCEEDED" };
	struct jsonw w = { out, false };
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "DestinationBucket", run->bucket);
	jsonw_str(&w, "MapRunArn", run->arn);
	jsonw_open(&w, "ResultFiles", '{');
	for (int file = 0; file < FILE_MANIFEST; file++) {
		jsonw_open(&w, names[file], '[');
		if (run->written[file] > 0) {
			char *key = key_of(run, file);
			jsonw_open(&w, NULL, '{');
			jsonw_str(&w, "Key", key);
			jsonw_int(&w, "Size", run->written[file]);
			jsonw_close(&w, '}');
			free(key);
		}
		jsonw_close(&w, ']');
	}
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
}

static void put_file(struct map_run *run, int file, const struct buf *body)
{
	char *key = key_of(run, file);
	object_start(run, &(struct engine_object){ .what = ENGINE_OBJECT_PUT,
						   .bucket = run->bucket,
						   .key = key,
						   .body = buf_bytes(body) });
	free(key);
}

void result_writer_test(struct map_run *run)
{
	struct buf body = MEM_BUF;
	memset(run->written, 0, sizeof(run->written));
	fill_manifest(run, &body);
	put_file(run, FILE_MANIFEST, &body);
	buf_clear(&body);
}

bool result_writer_next(struct map_run *run)
{
	while (run->bucket && run->next_file < FILES) {
		struct buf body = MEM_BUF;
		int file = run->next_file++;
		bool any = true;
		if (file == FILE_MANIFEST)
			fill_manifest(run, &body);
		else
			any = fill_file(run, file, &body);
		if (file != FILE_MANIFEST)
			run->written[file] = any ? (int64_t)body.n : 0;
		if (any)
			put_file(run, file, &body);
		buf_clear(&body);
		if (any)
			return true;
	}
	return false;
}

struct doc *result_writer_output(const struct map_run *run)
{
	struct buf b = MEM_BUF;
	struct jsonw w = { &b, false };
	size_t n;
	char *key = key_of(run, FILE_MANIFEST);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "MapRunArn", run->arn);
	jsonw_open(&w, "ResultWriterDetails", '{');
	jsonw_str(&w, "Bucket", run->bucket);
	jsonw_str(&w, "Key", key);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	free(key);
	char *text = mem_take(&b, &n);
	return doc_of_owned(text, n);
}
