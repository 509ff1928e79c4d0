#include "audit/recover.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "audit/scan.h"
#include "audit/segment.h"
#include "audit/torn.h"
#include "base/clock.h"

enum { BATCH = 256 * 1024, BATCH_MAX = BATCH + 4 * RECORD_LINE_MAX };

/* One segment being recovered. */
struct recovery {
	int dir_fd;
	const struct chain_writer *writer;
	struct segment segment;
	struct scan scan;
	unsigned torn_named; /* log.recover records that name a torn end */
	struct buf lines;    /* made and not yet written */
};

static int count_torn(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	(void)line;
	(void)err;
	unsigned *n = arg;
	*n += strcmp(r->head.kind, "log.recover") == 0 && json_get_str(r->tree, "torn");
	return 0;
}

static int flush(struct recovery *rec, struct err *err)
{
	int rc = segment_write(&rec->segment, buf_bytes(&rec->lines), err);
	rec->lines.n = 0;
	return rc;
}

static int add(struct recovery *rec, const char *kind, const struct buf *members, struct err *err)
{
	if (members->err)
		return err_set(err, ERR_NOMEM, "no memory for a record of kind %s", kind);
	if (!chain_append(&rec->scan.chain, &rec->lines, rec->writer, clock_wall_ms(), kind,
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
	     (rc = torn_describe(&t, rec->dir_fd, rec->segment.name, nth, err)) == 1; nth++) {
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

static int add_outcomes(struct recovery *rec, uint64_t *n, struct err *err)
{
	struct buf m = BUF_INIT(RECORD_LINE_MAX);
	const struct intents *in = &rec->scan.intents;
	int rc = 0;
	for (size_t i = 0; i < in->n && rc == 0; i++) {
		if (in->v[i].settled)
			continue;
		m.n = 0;
		buf_addf(&m,
			 "\"intent\":%" PRIu64 ",\"outcome\":\"unknown\",\"message\":\"the process "
			 "ended before the outcome was recorded\"%s",
			 in->v[i].seq, in->v[i].members);
		rc = add(rec, "call.outcome", &m, err);
		*n += rc == 0;
	}
	buf_clear(&m);
	return rc;
}

static int finish(struct recovery *rec, struct recovered *out, struct err *err)
{
	const struct buf nothing = BUF_INIT(0);
	int rc = 0;
	if (rec->scan.end == SCAN_TORN)
		rc = torn_set_aside(&rec->segment, rec->dir_fd, rec->scan.good_size,
				    rec->scan.torn_size, err);
	if (rc == 0)
		rc = add_torn_ends(rec, err);
	if (rc == 0)
		rc = add_outcomes(rec, &out->unknown_calls, err);
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

static int recover_claimed(struct recovery *rec, struct recovered *out, struct err *err)
{
	const struct scan_spec spec = { .fd = rec->segment.fd,
					.name = rec->segment.name,
					.keep = true,
					.each = count_torn,
					.arg = &rec->torn_named };
	int rc = scan_segment(&rec->scan, &spec, err);
	if (rc < 0)
		return rc;
	switch (rec->scan.end) {
	case SCAN_CLOSED: /* another process recovered it between our look and our lock */
		return 0;
	case SCAN_DAMAGED:
		return err_set(err, ERR_INVALID,
			       "audit log %s is damaged at line %" PRIu64 ": %s; see `audit "
			       "verify`, and move the file away to go on without it",
			       rec->segment.name, rec->scan.bad_line, rec->scan.why.message);
	case SCAN_OPEN:
	case SCAN_TORN:
		return finish(rec, out, err);
	}
	return 0;
}

static int recover_segment(struct recovered *out, int dir_fd, const char *name,
			   const struct chain_writer *w, struct err *err)
{
	struct recovery rec = { .dir_fd = dir_fd, .writer = w, .lines = BUF_INIT(BATCH_MAX) };
	int rc = segment_claim(&rec.segment, dir_fd, name, err);
	if (rc != 1)
		return rc;
	rc = recover_claimed(&rec, out, err);
	buf_clear(&rec.lines);
	scan_clear(&rec.scan);
	segment_close(&rec.segment);
	return rc;
}

/* Most segments ended cleanly: a look at their last line is enough, and only once. */
static int is_closed(bool *out, int dir_fd, const char *name, struct err *err)
{
	enum segment_writer writer;
	*out = segment_is_sealed(dir_fd, name);
	if (*out)
		return 0;
	int fd = segment_read(dir_fd, name, &writer, err);
	if (fd < 0)
		return fd;
	int rc = scan_is_closed(out, fd, err);
	if (rc == 0 && *out)
		segment_seal(fd);
	(void)close(fd);
	return rc;
}

int recover_dir(struct recovered *out, int dir_fd, const struct chain_writer *w, struct err *err)
{
	struct segment_names names;
	*out = (struct recovered){ 0 };
	int rc = segment_list(&names, dir_fd, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		bool closed;
		rc = is_closed(&closed, dir_fd, names.v[i], err);
		if (rc == 0 && !closed)
			rc = recover_segment(out, dir_fd, names.v[i], w, err);
	}
	segment_names_clear(&names);
	return rc;
}
