/* Choice rules: every comparator, and what is no rule. */
#include "tap.h"

#include "local/language/choice.h"

static const char input_text[] =
    "{\"s\":\"m\",\"n\":5,\"f\":5.0,\"b\":true,\"z\":null,\"t\":\"2016-03-14T01:59:00Z\","
    "\"big\":9007199254740993,\"log\":\"log-2024.txt\",\"other\":{\"s\":\"m\",\"n\":7,\"b\":true,"
    "\"t\":\"2016-03-14T02:59:00+01:00\"}}";

struct world {
	cJSON *input;
	struct path_scope scope;
	struct err err;
};

static struct world setup(void)
{
	struct world w = { .input = json_parse(bytes_str(input_text), NULL) };
	w.scope.input = w.input;
	return w;
}

/* 1 the rule holds, 0 it does not, -1 error. */
static int holds(struct world *w, const char *rule)
{
	struct buf text = BUF_INIT(4096);
	const cJSON *picked = NULL;
	buf_addf(&text, "[%s]", rule);
	cJSON *choices = json_parse(buf_bytes(&text), NULL);
	int rc = choice_pick(&picked, choices, &w->scope, &w->err);
	CHECK(rc || !picked || picked == choices->child);
	cJSON_Delete(choices);
	buf_clear(&text);
	return rc ? -1 : picked != NULL;
}

TEST(comparators_compare_values_of_their_type)
{
	static const struct {
		const char *rule;
		int want;
	} rows[] = {
		{ "{\"Variable\":\"$.s\",\"StringEquals\":\"m\"}", 1 },
		{ "{\"Variable\":\"$.s\",\"StringLessThan\":\"n\"}", 1 },
		{ "{\"Variable\":\"$.s\",\"StringLessThan\":\"m\"}", 0 },
		{ "{\"Variable\":\"$.s\",\"StringLessThanEquals\":\"m\"}", 1 },
		{ "{\"Variable\":\"$.s\",\"StringGreaterThan\":\"l\"}", 1 },
		{ "{\"Variable\":\"$.s\",\"StringGreaterThanEquals\":\"n\"}", 0 },
		{ "{\"Variable\":\"$.s\",\"StringEqualsPath\":\"$.other.s\"}", 1 },
		{ "{\"Variable\":\"$.n\",\"StringEquals\":\"5\"}", 0 },
		{ "{\"Variable\":\"$.n\",\"NumericEquals\":5.0}", 1 },
		{ "{\"Variable\":\"$.f\",\"NumericEquals\":5}", 1 },
		{ "{\"Variable\":\"$.n\",\"NumericLessThan\":6}", 1 },
		{ "{\"Variable\":\"$.n\",\"NumericLessThanEquals\":4.9}", 0 },
		{ "{\"Variable\":\"$.n\",\"NumericGreaterThan\":5}", 0 },
		{ "{\"Variable\":\"$.n\",\"NumericGreaterThanEquals\":5}", 1 },
		{ "{\"Variable\":\"$.n\",\"NumericLessThanPath\":\"$.other.n\"}", 1 },
		{ "{\"Variable\":\"$.big\",\"NumericGreaterThan\":9007199254740992}", 1 },
		{ "{\"Variable\":\"$.s\",\"NumericEquals\":5}", 0 },
		{ "{\"Variable\":\"$.b\",\"BooleanEquals\":true}", 1 },
		{ "{\"Variable\":\"$.b\",\"BooleanEquals\":false}", 0 },
		{ "{\"Variable\":\"$.b\",\"BooleanEqualsPath\":\"$.other.b\"}", 1 },
		{ "{\"Variable\":\"$.s\",\"BooleanEquals\":false}", 0 },
		{ "{\"Variable\":\"$.t\",\"TimestampEquals\":\"2016-03-14T02:59:00+01:00\"}", 1 },
		{ "{\"Variable\":\"$.t\",\"TimestampEqualsPath\":\"$.other.t\"}", 1 },
		{ "{\"Variable\":\"$.t\",\"TimestampLessThan\":\"2016-03-14T01:59:00.001Z\"}", 1 },
		{ "{\"Variable\":\"$.t\",\"TimestampGreaterThanEquals\":\"2017-01-01T00:00:00Z\"}",
		  0 },
		{ "{\"Variable\":\"$.s\",\"TimestampLessThan\":\"2017-01-01T00:00:00Z\"}", 0 },
		{ "{\"Variable\":\"$.s\",\"StringEqualsPath\":\"$.n\"}", 0 },
	};
	struct world w = setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = holds(&w, rows[i].rule);
		if (!CHECK(got == rows[i].want))
			TAP_NOTE("%s", rows[i].rule);
	}
	cJSON_Delete(w.input);
}

