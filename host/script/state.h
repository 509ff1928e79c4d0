/*
 * state.h - a sandboxed Lua state with its limits: what a run and a file of functions stand on.
 *
 * The Lua API is touched only inside lua_resume and lua_pcall: outside them anything that allocates
 * may raise with nobody to catch it. The functions here that take a struct state enter protected
 * code themselves; those that take a lua_State are for code that is already inside.
 *
 * Memory: a counting allocator with a ceiling. CPU: watch.h ticks; a script that has computed for
 * STATE_SLICE_MS is paused when it can be (state_resume returns STATE_PAUSED) and goes on when it is
 * resumed, so that the loop lives; one that cannot be paused, inside a callback of a library
 * function, is ended after STATE_BURST_MS. Lines of log and steps are counted. What ends a script is
 * fatal: no pcall, message handler, __close or coroutine gets past it.
 *
 * Hooks interrupt Lua instructions and calls only, so a loop in C whose length or whose work for each
 * step a script decides asks state_check (or state_overrun) in each step.
 */
#ifndef SCRIPT_STATE_H
#define SCRIPT_STATE_H

#include <lua.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "plugin_api.h"
#include "script/watch.h"

enum {
	STATE_SLICE_MS = 10,
	STATE_BURST_MS = 1000,
};

enum state_yield { YIELD_NONE, YIELD_WAIT, YIELD_SLICE };
enum state_fatal {
	FATAL_NONE,
	FATAL_MEMORY,
	FATAL_CPU,
	FATAL_BURST,
	FATAL_STACK,
	FATAL_LOG,
	FATAL_STEPS,
	FATAL_STOPPED, /* by state_stop */
};

/* What the owner offers to the script. log must be set. */
struct state_host {
	void (*log)(void *owner, enum log_level level, const char *text);
	/* Push the table of a namespace of operations; false: there is no such. NULL: none. */
	bool (*push_namespace)(lua_State *L, void *owner, const char *name);
	/* A module was read from path. May be NULL. */
	void (*loaded)(void *owner, const char *name, const char *path, struct bytes source);
	/* Is a module pinned to a source? Then its file is not looked at. Borrowed from the owner. May
	 * be NULL. */
	bool (*pinned)(void *owner, const char *name, const char **path, struct bytes *source);
};

struct state_spec { /* strings are copied */
	struct watch *watch;
	const struct state_host *host;
	void *owner;
	const char *folder;  /* of the script: where its modules are */
	const char *lua_dir; /* of the standard library; NULL: none */
	const char *seed;    /* random and uuid derive from it */
	size_t memory_max;
	int64_t cpu_ms;
	size_t log_max;     /* bytes of its lines; 0: any */
	uint64_t steps_max; /* calls and sleeps; 0: any */
};

struct state {
	lua_State *L;    /* the main thread; runs only protected host code */
	lua_State *root; /* the script's own thread, anchored in the registry; NULL before load */
	lua_State *entered; /* the thread that the host resumed last: root, or one beside it */
	const struct state_host *host;
	void *owner;
	char *folder, *lua_dir;
	char seed[64];
	uint64_t drawn; /* random numbers so far */

	size_t memory, memory_max;
	bool refused; /* the last request for memory was: the next one comes after a collection */
	size_t last_new; /* the type of the last new block, as Lua tells it */
	size_t logged, log_max;
	uint64_t steps, steps_max;
	int modules; /* files that were loaded */

	struct watch *watch;
	struct watched watched;
	int64_t cpu_max_us;
	int64_t burst_us; /* STATE_BURST_MS, or more where nothing can be paused anyway */
	/* Written by the signal handler, which interrupts this thread only. */
	volatile int64_t cpu_us;     /* in all */
	volatile int64_t slice_us;   /* since the script was last entered */
	lua_State *volatile current; /* the coroutine that is executing */

	enum state_fatal fatal;
	int closes;                /* nested closes of coroutines */
	bool open;                 /* a yield of the current coroutine can reach the host */
	enum state_yield yielding; /* the host's yield under way; NONE: it is the script's own */
};

/* @param[out] out owned by the caller; state_free */
NODISCARD int state_new(struct state **out, const struct state_spec *spec, struct err *err);
void state_free(struct state *s); /* NULL is fine */

/*
 * Make the root thread from a chunk and the JSON value given as its argument.
 *
 * @param path  names the chunk in messages
 * @return 0; -ERR_INVALID when source is not valid Lua; -ERR_LIMIT when memory does not suffice
 */
struct cJSON;
NODISCARD int state_load(struct state *s, const char *path, struct bytes source,
			 const struct cJSON *input, struct err *err);

enum state_status {
	STATE_RETURNED, /* the result is on top of the thread's stack */
	STATE_WAITING,  /* a function called state_wait: resume when what it waits for is there */
	STATE_PAUSED,   /* the slice is over: resume soon */
	STATE_RAISED,   /* the error value is on top of its stack; fatal says if it was a limit */
};

/* Run root, or a thread made by the host that has a function at the bottom of its stack and its
 * arguments above. */
enum state_status state_resume(struct state *s, lua_State *thread);

/* lua_pcall of fn(arg) on the main thread, with room beyond the memory ceiling for the host's own
 * rendering. What it computes is charged to the script. Returns its status; values are on top of
 * s->L. */
int state_protect(struct state *s, lua_CFunction fn, void *arg, int n_results);

/* Begin and end running script code on L (functions.c; state_resume does it by itself). */
void state_enter(struct state *s, lua_State *L);
void state_leave(struct state *s);

/* ---- inside protected calls ---- */

struct state *state_of(lua_State *L);

/* Raise unless a wait of this thread can reach the host. To be asked before anything is started. */
void state_check_wait(lua_State *L, const char *who);

/* Yield to the host; k runs when the script is resumed. The last act: return state_wait(...). */
int state_wait(lua_State *L, lua_KContext ctx, lua_KFunction k);

/* End the script from within, as a limit does: nothing catches it. Does not return. */
int state_stop(lua_State *L);

/* For pcall and friends: notes a memory error as fatal; is the script over? */
bool state_is_over(struct state *s, int status);

/* Raise the error on top of the stack again in a script that is over: no instruction of L runs any
 * more, also none of a __close. */
int state_raise_again(lua_State *L);

/* Is the script over, or beyond a limit just now? The second raises if so. */
bool state_overrun(lua_State *L);
void state_check(lua_State *L);

/* Charge a line of n bytes, or a step. Raises when that is more than the script may. */
void state_spend_log(lua_State *L, size_t n);
void state_spend_step(lua_State *L);

/* As luaL_loadbufferx of text, but raises, and stops compiling when a limit is reached. */
void state_compile(lua_State *L, struct bytes source, const char *name);

/* Push a userdata that holds an empty buffer of that ceiling and clears it when it is collected: for
 * bytes that must survive while Lua may raise. */
struct buf *state_push_buf(lua_State *L, size_t max);

/* "memory ceiling of 16 MiB reached" ... as one line in buf. */
const char *state_fatal_text(const struct state *s, char *buf, size_t n);

/* 64 bits that depend on seed, purpose and how many were drawn before. */
uint64_t state_draw(struct state *s, uint8_t out[SHA256_LEN]);

#endif
