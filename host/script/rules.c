#include "script/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "commit/commit.h"
#include "script/call.h"
#include "script/hold.h"

enum { MEMBERS_MAX = 8192 };

struct rules {
	char *state_dir;
	struct committer *committer;
	bool held; /* as last seen */
};

int rules_new(struct rules **out, const struct rules_spec *spec, struct err *err)
{
	struct rules *r = calloc(1, sizeof(*r));
	char *dir = strdup(spec->state_dir);
	if (!r || !dir) {
		free(r);
		free(dir);
		return err_set(err, ERR_NOMEM, "no memory for the rules");
	}
	*r = (struct rules){ .state_dir = dir, .committer = spec->committer };
	*out = r;
	return 0;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	free(r->state_dir);
	free(r);
}

static void deny(struct ruling *v, const char *rule, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void deny(struct ruling *v, const char *rule, const char *fmt, ...)
{
	va_list ap;
	v->kind = RULING_DENY;
	(void)snprintf(v->rule, sizeof(v->rule), "%s", rule);
	va_start(ap, fmt);
	(void)vsnprintf(v->message, sizeof(v->message), fmt, ap);
	va_end(ap);
}

/* ---- the switch ---- */

/* Whoever switched may not have been able to write to this log: say when it took effect here. */
static void record_switch(struct rules *r, const struct hold_note *note)
{
	struct buf b = BUF_INIT(MEMBERS_MAX);
	char at[ISO8601_SIZE];
	iso8601_format(at, note->at_ms);
	buf_addf(&b, "\"held\":%s", r->held ? "true" : "false");
	if (r->held) {
		buf_addf(&b, ",\"since\":\"%s\",\"by\":", at);
		json_write_string(&b, bytes_str(note->by));
		buf_adds(&b, ",\"reason\":");
		json_write_string(&b, bytes_str(note->reason));
	}
	(void)commit_append(r->committer, "hold.seen", buf_bytes(&b), NULL, NULL);
	buf_clear(&b);
}

static void judge_hold(struct ruling *v, struct rules *r)
{
	struct hold_note note = { 0 };
	char text[HOLD_TEXT_SIZE];
	bool held = hold_is_set(r->state_dir) && hold_read(&note, r->state_dir);
	if (held != r->held) {
		r->held = held;
		record_switch(r, &note);
	}
	if (!held)
		return;
	hold_say(text, &note);
	deny(v, "hold", "every change is %s; `runbook release` ends it", text);
}

/* ---- calls of one run ---- */

/* -1: any number. */
static int limit_of(const struct run *r, const struct registered_op *op)
{
	for (size_t i = 0; i < r->n_rules; i++)
		if (strcmp(r->rules[i].operation, op->full_name) == 0)
			return r->rules[i].max_calls;
	return op->op->max_calls > 0 ? op->op->max_calls : -1;
}

static struct run_count *count_of(struct run *r, const struct registered_op *op)
{
	for (size_t i = 0; i < r->n_counts; i++)
		if (r->counts[i].op == op)
			return &r->counts[i];
	struct run_count *grown = realloc(r->counts, (r->n_counts + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	r->counts = grown;
	grown[r->n_counts] = (struct run_count){ .op = op };
	return &grown[r->n_counts++];
}

static void judge_calls(struct ruling *v, struct run *r, const struct registered_op *op)
{
	struct run_count *count = count_of(r, op);
	int limit = limit_of(r, op);
	if (!count)
		deny(v, "calls", "no memory to count the calls of the run");
	else if (limit >= 0 && count->calls >= limit)
		deny(v, "calls",
		     "a run may call it %d time%s; `[rules] %s = %d` in the configuration "
		     "allows more",
		     limit, limit == 1 ? "" : "s", op->full_name, count->calls + 1);
	else
		count->calls++;
}

void rules_judge(struct ruling *out, struct call *c, enum rules_stage stage)
{
	struct rules *r = c->runs->rules;
	*out = (struct ruling){ .kind = RULING_ALLOW };
	if (r && call_changes(c))
		judge_hold(out, r);
	if (out->kind == RULING_ALLOW && stage == RULES_CALL)
		judge_calls(out, c->run, c->op);
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
