/* JSONPath: what paths find, what they refuse, and results put at them. */
#include "tap.h"

#include "local/language/path.h"

static const char document[] =
    "{\"a\":{\"b\":[1,2,{\"c\":3}],\"k.x\":7,\"n\":null},"
    "\"book\":[{\"t\":\"A\",\"price\":8,\"isbn\":1},{\"t\":\"B\",\"price\":12.5},"
    "{\"t\":\"C\",\"price\":9,\"isbn\":2,\"tags\":[\"x\",\"y\"]}],\"limit\":9,\"sub-values\":[true]"
    "}";
static const char context[] = "{\"Execution\":{\"Name\":\"e-1\"}}";
static const char variables[] = "{\"v\":{\"x\":[10,20]}}";

struct world {
	cJSON *input, *context, *variables;
	struct path_scope scope;
	struct buf text;
	struct err err;
};

static struct world setup(const char *input)
{
	struct world w = { .text = BUF_INIT(65536) };
	w.input = json_parse(bytes_str(input), NULL);
	w.context = json_parse(bytes_str(context), NULL);
	w.variables = json_parse(bytes_str(variables), NULL);
	w.scope = (struct path_scope){ w.input, w.context, w.variables };
	return w;
}

static void teardown(struct world *w)
{
	cJSON_Delete(w->input);
	cJSON_Delete(w->context);
	cJSON_Delete(w->variables);
	buf_clear(&w->text);
}

/* What path finds, as text; the error's message when it fails. */
static const char *get(struct world *w, const char *path)
{
	cJSON *v = NULL;
	buf_clear(&w->text);
	w->err = (struct err){ 0 };
	if (path_get(&v, path, &w->scope, &w->err))
		return w->err.message;
	json_write(&w->text, v);
	cJSON_Delete(v);
	return buf_cstr(&w->text);
}

TEST(definite_paths_give_their_one_value)
{
	struct world w = setup(document);
	CHECK_STR(get(&w, "$.a.b[2].c"), "3");
	CHECK_STR(get(&w, "$['a']['k.x']"), "7");
	CHECK_STR(get(&w, "$.a['b'][-1]"), "{\"c\":3}");
	CHECK_STR(get(&w, "$.a.n"), "null");
	CHECK_STR(get(&w, "$.sub-values"), "[true]");
	CHECK_STR(get(&w, "$$.Execution.Name"), "\"e-1\"");
	CHECK_STR(get(&w, "$v.x[1]"), "20");
	CHECK_STR(get(&w, "$['limit','missing']"), "{\"limit\":9}");
	teardown(&w);
	w = setup("[5,6]");
	CHECK_STR(get(&w, "$"), "[5,6]");
	CHECK_STR(get(&w, "$[0]"), "5");
	teardown(&w);
}

TEST(a_definite_path_that_finds_nothing_is_an_error)
{
	struct world w = setup(document);
	CHECK_STR(get(&w, "$.nope"), "Invalid path '$.nope' : No results for path: $['nope']");
	CHECK_STR(w.err.name, "States.Runtime");
	CHECK_STR(get(&w, "$.a.b[7].c"),
		  "Invalid path '$.a.b[7].c' : No results for path: $['a']['b'][7]['c']");
	CHECK_STR(get(&w, "$.limit.x"),
		  "Invalid path '$.limit.x' : No results for path: $['limit']['x']");
	CHECK_STR(get(&w, "$.A"), "Invalid path '$.A' : No results for path: $['A']");
	CHECK_STR(get(&w, "$.nope['a','b']"),
		  "Invalid path '$.nope['a','b']' : Missing property in path $['nope']");
	CHECK_STR(get(&w, "$.a.nope.x.y"),
		  "Invalid path '$.a.nope.x.y' : Missing property in path $['a']['nope']");
	CHECK_STR(get(&w, "$none.x"), "Invalid path '$none.x' : No results for path: $['x']");
	teardown(&w);
}

