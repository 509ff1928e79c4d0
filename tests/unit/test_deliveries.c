/* What becomes of deliveries: duplicates, windows, rates, places and queues. The time is a number. */
#include "tap.h"

#include <inttypes.h>

#include "trigger/deliveries.h"
#include "trigger/delivery_ids.h"

static struct deliveries *with(struct delivery_limits limits)
{
	struct deliveries *d = NULL;
	bool ok = deliveries_new(&d, &limits, NULL) == 0;
	INVARIANT(ok);
	return d;
}

static const char *verdict(const struct deliveries *d, int64_t now, size_t running)
{
	static const char *const names[] = { [DELIVERY_MAY_START] = "start",
					     [DELIVERY_MAY_WAIT] = "wait",
					     [DELIVERY_MAY_JOIN] = "join",
					     [DELIVERY_FULL] = "full",
					     [DELIVERY_TOO_FAST] = "too fast" };
	struct delivery_ruling r;
	deliveries_judge(d, now, running, true, "", &r);
	return names[r.verdict];
}

static void wait_as(struct deliveries *d, const char *run, char *key, int64_t now, int64_t due)
{
	struct delivery_waiting w = { .key = key,
				      .input = (char[]){ "{}" },
				      .actor = (char[]){ "{}" },
				      .at_ms = now,
				      .due_ms = due,
				      .begun_ms = now };
	(void)snprintf(w.run, sizeof(w.run), "%s", run);
	CHECK_INT(deliveries_wait(d, &w), 0);
}

static const char *ripe(const struct deliveries *d, int64_t now, size_t running)
{
	const struct delivery_waiting *w = deliveries_ripe(d, now, running);
	return w ? w->run : "(none)";
}

TEST(an_id_is_known_until_it_is_forgotten)
{
	struct deliveries *d = with((struct delivery_limits){ .queue = 1 });
	CHECK(!deliveries_find(d, "a"));
	CHECK_INT(deliveries_remember(d, "a", "run-a", 1000), 0);
	CHECK_INT(deliveries_remember(d, "b", "", 2000), 0);
	CHECK_STR(deliveries_find(d, "a"), "run-a");
	CHECK_STR(deliveries_find(d, "b"), "");
	CHECK(!deliveries_find(d, ""));
	deliveries_unlearn(d);
	CHECK(!deliveries_find(d, "b"));
	deliveries_forget(d, 1000);
	CHECK_STR(deliveries_find(d, "a"), "run-a");
	deliveries_forget(d, 1001);
	CHECK(!deliveries_find(d, "a"));
	deliveries_free(d);
}

TEST(what_came_after_one_that_waits_is_not_forgotten)
{
	struct deliveries *d = with((struct delivery_limits){ .queue = 1 });
	CHECK_INT(deliveries_remember(d, "a", "run-a", 1000), 0);
	CHECK_INT(deliveries_remember(d, "b", "run-b", 2000), 0);
	wait_as(d, "run-b", NULL, 2000, 0);
	deliveries_forget(d, 9000);
	CHECK(!deliveries_find(d, "a"));
	CHECK_STR(deliveries_find(d, "b"), "run-b");
	deliveries_free(d);
}

TEST(the_oldest_id_leaves_where_there_are_too_many)
{
	enum { MOST = 1000, N = 3500 };
	char id[24], run[24];
	int wrong = 0;
	struct delivery_ids *t = delivery_ids_new(MOST);
	for (int i = 0; i < N; i++) {
		(void)snprintf(id, sizeof(id), "id-%d", i);
		(void)snprintf(run, sizeof(run), "run-%d", i);
		wrong += delivery_ids_add(t, id, run, i) != 0;
	}
	for (int i = 0; i < N; i++) {
		(void)snprintf(id, sizeof(id), "id-%d", i);
		(void)snprintf(run, sizeof(run), "run-%d", i);
		const char *found = delivery_ids_find(t, id);
		wrong += i < N - MOST ? found != NULL : !found || strcmp(found, run) != 0;
	}
	CHECK_INT(wrong, 0);
	CHECK_INT(delivery_ids_add(t, "id-3000", "another", 9), 0);
	CHECK_STR(delivery_ids_find(t, "id-3000"), "another");
	CHECK(delivery_ids_find(t, "id-2500")); /* nothing had to leave for it */
	delivery_ids_forget(t, N);
	CHECK(!delivery_ids_find(t, "id-3499"));
	delivery_ids_free(t);
}

