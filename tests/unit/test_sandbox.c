/* What a script cannot escape, and what it can reach. */
#include <stdlib.h>

#include "script_world.h"
#include "tap.h"

static void check_ends_within(int64_t cpu_ms, const char *script, const char *message)
{
	struct world w;
	world_open(&w);
	w.spec.cpu_ms = cpu_ms;
	w.spec.memory_max = 4 << 20;

	world_run(&w, script);

	CHECK_INT(w.ends, 1);
	CHECK_INT(w.outcome, RUN_FAILED);
	if (!CHECK(strstr(w.message, message)))
		TAP_NOTE("%s: %s", script, w.message);
	world_close(&w);
}

/* The script must end within its limits, with this in its message. */
static void check_ends(const char *script, const char *message)
{
	check_ends_within(60, script, message);
}

/* The script must return true. */
static void check_true(const char *script)
{
	struct world w;
	world_open(&w);

	world_run(&w, script);

	if (!CHECK(strcmp(w.result, "true") == 0))
		TAP_NOTE("%s: %s %s", script, w.result, w.message);
	world_close(&w);
}

#define CPU "CPU budget of 0.06 s used up"

TEST(no_endless_loop_escapes_the_cpu_budget)
{
	check_ends("while true do end", "t.lua:1: " CPU);
	check_ends("while true do pcall(function() while true do end end) end", CPU);
	check_ends("local function f() pcall(f) while true do end end f()", CPU);
	check_ends("xpcall(function() while true do end end, function() while true do end end)",
		   CPU);
	check_ends("xpcall(error, function() while true do end end)", CPU);
	check_ends("xpcall(function() while true do end end, function(m) return m end) "
		   "while true do end",
		   CPU);
	check_ends("coroutine.wrap(function() while true do end end)()", CPU);
	check_ends(
	    "while true do coroutine.resume(coroutine.create(function() while true do end end)) "
	    "end",
	    CPU);
	check_ends("local c = coroutine.wrap(function() while true do coroutine.yield() end end) "
		   "while true do c() end",
		   CPU);
	check_ends(
	    "local x <close> = setmetatable({}, { __close = function() while true do end end }) "
	    "while true do end",
	    CPU);
	check_ends(
	    "do local x <close> = setmetatable({}, { __close = function() while true do end end "
	    "}) end",
	    CPU);
	check_ends(
	    "pcall(function() local x <close> = setmetatable({}, { __close = function() while "
	    "true do end end }) error 'x' end)",
	    CPU);
	check_ends(
	    "local co = coroutine.create(function() local x <close> = setmetatable({}, { __close "
	    "= function() while true do end end }) coroutine.yield() end) coroutine.resume(co) "
	    "coroutine.close(co)",
	    CPU);
	check_ends("table.sort({ 3, 2, 1 }, function() while true do end end)", CPU);
	check_ends("('x'):gsub('x', function() while true do end end)", CPU);
	check_ends("tostring(setmetatable({}, { __tostring = function() while true do end end }))",
		   CPU);
	check_ends("local t = setmetatable({}, { __index = function() while true do end end }) "
		   "return t.x",
		   CPU);
	check_ends("return setmetatable({}, { __lt = function() while true do end end }) < {}",
		   CPU);
	check_ends(
	    "table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << "
	    "23)",
	    CPU);
	check_ends(
	    "error(setmetatable({}, { __tostring = function() while true do end end, __index = "
	    "function() while true do end end }))",
	    "{}");
}

TEST(a_script_that_cannot_be_paused_is_ended_after_a_second)
{
	struct world w;
	world_open(&w);
	w.spec.cpu_ms = 60000;

	world_run(&w, "table.sort({ 3, 2, 1 }, function() while true do end end)");

	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK(strstr(w.message, "computed for 1000 ms inside a callback"));
	world_close(&w);
}

