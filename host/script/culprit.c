#include "script/culprit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole.h"

/* What the file holds. Before `set` is stored the id is complete. */
struct page {
	_Atomic uint32_t set;
	char id[RUN_ID_SIZE];
};

struct culprit {
	int fd;
	struct page *page;
	char found[RUN_ID_SIZE]; /* "" if none */
};

static int complain(struct err *err, const char *path, int error)
{
	return err_set(err, ERR_IO, "%s: %s", path, strerror(error));
}

static int map(struct culprit *c, const char *path, struct err *err)
{
	if (flock(c->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			   ? err_set(err, ERR_LIMIT, "%s: another process holds it", path)
			   : complain(err, path, errno);
	/* A page of a full disk would kill the process when it is written. */
	int error = posix_fallocate(c->fd, 0, sizeof(*c->page));
	if (error)
		return complain(err, path, error);
	void *p = mmap(NULL, sizeof(*c->page), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (p == MAP_FAILED)
		return complain(err, path, errno);
	c->page = p;
	return 0;
}

/* A file that is not ours, or torn, accuses nobody. */
static void take_found(struct culprit *c)
{
	char id[RUN_ID_SIZE];
	INVARIANT(c->page);
	memcpy(id, c->page->id, sizeof(id));
	if (atomic_load(&c->page->set) == 1 && id[0] && memchr(id, '\0', RUN_ID_SIZE) &&
	    strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == strlen(id))
		(void)snprintf(c->found, sizeof(c->found), "%s", id);
	culprit_clear(c);
}

int culprit_open(struct culprit **out, const char *path, struct err *err)
{
	struct culprit *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for %s", path);
	c->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->fd >= 0)
		give_to_owner(c->fd, AT_FDCWD, path);
	int rc = c->fd < 0 ? complain(err, path, errno) : map(c, path, err);
	if (rc < 0) {
		culprit_close(c);
		return rc;
	}
	take_found(c);
	*out = c;
	return 0;
}

void culprit_close(struct culprit *c)
{
	if (!c)
		return;
	if (c->page)
		(void)munmap(c->page, sizeof(*c->page));
	if (c->fd >= 0)
		(void)close(c->fd);
	free(c);
}

const char *culprit_read(const struct culprit *c)
{
	return c && c->found[0] ? c->found : NULL;
}

void culprit_set(struct culprit *c, const char *run_id)
{
	if (!c)
		return;
	(void)snprintf(c->page->id, sizeof(c->page->id), "%s", run_id);
	atomic_store(&c->page->set, 1);
}

void culprit_clear(struct culprit *c)
{
	if (c)
		atomic_store(&c->page->set, 0);
}

void culprit_now(const struct culprit *c, char out[RUN_ID_SIZE])
{
	out[0] = '\0';
	if (c && atomic_load(&c->page->set) == 1)
		(void)snprintf(out, RUN_ID_SIZE, "%.*s", RUN_ID_SIZE - 1, c->page->id);
}
