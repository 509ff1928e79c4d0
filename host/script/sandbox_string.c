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
