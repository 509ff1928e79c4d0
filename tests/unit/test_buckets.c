/* Buckets that are folders; Task states that call S3. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/shell/bucket_aside.h"
#include "local/shell/bucket_folder.h"
#include "local/shell/s3_task.h"
#include "unit/scratch.h"

/* ---- folders ---- */

struct folder {
	char dir[SCRATCH_SIZE];
	struct bucket_folder *f;
	struct bucket_answer a;
	struct buf text;
};

static const char *path_of(const struct folder *t, char out[1400], const char *name)
{
	(void)snprintf(out, 1400, "%s/%s", t->dir, name);
	return out;
}

/* A folder, or a file with this content. */
static void make(const struct folder *t, const char *name, const char *content)
{
	char path[1400];
	(void)path_of(t, path, name);
	if (!content) {
		INVARIANT(mkdir(path, 0755) == 0);
		return;
	}
	FILE *file = fopen(path, "wb");
	INVARIANT(file && fputs(content, file) >= 0);
	INVARIANT(fclose(file) == 0);
}

static void folder_open(struct folder *t)
{
	*t = (struct folder){ .text = BUF_INIT(1 << 16) };
	scratch_begin(t->dir);
	make(t, "bucket", NULL);
	CHECK_INT(bucket_folder_open(&t->f, t->dir, NULL), 0);
	bucket_answer_init(&t->a);
}

/* names: what to remove, deepest first, ends with NULL. */
static void folder_close(struct folder *t, const char *const *names)
{
	char path[1400];
	for (; *names; names++)
		CHECK_INT(remove(path_of(t, path, *names)), 0);
	CHECK_INT(remove(path_of(t, path, "bucket")), 0);
	CHECK_INT(remove(t->dir), 0); /* nothing else was left behind */
	bucket_answer_clear(&t->a);
	buf_clear(&t->text);
	bucket_folder_close(t->f);
}

/* Do it; the code of its failure, or "". */
static const char *ask(struct folder *t, enum bucket_op op, const char *key, const char *body)
{
	const struct bucket_request q = { .op = op,
					  .region = "us-east-1",
					  .bucket = "bucket",
					  .key = key,
					  .body = bytes_str(body) };
	bucket_answer_clear(&t->a);
	bucket_folder_run(t->f, &q, &t->a);
	return t->a.code;
}

static const char *listed(struct folder *t, const char *prefix, const char *after, int64_t most)
{
	const struct bucket_request q = { .op = BUCKET_LIST,
					  .region = "us-east-1",
					  .bucket = "bucket",
					  .key = prefix,
					  .start_after = after,
					  .max_keys = most };
	bucket_answer_clear(&t->a);
	bucket_folder_run(t->f, &q, &t->a);
	buf_clear(&t->text);
	for (size_t i = 0; i < t->a.n_entries; i++)
		buf_addf(&t->text, "%s ", t->a.entries[i].key);
	return buf_cstr(&t->text);
}

TEST(what_was_put_is_got)
{
	struct folder t;
	folder_open(&t);

	CHECK_STR(ask(&t, BUCKET_PUT, "a/b/c d%'\n.json", "hello"), "");
	CHECK_STR(t.a.etag, "\"5d41402abc4b2a76b9719d911017c592\"");
	CHECK_STR(ask(&t, BUCKET_PUT, "a/b/c d%'\n.json", "hello!"), "");
	CHECK_STR(ask(&t, BUCKET_GET, "a/b/c d%'\n.json", ""), "");

	CHECK_STR(buf_cstr(&t.a.body), "hello!");
	CHECK_INT(t.a.size, 6);
	CHECK_STR(ask(&t, BUCKET_HEAD, "a/b/c d%'\n.json", ""), "");
	CHECK_INT(t.a.size, 6);
	CHECK_INT(t.a.body.n, 0);
	folder_close(&t,
		     (const char *[]){ "bucket/a/b/c d%'\n.json", "bucket/a/b", "bucket/a", NULL });
}