TEST(a_busy_script_lets_the_loop_live_and_can_be_cancelled)
{
	struct world w;
	world_open(&w);
	w.spec.cpu_ms = 60000;

	REQUIRE(world_begin(&w,
			    "while true do pcall(function() local co = coroutine.wrap(function() "
			    "while true do end end) co() end) end") == 0);
	for (int turn = 0; turn < 5; turn++)
		REQUIRE(world_step(&w)); /* begin, then one slice each */
	CHECK_INT(w.ends, 0);
	CHECK(run_cancel(w.runs, w.id, "enough"));

	CHECK_INT(w.outcome, RUN_CANCELLED);
	world_close(&w);
}

/* The same script, once in one piece and once cut into dozens of slices. */
TEST(a_pause_does_not_change_what_is_computed)
{
	static const char script[] =
	    "local rounds = ...\n"
	    "local function va(...) local n = select('#', ...) return n, ... end\n"
	    "local mt = { __add = function(a, b) return { v = a.v + b.v } end,\n"
	    "  __index = function(_, k) return k == 'w' and 7 or nil end,\n"
	    "  __close = function(t) t.log[1] = (t.log[1] or 0) + 1 end }\n"
	    "local function gen(n) return coroutine.wrap(function()\n"
	    "  for i = 1, n do coroutine.yield(i, i * i) end end) end\n"
	    "local sum, log = 0, {}\n"
	    "for r = 1, rounds.n do\n"
	    "  local a, b = va(r, nil, r % 7)\n"
	    "  sum = (sum * 31 + a + b) % 1000000007\n"
	    "  local m = setmetatable({ v = r }, mt) + setmetatable({ v = 1 }, mt)\n"
	    "  sum = (sum + m.v + setmetatable({}, mt).w) % 1000000007\n"
	    "  do local c <close> = setmetatable({ log = log }, mt) sum = sum + #tostring(r) end\n"
	    "  for i, sq in gen(r % 5) do sum = (sum + i * sq) % 1000000007 end\n"
	    "  local ok, e = pcall(function() if r % 3 == 0 then error({ n = r }) end return r "
	    "end)\n"
	    "  sum = (sum + (ok and e or e.n * 2)) % 1000000007\n"
	    "  local t = { ('k' .. r % 11):byte(1, -1) }\n"
	    "  for k, v in pairs(t) do sum = (sum + k * v) % 1000000007 end\n"
	    "end\n"
	    "return { sum, log[1] }";
	struct world w;
	int slices = 0;
	world_open(&w);
	w.spec.input = BYTES_LIT("{\"n\":60000}");

	REQUIRE(world_begin(&w, script) == 0);
	while (world_step(&w))
		slices++;

	CHECK_STR(w.message, "");
	CHECK_STR(w.result, "[193794228,60000]");
	CHECK(slices > 5);
	world_close(&w);
}

TEST(no_c_loop_escapes_its_bound)
{
	check_ends_within(10000, "('a'):rep(300):find(('.-'):rep(8) .. 'b')",
			  "pattern too complex");
	check_ends_within(10000, "(('a'):rep(100000)):gsub('a*b', '')", "pattern too complex");
	check_ends_within(10000,
			  "(('a'):rep(200000)):find(('a?'):rep(100) .. ('a'):rep(100) .. 'b')",
			  "pattern too complex");
	check_ends_within(10000, "for x in (('a'):rep(100000)):gmatch('(.-)(.-)b') do end",
			  "pattern too complex");
	check_ends("table.move({}, 1, 1 << 60, 2)", "a range of more than");
	check_ends(
	    "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 2)",
	    "does not work on a table with __len");
	check_ends("table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)",
		   "does not work on a table with __len");
	check_ends("local t = {} for i = 0, 62 do t[1 << i] = 1 t[(1 << i) + 1] = 1 end "
		   "table.insert(t, 1, 1)",
		   "the table is too long");
	check_ends(
	    "local t = {} for i = 0, 62 do t[1 << i] = 1 t[(1 << i) + 1] = 1 end table.sort(t)",
	    "the table is too long");
	check_ends("table.unpack({}, 1, 1 << 60)", "a range of more than");
	check_ends("table.concat({}, '', -(1 << 62), 1 << 62)", "a range of more than");
	check_true("return ('').rep('', 1 << 60) == ''");
	check_true("return (('a'):rep(1000000)):find(('a'):rep(500000) .. 'b', 1, true) == nil");
}

