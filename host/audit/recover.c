#include "audit/recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/ledger.h"
#include "audit/scan.h"
#include "audit/segment.h"
#include "audit/torn.h"
#include "base/clock.h"

enum {
	BATCH = 256 * 1024,
	BATCH_MAX = BATCH + 4 * RECORD_LINE_MAX,
	MAX_HOPS = 1000,
	LOST_MAX = 64 * 1024 * 1024
};

/* One segment being recovered. */
struct recovery {
	const struct recover_spec *spec;
	struct segment segment;
	struct scan scan;
	unsigned torn_named;            /* log.recover records that name a torn end */
	char before[SEGMENT_NAME_SIZE]; /* the segment that this one continues; "" */
	struct buf lines;               /* made and not yet written */
	struct ledger_entry seal;       /* what to enter once it is closed; lines is 0: nothing */
	bool journalled;                /* its writer had the store of spec->store ... */
	uint64_t committed;             /* ... and committed rows up to here */
	char next[SEGMENT_NAME_SIZE];   /* the segment that log.close says comes next; "" */
	struct buf opening;             /* members of the log.open of that one */
	struct buf *lost;               /* members of the run.lost to be written, a line each */
	size_t lost_named;              /* run.lost records that are here already */
};

/* What goes on from one segment to the next. */
struct course {
	struct ledger_entry *seals; /* entered when all are closed: the ledger is synced once */
	size_t n, cap;
	struct buf lost; /* of a segment that was closed and has a next one to say it in */
};

static int look(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	(void)line;
	(void)err;
	struct recovery *rec = arg;
	const char *before = json_get_str(r->tree, "continues");
	rec->torn_named +=
	    strcmp(r->head.kind, "log.recover") == 0 && json_get_str(r->tree, "torn");
	if (strcmp(r->head.kind, "log.open") == 0 && before && strlen(before) < SEGMENT_NAME_SIZE)
		memcpy(rec->before, before, strlen(before) + 1);
	return 0;
}

/* log.open: did the writer have our store, and how far was that? */
static int look_up_store(struct recovery *rec, const struct record *r, struct err *err)
{
	const struct recover_store *store = rec->spec->store;
	const cJSON *journal = json_get(r->tree, "journal");
	const char *id = json_get_str(journal, "store"), *writer = json_get_str(journal, "writer");
	if (!store || !id || !writer || strcmp(id, store->id) != 0)
		return 0;
	rec->journalled = true;
	return store->synced(store->arg, writer, &rec->committed, err);
}

static void keep_member(struct buf *m, const struct record *r, const char *name)
{
	const cJSON *v = json_get(r->tree, name);
	if (!v)
		return;
	buf_addf(m, ",\"%s\":", name);
	json_write(m, v);
}

/* The run and its row go together: it will not be carried on, whatever the log has of it. */
static int lose_run(struct recovery *rec, const struct record *r, struct err *err)
{
	buf_addf(rec->lost, "\"about\":{\"segment\":\"%s\",\"start\":%" PRIu64 "}",
		 rec->segment.name, r->head.seq);
	keep_member(rec->lost, r, "run");
	keep_member(rec->lost, r, "attempt");
	buf_adds(rec->lost, "\n");
	return rec->lost->err ? err_set(err, ERR_NOMEM, "no memory for the runs of a dead process")
			      : 0;
}

/* What the store lacks of the records is what comes behind its last commit. */
static int look_at_store(struct recovery *rec, const struct record *r, struct bytes line,
			 struct err *err)
{
	const struct recover_store *store = rec->spec->store;
	if (strcmp(r->head.kind, "log.open") == 0)
		return look_up_store(rec, r, err);
	rec->lost_named += strcmp(r->head.kind, "run.lost") == 0;
	if (!rec->journalled || r->head.seq <= rec->committed)
		return 0;
	if (strcmp(r->head.kind, "run.start") == 0)
		return lose_run(rec, r, err);
	return strcmp(r->head.kind, "call.outcome") == 0
		   ? store->lost(store->arg, rec->segment.name, r->tree, line, err)
		   : 0;
}

/* What the log.open of the next segment says beside its name. */
static void look_at_rotation(struct recovery *rec, const struct record *r)
{
	const char *next = json_get_str(r->tree, "next");
	if (strcmp(r->head.kind, "log.open") == 0) {
		keep_member(&rec->opening, r, "program");
		keep_member(&rec->opening, r, "journal");
	}
	if (strcmp(r->head.kind, "log.close") != 0 || !next || strlen(next) >= SEGMENT_NAME_SIZE)
		return;
	memcpy(rec->next, next, strlen(next) + 1);
	buf_addf(&rec->opening, ",\"continues\":\"%s\"", rec->segment.name);
	keep_member(&rec->opening, r, "carried");
}

