#include "audit/retain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/scan.h"
#include "audit/torn.h"
#include "base/clock.h"
#include "base/whole.h"

#define MARK_NAME "retention" /* its time is when this was last done */

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

/* Was it done less than a day ago? If not, it is from now on. */
static bool is_done(const struct retain_spec *spec)
{
	struct stat st;
	int fd = openat(spec->dir_fd, MARK_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return true;
	give_to_owner(fd, spec->dir_fd, MARK_NAME);
	bool fresh = fstat(fd, &st) == 0 && st.st_size > 0 &&
		     spec->now_ms - st.st_mtim.tv_sec * 1000 < day_ms &&
		     spec->now_ms >= st.st_mtim.tv_sec * 1000;
	if (!fresh)
		fresh = pwrite(fd, "\n", 1, 0) != 1;
	(void)close(fd);
	return fresh;
}

static int64_t end_of_day(const char *day)
{
	char text[32];
	int64_t ms = INT64_MAX - day_ms;
	(void)snprintf(text, sizeof(text), "%sT00:00:00.000Z", day);
	return iso8601_parse(&ms, bytes_str(text)) == 0 ? ms + day_ms : INT64_MAX;
}

static int keep_next(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	(void)line;
	(void)err;
	char *next = arg;
	const char *name = json_get_str(r->tree, "next");
	if (strcmp(r->head.kind, "log.close") == 0 && name && strlen(name) < SEGMENT_NAME_SIZE)
		memcpy(next, name, strlen(name) + 1);
	return 0;
}

/* Whole, closed, every call with a known outcome? *next: the segment that goes on from it, or "". */
static int look(bool *settled, char next[SEGMENT_NAME_SIZE], const struct retain_spec *spec,
		const char *name, struct err *err)
{
	struct scan s;
	next[0] = '\0';
	*settled = false;
	int fd = segment_open(spec->dir_fd, name, NULL);
	if (fd < 0)
		return 0;
	const struct scan_spec how = { .fd = fd, .name = name, .each = keep_next, .arg = next };
	int rc = scan_segment(&s, &how, err);
	(void)close(fd);
	*settled = rc == 0 && s.end == SCAN_CLOSED && intents_open(&s.intents) == 0 &&
		   s.intents.unknown == 0;
	scan_clear(&s);
	return rc;
}

static bool is_there(const struct retain_spec *spec, const char *name)
{
	int fd = segment_open(spec->dir_fd, name, NULL);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static int may_go(bool *out, const struct retain_spec *spec, const char *name, struct err *err)
{
	char next[SEGMENT_NAME_SIZE], goes_on[SEGMENT_NAME_SIZE];
	int rc = look(out, next, spec, name, err);
	if (rc < 0 || !*out || !next[0] || !is_there(spec, next))
		return rc;
	memcpy(goes_on, next, sizeof(goes_on));
	return look(out, next, spec, goes_on, err);
}

static void unlink_torn_ends(int dir_fd, const char *path)
{
	char torn[SEGMENT_DAY_SIZE + TORN_NAME_SIZE];
	for (unsigned nth = 1;; nth++) {
		torn_name(torn, sizeof(torn), path, nth);
		if (unlinkat(dir_fd, torn, 0) != 0)
			return;
	}
}

static int unlink_all(const struct retain_spec *spec, const char *day, const struct ledger_entry *v,
		      size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		char path[SEGMENT_DAY_SIZE + SEGMENT_NAME_SIZE];
		(void)snprintf(path, sizeof(path), "%s/%s", day, v[i].segment);
		if (unlinkat(spec->dir_fd, path, 0) != 0 && errno != ENOENT)
			return err_set(err, ERR_IO, "audit log %s: cannot remove it: %s", path,
				       strerror(errno));
		unlink_torn_ends(spec->dir_fd, path);
	}
	/* Not empty where something is kept. */
	(void)unlinkat(spec->dir_fd, day, AT_REMOVEDIR);
	return 0;
}

static int remove_day(uint64_t *removed, const struct retain_spec *spec, const char *day,
		      struct err *err)
{
	struct segment_names names;
	size_t n = 0;
	int rc = segment_list_day(&names, spec->dir_fd, day, err);
	if (rc < 0)
		return rc;
	struct ledger_entry *v = calloc(names.n + 1, sizeof(*v));
	if (!v) {
		segment_names_clear(&names);
		return err_set(err, ERR_NOMEM, "no memory for the list of segments");
	}
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		bool may;
		rc = may_go(&may, spec, names.v[i], err);
		if (rc < 0 || !may)
			continue;
		v[n].kind = LEDGER_REMOVE;
		memcpy(v[n++].segment, names.v[i], strlen(names.v[i]) + 1);
	}
	if (rc == 0 && n > 0)
		rc = ledger_append(spec->ledger, v, n, err);
	if (rc == 0)
		rc = unlink_all(spec, day, v, n, err);
	*removed += rc == 0 ? n : 0;
	free(v);
	segment_names_clear(&names);
	return rc;
}

int retain_dir(uint64_t *removed, const struct retain_spec *spec, struct err *err)
{
	struct segment_names days;
	*removed = 0;
	if (spec->keep_ms <= 0 || is_done(spec))
		return 0;
	int rc = segment_list_days(&days, spec->dir_fd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < days.n && rc == 0; i++) {
		if (end_of_day(days.v[i]) < spec->now_ms - spec->keep_ms)
			rc = remove_day(removed, spec, days.v[i], err);
	}
	segment_names_clear(&days);
	return rc;
}
