#include "cli/other_user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/config.h"
#include "net/http_place.h"
#include "net/tls_server.h"

enum { NAMES_SIZE = 16384, PATH_SIZE = 4096 };

struct who {
	const char *name;
	uid_t uid;
	gid_t gid;
	char home[PATH_SIZE];
};

/* ---- who that is ---- */

static int find(struct who *w, const struct config *c, struct err *err)
{
	char space[NAMES_SIZE];
	struct passwd pw, *user = NULL;
	struct group gr, *group = NULL;
	int why = getpwnam_r(c->user, &pw, space, sizeof(space), &user);
	if (!user)
		return err_set(err, ERR_INVALID, "%s: [host] user = %.80s: %s", c->file, c->user,
			       why ? strerror(why) : "there is no such user");
	*w = (struct who){ .name = c->user, .uid = pw.pw_uid, .gid = pw.pw_gid };
	(void)snprintf(w->home, sizeof(w->home), "%s", pw.pw_dir);
	if (!c->group)
		return 0;
	why = getgrnam_r(c->group, &gr, space, sizeof(space), &group);
	if (!group)
		return err_set(err, ERR_INVALID, "%s: [host] group = %.80s: %s", c->file, c->group,
			       why ? strerror(why) : "there is no such group");
	w->gid = gr.gr_gid;
	return 0;
}

static void name_of(char out[64], uid_t uid)
{
	char space[NAMES_SIZE];
	struct passwd pw, *found = NULL;
	if (getpwuid_r(uid, &pw, space, sizeof(space), &found) == 0 && found)
		(void)snprintf(out, 64, "%s", pw.pw_name);
	else
		(void)snprintf(out, 64, "uid %u", uid);
}

/* ---- what needs root ---- */

/* It is bound for whoever the process becomes, who may remove it. */
static int give_socket(const struct http_place *p, const struct who *w, struct err *err)
{
	static const char unix_prefix[] = "unix:";
	const char *path = p->address + sizeof(unix_prefix) - 1;
	if (strncmp(p->address, unix_prefix, sizeof(unix_prefix) - 1) != 0 ||
	    lchown(path, w->uid, w->gid) == 0)
		return 0;
	return err_set(err, ERR_IO, "%.400s: %s", path, strerror(errno));
}

static int open_places(struct config_listen *l, const struct who *w, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < l->http.n_places; i++) {
		struct http_place *p = &l->places[i];
		uint16_t port;
		int fd = -1;
		if (config_place_socket(p)) /* the service manager's */
			continue;
		rc = http_place_open(&fd, &port, p, err);
		if (rc == 0)
			rc = give_socket(p, w, err);
		p->fd = fd;
	}
	return rc;
}

static int take(struct tls_server **kept, struct config_listen *l, const struct who *w,
		struct err *err)
{
	int rc = l->http.tls.cert_file ? tls_server_new(kept, &l->http.tls, err) : 0;
	l->http.tls.begun = *kept;
	return rc < 0 ? rc : open_places(l, w, err);
}

static int take_all(struct begun_as_root *kept, struct config *c, const struct who *w,
		    struct err *err)
{
	int rc = 0;
	if (c->listen.line)
		rc = take(&kept->tls[0], &c->listen, w, err);
	if (rc == 0 && c->admin.line)
		rc = take(&kept->tls[1], &c->admin, w, err);
	return rc;
}

/* ---- the state directory ---- */

static int judge_owner(const char *path, uid_t owner, const struct who *w, const char *state_dir,
		       struct err *err)
{
	char name[64];
	if (owner == w->uid)
		return 0;
	name_of(name, owner);
	return err_set(err, ERR_INVALID,
		       "%.1000s belongs to %s, and not to [host] user = %.60s: 'chown -R %.60s "
		       "%.500s' gives it all",
		       path, name, w->name, w->name, state_dir);
}

/* Of what lies in the folder. One that is not there holds nothing. */
static int judge_folder(const char *folder, const struct who *w, const char *state_dir,
			struct err *err)
{
	int rc = 0;
	DIR *dir = opendir(folder);
	const struct dirent *e;
	while (dir && rc == 0 &&
	       (e = readdir(dir))) { /* NOLINT(concurrency-mt-unsafe): one thread */
		char path[PATH_SIZE];
		struct stat st;
		int n = snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (strcmp(e->d_name, "..") == 0 || n < 0 || (size_t)n >= sizeof(path) ||
		    lstat(path, &st) != 0)
			continue;
		rc = judge_owner(strcmp(e->d_name, ".") == 0 ? folder : path, st.st_uid, w,
				 state_dir, err);
	}
	if (dir)
		(void)closedir(dir);
	return rc;
}

