/* The growing buffer: ceilings, sticky errors, cutting. */
#include "tap.h"

#include "base/buf.h"
#include "base/err.h"

TEST(what_is_added_stands_behind_what_was_there)
{
	struct buf b = BUF_INIT(100);

	CHECK_STR(buf_cstr(&b), "");
	buf_adds(&b, "ab");
	buf_add(&b, "c\0d", 3);
	buf_addf(&b, "%d-%s", 7, "e");

	CHECK(bytes_eq(buf_bytes(&b), BYTES_LIT("abc\0d7-e")));
	CHECK_INT(b.err, 0);
	buf_clear(&b);
	CHECK_STR(buf_cstr(&b), "");
}

TEST(a_full_buffer_is_reported_not_truncated)
{
	struct buf b = BUF_INIT(4);

	buf_adds(&b, "abcd");
	CHECK_INT(b.err, 0);
	buf_adds(&b, "e");
	CHECK_INT(b.err, -ERR_LIMIT);
	buf_addf(&b, "%s", "");
	buf_adds(&b, "");

	CHECK_INT(b.err, -ERR_LIMIT);
	CHECK_STR(buf_cstr(&b), "abcd");
	buf_clear(&b);
	buf_addf(&b, "%d", 12345);
	CHECK_INT(b.err, -ERR_LIMIT);
	buf_clear(&b);
	buf_adds(&b, "wxyz");
	CHECK_STR(buf_cstr(&b), "wxyz");
	buf_clear(&b);
}

TEST(growing_by_single_bytes_keeps_every_byte)
{
	struct buf b = BUF_INIT(100000);

	for (int i = 0; i < 100000; i++)
		buf_add(&b, &(char){ (char)('a' + i % 26) }, 1);

	CHECK_INT(b.err, 0);
	CHECK_INT(b.n, 100000);
	for (int i = 0; i < 100000; i += 997)
		CHECK_INT(b.p[i], 'a' + i % 26);
	CHECK_INT(b.p[b.n], 0);
	buf_clear(&b);
}

TEST(cutting_keeps_the_start_and_the_memory)
{
	struct buf b = BUF_INIT(100);
	buf_cut(&b, 0);
	buf_adds(&b, "abcdef");
	const char *before = b.p;

	buf_cut(&b, 9);
	CHECK_STR(buf_cstr(&b), "abcdef");
	buf_cut(&b, 3);
	CHECK_STR(buf_cstr(&b), "abc");
	buf_cut(&b, 0);
	CHECK_STR(buf_cstr(&b), "");
	buf_adds(&b, "xy");

	CHECK_STR(buf_cstr(&b), "xy");
	CHECK(b.p == before);
	buf_clear(&b);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(what_is_added_stands_behind_what_was_there),
				 TAP_CASE(a_full_buffer_is_reported_not_truncated),
				 TAP_CASE(growing_by_single_bytes_keeps_every_byte),
				 TAP_CASE(cutting_keeps_the_start_and_the_memory)));
}
