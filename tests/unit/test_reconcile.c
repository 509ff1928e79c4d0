/*
 * Prepare and reconcile against the real local engine, the clocks of both advanced by hand: the
 * client's requests are handed to the engine's server, its answers to the client.
 */
#include "tap.h"

#include "fake_host.h"
#include "local_world.h"

#include "base/json.h"
#include "local/local.h"
#include "sfn/inquiry.h"
#include "sfn/ops.h"

#define MACHINE "arn:aws:states:us-east-1:123456789012:stateMachine:M"
#define EXECUTION "arn:aws:states:us-east-1:123456789012:execution:M:one"
#define ONE "\"executionArn\":\"" EXECUTION "\""
#define REDRIVE "{" ONE ",\"clientToken\":\"ours\"}"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

enum { HEADERS = 16 };

struct bench {
	struct local_world w;  /* the engine's host: its clock is the service's */
	struct fake_host fake; /* the client's */
	int64_t ahead_ms;      /* the client's clock before the service's */
	struct local *local;
	struct settings settings;
	struct client *client;
	struct call_list calls;
	struct host_call call;
	char baseline[512];
};

/* ---- the wire ---- */

static char exchange; /* its address is one */

/* The headers that the client sent, "Name: value\n" each, split in place. */
static size_t split(char *text, struct http_header headers[HEADERS])
{
	size_t n = 0;
	while (*text && n < HEADERS) {
		char *colon = strchr(text, ':'), *end = strchr(text, '\n');
		*colon = *end = '\0';
		headers[n++] = (struct http_header){ text, colon + 2 };
		text = end + 1;
	}
	return n;
}

/* The request that waits reaches the engine; its answer is left with the engine's host. */
static void deliver(struct bench *b)
{
	char text[4096];
	struct http_header headers[HEADERS];
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&b->fake.headers));
	const struct http_received r = {
		.method = "POST",
		.path = "/",
		.query = "",
		.headers = headers,
		.n_headers = split(text, headers),
		.body = buf_bytes(&b->fake.body),
	};
	b->w.n_answers = 0;
	b->w.serve.serve(b->w.serve.arg, (struct http_exchange *)(void *)&exchange, &r);
	world_settle(&b->w, 0);
	CHECK_INT(b->w.n_answers, 1);
}

static void set_clock(struct bench *b)
{
	b->fake.now_ms = b->fake.mono_ms = b->w.now_ms + b->ahead_ms;
}

static void pass(struct bench *b, int64_t ms)
{
	world_settle(&b->w, ms);
	b->w.now_ms += ms;
	world_settle(&b->w, 0);
	set_clock(b);
}

/* Until the call has ended. */
static void carry(struct bench *b)
{
	set_clock(b);
	while (fake_fire(&b->fake) || b->fake.http_done) {
		if (!b->fake.http_done)
			continue;
		deliver(b);
		(void)fake_answer(&b->fake, b->w.answers[0].status, b->w.answers[0].body, NULL);
	}
}

/* ---- calls ---- */

static const char *call(struct bench *b, const char *op, const char *args)
{
	const struct call_spec spec = { .client = b->client,
					.op = sfn_op_by_wire_name(op),
					.list = &b->calls };
	b->call = (struct host_call){ .args = bytes_str(args) };
	call_start(&spec, &b->call);
	carry(b);
	CHECK_STR(buf_cstr(&b->fake.code), "");
	return buf_cstr(&b->fake.answer);
}

/* A call of ours that reaches the service, and whose answer dies with us. */
static void call_and_die(struct bench *b, const char *op, const char *args)
{
	const struct call_spec spec = { .client = b->client,
					.op = sfn_op_by_wire_name(op),
					.list = &b->calls };
	b->call = (struct host_call){ .args = bytes_str(args) };
	set_clock(b);
	call_start(&spec, &b->call);
	CHECK(fake_fire(&b->fake));
	deliver(b);
	call_stop(&b->call);
}

static void prepare(struct bench *b)
{
	const struct inquiry_spec spec = { .client = b->client,
					   .list = &b->calls,
					   .subject = subject_of("RedriveExecution") };
	b->call = (struct host_call){ .args = bytes_str(REDRIVE) };
	inquiry_prepare(&spec, &b->call);
	carry(b);
	CHECK_STR(buf_cstr(&b->fake.code), "");
	(void)snprintf(b->baseline, sizeof(b->baseline), "%s", buf_cstr(&b->fake.answer));
}

struct intent {
	const char *op, *args;
	int64_t ms, skew_ms;
};

static enum verdict reconcile(struct bench *b, const struct intent *i)
{
	const struct inquiry_spec spec = { .client = b->client,
					   .list = &b->calls,
					   .subject = subject_of(i->op) };
	b->call = (struct host_call){ .args = bytes_str(i->args),
				      .baseline = bytes_str(b->baseline),
				      .intent_ms = i->ms,
				      .sent_until_ms = i->ms + 30 * SECOND,
				      .skew_ms = i->skew_ms };
	inquiry_reconcile(&spec, &b->call);
	carry(b);
	CHECK(!b->call.plugin);
	return b->fake.verdict;
}

