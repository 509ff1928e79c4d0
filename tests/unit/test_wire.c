/* The AWS JSON 1.0 protocol, and the actions that are denied. */
#include "tap.h"

#include "local/shell/access.h"
#include "local/shell/wire.h"

#define SIGNED_AS(credential) \
	"AWS4-HMAC-SHA256 Credential=" credential ", SignedHeaders=host;x-amz-date, " \
	"Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SIGNED SIGNED_AS("AKID/20261121/eu-west-1/states/aws4_request")

/* A good request; each test spoils one thing. */
struct request {
	const char *method, *path, *target, *type, *authorization, *date, *body;
};

static struct request good(void)
{
	return (struct request){ .method = "POST",
				 .path = "/",
				 .target = "AWSStepFunctions.RedriveExecution",
				 .type = "application/x-amz-json-1.0",
				 .authorization = SIGNED,
				 .date = "20261121T225103Z",
				 .body = "{\"executionArn\":\"a\"}" };
}

static int read_request(struct wire_request *out, const struct request *q, struct err *err)
{
	struct http_header headers[4];
	struct http_received r = { .method = q->method, .path = q->path, .query = "" };
	const char *const pairs[][2] = { { "X-Amz-Target", q->target },
					 { "Content-Type", q->type },
					 { "Authorization", q->authorization },
					 { "X-Amz-Date", q->date } };
	for (size_t i = 0; i < 4; i++) {
		if (pairs[i][1])
			headers[r.n_headers++] = (struct http_header){ pairs[i][0], pairs[i][1] };
	}
	r.headers = headers;
	r.body = bytes_str(q->body);
	return wire_read(out, &r, err);
}

/* "Name: message" of the error, or "ok". */
static const char *reads(const struct request *q)
{
	static char text[1200];
	struct wire_request r;
	struct err err = { 0 };
	int rc = read_request(&r, q, &err);
	wire_request_clear(&r);
	(void)snprintf(text, sizeof(text), "%s: %s", err.name, err.message);
	if (rc)
		CHECK(err.status >= 400 && err.status < 500);
	return rc ? text : "ok";
}

TEST(a_good_request_is_read)
{
	struct wire_request r;
	struct request q = good();
	CHECK_INT(read_request(&r, &q, NULL), 0);
	CHECK_STR(r.op, "RedriveExecution");
	CHECK_STR(r.region, "eu-west-1");
	CHECK_STR(json_get_str(r.args, "executionArn"), "a");
	wire_request_clear(&r);

	q.type = "Application/X-Amz-Json-1.0; charset=utf-8";
	q.authorization = SIGNED_AS("AK/ID/20261121/us-east-1/states/aws4_request");
	q.body = " { } ";
	CHECK_STR(reads(&q), "ok");
}

TEST(requests_for_nothing_are_unknown_operations)
{
	static const char *const targets[] = { NULL,
					       "",
					       "DynamoDB_20120810.ListTables",
					       "AWSStepFunctions.",
					       "AWSStepFunctions",
					       "AWSStepFunctions.StartSyncExecution/end" };
	struct request q;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		q = good();
		q.target = targets[i];
		CHECK_STR(reads(&q), "UnknownOperationException: X-Amz-Target must be "
				     "AWSStepFunctions.<Operation>");
	}
	q = good();
	q.method = "GET";
	CHECK_STR(reads(&q), "UnknownOperationException: the API is served by POST / only");
	q = good();
	q.path = "/x";
	CHECK_STR(reads(&q), "UnknownOperationException: the API is served by POST / only");
	q = good();
	q.type = "application/json";
	CHECK_STR(reads(&q), "UnknownOperationException: Content-Type must be "
			     "application/x-amz-json-1.0");
}

TEST(requests_must_be_signed_for_states)
{
	struct request q = good();
	q.authorization = NULL;
	CHECK_STR(reads(&q), "MissingAuthenticationTokenException: Missing Authentication Token");
	q.authorization = "Bearer abc";
	CHECK_STR(reads(&q),
		  "IncompleteSignatureException: Unsupported AWS 'algorithm': 'Bearer'.");
	q.authorization = "AWS4-HMAC-SHA256 SignedHeaders=host";
	q.date = NULL;
	CHECK_STR(reads(&q),
		  "IncompleteSignatureException: Authorization header requires 'Credential' "
		  "parameter. Authorization header requires 'Signature' parameter. Authorization "
		  "header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
		  "Authorization=AWS4-HMAC-SHA256");
	q = good();
	q.authorization = SIGNED_AS("AKID/states/aws4_request");
	CHECK_STR(reads(&q), "IncompleteSignatureException: Credential must have exactly 5 "
			     "slash-delimited elements, e.g. keyid/date/region/service/term, got "
			     "'AKID/states/aws4_request'");
	q.authorization = SIGNED_AS("AKID/20261121/eu-west-1/s3/aws4_request");
	CHECK_STR(reads(&q), "InvalidSignatureException: Credential should be scoped to correct "
			     "service: 'states'.");
	q.authorization = SIGNED_AS("AKID/20261121/eu-west-1/states/aws3");
	CHECK_STR(reads(&q), "InvalidSignatureException: Credential should be scoped with a valid "
			     "terminator: 'aws4_request', not 'aws3'.");
	q.authorization = SIGNED_AS("AKID/20261121/../states/aws4_request");
	CHECK_STR(reads(&q), "InvalidSignatureException: Credential should be scoped to a valid "
			     "region.");
}

