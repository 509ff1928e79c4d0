/* The rules at the gate, over several runs of one process and what earlier ones left. */
#include "script_world.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "script/changes.h"
#include "script/hold.h"
#include "script/policy.h"
#include "script/rules.h"
#include "script/run_private.h"

#define CHANGE "require 'demo'.change_thing "
#define CAUGHT \
	"local ok, e = pcall(require 'demo'.change_thing, { target = 'a' })\n" \
	"return ok and 'made' or e.rule .. ': ' .. e.message\n"

/* A world with rules. */
struct court {
	struct world w;
	struct policy *policy;
	struct rules *rules;
};

static void court_open(struct court *c)
{
	struct err err = { 0 };
	world_open(&c->w);
	INVARIANT(policy_new(&c->policy, "[policy] ", "f.conf", &err) == 0);
	const struct rules_spec spec = { .state_dir = c->w.dir,
					 .policy = c->policy,
					 .registry = c->w.registry };
	INVARIANT(rules_new(&c->rules, &spec, &err) == 0);
	rules_record_to(c->rules, c->w.committer);
	c->w.runs->rules = c->rules;
}

static void court_close(struct court *c)
{
	INVARIANT(hold_release(c->w.dir, NULL) == 0);
	world_close(&c->w);
	rules_free(c->rules);
	policy_free(c->policy);
}

static void set(struct court *c, const char *name, const char *value)
{
	struct err err = { 0 };
	if (policy_set(c->policy, name, value, 1, &err) < 0)
		TAP_NOTE("%s", err.message);
	CHECK_INT(err.code, 0);
}

static void remember(struct court *c, const char *run, int64_t ago_ms, bool settled)
{
	const struct changes_intent i = { .operation = "demo.change_thing",
					  .resource = "a",
					  .run = run,
					  .path = "1",
					  .at_ms = clock_wall_ms() - ago_ms };
	CHECK_INT(rules_remember(c->rules, &i, NULL), 0);
	if (!settled)
		CHECK_INT(rules_remember_unsettled(c->rules, &i, NULL), 0);
}

static void check_begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) != 0)
		TAP_NOTE("got %s", text);
	CHECK(strncmp(text, with, strlen(with)) == 0);
}

TEST(a_budget_counts_what_earlier_processes_intended)
{
	struct court c;
	court_open(&c);
	set(&c, "budget", "demo.change_thing 2 per resource in 1h");
	remember(&c, "old", 3600 * 1000 + 1000, true); /* out of the window */
	remember(&c, "old", 3600 * 1000 - 60000, true);

	world_run(&c.w, CAUGHT);
	CHECK_STR(c.w.result, "\"made\"");
	world_run(&c.w, CAUGHT);
	check_begins(c.w.result,
		     "\"budget: demo.change_thing: the budget of 2 per resource in 1h is "
		     "spent for a (f.conf:1: [policy] budget); `budget = "
		     "demo.change_thing 3 per resource in 1h` there allows more");
	court_close(&c);
}

TEST(a_refused_call_is_not_counted)
{
	struct court c;
	court_open(&c);
	set(&c, "budget", "demo.change_thing 1 per resource in 1h");
	struct hold_note note = { .at_ms = clock_wall_ms() };
	bool already;
	CHECK_INT(hold_set(c.w.dir, &note, &already, NULL), 0);
	world_run(&c.w, CAUGHT);
	check_begins(c.w.result, "\"hold: every change is held since ");
	CHECK_INT(hold_release(c.w.dir, NULL), 0);

	world_run(&c.w, CAUGHT);

	CHECK_STR(c.w.result, "\"made\"");
	CHECK_INT(world_count(&c.w, "hold.seen"), 2);
	court_close(&c);
}

TEST(a_change_under_way_keeps_other_runs_off_its_resource)
{
	struct court c;
	char first[RUN_ID_SIZE];
	court_open(&c);
	world_start(&c.w, CHANGE "{ target = 'a' }");
	struct host_call *call = c.w.call;
	REQUIRE(call);
	(void)snprintf(first, sizeof(first), "%s", c.w.id);

	world_start(&c.w, CAUGHT);
	check_begins(c.w.result, "\"unsettled: demo.change_thing of run ");
	CHECK(strstr(c.w.result, first));
	world_start(&c.w, "local _, e = pcall(require 'demo'.read_thing, { name = 'a' }) return 1");
	CHECK(c.w.call != call); /* a read goes on */
	world_answer(&c.w, "{}");
	CHECK_INT(c.w.outcome, RUN_DONE);
	c.w.call = call;
	world_answer(&c.w, "{}");
	world_run(&c.w, CAUGHT);
	CHECK_STR(c.w.result, "\"made\"");
	court_close(&c);
}

