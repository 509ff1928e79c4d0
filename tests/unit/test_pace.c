/* The engine's time: never back, and journeys that stop wherever something is due. */
#include "tap.h"

#include "fake_host.h"

#include "local/shell/pace.h"

enum { HOUR = 3600 * 1000, DUE_MAX = 8 };

/* What is due, at most so much a turn, and what was done when. */
struct world {
	struct fake_host host;
	struct pace pace;
	int64_t due[DUE_MAX]; /* ascending; INT64_MAX ends it */
	int next;
	int64_t done_at[DUE_MAX];
	bool busy;
	int64_t offset;
	int arrivals;
};

/* One thing a turn, so that "more at once" is met, too. */
static int64_t turn(void *arg, int64_t now)
{
	struct world *w = arg;
	if (w->due[w->next] <= now) {
		w->done_at[w->next] = now;
		w->next++;
	}
	int64_t next = w->due[w->next];
	return next > now ? next : now;
}

static bool is_busy(void *arg)
{
	const struct world *w = arg;
	return w->busy;
}

static void moved(void *arg, int64_t offset_ms)
{
	struct world *w = arg;
	CHECK(offset_ms >= w->offset);
	w->offset = offset_ms;
}

static void arrived(void *arg)
{
	struct world *w = arg;
	w->arrivals++;
}

static int64_t begin(struct world *w, const int64_t *after, int n)
{
	*w = (struct world){ .next = 0 };
	fake_init(&w->host);
	for (int i = 0; i < DUE_MAX; i++)
		w->due[i] = i < n ? w->host.now_ms + after[i] : INT64_MAX;
	pace_init(&w->pace, &(struct pace_spec){ .api = &w->host.api,
						 .turn = turn,
						 .busy = is_busy,
						 .moved = moved,
						 .arrived = arrived,
						 .arg = w });
	return w->host.now_ms;
}

static void end(struct world *w)
{
	pace_stop(&w->pace);
	CHECK(!w->host.timer_fn);
	fake_clear(&w->host);
}

/* Turns that need no waiting. */
static void settle(struct world *w)
{
	while (w->host.timer_fn && w->host.delay_ms == 0)
		(void)fake_fire(&w->host);
}

TEST(without_a_journey_time_is_the_wall_clock)
{
	struct world w;
	const int64_t after[] = { 500 };
	int64_t t0 = begin(&w, after, 1);
	pace_wake(&w.pace, t0);
	settle(&w);
	CHECK_INT(w.next, 0);
	CHECK_INT(w.host.delay_ms, 500);
	CHECK(fake_fire(&w.host));
	CHECK_INT(w.done_at[0] - t0, 500);
	CHECK(!w.host.timer_fn);
	CHECK_INT(w.offset, 0);
	end(&w);
}

TEST(a_wall_clock_that_is_set_back_does_not_take_time_back)
{
	struct world w;
	int64_t t0 = begin(&w, NULL, 0);
	CHECK_INT(pace_now(&w.pace), t0);
	w.host.now_ms -= HOUR;
	CHECK_INT(pace_now(&w.pace), t0);
	w.host.now_ms += HOUR + 5;
	CHECK_INT(pace_now(&w.pace), t0 + 5);
	end(&w);
}

TEST(nobody_sleeps_longer_than_a_minute_without_a_look_at_the_clock)
{
	struct world w;
	int64_t t0 = begin(&w, NULL, 0);
	pace_wake(&w.pace, t0 + HOUR);
	CHECK_INT(w.host.delay_ms, 60000);
	pace_wake(&w.pace, t0 + 100);
	CHECK_INT(w.host.delay_ms, 100);
	pace_wake(&w.pace, t0 + 200);
	CHECK_INT(w.host.delay_ms, 100);
	end(&w);
}

