/* settle_case.c - one call that is being settled: what is decided, done, and made of the end. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/call_private.h"
#include "script/changes.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/settle_private.h"

enum { FIRST_PAUSE_MS = 5 * 1000, LAST_PAUSE_MS = 60 * 1000, REASON_SIZE = 700 };

static void settle_unknown(struct settle_case *k, const char *why, const struct call_result *found);

/* ---- what is known ---- */

/* A moment as the clock would have it that the intent was dated with. */
static int64_t in_its_time(const struct settle_case *k, int64_t wall_ms, int64_t boot_ms)
{
	bool same_boot = k->row.boot && strcmp(k->row.boot, k->of->run->runs->boot) == 0;
	return settle_now(k->row.begun_ms, same_boot ? k->row.boot_ms : 0, boot_ms, wall_ms);
}

static int64_t now_of(const struct settle_case *k)
{
	return in_its_time(k, clock_wall_ms(), clock_boot_ms());
}

static int64_t sent_until(const struct settle_case *k)
{
	int64_t until = k->row.until_ms;
	int64_t begun = in_its_time(k, k->settle->begun_ms, k->settle->begun_boot_ms);
	return !k->sent_here && begun >= k->row.begun_ms && begun < until ? begun : until;
}

static int64_t not_after(const struct settle_case *k)
{
	int64_t last = k->row.begun_ms + k->op->op->resend_ms;
	return k->row.not_after_ms > 0 && k->row.not_after_ms < last ? k->row.not_after_ms : last;
}

static struct settle_call facts_of(const struct settle_case *k)
{
	const struct operation *op = k->op->op;
	const struct step_row *row = &k->row;
	return (struct settle_call){ .recorded = k->record != NULL,
				     .can_resend = op->resend_ms > 0,
				     .can_look = op->reconcile != NULL,
				     .own_token = call_has_made_token(
					 row->token, &k->of->run->facts, row->path, row->link),
				     .first_ms = k->first_ms,
				     .intent_ms = k->row.begun_ms,
				     .not_after_ms = not_after(k),
				     .sent_until_ms = sent_until(k) };
}

/* ---- between tries ---- */

static void drop_call(struct settle_case *k)
{
	if (!k->call)
		return;
	call_free(k->call);
	k->call = NULL;
	k->settle->n_busy--;
}

/* Not now. The same reason is told once. */
static void PRINTF_LIKE(3, 4) later(struct settle_case *k, int64_t delay_ms, const char *fmt, ...)
{
	char why[REASON_SIZE], text[SETTLE_TEXT_SIZE];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	(void)snprintf(text, sizeof(text), "step %s, %s, of a process that died is not settled: %s",
		       k->row.path, k->row.operation, why);
	drop_call(k);
	if (strcmp(text, k->why) != 0)
		settle_say(k, LOG_WARN, "not settled yet: %s", why);
	memcpy(k->why, text, sizeof(k->why));
	k->state = CASE_LATER;
	k->again_ms = clock_mono_ms() + delay_ms;
	settle_look_again(k->settle, 0);
}

static void later_after_failure(struct settle_case *k, const char *code, const char *message)
{
	int64_t pause = FIRST_PAUSE_MS;
	for (int i = 0; i < k->failures && pause < LAST_PAUSE_MS; i++)
		pause *= 2;
	k->failures++;
	later(k, pause < LAST_PAUSE_MS ? pause : LAST_PAUSE_MS, "%s%s%s", code ? code : "",
	      code ? ": " : "", message ? message : "no answer");
}

static void keep_text(const char **to, const char *from)
{
	char *copy = strdup(from);
	INVARIANT(copy != NULL);
	settle_free_text(*to);
	*to = copy;
}

/* What was sent here is what a next try goes on from. */
static void take_over(struct settle_case *k)
{
	const struct call *c = k->call;
	if (c->intent == 0)
		return;
	keep_text(&k->row.segment, c->segment);
	k->row.intent = c->intent;
	k->row.until_ms = now_of(k); /* it has ended */
	k->sent_here = true;
	if (!k->past.replaces)
		return;
	keep_text(&k->row.args, c->args_text);
	if (c->token[0])
		keep_text(&k->row.token, c->token);
	keep_text(&k->row.boot, k->of->run->runs->boot);
	k->row.boot_ms = c->intent_boot_ms;
	k->row.link = k->past.link;
	k->row.begun_ms = c->intent_ms;
	k->row.until_ms = clock_wall_ms();
	k->row.not_after_ms = c->host.not_after_ms;
}

/* ---- the end ---- */

/* A person has to look. In one turn with the end of the call, so that both are on disk or none is. */
static void park(struct settle_case *k)
{
	struct settle_run *of = k->of;
	struct run *r = of->run;
	const struct run_unknown *u = &r->unknown.v[r->unknown.n - 1];
	if (of->over)
		return;
	(void)snprintf(of->message, sizeof(of->message),
		       "the outcome of step %s is unknown: %s%s%.600s: %.700s%s%.500s", k->row.path,
		       k->row.operation, k->row.resource ? " on " : "",
		       k->row.resource ? k->row.resource : "", k->call->end.message,
		       u->tell[0] ? "; to see: " : "", u->tell);
	const struct run_end end = { .id = r->facts.id,
				     .outcome = RUN_UNKNOWN,
				     .message = of->message,
				     .traceback = "",
				     .unknown = r->unknown.v,
				     .n_unknown = r->unknown.n };
	record_run_end(r, &end);
	rows_run_end(r, &end);
	of->parked = true;
}

