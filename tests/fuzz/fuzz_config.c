/*
 * fuzz_config.c - any text as the configuration: it is refused with its file and line, or all that can be
 * shown of it is whole. Files that it names do not exist here, but for three of secrets and one of days.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/tz.h"
#include "cli/config.h"
#include "cli/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_NAME "etc/runbook.conf"

enum { SHOWN_MAX = 32 << 20 };

static struct bytes text; /* of FILE_NAME, while LLVMFuzzerTestOneInput runs */

/* In place of cli/files.c. */
int files_read(struct buf *out, const char *path, struct err *err)
{
	INVARIANT(strcmp(path, FILE_NAME) == 0);
	buf_add(out, text.p, text.n);
	return out->err ? err_set(err, ERR_LIMIT, "%s is too large", path) : 0;
}

int files_read_regular(struct buf *out, const char *path, struct err *err)
{
	if (strcmp(path, "etc/secret") == 0)
		buf_adds(out, "a secret\n\nand the one before it\n");
	else if (strcmp(path, "etc/keys") == 0)
		buf_adds(out, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
	else if (strcmp(path, "etc/pairs") == 0)
		buf_adds(out, "ann:a secret\r\nbob:another\r\n");
	else if (strcmp(path, "etc/days") == 0)
		buf_adds(out, "# holidays\n2026-12-24..2027-01-02\n*-05-01\n");
	else
		return err_set(err, ERR_IO, "%s: there is no such file", path);
	return out->err ? err_set(err, ERR_LIMIT, "%s is too large", path) : 0;
}

static void check_object(struct buf *shown)
{
	cJSON *v = json_parse(buf_bytes(shown), NULL);
	INVARIANT(cJSON_IsObject(v));
	cJSON_Delete(v);
	buf_clear(shown);
}

static void check_shown(const struct config *c)
{
	struct buf shown = BUF_INIT(SHOWN_MAX);
	for (size_t i = 0; i < c->n_schedules; i++) {
		const struct config_schedule *s = &c->schedules[i];
		INVARIANT(s->start.name[0] && s->start.runbook && s->cron && s->zone_name);
		config_describe_schedule(s, &shown);
		check_object(&shown);
	}
	for (size_t i = 0; i < c->n_hooks; i++)
		INVARIANT(c->hooks[i].start.name[0] && c->hooks[i].path[0] == '/');
	config_plugin(c, "sfn", &shown);
	check_object(&shown);
}

static bool is_plugin(const void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "sfn") == 0 || strcmp(name, "http") == 0;
}

/* What is wrong is in the file, and somebody has to find it there. */
static void check_complaint(const struct err *err)
{
	INVARIANT(err->message[0]);
	INVARIANT(strncmp(err->message, FILE_NAME, sizeof(FILE_NAME) - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config c;
	struct err err = { 0 };
	text = (struct bytes){ (const char *)data, size };
	(void)setenv("HOME", "/home/somebody", 0); /* for the default of state_dir */
	int rc = config_load(&c, FILE_NAME, &err);
	if (rc == 0)
		rc = config_check_sections(&c, is_plugin, NULL, &err);
	if (rc == 0) {
		INVARIANT(strlen(c.hash) == SHA256_HEX && c.state_dir);
		check_shown(&c);
		rc = config_read_secrets(&c, &err);
	}
	if (rc < 0)
		check_complaint(&err);
	config_clear(&c);
	return 0;
}
