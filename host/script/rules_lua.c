/* rules_lua.c - the operator's own rule: the function judge of the policy file. Fails closed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "script/call.h"
#include "script/functions.h"
#include "script/json_lua.h"
#include "script/rules_private.h"

enum { WITHIN_MS = 24 * 3600 * 1000, PEOPLE_MAX = 16 };

/* ---- what it is told ---- */

static void add(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "%s\"%s\":", out->p[out->n - 1] == '{' ? "" : ",", name);
	json_write_string(out, bytes_str(text));
}

static void write_call(const struct hearing *h, struct buf *out)
{
	const struct run *r = h->c->run;
	buf_adds(out, "{");
	add(out, "operation", h->call.operation);
	add(out, "resource", h->resource);
	add(out, "group", h->c->group ? h->c->group : "");
	buf_adds(out, ",\"args\":");
	json_write(out, h->c->args);
	buf_adds(out, ",\"run\":{");
	add(out, "id", r->facts.id);
	add(out, "path", r->facts.path);
	if (r->facts.reason)
		add(out, "reason", r->facts.reason);
	buf_addf(out, ",\"attempt\":%d,\"dryRun\":%s,\"actor\":%s}}", r->facts.attempt,
		 r->dry_run ? "true" : "false", r->facts.actor ? r->facts.actor : "{}");
}

/* ---- what it says ---- */

static bool not_understood(struct hearing *h, const char *what)
{
	return ruling_deny(
	    h->out, "judge",
	    "the policy's judge returned %s: expected nil, true, false, a text or "
	    "{ approval = { n = 1, of = {\"ann\"}, within = seconds, subject = \"\" } "
	    "}",
	    what);
}

/* A list of names without blanks, into out parted by blanks. How many; -1: it is something else. */
static int take_people(char *out, size_t size, const cJSON *list)
{
	size_t n = 0;
	int count = 0;
	out[0] = '\0';
	if (!list)
		return 0;
	if (!cJSON_IsArray(list))
		return -1;
	for (const cJSON *v = list->child; v; v = v->next) {
		if (!cJSON_IsString(v) || !*v->valuestring || strpbrk(v->valuestring, " \t\n") ||
		    n + strlen(v->valuestring) + 2 > size ||
		    rules_may_vote(out, v->valuestring) != !*out)
			return -1;
		n += (size_t)snprintf(out + n, size - n, "%s%s", n ? " " : "", v->valuestring);
		count++;
	}
	return count;
}

static bool has_only(const cJSON *obj, const char *const *names)
{
	for (const cJSON *v = obj->child; v; v = v->next) {
		const char *const *n = names;
		while (*n && strcmp(*n, v->string) != 0)
			n++;
		if (!*n)
			return false;
	}
	return true;
}

static bool take_approval(struct hearing *h, const cJSON *a)
{
	static const char *const names[] = { "n", "of", "within", "subject", NULL };
	struct ruling wanted = { .needed = 1, .within_ms = WITHIN_MS };
	const cJSON *within = json_get(a, "within"), *subject = json_get(a, "subject");
	int64_t n = json_get_int(a, "n", json_get(a, "n") ? -1 : 1);
	int people = take_people(wanted.people, sizeof(wanted.people), json_get(a, "of"));
	if (!cJSON_IsObject(a) || !has_only(a, names) || n < 1 || n > PEOPLE_MAX || people < 0 ||
	    (people > 0 && people < n) || (subject && !cJSON_IsString(subject)) ||
	    (within && (!cJSON_IsNumber(within) || !(within->valuedouble >= 1) ||
			within->valuedouble > 366 * 86400.0)))
		return not_understood(h, "an approval that is not well formed");
	wanted.needed = (int)n;
	if (within)
		wanted.within_ms = llround(within->valuedouble * 1000);
	(void)snprintf(wanted.message, sizeof(wanted.message),
		       "it needs the approval of %d of %s (the policy's judge)", wanted.needed,
		       people > 0 ? wanted.people : "those who may");
	(void)snprintf(wanted.subject, sizeof(wanted.subject), "%s",
		       subject ? subject->valuestring : h->call.operation);
	return ruling_want(h->out, &wanted);
}

static bool take_answer(struct hearing *h, const cJSON *v)
{
	static const char *const names[] = { "approval", NULL };
	if (cJSON_IsNull(v) || cJSON_IsTrue(v))
		return true;
	if (cJSON_IsFalse(v) || (cJSON_IsString(v) && !*v->valuestring))
		return ruling_deny(h->out, "judge", "the policy's judge says no");
	if (cJSON_IsString(v))
		return ruling_deny(h->out, "judge", "%s", v->valuestring);
	if (cJSON_IsObject(v) && v->child && has_only(v, names))
		return take_approval(h, v->child);
	return not_understood(h, cJSON_IsObject(v)   ? "a table"
				 : cJSON_IsArray(v)  ? "a list"
				 : cJSON_IsNumber(v) ? "a number"
						     : "something else");
}

bool rules_hear_lua(struct hearing *h)
{
	struct buf call = BUF_INIT(JSON_TEXT_MAX), last = BUF_INIT(JSON_TEXT_MAX);
	struct buf answer = BUF_INIT(1 << 16);
	struct err err = { 0 };
	if (!h->r->book->judge)
		return true;
	write_call(h, &call);
	tally_write_answers(&h->c->run->tally, &last);
	int rc = call.err || last.err ? err_set(&err, ERR_LIMIT, "too much to judge")
				      : functions_call(h->r->book->judge, "judge", buf_bytes(&call),
						       buf_bytes(&last), &answer, &err);
	cJSON *v = rc == 0 ? json_parse(buf_bytes(&answer), &err) : NULL;
	bool ok = v ? take_answer(h, v)
		    : ruling_deny(h->out, "judge", "the policy's judge failed: %s%s%s", err.name,
				  err.name[0] ? ": " : "",
				  err.message[0] ? err.message : "it raised no text");
	cJSON_Delete(v);
	buf_clear(&call);
	buf_clear(&last);
	buf_clear(&answer);
	return ok;
}
