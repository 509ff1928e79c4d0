#include "script/approve.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/approval.h"
#include "script/check.h"
#include "script/error_object.h"
#include "script/json_lua.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_load.h"
#include "script/steps.h"

enum { SUBJECT_MAX = 1024, TEXT_MAX = 1 << 20, EXPIRES_MAX_S = 366 * 24 * 3600 };

/* ---- the end ---- */

/* b->approval is decided: record it, and give it its place. */
static void settle(struct branch *b, enum approval_state state)
{
	struct runs *runs = b->run->runs;
	struct run_ticket ticket = branch_ticket(b);
	struct buf text = BUF_INIT(TEXT_MAX);
	timer_stop(b->wait.timer);
	b->wait.timer = NULL;
	if (!run_came(runs, ticket))
		return;
	if (state == APPROVAL_GIVEN)
		approval_answer(b->approval, &text);
	else
		approval_error(b->approval, state, &text);
	record_decided(b, b->approval, state);
	rows_end(b, &(struct rows_end){
			.kind = STEP_APPROVAL,
			.operation = b->approval->operation,
			.hash = b->approval->hash,
			.outcome = state == APPROVAL_GIVEN ? "ok" : "error",
			.answer = state == APPROVAL_GIVEN ? buf_cstr(&text) : NULL,
			.error = state == APPROVAL_GIVEN ? NULL : buf_cstr(&text),
		    });
	rows_soon(b->run);
	buf_clear(&b->approval->end);
	b->approval->end = text;
	b->approval->given = state == APPROVAL_GIVEN;
	(void)run_wake(runs, ticket); /* may free b */
}

void approve_look(struct branch *b)
{
	enum approval_state state = approval_state(b->approval, clock_wall_ms());
	if (state != APPROVAL_OPEN)
		settle(b, state);
}

enum { LOOK_MS = 60 * 1000 }; /* the wall clock may be set */

static void start_timer(struct branch *b);

static void on_timer(void *arg)
{
	struct branch *b = arg;
	b->wait.timer = NULL;
	enum approval_state state = approval_state(b->approval, clock_wall_ms());
	if (state == APPROVAL_OPEN)
		start_timer(b);
	else
		settle(b, state); /* may free b */
}

static void start_timer(struct branch *b)
{
	int64_t now = clock_wall_ms(), at = b->approval->expires_ms;
	int64_t left = at > now ? at - now : 0;
	/* a vote that is known already decides in a later turn of the loop */
	if (approval_state(b->approval, now) != APPROVAL_OPEN)
		left = 0;
	if (at != INT64_MAX || left == 0)
		b->wait.timer =
		    timer_start(b->run->runs->loop, left < LOOK_MS ? left : LOOK_MS, on_timer, b);
}

static int wait(lua_State *L, struct branch *b, lua_KFunction k)
{
	if (branch_fails(b))
		return branch_wait(L, b, WAIT_STOPPED, k);
	b->wait.until_ms = b->approval->expires_ms;
	if (!b->run->check)
		start_timer(b);
	return branch_wait(L, b, WAIT_APPROVAL, k);
}

/* ---- the beginning ---- */

const char *approve_default_people(const struct runs *runs)
{
	return runs->approvers ? runs->approvers : "";
}

static void take(struct branch *b, struct approval *a, const char *operation, const char *hash)
{
	approval_free(b->approval);
	b->approval = a;
	INVARIANT(a && approval_name(a, operation, hash));
}

static void tell_asked(const struct branch *b)
{
	const struct run *r = b->run;
	const struct approval *a = b->approval;
	if (!r->runs->on_asked || r->check)
		return;
	r->runs->on_asked(r->runs->on_asked_arg,
			  &(struct run_question){
			      .run = r->facts.id,
			      .attempt = r->facts.attempt,
			      .step = b->path,
			      .subject = a->subject,
			      .details = a->details,
			      .actor = r->facts.actor,
			      .needed = a->needed,
			      .expires_ms = a->expires_ms == INT64_MAX ? 0 : a->expires_ms,
			  });
}

