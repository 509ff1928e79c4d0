/* gunzip_zlib.c - gzip files, in a build with zlib. */
#include <limits.h>

#define ZLIB_CONST
#include <zlib.h>

#include "local/core/gunzip.h"

enum { PART = 64 * 1024, GZIP_WINDOW = 15 + 16 }; /* the largest window, and a gzip header */

static int damaged(struct err *err)
{
	return err_set(err, ERR_INVALID, "the gzip file is damaged or not whole");
}

/* One member, to its end. @return 0 or zlib's code */
static int inflate_member(struct buf *out, z_stream *z)
{
	unsigned char part[PART];
	int rc = Z_OK;
	while (rc == Z_OK && !out->err) {
		z->next_out = part;
		z->avail_out = PART;
		rc = inflate(z, Z_NO_FLUSH);
		buf_add(out, part, PART - z->avail_out);
	}
	return rc == Z_STREAM_END ? 0 : rc;
}

int gunzip(struct buf *out, struct bytes file, struct err *err)
{
	z_stream z = { .next_in = (const Bytef *)file.p, .avail_in = (uInt)file.n };
	if (file.n > UINT_MAX)
		return err_set(err, ERR_LIMIT, "the gzip file is too large");
	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return err_set(err, ERR_NOMEM, "out of memory");
	int rc = inflate_member(out, &z);
	while (rc == 0 && !out->err && z.avail_in > 0) {
		rc = inflateReset(&z);
		if (rc == Z_OK)
			rc = inflate_member(out, &z);
	}
	(void)inflateEnd(&z);
	if (out->err)
		return err_set(err, ERR_LIMIT, "the gzip file holds more than %zu bytes", out->max);
	return rc ? damaged(err) : 0;
}
