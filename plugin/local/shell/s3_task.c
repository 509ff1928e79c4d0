#include "local/shell/s3_task.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/clock.h"
#include "local/core/jsonw.h"
#include "local/shell/buckets.h"

enum { PAGE = 1000, REFUSAL_MAX = 300 };

static const char prefix[] = ":::aws-sdk:s3:";

static const struct action {
	const char *name;
	enum bucket_op op;
} actions[] = {
	{ "getObject", BUCKET_GET },
	{ "headObject", BUCKET_HEAD },
	{ "putObject", BUCKET_PUT },
	{ "listObjectsV2", BUCKET_LIST },
};

/* What is behind ":::aws-sdk:s3:", up to ".waitForTaskToken"; empty: another service. */
static struct bytes action_of(const char *resource)
{
	const char *at = strstr(resource, prefix);
	if (!at)
		return BYTES_LIT("");
	at += strlen(prefix);
	return (struct bytes){ at, strcspn(at, ".") };
}

static const struct action *find(const char *resource)
{
	struct bytes name = action_of(resource);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (bytes_eq(name, bytes_str(actions[i].name)))
			return &actions[i];
	}
	return NULL;
}

bool s3_task_is(const char *resource)
{
	return find(resource) != NULL;
}

/* ---- arguments ---- */

/* @return the first member that is given and not understood, or NULL */
static const char *unknown_member(const cJSON *args)
{
	static const char *const names[] = {
		"Range",       "PartNumber",      "VersionId",         "Delimiter",   "IfMatch",
		"IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince", "EncodingType"
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (json_get(args, names[i]))
			return names[i];
	}
	return NULL;
}

static void check(char refusal[REFUSAL_MAX], const struct bucket_request *q, const cJSON *args)
{
	const char *unknown = unknown_member(args);
	const char *missing = !q->bucket ? "Bucket" : !q->key ? "Key" : NULL;
	if (missing)
		(void)snprintf(refusal, REFUSAL_MAX, "The field \"%s\" is required but was missing",
			       missing);
	else if (unknown)
		(void)snprintf(refusal, REFUSAL_MAX, "The field \"%s\" is not supported here",
			       unknown);
	else if (q->op == BUCKET_LIST && (q->max_keys < 1 || q->max_keys > PAGE))
		(void)snprintf(refusal, REFUSAL_MAX, "MaxKeys must be between 1 and %d", PAGE);
}

/* A string is written as it is, anything else as JSON. */
static void take_body(struct buf *out, const cJSON *body)
{
	if (cJSON_IsString(body))
		buf_adds(out, body->valuestring);
	else if (body)
		json_write(out, body);
}

void s3_task_start(struct buckets *b, void *owner, const char *region,
		   const struct engine_task *task)
{
	cJSON *args = json_parse(task->input, NULL);
	const char *key = json_get_str(args, "Key"),
		   *token = json_get_str(args, "ContinuationToken");
	struct buf body = BUF_INIT(BUCKET_BODY_MAX), after = BUF_INIT((size_t)2 * BUCKET_KEY_MAX);
	char refusal[REFUSAL_MAX] = "";
	struct bucket_request q = { .op = find(task->resource)->op,
				    .region = region,
				    .bucket = json_get_str(args, "Bucket"),
				    .key = key,
				    .start_after = json_get_str(args, "StartAfter"),
				    .content_type = json_get_str(args, "ContentType"),
				    .owner = owner,
				    .id = task->id,
				    .for_task = true };
	if (q.op == BUCKET_LIST) {
		q.max_keys = json_get_int(args, "MaxKeys", PAGE);
		q.key = json_get_str(args, "Prefix") ? json_get_str(args, "Prefix") : "";
	}
	if (q.op == BUCKET_PUT)
		take_body(&body, json_get(args, "Body"));
	check(refusal, &q, args);
	if (token && base64_decode(&after, bytes_str(token)) != 0)
		(void)snprintf(refusal, REFUSAL_MAX,
			       "The continuation token provided is incorrect");
	else if (token)
		q.start_after = buf_cstr(&after);
	if (body.err)
		(void)snprintf(refusal, REFUSAL_MAX, "The Body is too large");
	q.body = buf_bytes(&body);
	q.refused = refusal[0] ? refusal : NULL;
	buckets_start(b, &q);
	buf_clear(&body);
	buf_clear(&after);
	cJSON_Delete(args);
}

