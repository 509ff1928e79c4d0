/* lua/redrive.lua against a service that answers from a script, call by call. */
#include <stdlib.h>

#include "script_world.h"
#include "tap.h"

struct answer {
	const char *op;   /* "describe_execution" */
	const char *json; /* NULL: the call fails with code */
	const char *code;
};

static void start(void *state, struct host_call *call, const struct operation *op)
{
	struct world *w = state;
	w->starts++;
	w->call = call;
	w->call_op = op;
}

static void stop(void *state, struct host_call *call)
{
	struct world *w = state;
	(void)call;
	w->call = NULL;
}

static struct operation ops[4];

static void start_describe(void *state, struct host_call *call)
{
	start(state, call, &ops[0]);
}

static void start_map_run(void *state, struct host_call *call)
{
	start(state, call, &ops[1]);
}

static void start_list(void *state, struct host_call *call)
{
	start(state, call, &ops[2]);
}

static void start_redrive(void *state, struct host_call *call)
{
	start(state, call, &ops[3]);
}

static const struct member in[] = {
	{ .name = "executionArn", .type = MEMBER_STRING },
	{ .name = "mapRunArn", .type = MEMBER_STRING },
	{ .name = "maxResults", .type = MEMBER_INTEGER },
	{ .name = "clientToken", .type = MEMBER_STRING, .flags = MEMBER_TOKEN },
	{ 0 },
};
static const struct member out[] = {
	{ .name = "redriveCount", .type = MEMBER_INTEGER },
	{ .name = "redriveDate", .type = MEMBER_TIMESTAMP },
	{ .name = "startDate", .type = MEMBER_TIMESTAMP },
	{ 0 },
};
static struct operation ops[4] = {
	{ .name = "describe_execution", .flags = OP_READS, .start = start_describe },
	{ .name = "describe_map_run", .flags = OP_READS, .start = start_map_run },
	{ .name = "list_map_runs", .flags = OP_READS, .start = start_list },
	{ .name = "redrive_execution",
	  .flags = OP_CHANGES,
	  .max_calls = 1,
	  .start = start_redrive },
};

static void copy_library(struct world *w)
{
	char path[512], text[32768];
	const char *root = getenv("SOURCE_ROOT");
	(void)snprintf(path, sizeof(path), "%s/lua/redrive.lua", root ? root : ".");
	FILE *f = fopen(path, "r");
	INVARIANT(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	world_file(w, "lib/redrive.lua", text);
}

static void open_service(struct world *w)
{
	world_open(w);
	copy_library(w);
	for (size_t i = 0; i < 4; i++) {
		ops[i].stop = stop;
		ops[i].size = sizeof(ops[i]);
		ops[i].members = in;
		ops[i].answer = out;
		INVARIANT(registry_add_operation(w->registry, "sfn", &ops[i], w, NULL) == 0);
	}
}

/* Give the answers in order, letting every sleep pass; each call must be the one that is expected. */
static void serve(struct world *w, const char *args, const struct answer *answers)
{
	char script[512];
	(void)snprintf(script, sizeof(script), "return require 'redrive'.until_done%s", args);
	world_start(w, script);
	for (; answers->op; answers++) {
		while (w->ends == 0 && !w->call && world_fire_next(w))
			continue;
		if (!CHECK(w->call != NULL)) {
			TAP_NOTE("expected %s, the run ended: %s %s", answers->op, w->result,
				 w->message);
			return;
		}
		CHECK_STR(w->call_op->name, answers->op);
		if (answers->json)
			world_answer(w, answers->json);
		else
			world_fail(w,
				   &(struct call_result){ .code = answers->code, .message = "no" });
	}
	while (w->ends == 0 && !w->call && world_fire_next(w))
		continue;
	CHECK_INT(w->ends, 1);
}

#define COUNTS \
	"{\"pending\":0,\"running\":0,\"succeeded\":6,\"failed\":0,\"timedOut\":0,\"aborted\":0," \
	"\"total\":6,\"resultsWritten\":0,\"failuresNotRedrivable\":0,\"pendingRedrive\":0}"
#define MAP_RUN(status, count, more) \
	"{\"mapRunArn\":\"M\",\"status\":\"" status "\",\"redriveCount\":" count more \
	",\"itemCounts\":" COUNTS ",\"executionCounts\":" COUNTS "}"
#define EXECUTION(status, count) "{\"status\":\"" status "\",\"redriveCount\":" count "}"
#define ARGS "{ executionArn = 'E', mapRunArn = 'M' }"

TEST(a_redrive_is_seen_through_to_its_end)
{
	struct world w;
	open_service(&w);

	serve(&w, ARGS,
	      (const struct answer[]){
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL }, /* lags */
		  { "describe_execution", EXECUTION("RUNNING", "1"), NULL },
		  { "describe_execution", EXECUTION("RUNNING", "1"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL }, /* lags */
		  { "describe_execution", EXECUTION("RUNNING", "1"), NULL },
		  { "describe_map_run", MAP_RUN("RUNNING", "1", ",\"redriveDate\":1790218661"),
		    NULL },
		  { "describe_execution", EXECUTION("SUCCEEDED", "1"), NULL },
		  { "describe_map_run", MAP_RUN("RUNNING", "1", ",\"redriveDate\":1790218661"),
		    NULL },
		  { "describe_map_run", MAP_RUN("SUCCEEDED", "1", ",\"redriveDate\":1790218661"),
		    NULL },
		  { NULL, NULL, NULL } });

	CHECK_STR(w.message, "");
	cJSON *r = json_parse(bytes_str(w.result), NULL);
	CHECK_STR(json_get_str(r, "status"), "SUCCEEDED");
	CHECK_STR(json_get_str(r, "mapRunStatus"), "SUCCEEDED");
	CHECK_STR(json_get_str(r, "mapRunArn"), "M");
	CHECK_INT(json_get_int(r, "redriveCount", -1), 1);
	CHECK_INT(json_get_int(r, "attempts", -1), 1);
	CHECK_INT(json_get_int(json_get(r, "itemCounts"), "succeeded", -1), 6);
	CHECK_INT(json_get_int(json_get(r, "executionCounts"), "total", -1), 6);
	CHECK(strstr(buf_cstr(&w.progress),
		     "6/6 Map Run RUNNING: 6 succeeded, 0 running, 0 pending, 0 bad"));
	cJSON_Delete(r);
	world_close(&w);
}

TEST(a_run_that_failed_again_is_a_result_not_an_error)
{
	struct world w;
	open_service(&w);

	serve(&w, ARGS,
	      (const struct answer[]){
		  { "describe_execution", EXECUTION("FAILED", "2"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "2", ",\"redriveDate\":1"), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution", EXECUTION("FAILED", "3"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "3", ",\"redriveDate\":2"), NULL },
		  { NULL, NULL, NULL } });

	CHECK_STR(w.message, "");
	CHECK(strstr(w.result, "\"status\":\"FAILED\""));
	world_close(&w);
}

