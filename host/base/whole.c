#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/random.h"

int write_rest(int fd, struct bytes *rest)
{
	while (rest->n > 0) {
		ssize_t n = write(fd, rest->p, rest->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EIO;
		rest->p += n;
		rest->n -= (size_t)n;
	}
	return 0;
}

int write_whole(int fd, struct bytes bytes, struct err *err)
{
	int why = write_rest(fd, &bytes);
	return why == 0 ? 0 : err_set(err, ERR_IO, "write: %s", strerror(why));
}

static bool folder_of(char dir[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(dir, PATH_MAX, "%.*s/", (int)(slash - path), path)
		      : snprintf(dir, PATH_MAX, ".");
	return n >= 0 && n < PATH_MAX;
}

void give_to_owner(int fd, int dir_fd, const char *path)
{
	char dir[PATH_MAX];
	struct stat folder, file;
	if (geteuid() != 0 || !folder_of(dir, path) || fstatat(dir_fd, dir, &folder, 0) != 0 ||
	    folder.st_uid == 0 || fstat(fd, &file) != 0 || file.st_uid != 0)
		return;
	if (S_ISDIR(file.st_mode) || file.st_nlink == 1) /* not what has a name elsewhere, too */
		(void)!fchown(fd, folder.st_uid, folder.st_gid);
}

int sync_folder_of(const char *path, struct err *err)
{
	char dir[PATH_MAX];
	if (!folder_of(dir, path))
		return err_set(err, ERR_INVALID, "%s: the path is too long", path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc =
	    fd >= 0 && fsync(fd) == 0
		? 0
		: err_set(err, ERR_IO, "cannot sync the folder of %s: %s", path, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* @return 0 or an errno */
static int write_draft(const char *draft, struct bytes text, mode_t mode)
{
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return errno;
	give_to_owner(fd, AT_FDCWD, draft);
	int why = write_rest(fd, &text);
	if (why == 0 && fsync(fd) != 0)
		why = errno;
	(void)close(fd);
	return why;
}

int create_whole(const char *path, struct bytes text, mode_t mode, struct err *err)
{
	char draft[PATH_MAX], hex[17];
	uint8_t
	    salt[8]; /* a process id may be that of a process which died, or of another container */
	random_bytes(salt, sizeof(salt));
	hex_lower(hex, salt, sizeof(salt));
	int n = snprintf(draft, sizeof(draft), "%s.%s.new", path, hex);
	if (n < 0 || (size_t)n >= sizeof(draft))
		return err_set(err, ERR_INVALID, "%s: the path is too long", path);
	int why = write_draft(draft, text, mode);
	/* link, unlike rename, does not replace what is there. */
	if (why == 0 && link(draft, path) != 0)
		why = errno;
	(void)unlink(draft);
	if (why != 0 && why != EEXIST)
		return err_set(err, ERR_IO, "%s: cannot create it: %s", path, strerror(why));
	int rc = sync_folder_of(path, err);
	return rc < 0 ? rc : why == EEXIST;
}
