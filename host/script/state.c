#include "script/state.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "script/file.h"
#include "script/json_lua.h"
#include "script/sandbox.h"

enum { HOST_ROOM = 256 * 1024 }; /* beyond the ceiling, for the host's own rendering */

struct state *state_of(lua_State *L)
{
	return *(struct state **)lua_getextraspace(L);
}

/* For a new block `old` is a type tag, not a size. A refusal makes Lua collect garbage and try
 * again before it raises. */
static void *limited_alloc(void *arg, void *p, size_t old, size_t want)
{
	struct state *s = arg;
	size_t have = p ? old : 0;
	if (want == 0) {
		free(p);
		s->memory -= have;
		return NULL;
	}
	if (want > have && (s->memory > s->memory_max || want - have > s->memory_max - s->memory))
		return NULL;
	void *q = realloc(p, want);
	if (q)
		s->memory += want - have;
	return q;
}

/* ---- CPU ---- */

static bool over_budget(struct state *s)
{
	if (s->fatal != FATAL_NONE)
		return true;
	if (s->cpu_us > s->cpu_max_us)
		s->fatal = FATAL_CPU;
	else if (s->slice_us > s->burst_us)
		s->fatal = FATAL_BURST;
	return s->fatal != FATAL_NONE;
}

/* Set by a tick, for one instruction. */
static void on_hook(lua_State *L, lua_Debug *ar)
{
	struct state *s = state_of(L);
	char text[128];
	(void)ar;
	if (over_budget(s)) {
		/* From here every instruction raises: the script cannot pcall its way on. */
		lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
		luaL_where(L, 0); /* a hook is no level of its own: 0 is what it interrupted */
		lua_pushstring(L, state_fatal_text(s, text, sizeof(text)));
		lua_concat(L, 2);
		(void)lua_error(L);
	}
	lua_sethook(L, NULL, 0, 0);
	if (s->slice_us >= INT64_C(1000) * STATE_SLICE_MS && s->open && lua_isyieldable(L)) {
		s->yielding = YIELD_SLICE;
		(void)lua_yield(L, 0);
	}
}

/* In the signal handler. */
static void on_tick(void *arg, int64_t us)
{
	struct state *s = arg;
	s->cpu_us += us;
	s->slice_us += us;
	if (s->current)
		lua_sethook(s->current, on_hook, LUA_MASKCOUNT, 1);
}

void state_enter(struct state *s, lua_State *L)
{
	s->slice_us = 0;
	s->current = L;
	(void)watch_set(s->watch, &s->watched);
}

void state_leave(struct state *s)
{
	(void)watch_set(s->watch, NULL);
	s->current = NULL;
}

const char *state_fatal_text(const struct state *s, char *buf, size_t n)
{
	switch (s->fatal) {
	case FATAL_MEMORY:
		(void)snprintf(buf, n, "memory ceiling of %zu KiB reached", s->memory_max / 1024);
		break;
	case FATAL_CPU:
		(void)snprintf(buf, n, "CPU budget of %.3g s used up", (double)s->cpu_max_us / 1e6);
		break;
	case FATAL_BURST:
		(void)snprintf(buf, n,
			       "computed for %d ms inside a callback of a library function, "
			       "where it cannot be paused",
			       STATE_BURST_MS);
		break;
	case FATAL_NONE:
		(void)snprintf(buf, n, "not over");
	}
	return buf;
}

bool state_is_over(struct state *s, int status)
{
	if (status == LUA_ERRMEM && s->fatal == FATAL_NONE)
		s->fatal = FATAL_MEMORY;
	return s->fatal != FATAL_NONE;
}

/* ---- buffers ---- */

static int collect_buf(lua_State *L)
{
	buf_clear(lua_touserdata(L, 1));
	return 0;
}

struct buf *state_push_buf(lua_State *L, size_t max)
{
	struct buf *b = lua_newuserdatauv(L, sizeof(*b), 0);
	*b = BUF_INIT(max);
	if (luaL_newmetatable(L, "struct buf")) {
		lua_pushcfunction(L, collect_buf);
		lua_setfield(L, -2, "__gc");
	}
	(void)lua_setmetatable(L, -2);
	return b;
}

/* ---- life ---- */

static int open_protected(lua_State *L)
{
	(void)state_push_buf(L, 1); /* its metatable exists before anything is at stake */
	sandbox_open(L);
	return 0;
}

static char *copy_or_null(const char *s)
{
	return s ? strdup(s) : NULL;
}

