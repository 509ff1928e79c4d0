#include "cli/serve_notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/serve_run.h"
#include "net/loop.h"
#include "store/store.h"

enum {
	KEY_SIZE = 300,
	MESSAGE_SIZE = 1000,
	INPUT_MAX = 65536,
	READ_MAX = 20000, /* runs that are looked at when serve starts */
	TIMES_MAX = 20,
	TIMES_MIN = 5,
	LOOK_MS = 1000, /* how often runs that go on are looked at */
	AGAIN_MS = 60 * 1000,
};

struct happening {
	char name[KEY_SIZE], run[RUN_ID_SIZE], outcome[32], message[MESSAGE_SIZE];
	int64_t at_ms;
};

struct incident {
	struct incident *next;
	char key[KEY_SIZE];
	enum notify_event event; /* that begins it */
	bool is_on, told;
	bool owed;    /* bad is to be told, even if it is over by now */
	bool seen;    /* its newest run, when the store is read */
	bool cleared; /* likewise: a good end is newer than what was told */
	bool busy;    /* a run that tells of it goes on: teller */
	char teller[RUN_ID_SIZE];
	struct happening last, bad;
	int64_t took_ms[TIMES_MAX]; /* of NOTIFY_FAILURE: runs that ended well */
	size_t n_took;
};

struct notify {
	struct serve *serve;
	struct incident *first;
	struct timer *soon, *look;
	bool stopped;
	char host[256];
};

static const struct config_notify *config_of(const struct notify *n)
{
	return &n->serve->host.config->notify;
}

static bool wants(const struct notify *n, enum notify_event e)
{
	return config_of(n)->events & 1u << e;
}

/* ---- incidents ---- */

static struct incident *find(struct notify *n, const char *key)
{
	struct incident *i = n->first;
	while (i && strcmp(i->key, key) != 0)
		i = i->next;
	return i;
}

/* NULL: no memory. */
static struct incident *incident_of(struct notify *n, const char *key, enum notify_event e)
{
	struct incident *i = find(n, key);
	if (i)
		return i;
	i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	(void)snprintf(i->key, sizeof(i->key), "%s", key);
	i->event = e;
	i->next = n->first;
	n->first = i;
	return i;
}

static void set(struct incident *i, const char *name, const char *run, const char *outcome,
		const char *message)
{
	struct happening *h = &i->last;
	(void)snprintf(h->name, sizeof(h->name), "%s", name);
	(void)snprintf(h->run, sizeof(h->run), "%s", run);
	(void)snprintf(h->outcome, sizeof(h->outcome), "%s", outcome);
	(void)snprintf(h->message, sizeof(h->message), "%s", message ? message : "");
	h->at_ms = clock_wall_ms();
}

/* "schedule/nightly". */
static void key_of(char out[KEY_SIZE], const char *before, const struct config_start *start)
{
	bool schedule = start->trigger == TRIGGER_SCHEDULE;
	(void)snprintf(out, KEY_SIZE, "%s%s/%s", before, schedule ? "schedule" : "hook",
		       start->name);
}

static void add_time(struct incident *i, int64_t took_ms)
{
	memmove(i->took_ms + 1, i->took_ms, sizeof(i->took_ms) - sizeof(i->took_ms[0]));
	i->took_ms[0] = took_ms;
	i->n_took += i->n_took < TIMES_MAX;
}

/* ---- telling ---- */

static void write_input(struct buf *out, const struct notify *n, const struct incident *i,
			enum notify_event e, const struct happening *h)
{
	char at[ISO8601_SIZE];
	const struct config_notify *config = config_of(n);
	cJSON *o = cJSON_CreateObject();
	const char *const members[][2] = {
		{ "event", config_notify_event(e) },
		{ "incident", i->key },
		{ "name", h->name },
		{ "run", h->run },
		{ "outcome", h->outcome },
		{ "message", h->message },
		{ "at", at },
		{ "host", n->host },
		{ "channel", config->channel },
		{ "url", config->url },
		{ "secret", config->secret },
		{ "topic", config->topic },
	};
	iso8601_format(at, h->at_ms);
	for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
		if (members[k][1])
			(void)cJSON_AddStringToObject(o, members[k][0], members[k][1]);
	json_write(out, o);
	cJSON_Delete(o);
}

static void say(const struct notify *n, const char *text)
{
	const struct log_about about = serve_about_part("notify");
	serve_say(n->serve, LOG_ERROR, &about, text);
}

/* False: not now. */
static bool tell(struct notify *n, struct incident *i, enum notify_event e,
		 const struct happening *h)
{
	struct buf input = BUF_INIT(INPUT_MAX), actor = BUF_INIT(INPUT_MAX);
	struct err err = { 0 };
	write_input(&input, n, i, e, h);
	buf_adds(&actor, "{\"type\":\"notify\",\"name\":");
	json_write_string(&actor, bytes_str(h->name));
	buf_addf(&actor, ",\"event\":\"%s\",\"about\":", config_notify_event(e));
	json_write_string(&actor, bytes_str(h->run));
	buf_adds(&actor, "}");
	const struct serve_run *r =
	    serve_start_run(n->serve, &config_of(n)->start, buf_bytes(&input), &actor, &err);
	if (r) {
		i->busy = true;
		(void)snprintf(i->teller, sizeof(i->teller), "%s", r->id);
	} else {
		say(n, err.message);
	}
	buf_clear(&input);
	buf_clear(&actor);
	return r;
}

