/* What `runbook check` finds, and that its parser agrees with Lua's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lint/known.h"
#include "lint/lint.h"
#include "script/compile.h"
#include "script_world.h"
#include "tap.h"

static const struct member inner[] = {
	{ .name = "mode", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED },
	{ .name = "size", .type = MEMBER_INTEGER },
	{ .name = NULL },
};
static const struct member element[] = {
	{ .type = MEMBER_OBJECT, .members = inner, .name = "" },
	{ .name = NULL },
};
static const char *const kinds[] = { "STANDARD", "EXPRESS", NULL };
static const struct member members[] = {
	{ .name = "mapRunArn", .type = MEMBER_STRING, .flags = MEMBER_REQUIRED },
	{ .name = "options", .type = MEMBER_OBJECT, .members = inner },
	{ .name = "list", .type = MEMBER_LIST, .members = element },
	{ .name = "map", .type = MEMBER_MAP, .members = element },
	{ .name = "kind", .type = MEMBER_STRING, .choices = kinds },
	{ .name = NULL },
};

static const struct operation *operation(void *arg, size_t i, const char **ns)
{
	static const struct operation all[] = {
		{ .name = "describe_map_run", .members = members },
		{ .name = "list_map_runs" },
	};
	(void)arg;
	*ns = "sfn";
	return i < 2 ? &all[i] : NULL;
}

static bool has_module(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "redrive") == 0;
}

/* The problems as lines "LINE:COLUMN: TEXT". */
static void find(struct buf *out, const char *source)
{
	static const struct lint_world world = { NULL, operation, has_module };
	struct lint l = { .world = &world };
	lint_source(&l, bytes_str(source));
	buf_adds(out, "");
	for (size_t i = 0; i < l.n; i++)
		buf_addf(out, "%s%d:%d: %s", i ? "\n" : "", l.v[i].line, l.v[i].column,
			 l.v[i].text);
}

static void check_finds(const char *source, const char *expected)
{
	struct buf got = BUF_INIT(65536);
	find(&got, source);
	if (!CHECK(strcmp(buf_cstr(&got), expected) == 0))
		TAP_NOTE("in: %s\n# got:  %s\n# want: %s", source, buf_cstr(&got), expected);
	buf_clear(&got);
}

#define SFN "local sfn = require 'sfn' "

TEST(globals_that_nobody_defines_are_found)
{
	check_finds("prnt(1)", "1:1: unknown global 'prnt' (did you mean \"print\"?)");
	check_finds("local count = 1\nreturn cuont",
		    "2:8: unknown global 'cuont' (did you mean \"count\"?)");
	check_finds("total = 1 print(total)", "1:1: the global 'total' is assigned: write local");
	check_finds("function f() end f()", "1:10: the global 'f' is assigned: write local");
	check_finds("os.exit()", "1:1: unknown global 'os'");
	check_finds("local x = 1 do local inner = x end return inner",
		    "1:43: unknown global 'inner'");
	check_finds("local _ENV = { a = 1 } return a, b", "");
	check_finds("print = nil log 'x' return ...", "");
}

TEST(fields_of_libraries_are_known)
{
	check_finds("string.formt('x')",
		    "1:8: string has no field 'formt' (did you mean \"format\"?)");
	check_finds("local t = table t.concta({})",
		    "1:19: table has no field 'concta' (did you mean \"concat\"?)");
	check_finds("return ('x'):repp(3)",
		    "1:14: string has no field 'repp' (did you mean \"rep\"?)");
	check_finds("log.wran 'x'", "1:5: log has no field 'wran' (did you mean \"warn\"?)");
	check_finds("math.floor2 = 1 string = {} return string.x", "");
	check_finds("local t = {} return t.x, (...).y, math['pi']", "");
}

TEST(modules_must_be_there)
{
	check_finds("require 'redrive' require('sfn')", "");
	check_finds("require 'redrvie'", "1:9: module 'redrvie' is not there");
	check_finds("require('sfm')", "1:9: module 'sfm' is not there (did you mean \"sfn\"?)");
	check_finds("local name = 'x' require(name)", "");
}

