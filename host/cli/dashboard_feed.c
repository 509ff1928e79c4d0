/*
 * dashboard_feed.c - bars that move: server-sent events (GET /events).
 *
 *	event: bar
 *	data: {one of admin/bars.h's list}
 *
 * At most FEEDS_MAX at a time. What changes is sent at most four times a second. Whom a frame could not
 * be sent, because it reads too slowly, gets all bars again with the next sign of life, a comment every
 * 15 s. A feed ends with its session.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/bars.h"
#include "base/clock.h"
#include "cli/dashboard_private.h"
#include "net/http_server.h"
#include "net/loop.h"

enum { FEEDS_MAX = 16, TOGETHER_MS = 250, ALIVE_MS = 15 * 1000, FRAMES_MAX = 128 * 1024 };

struct feed {
	struct feed *next;
	struct http_exchange *x;
	char token[SESSION_KEY_SIZE]; /* of its session */
	bool behind;                  /* a frame was dropped */
};

struct feeds {
	struct dashboard *dashboard;
	struct bars *bars;
	struct feed *first;
	size_t n;
	struct timer *together, *alive; /* NULL: nothing has changed; nobody looks */
};

/* ---- frames ---- */

/* Each bar is a frame of its own, so that what fits is sent. */
static void send_bars(struct feed *f, const cJSON *bars)
{
	const cJSON *bar;
	cJSON_ArrayForEach(bar, bars)
	{
		struct buf frame = BUF_INIT(FRAMES_MAX);
		buf_adds(&frame, "event: bar\ndata: ");
		json_write(&frame, bar);
		buf_adds(&frame, "\n\n");
		if (frame.err || !http_server_part(f->x, buf_bytes(&frame)))
			f->behind = true;
		buf_clear(&frame);
	}
}

static void send_all(struct feeds *all, struct feed *f)
{
	cJSON *bars = bars_list(all->bars, false, clock_wall_ms());
	f->behind = bars == NULL;
	send_bars(f, bars);
	cJSON_Delete(bars);
}

static void on_together(void *arg)
{
	struct feeds *all = arg;
	cJSON *bars = bars_list(all->bars, true, clock_wall_ms());
	all->together = NULL;
	for (struct feed *f = all->first; f; f = f->next)
		send_bars(f, bars);
	cJSON_Delete(bars);
}

void dashboard_progressed(struct dashboard *d, const char *resource, const struct op_progress *p)
{
	struct feeds *all = d->feeds;
	bars_note(all->bars, resource, p, clock_wall_ms());
	if (all->first && !all->together)
		all->together = timer_start(d->serve->host.loop, TOGETHER_MS, on_together, all);
}

/* ---- feeds ---- */

/* @return its exchange */
static struct http_exchange *remove_feed(struct feeds *all, struct feed **at)
{
	struct feed *f = *at;
	struct http_exchange *x = f->x;
	*at = f->next;
	all->n--;
	free(f);
	return x;
}

static void on_alive(void *arg)
{
	struct feeds *all = arg;
	const struct dashboard *d = all->dashboard;
	all->alive = NULL;
	for (struct feed **at = &all->first; *at;) {
		struct feed *f = *at;
		if (!sessions_has(d->sessions, f->token, clock_boot_ms())) {
			http_server_end(remove_feed(all, at));
			continue;
		}
		(void)http_server_part(f->x, BYTES_LIT(": still here\n\n"));
		if (f->behind)
			send_all(all, f);
		at = &f->next;
	}
	if (all->first)
		all->alive = timer_start(d->serve->host.loop, ALIVE_MS, on_alive, all);
}

void feed_begin(struct dashboard *d, struct http_exchange *x, const struct session *session)
{
	struct feeds *all = d->feeds;
	struct feed *f = all->n < FEEDS_MAX ? calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		answer_text(d, x, 503, "too many look already\n");
		return;
	}
	*f = (struct feed){ .next = all->first, .x = x };
	(void)snprintf(f->token, sizeof(f->token), "%s", session->token);
	all->first = f;
	all->n++;
	answer_feed(d, x);
	send_all(all, f);
	if (!all->alive)
		all->alive = timer_start(d->serve->host.loop, ALIVE_MS, on_alive, all);
}

void feed_gone(struct dashboard *d, const struct http_exchange *x)
{
	for (struct feed **at = &d->feeds->first; *at; at = &(*at)->next) {
		if ((*at)->x == x) {
			(void)remove_feed(d->feeds, at);
			return;
		}
	}
}

void feeds_end(struct dashboard *d, const struct session *session)
{
	for (struct feed **at = &d->feeds->first; *at;) {
		if (strcmp((*at)->token, session->token) == 0)
			http_server_end(remove_feed(d->feeds, at));
		else
			at = &(*at)->next;
	}
}

cJSON *feeds_bars(const struct dashboard *d)
{
	return bars_list(d->feeds->bars, false, clock_wall_ms());
}

/* ---- life ---- */

int feeds_new(struct dashboard *d, struct err *err)
{
	d->feeds = calloc(1, sizeof(*d->feeds));
	if (d->feeds)
		*d->feeds = (struct feeds){ .dashboard = d, .bars = bars_new() };
	return d->feeds && d->feeds->bars ? 0
					  : err_set(err, ERR_NOMEM, "no memory for the dashboard");
}

void feeds_free(struct feeds *all)
{
	if (!all)
		return;
	timer_stop(all->together);
	timer_stop(all->alive);
	while (all->first)
		(void)remove_feed(all, &all->first);
	bars_free(all->bars);
	free(all);
}
