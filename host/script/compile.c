#include "script/compile.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/file.h"

/* "x:12: message" */
static int split(const char *text, int *line, struct err *err)
{
	const char *at = strncmp(text, "x:", 2) == 0 ? text + 2 : text;
	*line = 0;
	for (; *at >= '0' && *at <= '9' && *line < 100000000; at++)
		*line = *line * 10 + (*at - '0');
	return err_set(err, ERR_INVALID, "%s", strncmp(at, ": ", 2) == 0 ? at + 2 : at);
}

int script_compile(struct bytes source, int *line, struct err *err)
{
	*line = 0;
	lua_State *L = luaL_newstate();
	if (!L)
		return err_set(err, ERR_NOMEM, "no memory for a Lua state");
	struct bytes chunk = file_chunk(source);
	int rc = luaL_loadbufferx(L, chunk.p, chunk.n, "=x", "t");
	if (rc == LUA_ERRMEM)
		rc = err_set(err, ERR_NOMEM, "not enough memory");
	else if (rc != LUA_OK) /* the message is a string: the parser made it */
		rc = split(lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "", line, err);
	lua_close(L);
	return rc;
}
