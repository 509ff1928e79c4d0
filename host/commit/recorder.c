#include "commit/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "audit/retain.h"
#include "base/clock.h"
#include "base/whole.h"
#include "commit/journal.h"

void recorder_init(struct recorder *r)
{
	*r = (struct recorder){ .dir_fd = -1, .segment = { .fd = -1 }, .reserve = { .fd = -1 } };
}

static int open_ledger(struct recorder *r, const struct recorder_spec *spec, struct err *err)
{
	char key[4096], public[4096];
	int n = spec->key_file ? snprintf(key, sizeof(key), "%s", spec->key_file)
			       : snprintf(key, sizeof(key), "%s.key", spec->audit_dir);
	int m = snprintf(public, sizeof(public), "%s.pub", spec->audit_dir);
	if (n < 0 || (size_t)n >= sizeof(key) || m < 0 || (size_t)m >= sizeof(public))
		return err_set(err, ERR_INVALID, "audit log %s: the path is too long",
			       spec->audit_dir);
	return ledger_open(
	    &r->ledger,
	    &(struct ledger_spec){
		.dir_fd = r->dir_fd, .key_file = key, .public_file = public, .writer = spec->who },
	    err);
}

static int open_redaction(struct recorder *r, const struct recorder_spec *spec, struct err *err)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s.redaction", spec->audit_dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ERR_INVALID, "audit log %s: the path is too long",
			       spec->audit_dir);
	return redaction_open(&r->redaction, path, err);
}

static int recover(struct recorder *r, const struct recorder_spec *spec, struct recovered *out,
		   struct err *err)
{
	struct journal journal = { 0 };
	int rc = spec->store ? journal_open(&journal, spec->store, spec->store_path, err) : 0;
	if (rc == 0)
		rc = recover_dir(out,
				 &(struct recover_spec){
				     .dir_fd = r->dir_fd,
				     .ledger = r->ledger,
				     .writer = spec->who,
				     .unknown = spec->unknown,
				     .arg = spec->arg,
				     .store = spec->store ? &journal.recover : NULL,
				 },
				 err);
	journal_close(&journal);
	return rc;
}

int recorder_open(struct recorder *r, const struct recorder_spec *spec, struct recovered *recovered,
		  struct err *err)
{
	r->dir_fd = audit_dir_create(spec->audit_dir, err);
	if (r->dir_fd < 0)
		return r->dir_fd;
	r->keep_ms = spec->keep_ms;
	int rc = open_ledger(r, spec, err);
	if (rc == 0)
		rc = open_redaction(r, spec, err);
	if (rc == 0)
		rc = reserve_open(&r->reserve, r->dir_fd, err);
	return rc < 0 || spec->beside ? rc : recover(r, spec, recovered, err);
}

/* Take lines that are in the file into the segment's tree. */
static int grow(struct recorder *r, struct bytes lines, struct err *err)
{
	r->bytes += (int64_t)lines.n;
	while (lines.n > 0) {
		struct hash leaf;
		if (merkle_leaf(&leaf, bytes_line(&lines)) < 0 || merkle_add(&r->tree, &leaf) < 0)
			return err_set(err, ERR_NOMEM, "no memory for a digest");
	}
	return 0;
}

/* What could not be written for want of room goes on where it stopped, once there is some. */
static int write_lines(struct recorder *r, struct bytes lines, struct err *err)
{
	for (;;) {
		int why = write_rest(r->segment.fd, &lines);
		if (why == 0)
			return 0;
		if ((why != ENOSPC && why != EDQUOT) || !reserve_release(&r->reserve))
			return err_set(err, ERR_IO, "audit log %s: write: %s", r->segment.name,
				       strerror(why));
		r->full = true;
	}
}

/* Root's share does not count as free: the log is not written with it. */
static void look_at_disk(struct recorder *r)
{
	struct statvfs st;
	if (fstatvfs(r->dir_fd, &st) != 0 || st.f_blocks == 0)
		return;
	unsigned long long used = st.f_blocks - st.f_bfree, all = used + st.f_bavail;
	r->disk_percent = all > 0 ? (unsigned)(used * 100 / all) : 100;
}

int recorder_sync(struct recorder *r, struct err *err)
{
	look_at_disk(r);
	return segment_sync(&r->segment, err);
}

