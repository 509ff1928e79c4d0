/* pages_approvals.c - what waits for people. */
#include <inttypes.h>

#include "admin/pages_private.h"

void page_votes(struct html *h, const struct page_view *v, const cJSON *approval)
{
	const cJSON *votes = json_get(approval, "votes"), *vote;
	html_add(h, "<dt>Needs</dt><dd>%" PRId64 " %s</dd>\n", json_get_int(approval, "needed", 1),
		 json_get_int(approval, "needed", 1) == 1 ? "person" : "people");
	cJSON_ArrayForEach(vote, votes)
	{
		html_add(h, "<dt>%s</dt><dd>%s ",
			 json_get_bool(vote, "approve", false) ? "Approved by" : "Rejected by",
			 json_get_str(vote, "voter"));
		page_time(h, v, json_get_str(vote, "at"));
		const char *comment = json_get_str(vote, "comment");
		if (comment)
			html_add(h, "<br><span class=\"quiet\">%s</span>", comment);
		html_add(h, "</dd>\n");
	}
}

static void add_form(struct html *h, const struct page_view *v, const cJSON *approval, int number)
{
	html_add(h, "<form method=\"post\" action=\"/approvals\" aria-labelledby=\"ask-%d\">",
		 number);
	page_token(h, v);
	html_add(
	    h,
	    "<input type=\"hidden\" name=\"run\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"step\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"attempt\" value=\"%" PRId64 "\">\n"
	    "<div class=\"actions\"><label>Comment, kept with the vote"
	    "<input type=\"text\" name=\"comment\" maxlength=\"500\" autocomplete=\"off\">"
	    "</label>\n"
	    "<button name=\"do\" value=\"approve\">Approve</button>\n"
	    "<button name=\"do\" value=\"reject\" class=\"danger\">Reject</button></div></form>\n",
	    json_get_str(approval, "run"), json_get_str(approval, "path"),
	    json_get_int(approval, "attempt", 1));
}

static void add_approval(struct html *h, const struct page_view *v, const cJSON *approval,
			 int number)
{
	const cJSON *details = json_get(approval, "details");
	const char *subject = json_get_str(approval, "subject"),
		   *run = json_get_str(approval, "run");
	const char *may_not = json_get_str(approval, "mayNot");
	html_add(h, "<article class=\"card\"><h2 id=\"ask-%d\">%s</h2>\n<dl class=\"facts\">\n",
		 number, subject ? subject : "An approval");
	page_fact(h, "Operation", json_get_str(details, "operation"));
	page_fact(h, "Why it is asked", json_get_str(details, "why"));
	html_add(h, "<dt>Run</dt><dd>");
	page_run_link(h, run ? run : "", NULL);
	html_add(h, ", started by ");
	page_actor(h, json_get(approval, "asker"));
	html_add(h, "</dd>\n");
	page_fact(h, "Who may", json_get_str(details, "people"));
	page_time_fact(h, v, "Until", json_get_str(approval, "expires"));
	page_votes(h, v, approval);
	html_add(h, "</dl>\n");
	page_json(h, "Arguments", json_get(details, "args"), true);
	if (may_not)
		html_add(h, "<p class=\"quiet\">You have no vote: %s.</p>\n", may_not);
	else
		add_form(h, v, approval, number);
	html_add(h, "</article>\n");
}

void page_approvals(struct html *h, const struct page_view *v, const cJSON *approvals,
		    const char *said)
{
	const cJSON *list = json_get(approvals, "approvals"), *approval;
	int number = 0;
	page_begin(h, v, ROOM_APPROVALS, "Approvals");
	if (said)
		html_add(h, "<p class=\"card\" role=\"status\">%s</p>\n", said);
	if (cJSON_GetArraySize(list) == 0)
		page_empty(h, "Nothing waits for people.");
	cJSON_ArrayForEach(approval, list) add_approval(h, v, approval, ++number);
	page_end(h);
}
