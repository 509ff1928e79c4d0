#include "cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/manager.h"

static int read_nothing(struct err *err)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO;
	int why = errno;
	if (fd > STDIN_FILENO)
		(void)close(fd);
	return ok ? 0 : err_set(err, ERR_IO, "/dev/null: %s", strerror(why));
}

void process_hear_hangups(bool hear)
{
	sigset_t hangup;
	(void)sigemptyset(&hangup);
	(void)sigaddset(&hangup, SIGHUP);
	(void)pthread_sigmask(hear ? SIG_UNBLOCK : SIG_BLOCK, &hangup, NULL);
}

int process_begin(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set(err, ERR_IO, "no_new_privs: %s", strerror(errno));
	process_hear_hangups(false);
	(void)umask(077);
	/* a kernel before 5.9 does not know it: they stay open, as they were for every program */
	(void)close_range((unsigned)manager_fds_end(), UINT_MAX, 0);
	return read_nothing(err);
}

int process_open_files(size_t needed, struct err *err)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return err_set(err, ERR_LIMIT, "RLIMIT_NOFILE: %s", strerror(errno));
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur >= needed)
		return 0;
	return err_set(err, ERR_LIMIT,
		       "only %llu files may be open at once, and [listen] and [admin] "
		       "max_connections need %zu: raise the hard limit (ulimit -Hn, LimitNOFILE=)",
		       (unsigned long long)files.rlim_cur, needed);
}
