/*
 * call_unclear.c - a changing call of this process whose attempts all ended without a clear answer: what
 * settle_decide.h says of those of a dead process is done before its outcome is unknown.
 *
 *	sent again    once for each token, while the service surely knows it; where that ended with an
 *	              error that goes by, up to RESENDS_MAX times, each a pause after a look has shown
 *	              that the service answers
 *	looked into   at once, which can prove that it was done; and where that came too early to tell,
 *	              once more as soon as a look can prove that it was not, if it were made again then
 *	replaced      when it was not done. How that ends, unless again without a clear answer, is the end
 *
 * Its run waits meanwhile. One that is cancelled or out of time sends nothing more and takes a last
 * look; one that is suspended leaves the call to the next process, which does the same. When the
 * service cannot be asked it stays unknown, and when a rule forbids to send it again, it is looked
 * into once: nobody waits for the rule to go.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/call_again.h"
#include "script/call_private.h"
#include "script/record.h"
#include "script/rows.h"
#include "script/rules.h"
#include "script/run_machine.h"
#include "script/settle_decide.h"

enum { MESSAGE_MAX = 1 << 20 };

struct unclear {
	struct call_past past;
	struct call_end first; /* of its attempts: what is told if it stays unknown */
	int64_t first_ms;      /* the first intent of the step */
	int64_t sent_until_ms; /* this and that by the clock of the intent with the present token */
	struct timer *timer;
	int resends;    /* with the present token */
	bool went_by;   /* the last of them had no effect, and another one may have: ... */
	bool answers;   /* ... the service has answered a look since */
	bool early;     /* the look cannot prove that it was not done */
	bool closing;   /* its run is ending */
	char held[512]; /* the rule that keeps it from being sent; "": none */
};

enum {
	RESENDS_MAX = 5, /* of one token */
	PAUSE_MS = 250,  /* before the second of them twice this, four times before the third ... */
};

static const char too_early[] = "a look proves nothing yet";

static void try_again(struct call *c);

/* ---- what is known ---- */

static int64_t now_of(const struct call *c)
{
	const struct call_past *past = &c->unclear->past;
	return settle_now(past->first_ms, past->boot_ms, clock_boot_ms(), clock_wall_ms());
}

static struct settle_call facts_of(const struct call *c)
{
	const struct operation *op = c->op->op;
	const struct unclear *u = c->unclear;
	bool may = !u->closing && !u->held[0];
	bool again = u->resends == 0 || (u->went_by && u->resends < RESENDS_MAX);
	return (struct settle_call){ .can_resend = op->resend_ms > 0 && again && may,
				     .can_look = op->reconcile != NULL,
				     .own_token =
					 call_has_made_token(c->token[0] ? c->token : NULL,
							     &c->run->facts, c->path, u->past.link),
				     .first_ms = u->first_ms,
				     .intent_ms = u->past.first_ms,
				     .not_after_ms = u->past.first_ms + op->resend_ms,
				     .sent_until_ms = u->sent_until_ms };
}

/* Would it be made again if a later look proved that it was not done? */
static bool is_worth_waiting(const struct call *c, const struct settle_call *facts)
{
	const struct unclear *u = c->unclear;
	return !u->closing && !u->held[0] && facts->own_token &&
	       settle_look_from(facts) - u->first_ms < c->runs->max_intent_age_ms;
}

static void say(const struct call *c, const char *what, const char *why)
{
	const struct run_listener *to = &c->run->listener;
	const char *name = c->op->op->resource;
	const char *resource = name ? json_get_str(c->args, name) : NULL;
	char text[1500];
	if (!to->on_log)
		return;
	(void)snprintf(text, sizeof(text), "step %s, %.80s%s%.300s: %s: %.800s", c->path,
		       c->op->full_name, resource ? " on " : "", resource ? resource : "", what,
		       why);
	to->on_log(to->arg, c->run->facts.id, LOG_WARN, text);
}

/* ---- the end ---- */

/* Why it was not found out, where it is neither the call nor the service that says so. */
static const char *hindrance(const struct call *c, const char *why)
{
	const struct unclear *u = c->unclear;
	if (u->held[0])
		return u->held;
	return u->closing ? "the run was ended before" : why;
}

/* As its attempts ended, and why no more could be found out. */
static void set_unknown(struct call *c, const char *why, const struct call_result *found)
{
	struct unclear *u = c->unclear;
	struct buf text = BUF_INIT(MESSAGE_MAX);
	if (u->first.outcome == CALL_UNKNOWN) {
		call_clear_end(c);
		c->end = u->first;
		u->first = (struct call_end){ 0 };
	}
	buf_addf(&text, "%s; what became of it could not be found out: %s",
		 c->end.message ? c->end.message : "no answer", why);
	if (found && found->message)
		buf_addf(&text, " (%s)", found->message);
	char *message = text.err ? NULL : strdup(buf_cstr(&text));
	buf_clear(&text);
	c->end.outcome = CALL_UNKNOWN;
	if (message) {
		free(c->end.message);
		c->end.message = message;
	}
	if (!found || found->context.n == 0)
		return;
	cJSON_Delete(c->end.context);
	c->end.context = json_parse(found->context, NULL);
}