/* False: it is to be tried again later. */
static bool bring_up_to_date(struct notify *n, struct incident *i)
{
	bool begins = !i->told && (i->is_on || i->owed);
	if (i->busy || (!begins && i->is_on == i->told))
		return true;
	if (begins) {
		i->told = tell(n, i, i->event, i->owed ? &i->bad : &i->last);
		i->owed = i->owed && !i->told;
		return i->told;
	}
	bool say = i->event == NOTIFY_FAILURE && wants(n, NOTIFY_RECOVERY);
	i->told = say && !tell(n, i, NOTIFY_RECOVERY, &i->last);
	return !i->told;
}

static void on_soon(void *arg)
{
	struct notify *n = arg;
	bool done = true;
	n->soon = NULL;
	if (n->serve->stopping || !config_of(n)->line)
		return;
	for (struct incident *i = n->first; i; i = i->next)
		done = bring_up_to_date(n, i) && done;
	if (!done)
		n->soon = timer_start(n->serve->host.loop, AGAIN_MS, on_soon, n);
}

/* From the loop: who tells of an end must not start a run. */
static void soon(struct notify *n)
{
	timer_stop(n->soon);
	n->soon = n->stopped ? NULL : timer_start(n->serve->host.loop, 0, on_soon, n);
}

/* ---- what happens ---- */

static void teller_ended(struct notify *n, const char *run, const struct run_end *end)
{
	for (struct incident *i = n->first; i; i = i->next)
		if (i->busy && strcmp(i->teller, run) == 0)
			i->busy = false;
	if (end->outcome != RUN_DONE)
		say(n, "nobody could be told: see that run");
	soon(n);
}

static void slow_is_over(struct notify *n, const struct config_start *start)
{
	char key[KEY_SIZE];
	key_of(key, "slow/", start);
	struct incident *i = find(n, key);
	if (i)
		i->is_on = false;
}

void notify_run_ended(struct notify *n, const struct config_start *start, const char *run,
		      const struct run_end *end, int64_t took_ms)
{
	char key[KEY_SIZE];
	if (!n || end->outcome == RUN_SUSPENDED)
		return;
	if (start->trigger == TRIGGER_NOTIFY) {
		teller_ended(n, run, end);
		return;
	}
	if (end->outcome == RUN_CANCELLED)
		return;
	key_of(key, "", start);
	struct incident *i = incident_of(n, key, NOTIFY_FAILURE);
	if (!i)
		return;
	set(i, start->name, run, run_outcome_name(end->outcome), end->message);
	i->is_on = end->outcome != RUN_DONE && wants(n, NOTIFY_FAILURE);
	if (i->is_on && !i->told) { /* another run may end well before it is told */
		i->bad = i->last;
		i->owed = true;
	}
	if (end->outcome == RUN_DONE)
		add_time(i, took_ms);
	slow_is_over(n, start);
	soon(n);
}

void notify_asked(struct notify *n, const struct run_question *q)
{
	char key[KEY_SIZE];
	if (!n || !wants(n, NOTIFY_APPROVAL))
		return;
	(void)snprintf(key, sizeof(key), "approval/%s/%s/%d", q->run, q->step, q->attempt);
	struct incident *i = incident_of(n, key, NOTIFY_APPROVAL);
	if (!i)
		return;
	set(i, q->run, q->run, "waiting", q->subject);
	i->is_on = true;
	soon(n);
}

/* ---- slower than usual ---- */

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* From which on a run is slow; INT64_MAX: not known yet. */
static int64_t slow_from(const struct notify *n, const struct incident *i)
{
	int64_t sorted[TIMES_MAX];
	if (!i || i->n_took < TIMES_MIN)
		return INT64_MAX;
	memcpy(sorted, i->took_ms, sizeof(sorted));
	qsort(sorted, i->n_took, sizeof(sorted[0]), by_time);
	int64_t from = sorted[i->n_took / 2] * (int64_t)config_of(n)->slow_factor;
	int64_t least = config_of(n)->slow_at_least_ms;
	return from > least ? from : least;
}

static void look_at(struct notify *n, const struct serve_run *r, int64_t now)
{
	char key[KEY_SIZE], text[120];
	if (r->start->trigger == TRIGGER_NOTIFY)
		return;
	key_of(key, "", r->start);
	int64_t from = slow_from(n, find(n, key)), goes_on = now - r->since_ms;
	key_of(key, "slow/", r->start);
	struct incident *i = goes_on > from ? incident_of(n, key, NOTIFY_SLOW) : NULL;
	if (!i || i->is_on)
		return;
	(void)snprintf(text, sizeof(text), "it goes on since %lld s, more than %lld s",
		       (long long)goes_on / 1000, (long long)from / 1000);
	set(i, r->start->name, r->id, "running", text);
	i->is_on = true;
	soon(n);
}

