/* Schedules on a loop, with a wall clock that is set by hand. */
#include "tap.h"

#include "base/clock.h"
#include "net/loop.h"
#include "trigger/schedule.h"

enum { HOURS_3 = 3 * 3600 * 1000 };

/* A wall clock that stands still where it was set, until the loop runs: then it goes on with the
 * monotonic one. So a slow machine cannot miss the instant a test waits for. */
struct world {
	struct loop *loop;
	struct schedules *s;
	int64_t set_to_ms, since_ms; /* since_ms: monotonic; 0: it stands still */
	int starts, quit_after;
	int64_t due_ms[8];
	int missed;
};

static int64_t wall(void *arg)
{
	const struct world *w = arg;
	return w->set_to_ms + (w->since_ms ? clock_mono_ms() - w->since_ms : 0);
}

static void set_clock(struct world *w, const char *time, int64_t plus_ms)
{
	int64_t at = 0;
	CHECK_INT(iso8601_parse(&at, bytes_str(time)), 0);
	w->set_to_ms = at + plus_ms;
	w->since_ms = 0;
}

static void run(struct world *w)
{
	if (!w->since_ms)
		w->since_ms = clock_mono_ms();
	loop_run(w->loop);
}

static void on_come(void *arg, void *of, const struct schedule_look *look)
{
	struct world *w = arg;
	CHECK(of == w);
	for (size_t i = 0; i < look->n; i++) {
		w->missed += !look->v[i].due;
		if (look->v[i].due && w->starts < 8)
			w->due_ms[w->starts] = look->v[i].at_ms;
		w->starts += look->v[i].due;
	}
	w->missed += (int)look->older;
	if (w->starts == w->quit_after)
		loop_quit(w->loop);
}

static void begin(struct world *w, const char *time, int64_t plus_ms)
{
	*w = (struct world){ 0 };
	set_clock(w, time, plus_ms);
	bool ok = loop_new(&w->loop, NULL) == 0 &&
		  schedules_new(&w->s,
				&(struct schedules_spec){
				    .loop = w->loop, .come = on_come, .arg = w, .now_ms = wall },
				NULL) == 0;
	INVARIANT(ok);
}

static struct schedule *add(struct world *w, const char *cron, int64_t delay_ms)
{
	struct schedule *e = NULL;
	struct schedule_rule rule = { .catch_up = CATCH_UP_LAST,
				      .window_ms = HOURS_3,
				      .delay_ms = delay_ms };
	bool ok = cron_parse(&rule.cron, cron, NULL, NULL, NULL) == 0 &&
		  schedules_add(&e, w->s, &rule, NULL, w, NULL) == 0;
	INVARIANT(ok);
	return e;
}

static void end(struct world *w)
{
	schedules_free(w->s);
	loop_free(w->loop);
}

static void run_until(struct world *w, int starts)
{
	w->quit_after = starts;
	run(w);
}

static const char *text(int64_t ms)
{
	static char out[ISO8601_SIZE];
	iso8601_format(out, ms);
	return out;
}

TEST(it_starts_at_the_instant_and_then_waits_for_the_next)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -40);
	(void)add(&w, "0 12 * * *", 0);
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T12:00:00.000Z");

	run_until(&w, 1);

	CHECK_STR(text(w.due_ms[0]), "2026-11-21T12:00:00.000Z");
	CHECK(wall(&w) >= w.due_ms[0]);
	end(&w);
}

static void quit(void *arg)
{
	struct world *w = arg;
	loop_quit(w->loop);
}

/* One turn in which the timer that was armed for `ms` from now has been due. */
static void look(struct world *w, int64_t ms)
{
	(void)timer_start(w->loop, ms, quit, w);
	w->quit_after = 0;
	run(w);
}

TEST(several_instants_passed_over_start_once_for_the_last)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -20);
	(void)add(&w, "*/10 * * * *", 0);

	set_clock(&w, "2026-11-21T13:25:00Z", 0);
	run_until(&w, 1);

	CHECK_INT(w.starts, 1);
	CHECK_INT(w.missed, 8);
	CHECK_STR(text(w.due_ms[0]), "2026-11-21T13:20:00.000Z");
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T13:30:00.000Z");
	end(&w);
}

TEST(of_a_clock_set_far_on_the_last_is_made_up_for)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -20);
	(void)add(&w, "0 * * * *", 0);

	set_clock(&w, "2026-11-22T12:30:00Z", 0);
	look(&w, 60);

	CHECK_INT(w.starts, 1); /* of 12:00, which is 30 minutes late */
	CHECK_INT(w.missed, 24);
	CHECK_STR(text(schedules_next(w.s)), "2026-11-22T13:00:00.000Z");
	end(&w);
}

