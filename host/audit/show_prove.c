#include "audit/job.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "audit/print.h"
#include "audit/prove.h"
#include "audit/redaction.h"

enum { PROOFS_MAX = 1 << 30 };

/* ---- files ---- */

int job_read_file(struct buf *out, const char *path, struct err *err)
{
	char chunk[65536];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(errno));
	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
	}
	int why = errno;
	(void)close(fd);
	if (n < 0)
		return err_set(err, ERR_IO, "%s: %s", path, strerror(why));
	return out->err ? err_set(err, ERR_LIMIT, "%s: it is too large", path) : 0;
}

int job_beside(char out[4096], const struct job *j, const char *suffix, struct err *err)
{
	size_t n = strlen(j->dir);
	while (n > 1 && j->dir[n - 1] == '/')
		n--;
	int written = snprintf(out, 4096, "%.*s%s", (int)n, j->dir, suffix);
	return written > 0 && written < 4096
		   ? 0
		   : err_set(err, ERR_INVALID, "%s: the path is too long", j->dir);
}

int job_key(struct public_key *out, const struct job *j, struct err *err)
{
	char path[4096] = "";
	struct buf line = BUF_INIT(65536);
	const char *file = j->q.key;
	if (!file) {
		int rc = job_beside(path, j, ".pub", err);
		if (rc < 0)
			return rc;
		if (access(path, F_OK) != 0)
			return 0;
		file = path;
	}
	int rc = job_read_file(&line, file, err);
	struct err why = { 0 };
	if (rc == 0 && public_key_read(out, buf_bytes(&line), &why) < 0)
		rc = err_set(err, ERR_INVALID, "%s: %s", file, why.message);
	buf_clear(&line);
	return rc < 0 ? rc : 1;
}

/* The same where nothing can be done without it. */
static int need_key(struct public_key *out, const struct job *j, struct err *err)
{
	int rc = job_key(out, j, err);
	if (rc == 0)
		return err_set(err, ERR_IO, "there is no public key beside %s%s", j->dir,
			       j->q.command == REQUEST_KEY ? "" : ": give --key FILE");
	return rc < 0 ? rc : 0;
}

int job_print_key(struct job *j)
{
	struct public_key key;
	struct err err = { 0 };
	struct buf line = BUF_INIT(1024);
	int rc = need_key(&key, j, &err);
	if (rc == 0) {
		public_key_write(&line, &key);
		rc = job_put(j, &line, &err);
	}
	buf_clear(&line);
	return rc < 0 ? job_fail(j, &err) : AUDIT_GOOD;
}

int job_hash(struct job *j)
{
	struct redaction r;
	char path[4096];
	struct err err = { 0 };
	struct buf text = BUF_INIT(1024);
	int rc = job_beside(path, j, ".redaction", &err);
	if (rc == 0)
		rc = redaction_read(&r, path, &err);
	if (rc == 0) {
		redaction_write(&text, &r, bytes_str(j->q.words[0]));
		buf_adds(&text, "\n");
		redaction_clear(&r);
		rc = job_put(j, &text, &err);
	}
	buf_clear(&text);
	return rc < 0 ? job_fail(j, &err) : AUDIT_GOOD;
}

/* ---- proofs ---- */

static bool is_wanted(void *arg, const struct record *r)
{
	const struct job *j = arg;
	const char *run = json_get_str(r->tree, "run");
	if (j->q.run)
		return run && strcmp(run, j->q.run) == 0;
	return r->head.seq >= j->q.seq && r->head.seq <= j->q.last;
}

static int print_proof(void *arg, struct bytes line, struct err *err)
{
	struct job *j = arg;
	struct buf b = BUF_INIT(PROOF_MAX);
	buf_add(&b, line.p, line.n);
	int rc = job_put(j, &b, err);
	buf_clear(&b);
	j->shown++;
	return rc;
}

int job_prove(struct job *j)
{
	struct public_key key;
	struct err err = { 0 };
	uint64_t uncovered = 0;
	int rc = need_key(&key, j, &err);
	const struct prove_spec spec = { .dir_fd = j->dir_fd,
					 .key = &key,
					 .segment = j->q.segment,
					 .segment_len = j->q.segment_len,
					 .want = is_wanted,
					 .each = print_proof,
					 .arg = j };
	if (rc == 0)
		rc = prove_records(&uncovered, &spec, &err);
	if (rc == 0 && uncovered > 0)
		rc = err_set(&err, ERR_INVALID,
			     "%" PRIu64 " records are not covered by a checkpoint yet: one is "
			     "signed within a minute",
			     uncovered);
	if (rc == 0 && j->shown == 0)
		rc = err_set(&err, ERR_INVALID, "no such record in %s", j->dir);
	return rc < 0 ? job_fail(j, &err) : AUDIT_GOOD;
}