static int look_at_all(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	int rc = look(arg, r, line, err);
	look_at_rotation(arg, r);
	return rc < 0 ? rc : look_at_store(arg, r, line, err);
}

/* What was made becomes part of the file and of the segment's tree. */
static int flush(struct recovery *rec, struct err *err)
{
	struct bytes rest = buf_bytes(&rec->lines);
	int rc = segment_write(&rec->segment, rest, err);
	rec->scan.good_size += (int64_t)rest.n;
	while (rc == 0 && rest.n > 0) {
		struct hash leaf;
		if (merkle_leaf(&leaf, bytes_line(&rest)) < 0 ||
		    merkle_add(&rec->scan.tree, &leaf) < 0)
			rc = err_set(err, ERR_NOMEM, "no memory for a digest");
	}
	rec->lines.n = 0;
	return rc;
}

static int add(struct recovery *rec, const char *kind, const struct buf *members, struct err *err)
{
	if (members->err)
		return err_set(err, ERR_NOMEM, "no memory for a record of kind %s", kind);
	if (!chain_append(&rec->scan.chain, &rec->lines, &rec->spec->writer, clock_wall_ms(), kind,
			  buf_bytes(members), err))
		return -ERR_NOMEM;
	return rec->lines.n >= BATCH ? flush(rec, err) : 0;
}

static int add_torn_ends(struct recovery *rec, struct err *err)
{
	struct torn t;
	struct buf m = BUF_INIT(1024);
	bool any = false;
	int rc;
	for (unsigned nth = rec->torn_named + 1;
	     (rc = torn_describe(&t, rec->spec->dir_fd, rec->segment.name, nth, err)) == 1; nth++) {
		m.n = 0;
		buf_addf(&m, "\"torn\":\"%s\",\"torn_bytes\":%" PRId64 ",\"sha256\":\"%s\"", t.name,
			 t.size, t.sha256);
		rc = add(rec, "log.recover", &m, err);
		if (rc < 0)
			break;
		any = true;
	}
	if (rc == 0 && !any) {
		buf_adds(&m, "\"torn_bytes\":0");
		rc = add(rec, "log.recover", &m, err);
	}
	buf_clear(&m);
	return rc;
}

/* Read the segment before; what it knows of the calls whose names are missing is taken over. */
static int find_names_before(struct recovery *rec, size_t *missing, struct err *err)
{
	struct recovery before = { .spec = rec->spec };
	char name[SEGMENT_NAME_SIZE];
	struct intents *in = &rec->scan.intents;
	memcpy(name, rec->before, sizeof(name));
	rec->before[0] = '\0';
	int fd = segment_open(rec->spec->dir_fd, name, NULL);
	if (fd < 0)
		return 0; /* removed meanwhile: the calls stay without names */
	const struct scan_spec spec = {
		.fd = fd, .name = name, .keep = true, .each = look, .arg = &before
	};
	int rc = scan_segment(&before.scan, &spec, err);
	(void)close(fd);
	for (size_t i = 0; i < in->n && rc == 0; i++) {
		if (in->v[i].settled || in->v[i].members)
			continue;
		in->v[i].members =
		    intents_take_members(&before.scan.intents, in->v[i].seq, &in->v[i].journalled);
		*missing -= in->v[i].members != NULL;
	}
	memcpy(rec->before, before.before, sizeof(rec->before));
	scan_clear(&before.scan);
	return rc;
}

