/* Whole audit directories: what verify finds, and what recovery makes of a dead writer's segment. */
#include "tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/ledger.h"
#include "audit/recover.h"
#include "audit/verify.h"
#include "base/whole.h"
#include "unit/scratch.h"

enum { FILE_MAX = 1 << 20, LINES_MAX = 1024 };

/* `test_audit_dir long` flips a longer log: minutes instead of a second. */
static int calls_to_flip = 10;

static const struct chain_writer writer = { .host = "ops1", .pid = 4711 };
static const int64_t start_ms = INT64_C(1795262400000);

/* A directory of its own for each test, and what verify says of it. */
struct fixture {
	char path[SCRATCH_SIZE];
	int dir_fd;
	char name[SEGMENT_NAME_SIZE];
	struct chain chain;
	struct buf lines; /* the segment as it was written */
	int64_t line_at[LINES_MAX];
	int n_lines;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ .lines = BUF_INIT(FILE_MAX) };
	scratch_begin(f->path);
	f->dir_fd = audit_dir_open(f->path, NULL);
	INVARIANT(f->dir_fd >= 0);
	segment_name(f->name, start_ms, writer.pid);
	chain_init(&f->chain);
}

static void end(struct fixture *f)
{
	(void)close(f->dir_fd);
	scratch_end(f->path);
	buf_clear(&f->lines);
}

static uint64_t add(struct fixture *f, const char *kind, const char *members)
{
	f->line_at[f->n_lines++] = (int64_t)f->lines.n;
	uint64_t seq = chain_append(&f->chain, &f->lines, &writer, start_ms + f->n_lines, kind,
				    bytes_str(members), NULL);
	INVARIANT(seq != 0);
	return seq;
}

static void open_log(struct fixture *f)
{
	char members[128];
	(void)snprintf(members, sizeof(members), "\"segment\":\"%s\"", f->name);
	(void)add(f, "log.open", members);
}

/* Put these bytes in the segment's place. Not by O_TRUNC: ext4 then syncs at every close. */
static void put(const struct fixture *f, const char *p, size_t n)
{
	int fd = openat(f->dir_fd, f->name, O_WRONLY | O_CREAT, 0600);
	INVARIANT(fd >= 0);
	INVARIANT(write_whole(fd, (struct bytes){ p, n }, NULL) == 0);
	INVARIANT(ftruncate(fd, (off_t)n) == 0);
	(void)close(fd);
}

/* A short log with calls, cleanly closed unless told otherwise. */
static void write_log(struct fixture *f, bool close_it)
{
	open_log(f);
	(void)add(f, "run.start", "\"run\":\"r1\",\"runbook\":\"a.lua\"");
	(void)add(f, "call.intent",
		  "\"run\":\"r1\",\"step\":\"1\",\"operation\":\"sfn.describe_map_run\"");
	(void)add(f, "call.outcome", "\"intent\":3,\"outcome\":\"ok\",\"latencyUs\":5123");
	(void)add(f, "call.intent",
		  "\"run\":\"r1\",\"step\":\"2\",\"operation\":\"sfn.redrive_execution\","
		  "\"token\":\"t-1\",\"args\":{\"executionArn\":\"\\u00e9\\n\"}");
	(void)add(f, "call.outcome",
		  "\"intent\":5,\"outcome\":\"error\",\"code\":\"ExecutionNotRedrivable\"");
	(void)add(f, "run.end", "\"run\":\"r1\",\"state\":\"failed\"");
	if (close_it)
		(void)add(f, "log.close", "");
	put(f, f->lines.p, f->lines.n);
}

struct found {
	struct verify_summary sum;
	enum verdict verdict;
	uint64_t records, bad_line, open_calls;
	char why[1200];
};

static void keep_report(void *arg, const struct verify_report *rep)
{
	struct found *found = arg;
	found->verdict = rep->verdict;
	found->records = rep->records;
	found->bad_line = rep->bad_line;
	found->open_calls = rep->open_calls;
	(void)snprintf(found->why, sizeof(found->why), "%s", rep->why);
}

static struct found verify(const struct fixture *f)
{
	struct found found = { 0 };
	struct err err = { 0 };
	if (verify_dir(
		&found.sum,
		&(struct verify_spec){ .dir_fd = f->dir_fd, .each = keep_report, .arg = &found },
		&err) != 0) {
		found.verdict = VERDICT_BAD;
		(void)snprintf(found.why, sizeof(found.why), "%s", err.message);
	}
	return found;
}

