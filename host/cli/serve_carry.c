/* serve_carry.c - the runs that serve finds at its start, and how it leaves those that go on. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/manager.h"
#include "cli/recovery.h"
#include "cli/serve.h"
#include "cli/serve_hooks.h"
#include "cli/serve_run.h"
#include "cli/serve_schedules.h"
#include "net/loop.h"
#include "store/store.h"

/* ---- carried on ---- */

static struct serve_run *find(const struct serve *s, const char *id)
{
	struct serve_run *r = s->runs;
	while (r && strcmp(r->id, id) != 0)
		r = r->next;
	return r;
}

/* People are shown the run: it may have begun long before. */
static void on_log(void *arg, const char *id, enum log_level level, const char *text)
{
	struct serve *s = arg;
	const struct serve_run *r = find(s, id);
	struct log_about about = serve_about(r ? r->start : NULL, id);
	about.label = id;
	serve_say(s, level, &about, text);
}

static void on_end(void *arg, const struct run_end *end)
{
	struct serve *s = arg;
	struct serve_run *r = find(s, end->id);
	serve_say_end(s, r ? r->start : NULL, end);
	if (r)
		serve_forget(s, r, end);
}

void serve_listen_carried(struct serve *s)
{
	s->host.carried = (struct run_listener){ .on_log = on_log, .on_end = on_end, .arg = s };
}

static const struct config_start *schedule_called(const struct config *c, const char *name)
{
	const struct config_schedule *s = config_find_schedule(c, name);
	return s ? &s->start : NULL;
}

static const struct config_start *hook_called(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_hooks; i++)
		if (strcmp(c->hooks[i].start.name, name) == 0)
			return &c->hooks[i].start;
	return NULL;
}

const struct config_start *serve_start_of(const struct serve *s, const char *actor)
{
	const struct config *c = s->host.config;
	cJSON *v = json_parse(bytes_str(actor), NULL);
	const char *type = json_get_str(v, "type"), *name = json_get_str(v, "name");
	const char *by_hand = json_get_str(v, "schedule"); /* fired by a person */
	const struct config_start *found = NULL;
	if (by_hand)
		found = schedule_called(c, by_hand);
	else if (type && name && strcmp(type, "schedule") == 0)
		found = schedule_called(c, name);
	else if (type && name && strcmp(type, "webhook") == 0)
		found = hook_called(c, name);
	else if (type && strcmp(type, "notify") == 0)
		found = c->notify.line ? &c->notify.start : NULL;
	cJSON_Delete(v);
	return found;
}

/* What a schedule or hook has going on counts, also when another process began it. */
static int note_one(void *arg, const struct run_row *row)
{
	struct serve *s = arg;
	const struct config_start *start = serve_start_of(s, row->actor);
	s->n_carried += !recovery_open(&s->host, row->id);
	return start && !serve_note(s, start, row->id, row->started_ms) ? -ERR_NOMEM : 0;
}

/* A run that could not go on when serve began. */
static void on_settled(void *arg, const char *run)
{
	struct serve *s = arg;
	struct err err = { 0 };
	if (!s->stopping && runs_carry_on_one(s->host.runs, run, &err) < 0)
		terminal_log(&s->host.terminal, LOG_ERROR, err.message);
}

int serve_settle(struct serve *s, struct err *err)
{
	return recovery_run(&s->host, on_settled, s, err);
}

int serve_carry_on(struct serve *s, struct err *err)
{
	struct store_reader *reader = NULL;
	const struct run_filter unfinished = { .states = RUN_STATES_OPEN };
	char line[80];
	int rc = store_reader_open(&reader, s->host.store, err);
	if (rc == 0)
		rc = store_runs(reader, &unfinished, note_one, s, err);
	store_reader_close(reader);
	if (rc == 0)
		rc = runs_carry_on(s->host.runs, err);
	if (rc == 0 && s->n_carried > 0) {
		(void)snprintf(line, sizeof(line), "runs carried on: %zu", s->n_carried);
		terminal_log(&s->host.terminal, LOG_INFO, line);
	}
	return rc;
}

/* ---- taken out ---- */

bool serve_cancel_queued(void *arg, const char *run, const char *actor, const char *why)
{
	const struct serve *s = arg;
	if (s->hooks && hooks_cancel(s->hooks, run, actor, why))
		return true;
	return s->firings && firings_cancel(s->firings, run, actor, why);
}

/* ---- left ---- */

static void on_suspended(void *arg)
{
	struct serve *s = arg;
	loop_quit(s->host.loop);
}

void serve_stop(struct serve *s)
{
	/* a second time, or before it has begun: what is in flight is left as it is */
	if (s->stopping || recovery_interrupt(&s->host)) {
		loop_quit(s->host.loop);
		return;
	}
	terminal_log(&s->host.terminal, LOG_WARN,
		     "stopping; a change in flight is waited for up to 5 s, unfinished runs are "
		     "carried on by the next serve, and what has been redriven goes on");
	s->stopping = true;
	manager_stopping(s->manager);
	firings_stop(s->firings);
	hooks_stop(s->hooks);
	runs_suspend(s->host.runs, on_suspended, s);
}