#define MEMORY "memory ceiling of 4096 KiB reached"

TEST(no_appetite_escapes_the_memory_ceiling)
{
	check_ends("local t = {} while true do t[#t + 1] = {} end", MEMORY);
	check_ends("local s = 'x' while true do s = s .. s end", MEMORY);
	check_ends("pcall(function() local s = 'x' while true do s = s .. s end end) return 'on'",
		   MEMORY);
	check_ends(
	    "coroutine.resume(coroutine.create(function() local s = 'x' while true do s = s .. "
	    "s end end)) return 'on'",
	    MEMORY);
	check_ends("xpcall(function() local s = 'x' while true do s = s .. s end end, print)",
		   MEMORY);
	check_ends("local t = {} while true do t[#t + 1] = coroutine.create(print) end", MEMORY);
	check_ends("return ('x'):rep(1 << 30)", "larger than the memory ceiling");
	check_ends("local function f() return 1 + f() end f()", MEMORY);
	check_ends("local function f() return pcall(f) end while true do f() error 'x' end", "");
	check_ends("string.format('%99999d', 1)", "invalid conversion");
	check_ends("local t = {} t.t = t return t", "contains itself");
	check_ends("local t = {} for i = 1, 200 do t = { t } end return t", "nested too deep");
}

TEST(a_result_that_grows_by_sharing_is_refused)
{
	struct world w;
	world_open(&w);

	world_run(&w, "local t = { 1 } for i = 1, 40 do t = { t, t } end return t");

	CHECK_INT(w.outcome, RUN_FAILED);
	CHECK(strstr(w.message, "too large"));
	world_close(&w);
}

TEST(sorting_is_stable_and_the_same_each_time)
{
	check_true("local t = {} for i = 1, 1000 do t[i] = { k = i % 7, i = i } end "
		   "table.sort(t, function(a, b) return a.k < b.k end) "
		   "for i = 2, 1000 do local a, b = t[i - 1], t[i] "
		   "if a.k > b.k or (a.k == b.k and a.i >= b.i) then return false end end "
		   "return true");
	check_true("local t = { 5, 3, 9, 1 } "
		   "local ok = pcall(table.sort, t, function(a, b) if a == 9 then error 'x' end "
		   "return a < b end) "
		   "return not ok and table.concat(t, ',') == '5,3,9,1'");
	check_true("local t = { 'b', 'a', 'c' } table.sort(t, nil) "
		   "return table.concat(t) == 'abc' and table.concat({}, ',') == '' and "
		   "table.concat({ 1, 2, 3 }, ', ', 2, 3) == '2, 3'");
	check_true("local t = table.move({ 1, 2, 3 }, 1, 3, 2) return table.concat(t) == '1123'");
	check_true("local t = table.move({ 1, 2, 3 }, 2, 3, 1, {}) return table.concat(t) == '23'");
	check_true("return not pcall(table.insert, { 1 }, 5, 1) and not pcall(table.remove, { 1 }, "
		   "5) and table.remove({}) == nil and not pcall(table.concat, { {} })");
}

TEST(what_is_not_listed_does_not_exist)
{
	static const char *const absent[] = {
		"io",
		"os",
		"debug",
		"package",
		"load",
		"loadstring",
		"loadfile",
		"dofile",
		"collectgarbage",
		"string.dump",
		"math.randomseed",
		"sfn",
		"demo",
		"require'm'.x",
		NULL,
	};
	for (const char *const *a = absent; *a; a++) {
		struct world w;
		char script[96];
		world_open(&w);
		world_file(&w, "m.lua", "return {}");
		(void)snprintf(script, sizeof(script), "return %s == nil", *a);
		world_run(&w, script);
		if (!CHECK(strcmp(w.result, "true") == 0))
			TAP_NOTE("%s is there", *a);
		world_close(&w);
	}
}