TEST(more_attempts_are_more_redrives_and_the_rules_apply)
{
	struct world w;
	open_service(&w);

	serve(&w, "{ executionArn = 'E', mapRunArn = 'M', attempts = 2 }",
	      (const struct answer[]){
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution", EXECUTION("FAILED", "1"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "1", ",\"redriveDate\":2"), NULL },
		  { "describe_execution", EXECUTION("FAILED", "1"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "1", ",\"redriveDate\":2"), NULL },
		  { NULL, NULL, NULL } });

	CHECK_INT(w.outcome, RUN_REFUSED);
	CHECK(strstr(w.message, "`[rules] sfn.redrive_execution = 2`"));
	CHECK(strstr(buf_cstr(&w.log), "attempt 1 of 2 ended FAILED"));
	world_close(&w);
}

TEST(the_map_run_is_found_when_it_is_not_given)
{
	struct world w;
	open_service(&w);

	serve(
	    &w, "{ executionArn = 'E' }",
	    (const struct answer[]){
		{ "list_map_runs", "{\"mapRuns\":[{\"mapRunArn\":\"M\",\"startDate\":1}]}", NULL },
		{ "describe_execution", EXECUTION("FAILED", "0"), NULL },
		{ "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		{ "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		{ "describe_execution", EXECUTION("SUCCEEDED", "1"), NULL },
		{ "describe_map_run", MAP_RUN("SUCCEEDED", "1", ",\"redriveDate\":2"), NULL },
		{ NULL, NULL, NULL } });

	CHECK(strstr(w.result, "\"mapRunArn\":\"M\""));
	world_close(&w);
}

TEST(an_execution_without_map_run_is_redriven_too)
{
	struct world w;
	open_service(&w);

	serve(&w, "{ executionArn = 'E' }",
	      (const struct answer[]){
		  { "list_map_runs", "{\"mapRuns\":[]}", NULL },
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution", EXECUTION("SUCCEEDED", "1"), NULL },
		  { NULL, NULL, NULL } });

	CHECK_STR(w.result, "{\"attempts\":1,\"redriveCount\":1,\"status\":\"SUCCEEDED\"}");
	world_close(&w);
}

#define NOT_RESTARTED \
	{ "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL }, \
	{ \
		"list_map_runs", "{\"mapRuns\":[{\"mapRunArn\":\"M\",\"startDate\":1}]}", NULL \
	}

TEST(a_map_run_that_lags_behind_the_end_of_its_execution_is_waited_for)
{
	struct world w;
	open_service(&w);

	serve(&w, ARGS,
	      (const struct answer[]){
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution", EXECUTION("SUCCEEDED", "1"), NULL },
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  { "describe_map_run", MAP_RUN("SUCCEEDED", "1", ",\"redriveDate\":2"), NULL },
		  { NULL, NULL, NULL } });

	CHECK_STR(w.message, "");
	CHECK(strstr(w.result, "\"mapRunStatus\":\"SUCCEEDED\""));
	world_close(&w);
}

TEST(a_map_run_that_was_not_restarted_is_an_error)
{
	struct world w;
	open_service(&w);

	serve(&w, ARGS,
	      (const struct answer[]){
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution",
		    "{\"status\":\"FAILED\",\"redriveCount\":1,\"error\":\"States.Runtime\","
		    "\"cause\":\"Failed to write a test manifest\"}",
		    NULL },
		  /* for 30 s, by growing pauses */
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  NOT_RESTARTED,
		  { NULL, NULL, NULL } });

	CHECK_STR(w.message,
		  "redrive: the execution was redriven and is FAILED, but its Map "
		  "Run was not restarted: States.Runtime: Failed to write a test manifest");
	world_close(&w);
}

TEST(a_new_map_run_in_place_of_the_old_one_is_followed)
{
	struct world w;
	open_service(&w);

	serve(&w, ARGS,
	      (const struct answer[]){
		  { "describe_execution", EXECUTION("FAILED", "0"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		  { "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
		  { "describe_execution", EXECUTION("SUCCEEDED", "1"), NULL },
		  { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		  { "list_map_runs",
		    "{\"mapRuns\":[{\"mapRunArn\":\"N\",\"startDate\":1790218661}]}", NULL },
		  { "describe_map_run",
		    "{\"mapRunArn\":\"N\",\"status\":\"SUCCEEDED\",\"redriveCount\":0}", NULL },
		  { NULL, NULL, NULL } });

	CHECK_STR(w.message, "");
	CHECK(strstr(w.result, "\"mapRunArn\":\"N\""));
	CHECK(strstr(buf_cstr(&w.log), "a new Map Run was started in place of the old one: N"));
	world_close(&w);
}

static void check_error(const char *args, const struct answer *answers, const char *message)
{
	struct world w;
	open_service(&w);
	serve(&w, args, answers);
	CHECK_INT(w.outcome, RUN_FAILED);
	if (!CHECK(strstr(w.message, message)))
		TAP_NOTE("%s", w.message);
	world_close(&w);
}

TEST(what_cannot_be_redriven_is_not_tried)
{
	check_error(
	    ARGS,
	    (const struct answer[]){ { "describe_execution", EXECUTION("RUNNING", "1"), NULL },
				     { NULL, NULL, NULL } },
	    "the execution is RUNNING: someone else redrove it, or it never stopped");
	check_error(
	    ARGS,
	    (const struct answer[]){
		{ "describe_execution",
		  "{\"status\":\"SUCCEEDED\",\"redriveCount\":0,\"redriveStatus\":\"NOT_"
		  "REDRIVABLE\",\"redriveStatusReason\":\"Execution is SUCCEEDED and cannot be "
		  "redriven\"}",
		  NULL },
		{ NULL, NULL, NULL } },
	    "cannot be redriven: Execution is SUCCEEDED and cannot be redriven");
}

TEST(a_colleagues_redrive_is_noticed)
{
	check_error(ARGS,
		    (const struct answer[]){
			{ "describe_execution", EXECUTION("FAILED", "0"), NULL },
			{ "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
			{ "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
			{ "describe_execution", EXECUTION("RUNNING", "2"), NULL },
			{ NULL, NULL, NULL } },
		    "redriveCount went up to 2 and not to 1: someone else redrives this execution "
		    "too");
	check_error(ARGS,
		    (const struct answer[]){
			{ "describe_execution", EXECUTION("FAILED", "0"), NULL },
			{ "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
			{ "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
			{ "describe_execution", EXECUTION("RUNNING", "1"), NULL },
			{ "describe_execution", EXECUTION("RUNNING", "2"), NULL },
			{ NULL, NULL, NULL } },
		    "redriveCount went up to 2 and not to 1: someone else redrives this execution "
		    "too");
	check_error(
	    ARGS,
	    (const struct answer[]){ { "describe_execution", EXECUTION("FAILED", "0"), NULL },
				     { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
				     { "redrive_execution", NULL, "ExecutionNotRedrivable" },
				     { NULL, NULL, NULL } },
	    "sfn.redrive_execution: ExecutionNotRedrivable");
}

TEST(an_answer_to_an_older_call_is_not_taken_for_a_redrive)
{
	struct world w;
	open_service(&w);

	serve(
	    &w, ARGS,
	    (const struct answer[]){
		{ "describe_execution",
		  "{\"status\":\"FAILED\",\"redriveCount\":1,\"redriveDate\":1790218660.927}",
		  NULL },
		{ "describe_map_run", MAP_RUN("FAILED", "1", ""), NULL },
		{ "redrive_execution", "{\"redriveDate\":1790218660.927,\"replayed\":true}", NULL },
		{ NULL, NULL, NULL } });

	CHECK(strstr(w.message, "nothing was redriven: the service answered with the redrive of "
				"2026-09-24T02:57:40.927Z, made by an older call"));
	world_close(&w);
}

TEST(a_clock_that_is_off_does_not_hide_a_redrive)
{
	struct world w;
	open_service(&w);

	serve(
	    &w, "{ executionArn = 'E', mapRunArn = 'M' }",
	    (const struct answer[]){
		{ "describe_execution", EXECUTION("FAILED", "0"), NULL },
		{ "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
		{ "redrive_execution", "{\"redriveDate\":1790218660.927,\"replayed\":true}", NULL },
		{ "describe_execution", EXECUTION("RUNNING", "1"), NULL },
		{ "describe_execution", EXECUTION("SUCCEEDED", "1"), NULL },
		{ "describe_map_run", MAP_RUN("SUCCEEDED", "1", ",\"redriveDate\":1790218661"),
		  NULL },
		{ NULL, NULL, NULL } });

	CHECK_STR(w.message, "");
	CHECK(strstr(w.result, "\"status\":\"SUCCEEDED\""));
	CHECK(strstr(buf_cstr(&w.log), "or a clock is off"));
	world_close(&w);
}

TEST(wrong_arguments_are_named)
{
	static const struct answer none[] = { { NULL, NULL, NULL } };
	check_error("{}", none, "executionArn is missing");
	check_error("{ executionARN = 'E' }", none, "unknown argument 'executionARN'");
	check_error("{ executionArn = 7 }", none, "executionArn must be a string, got a number");
	check_error("{ executionArn = 'E', attempts = 0 }", none,
		    "attempts must be a whole number");
	check_error("{ executionArn = 'E', pollSeconds = 0 }", none,
		    "pollSeconds must be more than 0");
	check_error("'E'", none, "takes a table, got a string");
}

TEST(a_time_out_says_that_the_redrive_goes_on)
{
	check_error("{ executionArn = 'E', mapRunArn = 'M', timeoutSeconds = 0.5 }",
		    (const struct answer[]){
			{ "describe_execution", EXECUTION("FAILED", "0"), NULL },
			{ "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
			{ "redrive_execution", "{\"redriveDate\":1790218660.927}", NULL },
			{ "describe_execution", EXECUTION("RUNNING", "1"), NULL },
			{ NULL, NULL, NULL } },
		    "no end after 0.5 s: the execution is RUNNING (a redriven execution goes on by "
		    "itself)");
}

TEST(a_dry_run_stops_before_the_change)
{
	struct world w;
	open_service(&w);
	w.spec.dry_run = true;

	serve(&w, ARGS,
	      (const struct answer[]){ { "describe_execution", EXECUTION("FAILED", "0"), NULL },
				       { "describe_map_run", MAP_RUN("FAILED", "0", ""), NULL },
				       { NULL, NULL, NULL } });

	CHECK_STR(w.result, "{\"dryRun\":true}");
	world_close(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_redrive_is_seen_through_to_its_end),
	    TAP_CASE(a_run_that_failed_again_is_a_result_not_an_error),
	    TAP_CASE(more_attempts_are_more_redrives_and_the_rules_apply),
	    TAP_CASE(the_map_run_is_found_when_it_is_not_given),
	    TAP_CASE(an_execution_without_map_run_is_redriven_too),
	    TAP_CASE(a_map_run_that_lags_behind_the_end_of_its_execution_is_waited_for),
	    TAP_CASE(a_map_run_that_was_not_restarted_is_an_error),
	    TAP_CASE(a_new_map_run_in_place_of_the_old_one_is_followed),
	    TAP_CASE(what_cannot_be_redriven_is_not_tried),
	    TAP_CASE(a_colleagues_redrive_is_noticed),
	    TAP_CASE(an_answer_to_an_older_call_is_not_taken_for_a_redrive),
	    TAP_CASE(a_clock_that_is_off_does_not_hide_a_redrive),
	    TAP_CASE(wrong_arguments_are_named), TAP_CASE(a_time_out_says_that_the_redrive_goes_on),
	    TAP_CASE(a_dry_run_stops_before_the_change)));
}
