#include "audit/show.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "audit/print.h"
#include "audit/request.h"
#include "audit/tail.h"
#include "audit/verify.h"

const char audit_usage[] =
    "usage: audit verify [--strict] [--json] [DIR]\n"
    "       audit tail [-n N] [-f] [--json] [DIR]\n"
    "       audit show [--json] [DIR] [SEGMENT:SEQ | --run ID]\n"
    "  verify  judge every segment; status 1 names the first bad record of each bad segment.\n"
    "          --strict: 1 too for calls without an outcome and segments that were not closed\n"
    "  tail    the last N records (20) of all segments; -f: and what is added from then on\n"
    "  show    one record, all of a run, or all; --json: the lines as they are recorded\n";

struct job {
	const struct audit_io *io;
	struct request q;
	const char *dir;
	int dir_fd;
	uint64_t shown; /* records, by show */
	bool damaged;   /* show met a bad record */
};

static int fail(const struct job *j, const struct err *err)
{
	(void)fprintf(j->io->err, "audit: %s\n", err->message);
	return AUDIT_BAD;
}

/* Write what was made; a reader that is gone ends the command. */
static int put(const struct job *j, struct buf *text, struct err *err)
{
	int rc = text->err;
	if (rc < 0)
		(void)err_set(err, ERR_NOMEM, "no memory to print a record");
	else if (text->n > 0 &&
		 (fwrite(text->p, 1, text->n, j->io->out) != text->n || fflush(j->io->out) != 0))
		rc = err_set(err, ERR_IO, "cannot write: %s", strerror(errno));
	text->n = 0;
	return rc;
}

/* ---- verify ---- */

static const char *const verdicts[] = { "ok", "note", "BAD" };

static void print_report(void *arg, const struct verify_report *rep)
{
	const struct job *j = arg;
	FILE *out = j->io->out;
	struct buf name = BUF_INIT(65536);
	print_text(&name, bytes_str(rep->segment));
	(void)fprintf(out, "%-4s %s: %" PRIu64 " records, %" PRIu64 " calls",
		      verdicts[rep->verdict], buf_cstr(&name), rep->records, rep->calls);
	if (rep->unknown > 0)
		(void)fprintf(out, " (%" PRIu64 " with unknown outcome)", rep->unknown);
	(void)fprintf(out, "%s\n", rep->writer == WRITER_ALIVE ? ", being written" : "");
	struct buf why = BUF_INIT(65536);
	print_text(&why, bytes_str(rep->why));
	if (rep->verdict == VERDICT_BAD)
		(void)fprintf(j->io->err, "%s:%" PRIu64 ": %s\n", buf_cstr(&name), rep->bad_line,
			      buf_cstr(&why));
	else if (rep->verdict == VERDICT_NOTE)
		(void)fprintf(out, "     %s\n", buf_cstr(&why));
	buf_clear(&name);
	buf_clear(&why);
}

static void print_report_json(void *arg, const struct verify_report *rep)
{
	static const char *const names[] = { "ok", "note", "bad" };
	const struct job *j = arg;
	struct err ignored;
	struct buf b = BUF_INIT(65536);
	buf_adds(&b, "{\"segment\":");
	json_write_string(&b, bytes_str(rep->segment));
	buf_addf(&b, ",\"verdict\":\"%s\",\"records\":%" PRIu64, names[rep->verdict], rep->records);
	buf_addf(&b, ",\"calls\":%" PRIu64 ",\"unknown\":%" PRIu64 ",\"open\":%" PRIu64, rep->calls,
		 rep->unknown, rep->open_calls);
	buf_addf(&b, ",\"writer\":\"%s\"", rep->writer == WRITER_ALIVE ? "alive" : "gone");
	if (rep->bad_line > 0)
		buf_addf(&b, ",\"badLine\":%" PRIu64, rep->bad_line);
	if (rep->why[0]) {
		buf_adds(&b, ",\"why\":");
		json_write_string(&b, bytes_str(rep->why));
	}
	buf_adds(&b, "}\n");
	(void)put(j, &b, &ignored);
	buf_clear(&b);
}

static int run_verify(struct job *j)
{
	struct verify_summary sum;
	struct err err = { 0 };
	if (verify_dir(&sum, j->dir_fd, j->q.json ? print_report_json : print_report, j, &err) < 0)
		return fail(j, &err);
	bool good = sum.bad == 0 && !(j->q.strict && sum.notes > 0);
	if (!j->q.json)
		(void)fprintf(j->io->out,
			      "%s: %" PRIu64 " segments, %" PRIu64 " records, %" PRIu64
			      " calls, %" PRIu64 " unknown outcomes, %" PRIu64 " notes, %" PRIu64
			      " bad segments\n",
			      good ? "verified" : "NOT verified", sum.segments, sum.records,
			      sum.calls, sum.unknown, sum.notes, sum.bad);
	if (fflush(j->io->out) != 0 || ferror(j->io->out)) {
		(void)err_set(&err, ERR_IO, "cannot write: %s", strerror(errno));
		return fail(j, &err);
	}
	return good ? AUDIT_GOOD : AUDIT_BAD;
}

/* ---- tail ---- */

