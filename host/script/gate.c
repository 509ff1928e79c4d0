#include "script/gate.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "commit/commit.h"
#include "script/call.h"
#include "script/check.h"
#include "script/error_object.h"
#include "script/json_lua.h"
#include "script/rules.h"

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
static int deliver(lua_State *L)
{
	struct run *r = run_of(L);
	struct call *c = r->call;
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
	r->call = NULL;
	call_free(c);
	return n;
}

static int delivered(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return deliver(L);
}

static int refuse(lua_State *L, struct call *c, enum call_outcome outcome, const char *code,
		  const char *message)
{
	call_settle_unsent(c, outcome, code, message);
	return raise(L, c);
}

static int deny(lua_State *L, struct call *c, const struct ruling *v)
{
	if (!rules_note_denied(c, v->rule))
		return luaL_error(L, "%s: not enough memory", c->op->full_name);
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

static const struct member *token_member(const struct operation *op)
{
	for (const struct member *m = op->members; m && m->name; m++)
		if (m->flags & MEMBER_TOKEN)
			return m;
	return NULL;
}

/* A hash of run, attempt and step: the same call of the same attempt has the same token for ever,
 * another has another. */
static void make_token(const struct call *c, char out[UUID_SIZE])
{
	char text[256];
	uint8_t hash[SHA256_LEN];
	const struct run_facts *f = &c->run->facts;
	int n = snprintf(text, sizeof(text), "token/%s/%d/%u", f->id, f->attempt, c->step);
	INVARIANT(n > 0 && (size_t)n < sizeof(text));
	INVARIANT(sha256(hash, (struct bytes){ text, (size_t)n }) == 0);
	uuid_format(out, hash, 8);
}

/* Take the script's token, or put ours into the arguments. False: no memory. */
static bool set_token(struct call *c)
{
	const struct member *m = token_member(c->op->op);
	if (!m)
		return true;
	char made[UUID_SIZE];
	if (!json_get(c->args, m->name)) {
		make_token(c, made);
		if (!cJSON_AddStringToObject(c->args, m->name, made))
			return false;
	}
	c->token_name = m->name;
	c->token = json_get_str(c->args, m->name);
	return true;
}

/* ---- the road ---- */

static struct call *new_call(lua_State *L, struct run *r, const struct registered_op *op,
			     cJSON *args)
{
	call_free(r->call); /* raised, and kept until now */
	r->call = NULL;
	struct call *c = call_new(r, op, ++r->steps, args ? args : cJSON_CreateObject());
	if (!c)
		(void)luaL_error(L, "%s: not enough memory", op->full_name);
	r->call = c; /* owned by the run from here, whatever Lua raises */
	return c;
}

static int audit_unavailable(lua_State *L, struct call *c, const struct err *err)
{
	call_settle_unrecorded(c, "AuditUnavailable", err->message);
	return raise(L, c);
}

static int dry_run(lua_State *L, struct call *c)
{
	c->end.answer = cJSON_CreateObject();
	if (!c->end.answer || !cJSON_AddTrueToObject(c->end.answer, "dryRun"))
		return luaL_error(L, "%s: not enough memory", c->op->full_name);
	call_settle_unsent(c, CALL_DRY_RUN, NULL, NULL);
	return deliver(L);
}

/* Upvalue 1 of the function. */
struct slot {
	const struct registered_op *op;
};

static int gate_call(lua_State *L)
{
	const struct slot *slot = lua_touserdata(L, lua_upvalueindex(1));
	const struct registered_op *op = slot->op;
	struct run *r = run_of(L);
	struct err err = { 0 };

	state_check_wait(L, op->full_name);
	state_spend_step(L);
	lua_settop(L, 1);
	cJSON *args = take_arguments(L, op, &err);
	bool taken = args != NULL;
	struct call *c = new_call(L, r, op, args);

	struct err why;
	if (commit_failed(r->runs->committer, &why))
		return audit_unavailable(L, c, &why);
	if (taken && check_members(c->args, op->op->members, &err) < 0)
		taken = false;
	if (!taken)
		return refuse(L, c, CALL_INVALID, "InvalidArgument", err.message);
	if (!set_token(c))
		return luaL_error(L, "%s: not enough memory", op->full_name);
	struct ruling ruling;
	rules_judge(&ruling, c, RULES_CALL);
	if (ruling.kind != RULING_ALLOW) /* approval cannot be given yet */
		return deny(L, c, &ruling);
	if (r->dry_run && call_changes(c))
		return dry_run(L, c);
	call_start(c, run_ticket(r));
	return state_wait(L, 0, delivered);
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
