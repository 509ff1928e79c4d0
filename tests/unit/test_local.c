/* The whole shell around the real engine: from HTTP requests to the store and back after a crash. */
#include "tap.h"

#include <sqlite3.h>

#include "local_world.h"

#include "base/json.h"

#include "local/local.h"

#define ROLE "\"roleArn\":\"arn:aws:iam::123456789012:role/r\""
#define MACHINE "arn:aws:states:us-east-1:123456789012:stateMachine:M"
#define EXECUTION "arn:aws:states:us-east-1:123456789012:execution:M:one"

/* A Distributed Map over $.items whose handler "work" may fail. */
static const char definition[] =
    "{\"StartAt\":\"Map\",\"States\":{\"Map\":{\"Type\":\"Map\",\"ItemsPath\":\"$.items\",\"End\":"
    "true,"
    "\"ItemProcessor\":{\"ProcessorConfig\":{\"Mode\":\"DISTRIBUTED\",\"ExecutionType\":"
    "\"STANDARD\"},"
    "\"StartAt\":\"Work\",\"States\":{\"Work\":{\"Type\":\"Task\",\"End\":true,"
    "\"Resource\":\"arn:aws:lambda:us-east-1:123456789012:function:work\"}}}}}}";

static int marks[8];
static bool repaired;

/* Even numbers fail until all is repaired. */
static int work(const char *name, struct bytes input, struct buf *out, struct err *err)
{
	cJSON *v = json_parse(input, NULL);
	int64_t n = 0;
	(void)name;
	CHECK(json_int(v, &n));
	cJSON_Delete(v);
	if (n % 2 == 0 && !repaired) {
		int rc = err_set(err, ERR_REMOTE, "even");
		(void)snprintf(err->name, sizeof(err->name), "Even");
		return rc;
	}
	buf_addf(out, "%d", (int)(n * 10));
	return 0;
}

struct bench {
	struct local_world w;
	struct local *local;
	struct buf text;
	char url[LOCAL_URL_SIZE];
};

static void start(struct bench *b, const struct local_spec *spec)
{
	char dir[64];
	(void)snprintf(dir, sizeof(dir), "%s", b->w.dir);
	int64_t now = b->w.now_ms;
	world_init(&b->w);
	(void)snprintf(b->w.dir, sizeof(b->w.dir), "%s", dir);
	if (now)
		b->w.now_ms = now;
	b->w.handler = work;
	b->w.handler_name = "work";
	b->text = BUF_INIT(1 << 20);
	struct err err = { 0 };
	CHECK_INT(local_start(&b->local, b->url, &b->w.api, spec, &err), 0);
	CHECK_STR(err.message, "");
}

static void stop(struct bench *b)
{
	local_stop(b->local);
	CHECK(!b->w.serving);
	buf_clear(&b->text);
}

/* Send a request; its answer may still be held. */
static void post(struct bench *b, const char *region, const char *op, const char *body)
{
	char target[100], authorization[200];
	const struct http_header headers[] = {
		{ "X-Amz-Target", target },
		{ "Content-Type", "application/x-amz-json-1.0" },
		{ "Authorization", authorization },
		{ "X-Amz-Date", "20261121T225103Z" },
	};
	const struct http_received r = { .method = "POST",
					 .path = "/",
					 .query = "",
					 .headers = headers,
					 .n_headers = 4,
					 .body = bytes_str(body) };
	(void)snprintf(target, sizeof(target), "AWSStepFunctions.%s", op);
	(void)snprintf(authorization, sizeof(authorization),
		       "AWS4-HMAC-SHA256 Credential=K/20261121/%s/states/aws4_request, "
		       "SignedHeaders=host, Signature=0",
		       region);
	b->w.n_answers = 0;
	b->w.serve.serve(b->w.serve.arg, (struct http_exchange *)(void *)&marks[0], &r);
}

/* The body of the answer, once all that is due now has happened. */
static const char *call(struct bench *b, const char *op, const char *body)
{
	post(b, "us-east-1", op, body);
	world_settle(&b->w, 0);
	return b->w.n_answers == 1 ? b->w.answers[0].body : "(not answered)";
}

