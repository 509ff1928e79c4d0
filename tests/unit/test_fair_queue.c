/* Who waits in front of a token bucket, and whose turn it is. The clock is a number. */
#include "tap.h"

#include "script/fair_queue.h"

enum { MANY = 1000 };

struct caller {
	struct fair_entry entry; /* first */
	int n;
};

static struct caller callers[MANY];

/* A queue with n tokens at most, so many a second, at time 0. */
static struct fair_queue queue(double burst, double per_s)
{
	struct fair_queue q;
	fair_queue_init(&q, &(struct fair_rate){ burst, per_s }, 0);
	return q;
}

static void add(struct fair_queue *q, int i, uint64_t run, int64_t now_ms)
{
	callers[i] = (struct caller){ .entry = { .run = run }, .n = i };
	fair_queue_add(q, &callers[i].entry, now_ms);
}

/* Whose turn has come; -1: nobody's. */
static int take(struct fair_queue *q, int64_t now_ms)
{
	const struct fair_entry *e = fair_queue_take(q, now_ms);
	return e ? ((const struct caller *)(const void *)e)->n : -1;
}

/* The same, over at once. */
static int serve(struct fair_queue *q, int64_t now_ms)
{
	int n = take(q, now_ms);
	if (n >= 0)
		fair_queue_ended(q, 1, now_ms);
	return n;
}

