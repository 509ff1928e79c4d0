#include "cli/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *path, int error, struct err *err)
{
	return err_set(err, ERR_IO, "%s: %s", path, strerror(error));
}

/* Takes f. */
static int read_all(struct buf *out, FILE *f, const char *path, struct err *err)
{
	char chunk[16384];
	size_t n;
	while (!out->err && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
	int broken = ferror(f) ? errno : 0;
	(void)fclose(f);
	if (broken)
		return complain(path, broken, err);
	if (out->err)
		return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", path, out->max);
	return 0;
}

int files_read(struct buf *out, const char *path, struct err *err)
{
	FILE *f = fopen(path, "re");
	return f ? read_all(out, f, path, err) : complain(path, errno, err);
}

int files_read_regular(struct buf *out, const char *path, struct err *err)
{
	struct stat st;
	/* O_NONBLOCK: opening a FIFO would wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int error = errno;
		if (fd >= 0)
			(void)close(fd);
		return complain(path, error, err);
	}
	FILE *f = S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
	if (f)
		return read_all(out, f, path, err);
	(void)close(fd);
	return err_set(err, ERR_IO, "%s: not a regular file", path);
}

int files_make_dir(const char *path, struct err *err)
{
	char part[PATH_MAX];
	int n = snprintf(part, sizeof(part), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(part))
		return err_set(err, ERR_INVALID, "%.60s...: the path is too long", path);
	for (char *p = part + 1;; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return err_set(err, ERR_IO, "%s: %s", part, strerror(errno));
		*p = c;
		if (c == '\0')
			return 0;
	}
}