static int recover(const struct fixture *f, struct recovered *out, struct err *err)
{
	const struct chain_writer other = { .host = "ops1", .pid = 4712 };
	return recover_dir(out, &(struct recover_spec){ .dir_fd = f->dir_fd, .writer = other },
			   err);
}

TEST(a_clean_log_verifies)
{
	struct fixture f;
	begin(&f);
	write_log(&f, true);

	struct found found = verify(&f);

	CHECK_INT(found.verdict, VERDICT_OK);
	CHECK_STR(found.why, "");
	CHECK_INT(found.sum.segments, 1);
	CHECK_INT(found.sum.records, 8);
	CHECK_INT(found.sum.calls, 2);
	CHECK_INT(found.sum.unknown, 0);
	end(&f);
}

static void write_byte(const struct fixture *f, int fd, size_t at, char byte)
{
	INVARIANT(at < f->lines.n && pwrite(fd, &byte, 1, (off_t)at) == 1);
}

TEST(a_flipped_bit_in_any_byte_is_found_and_its_line_named)
{
	struct fixture f;
	char outcome[64];
	int missed = 0, misplaced = 0, line = 0;
	begin(&f);
	open_log(&f);
	for (int i = 0; i < calls_to_flip; i++) {
		uint64_t seq = add(&f, "call.intent", "\"run\":\"r1\",\"args\":{\"n\":1.50}");
		(void)snprintf(outcome, sizeof(outcome), "\"intent\":%d,\"outcome\":\"ok\"",
			       (int)seq);
		(void)add(&f, "call.outcome", outcome);
	}
	(void)add(&f, "log.close", "");
	put(&f, f.lines.p, f.lines.n);
	int fd = openat(f.dir_fd, f.name, O_WRONLY);
	REQUIRE(fd >= 0);

	for (size_t i = 0; i < f.lines.n; i++) {
		while (line < f.n_lines && f.line_at[line] <= (int64_t)i)
			line++;
		write_byte(&f, fd, i, (char)(f.lines.p[i] ^ (1 << i % 8)));
		struct found found = verify(&f);
		write_byte(&f, fd, i, f.lines.p[i]);
		missed += found.verdict != VERDICT_BAD;
		misplaced += found.bad_line != (uint64_t)line;
	}

	CHECK_INT(missed, 0);
	CHECK_INT(misplaced, 0);
	CHECK_INT(verify(&f).verdict, VERDICT_OK);
	(void)close(fd);
	end(&f);
}

TEST(a_log_cut_anywhere_is_noticed)
{
	struct fixture f;
	begin(&f);
	write_log(&f, true);
	int wrong = 0;

	for (size_t n = 0; n < f.lines.n; n++) {
		bool at_end_of_line = n > 0 && f.lines.p[n - 1] == '\n';
		put(&f, f.lines.p, n);
		struct found found = verify(&f);
		wrong += found.verdict != (at_end_of_line ? VERDICT_NOTE : VERDICT_BAD);
	}

	CHECK_INT(wrong, 0);
	end(&f);
}

/* Write the lines in this order (1-based); 0 ends the list. */
static struct found reordered(struct fixture *f, const int *order)
{
	struct buf b = BUF_INIT(FILE_MAX);
	for (; *order; order++) {
		int64_t from = f->line_at[*order - 1];
		int64_t to = *order < f->n_lines ? f->line_at[*order] : (int64_t)f->lines.n;
		buf_add(&b, f->lines.p + from, (size_t)(to - from));
	}
	put(f, b.p, b.n);
	buf_clear(&b);
	return verify(f);
}

TEST(lines_deleted_doubled_or_swapped_are_found)
{
	struct fixture f;
	begin(&f);
	write_log(&f, true);
	struct found found;

	found = reordered(&f, (const int[]){ 1, 2, 3, 4, 5, 6, 7, 8, 0 });
	CHECK_INT(found.verdict, VERDICT_OK);
	found = reordered(&f, (const int[]){ 1, 2, 4, 5, 6, 7, 8, 0 });
	CHECK_INT(found.verdict, VERDICT_BAD);
	CHECK_INT(found.bad_line, 3);
	CHECK_STR(found.why, "its sequence number is 4, 3 was expected");
	found = reordered(&f, (const int[]){ 1, 2, 3, 3, 4, 5, 6, 7, 8, 0 });
	CHECK_INT(found.bad_line, 4);
	found = reordered(&f, (const int[]){ 1, 2, 4, 3, 5, 6, 7, 8, 0 });
	CHECK_INT(found.bad_line, 3);
	found = reordered(&f, (const int[]){ 2, 3, 4, 5, 6, 7, 8, 0 });
	CHECK_INT(found.bad_line, 1);
	found = reordered(&f, (const int[]){ 1, 2, 3, 4, 5, 6, 7, 8, 8, 0 });
	CHECK_INT(found.bad_line, 9);
	CHECK_STR(found.why, "it follows log.close, which must be the last");
	end(&f);
}

