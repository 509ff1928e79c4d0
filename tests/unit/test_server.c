/* Requests to answers: held until durable, dropped, denied, logged; and task handlers. */
#include "tap.h"

#include "local_world.h"

#include "local/shell/fault_plan.h"
#include "local/shell/handlers.h"
#include "local/shell/server.h"

static int marks[8]; /* their addresses stand for exchanges */

static struct http_exchange *exchange(int n)
{
	return (struct http_exchange *)(void *)&marks[n];
}

struct bench {
	struct local_world w;
	struct server *server;
	uint64_t ticket; /* of the next requests */
	int calls;
	int ends;    /* requests that may end their waiting */
	int seconds; /* how long they wait */
	bool fail;
	char op[128];
	struct fault_plan faults;
};

static int backend(void *arg, const struct wire_request *r, struct buf *answer, uint64_t *ticket,
		   struct err *err)
{
	struct bench *b = arg;
	b->calls++;
	*ticket = b->ticket;
	(void)snprintf(b->op, sizeof(b->op), "%s %s", r->region, r->op);
	if (b->fail) {
		buf_adds(answer, "{\"reason\":\"R\"}");
		return wire_error(err, "ValidationException", 400, "no");
	}
	if (strstr(r->op, "Wait") && b->ends == 0) {
		buf_addf(
		    answer,
		    "{\"key\":\"%s\",\"op\":\"WaitOn\",\"args\":{\"key\":\"%s\"},\"seconds\":%d,"
		    "\"otherwise\":{\"late\":1}}",
		    json_get_str(r->args, "key"), json_get_str(r->args, "key"), b->seconds);
		return err_set(err, ERR_TIMEOUT, "not yet");
	}
	b->ends -= b->ends > 0;
	buf_adds(answer, "{\"ok\":true}");
	return 0;
}

static void set_up(struct bench *b, const char *deny, const char *log)
{
	uint16_t port = 0;
	*b = (struct bench){ .calls = 0 };
	world_init(&b->w);
	const struct server_spec spec = { .api = &b->w.api,
					  .account = "1",
					  .deny = deny,
					  .request_log = log,
					  .faults = &b->faults,
					  .backend = backend,
					  .arg = b };
	CHECK_INT(server_start(&b->server, &port, &spec, NULL), 0);
	CHECK_INT(port, 4242);
	CHECK_STR(b->w.serve.address, "127.0.0.1");
}

static void request(struct bench *b, int n, const char *op, const char *body)
{
	char target[100];
	const struct http_header headers[] = {
		{ "x-amz-target", target },
		{ "content-type", "application/x-amz-json-1.0" },
		{ "authorization", "AWS4-HMAC-SHA256 Credential=K/20261121/us-east-1/states/"
				   "aws4_request, SignedHeaders=host, Signature=0" },
		{ "x-amz-date", "20261121T225103Z" },
	};
	const struct http_received r = { .method = "POST",
					 .path = "/",
					 .query = "",
					 .headers = headers,
					 .n_headers = 4,
					 .body = bytes_str(body) };
	(void)snprintf(target, sizeof(target), "AWSStepFunctions.%s", op);
	b->w.serve.serve(b->w.serve.arg, exchange(n), &r);
}

static const struct err none;

TEST(answers_without_a_ticket_leave_at_once)
{
	struct bench b;
	set_up(&b, NULL, NULL);
	request(&b, 0, "DescribeExecution", "{}");
	CHECK_STR(b.op, "us-east-1 DescribeExecution");
	REQUIRE(b.w.n_answers == 1);
	CHECK_INT(b.w.answers[0].status, 200);
	CHECK_STR(b.w.answers[0].body, "{\"ok\":true}");

	b.fail = true;
	request(&b, 1, "DescribeExecution", "{}");
	REQUIRE(b.w.n_answers == 2);
	CHECK_INT(b.w.answers[1].status, 400);
	CHECK_STR(b.w.answers[1].body,
		  "{\"__type\":\"com.amazonaws.swf.service.v2.model#ValidationException\","
		  "\"message\":\"no\",\"reason\":\"R\"}");
	server_stop(b.server);
	CHECK(!b.w.serving);
}

