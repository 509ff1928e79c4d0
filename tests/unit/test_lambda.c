/* Functions behind the Invoke API: the request, and what each kind of answer becomes. */
#include "tap.h"

#include "fake_host.h"

#include "local/shell/lambda.h"

struct world {
	struct fake_host host;
	struct lambda *lambda;
	int dones;
	uint64_t id;
	char output[256], error[128], cause[512];
};

static void on_done(void *arg, void *owner, uint64_t id, struct bytes output, const char *error,
		    const char *cause)
{
	struct world *w = arg;
	CHECK(owner == &w->host);
	w->dones++;
	w->id = id;
	(void)snprintf(w->output, sizeof(w->output), "%.*s", (int)output.n,
		       output.p ? output.p : "");
	(void)snprintf(w->error, sizeof(w->error), "%s", error ? error : "");
	(void)snprintf(w->cause, sizeof(w->cause), "%s", cause ? cause : "");
}

static int open_at(struct world *w, const char *endpoint, struct err *err)
{
	return lambda_open(
	    &w->lambda,
	    &(struct lambda_spec){
		.api = &w->host.api, .endpoint = endpoint, .done = on_done, .arg = w },
	    err);
}

static void begin(struct world *w)
{
	*w = (struct world){ .dones = 0 };
	fake_init(&w->host);
	CHECK_INT(open_at(w, "http://127.0.0.1:3001", NULL), 0);
}

static void end(struct world *w)
{
	lambda_close(w->lambda);
	CHECK(!w->host.http_done);
	fake_clear(&w->host);
}

static void start(struct world *w, uint64_t id, const char *function)
{
	lambda_start(
	    w->lambda, &w->host, "eu-west-1",
	    &(struct engine_task){
		.id = id, .resource = "r", .function = function, .input = BYTES_LIT("{\"a\":1}") });
}

TEST(the_request_is_the_apis_and_signed)
{
	struct world w;
	char value[512];
	begin(&w);
	start(&w, 7, "f-1_X");
	CHECK_STR(buf_cstr(&w.host.url),
		  "http://127.0.0.1:3001/2015-03-31/functions/f-1_X/invocations");
	CHECK_STR(buf_cstr(&w.host.body), "{\"a\":1}");
	CHECK_STR(fake_header(&w.host, value, "Host"), "127.0.0.1:3001");
	CHECK_STR(fake_header(&w.host, value, "X-Amz-Invocation-Type"), "RequestResponse");
	CHECK_STR(fake_header(&w.host, value, "X-Amz-Date"), "20261121T222640Z");
	CHECK(strstr(fake_header(&w.host, value, "Authorization"),
		     " Credential=local/20261121/eu-west-1/lambda/aws4_request, "));
	CHECK(lambda_busy(w.lambda));
	CHECK(fake_answer(&w.host, 200, "[1, 2]", NULL));
	CHECK_STR(w.output, "[1, 2]");
	CHECK_STR(w.error, "");
	CHECK_INT(w.id, 7);
	CHECK(!lambda_busy(w.lambda));
	end(&w);
}

TEST(credentials_of_the_environment_sign_and_odd_names_are_encoded)
{
	struct world w;
	char value[512];
	begin(&w);
	fake_setenv(&w.host, "AWS_ACCESS_KEY_ID", "AKID");
	fake_setenv(&w.host, "AWS_SECRET_ACCESS_KEY", "secret");
	fake_setenv(&w.host, "AWS_SESSION_TOKEN", "tok");
	start(&w, 1, "a/../b?c");
	CHECK_STR(buf_cstr(&w.host.url),
		  "http://127.0.0.1:3001/2015-03-31/functions/a%2F%2E%2E%2Fb%3Fc/invocations");
	CHECK(strstr(fake_header(&w.host, value, "Authorization"), "Credential=AKID/"));
	CHECK(strstr(value, "x-amz-security-token"));
	CHECK_STR(fake_header(&w.host, value, "X-Amz-Security-Token"), "tok");
	end(&w);
	CHECK_INT(w.dones, 0);
}

TEST(a_qualifier_goes_along_signed)
{
	struct world w;
	begin(&w);
	lambda_start(w.lambda, &w.host, "eu-west-1",
		     &(struct engine_task){
			 .id = 1, .resource = "r", .function = "f", .qualifier = "$LATEST" });
	CHECK_STR(buf_cstr(&w.host.url), "http://127.0.0.1:3001/2015-03-31/functions/f/invocations"
					 "?Qualifier=%24LATEST");
	CHECK(fake_answer(&w.host, 200, "1", NULL));
	CHECK_STR(w.output, "1");
	end(&w);
}