static struct intent redrive_intent(const struct bench *b)
{
	return (struct intent){ "RedriveExecution", REDRIVE, b->fake.now_ms, SECOND };
}

static const char *colleague(struct bench *b, const char *token)
{
	char args[256];
	(void)snprintf(args, sizeof(args), "{" ONE ",\"clientToken\":\"%s\"}", token);
	return call(b, "RedriveExecution", args);
}

/* ---- life ---- */

static int open_none(void *arg, char url[LOCAL_URL_SIZE], struct err *err)
{
	(void)arg, (void)url;
	return err_set(err, ERR_IO, "not used");
}

static double half(void)
{
	return 0.5;
}

/* An engine with an execution "one" that has failed. */
static void open_bench(struct bench *b)
{
	char url[LOCAL_URL_SIZE];
	*b = (struct bench){ .settings = { .endpoint = NULL } };
	world_init(&b->w);
	fake_init(&b->fake);
	const struct local_spec local = { .region = "us-east-1" };
	REQUIRE(local_start(&b->local, url, &b->w.api, &local, NULL) == 0);
	fake_setenv(&b->fake, "HOME", "/nonexistent");
	fake_setenv(&b->fake, "AWS_REGION", "us-east-1");
	fake_setenv(&b->fake, "AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
	fake_setenv(&b->fake, "AWS_SECRET_ACCESS_KEY", "secret");
	const struct client_spec client = { .api = &b->fake.api,
					    .settings = &b->settings,
					    .version = "0",
					    .open_local = open_none,
					    .random = half };
	REQUIRE(client_new(&b->client, &client, NULL) == 0);
	set_clock(b);
	(void)call(b, "CreateStateMachine",
		   "{\"name\":\"M\",\"roleArn\":\"arn:aws:iam::123456789012:role/r\","
		   "\"definition\":\"{\\\"StartAt\\\":\\\"F\\\",\\\"States\\\":{\\\"F\\\":{"
		   "\\\"Type\\\":\\\"Fail\\\"}}}\"}");
	(void)call(b, "StartExecution", "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"one\"}");
	pass(b, MINUTE);
}

static void close_bench(struct bench *b)
{
	call_list_stop(&b->calls);
	client_free(b->client);
	local_stop(b->local);
	fake_clear(&b->fake);
}

/* ---- tests ---- */

TEST(the_baseline_is_count_date_and_status)
{
	struct bench b;
	open_bench(&b);
	prepare(&b);
	CHECK_STR(b.baseline, "{\"status\":\"FAILED\",\"redriveCount\":0}");
	CHECK_STR(buf_cstr(&b.fake.body), "{" ONE ",\"includedData\":\"METADATA_ONLY\"}");

	(void)colleague(&b, "theirs");
	pass(&b, SECOND);
	prepare(&b);
	CHECK(strstr(b.baseline, "\"redriveCount\":1,\"redriveDate\":"));
	close_bench(&b);
}

TEST(a_redrive_whose_answer_was_lost_is_ours_after_sixteen_minutes)
{
	struct bench b;
	open_bench(&b);
	prepare(&b);
	const struct intent i = redrive_intent(&b);
	pass(&b, SECOND);
	call_and_die(&b, "RedriveExecution", REDRIVE);
	pass(&b, MINUTE);
	/* While the token is known the service itself tells. */
	char date[64];
	(void)snprintf(date, sizeof(date), "%s", call(&b, "RedriveExecution", REDRIVE));
	pass(&b, 16 * MINUTE);

	CHECK_INT(reconcile(&b, &i), VERDICT_DONE);
	CHECK_STR(buf_cstr(&b.fake.answer), date);
	CHECK(strstr(buf_cstr(&b.fake.context), "\"evidence\":{\"status\":\"FAILED\","
						"\"redriveCount\":1,\"redriveDate\":"));
	CHECK(strstr(buf_cstr(&b.fake.context), "\"identity\":\"AKIDEXAMPLE\""));
	close_bench(&b);
}

TEST(a_redrive_that_never_left_is_not_done_but_only_later)
{
	struct bench b;
	open_bench(&b);
	prepare(&b);
	const struct intent i = redrive_intent(&b);
	pass(&b, 31 * SECOND);
	CHECK_INT(reconcile(&b, &i), VERDICT_UNKNOWN);
	pass(&b, 16 * MINUTE);
	CHECK_INT(reconcile(&b, &i), VERDICT_NOT_DONE);
	CHECK_STR(buf_cstr(&b.fake.answer), "");
	close_bench(&b);
}

TEST(a_colleagues_redrive_is_never_taken_for_ours)
{
	struct bench b;
	open_bench(&b);
	prepare(&b);
	const struct intent i = redrive_intent(&b);
	pass(&b, 5 * MINUTE); /* ours never left */
	(void)colleague(&b, "theirs");
	pass(&b, 12 * MINUTE);
	CHECK_INT(reconcile(&b, &i), VERDICT_UNKNOWN);
	CHECK(strstr(buf_cstr(&b.fake.message), "someone else's"));
	close_bench(&b);
}

TEST(ours_and_a_colleagues_are_not_told_apart)
{
	struct bench b;
	open_bench(&b);
	prepare(&b);
	const struct intent i = redrive_intent(&b);
	call_and_die(&b, "RedriveExecution", REDRIVE);
	pass(&b, 10 * SECOND); /* it fails again */
	(void)colleague(&b, "theirs");
	pass(&b, 16 * MINUTE);
	CHECK_INT(reconcile(&b, &i), VERDICT_UNKNOWN);
	CHECK(strstr(buf_cstr(&b.fake.message), "redriveCount went from 0 to 2"));
	close_bench(&b);
}

TEST(a_clock_that_is_off_by_more_than_is_allowed_proves_nothing)
{
	struct bench b;
	open_bench(&b);
	b.ahead_ms = 3 * MINUTE;
	set_clock(&b);
	prepare(&b);
	struct intent i = redrive_intent(&b);
	call_and_die(&b, "RedriveExecution", REDRIVE);
	pass(&b, 16 * MINUTE);
	CHECK_INT(reconcile(&b, &i), VERDICT_UNKNOWN);
	i.skew_ms = 4 * MINUTE;
	CHECK_INT(reconcile(&b, &i), VERDICT_DONE);
	close_bench(&b);
}

TEST(starts_and_stops_are_found_again)
{
	static const char two[] =
	    "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"two\",\"input\":\"[1]\"}";
	struct bench b;
	open_bench(&b);
	struct intent i = { "StartExecution", two, b.fake.now_ms, SECOND };
	CHECK_INT(reconcile(&b, &i), VERDICT_UNKNOWN);
	CHECK_STR(buf_cstr(&b.fake.code), "");
	call_and_die(&b, "StartExecution", two);
	pass(&b, 16 * MINUTE);
	CHECK_INT(reconcile(&b, &i), VERDICT_DONE);
	CHECK(strstr(buf_cstr(&b.fake.answer), "execution:M:two"));

	i = (struct intent){ "StopExecution", "{" ONE "}", b.fake.now_ms, SECOND };
	pass(&b, 16 * MINUTE);
	CHECK_INT(reconcile(&b, &i), VERDICT_DONE); /* it had ended before */
	CHECK(strstr(buf_cstr(&b.fake.answer), "{\"stopDate\":"));
	close_bench(&b);
}

/* The read that waits to be sent is answered with this error. */
static void refuse(struct bench *b, const char *code)
{
	char body[128];
	(void)snprintf(body, sizeof(body), "{\"__type\":\"%s\"}", code);
	INVARIANT(fake_fire(&b->fake));
	INVARIANT(fake_answer(&b->fake, 400, body, NULL));
}

TEST(a_service_that_cannot_be_asked_proves_nothing)
{
	struct bench b;
	open_bench(&b);
	const struct intent i = redrive_intent(&b);
	const struct inquiry_spec spec = { .client = b.client,
					   .list = &b.calls,
					   .subject = subject_of(i.op) };
	b.call = (struct host_call){ .args = bytes_str(REDRIVE) };
	inquiry_reconcile(&spec, &b.call);
	refuse(&b, "AccessDeniedException");
	CHECK_STR(buf_cstr(&b.fake.code), "AccessDeniedException");
	CHECK_INT(b.fake.verdict, VERDICT_UNKNOWN);

	inquiry_prepare(&spec, &b.call);
	refuse(&b, "ExecutionDoesNotExist");
	CHECK_STR(buf_cstr(&b.fake.code), "ExecutionDoesNotExist");

	inquiry_reconcile(&spec, &b.call);
	refuse(&b, "ExecutionDoesNotExist");
	CHECK_STR(buf_cstr(&b.fake.code), "");
	CHECK_STR(buf_cstr(&b.fake.message), "the execution does not exist any more");
	close_bench(&b);
}

TEST(a_stopped_inquiry_leaves_nothing_pending)
{
	struct bench b;
	open_bench(&b);
	const struct inquiry_spec spec = { .client = b.client,
					   .list = &b.calls,
					   .subject = subject_of("RedriveExecution") };
	b.call = (struct host_call){ .args = bytes_str(REDRIVE) };
	int dones = b.fake.dones;
	inquiry_prepare(&spec, &b.call);
	call_stop(&b.call);
	CHECK(!b.fake.timer_fn);
	CHECK_INT(b.fake.dones, dones);
	close_bench(&b);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(the_baseline_is_count_date_and_status),
		      TAP_CASE(a_redrive_whose_answer_was_lost_is_ours_after_sixteen_minutes),
		      TAP_CASE(a_redrive_that_never_left_is_not_done_but_only_later),
		      TAP_CASE(a_colleagues_redrive_is_never_taken_for_ours),
		      TAP_CASE(ours_and_a_colleagues_are_not_told_apart),
		      TAP_CASE(a_clock_that_is_off_by_more_than_is_allowed_proves_nothing),
		      TAP_CASE(starts_and_stops_are_found_again),
		      TAP_CASE(a_service_that_cannot_be_asked_proves_nothing),
		      TAP_CASE(a_stopped_inquiry_leaves_nothing_pending)));
}
