/* Payload templates and every intrinsic function. */
#include "tap.h"

#include "local/language/template.h"

static const char input_text[] =
    "{\"name\":\"Ann\",\"n\":3,\"f\":1.50,\"list\":[1,2,3,4,5,2],\"null\":null,\"o\":{\"a\":1},"
    "\"json\":\"{\\\"x\\\":[1]}\",\"t\":\"Hi {} \\\\{{}\\\\}\",\"big\":9007199254740993}";

struct world {
	cJSON *input, *context;
	struct template_env env;
	struct buf text;
	struct err err;
};

/* A fixed sequence: every byte is 0xa5. */
static void fixed_random(void *arg, void *out, size_t n)
{
	(void)arg;
	memset(out, 0xa5, n);
}

static struct world setup(void)
{
	struct world w = { .text = BUF_INIT(1 << 20) };
	w.input = json_parse(bytes_str(input_text), NULL);
	w.context = json_parse(bytes_str("{\"State\":{\"Name\":\"S\"}}"), NULL);
	w.env.scope = (struct path_scope){ .input = w.input, .context = w.context };
	w.env.random = fixed_random;
	return w;
}

static void teardown(struct world *w)
{
	cJSON_Delete(w->input);
	cJSON_Delete(w->context);
	buf_clear(&w->text);
}

static const char *result(struct world *w, int rc, cJSON *v)
{
	buf_clear(&w->text);
	json_write(&w->text, v);
	cJSON_Delete(v);
	return rc ? w->err.message : buf_cstr(&w->text);
}

static const char *fill(struct world *w, const char *text)
{
	cJSON *template = json_parse(bytes_str(text), NULL), *v = NULL;
	w->err = (struct err){ 0 };
	int rc = template_eval(&v, template, &w->env, &w->err);
	cJSON_Delete(template);
	return result(w, rc, v);
}

static const char *call(struct world *w, const char *text)
{
	cJSON *v = NULL;
	w->err = (struct err){ 0 };
	int rc = template_expr(&v, "x.$", text, &w->env, &w->err);
	return result(w, rc, v);
}

TEST(templates_are_copied_but_for_their_expressions)
{
	struct world w = setup();
	CHECK_STR(
	    fill(&w, "{\"a\":{\"n.$\":\"$.n\",\"k\":[1,{\"s.$\":\"$$.State.Name\"}]},\"b\":null}"),
	    "{\"a\":{\"n\":3,\"k\":[1,{\"s\":\"S\"}]},\"b\":null}");
	CHECK_STR(fill(&w, "{\"all.$\":\"$.list[1:3]\",\"big.$\":\"$.big\"}"),
		  "{\"all\":[2,3],\"big\":9007199254740993}");
	CHECK_STR(fill(&w, "{\"a.$\":\"$.n\",\"a\":2}"), "{\"a\":2}");
	CHECK_STR(fill(&w, "5"), "5");
	teardown(&w);
}

TEST(a_path_that_finds_nothing_names_field_and_input)
{
	struct world w = setup();
	CHECK_STR(
	    fill(&w, "{\"value.$\":\"$$.Execution.Input.no\"}"),
	    "The JSONPath '$$.Execution.Input.no' specified for the field 'value.$' could not "
	    "be found in the input '{\"name\":\"Ann\",\"n\":3,\"f\":1.50,\"list\":[1,2,3,4,5,2],"
	    "\"null\":null,\"o\":{\"a\":1},\"json\":\"{\\\"x\\\":[1]}\","
	    "\"t\":\"Hi {} \\\\{{}\\\\}\",\"big\":9007199254740993}'");
	CHECK_STR(w.err.name, "States.Runtime");
	(void)call(&w, "States.Array($.no)");
	CHECK(strstr(w.err.message,
		     "The function 'States.Array($.no)' had the following error: The "
		     "JsonPath argument for the field '$.no' could not be found"));
	CHECK_STR(w.err.name, "States.Runtime");
	teardown(&w);
}

