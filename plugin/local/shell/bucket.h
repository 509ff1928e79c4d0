/*
 * bucket.h - an operation on a bucket: what is asked and what came of it.
 *
 * The two kinds of buckets, folders (bucket_folder.h) and those of an S3 endpoint (bucket_s3.h),
 * answer alike: with S3's error codes, texts and status codes.
 */
#ifndef LOCAL_BUCKET_H
#define LOCAL_BUCKET_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum bucket_op { BUCKET_GET, BUCKET_HEAD, BUCKET_PUT, BUCKET_LIST };

enum {
	BUCKET_KEY_MAX = 1024, /* bytes, S3's */
	BUCKET_BODY_MAX = 256 * 1024 * 1024,
};

struct bucket_request {
	enum bucket_op op;
	const char *region;
	const char *bucket;
	const char *key;          /* LIST: the prefix, "" for none */
	const char *version;      /* GET; NULL: the latest */
	const char *start_after;  /* LIST; NULL: from the first key */
	const char *content_type; /* PUT; NULL: binary/octet-stream */
	int64_t max_keys;         /* LIST; 0: all of them */
	struct bytes body;        /* PUT */
	const char *refused;      /* not NULL: do nothing, answer so with the code "Refused" */
	void *owner;              /* the asker's own; so are the next two */
	uint64_t id;
	bool for_task;
};

struct bucket_entry { /* of a listing */
	char *key;
	char etag[80]; /* with its quotes */
	char storage_class[32];
	int64_t size, modified_ms;
};

struct bucket_answer {
	int status;    /* HTTP's; 0: there was no answer */
	int attempts;  /* how often it was asked for */
	char code[64]; /* "": done. Else S3's, "NoSuchKey" */
	char message[512];
	char request_id[64], host_id[160]; /* as in S3's headers */
	struct buf body;                   /* GET */
	char etag[80], content_type[128];  /* "": unknown */
	int64_t size, modified_ms;         /* GET, HEAD */
	struct bucket_entry *entries;      /* LIST: in the order of their keys */
	size_t n_entries, cap_entries;
	bool truncated; /* there are more than max_keys */
};

void bucket_answer_init(struct bucket_answer *a);
void bucket_answer_clear(struct bucket_answer *a);
/* Make it that error; what was there before is dropped. */
void bucket_answer_fail(struct bucket_answer *a, int status, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* A new last entry, zeroed; key is copied. NULL: out of memory. */
struct bucket_entry *bucket_answer_add(struct bucket_answer *a, struct bytes key);

/* Make up those of S3's two ids that are missing, in its shapes: not every server sends them. */
void bucket_answer_ids(struct bucket_answer *a);

/* Refuse what cannot be a bucket or a key anywhere. @return false after bucket_answer_fail */
bool bucket_request_check(const struct bucket_request *q, struct bucket_answer *a);

/* The failure as the SDK inside the service words it (recorded): "MESSAGE (Service: S3, Status Code:
 * 404, Request ID: ..., Extended Request ID: ...) (SDK Attempt Count: 1)". */
void bucket_answer_cause(struct buf *out, const struct bucket_answer *a);

/* The listing as the items of a Map Run: [{"Etag", "LastModified" in seconds, "Key", "Size",
 * "StorageClass"}] (recorded). */
void bucket_answer_items(struct buf *out, const struct bucket_answer *a);

#endif