static void stay_unknown(struct call *c, const char *why, const struct call_result *found)
{
	set_unknown(c, why, found);
	call_settle(c);
}

/* ---- sent again, or replaced ---- */

static bool is_allowed(struct call *c)
{
	struct ruling v;
	rules_judge(&v, c, RULES_RESEND);
	if (v.kind == RULING_ALLOW)
		return true;
	(void)snprintf(c->unclear->held, sizeof(c->unclear->held), "%.500s", v.message);
	return false;
}

static void resend(struct call *c)
{
	struct unclear *u = c->unclear;
	if (!is_allowed(c)) {
		try_again(c); /* a look is allowed */
		return;
	}
	u->resends++;
	u->went_by = u->answers = false;
	if (c->token[0]) /* a look has none */
		c->host.not_after_ms = u->past.first_ms + c->op->op->resend_ms + u->past.set_by_ms;
	call_resend(c);
}

static void replace(struct call *c, const struct call_result *found)
{
	char token[UUID_SIZE];
	struct unclear *u = c->unclear;
	int link = u->past.link + 1;
	if (!is_allowed(c)) {
		stay_unknown(c, u->held, found);
		return;
	}
	say(c, "made again", found->message ? found->message : "it was not done");
	call_make_token(token, &c->run->facts, c->path, link);
	if (!call_replace(c, token, link))
		stay_unknown(c, "no memory to make it again", NULL);
}

/* ---- looked into ---- */

static void on_timer(void *arg)
{
	struct call *c = arg;
	c->unclear->timer = NULL;
	try_again(c);
}

static void rest(struct call *c, int64_t ms)
{
	sm_move(&c->sm, CALL_S_UNCLEAR);
	c->unclear->timer = timer_start(c->runs->loop, ms, on_timer, c);
}

static void wait_for_look(struct call *c, int64_t from_ms)
{
	int64_t left = from_ms - now_of(c);
	char text[64];
	if (left < 0)
		left = 0;
	(void)snprintf(text, sizeof(text), "it is looked into again in %" PRId64 " s",
		       (left + 999) / 1000);
	say(c, too_early, text);
	rest(c, left);
}

/* What an early look has not seen may be there all the same. */
static bool is_open(const struct call *c, const struct call_result *found)
{
	bool may_lag = found->verdict == VERDICT_NOT_DONE ||
		       (found->verdict == VERDICT_UNKNOWN && found->retryable);
	return c->unclear->early && may_lag;
}

static void on_looked(void *arg, const struct call_result *found)
{
	struct call *c = arg;
	const struct settle_call facts = facts_of(c);
	const char *why = "";
	if (found->code) {
		stay_unknown(c, "the service could not be asked", found);
		return;
	}
	/* Whatever it shows may be somebody else's doing; the same call sent again knows its own. */
	if (settle_decide(&facts, now_of(c), NULL) == SETTLE_RESEND) {
		c->unclear->answers = true;
		rest(c, PAUSE_MS << c->unclear->resends);
		return;
	}
	if (is_open(c, found)) {
		if (is_worth_waiting(c, &facts))
			wait_for_look(c, settle_look_from(&facts));
		else
			stay_unknown(c, hindrance(c, too_early), found);
		return;
	}
	enum settle_way way =
	    settle_judge(&facts, found->verdict, now_of(c), c->runs->max_intent_age_ms, &why);
	if (way == SETTLE_DONE && call_take_found(c, found))
		call_settle(c);
	else if (way == SETTLE_DONE)
		stay_unknown(c, "the answer was not usable", found);
	else if (way == SETTLE_AGAIN && !c->unclear->closing)
		replace(c, found);
	else
		stay_unknown(c, way == SETTLE_AGAIN ? hindrance(c, why) : why, found);
}

static void look(struct call *c, const struct settle_call *facts, bool early)
{
	c->unclear->early = early;
	call_look(c, facts->sent_until_ms, SETTLE_SKEW_MS);
}

/* ---- what is next ---- */

static void try_again(struct call *c)
{
	struct unclear *u = c->unclear;
	const struct settle_call facts = facts_of(c);
	int64_t now = now_of(c);
	const char *why = "";
	struct err err = { 0 };
	u->past.set_by_ms = clock_wall_ms() - now;
	if (commit_failed(c->runs->committer, &err)) {
		stay_unknown(c, err.message, NULL);
		return;
	}
	enum settle_way way = settle_decide(&facts, now, &why);
	if (way == SETTLE_RESEND && (u->resends == 0 || u->answers))
		resend(c);
	else if (way == SETTLE_RESEND || way == SETTLE_WAIT || way == SETTLE_LOOK)
		look(c, &facts, way != SETTLE_LOOK);
	else
		stay_unknown(c, hindrance(c, why), NULL);
}

