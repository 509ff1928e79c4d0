/* What a service said: codes, messages and further members, from good, odd and broken answers. */
#include "tap.h"

#include "aws/answer.h"

static struct aws_answer read_answer(int status, const char *body, const char *const *headers)
{
	struct http_header list[4];
	struct http_answer a = { .status = status, .body = bytes_str(body), .headers = list };
	struct aws_answer out;
	for (; headers && headers[0]; headers += 2)
		list[a.n_headers++] = (struct http_header){ headers[0], headers[1] };
	aws_answer_read(&out, &a);
	return out;
}

struct wanted {
	int status;
	const char *body, *header, *value;
	const char *code, *message, *extra;
};

static const struct wanted cases[] = {
	{ 400, "{\"__type\":\"com.amazonaws.swf.service.v2.model#InvalidArn\",\"message\":\"m\"}",
	  NULL, NULL, "InvalidArn", "m", "" },
	{ 400, "{\"__type\":\"a.b#Foo:http://x/\",\"Message\":\"M\"}", NULL, NULL, "Foo", "M", "" },
	{ 400, "{\"code\":\"Bar\",\"errorMessage\":\"e\"}", NULL, NULL, "Bar", "e", "" },
	{ 400, "{\"code\":7,\"message\":\"m\"}", "x-amzn-errortype", "Head:http://x", "Head", "m",
	  "" },
	{ 400, "{\"__type\":\"Body\",\"message\":\"m\"}", "X-Amzn-ErrorType", "Head", "Body", "m",
	  "" },
	{ 400, "{\"__type\":\"Body\",\"message\":\"m\"}", "x-amzn-query-error", "Query;Sender",
	  "Query", "m", "" },
	{ 400, "{\"__type\":\"x#\",\"code\":\"\",\"message\":null}", NULL, NULL, "400",
	  "HTTP status 400 without a message", "" },
	{ 404,
	  "{\"__type\":\"ResourceNotFound\",\"message\":\"m\",\"resourceName\":\"arn:x\","
	  "\"n\":9007199254740993,\"z\":null}",
	  NULL, NULL, "ResourceNotFound", "m",
	  "{\"resourceName\":\"arn:x\",\"n\":9007199254740993}" },
	{ 502, "<html>\r\n  <b>Bad \x01 gateway</b>", NULL, NULL, "502",
	  "<html> <b>Bad gateway</b>", "" },
	{ 400, "caf\xE9", NULL, NULL, "400", "caf\xEF\xBF\xBD", "" },
	{ 503, "", NULL, NULL, "503", "HTTP status 503 without a message", "" },
	{ 301, "", "location", "https://elsewhere/", "301",
	  "redirected to https://elsewhere/, which is never followed", "" },
	{ 200, "{\"__type\":\"Odd\"}", NULL, NULL, "", "", "" },
	{ 200, "", NULL, NULL, "", "", "" },
	{ 204, "", NULL, NULL, "", "", "" },
};

TEST(every_answer_has_its_code_message_and_members)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct wanted *c = &cases[i];
		const char *const headers[] = { c->header, c->value, NULL };
		struct aws_answer a = read_answer(c->status, c->body, headers);
		CHECK_STR(a.code, c->code);
		CHECK_STR(buf_cstr(&a.message), c->message);
		CHECK_STR(buf_cstr(&a.extra), c->extra);
		CHECK_INT(a.status, c->status);
		aws_answer_clear(&a);
	}
}

TEST(a_broken_200_is_malformed)
{
	static const char *const broken[] = { "{\"a\":", "null",       "[]",   "\"x\"",
					      "{} {}",   "{\"a\":01}", "\xff", "<html>" };
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct aws_answer a = read_answer(200, broken[i], NULL);
		CHECK_STR(a.code, "MalformedResponse");
		CHECK(strncmp(buf_cstr(&a.message), "HTTP status 200 with a broken body: ", 36) ==
		      0);
		CHECK(!a.body);
		aws_answer_clear(&a);
	}
}

TEST(a_page_of_html_is_quoted_in_part)
{
	char page[5000];
	memset(page, 'x', sizeof(page) - 1);
	page[sizeof(page) - 1] = '\0';
	struct aws_answer a = read_answer(500, page, NULL);
	CHECK_INT(a.message.n, 500);
	aws_answer_clear(&a);
}

TEST(the_request_id_and_the_wished_delay_come_from_headers)
{
	struct aws_answer a = read_answer(
	    503, "", (const char *const[]){ "X-Amzn-RequestId", "r", "Retry-After", "3", NULL });
	CHECK_STR(a.request_id, "r");
	CHECK_INT(a.retry_after_ms, 3000);
	aws_answer_clear(&a);

	a = read_answer(503, "",
			(const char *const[]){ "x-amz-request-id", "s", "x-amz-retry-after", "1500",
					       "retry-after", "9", NULL });
	CHECK_STR(a.request_id, "s");
	CHECK_INT(a.retry_after_ms, 1500);
	aws_answer_clear(&a);

	a = read_answer(503, "", (const char *const[]){ "x-amz-retry-after", "-5", NULL });
	CHECK_STR(a.request_id, "");
	CHECK_INT(a.retry_after_ms, -1);
	aws_answer_clear(&a);
}

static void check_denied(const char *message, const char *want_action, const char *want_resource)
{
	struct bytes action, resource;
	aws_denied(&action, &resource, message);
	CHECK(bytes_eq(action, bytes_str(want_action)));
	CHECK(bytes_eq(resource, bytes_str(want_resource)));
}

TEST(a_denial_names_action_and_resource)
{
	check_denied("User: u is not authorized to perform: states:DescribeMapRun on resource: "
		     "arn:aws:states:us-east-1:1:mapRun:a/b:c because no identity-based policy",
		     "states:DescribeMapRun", "arn:aws:states:us-east-1:1:mapRun:a/b:c");
	check_denied("... is not authorized to perform: states:X on resource: arn:x.", "states:X",
		     "arn:x");
	check_denied("... is not authorized to perform: states:X", "states:X", "");
	check_denied("no", "", "");
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(every_answer_has_its_code_message_and_members),
				 TAP_CASE(a_broken_200_is_malformed),
				 TAP_CASE(a_page_of_html_is_quoted_in_part),
				 TAP_CASE(the_request_id_and_the_wished_delay_come_from_headers),
				 TAP_CASE(a_denial_names_action_and_resource)));
}
