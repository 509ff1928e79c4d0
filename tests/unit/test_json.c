/* The strict reader, the exact writer, and times as text. */
#include "tap.h"

#include "base/clock.h"
#include "base/json.h"

static const char *round_trip(struct buf *out, const char *text)
{
	buf_clear(out);
	cJSON *v = json_parse(bytes_str(text), NULL);
	if (!v)
		return "(refused)";
	json_write(out, v);
	cJSON_Delete(v);
	return buf_cstr(out);
}

TEST(numbers_leave_as_they_came)
{
	struct buf b = BUF_INIT(4096);
	CHECK_STR(round_trip(&b, "[9007199254740993,1.790218660927E9,0.0,-0,1E400]"), "(refused)");
	CHECK_STR(round_trip(&b, "[9007199254740993,1.790218660927E9,0.0,-0]"),
		  "[9007199254740993,1.790218660927E9,0.0,-0]");
	buf_clear(&b);
}

TEST(strings_keep_nul_and_escape)
{
	struct buf b = BUF_INIT(4096);
	CHECK_STR(round_trip(&b, "\"a\\u0000b\\u00e9\\ud83d\\ude00\\/\\n\\u001f\""),
		  "\"a\\u0000b\xc3\xa9\xf0\x9f\x98\x80/\\n\\u001f\"");
	buf_clear(&b);
}

TEST(the_last_of_equal_names_wins)
{
	struct buf b = BUF_INIT(4096);
	CHECK_STR(round_trip(&b, "{\"a\":1,\"b\":2,\"a\":3}"), "{\"a\":3,\"b\":2}");
	buf_clear(&b);
}

TEST(what_is_not_json_is_refused)
{
	static const char *const bad[] = {
		"",       " ",   "{",          "[1,]",         "{\"a\"}", "{a:1}",       "01",
		"1.",     "1e",  "+1",         "0x10",         "nul",     "\"\\ud800\"", "\"\\x\"",
		"\"\t\"", "1 2", "\"\xff\"",   "\"\xc0\x80\"", "[1}",     "\"",          "\"\\",
		"NaN",    "tru", "{\"a\":1,}", "[,]",          "\"\\u00",
	};
	struct buf b = BUF_INIT(4096);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_STR(round_trip(&b, bad[i]), "(refused)");
	struct err err = { 0 };
	CHECK(!json_parse(bytes_str("{\"a\":tru}"), &err));
	CHECK_STR(err.message, "JSON: unexpected character at byte 5");
}

TEST(depth_is_limited)
{
	char text[1001];
	memset(text, '[', sizeof(text) - 1);
	text[1000] = '\0';
	struct err err = { 0 };
	CHECK(!json_parse(bytes_str(text), &err));
	CHECK(strstr(err.message, "too deep") != NULL);
}

TEST(integers_are_exact_and_recognised)
{
	cJSON *v = json_parse(bytes_str("{\"a\":9223372036854775807,\"b\":6E0,\"c\":6.5}"), NULL);
	REQUIRE(v);
	int64_t n;
	CHECK(json_get_int(v, "a", 0) == INT64_MAX);
	CHECK_INT(json_get_int(v, "b", 0), 6);
	CHECK_INT(json_get_int(v, "c", -1), -1);
	CHECK(!json_int_token(json_get(v, "b"), &n));
	cJSON_Delete(v);
}

TEST(values_are_compared_deeply)
{
	cJSON *a = json_parse(bytes_str("{\"a\":[1,{\"b\":null}],\"c\":\"x\"}"), NULL);
	cJSON *b = json_parse(bytes_str("{\"c\":\"x\",\"a\":[1.0,{\"b\":null}]}"), NULL);
	cJSON *c = json_parse(bytes_str("{\"c\":\"x\",\"a\":[1,{\"b\":false}]}"), NULL);
	CHECK(json_equal(a, b));
	CHECK(!json_equal(a, c));
	cJSON_Delete(a);
	cJSON_Delete(b);
	cJSON_Delete(c);
}

TEST(times_are_written_and_read)
{
	char text[ISO8601_SIZE];
	int64_t ms;
	iso8601_format(text, INT64_C(1790218660927));
	CHECK_STR(text, "2026-09-24T02:57:40.927Z");
	CHECK_INT(iso8601_parse(&ms, bytes_str(text)), 0);
	CHECK_INT(ms, INT64_C(1790218660927));
	CHECK_INT(iso8601_parse(&ms, bytes_str("2026-09-24T04:57:40+02:00")), 0);
	CHECK_INT(ms, INT64_C(1790218660000));
	CHECK(iso8601_parse(&ms, bytes_str("2026-02-29T00:00:00Z")) < 0);
	CHECK(iso8601_parse(&ms, bytes_str("2026-09-24 04:57:40Z")) < 0);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(numbers_leave_as_they_came), TAP_CASE(strings_keep_nul_and_escape),
		      TAP_CASE(the_last_of_equal_names_wins), TAP_CASE(what_is_not_json_is_refused),
		      TAP_CASE(depth_is_limited), TAP_CASE(integers_are_exact_and_recognised),
		      TAP_CASE(values_are_compared_deeply), TAP_CASE(times_are_written_and_read)));
}
