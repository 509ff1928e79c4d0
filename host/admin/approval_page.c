#include "admin/approval_page.h"

#include <string.h>

enum { JSON_SHOWN = 16 * 1024 };

static void add_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\'':
			buf_adds(out, "&#39;");
			break;
		default:
			buf_add(out, (unsigned char)*s < ' ' ? " " : s, 1);
		}
	}
}

static void begin(struct buf *out, const char *title)
{
	buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		      "<meta name=\"viewport\" content=\"width=device-width\"><title>");
	add_text(out, title);
	buf_adds(out, "</title></head><body>\n<h1>");
	add_text(out, title);
	buf_adds(out, "</h1>\n");
}

static void finish(struct buf *out)
{
	buf_adds(out, "</body></html>\n");
}

void approval_page_say(struct buf *out, const char *title, const char *text)
{
	begin(out, title);
	buf_adds(out, "<p>");
	add_text(out, text);
	buf_adds(out, "</p>\n");
	finish(out);
}

static void add_row(struct buf *out, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	buf_adds(out, "<dt>");
	add_text(out, name);
	buf_adds(out, "</dt><dd>");
	add_text(out, value);
	buf_adds(out, "</dd>\n");
}

static void add_json_row(struct buf *out, const char *name, const cJSON *value)
{
	struct buf text = BUF_INIT((size_t)1 << 20);
	if (!value)
		return;
	json_write(&text, value);
	if (text.n > JSON_SHOWN) {
		buf_cut(&text, JSON_SHOWN);
		buf_adds(&text, "...");
	}
	add_row(out, name, buf_cstr(&text));
	buf_clear(&text);
}

static void add_votes(struct buf *out, const cJSON *approval)
{
	const cJSON *v;
	buf_addf(out, "<dt>needs</dt><dd>%d</dd>\n", (int)json_get_int(approval, "needed", 1));
	cJSON_ArrayForEach(v, json_get(approval, "votes"))
	    add_row(out, json_get_bool(v, "approve", false) ? "approved by" : "rejected by",
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

bool approval_page_ask(struct buf *out, const struct approval_ask_page *p)
{
	const cJSON *a = find_open(p), *details = json_get(a, "details");
	if (!a)
		return false;
	begin(out, p->approve ? "Approve this?" : "Reject this?");
	buf_adds(out, "<dl>\n");
	add_row(out, "what", json_get_str(a, "subject"));
	add_row(out, "operation", json_get_str(details, "operation"));
	add_json_row(out, "arguments", json_get(details, "args"));
	add_row(out, "why it is asked", json_get_str(details, "why"));
	add_row(out, "runbook", json_get_str(p->run, "path"));
	add_row(out, "reason of the run", json_get_str(p->run, "reason"));
	add_json_row(out, "started by", json_get(p->run, "actor"));
	add_row(out, "run", json_get_str(p->run, "id"));
	add_row(out, "step", p->step);
	add_votes(out, a);
	add_row(out, "until", json_get_str(a, "expires"));
	add_row(out, "you are", p->person);
	buf_adds(out, "</dl>\n<form method=\"post\">\n"
		      "<p><label>Comment <input name=\"comment\" maxlength=\"500\"></label></p>\n"
		      "<p><button type=\"submit\">");
	buf_adds(out, p->approve ? "Approve" : "Reject");
	buf_adds(out, "</button></p>\n</form>\n");
	finish(out);
	return true;
}
