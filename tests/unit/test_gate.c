/* The gate in a fake world: order of steps, records, checks, rules, tokens, errors. */
#include "script_world.h"
#include "tap.h"

#include "base/clock.h"

#define READ "require 'demo'.read_thing"
#define CHANGE "require 'demo'.change_thing"

TEST(a_change_is_not_started_before_its_intent_is_durable)
{
	struct world w;
	world_open(&w);

	world_hold(&w);
	world_start(&w, "return " CHANGE "{ target = 't' }.x");
	CHECK_INT(w.starts, 0);
	CHECK_INT(world_count(&w, "call.intent"), 1);
	world_release(&w);
	CHECK_INT(w.starts, 1);

	world_hold(&w);
	world_answer(&w, "{\"x\":1}");
	CHECK_INT(w.ends, 0); /* the outcome is not durable yet */
	world_release(&w);
	CHECK_INT(w.ends, 1);
	CHECK_STR(w.result, "1");
	world_close(&w);
}

TEST(a_read_does_not_wait_for_the_disk)
{
	struct world w;
	world_open(&w);

	world_hold(&w);
	world_start(&w, READ "{ name = 'x' }");
	CHECK_INT(w.starts, 1);
	world_answer(&w, "{}");

	CHECK_INT(w.outcome, RUN_DONE);
	world_close(&w);
}

TEST(the_records_say_who_did_what_to_what)
{
	struct world w;
	world_open(&w);
	w.spec.actor = BYTES_LIT("{\"user\":\"eva\"}");
	w.spec.reason = "ticket 7";
	w.spec.config = "c0ffee";
	w.spec.id = "run-1";

	world_start(&w,
		    READ "{ name = 'x', secret = 'hush', inner = { depth = 1, password = 'pw' } }");
	world_answer(&w, "{\"status\":\"FAILED\",\"total\":3,\"percentage\":1}");

	CHECK_STR(world_record(&w, 2) + strlen("call.outcome "), world_last(&w, "call.outcome"));
	cJSON *intent = json_parse(bytes_str(world_last(&w, "call.intent")), NULL);
	CHECK_STR(json_get_str(intent, "run"), "run-1");
	CHECK_STR(json_get_str(intent, "step"), "1");
	CHECK_STR(json_get_str(json_get(intent, "actor"), "user"), "eva");
	CHECK_STR(json_get_str(intent, "reason"), "ticket 7");
	CHECK_STR(json_get_str(intent, "config"), "c0ffee");
	CHECK_STR(json_get_str(json_get(intent, "runbook"), "path"), w.path);
	CHECK_INT(strlen(json_get_str(json_get(intent, "runbook"), "sha256")), 64);
	CHECK_STR(json_get_str(json_get(intent, "plugin"), "version"), "1.2.3");
	CHECK_STR(json_get_str(intent, "operation"), "demo.read_thing");
	CHECK_STR(json_get_str(intent, "account"), "111122223333");
	CHECK_STR(json_get_str(intent, "resource"), "x");
	CHECK(!json_get_bool(intent, "mutates", true));
	cJSON *args = json_parse(BYTES_LIT("{\"name\":\"x\",\"secret\":{\"redacted\":4},\"inner\":{"
					   "\"depth\":1,\"password\":{\"redacted\":2}}}"),
				 NULL);
	CHECK(json_equal(json_get(intent, "args"), args));
	cJSON *outcome = json_parse(bytes_str(world_last(&w, "call.outcome")), NULL);
	CHECK_INT(json_get_int(outcome, "intent", 0), 2);
	CHECK_STR(json_get_str(outcome, "outcome"), "ok");
	CHECK_STR(json_get_str(json_get(outcome, "facts"), "status"), "FAILED");
	CHECK_INT(json_get_int(json_get(outcome, "facts"), "total", 0), 3);
	CHECK(!json_get(json_get(outcome, "facts"), "percentage"));
	CHECK_STR(json_get_str(outcome, "requestId"), "req-1");
	CHECK_INT(json_get_int(outcome, "status", 0), 200);
	for (size_t i = 0; i < world_records(&w); i++)
		CHECK(!strstr(world_record(&w, i), "hush"));
	CHECK(strstr(world_last(&w, "run.end"), "\"outcome\":\"done\""));
	cJSON_Delete(intent);
	cJSON_Delete(outcome);
	cJSON_Delete(args);
	world_close(&w);
}