int approve_begin(lua_State *L, struct branch *b, const struct approve_ask *ask, lua_KFunction k)
{
	if (branch_fails(b))
		return branch_wait(L, b, WAIT_STOPPED, k);
	take(b,
	     approval_new(&(struct approval_row){
		 .path = b->path,
		 .subject = ask->subject,
		 .details = ask->details,
		 .needed = ask->needed,
		 .expires_ms = ask->expires_ms == INT64_MAX ? 0 : ask->expires_ms,
	     }),
	     ask->operation, ask->hash);
	record_approval(b, b->approval);
	rows_begin(b, STEP_APPROVAL, ask->operation, ask->hash, ask->expires_ms);
	rows_approval(b, b->approval);
	rows_soon(b->run); /* people may look at it now */
	tell_asked(b);
	return wait(L, b, k);
}

static bool take_end(struct approval *a, const struct journal_step *s)
{
	a->given = s->answer != NULL;
	a->end = BUF_INIT(TEXT_MAX);
	buf_adds(&a->end, s->answer ? s->answer : s->error ? s->error : "{}");
	return !a->end.err;
}

int approve_again(lua_State *L, struct branch *b, struct journal_step *s, lua_KFunction k)
{
	struct approval *open = run_record_take_approval(b->run->record, b->path);
	if (!open)
		open = approval_new(&(struct approval_row){ .path = b->path,
							    .subject = "",
							    .details = "{}",
							    .needed = 1,
							    .expires_ms = s->until_ms });
	take(b, open, s->operation, s->args_hash);
	if (!s->outcome)
		return wait(L, b, k);
	INVARIANT(take_end(b->approval, s));
	return step_replay(L, b, s, k);
}

int approve_result(lua_State *L, struct branch *b, const char *operation)
{
	struct approval *a = b->approval;
	struct err err = { 0 };
	cJSON *end = json_parse(buf_bytes(&a->end), &err);
	bool given = a->given;
	approval_free(a);
	b->approval = NULL;
	if (!end)
		return luaL_error(L, "approve: %s", err.message);
	/* Lua may raise below: the tree is kept by the branch */
	cJSON_Delete(b->held);
	b->held = end;
	if (given) {
		json_push(L, end, NULL);
		return 1;
	}
	error_object_push_recorded(L, end, operation);
	return lua_error(L);
}

/* ---- the global ---- */

struct question {
	const char *subject;
	lua_Integer n;
	lua_Number expires; /* seconds; 0: never */
	char people[1024];  /* parted by blanks; "": those of the configuration */
};

static int finished(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return approve_result(L, branch_of(L), "approve");
}

static void check_names(lua_State *L)
{
	static const struct member known[] = { { .name = "subject" },
					       { .name = "n" },
					       { .name = "of" },
					       { .name = "expires" },
					       { 0 } };
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
		if (member_find(known, name))
			continue;
		const char *close = check_suggest(name, known);
		(void)luaL_error(L, "approve: unknown member '%s'%s%s%s", name,
				 close ? ": did you mean '" : "", close ? close : "",
				 close ? "'?" : "");
	}
}

/* The list of names in `of`, on top of the stack. */
static void read_people(lua_State *L, struct question *q)
{
	size_t n = 0;
	q->people[0] = '\0';
	if (lua_isnil(L, -1))
		return;
	luaL_argcheck(L, lua_istable(L, -1), 1, "approve: of is a list of names");
	for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
		const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
		luaL_argcheck(L,
			      *name && !strpbrk(name, " \t\r\n") &&
				  (n == 0 || !rules_may_vote(q->people, name)),
			      1, "approve: of is a list of names without blanks, each once");
		luaL_argcheck(L, n + strlen(name) + 2 <= sizeof(q->people), 1,
			      "approve: of has more than 1,023 bytes of names");
		n += (size_t)snprintf(q->people + n, sizeof(q->people) - n, "%s%s", n ? " " : "",
				      name);
	}
	lua_pop(L, 1);
	luaL_argcheck(L, n > 0, 1, "approve: of is a list of names");
	luaL_argcheck(L, rules_count_people(q->people) >= q->n, 1,
		      "approve: of has fewer people than n");
}

