#include "script/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

/* ---- life ---- */

int policy_new(struct policy **out, const char *prefix, const char *file, struct err *err)
{
	struct policy *p = calloc(1, sizeof(*p));
	if (p)
		*p = (struct policy){ .prefix = prefix, .file = strdup(file) };
	if (!p || !p->file) {
		free(p);
		return err_set(err, ERR_NOMEM, "no memory for a policy");
	}
	*out = p;
	return 0;
}

static void clear_pattern(struct policy_pattern *e)
{
	free(e->operation);
	free(e->resource);
	free(e->where);
}

static void free_patterns(struct policy_pattern *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		clear_pattern(&list[i]);
	free(list);
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	free_patterns(p->allow, p->n_allow);
	free_patterns(p->deny, p->n_deny);
	for (size_t i = 0; i < p->n_freeze; i++) {
		freeze_free(p->freeze[i].freeze);
		free(p->freeze[i].where);
	}
	for (size_t i = 0; i < p->n_budgets; i++) {
		free(p->budgets[i].operations);
		free(p->budgets[i].where);
	}
	for (size_t i = 0; i < p->n_approvals; i++) {
		clear_pattern(&p->approvals[i].of);
		free(p->approvals[i].people);
	}
	free(p->freeze);
	free(p->budgets);
	free(p->approvals);
	free(p->key);
	free(p->file);
	free(p);
}

const char *policy_scope_name(enum policy_scope s)
{
	switch (s) {
	case POLICY_RUN:
		return "run";
	case POLICY_RESOURCE:
		return "resource";
	case POLICY_GROUP:
		return "group";
	}
	return "run";
}

/* ---- judging ---- */

static bool matches(const struct policy_pattern *e, const struct policy_call *c)
{
	return glob_match(e->operation, c->operation) &&
	       (!e->resource || glob_match(e->resource, c->resource));
}

static const struct policy_pattern *first_match(const struct policy_pattern *list, size_t n,
						const struct policy_call *c)
{
	for (size_t i = 0; i < n; i++)
		if (matches(&list[i], c))
			return &list[i];
	return NULL;
}

static void say_call(struct buf *why, const struct policy_call *c)
{
	buf_addf(why, "%s%s%s", c->operation, c->resource[0] ? " on " : "", c->resource);
}

static void say_pattern(struct buf *why, const struct policy_pattern *e)
{
	buf_addf(why, "'%s%s%s' (%s)", e->operation, e->resource ? " " : "",
		 e->resource ? e->resource : "", e->where);
}

bool policy_forbids(const struct policy *p, const struct policy_call *c, const char **rule,
		    struct buf *why)
{
	const struct policy_pattern *no = first_match(p->deny, p->n_deny, c);
	if (no) {
		*rule = "deny";
		say_call(why, c);
		buf_adds(why, " is denied by ");
		say_pattern(why, no);
		return true;
	}
	if (p->n_allow > 0 && !first_match(p->allow, p->n_allow, c)) {
		*rule = "allow";
		say_call(why, c);
		buf_addf(why, " is in no allow (%s): an entry '%s%s%s' would allow it",
			 p->allow[0].where, c->operation, c->resource[0] ? " " : "", c->resource);
		return true;
	}
	for (size_t i = 0; c->changes && i < p->n_freeze; i++) {
		if (!freeze_at(p->freeze[i].freeze, c->now_ms))
			continue;
		*rule = "freeze";
		buf_addf(why,
			 "nothing is changed in the window '%s' (%s): it is possible again when "
			 "that is over",
			 freeze_text(p->freeze[i].freeze), p->freeze[i].where);
		return true;
	}
	return false;
}

const struct policy_approval *policy_approval(const struct policy *p, const struct policy_call *c)
{
	for (size_t i = 0; c->changes && i < p->n_approvals; i++)
		if (matches(&p->approvals[i].of, c))
			return &p->approvals[i];
	return NULL;
}

bool policy_has_budget(const struct policy *p, const char *operation, enum policy_scope scope)
{
	for (size_t i = 0; i < p->n_budgets; i++)
		if (p->budgets[i].scope == scope && glob_match(p->budgets[i].operations, operation))
			return true;
	return false;
}

/* ---- the key ---- */

int policy_write_key(const struct policy *p, const cJSON *input, struct buf *out, struct err *err)
{
	static const char member[] = "{input."; /* policy_read.c has seen that each one ends */
	const char *at = p->key ? p->key : "";
	while (*at) {
		char name[POLICY_MEMBER_MAX + 1];
		if (*at != '{') {
			buf_add(out, at++, 1);
			continue;
		}
		at += sizeof(member) - 1;
		const char *end = at + strcspn(at, "}");
		(void)snprintf(name, sizeof(name), "%.*s", (int)(end - at), at);
		const cJSON *v = json_get(input, name);
		if (!v || cJSON_IsNull(v))
			return err_set(err, ERR_INVALID,
				       "%s: %skey = %s: the run's input has no '%s'", p->file,
				       p->prefix, p->key, name);
		if (cJSON_IsString(v))
			buf_adds(out, v->valuestring);
		else
			json_write(out, v);
		at = end + 1;
	}
	return out->err ? err_set(err, ERR_LIMIT, "%s: %skey is too long", p->file, p->prefix) : 0;
}
