/* query_queued.c - runs that were accepted and have not begun. */
#include <stdio.h>
#include <string.h>

#include "admin/query_private.h"
#include "store/queued.h"

static void add_row(cJSON *o, const struct queued_row *r)
{
	query_add_text(o, "id", r->run);
	query_add_text(o, "state", r->cancelled ? "cancelled" : "queued");
	query_add_text(o, "hook", r->hook);
	query_add_text(o, "schedule", r->schedule);
	query_add_time(o, "created", r->since_ms);
	query_add_text(o, "message", r->cancelled ? r->why : NULL);
	if (!r->cancelled) {
		query_add_text(o, "waitsFor",
			       r->hook && r->due_ms ? "the end of its window" : "its turn");
		query_add_time(o, "wake", r->hook ? r->due_ms : 0);
	}
	query_add_time(o, "due", r->schedule ? r->due_ms : 0);
}

/* ---- many ---- */

static int read_one(void *arg, const struct queued_row *r)
{
	cJSON *o = query_add_row(arg);
	if (!o)
		return -ERR_NOMEM;
	add_row(o, r);
	return 0;
}

int query_read_queued(const struct query *q, const struct run_filter *filter, cJSON *list,
		      struct err *err)
{
	const struct queued_filter of = { .before = filter->before, .limit = filter->limit };
	bool asked = !filter->states || filter->states & 1u << RUN_STATE_QUEUED;
	if (!asked || filter->path) /* which file it will be is not known before it begins */
		return 0;
	return store_queued(q->reader, &of, read_one, list, err);
}

void query_list_queued(cJSON *list, cJSON *queued, const char *id)
{
	int order;
	while (queued->child && (order = strcmp(json_get_str(queued->child, "id"), id)) >= 0) {
		cJSON *o = cJSON_DetachItemFromArray(queued, 0);
		if (order == 0 || !cJSON_AddItemToArray(list, o))
			cJSON_Delete(o);
	}
}

/* ---- one ---- */

struct found {
	size_t n;
	char id[QUERY_ID_SIZE];
};

static int take_begun(void *arg, const struct run_row *r)
{
	char *id = arg;
	(void)snprintf(id, QUERY_ID_SIZE, "%s", r->id);
	return 0;
}

/* All of one window share an id. */
static int take_queued(void *arg, const struct queued_row *r)
{
	struct found *f = arg;
	f->n += strcmp(f->id, r->run) != 0;
	(void)snprintf(f->id, sizeof(f->id), "%s", r->run);
	return 0;
}

/* What waits is looked at first: what begins in between is in both then, not in neither. */
int query_find(const struct query *q, const char *id, char out[QUERY_ID_SIZE], struct err *err)
{
	const struct queued_filter of = { .run = id, .limit = 2 };
	struct found found = { 0 };
	struct err why = { 0 };
	int rc = store_queued(q->reader, &of, take_queued, &found, err);
	if (rc < 0)
		return rc;
	rc = store_run(q->reader, id, take_begun, out, &why);
	bool none = rc < 0 && strcmp(why.name, NO_SUCH_RUN) == 0;
	if (rc < 0 && !(none && found.n > 0)) {
		if (err)
			*err = why;
		return rc;
	}
	if (rc == 0 && strcmp(found.id, out) == 0)
		found.n--;
	if (found.n + (rc == 0) > 1)
		return err_named(err, ERR_INVALID, AMBIGUOUS_RUN,
				 "several runs begin with '%.60s': give more of the id", id);
	if (none)
		(void)snprintf(out, QUERY_ID_SIZE, "%s", found.id);
	return none;
}

struct shown {
	const struct query *q;
	cJSON *o;
};

static int show_one(void *arg, const struct queued_row *r)
{
	const struct shown *s = arg;
	add_row(s->o, r);
	query_add_json(s->o, "actor", r->actor);
	query_add_json(s->o, "input", r->input);
	return 0;
}

int query_show_queued(const struct query *q, const char *id, cJSON *o, struct err *err)
{
	const struct queued_filter of = { .run = id, .limit = 1 };
	struct shown s = { q, o };
	return store_queued(q->reader, &of, show_one, &s, err);
}
