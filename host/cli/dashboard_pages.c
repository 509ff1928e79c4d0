/* dashboard_pages.c - what each page of the dashboard is made from. */
#include <stdlib.h>
#include <string.h>

#include "admin/form.h"
#include "base/percent.h"
#include "cli/dashboard_private.h"

enum { RECENT = 10, RUNS_SHOWN = 50, NUMBER_SIZE = 12 };

/* ---- requests of query.h ---- */

static cJSON *request(const char *op, size_t limit)
{
	cJSON *o = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(o, "op", op);
	if (limit)
		json_set_int(o, "limit", (int64_t)limit);
	return o;
}

static void add_if(cJSON *o, const char *name, const char *value)
{
	if (*value)
		(void)cJSON_AddStringToObject(o, name, value);
}

/* Ask; the request is taken over. */
static int ask(struct visit *v, const struct query *q, cJSON *asked, cJSON **out)
{
	int rc = asked ? query_request(q, asked, out, &v->err)
		       : err_set(&v->err, ERR_NOMEM, "no memory for a page");
	cJSON_Delete(asked);
	return rc;
}

/* ---- pages ---- */

static int look_overview(struct visit *v, const struct query *q)
{
	int rc = ask(v, q, request("status", 0), &v->found[0]);
	return rc < 0 ? rc : ask(v, q, request("runs", RECENT), &v->found[1]);
}

static void draw_overview(struct visit *v, const struct dashboard *d)
{
	dashboard_add_owner(d, v->found[0]);
	page_overview(&v->html, &v->view, v->found[0], v->found[1]);
}

static int look_runs(struct visit *v, const struct query *q)
{
	cJSON *o = request("runs", RUNS_SHOWN + 1);
	add_if(o, "state", v->query.state);
	add_if(o, "runbook", v->query.runbook);
	add_if(o, "before", v->query.before);
	return ask(v, q, o, &v->found[0]);
}

static void draw_runs(struct visit *v)
{
	const struct runs_shown shown = { .state = v->query.state,
					  .runbook = v->query.runbook,
					  .older = v->query.before[0] != '\0',
					  .limit = RUNS_SHOWN };
	page_runs(&v->html, &v->view, &shown, v->found[0]);
}

static int look_run(struct visit *v, const struct query *q)
{
	cJSON *o = request("show", 0);
	add_if(o, "run", v->query.run);
	return ask(v, q, o, &v->found[0]);
}

static void draw_run(struct visit *v)
{
	page_run(&v->html, &v->view, v->found[0], v->query.from);
}

static const struct dashboard_page pages[] = {
	{ "/", look_overview, NULL, draw_overview },
	{ "/runs", look_runs, draw_runs, NULL },
	{ "/runs/", look_run, draw_run, NULL },
};

/* ---- which ---- */

static size_t read_number(struct bytes form, const char *name)
{
	char text[NUMBER_SIZE];
	int64_t n = 0;
	if (!form_get(form, name, text, sizeof(text)))
		return 0;
	cJSON *v = json_parse(bytes_str(text), NULL);
	bool good = json_int_token(v, &n) && n > 0;
	cJSON_Delete(v);
	return good ? (size_t)n : 0;
}

/* The one segment behind a path; false: there is none, or another slash. */
static bool read_segment(char *out, size_t size, const char *segment)
{
	struct buf text = BUF_INIT(size - 1);
	percent_decode(&text, bytes_str(segment), false);
	bool good = *segment && !strchr(segment, '/') && !text.err && !memchr(text.p, '\0', text.n);
	if (good)
		memcpy(out, text.p, text.n);
	out[good ? text.n : 0] = '\0';
	buf_clear(&text);
	return good;
}

static bool matches(const struct dashboard_page *p, const char *path, struct visit_query *out)
{
	size_t n = strlen(p->path);
	if (n == 1 || p->path[n - 1] != '/')
		return strcmp(p->path, path) == 0;
	return strncmp(p->path, path, n) == 0 && read_segment(out->run, sizeof(out->run), path + n);
}

const struct dashboard_page *dashboard_find_page(struct visit_query *out, const char *path,
						 const char *query)
{
	struct bytes form = bytes_str(query);
	*out = (struct visit_query){ 0 };
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (!matches(&pages[i], path, out))
			continue;
		(void)form_get(form, "state", out->state, sizeof(out->state));
		(void)form_get(form, "runbook", out->runbook, sizeof(out->runbook));
		(void)form_get(form, "before", out->before, sizeof(out->before));
		out->from = read_number(form, "from");
		return &pages[i];
	}
	return NULL;
}
