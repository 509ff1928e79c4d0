/* pages_parts.c - what the pages have in common: tables, times, states. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/pages_private.h"
#include "base/clock.h"

/* ---- tables ---- */

void table_begin(struct html *h, const char *caption, const char *const *columns)
{
	html_add(h,
		 "<div class=\"sheet\"><table role=\"table\">\n<caption>%s</caption>\n"
		 "<thead role=\"rowgroup\"><tr role=\"row\">",
		 caption);
	for (; *columns; columns++)
		html_add(h, "<th scope=\"col\" role=\"columnheader\">%s</th>", *columns);
	html_add(h, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
}

void table_end(struct html *h)
{
	html_add(h, "</tbody>\n</table></div>\n");
}

void cell_begin(struct html *h, const char *column)
{
	html_add(h, "<td role=\"cell\" data-name=\"%s\">", column);
}

void cell_end(struct html *h)
{
	html_add(h, "</td>");
}

static void cell_none(struct html *h)
{
	html_add(h, "<td role=\"cell\" class=\"none\"></td>");
}

void cell_text(struct html *h, const char *column, const char *text)
{
	if (!text || !*text) {
		cell_none(h);
		return;
	}
	cell_begin(h, column);
	html_add(h, "%s", text);
	cell_end(h);
}

void cell_time(struct html *h, const struct page_view *v, const char *column, const char *iso)
{
	if (!iso) {
		cell_none(h);
		return;
	}
	cell_begin(h, column);
	page_time(h, v, iso);
	cell_end(h);
}

/* ---- times ---- */

static bool read_time(int64_t *out, const char *iso)
{
	return iso && iso8601_parse(out, bytes_str(iso)) == 0;
}

/* "850 ms", "12.3 s", "4 min", "3.5 h", "12 days" */
static void add_span(struct html *h, int64_t ms)
{
	double s = (double)ms / 1000.0;
	if (ms < 1000)
		html_add(h, "%" PRId64 " ms", ms);
	else if (s < 60)
		html_add(h, "%.1f s", s);
	else if (s < 90.0 * 60)
		html_add(h, "%" PRId64 " min", (ms + 30000) / 60000);
	else if (s < 48.0 * 3600)
		html_add(h, "%.1f h", s / 3600);
	else
		html_add(h, "%" PRId64 " days", (ms + 43200000) / 86400000);
}

/* "2026-11-22T09:14:05.042Z" as "2026-11-22 09:14:05". */
void page_clock(struct html *h, const char *iso)
{
	char day[11], clock[9];
	(void)snprintf(day, sizeof(day), "%.10s", iso);
	(void)snprintf(clock, sizeof(clock), "%.8s", strlen(iso) > 11 ? iso + 11 : "");
	html_add(h, "<time datetime=\"%s\"><span class=\"tight\">%s %s</span></time>", iso, day,
		 clock);
}

void page_time(struct html *h, const struct page_view *v, const char *iso)
{
	int64_t at;
	if (!read_time(&at, iso))
		return;
	page_clock(h, iso);
	html_add(h, " <span class=\"quiet small tight\">");
	int64_t away = at - v->now_ms;
	if (away > 0)
		html_add(h, "in ");
	if (away > -1000 && away <= 0)
		html_add(h, "just now");
	else if (away < 60000 && away > -60000)
		html_add(h, "%" PRId64 " s", (away > 0 ? away + 999 : -away) / 1000);
	else
		add_span(h, away > 0 ? away : -away);
	html_add(h, away <= -1000 ? " ago</span>" : "</span>");
}

void page_duration(struct html *h, const struct page_view *v, const char *from, const char *to)
{
	int64_t begun, ended = v->now_ms;
	if (!read_time(&begun, from) || (to && !read_time(&ended, to)))
		return;
	html_add(h, "<span class=\"tight\">");
	add_span(h, ended > begun ? ended - begun : 0);
	html_add(h, "</span>");
}

/* ---- states ---- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (strcmp(*list, word) == 0)
			return true;
	}
	return false;
}

void page_state(struct html *h, const char *state)
{
	static const char *const good[] = { "done", "ok", "started", "verified", NULL };
	static const char *const bad[] = { "failed", "timed_out",    "parked",       "unknown",
					   "error",  "refused",      "missed",       "invalid",
					   "bad",    "NOT verified", "not verified", NULL };
	static const char *const busy[] = { "running", NULL };
	static const char *const wait[] = { "waiting", "queued",   "paused", "note",
					    "skipped", "replaced", NULL };
	if (!state || !*state)
		return;
	const char *kind = is_one_of(state, good)   ? "good"
			   : is_one_of(state, bad)  ? "bad"
			   : is_one_of(state, busy) ? "busy"
			   : is_one_of(state, wait) ? "wait"
						    : "";
	char words[32];
	(void)snprintf(words, sizeof(words), "%s", state);
	for (char *c = words; *c; c++)
		if (*c == '_')
			*c = ' ';
	html_add(h, "<span class=\"state %s\">%s</span>", kind, words);
}

/* ---- small things ---- */

static const char *first_of(const cJSON *o, const char *const *names)
{
	for (; *names; names++) {
		if (json_get_str(o, *names))
			return json_get_str(o, *names);
	}
	return NULL;
}

void page_actor(struct html *h, const cJSON *actor)
{
	static const char *const people[] = { "verifiedUser", "sudoUser", "loginUser", "user",
					      NULL };
	const char *type = json_get_str(actor, "type"), *name = json_get_str(actor, "name");
	const char *person = first_of(actor, people);
	if (!type)
		return;
	if (strcmp(type, "operator") == 0)
		html_add(h, "%s", person ? person : "somebody");
	else
		html_add(h, "%s%s%s", type, name ? " " : "", name ? name : "");
	const char *identity = json_get_str(actor, "identity"), *peer = json_get_str(actor, "peer");
	if (identity)
		html_add(h, ", %s", identity);
	if (peer)
		html_add(h, " <span class=\"quiet small\">from %s</span>", peer);
}

void page_run_link(struct html *h, const char *id, const char *text)
{
	html_add(h, "<a href=\"/runs/");
	html_path(h, id);
	html_add(h, "\">%s</a>", text ? text : id);
}

void page_fact(struct html *h, const char *name, const char *text)
{
	if (text && *text)
		html_add(h, "<dt>%s</dt><dd>%s</dd>\n", name, text);
}

void page_time_fact(struct html *h, const struct page_view *v, const char *name, const char *iso)
{
	if (!iso)
		return;
	html_add(h, "<dt>%s</dt><dd>", name);
	page_time(h, v, iso);
	html_add(h, "</dd>\n");
}

void page_json(struct html *h, const char *name, const cJSON *value, bool open)
{
	if (!value)
		return;
	html_add(h, open ? "<details open>" : "<details>");
	html_add(h, "<summary>%s</summary><pre tabindex=\"0\">", name);
	html_json(h, value);
	html_add(h, "</pre></details>\n");
}

void page_empty(struct html *h, const char *text)
{
	html_add(h, "<div class=\"sheet empty\"><p>%s</p></div>\n", text);
}