TEST(other_paths_give_lists_in_document_order)
{
	struct world w = setup(document);
	CHECK_STR(get(&w, "$.book[*].t"), "[\"A\",\"B\",\"C\"]");
	CHECK_STR(get(&w, "$.book[1:].t"), "[\"B\",\"C\"]");
	CHECK_STR(get(&w, "$.book[:-1].t"), "[\"A\",\"B\"]");
	CHECK_STR(get(&w, "$.book[-1:].t"), "[\"C\"]");
	CHECK_STR(get(&w, "$.book[0:3:2].t"), "[\"A\",\"C\"]");
	CHECK_STR(get(&w, "$.book[0,2].t"), "[\"A\",\"C\"]");
	CHECK_STR(get(&w, "$.book[*]['t','isbn']"),
		  "[{\"t\":\"A\",\"isbn\":1},{\"t\":\"B\"},{\"t\":\"C\",\"isbn\":2}]");
	CHECK_STR(get(&w, "$..price"), "[8,12.5,9]");
	CHECK_STR(get(&w, "$..b[0]"), "[1]");
	CHECK_STR(get(&w, "$.a.*"), "[[1,2,{\"c\":3}],7,null]");
	CHECK_STR(get(&w, "$..[?(@.c)]"), "[{\"c\":3},{\"c\":3}]");
	CHECK_STR(get(&w, "$.nope[1:]"), "[]");
	CHECK_STR(get(&w, "$.nope[:1].x"), "[]");
	CHECK_STR(get(&w, "$.book[*].nope"), "[]");
	teardown(&w);
}

TEST(filters_choose_elements)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "$.book[?(@.price > 8)].t", "[\"B\",\"C\"]" },
		{ "$.book[?(@.price<=$.limit)].t", "[\"A\",\"C\"]" },
		{ "$.book[?(@.isbn)].t", "[\"A\",\"C\"]" },
		{ "$.book[?(!@.isbn)].t", "[\"B\"]" },
		{ "$.book[?(@.t == 'A' || @['t'] == \"C\")].price", "[8,9]" },
		{ "$.book[?(@.isbn && @.price >= 9)].t", "[\"C\"]" },
		{ "$.book[?((@.t=='A' || @.t=='B') && !(@.price == 8))].t", "[\"B\"]" },
		{ "$.book[?(@.t in ['B','C'])].t", "[\"B\",\"C\"]" },
		{ "$.book[?(@.t nin ['B','C'])].t", "[\"A\"]" },
		{ "$.book[?(@.tags contains 'y')].t", "[\"C\"]" },
		{ "$.book[?(@.tags size 2)].t", "[\"C\"]" },
		{ "$.book[?(@.tags empty false)].t", "[\"C\"]" },
		{ "$.book[?(@.t != 'A')].t", "[\"B\",\"C\"]" },
		{ "$.book[?(@.t > 1)].t", "[]" },
		{ "$.book[?(@.isbn == null)].t", "[]" },
		{ "$.a[?(@.n == null)]['k.x']", "[7]" },
		{ "$.a.b[?(@ == 2)]", "[2]" },
		{ "$.book[?(@.tags[?(@ == 'x')])].t", "[\"C\"]" },
	};
	struct world w = setup(document);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_STR(get(&w, rows[i].path), rows[i].want);
	teardown(&w);
}

TEST(what_is_no_path_is_refused)
{
	static const char *const bad[] = {
		"",
		"a",
		"@.a",
		"$.",
		"$.a.",
		"$..",
		"$.a[",
		"$.a[]",
		"$.a['b]",
		"$.a[b]",
		"$.a[1",
		"$.a b",
		"$.a]",
		"$.a[1:2:0]",
		"$.a[?]",
		"$.a[?(]",
		"$.a[?(@.b == )]",
		"$.a[?(1)]",
		"$.a[?(@.b",
		"$.a['x',]",
		"$.a[1,'b']",
		"$.a[99999999999]",
		"$.a.length()",
		"$.a[?(@.b =~ /x/)]",
		"$.a[?(((((((((((((((((((@.b)))))))))))))))))))]",
	};
	struct err err;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK(path_check(bad[i], PATH_ANY, &err) == -ERR_INVALID))
			TAP_NOTE("accepted: %s", bad[i]);
	}
	CHECK_INT(path_check("$.a[x]", PATH_ANY, &err), -ERR_INVALID);
	CHECK_STR(err.message, "Invalid path '$.a[x]' : expected a name in quotes, an index, * or "
			       "?( in [ ] at character 4");
}