static void look_again(struct notify *n);

static void on_look(void *arg)
{
	struct notify *n = arg;
	int64_t now = clock_wall_ms();
	for (const struct serve_run *r = n->serve->runs; r; r = r->next)
		look_at(n, r, now);
	look_again(n);
}

static void look_again(struct notify *n)
{
	n->look =
	    wants(n, NOTIFY_SLOW) ? timer_start(n->serve->host.loop, LOOK_MS, on_look, n) : NULL;
}

/* ---- the start ---- */

static enum notify_event event_of(const char *name)
{
	for (enum notify_event e = NOTIFY_FAILURE; e <= NOTIFY_SLOW; e++)
		if (name && strcmp(config_notify_event(e), name) == 0)
			return e;
	return NOTIFY_FAILURE;
}

static int take_teller(struct notify *n, const struct run_row *row)
{
	cJSON *v = json_parse(bytes_str(row->input), NULL);
	const char *key = json_get_str(v, "incident");
	enum notify_event e = event_of(json_get_str(v, "event"));
	bool new = key && !(find(n, key) && find(n, key)->teller[0]);
	struct incident *i = NULL;
	if (new)
		i = incident_of(n, key, e == NOTIFY_RECOVERY ? NOTIFY_FAILURE : e);
	if (i) {
		bool forgotten = i->cleared && !wants(n, NOTIFY_RECOVERY);
		i->told = e != NOTIFY_RECOVERY && !forgotten;
		/* what is asked and what is slow goes on until it is seen to have ended */
		i->is_on = i->event == NOTIFY_FAILURE ? i->is_on : i->told;
		(void)snprintf(i->teller, sizeof(i->teller), "%s", row->id);
		i->busy = !run_state_over(row->state);
	}
	cJSON_Delete(v);
	return new && !i ? -ERR_NOMEM : 0;
}

static int take_run(struct notify *n, const struct config_start *start, const struct run_row *row)
{
	char key[KEY_SIZE];
	if (!run_state_over(row->state) || row->state == RUN_STATE_CANCELLED)
		return 0;
	key_of(key, "", start);
	struct incident *i = incident_of(n, key, NOTIFY_FAILURE);
	if (!i)
		return -ERR_NOMEM;
	bool good = row->state == RUN_STATE_DONE;
	if (!i->seen) {
		set(i, start->name, row->id, row->outcome ? row->outcome : "", row->message);
		i->seen = true;
		i->is_on = !good && wants(n, NOTIFY_FAILURE);
		if (!i->teller[0])
			i->told = false;
	}
	i->cleared = i->cleared || (good && !i->teller[0]);
	if (good && i->n_took < TIMES_MAX)
		i->took_ms[i->n_took++] = row->ended_ms - row->started_ms;
	return 0;
}

static int take_row(void *arg, const struct run_row *row)
{
	struct notify *n = arg;
	const struct config_start *start = serve_start_of(n->serve, row->actor);
	if (!start)
		return 0;
	return start->trigger == TRIGGER_NOTIFY ? take_teller(n, row) : take_run(n, start, row);
}

static int take_question(void *arg, const struct approval_row *a)
{
	notify_asked(arg, &(struct run_question){
			      .run = a->run,
			      .attempt = a->attempt,
			      .step = a->path,
			      .subject = a->subject,
			  });
	return 0;
}

static int read_store(struct notify *n, struct err *err)
{
	struct store_reader *reader = NULL;
	const struct run_filter filter = { .limit = READ_MAX };
	int rc = store_reader_open(&reader, n->serve->host.store, err);
	if (rc == 0)
		rc = store_runs(reader, &filter, take_row, n, err);
	if (rc == 0)
		rc = store_approvals(reader, NULL, take_question, n, err);
	store_reader_close(reader);
	return rc;
}

int notify_start(struct notify **out, struct serve *s, struct err *err)
{
	*out = NULL;
	struct notify *n = calloc(1, sizeof(*n));
	if (!n)
		return err_set(err, ERR_NOMEM, "no memory for notifications");
	*out = n;
	n->serve = s;
	if (gethostname(n->host, sizeof(n->host) - 1) != 0)
		(void)snprintf(n->host, sizeof(n->host), "unknown host");
	int rc = config_of(n)->line ? read_store(n, err) : 0;
	if (rc < 0)
		return rc;
	look_again(n);
	soon(n);
	return 0;
}

void notify_changed(struct notify *n)
{
	if (!n->look)
		look_again(n);
	soon(n);
}

void notify_stop(struct notify *n)
{
	if (!n)
		return;
	n->stopped = true;
	timer_stop(n->soon);
	timer_stop(n->look);
	n->soon = NULL;
	n->look = NULL;
}

void notify_free(struct notify *n)
{
	if (!n)
		return;
	for (struct incident *i = n->first, *next; i; i = next) {
		next = i->next;
		free(i);
	}
	free(n);
}