TEST(an_unknown_outcome_keeps_other_runs_off_until_it_is_settled)
{
	struct court c;
	char first[RUN_ID_SIZE];
	court_open(&c);
	world_start(&c.w, CHANGE "{ target = 'a' }");
	world_fail(&c.w, &(struct call_result){ .code = "ConnectionError", .unknown = true });
	CHECK_INT(c.w.outcome, RUN_UNKNOWN);
	(void)snprintf(first, sizeof(first), "%s", c.w.id);

	world_run(&c.w, CAUGHT);
	check_begins(c.w.result, "\"unsettled: ");
	rules_settled(c.rules, first, NULL);
	world_run(&c.w, CAUGHT);
	CHECK_STR(c.w.result, "\"made\"");
	court_close(&c);
}

TEST(an_unsettled_intent_of_a_dead_process_does_the_same)
{
	struct court c;
	court_open(&c);
	remember(&c, "dead", (int64_t)20 * 24 * 3600 * 1000, false);

	world_run(&c.w, CAUGHT);
	check_begins(c.w.result, "\"unsettled: demo.change_thing of run dead (step 1) on a");
	rules_settled(c.rules, "dead", "1");
	world_run(&c.w, CAUGHT);
	CHECK_STR(c.w.result, "\"made\"");
	court_close(&c);
}

TEST(a_call_that_never_came_to_its_intent_does_not_count)
{
	struct court c;
	court_open(&c);
	set(&c, "budget", "demo.change_thing 1 per resource in 1h");
	world_break_log(&c.w);
	world_run(&c.w, CHANGE "{ target = 'a' }");
	CHECK_INT(c.w.outcome, RUN_AUDIT_UNAVAILABLE);
	CHECK_INT(c.w.starts, 0);
	court_close(&c);
}

TEST(one_run_at_a_time_holds_a_key)
{
	struct court c;
	static const char script[] =
	    "--- policy: key = job {input.n}\n" CHANGE "{ target = (...).n }";
	char first[RUN_ID_SIZE];
	court_open(&c);
	c.w.spec.input = bytes_str("{\"n\":\"a\"}");
	CHECK_INT(world_start(&c.w, script), 0);
	(void)snprintf(first, sizeof(first), "%s", c.w.id);

	CHECK_INT(world_start(&c.w, script), -ERR_LIMIT);
	CHECK(strstr(c.w.message, "holds the key 'job a'") && strstr(c.w.message, first));
	world_answer(&c.w, "{}");
	CHECK_INT(world_start(&c.w, script), 0);
	c.w.spec.input = bytes_str("{\"n\":\"b\"}");
	struct host_call *call = c.w.call;
	CHECK_INT(world_start(&c.w, script), 0);
	world_answer(&c.w, "{}");
	c.w.call = call;
	world_answer(&c.w, "{}");
	court_close(&c);
}

static int vote(struct court *c, const char *who, bool approve)
{
	struct err err = { 0 };
	const struct run_ballot ballot = {
		.voter = who, .by = "uid", .approve = approve, .comment = "because"
	};
	int rc = run_vote(c->w.runs, c->w.id, &ballot, NULL, NULL, &err);
	world_turn(&c->w);
	return rc;
}

TEST(what_needs_approval_is_not_made_without)
{
	struct court c;
	court_open(&c);
	set(&c, "approval", "demo.change_thing 2 of ann bob cyd within 4h");
	c.w.spec.actor = bytes_str("{\"type\":\"operator\",\"user\":\"cyd\"}");

	world_start(&c.w, CAUGHT);
	CHECK_INT(c.w.starts, 0);
	CHECK(strstr(world_last(&c.w, "approval.asked"), "\"step\":\"1\""));
	CHECK_INT(vote(&c, "dan", true), -ERR_INVALID); /* not on the list */
	CHECK_INT(vote(&c, "cyd", true), -ERR_INVALID); /* who asks */
	CHECK_INT(vote(&c, "ann", true), 0);
	CHECK_INT(vote(&c, "ann", true), 0);
	CHECK_INT(c.w.starts, 0);
	CHECK_INT(vote(&c, "bob", true), 0);
	CHECK_INT(c.w.starts, 1);
	CHECK(strstr(world_last(&c.w, "call.intent"), "\"step\":\"2\""));
	world_answer(&c.w, "{}");
	CHECK_STR(c.w.result, "\"made\"");

	c.w.spec.dry_run = true; /* a rehearsal asks nobody */
	world_run(&c.w, CAUGHT);
	CHECK_STR(c.w.result, "\"made\"");
	court_close(&c);
}

