/*
 * fuzz_schedule.c - a clock that is set in any way, and any calendar: no instant is due twice, none is
 * made up that the rule does not have, and what was decided is read back as it was written.
 *
 *	catch-up, window, delay    one byte each
 *	steps                      two bytes each: how the clock moves, and by how much
 *	0xff                       the rest is a calendar
 */
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "trigger/schedule_course.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVERY_MS = 7 * 60 * 1000, SEEN_MAX = 1 << 14, STEPS_MAX = 64, CALENDAR = 0xff };

#define MINUTE_MS INT64_C(60000)
static const int64_t BEGIN_MS = INT64_C(1795262400000);

/* Which instants were due, around the beginning. */
struct seen {
	bool at[SEEN_MAX];
};

static int64_t moved(int64_t now, uint8_t how, uint8_t by)
{
	static const int64_t units[] = { 1000, MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS };
	int64_t way = units[how % 4] * (by + 1);
	return how & 4 ? now - way : now + way;
}

static void check_item(struct seen *seen, const struct schedule_rule *r, int64_t at)
{
	INVARIANT(schedule_rule_next(r, at - 1) == at);
	int64_t place = at / EVERY_MS - BEGIN_MS / EVERY_MS + SEEN_MAX / 2;
	if (place < 0 || place >= SEEN_MAX)
		return;
	INVARIANT(!seen->at[place]);
	seen->at[place] = true;
}

static void check_course(struct schedule_course *c)
{
	struct schedule_course back;
	struct buf text = BUF_INIT(4096);
	INVARIANT(c->n <= SCHEDULE_SPANS_MAX);
	for (size_t i = 0; i < c->n; i++) {
		INVARIANT(c->v[i].from_ms <= c->v[i].to_ms);
		INVARIANT(i == 0 || c->v[i].from_ms > c->v[i - 1].to_ms + 1);
	}
	schedule_course_write(c, &text);
	INVARIANT(schedule_course_read(&back, buf_cstr(&text)) == 0);
	INVARIANT(back.at_ms == c->at_ms && back.n == c->n &&
		  memcmp(back.v, c->v, c->n * sizeof(c->v[0])) == 0);
	buf_clear(&text);
	*c = back; /* as after a restart */
}

static void check_look(struct seen *seen, const struct schedule_rule *r,
		       const struct schedule_look *look, int64_t now)
{
	for (size_t k = 0; k < look->n; k++) {
		INVARIANT(look->v[k].at_ms <= now - r->delay_ms);
		INVARIANT(k == 0 || look->v[k].at_ms > look->v[k - 1].at_ms);
		if (look->v[k].due)
			check_item(seen, r, look->v[k].at_ms);
	}
}

static size_t check_steps(const struct schedule_rule *r, const uint8_t *data, size_t size)
{
	static struct schedule_look look; /* these are large */
	static struct seen seen;
	struct schedule_course c = { 0 };
	int64_t now = BEGIN_MS;
	size_t i = 0;
	memset(&seen, 0, sizeof(seen));
	for (int n = 0; i + 1 < size && data[i] != CALENDAR && n < STEPS_MAX; i += 2, n++) {
		now = moved(now, data[i], data[i + 1]);
		schedule_course_look(&c, r, now, &look);
		check_look(&seen, r, &look, now);
		INVARIANT(schedule_course_next(&c, r) > c.at_ms);
		check_course(&c);
	}
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t windows[] = { 1, MINUTE_MS, 180 * MINUTE_MS, 10080 * MINUTE_MS };
	struct schedule_rule r = { 0 };
	struct schedule_dates *dates = NULL;
	struct err err = { 0 };
	if (size < 3)
		return 0;
	int rc = cron_parse(&r.cron, "@every 7m", NULL, NULL, NULL);
	INVARIANT(rc == 0);
	r.catch_up = (enum schedule_catch_up)(data[0] % 3);
	r.window_ms = windows[data[1] % 4];
	r.delay_ms = data[2] * INT64_C(1000);
	size_t used = 3 + check_steps(&r, data + 3, size - 3);
	if (used < size)
		used++; /* the mark */
	struct bytes rest = { (const char *)data + used, size - used };
	if (schedule_dates_parse(&dates, rest, &err) < 0)
		INVARIANT(err.message[0] != '\0');
	r.exclude = dates;
	int64_t next = schedule_rule_next(&r, BEGIN_MS);
	if (next != INT64_MAX)
		INVARIANT(schedule_rule_last(&r, next - 1, next) == next);
	schedule_dates_free(dates);
	return 0;
}
