/* The operation table: what the host, the client and the local engine all rely on. */
#include "tap.h"

#include <regex.h>

#include "sfn/bucket.h"
#include "sfn/ops.h"

static const struct member *find(const struct member *members, const char *name, size_t len)
{
	for (const struct member *m = members; m->name; m++) {
		if (strlen(m->name) == len && strncmp(m->name, name, len) == 0)
			return m;
	}
	return NULL;
}

static const struct operation *op(const char *name)
{
	const struct operation *o = sfn_ops;
	while (o->name && strcmp(o->name, name) != 0)
		o++;
	return o;
}

/* "DescribeMapRun" is offered as "describe_map_run". */
static bool is_snake_of(const char *snake, const char *wire)
{
	for (size_t i = 0; wire[i]; i++) {
		bool upper = wire[i] >= 'A' && wire[i] <= 'Z';
		if (upper && i > 0 && *snake++ != '_')
			return false;
		if (*snake++ != (upper ? wire[i] + ('a' - 'A') : wire[i]))
			return false;
	}
	return *snake == '\0';
}

TEST(every_row_is_complete)
{
	for (const struct operation *o = sfn_ops; o->name; o++) {
		bool ok =
		    is_snake_of(o->name, o->wire_name) && o->members && o->answer && o->doc &&
		    strncmp(o->iam_action, "states:", 7) == 0 &&
		    strcmp(o->iam_action + 7, o->wire_name) == 0 &&
		    strncmp(o->iam_resource, "arn:", 4) == 0 &&
		    (o->flags == OP_READS || (o->flags & ~(unsigned)OP_SHARED) == OP_CHANGES) &&
		    find(o->members, o->resource, strlen(o->resource));
		if (!CHECK(ok))
			TAP_NOTE("row %s", o->name);
		CHECK(sfn_op_by_wire_name(o->wire_name) == o);
	}
	CHECK(sfn_op_by_wire_name("UnknownOperation") == NULL);
	CHECK(sfn_op_by_wire_name("describemaprun") == NULL);
}

static bool is_named(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && strncmp(text, name, len) == 0;
}

/* Are all {placeholders} of the command names of required members, or region or endpoint of the context? */
static bool tells(const struct operation *o)
{
	for (const char *p = strchr(o->tell, '{'); p; p = strchr(p, '{')) {
		size_t len = strcspn(++p, "}");
		const struct member *m = find(o->members, p, len);
		bool context = is_named("region", p, len) || is_named("endpoint", p, len);
		if (!context && (!m || !(m->flags & MEMBER_REQUIRED)))
			return false;
	}
	return strstr(o->tell, " --region {region} --endpoint-url {endpoint} ") != NULL;
}

TEST(a_changing_row_says_how_to_tell_what_became_of_it)
{
	for (const struct operation *o = sfn_ops; o->name; o++)
		CHECK(o->flags == OP_READS || (o->tell && tells(o)));
}

static const char *token_of(const struct operation *o)
{
	for (const struct member *m = o->members; m->name; m++) {
		if (m->flags & MEMBER_TOKEN)
			return m->name;
	}
	return "none";
}

TEST(a_redrive_has_a_token_and_a_start_its_name)
{
	CHECK_STR(token_of(op("redrive_execution")), "clientToken");
	CHECK_STR(token_of(op("start_execution")), "name");
	CHECK_STR(token_of(op("stop_execution")), "none");
	for (const struct operation *o = sfn_ops; o->name; o++)
		CHECK(o->flags & OP_CHANGES || strcmp(token_of(o), "none") == 0);
}

TEST(only_a_redrive_is_limited_to_one_a_run)
{
	for (const struct operation *o = sfn_ops; o->name; o++)
		CHECK_INT(o->max_calls, strcmp(o->name, "redrive_execution") == 0 ? 1 : 0);
}

static int type_of(const struct member *members, const char *name)
{
	const struct member *m = find(members, name, strlen(name));
	return m ? (int)m->type : -1;
}

static int integers_in(const struct member *members, const char *name)
{
	const struct member *object = find(members, name, strlen(name));
	int n = 0;
	for (const struct member *m = object ? object->members : NULL; m && m->name; m++)
		n += m->type == MEMBER_INTEGER;
	return n;
}

TEST(a_map_run_answers_twenty_integer_counters)
{
	const struct member *answer = op("describe_map_run")->answer;

	CHECK_INT(integers_in(answer, "itemCounts"), 10);
	CHECK_INT(integers_in(answer, "executionCounts"), 10);
	CHECK_INT(type_of(answer, "maxConcurrency"), MEMBER_INTEGER);
	CHECK_INT(type_of(answer, "toleratedFailurePercentage"), MEMBER_NUMBER);
	CHECK_INT(type_of(answer, "toleratedFailureCount"), MEMBER_INTEGER);
	CHECK_INT(type_of(answer, "redriveCount"), MEMBER_INTEGER);
	CHECK_INT(type_of(answer, "redriveDate"), MEMBER_TIMESTAMP);
}

TEST(payloads_are_sensitive)
{
	static const char *const secret[][2] = {
		{ "start_execution", "input" },
		{ "stop_execution", "cause" },
		{ "create_state_machine", "definition" },
	};
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		const struct member *m =
		    find(op(secret[i][0])->members, secret[i][1], strlen(secret[i][1]));
		CHECK(m && (m->flags & MEMBER_SENSITIVE));
	}
}

static void check_patterns(const struct member *members)
{
	for (const struct member *m = members; m && m->name; m++) {
		regex_t re;
		if (m->pattern && CHECK(regcomp(&re, m->pattern, REG_EXTENDED | REG_NOSUB) == 0))
			regfree(&re);
		CHECK(m->max == 0 || m->min <= m->max);
		check_patterns(m->members);
	}
}

TEST(patterns_compile_and_limits_are_in_order)
{
	for (const struct operation *o = sfn_ops; o->name; o++)
		check_patterns(o->members);
}

TEST(buckets_have_the_figures_of_their_region)
{
	static const struct {
		const char *wire_name, *region;
		int burst, per_s;
	} cases[] = {
		{ "DescribeMapRun", "us-east-1", 200, 1 },
		{ "DescribeMapRun", "eu-central-1", 200, 1 },
		{ "RedriveExecution", "eu-west-1", 1300, 300 },
		{ "RedriveExecution", "eu-central-1", 800, 150 },
		{ "DeleteStateMachine", "us-east-1", 0, 0 },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct op_bucket b = { 0 };
		bucket_figures(&b, cases[i].wire_name, cases[i].region);
		CHECK_INT(b.burst, cases[i].burst);
		CHECK_INT(b.per_s, cases[i].per_s);
	}
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(every_row_is_complete),
				 TAP_CASE(a_changing_row_says_how_to_tell_what_became_of_it),
				 TAP_CASE(a_redrive_has_a_token_and_a_start_its_name),
				 TAP_CASE(only_a_redrive_is_limited_to_one_a_run),
				 TAP_CASE(a_map_run_answers_twenty_integer_counters),
				 TAP_CASE(payloads_are_sensitive),
				 TAP_CASE(patterns_compile_and_limits_are_in_order),
				 TAP_CASE(buckets_have_the_figures_of_their_region)));
}
