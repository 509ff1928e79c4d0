#include "cli/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/metrics.h"
#include "cli/refusals.h"
#include "cli/serve_hooks.h"
#include "cli/serve_notify.h"
#include "cli/serve_run.h"
#include "cli/serve_schedules.h"
#include "commit/commit.h"
#include "net/loop.h"

enum { MEMBERS_MAX = 1 << 20, REJECTS_A_MINUTE = 60, LINE_MAX_LEN = 2200 };

void serve_say(struct serve *s, enum log_level level, const struct log_about *about,
	       const char *text)
{
	if (level >= s->host.config->log_level)
		terminal_log_about(&s->host.terminal, level, about, text);
}

struct log_about serve_about(const struct config_start *start, const char *run)
{
	struct log_about about = { .run = run, .label = start ? start->name : run };
	if (!start)
		return about;
	about.runbook = start->runbook;
	if (start->trigger == TRIGGER_SCHEDULE)
		about.schedule = start->name;
	else if (start->trigger == TRIGGER_HOOK)
		about.hook = start->name;
	else
		about.part = start->name;
	return about;
}

struct log_about serve_about_part(const char *part)
{
	return (struct log_about){ .part = part, .label = part };
}

static void add_text(struct buf *out, const char *member, const char *text)
{
	buf_addf(out, "%s\"%s\":", out->n > 0 && out->p[out->n - 1] != '{' ? "," : "", member);
	json_write_string(out, bytes_str(text));
}

/* Without its log a daemon can only refuse, and it does not get it back: whoever watches it is to
 * start it anew. */
static void on_recorded(void *arg, const struct err *err)
{
	struct serve *s = arg;
	char line[LINE_MAX_LEN];
	if (!err->code || s->stopping)
		return;
	(void)snprintf(line, sizeof(line), "audit log unavailable: %s", err->message);
	terminal_log(&s->host.terminal, LOG_ERROR, line);
	serve_stop(s);
}

void serve_record(struct serve *s, const char *kind, struct bytes members)
{
	(void)commit_append(s->host.committer, kind, members, on_recorded, s);
}

void serve_record_object(struct serve *s, const char *kind, cJSON *members)
{
	struct buf text = BUF_INIT(MEMBERS_MAX);
	json_write(&text, members);
	cJSON_Delete(members);
	if (text.n > 2 && !text.err) /* without its braces */
		serve_record(s, kind, (struct bytes){ text.p + 1, text.n - 2 });
	buf_clear(&text);
}

/* ---- runs ---- */

static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	const struct serve_run *r = arg;
	const struct log_about about = serve_about(r->start, id);
	serve_say(r->serve, level, &about, text);
}

static void free_run(struct serve_run *r)
{
	config_unref(r->start->config);
	free(r);
}

void serve_forget(struct serve *s, struct serve_run *r, const struct run_end *end)
{
	const struct config_start *start = r->start;
	struct serve_run **at = &s->runs;
	while (*at && *at != r)
		at = &(*at)->next;
	if (*at)
		*at = r->next;
	s->n_runs--;
	if (!r->replaced)
		notify_run_ended(s->notify, start, r->id, end, clock_wall_ms() - r->since_ms);
	firings_run_ended(s->firings, start, end);
	hooks_run_ended(s->hooks, end->id);
	free_run(r);
}

void serve_say_end(struct serve *s, const struct config_start *start, const struct run_end *end)
{
	char line[LINE_MAX_LEN];
	const struct log_about about = serve_about(start, end->id);
	if (end->outcome == RUN_SUSPENDED)
		return;
	(void)snprintf(line, sizeof(line), "run %s %s%s%.1500s", end->id,
		       run_outcome_name(end->outcome), end->message[0] ? ": " : "", end->message);
	serve_say(s, end->outcome == RUN_DONE ? LOG_INFO : LOG_ERROR, &about, line);
	for (size_t i = 0; i < end->n_unknown; i++) {
		const struct run_unknown *u = &end->unknown[i];
		(void)snprintf(line, sizeof(line),
			       "outcome unknown: %s on %.300s, token %.64s; see: %.600s",
			       u->operation, u->resource, u->token, u->tell);
		serve_say(s, LOG_ERROR, &about, line);
	}
}

static void on_end(void *arg, const struct run_end *end)
{
	struct serve_run *r = arg;
	serve_say_end(r->serve, r->start, end);
	serve_forget(r->serve, r, end);
}

static struct serve_run *new_run(struct serve *s, const struct config_start *start)
{
	struct serve_run *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->serve = s;
	r->start = start;
	(void)config_ref(start->config);
	r->since_ms = clock_wall_ms();
	return r;
}

static void add(struct serve *s, struct serve_run *r)
{
	r->next = s->runs;
	s->runs = r;
	s->n_runs++;
}

bool serve_note(struct serve *s, const struct config_start *start, const char *id, int64_t since_ms)
{
	struct serve_run *r = new_run(s, start);
	if (!r)
		return false;
	(void)snprintf(r->id, sizeof(r->id), "%s", id);
	r->since_ms = since_ms;
	add(s, r);
	return true;
}

