/* What settings say, and how exactly a wrong one is refused. */
#include "tap.h"

#include <stdlib.h>

#include "base/glob.h"
#include "script/policy.h"

#define ORDERS "arn:aws:states:eu-central-1:123456789012:execution:Orders:one"

static struct policy *policy(void)
{
	struct policy *p = NULL;
	INVARIANT(policy_new(&p, "[policy] ", "f.conf", NULL) == 0);
	return p;
}

static void set(struct policy *p, const char *name, const char *value)
{
	struct err err = { 0 };
	if (policy_set(p, name, value, 3, &err) < 0)
		TAP_NOTE("%s", err.message);
	CHECK_INT(err.code, 0);
}

/* The rule that forbids, or "". */
static const char *rule(const struct policy *p, const char *operation, const char *resource)
{
	const char *name = "";
	struct buf why = BUF_INIT(8192);
	const struct policy_call c = { operation, resource, true, INT64_C(1795300000000) };
	(void)policy_forbids(p, &c, &name, &why);
	buf_clear(&why);
	return name;
}

TEST(patterns_match_what_they_say)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "*", ORDERS, true },
		{ "?", "", false },
		{ "?", "a", true },
		{ "?", "ab", false },
		{ "a*b*c", "aXXbYYc", true },
		{ "a*b*c", "aXXbYYcd", false },
		{ "a*b*c", "acb", false },
		{ "*:execution:Orders:*", ORDERS, true },
		{ "*:execution:Order:*", ORDERS, false },
		{ "*:execution:Orders", ORDERS, false },
		{ "a**b", "ab", true },
		{ "*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(glob_match(cases[i].pattern, cases[i].text), cases[i].matches);
}

TEST(nothing_set_forbids_nothing)
{
	struct policy *p = policy();
	CHECK_STR(rule(p, "sfn.redrive_execution", ORDERS), "");
	policy_free(p);
}

TEST(deny_names_operations_and_what_they_act_on)
{
	struct policy *p = policy();
	set(p, "deny", "sfn.stop_execution, sfn.* *:Payments:*");
	set(p, "deny.more", "demo.*");

	CHECK_STR(rule(p, "sfn.stop_execution", ORDERS), "deny");
	CHECK_STR(rule(p, "sfn.redrive_execution", ORDERS), "");
	CHECK_STR(rule(p, "sfn.redrive_execution", "x:Payments:y"), "deny");
	CHECK_STR(rule(p, "demo.echo", ""), "deny");
	policy_free(p);
}

TEST(with_an_allow_the_rest_is_denied)
{
	struct policy *p = policy();
	set(p, "allow", "sfn.describe_*");
	set(p, "allow.orders", "sfn.redrive_execution *:execution:Orders:*");
	set(p, "deny", "sfn.describe_execution");

	CHECK_STR(rule(p, "sfn.redrive_execution", ORDERS), "");
	CHECK_STR(rule(p, "sfn.redrive_execution", "x:execution:Payments:y"), "allow");
	CHECK_STR(rule(p, "sfn.describe_map_run", "x"), "");
	CHECK_STR(rule(p, "sfn.describe_execution", "x"), "deny"); /* deny goes first */
	CHECK_STR(rule(p, "demo.echo", ""), "allow");
	policy_free(p);
}

TEST(refusals_say_which_setting_and_what_would_allow)
{
	struct policy *p = policy();
	struct buf why = BUF_INIT(8192);
	const char *name;
	struct policy_call c = { "sfn.redrive_execution", ORDERS, true, INT64_C(1795300000000) };
	set(p, "allow", "sfn.describe_*");
	CHECK(policy_forbids(p, &c, &name, &why));
	CHECK_STR(buf_cstr(&why), "sfn.redrive_execution on " ORDERS
				  " is in no allow (f.conf:3: [policy] allow): an entry "
				  "'sfn.redrive_execution " ORDERS "' would allow it");
	buf_clear(&why);
	set(p, "deny.prod", "sfn.* *Orders*");
	CHECK(policy_forbids(p, &c, &name, &why));
	CHECK_STR(buf_cstr(&why), "sfn.redrive_execution on " ORDERS
				  " is denied by 'sfn.* *Orders*' (f.conf:3: [policy] deny.prod)");
	buf_clear(&why);
	policy_free(p);
}

