#include "local/shell/bucket_aside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

static const char prefix[] = ".put-";

/* A new file, locked. */
static int create(int dir, char name[BUCKET_ASIDE_SIZE])
{
	for (;;) {
		struct stat st;
		uint64_t number;
		random_bytes(&number, sizeof(number));
		(void)snprintf(name, BUCKET_ASIDE_SIZE, "%s%016" PRIx64, prefix, number);
		int fd =
		    openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
		if (fd < 0)
			return -1;
		bool taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
		if (!taken && fstat(fd, &st) == 0 && st.st_nlink > 0)
			return fd;
		(void)close(fd); /* swept by another process before it was locked */
	}
}

static int write_all(int fd, struct bytes body)
{
	while (body.n > 0) {
		ssize_t n = write(fd, body.p, body.n);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			body = (struct bytes){ body.p + n, body.n - (size_t)n };
	}
	return fsync(fd);
}

int bucket_aside_write(int dir, char name[BUCKET_ASIDE_SIZE], struct bytes body)
{
	int fd = create(dir, name);
	if (fd < 0 || write_all(fd, body) == 0)
		return fd;
	int why = errno;
	(void)unlinkat(dir, name, 0);
	(void)close(fd);
	errno = why;
	return -1;
}

static void sweep_one(int dir, const char *name)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, name, 0);
	(void)close(fd);
}

void bucket_aside_sweep(int dir)
{
	const struct dirent *e;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			sweep_one(dir, e->d_name);
	}
	(void)closedir(d);
}
