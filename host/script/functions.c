#include "script/functions.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "script/file.h"
#include "script/json_lua.h"
#include "script/state.h"

#define TABLE "functions" /* the registry key of what the file returned */

enum { DEFAULT_MEMORY = 64 << 20, DEFAULT_CPU_MS = 1000 };

struct lua_functions {
	struct watch *watch;
	struct state *state; /* NULL: to be loaded before the next call */
	char *path, *folder, *lua_dir;
	char *source; /* NULL: what is in the file */
	size_t memory_max;
	int64_t cpu_ms;
	void (*on_log)(void *arg, enum log_level level, const char *text);
	void *arg;
};

static void log_line(void *owner, enum log_level level, const char *text)
{
	struct lua_functions *f = owner;
	if (f->on_log)
		f->on_log(f->arg, level, text);
}

/* ---- what is run in the state ---- */

struct job {
	const char *path; /* load */
	struct bytes source;
	const char *name; /* call */
	const cJSON *input, *context;
	cJSON *result;
	struct buf *more; /* for a second result; NULL: there is none */
	struct err *err;
	bool ran; /* the error, if any, is the script's */
};

static int load_protected(lua_State *L)
{
	struct job *j = lua_touserdata(L, 1);
	lua_pushfstring(L, "@%s", j->path);
	state_compile(L, j->source, lua_tostring(L, -1));
	lua_call(L, 0, 1);
	if (lua_type(L, -1) != LUA_TTABLE)
		return luaL_error(L, "%s: must return a table of functions, returned a %s", j->path,
				  luaL_typename(L, -1));
	lua_setfield(L, LUA_REGISTRYINDEX, TABLE);
	return 0;
}

static int find_protected(lua_State *L)
{
	struct job *j = lua_touserdata(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, TABLE);
	lua_pushstring(L, j->name);
	j->ran = lua_rawget(L, -2) == LUA_TFUNCTION;
	return 0;
}

static int call_protected(lua_State *L)
{
	struct job *j = lua_touserdata(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, TABLE);
	lua_pushstring(L, j->name);
	if (lua_rawget(L, -2) != LUA_TFUNCTION)
		return luaL_error(L, "there is no function '%s'", j->name);
	json_push(L, j->input, NULL);
	json_push(L, j->context, NULL);
	j->ran = true;
	lua_call(L, 2, 2);
	j->ran = false;
	j->result = json_take(L, -2, NULL, j->name, j->err);
	if (j->more && lua_type(L, -1) == LUA_TSTRING) {
		size_t n;
		const char *text = lua_tolstring(L, -1, &n);
		buf_add(j->more, text, n);
	}
	return 0;
}

static const char *raw_text(lua_State *L, const char *name)
{
	lua_pushstring(L, name);
	return lua_rawget(L, 2) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
}

/* The error value at 2. Its own __tostring is not run: nothing would bound it. */
static int explain_protected(lua_State *L)
{
	struct job *j = lua_touserdata(L, 1);
	if (lua_type(L, 2) == LUA_TSTRING) {
		(void)err_set(j->err, ERR_REMOTE, "%s", lua_tostring(L, 2));
		return 0;
	}
	if (lua_type(L, 2) != LUA_TTABLE) {
		(void)err_set(j->err, ERR_REMOTE, "(an error value that is a %s)",
			      luaL_typename(L, 2));
		return 0;
	}
	const char *name = raw_text(L, "error"), *cause = raw_text(L, "cause");
	(void)err_set(j->err, ERR_REMOTE, "%s", cause ? cause : "");
	(void)snprintf(j->err->name, sizeof(j->err->name), "%s", name ? name : "");
	return 0;
}

/* ---- limits ---- */

/* What was raised is on top of the stack. */
static int explain(struct lua_functions *f, int rc, struct job *j)
{
	struct state *s = f->state;
	char text[128];
	if (state_is_over(s, rc)) {
		lua_settop(s->L, 0);
		return err_set(j->err, ERR_LIMIT, "%s", state_fatal_text(s, text, sizeof(text)));
	}
	bool ran = j->ran;
	lua_pushcfunction(s->L, explain_protected);
	lua_pushlightuserdata(s->L, j);
	lua_rotate(s->L, -3, 2); /* function, job, error */
	if (lua_pcall(s->L, 2, 0, 0) != LUA_OK)
		(void)err_set(j->err, ERR_LIMIT, "not enough memory for an error message");
	lua_settop(s->L, 0);
	if (!ran)
		j->err->code = ERR_INVALID;
	return -(int)j->err->code;
}

static int run_job(struct lua_functions *f, lua_CFunction fn, struct job *j)
{
	struct state *s = f->state;
	INVARIANT(s);
	s->fatal = FATAL_NONE;
	s->cpu_us = 0;
	lua_pushcfunction(s->L, fn);
	lua_pushlightuserdata(s->L, j);
	state_enter(s, s->L);
	int rc = lua_pcall(s->L, 1, 0, 0);
	state_leave(s);
	if (rc != LUA_OK)
		return explain(f, rc, j);
	return 0;
}