TEST(a_freeze_is_of_changes_only)
{
	struct policy *p = policy();
	const char *name = "";
	struct buf why = BUF_INIT(8192);
	/* 2026-11-21T22:26:40Z, a Saturday */
	struct policy_call c = { "sfn.redrive_execution", "", true, INT64_C(1795300000000) };
	set(p, "freeze.night", "02:00 - 03:00 UTC");
	CHECK(!policy_forbids(p, &c, &name, &why));
	set(p, "freeze", "Mon 06:00 - Mon 07:00 UTC, Fri 18:00 - Mon 06:00 Europe/Berlin");

	CHECK(policy_forbids(p, &c, &name, &why));
	CHECK_STR(name, "freeze");
	CHECK_STR(buf_cstr(&why),
		  "nothing is changed in the window 'Fri 18:00 - Mon 06:00 Europe/Berlin' "
		  "(f.conf:3: [policy] freeze): it is possible again when that is over");
	c.changes = false;
	CHECK(!policy_forbids(p, &c, &name, &why));
	buf_clear(&why);
	policy_free(p);
}

TEST(budgets_and_approvals_are_read_whole)
{
	struct policy *p = policy();
	set(p, "budget", "sfn.redrive_execution 3 per resource in 24h, sfn.* 20 per run");
	set(p, "budget.machine", "sfn.redrive_execution 0 per group in 90m");
	set(p, "approval", "sfn.stop_execution 1, sfn.* *:Orders:* 2 of ann bob cyd within 4h");

	REQUIRE(p->n_budgets == 3 && p->n_approvals == 2);
	CHECK_INT(p->budgets[0].calls, 3);
	CHECK_INT(p->budgets[0].scope, POLICY_RESOURCE);
	CHECK_INT(p->budgets[0].window_ms, 24 * 3600 * 1000);
	CHECK_INT(p->budgets[1].scope, POLICY_RUN);
	CHECK_INT(p->budgets[2].calls, 0);
	CHECK_INT(p->budgets[2].window_ms, 90 * 60 * 1000);
	CHECK(policy_has_budget(p, "sfn.redrive_execution", POLICY_GROUP));
	CHECK(!policy_has_budget(p, "sfn.stop_execution", POLICY_GROUP));
	struct policy_call c = { "sfn.redrive_execution", ORDERS, true, 0 };
	const struct policy_approval *a = policy_approval(p, &c);
	REQUIRE(a);
	CHECK_INT(a->needed, 2);
	CHECK_STR(a->people, "ann bob cyd");
	CHECK_INT(a->within_ms, 4 * 3600 * 1000);
	c.operation = "sfn.stop_execution";
	CHECK_INT(policy_approval(p, &c)->needed, 1);
	CHECK_INT(policy_approval(p, &c)->within_ms, 24 * 3600 * 1000);
	c.changes = false;
	CHECK(!policy_approval(p, &c));
	policy_free(p);
}

