#include "audit/verify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/book.h"
#include "audit/signed.h"
#include "audit/torn.h"

/* The torn ends that the records of one segment name. */
struct torn_check {
	int dir_fd;
	const char *segment;
	unsigned nth;
};

static int check_torn(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	(void)line;
	struct torn_check *c = arg;
	const char *name = json_get_str(r->tree, "torn");
	if (strcmp(r->head.kind, "log.recover") != 0 || !name)
		return 0;
	struct torn t;
	int rc = torn_describe(&t, c->dir_fd, c->segment, ++c->nth, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return err_set(err, ERR_INVALID, "the torn end %s that was set aside is missing",
			       t.name);
	const char *sum = json_get_str(r->tree, "sha256");
	if (strcmp(name, t.name) != 0 || t.size != json_get_int(r->tree, "torn_bytes", -1) ||
	    !sum || strcmp(sum, t.sha256) != 0)
		return err_set(err, ERR_INVALID,
			       "the torn end %s that was set aside is not the recorded one",
			       t.name);
	return 0;
}

static enum verdict judge_open(const struct verify_report *rep, char *why, size_t size)
{
	if (rep->writer == WRITER_ALIVE)
		return VERDICT_OK;
	(void)snprintf(why, size,
		       "not closed: its writer died, %" PRIu64 " calls have no outcome; the next "
		       "start records that",
		       rep->open_calls);
	return VERDICT_NOTE;
}

static enum verdict judge_closed(const struct verify_report *rep, char *why, size_t size)
{
	if (rep->open_calls == 0)
		return VERDICT_OK;
	(void)snprintf(why, size, "closed, but %" PRIu64 " calls have no outcome", rep->open_calls);
	return VERDICT_NOTE;
}

static enum verdict judge_torn(const struct verify_report *rep, const struct scan *s, char *why,
			       size_t size)
{
	/* The reader saw the beginning of a line that is being written this moment. */
	if (rep->writer == WRITER_ALIVE && s->unended)
		return VERDICT_OK;
	(void)snprintf(why, size, "%s; no good record follows (%" PRId64 " bytes)", s->why.message,
		       s->torn_size);
	return VERDICT_BAD;
}

static enum verdict judge(const struct verify_report *rep, const struct scan *s, char *why,
			  size_t size)
{
	switch (s->end) {
	case SCAN_CLOSED:
		return judge_closed(rep, why, size);
	case SCAN_OPEN:
		return judge_open(rep, why, size);
	case SCAN_TORN:
		return judge_torn(rep, s, why, size);
	case SCAN_DAMAGED:
		(void)snprintf(why, size, "%s", s->why.message);
	}
	return VERDICT_BAD;
}

/* A verification under way. */
struct verification {
	const struct verify_spec *spec;
	struct verify_summary *sum;
	struct book book;
	char why[sizeof(((struct err *)0)->message) + 80];
};

static void report(struct verification *v, const struct verify_report *rep)
{
	v->sum->notes += rep->verdict == VERDICT_NOTE;
	v->sum->bad += rep->verdict == VERDICT_BAD;
	v->spec->each(v->spec->arg, rep);
}

/* ---- segments ---- */

/* What the ledger has of a segment's lines. */
static int marks_of(struct scan_mark **out, size_t *n_out, const struct book_entry *v, size_t n,
		    struct err *err)
{
	struct scan_mark *marks = calloc(n + 1, sizeof(*marks));
	if (!marks)
		return err_set(err, ERR_NOMEM, "no memory for what the ledger has of a segment");
	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ledger_entry *e = &v[i].entry;
		if (e->kind != LEDGER_HEAD && e->kind != LEDGER_SEAL)
			continue;
		marks[(*n_out)++] = (struct scan_mark){ .lines = e->lines,
							.bytes = e->bytes,
							.root = e->root,
							.last = e->kind == LEDGER_SEAL };
	}
	*out = marks;
	return 0;
}

