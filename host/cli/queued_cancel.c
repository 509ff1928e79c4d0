#include "cli/queued_cancel.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "commit/commit.h"
#include "store/deliveries.h"
#include "store/firings.h"

enum { MEMBERS_MAX = 1 << 20, WHY_SIZE = 512 };

static void add_tree(cJSON *o, const char *name, const char *text)
{
	cJSON *v = text ? json_parse(bytes_str(text), NULL) : NULL;
	if (v && !cJSON_AddItemToObject(o, name, v))
		cJSON_Delete(v);
}

static void record(struct host *h, const struct queued_row *row, const char *actor, const char *why)
{
	char due[ISO8601_SIZE];
	struct buf text = BUF_INIT(MEMBERS_MAX);
	cJSON *o = cJSON_CreateObject();
	add_tree(o, "actor", actor);
	(void)cJSON_AddStringToObject(o, "run", row->run);
	if (why)
		(void)cJSON_AddStringToObject(o, "reason", why);
	(void)cJSON_AddStringToObject(o, row->hook ? "hook" : "schedule",
				      row->hook ? row->hook : row->schedule);
	if (row->hook) {
		add_tree(o, "delivery", row->actor);
	} else {
		iso8601_format(due, row->due_ms);
		(void)cJSON_AddStringToObject(o, "due", due);
	}
	json_write(&text, o);
	cJSON_Delete(o);
	if (text.n > 2 && !text.err) /* without its braces */
		(void)commit_append(h->committer, "trigger.cancel",
				    (struct bytes){ text.p + 1, text.n - 2 }, NULL, NULL);
	buf_clear(&text);
}

void queued_cancelled(struct host *h, const struct queued_row *row, const char *actor,
		      const char *why)
{
	struct store_batch *batch = commit_store(h->committer);
	char text[WHY_SIZE];
	(void)snprintf(text, sizeof(text), "cancelled%s%.480s", why ? ": " : "", why ? why : "");
	record(h, row, actor, why);
	if (row->hook)
		store_end_delivery(batch, row->run, DELIVERY_CANCELLED, text);
	else
		store_set_firing(batch, &(struct firing_row){ .schedule = row->schedule,
							      .at_ms = row->due_ms,
							      .state = FIRING_CANCELLED,
							      .why = text,
							      .recorded_ms = clock_wall_ms() });
}

/* ---- where nobody has it in memory ---- */

struct stored {
	struct host *host;
	const char *run, *actor, *why;
	bool found;
};

/* A serve has all that waits of its schedules and hooks, this not: it has begun, and may have ended, but
 * the store does not say so yet. */
static bool is_behind(const struct host *h, const struct queued_row *row)
{
	bool served = row->schedule;
	for (size_t i = 0; !served && i < h->config->n_hooks; i++)
		served = strcmp(h->config->hooks[i].start.name, row->hook) == 0;
	return served && h->cancel_queued;
}

static int take_stored(void *arg, const struct queued_row *row)
{
	struct stored *s = arg;
	if (row->cancelled || is_behind(s->host, row) || strcmp(row->run, s->run) != 0)
		return 0;
	queued_cancelled(s->host, row, s->actor, s->why);
	s->found = true;
	return 0;
}

int queued_cancel(struct host *h, const char *run, const char *actor, const char *why,
		  struct err *err)
{
	struct stored s = { .host = h, .run = run, .actor = actor, .why = why };
	const struct queued_filter of = { .run = run };
	struct store_reader *reader = NULL;
	if (h->cancel_queued && h->cancel_queued(h->cancel_queued_arg, run, actor, why))
		return 1;
	int rc = store_reader_open(&reader, h->store, err);
	if (rc == 0)
		rc = store_queued(reader, &of, take_stored, &s, err);
	store_reader_close(reader);
	return rc < 0 ? rc : s.found;
}