TEST(a_copied_segment_is_found)
{
	struct fixture f;
	begin(&f);
	write_log(&f, true);
	struct fixture copy = f;
	segment_name(copy.name, start_ms + 1000, writer.pid);
	put(&copy, f.lines.p, f.lines.n);

	struct found found = verify(&f);

	CHECK_INT(found.sum.bad, 1);
	CHECK(strstr(found.why, "this file is a copy"));
	end(&f);
}

TEST(a_living_writers_segment_is_fine_half_a_line_included)
{
	struct fixture f;
	struct segment s;
	begin(&f);
	write_log(&f, false);
	REQUIRE(segment_claim(&s, f.dir_fd, f.name, NULL) == 1);

	CHECK_INT(verify(&f).verdict, VERDICT_OK);
	REQUIRE(segment_write(&s, BYTES_LIT("{\"v\":1,\"seq\":"), NULL) == 0);
	CHECK_INT(verify(&f).verdict, VERDICT_OK);
	struct recovered rec;
	CHECK_INT(recover(&f, &rec, NULL), 0);
	CHECK_INT(rec.segments, 0);

	segment_close(&s);
	CHECK_INT(verify(&f).verdict, VERDICT_BAD);
	end(&f);
}

TEST(a_dead_writers_open_calls_become_unknown)
{
	struct fixture f;
	struct recovered rec;
	begin(&f);
	open_log(&f);
	(void)add(&f, "call.intent", "\"run\":\"r1\",\"operation\":\"sfn.describe_map_run\"");
	(void)add(&f, "call.intent",
		  "\"run\":\"r1\",\"step\":\"2\",\"operation\":\"sfn.redrive_execution\","
		  "\"token\":\"t-1\",\"args\":{}");
	(void)add(&f, "call.outcome", "\"intent\":2,\"outcome\":\"ok\"");
	put(&f, f.lines.p, f.lines.n);
	struct found before = verify(&f);
	CHECK_INT(before.verdict, VERDICT_NOTE);
	CHECK_INT(before.open_calls, 1);

	REQUIRE(recover(&f, &rec, NULL) == 0);

	CHECK_INT(rec.segments, 1);
	CHECK_INT(rec.unknown_calls, 1);
	struct found after = verify(&f);
	CHECK_INT(after.verdict, VERDICT_OK);
	CHECK_INT(after.records, 7); /* log.recover, call.outcome, log.close */
	CHECK_INT(after.sum.unknown, 1);
	char text[FILE_MAX / 64] = "";
	int fd = openat(f.dir_fd, f.name, O_RDONLY);
	CHECK(pread(fd, text, sizeof(text) - 1, (off_t)f.lines.n) > 0);
	(void)close(fd);
	CHECK(strstr(text, "\"kind\":\"log.recover\",\"torn_bytes\":0,"));
	CHECK(strstr(text, "\"intent\":3,\"outcome\":\"unknown\","));
	CHECK(strstr(text, "\"run\":\"r1\",\"step\":\"2\",\"operation\":\"sfn.redrive_execution\","
			   "\"token\":\"t-1\",\"prev\""));

	REQUIRE(recover(&f, &rec, NULL) == 0); /* nothing is left to do */
	CHECK_INT(rec.segments, 0);
	CHECK_INT(verify(&f).records, 7);
	end(&f);
}

static int64_t file_size(const struct fixture *f, const char *suffix)
{
	char name[128];
	struct stat st;
	(void)snprintf(name, sizeof(name), "%s%s", f->name, suffix);
	return fstatat(f->dir_fd, name, &st, 0) == 0 ? st.st_size : -1;
}

TEST(a_torn_end_is_set_aside_whole_and_named)
{
	struct fixture f;
	struct recovered rec;
	begin(&f);
	write_log(&f, false);
	size_t torn = f.lines.n - (size_t)f.line_at[6] - 10;
	put(&f, f.lines.p, f.lines.n - 10); /* the last line lacks its end */

	REQUIRE(recover(&f, &rec, NULL) == 0);

	CHECK_INT(rec.torn_bytes, (int64_t)torn);
	CHECK_INT(file_size(&f, ".torn"), (int64_t)torn);
	CHECK_INT(verify(&f).verdict, VERDICT_OK);
	end(&f);
}