TEST(one_rejection_and_the_end_of_its_time_are_errors)
{
	struct court c;
	court_open(&c);
	set(&c, "approval", "demo.change_thing 2 within 1h");

	world_start(&c.w, "local ok, e = pcall(require 'demo'.change_thing, { target = 'a' })\n"
			  "return { e.code, e.operation, e.message, e.voter }");
	CHECK_INT(vote(&c, "ann", false), 0);
	CHECK_STR(c.w.result, "[\"ApprovalDenied\",\"demo.change_thing\",\"ann rejected it: "
			      "because\",\"ann\"]");

	world_start(&c.w, "local ok, e = pcall(approve, { subject = 's', n = 2, expires = 0.02 })\n"
			  "return { e.code, e.message }");
	CHECK_INT(vote(&c, "ann", true), 0);
	for (int64_t until = clock_mono_ms() + 5000; !c.w.ends && clock_mono_ms() < until;)
		(void)world_fire_next(&c.w);
	CHECK_STR(c.w.result, "[\"ApprovalExpired\",\"1 of 2 people approved it in time\"]");
	CHECK_INT(c.w.starts, 0);
	court_close(&c);
}

TEST(a_runbook_says_who_may_approve)
{
	static const char *const wrong[][2] = {
		{ "of = 'ann'", "of is a list of names" },
		{ "of = {}", "of is a list of names" },
		{ "of = { 'ann', 'ann' }", "each once" },
		{ "of = { 'ann bob' }", "names without blanks" },
		{ "of = { 'ann' }, n = 2", "of has fewer people than n" },
	};
	struct court c;
	char script[200];
	court_open(&c);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		(void)snprintf(script, sizeof(script), "approve{ subject = 's', %s }", wrong[i][0]);
		world_run(&c.w, script);
		CHECK_INT(c.w.outcome, RUN_FAILED);
		if (!CHECK(strstr(c.w.message, wrong[i][1])))
			TAP_NOTE("%s: %s", wrong[i][0], c.w.message);
	}

	world_start(&c.w, "return approve{ subject = 's', of = { 'ann', 'bob' } }");
	CHECK(strstr(world_last(&c.w, "approval.asked"), "\"people\":\"ann bob\""));
	CHECK_INT(vote(&c, "cyd", true), -ERR_INVALID);
	CHECK_INT(vote(&c, "bob", true), 0);
	CHECK_STR(c.w.result, "{\"approvedBy\":[\"bob\"]}");
	CHECK(strstr(world_last(&c.w, "approval.vote"), "\"voter\":\"bob\",\"by\":\"uid\""));
	CHECK(strstr(world_last(&c.w, "approval.decided"), "\"decision\":\"approved\",\"needed\":1,"
							   "\"votes\":[{\"voter\":\"bob\""));
	court_close(&c);
}

TEST(of_two_approvals_the_stricter_parts_are_kept)
{
	struct court c;
	court_open(&c);
	set(&c, "approval", "demo.change_thing 1 of ann bob");
	world_run(&c.w, "--- policy: approval = demo.change_thing 1 of cyd dan\n" CAUGHT);
	check_begins(c.w.result, "\"approval: it needs an approval that nobody can give");
	court_close(&c);
}

TEST(who_may_vote_is_named_whole)
{
	CHECK(rules_may_vote("", "anybody"));
	CHECK(rules_may_vote("ann bob", "bob"));
	CHECK(!rules_may_vote("ann bob", "bo"));
	CHECK(!rules_may_vote("ann bob", "ann bob"));
	CHECK(!rules_may_vote("ann bob", ""));
}

TEST(a_budget_of_the_header_is_one_more_and_none_instead)
{
	struct court c;
	const struct run_rule any[] = { { "demo.change_thing", 9 } };
	court_open(&c);
	c.w.spec.rules = any;
	c.w.spec.n_rules = 1;
	set(&c, "budget", "demo.* 2 per resource in 1h");

	world_run(&c.w, "--- policy: budget = demo.* 9 per resource in 1h\n"
			"for i = 1, 3 do " CHANGE "{ target = 'a' } end");
	CHECK_INT(c.w.starts, 2);
	CHECK_INT(c.w.outcome, RUN_REFUSED);
	world_run(&c.w, "--- policy: budget = demo.* 1 per run\n"
			"for i = 1, 2 do " CHANGE "{ target = 'b' .. i } end");
	CHECK_INT(c.w.starts, 3);
	CHECK_INT(c.w.outcome, RUN_REFUSED);
	court_close(&c);
}