TEST(a_clock_set_back_a_little_starts_nothing_twice)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -20);
	(void)add(&w, "0 * * * *", 0);
	run_until(&w, 1);

	set_clock(&w, "2026-11-21T11:59:59.980Z", 0);
	look(&w, 60);

	CHECK_INT(w.starts, 1);
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T13:00:00.000Z");
	end(&w);
}

TEST(a_clock_that_was_far_ahead_and_is_corrected_begins_anew)
{
	struct world w;
	begin(&w, "2099-01-01T00:00:00Z", -20);
	(void)add(&w, "0 * * * *", 0);

	set_clock(&w, "2026-11-21T11:30:00Z", 0);
	look(&w, 60);

	CHECK_INT(w.starts, 0);
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T12:00:00.000Z");
	end(&w);
}

TEST(a_delayed_one_starts_later_for_the_same_instant)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:10Z", -20);
	(void)add(&w, "0 * * * *", 10000);
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T12:00:10.000Z");

	run_until(&w, 1);

	CHECK_STR(text(w.due_ms[0]), "2026-11-21T12:00:00.000Z");
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T13:00:10.000Z");
	end(&w);
}

TEST(a_paused_one_starts_nothing_and_misses_nothing)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -10);
	struct schedule *e = add(&w, "*/10 * * * *", 0);
	schedule_pause(e, true);
	CHECK(schedule_next(e) == INT64_MAX);
	look(&w, 30);

	set_clock(&w, "2026-11-21T12:25:00Z", 0);
	schedule_pause(e, false);
	look(&w, 30);

	CHECK_INT(w.starts, 0);
	CHECK_INT(w.missed, 0);
	CHECK_STR(text(schedule_next(e)), "2026-11-21T12:30:00.000Z");
	end(&w);
}

static struct schedule_rule rule_of(const char *cron)
{
	struct schedule_rule rule = { .catch_up = CATCH_UP_LAST, .window_ms = HOURS_3 };
	bool ok = cron_parse(&rule.cron, cron, NULL, NULL, NULL) == 0;
	INVARIANT(ok);
	return rule;
}

TEST(one_that_is_changed_goes_on_or_begins_anew)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -10);
	struct schedule *e = add(&w, "0 13 * * *", 0), *other = add(&w, "0 13 * * *", 0);
	set_clock(&w, "2026-11-21T13:00:05Z", 0); /* both are due, and nobody has looked */
	struct schedule_rule same = rule_of("0 13 * * *"), next = rule_of("*/30 * * * *");
	same.delay_ms = 10;
	schedule_change(e, &same, false);
	schedule_change(other, &next, true);
	CHECK_STR(text(schedule_next(e)), "2026-11-21T13:00:00.000Z");
	CHECK_STR(text(schedule_next(other)), "2026-11-21T13:30:00.000Z");

	run_until(&w, 1);

	CHECK_STR(text(w.due_ms[0]), "2026-11-21T13:00:00.000Z");
	CHECK_INT(w.missed, 0);
	CHECK_STR(text(schedule_next(e)), "2026-11-22T13:00:00.000Z");
	end(&w);
}

TEST(what_was_taken_away_does_not_come)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -10);
	struct schedule *first = add(&w, "* * * * *", 0), *last = add(&w, "0 13 * * *", 0);
	schedules_remove(w.s, last);
	schedules_remove(w.s, first);
	(void)add(&w, "0 14 * * *", 0);
	look(&w, 30);

	CHECK_INT(w.starts, 0);
	CHECK_STR(text(schedules_next(w.s)), "2026-11-21T14:00:00.000Z");
	end(&w);
}

TEST(freeing_stops_them)
{
	struct world w;
	begin(&w, "2026-11-21T12:00:00Z", -5);
	(void)add(&w, "* * * * *", 0);

	schedules_free(w.s);
	w.s = NULL;
	look(&w, 30);

	CHECK_INT(w.starts, 0);
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(it_starts_at_the_instant_and_then_waits_for_the_next),
				 TAP_CASE(several_instants_passed_over_start_once_for_the_last),
				 TAP_CASE(of_a_clock_set_far_on_the_last_is_made_up_for),
				 TAP_CASE(a_clock_set_back_a_little_starts_nothing_twice),
				 TAP_CASE(a_clock_that_was_far_ahead_and_is_corrected_begins_anew),
				 TAP_CASE(a_delayed_one_starts_later_for_the_same_instant),
				 TAP_CASE(a_paused_one_starts_nothing_and_misses_nothing),
				 TAP_CASE(one_that_is_changed_goes_on_or_begins_anew),
				 TAP_CASE(what_was_taken_away_does_not_come),
				 TAP_CASE(freeing_stops_them)));
}
