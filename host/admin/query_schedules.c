/* query_schedules.c - schedules and their firings, as JSON. */
#include "admin/query.h"

#include "admin/query_private.h"
#include "store/firings.h"

/* ---- firings ---- */

static void add_firing(cJSON *o, const struct firing_row *f)
{
	query_add_time(o, "due", f->at_ms);
	query_add_text(o, "state", firing_state_name(f->state));
	query_add_text(o, "run", f->run);
	query_add_text(o, "runState", f->run_state);
	query_add_text(o, "runOutcome", f->run_outcome);
	query_add_text(o, "runMessage", f->run_message);
	query_add_text(o, "why", f->why);
	query_add_json(o, "by", f->by);
	query_add_time(o, "recorded", f->recorded_ms);
}

static int list_firing(void *arg, const struct firing_row *f)
{
	cJSON *o = query_add_row(arg);
	if (o)
		add_firing(o, f);
	return o ? 0 : -ERR_NOMEM;
}

static int take_last(void *arg, const struct firing_row *f)
{
	cJSON *o = cJSON_AddObjectToObject(arg, "last");
	if (o)
		add_firing(o, f);
	return o ? 0 : -ERR_NOMEM;
}

static int count_one(void *arg, const struct firing_row *f)
{
	int64_t *n = arg;
	(void)f;
	(*n)++;
	return 0;
}

/* ---- schedules ---- */

struct listing {
	struct store_reader *reader;
	const char *only; /* NULL: all */
	cJSON *list;
	struct err *err;
};

static void add_schedule(cJSON *o, const struct schedule_row *s)
{
	query_add_text(o, "name", s->name);
	query_add_text(o, "cron", s->cron);
	query_add_text(o, "tz", s->zone);
	query_add_json(o, "options", s->options);
	json_set_int(o, "missed", s->missed);
	json_set_int(o, "failures", s->failures);
	if (s->paused_ms) {
		cJSON *pause = cJSON_AddObjectToObject(o, "paused");
		query_add_time(pause, "since", s->paused_ms);
		query_add_json(pause, "by", s->paused_by);
		query_add_text(pause, "why", s->paused_why);
	} else if (s->cron[0]) {
		query_add_time(o, "next", s->next_ms);
	}
	(void)cJSON_AddBoolToObject(o, "configured", s->cron[0] != '\0');
}

static int list_schedule(void *arg, const struct schedule_row *s)
{
	const struct listing *l = arg;
	const struct firing_filter last = { .schedule = s->name, .limit = 1 };
	const struct firing_filter queued = { .schedule = s->name, .queued = true };
	int64_t waiting = 0;
	bool gone = !s->cron[0] && !s->paused_ms;
	if (l->only ? strcmp(l->only, s->name) != 0 : gone)
		return 0;
	cJSON *o = query_add_row(l->list);
	if (!o)
		return err_set(l->err, ERR_NOMEM, "no memory for the list of schedules");
	add_schedule(o, s);
	int rc = store_firings(l->reader, &last, take_last, o, l->err);
	if (rc == 0)
		rc = store_firings(l->reader, &queued, count_one, &waiting, l->err);
	json_set_int(o, "waiting", waiting);
	return rc;
}

int query_schedules(const struct query *q, cJSON **out, struct err *err)
{
	cJSON *o = cJSON_CreateObject();
	struct listing l = { q->reader, NULL, cJSON_AddArrayToObject(o, "schedules"), err };
	int rc = l.list ? store_schedules(q->reader, list_schedule, &l, err)
			: err_set(err, ERR_NOMEM, "no memory for the list of schedules");
	if (rc < 0) {
		cJSON_Delete(o);
		return rc;
	}
	*out = o;
	return 0;
}

int query_schedule(const struct query *q, const char *name, size_t limit, cJSON **out,
		   struct err *err)
{
	const struct firing_filter newest = { .schedule = name, .limit = limit };
	cJSON *list = cJSON_CreateArray();
	struct listing l = { q->reader, name, list, err };
	int rc = list ? store_schedules(q->reader, list_schedule, &l, err)
		      : err_set(err, ERR_NOMEM, "no memory for a schedule");
	if (rc == 0 && cJSON_GetArraySize(list) == 0)
		rc = err_named(err, ERR_INVALID, "NoSuchSchedule", "there is no schedule '%.60s'",
			       name);
	cJSON *o = rc == 0 ? cJSON_DetachItemFromArray(list, 0) : NULL;
	cJSON *firings = cJSON_AddArrayToObject(o, "firings");
	if (rc == 0)
		rc = store_firings(q->reader, &newest, list_firing, firings, err);
	cJSON_Delete(list);
	if (rc < 0) {
		cJSON_Delete(o);
		return rc;
	}
	*out = o;
	return 0;
}