/* A member of an answer as text, by up to two names. */
static const char *member(struct bench *b, const char *answer, const char *name, const char *inner)
{
	cJSON *v = json_parse(bytes_str(answer), NULL);
	const cJSON *m = json_get(v, name);
	buf_clear(&b->text);
	json_write(&b->text, inner ? json_get(m, inner) : m);
	cJSON_Delete(v);
	return buf_cstr(&b->text);
}

static void create_and_start(struct bench *b)
{
	struct buf body = BUF_INIT(65536);
	buf_adds(&body, "{\"name\":\"M\"," ROLE ",\"definition\":");
	json_write_string(&body, bytes_str(definition));
	buf_adds(&body, "}");
	CHECK_STR(
	    member(b, call(b, "CreateStateMachine", buf_cstr(&body)), "stateMachineArn", NULL),
	    "\"" MACHINE "\"");
	buf_clear(&body);
	CHECK_STR(member(b,
			 call(b, "StartExecution",
			      "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"one\","
			      "\"input\":\"{\\\"items\\\":[1,2,3,4]}\"}"),
			 "executionArn", NULL),
		  "\"" EXECUTION "\"");
}

static const char *status(struct bench *b)
{
	const char *answer = call(b, "DescribeExecution", "{\"executionArn\":\"" EXECUTION "\"}");
	return member(b, answer, "status", NULL);
}

static void map_run_arn(struct bench *b, char out[300])
{
	cJSON *v = json_parse(
	    bytes_str(call(b, "ListMapRuns", "{\"executionArn\":\"" EXECUTION "\"}")), NULL);
	const cJSON *first = cJSON_GetArrayItem(json_get(v, "mapRuns"), 0);
	const char *arn = json_get_str(first, "mapRunArn");
	(void)snprintf(out, 300, "{\"mapRunArn\":\"%s\"}", arn ? arn : "");
	cJSON_Delete(v);
}

TEST(a_failed_map_run_is_redriven_after_a_crash)
{
	struct bench b = { .local = NULL };
	char arn[300];
	repaired = false;
	struct local_spec spec = { .handlers = "h.lua", .data = world_dir(&b.w) };
	start(&b, &spec);
	CHECK_STR(b.url, "http://127.0.0.1:4242");
	create_and_start(&b);
	world_settle(&b.w, 60000);
	CHECK_STR(status(&b), "\"FAILED\"");
	map_run_arn(&b, arn);
	CHECK_STR(member(&b, call(&b, "DescribeMapRun", arn), "status", NULL), "\"FAILED\"");
	CHECK_INT(b.w.handler_calls, 4); /* those beside the first that fails may end */
	stop(&b);

	repaired = true;
	start(&b, &spec);
	world_settle(&b.w, 60000);
	CHECK_INT(b.w.handler_calls, 0);
	CHECK_STR(status(&b), "\"FAILED\"");
	CHECK(strstr(call(&b, "RedriveExecution",
			  "{\"executionArn\":\"" EXECUTION "\",\"clientToken\":\"t\"}"),
		     "{\"redriveDate\":"));
	world_settle(&b.w, 60000);
	CHECK_STR(status(&b), "\"SUCCEEDED\"");
	CHECK_STR(member(&b, call(&b, "DescribeMapRun", arn), "itemCounts", "succeeded"), "4");
	CHECK_INT(b.w.handler_calls, 2);
	stop(&b);
	world_remove_dir(&b.w);
}