/* @return whether it holds */
static bool check_line(struct job *j, uint64_t number, struct bytes line,
		       const struct public_key *key)
{
	struct record r;
	char segment[SEGMENT_NAME_SIZE];
	struct err err = { 0 };
	if (proof_check(&r, segment, line, key, &err) < 0) {
		(void)fprintf(j->io->err, "%s:%" PRIu64 ": not proved: %s\n", j->q.proof, number,
			      err.message);
		return false;
	}
	struct buf text = BUF_INIT(PRINT_MAX);
	buf_adds(&text, "proved ");
	print_line(&text, segment, &r);
	int rc = job_put(j, &text, &err);
	buf_clear(&text);
	record_clear(&r);
	return rc == 0;
}

static bool check_lines(struct job *j, struct bytes rest, const struct public_key *key)
{
	bool good = true;
	uint64_t number = 0;
	while (rest.n > 0) {
		struct bytes line = bytes_line(&rest);
		good = check_line(j, ++number, line, key) && good;
	}
	if (number == 0)
		(void)fprintf(j->io->err, "%s: there is no proof in it\n", j->q.proof);
	return good && number > 0;
}

int job_check_proof(struct job *j)
{
	struct public_key key;
	struct err err = { 0 };
	struct buf proofs = BUF_INIT(PROOFS_MAX);
	bool good = false;
	int rc = need_key(&key, j, &err);
	if (rc == 0)
		rc = job_read_file(&proofs, j->q.proof, &err);
	if (rc == 0)
		good = check_lines(j, buf_bytes(&proofs), &key);
	buf_clear(&proofs);
	if (rc < 0)
		return job_fail(j, &err);
	return good ? AUDIT_GOOD : AUDIT_BAD;
}

/* ---- consistency ---- */

/* The last checkpoint in a file. */
static int read_note(struct checkpoint *out, const char *path, const struct public_key *key,
		     struct err *err)
{
	struct buf text = BUF_INIT(256 << 20);
	struct err why = { 0 };
	uint64_t n = 0;
	int rc = job_read_file(&text, path, err);
	struct bytes note, rest = buf_bytes(&text);
	while (rc == 0 && (rc = note_next(&note, &rest, &why)) == 1) {
		rc = note_read(out, note, key, &why);
		n++;
	}
	buf_clear(&text);
	if (why.code)
		return err_set(err, why.code, "%s: %s", path, why.message);
	if (rc == 0 && n == 0)
		return err_set(err, ERR_INVALID, "%s: there is no checkpoint in it", path);
	return rc;
}

static void print_path(struct buf *out, const struct merkle_path *path)
{
	char hex[SHA256_HEX + 1];
	for (size_t i = 0; i < path->n; i++) {
		hex_lower(hex, path->v[i].b, SHA256_LEN);
		buf_addf(out, "%s\n", hex);
	}
}

static int compare(struct job *j, bool *good, struct err *err)
{
	struct public_key key;
	struct checkpoint old = { 0 }, new = { 0 };
	struct merkle_path path = { 0 };
	int rc = need_key(&key, j, err);
	if (rc == 0)
		rc = read_note(&old, j->q.words[0], &key, err);
	if (rc == 0)
		rc = read_note(&new, j->q.words[1], &key, err);
	if (rc == 0)
		rc = prove_consistency(&path, j->dir_fd, &old, &new, err);
	if (rc < 0)
		return rc;
	*good = rc == 1;
	struct buf text = BUF_INIT(65536);
	buf_addf(&text, "%s: %" PRIu64 " -> %" PRIu64 " lines of the ledger\n",
		 *good ? "consistent" : "NOT consistent", old.size, new.size);
	if (*good)
		print_path(&text, &path);
	rc = job_put(j, &text, err);
	buf_clear(&text);
	return rc;
}

int job_consistency(struct job *j)
{
	struct err err = { 0 };
	bool good = false;
	if (compare(j, &good, &err) < 0)
		return job_fail(j, &err);
	return good ? AUDIT_GOOD : AUDIT_BAD;
}
