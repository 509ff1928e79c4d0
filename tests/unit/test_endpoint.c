/* Where requests go: partitions, FIPS, dual stack, overrides, and what counts as this machine. */
#include "tap.h"

#include "aws/endpoint.h"
#include "aws/user_agent.h"

static const char *resolve(const struct endpoint_rules *rules)
{
	static struct endpoint e;
	static struct err err;
	struct endpoint_rules r = *rules;
	r.service = "states";
	return endpoint_resolve(&e, &r, &err) == 0 ? e.url : err.name;
}

#define REGION(name, ...) resolve(&(struct endpoint_rules){ .region = (name), __VA_ARGS__ })

TEST(each_partition_has_its_domain)
{
	CHECK_STR(REGION("us-east-1", 0), "https://states.us-east-1.amazonaws.com/");
	CHECK_STR(REGION("mx-central-1", 0), "https://states.mx-central-1.amazonaws.com/");
	CHECK_STR(REGION("cn-north-1", 0), "https://states.cn-north-1.amazonaws.com.cn/");
	CHECK_STR(REGION("us-gov-east-1", 0), "https://states.us-gov-east-1.amazonaws.com/");
	CHECK_STR(REGION("us-iso-east-1", 0), "https://states.us-iso-east-1.c2s.ic.gov/");
	CHECK_STR(REGION("us-isob-east-1", 0), "https://states.us-isob-east-1.sc2s.sgov.gov/");
	CHECK_STR(REGION("eu-isoe-west-1", 0), "https://states.eu-isoe-west-1.cloud.adc-e.uk/");
	CHECK_STR(REGION("us-isof-south-1", 0), "https://states.us-isof-south-1.csp.hci.ic.gov/");
	CHECK_STR(REGION("eusc-de-east-1", 0), "https://states.eusc-de-east-1.amazonaws.eu/");
	CHECK_STR(REGION("moon-1", 0), "https://states.moon-1.amazonaws.com/");
}

TEST(fips_and_dual_stack_have_names_of_their_own)
{
	CHECK_STR(REGION("us-east-1", .fips = true),
		  "https://states-fips.us-east-1.amazonaws.com/");
	CHECK_STR(REGION("us-east-1", .dual_stack = true), "https://states.us-east-1.api.aws/");
	CHECK_STR(REGION("us-east-1", .fips = true, .dual_stack = true),
		  "https://states-fips.us-east-1.api.aws/");
	CHECK_STR(REGION("cn-north-1", .dual_stack = true),
		  "https://states.cn-north-1.api.amazonwebservices.com.cn/");
	CHECK_STR(REGION("us-gov-west-1", .fips = true),
		  "https://states.us-gov-west-1.amazonaws.com/");
	CHECK_STR(REGION("us-gov-east-1", .fips = true),
		  "https://states-fips.us-gov-east-1.amazonaws.com/");
	CHECK_STR(REGION("us-gov-west-1", .dual_stack = true),
		  "https://states-fips.us-gov-west-1.api.aws/");
}

TEST(a_region_that_is_none_never_becomes_a_host_name)
{
	static const char *const bad[] = { "",        "-us",       "us-",         "12345",
					   "us east", "us.east-1", "evil.com/x#", "us-\xC3\xA9" };
	char longer[80];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_STR(REGION(bad[i], 0), "InvalidRegion");
	memset(longer, 'a', sizeof(longer));
	longer[64] = '\0';
	CHECK_STR(REGION(longer, 0), "InvalidRegion");
	longer[63] = '\0';
	CHECK_INT(region_check(longer, NULL), 0);
	CHECK_STR(resolve(&(struct endpoint_rules){ .region = NULL }), "NoRegion");
}

static const char * override(const char *url)
{
	return resolve(&(struct endpoint_rules){ .region = "us-east-1", .override = url });
}

TEST(an_override_is_a_url_and_nothing_else)
{
	CHECK_STR(override("http://localhost:8083"), "http://localhost:8083/");
	CHECK_STR(override("HTTPS://States.Example.COM:443/p/q"), "https://states.example.com/p/q");
	CHECK_STR(override("http://[::1]:80"), "http://[::1]/");
	CHECK_STR(override("http://h:65536"), "InvalidEndpoint");
	CHECK_STR(override("http://h:"), "InvalidEndpoint");
	CHECK_STR(override("http://h:0"), "InvalidEndpoint");
	CHECK_STR(override("http://"), "InvalidEndpoint");
	CHECK_STR(override("localhost:8083"), "InvalidEndpoint");
	CHECK_STR(override("ftp://h"), "InvalidEndpoint");
	CHECK_STR(override("http://user@h"), "InvalidEndpoint");
	CHECK_STR(override("http://127.0.0.1@evil.com"), "InvalidEndpoint");
	CHECK_STR(override("http://127.0.0.1\\@evil.com"), "InvalidEndpoint");
	CHECK_STR(override("http://h?x"), "InvalidEndpoint");
	CHECK_STR(override("http://h/?x"), "InvalidEndpoint");
	CHECK_STR(override("http://h/#x"), "InvalidEndpoint");
	CHECK_STR(override("http://h/a b"), "InvalidEndpoint");
	CHECK_STR(override("http://[::1"), "InvalidEndpoint");
	CHECK_STR(REGION("us-east-1", .override = "http://h", .fips = true), "InvalidEndpoint");
}

