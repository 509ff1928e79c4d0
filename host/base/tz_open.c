/* tz_open.c - zones by name, from the folder of the system's time zone database. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/similar.h"
#include "base/tz.h"

#define ZONES "/usr/share/zoneinfo"

enum { FILE_MAX = 256 << 10, NAME_SIZE = 128, DEPTH_MAX = 3 };

/* ---- the nearest name ---- */

struct search {
	struct similar near;
	char best[NAME_SIZE];
};

/* "Berlin" is meant for "Europe/Berlin" as well. */
static void consider(struct search *s, const char *zone)
{
	const char *slash = strrchr(zone, '/');
	const char *known = slash && !strchr(s->near.name, '/') ? slash + 1 : zone;
	int before = s->near.least;
	similar_consider(&s->near, known);
	if (s->near.least < before) /* best itself is of this call only */
		(void)snprintf(s->best, sizeof(s->best), "%s", zone);
}

/* name: below the folder, "" for itself. */
static void search(struct search *s, const char *name, int depth)
{
	char path[PATH_MAX], inner[NAME_SIZE];
	struct stat st;
	(void)snprintf(path, sizeof(path), "%s/%s", ZONES, name);
	DIR *dir = opendir(path);
	const struct dirent *e;
	while (dir && (e = readdir(dir))) {
		int n =
		    snprintf(inner, sizeof(inner), "%s%s%s", name, name[0] ? "/" : "", e->d_name);
		if (strchr(e->d_name, '.') || n < 0 || (size_t)n >= sizeof(inner) ||
		    strcmp(inner, "posix") == 0 || strcmp(inner, "right") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", ZONES, inner);
		if (stat(path, &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode))
			consider(s, inner);
		else if (depth < DEPTH_MAX)
			search(s, inner, depth + 1);
	}
	if (dir)
		(void)closedir(dir);
}

static int no_zone(const char *name, struct err *err)
{
	struct search s = { .near = similar_to(name) };
	search(&s, "", 1);
	if (s.best[0])
		return err_set(err, ERR_INVALID,
			       "there is no time zone '%.60s': did you mean '%s'?", name, s.best);
	return err_set(
	    err, ERR_INVALID,
	    "there is no time zone '%.60s': expected a name such as UTC or Europe/Berlin", name);
}

/* ---- the file ---- */

static bool is_plain(const char *name)
{
	if (!isalpha((unsigned char)name[0]) || strlen(name) >= NAME_SIZE)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("_+-/", *name))
			return false;
	return true;
}

static int read_all(struct buf *out, FILE *f, const char *path, struct err *err)
{
	char chunk[4096];
	size_t n;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
	if (ferror(f))
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	return out->err ? err_set(err, ERR_NOMEM, "%s: too large", path) : 0;
}

/* UTC is known without a database, which small machines do not have: one type, no transitions. */
static int open_utc(struct tz **out, struct err *err)
{
	static const char file[] = {
		'T', 'Z', 'i', 'f', [39] = 1, [43] = 4, [50] = 'U', [51] = 'T', [52] = 'C', [53] = 0
	};
	return tz_parse(out, (struct bytes){ file, sizeof(file) }, "UTC", err);
}

int tz_open(struct tz **out, const char *name, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;
	if (strcmp(name, "UTC") == 0)
		return open_utc(out, err);
	(void)snprintf(path, sizeof(path), "%s/%.128s", ZONES, name);
	if (!is_plain(name) || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return no_zone(name, err);
	FILE *f = fopen(path, "re");
	if (!f)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	struct buf text = BUF_INIT(FILE_MAX);
	int rc = read_all(&text, f, path, err);
	(void)fclose(f);
	if (rc == 0)
		rc = tz_parse(out, buf_bytes(&text), name, err);
	buf_clear(&text);
	return rc;
}
