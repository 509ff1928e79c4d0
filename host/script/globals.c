/* globals.c - what only a run has: now, sleep, progress. */
#include <inttypes.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/rows.h"
#include "script/run_private.h"
#include "script/steps.h"

enum { SLEEP_MAX_S = 366 * 24 * 3600, TEXT_MAX = 1024 };

/* ---- now: recorded, never waited for ---- */

static int64_t recorded_time(const struct journal_step *s)
{
	int64_t ms = 0;
	cJSON *v = s->answer ? json_parse(bytes_str(s->answer), NULL) : NULL;
	(void)json_int(v, &ms);
	cJSON_Delete(v);
	return ms;
}

static int now(lua_State *L)
{
	struct branch *b = branch_of(L);
	char hash[SHA256_HEX + 1], text[24];
	step_number(L, b);
	step_hash(hash, BYTES_LIT("now"));
	struct journal_step *s = step_find(L, b, STEP_NOW, NULL, hash);
	int64_t ms = s ? recorded_time(s) : clock_wall_ms();
	if (!s) {
		(void)snprintf(text, sizeof(text), "%" PRId64, ms);
		rows_end(b, &(struct rows_end){
				.kind = STEP_NOW, .hash = hash, .outcome = "ok", .answer = text });
	}
	lua_pushnumber(L, (lua_Number)ms / 1000.0);
	return 1;
}

/* ---- sleep ---- */

static void hash_sleep(char out[SHA256_HEX + 1], lua_Number seconds)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "sleep/%.17g", seconds);
	step_hash(out, (struct bytes){ text, (size_t)n });
}

static int slept(lua_State *L, int status, lua_KContext ctx)
{
	(void)L, (void)status, (void)ctx;
	return 0;
}

static void on_wake(void *arg);

/* Sleeps that were over before they went on end in the order of their times: their timers have none. */
static struct branch *first_to_wake(struct branch *b)
{
	struct branch *first = b;
	for (struct branch *o = b->wait.overdue ? b->run->branches : NULL; o; o = o->next)
		if (o->wait.kind == WAIT_SLEEP && o->wait.overdue && o->wait.timer &&
		    o->wait.until_ms < first->wait.until_ms)
			first = o;
	if (first != b) {
		timer_stop(first->wait.timer);
		first->wait.timer = NULL;
		b->wait.timer = timer_start(b->run->runs->loop, 0, on_wake, b);
	}
	return first;
}

static void on_wake(void *arg)
{
	struct branch *b = arg;
	struct runs *runs = b->run->runs;
	char hash[SHA256_HEX + 1];
	b->wait.timer = NULL;
	b = first_to_wake(b);
	struct run_ticket ticket = branch_ticket(b);
	if (!run_came(runs, ticket))
		return;
	hash_sleep(hash, b->wait.seconds);
	rows_end(b, &(struct rows_end){ .kind = STEP_SLEEP, .hash = hash, .outcome = "ok" });
	(void)run_wake(runs, ticket); /* may free b */
}

/* Until b->wait.until_ms, which is delay_ms from now. */
static int wait_until(lua_State *L, struct branch *b, int64_t delay_ms)
{
	if (branch_fails(b))
		return branch_wait(L, b, WAIT_STOPPED, slept);
	if (!b->run->check)
		b->wait.timer = timer_start(b->run->runs->loop, delay_ms, on_wake, b);
	return branch_wait(L, b, WAIT_SLEEP, slept);
}

static int64_t asked_ms(const struct branch *b)
{
	return (int64_t)ceil(b->wait.seconds * 1000.0);
}

/* It sleeps until then, which is written down. */
static void set_end(struct branch *b, int64_t until_ms)
{
	char hash[SHA256_HEX + 1];
	b->wait.until_ms = until_ms;
	if (branch_fails(b))
		return;
	hash_sleep(hash, b->wait.seconds);
	rows_begin(b, STEP_SLEEP, NULL, hash, until_ms);
	rows_soon(b->run);
}

static int begin_sleep(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	(void)status, (void)ctx;
	set_end(b, clock_wall_ms() + asked_ms(b));
	return wait_until(L, b, asked_ms(b));
}

/* It was sleeping when its process ended, or left memory. The wall clock may have been set back since:
 * it never sleeps longer from now than was asked for. */
static int sleep_on(lua_State *L, struct branch *b, int64_t until_ms)
{
	int64_t now = clock_wall_ms();
	b->wait.until_ms = until_ms;
	if (until_ms - now > asked_ms(b))
		set_end(b, now + asked_ms(b));
	int64_t left = b->wait.until_ms - now;
	b->wait.overdue = left <= 0;
	return wait_until(L, b, left > 0 ? left : 0);
}

static int sleep_seconds(lua_State *L)
{
	struct branch *b = branch_of(L);
	char hash[SHA256_HEX + 1];
	lua_Number seconds = luaL_checknumber(L, 1);
	luaL_argcheck(L, isfinite(seconds) && seconds >= 0 && seconds <= SLEEP_MAX_S, 1,
		      "seconds expected, 0 to 31622400 (366 days)");
	state_check_wait(L, "sleep");
	step_number(L, b);
	hash_sleep(hash, seconds);
	b->wait.seconds = seconds;
	struct journal_step *s = step_find(L, b, STEP_SLEEP, NULL, hash);
	if (s && s->outcome)
		return step_replay(L, b, s, slept);
	if (s)
		return sleep_on(L, b, s->until_ms);
	if (run_replays(b->run))
		return branch_wait(L, b, WAIT_TURN, begin_sleep);
	return begin_sleep(L, LUA_OK, 0);
}

/* ---- progress ---- */

static double optional_number(lua_State *L, const char *name)
{
	double n = -1;
	if (lua_getfield(L, 1, name) != LUA_TNIL) {
		luaL_argcheck(L, lua_type(L, -1) == LUA_TNUMBER, 1,
			      "progress: done and total are numbers");
		n = lua_tonumber(L, -1);
	}
	lua_pop(L, 1);
	return n;
}

static int progress(lua_State *L)
{
	struct run *r = run_of(L);
	luaL_checktype(L, 1, LUA_TTABLE);
	struct run_progress p = { .id = r->facts.id,
				  .done = optional_number(L, "done"),
				  .total = optional_number(L, "total"),
				  .text = "" };
	char text[TEXT_MAX + 1];
	if (lua_getfield(L, 1, "text") != LUA_TNIL) {
		(void)snprintf(text, sizeof(text), "%s", luaL_checkstring(L, -1));
		p.text = text;
	}
	if (r->listener.on_progress && !run_replays(r) && !r->check)
		r->listener.on_progress(r->listener.arg, &p);
	return 0;
}

void run_globals(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "now", now },
		{ "sleep", sleep_seconds },
		{ "progress", progress },
		{ NULL, NULL },
	};
	lua_pushglobaltable(L);
	luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