TEST(what_has_no_place_waits_and_then_it_is_full)
{
	struct deliveries *d = with((struct delivery_limits){ .concurrency = 2, .queue = 2 });
	CHECK_STR(verdict(d, 0, 0), "start");
	CHECK_STR(verdict(d, 0, 1), "start");
	CHECK_STR(verdict(d, 0, 2), "wait");
	wait_as(d, "one", NULL, 0, 0);
	CHECK_STR(verdict(d, 0, 1), "wait"); /* nobody is overtaken */
	wait_as(d, "two", NULL, 0, 0);
	CHECK_STR(verdict(d, 0, 2), "full");
	CHECK_STR(ripe(d, 0, 2), "(none)");
	CHECK_STR(ripe(d, 0, 1), "one");
	CHECK_INT(deliveries_waiting_bytes(d), 8);
	deliveries_leave(d, deliveries_ripe(d, 0, 1));
	CHECK_STR(ripe(d, 0, 0), "two");
	CHECK_STR(verdict(d, 0, 2), "wait");
	wait_as(d, "three", NULL, 0, 0);
	deliveries_leave(d, deliveries_ripe(d, 0, 1));
	deliveries_leave(d, deliveries_ripe(d, 0, 1));
	CHECK_STR(ripe(d, 0, 0), "(none)");
	CHECK_INT(deliveries_waiting(d), 0);
	CHECK_INT(deliveries_waiting_bytes(d), 0);
	deliveries_free(d);
}

TEST(no_place_in_the_whole_host_is_no_place)
{
	struct deliveries *d = with((struct delivery_limits){ .queue = 0 });
	struct delivery_ruling r;
	deliveries_judge(d, 0, 0, false, "", &r);
	CHECK_INT(r.verdict, DELIVERY_FULL);
	deliveries_judge(d, 0, 500, true, "", &r);
	CHECK_INT(r.verdict, DELIVERY_MAY_START);
	deliveries_free(d);
}

TEST(a_rate_holds_for_any_period)
{
	struct deliveries *d =
	    with((struct delivery_limits){ .queue = 9, .rate_n = 3, .rate_ms = 1000 });
	struct delivery_ruling r;
	const int64_t times[] = { 10000, 10400, 10900 };
	for (int i = 0; i < 3; i++) {
		CHECK_STR(verdict(d, times[i], 0), "start");
		deliveries_count(d, times[i]);
	}
	deliveries_judge(d, 10950, 0, true, "", &r);
	CHECK_INT(r.verdict, DELIVERY_TOO_FAST);
	CHECK_INT(r.retry_ms, 50);
	CHECK_STR(verdict(d, 10999, 0), "too fast");
	CHECK_STR(verdict(d, 11000, 0), "start");
	deliveries_count(d, 11000);
	deliveries_judge(d, 11001, 0, true, "", &r);
	CHECK_INT(r.retry_ms, 399);
	/* a clock that was set back has no say */
	CHECK_STR(verdict(d, 5000, 0), "start");
	deliveries_free(d);
}

