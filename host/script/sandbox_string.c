/* sandbox_string.c - string functions whose work is bounded and whose text has no addresses. */
#include <lauxlib.h>
#include <string.h>

#include "script/pattern.h"
#include "script/sandbox.h"
#include "script/state.h"

static int safe_rep(lua_State *L)
{
	size_t n = 0, n_sep = 0;
	const char *s = luaL_checklstring(L, 1, &n);
	lua_Integer times = luaL_checkinteger(L, 2);
	const char *sep = luaL_optlstring(L, 3, "", &n_sep);
	if (times <= 0 || n + n_sep == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if ((lua_Unsigned)times > state_of(L)->memory_max / (n + n_sep))
		return luaL_error(L, "string.rep: the result is larger than the memory ceiling");
	luaL_Buffer b;
	size_t total = (size_t)times * (n + n_sep) - n_sep;
	char *p = luaL_buffinitsize(L, &b, total);
	if (n == 1 && n_sep == 0) {
		memset(p, *s, total);
		times = 0;
	}
	for (; times > 0; times--) {
		memcpy(p, s, n);
		p += n;
		if (times > 1) {
			memcpy(p, sep, n_sep);
			p += n_sep;
		}
	}
	luaL_pushresultsize(&b, total);
	return 1;
}

/* %s goes through our tostring, which shows no addresses; %p would show nothing else. */
static int safe_format(lua_State *L)
{
	size_t n = 0;
	const char *f = luaL_checklstring(L, 1, &n), *end = f + n;
	int arg = 1, top = lua_gettop(L);
	while ((f = memchr(f, '%', (size_t)(end - f)))) {
		f++;
		if (*f == '%') {
			f++;
			continue;
		}
		f += strspn(f, "-+ #0123456789.");
		arg++;
		if (*f == 'p')
			return luaL_error(L, "string.format: %%p is not available");
		if (*f == 's' && arg <= top) {
			(void)sandbox_tostring(L, arg, NULL);
			lua_replace(L, arg);
		}
	}
	lua_getfield(L, LUA_REGISTRYINDEX, "string.format");
	lua_insert(L, 1);
	lua_call(L, top, 1);
	return 1;
}

/* Upvalue 1 is the original. */
static int few_results(lua_State *L)
{
	size_t n = 0;
	(void)luaL_checklstring(L, 1, &n);
	lua_Integer from = luaL_optinteger(L, 2, 1), size = (lua_Integer)n;
	lua_Integer to = luaL_optinteger(L, 3, from);
	from = from >= 0 ? from : from < -size ? 1 : size + 1 + from;
	to = to > size ? size : to >= 0 ? to : to < -size ? 0 : size + 1 + to;
	if (to - from >= SANDBOX_RESULTS_MAX)
		return luaL_error(L, "more than %d results", SANDBOX_RESULTS_MAX);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

void sandbox_few_results(lua_State *L, const char *name)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, few_results, 1);
	lua_setfield(L, -2, name);
}

void sandbox_string(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "rep", safe_rep },
		{ "format", safe_format },
		{ "find", pattern_find },
		{ "match", pattern_match },
		{ "gmatch", pattern_gmatch },
		{ "gsub", pattern_gsub },
		{ NULL, NULL },
	};
	luaL_setfuncs(L, functions, 0);
}
