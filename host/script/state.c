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

enum {
	HOST_ROOM = 256 * 1024, /* beyond the ceiling, for the host's own rendering */
	SLOT = 16,              /* bytes of one slot of a Lua stack */
	SLOTS_MAX = 1 << 16,
	LATE_US = 1000 * 1000,
};

struct state *state_of(lua_State *L)
{
	return *(struct state **)lua_getextraspace(L);
}

static bool is_power_of_2(size_t n)
{
	return (n & (n - 1)) == 0;
}

/*
 * Lua itself allows 10^6 slots, and shifts all arguments of a call by one for every __call that is
 * no function: 10^12 moves that nothing can interrupt. A stack shows by its size: it grows into a new
 * block whose number of slots is no power of 2, as in an array, nor 3 times one, as in a hash part. Of
 * table constructors only those with more than SLOTS_MAX elements look the same; the bytes of a
 * luaL_Buffer come right after a new userdata that holds them.
 */
static bool is_long_stack(const struct state *s, const void *p, size_t old, size_t want)
{
	size_t slots = want / SLOT;
	return !p && old == 0 && s->last_new != LUA_TUSERDATA && slots > SLOTS_MAX &&
	       want % SLOT == 0 && !is_power_of_2(slots) &&
	       !(slots % 3 == 0 && is_power_of_2(slots / 3));
}

/* Well beyond its time without having met a hook: one long C function that allocates. */
static bool is_late(const struct state *s)
{
	return s->current &&
	       (s->cpu_us - LATE_US > s->cpu_max_us || s->slice_us - LATE_US > s->burst_us);
}

static enum state_fatal refusal(const struct state *s, const void *p, size_t old, size_t want)
{
	size_t have = p ? old : 0;
	if (want <= have)
		return FATAL_NONE;
	if (s->memory > s->memory_max || want - have > s->memory_max - s->memory)
		return FATAL_MEMORY;
	if (is_late(s))
		return s->cpu_us > s->cpu_max_us ? FATAL_CPU : FATAL_BURST;
	return is_long_stack(s, p, old, want) ? FATAL_STACK : FATAL_NONE;
}

