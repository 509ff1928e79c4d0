/* config_schedule.c - [schedule NAME]: when a runbook is started, and what happens to missed times. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/tz.h"
#include "cli/config_read.h"
#include "cli/files.h"

enum {
	CALENDAR_MAX = 1 << 20,
	FAILURES_MAX = 1000,
	WINDOW_MS = 3 * 3600 * 1000, /* how late a missed instant is made up for, unless told */
};

/* "2026-12-24", a day of the zone, or "2026-12-24T06:00:00Z", an instant. */
static int read_bound(struct reading *r, const char *key, int64_t *day, int64_t *ms)
{
	const struct ini_key *k = ini_key(r->s, key);
	if (!k || schedule_date_parse(day, bytes_str(k->value)) == 0 ||
	    iso8601_parse(ms, bytes_str(k->value)) == 0)
		return 0;
	return value_complain(
	    r, k, "a day of the schedule's zone (2026-12-24) or a time (2026-12-24T06:00:00Z)");
}

static int read_bounds(struct reading *r, struct schedule_rule *rule)
{
	int rc = read_bound(r, "start", &rule->start_day, &rule->start_ms);
	if (rc == 0)
		rc = read_bound(r, "end", &rule->end_day, &rule->end_ms);
	bool crossed = (rule->start_day && rule->end_day && rule->end_day < rule->start_day) ||
		       (rule->start_ms && rule->end_ms && rule->end_ms < rule->start_ms);
	if (rc == 0 && crossed)
		rc = value_complain(r, ini_key(r->s, "end"), "a time that is not before start");
	return rc;
}

/* The days themselves, or a file of them: no file is called like a day. */
static int read_exclude(struct reading *r, struct config_schedule *s)
{
	const struct ini_key *k = ini_key(r->s, "exclude");
	struct buf text = BUF_INIT(CALENDAR_MAX);
	struct err why = { 0 };
	if (!k)
		return 0;
	bool is_list = k->value[0] == '*' || strspn(k->value, "0123456789") == 4;
	int rc = is_list ? 0 : files_read_regular(&text, k->value, &why);
	if (rc == 0)
		rc = schedule_dates_parse(&s->dates,
					  is_list ? bytes_str(k->value) : buf_bytes(&text), &why);
	buf_clear(&text);
	if (rc < 0)
		return err_set(r->err, ERR_INVALID, "%s:%d: exclude = %.80s: %s", r->c->ini->file,
			       k->line, k->value, why.message);
	s->rule.exclude = s->dates;
	return 0;
}

static int read_zone(struct reading *r, struct config_schedule *s)
{
	const struct ini_key *k = ini_key(r->s, "tz");
	struct err why = { 0 };
	s->zone_name = k ? k->value : "UTC";
	if (!k) /* works on a machine that has no zones */
		return 0;
	if (tz_open(&s->zone, s->zone_name, &why) < 0)
		return err_set(r->err, ERR_INVALID, "%s:%d: tz = %.80s: %s", r->c->ini->file,
			       k->line, s->zone_name, why.message);
	s->rule.zone = s->zone;
	return 0;
}

static int read_cron(struct reading *r, struct config_schedule *s)
{
	struct err why = { 0 };
	int rc = value_required(r, "cron", &s->cron);
	if (rc == 0)
		rc = read_zone(r, s);
	if (rc == 0 && cron_parse(&s->rule.cron, s->cron, s->zone, r->s->name, &why) < 0)
		rc = err_set(r->err, ERR_INVALID, "%s:%d: cron = %.80s: %s", r->c->ini->file,
			     ini_key(r->s, "cron")->line, s->cron, why.message);
	return rc;
}

