#include "audit/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/torn.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/random.h"
#include "base/whole.h"

#define SUFFIX ".jsonl"

static int io_error(struct err *err, const char *name, const char *what)
{
	return err_set(err, ERR_IO, "audit log %s: %s: %s", name, what, strerror(errno));
}

/* ---- the directory ---- */

int audit_dir_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : io_error(err, path, "cannot open the directory");
}

int audit_dir_create(const char *path, struct err *err)
{
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return io_error(err, path, "cannot create the directory");
	int fd = audit_dir_open(path, err);
	if (fd >= 0)
		give_to_owner(fd, AT_FDCWD, path);
	return fd;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_segment(const char *name)
{
	size_t n = strlen(name), suffix = sizeof(SUFFIX) - 1;
	return name[0] != '.' && n > suffix && n < SEGMENT_NAME_SIZE &&
	       strcmp(name + n - suffix, SUFFIX) == 0;
}

static int add_name(struct segment_names *names, size_t *cap, const char *name)
{
	if (names->n >= *cap) {
		size_t more = *cap ? *cap * 2 : 32;
		char **v = realloc(names->v, more * sizeof(*v));
		if (!v)
			return -ERR_NOMEM;
		names->v = v;
		*cap = more;
	}
	names->v[names->n] = strdup(name);
	return names->v[names->n] ? (names->n++, 0) : -ERR_NOMEM;
}

typedef bool name_test(const char *name);

static int read_names(struct segment_names *out, DIR *dir, name_test *wanted, struct err *err)
{
	size_t cap = out->n;
	for (;;) {
		errno = 0;
		/* Not shared between threads: this stream is ours alone. */
		const struct dirent *e = readdir(dir); /* NOLINT(concurrency-mt-unsafe) */
		if (!e)
			break;
		if (wanted(e->d_name) && add_name(out, &cap, e->d_name) < 0)
			return err_set(err, ERR_NOMEM, "no memory for the list of segments");
	}
	return errno == 0 ? 0 : io_error(err, "directory", "cannot list it");
}

/* Append the names in a folder to out. */
static int list(struct segment_names *out, int dir_fd, const char *folder, name_test *wanted,
		struct err *err)
{
	int fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		int rc = io_error(err, "directory", "cannot list it");
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	int rc = read_names(out, dir, wanted, err);
	(void)closedir(dir);
	return rc;
}

static int sorted(struct segment_names *out, int rc)
{
	if (rc < 0)
		segment_names_clear(out);
	else if (out->n > 1)
		qsort(out->v, out->n, sizeof(*out->v), by_name);
	return rc;
}

static bool is_day(const char *name)
{
	static const char form[] = "dddd-dd-dd";
	size_t i = 0;
	while (form[i] && (form[i] == 'd' ? name[i] >= '0' && name[i] <= '9' : name[i] == '-'))
		i++;
	return form[i] == '\0' && name[i] == '\0';
}

int segment_list_open(struct segment_names *out, int dir_fd, struct err *err)
{
	*out = (struct segment_names){ 0 };
	return sorted(out, list(out, dir_fd, ".", is_segment, err));
}

int segment_list_days(struct segment_names *out, int dir_fd, struct err *err)
{
	*out = (struct segment_names){ 0 };
	return sorted(out, list(out, dir_fd, ".", is_day, err));
}

int segment_list_day(struct segment_names *out, int dir_fd, const char *day, struct err *err)
{
	*out = (struct segment_names){ 0 };
	return sorted(out, list(out, dir_fd, day, is_segment, err));
}

/* One that is sealed while we look may be met in both places. */
static void drop_doubles(struct segment_names *names)
{
	size_t kept = 0;
	for (size_t i = 0; i < names->n; i++) {
		if (kept > 0 && strcmp(names->v[kept - 1], names->v[i]) == 0)
			free(names->v[i]);
		else
			names->v[kept++] = names->v[i];
	}
	names->n = kept;
}

int segment_list(struct segment_names *out, int dir_fd, struct err *err)
{
	struct segment_names days = { 0 };
	*out = (struct segment_names){ 0 };
	int rc = list(out, dir_fd, ".", is_segment, err);
	if (rc == 0)
		rc = segment_list_days(&days, dir_fd, err);
	if (rc < 0)
		return sorted(out, rc);
	for (size_t i = 0; i < days.n && rc == 0; i++)
		rc = list(out, dir_fd, days.v[i], is_segment, err);
	segment_names_clear(&days);
	rc = sorted(out, rc);
	if (rc == 0)
		drop_doubles(out);
	return rc;
}

void segment_names_clear(struct segment_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct segment_names){ 0 };
}