static void say_end(const struct settle_case *k)
{
	const struct call_end *e = &k->call->end;
	const char *how = k->call->started_us == 0 ? "the audit log has its outcome"
			  : k->past.replaces       ? "it was not done, and was made again"
						   : "sent again";
	if (e->outcome == CALL_UNKNOWN)
		settle_say(k, LOG_ERROR, "unknown: %s", e->message);
	else if (e->outcome == CALL_RECONCILED)
		settle_say(k, LOG_INFO, "reconciled: %s", e->message ? e->message : "it was done");
	else
		settle_say(k, LOG_INFO, "%s: %s%s%s", how, call_outcome_name(e->outcome),
			   e->code ? ", " : "", e->code ? e->code : "");
}

static void on_ended(void *arg)
{
	struct settle_case *k = arg;
	struct call *c = k->call;
	struct rules *rules = k->of->run->runs->rules;
	if (c->end.outcome == CALL_NOT_SENT) {
		later_after_failure(k, c->end.code, c->end.message);
		return;
	}
	if (!call_is_end(c)) {
		take_over(k);
		if (c->denied[0])
			later(k, SETTLE_HELD_MS, "%s", c->end.message);
		else
			later_after_failure(k, c->end.code, c->end.message);
		return;
	}
	say_end(k);
	if (rules && c->end.outcome != CALL_UNKNOWN)
		rules_settled(rules, k->row.run, k->row.path);
	drop_call(k);
	settle_case_ended(k);
}

static void settle_unknown(struct settle_case *k, const char *why, const struct call_result *found)
{
	char text[REASON_SIZE];
	struct call *c = k->call;
	(void)snprintf(text, sizeof(text), "%s%s%s%.400s", why, found ? " (" : "",
		       found && found->message ? found->message : "", found ? ")" : "");
	call_set_end(c, CALL_UNKNOWN, OUTCOME_UNKNOWN, text);
	if (found && found->context.n > 0)
		c->end.context = json_parse(found->context, NULL);
	call_settle(c);
	park(k);
}

/* ---- a look ---- */

static bool is_allowed(struct settle_case *k)
{
	struct ruling v;
	rules_judge(&v, k->call, RULES_RESEND);
	if (v.kind == RULING_ALLOW)
		return true;
	later(k, SETTLE_HELD_MS, "%s", v.message);
	return false;
}

static void replace(struct settle_case *k)
{
	char token[UUID_SIZE];
	int link = k->row.link + 1;
	if (!is_allowed(k))
		return;
	call_make_token(token, &k->of->run->facts, k->row.path, link);
	if (!call_replace(k->call, token, link))
		later_after_failure(k, NULL, "no memory for the call");
}

static void on_looked(void *arg, const struct call_result *found)
{
	struct settle_case *k = arg;
	const struct settle_call facts = facts_of(k);
	const char *why = "";
	if (found->code) {
		later_after_failure(k, found->code, found->message);
		return;
	}
	enum settle_way way = settle_judge(&facts, found->verdict, now_of(k),
					   k->of->run->runs->max_intent_age_ms, &why);
	if (way == SETTLE_AGAIN)
		replace(k);
	else if (way == SETTLE_DONE && call_take_found(k->call, found))
		call_settle(k->call);
	else
		settle_unknown(k, way == SETTLE_DONE ? "the answer was not usable" : why, found);
}

/* ---- a try ---- */

static bool make_call(struct settle_case *k)
{
	k->past = (struct call_past){ .segment = k->row.segment,
				      .intent = k->row.intent,
				      .link = k->row.link,
				      .first_ms = k->row.begun_ms,
				      .boot = k->row.boot,
				      .boot_ms = k->row.boot_ms,
				      .set_by_ms = clock_wall_ms() - now_of(k),
				      .looked = on_looked,
				      .ended = on_ended,
				      .arg = k };
	k->call = call_again_new(k->of->run, k->op, &k->row, &k->past);
	if (!k->call)
		return false;
	k->settle->n_busy++;
	k->state = CASE_BUSY;
	return true;
}

static void settle_from_log(struct settle_case *k)
{
	if (call_take_record(k->call, k->record)) {
		call_settle(k->call);
		return;
	}
	free(k->record);
	k->record = NULL;
	drop_call(k);
	settle_try(k);
}

void settle_try(struct settle_case *k)
{
	const struct settle_call facts = facts_of(k);
	int64_t now = now_of(k);
	const char *why = "";
	enum settle_way way = settle_decide(&facts, now, &why);
	if (!make_call(k)) {
		later_after_failure(k, NULL, "no memory, or its arguments are not readable");
		return;
	}
	if (way == SETTLE_RECORDED)
		settle_from_log(k);
	else if (way == SETTLE_WAIT)
		later(k, settle_look_from(&facts) - now, "%s", why);
	else if (way == SETTLE_UNKNOWN)
		settle_unknown(k, why, NULL);
	else if (way == SETTLE_LOOK)
		call_look(k->call, facts.sent_until_ms, SETTLE_SKEW_MS);
	else if (is_allowed(k))
		call_resend(k->call);
}

void settle_give_up(struct settle_case *k)
{
	if (k->state != CASE_BUSY)
		return;
	call_again_stop(k->call);
	drop_call(k);
	k->state = CASE_LATER;
}
