/*
 * A log of a thousand records in many segments, as the committer writes it, and everything that may
 * be done to it afterwards: whatever is flipped, cut, taken away, doubled or swapped is found, and
 * the line is named.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "audit/book.h"
#include "audit/prove.h"
#include "base/whole.h"
#include "unit/commit_world.h"

enum { RECORDS = 1000, FILE_MAX = 4 << 20, NOTES_MAX = 1 << 20 };

struct world {
	struct fixture f;
	int dir_fd;
	struct public_key key;
	struct book book;
	struct segment_names names;
	/* the segment in hand */
	struct buf whole;
	size_t line_at[RECORDS + 1], n_lines;
	struct scan_mark marks[64];
	size_t n_marks;
};

/* Which calls there are does not matter here: an intent, its outcome, something else. */
static void fill(struct world *w)
{
	char members[160];
	for (int i = 0; i < RECORDS / 4; i++) {
		struct wait wait = { &w->f, w->f.told };
		uint64_t intent =
		    commit_append(w->f.c, "call.intent",
				  BYTES_LIT("\"run\":\"r1\",\"step\":\"1\",\"operation\":\"a.b\","
					    "\"args\":{\"text\":\"\\u00e9\\n\"}"),
				  NULL, NULL);
		int n =
		    snprintf(members, sizeof(members),
			     "\"run\":\"r1\",\"intent\":%" PRIu64 ",\"outcome\":\"ok\"", intent);
		(void)commit_append(w->f.c, "run.start", BYTES_LIT("\"run\":\"r2\""), NULL, NULL);
		(void)commit_append(w->f.c, "call.outcome", (struct bytes){ members, (size_t)n },
				    NULL, NULL);
		(void)commit_append(w->f.c, "run.end", BYTES_LIT("\"run\":\"r1\""), on_durable,
				    &wait);
		run_until(&w->f, w->f.told + 1);
	}
}

static void begin_log(struct world *w)
{
	char path[SCRATCH_SIZE + 16];
	struct buf line = BUF_INIT(1024);
	*w = (struct world){ .whole = BUF_INIT(FILE_MAX) };
	begin(&w->f);
	w->f.spec.rotate_bytes = 16000;
	w->f.spec.checkpoint_records = 20;
	INVARIANT(open_log(&w->f) == 0);
	fill(w);
	INVARIANT(commit_close(w->f.c, NULL) == 0);
	w->dir_fd = audit_dir_open(w->f.dir, NULL);
	(void)snprintf(path, sizeof(path), "%s.pub", w->f.dir);
	FILE *file = fopen(path, "r");
	char text[512];
	INVARIANT(file && fgets(text, sizeof(text), file));
	(void)fclose(file);
	INVARIANT(public_key_read(&w->key, bytes_str(text), NULL) == 0);
	INVARIANT(book_read(&w->book, w->dir_fd, NULL, 0, NULL) == 0);
	INVARIANT(segment_list(&w->names, w->dir_fd, NULL) == 0);
	buf_clear(&line);
}

static void end_log(struct world *w)
{
	segment_names_clear(&w->names);
	book_clear(&w->book);
	buf_clear(&w->whole);
	(void)close(w->dir_fd);
	end(&w->f);
}

/* ---- one segment in memory ---- */

static void read_all(struct buf *out, int fd)
{
	char chunk[16384];
	ssize_t n;
	out->n = 0;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	(void)close(fd);
}

static void take_segment(struct world *w, const char *name)
{
	size_t n;
	int fd = segment_open(w->dir_fd, name, NULL);
	INVARIANT(fd >= 0);
	read_all(&w->whole, fd);
	w->n_lines = 0;
	for (size_t at = 0; at < w->whole.n; w->n_lines++) {
		w->line_at[w->n_lines] = at;
		at = (size_t)((char *)memchr(w->whole.p + at, '\n', w->whole.n - at) - w->whole.p) +
		     1;
	}
	w->line_at[w->n_lines] = w->whole.n;
	const struct book_entry *v = book_find(&w->book, name, &n);
	w->n_marks = 0;
	for (size_t i = 0; i < n; i++) {
		const struct ledger_entry *e = &v[i].entry;
		if (e->kind == LEDGER_HEAD || e->kind == LEDGER_SEAL)
			w->marks[w->n_marks++] = (struct scan_mark){ e->lines, e->bytes, e->root,
								     e->kind == LEDGER_SEAL };
	}
}

