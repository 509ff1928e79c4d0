#include "audit/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/frontier.h"
#include "audit/lines.h"
#include "audit/torn.h"
#include "base/clock.h"
#include "base/whole.h"

enum { LINES_MAX = 64 << 20 };

struct ledger {
	int dir_fd;
	struct segment file; /* named LEDGER_NAME; its lock is held during an append only */
	struct chain_writer writer;
	struct key *key;
	struct frontier at; /* up to where it was read or written */
	bool known;         /* at is */
	unsigned torn_named;
	struct checkpoint signed_last; /* the one on disk; size 0: none */
	struct buf note;
	struct buf lines; /* being appended */
	struct err broken;
};

static const char *const kinds[] = { "ledger.open", "ledger.head", "ledger.seal", "ledger.remove" };

static int io_error(struct err *err, const char *name, const char *what)
{
	return err_set(err, ERR_IO, "audit log %s: %s: %s", name, what, strerror(errno));
}

static int damaged(struct err *err, uint64_t line, const char *why)
{
	return err_set(err, ERR_INVALID,
		       "the audit ledger is not what was signed (line %" PRIu64 "): %s; see "
		       "'audit verify'",
		       line, why);
}

/* ---- entries ---- */

static int read_head(struct ledger_entry *e, const struct record *r, struct err *err)
{
	const char *root = json_get_str(r->tree, "root");
	int64_t lines = json_get_int(r->tree, "lines", -1);
	e->bytes = json_get_int(r->tree, "bytes", -1);
	if (lines < 1 || e->bytes < 1 || !root || !hash_from_hex(&e->root, root))
		return err_set(err, ERR_INVALID, "an entry of kind %s lacks lines, bytes or root",
			       r->head.kind);
	e->lines = (uint64_t)lines;
	return 1;
}

int ledger_entry_read(struct ledger_entry *e, const struct record *r, struct err *err)
{
	*e = (struct ledger_entry){ 0 };
	size_t kind = 0;
	while (kind < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[kind], r->head.kind) != 0)
		kind++;
	if (kind == sizeof(kinds) / sizeof(kinds[0]))
		return 0;
	e->kind = (enum ledger_kind)kind;
	const char *segment = json_get_str(r->tree, "segment");
	if (!segment || strlen(segment) >= sizeof(e->segment))
		return err_set(err, ERR_INVALID, "an entry of kind %s names no segment",
			       r->head.kind);
	memcpy(e->segment, segment, strlen(segment) + 1);
	bool has_head = e->kind == LEDGER_HEAD || e->kind == LEDGER_SEAL;
	return has_head ? read_head(e, r, err) : 1;
}

static void entry_members(struct buf *out, const struct ledger_entry *e)
{
	char hex[SHA256_HEX + 1];
	out->n = 0;
	buf_addf(out, "\"segment\":\"%s\"", e->segment);
	if (e->kind != LEDGER_HEAD && e->kind != LEDGER_SEAL)
		return;
	hex_lower(hex, e->root.b, SHA256_LEN);
	buf_addf(out, ",\"lines\":%" PRIu64 ",\"bytes\":%" PRId64 ",\"root\":\"%s\"", e->lines,
		 e->bytes, hex);
}

/* ---- what is on disk ---- */

