#include "local/shell/bucket_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "local/shell/bucket_aside.h"

enum {
	SEGMENT_MAX = 255,
	HASHED_MAX = 16 * 1024 * 1024,
	FOLDER = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
};

struct bucket_folder {
	int fd;
};

int bucket_folder_open(struct bucket_folder **out, const char *path, struct err *err)
{
	struct bucket_folder *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, ERR_NOMEM, "out of memory");
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0) {
		int why = errno;
		free(f);
		return err_set(err, ERR_INVALID, "the folder of buckets '%.200s': %s", path,
			       strerror(why));
	}
	bucket_aside_sweep(f->fd);
	*out = f;
	return 0;
}

void bucket_folder_close(struct bucket_folder *f)
{
	if (f)
		(void)close(f->fd);
	free(f);
}

/* ---- errors ---- */

static void no_key(struct bucket_answer *a)
{
	bucket_answer_fail(a, 404, "NoSuchKey", "The specified key does not exist.");
}

static void no_bucket(struct bucket_answer *a)
{
	bucket_answer_fail(a, 404, "NoSuchBucket", "The specified bucket does not exist");
}

static void no_path(struct bucket_answer *a)
{
	bucket_answer_fail(a, 400, "InvalidRequest",
			   "The key cannot be a file below the folder of its bucket.");
}

/* What the system said; absent: what it means that there is no such file or folder. */
static void fail_errno(struct bucket_answer *a, int why, void (*absent)(struct bucket_answer *))
{
	if (why == EACCES || why == EPERM || why == EROFS)
		bucket_answer_fail(a, 403, "AccessDenied", "Access Denied");
	else if (why == ENOENT || why == ENOTDIR || why == ELOOP || why == EISDIR ||
		 why == ENOTEMPTY || why == EEXIST || why == ENAMETOOLONG)
		absent(a);
	else
		bucket_answer_fail(a, 500, "InternalError", "The file system says: %s",
				   strerror(why));
}

/* ---- paths ---- */

/* The next segment of a key; *rest moves behind it. False: it is none. */
static bool segment(char out[SEGMENT_MAX + 1], const char **rest)
{
	size_t n = strcspn(*rest, "/");
	if (n == 0 || n > SEGMENT_MAX)
		return false;
	memcpy(out, *rest, n);
	out[n] = '\0';
	*rest += n + ((*rest)[n] == '/');
	return strcmp(out, ".") != 0 && strcmp(out, "..") != 0;
}

static bool is_path(const char *key)
{
	char name[SEGMENT_MAX + 1];
	size_t n = strlen(key);
	if (n == 0 || key[n - 1] == '/')
		return false;
	while (*key) {
		if (!segment(name, &key))
			return false;
	}
	return true;
}

static int open_bucket(const struct bucket_folder *f, const char *bucket, struct bucket_answer *a)
{
	int fd = openat(f->fd, bucket, O_RDONLY | FOLDER);
	if (fd < 0)
		fail_errno(a, errno, no_bucket);
	return fd;
}

/* A folder in a folder, made when it is not there; the old descriptor is closed. */
static int make_folder(int parent, const char *name)
{
	bool made = mkdirat(parent, name, 0777) == 0;
	int fd = -1;
	if ((made || errno == EEXIST) && (!made || fsync(parent) == 0))
		fd = openat(parent, name, O_RDONLY | FOLDER);
	return fd;
}

/* The folder of a key's file, whose name is put into `name`; bucket is closed. -1: errno says why. */
static int open_parent(int bucket, const char *key, bool make, char name[SEGMENT_MAX + 1])
{
	int fd = bucket;
	while (segment(name, &key) && *key && fd >= 0) {
		int next = make ? make_folder(fd, name) : openat(fd, name, O_RDONLY | FOLDER);
		int why = errno;
		(void)close(fd);
		errno = why;
		fd = next;
	}
	return fd;
}

/* The file of a key, -1 when there is none. */
static int open_file(int bucket, const char *key, struct stat *st)
{
	char name[SEGMENT_MAX + 1];
	int dir = open_parent(bucket, key, false, name);
	if (dir < 0)
		return -1;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int why = errno;
	(void)close(dir);
	if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
		(void)close(fd);
		fd = -1;
		why = ENOENT;
	}
	errno = why;
	return fd;
}

