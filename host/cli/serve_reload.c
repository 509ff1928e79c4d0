#include "cli/serve_reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config_change.h"
#include "cli/manager.h"
#include "cli/metrics.h"
#include "cli/reload_parts.h"
#include "cli/serve_run.h"
#include "commit/commit.h"
#include "net/loop.h"

enum { LINE_SIZE = 1200 };

struct asker {
	struct asker *next;
	cJSON *actor;
	reload_done_fn *done; /* NULL: it does not wait */
	void *arg;
};

enum reload_state { IDLE, READING, FLUSHING, LOOKING };

struct reload {
	struct serve *serve;
	enum reload_state state;
	struct asker *now, *later; /* of the round under way; of the next */
	struct reload_parts parts;
	int rc; /* of the last step, and why it failed */
	struct err err;
	bool begun; /* serve is ready */
	bool freed; /* while the committer will still call back */
};

static void go_on(struct reload *r);

/* ---- who asks ---- */

static void add(struct asker **list, struct asker *a)
{
	while (*list)
		list = &(*list)->next;
	*list = a;
}

static void free_asker(struct asker *a)
{
	cJSON_Delete(a->actor);
	free(a);
}

/* value NULL: err says why not. */
static void tell_all(struct asker **list, const cJSON *value, const struct err *err)
{
	while (*list) {
		struct asker *a = *list;
		*list = a->next;
		if (a->done)
			a->done(a->arg, value ? cJSON_Duplicate(value, true) : NULL, err);
		free_asker(a);
	}
}

void reload_ask(struct reload *r, const char *actor, reload_done_fn *done, void *arg)
{
	struct asker *a = calloc(1, sizeof(*a));
	struct err err = { 0 };
	if (!a) {
		(void)err_named(&err, ERR_NOMEM, "OutOfMemory", "no memory to reload");
		if (done)
			done(arg, NULL, &err);
		return;
	}
	*a =
	    (struct asker){ .actor = json_parse(bytes_str(actor), NULL), .done = done, .arg = arg };
	add(&r->later, a);
	go_on(r);
}

/* However many came since the last round: one is enough. */
void reload_on_hangup(void *arg)
{
	struct reload *r = arg;
	for (const struct asker *a = r->later; a; a = a->next) {
		if (!a->done)
			return;
	}
	reload_ask(r, "{\"type\":\"signal\",\"name\":\"SIGHUP\"}", NULL, NULL);
}

/* ---- what came of it ---- */

static void add_counts(cJSON *o, const char *name, const struct config *was,
		       const struct config *next, const char *kind)
{
	struct config_counts n;
	config_count_changes(&n, was, next, kind);
	cJSON *counts = cJSON_AddObjectToObject(o, name);
	json_set_int(counts, "added", (int64_t)n.added);
	json_set_int(counts, "changed", (int64_t)n.changed);
	json_set_int(counts, "removed", (int64_t)n.removed);
}

/* hash NULL: it could not be read. */
static void add_file(cJSON *o, const struct reload *r, const char *hash)
{
	cJSON *file = cJSON_AddObjectToObject(o, "config");
	(void)cJSON_AddStringToObject(file, "file", r->serve->begun->file);
	if (hash)
		(void)cJSON_AddStringToObject(file, "sha256", hash);
}

/* The first asks; who else did is named too. */
static void add_askers(cJSON *o, const struct asker *first)
{
	cJSON *others = NULL;
	(void)cJSON_AddItemToObject(o, "actor", cJSON_Duplicate(first->actor, true));
	for (const struct asker *a = first->next; a; a = a->next) {
		others = others ? others : cJSON_AddArrayToObject(o, "alsoAsked");
		(void)cJSON_AddItemToArray(others, cJSON_Duplicate(a->actor, true));
	}
}

static void finish(struct reload *r)
{
	parts_clear(&r->parts);
	r->state = IDLE;
	serve_say_ready(r->serve);
	go_on(r);
}

