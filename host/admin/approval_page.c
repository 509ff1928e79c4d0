#include "admin/approval_page.h"

#include <string.h>

static void begin(struct html *page, const char *title)
{
	html_add(page,
		 "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title></head>"
		 "<body>\n<h1>%s</h1>\n",
		 title, title);
}

static void finish(struct html *page)
{
	html_add(page, "</body></html>\n");
}

void approval_page_say(struct html *page, const char *title, const char *text)
{
	begin(page, title);
	html_add(page, "<p>%s</p>\n", text);
	finish(page);
}

static void add_row(struct html *page, const char *name, const char *value)
{
	if (value && value[0])
		html_add(page, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static void add_json_row(struct html *page, const char *name, const cJSON *value)
{
	if (!value)
		return;
	html_add(page, "<dt>%s</dt><dd>", name);
	html_json(page, value);
	html_add(page, "</dd>\n");
}

static void add_votes(struct html *page, const cJSON *approval)
{
	const cJSON *v;
	html_add(page, "<dt>needs</dt><dd>%d</dd>\n", (int)json_get_int(approval, "needed", 1));
	cJSON_ArrayForEach(v, json_get(approval, "votes"))
	    add_row(page, json_get_bool(v, "approve", false) ? "approved by" : "rejected by",
		    json_get_str(v, "voter"));
}

static const cJSON *find_open(const struct approval_ask_page *p)
{
	const cJSON *a;
	if (json_get_int(p->run, "attempt", 0) != p->attempt)
		return NULL;
	cJSON_ArrayForEach(a, json_get(p->run, "approvals"))
	{
		const char *path = json_get_str(a, "path");
		if (path && strcmp(path, p->step) == 0)
			return json_get_bool(a, "open", false) ? a : NULL;
	}
	return NULL;
}

bool approval_page_ask(struct html *page, const struct approval_ask_page *p)
{
	const cJSON *a = find_open(p), *details = json_get(a, "details");
	if (!a)
		return false;
	begin(page, p->approve ? "Approve this?" : "Reject this?");
	html_add(page, "<dl>\n");
	add_row(page, "what", json_get_str(a, "subject"));
	add_row(page, "operation", json_get_str(details, "operation"));
	add_json_row(page, "arguments", json_get(details, "args"));
	add_row(page, "why it is asked", json_get_str(details, "why"));
	add_row(page, "runbook", json_get_str(p->run, "path"));
	add_row(page, "reason of the run", json_get_str(p->run, "reason"));
	add_json_row(page, "started by", json_get(p->run, "actor"));
	add_row(page, "run", json_get_str(p->run, "id"));
	add_row(page, "step", p->step);
	add_votes(page, a);
	add_row(page, "until", json_get_str(a, "expires"));
	add_row(page, "you are", p->person);
	html_add(page,
		 "</dl>\n<form method=\"post\">\n"
		 "<p><label>Comment <input name=\"comment\" maxlength=\"500\"></label></p>\n"
		 "<p><button type=\"submit\">%s</button></p>\n</form>\n",
		 p->approve ? "Approve" : "Reject");
	finish(page);
	return true;
}