#define TWICE \
	"require 'demo'.change_thing{ target = 'a' } " \
	"local ok, e = pcall(require 'demo'.change_thing, { target = 'b' }) " \
	"return ok and 'made' or e.rule .. ': ' .. e.message\n"

/* The first call is in flight when the rules become others. */
static void run_over_change(struct court *c, const struct rules_spec *next)
{
	struct rulebook *book = NULL;
	struct err err = { 0 };
	world_start(&c->w, TWICE);
	REQUIRE(c->w.call);
	CHECK_INT(rulebook_new(&book, next, &err), 0);
	REQUIRE(book);
	rules_take(c->rules, book);
	world_answer(&c->w, "{}");
}

TEST(other_rules_hold_for_the_next_call_of_a_run_that_goes_on)
{
	struct court c;
	struct err err = { 0 };
	struct policy *next = NULL;
	court_open(&c);
	CHECK_INT(policy_new(&next, "[policy] ", "f.conf", &err), 0);
	CHECK_INT(policy_set(next, "deny", "demo.change_thing b", 7, &err), 0);
	struct rules_spec spec = { .policy = next, .registry = c.w.registry };
	run_over_change(&c, &spec);
	check_begins(c.w.result, "\"deny: demo.change_thing");
	CHECK(strstr(c.w.result, "f.conf:7"));

	court_close(&c);
	policy_free(next);
}

/* Which the run began with, and which is in force when it calls again; -1: none. */
static const char *limited(int own, int now)
{
	static char result[64];
	struct court c;
	const struct run_rule began = { "demo.change_thing", own };
	const struct run_rule next = { "demo.change_thing", now };
	court_open(&c);
	c.w.spec.rules = &began;
	c.w.spec.n_rules = own >= 0;
	const struct rules_spec spec = { .limits = &next,
					 .n_limits = now >= 0,
					 .registry = c.w.registry };
	run_over_change(&c, &spec);
	if (c.w.outcome != RUN_DONE || !c.w.result[0])
		world_answer(&c.w, "{}");
	(void)snprintf(result, sizeof(result), "%.7s", c.w.result);
	court_close(&c);
	return result;
}

TEST(of_two_numbers_of_calls_the_smaller_holds)
{
	CHECK_STR(limited(-1, 0), "\"calls:");
	CHECK_STR(limited(9, 0), "\"calls:");
	CHECK_STR(limited(9, 9), "\"made\"");
	CHECK_STR(limited(9, -1), "\"made\"");
	CHECK_STR(limited(-1, -1), "\"made\"");
}

TEST(rules_that_are_wrong_leave_those_there_are)
{
	struct court c;
	struct err err = { 0 };
	struct policy *next = NULL;
	struct rulebook *book = NULL;
	court_open(&c);
	CHECK_INT(policy_new(&next, "[policy] ", "f.conf", &err), 0);
	CHECK_INT(policy_set(next, "deny", "demo.chnage_*", 7, &err), 0);
	CHECK_INT(rulebook_new(&book,
			       &(struct rules_spec){ .policy = next, .registry = c.w.registry },
			       &err),
		  -ERR_INVALID);
	CHECK(book == NULL);
	world_run(&c.w, CAUGHT);
	CHECK_STR(c.w.result, "\"made\"");
	court_close(&c);
	policy_free(next);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_budget_counts_what_earlier_processes_intended),
		      TAP_CASE(a_refused_call_is_not_counted),
		      TAP_CASE(a_change_under_way_keeps_other_runs_off_its_resource),
		      TAP_CASE(an_unknown_outcome_keeps_other_runs_off_until_it_is_settled),
		      TAP_CASE(an_unsettled_intent_of_a_dead_process_does_the_same),
		      TAP_CASE(a_call_that_never_came_to_its_intent_does_not_count),
		      TAP_CASE(one_run_at_a_time_holds_a_key),
		      TAP_CASE(what_needs_approval_is_not_made_without),
		      TAP_CASE(one_rejection_and_the_end_of_its_time_are_errors),
		      TAP_CASE(a_runbook_says_who_may_approve),
		      TAP_CASE(of_two_approvals_the_stricter_parts_are_kept),
		      TAP_CASE(who_may_vote_is_named_whole),
		      TAP_CASE(a_budget_of_the_header_is_one_more_and_none_instead),
		      TAP_CASE(other_rules_hold_for_the_next_call_of_a_run_that_goes_on),
		      TAP_CASE(of_two_numbers_of_calls_the_smaller_holds),
		      TAP_CASE(rules_that_are_wrong_leave_those_there_are)));
}
