#include "admin/query.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "admin/query_private.h"

/* ---- runs ---- */

static void add_run(const struct query *q, cJSON *o, const struct run_row *r)
{
	query_add_text(o, "id", r->id);
	json_set_int(o, "attempt", r->attempt);
	query_add_text(o, "state", run_state_name(r->state));
	query_add_text(o, "path", r->path);
	query_add_text(o, "key", r->key);
	query_add_time(o, "created", r->created_ms);
	query_add_time(o, "started", r->started_ms);
	query_add_time(o, "ended", r->ended_ms);
	query_add_time(o, "wake", r->wake_ms);
	query_add_text(o, "waitsFor", r->waits_for);
	query_add_text(o, "outcome", r->outcome);
	query_add_text(o, "message", r->message);
	if (q->unowned && !run_state_over(r->state))
		(void)cJSON_AddTrueToObject(o, "unattended");
}

struct listing {
	const struct query *q;
	cJSON *list;
	cJSON *queued; /* what has not begun, to be listed among the others; newest first */
};

struct last_asked {
	int attempt;
	cJSON *o;
};

/* Of several that wait the one that was asked for last. */
static int take_subject(void *arg, const struct approval_row *a)
{
	const struct last_asked *last = arg;
	if (a->attempt != last->attempt)
		return 0;
	cJSON_DeleteItemFromObjectCaseSensitive(last->o, "subject");
	query_add_text(last->o, "subject", a->subject);
	return 0;
}

static int list_run(void *arg, const struct run_row *r)
{
	const struct listing *l = arg;
	query_list_queued(l->list, l->queued, r->id);
	cJSON *o = query_add_row(l->list);
	if (!o)
		return -ERR_NOMEM;
	add_run(l->q, o, r);
	if (r->state != RUN_STATE_WAITING || !r->waits_for || strcmp(r->waits_for, "approval") != 0)
		return 0;
	struct last_asked last = { r->attempt, o };
	return store_approvals(l->q->reader, r->id, take_subject, &last, NULL);
}

int query_runs(const struct query *q, const struct run_filter *filter, cJSON **out, struct err *err)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *list = o ? cJSON_AddArrayToObject(o, "runs") : NULL;
	struct listing l = { q, list, list ? cJSON_CreateArray() : NULL };
	/* Before the runs: what begins in between is in both then, not in neither. */
	int rc = l.queued ? query_read_queued(q, filter, l.queued, err)
			  : err_set(err, ERR_NOMEM, "no memory for the list of runs");
	if (rc == 0)
		rc = store_runs(q->reader, filter, list_run, &l, err);
	query_list_queued(list, l.queued, "");
	while (filter->limit && (size_t)cJSON_GetArraySize(list) > filter->limit)
		cJSON_DeleteItemFromArray(list, cJSON_GetArraySize(list) - 1);
	cJSON_Delete(l.queued);
	if (rc < 0) {
		cJSON_Delete(o);
		return rc;
	}
	*out = o;
	return 0;
}

/* ---- one run ---- */

struct whole {
	const struct query *q;
	cJSON *o, *steps, *modules, *approvals;
	void *by_path; /* a tree of struct step: those in steps */
	char id[64];
	int attempt;
	bool over;
};

static int show_run(void *arg, const struct run_row *r)
{
	struct whole *w = arg;
	if (strlen(r->id) >= sizeof(w->id))
		return -ERR_INVALID;
	memcpy(w->id, r->id, strlen(r->id) + 1);
	w->attempt = r->attempt;
	w->over = run_state_over(r->state);
	add_run(w->q, w->o, r);
	query_add_text(w->o, "sha256", r->sha256);
	query_add_json(w->o, "input", r->input);
	query_add_json(w->o, "actor", r->actor);
	query_add_text(w->o, "reason", r->reason);
	query_add_text(w->o, "config", r->config);
	query_add_json(w->o, "options", r->options);
	query_add_time(w->o, "deadline", r->deadline_ms);
	if (r->deaths > 0)
		json_set_int(w->o, "deaths", r->deaths);
	query_add_json(w->o, "result", r->result);
	query_add_text(w->o, "traceback", r->traceback);
	return 0;
}

