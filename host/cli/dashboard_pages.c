/* dashboard_pages.c - what each page of the dashboard is made from. */
#include <stdio.h>
#include <string.h>

#include "admin/form.h"
#include "base/clock.h"
#include "base/percent.h"
#include "cli/audit_check.h"
#include "cli/dashboard_private.h"
#include "cli/refusals.h"
#include "cli/status.h"
#include "script/approval.h"
#include "script/rules.h"
#include "trigger/cron_explain.h"

enum {
	RECENT = 10,
	RUNS_SHOWN = 50,
	FIRINGS_SHOWN = 50,
	DELIVERIES_SHOWN = 50,
	NEXTS_SHOWN = 3,
	NUMBER_SIZE = 12,
	TEXT_MAX = 64 * 1024,
};

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

/* ---- how the host is ---- */

static int look_status(struct visit *v, const struct query *q)
{
	int rc = ask(v, q, request("status", 0), &v->found[0]);
	if (rc == 0)
		status_add_files(v->found[0], v->state_dir);
	return rc;
}

/* What the process knows of itself. */
static void add_owner(struct visit *v, const struct dashboard *d)
{
	status_add_owner(v->found[0], &d->serve->host, "serve", d->since_ms);
}

static int look_overview(struct visit *v, const struct query *q)
{
	int rc = look_status(v, q);
	if (rc == 0)
		rc = ask(v, q, request("runs", RECENT), &v->found[1]);
	return rc < 0 ? rc : ask(v, q, request("approvals", 0), &v->found[2]);
}

static void draw_overview(struct visit *v, const struct dashboard *d)
{
	add_owner(v, d);
	cJSON *bars = feeds_bars(d);
	const struct overview_shown shown = { v->found[0], v->found[1], v->found[2], bars };
	page_overview(&v->html, &v->view, &shown);
	cJSON_Delete(bars);
}

/* ---- runs ---- */

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
	add_if(o, "run", v->query.name);
	return ask(v, q, o, &v->found[0]);
}

static void draw_run(struct visit *v)
{
	page_run(&v->html, &v->view, v->found[0], v->query.from);
}

/* ---- approvals ---- */

static int look_approvals(struct visit *v, const struct query *q)
{
	return ask(v, q, request("approvals", 0), &v->found[0]);
}

/* Why this person has no vote; false: it has one. */
static bool may_not(char *out, size_t size, const cJSON *approval, const char *person)
{
	struct buf actor = BUF_INIT(TEXT_MAX);
	const char *people = json_get_str(json_get(approval, "details"), "people");
	const cJSON *asker = json_get(approval, "asker");
	if (asker)
		json_write(&actor, asker);
	bool asks = asker && !actor.err && approval_is_asker(buf_cstr(&actor), person);
	bool named = rules_may_vote(people ? people : "", person);
	if (asks)
		(void)snprintf(out, size, "who started the run does not approve it");
	else if (!named)
		(void)snprintf(out, size, "it is for others");
	buf_clear(&actor);
	return asks || !named;
}

static void draw_approvals(struct visit *v)
{
	char why[80];
	cJSON *approval;
	cJSON_ArrayForEach(approval, json_get(v->found[0], "approvals"))
	{
		if (may_not(why, sizeof(why), approval, v->person))
			(void)cJSON_AddStringToObject(approval, "mayNot", why);
	}
	const char *said =
	    strcmp(v->query.said, "approve") == 0
		? "You have approved it. While it is not decided another vote of yours "
		  "replaces this one."
	    : strcmp(v->query.said, "reject") == 0 ? "You have rejected it."
						   : NULL;
	page_approvals(&v->html, &v->view, v->found[0], said);
}

/* ---- schedules ---- */

static int look_schedules(struct visit *v, const struct query *q)
{
	return ask(v, q, request("schedules", 0), &v->found[0]);
}

static int look_schedule(struct visit *v, const struct query *q)
{
	cJSON *o = request("schedules", FIRINGS_SHOWN);
	add_if(o, "schedule", v->query.name);
	return ask(v, q, o, &v->found[0]);
}