static const struct row {
	const char *text, *want;
} lists[] = {
	{ "States.Array()", "[]" },
	{ "States.Array($.n, 'a', null, true, -1.5e3, States.Array(1))",
	  "[3,\"a\",null,true,-1.5e3,[1]]" },
	{ "States.Array($.list[?(@ > 3)], $['name'])", "[[4,5],\"Ann\"]" },
	{ "States.ArrayPartition($.list, 4)", "[[1,2,3,4],[5,2]]" },
	{ "States.ArrayContains($.list, 5)", "true" },
	{ "States.ArrayContains($.list, 6)", "false" },
	{ "States.ArrayRange(1, 9, 2)", "[1,3,5,7,9]" },
	{ "States.ArrayRange(3, 0, -2)", "[3,1]" },
	{ "States.ArrayRange(1, 0, 1)", "[]" },
	{ "States.ArrayRange(9223372036854775806, 9223372036854775807, 1)",
	  "[9223372036854775806,9223372036854775807]" },
	{ "States.ArrayGetItem($.list, 4)", "5" },
	{ "States.ArrayLength($.list)", "6" },
	{ "States.ArrayUnique($.list)", "[1,2,3,4,5]" },
	{ "States.MathAdd($.n, -1)", "2" },
	{ "States.MathAdd(1.5, 1.4)", "3" },
	{ "States.MathRandom(5, 6)", "5" },
	{ "States.MathRandom(0, 1000)", "45" },
};

static const struct row texts[] = {
	{ "States.Format('Hi {}, {} {}', $.name, $.n, $.null)", "\"Hi Ann, 3 null\"" },
	{ "States.Format('it\\'s \\{{}\\} \\\\', $.f)", "\"it's {1.50} \\\\\"" },
	{ "States.Format($.t, 1, $.o)", "\"Hi 1 {{\\\"a\\\":1}}\"" },
	{ "States.Format('{}', 'a\\\\b\\{c')", "\"a\\\\b{c\"" },
	{ "States.StringToJson($.json)", "{\"x\":[1]}" },
	{ "States.StringToJson('{\"a\": \\{\\}}')", "{\"a\":{}}" },
	{ "States.JsonToString($.o)", "\"{\\\"a\\\":1}\"" },
	{ "States.JsonMerge($.o, States.StringToJson('{\"a\":2,\"b\":3}'), false)",
	  "{\"a\":2,\"b\":3}" },
	{ "States.StringSplit('a,b;;c', ',;')", "[\"a\",\"b\",\"c\"]" },
	{ "States.StringSplit(',,', ',')", "[]" },
	{ "States.StringSplit('\xc3\xa9t\xc3\xa8', '\xc3\xa8')", "[\"\xc3\xa9t\"]" },
	{ "States.StringSplit('\xf0\x9f\x98\x80-\xf0\x9f\x98\x81', '-\xf0\x9f\x98\x81')",
	  "[\"\xf0\x9f\x98\x80\"]" },
	{ "States.Base64Encode('Data to encode')", "\"RGF0YSB0byBlbmNvZGU=\"" },
	{ "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "\"Data to encode\"" },
	{ "States.Base64Decode('AP8=')", "\"\\u0000\xef\xbf\xbd\"" },
	{ "States.Base64Encode('')", "\"\"" },
	{ "States.Hash('input data', 'MD5')", "\"812f45842bc6d66ee14572ce20db8e86\"" },
	{ "States.Hash('input data', 'SHA-1')", "\"aaff4a450a104cd177d28d18d74485e8cae074b7\"" },
	{ "States.Hash('input data', 'SHA-256')",
	  "\"b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3\"" },
	{ "States.UUID()", "\"a5a5a5a5-a5a5-45a5-a5a5-a5a5a5a5a5a5\"" },
};

TEST(functions_on_lists_and_numbers)
{
	struct world w = setup();
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		CHECK_STR(call(&w, lists[i].text), lists[i].want);
	teardown(&w);
}

TEST(functions_on_texts)
{
	struct world w = setup();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_STR(call(&w, texts[i].text), texts[i].want);
	teardown(&w);
}

TEST(a_seed_gives_the_same_number_again)
{
	struct world w = setup();
	char first[32];
	(void)snprintf(first, sizeof(first), "%s", call(&w, "States.MathRandom(0, 999999999, 3)"));
	CHECK_STR(call(&w, "States.MathRandom(0, 999999999, 3)"), first);
	CHECK(strcmp(call(&w, "States.MathRandom(0, 999999999, 4)"), first) != 0);
	teardown(&w);
}

