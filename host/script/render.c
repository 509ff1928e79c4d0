#include "script/render.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "script/error_object.h"
#include "script/json_lua.h"

enum { LEVELS_MAX = 32 };

static void one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20)
			*s = ' ';
}

/* The frames of the failed thread, which is still as it was when it raised. */
static void add_trace(lua_State *root, struct buf *out)
{
	lua_Debug ar;
	for (int level = 0; level < LEVELS_MAX && lua_getstack(root, level, &ar); level++) {
		if (!lua_getinfo(root, "Sln", &ar) || ar.currentline <= 0)
			continue; /* a C function: nothing of the runbook to see */
		buf_addf(out, "%s%s:%d: in ", out->n ? "\n" : "", ar.short_src, ar.currentline);
		if (strcmp(ar.what, "main") == 0)
			buf_adds(out, "the main chunk");
		else if (ar.name)
			buf_addf(out, "function '%s'", ar.name);
		else
			buf_addf(out, "the function at line %d", ar.linedefined);
	}
}

static bool place_of(lua_State *root, char *out, size_t n)
{
	lua_Debug ar;
	for (int level = 0; level < LEVELS_MAX && lua_getstack(root, level, &ar); level++) {
		if (lua_getinfo(root, "Sl", &ar) && ar.currentline > 0) {
			(void)snprintf(out, n, "%s:%d: ", ar.short_src, ar.currentline);
			return true;
		}
	}
	return false;
}

static void add_json(lua_State *L, int idx, char *out, size_t n)
{
	struct buf text = BUF_INIT(1024);
	cJSON *v = json_take(L, idx, NULL, "error", NULL);
	json_write(&text, v);
	(void)snprintf(out, n, "%s",
		       v && !text.err ? buf_cstr(&text) : "(an error value that is a table)");
	cJSON_Delete(v);
	buf_clear(&text);
}

/* Everything is read raw: a __tostring of the script would run without any budget. */
static void message_of(lua_State *L, struct rendered *out)
{
	char place[256] = "", text[1536] = "";
	if (lua_type(L, -1) == LUA_TSTRING) {
		(void)snprintf(out->message, sizeof(out->message), "%s", lua_tostring(L, -1));
		return;
	}
	(void)place_of(L, place, sizeof(place));
	if (error_object_is(L, -1)) {
		(void)snprintf(out->code, sizeof(out->code), "%s",
			       error_object_field(L, -1, "code"));
		error_object_push_text(L, -1);
		(void)snprintf(text, sizeof(text), "%s", lua_tostring(L, -1));
		lua_pop(L, 1);
	} else if (lua_type(L, -1) == LUA_TTABLE) {
		add_json(L, -1, text, sizeof(text));
	} else if (lua_type(L, -1) == LUA_TNUMBER) {
		(void)snprintf(text, sizeof(text), "%.14g", lua_tonumber(L, -1));
	} else {
		(void)snprintf(text, sizeof(text), "(an error value that is a %s)",
			       luaL_typename(L, -1));
	}
	(void)snprintf(out->message, sizeof(out->message), "%s%s", place, text);
}

static int render_protected(lua_State *L)
{
	struct rendered *out = lua_touserdata(L, 1);
	lua_State *root = state_of(L)->entered;
	if (!lua_checkstack(root, 8))
		return luaL_error(L, "not enough memory");
	message_of(root, out);
	add_trace(root, &out->trace);
	return 0;
}

/* What a script that is over raised may be another error: that there was no memory for the text of
 * the first, or one of a __close. */
static void name_limit(const struct state *s, struct rendered *out)
{
	char text[128];
	if (s->fatal == FATAL_NONE)
		return;
	(void)state_fatal_text(s, text, sizeof(text));
	if (!strstr(out->message, text))
		(void)snprintf(out->message, sizeof(out->message), "%s", text);
}

void render_error(struct state *s, struct rendered *out)
{
	*out = (struct rendered){ .trace = BUF_INIT(RENDER_TRACE_MAX) };
	if (state_protect(s, render_protected, out, 0) != LUA_OK) {
		lua_settop(s->L, 0);
		(void)snprintf(out->message, sizeof(out->message), "not enough memory");
	}
	name_limit(s, out);
	one_line(out->message);
}

/* ---- the result ---- */

struct result {
	cJSON *tree;
	struct err *err;
};

static int result_protected(lua_State *L)
{
	struct result *r = lua_touserdata(L, 1);
	lua_State *root = state_of(L)->entered;
	r->tree = json_take(root, -1, NULL, "result", r->err);
	return 0;
}

int render_result(struct state *s, struct buf *out, struct err *err)
{
	struct err why = { 0 };
	struct result r = { .err = &why };
	if (state_protect(s, result_protected, &r, 0) != LUA_OK)
		lua_settop(s->L, 0);
	if (!r.tree && s->fatal != FATAL_NONE) {
		char text[128];
		return err_set(err, ERR_LIMIT, "%s", state_fatal_text(s, text, sizeof(text)));
	}
	if (!r.tree)
		return err_set(err, ERR_INVALID, "%s",
			       why.code ? why.message : "result: no memory");
	json_write(out, r.tree);
	cJSON_Delete(r.tree);
	if (out->err)
		return err_set(err, ERR_LIMIT, "result of more than %zu KiB", out->max / 1024);
	return 0;
}
