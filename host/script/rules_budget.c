/* rules_budget.c - how often: of one run, and of all of them in a window of time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/json.h"
#include "script/call.h"
#include "script/json_lua.h"
#include "script/rules_private.h"

enum { GROUP_MAX = 4096 };

/* ---- names ---- */

bool rules_name_group(struct hearing *h)
{
	struct call *c = h->c;
	const struct operation *op = c->op->op;
	if (c->group || !h->call.changes)
		return true;
	struct buf args = BUF_INIT(JSON_TEXT_MAX), group = BUF_INIT(GROUP_MAX);
	if (op->group) {
		json_write(&args, c->args);
		op->group(c->op->state, buf_bytes(&args), &group);
	}
	c->group = args.err || group.err ? NULL : strdup(buf_cstr(&group));
	buf_clear(&args);
	buf_clear(&group);
	return c->group;
}

/* What budgets count by: without a resource the operation is one, without a group it is its own. */
static const char *counted_resource(const struct hearing *h)
{
	return h->resource[0] ? h->resource : h->call.operation;
}

static const char *counted_group(const struct hearing *h)
{
	return h->c->group && h->c->group[0] ? h->c->group : counted_resource(h);
}

/* ---- calls of one run ---- */

/* What the run began with. -1: any number. */
static int own_limit(const struct run *r, const struct registered_op *op)
{
	for (size_t i = 0; i < r->n_rules; i++)
		if (strcmp(r->rules[i].operation, op->full_name) == 0)
			return r->rules[i].max_calls;
	return op->op->max_calls > 0 ? op->op->max_calls : -1;
}

/* What the configuration says now. -1: nothing. */
static int limit_now(const struct rulebook *b, const char *operation)
{
	for (size_t i = 0; i < b->n_limits; i++)
		if (strcmp(b->limits[i].operation, operation) == 0)
			return b->limits[i].max_calls;
	return -1;
}

/* Of both the stricter. */
static int limit_of(const struct hearing *h)
{
	int limit = own_limit(h->c->run, h->c->op);
	int now = h->r ? limit_now(h->r->book, h->c->op->full_name) : -1;
	return now >= 0 && (limit < 0 || now < limit) ? now : limit;
}

static bool hear_limit(struct hearing *h)
{
	const struct run *r = h->c->run;
	const char *name = h->call.operation;
	int limit = limit_of(h);
	int calls = tally_calls(&r->tally, name, counted_resource(h), NULL);
	return limit < 0 || calls < limit ||
	       ruling_deny(h->out, "calls",
			   "a run may call it %d time%s%s; `[rules] %s = %d` in the configuration "
			   "allows more",
			   limit, limit == 1 ? "" : "s",
			   h->resource[0] && limit > 0 ? " on one resource" : "", name, calls + 1);
}

/* ---- budgets ---- */

static void say_span(char out[32], int64_t ms)
{
	if (ms % 3600000 == 0)
		(void)snprintf(out, 32, "%" PRId64 "h", ms / 3600000);
	else if (ms % 60000 == 0)
		(void)snprintf(out, 32, "%" PRId64 "m", ms / 60000);
	else
		(void)snprintf(out, 32, "%" PRId64 "s", ms / 1000);
}

static int64_t count(const struct hearing *h, const struct policy_budget *b)
{
	const struct tally *t = &h->c->run->tally;
	bool by_group = b->scope == POLICY_GROUP;
	const char *name = by_group ? counted_group(h) : counted_resource(h);
	if (b->scope == POLICY_RUN)
		return tally_calls(t, b->operations, NULL, NULL);
	int64_t n = 0;
	if (h->r)
		n = (int64_t)changes_count(h->r->changes,
					   by_group ? CHANGES_GROUP : CHANGES_RESOURCE, name,
					   b->operations, h->call.now_ms - b->window_ms + 1);
	if (h->c->run->dry_run)
		n += tally_calls(t, b->operations, by_group ? NULL : name, by_group ? name : NULL);
	return n;
}

static bool hear_budget(struct hearing *h, const struct policy_budget *b)
{
	char window[48] = "", span[32];
	if (!glob_match(b->operations, h->call.operation) || count(h, b) < b->calls)
		return true;
	if (b->scope != POLICY_RUN) {
		say_span(span, b->window_ms);
		(void)snprintf(window, sizeof(window), " in %s", span);
	}
	const char *of = b->scope == POLICY_RUN     ? ""
			 : b->scope == POLICY_GROUP ? counted_group(h)
						    : counted_resource(h);
	return ruling_deny(h->out, "budget",
			   "%s: the budget of %d per %s%s is spent%s%s (%s); `budget = %s %d per "
			   "%s%s` there allows more",
			   h->call.operation, b->calls, policy_scope_name(b->scope), window,
			   *of ? " for " : "", of, b->where, b->operations, b->calls + 1,
			   policy_scope_name(b->scope), window);
}

static bool hear_policy_budgets(struct hearing *h, const struct policy *p)
{
	for (size_t i = 0; p && i < p->n_budgets; i++)
		if (!hear_budget(h, &p->budgets[i]))
			return false;
	return true;
}

/* Of the plugin, where the configuration has none of that scope. */
static bool hear_default_budgets(struct hearing *h, const struct policy *config)
{
	char operations[128], where[] = "a default; [policy] of the configuration";
	(void)snprintf(operations, sizeof(operations), "%s", h->call.operation);
	for (const struct op_budget *d = h->c->op->op->budgets; d && d->calls; d++) {
		const struct policy_budget b = {
			.operations = operations,
			.scope = d->of == BUDGET_GROUP ? POLICY_GROUP : POLICY_RESOURCE,
			.calls = d->calls,
			.window_ms = d->window_ms,
			.where = where,
		};
		if (config && policy_has_budget(config, operations, b.scope))
			continue;
		if (!hear_budget(h, &b))
			return false;
	}
	return true;
}

bool rules_hear_budgets(struct hearing *h)
{
	const struct policy *config = h->r ? h->r->book->policy : NULL;
	if (!hear_limit(h))
		return false;
	if (!h->call.changes)
		return true;
	return hear_default_budgets(h, config) && hear_policy_budgets(h, config) &&
	       hear_policy_budgets(h, h->c->run->tally.header);
}

/* ---- counting ---- */

bool rules_count_run(struct hearing *h)
{
	const char *group = h->call.changes ? counted_group(h) : "";
	return tally_count(&h->c->run->tally, h->c->op, counted_resource(h), group) == 0;
}

bool rules_count(struct hearing *h)
{
	struct call *c = h->c;
	const char *group = h->call.changes ? counted_group(h) : "";
	if (!rules_count_run(h))
		return false;
	if (!h->r || !h->call.changes || c->run->dry_run)
		return true;
	const struct changes_intent intent = {
		.operation = h->call.operation,
		.resource = counted_resource(h),
		.group = group,
		.run = c->run->facts.id,
		.path = c->path,
		.at_ms = h->call.now_ms,
	};
	c->counted = changes_add(h->r->changes, &intent, c->op->op->flags & OP_SHARED, NULL) == 0;
	return c->counted;
}

void rules_call_ended(const struct call *c)
{
	if (!c->counted || !c->runs || c->end.outcome == CALL_UNKNOWN)
		return;
	if (c->intent == 0)
		changes_withdraw(c->runs->rules->changes, c->run->facts.id, c->path);
	else
		changes_settle(c->runs->rules->changes, c->run->facts.id, c->path);
}
