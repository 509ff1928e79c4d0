#include "audit/torn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole.h"

static int io_error(struct err *err, const char *name, const char *what)
{
	return err_set(err, ERR_IO, "audit log %s: %s: %s", name, what, strerror(errno));
}

void torn_name(char *out, size_t size, const char *segment, unsigned nth)
{
	if (nth == 1)
		(void)snprintf(out, size, "%s.torn", segment);
	else
		(void)snprintf(out, size, "%s.torn.%u", segment, nth);
}

/* Read [at, at + size) of in, hash it and, unless out is -1, write it there. */
static int copy_range(int in, int64_t at, int64_t size, int out, char hex[SHA256_HEX + 1],
		      struct err *err)
{
	char chunk[16384];
	uint8_t digest[SHA256_LEN];
	struct sha256 *h = sha256_begin();
	int rc = 0;
	while (size > 0 && rc == 0) {
		size_t want = size < (int64_t)sizeof(chunk) ? (size_t)size : sizeof(chunk);
		ssize_t n = pread(in, chunk, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = err_set(err, ERR_IO, "read of a torn end: %s",
				     n < 0 ? strerror(errno) : "it ends too early");
			break;
		}
		sha256_add(h, (struct bytes){ chunk, (size_t)n });
		if (out >= 0)
			rc = write_whole(out, (struct bytes){ chunk, (size_t)n }, err);
		at += n;
		size -= n;
	}
	if (sha256_end(h, digest) < 0 && rc == 0)
		rc = err_set(err, ERR_NOMEM, "no memory for a digest");
	hex_lower(hex, digest, sizeof(digest));
	return rc;
}

int torn_describe(struct torn *out, int dir_fd, const char *segment, unsigned nth, struct err *err)
{
	struct stat st;
	torn_name(out->name, sizeof(out->name), segment, nth);
	char day[SEGMENT_DAY_SIZE], sealed[SEGMENT_DAY_SIZE + TORN_NAME_SIZE];
	int fd = openat(dir_fd, out->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	segment_day(day, segment);
	if (fd < 0 && errno == ENOENT && day[0]) {
		(void)snprintf(sealed, sizeof(sealed), "%s/%s", day, out->name);
		fd = openat(dir_fd, sealed, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return io_error(err, out->name, "cannot open it");
	int rc = fstat(fd, &st) == 0 ? 0 : io_error(err, out->name, "fstat");
	if (rc == 0) {
		out->size = st.st_size;
		rc = copy_range(fd, 0, out->size, -1, out->sha256, err);
	}
	(void)close(fd);
	return rc < 0 ? rc : 1;
}

static int copy_out(const struct segment *s, int dir_fd, int64_t keep, int64_t size,
		    const char *name, struct err *err)
{
	char half[TORN_NAME_SIZE + 8], hex[SHA256_HEX + 1];
	(void)snprintf(half, sizeof(half), "%s.half", name);
	int fd = openat(dir_fd, half, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return io_error(err, half, "cannot create it");
	give_to_owner(fd, dir_fd, half);
	int rc = copy_range(s->fd, keep, size, fd, hex, err);
	if (rc == 0 && fsync(fd) != 0)
		rc = io_error(err, half, "sync");
	(void)close(fd);
	if (rc == 0 && (renameat(dir_fd, half, dir_fd, name) != 0 || fsync(dir_fd) != 0))
		rc = io_error(err, name, "cannot create it");
	return rc;
}

int torn_set_aside(const struct segment *s, int dir_fd, int64_t keep, int64_t size, struct err *err)
{
	char hex[SHA256_HEX + 1];
	struct torn last = { .size = -1 }, t;
	unsigned nth = 1;
	int rc = copy_range(s->fd, keep, size, -1, hex, err);
	if (rc < 0)
		return rc;
	while ((rc = torn_describe(&t, dir_fd, s->name, nth, err)) == 1) {
		last = t;
		nth++;
	}
	if (rc < 0)
		return rc;
	/* The same bytes again: a recovery before us died between copying and cutting. */
	if (last.size != size || strcmp(last.sha256, hex) != 0)
		rc = copy_out(s, dir_fd, keep, size, t.name, err);
	return rc < 0 ? rc : segment_cut(s, keep, err);
}
