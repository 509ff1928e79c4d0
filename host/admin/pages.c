#include "admin/pages.h"

#include <string.h>

#include "admin/assets.h"
#include "admin/pages_private.h"

/* ---- the frame ---- */

static const struct {
	const char *path, *name;
} rooms[] = {
	[ROOM_OVERVIEW] = { "/", "Overview" },
	[ROOM_RUNS] = { "/runs", "Runs" },
	[ROOM_APPROVALS] = { "/approvals", "Approvals" },
	[ROOM_SCHEDULES] = { "/schedules", "Schedules" },
	[ROOM_HOOKS] = { "/hooks", "Webhooks" },
	[ROOM_AUDIT] = { "/audit", "Audit log" },
};

/* The address of a static file. */
static void add_asset(struct html *h, const char *name)
{
	for (const struct asset *a = assets; a->name; a++) {
		if (strcmp(a->name, name) == 0)
			html_add(h, "/assets/%s?v=%s", name, a->version);
	}
}

static void begin_document(struct html *h, const char *title, bool leads_on)
{
	html_add(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n");
	if (leads_on)
		html_add(h, "<meta http-equiv=\"refresh\" content=\"0; url=/\">\n");
	html_add(h,
		 "<title>%s \u00b7 runbook</title>\n"
		 "<link rel=\"icon\" type=\"image/svg+xml\" href=\"",
		 title);
	add_asset(h, "icon.svg");
	html_add(h, "\">\n<link rel=\"stylesheet\" href=\"");
	add_asset(h, "dashboard.css");
	html_add(h, "\">\n<script src=\"");
	add_asset(h, "dashboard.js");
	html_add(h, "\" defer></script>\n</head>\n<body>\n"
		    "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n"
		    "<header class=\"top\"><div class=\"inner\">\n"
		    "<a class=\"brand\" href=\"/\"><img src=\"");
	add_asset(h, "icon.svg");
	html_add(h, "\" alt=\"\" width=\"24\" height=\"24\">runbook</a>\n");
}

static void begin_main(struct html *h, const char *title)
{
	html_add(h,
		 "</div></header>\n<main id=\"main\" tabindex=\"-1\">\n"
		 "<h1>%s</h1>\n",
		 title);
}

void page_begin(struct html *h, const struct page_view *v, enum page_room room, const char *title)
{
	begin_document(h, title, false);
	html_add(h, "<nav aria-label=\"Pages\"><ul>\n");
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		html_add(h, "<li><a href=\"%s\"", rooms[i].path);
		if (i == room)
			html_add(h, " aria-current=\"page\"");
		html_add(h, ">%s</a></li>\n", rooms[i].name);
	}
	html_add(h, "</ul></nav>\n<form class=\"who\" method=\"post\" action=\"/leave\">");
	page_token(h, v);
	html_add(h,
		 "<span><span class=\"hidden\">Logged in as </span>%s</span>"
		 "<button>Log out</button></form>\n",
		 v->person);
	begin_main(h, title);
}

void page_end(struct html *h)
{
	html_add(h,
		 "</main>\n<footer class=\"foot\">Times are UTC. runbook %s</footer>\n"
		 "</body>\n</html>\n",
		 RUNBOOK_VERSION);
}

void page_token(struct html *h, const struct page_view *v)
{
	html_add(h, "<input type=\"hidden\" name=\"token\" value=\"%s\">", v->token);
}

/* ---- pages that say one thing ---- */

void page_stranger(struct html *h, const char *why)
{
	begin_document(h, "Log in", false);
	begin_main(h, "Log in");
	if (why)
		html_add(h, "<p class=\"card note\" role=\"alert\">%s</p>\n", why);
	html_add(h, "<div class=\"card\"><p>Who may use the command line of this host may see its "
		    "dashboard. Run this there, and open the link that it prints, within a "
		    "minute:</p>\n<pre>runbook dashboard --config FILE</pre></div>\n");
	page_end(h);
}

void page_entered(struct html *h)
{
	begin_document(h, "Logged in", true);
	begin_main(h, "Logged in");
	html_add(h, "<p class=\"card\"><a href=\"/\">Go on to the dashboard</a></p>\n");
	page_end(h);
}

void page_say(struct html *h, const struct page_view *v, const char *title, const char *text)
{
	page_begin(h, v, ROOM_NONE, title);
	html_add(h, "<p class=\"card\" role=\"status\">%s</p>\n", text);
	page_end(h);
}
