#include "admin/bars.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { WINDOW = 20, RESOURCE_SIZE = 512, WORDS_SIZE = 200, STILL_MS = 60 * 1000 };

struct look {
	int64_t at_ms, ended;
};

struct bar {
	int64_t key; /* 0: it is free */
	char resource[RESOURCE_SIZE];
	struct op_progress now;
	int64_t at_ms, moved_ms;
	struct look looks[WINDOW]; /* at which something had changed, oldest first */
	size_t n_looks;
	bool changed;
};

struct bars {
	struct bar all[BARS_MAX];
	int64_t last_key;
};

struct bars *bars_new(void)
{
	return calloc(1, sizeof(struct bars));
}

void bars_free(struct bars *b)
{
	free(b);
}

/* ---- noting ---- */

static int64_t ended_of(const struct op_progress *p)
{
	return p->done + p->failed;
}

/* That of the resource; else a free one, or the one looked at longest ago, made anew. */
static struct bar *bar_of(struct bars *b, const char *resource)
{
	struct bar *oldest = b->all;
	for (size_t i = 0; i < BARS_MAX; i++) {
		if (b->all[i].key && strcmp(b->all[i].resource, resource) == 0)
			return &b->all[i];
		if (b->all[i].at_ms < oldest->at_ms)
			oldest = &b->all[i];
	}
	*oldest = (struct bar){ .key = ++b->last_key };
	(void)snprintf(oldest->resource, sizeof(oldest->resource), "%s", resource);
	return oldest;
}

static void note_look(struct bar *bar, int64_t ended, int64_t now_ms)
{
	const struct look *last = bar->n_looks ? &bar->looks[bar->n_looks - 1] : NULL;
	if (last && ended == last->ended)
		return;
	if (last && ended < last->ended) /* redriven: what was bad is pending again */
		bar->n_looks = 0;
	if (bar->n_looks == WINDOW) {
		memmove(bar->looks, bar->looks + 1, sizeof(bar->looks) - sizeof(bar->looks[0]));
		bar->n_looks--;
	}
	bar->looks[bar->n_looks++] = (struct look){ now_ms, ended };
	bar->moved_ms = now_ms;
}

void bars_note(struct bars *b, const char *resource, const struct op_progress *p, int64_t now_ms)
{
	if (strlen(resource) >= RESOURCE_SIZE)
		return;
	struct bar *bar = bar_of(b, resource);
	bar->now = *p;
	bar->at_ms = now_ms;
	bar->changed = true;
	note_look(bar, ended_of(p), now_ms);
}

/* ---- words ---- */

static void say_span(char *out, size_t size, double seconds)
{
	if (seconds < 90)
		(void)snprintf(out, size, "%.0f s", seconds < 1 ? 1 : seconds);
	else if (seconds < 90.0 * 60)
		(void)snprintf(out, size, "%.0f min", seconds / 60);
	else if (seconds < 48.0 * 3600)
		(void)snprintf(out, size, "%.1f h", seconds / 3600);
	else
		(void)snprintf(out, size, "%.1f days", seconds / 86400);
}

/* Items a second over the last looks; 0 before there are two. */
static double rate(const struct bar *bar)
{
	if (bar->n_looks < 2)
		return 0;
	const struct look *first = bar->looks, *last = &bar->looks[bar->n_looks - 1];
	if (last->at_ms <= first->at_ms)
		return 0;
	return (double)(last->ended - first->ended) * 1000.0 / (double)(last->at_ms - first->at_ms);
}

/* ", 12.5/s, about 4 min left", or how long nothing has moved. */
static void say_speed(char *out, size_t size, const struct bar *bar)
{
	char span[32];
	double a_second = rate(bar);
	int64_t left = bar->now.total - ended_of(&bar->now), still = bar->at_ms - bar->moved_ms;
	out[0] = '\0';
	if (left <= 0)
		return;
	if (still >= STILL_MS) {
		say_span(span, sizeof(span), (double)still / 1000.0);
		(void)snprintf(out, size, ", nothing has moved for %s", span);
	} else if (a_second > 0) {
		say_span(span, sizeof(span), (double)left / a_second);
		if (a_second >= 0.95)
			(void)snprintf(out, size, ", %.1f/s, about %s left", a_second, span);
		else
			(void)snprintf(out, size, ", %.1f/min, about %s left", a_second * 60, span);
	}
}

static void say(char out[WORDS_SIZE], const struct bar *bar)
{
	char speed[80], bad[40] = "";
	say_speed(speed, sizeof(speed), bar);
	if (bar->now.failed > 0)
		(void)snprintf(bad, sizeof(bad), ", %" PRId64 " bad", bar->now.failed);
	if (bar->now.total > 0)
		(void)snprintf(out, WORDS_SIZE, "%" PRId64 " of %" PRId64 "%s%s",
			       ended_of(&bar->now), bar->now.total, bad, speed);
	else
		(void)snprintf(out, WORDS_SIZE, "%" PRId64 " so far%s%s", ended_of(&bar->now), bad,
			       speed);
}

/* ---- reading ---- */

static void add_bar(cJSON *list, const struct bar *bar)
{
	char text[WORDS_SIZE], at[ISO8601_SIZE], percent[16] = "";
	int64_t ended = ended_of(&bar->now), total = bar->now.total;
	cJSON *o = cJSON_CreateObject();
	if (ended > total && total > 0)
		ended = total;
	if (total > 0) /* 100 % only when all of it has ended */
		(void)snprintf(percent, sizeof(percent), "%d %%",
			       (int)((double)ended / (double)total * 100.0));
	say(text, bar);
	iso8601_format(at, bar->at_ms);
	json_set_int(o, "key", bar->key);
	(void)cJSON_AddStringToObject(o, "resource", bar->resource);
	(void)cJSON_AddStringToObject(o, "label", bar->now.label);
	json_set_int(o, "ended", ended);
	json_set_int(o, "total", total);
	(void)cJSON_AddStringToObject(o, "percent", percent);
	(void)cJSON_AddStringToObject(o, "words", text);
	(void)cJSON_AddStringToObject(o, "at", at);
	if (!cJSON_AddItemToArray(list, o))
		cJSON_Delete(o);
}

/* The first with a key above; NULL: there is none. */
static struct bar *next_bar(struct bars *b, int64_t key)
{
	struct bar *found = NULL;
	for (size_t i = 0; i < BARS_MAX; i++) {
		struct bar *bar = &b->all[i];
		if (bar->key > key && (!found || bar->key < found->key))
			found = bar;
	}
	return found;
}

cJSON *bars_list(struct bars *b, bool changed, int64_t now_ms)
{
	cJSON *list = cJSON_CreateArray();
	struct bar *bar;
	for (int64_t key = 0; list && (bar = next_bar(b, key)); key = bar->key) {
		if (now_ms - bar->at_ms <= BARS_SHOWN_MS && (!changed || bar->changed))
			add_bar(list, bar);
		if (changed)
			bar->changed = false;
	}
	return list;
}