static int take_state_dir(const struct config *c, const struct who *w, struct err *err)
{
	char audit[PATH_SIZE];
	struct stat st;
	/* Only the last folder: one above it, of root's alone, would keep the user out. */
	if (stat(c->state_dir, &st) != 0 &&
	    (mkdir(c->state_dir, 0700) != 0 || lchown(c->state_dir, w->uid, w->gid) != 0))
		return err_set(err, ERR_IO, "[host] state_dir = %.1000s: %s", c->state_dir,
			       strerror(errno));
	int n = snprintf(audit, sizeof(audit), "%s/audit", c->state_dir);
	if (n < 0 || (size_t)n >= sizeof(audit))
		return err_set(err, ERR_INVALID, "[host] state_dir is too long");
	int rc = judge_folder(c->state_dir, w, c->state_dir, err);
	return rc < 0 ? rc : judge_folder(audit, w, c->state_dir, err);
}

/* ---- no way back ---- */

/* Inheritable and ambient capabilities survive a change of user; the others do not. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return (int)syscall(SYS_capset, &head, data);
}

static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };
	if (syscall(SYS_capget, &head, data) != 0)
		return true;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		if (data[i].effective || data[i].permitted || data[i].inheritable)
			return true;
	return false;
}

static bool is_for_good(const struct who *w)
{
	uid_t r, e, s;
	gid_t gr, ge, gs;
	if (getresuid(&r, &e, &s) != 0 || r != w->uid || e != w->uid || s != w->uid ||
	    getresgid(&gr, &ge, &gs) != 0 || gr != w->gid || ge != w->gid || gs != w->gid)
		return false;
	return setuid(0) != 0 && setresuid((uid_t)-1, 0, (uid_t)-1) != 0 && seteuid(0) != 0 &&
	       (w->gid == 0 || setegid(0) != 0) && !has_capabilities();
}

static int become(const struct who *w, struct err *err)
{
	if (initgroups(w->name, w->gid) != 0 || setresgid(w->gid, w->gid, w->gid) != 0 ||
	    setresuid(w->uid, w->uid, w->uid) != 0 || drop_capabilities() != 0)
		return err_set(err, ERR_IO, "[host] user = %.60s: %s", w->name, strerror(errno));
	if (!is_for_good(w))
		return err_set(err, ERR_IO, "[host] user = %.60s: there is a way back to root",
			       w->name);
	/* A change of user hides /proc/self from the process, until no_core hides it again. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	if (setenv("HOME", w->home, 1) != 0 || setenv("USER", w->name, 1) != 0 ||
	    setenv("LOGNAME", w->name, 1) != 0)
		return err_set(err, ERR_NOMEM, "out of memory");
	return 0;
}

int other_user_become(struct begun_as_root *kept, struct config *c, struct err *err)
{
	struct who w = { 0 };
	char name[64];
	if (!c->user)
		return 0;
	int rc = find(&w, c, err);
	if (rc < 0)
		return rc;
	uid_t now = geteuid();
	if (now == w.uid && w.uid != 0)
		return 0;
	name_of(name, now);
	if (now != 0)
		return err_set(err, ERR_INVALID,
			       "%s: [host] user = %.60s: this process is %s's, and only root's can "
			       "become another's",
			       c->file, w.name, name);
	if (w.uid == 0)
		return err_set(
		    err, ERR_INVALID,
		    "%s: [host] user = %.60s: that is root, which the process is already", c->file,
		    w.name);
	rc = take_all(kept, c, &w, err);
	if (rc == 0)
		rc = take_state_dir(c, &w, err);
	return rc < 0 ? rc : become(&w, err);
}

void other_user_clear(struct begun_as_root *kept)
{
	for (size_t i = 0; i < sizeof(kept->tls) / sizeof(kept->tls[0]); i++)
		tls_server_free(kept->tls[i]);
}
