/* Where the client sends and as whom: settings, environment, AWS files, and what is refused. */
#include "tap.h"

#include <unistd.h>

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

TEST(an_engine_that_does_not_answer_is_opened_again)
{
	struct world w;
	char endpoint[] = "local";
	world_init(&w);
	w.settings.endpoint = endpoint;
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	REQUIRE(fake_break(&w.fake, ERR_IO, "connection refused", false));
	REQUIRE(resend(&w));
	CHECK_INT(w.opened, 2);
	REQUIRE(fake_break(&w.fake, ERR_IO, "connection reset", true));
	REQUIRE(resend(&w));
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

/* ---- precedence ---- */

/* Write an AWS config file; the path is good until the next call. */
static const char *config_file(const char *text)
{
	static char path[128];
	(void)snprintf(path, sizeof(path), "scratch-XXXXXX");
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	INVARIANT(f);
	(void)fputs(text, f);
	(void)fclose(f);
	return path;
}

/* The URL of the first request with this config file, or the code of the error. */
static const char *url_with(struct world *w, const char *config)
{
	const char *path = config_file(config);
	fake_setenv(&w->fake, "AWS_CONFIG_FILE", path);
	begin(w, "DescribeMapRun", RUN_ARGS);
	(void)unlink(path);
	(void)fake_fire(&w->fake);
	return w->fake.sends > 0 ? buf_cstr(&w->fake.url) : buf_cstr(&w->fake.code);
}

TEST(the_profiles_region_counts_when_the_environment_has_none)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "AWS_REGION", NULL);
	CHECK_STR(url_with(&w, "[default]\nregion = eu-north-1\n"),
		  "https://states.eu-north-1.amazonaws.com/");
	world_clear(&w);
}

TEST(endpoints_count_in_the_order_of_the_sdks)
{
	static const char config[] = "[profile p]\nservices = s\nendpoint_url = http://h:5\n"
				     "[services s]\nsfn =\n  endpoint_url = http://h:4\n";
	static const char *const settings[][3] = {
		{ "AWS_ENDPOINT_URL_SFN", "http://h:2", "http://h:2/" },
		{ "AWS_ENDPOINT_URL", "http://h:3", "http://h:3/" },
		{ "AWS_EXECUTION_ENV", "x", "http://h:4/" },
		{ "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True",
		  "https://states.us-east-1.amazonaws.com/" },
	};
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		struct world w;
		world_init(&w);
		fake_setenv(&w.fake, "AWS_PROFILE", "p");
		fake_setenv(&w.fake, settings[i][0], settings[i][1]);
		CHECK_STR(url_with(&w, config), settings[i][2]);
		world_clear(&w);
	}
}

TEST(a_services_section_that_is_not_there_is_an_error)
{
	struct world w;
	world_init(&w);
	CHECK_STR(url_with(&w, "[default]\nservices = s\n"), "InvalidEndpoint");
	world_clear(&w);
}

TEST(keys_and_attempts_may_come_from_the_profile)
{
	struct world w;
	char h[512];
	world_init(&w);
	fake_setenv(&w.fake, "AWS_ACCESS_KEY_ID", NULL);
	fake_setenv(&w.fake, "AWS_SECRET_ACCESS_KEY", NULL);
	(void)url_with(&w, "[default]\naws_access_key_id = PROFILEKEY\n"
			   "aws_secret_access_key = s\nmax_attempts = 2\n");
	CHECK(strstr(fake_header(&w.fake, h, "Authorization"), "Credential=PROFILEKEY/"));
	CHECK_STR(fake_header(&w.fake, h, "amz-sdk-request"), "attempt=1; max=2");
	world_clear(&w);
}

TEST(a_broken_file_or_number_is_the_calls_error)
{
	struct world w;
	world_init(&w);
	CHECK_STR(url_with(&w, "[default\n"), "InvalidProfileFile");
	world_clear(&w);

	world_init(&w);
	fake_setenv(&w.fake, "AWS_MAX_ATTEMPTS", "many");
	check_refused(&w, "InvalidMaxAttempts", "'many'");
}

TEST(a_ca_bundle_that_is_not_there_is_an_error)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "AWS_CA_BUNDLE", "/nonexistent/ca.pem");
	check_refused(&w, "InvalidCABundle", "/nonexistent/ca.pem");
}

TEST(no_secret_shows_in_what_a_call_leaves_behind)
{
	struct world w;
	world_init(&w);
	fake_setenv(&w.fake, "AWS_SECRET_ACCESS_KEY", "TOPSECRET");
	REQUIRE(send(&w, "DescribeMapRun", RUN_ARGS));
	CHECK(!strstr(buf_cstr(&w.fake.headers), "TOPSECRET"));
	REQUIRE(fake_answer(&w.fake, 403, "no", NULL));
	CHECK(!strstr(buf_cstr(&w.fake.message), "TOPSECRET"));
	CHECK(!strstr(buf_cstr(&w.fake.context), "TOPSECRET"));
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
	    TAP_CASE(an_engine_that_does_not_answer_is_opened_again),
	    TAP_CASE(the_settings_reach_the_request),
	    TAP_CASE(the_profiles_region_counts_when_the_environment_has_none),
	    TAP_CASE(endpoints_count_in_the_order_of_the_sdks),
	    TAP_CASE(a_services_section_that_is_not_there_is_an_error),
	    TAP_CASE(keys_and_attempts_may_come_from_the_profile),
	    TAP_CASE(a_broken_file_or_number_is_the_calls_error),
	    TAP_CASE(a_ca_bundle_that_is_not_there_is_an_error),
	    TAP_CASE(no_secret_shows_in_what_a_call_leaves_behind)));
}