TEST(type_tests_agree_or_disagree)
{
	static const struct {
		const char *variable, *test;
		bool is;
	} rows[] = {
		{ "$.z", "IsNull", true },      { "$.s", "IsNull", false },
		{ "$.n", "IsNumeric", true },   { "$.s", "IsNumeric", false },
		{ "$.s", "IsString", true },    { "$.n", "IsString", false },
		{ "$.b", "IsBoolean", true },   { "$.z", "IsBoolean", false },
		{ "$.t", "IsTimestamp", true }, { "$.s", "IsTimestamp", false },
		{ "$.z", "IsPresent", true },   { "$.nope", "IsPresent", false },
	};
	struct world w = setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int asked = 0; asked < 2; asked++) {
			char rule[200];
			(void)snprintf(rule, sizeof(rule), "{\"Variable\":\"%s\",\"%s\":%s}",
				       rows[i].variable, rows[i].test, asked ? "true" : "false");
			if (!CHECK(holds(&w, rule) == (rows[i].is == (asked == 1))))
				TAP_NOTE("%s", rule);
		}
	}
	cJSON_Delete(w.input);
}

TEST(patterns_match_with_stars)
{
	static const struct {
		const char *pattern;
		int want;
	} rows[] = {
		{ "log-*.txt", 1 },     { "*", 1 },        { "log-2024.txt", 1 },
		{ "l*-*2*t", 1 },       { "log-*.tx", 0 }, { "", 0 },
		{ "log-\\\\*.txt", 0 }, { "*a*", 0 },      { "log-2024.txt*", 1 },
		{ "*log-2024.txt", 1 }, { "LOG*", 0 },
	};
	struct world w = setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rule[200];
		(void)snprintf(rule, sizeof(rule),
			       "{\"Variable\":\"$.log\",\"StringMatches\":\"%s\"}",
			       rows[i].pattern);
		if (!CHECK(holds(&w, rule) == rows[i].want))
			TAP_NOTE("%s", rule);
	}
	cJSON_ReplaceItemInObjectCaseSensitive(w.input, "log", cJSON_CreateString("a*\\b"));
	CHECK_INT(holds(&w, "{\"Variable\":\"$.log\",\"StringMatches\":\"a\\\\*\\\\\\\\b\"}"), 1);
	CHECK_INT(holds(&w, "{\"Variable\":\"$.log\",\"StringMatches\":\"a\\\\**\"}"), 1);
	CHECK_INT(holds(&w, "{\"Variable\":\"$.log\",\"StringMatches\":\"b\\\\**\"}"), 0);
	cJSON_Delete(w.input);
}

TEST(rules_combine)
{
	struct world w = setup();
#define YES "{\"Variable\":\"$.n\",\"NumericEquals\":5}"
#define NO "{\"Variable\":\"$.n\",\"NumericEquals\":6}"
	CHECK_INT(holds(&w, "{\"And\":[" YES "," YES "]}"), 1);
	CHECK_INT(holds(&w, "{\"And\":[" YES "," NO "]}"), 0);
	CHECK_INT(holds(&w, "{\"Or\":[" NO "," YES "]}"), 1);
	CHECK_INT(holds(&w, "{\"Or\":[" NO "," NO "]}"), 0);
	CHECK_INT(holds(&w, "{\"Not\":" NO "}"), 1);
	CHECK_INT(holds(&w, "{\"Not\":{\"And\":[" YES ",{\"Not\":" YES "}]}}"), 1);
	CHECK_INT(holds(&w, "{\"Or\":[" YES ",{\"Variable\":\"$.nope\",\"IsNull\":true}]}"), 1);
	cJSON_Delete(w.input);
}

