#include "trigger/schedule_course.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

/* ---- spans ---- */

static const struct schedule_span *span_at(const struct schedule_course *c, int64_t ms)
{
	for (size_t i = 0; i < c->n; i++) {
		if (ms >= c->v[i].from_ms && ms <= c->v[i].to_ms)
			return &c->v[i];
	}
	return NULL;
}

static void take_out(struct schedule_course *c, size_t i)
{
	memmove(&c->v[i], &c->v[i + 1], (c->n - i - 1) * sizeof(c->v[0]));
	c->n--;
}

static void merge_nearest(struct schedule_course *c)
{
	size_t best = 1;
	for (size_t i = 2; i < c->n; i++) {
		if (c->v[i].from_ms - c->v[i - 1].to_ms < c->v[best].from_ms - c->v[best - 1].to_ms)
			best = i;
	}
	c->v[best - 1].to_ms = c->v[best].to_ms;
	take_out(c, best);
}

void schedule_course_add(struct schedule_course *c, int64_t from_ms, int64_t to_ms)
{
	size_t i = 0;
	if (c->n == SCHEDULE_SPANS_MAX)
		merge_nearest(c);
	while (i < c->n && c->v[i].from_ms <= to_ms + 1) {
		if (c->v[i].to_ms + 1 < from_ms) {
			i++;
			continue;
		}
		from_ms = c->v[i].from_ms < from_ms ? c->v[i].from_ms : from_ms;
		to_ms = c->v[i].to_ms > to_ms ? c->v[i].to_ms : to_ms;
		take_out(c, i);
	}
	memmove(&c->v[i + 1], &c->v[i], (c->n - i) * sizeof(c->v[0]));
	c->v[i] = (struct schedule_span){ from_ms, to_ms };
	c->n++;
}

/* ---- where it is ---- */

/* What is decided already is not looked at again. */
static void move_to(struct schedule_course *c, int64_t ms)
{
	const struct schedule_span *s = span_at(c, ms);
	c->begun = true;
	c->at_ms = s ? s->to_ms : ms;
}

void schedule_course_begin(struct schedule_course *c, const struct schedule_rule *r, int64_t now_ms)
{
	move_to(c, now_ms - r->delay_ms);
}

int64_t schedule_course_next(const struct schedule_course *c, const struct schedule_rule *r)
{
	int64_t at = schedule_rule_next(r, c->at_ms);
	const struct schedule_span *s;
	while (at != INT64_MAX && (s = span_at(c, at)))
		at = schedule_rule_next(r, s->to_ms);
	return at;
}

/* The last undecided instant in (after, until]. */
static int64_t last_open(const struct schedule_course *c, const struct schedule_rule *r,
			 int64_t after_ms, int64_t until_ms)
{
	int64_t at = schedule_rule_last(r, after_ms, until_ms);
	const struct schedule_span *s;
	while (at != INT64_MIN && (s = span_at(c, at)))
		at = schedule_rule_last(r, after_ms, s->from_ms - 1);
	return at;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool is_due(const struct schedule_rule *r, int64_t at, int64_t now, bool newest)
{
	int64_t late = now - at;
	if (newest && late <= SCHEDULE_ON_TIME_MS)
		return true;
	return r->catch_up != CATCH_UP_NONE && late <= r->window_ms &&
	       (newest || r->catch_up == CATCH_UP_ALL);
}

/* Instants in (from, to], newest first in out. */
static void collect(const struct schedule_course *c, const struct schedule_rule *r,
		    struct schedule_look *out, int64_t from, int64_t now)
{
	int64_t at = now, newest = schedule_rule_last(r, from, now);
	while (out->n < SCHEDULE_ITEMS_MAX && (at = last_open(c, r, from, at)) != INT64_MIN) {
		out->v[out->n] = (struct schedule_item){ at, is_due(r, at, now, at == newest) };
		out->n++;
		at--;
	}
}

static void count_older(const struct schedule_course *c, const struct schedule_rule *r,
			struct schedule_look *out, int64_t until)
{
	struct schedule_course at = *c;
	while ((at.at_ms = schedule_course_next(&at, r)) <= until) {
		if (out->older == SCHEDULE_COUNT_MAX) {
			out->more = true;
			return;
		}
		out->older++;
	}
}

static void reverse(struct schedule_look *out)
{
	for (size_t i = 0, j = out->n; i + 1 < j; i++) {
		struct schedule_item swap = out->v[i];
		out->v[i] = out->v[--j];
		out->v[j] = swap;
	}
}

/* From the first that is due on everything is decided; also before it, unless something was missed
 * there. */
static void decide(struct schedule_course *c, const struct schedule_look *out)
{
	size_t first = 0;
	while (first < out->n && !out->v[first].due)
		first++;
	bool missed = out->older > 0 || first > 0;
	if (first < out->n || !missed)
		schedule_course_add(c, missed ? out->v[first].at_ms : out->from_ms, out->to_ms);
	move_to(c, out->to_ms);
}

void schedule_course_look(struct schedule_course *c, const struct schedule_rule *r, int64_t now_ms,
			  struct schedule_look *out)
{
	int64_t now = now_ms - r->delay_ms;
	out->n = 0;
	out->older = 0;
	out->more = false;
	if (!c->begun || now < c->at_ms - SCHEDULE_BACK_MS)
		move_to(c, now - 1); /* this very instant counts */
	out->from_ms = c->at_ms;
	out->to_ms = now;
	if (now <= c->at_ms)
		return;
	int64_t window = larger(r->window_ms, SCHEDULE_ON_TIME_MS);
	int64_t from = larger(c->at_ms, now - window - 1);
	collect(c, r, out, from, now);
	count_older(c, r, out, out->n == SCHEDULE_ITEMS_MAX ? out->v[out->n - 1].at_ms - 1 : from);
	reverse(out);
	decide(c, out);
}

/* ---- as text ---- */

void schedule_course_write(const struct schedule_course *c, struct buf *out)
{
	buf_addf(out, "[%" PRId64, c->at_ms);
	for (size_t i = 0; i < c->n; i++)
		buf_addf(out, ",[%" PRId64 ",%" PRId64 "]", c->v[i].from_ms, c->v[i].to_ms);
	buf_adds(out, "]");
}

static bool read_tree(struct schedule_course *c, const cJSON *tree)
{
	const cJSON *v = cJSON_IsArray(tree) ? tree->child : NULL;
	if (!v || !json_int_token(v, &c->at_ms))
		return false;
	for (v = v->next; v; v = v->next) {
		int64_t from, to;
		if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2 ||
		    !json_int_token(v->child, &from) || !json_int_token(v->child->next, &to) ||
		    from > to)
			return false;
		schedule_course_add(c, from, to);
	}
	c->begun = true;
	return true;
}

int schedule_course_read(struct schedule_course *c, const char *text)
{
	*c = (struct schedule_course){ 0 };
	cJSON *tree = json_parse(bytes_str(text), NULL);
	bool ok = tree && read_tree(c, tree);
	cJSON_Delete(tree);
	if (!ok)
		*c = (struct schedule_course){ 0 };
	return ok ? 0 : -ERR_INVALID;
}