TEST(operations_are_followed_through_locals)
{
	check_finds(SFN "sfn.describe_mapp_run{}",
		    "1:31: there is no operation sfn.describe_mapp_run (did you mean "
		    "\"sfn.describe_map_run\"?)");
	check_finds(SFN "local d = sfn.describe_map_run return d{ mapRunARN = 'x', "
			"mapRunArn = 'y' }",
		    "1:68: sfn.describe_map_run has no member 'mapRunARN' (did you mean "
		    "\"mapRunArn\"?)");
	check_finds("require('sfn').describe_map_run{}",
		    "1:32: sfn.describe_map_run lacks the member 'mapRunArn'");
	check_finds(SFN "pcall(sfn.describe_map_run, { x = 1, mapRunArn = 'y' })",
		    "1:57: sfn.describe_map_run has no member 'x'");
	check_finds(SFN "sfn.describe_map_run()",
		    "1:31: sfn.describe_map_run lacks the member 'mapRunArn'");
	check_finds(SFN "sfn.describe_map_run 'x'", "1:48: sfn.describe_map_run takes one table");
	check_finds(SFN "sfn = {} sfn.nothing{}", "");
	check_finds(SFN "local args = { x = 1 } sfn.describe_map_run(args)", "");
	check_finds(SFN "sfn.list_map_runs{}", "");
}

TEST(nested_members_are_checked)
{
	check_finds(SFN "sfn.describe_map_run{ mapRunArn = 'x',\noptions = { modee = 'y' } }",
		    "2:11: sfn.describe_map_run lacks the member 'options.mode'\n"
		    "2:13: sfn.describe_map_run has no member 'options.modee' (did you mean "
		    "\"mode\"?)");
	check_finds(SFN "sfn.describe_map_run{ mapRunArn = 'x',\nlist = { { mode = 'x' }, { mode = "
			"1 } }, map = { a = { mode = 'x', sise = 1 } } }",
		    "2:35: sfn.describe_map_run: 'list.*.mode' must be a string\n"
		    "2:68: sfn.describe_map_run has no member 'map.*.sise' (did you mean "
		    "\"size\"?)");
	check_finds(SFN "sfn.describe_map_run{ mapRunArn = 5,\nkind = 'EXPRES', options = true }",
		    "1:61: sfn.describe_map_run: 'mapRunArn' must be a string\n"
		    "2:8: sfn.describe_map_run: 'EXPRES' is no kind (did you mean \"EXPRESS\"?)\n"
		    "2:28: sfn.describe_map_run: 'options' must be a table with names");
	check_finds(SFN "local k = ... sfn.describe_map_run{ [k] = 1 }", "");
	check_finds(SFN "sfn.describe_map_run{ ['mapRunArn'] = ..., options = nil }", "");
	check_finds(SFN "sfn.describe_map_run{ mapRunArn = nil }",
		    "1:47: sfn.describe_map_run lacks the member 'mapRunArn'");
}

TEST(syntax_errors_have_a_place)
{
	check_finds("local x =\nlocal y", "2:1: unexpected symbol near 'local'");
	check_finds("if x then\n  f(\n", "3:1: unexpected symbol near the end of the file");
	check_finds("if true then\nprint(1)\n",
		    "3:1: 'end' expected (to close 'if' at line 1) near the end of the file");
	check_finds("local s = 'abc\n", "1:11: unfinished string");
	check_finds("\nlocal x <const> = 1 x = 2", "2:21: attempt to assign to const variable 'x'");
	check_finds("goto out", "1:6: no visible label 'out' for goto");
	check_finds("break", "1:1: break outside a loop");
	check_finds("x = 3x", "1:5: malformed number '3x'");
	check_finds("x = 1 $", "1:7: unexpected symbol '$'");
}

