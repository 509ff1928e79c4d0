/* pages_hooks.c - webhooks, what came, and what was refused. */
#include "admin/pages_private.h"

/* ---- hooks ---- */

static void add_hooks(struct html *h, const cJSON *hooks)
{
	static const char *const columns[] = { "Hook", "Path", "Proof", "Runbook", NULL };
	const cJSON *hook;
	table_begin(h, "Where deliveries are received", columns);
	cJSON_ArrayForEach(hook, hooks)
	{
		html_add(h, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">%s</th>",
			 json_get_str(hook, "name"));
		cell_begin(h, columns[1]);
		html_add(h, "<code>%s</code>", json_get_str(hook, "path"));
		cell_end(h);
		cell_text(h, columns[2], json_get_str(hook, "auth"));
		cell_text(h, columns[3], json_get_str(hook, "runbook"));
		html_add(h, "</tr>\n");
	}
	table_end(h);
}

/* ---- what came ---- */

static void add_from(struct html *h, const char *id, const char *identity, const char *peer)
{
	html_add(h, "<span class=\"id\">%s</span>", id ? id : "without an id");
	html_add(h, "<br><span class=\"quiet small\">%s%s%s%s</span>", identity ? identity : "",
		 identity && peer ? ", " : "", peer ? "from " : "", peer ? peer : "");
}

static void add_delivery(struct html *h, const struct page_view *v, const char *const *columns,
			 const cJSON *d)
{
	const cJSON *actor = json_get(d, "actor");
	const char *run = json_get_str(d, "run");
	html_add(h, "<tr role=\"row\">");
	cell_time(h, v, columns[0], json_get_str(d, "at"));
	html_add(h, "<th scope=\"row\" role=\"rowheader\">%s</th>", json_get_str(d, "hook"));
	cell_begin(h, columns[2]);
	add_from(h, json_get_str(d, "id"), json_get_str(actor, "identity"),
		 json_get_str(actor, "peer"));
	cell_end(h);
	cell_begin(h, columns[3]);
	page_state(h, json_get_str(d, "state"));
	if (run)
		page_run_link(h, run, "its run");
	if (json_get_str(d, "why"))
		html_add(h, "<br>%s", json_get_str(d, "why"));
	cell_end(h);
	html_add(h, "</tr>\n");
}

static void add_deliveries(struct html *h, const struct page_view *v, const cJSON *list)
{
	static const char *const columns[] = { "Came", "Hook", "Delivery", "Became", NULL };
	const cJSON *d;
	html_add(h, "<h2>Last deliveries</h2>\n");
	if (cJSON_GetArraySize(list) == 0) {
		page_empty(h, "None has come so far.");
		return;
	}
	table_begin(h, "Newest first: those that have proven who sent them", columns);
	cJSON_ArrayForEach(d, list) add_delivery(h, v, columns, d);
	table_end(h);
}

/* ---- what was refused ---- */

static void add_refused(struct html *h, const struct page_view *v, const cJSON *list)
{
	static const char *const columns[] = { "Came", "Hook", "Delivery", "Refused, because",
					       NULL };
	const cJSON *d;
	html_add(h, "<h2>Last refusals</h2>\n");
	if (cJSON_GetArraySize(list) == 0) {
		page_empty(h, "Nothing was refused since the host was started.");
		return;
	}
	table_begin(h,
		    "Newest first, since the host was started; what a stranger says of itself may "
		    "be anything",
		    columns);
	cJSON_ArrayForEach(d, list)
	{
		const char *hook = json_get_str(d, "hook"), *path = json_get_str(d, "path");
		html_add(h, "<tr role=\"row\">");
		cell_time(h, v, columns[0], json_get_str(d, "at"));
		html_add(h, "<th scope=\"row\" role=\"rowheader\">%s%s</th>",
			 hook ? "" : "none at ",
			 hook   ? hook
			 : path ? path
				: "");
		cell_begin(h, columns[2]);
		add_from(h, json_get_str(d, "id"), json_get_str(d, "identity"),
			 json_get_str(d, "peer"));
		cell_end(h);
		cell_text(h, columns[3], json_get_str(d, "why"));
		html_add(h, "</tr>\n");
	}
	table_end(h);
}

void page_hooks(struct html *h, const struct page_view *v, const struct hooks_shown *shown)
{
	page_begin(h, v, ROOM_HOOKS, "Webhooks");
	if (cJSON_GetArraySize(shown->hooks) == 0)
		page_empty(h, "There are no webhooks.");
	else
		add_hooks(h, shown->hooks);
	add_deliveries(h, v, json_get(shown->deliveries, "deliveries"));
	add_refused(h, v, shown->refused);
	page_end(h);
}
