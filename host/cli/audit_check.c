#include "cli/audit_check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/segment.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "cli/files.h"
#include "net/loop.h"

enum { FOUND_MAX = 100, KEY_LINE_MAX = 4096 };

struct audit_check {
	struct worker *worker;
	char dir[4096]; /* STATE/audit */
	bool going;
	atomic_bool stop;
	int64_t begun_ms, ended_ms; /* begun 0: never */

	/* The worker's while it is going. */
	struct verify_summary sum;
	cJSON *found; /* what is not in order */
	bool has_key;
	struct err err;
	int rc;
};

/* ---- on the worker ---- */

static void add_report(void *arg, const struct verify_report *r)
{
	struct audit_check *c = arg;
	if (r->verdict == VERDICT_OK || cJSON_GetArraySize(c->found) >= FOUND_MAX)
		return;
	cJSON *o = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(o, "segment", r->segment);
	(void)cJSON_AddStringToObject(o, "verdict", r->verdict == VERDICT_BAD ? "bad" : "note");
	if (r->bad_line)
		json_set_int(o, "line", (int64_t)r->bad_line);
	(void)cJSON_AddStringToObject(o, "why", r->why);
	if (!cJSON_AddItemToArray(c->found, o))
		cJSON_Delete(o);
}

static bool goes_on(void *arg)
{
	struct audit_check *c = arg;
	return !atomic_load(&c->stop);
}

/* The line beside the log, STATE/audit.pub; no such file: no key. */
static int read_key(struct audit_check *c, struct public_key *out)
{
	char path[sizeof(c->dir) + 8];
	struct buf line = BUF_INIT(KEY_LINE_MAX);
	(void)snprintf(path, sizeof(path), "%s.pub", c->dir);
	c->has_key = access(path, F_OK) == 0;
	int rc = c->has_key ? files_read(&line, path, &c->err) : 0;
	if (rc == 0 && c->has_key)
		rc = public_key_read(out, buf_bytes(&line), &c->err);
	buf_clear(&line);
	return rc;
}

static void verify(void *arg)
{
	struct audit_check *c = arg;
	struct public_key key;
	int fd = audit_dir_open(c->dir, &c->err);
	c->rc = fd < 0 ? fd : read_key(c, &key);
	if (c->rc == 0)
		c->rc = verify_dir(&c->sum,
				   &(struct verify_spec){ .dir_fd = fd,
							  .key = c->has_key ? &key : NULL,
							  .each = add_report,
							  .go_on = goes_on,
							  .arg = c },
				   &c->err);
	if (fd >= 0)
		(void)close(fd);
}

static void on_verified(void *arg)
{
	struct audit_check *c = arg;
	c->going = false;
	c->ended_ms = clock_wall_ms();
}

/* ---- the interface ---- */

void audit_check_begin(struct audit_check *c)
{
	if (c->going)
		return;
	cJSON_Delete(c->found);
	c->found = cJSON_CreateArray();
	c->err = (struct err){ 0 };
	c->going = true;
	c->begun_ms = clock_wall_ms();
	worker_submit(c->worker, verify, on_verified, c);
}

static void add_time(cJSON *o, const char *name, int64_t ms)
{
	char text[ISO8601_SIZE];
	iso8601_format(text, ms);
	(void)cJSON_AddStringToObject(o, name, text);
}

static void add_result(cJSON *o, const struct audit_check *c)
{
	add_time(o, "ended", c->ended_ms);
	if (c->rc < 0) {
		(void)cJSON_AddStringToObject(o, "error", c->err.message);
		return;
	}
	(void)cJSON_AddBoolToObject(o, "good", c->sum.bad == 0);
	(void)cJSON_AddBoolToObject(o, "signed", c->has_key);
	json_set_int(o, "segments", (int64_t)c->sum.segments);
	json_set_int(o, "records", (int64_t)c->sum.records);
	json_set_int(o, "calls", (int64_t)c->sum.calls);
	json_set_int(o, "unknown", (int64_t)c->sum.unknown);
	json_set_int(o, "notes", (int64_t)c->sum.notes);
	json_set_int(o, "bad", (int64_t)c->sum.bad);
	(void)cJSON_AddItemToObject(o, "found", cJSON_Duplicate(c->found, true));
}

cJSON *audit_check_state(const struct audit_check *c)
{
	cJSON *o = c->begun_ms ? cJSON_CreateObject() : NULL;
	if (!o)
		return NULL;
	add_time(o, "begun", c->begun_ms);
	if (c->going)
		(void)cJSON_AddTrueToObject(o, "going");
	else
		add_result(o, c);
	return o;
}

int audit_check_new(struct audit_check **out, struct loop *l, const char *state_dir,
		    struct err *err)
{
	struct audit_check *c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_NOMEM, "no memory for a verification");
	int n = snprintf(c->dir, sizeof(c->dir), "%s/audit", state_dir);
	int rc = n > 0 && (size_t)n < sizeof(c->dir)
		     ? worker_new(&c->worker, l, err)
		     : err_set(err, ERR_INVALID, "the state directory's name is too long");
	if (rc < 0) {
		free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void audit_check_free(struct audit_check *c)
{
	if (!c)
		return;
	atomic_store(&c->stop, true);
	worker_free(c->worker);
	cJSON_Delete(c->found);
	free(c);
}