/* ---- results ---- */

/* "2026-11-22T00:34:40Z": S3's times are whole seconds. */
static void write_time(struct jsonw *w, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	iso8601_format(text, ms);
	(void)snprintf(text + strcspn(text, "."), 2, "Z");
	jsonw_str(w, name, text);
}

static const char *given(const char *text)
{
	return text[0] ? text : NULL;
}

static void write_object(struct jsonw *w, const struct bucket_request *q,
			 const struct bucket_answer *a)
{
	jsonw_str(w, "AcceptRanges", "bytes");
	if (q->op == BUCKET_GET)
		jsonw_bytes(w, "Body", a->body.n ? buf_bytes(&a->body) : BYTES_LIT(""));
	jsonw_int(w, "ContentLength", a->size);
	jsonw_str(w, "ContentType", given(a->content_type));
	jsonw_str(w, "ETag", given(a->etag));
	write_time(w, "LastModified", a->modified_ms);
	jsonw_raw(w, "Metadata", BYTES_LIT("{}"));
}

static void write_token(struct jsonw *w, const struct bucket_answer *a)
{
	struct buf token = BUF_INIT((size_t)4 * BUCKET_KEY_MAX);
	base64_encode(&token, bytes_str(a->entries[a->n_entries - 1].key));
	jsonw_str(w, "NextContinuationToken", buf_cstr(&token));
	buf_clear(&token);
}

static void write_listing(struct jsonw *w, const struct bucket_request *q,
			  const struct bucket_answer *a)
{
	jsonw_open(w, "Contents", '[');
	for (size_t i = 0; i < a->n_entries; i++) {
		const struct bucket_entry *e = &a->entries[i];
		jsonw_open(w, NULL, '{');
		jsonw_str(w, "ETag", e->etag);
		jsonw_str(w, "Key", e->key);
		write_time(w, "LastModified", e->modified_ms);
		jsonw_int(w, "Size", e->size);
		jsonw_str(w, "StorageClass", e->storage_class);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
	jsonw_bool(w, "IsTruncated", a->truncated);
	jsonw_int(w, "KeyCount", (int64_t)a->n_entries);
	jsonw_int(w, "MaxKeys", q->max_keys);
	jsonw_str(w, "Name", q->bucket);
	if (a->truncated && a->n_entries)
		write_token(w, a);
	jsonw_str(w, "Prefix", q->key);
}

static void write_result(struct buf *out, const struct bucket_request *q,
			 const struct bucket_answer *a)
{
	struct jsonw w = { out, false };
	jsonw_open(&w, NULL, '{');
	if (q->op == BUCKET_LIST)
		write_listing(&w, q, a);
	else if (q->op == BUCKET_PUT)
		jsonw_str(&w, "ETag", given(a->etag));
	else
		write_object(&w, q, a);
	jsonw_close(&w, '}');
}

/* The exceptions that the SDK's model of S3 names; all others are S3Exception. */
static void name_error(char out[80], const char *code)
{
	static const char *const modelled[] = { "NoSuchKey",          "NoSuchBucket",
						"InvalidObjectState", "EncryptionTypeMismatch",
						"InvalidRequest",     "TooManyParts",
						"SdkClient" };
	const char *name = "S3";
	for (size_t i = 0; i < sizeof(modelled) / sizeof(modelled[0]); i++) {
		if (strcmp(code, modelled[i]) == 0)
			name = modelled[i];
	}
	(void)snprintf(out, 80, "S3.%sException", name);
}

void s3_task_end(struct s3_task_end *out, const struct bucket_request *q,
		 const struct bucket_answer *a)
{
	*out = (struct s3_task_end){ .output = BUF_INIT(SIZE_MAX / 2), .cause = BUF_INIT(4096) };
	if (!a->code[0]) {
		write_result(&out->output, q, a);
		INVARIANT(!out->output.err);
	} else if (strcmp(a->code, "Refused") == 0) {
		out->error = "States.Runtime";
		buf_adds(&out->cause, a->message);
	} else {
		name_error(out->name, a->code);
		out->error = out->name;
		bucket_answer_cause(&out->cause, a);
	}
}

void s3_task_end_clear(struct s3_task_end *e)
{
	buf_clear(&e->output);
	buf_clear(&e->cause);
}
