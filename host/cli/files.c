#include "cli/files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "script/file.h"

int files_read(struct buf *out, const char *path, struct err *err)
{
	char chunk[16384];
	size_t n;
	FILE *f = fopen(path, "re");
	if (!f)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	while (!out->err && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(out, chunk, n);
	int broken = ferror(f) ? errno : 0;
	(void)fclose(f);
	if (broken)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(broken));
	if (out->err)
		return err_set(err, ERR_LIMIT, "%s: larger than %zu bytes", path, out->max);
	return 0;
}

int files_read_regular(struct buf *out, const char *path, struct err *err)
{
	return file_read(out, path, err);
}

int files_make_dir(const char *path, struct err *err)
{
	char part[PATH_MAX];
	int n = snprintf(part, sizeof(part), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(part))
		return err_set(err, ERR_INVALID, "%.60s...: the path is too long", path);
	for (char *p = part + 1;; p++) {
		char c = *p;
		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return err_set(err, ERR_IO, "%s: %s", part, strerror(errno));
		*p = c;
		if (c == '\0')
			return 0;
	}
}