TEST(a_full_bucket_gives_its_burst_and_then_its_rate)
{
	struct fair_queue q = queue(3, 2);
	for (int i = 0; i < 6; i++)
		add(&q, i, 1, 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(serve(&q, 0), i);
	CHECK_INT(serve(&q, 0), -1);
	CHECK_INT(serve(&q, 499), -1);
	CHECK_INT(serve(&q, 500), 3);
	CHECK_INT(serve(&q, 999), -1);
	CHECK_INT(serve(&q, 1000), 4);
	CHECK_INT(serve(&q, 1500), 5);
	CHECK_INT(q.n_waiting, 0);
}

TEST(it_holds_no_more_than_its_burst)
{
	struct fair_queue q = queue(2, 100);
	for (int i = 0; i < 5; i++)
		add(&q, i, 1, 60000);
	CHECK_INT(serve(&q, 60000), 0);
	CHECK_INT(serve(&q, 60000), 1);
	CHECK_INT(serve(&q, 60000), -1);
}

TEST(it_says_when_to_look_again)
{
	struct fair_queue q = queue(1, 4);
	CHECK_INT(fair_queue_wait_ms(&q, 0), -1);
	add(&q, 0, 1, 0);
	add(&q, 1, 1, 0);
	CHECK_INT(fair_queue_wait_ms(&q, 0), 0);
	CHECK_INT(take(&q, 0), 0);
	int64_t wait_ms = fair_queue_wait_ms(&q, 0);
	CHECK(wait_ms >= 250 && wait_ms <= 251);
	CHECK_INT(take(&q, wait_ms), 1);
	CHECK_INT(fair_queue_wait_ms(&q, wait_ms), -1);
}

TEST(runs_come_in_turn_however_many_calls_one_of_them_has)
{
	struct fair_queue q = queue(1000, 1);
	for (int i = 0; i < 100; i++)
		add(&q, i, 1, 0);
	add(&q, 100, 2, 1);
	add(&q, 101, 3, 2);
	add(&q, 102, 2, 3);
	static const int order[] = { 0, 100, 101, 1, 102, 2, 3, 4 };
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		CHECK_INT(serve(&q, 10), order[i]);
}

/* Two runs whose numbers fall into the same bin, and all places one can leave from. */
TEST(who_leaves_is_passed_over)
{
	struct fair_queue q = queue(1000, 1);
	for (int i = 0; i < 9; i++)
		add(&q, i, i % 3 == 0 ? 7 : 7 + FAIR_BINS * (uint64_t)(i % 3), 0);
	fair_queue_remove(&q, &callers[0].entry); /* first of its run */
	fair_queue_remove(&q, &callers[4].entry); /* in the middle */
	fair_queue_remove(&q, &callers[8].entry); /* the last */
	fair_queue_remove(&q, &callers[8].entry); /* which does not wait any more */
	CHECK_INT(q.n_waiting, 6);
	add(&q, 8, 7 + FAIR_BINS * (uint64_t)2, 1);
	/* 3 stands behind the other runs: the first of its run has left. */
	static const int order[] = { 1, 2, 3, 7, 5, 6, 8 };
	for (size_t i = 0; i < 7; i++)
		CHECK_INT(serve(&q, 10), order[i]);
	CHECK_INT(serve(&q, 10), -1);
	CHECK(!q.first && !q.last && !q.bins[7]);
}

TEST(so_many_are_under_way_at_once)
{
	struct fair_queue q = queue(MANY, 1);
	for (int i = 0; i < FAIR_UNDER_WAY + 2; i++)
		add(&q, i, (uint64_t)i, 0);
	for (int i = 0; i < FAIR_UNDER_WAY; i++)
		CHECK_INT(take(&q, 0), i);
	CHECK_INT(take(&q, 0), -1);
	CHECK_INT(fair_queue_wait_ms(&q, 0), -1);
	fair_queue_ended(&q, 1, 0);
	CHECK_INT(fair_queue_wait_ms(&q, 0), 0);
	CHECK_INT(take(&q, 0), FAIR_UNDER_WAY);
	CHECK_INT(take(&q, 0), -1);
}

TEST(repeated_requests_take_tokens_too_and_what_was_not_sent_gives_its_own_back)
{
	struct fair_queue q = queue(5, 1);
	for (int i = 0; i < 5; i++)
		add(&q, i, 1, 0);
	CHECK_INT(take(&q, 0), 0);
	fair_queue_ended(&q, 3, 0); /* 2 are left */
	CHECK_INT(take(&q, 0), 1);
	fair_queue_ended(&q, 0, 0);
	CHECK_INT(serve(&q, 0), 2);
	CHECK_INT(serve(&q, 0), 3);
	CHECK_INT(serve(&q, 0), -1);
}

TEST(a_refusal_empties_the_bucket_and_halves_its_speed_for_a_while)
{
	struct fair_queue q = queue(100, 10);
	for (int i = 0; i < 100; i++)
		add(&q, i, 1, 0);
	CHECK_INT(serve(&q, 0), 0);
	fair_queue_throttled(&q, 0);
	fair_queue_throttled(&q, 10); /* of the same burst */
	CHECK_INT(serve(&q, 10), -1);
	CHECK_INT(serve(&q, 150), -1);
	CHECK_INT(serve(&q, 220), 1); /* 5 a second, and a little more with time */
	int served = 0;
	while (serve(&q, 15000) >= 0)
		served++;
	/* in a quarter of a minute it has grown from half of 10 a second to all of it */
	CHECK(served >= 98 && served <= 100);
	CHECK(q.share > 0.98);
}

TEST(refusals_on_end_leave_an_eighth_of_the_speed)
{
	struct fair_queue q = queue(100, 8);
	for (int64_t t = 0; t < 20; t++)
		fair_queue_throttled(&q, t * 1000);
	CHECK(q.share >= 0.125 && q.share < 0.2);
	add(&q, 0, 1, 20000);
	int64_t wait_ms = fair_queue_wait_ms(&q, 19000);
	CHECK(wait_ms > 500 && wait_ms <= 1001);
	CHECK_INT(serve(&q, 19000 + wait_ms), 0);
}

/* Its speed grows back while it fills: who looks when it says so is not behind who always looks. */
TEST(a_bucket_that_owes_much_is_not_waited_for_longer_than_it_takes)
{
	struct fair_queue q = queue(100, 1);
	int64_t always_ms = 4000, now_ms = 4000;
	for (int i = 0; i <= FAIR_UNDER_WAY; i++)
		add(&q, i, 1, 0);
	for (int i = 0; i < FAIR_UNDER_WAY; i++)
		CHECK_INT(take(&q, 0), i);
	for (int64_t t = 0; t < 4; t++)
		fair_queue_throttled(&q, t * 1000);
	for (int i = 0; i < FAIR_UNDER_WAY; i++)
		fair_queue_ended(&q, 2, 4000);
	struct fair_queue same = q;
	while (fair_queue_wait_ms(&same, always_ms) > 0)
		always_ms++;
	while (take(&q, now_ms) < 0)
		now_ms += fair_queue_wait_ms(&q, now_ms);
	CHECK(always_ms > 60000 && now_ms >= always_ms && now_ms <= always_ms + 100);
}

TEST(a_new_rate_holds_from_then_on)
{
	struct fair_queue q = queue(100, 1);
	fair_queue_set_rate(&q, &(struct fair_rate){ 2, 10 }, 0);
	for (int i = 0; i < 4; i++)
		add(&q, i, 1, 0);
	CHECK_INT(serve(&q, 0), 0);
	CHECK_INT(serve(&q, 0), 1);
	CHECK_INT(serve(&q, 0), -1);
	CHECK_INT(serve(&q, 101), 2);
}

TEST(it_is_as_new_when_nothing_is_left_of_it)
{
	struct fair_queue q = queue(2, 1);
	CHECK(fair_queue_is_fresh(&q, 0));
	add(&q, 0, 1, 0);
	CHECK(!fair_queue_is_fresh(&q, 0));
	CHECK_INT(fair_queue_oldest_ms(&q, 70), 70);
	CHECK_INT(take(&q, 0), 0);
	CHECK(!fair_queue_is_fresh(&q, 5000));
	fair_queue_ended(&q, 1, 5000);
	CHECK(fair_queue_is_fresh(&q, 5000));
	CHECK_INT(fair_queue_oldest_ms(&q, 5000), 0);
}

/* A thousand runs that look at their Map Runs, against the service's own figures: nobody is refused,
 * nobody waits much longer than the others, and no second is lost. */
TEST(a_thousand_runs_share_one_call_a_second)
{
	struct fair_queue q = queue(200, 1);
	double service = 200; /* its bucket */
	int64_t now_ms = 0, first_ms = -1, last_ms = 0, refused = 0, served = 0;
	for (int i = 0; i < MANY; i++)
		add(&q, i, (uint64_t)i, 0);
	for (int64_t before = 0; q.n_waiting > 0; before = now_ms) {
		now_ms += fair_queue_wait_ms(&q, now_ms);
		service += (double)(now_ms - before) / 1000;
		service = service < 200 ? service : 200;
		CHECK_INT(serve(&q, now_ms), served);
		served++;
		refused += service < 0.99;
		service -= 1;
		if (first_ms < 0)
			first_ms = now_ms;
		last_ms = now_ms;
	}
	CHECK_INT(refused, 0);
	CHECK_INT(served, MANY);
	CHECK_INT(first_ms, 0);
	CHECK(last_ms >= 800000 && last_ms < 802000);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_full_bucket_gives_its_burst_and_then_its_rate),
	    TAP_CASE(it_holds_no_more_than_its_burst), TAP_CASE(it_says_when_to_look_again),
	    TAP_CASE(runs_come_in_turn_however_many_calls_one_of_them_has),
	    TAP_CASE(who_leaves_is_passed_over), TAP_CASE(so_many_are_under_way_at_once),
	    TAP_CASE(repeated_requests_take_tokens_too_and_what_was_not_sent_gives_its_own_back),
	    TAP_CASE(a_refusal_empties_the_bucket_and_halves_its_speed_for_a_while),
	    TAP_CASE(refusals_on_end_leave_an_eighth_of_the_speed),
	    TAP_CASE(a_bucket_that_owes_much_is_not_waited_for_longer_than_it_takes),
	    TAP_CASE(a_new_rate_holds_from_then_on),
	    TAP_CASE(it_is_as_new_when_nothing_is_left_of_it),
	    TAP_CASE(a_thousand_runs_share_one_call_a_second)));
}