TEST(finalizers_are_refused)
{
	check_ends("setmetatable({}, { __gc = function() while true do end end })",
		   "__gc is not available");
	check_true(
	    "local m = {} local t = setmetatable({}, m) m.__gc = function() while true do end "
	    "end return true");
}

TEST(protected_metatables_stay)
{
	check_true("return getmetatable('') == 'string'");
	check_true("return not pcall(setmetatable, array{}, {})");
	check_true("return getmetatable(array{}) == 'array'");
	check_true("local t = array{} return rawequal(array(t), t)");
	check_true("return not pcall(array, setmetatable({}, {}))");
	check_true("local ok, e = pcall(require 'demo'.read_thing, {}) "
		   "return not pcall(setmetatable, e, {})");
	check_true("return not pcall(function() getmetatable('').__index = nil end)");
	check_true("return ('x'):rep(3) == 'xxx' and ('abc'):upper() == 'ABC'");
}

TEST(no_text_has_an_address)
{
	check_true("return tostring({}) == 'table' and tostring(print) == 'function'");
	check_true("return tostring(coroutine.create(print)) == 'thread'");
	check_true("return string.format('%s %5s', {}, print) == 'table function'");
	check_true("return not pcall(string.format, '%p', {})");
	check_true("return not pcall(string.format, 'a\\0%p', {})");
	check_true("return tostring(null) == 'null' and tostring(nil) == 'nil'");
	check_true("return string.format('%d%%%s%q', 3, true, 'x') == '3%true\"x\"'");
	check_true("return tostring(setmetatable({}, { __name = 'mine' })) == 'mine'");
}

TEST(pairs_walks_in_one_order)
{
	check_true(
	    "local out = {} for k in pairs{ b = 1, a = 1, [2] = 1, [1] = 1, [1.5] = 1, [-3] = 1, "
	    "[true] = 1, ['10'] = 1 } do out[#out + 1] = tostring(k) end "
	    "return table.concat(out, ' ') == '-3 1 1.5 2 10 a b true'");
	check_true("local n = 0 for k, v in pairs(array{ 10, 20, 30 }) do n = n + k * v end "
		   "return n == 140");
	check_true("local t = { a = 1, b = 2, c = 3 } for k in pairs(t) do t[k] = nil end "
		   "return next(t) == nil");
	check_true(
	    "local t, seen = { a = 1, b = 2, c = 3 }, '' for k in pairs(t) do seen = seen .. k "
	    "t.b = nil end return seen == 'ac'");
	check_true("local k, v = next{ z = 1, y = 2 } return k == 'y' and v == 2");
	check_true("local k = next({ x = 1, y = 2, z = 3 }, 'y') return k == 'z'");
	check_true("return not pcall(pairs, { [{}] = 1 }) and not pcall(next, { [print] = 1 })");
	check_true(
	    "local m = setmetatable({}, { __pairs = function() return function(_, k) if not k "
	    "then return 1, 2 end end end }) for k, v in pairs(m) do return k == 1 and v == 2 "
	    "end");
	check_true("return next({}) == nil");
}

TEST(random_and_uuid_are_the_same_for_the_same_run)
{
	struct world w;
	char first[256];
	const char script[] =
	    "return { random(), random(10), random(-5, 5), uuid(), math.random(1 << "
	    "40), random(math.mininteger, math.maxinteger) }";
	world_open(&w);
	w.spec.id = "run-1";

	world_run(&w, script);
	(void)snprintf(first, sizeof(first), "%.255s", w.result);
	world_run(&w, script);
	CHECK_STR(w.result, first);
	w.spec.id = "run-2";
	world_run(&w, script);
	CHECK(strcmp(w.result, first) != 0);
	world_close(&w);
	check_true(
	    "for i = 1, 1000 do local x, n = random(), random(3) if x < 0 or x >= 1 or n < 1 or n "
	    "> 3 then return false end end return not pcall(random, 2, 1)");
	check_true("return uuid():match('^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$') ~= nil");
}

