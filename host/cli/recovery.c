#include "cli/recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "script/settle.h"
#include "store/store.h"

enum { OTHERS_MAX = 10, LINE_SIZE = 400 };

struct recovery {
	struct host *host;
	struct settle *settle;
	bool going_on, interrupted;
	void (*on_run)(void *arg, const char *run);
	void *arg;
};

static void on_log(void *arg, enum log_level level, const char *text)
{
	struct recovery *r = arg;
	if (level >= r->host->config->log_level)
		terminal_log(&r->host->terminal, level, text);
}

static void on_tried(void *arg)
{
	struct recovery *r = arg;
	loop_quit(r->host->loop);
}

static void on_run(void *arg, const char *run, bool parked)
{
	struct recovery *r = arg;
	if (!parked && r->on_run)
		r->on_run(r->arg, run);
}

static int go(struct recovery *r, struct err *err)
{
	struct host *h = r->host;
	char line[LINE_SIZE];
	size_t n = settle_open(r->settle);
	if (n == 0)
		return 0;
	(void)snprintf(line, sizeof(line),
		       "%zu call%s of processes that died %s open: settled before runs go on", n,
		       n == 1 ? "" : "s", n == 1 ? "is" : "are");
	terminal_log(&h->terminal, LOG_WARN, line);
	r->going_on = true;
	settle_start(r->settle);
	host_loop(h);
	r->going_on = false;
	if (!r->interrupted)
		return 0;
	settle_stop(r->settle);
	return err_set(err, ERR_CANCELLED,
		       "interrupted; what could not be settled is left to the next process");
}

int recovery_run(struct host *h, void (*on_run_settled)(void *arg, const char *run), void *arg,
		 struct err *err)
{
	struct recovery *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, ERR_NOMEM, "no memory to settle calls");
	*r = (struct recovery){ .host = h, .on_run = on_run_settled, .arg = arg };
	h->recovery = r;
	const struct settle_spec spec = {
		.runs = h->runs, .on_log = on_log, .on_tried = on_tried, .on_run = on_run, .arg = r
	};
	int rc = settle_new(&r->settle, &spec, err);
	return rc < 0 ? rc : go(r, err);
}

bool recovery_interrupt(struct host *h)
{
	if (!h->recovery || !h->recovery->going_on)
		return false;
	h->recovery->interrupted = true;
	loop_quit(h->loop);
	return true;
}

void recovery_end(struct host *h)
{
	if (!h->recovery)
		return;
	settle_free(h->recovery->settle);
	free(h->recovery);
	h->recovery = NULL;
}

bool recovery_open(const struct host *h, const char *id)
{
	return h->recovery && settle_why(h->recovery->settle, id);
}

const char *recovery_parked(const struct host *h, const char *id)
{
	return h->recovery ? settle_parked(h->recovery->settle, id) : NULL;
}

/* ---- the others ---- */

struct others {
	struct host *host;
	const char *but;
	size_t n;
};

static int say_other(void *arg, const struct run_row *row)
{
	struct others *o = arg;
	char line[LINE_SIZE];
	if (o->but && strcmp(row->id, o->but) == 0)
		return 0;
	if (++o->n > OTHERS_MAX)
		return 0;
	(void)snprintf(line, sizeof(line),
		       "run %s of %.200s is unfinished; `runbook resume %s` carries it on", row->id,
		       row->path, row->id);
	terminal_log(&o->host->terminal, LOG_WARN, line);
	return 0;
}

void recovery_say_others(struct host *h, const char *but)
{
	struct others o = { .host = h, .but = but };
	const struct run_filter unfinished = { .states = RUN_STATES_OPEN };
	struct store_reader *reader = NULL;
	struct err err;
	char line[LINE_SIZE];
	int rc = store_reader_open(&reader, h->store, &err);
	if (rc == 0)
		rc = store_runs(reader, &unfinished, say_other, &o, &err);
	store_reader_close(reader);
	if (rc < 0) {
		terminal_log(&h->terminal, LOG_WARN, err.message);
	} else if (o.n > OTHERS_MAX) {
		(void)snprintf(line, sizeof(line),
			       "... and %zu more; `runbook runs --state running` lists them",
			       o.n - OTHERS_MAX);
		terminal_log(&h->terminal, LOG_WARN, line);
	}
}
