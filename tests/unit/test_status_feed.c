/* Status events on their way out: in order, after the disk, again when refused, never without end. */
#include "tap.h"

#include "fake_host.h"

#include "local/shell/status_feed.h"

struct world {
	struct fake_host host;
	struct status_feed *feed;
};

static void begin(struct world *w)
{
	fake_init(&w->host);
	CHECK_INT(status_feed_open(&w->feed,
				   &(struct status_feed_spec){ .api = &w->host.api,
							       .url = "http://127.0.0.1:9/in?key=1",
							       .account = "123456789012" },
				   NULL),
		  -ERR_INVALID);
	CHECK_INT(status_feed_open(&w->feed,
				   &(struct status_feed_spec){ .api = &w->host.api,
							       .url = "http://127.0.0.1:9/in",
							       .account = "123456789012" },
				   NULL),
		  0);
}

static void end(struct world *w)
{
	status_feed_close(w->feed);
	CHECK(!w->host.http_done && !w->host.timer_fn);
	fake_clear(&w->host);
}

/* Note a change whose detail is {"n":N}. */
static void note_change(struct world *w, int n)
{
	char detail[32];
	int len = snprintf(detail, sizeof(detail), "{\"n\":%d}", n);
	status_feed_add(w->feed, "us-east-1",
			&(struct engine_status_change){ .execution_arn = "arn:x",
							.at_ms = INT64_C(1790208438276),
							.detail = { detail, (size_t)len } });
}

/* The number of the event that was sent last. */
static int sent(const struct world *w)
{
	const char *n = strstr(buf_cstr(&w->host.body), "\"detail\":{\"n\":");
	return n ? n[strlen("\"detail\":{\"n\":")] - '0' : -1;
}

TEST(an_event_is_what_the_service_sends)
{
	struct world w;
	char value[512];
	begin(&w);
	note_change(&w, 1);
	status_feed_ticket(w.feed, 0);
	CHECK_INT(w.host.sends, 1);
	CHECK_STR(buf_cstr(&w.host.url), "http://127.0.0.1:9/in");
	CHECK_STR(fake_header(&w.host, value, "Content-Type"), "application/json; charset=utf-8");
	CHECK_STR(fake_header(&w.host, value, "User-Agent"), "Amazon/EventBridge/ApiDestinations");
	const char *body = buf_cstr(&w.host.body);
	const char *rest = "\",\"detail-type\":\"Step Functions Execution Status Change\","
			   "\"source\":\"aws.states\",\"account\":\"123456789012\","
			   "\"time\":\"2026-09-24T00:07:18Z\",\"region\":\"us-east-1\","
			   "\"resources\":[\"arn:x\"],\"detail\":{\"n\":1}}";
	CHECK(strncmp(body, "{\"version\":\"0\",\"id\":\"", 21) == 0);
	CHECK_STR(body + 21 + 36, rest);
	end(&w);
}

TEST(times_are_rounded_to_seconds)
{
	char text[STATUS_FEED_TIME_SIZE];
	status_feed_time(text, INT64_C(1790208444898));
	CHECK_STR(text, "2026-09-24T00:07:25Z");
	status_feed_time(text, INT64_C(1790208444499));
	CHECK_STR(text, "2026-09-24T00:07:24Z");
}

TEST(an_event_waits_for_its_ticket_and_for_the_one_before)
{
	struct world w;
	begin(&w);
	note_change(&w, 1);
	CHECK_INT(w.host.sends, 0);
	status_feed_release(w.feed, 4);
	CHECK_INT(w.host.sends, 0); /* nobody knows yet what it depends on */
	status_feed_ticket(w.feed, 5);
	note_change(&w, 2);
	status_feed_ticket(w.feed, 6);
	CHECK_INT(w.host.sends, 0);
	status_feed_release(w.feed, 5);
	CHECK_INT(sent(&w), 1);
	CHECK(fake_answer(&w.host, 204, "", NULL));
	CHECK_INT(w.host.sends, 1);
	status_feed_release(w.feed, 7);
	CHECK_INT(sent(&w), 2);
	CHECK(fake_answer(&w.host, 200, "", NULL));
	CHECK_INT(w.host.sends, 2);
	end(&w);
}

TEST(what_may_pass_is_tried_again_with_growing_pauses_then_dropped)
{
	static const int pauses[] = { 200, 400, 800, 1600, 3200 };
	struct world w;
	begin(&w);
	note_change(&w, 1);
	note_change(&w, 2);
	status_feed_ticket(w.feed, 0);
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		CHECK_INT(sent(&w), 1);
		if (i % 2)
			CHECK(fake_answer(&w.host, 503, "", NULL));
		else
			CHECK(fake_break(&w.host, ERR_IO, "refused", false));
		CHECK_INT(w.host.delay_ms, pauses[i]);
		CHECK(fake_fire(&w.host));
	}
	CHECK_INT(sent(&w), 1);
	CHECK(fake_answer(&w.host, 429, "", NULL));
	CHECK(!w.host.timer_fn);
	CHECK_INT(sent(&w), 2);
	CHECK_INT(w.host.sends, FEED_ATTEMPTS + 1);
	end(&w);
}

TEST(what_is_refused_for_good_is_not_tried_again)
{
	struct world w;
	begin(&w);
	note_change(&w, 1);
	note_change(&w, 2);
	status_feed_ticket(w.feed, 0);
	CHECK(fake_answer(&w.host, 400, "", NULL));
	CHECK_INT(sent(&w), 2);
	end(&w);
}

TEST(a_full_queue_drops_what_comes_and_goes_on)
{
	struct world w;
	begin(&w);
	for (int i = 0; i < FEED_QUEUE_MAX + 5; i++)
		note_change(&w, i == FEED_QUEUE_MAX ? 7 : 1);
	status_feed_ticket(w.feed, 0);
	while (fake_answer(&w.host, 200, "", NULL))
		CHECK_INT(sent(&w), 1);
	CHECK_INT(w.host.sends, FEED_QUEUE_MAX);
	note_change(&w, 2);
	status_feed_ticket(w.feed, 0);
	CHECK_INT(sent(&w), 2);
	end(&w);
}

TEST(dropping_all_stops_what_is_on_its_way)
{
	struct world w;
	begin(&w);
	note_change(&w, 1);
	status_feed_ticket(w.feed, 0);
	note_change(&w, 2);
	status_feed_drop(w.feed);
	CHECK(!w.host.http_done);
	status_feed_ticket(w.feed, 0);
	CHECK_INT(w.host.sends, 1);
	note_change(&w, 3);
	status_feed_ticket(w.feed, 0);
	CHECK_INT(sent(&w), 3);
	end(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(an_event_is_what_the_service_sends), TAP_CASE(times_are_rounded_to_seconds),
	    TAP_CASE(an_event_waits_for_its_ticket_and_for_the_one_before),
	    TAP_CASE(what_may_pass_is_tried_again_with_growing_pauses_then_dropped),
	    TAP_CASE(what_is_refused_for_good_is_not_tried_again),
	    TAP_CASE(a_full_queue_drops_what_comes_and_goes_on),
	    TAP_CASE(dropping_all_stops_what_is_on_its_way)));
}