static int print_tail(void *arg, const char *segment, const struct record *r, struct bytes line,
		      const struct err *why)
{
	struct job *j = arg;
	struct err err;
	struct buf b = BUF_INIT(PRINT_MAX);
	if (j->q.json) {
		buf_add(&b, line.p, line.n);
		buf_adds(&b, "\n");
	} else if (r) {
		print_line(&b, segment, r);
	} else {
		(void)fprintf(j->io->err, "%s: a line is no record: %s\n", segment, why->message);
	}
	int rc = put(j, &b, &err);
	buf_clear(&b);
	return rc;
}

static int run_tail(struct job *j)
{
	struct tail *t;
	struct err err = { 0 };
	int rc = tail_open(&t, j->dir_fd, j->dir, &err);
	if (rc < 0)
		return fail(j, &err);
	rc = tail_last(t, (size_t)j->q.n, print_tail, j, &err);
	if (rc == 0 && j->q.follow)
		rc = tail_follow(t, print_tail, j, &err);
	tail_close(t);
	if (rc < 0 && err.code)
		return fail(j, &err);
	return rc < 0 ? AUDIT_BAD : AUDIT_GOOD;
}

/* ---- show ---- */

struct shown {
	struct job *j;
	const char *segment;
};

static int print_shown(void *arg, const struct record *r, struct bytes line, struct err *err)
{
	const struct shown *s = arg;
	struct job *j = s->j;
	const char *run = json_get_str(r->tree, "run");
	if ((j->q.seq && j->q.seq != r->head.seq) ||
	    (j->q.run && (!run || strcmp(run, j->q.run) != 0)))
		return 0;
	struct buf b = BUF_INIT(PRINT_MAX);
	if (j->q.json) {
		buf_add(&b, line.p, line.n);
		buf_adds(&b, "\n");
	} else {
		print_block(&b, s->segment, r);
	}
	int rc = put(j, &b, err);
	buf_clear(&b);
	j->shown++;
	return rc;
}

static int show_segment(struct job *j, const char *name, struct err *err)
{
	struct scan scan;
	enum segment_writer writer;
	struct shown shown = { j, name };
	int fd = segment_read(j->dir_fd, name, &writer, err);
	if (fd < 0)
		return fd;
	const struct scan_spec spec = {
		.fd = fd, .name = name, .each = print_shown, .arg = &shown
	};
	int rc = scan_segment(&scan, &spec, err);
	(void)close(fd);
	if (rc == 0 && scan.bad_line > 0 && !(writer == WRITER_ALIVE && scan.unended)) {
		j->damaged = true;
		(void)fprintf(j->io->err, "%s:%" PRIu64 ": %s; nothing from there on is shown\n",
			      name, scan.bad_line, scan.why.message);
	}
	scan_clear(&scan);
	return rc;
}

static bool is_asked_for(const struct job *j, const char *name)
{
	return !j->q.segment || memmem(name, strlen(name), j->q.segment, j->q.segment_len);
}

static size_t count_asked_for(const struct job *j, const struct segment_names *names)
{
	size_t n = 0;
	for (size_t i = 0; i < names->n; i++)
		n += is_asked_for(j, names->v[i]);
	return n;
}

static int run_show(struct job *j)
{
	struct segment_names names;
	struct err err = { 0 };
	int rc = segment_list(&names, j->dir_fd, &err);
	if (rc < 0)
		return fail(j, &err);
	size_t fitting = count_asked_for(j, &names);
	if (j->q.segment && fitting != 1)
		rc = err_set(&err, ERR_INVALID, "%zu segments fit the name %.*s", fitting,
			     (int)j->q.segment_len, j->q.segment);
	for (size_t i = 0; i < names.n && rc == 0; i++) {
		if (is_asked_for(j, names.v[i]))
			rc = show_segment(j, names.v[i], &err);
	}
	segment_names_clear(&names);
	if (rc == 0 && j->shown == 0)
		rc = err_set(&err, ERR_INVALID, "no such record in %s", j->dir);
	if (rc < 0)
		return fail(j, &err);
	return j->damaged ? AUDIT_BAD : AUDIT_GOOD;
}

/* ---- the border ---- */

static int usage(const struct audit_io *io, const char *what)
{
	(void)fprintf(io->err, "audit: %s\n%s", what, audit_usage);
	return AUDIT_USAGE;
}

static int run(struct job *j)
{
	switch (j->q.command) {
	case REQUEST_VERIFY:
		return run_verify(j);
	case REQUEST_TAIL:
		return run_tail(j);
	case REQUEST_SHOW:
		return run_show(j);
	}
	return AUDIT_USAGE;
}

int audit_command(int argc, char **argv, const struct audit_io *io)
{
	struct job j = { .io = io };
	struct err err = { 0 };
	if (argc < 2)
		return usage(io, "a command is missing");
	if (request_read(&j.q, argc - 1, argv + 1, &err) < 0)
		return usage(io, err.message);
	j.dir = j.q.dir ? j.q.dir : io->dir;
	if (!j.dir)
		return usage(io, "the audit directory is missing");
	j.dir_fd = audit_dir_open(j.dir, &err);
	if (j.dir_fd < 0)
		return fail(&j, &err);
	int status = run(&j);
	(void)close(j.dir_fd);
	return status;
}