/* Which line of this text is bad? 0: none. */
static uint64_t first_bad(const struct world *w, const char *name, const struct buf *text)
{
	struct scan s;
	int fd = memfd_create("segment", MFD_CLOEXEC);
	INVARIANT(fd >= 0 && write_whole(fd, buf_bytes(text), NULL) == 0);
	const struct scan_spec spec = {
		.fd = fd, .name = name, .marks = w->marks, .n_marks = w->n_marks
	};
	INVARIANT(scan_segment(&s, &spec, NULL) == 0);
	(void)close(fd);
	uint64_t line = s.end == SCAN_DAMAGED ? s.bad_line : 0;
	scan_clear(&s);
	return line;
}

static void add_lines(struct buf *out, const struct world *w, size_t from, size_t to)
{
	buf_add(out, w->whole.p + w->line_at[from], w->line_at[to] - w->line_at[from]);
}

static void check_text(const struct world *w, const char *name, struct buf *text, const char *what,
		       size_t line, uint64_t want)
{
	uint64_t got = first_bad(w, name, text);
	if (got != want)
		TAP_NOTE("%s of line %zu: found at %" PRIu64, what, line + 1, got);
	CHECK_INT(got, want);
	text->n = 0;
}

/* Everything that can be done with whole lines. */
static void spoil_lines(const struct world *w, const char *name, struct buf *text, size_t k)
{
	add_lines(text, w, 0, k);
	add_lines(text, w, k + 1, w->n_lines);
	check_text(w, name, text, "deletion", k, k + 1);

	add_lines(text, w, 0, k + 1);
	add_lines(text, w, k, w->n_lines);
	check_text(w, name, text, "doubling", k, k + 2);

	add_lines(text, w, 0, k);
	check_text(w, name, text, "a cut before", k, k + 1);

	if (k + 1 == w->n_lines)
		return;
	add_lines(text, w, 0, k);
	add_lines(text, w, k + 1, k + 2);
	add_lines(text, w, k, k + 1);
	add_lines(text, w, k + 2, w->n_lines);
	check_text(w, name, text, "a swap with the next", k, k + 1);
}

/* A byte of every part of a record, in turn: from its first brace to its newline. */
static size_t place_in(const struct world *w, size_t k, unsigned turn)
{
	static const char *const parts[] = { "{",         "\"v\":1",   ":1,\"time", "Z\"",
					     "ops1",      "pid\":",    "kind\":\"", "\":\"",
					     ",\"prev\"", "prev\":\"", "\",\"sum",  "sum\":\"",
					     "\"}",       "\n" };
	const char *line = w->whole.p + w->line_at[k];
	size_t n = w->line_at[k + 1] - w->line_at[k];
	const char *part = parts[turn % (sizeof(parts) / sizeof(parts[0]))];
	const char *at = memmem(line, n, part, strlen(part));
	return at ? (size_t)(at - w->whole.p) : w->line_at[k] + turn % n;
}

static void spoil_bytes(const struct world *w, const char *name, struct buf *text, size_t k,
			unsigned turn)
{
	for (int bit = 0; bit < 8; bit += 3) {
		add_lines(text, w, 0, w->n_lines);
		text->p[place_in(w, k, turn)] ^= (char)(1 << bit);
		check_text(w, name, text, "a flipped bit", k, k + 1);
	}
	buf_add(text, w->whole.p, place_in(w, k, turn));
	check_text(w, name, text, "a cut inside", k, k + 1);
}

TEST(whatever_is_done_to_any_record_is_found_and_its_line_named)
{
	struct world w;
	struct buf text = BUF_INIT(FILE_MAX);
	unsigned turn = 0;
	begin_log(&w);
	CHECK(w.names.n > 10);

	for (size_t i = 0; i < w.names.n; i++) {
		take_segment(&w, w.names.v[i]);
		buf_add(&text, w.whole.p, w.whole.n);
		check_text(&w, w.names.v[i], &text, "nothing", 0, 0);
		for (size_t k = 0; k < w.n_lines; k++) {
			spoil_lines(&w, w.names.v[i], &text, k);
			spoil_bytes(&w, w.names.v[i], &text, k, turn++);
		}
	}
	CHECK(turn > RECORDS);
	buf_clear(&text);
	end_log(&w);
}

/* ---- the whole directory ---- */

struct found {
	char segment[SEGMENT_NAME_SIZE], why[1200];
	uint64_t line;
	unsigned bad, notes;
};

static void keep_bad(void *arg, const struct verify_report *rep)
{
	struct found *found = arg;
	found->notes += rep->verdict == VERDICT_NOTE;
	if (rep->verdict != VERDICT_BAD)
		return;
	if (found->bad++ > 0)
		return;
	(void)snprintf(found->segment, sizeof(found->segment), "%s", rep->segment);
	(void)snprintf(found->why, sizeof(found->why), "%s", rep->why);
	found->line = rep->bad_line;
}

