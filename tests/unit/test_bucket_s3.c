/* Buckets of an S3 endpoint: requests, answers, further attempts; S3's XML. */
#include "tap.h"

#include "fake_host.h"

#include "aws/xml.h"
#include "local/shell/bucket_s3.h"

/* ---- XML ---- */

static const char *text_of(const char *xml, const char *name)
{
	static char text[256];
	struct buf b = BUF_INIT(sizeof(text) - 1);
	aws_xml_text(&b, bytes_str(xml), name);
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

/* Megabytes of it are read in one go: each byte is looked at once or twice. */
TEST(a_long_text_takes_no_longer_than_its_length)
{
	enum { LONG = 16 * 1024 * 1024 };
	struct buf xml = BUF_INIT(LONG + 20), text = BUF_INIT(LONG);
	buf_adds(&xml, "<K>");
	for (size_t i = 0; i < LONG; i++)
		buf_adds(&xml, i % 2 ? "&" : "a");
	buf_adds(&xml, "</K>");
	aws_xml_text(&text, buf_bytes(&xml), "K");
	CHECK_INT(text.n, LONG);
	CHECK(bytes_eq(buf_bytes(&text), (struct bytes){ xml.p + 3, LONG }));
	buf_clear(&text);
	buf_clear(&xml);
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

TEST(a_version_is_asked_for)
{
	const struct bucket_request q = {
		.op = BUCKET_GET, .region = "us-east-1", .bucket = "b", .key = "k", .version = "v/1"
	};
	struct remote r;
	remote_open(&r, &q);
	CHECK_STR(buf_cstr(&r.fake.url), "http://127.0.0.1:9000/b/k?versionId=v%2F1");
	remote_close(&r);
}

TEST(what_may_go_better_is_tried_again)
{
	const struct bucket_request q = {
		.op = BUCKET_PUT, .region = "us-east-1", .bucket = "b", .key = "k"
	};
	struct remote r;
	remote_open(&r, &q);
	CHECK(fake_break(&r.fake, ERR_IO, "connection refused", false));
	CHECK_INT(r.fake.sends, 1);
	CHECK(fake_fire(&r.fake));
	CHECK(fake_answer(&r.fake, 503, "<Error><Code>SlowDown</Code></Error>", NULL));
	CHECK(r.fake.delay_ms < 2000);
	CHECK(fake_fire(&r.fake));
	CHECK_INT(r.fake.sends, 3);
	CHECK_INT(r.dones, 0);
	CHECK(fake_answer(&r.fake, 200, "", NULL));
	CHECK_INT(r.dones, 1);
	CHECK_STR(r.a.code, "");
	remote_close(&r);
}

TEST(the_third_failure_is_the_last)
{
	const struct bucket_request q = {
		.op = BUCKET_GET, .region = "us-east-1", .bucket = "b", .key = "k"
	};
	struct remote r;
	struct buf cause = BUF_INIT(1024);
	remote_open(&r, &q);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(r.dones, 0);
		CHECK(i == 0 || fake_fire(&r.fake));
		CHECK(fake_answer(
		    &r.fake, 500, "<Error><Code>InternalError</Code><Message>We</Message></Error>",
		    (const char *[]){ "x-amz-request-id", "R", "x-amz-id-2", "H", NULL }));
	}
	CHECK_INT(r.dones, 1);
	CHECK(!fake_fire(&r.fake));
	bucket_answer_cause(&cause, &r.a);
	CHECK_STR(buf_cstr(&cause), "We (Service: S3, Status Code: 500, Request ID: R, Extended "
				    "Request ID: H) (SDK Attempt Count: 3)");
	buf_clear(&cause);
	remote_close(&r);
}

TEST(a_page_that_failed_is_asked_for_again_and_the_others_stay)
{
	const struct bucket_request q = {
		.op = BUCKET_LIST, .region = "us-east-1", .bucket = "b", .key = ""
	};
	struct remote r;
	remote_open(&r, &q);
	CHECK(fake_answer(&r.fake, 200,
			  "<R><IsTruncated>true</IsTruncated><Contents><Key>a</Key></Contents>"
			  "<NextContinuationToken>t</NextContinuationToken></R>",
			  NULL));
	CHECK(fake_answer(&r.fake, 500, "", NULL));
	CHECK(fake_fire(&r.fake));
	CHECK(strstr(buf_cstr(&r.fake.url), "continuation-token=t") != NULL);
	CHECK(fake_answer(&r.fake, 200, "<R><Contents><Key>b</Key></Contents></R>", NULL));
	CHECK_INT(r.dones, 1);
	REQUIRE(r.a.n_entries == 2);
	CHECK_STR(r.a.entries[0].key, "a");
	CHECK_STR(r.a.entries[1].key, "b");
	remote_close(&r);
}

TEST(a_stop_between_attempts_ends_them)
{
	const struct bucket_request q = {
		.op = BUCKET_GET, .region = "us-east-1", .bucket = "b", .key = "k"
	};
	struct remote r;
	remote_open(&r, &q);
	CHECK(fake_break(&r.fake, ERR_TIMEOUT, "no answer", true));
	bucket_s3_stop(&r.call);
	CHECK(!fake_fire(&r.fake));
	CHECK_INT(r.dones, 0);
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

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(elements_are_found_by_their_whole_name), TAP_CASE(entities_are_resolved),
	    TAP_CASE(a_long_text_takes_no_longer_than_its_length),
	    TAP_CASE(a_request_is_signed_for_s3_and_its_path_encoded_once),
	    TAP_CASE(an_error_is_told_with_s3s_code_and_ids),
	    TAP_CASE(a_listing_goes_on_until_its_last_page), TAP_CASE(a_version_is_asked_for),
	    TAP_CASE(what_may_go_better_is_tried_again), TAP_CASE(the_third_failure_is_the_last),
	    TAP_CASE(a_page_that_failed_is_asked_for_again_and_the_others_stay),
	    TAP_CASE(a_stop_between_attempts_ends_them),
	    TAP_CASE(what_is_wrong_at_once_is_told_later),
	    TAP_CASE(an_endpoint_elsewhere_is_refused_when_all_must_stay_here)));
}
