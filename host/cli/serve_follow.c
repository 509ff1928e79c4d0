#include "cli/serve_follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "commit/commit.h"
#include "net/loop.h"
#include "store/deliveries.h"

enum { MEMBERS_MAX = 16 << 20 };

struct follow {
	struct follow *next;
	struct follows *all;
	char run[RUN_ID_SIZE];
	webhook_state_fn *done;
	void *arg;
	struct timer *timer;
	bool looking, again; /* on the worker; then once more */
	bool last;           /* what is found now is told */
	/* what was found */
	struct buf members;
	bool over;
};

struct follows {
	struct host *host;
	struct store_reader *reader; /* the worker's, NULL until it is needed */
	struct follow *list;
	size_t flushing; /* what is being written and then looked at */
	bool freed;      /* when the last of them is told */
};

int follows_new(struct follows **out, struct host *host, struct err *err)
{
	struct follows *fs = calloc(1, sizeof(*fs));
	if (!fs)
		return err_set(err, ERR_NOMEM, "no memory for those who wait for runs");
	fs->host = host;
	*out = fs;
	return 0;
}

/* ---- looking: on the worker ---- */

static void add(struct buf *out, const char *member, const char *text)
{
	buf_addf(out, "%s\"%s\":", out->n > 0 ? "," : "", member);
	json_write_string(out, bytes_str(text));
}

static int on_run(void *arg, const struct run_row *row)
{
	struct follow *f = arg;
	add(&f->members, "state", run_state_name(row->state));
	if (row->outcome)
		add(&f->members, "outcome", row->outcome);
	if (row->message && row->message[0])
		add(&f->members, "message", row->message);
	if (row->result)
		buf_addf(&f->members, ",\"result\":%s", row->result);
	f->over = run_state_over(row->state);
	return 0;
}

/* Of several deliveries with that run the last one says how it is. */
static int on_delivery(void *arg, const struct delivery_row *row)
{
	struct follow *f = arg;
	buf_cut(&f->members, 0);
	f->over = row->state == DELIVERY_FAILED || row->state == DELIVERY_CANCELLED;
	if (row->state != DELIVERY_QUEUED && !f->over)
		return 0;
	add(&f->members, "state", delivery_state_name(row->state));
	if (row->why)
		add(&f->members, "message", row->why);
	return 0;
}

static void look(void *arg)
{
	struct follow *f = arg;
	struct follows *fs = f->all;
	struct err err = { 0 };
	const struct delivery_filter of_run = { .run = f->run };
	buf_clear(&f->members);
	f->members = BUF_INIT(MEMBERS_MAX);
	int rc = fs->reader ? 0 : store_reader_open(&fs->reader, fs->host->store, &err);
	if (rc == 0 && store_run(fs->reader, f->run, on_run, f, &err) < 0)
		rc = store_deliveries(fs->reader, &of_run, on_delivery, f, &err);
	if (rc < 0)
		buf_clear(&f->members);
}

/* ---- on the loop ---- */

static void finish(struct follow *f)
{
	struct follow **at = &f->all->list;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	timer_stop(f->timer);
	f->done(f->arg, buf_bytes(&f->members), f->over);
	buf_clear(&f->members);
	free(f);
}

static void on_looked(void *arg);

static void look_soon(struct follow *f)
{
	if (f->looking) {
		f->again = true;
		return;
	}
	f->looking = true;
	f->again = false;
	worker_submit(f->all->host->worker, look, on_looked, f);
}

static void on_looked(void *arg)
{
	struct follow *f = arg;
	f->looking = false;
	if (f->over || (f->last && !f->again))
		finish(f);
	else if (f->again)
		look_soon(f);
}

static void on_time(void *arg)
{
	struct follow *f = arg;
	f->timer = NULL;
	f->last = true;
	look_soon(f);
}

struct written {
	struct follows *all;
	char run[RUN_ID_SIZE];
};

static void on_durable(void *arg, const struct err *err)
{
	struct written *e = arg;
	struct follows *fs = e->all;
	(void)err;
	for (struct follow *f = fs->freed ? NULL : fs->list; f; f = f->next) {
		if (strcmp(f->run, e->run) == 0)
			look_soon(f);
	}
	fs->flushing--;
	if (fs->freed && fs->flushing == 0)
		free(fs);
	free(e);
}

/* What has happened to it is read where it is kept, once it is. */
static void look_when_durable(struct follows *fs, const char *run)
{
	struct written *e = calloc(1, sizeof(*e));
	if (!e)
		return;
	e->all = fs;
	(void)snprintf(e->run, sizeof(e->run), "%s", run);
	fs->flushing++;
	commit_flush(fs->host->committer, on_durable, e);
}

void follows_run_ended(struct follows *fs, const char *run)
{
	const struct follow *f = fs->list;
	while (f && strcmp(f->run, run) != 0)
		f = f->next;
	if (f)
		look_when_durable(fs, run);
}

void follows_add(struct follows *fs, const char *run, int64_t wait_ms, webhook_state_fn *done,
		 void *arg)
{
	struct follow *f = calloc(1, sizeof(*f));
	if (!f) {
		done(arg, (struct bytes){ 0 }, false);
		return;
	}
	*f = (struct follow){ .next = fs->list, .all = fs, .done = done, .arg = arg };
	(void)snprintf(f->run, sizeof(f->run), "%s", run);
	fs->list = f;
	f->last = wait_ms <= 0;
	if (wait_ms > 0)
		f->timer = timer_start(fs->host->loop, wait_ms, on_time, f);
	if (wait_ms > 0)
		look_when_durable(fs, run); /* it may have ended just now */
	else
		look_soon(f);
}

void follows_hurry(struct follows *fs)
{
	for (struct follow *f = fs->list; f; f = f->next) {
		f->last = true;
		look_soon(f);
	}
}

void follows_free(struct follows *fs)
{
	if (!fs)
		return;
	for (struct follow *f = fs->list, *next; f; f = next) {
		next = f->next;
		(void)worker_forget(fs->host->worker, f);
		buf_clear(&f->members);
		finish(f);
	}
	store_reader_close(fs->reader);
	fs->reader = NULL;
	fs->freed = true;
	if (fs->flushing == 0)
		free(fs);
}