static int64_t modified_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

/* ---- reading ---- */

static int read_all(int fd, struct buf *out)
{
	char part[65536];
	ssize_t n;
	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			buf_add(out, part, (size_t)n);
		if (out->err) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

static void etag_of_body(char out[80], struct bytes body)
{
	struct buf hex = BUF_INIT(64);
	if (digest_by_name(&hex, "MD5", body) == 0)
		(void)snprintf(out, 80, "\"%s\"", buf_cstr(&hex));
	buf_clear(&hex);
}

static void etag_of_file(char out[80], int fd, const struct stat *st)
{
	struct buf b = BUF_INIT(HASHED_MAX);
	if (st->st_size <= HASHED_MAX && read_all(fd, &b) == 0) {
		etag_of_body(out, buf_bytes(&b));
	} else {
		uint8_t md[SHA256_LEN];
		char hex[33];
		buf_clear(&b);
		buf_addf(&b, "%lld %lld", (long long)st->st_size, (long long)modified_ms(st));
		if (sha256(md, buf_bytes(&b)) == 0) {
			hex_lower(hex, md, 16);
			(void)snprintf(out, 80, "\"%s-2\"", hex);
		}
	}
	buf_clear(&b);
}

static void run_read(int bucket, const struct bucket_request *q, struct bucket_answer *a)
{
	struct stat st;
	int fd = open_file(bucket, q->key, &st);
	if (fd < 0) {
		fail_errno(a, errno, no_key);
		return;
	}
	if (q->version && strcmp(q->version, "null") != 0) {
		(void)close(fd);
		bucket_answer_fail(a, 404, "NoSuchVersion",
				   "The specified version does not exist.");
		return;
	}
	a->size = st.st_size;
	a->modified_ms = modified_ms(&st);
	(void)snprintf(a->content_type, sizeof(a->content_type), "binary/octet-stream");
	if (q->op == BUCKET_HEAD) {
		etag_of_file(a->etag, fd, &st);
	} else if (st.st_size > BUCKET_BODY_MAX) {
		bucket_answer_fail(a, 400, "EntityTooLarge", "The object is larger than %d bytes.",
				   BUCKET_BODY_MAX);
	} else if (read_all(fd, &a->body) != 0) {
		fail_errno(a, errno, no_key);
	} else {
		a->size = (int64_t)a->body.n;
		if (a->size <= HASHED_MAX)
			etag_of_body(a->etag, buf_bytes(&a->body));
		else
			etag_of_file(a->etag, fd, &st);
	}
	(void)close(fd);
}

/* ---- writing ---- */

static void run_put(struct bucket_folder *f, int bucket, const struct bucket_request *q,
		    struct bucket_answer *a)
{
	char name[SEGMENT_MAX + 1], aside[BUCKET_ASIDE_SIZE];
	int dir = open_parent(bucket, q->key, true, name);
	if (dir < 0) {
		fail_errno(a, errno, no_path);
		return;
	}
	int fd = bucket_aside_write(f->fd, aside, q->body);
	if (fd < 0) {
		fail_errno(a, errno, no_path);
	} else if (renameat(f->fd, aside, dir, name) != 0 || fsync(dir) != 0) {
		fail_errno(a, errno, no_path);
		(void)unlinkat(f->fd, aside, 0); /* there only if it was not renamed */
	} else {
		etag_of_body(a->etag, q->body);
	}
	if (fd >= 0)
		(void)close(fd); /* its lock kept it from being swept */
	(void)close(dir);
}

/* ---- listing ---- */

struct walk {
	const struct bucket_request *q;
	struct bucket_answer *a;
	char key[BUCKET_KEY_MAX + 2]; /* of what is being looked at */
	size_t n;
};

static bool wanted(const struct walk *w)
{
	const char *after = w->q->start_after;
	return strncmp(w->key, w->q->key, strlen(w->q->key)) == 0 &&
	       (!after || strcmp(w->key, after) > 0);
}

/* May a key below this folder have the prefix? */
static bool may_hold(const struct walk *w)
{
	size_t n = strlen(w->q->key);
	return strncmp(w->key, w->q->key, w->n < n ? w->n : n) == 0;
}

static int walk_folder(struct walk *w, int fd);

/* One name in a folder. */
static int walk_name(struct walk *w, int dir, const char *name)
{
	struct stat st;
	size_t before = w->n, n = strlen(name);
	int rc = 0;
	if (w->n + n > BUCKET_KEY_MAX || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return 0; /* too long for a key, or just gone */
	memcpy(w->key + w->n, name, n + 1);
	w->n += n;
	if (S_ISREG(st.st_mode) && wanted(w)) {
		rc = bucket_answer_add(w->a, (struct bytes){ w->key, w->n }) ? 0 : -ENOMEM;
	} else if (S_ISDIR(st.st_mode) && w->n < BUCKET_KEY_MAX) {
		w->key[w->n++] = '/';
		w->key[w->n] = '\0';
		int fd = may_hold(w) ? openat(dir, name, O_RDONLY | FOLDER) : -1;
		if (fd >= 0)
			rc = walk_folder(w, fd);
	}
	w->n = before;
	w->key[before] = '\0';
	return rc;
}

/* Everything below a folder; fd is taken over. @return 0 or -errno */
static int walk_folder(struct walk *w, int fd)
{
	const struct dirent *e;
	int rc = 0;
	DIR *d = fdopendir(fd);
	if (!d) {
		rc = -errno;
		(void)close(fd);
		return rc;
	}
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = walk_name(w, fd, e->d_name);
	}
	if (rc == 0)
		rc = -errno;
	(void)closedir(d);
	return rc;
}

static int by_key(const void *a, const void *b)
{
	const struct bucket_entry *x = a, *y = b;
	return strcmp(x->key, y->key);
}

/* Everything but the key. An object that has gone meanwhile stays, empty. */
static void describe(int bucket, struct bucket_entry *e)
{
	struct stat st;
	int own = dup(bucket);
	int fd = own < 0 ? -1 : open_file(own, e->key, &st);
	(void)snprintf(e->storage_class, sizeof(e->storage_class), "STANDARD");
	if (fd < 0)
		return;
	e->size = st.st_size;
	e->modified_ms = modified_ms(&st);
	etag_of_file(e->etag, fd, &st);
	(void)close(fd);
}

static void run_list(int bucket, const struct bucket_request *q, struct bucket_answer *a)
{
	struct walk w = { .q = q, .a = a };
	int own = dup(bucket);
	int rc = own < 0 ? -errno : walk_folder(&w, own);
	if (rc < 0) {
		fail_errno(a, -rc, no_bucket);
		return;
	}
	if (a->n_entries > 1)
		qsort(a->entries, a->n_entries, sizeof(*a->entries), by_key);
	a->truncated = q->max_keys > 0 && a->n_entries > (size_t)q->max_keys;
	while (q->max_keys > 0 && a->n_entries > (size_t)q->max_keys)
		free(a->entries[--a->n_entries].key);
	for (size_t i = 0; i < a->n_entries; i++)
		describe(bucket, &a->entries[i]);
}

static void run(struct bucket_folder *f, const struct bucket_request *q, struct bucket_answer *a)
{
	if (!bucket_request_check(q, a))
		return;
	int bucket = open_bucket(f, q->bucket, a);
	if (bucket < 0)
		return;
	a->status = 200;
	if (q->op == BUCKET_LIST) {
		run_list(bucket, q, a);
		(void)close(bucket);
	} else if (!is_path(q->key)) {
		(void)close(bucket);
		if (q->op == BUCKET_PUT)
			no_path(a);
		else
			no_key(a);
	} else if (q->op == BUCKET_PUT) {
		run_put(f, bucket, q, a);
	} else {
		run_read(bucket, q, a);
	}
}

void bucket_folder_run(struct bucket_folder *f, const struct bucket_request *q,
		       struct bucket_answer *a)
{
	bucket_answer_ids(a);
	run(f, q, a);
	/* S3's answer to HEAD has no body: an SDK knows no more than 404. */
	if (q->op == BUCKET_HEAD && a->status == 404)
		bucket_answer_fail(a, 404, "NoSuchKey", "null");
}