/* ---- reading ---- */

void segment_day(char out[SEGMENT_DAY_SIZE], const char *name)
{
	char day[SEGMENT_DAY_SIZE] = "";
	if (strspn(name, "0123456789") == 8 && name[8] == 'T')
		(void)snprintf(day, sizeof(day), "%.4s-%.2s-%.2s", name, name + 4, name + 6);
	memcpy(out, day, SEGMENT_DAY_SIZE);
}

enum { PATH_SIZE = SEGMENT_DAY_SIZE + SEGMENT_NAME_SIZE + 32 };

static void sealed_path(char out[PATH_SIZE], const char *name)
{
	char day[SEGMENT_DAY_SIZE];
	segment_day(day, name);
	(void)snprintf(out, PATH_SIZE, "%s%s%s", day, day[0] ? "/" : "", name);
}

/* O_NONBLOCK: opening a FIFO would wait for its writer. */
static int open_file(int dir_fd, const char *name, int flags, struct err *err)
{
	struct stat st;
	char path[PATH_SIZE];
	flags |= O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags);
	if (fd < 0 && errno == ENOENT) {
		sealed_path(path, name);
		fd = openat(dir_fd, path, flags);
	}
	if (fd < 0)
		return io_error(err, name, "cannot open it");
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	(void)close(fd);
	return err_set(err, ERR_IO, "audit log %s: it is not a regular file", name);
}

int segment_open(int dir_fd, const char *name, struct err *err)
{
	return open_file(dir_fd, name, O_RDONLY, err);
}

/* 1: taken, 0: somebody else holds it. */
static int try_lock(int fd, int how, const char *name, struct err *err)
{
	for (;;) {
		if (flock(fd, how | LOCK_NB) == 0)
			return 1;
		if (errno == EWOULDBLOCK)
			return 0;
		if (errno != EINTR)
			return io_error(err, name, "cannot lock it");
	}
}

int segment_read(int dir_fd, const char *name, enum segment_writer *writer, struct err *err)
{
	int fd = segment_open(dir_fd, name, err);
	if (fd < 0)
		return fd;
	int locked = try_lock(fd, LOCK_SH, name, err);
	if (locked < 0) {
		(void)close(fd);
		return locked;
	}
	*writer = locked ? WRITER_GONE : WRITER_ALIVE;
	return fd;
}

bool segment_is_sealed(int dir_fd, const char *name)
{
	struct stat st;
	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       !(st.st_mode & S_IWUSR);
}