static struct found judge_dir(const struct world *w, struct bytes checkpoints)
{
	struct found found = { 0 };
	struct verify_summary sum;
	struct err err = { 0 };
	const struct verify_spec spec = { .dir_fd = w->dir_fd,
					  .key = &w->key,
					  .checkpoints = checkpoints,
					  .each = keep_bad,
					  .arg = &found };
	if (verify_dir(&sum, &spec, &err) < 0) {
		found.bad++;
		(void)snprintf(found.why, sizeof(found.why), "%s", err.message);
	}
	return found;
}

static void sealed_path(char path[128], const char *name)
{
	char day[SEGMENT_DAY_SIZE];
	segment_day(day, name);
	(void)snprintf(path, 128, "%s/%s", day, name);
}

TEST(a_whole_segment_that_is_missing_is_named)
{
	struct world w;
	char path[128];
	begin_log(&w);
	struct found found = judge_dir(&w, buf_bytes(&w.f.notes));
	CHECK_INT(found.bad + found.notes, 0);
	CHECK_STR(found.why, "");

	for (size_t i = 0; i < w.names.n; i++) {
		sealed_path(path, w.names.v[i]);
		REQUIRE(renameat(w.dir_fd, path, w.dir_fd, "away") == 0);
		found = judge_dir(&w, (struct bytes){ 0 });
		CHECK_INT(found.bad, 1);
		CHECK_STR(found.segment, w.names.v[i]);
		CHECK(strstr(found.why, "missing: the ledger has this segment"));
		REQUIRE(renameat(w.dir_fd, "away", w.dir_fd, path) == 0);
	}
	end_log(&w);
}

