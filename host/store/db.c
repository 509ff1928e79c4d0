#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/whole.h"

/* A reader is only ever in the way while it opens the file. */
enum { BUSY_MS = 10 * 1000 };

int db_failed(const struct db *d, struct err *err)
{
	int code = d->h ? sqlite3_extended_errcode(d->h) : SQLITE_NOMEM;
	const char *message = d->h ? sqlite3_errmsg(d->h) : "out of memory";
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, ERR_INVALID,
			       "store %s is damaged (%s); move it away to go on without what it "
			       "knows about runs",
			       d->path, message);
	case SQLITE_NOMEM:
		return err_set(err, ERR_NOMEM, "no memory for the store %s", d->path);
	default:
		return err_set(err, ERR_IO, "store %s: %s", d->path, message);
	}
}

int db_exec(const struct db *d, const char *sql, struct err *err)
{
	return sqlite3_exec(d->h, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_failed(d, err);
}

int db_int(const struct db *d, const char *sql, int64_t *out, struct err *err)
{
	sqlite3_stmt *s;
	if (sqlite3_prepare_v2(d->h, sql, -1, &s, NULL) != SQLITE_OK)
		return db_failed(d, err);
	int rc = sqlite3_step(s) == SQLITE_ROW ? 0 : db_failed(d, err);
	if (rc == 0)
		*out = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return rc;
}

int db_prepare(const struct db *d, const char *sql, sqlite3_stmt **out, struct err *err)
{
	int rc = sqlite3_prepare_v3(d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	return rc == SQLITE_OK ? 0 : db_failed(d, err);
}

/* SQLite would create it with the mode of the umask; its other files take the mode of this one. */
static int create_file(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, "store %s: cannot open it: %s", path, strerror(errno));
	give_to_owner(fd, AT_FDCWD, path);
	(void)close(fd);
	return 0;
}

/* SQLite's NOFOLLOW refuses a link anywhere in the path, and systemd's DynamicUser= makes the state directory
 * one: the folder may be reached by links, the file must not be one. For free(); NULL: errno. */
static char *without_links(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	char *real = folder ? realpath(folder, NULL) : NULL, *whole = NULL;
	if (real && asprintf(&whole, "%s/%s", real, name) < 0)
		whole = NULL;
	free(real);
	free(folder);
	return whole;
}

static int open_file(struct db *d, const char *path, int flags, struct err *err)
{
	char *real = without_links(path);
	if (!real)
		return err_set(err, ERR_IO, "store %s: %s", path, strerror(errno));
	int rc = sqlite3_open_v2(real, &d->h, flags, NULL);
	free(real);
	return rc == SQLITE_OK ? 0 : db_failed(d, err);
}

int db_open(struct db *d, const char *path, enum db_mode mode, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	flags |= mode == DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	*d = (struct db){ .path = strdup(path) };
	if (!d->path)
		return err_set(err, ERR_NOMEM, "no memory for the store %s", path);
	int rc = mode == DB_WRITE ? create_file(path, err) : 0;
	if (rc == 0)
		rc = open_file(d, path, flags, err);
	if (rc < 0)
		return rc;
	(void)sqlite3_busy_timeout(d->h, BUSY_MS);
	return db_exec(d, "PRAGMA foreign_keys = ON", err);
}

void db_close(struct db *d)
{
	(void)sqlite3_close(d->h);
	free(d->path);
	*d = (struct db){ 0 };
}