TEST(bodies_must_be_objects)
{
	static const char *const bad[] = { "", "{", "[]", "null", "\"a\"", "{} x", "{a:1}" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct request q = good();
		q.body = bad[i];
		CHECK(strncmp(reads(&q), "SerializationException: ", 24) == 0);
	}
}

static const char *written(struct buf *b, const char *name, const char *extra)
{
	struct err e = { .message = "it's \"so\"" };
	(void)snprintf(e.name, sizeof(e.name), "%s", name);
	buf_clear(b);
	wire_write_error(b, &e, bytes_str(extra));
	return buf_cstr(b);
}

TEST(errors_have_the_namespace_and_the_members_of_the_service)
{
	struct buf b = BUF_INIT(4096);
	CHECK_STR(written(&b, "ExecutionDoesNotExist", ""),
		  "{\"__type\":\"com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist\","
		  "\"message\":\"it's \\\"so\\\"\"}");
	CHECK_STR(written(&b, "ValidationException", "{\"reason\":\"R\"}"),
		  "{\"__type\":\"com.amazonaws.swf.service.v2.model#ValidationException\","
		  "\"message\":\"it's \\\"so\\\"\",\"reason\":\"R\"}");
	CHECK_STR(written(&b, "ValidationException", "{}"),
		  "{\"__type\":\"com.amazon.coral.validate#ValidationException\","
		  "\"message\":\"it's \\\"so\\\"\"}");
	CHECK_STR(written(&b, "InvalidDefinition", "{\"message\":\"a longer text\",\"x\":1}"),
		  "{\"__type\":\"com.amazonaws.swf.service.v2.model#InvalidDefinition\","
		  "\"message\":\"a longer text\",\"x\":1}");
	CHECK_STR(written(&b, "ValidationException", "{\"message\":\"a longer text\"}"),
		  "{\"__type\":\"com.amazon.coral.validate#ValidationException\","
		  "\"message\":\"a longer text\"}");
	CHECK_STR(written(&b, "AccessDeniedException", ""),
		  "{\"__type\":\"com.amazon.coral.service#AccessDeniedException\","
		  "\"Message\":\"it's \\\"so\\\"\"}");
	CHECK_STR(written(&b, "ThrottlingException", ""),
		  "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\","
		  "\"message\":\"it's \\\"so\\\"\"}");
	buf_clear(&b);
}

TEST(denied_actions_are_refused_in_the_services_words)
{
	static const char list[] = "states:RedriveExecution, CreateStateMachine";
	struct err err = { 0 };
	cJSON *args = json_parse(
	    bytes_str(
		"{\"executionArn\":\"arn:aws:states:us-east-1:1:execution:M:x\",\"name\":\"M\"}"),
	    NULL);
	CHECK_INT(access_check_list(list, NULL), 0);
	CHECK_INT(access_check(list, "DescribeExecution", args, "1", "r", &err), 0);
	CHECK_INT(access_check(NULL, "RedriveExecution", args, "1", "r", &err), 0);
	CHECK_INT(access_check(list, "Redrive", args, "1", "r", &err), 0);
	CHECK_INT(access_check(list, "RedriveExecution", args, "1", "r", &err), -ERR_REMOTE);
	CHECK_STR(err.name, "AccessDeniedException");
	CHECK_STR(err.message,
		  "User: arn:aws:iam::1:user/local is not authorized to perform: "
		  "states:RedriveExecution on resource: arn:aws:states:us-east-1:1:execution:M:x "
		  "because no identity-based policy allows the states:RedriveExecution action");
	CHECK_INT(access_check(list, "CreateStateMachine", args, "1", "r", &err), -ERR_REMOTE);
	CHECK(strstr(err.message, "on resource: arn:aws:states:r:1:stateMachine:M because"));
	CHECK_INT(access_check("*", "ListExecutions", args, "1", "r", &err), -ERR_REMOTE);
	cJSON_Delete(args);
}

TEST(a_list_of_actions_is_checked)
{
	struct err err;
	CHECK_INT(access_check_list("", NULL), 0);
	CHECK_INT(access_check_list("*", NULL), 0);
	CHECK_INT(access_check_list("states:Redrive*", &err), -ERR_INVALID);
	CHECK_STR(err.message, "deny: there is no operation 'Redrive*'; expected a name such as "
			       "RedriveExecution, or *");
	CHECK_INT(access_check_list("StopExecution, states:StopExecutions", &err), -ERR_INVALID);
	CHECK_STR(err.message, "deny: there is no operation 'StopExecutions': did you mean "
			       "'StopExecution'?");
	CHECK_INT(access_check_list("sns:Publish", &err), -ERR_INVALID);
	CHECK_INT(access_check_list("states:", &err), -ERR_INVALID);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_good_request_is_read), TAP_CASE(requests_for_nothing_are_unknown_operations),
	    TAP_CASE(requests_must_be_signed_for_states), TAP_CASE(bodies_must_be_objects),
	    TAP_CASE(errors_have_the_namespace_and_the_members_of_the_service),
	    TAP_CASE(denied_actions_are_refused_in_the_services_words),
	    TAP_CASE(a_list_of_actions_is_checked)));
}