static void refuse(struct reload *r, const struct err *err)
{
	char line[LINE_SIZE];
	cJSON *o = cJSON_CreateObject();
	add_askers(o, r->now);
	add_file(o, r, r->parts.config ? r->parts.config->hash : NULL);
	(void)cJSON_AddStringToObject(o, "inForce", r->serve->host.config->hash);
	(void)cJSON_AddStringToObject(o, "message", err->message);
	serve_record_object(r->serve, "config.refused", o);
	metrics_reload(r->serve->host.metrics, "refused");
	(void)snprintf(line, sizeof(line), "not reloaded, everything is as it was: %.1000s",
		       err->message);
	terminal_log(&r->serve->host.terminal, LOG_ERROR, line);
	tell_all(&r->now, NULL, err);
	finish(r);
}

static void accept(struct reload *r)
{
	char line[LINE_SIZE];
	const struct config *was = r->serve->host.config, *next = r->parts.config;
	cJSON *value = cJSON_CreateObject();
	add_file(value, r, next->hash);
	(void)cJSON_AddStringToObject(value, "before", was->hash);
	add_counts(value, "schedules", was, next, "schedule");
	add_counts(value, "hooks", was, next, "hook");
	cJSON *members = cJSON_Duplicate(value, true);
	add_askers(members, r->now);
	/* before what is done under it */
	serve_record_object(r->serve, "config.reload", members);
	parts_take(&r->parts);
	(void)snprintf(line, sizeof(line), "reloaded %.1000s", r->serve->begun->file);
	terminal_log(&r->serve->host.terminal, LOG_INFO, line);
	metrics_reload(r->serve->host.metrics, "done");
	static const struct err fine = { 0 };
	tell_all(&r->now, value, &fine);
	cJSON_Delete(value);
	finish(r);
}

/* ---- a round ---- */

static bool is_stopping(struct reload *r)
{
	struct err err = { 0 };
	if (!r->serve->stopping)
		return false;
	(void)err_named(&err, ERR_CANCELLED, "Stopping", "serve is stopping");
	tell_all(&r->now, NULL, &err);
	tell_all(&r->later, NULL, &err);
	parts_clear(&r->parts);
	r->state = IDLE;
	return true;
}

static void look(void *arg)
{
	struct reload *r = arg;
	r->rc = parts_look(&r->parts, &r->err);
}

static void on_looked(void *arg)
{
	struct reload *r = arg;
	if (is_stopping(r))
		return;
	if (r->rc == 0)
		r->rc = parts_ready(&r->parts, &r->err);
	if (r->rc < 0)
		refuse(r, &r->err);
	else
		accept(r);
}

static void on_flushed(void *arg, const struct err *err)
{
	struct reload *r = arg;
	if (r->freed) {
		free(r);
		return;
	}
	r->state = LOOKING;
	if (is_stopping(r))
		return;
	if (err->code)
		refuse(r, err);
	else
		worker_submit(r->serve->host.worker, look, on_looked, r);
}

static void read_all(void *arg)
{
	struct reload *r = arg;
	r->rc = parts_read(&r->parts, r->serve->begun->file, &r->err);
}

static void on_read(void *arg)
{
	struct reload *r = arg;
	if (is_stopping(r))
		return;
	if (r->rc == 0)
		r->rc = parts_judge(&r->parts, &r->err);
	if (r->rc < 0) {
		refuse(r, &r->err);
		return;
	}
	r->state = FLUSHING;
	commit_flush(r->serve->host.committer, on_flushed, r);
}

static void go_on(struct reload *r)
{
	if (!r->begun || r->state != IDLE || !r->later || is_stopping(r))
		return;
	r->now = r->later;
	r->later = NULL;
	r->state = READING;
	r->parts = (struct reload_parts){ .serve = r->serve };
	manager_reloading(r->serve->manager);
	worker_submit(r->serve->host.worker, read_all, on_read, r);
}

/* ---- life ---- */

int reload_new(struct reload **out, struct serve *s, struct err *err)
{
	struct reload *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory to reload");
	r->serve = s;
	*out = r;
	return 0;
}

void reload_begin(struct reload *r)
{
	r->begun = true;
	go_on(r);
}

void reload_free(struct reload *r)
{
	struct err err = { 0 };
	if (!r)
		return;
	(void)err_named(&err, ERR_CANCELLED, "Stopping", "serve is stopping");
	tell_all(&r->now, NULL, &err);
	tell_all(&r->later, NULL, &err);
	(void)worker_forget(r->serve->host.worker, r);
	parts_clear(&r->parts);
	if (r->state == FLUSHING)
		r->freed = true;
	else
		free(r);
}
