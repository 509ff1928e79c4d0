/* Log lines for programs: one line a message, and what was put in comes out again. */
#include "tap.h"

#include "base/json.h"
#include "base/log_line.h"
#include "base/utf8.h"

enum { TEXT_MAX = 4096, ROUNDS = 400 };

static struct buf written(enum log_format format, struct bytes message)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	log_line_write(&b, format,
		       &(struct log_line){ .at_ms = 1795301463042,
					   .level = "info",
					   .about = { .run = "r1", .runbook = "a b.lua" },
					   .message = message });
	return b;
}

static void check_line(enum log_format format, struct bytes message, const char *want)
{
	struct buf b = written(format, message);
	CHECK_STR(buf_cstr(&b), want);
	buf_clear(&b);
}

/* What a reader is to find: bytes that are no UTF-8 are each U+FFFD, NUL as cJSON keeps it. */
static void expect(struct buf *out, struct bytes text)
{
	while (text.n > 0) {
		size_t n = utf8_valid_at(text.p, text.n);
		if (n == 0)
			buf_adds(out, "\xef\xbf\xbd");
		else if (text.p[0] == '\0')
			buf_adds(out, "\xc0\x80");
		else
			buf_add(out, text.p, n);
		n += n == 0;
		text = (struct bytes){ text.p + n, text.n - n };
	}
}

/* The same numbers each time; pieces that lines stumble over. */
static struct bytes made_up(char out[64], uint32_t *seed)
{
	static const char *const pieces[] = {
		"a",
		" ",
		"=",
		"\"",
		"\\",
		"\n",
		"\r",
		"\t",
		"\x1b[31m",
		"\x7f",
		"\xc2\x9b",
		"\xff",
		"\xc3",
		"\xe2\x80\xa8",
		"\xef\xbb\xbf",
		"\xf0\x9f\x98\x80",
		"\xed\xa0\x80",
		"level=error",
		"{",
		"}\n{",
		"\\u0000",
	};
	size_t n = 0;
	for (;;) {
		*seed = *seed * 1664525 + 1013904223;
		uint32_t at = *seed >> 16;
		size_t length = strlen(pieces[at % (sizeof(pieces) / sizeof(pieces[0]))]);
		if (at % 13 == 0 || n + length + 1 > 64)
			return (struct bytes){ out, n };
		memcpy(out + n, pieces[at % (sizeof(pieces) / sizeof(pieces[0]))], length);
		n += length;
		if (at % 11 == 0)
			out[n++] = '\0';
	}
}

static bool is_one_plain_line(const struct buf *b)
{
	for (size_t i = 0; i + 1 < b->n; i++) {
		unsigned char c = (unsigned char)b->p[i];
		if (c < ' ' || c == 0x7f)
			return false;
	}
	return b->n > 0 && b->p[b->n - 1] == '\n' && utf8_valid(b->p, b->n);
}

TEST(a_line_has_what_is_known_in_its_order)
{
	check_line(LOG_AS_JSON, BYTES_LIT("it's done"),
		   "{\"time\":\"2026-11-21T22:51:03.042Z\",\"level\":\"info\",\"run\":\"r1\","
		   "\"runbook\":\"a b.lua\",\"message\":\"it's done\"}\n");
	check_line(LOG_AS_LOGFMT, BYTES_LIT("done"),
		   "time=2026-11-21T22:51:03.042Z level=info run=r1 runbook=\"a b.lua\" "
		   "message=done\n");
}

TEST(a_message_cannot_forge_a_line_or_a_key)
{
	check_line(LOG_AS_LOGFMT, BYTES_LIT("x\nlevel=error \"y\""),
		   "time=2026-11-21T22:51:03.042Z level=info run=r1 runbook=\"a b.lua\" "
		   "message=\"x\\nlevel=error \\\"y\\\"\"\n");
	check_line(LOG_AS_LOGFMT, BYTES_LIT(""),
		   "time=2026-11-21T22:51:03.042Z level=info run=r1 runbook=\"a b.lua\" "
		   "message=\"\"\n");
	check_line(
	    LOG_AS_JSON, BYTES_LIT("\x1b\x7f\xc2\x9b\0\xff"),
	    "{\"time\":\"2026-11-21T22:51:03.042Z\",\"level\":\"info\",\"run\":\"r1\","
	    "\"runbook\":\"a b.lua\",\"message\":\"\\u001b\\u007f\\u009b\\u0000\xef\xbf\xbd\"}\n");
}

TEST(json_gives_back_what_was_put_in)
{
	uint32_t seed = 1;
	for (int round = 0; round < ROUNDS; round++) {
		char text[64];
		struct bytes message = made_up(text, &seed);
		struct buf b = written(LOG_AS_JSON, message), want = BUF_INIT(TEXT_MAX);
		expect(&want, message);

		cJSON *o = json_parse(buf_bytes(&b), NULL);

		CHECK(is_one_plain_line(&b));
		CHECK_STR(json_get_str(o, "message"), buf_cstr(&want));
		CHECK_STR(json_get_str(o, "runbook"), "a b.lua");
		cJSON_Delete(o);
		buf_clear(&want);
		buf_clear(&b);
	}
}

TEST(the_last_value_of_logfmt_is_the_message_as_json_has_it)
{
	uint32_t seed = 2;
	for (int round = 0; round < ROUNDS; round++) {
		char text[64];
		struct bytes message = made_up(text, &seed);
		struct buf b = written(LOG_AS_LOGFMT, message), want = BUF_INIT(TEXT_MAX);
		expect(&want, message);
		const char *at = strstr(buf_cstr(&b), " message=");
		REQUIRE(at);
		struct bytes value = bytes_str(at + strlen(" message="));

		cJSON *v = value.p[0] == '"' ? json_parse(value, NULL) : NULL;

		CHECK(is_one_plain_line(&b));
		if (v)
			CHECK_STR(cJSON_GetStringValue(v), buf_cstr(&want));
		else
			CHECK(bytes_eq((struct bytes){ value.p, value.n - 1 }, message) &&
			      !memchr(message.p, ' ', message.n) &&
			      !memchr(message.p, '=', message.n));
		cJSON_Delete(v);
		buf_clear(&want);
		buf_clear(&b);
	}
}

TEST(a_format_is_one_of_three)
{
	enum log_format f = LOG_AS_TEXT;
	CHECK(log_format_parse(&f, "json") && f == LOG_AS_JSON);
	CHECK(log_format_parse(&f, "logfmt") && f == LOG_AS_LOGFMT);
	CHECK(log_format_parse(&f, "text") && f == LOG_AS_TEXT);
	CHECK(!log_format_parse(&f, "JSON"));
	CHECK(!log_format_parse(&f, ""));
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_line_has_what_is_known_in_its_order),
				 TAP_CASE(a_message_cannot_forge_a_line_or_a_key),
				 TAP_CASE(json_gives_back_what_was_put_in),
				 TAP_CASE(the_last_value_of_logfmt_is_the_message_as_json_has_it),
				 TAP_CASE(a_format_is_one_of_three)));
}
