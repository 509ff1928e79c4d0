#include "script/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/whole.h"

enum { NOTE_MAX = 8192 };

static int join(char out[PATH_MAX], const char *dir, const char *name, struct err *err)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
	return n > 0 && n < PATH_MAX
		   ? 0
		   : err_set(err, ERR_INVALID, "%.60s...: the path is too long", dir);
}

/* ---- looking ---- */

bool hold_is_set(const char *state_dir)
{
	char path[PATH_MAX];
	if (join(path, state_dir, "hold", NULL) < 0)
		return true;
	return access(path, F_OK) == 0 || errno != ENOENT;
}

/* One line of whole characters that a terminal can show. */
static void clean_text(char *text)
{
	size_t left = strlen(text);
	while (left > 0) {
		size_t n = utf8_valid_at(text, left);
		uint32_t c = n > 0 ? utf8_decode(text, n) : 0;
		if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			n = n > 0 ? n : 1;
			memset(text, '?', n);
		}
		text += n;
		left -= n;
	}
}

static void take_text(char *out, size_t size, const cJSON *note, const char *name)
{
	const char *text = json_get_str(note, name);
	(void)snprintf(out, size, "%s", text ? text : "");
	clean_text(out);
}

static void read_note(struct hold_note *out, int fd)
{
	char text[NOTE_MAX];
	ssize_t n = read(fd, text, sizeof(text));
	cJSON *v = n > 0 ? json_parse((struct bytes){ text, (size_t)n }, NULL) : NULL;
	const char *at = json_get_str(v, "at");
	take_text(out->by, sizeof(out->by), v, "by");
	take_text(out->reason, sizeof(out->reason), v, "reason");
	if (!at || iso8601_parse(&out->at_ms, bytes_str(at)) < 0)
		out->at_ms = 0;
	cJSON_Delete(v);
}

bool hold_read(struct hold_note *out, const char *state_dir)
{
	char path[PATH_MAX];
	if (out)
		*out = (struct hold_note){ 0 };
	if (join(path, state_dir, "hold", NULL) < 0)
		return true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno != ENOENT;
	if (out)
		read_note(out, fd);
	(void)close(fd);
	return true;
}

void hold_say(char out[HOLD_TEXT_SIZE], const struct hold_note *note)
{
	char at[ISO8601_SIZE] = "a time that cannot be read";
	if (note->at_ms > 0)
		iso8601_format(at, note->at_ms);
	(void)snprintf(out, HOLD_TEXT_SIZE, "held since %s by %s%s%s", at,
		       note->by[0] ? note->by : "somebody", note->reason[0] ? ": " : "",
		       note->reason);
}

/* ---- switching ---- */

static int write_note(struct buf *out, const struct hold_note *note, struct err *err)
{
	char at[ISO8601_SIZE];
	iso8601_format(at, note->at_ms);
	buf_addf(out, "{\"at\":\"%s\",\"by\":", at);
	json_write_string(out, bytes_str(note->by));
	buf_adds(out, ",\"reason\":");
	json_write_string(out, bytes_str(note->reason));
	buf_adds(out, "}\n");
	return out->err ? err_set(err, ERR_NOMEM, "no memory for the note of the hold") : 0;
}

/* The first of two stays. */
int hold_set(const char *state_dir, struct hold_note *note, bool *already, struct err *err)
{
	char path[PATH_MAX];
	struct buf text = BUF_INIT(NOTE_MAX);
	*already = false;
	int rc = join(path, state_dir, "hold", err);
	if (rc < 0)
		return rc;
	clean_text(note->by);
	clean_text(note->reason);
	rc = write_note(&text, note, err);
	if (rc == 0)
		rc = create_whole(path, buf_bytes(&text), 0600, err);
	buf_clear(&text);
	*already = rc == 1;
	if (*already)
		(void)hold_read(note, state_dir);
	return rc < 0 ? rc : 0;
}

int hold_release(const char *state_dir, struct err *err)
{
	char path[PATH_MAX];
	int rc = join(path, state_dir, "hold", err);
	if (rc < 0)
		return rc;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	return sync_folder_of(path, err);
}