TEST(a_wrong_setting_names_file_line_and_what_was_expected)
{
	static const char *const cases[][3] = {
		{ "alow", "x", "f.conf:3: [policy] alow: did you mean 'allow'?" },
		{ "zzzzzzzzz", "x", "f.conf:3: [policy] zzzzzzzzz: expected one of" },
		{ "allow.", "x", "f.conf:3: [policy] allow.: did you mean 'allow'?" },
		{ "allow", "", "allow = : expected something between the commas" },
		{ "allow", "a.b,,c.d", "expected something between the commas" },
		{ "allow", "redrive", "expected NAMESPACE.OPERATION" },
		{ "deny", "a.b c d", "deny = a.b c d: expected NAMESPACE.OPERATION" },
		{ "freeze", "Fri - Mon", "freeze: 'Fri - Mon' is no window of time" },
		{ "freeze", "02:00 - 03:00 Europe/Berln", "did you mean 'Europe/Berlin'?" },
		{ "key", "k {input.a", "expected a text with {input.MEMBER}" },
		{ "key", "k {input.a.b}", "expected a text with {input.MEMBER}" },
		{ "key", "k {inputs.a}", "expected a text with {input.MEMBER}" },
		{ "budget", "sfn.x 3", "expected NAMESPACE.OPERATION N per run" },
		{ "budget", "sfn.x -1 per run", "expected" },
		{ "budget", "sfn.x 1000001 per run", "expected" },
		{ "budget", "sfn.x 3 per run in 1h", "expected" },
		{ "budget", "sfn.x 3 per week in 1h", "expected" },
		{ "budget", "sfn.x 3 per resource", "expected" },
		{ "budget", "sfn.x 3 per resource in 25h", "at most 24h" },
		{ "budget", "sfn.x 3 per resource in 0h", "expected" },
		{ "budget", "sfn.x 3 per resource in 1w", "expected" },
		{ "approval", "sfn.x", "expected NAMESPACE.OPERATION [ARN] N" },
		{ "approval", "sfn.x 0", "expected" },
		{ "approval", "sfn.x 17", "expected" },
		{ "approval", "sfn.x 2 of ann", "as many people as are needed" },
		{ "approval", "sfn.x 2 of ann ann", "as many people as are needed" },
		{ "approval", "sfn.x 1 of", "expected" },
		{ "approval", "sfn.x 1 within", "expected" },
		{ "approval", "sfn.x 1 within 4h more", "expected" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *p = policy();
		struct err err = { 0 };
		CHECK_INT(policy_set(p, cases[i][0], cases[i][1], 3, &err), -ERR_INVALID);
		if (!strstr(err.message, cases[i][2]) ||
		    strncmp(err.message, "f.conf:3: ", 10) != 0)
			TAP_NOTE("%s", err.message);
		CHECK(strstr(err.message, cases[i][2]));
		policy_free(p);
	}
}

/* ---- the header ---- */

static struct policy *header(const char *source)
{
	struct policy *p = NULL;
	struct err err = { 0 };
	if (policy_read_header(&p, source, "r.lua", &err) < 0)
		TAP_NOTE("%s", err.message);
	CHECK_INT(err.code, 0);
	return p;
}

TEST(a_header_is_among_the_comments_before_the_code)
{
	struct policy *p = header("#!/usr/bin/env runbook\n-- what it does\n\n"
				  "--- policy: deny = sfn.stop_execution\r\n"
				  "--- policy: budget.own=sfn.redrive_execution 1 per run\n"
				  "local sfn = require 'sfn'\nreturn 1\n");
	REQUIRE(p);
	CHECK_INT(p->n_deny, 1);
	CHECK_STR(p->deny[0].where, "r.lua:4: --- policy: deny");
	CHECK_INT(p->n_budgets, 1);
	policy_free(p);
	CHECK(!header(""));
	CHECK(!header("return 1"));
	CHECK(!header("-- the policy: none\nreturn 1"));
}

TEST(a_header_that_would_not_be_read_is_refused)
{
	static const char *const cases[][2] = {
		{ "-- policy: deny = sfn.x\n", "r.lua:1: a line of the policy begins with '--- "
					       "policy:', at the beginning of the "
					       "line" },
		{ "-- a\n  --- policy: deny = sfn.x\n",
		  "r.lua:2: a line of the policy begins with" },
		{ "---policy: deny = sfn.x\n", "r.lua:1: a line of the policy begins with" },
		{ "local x = 1\n--- policy: deny = sfn.x\n",
		  "r.lua:2: a line of the policy stands before the first line of code" },
		{ "--- policy: deny sfn.x\n", "r.lua:1: expected --- policy: NAME = VALUE" },
		{ "--- policy: dny = sfn.x\n", "r.lua:1: --- policy: dny: did you mean 'deny'?" },
		{ "\n--- policy: freeze = x\n", "r.lua:2: --- policy: freeze: 'x' is no window" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy *p = NULL;
		struct err err = { 0 };
		CHECK_INT(policy_read_header(&p, cases[i][0], "r.lua", &err), -ERR_INVALID);
		if (!strstr(err.message, cases[i][1]))
			TAP_NOTE("%s", err.message);
		CHECK(strstr(err.message, cases[i][1]) == err.message);
		CHECK(!p);
	}
}

TEST(a_key_is_filled_in_from_the_input)
{
	struct policy *p = policy();
	struct buf key = BUF_INIT(256);
	struct err err = { 0 };
	cJSON *input = json_parse(bytes_str("{\"a\":\"x\",\"n\":7}"), NULL);
	set(p, "key", "orders {input.a}/{input.n} (other), end");
	CHECK_INT(policy_write_key(p, input, &key, &err), 0);
	CHECK_STR(buf_cstr(&key), "orders x/7 (other), end");
	buf_clear(&key);
	CHECK_INT(policy_write_key(p, NULL, &key, &err), -ERR_INVALID);
	CHECK(strstr(err.message, "the run's input has no 'a'"));
	buf_clear(&key);
	cJSON_Delete(input);
	policy_free(p);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(patterns_match_what_they_say), TAP_CASE(nothing_set_forbids_nothing),
	    TAP_CASE(deny_names_operations_and_what_they_act_on),
	    TAP_CASE(with_an_allow_the_rest_is_denied),
	    TAP_CASE(refusals_say_which_setting_and_what_would_allow),
	    TAP_CASE(a_freeze_is_of_changes_only), TAP_CASE(budgets_and_approvals_are_read_whole),
	    TAP_CASE(a_wrong_setting_names_file_line_and_what_was_expected),
	    TAP_CASE(a_header_is_among_the_comments_before_the_code),
	    TAP_CASE(a_header_that_would_not_be_read_is_refused),
	    TAP_CASE(a_key_is_filled_in_from_the_input)));
}