TEST(an_answer_leaves_when_it_is_on_disk)
{
	struct bench b = { .local = NULL };
	struct local_spec spec = { .handlers = "h.lua", .data = world_dir(&b.w) };
	repaired = true;
	start(&b, &spec);
	world_settle(&b.w, 0);
	create_and_start(&b);
	world_settle(&b.w, 60000);

	post(&b, "us-east-1", "StopExecution", "{\"executionArn\":\"no arn\"}");
	CHECK_INT(b.w.n_answers, 1);
	post(&b, "us-east-1", "StartExecution",
	     "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"two\"}");
	CHECK_INT(b.w.n_answers, 0);
	CHECK(world_do_work(&b.w));
	CHECK_INT(b.w.n_answers, 0);
	CHECK(world_end_work(&b.w));
	CHECK_INT(b.w.n_answers, 1);

	/* What is read meanwhile is held back as well: a crash could undo it. */
	post(&b, "us-east-1", "StartExecution",
	     "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"three\"}");
	post(&b, "us-east-1", "ListExecutions", "{\"stateMachineArn\":\"" MACHINE "\"}");
	CHECK_INT(b.w.n_answers, 0);
	world_settle(&b.w, 0);
	CHECK_INT(b.w.n_answers, 2);

	/* What nothing under way has changed is told at once, also behind what is held. */
	post(&b, "us-east-1", "StartExecution",
	     "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"four\"}");
	CHECK_INT(b.w.n_answers, 0);
	post(&b, "us-east-1", "DescribeExecution", "{\"executionArn\":\"" EXECUTION "\"}");
	REQUIRE(b.w.n_answers == 1);
	CHECK(strstr(b.w.answers[0].body, "\"name\":\"one\""));
	post(&b, "us-east-1", "DescribeExecution",
	     "{\"executionArn\":\"arn:aws:states:us-east-1:123456789012:execution:M:four\"}");
	CHECK_INT(b.w.n_answers, 0);
	world_settle(&b.w, 0);
	CHECK_INT(b.w.n_answers, 2);
	stop(&b);
	world_remove_dir(&b.w);
}

TEST(stopping_in_the_middle_loses_nothing_that_was_promised)
{
	struct bench b = { .local = NULL };
	struct local_spec spec = { .handlers = "h.lua", .data = world_dir(&b.w) };
	repaired = true;
	start(&b, &spec);
	create_and_start(&b);
	post(&b, "us-east-1", "StartExecution",
	     "{\"stateMachineArn\":\"" MACHINE "\",\"name\":\"two\","
	     "\"input\":\"{\\\"items\\\":[5]}\"}");
	(void)world_do_work(&b.w);
	stop(&b);

	start(&b, &spec);
	world_settle(&b.w, 60000);
	CHECK_STR(status(&b), "\"SUCCEEDED\"");
	CHECK(strstr(
	    call(&b, "DescribeExecution",
		 "{\"executionArn\":\"arn:aws:states:us-east-1:123456789012:execution:M:two\"}"),
	    "\"status\":\"SUCCEEDED\""));
	stop(&b);
	world_remove_dir(&b.w);
}

TEST(every_region_is_an_engine_of_its_own)
{
	struct bench b = { .local = NULL };
	struct local_spec spec = { .data = world_dir(&b.w) };
	start(&b, &spec);
	create_and_start(&b);
	post(&b, "eu-west-1", "ListStateMachines", "{}");
	world_settle(&b.w, 0);
	REQUIRE(b.w.n_answers == 1);
	CHECK_STR(b.w.answers[0].body, "{\"stateMachines\":[]}");
	post(&b, "eu-west-1", "CreateStateMachine",
	     "{\"name\":\"M\"," ROLE ",\"definition\":\"{\\\"StartAt\\\":\\\"S\\\",\\\"States\\\":"
	     "{\\\"S\\\":{\\\"Type\\\":\\\"Succeed\\\"}}}\"}");
	world_settle(&b.w, 0);
	REQUIRE(b.w.n_answers == 1);
	CHECK_STR(member(&b, b.w.answers[0].body, "stateMachineArn", NULL),
		  "\"arn:aws:states:eu-west-1:123456789012:stateMachine:M\"");
	stop(&b);

	start(&b, &spec);
	post(&b, "eu-west-1", "ListStateMachines", "{}");
	world_settle(&b.w, 0);
	REQUIRE(b.w.n_answers == 1);
	CHECK(strstr(b.w.answers[0].body, "arn:aws:states:eu-west-1:123456789012:stateMachine:M"));
	CHECK(!strstr(b.w.answers[0].body, "us-east-1"));
	stop(&b);

	spec = (struct local_spec){ .region = "ap-south-1" };
	start(&b, &spec);
	CHECK(strstr(call(&b, "CreateStateMachine",
			  "{\"name\":\"M\"," ROLE
			  ",\"definition\":\"{\\\"StartAt\\\":\\\"S\\\",\\\"States\\\":"
			  "{\\\"S\\\":{\\\"Type\\\":\\\"Succeed\\\"}}}\"}"),
		     "arn:aws:states:ap-south-1:"));
	stop(&b);
	world_remove_dir(&b.w);
}

