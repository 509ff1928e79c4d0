/* rules_judge.c - a call before the rules: which are asked when, and what they say together. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "script/call.h"
#include "script/rules_private.h"

enum { WHY_MAX = 8192 };

/* ---- rulings ---- */

bool ruling_deny(struct ruling *out, const char *rule, const char *fmt, ...)
{
	struct ruling denied = { .kind = RULING_DENY };
	va_list ap;
	(void)snprintf(denied.rule, sizeof(denied.rule), "%s", rule);
	va_start(ap, fmt);
	(void)vsnprintf(denied.message, sizeof(denied.message), fmt, ap);
	va_end(ap);
	*out = denied; /* not before: the text may be made of what it said */
	return false;
}

/* The next name of a list parted by blanks, or false. */
static bool next_name(const char **list, struct bytes *out)
{
	*list += strspn(*list, " ");
	*out = (struct bytes){ *list, strcspn(*list, " ") };
	*list += out->n;
	return out->n > 0;
}

bool rules_may_vote(const char *people, const char *voter)
{
	struct bytes name;
	if (!*people)
		return true;
	while (next_name(&people, &name))
		if (bytes_eq(name, bytes_str(voter)))
			return true;
	return false;
}

int rules_count_people(const char *people)
{
	struct bytes name;
	int n = 0;
	while (next_name(&people, &name))
		n++;
	return n;
}

/* Those who are in both lists. Returns how many. */
static int keep_common(char people[1024], const char *others)
{
	char kept[1024] = "", name[1024];
	const char *list = people;
	struct bytes word;
	size_t n = 0;
	int count = 0;
	while (next_name(&list, &word)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)word.n, word.p);
		if (!rules_may_vote(others, name))
			continue;
		n += (size_t)snprintf(kept + n, sizeof(kept) - n, "%s%s", n ? " " : "", name);
		count++;
	}
	memcpy(people, kept, sizeof(kept));
	return count;
}

bool ruling_want(struct ruling *out, const struct ruling *wanted)
{
	if (out->kind != RULING_APPROVAL) {
		*out = *wanted;
		out->kind = RULING_APPROVAL;
		(void)snprintf(out->rule, sizeof(out->rule), "approval");
		return true;
	}
	if (wanted->needed > out->needed)
		out->needed = wanted->needed;
	if (wanted->within_ms < out->within_ms)
		out->within_ms = wanted->within_ms;
	if (!*wanted->people)
		return true;
	if (!*out->people)
		memcpy(out->people, wanted->people, sizeof(out->people));
	else if (keep_common(out->people, wanted->people) < out->needed)
		return ruling_deny(out, "approval",
				   "it needs an approval that nobody can give: no %d people are on "
				   "both lists of those who may (%.300s; %.300s)",
				   out->needed, out->message, wanted->message);
	return true;
}

/* ---- the rules that need no more than the call ---- */

static bool hear_policy(struct hearing *h, const struct policy *p)
{
	struct buf why = BUF_INIT(WHY_MAX);
	const char *rule = "";
	bool forbidden = p && policy_forbids(p, &h->call, &rule, &why);
	if (forbidden)
		(void)ruling_deny(h->out, rule, "%s", buf_cstr(&why));
	buf_clear(&why);
	return !forbidden;
}

static bool hear_unsettled(struct hearing *h)
{
	const struct call *c = h->c;
	if (!h->call.changes || !h->resource[0] || c->op->op->flags & OP_SHARED)
		return true;
	const struct changes_intent *other =
	    changes_unsettled(h->r->changes, h->resource, c->run->facts.id);
	return !other ||
	       ruling_deny(h->out, "unsettled",
			   "%s of run %s (step %s) on %s is not settled: it is under way, "
			   "or its end is unknown; it can be made when that is known",
			   other->operation, other->run, other->path, other->resource);
}

static bool want_approval(struct hearing *h, const struct policy *p)
{
	const struct policy_approval *a = p ? policy_approval(p, &h->call) : NULL;
	if (!a)
		return true;
	struct ruling wanted = { .needed = a->needed, .within_ms = a->within_ms };
	(void)snprintf(wanted.people, sizeof(wanted.people), "%s", a->people);
	(void)snprintf(wanted.message, sizeof(wanted.message),
		       "it needs the approval of %d of %s (%s)", a->needed,
		       a->people[0] ? a->people : "those who may", a->of.where);
	(void)snprintf(wanted.subject, sizeof(wanted.subject), "%s%s%s", h->call.operation,
		       h->resource[0] ? " on " : "", h->resource);
	return ruling_want(h->out, &wanted);
}

/* ---- the hearing ---- */

static bool hear_always(struct hearing *h)
{
	const struct policy *config = h->r ? h->r->book->policy : NULL;
	if (h->r && h->call.changes && !rules_hear_hold(h))
		return false;
	return hear_policy(h, config) && hear_policy(h, h->c->run->tally.header);
}

/* Approval is asked for last: nobody shall be asked in vain. */
static bool hear_call(struct hearing *h)
{
	if (h->r && !hear_unsettled(h))
		return false;
	if (!rules_hear_budgets(h))
		return false;
	if (!h->call.changes)
		return true;
	if (h->r && (!want_approval(h, h->r->book->policy) || !rules_hear_lua(h)))
		return false;
	return want_approval(h, h->c->run->tally.header);
}

static struct hearing hearing_of(struct call *c, enum rules_stage stage, struct ruling *out)
{
	const char *resource =
	    c->op->op->resource ? json_get_str(c->args, c->op->op->resource) : NULL;
	struct hearing h = { .r = c->runs->rules,
			     .c = c,
			     .stage = stage,
			     .resource = resource ? resource : "",
			     .out = out };
	h.call =
	    (struct policy_call){ c->op->full_name, h.resource, call_changes(c), clock_wall_ms() };
	return h;
}

void rules_replayed(struct call *c)
{
	struct ruling ignored = { 0 };
	struct hearing h = hearing_of(c, RULES_CALL, &ignored);
	if (rules_name_group(&h))
		(void)rules_count_run(&h);
}

void rules_judge(struct ruling *out, struct call *c, enum rules_stage stage)
{
	struct hearing h = hearing_of(c, stage, out);
	*out = (struct ruling){ .kind = RULING_ALLOW };
	if (!hear_always(&h) || stage == RULES_RESEND || stage == RULES_ATTEMPT)
		return;
	if (!rules_name_group(&h)) {
		(void)ruling_deny(out, "budget", "no memory to judge the call");
		return;
	}
	if (!hear_call(&h))
		return;
	/* A rehearsal asks nobody. */
	if (out->kind == RULING_APPROVAL && (stage == RULES_APPROVED || c->run->dry_run))
		*out = (struct ruling){ .kind = RULING_ALLOW };
	if (out->kind == RULING_ALLOW && !rules_count(&h))
		(void)ruling_deny(out, "budget", "no memory to count the call");
}

bool rules_note_denied(struct call *c, const char *rule)
{
	cJSON **const places[] = { &c->end.extra, &c->end.context };
	for (size_t i = 0; i < 2; i++) {
		if (!*places[i])
			*places[i] = cJSON_CreateObject();
		if (!*places[i] || !cJSON_AddStringToObject(*places[i], "rule", rule))
			return false;
	}
	return true;
}

void rules_answered(const struct call *c)
{
	if (c->runs->rules && c->runs->rules->book->judge && !call_changes(c))
		tally_answered(&c->run->tally, c->op, c->end.answer);
}
