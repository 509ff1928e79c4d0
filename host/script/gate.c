#include "script/gate.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "commit/commit.h"
#include "script/approve.h"
#include "script/call_again.h"
#include "script/check.h"
#include "script/error_object.h"
#include "script/json_lua.h"
#include "script/record.h"
#include "script/rules.h"
#include "script/steps.h"

void gate_open(lua_State *L)
{
	error_object_open(L);
}

/* ---- the answer ---- */

static int raise(lua_State *L, const struct call *c)
{
	error_object_push(L, c);
	return lua_error(L);
}

/* The answer and, where there is one, the token; or the error. */
static int deliver(lua_State *L, struct call *c)
{
	const struct member answer = { .type = MEMBER_OBJECT, .members = c->op->op->answer };
	int n = 1;
	INVARIANT(call_ended(c));
	if (c->end.code)
		return raise(L, c);
	rules_answered(c);
	json_push(L, c->end.answer, &answer);
	if (c->token[0]) {
		lua_pushstring(L, c->token);
		n++;
	}
	branch_of(L)->call = NULL;
	call_free(c);
	return n;
}

static int delivered(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return deliver(L, branch_of(L)->call);
}

static int refuse(lua_State *L, struct call *c, enum call_outcome outcome, const char *code,
		  const char *message)
{
	call_settle_unsent(c, outcome, code, message);
	return raise(L, c);
}

static int no_memory(lua_State *L, const struct call *c)
{
	return luaL_error(L, "%s: not enough memory", c->op->full_name);
}

static int deny(lua_State *L, struct call *c, const struct ruling *v)
{
	if (!rules_note_denied(c, v->rule))
		return no_memory(L, c);
	return refuse(L, c, CALL_REFUSED, POLICY_DENIED, v->message);
}

/* ---- the arguments ---- */

static cJSON *take_arguments(lua_State *L, const struct registered_op *op, struct err *err)
{
	const struct member whole = { .type = MEMBER_OBJECT, .members = op->op->members };
	if (lua_isnoneornil(L, 1))
		return cJSON_CreateObject();
	if (lua_type(L, 1) != LUA_TTABLE) {
		(void)err_set(err, ERR_INVALID, "takes one table, got a %s", luaL_typename(L, 1));
		return NULL;
	}
	cJSON *args = json_take(L, 1, &whole, "arguments", err);
	if (!args || cJSON_IsObject(args))
		return args;
	cJSON_Delete(args);
	(void)err_set(err, ERR_INVALID, "takes a table with names, got a list");
	return NULL;
}

/* ---- the token ---- */

/* Take the script's token, or put ours into the arguments. False: no memory. */
static bool set_token(struct call *c)
{
	char made[UUID_SIZE];
	call_find_token(c);
	if (!c->token_name || json_get(c->args, c->token_name))
		return true;
	call_make_token(made, &c->run->facts, c->path, 0);
	if (!cJSON_AddStringToObject(c->args, c->token_name, made) || !call_write_args(c))
		return false;
	call_find_token(c);
	return true;
}

/* Of a step that is recorded: its newest beginning may have had another. */
static bool set_recorded_token(struct call *c, const struct journal_step *s)
{
	return set_token(c) && (!s->token || call_use_token(c, s->token));
}

/* ---- the road ---- */

static int audit_unavailable(lua_State *L, struct call *c, const struct err *err)
{
	call_settle_unrecorded(c, "AuditUnavailable", err->message);
	return raise(L, c);
}

static int dry_run(lua_State *L, struct call *c)
{
	c->end.answer = cJSON_CreateObject();
	if (!c->end.answer || !cJSON_AddTrueToObject(c->end.answer, "dryRun"))
		return no_memory(L, c);
	call_settle_unsent(c, CALL_DRY_RUN, NULL, NULL);
	return deliver(L, c);
}

static int approved(lua_State *L, int status, lua_KContext ctx);

/* What they see of the call. Strings may be NULL when memory is out: the approval says less then. */
static void write_details(struct buf *out, const struct call *c, const struct ruling *v,
			  const char *people)
{
	cJSON *args = record_redacted(c->args, c->op->op->members, c->runs->committer);
	buf_adds(out, "{\"operation\":");
	json_write_string(out, bytes_str(c->op->full_name));
	buf_adds(out, ",\"args\":");
	json_write(out, args);
	buf_adds(out, ",\"why\":");
	json_write_string(out, bytes_str(v->message));
	buf_adds(out, ",\"people\":");
	json_write_string(out, bytes_str(people));
	buf_adds(out, "}");
	cJSON_Delete(args);
}

