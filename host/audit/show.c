#include "audit/show.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "audit/job.h"
#include "audit/print.h"
#include "audit/scan.h"
#include "audit/segment.h"
#include "audit/tail.h"

const char audit_usage[] =
    "usage: runbook audit verify [--strict] [--json] [--key FILE] [--checkpoint FILE] [DIR]\n"
    "       runbook audit verify --proof FILE [--key FILE] [DIR]\n"
    "       runbook audit tail [-n N] [-f] [--unknown] [--json] [DIR]\n"
    "       runbook audit show [--json] [DIR] [SEGMENT:SEQ | --run ID]\n"
    "       runbook audit key [DIR]\n"
    "       runbook audit prove SEGMENT:SEQ [--key FILE] [DIR]\n"
    "       runbook audit export (--run ID | SEGMENT:FIRST-LAST) [--key FILE] [DIR]\n"
    "       runbook audit consistency OLD NEW [--key FILE] [DIR]\n"
    "       runbook audit hash VALUE [DIR]\n"
    "  verify  judge the ledger and every segment; status 1 names the first bad record of each.\n"
    "          --strict: 1 too for calls without an outcome, segments that were not closed and\n"
    "          lines that no checkpoint covers. --key: the log's public key; without it the one\n"
    "          beside DIR. --checkpoint: checkpoints that were kept elsewhere.\n"
    "          --proof: judge what prove or export has written instead\n"
    "  tail    the last N records (20) of all segments; -f: and what is added from then on;\n"
    "          --unknown: only calls whose outcome is unknown\n"
    "  show    one record, all of a run, or all; --json: the lines as they are recorded\n"
    "  key     print the public key, to be kept elsewhere\n"
    "  prove   a proof that a record is in the log, for who has the public key alone\n"
    "  export  such proofs of all records of a run or a range, one a line\n"
    "  consistency  does the checkpoint in the file NEW continue the one in OLD?\n"
    "  hash    what stands in records in the place of a sensitive value\n"
    "DIR is a folder of segments; without it the state directory's, of the configuration that\n"
    "--config FILE names or of none.\n"
    "Exit status: 0 good, 1 something is bad, not there or cannot be read, 2 usage.\n";

int job_fail(const struct job *j, const struct err *err)
{
	(void)fprintf(j->io->err, "runbook audit: %s\n", err->message);
	return AUDIT_BAD;
}

int job_put(const struct job *j, struct buf *text, struct err *err)
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

/* ---- tail ---- */

static bool is_unknown(const struct record *r)
{
	const char *outcome = json_get_str(r->tree, "outcome");
	return strcmp(r->head.kind, "call.outcome") == 0 && outcome &&
	       strcmp(outcome, "unknown") == 0;
}

static int print_tail(void *arg, const char *segment, const struct record *r, struct bytes line,
		      const struct err *why)
{
	struct job *j = arg;
	struct err err;
	struct buf b = BUF_INIT(PRINT_MAX);
	if (j->q.unknown && !(r && is_unknown(r)))
		return 0;
	if (j->q.json) {
		buf_add(&b, line.p, line.n);
		buf_adds(&b, "\n");
	} else if (r) {
		print_line(&b, segment, r);
	} else {
		(void)fprintf(j->io->err, "%s: a line is no record: %s\n", segment, why->message);
	}
	int rc = job_put(j, &b, &err);
	buf_clear(&b);
	return rc;
}

static int run_tail(struct job *j)
{
	struct tail *t;
	struct err err = { 0 };
	int rc = tail_open(&t, j->dir_fd, j->dir, &err);
	if (rc < 0)
		return job_fail(j, &err);
	rc = tail_last(t, (size_t)j->q.n, j->q.unknown ? is_unknown : NULL, print_tail, j, &err);
	if (rc == 0 && j->q.follow)
		rc = tail_follow(t, print_tail, j, &err);
	tail_close(t);
	if (rc < 0 && err.code)
		return job_fail(j, &err);
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
	int rc = job_put(j, &b, err);
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
		return job_fail(j, &err);
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
		return job_fail(j, &err);
	return j->damaged ? AUDIT_BAD : AUDIT_GOOD;
}

/* ---- the border ---- */

static int usage(const struct audit_io *io, const char *what)
{
	(void)fprintf(io->err, "runbook audit: %s\n%s", what, audit_usage);
	return AUDIT_USAGE;
}

static int run(struct job *j)
{
	switch (j->q.command) {
	case REQUEST_VERIFY:
		return j->q.proof ? job_check_proof(j) : job_verify(j);
	case REQUEST_KEY:
		return job_print_key(j);
	case REQUEST_PROVE:
	case REQUEST_EXPORT:
		return job_prove(j);
	case REQUEST_CONSISTENCY:
		return job_consistency(j);
	case REQUEST_HASH:
		return job_hash(j);
	case REQUEST_TAIL:
		return run_tail(j);
	case REQUEST_SHOW:
		return run_show(j);
	}
	return AUDIT_USAGE;
}

/* The others read files beside it, or a proof. */
static bool needs_dir(const struct request *q)
{
	return q->command != REQUEST_KEY && q->command != REQUEST_HASH && !q->proof;
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
	if (!j.dir && (needs_dir(&j.q) || !j.q.key))
		return usage(io, "the audit directory is missing");
	j.dir_fd = -1;
	if (needs_dir(&j.q))
		j.dir_fd = audit_dir_open(j.dir, &err);
	if (err.code)
		return job_fail(&j, &err);
	int status = run(&j);
	if (j.dir_fd >= 0)
		(void)close(j.dir_fd);
	return status;
}