TEST(a_torn_end_that_was_tampered_with_is_found)
{
	struct fixture f;
	struct recovered rec;
	char name[128];
	begin(&f);
	write_log(&f, false);
	put(&f, f.lines.p, f.lines.n - 10);
	REQUIRE(recover(&f, &rec, NULL) == 0);
	(void)snprintf(name, sizeof(name), "%s.torn", f.name);
	int fd = openat(f.dir_fd, name, O_WRONLY | O_APPEND);
	REQUIRE(write_whole(fd, BYTES_LIT("x"), NULL) == 0);
	(void)close(fd);

	struct found found = verify(&f);
	CHECK_INT(found.verdict, VERDICT_BAD);
	CHECK(strstr(found.why, ".torn that was set aside is not the recorded one"));
	CHECK_INT(unlinkat(f.dir_fd, name, 0), 0);
	CHECK(strstr(verify(&f).why, ".torn that was set aside is missing"));
	end(&f);
}

/* Recovery dies after each of its steps: whatever it left, the next one ends well. */
TEST(recovery_can_be_interrupted_anywhere)
{
	struct fixture f;
	struct recovered rec;
	char whole[FILE_MAX / 16];
	begin(&f);
	open_log(&f);
	(void)add(&f, "call.intent", "\"run\":\"r1\"");
	(void)add(&f, "call.intent", "\"run\":\"r2\"");
	buf_adds(&f.lines, "{\"v\":1,\"half");
	put(&f, f.lines.p, f.lines.n);
	REQUIRE(recover(&f, &rec, NULL) == 0);
	int fd = openat(f.dir_fd, f.name, O_RDONLY);
	ssize_t size = read(fd, whole, sizeof(whole));
	(void)close(fd);
	REQUIRE(size > (ssize_t)f.lines.n);
	size_t good = f.lines.n - strlen("{\"v\":1,\"half");

	for (size_t n = good; n < (size_t)size; n += 13) { /* every one takes four syncs */
		char torn[4][128];
		put(&f, whole, n);
		CHECK_INT(recover(&f, &rec, NULL), 0);
		struct found found = verify(&f);
		CHECK_INT(found.verdict, VERDICT_OK);
		CHECK_INT(found.sum.calls, 2);
		CHECK_INT(found.sum.unknown, 2);
		CHECK_INT(file_size(&f, ".torn"), 12);
		for (unsigned nth = 2; nth < 4; nth++) {
			(void)snprintf(torn[nth], sizeof(torn[nth]), "%s.torn.%u", f.name, nth);
			(void)unlinkat(f.dir_fd, torn[nth], 0);
		}
	}
	end(&f);
}

TEST(copying_and_cutting_the_torn_end_can_be_interrupted_between)
{
	struct fixture f;
	struct recovered rec;
	char name[128];
	begin(&f);
	write_log(&f, false);
	put(&f, f.lines.p, f.lines.n - 10);
	(void)snprintf(name, sizeof(name), "%s.torn", f.name);
	int fd = openat(f.dir_fd, name, O_WRONLY | O_CREAT, 0600);
	struct bytes torn = { f.lines.p + f.line_at[6], f.lines.n - 10 - (size_t)f.line_at[6] };
	REQUIRE(write_whole(fd, torn, NULL) == 0);
	(void)close(fd);

	REQUIRE(recover(&f, &rec, NULL) == 0);

	CHECK_INT(file_size(&f, ".torn.2"), -1);
	CHECK_INT(verify(&f).verdict, VERDICT_OK);
	end(&f);
}

TEST(damage_before_the_end_stops_recovery)
{
	struct fixture f;
	struct recovered rec;
	struct err err = { 0 };
	begin(&f);
	write_log(&f, false);
	f.lines.p[f.line_at[2] + 70] ^= 1;
	put(&f, f.lines.p, f.lines.n);

	CHECK_INT(recover(&f, &rec, &err), -ERR_INVALID);

	CHECK(strstr(err.message, f.name));
	CHECK(strstr(err.message, "is damaged at line 3: the sum does not match"));
	CHECK_INT(file_size(&f, ""), (int64_t)f.lines.n);
	CHECK_INT(file_size(&f, ".torn"), -1);
	put(&f, "", 0);
	CHECK_INT(recover(&f, &rec, &err), -ERR_INVALID);
	CHECK(strstr(err.message, "the segment is empty"));
	end(&f);
}