static int show_module(void *arg, const char *name, const char *path, const char *sha256,
		       struct bytes source)
{
	struct whole *w = arg;
	cJSON *o = query_add_row(w->modules);
	(void)source;
	if (!o)
		return -ERR_NOMEM;
	query_add_text(o, "name", name);
	query_add_text(o, "path", path);
	query_add_text(o, "sha256", sha256);
	return 0;
}

static const char *kind_name(enum step_kind kind)
{
	switch (kind) {
	case STEP_CALL:
		return "call";
	case STEP_SLEEP:
		return "sleep";
	case STEP_APPROVAL:
		return "approval";
	case STEP_NOW:
		return "now";
	case STEP_BRANCHES:
		return "parallel";
	case STEP_SECRET:
		return "secret";
	}
	return "call";
}

struct step {
	const char *path; /* the row's */
	cJSON *row;
};

static int compare_steps(const void *a, const void *b)
{
	const struct step *left = a, *right = b;
	return strcmp(left->path, right->path);
}

/* The row of the step with that path, a new one when it has none. A run may have very many. */
static cJSON *step_row(struct whole *w, const char *path, enum step_kind kind)
{
	const struct step wanted = { .path = path };
	struct step *const *known = tfind(&wanted, &w->by_path, compare_steps);
	if (known)
		return (*known)->row;
	cJSON *o = query_add_row(w->steps);
	const cJSON *name = o ? cJSON_AddStringToObject(o, "path", path) : NULL;
	struct step *step = name ? calloc(1, sizeof(*step)) : NULL;
	if (!step)
		return NULL;
	*step = (struct step){ name->valuestring, o };
	if (!tsearch(step, &w->by_path, compare_steps)) {
		free(step);
		return NULL;
	}
	query_add_text(o, "kind", kind_name(kind));
	return o;
}

static void add_args(const struct whole *w, cJSON *o, const char *operation, const char *text)
{
	cJSON *args = text ? json_parse(bytes_str(text), NULL) : NULL;
	if (args && w->q->redact)
		w->q->redact(w->q->arg, operation, &args);
	if (args && !cJSON_AddItemToObject(o, "args", args))
		cJSON_Delete(args);
}

static int show_step(void *arg, const struct step_row *s)
{
	struct whole *w = arg;
	cJSON *o = step_row(w, s->path, s->kind);
	if (!o)
		return -ERR_NOMEM;
	if (json_get(o,
		     "begun")) { /* settled: sent again, or with another token; the last counts */
		static const char *const renewed[] = { "token", "args", "until", "intent" };
		for (size_t i = 0; i < sizeof(renewed) / sizeof(*renewed); i++)
			cJSON_DeleteItemFromObjectCaseSensitive(o, renewed[i]);
		json_set_int(o, "intents", json_get_int(o, "intents", 1) + 1);
		json_set_int(o, "links", s->link);
	} else {
		query_add_text(o, "operation", s->operation);
		query_add_text(o, "resource", s->resource);
		query_add_time(o, "begun", s->begun_ms);
	}
	if (s->kind == STEP_CALL)
		add_args(w, o, s->operation, s->args);
	query_add_text(o, "token", s->token);
	query_add_time(o, "until", s->until_ms);
	if (s->intent > 0)
		json_set_int(o, "intent", (int64_t)s->intent);
	return 0;
}

