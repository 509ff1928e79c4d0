/* Where the client sends and as whom: settings, environment, AWS files, and what is refused. */
#include "tap.h"

#include "call_world.h"

/* ---- what keeps a call from being made ---- */

static void check_refused(struct world *w, const char *code, const char *words)
{
	begin(w, "DescribeMapRun", RUN_ARGS);
	CHECK_INT(w->fake.dones, 0);
	CHECK(fake_fire(&w->fake));
	CHECK_INT(w->fake.dones, 1);
	CHECK_INT(w->fake.sends, 0);
	CHECK_STR(buf_cstr(&w->fake.code), code);
	if (!CHECK(strstr(buf_cstr(&w->fake.message), words)))
		TAP_NOTE("message: %s", buf_cstr(&w->fake.message));
	world_clear(w);
}

TEST(a_missing_region_is_the_calls_error)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "AWS_REGION", "");
	check_refused(&w, "NoRegion", "AWS_REGION");
}

TEST(missing_credentials_are_the_calls_error_and_say_what_was_tried)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "AWS_ACCESS_KEY_ID", NULL);
	fake_setenv(&w.fake, "AWS_SECRET_ACCESS_KEY", NULL);
	check_refused(&w, "NoCredentials", "profile 'default'");
}

TEST(loopback_only_refuses_every_other_host)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "RUNBOOK_LOOPBACK_ONLY", "1");
	check_refused(&w, "EndpointNotLoopback", "states.us-east-1.amazonaws.com");
}

TEST(loopback_only_allows_an_endpoint_on_this_machine_and_keeps_it_from_proxies)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "RUNBOOK_LOOPBACK_ONLY", "1");
	fake_setenv(&w.fake, "AWS_ENDPOINT_URL", "http://127.0.0.1:4566");

	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));

	CHECK_STR(buf_cstr(&w.fake.url), "http://127.0.0.1:4566/");
	CHECK_INT(w.fake.flags, HTTP_NO_PROXY);
	world_clear(&w);
}

TEST(the_local_engine_is_opened_by_the_first_call_and_needs_nothing_of_aws)
{
	struct world w;
	char endpoint[] = "local", h[512];
	world_init(&w);
	fake_setenv(&w.fake, "AWS_REGION", "not a region");
	fake_setenv(&w.fake, "AWS_ACCESS_KEY_ID", NULL);
	fake_setenv(&w.fake, "AWS_ENDPOINT_URL", "http://192.0.2.1/");
	w.settings.endpoint = endpoint;
	w.engine_fails = true;
	begin(&w, "DescribeMapRun", RUN_ARGS);
	CHECK_INT(w.opened, 0);
	REQUIRE(fake_fire(&w.fake));
	CHECK_STR(buf_cstr(&w.fake.code), "EngineError");

	w.engine_fails = false;
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	CHECK_STR(buf_cstr(&w.fake.url), "http://127.0.0.1:8083/");
	CHECK(strstr(fake_header(&w.fake, h, "Authorization"), "Credential=local/"));
	REQUIRE(fake_answer(&w.fake, 200, "{}", NULL));
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	CHECK_INT(w.opened, 2);
	world_clear(&w);
}

TEST(the_settings_reach_the_request)
{
	struct world w;
	char h[512], region[] = "eu-west-1";
	world_init(&w);
	w.settings = (struct settings){ .region = region,
					.max_attempts = 1,
					.connect_timeout_ms = 1500,
					.read_timeout_ms = 2500 };
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));

	CHECK_STR(fake_header(&w.fake, h, "Host"), "states.eu-west-1.amazonaws.com");
	CHECK_INT(w.fake.connect_timeout_ms, 1500);
	CHECK_INT(w.fake.idle_timeout_ms, 2500);
	REQUIRE(fake_answer(&w.fake, 500, "", NULL));
	CHECK_INT(w.fake.attempts, 1);
	CHECK_INT(w.fake.dones, 1);
	world_clear(&w);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_missing_region_is_the_calls_error),
	    TAP_CASE(missing_credentials_are_the_calls_error_and_say_what_was_tried),
	    TAP_CASE(loopback_only_refuses_every_other_host),
	    TAP_CASE(loopback_only_allows_an_endpoint_on_this_machine_and_keeps_it_from_proxies),
	    TAP_CASE(the_local_engine_is_opened_by_the_first_call_and_needs_nothing_of_aws),
	    TAP_CASE(the_settings_reach_the_request)));
}