/* One line each; Lua's own verdict is asked, not written down. */
static const char *const snippets[] = {
	"",
	"#!x",
	"\xef\xbb\xbfreturn 1",
	"return",
	"return;",
	"return 1,2;",
	"return return",
	";;;",
	"local a",
	"local a = 1, 2",
	"local a, b <const> = 1",
	"local a <close> = nil",
	"local a <close>, b <close> = nil",
	"local a <what> = 1",
	"local a <const> = 1 a = 2",
	"local a <const> = 1 function f() a = 2 end",
	"local a <close> = nil a = 1",
	"local 1",
	"local function f() end",
	"local function f.g() end",
	"function f.g.h:i() return self end",
	"function f:g.h() end",
	"function (x) end",
	"f = function(a, ...) return ... end",
	"f = function(..., a) end",
	"function f() return ... end",
	"function f(...) return ... end",
	"f = function(a,) end",
	"a.b.c = 1",
	"a().b = 1",
	"a() = 1",
	"(a) = 1",
	"(a).b = 1",
	"a, b = 1",
	"a, b() = 1",
	"a",
	"a.b",
	"a:b",
	"a:b()",
	"a:b{}",
	"a:b''",
	"a''''",
	"'x':len()",
	"('x'):len()",
	"{}",
	"({}).x = 1",
	"1 = 2",
	"a = ",
	"a = = 1",
	"a = 1 2",
	"a = b c = d",
	"a = 1 + ",
	"a = not not 1",
	"a = - - 1",
	"a = --1",
	"a = 2^-3^2",
	"a = 'x' .. 1 .. 2",
	"a = 1 .. 2",
	"a = 1..2",
	"a = 0x",
	"a = 0x.p1",
	"a = 0x1p",
	"a = 0x.8p-1",
	"a = 1e",
	"a = 1e+5",
	"a = 1e5.5",
	"a = .5",
	"a = 5.",
	"a = 5..",
	"a = 3in",
	"a = 0xep1",
	"a = 1//2 >> 3 << 4 & 5 | 6 ~ ~7",
	"a = 1 ~= 2 == 3 <= 4 >= 5",
	"a = 1 != 2",
	"a = {1,2,;}",
	"a = {,}",
	"a = {1;2,3;}",
	"a = {[1]=2, x=3, 4}",
	"a = {[1] 2}",
	"a = {x=}",
	"a = {...}",
	"if a then end",
	"if a then else end",
	"if a then elseif b then else end",
	"if a then else elseif b then end",
	"if a end",
	"while a do end",
	"while a do break end",
	"while do end",
	"repeat until a",
	"repeat local x until x",
	"repeat break until true",
	"for i = 1, 2 do end",
	"for i = 1 do end",
	"for i = 1, 2, 3, 4 do end",
	"for i, j = 1, 2 do end",
	"for k in pairs(t) do end",
	"for k, v in a, b, c, d, e do end",
	"for in x do end",
	"for k in do end",
	"for a.b in c do end",
	"for i = 1, 2 do i = 3 end",
	"break",
	"do break end",
	"while a do function f() break end end",
	"goto x",
	"goto x ::x::",
	"::x:: goto x",
	"::x:: ::x::",
	"do ::x:: end ::x::",
	"::x:: do ::x:: end",
	"do ::x:: end goto x",
	"goto x local a ::x::",
	"goto x local a ::x:: print(a)",
	"goto x local a ::x:: ;;",
	"do goto x end local a ::x:: print(1)",
	"do goto x local a ::x:: end",
	"goto x do ::x:: end",
	"repeat goto x local a ::x:: until a",
	"while 1 do goto continue local a ::continue:: end",
	"function f() goto x end ::x::",
	"::a:: goto b ::b:: goto a",
	"goto = 1",
	"local goto = 1",
	"::1::",
	"return 1 print(2)",
	"do return end print(1)",
	"a = '\\q'",
	"a = '\\x4'",
	"a = '\\x41'",
	"a = '\\300'",
	"a = '\\255'",
	"a = '\\u{110000}'",
	"a = '\\u{7FFFFFFF}'",
	"a = '\\u{80000000}'",
	"a = '\\u{}'",
	"a = '\\u41'",
	"a = '\\z  x'",
	"a = 'x\\\ny'",
	"a = 'x\ny'",
	"a = \"'\"",
	"a = [[x]]",
	"a = [==[x]]]==]",
	"a = [=x",
	"a = [[x",
	"a = [==[x]=]",
	"--[[ x",
	"--[[ x ]] a = 1",
	"--[==[ ]] ]==]",
	"-- x",
	"--",
	"a = 1 -- x\nb = 2",
	"a = @",
	"a = $",
	"a = `",
	"a = \\",
	"a = 1 & 2",
	"a = a.1",
	"a = a.b.c[d](e)'f'{g}",
	"a.and = 1",
	"a = b:c",
	"a = (b",
	"a = b)",
	"a = #b",
	"a = #",
	"local function f() local x <const> = 1 return function() x = 2 end end",
	"local x <const> = 1 local x = 2 x = 3",
	"return function() return function() end end",
	"a = ...",
	"a = function() return ... end",
	"a = a or b and c",
	"::x::",
	"goto x; ::x::;",
	"local a <const>",
	"local a<const>=1",
	"\v\f\r\n a = 1",
	"a\r=\r1",
	"f(\n)",
	"f\n(1)",
	"a = f\n(1)\n.b = 2",
	"local _ENV = {} a = 1",
	"local _ENV <const> = {} a = 1",
	"a = 0xffffffffffffffffff",
	"a = 1e999",
	"a = 9223372036854775808",
	"a = 'x",
	"a = \"x'",
	"end",
	"else",
	"until x",
	"then",
	"a = nil.b",
	"a = true()",
	"nil = 1",
	"a = (nil).b",
	"a = ('x').y",
	"local a = {} a.b, a[1], c = 1",
	"function a.b.c.d.e() end",
	"a = {f = function() end, [g] = h}",
	"a = - 'x'",
	"a = not",
	"x = x x = x",
	"x x",
	"f{}{}{}",
	"f''[1]()",
	"f[[x]]",
	"f[=[x]=]",
};