TEST(what_is_missing_is_named_as_s3_does)
{
	struct folder t;
	folder_open(&t);
	const struct bucket_request elsewhere = { .op = BUCKET_PUT, .bucket = "other", .key = "k" };

	CHECK_STR(ask(&t, BUCKET_GET, "k", ""), "NoSuchKey");
	CHECK_STR(t.a.message, "The specified key does not exist.");
	CHECK_INT(t.a.status, 404);
	CHECK_STR(ask(&t, BUCKET_HEAD, "k", ""), "NoSuchKey");
	CHECK_STR(t.a.message, "null");
	bucket_answer_clear(&t.a);
	bucket_folder_run(t.f, &elsewhere, &t.a);
	CHECK_STR(t.a.code, "NoSuchBucket");
	folder_close(&t, (const char *[]){ NULL });
}

TEST(no_key_leads_out_of_its_bucket)
{
	static const char *const keys[] = { "../secret", "/secret", "a/../../secret",
					    "..",        ".",       "a//b",
					    "a/",        "./k",     "out/secret" };
	struct folder t;
	char path[1400];
	folder_open(&t);
	make(&t, "secret", "not an object");
	INVARIANT(symlink("..", path_of(&t, path, "bucket/out")) == 0);
	INVARIANT(symlink("../secret", path_of(&t, path, "bucket/link")) == 0);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		CHECK_STR(ask(&t, BUCKET_GET, keys[i], ""), "NoSuchKey");
		CHECK_STR(ask(&t, BUCKET_PUT, keys[i], "x"), "InvalidRequest");
	}
	CHECK_STR(ask(&t, BUCKET_GET, "link", ""), "NoSuchKey");
	CHECK_STR(listed(&t, "", NULL, 0), "");
	folder_close(&t, (const char *[]){ "bucket/out", "bucket/link", "secret", NULL });
}

TEST(a_bucket_is_one_segment)
{
	static const char *const names[] = {
		"", ".", "..", "a/b", "../bucket", "/bucket", ".put-1"
	};
	struct folder t;
	folder_open(&t);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct bucket_request q = { .op = BUCKET_LIST,
						  .bucket = names[i],
						  .key = "" };
		bucket_answer_clear(&t.a);
		bucket_folder_run(t.f, &q, &t.a);
		CHECK_STR(t.a.code, "InvalidBucketName");
	}
	folder_close(&t, (const char *[]){ NULL });
}

TEST(a_long_key_and_a_long_segment_are_refused)
{
	struct folder t;
	char key[BUCKET_KEY_MAX + 2];
	folder_open(&t);
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	CHECK_STR(ask(&t, BUCKET_PUT, key, "x"), "KeyTooLongError");
	key[256] = '\0';
	CHECK_STR(ask(&t, BUCKET_PUT, key, "x"), "InvalidRequest");
	folder_close(&t, (const char *[]){ NULL });
}

TEST(a_listing_is_in_the_order_of_the_keys)
{
	struct folder t;
	folder_open(&t);
	make(&t, "bucket/p", NULL);
	make(&t, "bucket/p/b", "xx");
	make(&t, "bucket/p-a", "x");
	make(&t, "bucket/p/a", "");
	make(&t, "bucket/q", "");

	CHECK_STR(listed(&t, "", NULL, 0), "p-a p/a p/b q ");
	CHECK_STR(listed(&t, "p/", NULL, 0), "p/a p/b ");
	CHECK_STR(listed(&t, "p", "p-a", 0), "p/a p/b ");
	CHECK_STR(listed(&t, "p/x", NULL, 0), "");
	CHECK_STR(listed(&t, "", NULL, 2), "p-a p/a ");
	CHECK(t.a.truncated);
	CHECK_INT(t.a.entries[0].size, 1);
	CHECK_STR(t.a.entries[0].etag, "\"9dd4e461268c8034f5c8564e155c67a6\"");
	CHECK_STR(t.a.entries[0].storage_class, "STANDARD");
	folder_close(&t, (const char *[]){ "bucket/p/a", "bucket/p/b", "bucket/p", "bucket/p-a",
					   "bucket/q", NULL });
}

TEST(a_file_is_no_folder_and_a_folder_no_file)
{
	struct folder t;
	folder_open(&t);
	CHECK_STR(ask(&t, BUCKET_PUT, "d/k", "x"), "");
	CHECK_STR(ask(&t, BUCKET_PUT, "d", "x"), "InvalidRequest");
	CHECK_STR(ask(&t, BUCKET_PUT, "d/k/l", "x"), "InvalidRequest");
	CHECK_STR(ask(&t, BUCKET_GET, "d", ""), "NoSuchKey");
	CHECK_STR(ask(&t, BUCKET_GET, "d/k/l", ""), "NoSuchKey");
	folder_close(&t, (const char *[]){ "bucket/d/k", "bucket/d", NULL });
}

