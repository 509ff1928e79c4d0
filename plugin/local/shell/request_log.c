#include "local/shell/request_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_MAX_BYTES = 2 * 1024 * 1024 };

struct request_log {
	int fd;
};

int request_log_open(struct request_log **out, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, "cannot open the request log '%s': %s", path,
			       strerror(errno));
	struct request_log *log = malloc(sizeof(*log));
	if (!log) {
		(void)close(fd);
		return err_set(err, ERR_NOMEM, "out of memory");
	}
	log->fd = fd;
	*out = log;
	return 0;
}

void request_log_close(struct request_log *log)
{
	if (!log)
		return;
	(void)close(log->fd);
	free(log);
}

static void add_member(struct buf *line, const cJSON *args, const char *name)
{
	buf_addf(line, ",\"%s\":", name);
	json_write(line, json_get(args, name));
}

int request_log_write(struct request_log *log, int64_t now_ms, const char *op, const cJSON *args,
		      struct err *err)
{
	struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char time[ISO8601_SIZE];
	int rc = 0;
	iso8601_format(time, now_ms);
	buf_addf(&line, "{\"time\":\"%s\",\"operation\":", time);
	json_write_string(&line, bytes_str(op));
	add_member(&line, args, "clientToken");
	add_member(&line, args, "executionArn");
	buf_adds(&line, "}\n");
	ssize_t n = line.err ? -1 : write(log->fd, line.p, line.n);
	if (n < 0 || (size_t)n != line.n)
		rc = err_set(err, ERR_IO, "cannot write the request log: %s",
			     n < 0 ? strerror(errno) : "the file system is full");
	buf_clear(&line);
	return rc;
}
