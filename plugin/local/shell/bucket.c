#include "local/shell/bucket.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/random.h"
#include "local/core/jsonw.h"

enum { BUCKET_NAME_MAX = 63, REQUEST_ID_LEN = 16, HOST_ID_BYTES = 56 };

void bucket_answer_init(struct bucket_answer *a)
{
	*a = (struct bucket_answer){ .attempts = 1, .body = BUF_INIT(BUCKET_BODY_MAX) };
}

static void drop(struct bucket_answer *a)
{
	for (size_t i = 0; i < a->n_entries; i++)
		free(a->entries[i].key);
	free(a->entries);
	a->entries = NULL;
	a->n_entries = a->cap_entries = 0;
	buf_clear(&a->body);
}

void bucket_answer_clear(struct bucket_answer *a)
{
	drop(a);
	bucket_answer_init(a);
}

void bucket_answer_fail(struct bucket_answer *a, int status, const char *code, const char *fmt, ...)
{
	drop(a);
	a->status = status;
	(void)snprintf(a->code, sizeof(a->code), "%s", code);
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(a->message, sizeof(a->message), fmt, ap);
	va_end(ap);
}

struct bucket_entry *bucket_answer_add(struct bucket_answer *a, struct bytes key)
{
	if (a->n_entries == a->cap_entries) {
		size_t cap = a->cap_entries ? 2 * a->cap_entries : 64;
		void *more = reallocarray(a->entries, cap, sizeof(*a->entries));
		if (!more)
			return NULL;
		a->entries = more;
		a->cap_entries = cap;
	}
	char *copy = strndup(key.p, key.n);
	if (!copy)
		return NULL;
	struct bucket_entry *e = &a->entries[a->n_entries++];
	*e = (struct bucket_entry){ .key = copy };
	return e;
}

void bucket_answer_ids(struct bucket_answer *a)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint8_t noise[REQUEST_ID_LEN + HOST_ID_BYTES];
	random_bytes(noise, sizeof(noise));
	if (!a->request_id[0]) {
		for (size_t i = 0; i < REQUEST_ID_LEN; i++)
			a->request_id[i] = digits[noise[i] % (sizeof(digits) - 1)];
		a->request_id[REQUEST_ID_LEN] = '\0';
	}
	if (!a->host_id[0]) {
		struct buf id = BUF_INIT(sizeof(a->host_id));
		base64_encode(
		    &id, (struct bytes){ (const char *)noise + REQUEST_ID_LEN, HOST_ID_BYTES });
		(void)snprintf(a->host_id, sizeof(a->host_id), "%s", buf_cstr(&id));
		buf_clear(&id);
	}
}

/* Looser than S3, which has changed its rules: enough that a name is one harmless path segment. */
static bool name_is_fine(const char *name)
{
	size_t n =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	return n > 0 && name[n] == '\0' && n <= BUCKET_NAME_MAX && name[0] != '.';
}

bool bucket_request_check(const struct bucket_request *q, struct bucket_answer *a)
{
	if (q->refused)
		bucket_answer_fail(a, 0, "Refused", "%s", q->refused);
	else if (!name_is_fine(q->bucket))
		bucket_answer_fail(a, 400, "InvalidBucketName",
				   "The specified bucket is not valid.");
	else if (q->op != BUCKET_LIST && !q->key[0])
		bucket_answer_fail(a, 400, "InvalidRequest", "The key is empty.");
	else if (strlen(q->key) > BUCKET_KEY_MAX)
		bucket_answer_fail(a, 400, "KeyTooLongError", "Your key is too long");
	else
		return true;
	return false;
}

void bucket_answer_cause(struct buf *out, const struct bucket_answer *a)
{
	if (!a->status) { /* nobody answered */
		buf_addf(out, "%s (SDK Attempt Count: %d)", a->message, a->attempts);
		return;
	}
	buf_addf(out,
		 "%s (Service: S3, Status Code: %d, Request ID: %s, Extended Request ID: %s) "
		 "(SDK Attempt Count: %d)",
		 a->message, a->status, a->request_id, a->host_id, a->attempts);
}

void bucket_answer_items(struct buf *out, const struct bucket_answer *a)
{
	struct jsonw w = { out, false };
	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < a->n_entries; i++) {
		const struct bucket_entry *e = &a->entries[i];
		jsonw_open(&w, NULL, '{');
		jsonw_str(&w, "Etag", e->etag);
		jsonw_int(&w, "LastModified", e->modified_ms / 1000);
		jsonw_str(&w, "Key", e->key);
		jsonw_int(&w, "Size", e->size);
		jsonw_str(&w, "StorageClass", e->storage_class);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
}