TEST(a_misspelt_sensitive_member_is_not_recorded_either)
{
	struct world w;
	world_open(&w);

	world_run(&w, "pcall(" READ ", { name = 'x', secrt = 'hush' })");

	CHECK_INT(world_count(&w, "call.intent"), 1);
	CHECK(!strstr(world_last(&w, "call.intent"), "hush"));
	CHECK(!strstr(world_last(&w, "call.outcome"), "hush"));
	world_close(&w);
}

TEST(a_failed_call_raises_an_error_object)
{
	struct world w;
	world_open(&w);

	world_start(
	    &w, "local ok, e = pcall(" CHANGE ", { target = 't' })\n"
		"assert(not ok and e.code == 'NotRedrivable' and e.status == 400)\n"
		"assert(e.requestId == 'r-7' and e.attempts == 2 and e.retryable == false)\n"
		"assert(e.operation == 'demo.change_thing' and e.reason == 'too late')\n"
		"assert(#e.clientToken == 36)\n"
		"assert(e.message == 'it is running')\n"
		"assert(tostring(e) == 'demo.change_thing: NotRedrivable: it is running (request "
		"r-7)')\n"
		"assert(('' .. e) == tostring(e))\n"
		"return e.clientToken");
	world_fail(&w, &(struct call_result){
			   .code = "NotRedrivable",
			   .message = "it is running",
			   .extra = BYTES_LIT("{\"reason\":\"too late\",\"code\":\"not ours\"}"),
			   .status = 400,
			   .request_id = "r-7",
			   .attempts = 2 });

	CHECK_STR(w.message, "");
	CHECK_INT(w.outcome, RUN_DONE);
	CHECK(strstr(world_last(&w, "call.outcome"),
		     "\"outcome\":\"error\",\"code\":\"NotRedrivable\""));
	world_close(&w);
}

TEST(an_uncaught_error_object_names_the_line_of_the_call)
{
	struct world w;
	char want[256];
	world_open(&w);

	world_start(&w, "local demo = require 'demo'\n\ndemo.read_thing{ name = 'x' }");
	world_fail(&w, &(struct call_result){ .code = "NotFound", .message = "no such thing" });

	(void)snprintf(want, sizeof(want), "%s:3: demo.read_thing: NotFound: no such thing",
		       w.path);
	CHECK_STR(w.message, want);
	CHECK_INT(w.outcome, RUN_FAILED);
	world_close(&w);
}

TEST(a_token_is_made_from_run_attempt_and_step)
{
	struct world w;
	char first[80], again[80];
	const struct run_rule two[] = { { "demo.change_thing", 2 } };
	const char script[] =
	    "local _, a = " CHANGE "{ target = 't' }\n"
	    "local _, b = " CHANGE "{ target = 't' }\nassert(a ~= b)\nreturn { a, b }";
	world_open(&w);
	w.spec.rules = two;
	w.spec.n_rules = 1;
	w.spec.id = "run-1";

	world_start(&w, script);
	REQUIRE(w.call);
	CHECK(strstr(w.call->args.p, "\"clientToken\":\""));
	CHECK(w.call->not_after_ms > 0);
	world_answer(&w, "{}");
	world_answer(&w, "{}");
	(void)snprintf(first, sizeof(first), "%.79s", w.result);
	CHECK_INT(strlen(first), 79);
	world_run(&w, script);
	(void)snprintf(again, sizeof(again), "%.79s", w.result);
	CHECK_STR(again, first);
	w.spec.attempt = 2;
	world_run(&w, script);
	CHECK(strncmp(w.result, first, 79) != 0);
	world_close(&w);
}

TEST(a_token_that_is_given_is_sent_unchanged)
{
	struct world w;
	world_open(&w);

	world_start(&w, "local _, t = " CHANGE "{ target = 't', clientToken = 'mine' } return t");
	REQUIRE(w.call);
	CHECK(strstr(w.call->args.p, "\"clientToken\":\"mine\""));
	world_answer(&w, "{}");

	CHECK_STR(w.result, "\"mine\"");
	CHECK(strstr(world_last(&w, "call.intent"), "\"token\":\"mine\""));
	world_close(&w);
}

TEST(a_second_change_of_one_resource_in_one_run_is_refused)
{
	struct world w;
	world_open(&w);

	world_start(&w, CHANGE "{ target = 'a' }\n" CHANGE "{ target = 'b' }\n" CHANGE
			       "{ target = 'a' }");
	world_answer(&w, "{}");
	world_answer(&w, "{}");

	CHECK_INT(w.starts, 2);
	CHECK_INT(w.outcome, RUN_REFUSED);
	CHECK(strstr(
	    w.message,
	    "PolicyDenied: a run may call it 1 time on one resource; `[rules] demo.change_thing = "
	    "2` in the configuration allows more"));
	CHECK(strstr(world_last(&w, "call.outcome"), "\"outcome\":\"refused\""));
	CHECK_INT(world_count(&w, "call.intent"), 3);
	CHECK_INT(world_count(&w, "call.outcome"), 3);
	world_close(&w);
}