TEST(what_a_killed_process_left_is_swept)
{
	struct folder t;
	char path[1400], name[BUCKET_ASIDE_SIZE];
	folder_open(&t);
	make(&t, ".put-0123456789abcdef", "half");
	make(&t, ".putty", "not ours");
	int dir = open(t.dir, O_RDONLY | O_DIRECTORY);
	INVARIANT(dir >= 0);
	int fd = bucket_aside_write(dir, name, BYTES_LIT("being written"));
	CHECK(fd >= 0);

	bucket_folder_close(t.f);
	CHECK_INT(bucket_folder_open(&t.f, t.dir, NULL), 0);
	CHECK_INT(access(path_of(&t, path, ".put-0123456789abcdef"), F_OK), -1);
	CHECK_INT(access(path_of(&t, path, name), F_OK), 0);

	(void)close(fd); /* its writer is gone */
	bucket_aside_sweep(dir);
	CHECK_INT(access(path_of(&t, path, name), F_OK), -1);
	(void)close(dir);
	folder_close(&t, (const char *[]){ ".putty", NULL });
}

TEST(a_folder_has_no_versions)
{
	struct folder t;
	folder_open(&t);
	make(&t, "bucket/k", "x");
	struct bucket_request q = {
		.op = BUCKET_GET, .bucket = "bucket", .key = "k", .version = "null"
	};
	bucket_folder_run(t.f, &q, &t.a);
	CHECK_STR(t.a.code, "");
	q.version = "v1";
	bucket_answer_clear(&t.a);
	bucket_folder_run(t.f, &q, &t.a);
	CHECK_STR(t.a.code, "NoSuchVersion");
	folder_close(&t, (const char *[]){ "bucket/k", NULL });
}

/* ---- Task states ---- */

TEST(results_have_the_members_of_the_sdk)
{
	const struct bucket_request q = { .op = BUCKET_GET, .bucket = "bucket", .key = "k" };
	struct bucket_answer a;
	struct s3_task_end end;
	bucket_answer_init(&a);
	buf_adds(&a.body, "{\"n\":1}");
	a.size = 7;
	a.modified_ms = INT64_C(1795300000123);
	(void)snprintf(a.etag, sizeof(a.etag), "\"e\"");
	s3_task_end(&end, &q, &a);
	CHECK(end.error == NULL);
	CHECK_STR(
	    buf_cstr(&end.output),
	    "{\"AcceptRanges\":\"bytes\",\"Body\":\"{\\\"n\\\":1}\",\"ContentLength\":7,"
	    "\"ETag\":\"\\\"e\\\"\",\"LastModified\":\"2026-11-21T22:26:40Z\",\"Metadata\":{}}");
	s3_task_end_clear(&end);
	bucket_answer_fail(&a, 403, "AccessDenied", "Access Denied");
	s3_task_end(&end, &q, &a);
	CHECK_STR(end.error, "S3.S3Exception");
	s3_task_end_clear(&end);
	bucket_answer_clear(&a);
}

TEST(four_actions_are_known)
{
	CHECK(s3_task_is("arn:aws:states:::aws-sdk:s3:getObject"));
	CHECK(s3_task_is("arn:aws:states:::aws-sdk:s3:listObjectsV2"));
	CHECK(!s3_task_is("arn:aws:states:::aws-sdk:s3:deleteObject"));
	CHECK(!s3_task_is("arn:aws:states:::lambda:invoke"));
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(what_was_put_is_got), TAP_CASE(what_is_missing_is_named_as_s3_does),
	    TAP_CASE(no_key_leads_out_of_its_bucket), TAP_CASE(a_bucket_is_one_segment),
	    TAP_CASE(a_long_key_and_a_long_segment_are_refused),
	    TAP_CASE(a_listing_is_in_the_order_of_the_keys),
	    TAP_CASE(a_file_is_no_folder_and_a_folder_no_file),
	    TAP_CASE(what_a_killed_process_left_is_swept), TAP_CASE(a_folder_has_no_versions),
	    TAP_CASE(results_have_the_members_of_the_sdk), TAP_CASE(four_actions_are_known)));
}