TEST(a_password_in_an_endpoint_is_not_repeated)
{
	struct endpoint e;
	struct err err;
	CHECK_INT(endpoint_parse(&e, "http://user:hunter2@h:1/p", &err), -ERR_INVALID);
	CHECK(strstr(err.message, "names a user"));
	CHECK(!strstr(err.message, "hunter2"));
	CHECK_INT(endpoint_parse(&e, "http://h/a@b", NULL), 0);
}

TEST(the_host_header_has_the_port_unless_it_is_the_default)
{
	struct endpoint e;
	CHECK_INT(endpoint_parse(&e, "http://h:443/x", NULL), 0);
	CHECK_STR(e.host, "h:443");
	CHECK(bytes_eq(e.path, BYTES_LIT("/x")));
	CHECK_INT(endpoint_parse(&e, "https://h:443", NULL), 0);
	CHECK_STR(e.host, "h");
	CHECK(bytes_eq(e.path, BYTES_LIT("/")));
}

TEST(loopback_only_lets_nothing_else_pass)
{
	static const char *const here[] = { "http://127.0.0.1:1", "http://127.255.0.9",
					    "http://LocalHost:2", "http://[::1]:3",
					    "http://[0:0:0:0:0:0:0:1]" };
	static const char *const elsewhere[] = {
		"http://128.0.0.1",
		"http://127.0.0.1.evil.com",
		"http://localhost.evil.com",
		"http://127.1",
		"http://0.0.0.0",
		"http://[::2]",
		"http://[::ffff:8.8.8.8]",
		"http://2130706433",
	};
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		CHECK(strncmp(resolve(&(struct endpoint_rules){ .override = here[i],
								.loopback_only = true }),
			      "http://", 7) == 0);
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		CHECK_STR(resolve(&(struct endpoint_rules){ .override = elsewhere[i],
							    .loopback_only = true }),
			  "EndpointNotLoopback");
	CHECK_STR(REGION("us-east-1", .loopback_only = true), "EndpointNotLoopback");
}

TEST(a_domain_of_aws_is_told_from_a_stand_in)
{
	static const struct {
		const char *url;
		bool aws;
	} cases[] = {
		{ "https://states.eu-west-1.amazonaws.com/", true },
		{ "https://vpce-1.states.eu-west-1.vpce.amazonaws.com:443/", true },
		{ "https://states.eu-west-1.api.aws", true },
		{ "https://states.cn-north-1.amazonaws.com.cn", true },
		{ "https://notamazonaws.com", false },
		{ "https://amazonaws.com.example", false },
		{ "http://127.0.0.1:8083", false },
		{ "http://localstack:4566", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct endpoint e;
		REQUIRE(endpoint_parse(&e, cases[i].url, NULL) == 0);
		CHECK_INT(endpoint_is_aws(&e), cases[i].aws);
	}
}

TEST(the_user_agent_holds_no_character_of_others)
{
	char out[USER_AGENT_SIZE];
	user_agent_format(out, &(struct user_agent){ .version = "0.1.0",
						     .os_release = "6.1.0-9 (x)",
						     .machine = "x86_64",
						     .app_id = "my app\r\nHost: evil",
						     .source_letter = "g" });
	CHECK_STR(out, "runbook-sfn/0.1.0 ua/2.1 os/linux#6.1.0-9--x- md/arch#x86_64 lang/c#11 "
		       "api/sfn#2016-11-23 m/E,g cfg/retry-mode#standard app/my-app--Host--evil");
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(each_partition_has_its_domain),
				 TAP_CASE(fips_and_dual_stack_have_names_of_their_own),
				 TAP_CASE(a_region_that_is_none_never_becomes_a_host_name),
				 TAP_CASE(an_override_is_a_url_and_nothing_else),
				 TAP_CASE(a_password_in_an_endpoint_is_not_repeated),
				 TAP_CASE(the_host_header_has_the_port_unless_it_is_the_default),
				 TAP_CASE(loopback_only_lets_nothing_else_pass),
				 TAP_CASE(a_domain_of_aws_is_told_from_a_stand_in),
				 TAP_CASE(the_user_agent_holds_no_character_of_others)));
}