static int move_torn_ends(int dir_fd, const char *name, struct err *err)
{
	char torn[TORN_NAME_SIZE], path[PATH_SIZE];
	for (unsigned nth = 1;; nth++) {
		torn_name(torn, sizeof(torn), name, nth);
		sealed_path(path, torn);
		if (renameat(dir_fd, torn, dir_fd, path) == 0)
			continue;
		if (errno != ENOENT)
			return io_error(err, torn, "cannot move it");
		if (faccessat(dir_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			return 0;
	}
}

static int make_day(int dir_fd, const char *day, struct err *err)
{
	if (mkdirat(dir_fd, day, 0700) != 0)
		return errno == EEXIST ? 0 : io_error(err, day, "cannot create the folder");
	int fd = openat(dir_fd, day, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return io_error(err, day, "cannot open the folder");
	give_to_owner(fd, dir_fd, day);
	(void)close(fd);
	return 0;
}

int segment_seal(int dir_fd, const char *name, struct err *err)
{
	char day[SEGMENT_DAY_SIZE], path[PATH_SIZE];
	segment_day(day, name);
	/* Another user's file may not be ours to change: then the move alone has to do. */
	if (fchmodat(dir_fd, name, S_IRUSR, 0) != 0 && errno != EPERM && errno != ENOENT)
		return io_error(err, name, "cannot take its write permission away");
	if (!day[0])
		return 0;
	int rc = make_day(dir_fd, day, err);
	if (rc == 0)
		rc = move_torn_ends(dir_fd, name, err);
	if (rc < 0)
		return rc;
	sealed_path(path, name);
	/* ENOENT: another process has moved it since we looked. */
	if (renameat(dir_fd, name, dir_fd, path) != 0 && errno != ENOENT)
		return io_error(err, name, "cannot move it into its day's folder");
	return 0;
}

/* ---- writing ---- */

void segment_name(char out[SEGMENT_NAME_SIZE], int64_t now_ms, int64_t pid)
{
	char time[ISO8601_SIZE], hex[9];
	uint8_t salt[4];
	iso8601_format(time, now_ms);
	random_bytes(salt, sizeof(salt));
	hex_lower(hex, salt, sizeof(salt));
	/* 2026-11-21T22:51:03.042Z without its punctuation */
	(void)snprintf(out, SEGMENT_NAME_SIZE,
		       "%.4s%.2s%.2sT%.2s%.2s%.2s%.3sZ-%" PRId64 "-%s" SUFFIX, time, time + 5,
		       time + 8, time + 11, time + 14, time + 17, time + 20, pid, hex);
}

int segment_write(const struct segment *s, struct bytes lines, struct err *err)
{
	struct err why = { 0 };
	if (write_whole(s->fd, lines, &why) == 0)
		return 0;
	return err_set(err, ERR_IO, "audit log %s: %s", s->name, why.message);
}

int segment_sync(const struct segment *s, struct err *err)
{
	return fdatasync(s->fd) == 0 ? 0 : io_error(err, s->name, "sync");
}

int segment_cut(const struct segment *s, int64_t size, struct err *err)
{
	if (ftruncate(s->fd, (off_t)size) != 0 || fsync(s->fd) != 0)
		return io_error(err, s->name, "cannot cut off its torn end");
	return 0;
}

void segment_close(struct segment *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

static void name_while_new(char out[SEGMENT_NAME_SIZE], const char *name)
{
	(void)snprintf(out, SEGMENT_NAME_SIZE, "%.*s.new",
		       (int)(strlen(name) - (sizeof(SUFFIX) - 1)), name);
}

static int publish(const struct segment *s, int dir_fd, const char *born, struct bytes first,
		   struct err *err)
{
	int locked = try_lock(s->fd, LOCK_EX, s->name, err);
	if (locked <= 0)
		return locked < 0 ? locked
				  : err_set(err, ERR_IO,
					    "audit log %s: somebody else locked it while it "
					    "was created",
					    s->name);
	int rc = segment_write(s, first, err);
	if (rc == 0)
		rc = segment_sync(s, err);
	if (rc < 0)
		return rc;
	/* O_EXCL made `born` unique, so nothing is overwritten. */
	if (renameat(dir_fd, born, dir_fd, s->name) != 0 || fsync(dir_fd) != 0)
		return io_error(err, s->name, "cannot create it");
	return 0;
}

int segment_create(struct segment *s, int dir_fd, const char *name, struct bytes first,
		   struct err *err)
{
	char born[SEGMENT_NAME_SIZE];
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	name_while_new(born, name);
	s->fd = openat(dir_fd, born,
		       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return io_error(err, name, "cannot create it");
	give_to_owner(s->fd, dir_fd, born);
	int rc = publish(s, dir_fd, born, first, err);
	if (rc < 0) {
		segment_close(s);
		(void)unlinkat(dir_fd, born, 0);
	}
	return rc;
}

int segment_exists(int dir_fd, const char *name, struct err *err)
{
	char sealed[PATH_SIZE];
	sealed_path(sealed, name);
	if (faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	if (errno == ENOENT && faccessat(dir_fd, sealed, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	return errno == ENOENT ? 0 : io_error(err, name, "cannot see whether it is there");
}

void segment_forget_new(int dir_fd, const char *name)
{
	char born[SEGMENT_NAME_SIZE];
	name_while_new(born, name);
	(void)unlinkat(dir_fd, born, 0);
}

int segment_claim(struct segment *s, int dir_fd, const char *name, struct err *err)
{
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	s->fd = open_file(dir_fd, name, O_RDWR | O_APPEND, err);
	if (s->fd < 0)
		return s->fd;
	int locked = try_lock(s->fd, LOCK_EX, name, err);
	if (locked <= 0)
		segment_close(s);
	return locked;
}