TEST(a_caught_refusal_does_not_end_the_run)
{
	struct world w;
	const struct run_rule none[] = { { "demo.change_thing", 0 } };
	world_open(&w);
	w.spec.rules = none;
	w.spec.n_rules = 1;

	world_run(&w, "local ok, e = pcall(" CHANGE ", { target = 'a' })\nreturn e.code");

	CHECK_INT(w.outcome, RUN_DONE);
	CHECK_STR(w.result, "\"PolicyDenied\"");
	CHECK_INT(w.starts, 0);
	world_close(&w);
}

/* Answer with a date that is so many seconds from now. */
static void answer_dated(struct world *w, int seconds)
{
	char json[64];
	(void)snprintf(json, sizeof(json), "{\"changedAt\":%lld.5}",
		       (long long)(clock_wall_ms() / 1000 + seconds));
	world_answer(w, json);
}

TEST(an_answer_older_than_its_intent_is_marked_replayed)
{
	static const struct {
		int seconds;
		const char *result;
	} cases[] = { { -3600, "true" }, { -30, "true" }, { 0, "null" }, { 3600, "null" } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		world_open(&w);
		world_start(&w, "return " CHANGE "{ target = 't' }.replayed");
		answer_dated(&w, cases[i].seconds);

		CHECK_STR(w.result, cases[i].result);
		const char *record = world_last(&w, "call.outcome");
		CHECK(!strstr(record, "\"replayed\":true") == (cases[i].seconds >= 0));
		world_close(&w);
	}
}

TEST(a_dry_run_reads_for_real_and_changes_nothing)
{
	struct world w;
	world_open(&w);
	w.spec.dry_run = true;

	world_start(&w, "local a = " READ "{ name = 'x' }\nlocal b, t = " CHANGE
			"{ target = a.status }\n"
			"return { b, #t }");
	CHECK_INT(w.starts, 1);
	world_answer(&w, "{\"status\":\"s\"}");

	CHECK_STR(w.result, "[{\"dryRun\":true},36]");
	CHECK_INT(w.starts, 1);
	CHECK(strstr(world_last(&w, "call.outcome"), "\"outcome\":\"dry_run\""));
	CHECK(strstr(world_last(&w, "run.start"), "\"dryRun\":true"));
	world_close(&w);
}

TEST(nothing_is_changed_when_it_cannot_be_recorded_and_reads_go_on)
{
	struct world w;
	world_open(&w);

	world_break_log(&w);
	world_start(&w, "local a = " READ "{ name = 'x' }\nassert(a.status == 's')\n" CHANGE
			"{ target = 't' }");
	CHECK_INT(w.starts, 1);
	world_answer(&w, "{\"status\":\"s\"}");

	CHECK_INT(w.starts, 1);
	CHECK_INT(w.outcome, RUN_AUDIT_UNAVAILABLE);
	CHECK(strstr(w.message, "AuditUnavailable: the log: no space left on device"));
	world_close(&w);
}

TEST(an_intent_that_did_not_become_durable_is_not_sent)
{
	struct world w;
	world_open(&w);

	world_hold(&w);
	world_start(&w, "sleep(0)\n" CHANGE "{ target = 't' }");
	CHECK_INT(w.starts, 0);
	world_close(&w);

	world_open(&w);
	world_hold(&w);
	world_start(&w, CHANGE "{ target = 't' }");
	world_lose(&w); /* what waits has failed */
	CHECK_INT(w.starts, 0);
	CHECK_INT(w.outcome, RUN_AUDIT_UNAVAILABLE);
	world_close(&w);
}

TEST(an_outcome_that_did_not_become_durable_stops_the_script)
{
	struct world w;
	world_open(&w);

	world_start(&w, CHANGE "{ target = 't' }\nreturn 'went on'");
	world_break_log(&w);
	world_answer(&w, "{}");

	CHECK_INT(w.outcome, RUN_AUDIT_UNAVAILABLE);
	CHECK_STR(w.result, "");
	world_close(&w);
}