/* Recover with a ledger, so that what is closed is sealed. */
static int recover_and_seal(const struct fixture *f, struct recovered *out)
{
	char key[96], public[96];
	struct ledger *ledger;
	struct err err = { 0 };
	(void)snprintf(key, sizeof(key), "%s/key", f->path);
	(void)snprintf(public, sizeof(public), "%s/pub", f->path);
	const struct ledger_spec spec = {
		.dir_fd = f->dir_fd, .key_file = key, .public_file = public, .writer = writer
	};
	INVARIANT(ledger_open(&ledger, &spec, &err) == 0);
	int rc = recover_dir(
	    out, &(struct recover_spec){ .dir_fd = f->dir_fd, .ledger = ledger, .writer = writer },
	    &err);
	ledger_close(ledger);
	return rc;
}

TEST(a_closed_segment_is_sealed_and_not_looked_at_again)
{
	struct fixture f;
	struct recovered done;
	struct segment_names open;
	begin(&f);
	write_log(&f, true);
	CHECK_INT(recover_and_seal(&f, &done), 0);
	CHECK_INT(done.segments, 0);
	CHECK(segment_list_open(&open, f.dir_fd, NULL) == 0);
	CHECK_INT(open.n, 0);
	segment_names_clear(&open);
	CHECK_INT(verify(&f).verdict, VERDICT_OK);

	char path[96];
	(void)snprintf(path, sizeof(path), "2026-11-21/%s", f.name);
	int fd = openat(f.dir_fd, path, O_WRONLY);
	REQUIRE(fd >= 0 || geteuid() != 0);
	if (fd >= 0) { /* by root: others may not even open it */
		CHECK(pwrite(fd, "spoilt\n", 7, 0) == 7);
		(void)close(fd);
		CHECK_INT(recover_and_seal(&f, &done), 0); /* did not look */
		CHECK_INT(verify(&f).verdict, VERDICT_BAD);
	}
	end(&f);
}

TEST(a_line_without_end_does_not_take_memory_without_end)
{
	struct fixture f;
	struct recovered rec;
	begin(&f);
	write_log(&f, false);
	put(&f, f.lines.p, f.lines.n);
	int fd = openat(f.dir_fd, f.name, O_WRONLY);
	off_t size = (off_t)f.lines.n + 5 * (off_t)RECORD_LINE_MAX + 17;
	REQUIRE(ftruncate(fd, size) == 0); /* five megabytes of NUL */
	(void)close(fd);

	struct found found = verify(&f);
	CHECK_INT(found.bad_line, 8);
	CHECK(strstr(found.why, "the line is longer than 1048576 bytes"));
	REQUIRE(recover(&f, &rec, NULL) == 0);
	CHECK_INT(rec.torn_bytes, size - (off_t)f.lines.n);
	CHECK_INT(verify(&f).verdict, VERDICT_OK);
	end(&f);
}

TEST(names_sort_by_time)
{
	char name[SEGMENT_NAME_SIZE];
	segment_name(name, start_ms + 42, 7);
	CHECK(strncmp(name, "20261121T120000042Z-7-", 22) == 0);
	CHECK_STR(name + 22 + 8, ".jsonl");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "long") == 0)
		calls_to_flip = 150;
	return tap_run(
	    TAP_CASES(TAP_CASE(a_clean_log_verifies),
		      TAP_CASE(a_flipped_bit_in_any_byte_is_found_and_its_line_named),
		      TAP_CASE(a_log_cut_anywhere_is_noticed),
		      TAP_CASE(lines_deleted_doubled_or_swapped_are_found),
		      TAP_CASE(a_copied_segment_is_found),
		      TAP_CASE(a_living_writers_segment_is_fine_half_a_line_included),
		      TAP_CASE(a_dead_writers_open_calls_become_unknown),
		      TAP_CASE(a_torn_end_is_set_aside_whole_and_named),
		      TAP_CASE(a_torn_end_that_was_tampered_with_is_found),
		      TAP_CASE(recovery_can_be_interrupted_anywhere),
		      TAP_CASE(copying_and_cutting_the_torn_end_can_be_interrupted_between),
		      TAP_CASE(damage_before_the_end_stops_recovery),
		      TAP_CASE(a_closed_segment_is_sealed_and_not_looked_at_again),
		      TAP_CASE(a_line_without_end_does_not_take_memory_without_end),
		      TAP_CASE(names_sort_by_time)));
}
