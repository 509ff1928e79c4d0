/* The plugin's section of the configuration, and the types an answer must have. */
#include "tap.h"

#include "sfn/ops.h"
#include "sfn/settings.h"
#include "sfn/shape.h"

TEST(every_key_is_read)
{
	struct settings s;
	CHECK_INT(
	    settings_read(
		&s,
		BYTES_LIT("{\"region\":\"eu-west-1\",\"endpoint\":\"local\",\"profile\":\"p\","
			  "\"max_attempts\":\"5\",\"connect_timeout\":\"2\","
			  "\"read_timeout\":\"250ms\",\"local_data\":\"d\","
			  "\"local_handlers\":\"h.lua\",\"local_buckets\":\"bk\","
			  "\"local_s3_endpoint\":\"http://127.0.0.1:9\",\"local_port\":\"8083\","
			  "\"local_iam_endpoint\":\"http://127.0.0.1:8\","
			  "\"local_max_open_executions\":\"10\",\"local_deny\":\"StopExecution\","
			  "\"local_request_log\":\"log\"}"),
		NULL),
	    0);
	CHECK_STR(s.region, "eu-west-1");
	CHECK(settings_is_local(&s));
	CHECK_STR(s.profile, "p");
	CHECK_INT(s.max_attempts, 5);
	CHECK_INT(s.connect_timeout_ms, 2000);
	CHECK_INT(s.read_timeout_ms, 250);
	CHECK_STR(s.local_data, "d");
	CHECK_STR(s.local_handlers, "h.lua");
	CHECK_STR(s.local_buckets, "bk");
	CHECK_STR(s.local_s3_endpoint, "http://127.0.0.1:9");
	CHECK_STR(s.local_iam_endpoint, "http://127.0.0.1:8");
	CHECK_INT(s.local_port, 8083);
	CHECK_INT(s.local_max_open_executions, 10);
	CHECK_STR(s.local_deny, "StopExecution");
	CHECK_STR(s.local_request_log, "log");
	settings_clear(&s);
}

TEST(no_configuration_is_fine)
{
	struct settings s;
	CHECK_INT(settings_read(&s, BYTES_LIT(""), NULL), 0);
	CHECK(!s.region && !settings_is_local(&s) && s.max_attempts == 0);
	settings_clear(&s);
	CHECK_INT(settings_read(&s, BYTES_LIT("{}"), NULL), 0);
	settings_clear(&s);
}

TEST(what_cannot_be_meant_is_refused_with_what_is_expected)
{
	static const char *const bad[][2] = {
		{ "{\"max_attempts\":\"0\"}",
		  "[sfn] max_attempts = '0': expected a number from 1 to 100" },
		{ "{\"max_attempts\":\"3x\"}",
		  "[sfn] max_attempts = '3x': expected a number from 1 to 100" },
		{ "{\"local_port\":\"65536\"}",
		  "[sfn] local_port = '65536': expected a port from 0 to 65535" },
		{ "{\"read_timeout\":\"1h\"}",
		  "[sfn] read_timeout = '1h': expected a time such as 60s or 500ms, at most an "
		  "hour" },
		{ "{\"read_timeout\":\"3601\"}",
		  "[sfn] read_timeout = '3601': expected a time such as 60s or 500ms, at most an "
		  "hour" },
		{ "{\"connect_timeout\":\"0ms\"}",
		  "[sfn] connect_timeout = '0ms': expected a time such as 5s or 500ms, at most an "
		  "hour" },
		{ "{\"connect_timeout\":\"99999999999999999999\"}",
		  "[sfn] connect_timeout = '99999999999999999999': expected a time such as 5s or "
		  "500ms, at most an hour" },
		{ "{\"region\":\"\"}", "[sfn] region is empty: expected a region such as "
				       "us-east-1" },
		{ "[]", "[sfn]: the configuration is no object" },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct settings s;
		struct err err = { 0 };
		CHECK_INT(settings_read(&s, bytes_str(bad[i][0]), &err), -ERR_INVALID);
		CHECK_STR(err.message, bad[i][1]);
		settings_clear(&s);
	}
}

TEST(a_misspelt_key_is_refused_with_those_there_are)
{
	struct settings s;
	struct err err = { 0 };
	CHECK_INT(settings_read(&s, BYTES_LIT("{\"region\":\"x\",\"regoin\":\"y\"}"), &err),
		  -ERR_INVALID);
	CHECK(strncmp(err.message, "[sfn] regoin: no such key; there are region, endpoint, ", 54) ==
	      0);
	settings_clear(&s);
}

/* ---- answers ---- */

static const char *check(const char *wire_name, const char *answer)
{
	static struct err err;
	cJSON *v = json_parse(bytes_str(answer), &err);
	int rc = v ? shape_check(sfn_op_by_wire_name(wire_name)->answer, v, &err) : -1;
	cJSON_Delete(v);
	return rc == 0 ? "fine" : err.message;
}

TEST(what_is_missing_null_or_unknown_is_fine)
{
	CHECK_STR(check("DescribeMapRun", "{}"), "fine");
	CHECK_STR(check("DescribeMapRun", "{\"stopDate\":null,\"itemCounts\":null}"), "fine");
	CHECK_STR(check("DescribeMapRun", "{\"new\":[1],\"itemCounts\":{\"new\":\"x\"}}"), "fine");
	CHECK_STR(check("DescribeMapRun", "{\"startDate\":\"2026-11-21T22:51:03.042Z\"}"), "fine");
	CHECK_STR(check("DescribeMapRun", "{\"startDate\":1.79E9,\"toleratedFailurePercentage\":0,"
					  "\"maxConcurrency\":6.0}"),
		  "fine");
}

TEST(a_wrong_type_is_named_with_its_path)
{
	CHECK_STR(check("DescribeMapRun", "{\"status\":1}"),
		  "status is a number, expected a string");
	CHECK_STR(check("DescribeMapRun", "{\"itemCounts\":{\"failed\":1.5}}"),
		  "itemCounts.failed is a number, expected an integer");
	CHECK_STR(check("DescribeMapRun", "{\"itemCounts\":[]}"),
		  "itemCounts is a list, expected an object");
	CHECK_STR(check("ListMapRuns", "{\"mapRuns\":[{},{\"startDate\":\"x\"}]}"),
		  "mapRuns[1].startDate is a string, expected a time");
	CHECK_STR(check("ListMapRuns", "{\"mapRuns\":[{},true]}"),
		  "mapRuns[1] is a boolean, expected an object");
	CHECK_STR(check("DescribeExecution", "{\"inputDetails\":{\"included\":\"yes\"}}"),
		  "inputDetails.included is a string, expected a boolean");
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(every_key_is_read), TAP_CASE(no_configuration_is_fine),
				 TAP_CASE(what_cannot_be_meant_is_refused_with_what_is_expected),
				 TAP_CASE(a_misspelt_key_is_refused_with_those_there_are),
				 TAP_CASE(what_is_missing_null_or_unknown_is_fine),
				 TAP_CASE(a_wrong_type_is_named_with_its_path)));
}