/* 300 bytes of two-byte characters: whole in the call, the record and what the script gets. */
TEST(a_long_token_is_not_cut)
{
	struct world w;
	char token[301] = "";
	for (int i = 0; i < 150; i++)
		memcpy(token + (ptrdiff_t)2 * i, "\xc3\xbc", 3);
	world_open(&w);

	world_start(&w, "local t = ('\\195\\188'):rep(150)\n"
			"local a, token = " CHANGE "{ target = 't', clientToken = t }\n"
			"return token == t");
	CHECK(w.call && strstr(w.call->args.p, token));
	world_answer(&w, "{}");

	CHECK_STR(w.result, "true");
	CHECK(strstr(world_last(&w, "call.intent"), token));
	world_close(&w);
}

TEST(a_long_message_is_not_cut_in_tostring)
{
	struct world w;
	char message[4001] = "";
	for (int i = 0; i < 2000; i++)
		memcpy(message + (ptrdiff_t)2 * i, "\xc3\xbc", 3);
	world_open(&w);

	world_start(&w,
		    "local ok, e = pcall(" READ ", { name = 'x' })\n"
		    "return { #e.message, #tostring(e), tostring(e) == 'demo.read_thing: X: ' .. "
		    "e.message }");
	world_fail(&w, &(struct call_result){ .code = "X", .message = message });

	CHECK_STR(w.result, "[4000,4020,true]");
	world_close(&w);
}

TEST(the_deadline_of_a_read_is_an_error_and_of_a_change_unknown)
{
	struct world w;
	world_open(&w);
	w.spec.call_timeout_ms = 321;

	/* The plugin is to end the call by 321 ms; the host waits a little longer for it to say how. */
	world_start(&w, READ "{ name = 'x' }");
	CHECK(w.call && w.call->deadline_ms > 0);
	CHECK(!world_fire(&w, 321));
	CHECK(world_fire(&w, 321 + 250));
	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK(strstr(w.message, "DeadlineExceeded"));
	CHECK_INT(w.stops, 1);

	world_start(&w, "local ok, e = pcall(" CHANGE ", { target = 't' }) return e.code");
	CHECK(world_fire(&w, 321 + 250));
	CHECK_INT(w.outcome, RUN_UNKNOWN);
	CHECK_STR(w.result, "\"OutcomeUnknown\"");
	CHECK_INT(w.n_unknown, 1);
	world_close(&w);
}

TEST(an_unknown_outcome_parks_the_run_even_if_it_is_caught)
{
	struct world w;
	world_open(&w);

	world_start(&w, "pcall(" CHANGE ", { target = 't' }) return 1");
	world_fail(&w, &(struct call_result){ .code = "ConnectionReset",
					      .message = "the peer went away",
					      .unknown = true });

	CHECK_INT(w.outcome, RUN_UNKNOWN);
	CHECK(
	    strstr(world_last(&w, "call.outcome"),
		   "\"outcome\":\"unknown\",\"code\":\"OutcomeUnknown\",\"message\":\"it may have "
		   "taken effect: ConnectionReset: the peer went away\""));
	CHECK(strstr(world_last(&w, "run.end"), "\"outcome\":\"unknown\""));
	world_close(&w);
}

TEST(an_answer_that_is_no_object_is_an_error)
{
	struct world w;
	world_open(&w);

	world_start(&w, READ "{ name = 'x' }");
	world_answer(&w, "[1]");
	CHECK(strstr(w.message, "InvalidAnswer: the answer is not a JSON object"));
	world_start(&w, READ "{ name = 'x' }");
	world_answer(&w, "{\"a\":");
	CHECK(strstr(w.message, "InvalidAnswer: JSON:"));
	world_close(&w);
}

TEST(a_call_where_the_script_cannot_wait_is_refused_before_it_starts)
{
	struct world w;
	world_open(&w);

	world_run(&w, "local s = ('x'):gsub('x', function() " CHANGE "{ target = 't' } end)");

	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK(strstr(w.message, "demo.change_thing: cannot wait here"));
	CHECK_INT(w.starts, 0);
	CHECK_INT(world_count(&w, "call.intent"), 0);
	world_close(&w);
}

TEST(a_call_inside_a_coroutine_of_the_script_waits)
{
	struct world w;
	world_open(&w);

	world_start(&w, "local function each()\n"
			"  return coroutine.wrap(function()\n"
			"    for i = 1, 3 do\n"
			"      local inner = coroutine.wrap(function() return " READ
			"{ name = 'n' .. i } end)\n"
			"      coroutine.yield(inner().total + i)\n"
			"    end\n"
			"  end)\n"
			"end\n"
			"local sum = 0\n"
			"for n in each() do sum = sum + n end\n"
			"return sum");
	for (int i = 0; i < 3; i++)
		world_answer(&w, "{\"total\":10}");

	CHECK_STR(w.message, "");
	CHECK_STR(w.result, "36");
	world_close(&w);
}

