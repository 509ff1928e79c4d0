#include "commit/reserve.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/whole.h"

int reserve_open(struct reserve *r, int dir_fd, struct err *err)
{
	struct stat st;
	*r = (struct reserve){ .fd = openat(dir_fd, RESERVE_NAME,
					    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600) };
	if (r->fd < 0 || fstat(r->fd, &st) != 0)
		return err_set(err, ERR_IO, "audit log " RESERVE_NAME ": cannot open it");
	give_to_owner(r->fd, dir_fd, RESERVE_NAME);
	r->size = st.st_size > RESERVE_MIN ? st.st_size : RESERVE_MIN;
	int why = posix_fallocate(r->fd, 0, (off_t)r->size);
	if (why == 0)
		return 0;
	(void)!ftruncate(r->fd, 0);
	r->size = 0;
	return err_set(err, ERR_IO, "audit log " RESERVE_NAME ": no room for its %d bytes: %s",
		       RESERVE_MIN, strerror(why));
}

void reserve_grow(struct reserve *r, uint64_t calls)
{
	int64_t want = RESERVE_MIN + (int64_t)calls * RESERVE_CALL;
	if (r->size == 0 || want <= r->size)
		return;
	want = (want + RESERVE_MIN - 1) / RESERVE_MIN * RESERVE_MIN;
	if (posix_fallocate(r->fd, 0, (off_t)want) == 0)
		r->size = want;
}

bool reserve_release(struct reserve *r)
{
	bool any = r->size > 0 && ftruncate(r->fd, 0) == 0;
	r->size = 0;
	return any;
}

void reserve_close(struct reserve *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	*r = (struct reserve){ .fd = -1 };
}