TEST(one_run_stands_for_a_window)
{
	struct deliveries *d = with((struct delivery_limits){
	    .queue = 2, .debounce_ms = 30, .debounce_max_ms = 100, .rate_n = 1, .rate_ms = 9999 });
	struct delivery_ruling r;
	char key_a[] = "a", key_b[] = "b";
	deliveries_judge(d, 1000, 0, true, "a", &r);
	CHECK_INT(r.verdict, DELIVERY_MAY_WAIT);
	CHECK_INT(r.due_ms, 1030);
	wait_as(d, "run-a", key_a, 1000, r.due_ms);
	deliveries_count(d, 1000);
	CHECK_STR(ripe(d, 1029, 0), "(none)");
	CHECK_INT(deliveries_due(d, 1000), 1030);
	deliveries_judge(d, 1000, 0, true, "b", &r);
	CHECK_INT(r.verdict, DELIVERY_TOO_FAST);
	/* one that joins is no run more; it moves the end, but not for ever */
	for (int64_t now = 1020; now <= 1080; now += 20) {
		deliveries_judge(d, now, 0, true, "a", &r);
		CHECK_INT(r.verdict, DELIVERY_MAY_JOIN);
		CHECK_INT(r.due_ms, now + 30 < 1100 ? now + 30 : 1100);
		CHECK_INT(deliveries_join(d, r.with, "{\"n\":1}", "{}", &r, now), 0);
	}
	CHECK_STR(ripe(d, 1099, 0), "(none)");
	CHECK_STR(ripe(d, 1100, 0), "run-a");
	CHECK_STR(deliveries_ripe(d, 1100, 0)->input, "{\"n\":1}");
	CHECK_INT(deliveries_due(d, 1100), INT64_MAX);
	wait_as(d, "run-b", key_b, 1100, 1130);
	CHECK_STR(ripe(d, 1100, 0), "run-a");
	deliveries_leave(d, deliveries_ripe(d, 1100, 0));
	CHECK_STR(ripe(d, 1100, 0), "(none)");
	/* the clock was set back by an hour: nobody waits an hour for that */
	CHECK_STR(ripe(d, 1100 - 3600000, 0), "run-b");
	deliveries_free(d);
}

TEST(other_limits_keep_what_is_known_counted_and_waits)
{
	struct deliveries *d = with(
	    (struct delivery_limits){ .rate_n = 3, .rate_ms = 1000, .concurrency = 1, .queue = 2 });
	CHECK_INT(deliveries_remember(d, "a", "run-a", 0), 0);
	for (int64_t at = 0; at < 5; at++) /* the ring has turned */
		deliveries_count(d, at * 100);
	wait_as(d, "one", NULL, 0, 0);
	CHECK_STR(verdict(d, 500, 0), "too fast");

	struct delivery_limits next = { .rate_n = 4, .rate_ms = 1000, .queue = 2 };
	CHECK_INT(deliveries_prepare(d, &next), 0);
	CHECK_STR(verdict(d, 500, 0), "too fast"); /* not yet */
	deliveries_change(d);
	CHECK_STR(verdict(d, 500, 0), "wait"); /* three of four, and one waits */
	deliveries_count(d, 500);
	CHECK_STR(verdict(d, 500, 0), "too fast");
	CHECK_STR(ripe(d, 500, 9), "one"); /* any number at once */
	CHECK_STR(deliveries_find(d, "a"), "run-a");

	next = (struct delivery_limits){ .rate_n = 1, .rate_ms = 1000, .queue = 1 };
	CHECK_INT(deliveries_prepare(d, &next), 0);
	CHECK_INT(deliveries_prepare(d, &next), 0); /* the last counts */
	deliveries_change(d);
	CHECK_STR(verdict(d, 1499, 0), "too fast"); /* the last of them was at 500 */
	CHECK_STR(verdict(d, 1500, 0), "full");
	next = (struct delivery_limits){ .queue = 1 };
	CHECK_INT(deliveries_prepare(d, &next), 0);
	deliveries_free(d);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(an_id_is_known_until_it_is_forgotten),
				 TAP_CASE(what_came_after_one_that_waits_is_not_forgotten),
				 TAP_CASE(the_oldest_id_leaves_where_there_are_too_many),
				 TAP_CASE(what_has_no_place_waits_and_then_it_is_full),
				 TAP_CASE(no_place_in_the_whole_host_is_no_place),
				 TAP_CASE(a_rate_holds_for_any_period),
				 TAP_CASE(one_run_stands_for_a_window),
				 TAP_CASE(other_limits_keep_what_is_known_counted_and_waits)));
}