/* Its newest intent is what goes on from here. */
static void take_over(struct call *c)
{
	struct unclear *u = c->unclear;
	u->past.intent = c->intent;
	if (u->past.replaces) {
		u->past.first_ms = c->intent_ms;
		u->past.boot_ms = c->intent_boot_ms;
		u->resends = 0;
	}
	u->went_by = c->end.outcome != CALL_UNKNOWN && c->end.retryable;
	/* Of a try that surely had no effect no byte can come late. */
	if (c->end.outcome == CALL_UNKNOWN)
		u->sent_until_ms = now_of(c);
}

void call_begin_unclear(struct call *c)
{
	const struct operation *op = c->op->op;
	const char *boot = c->runs->boot;
	bool can = c->begun && c->intent > 0 && (op->resend_ms > 0 || op->reconcile);
	struct unclear *u = can ? calloc(1, sizeof(*u)) : NULL;
	if (!u)
		return;
	u->past = (struct call_past){ .segment = c->segment,
				      .first_ms = c->intent_ms,
				      .boot = *boot ? boot : NULL,
				      .boot_ms = c->intent_boot_ms,
				      .looked = on_looked,
				      .arg = c };
	u->first_ms = c->intent_ms;
	u->closing = c->run->sm.now == RUN_M_ENDING;
	c->unclear = u;
	c->past = &u->past;
}

void call_go_on_unclear(struct call *c)
{
	struct unclear *u = c->unclear;
	take_over(c);
	if (c->runs->suspending) {
		sm_move(&c->sm, CALL_S_ENDED);
		(void)run_wake(c->runs, c->ticket);
		return;
	}
	say(c, "its end is not clear", c->end.message ? c->end.message : "no answer");
	if (u->first.outcome == CALL_UNKNOWN) {
		call_clear_end(c);
	} else {
		u->first = c->end;
		c->end = (struct call_end){ 0 };
	}
	c->denied[0] = '\0';
	sm_move(&c->sm, CALL_S_UNCLEAR);
	try_again(c);
}

/* ---- from outside ---- */

bool call_unclear_closing(const struct call *c)
{
	return c->unclear && c->unclear->closing;
}

static void stop_timer(struct unclear *u)
{
	timer_stop(u->timer);
	u->timer = NULL;
}

/* What goes on of it ends here, recorded as the intent's outcome where it has none. */
static void stop(struct call *c)
{
	static const char ended[] = "the run was ended before the answer came";
	bool sent = c->sm.now == CALL_S_IN_FLIGHT && call_in_doubt(c);
	stop_timer(c->unclear);
	if (c->sm.now == CALL_S_IN_FLIGHT || c->looking)
		call_stop_plugin(c);
	c->looking = false;
	if (c->sm.now != CALL_S_IN_FLIGHT && c->sm.now != CALL_S_RECORDING)
		return;
	call_set_end(c, sent ? CALL_UNKNOWN : CALL_NOT_SENT, sent ? OUTCOME_UNKNOWN : "Cancelled",
		     ended);
	record_outcome(c, NULL);
}

bool call_cancel_unclear(struct call *c, bool force)
{
	struct unclear *u = c->unclear;
	bool settling = c->sm.now == CALL_S_SETTLING;
	if (c->sm.now == CALL_S_ENDED)
		return false;
	if (settling && call_is_end(c))
		return !force;
	u->closing = true;
	if (!force) {
		if (u->timer) {
			stop_timer(u);
			u->timer = timer_start(c->runs->loop, 0, on_timer, c);
		}
		return true;
	}
	stop(c);
	u->past.intent = c->intent;
	set_unknown(c, hindrance(c, ""), NULL);
	c->started_us = 0; /* that is its end: see call_is_end */
	run_add_unknown(c->run, c);
	record_settle(c, call_outcome_name(CALL_UNKNOWN), NULL);
	if (!rows_call_end(c))
		run_too_much(c->run);
	if (!settling)
		sm_move(&c->sm, CALL_S_ENDED);
	return false;
}

void call_suspend_unclear(struct call *c)
{
	stop(c);
	sm_move(&c->sm, CALL_S_ENDED);
}

void call_free_unclear(struct call *c)
{
	struct unclear *u = c->unclear;
	if (!u)
		return;
	stop_timer(u);
	struct call_end last = c->end;
	c->end = u->first;
	call_clear_end(c);
	c->end = last;
	c->past = NULL;
	c->unclear = NULL;
	free(u);
}