/* For a new block `old` is a type tag, not a size. */
static void *limited_alloc(void *arg, void *p, size_t old, size_t want)
{
	struct state *s = arg;
	size_t have = p ? old : 0;
	if (want == 0) {
		free(p);
		s->memory -= have;
		return NULL;
	}
	enum state_fatal no = refusal(s, p, old, want);
	if (no != FATAL_NONE) {
		/* Lua asks once more after it has collected garbage, then raises. Noted here, because
		 * a __close on the way may raise another error instead. */
		if (s->refused && s->fatal == FATAL_NONE)
			s->fatal = no;
		s->refused = true;
		return NULL;
	}
	if (!p)
		s->last_new = old;
	void *q = realloc(p, want);
	if (q)
		s->memory += want - have;
	if (want > have)
		s->refused = false;
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

static void on_hook(lua_State *L, lua_Debug *ar);

/* For the next instruction, or the next function that is called: C functions may call each other
 * for a long time without an instruction between. */
static void set_hook(lua_State *L)
{
	lua_sethook(L, on_hook, LUA_MASKCOUNT | LUA_MASKCALL, 1);
}

/* From here every instruction raises: the script cannot pcall its way on. */
static int raise_fatal(lua_State *L, int level)
{
	char text[128];
	set_hook(L);
	luaL_where(L, level);
	lua_pushstring(L, state_fatal_text(state_of(L), text, sizeof(text)));
	lua_concat(L, 2);
	return lua_error(L);
}

int state_raise_again(lua_State *L)
{
	set_hook(L);
	return lua_error(L);
}

/* Set by a tick. */
static void on_hook(lua_State *L, lua_Debug *ar)
{
	struct state *s = state_of(L);
	if (over_budget(s))
		(void)raise_fatal(L, 0); /* a hook is no level: 0 is what it interrupted */
	if (ar->event != LUA_HOOKCOUNT)
		return; /* a call cannot be paused: wait for the next instruction */
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
		set_hook(s->current);
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
	case FATAL_STACK:
		(void)snprintf(buf, n,
			       "stack of %d slots used up (deep recursion, or too many "
			       "arguments)",
			       SLOTS_MAX);
		break;
	case FATAL_LOG:
		(void)snprintf(buf, n, "log budget of %zu KiB used up", s->log_max / 1024);
		break;
	case FATAL_STEPS:
		(void)snprintf(buf, n, "step budget of %llu calls and sleeps used up",
			       (unsigned long long)s->steps_max);
		break;
	case FATAL_STOPPED:
		(void)snprintf(buf, n, "stopped");
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

bool state_overrun(lua_State *L)
{
	return over_budget(state_of(L));
}

void state_check(lua_State *L)
{
	if (state_overrun(L))
		(void)raise_fatal(L, 1);
}

void state_spend_log(lua_State *L, size_t n)
{
	struct state *s = state_of(L);
	if (n <= s->log_max - s->logged) {
		s->logged += n;
		return;
	}
	if (s->fatal == FATAL_NONE)
		s->fatal = FATAL_LOG;
	(void)raise_fatal(L, 1);
}

void state_spend_step(lua_State *L)
{
	struct state *s = state_of(L);
	if (s->steps < s->steps_max) {
		s->steps++;
		return;
	}
	if (s->fatal == FATAL_NONE)
		s->fatal = FATAL_STEPS;
	(void)raise_fatal(L, 1);
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
	luaL_Buffer b;
	(void)state_push_buf(L, 1); /* its metatable exists before anything is at stake */
	(void)luaL_buffinitsize(L, &b, sizeof(b)); /* likewise */
	luaL_pushresultsize(&b, 0);
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
		.log_max = spec->log_max ? spec->log_max : SIZE_MAX,
		.steps_max = spec->steps_max ? spec->steps_max : UINT64_MAX,
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
	state_enter(s, NULL);
	int rc = lua_pcall(s->L, 1, n_results, 0);
	state_leave(s);
	s->memory_max = ceiling;
	return rc;
}

/* ---- the script's thread ---- */

enum { PIECE = 4096 };

/* A function with 30,000 labels takes seconds to compile: look at the clock between the pieces. */
static const char *next_piece(lua_State *L, void *arg, size_t *n)
{
	struct bytes *left = arg;
	const char *piece = left->p;
	state_check(L);
	*n = left->n < PIECE ? left->n : PIECE;
	left->p += *n;
	left->n -= *n;
	return piece;
}

void state_compile(lua_State *L, struct bytes source, const char *name)
{
	struct bytes left = file_chunk(source);
	if (lua_load(L, next_piece, &left, name, "t") != LUA_OK)
		(void)lua_error(L);
}

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
	state_compile(L, l->source, lua_tostring(L, -1));
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
	state_enter(s, NULL);
	int rc = lua_pcall(s->L, 1, 0, 0);
	state_leave(s);
	if (rc == LUA_OK)
		return 0;
	if (state_is_over(s, rc)) {
		char text[128];
		return err_set(err, ERR_LIMIT, "%s", state_fatal_text(s, text, sizeof(text)));
	}
	const char *why = lua_type(s->L, -1) == LUA_TSTRING ? lua_tostring(s->L, -1) : "bad chunk";
	return err_set(err, ERR_INVALID, "%s", why);
}

enum state_status state_resume(struct state *s, lua_State *thread)
{
	int n = 0;
	/* The first time the function's arguments lie above it. */
	int n_args = lua_status(thread) == LUA_OK ? lua_gettop(thread) - 1 : 0;

	s->open = true;
	s->entered = thread;
	s->yielding = YIELD_NONE;
	state_enter(s, thread);
	int rc = lua_resume(thread, s->L, n_args, &n);
	state_leave(s);
	if (rc == LUA_YIELD) {
		INVARIANT(s->yielding != YIELD_NONE);
		return s->yielding == YIELD_WAIT ? STATE_WAITING : STATE_PAUSED;
	}
	if (rc != LUA_OK) {
		(void)state_is_over(s, rc);
		return STATE_RAISED;
	}
	lua_settop(thread, 1); /* the first result, or nil */
	return STATE_RETURNED;
}

int state_stop(lua_State *L)
{
	state_of(L)->fatal = FATAL_STOPPED;
	return raise_fatal(L, 1);
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
