/* What identity-based policies say of an action on a resource. */
#include "tap.h"

#include "local/core/policy.h"

#define MACHINE "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
#define CHILD "arn:aws:states:us-east-1:123456789012:execution:orders/Each:0a1b"

/* The verdict of statements, ' for ". */
static const char *judge(const char *statements, const char *action, const char *resource)
{
	static const char *const names[] = { [POLICY_ALLOWED] = "allowed",
					     [POLICY_NOT_ALLOWED] = "not allowed",
					     [POLICY_DENIED] = "denied" };
	struct buf text = BUF_INIT(4096);
	struct err err = { 0 };
	buf_addf(&text, "[{'Version':'2012-10-17','Statement':%s}]", statements);
	for (size_t i = 0; i < text.n; i++)
		text.p[i] = text.p[i] == '\'' ? '"' : text.p[i];
	cJSON *policies = json_parse(buf_bytes(&text), &err);
	CHECK_STR(err.message, "");
	const char *name = names[policy_judge(policies, action, resource)];
	cJSON_Delete(policies);
	buf_clear(&text);
	return name;
}

static const char *start(const char *statements)
{
	return judge(statements, "states:StartExecution", MACHINE);
}

static const char *redrive(const char *statements)
{
	return judge(statements, "states:RedriveExecution", CHILD);
}

TEST(nothing_is_allowed_that_no_statement_allows)
{
	CHECK_STR(start("[]"), "not allowed");
	CHECK_STR(start("[{'Effect':'Allow','Action':'states:StopExecution','Resource':'*'}]"),
		  "not allowed");
	CHECK_STR(
	    start("{'Effect':'Allow','Action':'states:StartExecution','Resource':'" MACHINE "'}"),
	    "allowed");
	CHECK_STR(
	    redrive("{'Effect':'Allow','Action':'states:RedriveExecution','Resource':'" MACHINE
		    "'}"),
	    "not allowed");
}

TEST(an_explicit_deny_wins_wherever_it_stands)
{
	static const char allow[] = "{'Effect':'Allow','Action':'*','Resource':'*'}";
	static const char deny[] = "{'Effect':'Deny','Action':'states:Start*','Resource':'*'}";
	char both[256];
	(void)snprintf(both, sizeof(both), "[%s,%s]", allow, deny);
	CHECK_STR(start(both), "denied");
	CHECK_STR(redrive(both), "allowed");
	(void)snprintf(both, sizeof(both), "[%s,%s]", deny, allow);
	CHECK_STR(start(both), "denied");
}

TEST(actions_are_compared_without_case_and_resources_with)
{
	CHECK_STR(start("{'Effect':'Allow','Action':'STATES:startexecution','Resource':'*'}"),
		  "allowed");
	CHECK_STR(start("{'Effect':'Allow','Action':'states:*','Resource':"
			"'arn:aws:states:us-east-1:123456789012:stateMachine:Orders'}"),
		  "not allowed");
}