TEST(answers_with_a_ticket_wait_until_it_is_durable)
{
	struct bench b;
	set_up(&b, NULL, NULL);
	b.ticket = 1;
	request(&b, 0, "StartExecution", "{}");
	b.ticket = 2;
	request(&b, 1, "StartExecution", "{}");
	request(&b, 2, "StartExecution", "{}");
	CHECK_INT(b.w.n_answers, 0);
	server_release(b.server, 1, &none);
	REQUIRE(b.w.n_answers == 1);
	CHECK(b.w.answers[0].exchange == exchange(0));

	b.w.serve.gone(b.w.serve.arg, exchange(2));
	b.w.serve.gone(b.w.serve.arg, exchange(7));
	b.ticket = 3;
	request(&b, 3, "StartExecution", "{}");
	server_release(b.server, 2, &none);
	REQUIRE(b.w.n_answers == 2);
	CHECK(b.w.answers[1].exchange == exchange(1));
	server_stop(b.server);
	CHECK_INT(b.w.n_answers, 2);
}

TEST(an_answer_with_a_lower_ticket_does_not_wait_behind_others)
{
	struct bench b;
	set_up(&b, NULL, NULL);
	b.ticket = 2;
	request(&b, 0, "StartExecution", "{}");
	b.ticket = 1;
	request(&b, 1, "DescribeExecution", "{}");
	b.ticket = 2;
	request(&b, 2, "StartExecution", "{}");
	b.ticket = 1;
	request(&b, 3, "DescribeExecution", "{}");
	server_release(b.server, 1, &none);
	REQUIRE(b.w.n_answers == 2);
	CHECK(b.w.answers[0].exchange == exchange(1));
	CHECK(b.w.answers[1].exchange == exchange(3));
	b.ticket = 3;
	request(&b, 4, "StartExecution", "{}"); /* the end of the list is still known */
	server_release(b.server, 3, &none);
	REQUIRE(b.w.n_answers == 5);
	CHECK(b.w.answers[2].exchange == exchange(0));
	CHECK(b.w.answers[3].exchange == exchange(2));
	CHECK(b.w.answers[4].exchange == exchange(4));
	server_stop(b.server);
}

TEST(what_could_not_be_stored_is_an_internal_failure)
{
	struct bench b;
	struct err err = { 0 };
	set_up(&b, NULL, NULL);
	b.ticket = 1;
	request(&b, 0, "StartExecution", "{}");
	(void)err_set(&err, ERR_IO, "disk full");
	server_release(b.server, 1, &err);
	REQUIRE(b.w.n_answers == 1);
	CHECK_INT(b.w.answers[0].status, 500);
	CHECK_STR(
	    b.w.answers[0].body,
	    "{\"__type\":\"com.amazon.coral.service#InternalFailure\",\"message\":\"the change "
	    "could not be stored: disk full\"}");
	server_stop(b.server);
}

TEST(bad_and_denied_requests_never_reach_the_engine)
{
	struct bench b;
	set_up(&b, "states:StopExecution", NULL);
	request(&b, 0, "StartExecution", "[]");
	request(&b, 1, "StopExecution", "{\"executionArn\":\"arn:aws:x\"}");
	CHECK_INT(b.calls, 0);
	REQUIRE(b.w.n_answers == 2);
	CHECK(strstr(b.w.answers[0].body, "#SerializationException"));
	CHECK(strstr(b.w.answers[1].body, "states:StopExecution on resource: arn:aws:x because"));
	server_stop(b.server);
}