int state_new(struct state **out, const struct state_spec *spec, struct err *err)
{
	struct state *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for a Lua state");
	*s = (struct state){
		.host = spec->host,
		.owner = spec->owner,
		.folder = copy_or_null(spec->folder),
		.lua_dir = copy_or_null(spec->lua_dir),
		.memory_max = spec->memory_max,
		.watch = spec->watch,
		.watched = { .tick = on_tick, .arg = s },
		.cpu_max_us = spec->cpu_ms * 1000,
		.burst_us = INT64_C(1000) * STATE_BURST_MS,
	};
	(void)snprintf(s->seed, sizeof(s->seed), "%s", spec->seed);
	s->L = lua_newstate(limited_alloc, s);
	if (!s->L || !s->folder || (spec->lua_dir && !s->lua_dir)) {
		state_free(s);
		return err_set(err, ERR_LIMIT, "not enough memory for a Lua state");
	}
	*(struct state **)lua_getextraspace(s->L) = s;
	lua_pushcfunction(s->L, open_protected);
	if (lua_pcall(s->L, 0, 0, 0) != LUA_OK) {
		state_free(s);
		return err_set(err, ERR_LIMIT, "not enough memory for a Lua state");
	}
	*out = s;
	return 0;
}

void state_free(struct state *s)
{
	if (!s)
		return;
	if (s->L)
		lua_close(s->L);
	INVARIANT(s->memory == 0);
	free(s->folder);
	free(s->lua_dir);
	free(s);
}

int state_protect(struct state *s, lua_CFunction fn, void *arg, int n_results)
{
	size_t ceiling = s->memory_max;
	s->memory_max += HOST_ROOM;
	lua_pushcfunction(s->L, fn);
	lua_pushlightuserdata(s->L, arg);
	int rc = lua_pcall(s->L, 1, n_results, 0);
	s->memory_max = ceiling;
	return rc;
}

/* ---- the script's thread ---- */

struct load {
	const char *path;
	struct bytes source;
	const cJSON *input;
};

static int load_protected(lua_State *L)
{
	const struct load *l = lua_touserdata(L, 1);
	struct state *s = state_of(L);
	lua_State *root = lua_newthread(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, "root"); /* anchored for the life of the state */
	lua_pushfstring(L, "@%s", l->path);
	struct bytes chunk = file_chunk(l->source);
	int rc = luaL_loadbufferx(L, chunk.p, chunk.n, lua_tostring(L, -1), "t");
	if (rc != LUA_OK)
		return lua_error(L);
	json_push(L, l->input, NULL);
	lua_xmove(L, root, 2);
	s->root = root;
	return 0;
}

int state_load(struct state *s, const char *path, struct bytes source, const cJSON *input,
	       struct err *err)
{
	struct load l = { path, source, input };
	lua_pushcfunction(s->L, load_protected);
	lua_pushlightuserdata(s->L, &l);
	int rc = lua_pcall(s->L, 1, 0, 0);
	if (rc == LUA_OK)
		return 0;
	if (state_is_over(s, rc)) {
		char text[128];
		return err_set(err, ERR_LIMIT, "%s", state_fatal_text(s, text, sizeof(text)));
	}
	const char *why = lua_type(s->L, -1) == LUA_TSTRING ? lua_tostring(s->L, -1) : "bad chunk";
	return err_set(err, ERR_INVALID, "%s", why);
}

enum state_status state_resume(struct state *s)
{
	int n = 0;
	/* The first time the chunk's argument lies above it. */
	int n_args = lua_status(s->root) == LUA_OK ? 1 : 0;

	s->open = true;
	s->yielding = YIELD_NONE;
	state_enter(s, s->root);
	int rc = lua_resume(s->root, s->L, n_args, &n);
	state_leave(s);
	if (rc == LUA_YIELD) {
		INVARIANT(s->yielding != YIELD_NONE);
		return s->yielding == YIELD_WAIT ? STATE_WAITING : STATE_PAUSED;
	}
	if (rc != LUA_OK) {
		(void)state_is_over(s, rc);
		return STATE_RAISED;
	}
	lua_settop(s->root, 1); /* the first result, or nil */
	return STATE_RETURNED;
}

void state_check_wait(lua_State *L, const char *who)
{
	struct state *s = state_of(L);
	if (!s->open || !lua_isyieldable(L))
		(void)luaL_error(L,
				 "%s: cannot wait here, inside a callback of a library function "
				 "(string.gsub, table.sort, a metamethod called by one)",
				 who);
}

int state_wait(lua_State *L, lua_KContext ctx, lua_KFunction k)
{
	state_of(L)->yielding = YIELD_WAIT;
	return lua_yieldk(L, 0, ctx, k);
}

uint64_t state_draw(struct state *s, uint8_t out[SHA256_LEN])
{
	char text[128];
	uint64_t first = 0;
	int n = snprintf(text, sizeof(text), "%s/%llu", s->seed, (unsigned long long)++s->drawn);
	INVARIANT(sha256(out, (struct bytes){ text, (size_t)n }) == 0);
	memcpy(&first, out, sizeof(first));
	return first;
}