TEST(the_first_rule_that_holds_is_picked)
{
	struct world w = setup();
	const cJSON *picked = NULL;
	cJSON *choices = json_parse(bytes_str("[" NO "," YES "," YES "]"), NULL);
	CHECK_INT(choice_pick(&picked, choices, &w.scope, NULL), 0);
	CHECK(picked == choices->child->next);
	cJSON_Delete(choices);
	choices = json_parse(bytes_str("[" NO "]"), NULL);
	CHECK_INT(choice_pick(&picked, choices, &w.scope, NULL), 0);
	CHECK(!picked);
	cJSON_Delete(choices);
	cJSON_Delete(w.input);
}

TEST(a_variable_that_is_not_there_is_an_error)
{
	struct world w = setup();
	CHECK_INT(holds(&w, "{\"Variable\":\"$.nope\",\"StringEquals\":\"a\"}"), -1);
	CHECK_STR(w.err.name, "States.Runtime");
	CHECK_STR(w.err.message,
		  "Invalid path '$.nope': The choice state's condition path references "
		  "an invalid value.");
	CHECK_INT(holds(&w, "{\"Variable\":\"$.s\",\"StringEqualsPath\":\"$.nope\"}"), -1);
	cJSON_Delete(w.input);
}

TEST(what_is_no_rule_is_refused)
{
	static const char *const bad[] = {
		"1",
		"{}",
		"{\"Variable\":\"$.a\"}",
		"{\"Variable\":\"a\",\"IsNull\":true}",
		"{\"Variable\":\"$.a\",\"IsNull\":1}",
		"{\"Variable\":\"$.a\",\"StringEquals\":1}",
		"{\"Variable\":\"$.a\",\"NumericEquals\":\"1\"}",
		"{\"Variable\":\"$.a\",\"TimestampEquals\":\"monday\"}",
		"{\"Variable\":\"$.a\",\"StringEqualsPath\":\"a\"}",
		"{\"Variable\":\"$.a\",\"StringMatchesPath\":\"$.a\"}",
		"{\"Variable\":\"$.a\",\"IsNull\":true,\"IsString\":true}",
		"{\"And\":[]}",
		"{\"And\":{}}",
		"{\"Not\":[]}",
		"{\"And\":[" YES "],\"Or\":[" YES "]}",
		"{\"Or\":[{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"X\"}]}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *rule = json_parse(bytes_str(bad[i]), NULL);
		if (!CHECK(choice_check(rule, false, NULL) == -ERR_INVALID))
			TAP_NOTE("accepted: %s", bad[i]);
		cJSON_Delete(rule);
	}
	cJSON *rule = json_parse(
	    bytes_str("{\"Variable\":\"$.a\",\"IsNull\":true,\"Next\":\"X\",\"Comment\":\"c\"}"),
	    NULL);
	CHECK_INT(choice_check(rule, false, NULL), 0);
	CHECK_INT(choice_check(rule, true, NULL), -ERR_INVALID);
	cJSON_Delete(rule);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(comparators_compare_values_of_their_type),
				 TAP_CASE(type_tests_agree_or_disagree),
				 TAP_CASE(patterns_match_with_stars), TAP_CASE(rules_combine),
				 TAP_CASE(the_first_rule_that_holds_is_picked),
				 TAP_CASE(a_variable_that_is_not_there_is_an_error),
				 TAP_CASE(what_is_no_rule_is_refused)));
}