/* The subject stays on the stack. */
static void read_question(lua_State *L, struct question *q)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	check_names(L);
	luaL_argcheck(L, lua_getfield(L, 1, "expires") == LUA_TNIL || lua_isnumber(L, -1), 1,
		      "approve: expires is a number of seconds");
	q->expires = lua_tonumber(L, -1);
	luaL_argcheck(L, isfinite(q->expires) && q->expires >= 0 && q->expires <= EXPIRES_MAX_S, 1,
		      "approve: expires is 0 to 31622400 seconds (366 days)");
	luaL_argcheck(L, lua_getfield(L, 1, "n") == LUA_TNIL || lua_isinteger(L, -1), 1,
		      "approve: n is a number of people");
	q->n = lua_isnil(L, -1) ? 1 : lua_tointeger(L, -1);
	luaL_argcheck(L, q->n >= 1 && q->n <= APPROVAL_PEOPLE_MAX, 1,
		      "approve: n is 1 to 16 people");
	(void)lua_getfield(L, 1, "of");
	read_people(L, q);
	luaL_argcheck(L, lua_getfield(L, 1, "subject") == LUA_TSTRING, 1,
		      "approve: subject is one line that says what is to be approved");
	q->subject = lua_tostring(L, -1);
	luaL_argcheck(
	    L, strlen(q->subject) <= SUBJECT_MAX && q->subject[0] && !strpbrk(q->subject, "\r\n"),
	    1, "approve: subject is one line of up to 1,024 bytes");
}

static void hash_question(char out[SHA256_HEX + 1], const struct question *q)
{
	struct buf text = BUF_INIT(4096);
	buf_addf(&text, "approve/%lld/%.17g/%s", (long long)q->n, q->expires, q->subject);
	if (q->people[0])
		buf_addf(&text, "\nof %s", q->people); /* a subject has no line break */
	step_hash(out, buf_bytes(&text));
	buf_clear(&text);
}

static int ask(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	struct question q;
	char hash[SHA256_HEX + 1];
	(void)status, (void)ctx;
	read_question(L, &q);
	hash_question(hash, &q);
	struct buf *details = state_push_buf(L, JSON_TEXT_MAX);
	const char *people = q.people[0] ? q.people : approve_default_people(b->run->runs);
	luaL_argcheck(L, !*people || rules_count_people(people) >= q.n, 1,
		      "approve: n is more than the people of [approvals]");
	buf_adds(details, "{\"people\":");
	json_write_string(details, bytes_str(people));
	buf_adds(details, "}");
	int64_t expires =
	    q.expires > 0 ? clock_wall_ms() + (int64_t)(q.expires * 1000.0) : INT64_MAX;
	return approve_begin(
	    L, b,
	    &(struct approve_ask){ .hash = hash,
				   .subject = q.subject,
				   .details = details->err ? "{}" : buf_cstr(details),
				   .needed = (int)q.n,
				   .expires_ms = expires },
	    finished);
}

static int approve(lua_State *L)
{
	struct branch *b = branch_of(L);
	struct question q;
	char hash[SHA256_HEX + 1];
	lua_settop(L, 1);
	read_question(L, &q);
	state_check_wait(L, "approve");
	hash_question(hash, &q);
	step_number(L, b);
	struct journal_step *s = step_find(L, b, STEP_APPROVAL, NULL, hash);
	if (s)
		return approve_again(L, b, s, finished);
	if (run_replays(b->run))
		return branch_wait(L, b, WAIT_TURN, ask);
	return ask(L, LUA_OK, 0);
}

void approve_open(lua_State *L)
{
	lua_pushcfunction(L, approve);
	lua_setglobal(L, "approve");
}