TEST(times_are_seconds)
{
	check_true("return iso8601(1795219200.25) == '2026-11-21T00:00:00.250Z'");
	check_true("return math.type(now()) == 'float' and now() > 1.7e9");
	check_true(
	    "return not pcall(iso8601, 0/0) and not pcall(sleep, -1) and not pcall(sleep, 1/0)");
}

TEST(modules_come_from_two_folders_only)
{
	struct world w;
	world_open(&w);
	world_file(&w, "m.lua", "local name, path = ...\nreturn { name = name, path = path }");
	world_file(&w, "sub/n.lua", "return 'n'");
	world_file(&w, "loop.lua", "return require 'loop'");
	world_file(&w, "bad.lua", "local = 1");
	world_file(&w, "demo.lua", "error 'a file must not pose as a plugin'");
	world_file(&w, "lib/std.lua", "return 'std'");

	world_run(&w,
		  "local m = require 'm'\nassert(m.name == 'm' and m.path:match('/m.lua$'))\n"
		  "assert(require 'm' == m)\nassert(require 'sub.n' == 'n')\n"
		  "assert(require 'std' == 'std')\nassert(require 'demo'.read_thing)\nreturn true");
	CHECK_STR(w.message, "");
	CHECK_STR(w.result, "true");
	CHECK_INT(world_count(&w, "run.module"), 3);
	CHECK(strstr(world_last(&w, "run.module"), "\"module\":\"std\""));
	static const char *const refused[][2] = {
		{ "loop", "module 'loop' is being loaded: it requires itself" },
		{ "bad", "bad.lua:1: <name> expected" },
		{ "../m", "a module name is identifiers joined by dots, not a path" },
		{ "/etc/passwd", "a module name is identifiers joined by dots, not a path" },
		{ "a..b", "a module name is identifiers joined by dots" },
		{ "", "a module name is identifiers joined by dots" },
		{ "sub",
		  "module 'sub' not found: no plugin registered it, and there is no such file" },
		{ "nothing", "module 'nothing' not found" },
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char script[96];
		(void)snprintf(script, sizeof(script), "require '%s'", refused[i][0]);
		world_run(&w, script);
		if (!CHECK(strstr(w.message, refused[i][1])))
			TAP_NOTE("%s: %s", script, w.message);
	}
	world_close(&w);
}

TEST(a_module_may_wait_while_it_loads)
{
	struct world w;
	world_open(&w);
	world_file(&w, "m.lua", "return require 'demo'.read_thing{ name = 'x' }.total");

	world_start(&w, "return require 'm' + require 'm'");
	world_answer(&w, "{\"total\":4}");

	CHECK_STR(w.result, "8");
	CHECK_INT(w.starts, 1);
	world_close(&w);
}