static void put_file(const struct world *w, const char *name, const char *p, size_t n)
{
	int fd = openat(w->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	INVARIANT(fd >= 0 && write_whole(fd, (struct bytes){ p, n }, NULL) == 0);
	(void)close(fd);
}

static void take_file(const struct world *w, const char *name, struct buf *out)
{
	int fd = openat(w->dir_fd, name, O_RDONLY);
	INVARIANT(fd >= 0);
	read_all(out, fd);
}

TEST(whatever_is_done_to_the_ledger_or_its_checkpoint_is_found)
{
	struct world w;
	struct buf ledger = BUF_INIT(FILE_MAX), note = BUF_INIT(NOTES_MAX);
	begin_log(&w);
	take_file(&w, LEDGER_NAME, &ledger);
	take_file(&w, LEDGER_CHECKPOINT, &note);

	uint64_t line = 1;
	for (size_t i = 0; i < ledger.n; i++) {
		if (ledger.p[i] == '\n')
			line++;
		if (i % 53 != 0 || ledger.p[i] == '\n')
			continue;
		ledger.p[i] ^= 1;
		put_file(&w, LEDGER_NAME, ledger.p, ledger.n);
		struct found found = judge_dir(&w, (struct bytes){ 0 });
		CHECK_STR(found.segment, LEDGER_NAME);
		CHECK_INT(found.line, line);
		ledger.p[i] ^= 1;
	}
	put_file(&w, LEDGER_NAME, ledger.p, ledger.n);
	note.p[note.n / 2] ^= 1;
	put_file(&w, LEDGER_CHECKPOINT, note.p, note.n);
	CHECK_STR(judge_dir(&w, (struct bytes){ 0 }).segment, LEDGER_CHECKPOINT);
	REQUIRE(unlinkat(w.dir_fd, LEDGER_CHECKPOINT, 0) == 0);
	CHECK_STR(judge_dir(&w, (struct bytes){ 0 }).segment, LEDGER_CHECKPOINT);
	REQUIRE(unlinkat(w.dir_fd, LEDGER_NAME, 0) == 0);
	CHECK(strstr(judge_dir(&w, (struct bytes){ 0 }).why, "missing: there are sealed segments"));
	buf_clear(&ledger);
	buf_clear(&note);
	end_log(&w);
}

/* Set back as a whole, checkpoint included, the log agrees with itself: a copy kept elsewhere tells. */
TEST(a_log_that_was_set_back_is_found_by_a_checkpoint_that_was_kept)
{
	struct world w;
	struct buf ledger = BUF_INIT(FILE_MAX);
	struct bytes first, rest;
	begin_log(&w);
	take_file(&w, LEDGER_NAME, &ledger);
	rest = buf_bytes(&w.f.notes);
	REQUIRE(note_next(&first, &rest, NULL) == 1); /* two lines: log.open, ledger.open */
	const char *end = ledger.p;
	for (int i = 0; i < 2; i++)
		end = strchr(end, '\n') + 1;
	put_file(&w, LEDGER_NAME, ledger.p, (size_t)(end - ledger.p));
	put_file(&w, LEDGER_CHECKPOINT, first.p, first.n);

	struct found found = judge_dir(&w, buf_bytes(&w.f.notes));

	CHECK_STR(found.segment, LEDGER_NAME);
	CHECK_INT(found.line, 3);
	CHECK(strstr(found.why, "its end was cut off"));
	buf_clear(&ledger);
	end_log(&w);
}

/* ---- proofs ---- */

struct proofs {
	struct buf last;
	unsigned n;
	const struct world *w;
};

static bool is_of_run(void *arg, const struct record *r)
{
	(void)arg;
	const char *run = json_get_str(r->tree, "run");
	return run && strcmp(run, "r1") == 0;
}

static int check_proof(void *arg, struct bytes line, struct err *err)
{
	struct proofs *p = arg;
	struct record r;
	char segment[SEGMENT_NAME_SIZE];
	p->n++;
	p->last.n = 0;
	buf_add(&p->last, line.p, line.n);
	int rc = proof_check(&r, segment, line, &p->w->key, err);
	if (rc < 0)
		return rc;
	CHECK(is_of_run(NULL, &r));
	record_clear(&r);
	return 0;
}

TEST(every_record_of_a_run_is_proved_by_its_public_key_alone)
{
	struct world w;
	uint64_t uncovered = 1;
	struct err err = { 0 };
	begin_log(&w);
	struct proofs p = { .last = BUF_INIT(PROOF_MAX), .w = &w };
	const struct prove_spec spec = {
		.dir_fd = w.dir_fd, .key = &w.key, .want = is_of_run, .each = check_proof, .arg = &p
	};

	CHECK_INT(prove_records(&uncovered, &spec, &err), 0);

	CHECK_STR(err.message, "");
	CHECK_INT(uncovered, 0);
	CHECK_INT(p.n, 3 * RECORDS / 4);
	/* Flip a bit anywhere in a proof: it proves nothing any more, or still the same record. */
	struct record r, again;
	char segment[SEGMENT_NAME_SIZE];
	REQUIRE(proof_check(&r, segment, buf_bytes(&p.last), &w.key, NULL) == 0);
	for (size_t i = 0; i < p.last.n; i += 3) {
		p.last.p[i] ^= 2;
		if (proof_check(&again, segment, buf_bytes(&p.last), &w.key, NULL) == 0) {
			CHECK_STR(again.prev, r.prev);
			CHECK_INT(again.head.seq, r.head.seq);
			record_clear(&again);
		}
		p.last.p[i] ^= 2;
	}
	record_clear(&r);
	buf_clear(&p.last);
	end_log(&w);
}

TEST(each_checkpoint_continues_the_ones_before_it)
{
	struct world w;
	struct checkpoint first, last, c;
	struct merkle_path path;
	begin_log(&w);
	struct bytes note, rest = buf_bytes(&w.f.notes);
	REQUIRE(note_next(&note, &rest, NULL) == 1 && note_read(&first, note, &w.key, NULL) == 0);
	last = first;

	while (note_next(&note, &rest, NULL) == 1) {
		REQUIRE(note_read(&c, note, &w.key, NULL) == 0);
		CHECK_INT(prove_consistency(&path, w.dir_fd, &last, &c, NULL), 1);
		CHECK_INT(prove_consistency(&path, w.dir_fd, &first, &c, NULL), 1);
		last = c;
	}
	CHECK(last.size > first.size);
	first.root.b[0] ^= 1;
	CHECK_INT(prove_consistency(&path, w.dir_fd, &first, &last, NULL), 0);
	last.size++;
	CHECK_INT(prove_consistency(&path, w.dir_fd, &first, &last, NULL), -ERR_INVALID);
	end_log(&w);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(whatever_is_done_to_any_record_is_found_and_its_line_named),
		      TAP_CASE(a_whole_segment_that_is_missing_is_named),
		      TAP_CASE(whatever_is_done_to_the_ledger_or_its_checkpoint_is_found),
		      TAP_CASE(a_log_that_was_set_back_is_found_by_a_checkpoint_that_was_kept),
		      TAP_CASE(every_record_of_a_run_is_proved_by_its_public_key_alone),
		      TAP_CASE(each_checkpoint_continues_the_ones_before_it)));
}