/* ---- life ---- */

static int load(struct lua_functions *f, struct err *err)
{
	static const struct state_host host = { .log = log_line };
	char seed[UUID_SIZE];
	struct buf text = BUF_INIT(FILE_SOURCE_MAX);
	uuid_v4(seed);
	const struct state_spec spec = {
		.watch = f->watch,
		.host = &host,
		.owner = f,
		.folder = f->folder,
		.lua_dir = f->lua_dir,
		.seed = seed,
		.memory_max = f->memory_max,
		.cpu_ms = f->cpu_ms,
	};
	int rc = f->source ? 0 : file_read(&text, f->path, err);
	if (f->source)
		buf_adds(&text, f->source);
	if (rc == 0)
		rc = state_new(&f->state, &spec, err);
	if (rc == 0) {
		struct job j = { .path = f->path, .source = buf_bytes(&text), .err = err };
		f->state->root = f->state->L;
		f->state->burst_us =
		    INT64_MAX; /* nothing here can be paused; the budget bounds it */
		rc = run_job(f, load_protected, &j);
	}
	buf_clear(&text);
	if (rc < 0) {
		state_free(f->state);
		f->state = NULL;
	}
	return rc;
}

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

int functions_open(struct lua_functions **out, const struct functions_spec *spec, struct err *err)
{
	struct err own;
	struct lua_functions *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, ERR_NOMEM, "no memory for Lua functions");
	*f = (struct lua_functions){
		.path = copy(spec->path),
		.folder = file_folder(spec->path),
		.lua_dir = copy(spec->lua_dir),
		.source = spec->source.p ? strndup(spec->source.p, spec->source.n) : NULL,
		.memory_max = spec->memory_max ? spec->memory_max : DEFAULT_MEMORY,
		.cpu_ms = spec->cpu_ms ? spec->cpu_ms : DEFAULT_CPU_MS,
		.on_log = spec->on_log,
		.arg = spec->arg,
	};
	err = err ? err : &own;
	int rc = watch_new(&f->watch, err);
	if (rc == 0 && (!f->path || !f->folder || (spec->lua_dir && !f->lua_dir) ||
			(spec->source.p && !f->source)))
		rc = err_set(err, ERR_NOMEM, "no memory for Lua functions");
	if (rc == 0)
		rc = load(f, err);
	if (rc < 0) {
		functions_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

void functions_close(struct lua_functions *f)
{
	if (!f)
		return;
	state_free(f->state);
	watch_free(f->watch);
	free(f->path);
	free(f->folder);
	free(f->lua_dir);
	free(f->source);
	free(f);
}

bool functions_has(struct lua_functions *f, const char *name)
{
	struct err err = { 0 };
	struct job j = { .name = name, .err = &err };
	if (!f->state && load(f, &err) < 0)
		return false;
	return run_job(f, find_protected, &j) == 0 && j.ran;
}

static int parse(cJSON **out, struct bytes text, struct err *err)
{
	*out = text.n > 0 ? json_parse(text, err) : cJSON_CreateNull();
	return *out ? 0 : -ERR_INVALID;
}

static int call(struct lua_functions *f, struct job *j, struct buf *out)
{
	int rc = run_job(f, call_protected, j);
	if (rc == 0 && !j->result)
		rc = -(int)j->err->code;
	if (rc == 0)
		json_write(out, j->result);
	cJSON_Delete(j->result);
	if (f->state->fatal != FATAL_NONE) { /* what it left half done is not trusted */
		state_free(f->state);
		f->state = NULL;
	}
	return rc;
}

static int call_with(struct lua_functions *f, struct job j, struct bytes input,
		     struct bytes context, struct buf *out)
{
	struct err own = { 0 }, *err = j.err;
	cJSON *in = NULL, *ctx = NULL;
	err = err ? err : &own;
	*err = own;
	int rc = f->state ? 0 : load(f, err);
	if (rc == 0)
		rc = parse(&in, input, err);
	if (rc == 0)
		rc = parse(&ctx, context, err);
	if (rc == 0) {
		j.input = in;
		j.context = ctx;
		j.err = err;
		rc = call(f, &j, out);
	}
	cJSON_Delete(in);
	cJSON_Delete(ctx);
	return rc;
}

int functions_call(struct lua_functions *f, const char *name, struct bytes input,
		   struct bytes context, struct buf *out, struct err *err)
{
	return call_with(f, (struct job){ .name = name, .err = err }, input, context, out);
}

int functions_call_more(struct lua_functions *f, const char *name, struct bytes input,
			struct buf *out, struct buf *more, struct err *err)
{
	return call_with(f, (struct job){ .name = name, .more = more, .err = err }, input,
			 (struct bytes){ 0 }, out);
}
