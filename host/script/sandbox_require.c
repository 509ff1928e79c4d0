/*
 * sandbox_require.c - require: namespaces of operations, modules beside the script, modules of lua/.
 *
 * A name is identifiers joined by dots, so it cannot leave the folders; a dot is a folder. A
 * namespace of a plugin wins over a file, so a file cannot pose as one.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/file.h"
#include "script/sandbox.h"
#include "script/state.h"

enum { NAME_MAX_BYTES = 128, PATH_SIZE = 4096, MODULES_MAX = 200 };

static bool is_plain(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	bool start = true;
	if (strlen(name) > NAME_MAX_BYTES)
		return false;
	for (; *name; name++) {
		bool digit = *name >= '0' && *name <= '9';
		if (start && !strchr(letters, *name))
			return false;
		if (!start && !strchr(letters, *name) && !digit && *name != '.')
			return false;
		start = *name == '.';
	}
	return !start;
}

/* NAME with folders for dots, in folder. False: too long. */
static bool module_path(char out[PATH_SIZE], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_SIZE, "%s%s%s.lua", strcmp(folder, ".") ? folder : "",
			 strcmp(folder, ".") ? "/" : "", name);
	if (n < 0 || n >= PATH_SIZE)
		return false;
	char *p = out + n - (int)strlen(name) - 4;
	for (; *p && strcmp(p, ".lua") != 0; p++)
		if (*p == '.')
			*p = '/';
	return true;
}

static void compile(lua_State *L, const char *path, struct bytes source)
{
	lua_pushfstring(L, "@%s", path);
	state_compile(L, source, lua_tostring(L, -1));
}

/* Compile the file and push its function and path; false, pushing nothing, when there is none. */
static bool load_from(lua_State *L, const char *folder, const char *name)
{
	struct state *s = state_of(L);
	char path[PATH_SIZE];
	struct err err = { 0 };
	if (!folder || !module_path(path, folder, name))
		return false;
	struct buf *text = state_push_buf(L, FILE_SOURCE_MAX);
	if (file_read(text, path, &err) < 0) {
		if (err.status != ENOENT)
			(void)luaL_error(L, "%s", err.message);
		lua_pop(L, 1);
		return false;
	}
	/* Each is recorded, also one that does not compile and is required again and again. */
	if (++s->modules > MODULES_MAX)
		(void)luaL_error(L, "module '%s': more than %d modules", name, MODULES_MAX);
	if (s->host->loaded)
		s->host->loaded(s->owner, name, path, buf_bytes(text));
	compile(L, path, buf_bytes(text));
	buf_clear(text);
	lua_pushstring(L, path);
	return true;
}

/* The same from the source it is pinned to. */
static bool load_pinned(lua_State *L, const char *name)
{
	struct state *s = state_of(L);
	const char *path = NULL;
	struct bytes source = { 0 };
	if (!s->host->pinned || !s->host->pinned(s->owner, name, &path, &source))
		return false;
	compile(L, path, source);
	lua_pushstring(L, path);
	return true;
}

/* Stack: name, table of loaded modules, ..., the module's value. */
static int keep_loaded(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
	}
	lua_pushvalue(L, 1);
	lua_pushvalue(L, -2);
	lua_rawset(L, 2);
	return 1;
}

static int not_found(lua_State *L, const char *name)
{
	struct state *s = state_of(L);
	if (!s->host->push_namespace)
		return luaL_error(L, "module '%s' not found: no file %s.lua in %s", name, name,
				  s->folder);
	return luaL_error(L,
			  "module '%s' not found: no plugin registered it, and there is no such "
			  "file in %s%s%s",
			  name, s->folder, s->lua_dir ? " or " : "", s->lua_dir ? s->lua_dir : "");
}

static int require(lua_State *L)
{
	struct state *s = state_of(L);
	const char *name = luaL_checkstring(L, 1);
	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	if (lua_rawget(L, 2) != LUA_TNIL) {
		if (lua_touserdata(L, -1) == s)
			return luaL_error(L, "module '%s' is being loaded: it requires itself",
					  name);
		return 1;
	}
	if (!is_plain(name))
		return luaL_error(L,
				  "module '%s': a module name is identifiers joined by dots, "
				  "not a path",
				  name);
	if (s->host->push_namespace && s->host->push_namespace(L, s->owner, name))
		return keep_loaded(L, LUA_OK, 0);
	if (!load_pinned(L, name) && !load_from(L, s->folder, name) &&
	    !load_from(L, s->lua_dir, name))
		return not_found(L, name);
	lua_pushvalue(L, 1);
	lua_pushlightuserdata(L, s); /* stands for "being loaded" */
	lua_rawset(L, 2);
	lua_pushvalue(L, 1);
	lua_insert(L, -2); /* the chunk gets name and path */
	lua_callk(L, 2, 1, 0, keep_loaded);
	return keep_loaded(L, LUA_OK, 0);
}

void sandbox_require(lua_State *L)
{
	lua_newtable(L);
	lua_pushcclosure(L, require, 1);
	lua_setfield(L, -2, "require");
}