static int read_policies(struct reading *r, struct config_schedule *s)
{
	const struct ini_key *overlap = ini_key(r->s, "overlap");
	const struct ini_key *catch_up = ini_key(r->s, "catch_up");
	s->rule.catch_up = CATCH_UP_LAST;
	s->rule.window_ms = WINDOW_MS;
	if (overlap && schedule_overlap_parse(&s->rule.overlap, overlap->value) < 0)
		return value_complain(r, overlap, "skip, queue, queue_all, replace or allow");
	if (catch_up && schedule_catch_up_parse(&s->rule.catch_up, catch_up->value) < 0)
		return value_complain(r, catch_up, "none, last or all");
	uint64_t failures = 0;
	int rc = value_duration(r, "catch_up_window", &s->rule.window_ms);
	if (rc == 0)
		rc = value_duration(r, "jitter", &s->jitter_ms);
	if (rc == 0)
		rc = value_count(r, "pause_after_failures", &failures);
	if (rc == 0 && failures > FAILURES_MAX)
		rc = value_complain(r, ini_key(r->s, "pause_after_failures"),
				    "a number from 1 to 1000");
	s->pause_after = (int)failures;
	s->rule.delay_ms = schedule_rule_delay(r->s->name, s->jitter_ms);
	return rc;
}

/* Without regard to the clock: whether it is over already is not the file's fault. */
static int check_comes(struct reading *r, const struct config_schedule *s)
{
	const int64_t year_2000 = INT64_C(946684800000);
	if (schedule_rule_next(&s->rule, year_2000) != INT64_MAX)
		return 0;
	return err_set(r->err, ERR_INVALID, "%s:%d: [schedule %s] cron = %.80s never comes%s",
		       r->c->ini->file, ini_key(r->s, "cron")->line, r->s->name, s->cron,
		       cron_next(&s->rule.cron, year_2000) == INT64_MAX
			   ? ""
			   : " between start and end on a day that is not excluded");
}

int config_read_schedule(struct reading *r)
{
	struct config *c = r->c;
	struct config_schedule *list =
	    realloc(c->schedules, (c->n_schedules + 1) * sizeof(*c->schedules));
	if (!list)
		return err_set(r->err, ERR_NOMEM, "out of memory");
	c->schedules = list;
	struct config_schedule *s = &list[c->n_schedules++];
	*s = (struct config_schedule){ .start.trigger = TRIGGER_SCHEDULE,
				       .section = r->s,
				       .line = r->s->line };
	int rc = read_cron(r, s);
	if (rc == 0)
		rc = config_read_start(r, &s->start);
	if (rc == 0)
		rc = read_policies(r, s);
	if (rc == 0)
		rc = read_bounds(r, &s->rule);
	if (rc == 0)
		rc = read_exclude(r, s);
	return rc == 0 ? check_comes(r, s) : rc;
}

void config_clear_schedule(struct config_schedule *s)
{
	tz_free(s->zone);
	schedule_dates_free(s->dates);
}

const struct config_schedule *config_find_schedule(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_schedules; i++)
		if (strcmp(c->schedules[i].start.name, name) == 0)
			return &c->schedules[i];
	return NULL;
}

static void add_text(cJSON *o, const char *name, const char *text)
{
	if (text)
		(void)cJSON_AddStringToObject(o, name, text);
}

void config_describe_schedule(const struct config_schedule *s, struct buf *out)
{
	static const char *const shown[] = {
		"jitter",  "catch_up_window", "pause_after_failures", "start", "end", "exclude",
		"timeout", "dry_run"
	};
	cJSON *o = cJSON_CreateObject();
	add_text(o, "runbook", s->start.runbook);
	add_text(o, "overlap", schedule_overlap_name(s->rule.overlap));
	add_text(o, "catch_up", schedule_catch_up_name(s->rule.catch_up));
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		const struct ini_key *k = ini_key(s->section, shown[i]);
		add_text(o, shown[i], k ? k->value : NULL);
	}
	if (s->rule.delay_ms) {
		char delay[32];
		(void)snprintf(delay, sizeof(delay), "%" PRId64 ".%03ds", s->rule.delay_ms / 1000,
			       (int)(s->rule.delay_ms % 1000));
		add_text(o, "delay", delay);
	}
	json_write(out, o);
	cJSON_Delete(o);
}