struct serve_run *serve_start_run(struct serve *s, const struct config_start *start,
				  struct bytes input, const struct buf *actor, struct err *err)
{
	return serve_start_run_as(s, start, NULL, input, actor, err);
}

struct serve_run *serve_start_run_as(struct serve *s, const struct config_start *start,
				     const char *id, struct bytes input, const struct buf *actor,
				     struct err *err)
{
	struct serve_run *r = new_run(s, start);
	if (!r) {
		(void)err_set(err, ERR_NOMEM, "out of memory");
		return NULL;
	}
	struct run_spec spec = host_run_spec(start->config);
	spec.path = start->runbook;
	spec.id = id;
	spec.input = input;
	spec.actor = buf_bytes(actor);
	spec.reason = start->reason[0] ? start->reason : NULL;
	spec.dry_run = start->dry_run;
	if (start->timeout_ms)
		spec.timeout_ms = start->timeout_ms;
	spec.listener = (struct run_listener){ .on_log = on_log, .on_end = on_end, .arg = r };
	if (run_start(r->id, s->host.runs, &spec, err) < 0) {
		free_run(r);
		return NULL;
	}
	add(s, r);
	return r;
}

/* ---- triggers ---- */

size_t serve_runs_of(const struct serve *s, const struct config_start *start)
{
	size_t n = 0;
	for (const struct serve_run *r = s->runs; r; r = r->next)
		n += config_same_trigger(r->start, start);
	return n;
}

void serve_write_trigger(struct buf *out, struct bytes actor, const char *run, const char *reason)
{
	buf_adds(out, "\"actor\":");
	buf_add(out, actor.p, actor.n);
	if (run)
		add_text(out, "run", run);
	if (reason)
		add_text(out, "reason", reason);
}

/* An identity is there only where it is proven; without it the delivery's id is what was claimed. */
void serve_webhook_actor(struct buf *out, const struct webhook_delivery *d)
{
	char when[ISO8601_SIZE];
	buf_adds(out, "{");
	add_text(out, "type", "webhook");
	add_text(out, "name", d->hook ? d->hook : "");
	add_text(out, "peer", d->peer);
	if (d->id[0])
		add_text(out, "deliveryId", d->id);
	if (d->auth)
		add_text(out, "auth", d->auth);
	if (d->identity[0])
		add_text(out, "identity", d->identity);
	if (d->signed_ms) {
		iso8601_format(when, d->signed_ms);
		add_text(out, "signed", when);
	}
	buf_adds(out, "}");
}

void serve_when_durable(void *arg, void (*done)(void *arg, const struct err *err), void *done_arg)
{
	const struct serve *s = arg;
	commit_flush(s->host.committer, done, done_arg);
}

/* One more of them. @return which of this minute it is */
static int count_reject(struct serve_rejects *r)
{
	int64_t minute = clock_mono_ms() / 60000;
	if (minute != r->minute)
		*r = (struct serve_rejects){ .minute = minute };
	return ++r->n;
}

/* Senders cause these as fast as they like: only so many a minute are recorded, and the last one says
 * so. Strangers cannot use up what there is for those who have proven who they are. */
void serve_reject(struct serve *s, const struct webhook_delivery *d, const char *counted,
		  const char *why)
{
	struct buf actor = BUF_INIT(MEMBERS_MAX), m = BUF_INIT(MEMBERS_MAX);
	const struct log_about about = { .hook = d->hook,
					 .label = d->hook ? d->hook : "unknown hook" };
	int n = count_reject(d->identity[0] ? &s->proven : &s->strangers);
	metrics_delivery(s->host.metrics, d->hook, "rejected", counted);
	refusals_add(s->refusals, d, why, clock_wall_ms());
	if (n <= REJECTS_A_MINUTE) {
		if (n == REJECTS_A_MINUTE)
			why = "more are refused; none is recorded until the next minute";
		serve_webhook_actor(&actor, d);
		serve_write_trigger(&m, buf_bytes(&actor), NULL, why);
		serve_record(s, "trigger.reject", buf_bytes(&m));
		serve_say(s, LOG_WARN, &about, why);
	}
	buf_clear(&m);
	buf_clear(&actor);
}

void serve_on_reject(void *arg, const struct webhook_delivery *d, const char *why)
{
	serve_reject(arg, d, why, why);
}

void serve_on_note(void *arg, const struct webhook_delivery *d, const char *what)
{
	struct serve *s = arg;
	struct buf actor = BUF_INIT(MEMBERS_MAX), m = BUF_INIT(MEMBERS_MAX);
	serve_webhook_actor(&actor, d);
	serve_write_trigger(&m, buf_bytes(&actor), NULL, what);
	serve_record(s, "trigger.confirm", buf_bytes(&m));
	buf_clear(&actor);
	buf_clear(&m);
	serve_say(s, LOG_INFO, &(struct log_about){ .hook = d->hook, .label = d->hook }, what);
}

/* ---- stopping ---- */

void serve_clear(struct serve *s)
{
	while (s->runs) {
		struct serve_run *next = s->runs->next;
		free_run(s->runs);
		s->runs = next;
	}
	s->n_runs = 0;
}
