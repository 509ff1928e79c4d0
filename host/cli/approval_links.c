#include "cli/approval_links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/whole.h"
#include "cli/files.h"
#include "script/approval.h"
#include "trigger/approval_link.h"

enum { KEY_MIN = 16, KEY_MAX = 4096, PATH_SIZE = 4096, URL_MAX = 8192, TEXT_MAX = 1 << 24 };
static const int64_t VALID_MS = INT64_C(7) * 24 * 3600 * 1000;

/* ---- the key ---- */

/* Never in the place of one that another process has made meanwhile. */
static int make_key(const char *path, struct err *err)
{
	uint8_t key[SHA256_LEN];
	char line[SHA256_HEX + 2];
	random_bytes(key, sizeof(key));
	hex_lower(line, key, sizeof(key));
	memcpy(line + SHA256_HEX, "\n", 2);
	int rc = create_whole(path, bytes_str(line), 0600, err);
	wipe(key, sizeof(key));
	wipe(line, sizeof(line));
	return rc < 0 ? rc : 0;
}

static int read_key(struct approval_links *l, const char *path, struct err *err)
{
	int rc = files_read_regular(&l->key, path, err);
	if (rc < 0)
		return rc;
	while (l->key.n > 0 && strchr("\r\n", l->key.p[l->key.n - 1]))
		l->key.n--;
	if (l->key.n < KEY_MIN)
		return err_set(err, ERR_INVALID, "%s: a key has %d bytes or more, this has %zu",
			       path, KEY_MIN, l->key.n);
	return 0;
}

int approval_links_open(struct approval_links *out, const struct config *c, struct err *err)
{
	char path[PATH_SIZE];
	*out = (struct approval_links){ .config = &c->approvals, .key = BUF_INIT(KEY_MAX) };
	if (!c->approvals.base_url)
		return err_set(err, ERR_INVALID,
			       "there are no links without [approvals] base_url = https://... in "
			       "the configuration");
	if (c->approvals.secret_file)
		return read_key(out, c->approvals.secret_file, err);
	int n = snprintf(path, sizeof(path), "%s/approvals.key", c->state_dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_INVALID, "[host] state_dir is too long");
	int rc = access(path, F_OK) == 0 ? 0 : files_make_dir(c->state_dir, err);
	if (rc == 0 && access(path, F_OK) != 0)
		rc = make_key(path, err);
	return rc < 0 ? rc : read_key(out, path, err);
}

void approval_links_close(struct approval_links *l)
{
	if (l->key.p)
		wipe(l->key.p, l->key.cap);
	buf_clear(&l->key);
}

/* ---- links ---- */

static int write_pair(const struct approval_links *l, struct approval_link *link,
		      int (*fn)(void *arg, const struct approval_pair *p), void *arg)
{
	struct buf approve = BUF_INIT(URL_MAX), reject = BUF_INIT(URL_MAX);
	const char *base = l->config->base_url;
	link->approve = true;
	int rc = approval_link_write(&approve, base, buf_bytes(&l->key), link);
	link->approve = false;
	if (rc == 0)
		rc = approval_link_write(&reject, base, buf_bytes(&l->key), link);
	if (rc == 0)
		rc = fn(arg, &(struct approval_pair){ link->person, buf_cstr(&approve),
						      buf_cstr(&reject), link->until_ms });
	buf_clear(&approve);
	buf_clear(&reject);
	return rc;
}

static int64_t ends_at(const struct approval_links *l, int64_t expires_ms)
{
	int64_t valid = l->config->valid_ms ? l->config->valid_ms : VALID_MS;
	return expires_ms > 0 ? expires_ms : clock_wall_ms() + valid;
}

int approval_links_each(const struct approval_links *l, const struct run_question *q,
			int (*fn)(void *arg, const struct approval_pair *p), void *arg)
{
	struct approval_link link = { .attempt = q->attempt,
				      .until_ms = ends_at(l, q->expires_ms) };
	cJSON *details = json_parse(bytes_str(q->details), NULL);
	const char *people = json_get_str(details, "people");
	int rc = 0;
	for (const char *p = people ? people : ""; rc == 0 && *(p += strspn(p, " "));) {
		char name[APPROVAL_LINK_TEXT];
		size_t n = strcspn(p, " ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		p += n;
		if (n < sizeof(name) && !approval_is_asker(q->actor, name) &&
		    approval_link_fill(&link, q->run, q->step, name))
			rc = write_pair(l, &link, fn, arg);
	}
	cJSON_Delete(details);
	return rc;
}

/* ---- shown ---- */

static int add_pair(void *arg, const struct approval_pair *p)
{
	char until[ISO8601_SIZE];
	cJSON *o = cJSON_CreateObject();
	iso8601_format(until, p->until_ms);
	if (!o || !cJSON_AddItemToArray(arg, o)) {
		cJSON_Delete(o);
		return -ERR_NOMEM;
	}
	(void)cJSON_AddStringToObject(o, "person", p->person);
	(void)cJSON_AddStringToObject(o, "approve", p->approve_url);
	(void)cJSON_AddStringToObject(o, "reject", p->reject_url);
	return cJSON_AddStringToObject(o, "until", until) ? 0 : -ERR_NOMEM;
}

static int show_one(const struct approval_links *l, const cJSON *run, cJSON *approval)
{
	struct buf details = BUF_INIT(TEXT_MAX), actor = BUF_INIT(TEXT_MAX);
	const char *expires = json_get_str(approval, "expires");
	struct run_question q = { .run = json_get_str(run, "id"),
				  .attempt = (int)json_get_int(run, "attempt", 1),
				  .step = json_get_str(approval, "path") };
	if (expires && iso8601_parse(&q.expires_ms, bytes_str(expires)) < 0)
		q.expires_ms = 0;
	json_write(&details, json_get(approval, "details"));
	json_write(&actor, json_get(run, "actor"));
	q.details = buf_cstr(&details);
	q.actor = buf_cstr(&actor);
	cJSON *list = cJSON_AddArrayToObject(approval, "links");
	int rc = list ? approval_links_each(l, &q, add_pair, list) : -ERR_NOMEM;
	buf_clear(&details);
	buf_clear(&actor);
	return rc;
}

int approval_links_show(const struct approval_links *l, cJSON *run, struct err *err)
{
	cJSON *approvals = cJSON_GetObjectItemCaseSensitive(run, "approvals");
	int rc = 0;
	for (cJSON *a = approvals ? approvals->child : NULL; rc == 0 && a; a = a->next)
		if (json_get_bool(a, "open", false))
			rc = show_one(l, run, a);
	return rc < 0 ? err_set(err, ERR_NOMEM, "no memory for the links") : 0;
}