TEST(a_journey_does_everything_at_its_own_time)
{
	struct world w;
	const int64_t after[] = { 10, HOUR, HOUR, 2 * HOUR, 4 * HOUR };
	int64_t t0 = begin(&w, after, 5);
	CHECK_INT(pace_advance(&w.pace, 3 * HOUR, NULL), 0);
	settle(&w);
	CHECK_INT(w.arrivals, 1);
	CHECK_INT(w.next, 4);
	for (int i = 0; i < 4; i++)
		CHECK_INT(w.done_at[i] - t0, after[i]);
	CHECK_INT(pace_now(&w.pace) - t0, 3 * HOUR);
	CHECK_INT(w.offset, 3 * HOUR);
	end(&w);
}

TEST(a_journey_waits_in_real_time_for_work_outside)
{
	struct world w;
	const int64_t after[] = { HOUR };
	int64_t t0 = begin(&w, after, 1);
	w.busy = true;
	CHECK_INT(pace_advance(&w.pace, 2 * HOUR, NULL), 0);
	settle(&w);
	CHECK_INT(w.next, 0);
	CHECK_INT(w.arrivals, 0);
	CHECK_INT(pace_now(&w.pace), t0);

	w.host.now_ms += 250;
	w.busy = false;
	pace_wake(&w.pace, pace_now(&w.pace));
	settle(&w);
	CHECK_INT(w.done_at[0] - t0, HOUR);
	CHECK_INT(w.arrivals, 1);
	CHECK_INT(pace_now(&w.pace) - t0, 2 * HOUR);
	CHECK_INT(w.offset, 2 * HOUR - 250);
	end(&w);
}

TEST(an_arrival_is_not_reported_while_something_is_under_way)
{
	struct world w;
	int64_t t0 = begin(&w, NULL, 0);
	CHECK_INT(pace_advance(&w.pace, HOUR, NULL), 0);
	CHECK(fake_fire(&w.host)); /* jumps */
	w.busy = true;
	settle(&w);
	CHECK_INT(pace_now(&w.pace) - t0, HOUR);
	CHECK_INT(w.arrivals, 0);
	w.busy = false;
	pace_wake(&w.pace, pace_now(&w.pace));
	settle(&w);
	CHECK_INT(w.arrivals, 1);
	end(&w);
}

TEST(one_journey_at_a_time_and_not_for_ever)
{
	struct world w;
	struct err err = { 0 };
	(void)begin(&w, NULL, 0);
	CHECK_INT(pace_advance(&w.pace, PACE_ADVANCE_MAX + 1, &err), -ERR_INVALID);
	CHECK_INT(pace_advance(&w.pace, -1, &err), -ERR_INVALID);
	CHECK_INT(pace_advance(&w.pace, PACE_ADVANCE_MAX, NULL), 0);
	CHECK_INT(pace_advance(&w.pace, 1, &err), -ERR_CANCELLED);
	settle(&w);
	CHECK_INT(w.arrivals, 1);
	CHECK_INT(pace_advance(&w.pace, 1, &err), -ERR_INVALID);
	end(&w);
}

TEST(a_kept_offset_goes_on_and_a_reset_forgets_it)
{
	struct world w;
	int64_t t0 = begin(&w, NULL, 0);
	pace_set_offset(&w.pace, HOUR);
	CHECK_INT(pace_now(&w.pace) - t0, HOUR);
	CHECK_INT(pace_advance(&w.pace, HOUR, NULL), 0);
	pace_reset(&w.pace);
	CHECK(!w.host.timer_fn);
	CHECK_INT(pace_now(&w.pace), t0);
	pace_wake(&w.pace, t0);
	settle(&w);
	CHECK_INT(w.arrivals, 0);
	end(&w);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(without_a_journey_time_is_the_wall_clock),
		      TAP_CASE(a_wall_clock_that_is_set_back_does_not_take_time_back),
		      TAP_CASE(nobody_sleeps_longer_than_a_minute_without_a_look_at_the_clock),
		      TAP_CASE(a_journey_does_everything_at_its_own_time),
		      TAP_CASE(a_journey_waits_in_real_time_for_work_outside),
		      TAP_CASE(an_arrival_is_not_reported_while_something_is_under_way),
		      TAP_CASE(one_journey_at_a_time_and_not_for_ever),
		      TAP_CASE(a_kept_offset_goes_on_and_a_reset_forgets_it)));
}