TEST(patterns_match_as_in_the_manual)
{
	check_true("return ('hello world'):find('o w') == 5 and ('a.b'):find('.', 1, true) == 2");
	check_true("local a, b, c = ('key = value'):match('^(%w+)%s*=%s*(()%w+)$') "
		   "return a == 'key' and b == 'value' and c == 7");
	check_true("return ('THE (quick) fox'):find('%((%a+)%)') == 5");
	check_true("return ('f(a(b)c)d'):match('%b()') == '(a(b)c)'");
	check_true("return ('THE (quick) fox'):gsub('%f[%a]%a+', 'X') == 'X (X) X'");
	check_true("return ('hello'):gsub('', '-') == '-h-e-l-l-o-'");
	check_true("return ('abc'):gsub('%w', '%0%0') == 'aabbcc'");
	check_true("return ('abc'):gsub('(a)(b)', '%2%1') == 'bac'");
	check_true("return ('$a $b'):gsub('%$(%w+)', { a = 'x' }) == 'x $b'");
	check_true("local s, n = ('aaa'):gsub('a', 'b', 2) return s == 'bba' and n == 2");
	check_true(
	    "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v "
	    "end return table.concat(t) == 'a1b2'");
	check_true("return ('x]y'):match('[]]') == ']' and ('a-b'):match('[a%-]+') == 'a-'");
	check_true("return ('abc'):match('[^%a]') == nil and ('2024'):match('%d?%d?%d?%d?%d?') == "
		   "'2024'");
	check_true("return ('<<x>>'):match('<(.-)>') == '<x' and ('aXb'):match('%u') == 'X'");
	check_true("return (\"say 'x'\"):match([[(['\"]).-%1]]) == \"'\"");
	check_true("return ('a\\0b'):match('%z') == nil or true");
	check_true("return ('a\\0b'):find('\\0') == 2 and ('abc'):find('b', -1) == nil");
	check_true("return ('abc'):match('()') == 1 and ('abc'):find('', 10) == nil");
	check_true("return ('   x  '):match('^%s*(.-)%s*$') == 'x'");
	static const char *const malformed[][2] = {
		{ "('x'):find('[a')", "malformed pattern (missing ']')" },
		{ "('x'):find('%')", "malformed pattern (ends with '%')" },
		{ "('x'):match('(x')", "unfinished capture" },
		{ "('x'):match('x)')", "invalid pattern capture" },
		{ "('x'):match('%1')", "invalid capture index" },
		{ "('x'):match('%b')", "missing arguments to '%b'" },
		{ "('x'):match('%f')", "missing '[' after '%f'" },
		{ "('x'):gsub('x', '%9')", "invalid capture index" },
		{ "('x'):gsub('x', '%z')", "invalid use of '%'" },
		{ "('x'):gsub('x', function() return {} end)", "invalid replacement value" },
		{ "('x'):match(('()'):rep(40))", "too many captures" },
	};
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		check_ends(malformed[i][0], malformed[i][1]);
}

TEST(table_functions_work_as_usual)
{
	check_true("local t = { 3, 1, 2 } table.sort(t) table.insert(t, 4) table.insert(t, 1, 0) "
		   "return table.concat(t, ',') == '0,1,2,3,4' and table.remove(t) == 4 and "
		   "table.remove(t, 1) == 0 and select('#', table.unpack(t)) == 3");
	check_true("local t = table.move({ 1, 2, 3 }, 2, 3, 1) return t[1] == 2 and t[3] == 3");
	check_true("return table.pack(1, nil, 3).n == 3 and table.unpack({ 1, 2 }, 2) == 2");
}

TEST(coroutines_work_as_usual)
{
	check_true(
	    "local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) error('e' "
	    ".. b, 0) end) "
	    "local _, x = coroutine.resume(co, 1) local ok, e = coroutine.resume(co, 2) "
	    "return x == 2 and not ok and e == 'e2' and coroutine.status(co) == 'dead'");
	check_true("return coroutine.isyieldable() == false and select(2, coroutine.running())");
	check_true("return not pcall(coroutine.yield)");
	check_true(
	    "local co co = coroutine.wrap(function() return pcall(co) end) local ok, e = co() "
	    "return not ok and e:match('non%-suspended') ~= nil");
	check_true(
	    "local ok, e = pcall(coroutine.wrap(function() error 'x' end)) return not ok and "
	    "e:match('x$') ~= nil");
	check_true("local closed local co = coroutine.create(function() local x <close> = "
		   "setmetatable({}, { __close = function() closed = true end }) coroutine.yield() "
		   "end) coroutine.resume(co) return coroutine.close(co) and closed");
	check_true(
	    "local ok, e = pcall(coroutine.resume, coroutine.running()) return ok and e == false");
	check_true("local function f(n) if n == 0 then return true end local co = "
		   "coroutine.create(function() return f(n - 1) end) return select(2, "
		   "coroutine.resume(co)) end return f(50)");
	/* closes nested without end: refused at some depth, not a crash */
	check_true(
	    "local function f() local x <close> = setmetatable({}, { __close = function() local "
	    "co = coroutine.create(f) coroutine.resume(co) coroutine.close(co) end }) "
	    "coroutine.yield() end local co = coroutine.create(f) coroutine.resume(co) "
	    "coroutine.close(co) return true");
}

