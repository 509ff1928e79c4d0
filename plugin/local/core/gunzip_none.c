/* gunzip_none.c - gzip files, in a build without zlib. */
#include "local/core/gunzip.h"

int gunzip(struct buf *out, struct bytes file, struct err *err)
{
	(void)out;
	(void)file;
	return err_set(err, ERR_INVALID,
		       "this program was built without zlib and cannot read gzip files: install "
		       "zlib and build it with the feature -Dzlib=enabled");
}
