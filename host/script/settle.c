#include "script/settle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "script/settle_private.h"

enum { BUSY_MAX = 16 };

/* ---- what is told ---- */

void settle_say(const struct settle_case *k, enum log_level level, const char *fmt, ...)
{
	const struct settle_spec *spec = &k->settle->spec;
	char what[SETTLE_TEXT_SIZE], line[2 * SETTLE_TEXT_SIZE];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	(void)snprintf(line, sizeof(line), "unsettled call of run %s, step %s: %s%s%s: %s",
		       k->row.run, k->row.path, k->row.operation, k->row.resource ? " on " : "",
		       k->row.resource ? k->row.resource : "", what);
	spec->on_log(spec->arg, level, line);
}

size_t settle_open(const struct settle *s)
{
	return s->n_open;
}

const char *settle_why(const struct settle *s, const char *run)
{
	for (const struct settle_case *k = s ? s->first : NULL; k; k = k->next)
		if (k->state != CASE_SETTLED && strcmp(k->row.run, run) == 0)
			return k->why;
	return NULL;
}

const char *settle_parked(const struct settle *s, const char *run)
{
	for (const struct settle_run *r = s ? s->runs : NULL; r; r = r->next)
		if (r->parked && strncmp(r->run->facts.id, run, strlen(run)) == 0)
			return r->message;
	return NULL;
}

/* ---- one after the other ---- */

static bool may_begin(const struct settle_case *k)
{
	if (k->state != CASE_DUE || k->settle->n_busy >= BUSY_MAX)
		return false;
	for (const struct settle_case *b = k->before; b; b = b->before)
		if (b->state != CASE_SETTLED)
			return false;
	return true;
}

/* What has not begun then waits for one that cannot be settled now. */
static void look_tried(struct settle *s)
{
	if (s->all_tried || s->n_busy > 0)
		return;
	for (const struct settle_case *k = s->first; k; k = k->next)
		if (may_begin(k))
			return;
	s->all_tried = true;
	s->spec.on_tried(s->spec.arg);
}

static void on_timer(void *arg)
{
	struct settle *s = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;
	s->timer = NULL;
	for (struct settle_case *k = s->first; k; k = k->next) {
		if (k->state == CASE_LATER && k->again_ms <= now)
			k->state = CASE_DUE;
		if (may_begin(k))
			settle_try(k);
		if (k->state == CASE_LATER && k->again_ms < next)
			next = k->again_ms;
	}
	if (next != INT64_MAX)
		settle_look_again(s, next > now ? next - now : 0);
	look_tried(s);
}

void settle_look_again(struct settle *s, int64_t delay_ms)
{
	if (s->stopped)
		return;
	timer_stop(s->timer);
	s->timer = timer_start(s->spec.runs->loop, delay_ms, on_timer, s);
}

void settle_case_ended(struct settle_case *k)
{
	struct settle *s = k->settle;
	const struct settle_run *of = k->of;
	k->state = CASE_SETTLED;
	s->n_open--;
	if (s->all_tried && !settle_why(s, k->row.run) && !of->over && s->spec.on_run)
		s->spec.on_run(s->spec.arg, k->row.run, of->parked);
	settle_look_again(s, 0);
}

/* ---- life ---- */

int settle_new(struct settle **out, const struct settle_spec *spec, struct err *err)
{
	struct settle *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, ERR_NOMEM, "no memory for unsettled calls");
	s->spec = *spec;
	s->last = &s->first;
	s->begun_ms = clock_wall_ms();
	s->begun_boot_ms = clock_boot_ms();
	int rc = settle_read(s, err);
	if (rc < 0) {
		settle_free(s);
		return rc;
	}
	for (struct settle_case *k = s->first; k; k = k->next)
		(void)snprintf(k->why, sizeof(k->why),
			       "step %s, %s, of a process that died has not been settled yet",
			       k->row.path, k->row.operation);
	spec->runs->settle = s;
	*out = s;
	return 0;
}

void settle_start(struct settle *s)
{
	settle_look_again(s, 0);
}

void settle_stop(struct settle *s)
{
	s->stopped = true;
	timer_stop(s->timer);
	s->timer = NULL;
	for (struct settle_case *k = s->first; k; k = k->next)
		settle_give_up(k);
}

void settle_free(struct settle *s)
{
	if (!s)
		return;
	settle_stop(s);
	if (s->spec.runs->settle == s)
		s->spec.runs->settle = NULL;
	for (struct settle_case *k = s->first, *next; k; k = next) {
		next = k->next;
		settle_case_free(k);
	}
	for (struct settle_run *r = s->runs, *next; r; r = next) {
		next = r->next;
		run_free(r->run);
		free(r);
	}
	free(s);
}