static void add_nexts(cJSON *o, const struct config_schedule *c, int64_t now_ms)
{
	char text[ISO8601_SIZE];
	int64_t at = now_ms;
	cJSON *list = cJSON_AddArrayToObject(o, "nexts");
	for (int i = 0; i < NEXTS_SHOWN; i++) {
		at = schedule_rule_next(&c->rule, at);
		if (at == INT64_MAX)
			return;
		iso8601_format(text, at);
		cJSON *one = cJSON_CreateString(text);
		if (!one || !cJSON_AddItemToArray(list, one))
			cJSON_Delete(one);
	}
}

/* What the configuration says of a schedule. */
static void add_course(cJSON *o, const struct dashboard *d, int64_t now_ms)
{
	const char *name = json_get_str(o, "name");
	const struct config_schedule *c =
	    name ? config_find_schedule(d->serve->host.config, name) : NULL;
	struct buf words = BUF_INIT(TEXT_MAX);
	if (!c)
		return;
	cron_explain(&c->rule.cron, &words);
	if (!words.err)
		(void)cJSON_AddStringToObject(o, "words", buf_cstr(&words));
	buf_clear(&words);
	add_nexts(o, c, now_ms);
}

static void draw_schedules(struct visit *v, const struct dashboard *d)
{
	cJSON *s;
	cJSON_ArrayForEach(s, json_get(v->found[0], "schedules")) add_course(s, d, v->view.now_ms);
	page_schedules(&v->html, &v->view, v->found[0]);
}

static void draw_schedule(struct visit *v, const struct dashboard *d)
{
	add_course(v->found[0], d, v->view.now_ms);
	page_schedule(&v->html, &v->view, v->found[0]);
}

/* ---- webhooks ---- */

static int look_hooks(struct visit *v, const struct query *q)
{
	return query_deliveries(q, NULL, DELIVERIES_SHOWN, &v->found[0], &v->err);
}

static cJSON *list_hooks(const struct config *c)
{
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < c->n_hooks; i++) {
		const struct config_hook *hook = &c->hooks[i];
		cJSON *o = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(o, "name", hook->start.name);
		(void)cJSON_AddStringToObject(o, "path", hook->path);
		(void)cJSON_AddStringToObject(o, "auth",
					      hook->auth.auth ? hook->auth.auth : "hmac-sha256");
		(void)cJSON_AddStringToObject(o, "runbook", hook->start.runbook);
		if (!cJSON_AddItemToArray(list, o))
			cJSON_Delete(o);
	}
	return list;
}

static void draw_hooks(struct visit *v, const struct dashboard *d)
{
	cJSON *hooks = list_hooks(d->serve->host.config);
	cJSON *refused = refusals_list(d->serve->refusals);
	page_hooks(&v->html, &v->view, &(struct hooks_shown){ hooks, v->found[0], refused });
	cJSON_Delete(hooks);
	cJSON_Delete(refused);
}

/* ---- the audit log ---- */

static void draw_audit(struct visit *v, const struct dashboard *d)
{
	cJSON *check = audit_check_state(d->check);
	add_owner(v, d);
	page_audit(&v->html, &v->view, v->found[0], check);
	cJSON_Delete(check);
}

static const struct dashboard_page pages[] = {
	{ "/", look_overview, NULL, draw_overview },
	{ "/runs", look_runs, draw_runs, NULL },
	{ "/runs/", look_run, draw_run, NULL },
	{ "/approvals", look_approvals, draw_approvals, NULL },
	{ "/schedules", look_schedules, NULL, draw_schedules },
	{ "/schedules/", look_schedule, NULL, draw_schedule },
	{ "/hooks", look_hooks, NULL, draw_hooks },
	{ "/audit", look_status, NULL, draw_audit },
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
	return strncmp(p->path, path, n) == 0 &&
	       read_segment(out->name, sizeof(out->name), path + n);
}

const struct dashboard_page *dashboard_find_page(struct visit_query *out, const char *path,
						 const char *query)
{
	struct bytes form = bytes_str(query);
	*out = (struct visit_query){ 0 };
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (!matches(&pages[i], path, out))
			continue;
		form_get(form, "said", out->said, sizeof(out->said));
		form_get(form, "state", out->state, sizeof(out->state));
		form_get(form, "runbook", out->runbook, sizeof(out->runbook));
		form_get(form, "before", out->before, sizeof(out->before));
		out->from = read_number(form, "from");
		return &pages[i];
	}
	return NULL;
}
