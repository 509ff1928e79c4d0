/* serve_hooks_stored.c - hooks as the store has left them: ids that came, runs still to be started. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/serve_hook.h"
#include "cli/serve_run.h"
#include "commit/commit.h"

enum { ROWS_BETWEEN = 1024 };

void hook_forget_old(struct hook *h)
{
	int64_t before = clock_wall_ms() - DELIVERIES_KEPT_MS;
	if (++h->rows % ROWS_BETWEEN != 0)
		return;
	deliveries_forget(h->deliveries, before);
	store_remove_deliveries(commit_store(h->all->serve->host.committer), h->c->start.name,
				before, DELIVERIES_KEPT);
}

static int take_waiting(struct hook *h, const struct delivery_row *row)
{
	struct delivery_waiting w = { .at_ms = row->at_ms,
				      .due_ms = row->due_ms,
				      .begun_ms = row->begun_ms };
	if (!row->run || !row->input || !row->actor)
		return 0;
	(void)snprintf(w.run, sizeof(w.run), "%s", row->run);
	w.key = row->key ? strdup(row->key) : NULL;
	w.input = strdup(row->input);
	w.actor = strdup(row->actor);
	bool copied = w.input && w.actor && (w.key || !row->key);
	int rc = copied ? deliveries_wait(h->deliveries, &w) : -ERR_NOMEM;
	free(w.key);
	free(w.input);
	free(w.actor);
	return rc;
}

static int take_row(void *arg, const struct delivery_row *row)
{
	struct hook *h = arg;
	const char *run = row->run ? row->run : "";
	bool counts = row->run && row->state != DELIVERY_REPLACED;
	int rc = 0;
	if (row->id && row->at_ms >= clock_wall_ms() - DELIVERIES_KEPT_MS)
		rc = deliveries_remember(h->deliveries, row->id, run, row->at_ms);
	if (rc == 0 && counts)
		deliveries_count(h->deliveries, row->begun_ms ? row->begun_ms : row->at_ms);
	if (rc == 0 && row->state == DELIVERY_QUEUED)
		rc = take_waiting(h, row);
	return rc;
}

/* Waits for a hook that is not there. */
static int count_left(void *arg, const struct delivery_row *row)
{
	struct hooks *hs = arg;
	char line[300];
	if (hooks_find(hs, row->hook))
		return 0;
	(void)snprintf(line, sizeof(line),
		       "run %s waits to be started: its hook is not configured any more", row->run);
	serve_say(hs->serve, LOG_WARN,
		  &(struct log_about){ .run = row->run, .hook = row->hook, .label = row->hook },
		  line);
	return 0;
}

int hook_read(struct hook *h, struct store_reader *reader, struct err *err)
{
	const struct delivery_filter of = { .hook = h->c->start.name };
	int rc = store_deliveries(reader, &of, take_row, h, err);
	return rc < 0 && err && !err->code ? err_set(err, ERR_NOMEM, "no memory for deliveries")
					   : rc;
}

int hooks_read(struct hooks *hs, struct err *err)
{
	struct store_reader *reader = NULL;
	int rc = store_reader_open(&reader, hs->serve->host.store, err);
	if (rc == 0)
		rc = store_key(reader, hs->key, err);
	for (size_t i = 0; rc == 0 && i < hs->n; i++)
		rc = hook_read(hs->v[i], reader, err);
	const struct delivery_filter queued = { .queued = true };
	if (rc == 0)
		rc = store_deliveries(reader, &queued, count_left, hs, err);
	store_reader_close(reader);
	return rc;
}
