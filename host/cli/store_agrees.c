#include "cli/store_agrees.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/scan.h"
#include "audit/segment.h"
#include "store/store.h"

enum { KEY_SIZE = 160, TEXT_SIZE = 400, PROBLEMS_MAX = 100 };

struct intent_key { /* what names an intent in both */
	char text[KEY_SIZE];
	int64_t begun_ms;
	bool found;
};

/* A process that wrote the store, by its first segment; it may have gone on in others. */
struct writer {
	char name[SEGMENT_NAME_SIZE];
	uint64_t
	    synced;    /* what the store knows to be on the disk of its log, before that is read */
	uint64_t last; /* the last record that is there */
};

struct look {
	struct store_reader *reader;
	struct intent_key *v;
	size_t n, cap;
	struct writer *writers;
	size_t n_writers;
	struct writer *now; /* of the segment that is read; NULL: it has no store */
	uint64_t records;
	int64_t oldest_ms; /* of the records */
};

static void write_key(char out[KEY_SIZE], const char *run, int64_t attempt, const char *step,
		      uint64_t seq)
{
	(void)snprintf(out, KEY_SIZE, "%.40s %" PRId64 " %.60s %" PRIu64, run, attempt, step, seq);
}

/* ---- the store ---- */

static int on_intent(void *arg, const struct step_row *s)
{
	struct look *l = arg;
	if (s->intent == 0)
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 256;
		struct intent_key *v = realloc(l->v, cap * sizeof(*v));
		if (!v)
			return -ERR_NOMEM;
		l->v = v;
		l->cap = cap;
	}
	struct intent_key *k = &l->v[l->n++];
	*k = (struct intent_key){ .begun_ms = s->begun_ms };
	write_key(k->text, s->run, s->attempt, s->path, s->intent);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct intent_key *x = a, *y = b;
	return strcmp(x->text, y->text);
}

/* ---- the log ---- */

static struct writer *writer_of(struct look *l, const char *name, struct err *err)
{
	if (l->n_writers > 0 && strcmp(l->writers[l->n_writers - 1].name, name) == 0)
		return &l->writers[l->n_writers - 1];
	for (size_t i = 0; i < l->n_writers; i++) {
		if (strcmp(l->writers[i].name, name) == 0)
			return &l->writers[i];
	}
	struct writer *v = realloc(l->writers, (l->n_writers + 1) * sizeof(*v));
	if (!v) {
		(void)err_set(err, ERR_NOMEM, "no memory for the processes of the audit log");
		return NULL;
	}
	l->writers = v;
	struct writer *w = &v[l->n_writers++];
	*w = (struct writer){ .synced = 0 };
	(void)snprintf(w->name, sizeof(w->name), "%s", name);
	return store_synced(l->reader, w->name, &w->synced, err) < 0 ? NULL : w;
}

static int begin_segment(struct look *l, const struct record *r, struct err *err)
{
	const char *name = json_get_str(json_get(r->tree, "journal"), "writer");
	l->now = name ? writer_of(l, name, err) : NULL;
	return name && !l->now ? -ERR_IO : 0;
}

static int on_record(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	struct look *l = arg;
	struct intent_key wanted;
	const char *run = json_get_str(r->tree, "run"), *step = json_get_str(r->tree, "step");
	(void)line;
	l->records++;
	if (l->oldest_ms == 0 || r->head.time_ms < l->oldest_ms)
		l->oldest_ms = r->head.time_ms;
	if (strcmp(r->head.kind, "log.open") == 0 && begin_segment(l, r, err) < 0)
		return -ERR_IO;
	if (l->now)
		l->now->last = r->head.seq;
	if (strcmp(r->head.kind, "call.intent") != 0 || !run || !step || l->n == 0)
		return 0;
	write_key(wanted.text, run, json_get_int(r->tree, "attempt", 1), step, r->head.seq);
	struct intent_key *k = bsearch(&wanted, l->v, l->n, sizeof(*k), compare);
	if (k)
		k->found = true;
	return 0;
}

static int read_segment(struct look *l, int dir_fd, const char *name, struct err *err)
{
	struct scan scan;
	int fd = segment_open(dir_fd, name, err);
	if (fd < 0)
		return fd;
	l->now = NULL;
	int rc = scan_segment(
	    &scan, &(struct scan_spec){ .fd = fd, .name = name, .each = on_record, .arg = l }, err);
	scan_clear(&scan);
	(void)close(fd);
	return rc;
}

static int read_log(struct look *l, int dir_fd, struct err *err)
{
	struct segment_names names = { 0 };
	int rc = segment_list(&names, dir_fd, err);
	for (size_t i = 0; rc == 0 && i < names.n; i++)
		rc = read_segment(l, dir_fd, names.v[i], err);
	segment_names_clear(&names);
	return rc;
}

/* ---- what differs ---- */

static void tell_short(const struct look *l, store_problem_fn *fn, void *arg)
{
	for (size_t i = 0; i < l->n_writers; i++) {
		char text[TEXT_SIZE];
		const struct writer *w = &l->writers[i];
		if (w->last >= w->synced)
			continue;
		(void)snprintf(text, sizeof(text),
			       "the log that begins with %s ends with record %" PRIu64
			       ", the store knows of record %" PRIu64,
			       w->name, w->last, w->synced);
		fn(arg, text);
	}
}

static void tell_missing(const struct look *l, store_problem_fn *fn, void *arg)
{
	size_t told = 0;
	for (size_t i = 0; i < l->n && told < PROBLEMS_MAX; i++) {
		char text[TEXT_SIZE];
		if (l->v[i].found || l->v[i].begun_ms < l->oldest_ms)
			continue;
		told++;
		(void)snprintf(text, sizeof(text),
			       "run, attempt, step and record %s: a call of the store whose intent "
			       "is not in the audit log",
			       l->v[i].text);
		fn(arg, text);
	}
}

int store_agrees(struct store_agrees *out, const char *store, const char *audit_dir,
		 store_problem_fn *fn, void *arg, struct err *err)
{
	struct look l = { 0 };
	int dir_fd = -1;
	int rc = store_reader_open(&l.reader, store, err);
	/* the store first: what it knows by then is in the log */
	if (rc == 0)
		rc = store_intents(l.reader, 0, on_intent, &l, err);
	if (rc == -ERR_NOMEM)
		(void)err_set(err, ERR_NOMEM, "no memory for the calls of the store");
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	if (rc == 0)
		rc = dir_fd = audit_dir_open(audit_dir, err);
	if (rc >= 0)
		rc = read_log(&l, dir_fd, err);
	if (rc == 0) {
		tell_missing(&l, fn, arg);
		tell_short(&l, fn, arg);
	}
	*out = (struct store_agrees){ l.n, l.records };
	if (dir_fd >= 0)
		(void)close(dir_fd);
	store_reader_close(l.reader);
	free(l.writers);
	free(l.v);
	return rc;
}
