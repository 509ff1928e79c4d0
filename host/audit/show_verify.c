#include "audit/job.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "audit/print.h"
#include "audit/verify.h"

enum { CHECKPOINTS_MAX = 256 << 20 };

static const char *const verdicts[] = { "ok", "note", "BAD" };

/* SEGMENT:LINE: why (the line begins at byte N) */
static void print_bad(const struct job *j, const struct verify_report *rep, const struct buf *name,
		      const struct buf *why)
{
	(void)fprintf(j->io->err, "%s:%" PRIu64 ": %s", buf_cstr(name), rep->bad_line,
		      buf_cstr(why));
	if (rep->bad_line > 0)
		(void)fprintf(j->io->err, " (the line begins at byte %" PRId64 ")",
			      rep->bad_offset);
	(void)fprintf(j->io->err, "\n");
}

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
		print_bad(j, rep, &name, &why);
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
		buf_addf(&b, ",\"badLine\":%" PRIu64 ",\"badByte\":%" PRId64, rep->bad_line,
			 rep->bad_offset);
	if (rep->why[0]) {
		buf_adds(&b, ",\"why\":");
		json_write_string(&b, bytes_str(rep->why));
	}
	buf_adds(&b, "}\n");
	(void)job_put(j, &b, &ignored);
	buf_clear(&b);
}

static void print_summary(const struct job *j, const struct verify_summary *sum, bool good,
			  bool has_key)
{
	FILE *out = j->io->out;
	(void)fprintf(out,
		      "%s: %" PRIu64 " segments, %" PRIu64 " records, %" PRIu64 " calls, %" PRIu64
		      " unknown outcomes, %" PRIu64 " notes, %" PRIu64 " bad segments\n",
		      good ? "verified" : "NOT verified", sum->segments, sum->records, sum->calls,
		      sum->unknown, sum->notes, sum->bad);
	if (!sum->has_ledger)
		return;
	if (!has_key)
		(void)fprintf(out, "signatures were not checked: no public key\n");
	else if (j->q.checkpoint)
		(void)fprintf(out, "%" PRIu64 " checkpoints are good\n", sum->checkpoints);
	else
		(void)fprintf(out, "no checkpoint that was kept elsewhere was compared\n");
}

static int verify(struct job *j, const struct buf *checkpoints, bool *good, struct err *err)
{
	struct verify_summary sum;
	struct public_key key;
	int has_key = job_key(&key, j, err);
	if (has_key < 0)
		return has_key;
	const struct verify_spec spec = { .dir_fd = j->dir_fd,
					  .key = has_key ? &key : NULL,
					  .checkpoints = buf_bytes(checkpoints),
					  .each = j->q.json ? print_report_json : print_report,
					  .arg = j };
	int rc = verify_dir(&sum, &spec, err);
	if (rc < 0)
		return rc;
	*good = sum.bad == 0 && !(j->q.strict && sum.notes > 0);
	if (!j->q.json)
		print_summary(j, &sum, *good, has_key);
	if (fflush(j->io->out) != 0 || ferror(j->io->out))
		return err_set(err, ERR_IO, "cannot write: %s", strerror(errno));
	return 0;
}

int job_verify(struct job *j)
{
	struct err err = { 0 };
	struct buf checkpoints = BUF_INIT(CHECKPOINTS_MAX);
	bool good = false;
	int rc = j->q.checkpoint ? job_read_file(&checkpoints, j->q.checkpoint, &err) : 0;
	if (rc == 0 && j->q.checkpoint && checkpoints.n == 0)
		rc =
		    err_set(&err, ERR_INVALID, "%s: there is no checkpoint in it", j->q.checkpoint);
	if (rc == 0)
		rc = verify(j, &checkpoints, &good, &err);
	buf_clear(&checkpoints);
	if (rc < 0)
		return job_fail(j, &err);
	return good ? AUDIT_GOOD : AUDIT_BAD;
}