TEST(every_request_is_logged_before_it_is_served)
{
	struct bench b;
	char path[256], text[1024] = "";
	struct local_world dir;
	(void)world_dir(&dir);
	set_up(&b, NULL, world_path(&dir, path, "log"));
	request(&b, 0, "RedriveExecution", "{\"clientToken\":\"t\\n\",\"executionArn\":\"a\"}");
	request(&b, 1, "ListExecutions", "[]");
	server_stop(b.server);

	FILE *f = fopen(path, "r");
	REQUIRE(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	CHECK_STR(text, "{\"time\":\"2026-11-21T22:26:40.000Z\",\"operation\":\"RedriveExecution\","
			"\"clientToken\":\"t\\n\",\"executionArn\":\"a\"}\n"
			"{\"time\":\"2026-11-21T22:26:40.000Z\",\"operation\":\"ListExecutions\","
			"\"clientToken\":null,\"executionArn\":null}\n");
	world_remove_dir(&dir);
}

TEST(a_request_waits_until_its_answer_comes)
{
	struct bench b;
	set_up(&b, NULL, NULL);
	b.seconds = 60;
	request(&b, 0, "Wait", "{\"key\":\"a\"}");
	request(&b, 1, "Wait", "{\"key\":\"a\"}");
	request(&b, 2, "Wait", "{\"key\":\"b\"}");
	CHECK_INT(b.w.n_answers, 0);

	server_wake(b.server, "c");
	b.ends = 1;
	server_wake(b.server, "a");
	server_wake(b.server, "a");
	CHECK_INT(b.calls, 3);
	CHECK(world_fire(&b.w));
	CHECK_INT(b.calls, 5);
	CHECK_STR(b.op, "us-east-1 WaitOn");
	REQUIRE(b.w.n_answers == 1);
	CHECK(b.w.answers[0].exchange == exchange(0));
	CHECK_STR(b.w.answers[0].body, "{\"ok\":true}");

	b.w.serve.gone(b.w.serve.arg, exchange(1));
	server_wake(b.server, "a");
	CHECK_INT(b.calls, 5);
	server_stop(b.server);
	CHECK(!world_fire(&b.w));
}

TEST(a_request_that_waited_long_enough_gets_the_other_answer)
{
	struct bench b;
	set_up(&b, NULL, NULL);
	b.seconds = 310;
	request(&b, 0, "Wait", "{\"key\":\"a\"}");
	b.seconds = 60;
	request(&b, 1, "Wait", "{\"key\":\"b\"}");
	int64_t before = b.w.now_ms;
	while (b.w.n_answers < 1 && world_fire(&b.w))
		;
	CHECK_INT(b.w.now_ms - before, 60000);
	REQUIRE(b.w.n_answers == 1);
	CHECK(b.w.answers[0].exchange == exchange(1));
	CHECK_STR(b.w.answers[0].body, "{\"late\":1}");
	while (b.w.n_answers < 2 && world_fire(&b.w))
		;
	CHECK_INT(b.w.now_ms - before, 310000);
	CHECK_INT(b.w.n_answers, 2);
	CHECK(!world_fire(&b.w));
	server_stop(b.server);
}

/* ---- handlers ---- */

struct ended {
	int n;
	uint64_t id[8];
	char text[8][256]; /* the output, or "error|cause" */
};

static void on_done(void *arg, void *owner, uint64_t id, struct bytes output, const char *error,
		    const char *cause)
{
	struct ended *e = arg;
	CHECK(owner == &marks[0]);
	e->id[e->n] = id;
	if (error)
		(void)snprintf(e->text[e->n], 256, "%s|%s", error, cause);
	else
		(void)snprintf(e->text[e->n], 256, "%.*s", (int)output.n, output.p);
	e->n++;
}

/* What the handler does is its input. */
static int obedient(const char *name, struct bytes input, struct buf *out, struct err *err)
{
	CHECK_STR(name, "f");
	if (bytes_eq(input, bytes_str("\"raise\""))) {
		int rc = err_set(err, ERR_REMOTE, "the cause");
		(void)snprintf(err->name, sizeof(err->name), "My.Error");
		return rc;
	}
	if (bytes_eq(input, bytes_str("\"text\"")))
		return err_set(err, ERR_REMOTE, "h.lua:3: oh");
	if (bytes_eq(input, bytes_str("\"loop\"")))
		return err_set(err, ERR_LIMIT, "budget");
	if (bytes_eq(input, bytes_str("\"function\"")))
		return err_set(err, ERR_INVALID, "a function is not JSON");
	buf_add(out, input.p, input.n);
	return 0;
}

static struct handlers *open_handlers(struct local_world *w, struct ended *e, const char *path)
{
	struct handlers *h = NULL;
	const struct handlers_spec spec = {
		.api = &w->api, .path = path, .done = on_done, .arg = e
	};
	world_init(w);
	w->handler = obedient;
	w->handler_name = "f";
	CHECK_INT(handlers_open(&h, &spec, NULL), 0);
	return h;
}

static void task(struct handlers *h, uint64_t id, const char *function, const char *input)
{
	const struct engine_task t = { .id = id,
				       .resource = "arn:aws:lambda:us-east-1:1:function:f",
				       .function = function,
				       .input = bytes_str(input),
				       .context = BYTES_LIT("{}") };
	handlers_start(h, &marks[0], &t);
}

TEST(handlers_run_in_a_later_turn_in_order)
{
	static const char missing[] =
	    "Lambda.ResourceNotFoundException|Function not found: g (the handlers file 'h.lua' "
	    "returns no function of that name)";
	static const char *const want[] = { "{\"a\":1}",
					    "My.Error|the cause",
					    "Error|h.lua:3: oh",
					    "Sandbox.Timedout|budget",
					    "Runtime.MarshalError|a function is not JSON",
					    missing };
	static const char *const inputs[] = { "{\"a\":1}", "\"raise\"",    "\"text\"",
					      "\"loop\"",  "\"function\"", "1" };
	struct local_world w;
	struct ended e = { 0 };
	struct handlers *h = open_handlers(&w, &e, "h.lua");
	REQUIRE(h);
	for (uint64_t i = 0; i < 6; i++)
		task(h, i + 1, i == 5 ? "g" : "f", inputs[i]);
	CHECK_INT(e.n, 0);
	CHECK(world_fire(&w));
	CHECK_INT(e.n, 6);
	for (int i = 0; i < e.n; i++) {
		CHECK_INT(e.id[i], i + 1);
		CHECK_STR(e.text[i], want[i]);
	}
	CHECK(!world_fire(&w));
	handlers_close(h);
}

TEST(a_stopped_task_is_not_run)
{
	struct local_world w;
	struct ended e = { 0 };
	struct handlers *h = open_handlers(&w, &e, "h.lua");
	REQUIRE(h);
	task(h, 1, "f", "1");
	task(h, 2, "f", "2");
	handlers_stop(h, &marks[0], 2);
	handlers_stop(h, &marks[0], 9);
	handlers_stop(h, &marks[1], 1);
	task(h, 3, "f", "3");
	while (world_fire(&w))
		;
	CHECK_INT(e.n, 2);
	CHECK_STR(e.text[1], "3");
	CHECK_INT(w.handler_calls, 2);
	task(h, 4, "f", "4");
	handlers_stop(h, &marks[0], 4);
	while (world_fire(&w))
		;
	CHECK_INT(e.n, 2);
	task(h, 5, "f", "5");
	handlers_close(h);
	CHECK(!world_fire(&w));
}

TEST(without_a_file_every_function_is_missing)
{
	struct local_world w;
	struct ended e = { 0 };
	struct err err = { 0 };
	struct handlers *h = open_handlers(&w, &e, NULL);
	REQUIRE(h);
	task(h, 1, "f", "1");
	while (world_fire(&w))
		;
	CHECK_STR(e.text[0], "Lambda.ResourceNotFoundException|Function not found: f (there is no "
			     "handlers file; start with --handlers FILE)");
	handlers_close(h);
	const struct handlers_spec spec = { .api = &w.api, .path = "broken.lua" };
	CHECK_INT(handlers_open(&h, &spec, &err), -ERR_INVALID);
	CHECK_STR(err.message, "broken.lua:1: syntax error");
}

static void order(struct bench *b, const char *fault)
{
	cJSON *v = json_parse(bytes_str(fault), NULL);
	CHECK_INT(fault_plan_add(&b->faults, v, NULL), 0);
	cJSON_Delete(v);
}

TEST(a_fault_before_keeps_the_request_from_the_engine)
{
	static const struct {
		const char *fault, *type;
		int status;
	} cases[] = {
		{ "{\"operation\":\"*\",\"kind\":\"throttle\",\"count\":1}",
		  "com.amazon.coral.availability#ThrottlingException", 400 },
		{ "{\"operation\":\"*\",\"kind\":\"error\",\"status\":503,\"count\":1}",
		  "com.amazon.coral.service#ServiceUnavailable", 503 },
		{ "{\"operation\":\"*\",\"kind\":\"error\",\"count\":1}",
		  "com.amazon.coral.service#InternalFailure", 500 },
		{ "{\"operation\":\"*\",\"kind\":\"deny\",\"count\":1}",
		  "com.amazon.coral.service#AccessDeniedException", 400 },
	};
	struct bench b;
	set_up(&b, NULL, NULL);
	for (int i = 0; i < 4; i++) {
		order(&b, cases[i].fault);
		request(&b, i, "StopExecution", "{}");
		REQUIRE(b.w.n_answers == i + 1);
		CHECK_INT(b.w.answers[i].status, cases[i].status);
		CHECK(strstr(b.w.answers[i].body, cases[i].type));
	}
	order(&b, "{\"operation\":\"*\",\"kind\":\"drop\",\"count\":1}");
	request(&b, 5, "StopExecution", "{}");
	CHECK_INT(b.w.drops, 1);
	CHECK_INT(b.calls, 0);
	request(&b, 6, "StopExecution", "{}");
	CHECK_INT(b.calls, 1);
	server_stop(b.server);
}

TEST(a_fault_after_waits_for_the_answer_and_its_disk)
{
	struct bench b;
	set_up(&b, NULL, NULL);
	b.ticket = 1;
	order(&b, "{\"operation\":\"*\",\"kind\":\"drop\",\"when\":\"after\",\"count\":1}");
	order(&b, "{\"operation\":\"*\",\"kind\":\"error\",\"when\":\"after\",\"count\":1}");
	request(&b, 0, "StopExecution", "{}");
	request(&b, 1, "StopExecution", "{}");
	CHECK_INT(b.calls, 2);
	CHECK_INT(b.w.drops + b.w.n_answers, 0);
	server_release(b.server, 1, &none);
	CHECK_INT(b.w.drops, 1);
	REQUIRE(b.w.n_answers == 1);
	CHECK(b.w.answers[0].exchange == exchange(1));
	CHECK_INT(b.w.answers[0].status, 500);
	server_stop(b.server);
}

TEST(a_late_answer_is_the_same_answer_unless_the_client_has_left)
{
	static const char *const faults[] = {
		"{\"operation\":\"*\",\"kind\":\"latency\",\"ms\":500}",
		"{\"operation\":\"*\",\"kind\":\"latency\",\"ms\":500,\"when\":\"after\"}",
	};
	for (int after = 0; after < 2; after++) {
		struct bench b;
		set_up(&b, NULL, NULL);
		order(&b, faults[after]);
		request(&b, 0, "StopExecution", "{}");
		request(&b, 1, "StopExecution", "{}");
		CHECK_INT(b.calls, after ? 2 : 0);
		b.w.serve.gone(b.w.serve.arg, exchange(1));
		world_settle(&b.w, 499);
		CHECK_INT(b.w.n_answers, 0);
		world_settle(&b.w, 1000);
		REQUIRE(b.w.n_answers == 1);
		CHECK_INT(b.calls, after ? 2 : 1);
		CHECK_STR(b.w.answers[0].body, "{\"ok\":true}");
		request(&b, 2, "StopExecution", "{}");
		server_stop(b.server);
		CHECK(!world_fire(&b.w));
		fault_plan_clear(&b.faults);
	}
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(answers_without_a_ticket_leave_at_once),
	    TAP_CASE(answers_with_a_ticket_wait_until_it_is_durable),
	    TAP_CASE(an_answer_with_a_lower_ticket_does_not_wait_behind_others),
	    TAP_CASE(what_could_not_be_stored_is_an_internal_failure),
	    TAP_CASE(bad_and_denied_requests_never_reach_the_engine),
	    TAP_CASE(every_request_is_logged_before_it_is_served),
	    TAP_CASE(a_request_waits_until_its_answer_comes),
	    TAP_CASE(a_request_that_waited_long_enough_gets_the_other_answer),
	    TAP_CASE(handlers_run_in_a_later_turn_in_order), TAP_CASE(a_stopped_task_is_not_run),
	    TAP_CASE(without_a_file_every_function_is_missing),
	    TAP_CASE(a_fault_before_keeps_the_request_from_the_engine),
	    TAP_CASE(a_fault_after_waits_for_the_answer_and_its_disk),
	    TAP_CASE(a_late_answer_is_the_same_answer_unless_the_client_has_left)));
}