TEST(a_broken_store_refuses_everything)
{
	struct bench b = { .local = NULL };
	char path[256];
	sqlite3 *other = NULL;
	struct local_spec spec = { .handlers = "h.lua", .data = world_dir(&b.w) };
	repaired = true;
	start(&b, &spec);
	create_and_start(&b);
	world_settle(&b.w, 60000);
	CHECK_INT(sqlite3_open(world_path(&b.w, path, "engine.db"), &other), SQLITE_OK);
	CHECK_INT(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

	const char *answer = call(&b, "StartExecution", "{\"stateMachineArn\":\"" MACHINE "\"}");
	CHECK_INT(b.w.answers[0].status, 500);
	CHECK(strstr(answer, "the change could not be stored"));
	answer = call(&b, "ListStateMachines", "{}");
	CHECK_INT(b.w.answers[0].status, 500);
	CHECK(strstr(answer, "the store failed"));
	(void)sqlite3_close(other);
	stop(&b);
	world_remove_dir(&b.w);
}

TEST(what_cannot_work_is_refused_at_the_start)
{
	struct local_world w;
	struct local *l = NULL;
	struct err err = { 0 };
	char url[LOCAL_URL_SIZE];
	world_init(&w);
	struct local_spec spec = { .handlers = "broken.lua" };
	CHECK_INT(local_start(&l, url, &w.api, &spec, &err), -ERR_INVALID);
	CHECK_STR(err.message, "broken.lua:1: syntax error");
	spec = (struct local_spec){ .deny = "sns:Publish" };
	CHECK_INT(local_start(&l, url, &w.api, &spec, &err), -ERR_INVALID);
	spec = (struct local_spec){ .data = "/proc/none" };
	CHECK_INT(local_start(&l, url, &w.api, &spec, &err), -ERR_IO);
	spec = (struct local_spec){ .request_log = "/proc/none/log" };
	CHECK_INT(local_start(&l, url, &w.api, &spec, &err), -ERR_IO);
	CHECK(!world_fire(&w));
}

static int run_command(struct local_world *w, struct err *err, const char *const *words)
{
	char text[8][64], *argv[9] = { NULL };
	int argc = 0;
	for (; words[argc]; argc++) {
		(void)snprintf(text[argc], sizeof(text[argc]), "%s", words[argc]);
		argv[argc] = text[argc];
	}
	int rc = w->command->start(w->command_state, argc, argv, err);
	if (rc == 0)
		w->command->stop(w->command_state);
	return rc;
}

TEST(the_command_reads_its_options)
{
	static const struct {
		const char *words[6];
		const char *message;
	} bad[] = {
		{ { "local", "--port", "70000" },
		  "--port 70000: expected a number from 0 to 65535" },
		{ { "local", "--port", "x" }, "--port x: expected a number from 0 to 65535" },
		{ { "local", "--port" }, "a value is missing after '--port'" },
		{ { "local", "--nope" }, "unknown option '--nope'" },
		{ { "local", "file" }, "unexpected argument 'file'" },
		{ { "local", "--max-open-executions=-1" },
		  "--max-open-executions -1: expected a number from 0 to 2147483647" },
	};
	struct local_world w;
	struct local_command state = { 0 };
	struct err err = { 0 };
	world_init(&w);
	CHECK_INT(local_register(&w.api, &state, NULL), 0);
	REQUIRE(w.command);
	CHECK_STR(w.command->name, "local");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_INT(run_command(&w, &err, bad[i].words), -ERR_INVALID);
		CHECK_STR(err.message, bad[i].message);
	}
	CHECK(!w.serving);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_failed_map_run_is_redriven_after_a_crash),
				 TAP_CASE(an_answer_leaves_when_it_is_on_disk),
				 TAP_CASE(stopping_in_the_middle_loses_nothing_that_was_promised),
				 TAP_CASE(every_region_is_an_engine_of_its_own),
				 TAP_CASE(a_broken_store_refuses_everything),
				 TAP_CASE(what_cannot_work_is_refused_at_the_start),
				 TAP_CASE(the_command_reads_its_options)));
}