static int show_end(void *arg, const struct step_end *e)
{
	struct whole *w = arg;
	cJSON *o = step_row(w, e->path, e->kind);
	if (!o)
		return -ERR_NOMEM;
	if (!json_get(o, "begun")) { /* its end says all of it */
		query_add_text(o, "operation", e->operation);
		query_add_json(o, "args", e->args);
		query_add_time(o, "begun", e->begun_ms);
	}
	query_add_time(o, "ended", e->ended_ms);
	query_add_text(o, "outcome", e->outcome);
	query_add_json(o, "answer", e->answer);
	query_add_json(o, "error", e->error);
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	const cJSON *const *left = a, *const *right = b;
	return strverscmp(json_get_str(*left, "path"), json_get_str(*right, "path"));
}

/* Beginnings were read before ends: 2 may stand before 1. */
static int sort_steps(cJSON *list, struct err *err)
{
	size_t n = (size_t)cJSON_GetArraySize(list);
	cJSON **steps = calloc(n + 1, sizeof(cJSON *));
	if (!steps)
		return err_set(err, ERR_NOMEM, "no memory for the steps of the run");
	for (size_t i = 0; i < n; i++)
		steps[i] = cJSON_DetachItemFromArray(list, 0);
	qsort(steps, n, sizeof(cJSON *), compare_paths);
	for (size_t i = 0; i < n; i++)
		(void)cJSON_AddItemToArray(list, steps[i]);
	free(steps);
	return 0;
}

/* ---- approvals ---- */

static int add_vote(void *arg, const struct vote_row *v)
{
	cJSON *o = query_add_row(arg);
	if (!o)
		return -ERR_NOMEM;
	query_add_text(o, "voter", v->voter);
	query_add_text(o, "by", v->by);
	(void)cJSON_AddBoolToObject(o, "approve", v->approve);
	query_add_text(o, "comment", v->comment);
	query_add_time(o, "at", v->at_ms);
	return 0;
}

static int add_approval(struct store_reader *reader, cJSON *list, const struct approval_row *a,
			cJSON **added)
{
	cJSON *o = query_add_row(list);
	if (!o)
		return -ERR_NOMEM;
	query_add_text(o, "path", a->path);
	query_add_text(o, "subject", a->subject);
	query_add_json(o, "details", a->details);
	json_set_int(o, "needed", a->needed);
	query_add_time(o, "expires", a->expires_ms);
	cJSON *votes = cJSON_AddArrayToObject(o, "votes");
	*added = o;
	return votes ? store_votes(reader, a->run, a->attempt, a->path, add_vote, votes, NULL)
		     : -ERR_NOMEM;
}

static int show_approval(void *arg, const struct approval_row *a)
{
	struct whole *w = arg;
	cJSON *o = NULL;
	if (a->attempt != w->attempt)
		return 0;
	int rc = add_approval(w->q->reader, w->approvals, a, &o);
	const cJSON *step = rc == 0 ? step_row(w, a->path, STEP_APPROVAL) : NULL;
	if (step)
		(void)cJSON_AddBoolToObject(o, "open", !w->over && !json_get(step, "ended"));
	return rc;
}

struct open_list {
	const struct query *q;
	cJSON *list;
};

static int list_approval(void *arg, const struct approval_row *a)
{
	const struct open_list *l = arg;
	cJSON *o = NULL;
	int rc = add_approval(l->q->reader, l->list, a, &o);
	if (rc < 0)
		return rc;
	query_add_text(o, "run", a->run);
	json_set_int(o, "attempt", a->attempt);
	query_add_json(o, "asker", a->asker);
	return 0;
}

int query_approvals(const struct query *q, cJSON **out, struct err *err)
{
	cJSON *o = cJSON_CreateObject();
	struct open_list l = { q, o ? cJSON_AddArrayToObject(o, "approvals") : NULL };
	int rc = l.list ? store_approvals(q->reader, NULL, list_approval, &l, err)
			: err_set(err, ERR_NOMEM, "no memory for the list of approvals");
	if (rc < 0) {
		cJSON_Delete(o);
		return rc;
	}
	*out = o;
	return 0;
}

/* ---- all of it ---- */