TEST(wrong_arguments_are_intrinsic_failures)
{
	static const struct row rows[] = {
		{ "States.ArrayPartition($.list, 0)", "the chunk size must be a positive integer" },
		{ "States.ArrayPartition($.n, 1)", "the first argument must be an array" },
		{ "States.ArrayRange(1, 5, 0)", "the increment must not be zero" },
		{ "States.ArrayRange(1, 1001, 1)",
		  "the array must not have more than 1000 elements" },
		{ "States.ArrayRange(-9223372036854775807, 9223372036854775807, 1)",
		  "the array must not have more than 1000 elements" },
		{ "States.ArrayGetItem($.list, 6)",
		  "the index 6 is out of the bounds of the array" },
		{ "States.MathAdd('1', 2)", "the first argument must be a number" },
		{ "States.MathAdd(9223372036854775807, 1)", "the sum is out of range" },
		{ "States.MathRandom(2, 2)", "the start number must be less than the end number" },
		{ "States.Format('{}')", "the template has more {} than there are arguments" },
		{ "States.Format('{}', 1, 2)",
		  "the template has fewer {} than there are arguments" },
		{ "States.Format('{a}', 1)", "the template has a brace that is not escaped" },
		{ "States.Format($.n)", "the template must be a string" },
		{ "States.StringToJson('{')",
		  "the argument is not JSON: JSON: expected a member name at byte 1" },
		{ "States.JsonMerge($.o, $.o, true)",
		  "deep merging is not supported: the third argument must be false" },
		{ "States.JsonMerge($.o, $.n, false)",
		  "the first two arguments must be JSON objects" },
		{ "States.Base64Decode('AP8')", "the data is not base64" },
		{ "States.Base64Decode('AP9=')", "the data is not base64" },
		{ "States.Hash('a', 'SHA-3')",
		  "the algorithm must be MD5, SHA-1, SHA-256, SHA-384 or SHA-512" },
	};
	struct world w = setup();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char want[400];
		(void)snprintf(want, sizeof(want), "The function '%s' had the following error: %s",
			       rows[i].text, rows[i].want);
		CHECK_STR(call(&w, rows[i].text), want);
		CHECK_STR(w.err.name, "States.IntrinsicFailure");
	}
	teardown(&w);
}

TEST(what_is_no_expression_is_refused_in_the_services_words)
{
	static const char *const bad[] = {
		"",
		"x",
		"'x'",
		"1",
		"States.Nope()",
		"States.Array",
		"States.Array(",
		"States.Array(1",
		"States.Array(1,)",
		"States.Array(1 2)",
		"States.Array(x)",
		"States.Array($.)",
		"States.Array('a)",
		"States.Array('a\\\"')",
		"States.Array() x",
		"$.a[",
		"States.ArrayLength()",
		"States.UUID(1)",
		"$.a $.b",
		"States.Array({})",
	};
	struct err err;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK(template_check_expr(bad[i], &err) == -ERR_INVALID))
			TAP_NOTE("accepted: %s", bad[i]);
	}
	cJSON *t =
	    json_parse(bytes_str("{\"a\":[{\"parsed.$\":\"States.Format('\\\\\\\"')\"}]}"), NULL);
	CHECK_INT(template_check(t, &err), -ERR_INVALID);
	CHECK_STR(err.message,
		  "The value for the field 'parsed.$' must be a valid JSONPath or a valid "
		  "intrinsic function call");
	cJSON_Delete(t);
	t = json_parse(bytes_str("{\"a.$\":{\"b\":1}}"), NULL);
	CHECK_INT(template_check(t, &err), -ERR_INVALID);
	CHECK_STR(err.message,
		  "The value for the field 'a.$' must be a STRING that contains a JSONPath");
	cJSON_Delete(t);
}

TEST(functions_nest_ten_deep_and_no_deeper)
{
	struct buf text = BUF_INIT(4096);
	for (int i = 0; i < 10; i++)
		buf_adds(&text, "States.Array(");
	for (int i = 0; i < 10; i++)
		buf_adds(&text, ")");
	CHECK_INT(template_check_expr(buf_cstr(&text), NULL), 0);
	struct buf deeper = BUF_INIT(4096);
	buf_addf(&deeper, "States.Array(%s)", buf_cstr(&text));
	CHECK_INT(template_check_expr(buf_cstr(&deeper), NULL), -ERR_INVALID);
	buf_clear(&text);
	buf_clear(&deeper);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(templates_are_copied_but_for_their_expressions),
				 TAP_CASE(a_path_that_finds_nothing_names_field_and_input),
				 TAP_CASE(functions_on_lists_and_numbers),
				 TAP_CASE(functions_on_texts),
				 TAP_CASE(a_seed_gives_the_same_number_again),
				 TAP_CASE(wrong_arguments_are_intrinsic_failures),
				 TAP_CASE(what_is_no_expression_is_refused_in_the_services_words),
				 TAP_CASE(functions_nest_ten_deep_and_no_deeper)));
}
