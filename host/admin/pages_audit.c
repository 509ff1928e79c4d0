/* pages_audit.c - the audit log: can it be written, and is it whole? */
#include <inttypes.h>

#include "admin/pages_private.h"

static void add_state(struct html *h, const struct page_view *v, const cJSON *status)
{
	const cJSON *audit = json_get(status, "audit");
	const char *failed = json_get_str(audit, "failed");
	html_add(h, "<section class=\"card\"><h2>Writing</h2>\n<dl class=\"facts\">\n"
		    "<dt>State</dt><dd>");
	page_state(h, failed ? "failed" : "ok");
	html_add(h, "</dd>\n");
	page_fact(h, "Why", failed);
	html_add(h,
		 "<dt>Records</dt><dd>%" PRId64 " since the host was started</dd>\n"
		 "<dt>Waiting for the disk</dt><dd>%" PRId64 " ms</dd>\n",
		 json_get_int(audit, "records", 0), json_get_int(audit, "lagMs", 0));
	page_fact(h, "Segment", json_get_str(audit, "segment"));
	page_time_fact(h, v, "Last checkpoint", json_get_str(audit, "lastCheckpoint"));
	html_add(h, "</dl></section>\n");
}

static void add_findings(struct html *h, const cJSON *found)
{
	static const char *const columns[] = { "File", "Verdict", "What was found", NULL };
	const cJSON *f;
	if (cJSON_GetArraySize(found) == 0)
		return;
	table_begin(h, "Notes are what a process that died, or one that writes, leaves", columns);
	cJSON_ArrayForEach(f, found)
	{
		html_add(
		    h,
		    "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\" class=\"mono\">%s</th>",
		    json_get_str(f, "segment"));
		cell_begin(h, columns[1]);
		page_state(h, json_get_str(f, "verdict"));
		cell_end(h);
		cell_begin(h, columns[2]);
		if (json_get_int(f, "line", 0))
			html_add(h, "line %" PRId64 ": ", json_get_int(f, "line", 0));
		html_add(h, "%s", json_get_str(f, "why"));
		cell_end(h);
		html_add(h, "</tr>\n");
	}
	table_end(h);
}

static void add_result(struct html *h, const struct page_view *v, const cJSON *check)
{
	const char *error = json_get_str(check, "error");
	bool good = json_get_bool(check, "good", false);
	html_add(h, "<dl class=\"facts\"><dt>State</dt><dd>");
	page_state(h, error ? "not verified" : good ? "verified" : "NOT verified");
	html_add(h, "</dd>\n");
	page_fact(h, "Why", error);
	page_time_fact(h, v, "Looked at", json_get_str(check, "begun"));
	html_add(h, "<dt>Took</dt><dd>");
	page_duration(h, v, json_get_str(check, "begun"), json_get_str(check, "ended"));
	html_add(h, "</dd>\n");
	if (!error)
		html_add(h,
			 "<dt>Found</dt><dd>%" PRId64 " segments, %" PRId64 " records, %" PRId64
			 " calls (%" PRId64 " with an unknown outcome), %" PRId64 " notes, %" PRId64
			 " bad</dd>\n<dt>Signatures</dt><dd>%s</dd>\n",
			 json_get_int(check, "segments", 0), json_get_int(check, "records", 0),
			 json_get_int(check, "calls", 0), json_get_int(check, "unknown", 0),
			 json_get_int(check, "notes", 0), json_get_int(check, "bad", 0),
			 json_get_bool(check, "signed", false)
			     ? "checked with the public key of this host"
			     : "not checked: there is no public key");
	html_add(h, "</dl>\n");
}

static void add_check(struct html *h, const struct page_view *v, const cJSON *check)
{
	html_add(h, "<section class=\"card\" aria-live=\"polite\"><h2>Verification</h2>\n");
	if (!check)
		html_add(h, "<p>It was not verified since the host was started.</p>\n");
	else if (json_get_bool(check, "going", false))
		html_add(h, "<p>It is being verified: load this page again to see the end.</p>\n");
	else
		add_result(h, v, check);
	if (!json_get_bool(check, "going", false)) {
		html_add(h, "<form method=\"post\" action=\"/audit\">");
		page_token(h, v);
		html_add(h, "<button class=\"plain\">Verify all of it now</button></form>\n");
	}
	html_add(h, "</section>\n");
}

void page_audit(struct html *h, const struct page_view *v, const cJSON *status, const cJSON *check)
{
	page_begin(h, v, ROOM_AUDIT, "Audit log");
	add_check(h, v, check);
	add_findings(h, json_get(check, "found"));
	add_state(h, v, status);
	html_add(
	    h,
	    "<p class=\"quiet small\">This host can vouch for itself only as far as it is honest. "
	    "Who keeps its checkpoints elsewhere can prove more, with "
	    "<code>runbook audit verify --checkpoint FILE</code>.</p>\n");
	page_end(h);
}