TEST(xpcall_and_pcall_work_as_usual)
{
	check_true(
	    "local ok, m = xpcall(function(a, b) return a + b end, print, 1, 2) return ok and m "
	    "== 3");
	check_true(
	    "local ok, m = xpcall(error, function(m) return 'handled ' .. m end, 'x') return not "
	    "ok and m == 'handled x'");
	check_true(
	    "local ok, a, b = pcall(function(...) return select('#', ...), 'b' end, nil, nil) "
	    "return ok and a == 2 and b == 'b'");
	check_true("return select('#', pcall(error)) == 2");
}

/* Every ceiling from hopeless to ample: whatever fails, fails as an error, and frees all. */
TEST(any_memory_ceiling_is_survived)
{
	bool finished = false;
	size_t ceiling = 1000;
	for (; !finished && ceiling < 1u << 20; ceiling += 311) {
		struct world w;
		world_open(&w);
		w.spec.memory_max = ceiling;
		world_run(&w,
			  "local t = {}\n"
			  "for i = 1, 20 do t[i] = { ('x'):rep(i):gsub('x', 'yy') } end\n"
			  "local co = coroutine.wrap(function() for k, v in pairs(t) do "
			  "coroutine.yield(v[1] .. tostring(k)) end end)\n"
			  "for s in co do t[#t + 1] = s end\n"
			  "local a, token = require 'demo'.change_thing{ target = 'x' }\n"
			  "pcall(error, { 1 })\nlog(a, token)\n"
			  "return { n = #t, a = a, e = select(2, pcall(require 'demo'.read_thing, "
			  "{})).code }");
		CHECK_INT(w.ends, 1);
		finished = w.outcome == RUN_DONE;
		if (!finished && w.outcome == RUN_FAILED)
			CHECK(strstr(w.message, "memory"));
		world_close(&w);
	}
	CHECK(finished);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(no_endless_loop_escapes_the_cpu_budget),
	    TAP_CASE(a_script_that_cannot_be_paused_is_ended_after_a_second),
	    TAP_CASE(a_busy_script_lets_the_loop_live_and_can_be_cancelled),
	    TAP_CASE(a_pause_does_not_change_what_is_computed),
	    TAP_CASE(no_c_loop_escapes_its_bound), TAP_CASE(no_appetite_escapes_the_memory_ceiling),
	    TAP_CASE(a_result_that_grows_by_sharing_is_refused),
	    TAP_CASE(sorting_is_stable_and_the_same_each_time),
	    TAP_CASE(what_is_not_listed_does_not_exist), TAP_CASE(finalizers_are_refused),
	    TAP_CASE(protected_metatables_stay), TAP_CASE(no_text_has_an_address),
	    TAP_CASE(pairs_walks_in_one_order),
	    TAP_CASE(random_and_uuid_are_the_same_for_the_same_run), TAP_CASE(times_are_seconds),
	    TAP_CASE(modules_come_from_two_folders_only),
	    TAP_CASE(a_module_may_wait_while_it_loads), TAP_CASE(patterns_match_as_in_the_manual),
	    TAP_CASE(table_functions_work_as_usual), TAP_CASE(coroutines_work_as_usual),
	    TAP_CASE(xpcall_and_pcall_work_as_usual), TAP_CASE(any_memory_ceiling_is_survived)));
}