/* The newest checkpoint in the directory. None is no error. */
static int read_checkpoint(struct ledger *l, struct err *err)
{
	char text[NOTE_MAX];
	l->signed_last = (struct checkpoint){ 0 };
	int fd = openat(l->dir_fd, LEDGER_CHECKPOINT, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : io_error(err, LEDGER_CHECKPOINT, "cannot open it");
	ssize_t n = read(fd, text, sizeof(text));
	int why = errno;
	(void)close(fd);
	if (n < 0) {
		errno = why;
		return io_error(err, LEDGER_CHECKPOINT, "read");
	}
	struct err reason = { 0 };
	if (note_read(&l->signed_last, (struct bytes){ text, (size_t)n }, audit_key_public(l->key),
		      &reason) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "audit log %s: %s", LEDGER_CHECKPOINT, reason.message);
}

static int check_signed(const struct ledger *l, struct err *err)
{
	struct hash root;
	if (l->at.tree.size != l->signed_last.size || l->at.tree.size == 0)
		return 0;
	if (merkle_root(&root, &l->at.tree) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a digest");
	return hash_eq(&root, &l->signed_last.root)
		   ? 0
		   : damaged(err, l->at.tree.size, "its root is another one than the checkpoint's");
}

static int take_line(struct ledger *l, const struct line *line, struct err *err)
{
	struct record r;
	struct hash leaf;
	if (line->cut || !line->ended)
		return err_set(err, ERR_INVALID, "the line does not end");
	int rc = chain_follow(&l->at.chain, &r, line->text, err);
	if (rc < 0)
		return rc;
	l->torn_named += strcmp(r.head.kind, "log.recover") == 0 && json_get_str(r.tree, "torn");
	record_clear(&r);
	if (!hash_from_hex(&leaf, l->at.chain.prev) || merkle_add(&l->at.tree, &leaf) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a digest");
	l->at.bytes += (int64_t)line->text.n + 1;
	return 0;
}

/* Read on from l->at. *torn: the rest is no good line. */
static int read_on(struct ledger *l, bool *torn, struct err *err)
{
	struct lines lines;
	struct line line;
	struct err why = { 0 };
	*torn = false;
	int rc = lines_open(&lines, l->file.fd, l->at.bytes, err);
	if (rc < 0)
		return rc;
	rc = check_signed(l, err);
	while (rc == 0 && (rc = lines_next(&lines, &line, err)) == 1) {
		rc = 0;
		*torn = take_line(l, &line, &why) < 0;
		if (*torn)
			break;
		rc = check_signed(l, err);
	}
	lines_close(&lines);
	if (rc == 0 && l->at.tree.size < l->signed_last.size)
		return damaged(err, l->at.tree.size + 1,
			       *torn ? why.message : "lines that were signed are missing");
	return rc;
}

/* Does the file still have, where l->at ends, the line that l->at ends with? */
static bool is_in_place(const struct ledger *l)
{
	char tail[4096];
	struct hash leaf, last;
	if (l->at.bytes == 0)
		return true;
	int64_t from =
	    l->at.bytes > (int64_t)sizeof(tail) ? l->at.bytes - (int64_t)sizeof(tail) : 0;
	ssize_t n = pread(l->file.fd, tail, (size_t)(l->at.bytes - from), (off_t)from);
	if (n != l->at.bytes - from || tail[n - 1] != '\n')
		return false;
	const char *before = memrchr(tail, '\n', (size_t)n - 1);
	const char *line = before ? before + 1 : tail;
	return hash_from_hex(&last, l->at.chain.prev) &&
	       merkle_leaf(&leaf, (struct bytes){ line, (size_t)(tail + n - 1 - line) }) == 0 &&
	       hash_eq(&leaf, &last);
}

static void forget(struct ledger *l)
{
	frontier_init(&l->at);
	l->torn_named = 0;
}

/* Under the lock: bring l->at up to the end of the file. */
static int catch_up(struct ledger *l, bool *torn, struct err *err)
{
	int rc = read_checkpoint(l, err);
	if (rc < 0)
		return rc;
	if (!l->known && !frontier_load(&l->at, l->dir_fd, &l->signed_last))
		forget(l);
	if (!is_in_place(l))
		forget(l);
	rc = read_on(l, torn, err);
	if (rc == 0 && *torn) {
		/* How many torn ends are named already, only the whole ledger tells. */
		forget(l);
		rc = read_on(l, torn, err);
	}
	l->known = rc == 0;
	return rc;
}

/* ---- appending ---- */

static int add(struct ledger *l, const char *kind, struct bytes members, struct err *err)
{
	size_t start = l->lines.n;
	uint64_t before = l->at.chain.seq;
	struct bytes line = { 0 };
	if (!chain_append(&l->at.chain, &l->lines, &l->writer, clock_wall_ms(), kind, members, err))
		return -ERR_NOMEM;
	/* One line, or two where the clock went back. */
	for (line.p = l->lines.p + start; before < l->at.chain.seq; before++) {
		struct hash leaf;
		const char *end = strchr(line.p, '\n');
		line.n = (size_t)(end - line.p);
		if (merkle_leaf(&leaf, line) < 0 || merkle_add(&l->at.tree, &leaf) < 0)
			return err_set(err, ERR_NOMEM, "no memory for a digest");
		line.p = end + 1;
	}
	return 0;
}

static int set_torn_aside(struct ledger *l, struct err *err)
{
	struct stat st;
	struct torn t;
	char members[256];
	if (fstat(l->file.fd, &st) != 0)
		return io_error(err, LEDGER_NAME, "fstat");
	int rc = torn_set_aside(&l->file, l->dir_fd, l->at.bytes, st.st_size - l->at.bytes, err);
	if (rc < 0)
		return rc;
	for (unsigned nth = l->torn_named + 1;
	     (rc = torn_describe(&t, l->dir_fd, LEDGER_NAME, nth, err)) == 1; nth++) {
		int n = snprintf(members, sizeof(members),
				 "\"torn\":\"%s\",\"torn_bytes\":%" PRId64 ",\"sha256\":\"%s\"",
				 t.name, t.size, t.sha256);
		rc = add(l, "log.recover", (struct bytes){ members, (size_t)n }, err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int begin(struct ledger *l, struct err *err)
{
	char members[128];
	int n =
	    snprintf(members, sizeof(members), "\"segment\":\"" LEDGER_NAME "\",\"origin\":\"%s\"",
		     audit_key_public(l->key)->name);
	return add(l, "log.open", (struct bytes){ members, (size_t)n }, err);
}

static int make_lines(struct ledger *l, const struct ledger_entry *v, size_t n, bool torn,
		      struct err *err)
{
	struct buf members = BUF_INIT(1024);
	/* The first line, also behind a beginning that was torn. */
	int rc = l->at.tree.size == 0 ? begin(l, err) : 0;
	if (rc == 0 && torn)
		rc = set_torn_aside(l, err);
	for (size_t i = 0; i < n && rc == 0; i++) {
		entry_members(&members, &v[i]);
		rc = members.err ? err_set(err, ERR_NOMEM, "no memory for an entry of the ledger")
				 : add(l, kinds[v[i].kind], buf_bytes(&members), err);
	}
	buf_clear(&members);
	return rc;
}

/* Put a file in the place of an older one, whole. */
static int replace(int dir_fd, const char *name, struct bytes text, struct err *err)
{
	char born[64];
	(void)snprintf(born, sizeof(born), "%s.%d.new", name, (int)getpid());
	int fd = openat(dir_fd, born, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return io_error(err, name, "cannot create it");
	give_to_owner(fd, dir_fd, name);
	int rc = write_whole(fd, text, err);
	if (rc == 0 && fdatasync(fd) != 0)
		rc = io_error(err, name, "sync");
	(void)close(fd);
	if (rc == 0 && renameat(dir_fd, born, dir_fd, name) != 0)
		rc = io_error(err, name, "cannot replace it");
	if (rc < 0)
		(void)unlinkat(dir_fd, born, 0);
	return rc;
}

static int sign(struct ledger *l, struct err *err)
{
	struct checkpoint c = { .size = l->at.tree.size };
	l->note.n = 0;
	if (merkle_root(&c.root, &l->at.tree) < 0)
		return err_set(err, ERR_NOMEM, "no memory for a digest");
	note_write(&l->note, &c, l->key);
	if (l->note.err)
		return err_set(err, ERR_NOMEM, "no memory for a checkpoint");
	int rc = replace(l->dir_fd, LEDGER_CHECKPOINT, buf_bytes(&l->note), err);
	if (rc == 0)
		frontier_save(&l->at, l->dir_fd);
	return rc;
}

static int append_locked(struct ledger *l, const struct ledger_entry *v, size_t n, struct err *err)
{
	bool torn;
	int rc = catch_up(l, &torn, err);
	l->lines.n = 0;
	if (rc == 0)
		rc = make_lines(l, v, n, torn, err);
	if (rc == 0)
		rc = segment_write(&l->file, buf_bytes(&l->lines), err);
	l->at.bytes += (int64_t)l->lines.n;
	if (rc == 0)
		rc = segment_sync(&l->file, err);
	return rc < 0 ? rc : sign(l, err);
}

static int lock(const struct ledger *l, struct err *err)
{
	while (flock(l->file.fd, LOCK_EX) != 0) {
		if (errno != EINTR)
			return io_error(err, LEDGER_NAME, "cannot lock it");
	}
	return 0;
}

int ledger_append(struct ledger *l, const struct ledger_entry *v, size_t n, struct err *err)
{
	struct err why = { 0 };
	if (l->broken.code) {
		if (err)
			*err = l->broken;
		return -(int)l->broken.code;
	}
	int rc = lock(l, &why);
	if (rc == 0) {
		rc = append_locked(l, v, n, &why);
		(void)flock(l->file.fd, LOCK_UN);
	}
	if (rc == 0)
		return 0;
	l->broken = why;
	if (err)
		*err = why;
	return rc;
}

struct bytes ledger_note(const struct ledger *l)
{
	return buf_bytes(&l->note);
}

/* ---- open and close ---- */

/* What open_file relies on: the public key is on disk only where the ledger is. */
static int sync_dir(const struct ledger *l, struct err *err)
{
	return fsync(l->dir_fd) == 0 ? 0 : io_error(err, LEDGER_NAME, "sync of its directory");
}

/* A private key that was brought has no public one beside the log yet. */
static int publish(const struct ledger *l, const struct ledger_spec *spec, struct err *err)
{
	if (access(spec->public_file, F_OK) == 0)
		return 0;
	int rc = sync_dir(l, err);
	return rc < 0 ? rc : public_key_save(audit_key_public(l->key), spec->public_file, err);
}

/* A log that has begun keeps its key: a new one would make all that was signed look forged. */
static int open_key(struct ledger *l, const struct ledger_spec *spec, struct err *err)
{
	struct stat st;
	struct err why = { 0 };
	int rc = audit_key_read(&l->key, spec->key_file, &why);
	if (rc == 0)
		return publish(l, spec, err);
	if (strcmp(why.name, "NoKey") != 0) {
		if (err)
			*err = why;
		return rc;
	}
	if (fstat(l->file.fd, &st) != 0)
		return io_error(err, LEDGER_NAME, "fstat");
	if (st.st_size > 0 || faccessat(l->dir_fd, LEDGER_CHECKPOINT, F_OK, 0) == 0)
		return err_named(err, ERR_IO, "NoKey",
				 "the key %s is missing, with which this log's checkpoints were "
				 "signed: put it back, or move the log away to begin a new one",
				 spec->key_file);
	rc = sync_dir(l, err);
	return rc < 0 ? rc : audit_key_create(&l->key, spec->key_file, spec->public_file, err);
}

/*
 * A log is begun in this order: ledger, public key, key. So where both keys are and the ledger is not,
 * it was taken away, and to begin another one would hide that. A private key alone is one that was
 * brought for a log to come.
 */
static int open_file(struct ledger *l, const struct ledger_spec *spec, struct err *err)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
	bool was_begun = access(spec->key_file, F_OK) == 0 && access(spec->public_file, F_OK) == 0;
	l->file.fd = openat(l->dir_fd, LEDGER_NAME, flags);
	if (l->file.fd < 0 && errno == ENOENT && was_begun)
		return err_named(err, ERR_IO, "NoLog",
				 "the audit log is missing that was signed with the key %s: put it "
				 "back, or move the key away to begin a new one",
				 spec->key_file);
	if (l->file.fd < 0 && errno == ENOENT)
		l->file.fd = openat(l->dir_fd, LEDGER_NAME, flags | O_CREAT, 0600);
	if (l->file.fd < 0)
		return io_error(err, LEDGER_NAME, "cannot open it");
	give_to_owner(l->file.fd, l->dir_fd, LEDGER_NAME);
	return 0;
}

int ledger_open(struct ledger **out, const struct ledger_spec *spec, struct err *err)
{
	struct ledger *l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_NOMEM, "no memory for the audit ledger");
	l->dir_fd = spec->dir_fd;
	l->writer = spec->writer;
	l->note = BUF_INIT(NOTE_MAX);
	l->lines = BUF_INIT(LINES_MAX);
	(void)snprintf(l->file.name, sizeof(l->file.name), LEDGER_NAME);
	int rc = open_file(l, spec, err);
	if (rc == 0)
		rc = lock(l, err);
	if (rc == 0) {
		rc = open_key(l, spec, err);
		(void)flock(l->file.fd, LOCK_UN);
	}
	if (rc == 0)
		*out = l;
	else
		ledger_close(l);
	return rc;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	segment_close(&l->file);
	audit_key_free(l->key);
	buf_clear(&l->note);
	buf_clear(&l->lines);
	free(l);
}

/* ---- the last head ---- */

static int find_head(struct ledger_entry *e, int fd, const char *segment, struct err *err)
{
	struct lines lines;
	struct line line;
	int found = 0, rc = lines_open(&lines, fd, 0, err);
	if (rc < 0)
		return rc;
	while ((rc = lines_next(&lines, &line, err)) == 1) {
		struct record r;
		struct ledger_entry next;
		if (!memmem(line.text.p, line.text.n, segment, strlen(segment)) ||
		    record_parse(&r, line.text, NULL) < 0)
			continue;
		if (ledger_entry_read(&next, &r, NULL) == 1 && strcmp(next.segment, segment) == 0 &&
		    (next.kind == LEDGER_HEAD || next.kind == LEDGER_SEAL)) {
			*e = next;
			found = 1;
		}
		record_clear(&r);
	}
	lines_close(&lines);
	return rc < 0 ? rc : found;
}

int ledger_last_head(struct ledger_entry *e, int dir_fd, const char *segment, struct err *err)
{
	int fd = openat(dir_fd, LEDGER_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : io_error(err, LEDGER_NAME, "cannot open it");
	int rc = find_head(e, fd, segment, err);
	(void)close(fd);
	return rc;
}
