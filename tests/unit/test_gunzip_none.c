/* Gzip files, in a build without zlib: refused by a text that says what to do. */
#include "tap.h"

#include "local/core/gunzip.h"

TEST(a_gzip_file_is_refused_by_the_name_of_the_feature)
{
	struct buf out = BUF_INIT(100);
	struct err err = { 0 };
	CHECK_INT(gunzip(&out, BYTES_LIT("\x1f\x8b\x08"), &err), -ERR_INVALID);
	CHECK(strstr(err.message, "-Dzlib=enabled") != NULL);
	CHECK_INT(out.n, 0);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_gzip_file_is_refused_by_the_name_of_the_feature)));
}
