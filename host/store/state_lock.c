#include "store/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/whole.h"

enum { LOOK_AGAIN_MS = 50, OWNER_MAX = 256, PATH_SIZE = 4096 };

/* ---- what stands in the file ---- */

static void write_owner(int fd)
{
	char now[ISO8601_SIZE], text[OWNER_MAX];
	iso8601_format(now, clock_wall_ms());
	int n = snprintf(text, sizeof(text), "{\"pid\":%" PRId64 ",\"since\":\"%s\"}\n",
			 (int64_t)getpid(), now);
	bool written = ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
	(void)written; /* only messages need it */
}

/* "process 4711 since 2026-11-21T22:51:03.042Z", as far as it is known. */
static void describe_owner(char out[OWNER_MAX], int fd)
{
	char text[OWNER_MAX];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	cJSON *owner = n > 0 ? json_parse((struct bytes){ text, (size_t)n }, NULL) : NULL;
	(void)snprintf(out, OWNER_MAX, "another process");
	int64_t pid = json_get_int(owner, "pid", 0);
	const char *since = json_get_str(owner, "since");
	if (pid > 0 && since)
		(void)snprintf(out, OWNER_MAX, "process %" PRId64 " since %.40s", pid, since);
	cJSON_Delete(owner);
}

/* ---- the lock ---- */

/* @param how LOCK_EX or LOCK_SH
 * @return 1: taken; 0: somebody else has it */
static int try_lock(int fd, int how, const char *path, struct err *err)
{
	while (flock(fd, how | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			return 0;
		if (errno != EINTR)
			return err_set(err, ERR_IO, "%s: cannot lock it: %s", path,
				       strerror(errno));
	}
	return 1;
}

/* There is nothing to be woken by: flock either blocks for ever or says at once. */
static int wait_for_lock(int fd, const char *path, int64_t wait_ms, struct err *err)
{
	int64_t until = clock_mono_ms() + wait_ms;
	int taken;
	while ((taken = try_lock(fd, LOCK_EX, path, err)) == 0 && clock_mono_ms() < until)
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
	return taken;
}

static int owned_by_another(int fd, const char *dir, int64_t wait_ms, struct err *err)
{
	char owner[OWNER_MAX];
	describe_owner(owner, fd);
	if (wait_ms == 0)
		return err_set(err, ERR_TIMEOUT, "the state directory %s is in use by %s", dir,
			       owner);
	return err_set(err, ERR_TIMEOUT,
		       "the state directory %s is in use by %s; it was waited for %" PRId64
		       " s. One process at a time runs runbooks there",
		       dir, owner, wait_ms / 1000);
}

int state_lock_take(struct state_lock *l, const char *dir, int64_t wait_ms, struct err *err)
{
	char path[PATH_SIZE];
	int n = snprintf(path, sizeof(path), "%s/lock", dir);
	l->fd = -1;
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_INVALID, "the state directory's name is too long");
	l->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return err_set(err, ERR_IO, "%s: cannot open it: %s", path, strerror(errno));
	give_to_owner(l->fd, AT_FDCWD, path);
	int rc = wait_for_lock(l->fd, path, wait_ms, err);
	if (rc == 0)
		rc = owned_by_another(l->fd, dir, wait_ms, err);
	if (rc < 0) {
		(void)close(l->fd);
		l->fd = -1;
		return rc;
	}
	write_owner(l->fd);
	return 0;
}

bool state_lock_keep_free(struct state_lock *l, const char *dir)
{
	char path[PATH_SIZE];
	int n = snprintf(path, sizeof(path), "%s/lock", dir);
	l->fd =
	    n > 0 && (size_t)n < sizeof(path) ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (l->fd < 0)
		return false;
	if (try_lock(l->fd, LOCK_SH, path, NULL) == 1)
		return true;
	state_lock_release(l);
	return false;
}

void state_lock_release(struct state_lock *l)
{
	if (l->fd < 0)
		return;
	(void)close(l->fd);
	l->fd = -1;
}