TEST(an_error_of_a_call_inside_a_coroutine_reaches_its_resumer)
{
	struct world w;
	world_open(&w);

	world_start(&w, "local co = coroutine.create(function() " READ "{ name = 'x' } end)\n"
			"local ok, e = coroutine.resume(co)\n"
			"return { ok, e.code, coroutine.status(co) }");
	world_fail(&w, &(struct call_result){ .code = "NotFound", .message = "no" });

	CHECK_STR(w.result, "[false,\"NotFound\",\"dead\"]");
	world_close(&w);
}

TEST(misspelt_operations_and_namespaces_are_named)
{
	struct world w;
	world_open(&w);

	world_run(&w, "require 'demo'.read_thng{}");
	CHECK(strstr(w.message, "there is no operation demo.read_thng: did you mean "
				"demo.read_thing?"));
	world_run(&w, "require 'demo'.nothing_like_it{}");
	CHECK(strstr(w.message, "there is no operation demo.nothing_like_it (`runbook ops` lists"));
	world_run(&w, "require 'sfn'");
	CHECK(strstr(w.message, "module 'sfn' not found: no plugin registered it"));
	world_run(&w, "demo.read_thing{}");
	CHECK(strstr(w.message, "global 'demo'"));
	world_run(&w, "require 'demo'.read_thing = print");
	CHECK(strstr(w.message, "the operations of a plugin cannot be changed"));
	world_close(&w);
}

TEST(an_answer_after_the_memory_is_gone_ends_the_run)
{
	struct world w;
	struct buf big = BUF_INIT(4 << 20);
	world_open(&w);
	w.spec.memory_max = 1 << 20;

	buf_adds(&big, "{\"a\":\"");
	for (int i = 0; i < 40000; i++)
		buf_adds(&big, "0123456789012345678901234567890123456789");
	buf_adds(&big, "\"}");
	world_start(&w, "pcall(" READ ", { name = 'x' }) return 'went on'");
	world_answer(&w, buf_cstr(&big));

	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK_STR(w.message, "memory ceiling of 1024 KiB reached");
	buf_clear(&big);
	world_close(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_change_is_not_started_before_its_intent_is_durable),
	    TAP_CASE(a_read_does_not_wait_for_the_disk),
	    TAP_CASE(the_records_say_who_did_what_to_what),
	    TAP_CASE(a_misspelt_sensitive_member_is_not_recorded_either),
	    TAP_CASE(a_failed_call_raises_an_error_object),
	    TAP_CASE(an_uncaught_error_object_names_the_line_of_the_call),
	    TAP_CASE(a_token_is_made_from_run_attempt_and_step),
	    TAP_CASE(a_token_that_is_given_is_sent_unchanged),
	    TAP_CASE(a_second_change_of_one_resource_in_one_run_is_refused),
	    TAP_CASE(a_caught_refusal_does_not_end_the_run),
	    TAP_CASE(an_answer_older_than_its_intent_is_marked_replayed),
	    TAP_CASE(a_dry_run_reads_for_real_and_changes_nothing),
	    TAP_CASE(nothing_is_changed_when_it_cannot_be_recorded_and_reads_go_on),
	    TAP_CASE(an_intent_that_did_not_become_durable_is_not_sent),
	    TAP_CASE(an_outcome_that_did_not_become_durable_stops_the_script),
	    TAP_CASE(a_long_token_is_not_cut), TAP_CASE(a_long_message_is_not_cut_in_tostring),
	    TAP_CASE(the_deadline_of_a_read_is_an_error_and_of_a_change_unknown),
	    TAP_CASE(an_unknown_outcome_parks_the_run_even_if_it_is_caught),
	    TAP_CASE(an_answer_that_is_no_object_is_an_error),
	    TAP_CASE(a_call_where_the_script_cannot_wait_is_refused_before_it_starts),
	    TAP_CASE(a_call_inside_a_coroutine_of_the_script_waits),
	    TAP_CASE(an_error_of_a_call_inside_a_coroutine_reaches_its_resumer),
	    TAP_CASE(misspelt_operations_and_namespaces_are_named),
	    TAP_CASE(an_answer_after_the_memory_is_gone_ends_the_run)));
}
