/* Gzip files, in a build with zlib. */
#include "tap.h"

#include "local/core/gunzip.h"

/* gzip of "hello\n" */
static const char hello[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\xe7\x02\x00\x20\x30\x3a\x36\x06"
    "\x00\x00\x00";

/* What the first n bytes of a file hold; *rc is how it went. */
static const char *unpacked(const char *file, size_t n, size_t most, int *rc)
{
	static char text[64];
	struct buf out = BUF_INIT(most);
	*rc = gunzip(&out, (struct bytes){ file, n }, NULL);
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&out));
	buf_clear(&out);
	return text;
}

TEST(members_follow_each_other)
{
	char twice[2 * (sizeof(hello) - 1)];
	int rc;
	memcpy(twice, hello, sizeof(hello) - 1);
	memcpy(twice + sizeof(hello) - 1, hello, sizeof(hello) - 1);
	CHECK(gunzip_is_gzip(BYTES_LIT(hello)));
	CHECK_STR(unpacked(hello, sizeof(hello) - 1, 100, &rc), "hello\n");
	CHECK_INT(rc, 0);
	CHECK_STR(unpacked(twice, sizeof(twice), 100, &rc), "hello\nhello\n");
	CHECK_INT(rc, 0);
}

TEST(what_is_not_whole_is_refused)
{
	char damaged[sizeof(hello)];
	int rc;
	for (size_t n = 3; n < sizeof(hello) - 1; n++) {
		(void)unpacked(hello, n, 100, &rc);
		CHECK_INT(rc, -ERR_INVALID);
	}
	memcpy(damaged, hello, sizeof(hello));
	damaged[12] ^= 0x10;
	(void)unpacked(damaged, sizeof(hello) - 1, 100, &rc);
	CHECK_INT(rc, -ERR_INVALID);
	(void)unpacked(hello, sizeof(hello) - 1, 5, &rc);
	CHECK_INT(rc, -ERR_LIMIT);
	CHECK(!gunzip_is_gzip(BYTES_LIT("id,name\n")));
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(members_follow_each_other), TAP_CASE(what_is_not_whole_is_refused)));
}
