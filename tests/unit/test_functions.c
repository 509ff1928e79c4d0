/* A Lua file whose functions C calls: results, errors, limits. */
#include <stdlib.h>
#include <unistd.h>

#include "script/functions.h"
#include "tap.h"

static const char source[] =
    "local calls = 0\n"
    "local f = {}\n"
    "function f.echo(input, context) return { input = input, context = context } end\n"
    "function f.count() calls = calls + 1 return calls end\n"
    "function f.named() error{ error = 'Boom', cause = 'the cause' } end\n"
    "function f.text() error('it broke') end\n"
    "function f.loop() while true do pcall(function() while true do end end) end end\n"
    "function f.eat() local s, t = ('x'):rep(65536), {} while true do t[#t + 1] = s .. #t end end\n"
    "function f.tostring() error(setmetatable({}, { __tostring = function() while true do end end "
    "}))"
    " end\n"
    "function f.notjson() return { print } end\n"
    "function f.wait() coroutine.yield(1) end\n"
    "function f.says() log('hello', 1) end\n"
    "f.value = 3\n"
    "return f\n";

struct fixture {
	char path[64];
	struct lua_functions *f;
	struct buf out;
	struct err err;
	char logged[64];
};

static void on_log(void *arg, enum log_level level, const char *text)
{
	struct fixture *x = arg;
	(void)snprintf(x->logged, sizeof(x->logged), "%d %s", (int)level, text);
}

static int open_file(struct fixture *x, const char *text)
{
	*x = (struct fixture){ .out = BUF_INIT(1 << 20) };
	(void)snprintf(x->path, sizeof(x->path), "scratch-XXXXXX");
	int fd = mkstemp(x->path);
	INVARIANT(fd >= 0);
	INVARIANT(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	(void)close(fd);
	const struct functions_spec spec = {
		.path = x->path, .memory_max = 4 << 20, .cpu_ms = 50, .on_log = on_log, .arg = x
	};
	return functions_open(&x->f, &spec, &x->err);
}

static void close_file(struct fixture *x)
{
	functions_close(x->f);
	buf_clear(&x->out);
	(void)unlink(x->path);
}

static int call(struct fixture *x, const char *name, const char *input)
{
	buf_clear(&x->out);
	return functions_call(x->f, name, bytes_str(input), BYTES_LIT("{\"n\":1}"), &x->out,
			      &x->err);
}

TEST(a_function_gets_two_values_and_returns_one)
{
	struct fixture x;
	REQUIRE(open_file(&x, source) == 0);

	CHECK_INT(call(&x, "echo", "[1,null,\"a\"]"), 0);
	CHECK_STR(buf_cstr(&x.out), "{\"context\":{\"n\":1},\"input\":[1,null,\"a\"]}");
	CHECK_INT(call(&x, "says", ""), 0);
	CHECK_STR(buf_cstr(&x.out), "null");
	CHECK_STR(x.logged, "1 hello 1");
	close_file(&x);
}

TEST(locals_live_from_call_to_call)
{
	struct fixture x;
	REQUIRE(open_file(&x, source) == 0);

	CHECK_INT(call(&x, "count", ""), 0);
	CHECK_INT(call(&x, "count", ""), 0);
	CHECK_STR(buf_cstr(&x.out), "2");
	close_file(&x);
}

TEST(has_tells_functions_from_other_values)
{
	struct fixture x;
	REQUIRE(open_file(&x, source) == 0);

	CHECK(functions_has(x.f, "echo"));
	CHECK(!functions_has(x.f, "value"));
	CHECK(!functions_has(x.f, "nothing"));
	CHECK_INT(call(&x, "nothing", ""), -ERR_INVALID);
	CHECK_STR(x.err.message, "there is no function 'nothing'");
	close_file(&x);
}

TEST(a_raised_table_is_a_named_error)
{
	struct fixture x;
	REQUIRE(open_file(&x, source) == 0);

	CHECK_INT(call(&x, "named", ""), -ERR_REMOTE);
	CHECK_STR(x.err.name, "Boom");
	CHECK_STR(x.err.message, "the cause");
	CHECK_INT(call(&x, "text", ""), -ERR_REMOTE);
	CHECK_STR(x.err.name, "");
	CHECK(strstr(x.err.message, ":6: it broke"));
	CHECK_INT(call(&x, "tostring", ""), -ERR_REMOTE);
	CHECK_STR(x.err.name, "");
	close_file(&x);
}

TEST(limits_end_the_call_and_not_the_file)
{
	struct fixture x;
	REQUIRE(open_file(&x, source) == 0);

	CHECK_INT(call(&x, "loop", ""), -ERR_LIMIT);
	CHECK_STR(x.err.message, "CPU budget of 0.05 s used up");
	CHECK_INT(call(&x, "eat", ""), -ERR_LIMIT);
	CHECK_STR(x.err.message, "memory ceiling of 4096 KiB reached");
	CHECK_INT(call(&x, "count", ""), 0);
	CHECK_STR(buf_cstr(&x.out), "1"); /* loaded afresh */
	close_file(&x);
}

TEST(waiting_and_results_that_are_not_json_are_errors)
{
	struct fixture x;
	REQUIRE(open_file(&x, source) == 0);

	CHECK_INT(call(&x, "wait", ""), -ERR_REMOTE);
	CHECK(strstr(x.err.message, "attempt to yield from outside a coroutine"));
	CHECK_INT(call(&x, "notjson", ""), -ERR_INVALID);
	CHECK_STR(x.err.message, "notjson[1]: not a JSON value: a function");
	CHECK_INT(call(&x, "echo", "{"), -ERR_INVALID);
	close_file(&x);
}

static void check_refused(const char *text, const char *why)
{
	struct fixture x;
	CHECK_INT(open_file(&x, text), -ERR_INVALID);
	if (!CHECK(strstr(x.err.message, why)))
		TAP_NOTE("message: %s", x.err.message);
	close_file(&x);
}

TEST(a_file_that_is_no_table_of_functions_is_refused)
{
	check_refused("return 1", "must return a table of functions, returned a number");
	check_refused("local = 1", ":1: <name> expected near '='");
	check_refused("error 'no'", ":1: no");
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_function_gets_two_values_and_returns_one),
				 TAP_CASE(locals_live_from_call_to_call),
				 TAP_CASE(has_tells_functions_from_other_values),
				 TAP_CASE(a_raised_table_is_a_named_error),
				 TAP_CASE(limits_end_the_call_and_not_the_file),
				 TAP_CASE(waiting_and_results_that_are_not_json_are_errors),
				 TAP_CASE(a_file_that_is_no_table_of_functions_is_refused)));
}