static int refuse_unapprovable(lua_State *L, struct call *c, const struct ruling *v,
			       const char *people)
{
	struct ruling denied = { .kind = RULING_DENY };
	(void)snprintf(denied.rule, sizeof(denied.rule), "%s", v->rule);
	(void)snprintf(denied.message, sizeof(denied.message),
		       "it needs an approval that nobody can give: %d people have to approve it, "
		       "and [approvals] people are %s (%.900s)",
		       v->needed, people, v->message);
	return deny(L, c, &denied);
}

/* It may be made once people have approved it: that is a step of its own, before the call's. */
static int ask_people(lua_State *L, struct branch *b, struct call *c, const struct ruling *v)
{
	struct buf *details = state_push_buf(L, JSON_TEXT_MAX);
	const char *people = v->people[0] ? v->people : approve_default_people(c->runs);
	if (*people && rules_count_people(people) < v->needed)
		return refuse_unapprovable(L, c, v, people);
	write_details(details, c, v, people);
	return approve_begin(
	    L, b,
	    &(struct approve_ask){
		.operation = c->op->full_name,
		.hash = c->hash,
		.subject = v->subject,
		.details = details->err ? "{}" : buf_cstr(details),
		.needed = v->needed,
		.expires_ms = v->within_ms > 0 ? clock_wall_ms() + v->within_ms : INT64_MAX,
	    },
	    approved);
}

/* Nothing of it is recorded: it is judged, and made. */
static int go_on(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	struct call *c = b->call;
	struct run *r = b->run;
	struct err err = { 0 };
	(void)status, (void)ctx;

	if (call_changes(c) && commit_failed(r->runs->committer, &err))
		return audit_unavailable(L, c, &err);
	if (c->malformed)
		return refuse(L, c, CALL_INVALID, "InvalidArgument", c->malformed);
	if (check_members(c->args, c->op->op->members, &err) < 0)
		return refuse(L, c, CALL_INVALID, "InvalidArgument", err.message);
	if (!set_token(c))
		return no_memory(L, c);
	struct ruling ruling;
	rules_judge(&ruling, c, c->approved ? RULES_APPROVED : RULES_CALL);
	if (ruling.kind == RULING_APPROVAL)
		return ask_people(L, b, c, &ruling);
	if (ruling.kind != RULING_ALLOW)
		return deny(L, c, &ruling);
	if (r->dry_run && call_changes(c))
		return dry_run(L, c);
	call_start(c, branch_ticket(b));
	return branch_wait(L, b, WAIT_CALL, delivered);
}

/* ---- replay ---- */

/* It has ended as the journal says; nothing is judged again. */
static int replay(lua_State *L, struct call *c, const struct journal_step *s)
{
	bool admitted = strcmp(s->outcome, call_outcome_name(CALL_INVALID)) != 0 &&
			strcmp(s->outcome, call_outcome_name(CALL_REFUSED)) != 0;
	if (strcmp(s->outcome, call_outcome_name(CALL_INVALID)) != 0 && !set_recorded_token(c, s))
		return no_memory(L, c);
	if (admitted)
		rules_replayed(c);
	if (!call_replay(c, s))
		return run_stop(
		    L, RUN_FAILED,
		    "the journal holds more than %d MiB of answers: that of step %s was "
		    "not kept",
		    RUN_ANSWERS_MAX >> 20, c->path);
	return deliver(L, c);
}

static int replayed(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	(void)status, (void)ctx;
	return replay(L, b->call, b->wait.recorded);
}

/* It was begun by a process that died, and nobody has found out how it ended. */
static int orphaned(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	struct call *c = b->call;
	(void)status, (void)ctx;
	if (!set_recorded_token(c, b->wait.recorded))
		return no_memory(L, c);
	rules_replayed(c);
	call_settle_orphaned(c, b->wait.recorded);
	return raise(L, c);
}

/* ---- the beginning of the road ---- */

static bool was_approval(const struct branch *b)
{
	const struct journal *j = b->run->journal;
	const struct journal_step *s = j ? journal_find(j, b->path) : NULL;
	return s && s->kind == STEP_APPROVAL && s->operation;
}