static int show_all(struct whole *w, const char *id, struct err *err)
{
	struct store_reader *r = w->q->reader;
	char whole[QUERY_ID_SIZE];
	int rc = query_find(w->q, id, whole, err);
	if (rc > 0)
		return query_show_queued(w->q, whole, w->o, err);
	if (rc == 0)
		rc = store_run(r, whole, show_run, w, err);
	if (rc == 0)
		rc = store_modules(r, w->id, w->attempt, show_module, w, err);
	if (rc == 0)
		rc = store_steps(r, w->id, w->attempt, show_step, w, err);
	if (rc == 0)
		rc = store_ends(r, w->id, w->attempt, show_end, w, err);
	if (rc == 0)
		rc = sort_steps(w->steps, err);
	if (rc == 0)
		rc = store_approvals(r, w->id, show_approval, w, err);
	return rc;
}

int query_run(const struct query *q, const char *id, cJSON **out, struct err *err)
{
	struct whole w = { .q = q, .o = cJSON_CreateObject() };
	w.modules = w.o ? cJSON_AddArrayToObject(w.o, "modules") : NULL;
	w.steps = w.modules ? cJSON_AddArrayToObject(w.o, "steps") : NULL;
	w.approvals = w.steps ? cJSON_AddArrayToObject(w.o, "approvals") : NULL;
	int rc =
	    w.approvals ? show_all(&w, id, err) : err_set(err, ERR_NOMEM, "no memory for the run");
	tdestroy(w.by_path, free);
	if (rc < 0) {
		cJSON_Delete(w.o);
		return rc;
	}
	*out = w.o;
	return 0;
}

/* ---- the id behind the beginning of one ---- */

static int query_id(const struct query *q, const char *id, cJSON **out, struct err *err)
{
	char whole[QUERY_ID_SIZE];
	cJSON *o = cJSON_CreateObject();
	int rc =
	    o ? query_find(q, id, whole, err) : err_set(err, ERR_NOMEM, "no memory for the run");
	if (rc < 0 || !cJSON_AddStringToObject(o, "run", whole)) {
		cJSON_Delete(o);
		return rc < 0 ? rc : err_set(err, ERR_NOMEM, "no memory for the run");
	}
	*out = o;
	return 0;
}

/* ---- requests ---- */

static int read_states(unsigned *out, const char *name, struct err *err)
{
	enum run_state state;
	if (!name)
		return 0;
	if (strcmp(name, "open") == 0) {
		*out = RUN_STATES_OPEN;
		return 0;
	}
	if (run_state_parse(&state, name) < 0)
		return err_set(err, ERR_INVALID,
			       "'%.40s' is no state of a run: expected open, queued, running, "
			       "waiting, done, failed, cancelled, timed_out or parked",
			       name);
	*out = 1u << state;
	return 0;
}

int query_request(const struct query *q, const cJSON *request, cJSON **out, struct err *err)
{
	const char *op = json_get_str(request, "op"), *run = json_get_str(request, "run");
	bool find = op && strcmp(op, "find") == 0;
	if ((find || (op && strcmp(op, "show") == 0)) && !run)
		return err_set(err, ERR_INVALID, "%s: which run?", op);
	if (find)
		return query_id(q, run, out, err);
	if (op && strcmp(op, "show") == 0)
		return query_run(q, run, out, err);
	if (op && strcmp(op, "approvals") == 0)
		return query_approvals(q, out, err);
	if (op && strcmp(op, "status") == 0)
		return query_status(q, out, err);
	const char *schedule = json_get_str(request, "schedule");
	size_t limit = (size_t)json_get_int(request, "limit", 0);
	if (op && strcmp(op, "schedules") == 0)
		return schedule ? query_schedule(q, schedule, limit, out, err)
				: query_schedules(q, out, err);
	struct run_filter filter = { .path = json_get_str(request, "runbook"),
				     .before = json_get_str(request, "before"),
				     .limit = limit };
	int rc = read_states(&filter.states, json_get_str(request, "state"), err);
	return rc < 0 ? rc : query_runs(q, &filter, out, err);
}