TEST(kinds_of_path_are_told_apart)
{
	CHECK_INT(path_check("$.a['b'][0]", PATH_REFERENCE, NULL), 0);
	CHECK_INT(path_check("$", PATH_REFERENCE, NULL), 0);
	CHECK_INT(path_check("$$.a", PATH_REFERENCE, NULL), -ERR_INVALID);
	CHECK_INT(path_check("$v.a", PATH_REFERENCE, NULL), -ERR_INVALID);
	CHECK_INT(path_check("$.a[*]", PATH_REFERENCE, NULL), -ERR_INVALID);
	CHECK_INT(path_check("$$.a", PATH_DEFINITE, NULL), 0);
	CHECK_INT(path_check("$..a", PATH_DEFINITE, NULL), -ERR_INVALID);
	CHECK_INT(path_check("$.a[0,1]", PATH_DEFINITE, NULL), -ERR_INVALID);
	CHECK_INT(path_check("$..a", PATH_ANY, NULL), 0);
}

static const char *put(struct world *w, const char *tree, const char *path, const char *value)
{
	cJSON *t = json_parse(bytes_str(tree), NULL);
	buf_clear(&w->text);
	int rc = path_put(&t, path, json_parse(bytes_str(value), NULL), &w->err);
	json_write(&w->text, t);
	cJSON_Delete(t);
	return rc ? w->err.message : buf_cstr(&w->text);
}

TEST(results_are_put_where_the_path_says)
{
	struct world w = setup("{}");
	CHECK_STR(put(&w, "{\"a\":1}", "$", "[2]"), "[2]");
	CHECK_STR(put(&w, "{\"a\":1}", "$.b", "2"), "{\"a\":1,\"b\":2}");
	CHECK_STR(put(&w, "{\"a\":1}", "$.a", "2"), "{\"a\":2}");
	CHECK_STR(put(&w, "{\"a\":1}", "$.b['c d'].e", "2"), "{\"a\":1,\"b\":{\"c d\":{\"e\":2}}}");
	CHECK_STR(put(&w, "{\"a\":[1,{}]}", "$.a[1].x", "2"), "{\"a\":[1,{\"x\":2}]}");
	CHECK_STR(put(&w, "{\"a\":[1,{}]}", "$.a[0]", "2"), "{\"a\":[2,{}]}");
	teardown(&w);
}

TEST(a_result_that_does_not_fit_changes_nothing)
{
	struct world w = setup("{}");
	CHECK_STR(put(&w, "{\"a\":1}", "$.a.b", "2"),
		  "Unable to apply ReferencePath $.a.b to input {\"a\":1}");
	CHECK_STR(w.err.name, "States.ResultPathMatchFailure");
	CHECK_STR(buf_cstr(&w.text), "{\"a\":1}");
	CHECK_STR(put(&w, "{\"a\":[]}", "$.a[0]", "2"),
		  "Unable to apply ReferencePath $.a[0] to input {\"a\":[]}");
	CHECK_STR(put(&w, "[1]", "$.a", "2"), "Unable to apply ReferencePath $.a to input [1]");
	CHECK_STR(put(&w, "{}", "$..a", "2"), "Invalid path '$..a' : it is not a reference path");
	teardown(&w);
}

TEST(a_path_that_explodes_is_stopped)
{
	struct buf text = BUF_INIT(65536);
	for (int i = 0; i < 40; i++)
		buf_adds(&text, "[");
	for (int i = 0; i < 40; i++)
		buf_adds(&text, "]");
	struct world w = setup(buf_cstr(&text));
	cJSON *v = NULL;
	CHECK_INT(path_get(&v, "$..*..*..*..*..*..*", &w.scope, &w.err), -ERR_LIMIT);
	CHECK_STR(w.err.message,
		  "Invalid path '$..*..*..*..*..*..*' : it visits more than 1000000 values");
	teardown(&w);
	buf_clear(&text);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(definite_paths_give_their_one_value),
	    TAP_CASE(a_definite_path_that_finds_nothing_is_an_error),
	    TAP_CASE(other_paths_give_lists_in_document_order), TAP_CASE(filters_choose_elements),
	    TAP_CASE(what_is_no_path_is_refused), TAP_CASE(kinds_of_path_are_told_apart),
	    TAP_CASE(results_are_put_where_the_path_says),
	    TAP_CASE(a_result_that_does_not_fit_changes_nothing),
	    TAP_CASE(a_path_that_explodes_is_stopped)));
}