static int ask(lua_State *L, struct branch *b, struct call *c)
{
	const char *name = c->op->full_name;
	if (was_approval(b))
		return approve_again(L, b, step_find(L, b, STEP_APPROVAL, name, c->hash), approved);
	struct journal_step *s = step_find(L, b, STEP_CALL, name, c->hash);
	bool waits = run_replays(b->run);
	if (s && s->outcome)
		return journal_waited(s) ? step_replay(L, b, s, replayed) : replay(L, c, s);
	b->wait.recorded = s;
	if (waits)
		return branch_wait(L, b, WAIT_TURN, s ? orphaned : go_on);
	return s ? orphaned(L, LUA_OK, 0) : go_on(L, LUA_OK, 0);
}

/* The call itself is the step behind its approval. */
static int approved(lua_State *L, int status, lua_KContext ctx)
{
	struct branch *b = branch_of(L);
	struct call *c = b->call;
	(void)status, (void)ctx;
	(void)approve_result(L, b, c->op->full_name);
	c->approved = true;
	step_number(L, b);
	(void)snprintf(c->path, sizeof(c->path), "%s", b->path);
	return ask(L, b, c);
}

static struct call *new_call(lua_State *L, struct branch *b, const struct registered_op *op)
{
	struct err err = { 0 };
	cJSON *args = take_arguments(L, op, &err);
	call_free(b->call); /* raised, and kept until now */
	b->call = NULL;
	bool malformed = !args;
	struct call *c = call_new(b, op, args ? args : cJSON_CreateObject());
	if (!c) {
		(void)luaL_error(L, "%s: not enough memory", op->full_name);
		return NULL; /* not reached */
	}
	b->call = c; /* owned by the branch from here, whatever Lua raises */
	if (malformed)
		c->malformed = strdup(err.message);
	if (!c->args || (malformed && !c->malformed) || !call_write_args(c))
		(void)no_memory(L, c);
	return c;
}

/* Upvalue 1 of the function. */
struct slot {
	const struct registered_op *op;
};

static int gate_call(lua_State *L)
{
	const struct slot *slot = lua_touserdata(L, lua_upvalueindex(1));
	struct branch *b = branch_of(L);
	state_check_wait(L, slot->op->full_name);
	lua_settop(L, 1);
	step_number(L, b);
	return ask(L, b, new_call(L, b, slot->op));
}

/* ---- namespaces ---- */

/* `sfn.describe_maprun` is most likely a slip: say so instead of "attempt to call a nil value". */
static int missing_operation(lua_State *L)
{
	const char *ns = lua_tostring(L, lua_upvalueindex(1));
	const char *name = luaL_tolstring(L, 2, NULL), *close = NULL;
	const struct registry *reg = run_of(L)->runs->registry;
	for (size_t i = 0; i < registry_n_operations(reg) && !close; i++) {
		const struct registered_op *op = registry_operation(reg, i);
		const struct member row[] = { { .name = op->op->name }, { 0 } };
		if (strcmp(op->ns, ns) == 0)
			close = check_suggest(name, row);
	}
	if (close)
		return luaL_error(L, "there is no operation %s.%s: did you mean %s.%s?", ns, name,
				  ns, close);
	return luaL_error(L, "there is no operation %s.%s (`runbook ops` lists them)", ns, name);
}

static int read_only(lua_State *L)
{
	return luaL_error(L, "the operations of a plugin cannot be changed");
}

/* Push a table of the namespace's functions. */
static void push_operations(lua_State *L, const struct registry *reg, const char *ns)
{
	lua_newtable(L);
	for (size_t i = 0; i < registry_n_operations(reg); i++) {
		const struct registered_op *op = registry_operation(reg, i);
		if (strcmp(op->ns, ns) != 0)
			continue;
		struct slot *slot = lua_newuserdatauv(L, sizeof(*slot), 0);
		slot->op = op;
		lua_pushcclosure(L, gate_call, 1);
		lua_setfield(L, -2, op->op->name);
	}
	lua_createtable(L, 0, 1);
	lua_pushstring(L, ns);
	lua_pushcclosure(L, missing_operation, 1);
	lua_setfield(L, -2, "__index");
	(void)lua_setmetatable(L, -2);
}

/* An empty table in front of the functions, so that none can be replaced. */
bool gate_push_namespace(lua_State *L, struct run *r, const char *ns)
{
	if (!registry_has_namespace(r->runs->registry, ns))
		return false;
	lua_newtable(L);
	lua_createtable(L, 0, 3);
	push_operations(L, r->runs->registry, ns);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, read_only);
	lua_setfield(L, -2, "__newindex");
	lua_pushliteral(L, "operations");
	lua_setfield(L, -2, "__metatable");
	(void)lua_setmetatable(L, -2);
	return true;
}
