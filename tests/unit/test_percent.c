/* Percent-encoding. */
#include "tap.h"

#include "base/percent.h"

static const char *encoded(struct bytes text, const char *keep)
{
	static char out[200];
	struct buf b = BUF_INIT(sizeof(out) - 1);
	percent_encode(&b, text, keep);
	(void)snprintf(out, sizeof(out), "%s", buf_cstr(&b));
	buf_clear(&b);
	return out;
}

static const char *decoded(const char *text, bool form)
{
	static char out[200];
	struct buf b = BUF_INIT(sizeof(out) - 1);
	percent_decode(&b, bytes_str(text), form);
	(void)snprintf(out, sizeof(out), "%s", buf_cstr(&b));
	buf_clear(&b);
	return out;
}

TEST(all_but_the_characters_to_keep_are_encoded)
{
	CHECK_STR(encoded(BYTES_LIT("aZ09-._~"), PERCENT_UNRESERVED), "aZ09-._~");
	CHECK_STR(encoded(BYTES_LIT("a/b c%\xc3\xa9"), PERCENT_UNRESERVED), "a%2Fb%20c%25%C3%A9");
	CHECK_STR(encoded(BYTES_LIT("a/b c"), PERCENT_UNRESERVED "/"), "a/b%20c");
	CHECK_STR(encoded(BYTES_LIT("\0@[`{/:"), PERCENT_UNRESERVED), "%00%40%5B%60%7B%2F%3A");
	CHECK_STR(encoded(BYTES_LIT("../a_b"), "_"), "%2E%2E%2Fa_b");
}

TEST(what_was_encoded_is_decoded)
{
	CHECK_STR(decoded("a%2fb%20c%25%C3%a9+", false), "a/b c%\xc3\xa9+");
	CHECK_STR(decoded("a+b%2B", true), "a b+");
}

TEST(a_percent_sign_without_two_digits_stands_for_itself)
{
	CHECK_STR(decoded("%", false), "%");
	CHECK_STR(decoded("%4", false), "%4");
	CHECK_STR(decoded("%4g%g4%%41", false), "%4g%g4%A");
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(all_but_the_characters_to_keep_are_encoded),
				 TAP_CASE(what_was_encoded_is_decoded),
				 TAP_CASE(a_percent_sign_without_two_digits_stands_for_itself)));
}