static int describe(struct ledger_entry *e, const struct recorder *r, enum ledger_kind kind,
		    struct err *err)
{
	*e = (struct ledger_entry){ .kind = kind, .lines = r->tree.size, .bytes = r->bytes };
	memcpy(e->segment, r->segment.name, sizeof(e->segment));
	return merkle_root(&e->root, &r->tree) < 0
		   ? err_set(err, ERR_NOMEM, "no memory for a digest")
		   : 0;
}

/* The lock is held until the segment is out of the way: nobody takes its writer for dead. */
static int retire(int dir_fd, struct segment *old, struct err *err)
{
	int rc = segment_seal(dir_fd, old->name, err);
	segment_close(old);
	return rc;
}

/* What is too old goes when a segment is begun, and at most once a day. */
static int retain(struct recorder *r, struct err *err)
{
	uint64_t removed;
	look_at_disk(r);
	return retain_dir(&removed,
			  &(struct retain_spec){ .dir_fd = r->dir_fd,
						 .ledger = r->ledger,
						 .keep_ms = r->keep_ms,
						 .now_ms = clock_wall_ms() },
			  err);
}

int recorder_begin(struct recorder *r, const char *name, struct bytes lines, struct err *err)
{
	struct ledger_entry entries[2];
	struct segment old = r->segment;
	size_t n = 0;
	int rc = 0;
	if (old.fd >= 0)
		rc = describe(&entries[n++], r, LEDGER_SEAL, err);
	r->segment = (struct segment){ .fd = -1 };
	r->tree = (struct merkle){ 0 };
	r->bytes = 0;
	if (rc == 0)
		rc = segment_create(&r->segment, r->dir_fd, name, lines, err);
	if (rc == 0)
		rc = grow(r, lines, err);
	r->headed = r->tree.size;
	entries[n] = (struct ledger_entry){ .kind = LEDGER_OPEN };
	memcpy(entries[n++].segment, r->segment.name, SEGMENT_NAME_SIZE);
	if (rc == 0)
		rc = ledger_append(r->ledger, entries, n, err);
	if (old.fd >= 0 && rc == 0)
		rc = retire(r->dir_fd, &old, err);
	else
		segment_close(&old);
	return rc < 0 ? rc : retain(r, err);
}

static int write_to_one(struct recorder *r, struct bytes lines, struct err *err)
{
	reserve_grow(&r->reserve, r->open_calls);
	int rc = write_lines(r, lines, err);
	return rc < 0 ? rc : grow(r, lines, err);
}

int recorder_write(struct recorder *r, struct bytes lines, size_t split, const char *next,
		   struct err *err)
{
	struct bytes rest = lines;
	if (split == 0)
		return write_to_one(r, lines, err);
	lines.n = split;
	rest.p += split;
	rest.n -= split;
	int rc = write_to_one(r, lines, err);
	if (rc == 0)
		rc = recorder_sync(r, err);
	return rc < 0 ? rc : recorder_begin(r, next, rest, err);
}

bool recorder_make_room(struct recorder *r)
{
	struct statvfs st;
	if (fstatvfs(r->dir_fd, &st) != 0 ||
	    (unsigned long long)st.f_bavail * st.f_frsize > RESERVE_MIN / 2 ||
	    !reserve_release(&r->reserve))
		return false;
	r->full = true;
	return true;
}

int recorder_head(struct recorder *r, struct err *err)
{
	struct ledger_entry e;
	look_at_disk(r);
	if (r->tree.size == r->headed)
		return 0;
	int rc = describe(&e, r, LEDGER_HEAD, err);
	if (rc == 0)
		rc = ledger_append(r->ledger, &e, 1, err);
	r->headed = r->tree.size;
	return rc;
}

int recorder_seal(struct recorder *r, struct err *err)
{
	struct ledger_entry e;
	int rc = describe(&e, r, LEDGER_SEAL, err);
	if (rc == 0)
		rc = ledger_append(r->ledger, &e, 1, err);
	return rc < 0 ? rc : retire(r->dir_fd, &r->segment, err);
}

struct bytes recorder_note(const struct recorder *r)
{
	return ledger_note(r->ledger);
}

void recorder_close(struct recorder *r)
{
	segment_close(&r->segment);
	ledger_close(r->ledger);
	redaction_clear(&r->redaction);
	reserve_close(&r->reserve);
	if (r->dir_fd >= 0)
		(void)close(r->dir_fd);
	recorder_init(r);
}