/* Is it where segments are that are not sealed? */
static bool is_in_the_open(const struct verification *v, const char *name)
{
	return faccessat(v->spec->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void judge_unknown(struct verification *v, struct verify_report *rep, size_t entries)
{
	if (!v->book.exists || entries > 0 || rep->verdict == VERDICT_BAD ||
	    rep->writer == WRITER_ALIVE)
		return;
	if (is_in_the_open(v, rep->segment)) {
		rep->verdict = VERDICT_NOTE;
		(void)snprintf(v->why, sizeof(v->why),
			       "the ledger does not have it yet: its writer died at its beginning");
		return;
	}
	rep->verdict = VERDICT_BAD;
	(void)snprintf(v->why, sizeof(v->why), "sealed, but the ledger does not have it");
}

static int scan_one(struct verification *v, struct verify_report *rep,
		    const struct book_entry *entries, size_t n, struct err *err)
{
	struct scan s;
	struct scan_mark *marks = NULL;
	size_t n_marks = 0;
	struct torn_check torn = { .dir_fd = v->spec->dir_fd, .segment = rep->segment };
	int fd = segment_read(v->spec->dir_fd, rep->segment, &rep->writer, err);
	if (fd < 0)
		return fd;
	int rc = marks_of(&marks, &n_marks, entries, n, err);
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	const struct scan_spec spec = { .fd = fd,
					.name = rep->segment,
					.each = check_torn,
					.arg = &torn,
					.marks = marks,
					.n_marks = n_marks };
	rc = scan_segment(&s, &spec, err);
	(void)close(fd);
	free(marks);
	if (rc == 0) {
		rep->records = s.tree.size;
		rep->calls = s.intents.seen;
		rep->unknown = s.intents.unknown;
		rep->open_calls = intents_open(&s.intents);
		rep->verdict = judge(rep, &s, v->why, sizeof(v->why));
		rep->bad_line = rep->verdict == VERDICT_BAD ? s.bad_line : 0;
		rep->bad_offset = s.good_size;
	}
	scan_clear(&s);
	return rc;
}

static int verify_segment(struct verification *v, const char *name, struct err *err)
{
	struct err unread = { 0 };
	struct verify_report rep = { .segment = name, .why = v->why };
	size_t n;
	const struct book_entry *entries = book_find(&v->book, name, &n);
	v->why[0] = '\0';
	int rc = scan_one(v, &rep, entries, n, &unread);
	if (rc == -ERR_IO) {
		rep.verdict = VERDICT_BAD;
		(void)snprintf(v->why, sizeof(v->why), "%s", unread.message);
	} else if (rc < 0) {
		if (err)
			*err = unread;
		return rc;
	}
	judge_unknown(v, &rep, n);
	v->sum->segments++;
	v->sum->records += rep.records;
	v->sum->calls += rep.calls;
	v->sum->unknown += rep.unknown;
	report(v, &rep);
	return 0;
}

/* ---- what is missing ---- */

static bool is_listed(const struct segment_names *names, const char *name)
{
	size_t low = 0, high = names->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(names->v[mid], name);
		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static void check_there(struct verification *v, const struct segment_names *names,
			const struct book_entry *entries, size_t n)
{
	const char *name = entries[0].entry.segment;
	uint64_t lines = 0;
	if (is_listed(names, name))
		return;
	for (size_t i = 0; i < n; i++) {
		if (entries[i].entry.kind == LEDGER_REMOVE)
			return;
		if (entries[i].entry.lines > lines)
			lines = entries[i].entry.lines;
	}
	int fd = segment_open(v->spec->dir_fd, name, NULL);
	if (fd >= 0) { /* begun since they were listed */
		(void)close(fd);
		return;
	}
	(void)snprintf(v->why, sizeof(v->why),
		       "missing: the ledger has this segment (line %" PRIu64
		       " of the ledger), with %" PRIu64 " lines or more",
		       entries[0].index + 1, lines > 0 ? lines : 1);
	report(v,
	       &(struct verify_report){ .segment = name, .verdict = VERDICT_BAD, .why = v->why });
}

static void check_all_there(struct verification *v, const struct segment_names *names)
{
	for (size_t i = 0, n; i < v->book.n; i += n) {
		const struct book_entry *entries =
		    book_find(&v->book, v->book.v[i].entry.segment, &n);
		check_there(v, names, entries, n);
	}
}

/* ---- the ledger ---- */

static enum verdict say(struct verification *v, enum verdict verdict, const char *why)
{
	(void)snprintf(v->why, sizeof(v->why), "%s", why);
	return verdict;
}

static enum verdict judge_missing(struct verification *v, const struct segment_names *names)
{
	if (names->n == 0)
		return say(v, VERDICT_BAD,
			   "missing, and so is every segment: there is no audit log here");
	for (size_t i = 0; i < names->n; i++) {
		if (!is_in_the_open(v, names->v[i]))
			return say(v, VERDICT_BAD,
				   "missing: there are sealed segments, and each is entered there");
	}
	return VERDICT_OK;
}

static enum verdict judge_book(struct verification *v, const struct segment_names *names)
{
	const struct book *b = &v->book;
	if (b->exists && b->n_leaves == 0 &&
	    faccessat(v->spec->dir_fd, LEDGER_CHECKPOINT, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return say(v, VERDICT_BAD, "empty, but there is a checkpoint of it");
	if (b->end == SCAN_DAMAGED || (b->end == SCAN_TORN && !b->unended))
		return say(v, VERDICT_BAD, b->why.message);
	if (b->end == SCAN_TORN)
		return say(v, VERDICT_NOTE, "its last line is being written, or its writer died");
	if (!b->exists)
		return judge_missing(v, names);
	if (b->n_leaves == 0 && names->n == 0)
		return say(v, VERDICT_NOTE,
			   "empty, and there is no segment: nothing was logged; or all was taken "
			   "away, which a checkpoint that was kept elsewhere shows");
	return VERDICT_OK;
}

static void judge_ledger(struct verification *v, const struct segment_names *names)
{
	struct verify_report rep = { .segment = LEDGER_NAME,
				     .bad_line = v->book.bad_line,
				     .bad_offset = v->book.bad_offset,
				     .why = v->why };
	rep.verdict = judge_book(v, names);
	if (rep.verdict != VERDICT_OK)
		report(v, &rep);
}

/* Whatever changes the ledger signs it: all of it, unless a process died, or is, in between. */
static void judge_signatures(struct verification *v, const struct signed_notes *notes)
{
	uint64_t lines = v->book.n_leaves,
		 covered = notes->n ? notes->marks[notes->n - 1].lines : 0;
	struct verify_report rep = { .segment = LEDGER_CHECKPOINT, .why = v->why };
	if (!v->book.exists || !v->spec->key || covered >= lines)
		return;
	rep.verdict = covered == 0 && lines > 2 ? VERDICT_BAD : VERDICT_NOTE;
	(void)snprintf(v->why, sizeof(v->why),
		       covered == 0 ? "missing: nothing proves that the ledger was not rewritten"
				    : "older than the ledger: its last %" PRIu64
				      " lines are not signed",
		       lines - covered);
	report(v, &rep);
}

static int verify_with(struct verification *v, const struct signed_notes *notes, struct err *err)
{
	struct segment_names names;
	/* In this order a segment that is begun meanwhile is in the ledger and not in the list. */
	int rc = segment_list(&names, v->spec->dir_fd, err);
	if (rc < 0)
		return rc;
	rc = book_read(&v->book, v->spec->dir_fd, notes->marks, notes->n, err);
	if (rc == 0) {
		v->sum->has_ledger = v->book.exists;
		v->sum->checkpoints = v->book.end == SCAN_DAMAGED ? 0 : notes->n;
		judge_ledger(v, &names);
		judge_signatures(v, notes);
	}
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		if (v->spec->go_on && !v->spec->go_on(v->spec->arg))
			rc = err_set(err, ERR_CANCELLED, "not all of it was verified");
		else
			rc = verify_segment(v, names.v[i], err);
	}
	if (rc == 0)
		check_all_there(v, &names);
	segment_names_clear(&names);
	return rc;
}

int verify_dir(struct verify_summary *out, const struct verify_spec *spec, struct err *err)
{
	struct verification v = { .spec = spec, .sum = out };
	struct signed_notes notes = { 0 };
	struct err why = { 0 };
	*out = (struct verify_summary){ 0 };
	int rc = signed_add(&notes, spec->checkpoints, spec->key, err);
	if (rc == 0 && spec->key && signed_add_own(&notes, spec->dir_fd, spec->key, &why) < 0)
		report(&v, &(struct verify_report){ .segment = LEDGER_CHECKPOINT,
						    .verdict = VERDICT_BAD,
						    .why = why.message });
	if (rc == 0)
		rc = verify_with(&v, &notes, err);
	book_clear(&v.book);
	signed_clear(&notes);
	return rc;
}
