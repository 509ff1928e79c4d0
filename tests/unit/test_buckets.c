/* Buckets that are folders, the XML of S3, requests to an endpoint, Task states that call S3. */
#include "tap.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_host.h"

#include "local/shell/bucket_folder.h"
#include "local/shell/bucket_s3.h"
#include "local/shell/s3_task.h"
#include "local/shell/s3_xml.h"

/* ---- folders ---- */

struct folder {
	char dir[64];
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
	*t = (struct folder){ .dir = "/tmp/test-buckets-XXXXXX", .text = BUF_INIT(1 << 16) };
	INVARIANT(mkdtemp(t->dir));
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

/* ---- XML ---- */

static const char *text_of(const char *xml, const char *name)
{
	static char text[256];
	struct buf b = BUF_INIT(sizeof(text) - 1);
	s3_xml_text(&b, bytes_str(xml), name);
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_clear(&b);
	return text;
}

TEST(elements_are_found_by_their_whole_name)
{
	CHECK_STR(text_of("<a><KeyCount>2</KeyCount><Key x='1'>k</Key></a>", "Key"), "k");
	CHECK_STR(text_of("<Key/>", "Key"), "");
	CHECK_STR(text_of("<Key>k", "Key"), "");
	CHECK_STR(text_of("<Key", "Key"), "");
	CHECK_STR(text_of("", "Key"), "");
}

TEST(entities_are_resolved)
{
	CHECK_STR(text_of("<K>&lt;a&gt; &amp;&quot;&apos; &#x41;&#66; &#xe9;</K>", "K"),
		  "<a> &\"' AB \xc3\xa9");
	CHECK_STR(text_of("<K>& &; &no; &#; &#xd800; &#99999999999;</K>", "K"),
		  "& &; &no; &#; &#xd800; &#99999999999;");
}

/* ---- an endpoint ---- */

struct remote {
	struct fake_host fake;
	struct bucket_s3 *s3;
	struct bucket_s3_call call;
	struct bucket_answer a;
	int dones;
};

static void on_done(void *arg)
{
	((struct remote *)arg)->dones++;
}

static void remote_open(struct remote *r, const struct bucket_request *q)
{
	*r = (struct remote){ .dones = 0 };
	fake_init(&r->fake);
	bucket_answer_init(&r->a);
	CHECK_INT(bucket_s3_open(&r->s3, &r->fake.api, "http://127.0.0.1:9000", NULL), 0);
	r->call.done = on_done;
	r->call.arg = r;
	bucket_s3_start(&r->call, r->s3, q, &r->a);
	CHECK_INT(r->dones, 0);
}

static void remote_close(struct remote *r)
{
	bucket_s3_stop(&r->call);
	bucket_answer_clear(&r->a);
	bucket_s3_close(r->s3);
	fake_clear(&r->fake);
}

TEST(a_request_is_signed_for_s3_and_its_path_encoded_once)
{
	const struct bucket_request q = {
		.op = BUCKET_GET, .region = "eu-west-1", .bucket = "bucket", .key = "a b/+%.txt"
	};
	struct remote r;
	char value[512];
	remote_open(&r, &q);
	CHECK_STR(buf_cstr(&r.fake.url), "http://127.0.0.1:9000/bucket/a%20b/%2B%25.txt");
	CHECK_STR(fake_header(&r.fake, value, "X-Amz-Content-Sha256"),
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK(strstr(fake_header(&r.fake, value, "Authorization"),
		     "Credential=local/20261121/eu-west-1/s3/aws4_request") != NULL);
	CHECK(fake_answer(&r.fake, 200, "body",
			  (const char *[]){ "ETag", "\"e\"", "Last-Modified",
					    "Sat, 21 Nov 2026 22:26:40 GMT", NULL }));
	CHECK_INT(r.dones, 1);
	CHECK_STR(r.a.code, "");
	CHECK_STR(buf_cstr(&r.a.body), "body");
	CHECK_INT(r.a.modified_ms, INT64_C(1795300000000));
	remote_close(&r);
}

TEST(an_error_is_told_with_s3s_code_and_ids)
{
	const struct bucket_request q = {
		.op = BUCKET_GET, .region = "eu-west-1", .bucket = "bucket", .key = "k"
	};
	struct remote r;
	struct buf cause = BUF_INIT(1024);
	remote_open(&r, &q);
	CHECK(fake_answer(&r.fake, 404,
			  "<Error><Code>NoSuchKey</Code><Message>The specified key does not "
			  "exist.</Message></Error>",
			  (const char *[]){ "x-amz-request-id", "R1", "x-amz-id-2", "H1", NULL }));
	CHECK_STR(r.a.code, "NoSuchKey");
	bucket_answer_cause(&cause, &r.a);
	CHECK_STR(buf_cstr(&cause), "The specified key does not exist. (Service: S3, Status Code: "
				    "404, Request ID: R1, Extended Request ID: H1) (SDK Attempt "
				    "Count: 1)");
	buf_clear(&cause);
	remote_close(&r);
}

TEST(a_listing_goes_on_until_its_last_page)
{
	const struct bucket_request q = {
		.op = BUCKET_LIST, .region = "eu-west-1", .bucket = "bucket", .key = "p/"
	};
	struct remote r;
	remote_open(&r, &q);
	CHECK(strstr(buf_cstr(&r.fake.url), "prefix=p%2F") != NULL);
	CHECK(fake_answer(&r.fake, 200,
			  "<R><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
			  "<Contents><Key>p%2Fa+b</Key><Size>12</Size><ETag>&quot;e&quot;</ETag>"
			  "<LastModified>2026-11-21T22:26:40.000Z</LastModified></Contents>"
			  "<NextContinuationToken>t=</NextContinuationToken></R>",
			  NULL));
	CHECK_INT(r.dones, 0);
	CHECK(strstr(buf_cstr(&r.fake.url), "continuation-token=t%3D") != NULL);
	CHECK(fake_answer(
	    &r.fake, 200,
	    "<R><IsTruncated>false</IsTruncated><Contents><Key>p/z+</Key></Contents></R>", NULL));
	CHECK_INT(r.dones, 1);
	REQUIRE(r.a.n_entries == 2);
	CHECK_STR(r.a.entries[0].key, "p/a b");
	CHECK_STR(r.a.entries[0].etag, "\"e\"");
	CHECK_INT(r.a.entries[0].size, 12);
	CHECK_STR(r.a.entries[1].key, "p/z+");
	remote_close(&r);
}

TEST(what_is_wrong_at_once_is_told_later)
{
	const struct bucket_request q = {
		.op = BUCKET_GET, .region = "eu-west-1", .bucket = "no/bucket", .key = "k"
	};
	struct remote r;
	remote_open(&r, &q);
	CHECK_INT(r.fake.sends, 0);
	CHECK(fake_fire(&r.fake));
	CHECK_INT(r.dones, 1);
	CHECK_STR(r.a.code, "InvalidBucketName");
	remote_close(&r);
}

TEST(an_endpoint_elsewhere_is_refused_when_all_must_stay_here)
{
	struct fake_host fake;
	struct bucket_s3 *s3 = NULL;
	struct err err = { 0 };
	fake_init(&fake);
	fake_setenv(&fake, "RUNBOOK_LOOPBACK_ONLY", "1");
	CHECK_INT(bucket_s3_open(&s3, &fake.api, "http://192.0.2.1", &err), -ERR_INVALID);
	CHECK_STR(err.name, "EndpointNotLoopback");
	fake_clear(&fake);
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
	    TAP_CASE(elements_are_found_by_their_whole_name), TAP_CASE(entities_are_resolved),
	    TAP_CASE(a_request_is_signed_for_s3_and_its_path_encoded_once),
	    TAP_CASE(an_error_is_told_with_s3s_code_and_ids),
	    TAP_CASE(a_listing_goes_on_until_its_last_page),
	    TAP_CASE(what_is_wrong_at_once_is_told_later),
	    TAP_CASE(an_endpoint_elsewhere_is_refused_when_all_must_stay_here),
	    TAP_CASE(results_have_the_members_of_the_sdk), TAP_CASE(four_actions_are_known)));
}