/* An intent that was carried on is named in the segment in which it was recorded: one before. */
static int find_names(struct recovery *rec, struct err *err)
{
	struct intents *in = &rec->scan.intents;
	size_t missing = 0;
	for (size_t i = 0; i < in->n; i++)
		missing += !in->v[i].settled && !in->v[i].members;
	for (int hops = 0; missing > 0 && rec->before[0] && hops < MAX_HOPS; hops++) {
		int rc = find_names_before(rec, &missing, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void tell(const struct recover_spec *spec, const struct buf *members)
{
	struct buf text = BUF_INIT(RECORD_LINE_MAX);
	buf_adds(&text, "{");
	buf_add(&text, members->p, members->n);
	buf_adds(&text, "}");
	cJSON *call = spec->unknown ? json_parse(buf_bytes(&text), NULL) : NULL;
	if (call)
		spec->unknown(spec->arg, call);
	cJSON_Delete(call);
	buf_clear(&text);
}

/* Its row was not committed, so it was never let go. */
static bool is_unsent(const struct recovery *rec, const struct intent *intent)
{
	return rec->journalled && intent->journalled && intent->seq > rec->committed;
}

static int add_outcome(struct recovery *rec, const struct intent *intent, struct recovered *out,
		       struct err *err)
{
	struct buf m = BUF_INIT(RECORD_LINE_MAX);
	bool unsent = is_unsent(rec, intent);
	buf_addf(&m, "\"intent\":%" PRIu64 ",\"outcome\":\"%s\",\"message\":\"%s\"%s", intent->seq,
		 unsent ? "not_sent" : "unknown",
		 unsent ? "the process ended before the call was let go"
			: "the process ended before the outcome was recorded",
		 intent->members ? intent->members : "");
	int rc = add(rec, "call.outcome", &m, err);
	if (rc == 0 && !unsent)
		tell(rec->spec, &m);
	out->unsent_calls += rc == 0 && unsent;
	out->unknown_calls += rc == 0 && !unsent;
	buf_clear(&m);
	return rc;
}

static int add_outcomes(struct recovery *rec, struct recovered *out, struct err *err)
{
	const struct intents *in = &rec->scan.intents;
	int rc = find_names(rec, err);
	for (size_t i = 0; i < in->n && rc == 0; i++) {
		if (!in->v[i].settled)
			rc = add_outcome(rec, &in->v[i], out, err);
	}
	return rc;
}

/* One that died here before us has said it of the first of them. */
static int add_lost_runs(struct recovery *rec, struct recovered *out, struct err *err)
{
	struct bytes rest = buf_bytes(rec->lost);
	struct buf m = BUF_INIT(RECORD_LINE_MAX);
	int rc = 0;
	for (size_t i = 0; rest.n > 0 && rc == 0; i++) {
		struct bytes line = bytes_line(&rest);
		if (i < rec->lost_named)
			continue;
		m.n = 0;
		buf_add(&m, line.p, line.n);
		buf_adds(&m, ",\"message\":\"the process ended before its store had this run: what "
			     "started it may start another\"");
		rc = add(rec, "run.lost", &m, err);
		out->lost_runs += rc == 0;
	}
	buf_clear(&m);
	rec->lost->n = 0;
	return rc;
}

static int finish(struct recovery *rec, struct recovered *out, struct err *err)
{
	const struct buf nothing = BUF_INIT(0);
	int rc = 0;
	if (rec->scan.end == SCAN_TORN)
		rc = torn_set_aside(&rec->segment, rec->spec->dir_fd, rec->scan.good_size,
				    rec->scan.torn_size, err);
	if (rc == 0)
		rc = add_torn_ends(rec, err);
	if (rc == 0)
		rc = add_outcomes(rec, out, err);
	if (rc == 0)
		rc = add_lost_runs(rec, out, err);
	if (rc == 0)
		rc = add(rec, "log.close", &nothing, err);
	if (rc == 0)
		rc = flush(rec, err);
	if (rc == 0)
		rc = segment_sync(&rec->segment, err);
	if (rc < 0)
		return rc;
	out->segments++;
	out->torn_bytes += rec->scan.torn_size;
	return 0;
}

/* The store must not know of what the log might still lose. */
static int keep_lost(const struct recovery *rec, struct err *err)
{
	const struct recover_store *store = rec->spec->store;
	int rc = segment_sync(&rec->segment, err);
	return rc < 0 ? rc : store->keep(store->arg, err);
}

static struct ledger_entry seal_of(const struct recovery *rec, struct err *err)
{
	struct ledger_entry e = { .kind = LEDGER_SEAL,
				  .lines = rec->scan.tree.size,
				  .bytes = rec->scan.good_size };
	memcpy(e.segment, rec->segment.name, sizeof(e.segment));
	if (merkle_root(&e.root, &rec->scan.tree) == 0)
		return e;
	(void)err_set(err, ERR_NOMEM, "no memory for a digest");
	return (struct ledger_entry){ 0 };
}

/*
 * The writer died between closing this segment and creating the next one, into which open calls were
 * carried. Begin that one in its place; it is then recovered as any other.
 */
static int begin_next(struct recovery *rec, struct err *err)
{
	struct segment next = { .fd = -1 };
	struct buf m = BUF_INIT(RECORD_LINE_MAX);
	buf_addf(&m, "\"segment\":\"%s\"", rec->next);
	buf_add(&m, rec->opening.p, rec->opening.n);
	rec->lines.n = 0;
	chain_go_on(&rec->scan.chain);
	int rc = rec->opening.err ? err_set(err, ERR_NOMEM, "no memory for the next segment")
				  : add(rec, "log.open", &m, err);
	if (rc == 0) {
		segment_forget_new(rec->spec->dir_fd, rec->next);
		rc = segment_create(&next, rec->spec->dir_fd, rec->next, buf_bytes(&rec->lines),
				    err);
		segment_close(&next);
	}
	rec->lines.n = 0;
	buf_clear(&m);
	return rc;
}

/* @param[out] rec->next is empty unless there is a segment now that was not there */
static int complete_rotation(struct recovery *rec, struct err *err)
{
	if (!rec->next[0])
		return 0;
	int rc = segment_exists(rec->spec->dir_fd, rec->next, err);
	if (rc == 0)
		return begin_next(rec, err);
	rec->next[0] = '\0';
	return rc < 0 ? rc : 0;
}

static int recover_claimed(struct recovery *rec, struct recovered *out, struct err *err)
{
	struct ledger_entry head;
	int known = ledger_last_head(&head, rec->spec->dir_fd, rec->segment.name, err);
	if (known < 0)
		return known;
	const struct scan_mark mark = { .lines = head.lines,
					.bytes = head.bytes,
					.root = head.root,
					.last = known && head.kind == LEDGER_SEAL };
	const struct scan_spec spec = { .fd = rec->segment.fd,
					.name = rec->segment.name,
					.keep = true,
					.each = look_at_all,
					.arg = rec,
					.marks = &mark,
					.n_marks = known ? 1 : 0 };
	int rc = scan_segment(&rec->scan, &spec, err);
	if (rc < 0)
		return rc;
	if (rec->scan.end == SCAN_DAMAGED)
		return err_set(err, ERR_INVALID,
			       "audit log %s is damaged at line %" PRIu64 ": %s; see `audit "
			       "verify`, and move the file away to go on without it",
			       rec->segment.name, rec->scan.bad_line, rec->scan.why.message);
	if (rec->journalled)
		rc = keep_lost(rec, err);
	if (rc == 0 && rec->scan.end != SCAN_CLOSED)
		rc = finish(rec, out, err);
	if (rc < 0)
		return rc;
	if (!rec->next[0])
		rec->lost->n = 0; /* nowhere to say it */
	rec->seal = seal_of(rec, err);
	return rec->seal.lines > 0 ? complete_rotation(rec, err) : -ERR_NOMEM;
}

static int remember(struct course *c, const struct ledger_entry *e, struct err *err)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 16;
		struct ledger_entry *v = realloc(c->seals, cap * sizeof(*v));
		if (!v)
			return err_set(err, ERR_NOMEM, "no memory for the list of segments");
		c->seals = v;
		c->cap = cap;
	}
	c->seals[c->n++] = *e;
	return 0;
}

/* @param[in,out] name becomes that of a segment to be recovered behind this one, or "" */
static int recover_segment(struct recovered *out, struct course *course,
			   const struct recover_spec *spec, char name[SEGMENT_NAME_SIZE],
			   struct err *err)
{
	struct recovery rec = { .spec = spec,
				.lines = BUF_INIT(BATCH_MAX),
				.opening = BUF_INIT(RECORD_LINE_MAX),
				.lost = &course->lost };
	int rc = segment_claim(&rec.segment, spec->dir_fd, name, err);
	name[0] = '\0';
	if (rc != 1)
		return rc;
	rc = recover_claimed(&rec, out, err);
	memcpy(name, rec.next, sizeof(rec.next));
	buf_clear(&rec.lines);
	buf_clear(&rec.opening);
	scan_clear(&rec.scan);
	segment_close(&rec.segment);
	return rc == 0 ? remember(course, &rec.seal, err) : rc;
}

static int recover_from(struct recovered *out, struct course *course,
			const struct recover_spec *spec, const char *first, struct err *err)
{
	char name[SEGMENT_NAME_SIZE];
	int rc = 0;
	(void)snprintf(name, sizeof(name), "%s", first);
	while (rc == 0 && name[0])
		rc = recover_segment(out, course, spec, name, err);
	return rc;
}

static int seal_all(const struct course *course, const struct recover_spec *spec, struct err *err)
{
	int rc = 0;
	if (!spec->ledger || course->n == 0)
		return 0;
	rc = ledger_append(spec->ledger, course->seals, course->n, err);
	for (size_t i = 0; i < course->n && rc == 0; i++)
		rc = segment_seal(spec->dir_fd, course->seals[i].segment, err);
	return rc;
}

int recover_dir(struct recovered *out, const struct recover_spec *spec, struct err *err)
{
	struct segment_names names;
	struct course course = { .lost = BUF_INIT(LOST_MAX) };
	*out = (struct recovered){ 0 };
	int rc = segment_list_open(&names, spec->dir_fd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		/* Its mode says that it is in the ledger: only its move is left to do. */
		if (segment_is_sealed(spec->dir_fd, names.v[i]))
			rc = segment_seal(spec->dir_fd, names.v[i], err);
		else
			rc = recover_from(out, &course, spec, names.v[i], err);
	}
	if (rc == 0)
		rc = seal_all(&course, spec, err);
	free(course.seals);
	buf_clear(&course.lost);
	segment_names_clear(&names);
	return rc;
}