TEST(wildcards_stand_for_any_text_and_for_one_character)
{
	static const struct {
		const char *pattern;
		const char *verdict;
	} rows[] = {
		{ "*", "allowed" },
		{ "**", "allowed" },
		{ "", "not allowed" },
		{ "arn:aws:states:*", "allowed" }, /* a star goes beyond colons */
		{ "arn:aws:states:*:execution:orders/*", "allowed" },
		{ "arn:aws:states:us-east-1:123456789012:execution:orders/*:*", "allowed" },
		{ "arn:aws:states:us-east-1:123456789012:execution:orders:*", "not allowed" },
		{ "arn:aws:states:us-east-?:123456789012:execution:orders/Each:0a1?", "allowed" },
		{ CHILD "?", "not allowed" },
		{ CHILD "*", "allowed" },
		{ "*0a1b", "allowed" },
		{ "*0a1", "not allowed" },
		{ "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*z", "not allowed" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char statement[256];
		(void)snprintf(statement, sizeof(statement),
			       "{'Effect':'Allow','Action':'states:Re?rive*','Resource':'%s'}",
			       rows[i].pattern);
		CHECK_STR(redrive(statement), rows[i].verdict);
	}
}

TEST(lists_speak_of_each_of_their_members)
{
	static const char lists[] =
	    "{'Effect':'Allow','Action':['s3:*','states:RedriveExecution','states:StartExecution'],"
	    "'Resource':['arn:aws:s3:::b','arn:aws:states:*:*:execution:orders/*']}";
	CHECK_STR(redrive(lists), "allowed");
	CHECK_STR(start(lists), "not allowed");
	CHECK_STR(redrive("{'Effect':'Allow','Action':[],'Resource':'*'}"), "not allowed");
}

TEST(not_action_and_not_resource_speak_of_all_others)
{
	static const char but_start[] =
	    "{'Effect':'Allow','NotAction':['states:StartExecution','s3:*'],'Resource':'*'}";
	static const char but_machines[] =
	    "{'Effect':'Deny','Action':'*','NotResource':'arn:aws:states:*:*:stateMachine:*'}";
	CHECK_STR(start(but_start), "not allowed");
	CHECK_STR(redrive(but_start), "allowed");
	CHECK_STR(start(but_machines), "not allowed");
	CHECK_STR(redrive(but_machines), "denied");
	/* one of the two, not both */
	CHECK_STR(redrive("{'Effect':'Allow','Action':'*','NotAction':'s3:*','Resource':'*'}"),
		  "not allowed");
	CHECK_STR(redrive("{'Effect':'Allow','Action':'*'}"), "not allowed");
}

TEST(what_cannot_be_judged_gives_nothing_and_takes_everything)
{
	static const char condition[] = ",'Condition':{'Bool':{'aws:SecureTransport':'true'}}";
	char statement[256];
	(void)snprintf(statement, sizeof(statement),
		       "{'Effect':'Allow','Action':'*','Resource':'*'%s}", condition);
	CHECK_STR(start(statement), "not allowed");
	(void)snprintf(statement, sizeof(statement),
		       "{'Effect':'Deny','Action':'*','Resource':'*'%s}", condition);
	CHECK_STR(start(statement), "denied");
	(void)snprintf(statement, sizeof(statement),
		       "{'Effect':'Deny','Action':'s3:*','Resource':'*'%s}", condition);
	CHECK_STR(start(statement), "not allowed");
	CHECK_STR(start("{'Effect':'Allow','Action':'*','Resource':'*','Condition':{}}"),
		  "allowed");
	CHECK_STR(start("{'Effect':'Allow','Action':'*','Resource':'arn:${aws:PrincipalTag/a}*'}"),
		  "not allowed");
	CHECK_STR(start("{'Effect':'Deny','Action':'*','NotResource':'${aws:username}'}"),
		  "denied");
}

TEST(what_is_no_policy_says_nothing)
{
	static const char *const odd[] = { "1",
					   "'Allow'",
					   "[1,null,[]]",
					   "{'Effect':'allow','Action':'*','Resource':'*'}",
					   "{'Effect':1,'Action':'*','Resource':'*'}",
					   "{'Effect':'Allow','Action':1,'Resource':'*'}",
					   "{'Effect':'Allow','Action':[{}],'Resource':'*'}" };
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		CHECK_STR(start(odd[i]), "not allowed");
	cJSON *none = json_parse(BYTES_LIT("[1,{},\"x\",{\"Statement\":null}]"), NULL);
	CHECK_INT(policy_judge(none, "a:b", "c"), POLICY_NOT_ALLOWED);
	cJSON_Delete(none);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(nothing_is_allowed_that_no_statement_allows),
				 TAP_CASE(an_explicit_deny_wins_wherever_it_stands),
				 TAP_CASE(actions_are_compared_without_case_and_resources_with),
				 TAP_CASE(wildcards_stand_for_any_text_and_for_one_character),
				 TAP_CASE(lists_speak_of_each_of_their_members),
				 TAP_CASE(not_action_and_not_resource_speak_of_all_others),
				 TAP_CASE(what_cannot_be_judged_gives_nothing_and_takes_everything),
				 TAP_CASE(what_is_no_policy_says_nothing)));
}