TEST(each_answer_has_its_meaning)
{
	static const char *const failed[] = { "X-Amz-Function-Error", "Handled", NULL };
	static const char *const named[] = { "x-amzn-errortype", "EC2ThrottledException:http://x",
					     "x-amzn-requestid", "r1", NULL };
	static const struct {
		int status;
		const char *body;
		const char *const *headers;
		const char *output, *error, *cause;
	} cases[] = {
		{ 200, "", NULL, "null", "", "" },
		{ 202, "1", NULL, "1", "", "" },
		{ 200, "{", NULL, "", "Lambda.Unknown", "the function's answer is not JSON" },
		{ 200, "{\"errorType\":\"T\"}", failed, "", "T", "{\"errorType\":\"T\"}" },
		{ 200, "null", failed, "", "Lambda.Unknown",
		  "The cause could not be determined because Lambda did not return an error type. "
		  "Returned payload: null" },
		{ 502, "{\"Message\":\"m\"}", named, "", "Lambda.EC2ThrottledException",
		  "m (Service: Lambda, Status Code: 502, Request ID: r1)" },
		{ 404, "{\"__type\":\"a.b#ResourceNotFoundException\",\"message\":\"m\"}", NULL, "",
		  "Lambda.ResourceNotFoundException",
		  "m (Service: Lambda, Status Code: 404, Request ID: null)" },
		{ 500, "", NULL, "", "Lambda.ServiceException",
		  "the server gave no reason (Service: Lambda, Status Code: 500, Request ID: "
		  "null)" },
		{ 403, "[]", NULL, "", "Lambda.AWSLambdaException",
		  "the server gave no reason (Service: Lambda, Status Code: 403, Request ID: "
		  "null)" },
	};
	struct world w;
	begin(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(&w, i, "f");
		CHECK(fake_answer(&w.host, cases[i].status, cases[i].body, cases[i].headers));
		CHECK_STR(w.output, cases[i].output);
		CHECK_STR(w.error, cases[i].error);
		CHECK_STR(w.cause, cases[i].cause);
		CHECK_INT(w.id, i);
	}
	start(&w, 1, "f");
	CHECK(fake_break(&w.host, ERR_IO, "connection refused", false));
	CHECK_STR(w.error, "Lambda.SdkClientException");
	CHECK_STR(w.cause, "connection refused");
	end(&w);
}

TEST(a_stopped_function_never_ends)
{
	struct world w;
	begin(&w);
	start(&w, 1, "f");
	lambda_stop(w.lambda, NULL, 1);
	lambda_stop(w.lambda, &w.host, 2);
	CHECK(w.host.http_done);
	lambda_stop(w.lambda, &w.host, 1);
	CHECK(!w.host.http_done);
	CHECK(!lambda_busy(w.lambda));
	start(&w, 2, "f");
	lambda_drop(w.lambda);
	CHECK(!w.host.http_done);
	CHECK_INT(w.dones, 0);
	end(&w);
}

TEST(an_endpoint_that_cannot_be_is_refused)
{
	struct world w;
	struct err err = { 0 };
	begin(&w);
	lambda_close(w.lambda);
	CHECK_INT(open_at(&w, "ftp://x/", &err), -ERR_INVALID);
	fake_setenv(&w.host, "RUNBOOK_LOOPBACK_ONLY", "1");
	CHECK_INT(open_at(&w, "https://lambda.us-east-1.amazonaws.com", &err), -ERR_INVALID);
	CHECK_STR(err.name, "EndpointNotLoopback");
	CHECK_INT(open_at(&w, "http://[::1]:3001/", NULL), 0);
	start(&w, 1, "f");
	CHECK_STR(buf_cstr(&w.host.url), "http://[::1]:3001/2015-03-31/functions/f/invocations");
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(the_request_is_the_apis_and_signed),
	    TAP_CASE(credentials_of_the_environment_sign_and_odd_names_are_encoded),
	    TAP_CASE(a_qualifier_goes_along_signed), TAP_CASE(each_answer_has_its_meaning),
	    TAP_CASE(a_stopped_function_never_ends),
	    TAP_CASE(an_endpoint_that_cannot_be_is_refused)));
}
