#include "script/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(struct err *err, const char *path, int error, const char *why)
{
	(void)err_set(err, ERR_INVALID, "%s: %s", path, why);
	if (err)
		err->status = error;
	return -ERR_INVALID;
}

static int read_all(struct buf *out, int fd, const char *path, struct err *err)
{
	struct stat st;
	char chunk[16384];
	if (fstat(fd, &st) < 0)
		return refuse(err, path, errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(err, path, 0, "not a regular file");
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(err, path, errno, strerror(errno));
		if (n == 0)
			break;
		buf_add(out, chunk, (size_t)n);
	}
	return out->err ? refuse(err, path, 0, "the file is too large") : 0;
}

int file_read(struct buf *out, const char *path, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return refuse(err, path, errno, strerror(errno));
	int rc = read_all(out, fd, path, err);
	(void)close(fd);
	return rc;
}

struct bytes file_chunk(struct bytes source)
{
	if (source.n >= 3 && memcmp(source.p, "\xef\xbb\xbf", 3) == 0)
		source = (struct bytes){ source.p + 3, source.n - 3 };
	if (source.n == 0 || source.p[0] != '#')
		return source;
	const char *line = memchr(source.p, '\n', source.n);
	return line ? (struct bytes){ line, source.n - (size_t)(line - source.p) } : BYTES_LIT("");
}

char *file_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}
