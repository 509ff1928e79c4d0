/*
 * faulty_disk.c - a disk that fails, put before a program with LD_PRELOAD. For tests only.
 *
 *	FAULTY_DISK=write:12         the 12th write fails with EIO, nothing of it written
 *	FAULTY_DISK=short:12         ... half of it is written, the rest with ENOSPC at the next
 *	FAULTY_DISK=sync:3           the 3rd fdatasync or fsync fails with EIO
 *	FAULTY_DISK=rename:1         the first rename fails with EIO
 *	FAULTY_DISK=bytes:65536      the disk has room for so many bytes more, then ENOSPC
 *	FAULTY_DISK_DIR=DIR          only files below DIR count (required)
 *	FAULTY_DISK_MARK=FILE        made when the first fault strikes
 *
 * A fault strikes once, but a full disk stays full. Regular files only: sockets and pipes go through.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { KIND_NONE, KIND_WRITE, KIND_SHORT, KIND_SYNC, KIND_RENAME, KIND_BYTES };

static const char *const kind_names[] = { "", "write", "short", "sync", "rename", "bytes" };

/* What the environment orders. Globals: a preloaded library has no other place. */
static enum kind ordered;
static long long limit;
static char dir[4096], mark[4096];
static atomic_llong counted;

/* The library's own functions. */
static struct {
	ssize_t (*write)(int fd, const void *p, size_t n);
	ssize_t (*pwrite)(int fd, const void *p, size_t n, off_t at);
	ssize_t (*writev)(int fd, const struct iovec *v, int count);
	int (*fsync)(int fd);
	int (*fdatasync)(int fd);
	int (*rename)(const char *from, const char *to);
	int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
} next;

/* ISO C knows no conversion of dlsym's pointer to a function. */
static void find(void *slot, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	memcpy(slot, &found, sizeof(found));
}

__attribute__((constructor)) static void find_functions(void)
{
	find(&next.write, "write");
	find(&next.pwrite, "pwrite64");
	find(&next.writev, "writev");
	find(&next.fsync, "fsync");
	find(&next.fdatasync, "fdatasync");
	find(&next.rename, "rename");
	find(&next.renameat, "renameat");
}

static void copy_environment(char *out, size_t size, const char *name)
{
	const char *value = getenv(name);
	(void)snprintf(out, size, "%s", value ? value : "");
}

__attribute__((constructor)) static void read_orders(void)
{
	char order[64], *colon;
	copy_environment(order, sizeof(order), "FAULTY_DISK");
	copy_environment(dir, sizeof(dir), "FAULTY_DISK_DIR");
	copy_environment(mark, sizeof(mark), "FAULTY_DISK_MARK");
	colon = strchr(order, ':');
	if (!colon || !dir[0])
		return;
	*colon = '\0';
	for (const char *d = colon + 1; *d >= '0' && *d <= '9'; d++)
		limit = 10 * limit + (*d - '0');
	for (int k = KIND_WRITE; k <= KIND_BYTES; k++)
		if (strcmp(order, kind_names[k]) == 0)
			ordered = (enum kind)k;
}

static bool below(const char *path)
{
	size_t n = strlen(dir);
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static bool counts(int fd)
{
	char name[64], path[4096];
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(name, path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return below(path);
}

static void leave_mark(void)
{
	int fd = mark[0] ? open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		(void)close(fd);
}

/* Is this the one that is to fail? */
static bool strikes(enum kind kind, int fd)
{
	if (ordered != kind || !counts(fd) || atomic_fetch_add(&counted, 1) + 1 != limit)
		return false;
	leave_mark();
	return true;
}

/* How many of n bytes may be written; -1 with errno: none. */
static ssize_t admitted(int fd, size_t n)
{
	if (strikes(KIND_WRITE, fd)) {
		errno = EIO;
		return -1;
	}
	if (strikes(KIND_SHORT, fd) && n > 1)
		return (ssize_t)(n / 2);
	if (ordered != KIND_BYTES || !counts(fd))
		return (ssize_t)n;
	long long room = limit - atomic_fetch_add(&counted, (long long)n);
	if (room >= (long long)n)
		return (ssize_t)n;
	leave_mark();
	if (room > 0)
		return (ssize_t)room;
	errno = ENOSPC;
	return -1;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t may = admitted(fd, n);
	return may < 0 ? may : next.write(fd, p, (size_t)may);
}

EXPORTED ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t may = admitted(fd, n);
	return may < 0 ? may : next.pwrite(fd, p, (size_t)may, at);
}

/* Where off_t has 64 bits, pwrite in this file is the library's pwrite64; this is its pwrite. */
EXPORTED ssize_t pwrite_plain(int fd, const void *p, size_t n, off_t at) __asm__("pwrite");
ssize_t pwrite_plain(int fd, const void *p, size_t n, off_t at)
{
	ssize_t may = admitted(fd, n);
	return may < 0 ? may : next.pwrite(fd, p, (size_t)may, at);
}

EXPORTED ssize_t writev(int fd, const struct iovec *v, int count)
{
	size_t n = 0;
	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	ssize_t may = admitted(fd, n);
	if (may < 0 || (size_t)may == n)
		return may < 0 ? may : next.writev(fd, v, count);
	size_t first = v[0].iov_len < (size_t)may ? v[0].iov_len : (size_t)may;
	return next.write(fd, v[0].iov_base, first);
}

static bool sync_fails(int fd)
{
	if (!strikes(KIND_SYNC, fd))
		return false;
	errno = EIO;
	return true;
}

EXPORTED int fsync(int fd)
{
	return sync_fails(fd) ? -1 : next.fsync(fd);
}

EXPORTED int fdatasync(int fd)
{
	return sync_fails(fd) ? -1 : next.fdatasync(fd);
}

static bool rename_fails(bool ours)
{
	if (ordered != KIND_RENAME || !ours || atomic_fetch_add(&counted, 1) + 1 != limit)
		return false;
	leave_mark();
	errno = EIO;
	return true;
}

EXPORTED int rename(const char *from, const char *to)
{
	return rename_fails(below(to)) ? -1 : next.rename(from, to);
}

EXPORTED int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (rename_fails(to[0] == '/' ? below(to) : counts(to_dir)))
		return -1;
	return next.renameat(from_dir, from, to_dir, to);
}