static bool agrees(const char *source, size_t n)
{
	static const struct lint_world world = { NULL, operation, has_module };
	struct lint l = { .world = &world };
	int line = 0;
	const struct bytes text = { source, n };
	lint_source(&l, text);
	return l.syntax == (script_compile(text, &line, NULL) < 0);
}

TEST(the_parser_agrees_with_lua)
{
	size_t n = sizeof(snippets) / sizeof(snippets[0]);
	for (size_t i = 0; i < n; i++)
		if (!CHECK(agrees(snippets[i], strlen(snippets[i]))))
			TAP_NOTE("of: %s", snippets[i]);
	CHECK(n > 200);
}

/* Every snippet cut at every place, and every two of them one behind the other. */
TEST(the_parser_agrees_about_pieces_and_pairs)
{
	char both[1024];
	size_t n = sizeof(snippets) / sizeof(snippets[0]);
	int wrong = 0;
	for (size_t i = 0; i < n && wrong < 5; i++) {
		for (size_t cut = 0; cut < strlen(snippets[i]); cut++) {
			if (!agrees(snippets[i], cut) && ++wrong < 5)
				TAP_NOTE("the first %zu of: %s", cut, snippets[i]);
		}
		for (size_t j = i % 5; j < n; j += 5) {
			int len = snprintf(both, sizeof(both), "%s\n%s", snippets[i], snippets[j]);
			if (!agrees(both, (size_t)len) && ++wrong < 5)
				TAP_NOTE("pair: %s", both);
		}
	}
	CHECK_INT(wrong, 0);
}

/* ---- what is known is what there is ---- */

static void check_list(const char *table, const char *const *names)
{
	struct world w;
	char script[200];
	struct buf want = BUF_INIT(4096);
	buf_adds(&want, "[");
	for (size_t i = 0; names[i]; i++)
		buf_addf(&want, "%s\"%s\"", i ? "," : "", names[i]);
	buf_adds(&want, "]");
	world_open(&w);
	(void)snprintf(script, sizeof(script),
		       "local t = {} for k in pairs(%s) do t[#t + 1] = k end return t", table);
	world_run(&w, script);
	CHECK_STR(w.result, buf_cstr(&want));
	world_close(&w);
	buf_clear(&want);
}

TEST(what_is_known_is_what_the_sandbox_has)
{
	check_list("_G", known_globals);
	for (const struct known_library *k = known_libraries; k->name; k++)
		check_list(k->name, k->fields);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(globals_that_nobody_defines_are_found),
	    TAP_CASE(fields_of_libraries_are_known), TAP_CASE(modules_must_be_there),
	    TAP_CASE(operations_are_followed_through_locals), TAP_CASE(nested_members_are_checked),
	    TAP_CASE(syntax_errors_have_a_place), TAP_CASE(the_parser_agrees_with_lua),
	    TAP_CASE(the_parser_agrees_about_pieces_and_pairs),
	    TAP_CASE(what_is_known_is_what_the_sandbox_has)));
}
