/* The commands audit verify, tail and show. */
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/segment.h"
#include "audit/show.h"
#include "base/whole.h"
#include "unit/scratch.h"

static const struct chain_writer writer = { .host = "ops1", .pid = 4711 };
static const int64_t start_ms = INT64_C(1795262400000);
static const char first[] = "20261121T120000000Z-4711-000000aa.jsonl";
static const char second[] = "20261121T120000500Z-4712-000000bb.jsonl";

struct fixture {
	char dir[SCRATCH_SIZE];
	int dir_fd;
	char *out, *err;
	size_t out_n, err_n;
};

/* A segment under construction. */
struct log {
	struct chain chain;
	struct buf lines;
};

static void add(struct log *log, int ms, const char *kind, const char *members)
{
	uint64_t seq = chain_append(&log->chain, &log->lines, &writer, start_ms + ms, kind,
				    bytes_str(members), NULL);
	INVARIANT(seq != 0);
}

static void save(const struct fixture *f, struct log *log, const char *name)
{
	int fd = openat(f->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	INVARIANT(fd >= 0 && write_whole(fd, buf_bytes(&log->lines), NULL) == 0);
	(void)close(fd);
	buf_clear(&log->lines);
}

static struct log new_log(const char *name, int ms)
{
	char members[128];
	struct log log = { .lines = BUF_INIT(1 << 20) };
	chain_init(&log.chain);
	(void)snprintf(members, sizeof(members), "\"segment\":\"%s\"", name);
	add(&log, ms, "log.open", members);
	return log;
}

/* Two segments whose records alternate in time. */
static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	scratch_begin(f->dir);
	f->dir_fd = audit_dir_open(f->dir, NULL);
	INVARIANT(f->dir_fd >= 0);
	struct log a = new_log(first, 0), b = new_log(second, 500);
	add(&a, 100, "run.start",
	    "\"run\":\"r1\",\"actor\":{\"type\":\"operator\",\"user\":\"ann\",\"uid\":0},"
	    "\"reason\":\"ticket 7\",\"runbook\":{\"path\":\"a.lua\",\"sha256\":\"00\"}");
	add(&a, 600, "call.intent",
	    "\"run\":\"r1\",\"step\":\"1\",\"reason\":\"ticket 7\","
	    "\"operation\":\"sfn.redrive_execution\",\"args\":{\"executionArn\":\"x\"},\"token\":"
	    "\"t-1\"");
	add(&b, 700, "run.start", "\"run\":\"r2\",\"reason\":\"\\u001b[2Jgone\"");
	add(&a, 800, "call.outcome", "\"run\":\"r1\",\"intent\":3,\"outcome\":\"ok\"");
	add(&a, 900, "log.close", "");
	add(&b, 1000, "log.close", "");
	save(f, &a, first);
	save(f, &b, second);
}

static void end(struct fixture *f)
{
	(void)close(f->dir_fd);
	scratch_end(f->dir);
	free(f->out);
	free(f->err);
}

/* Run `audit WORDS`; what it prints is in f->out and f->err. */
static int audit(struct fixture *f, const char *words)
{
	char line[256], *argv[16];
	int argc = 0;
	(void)snprintf(line, sizeof(line), "audit %s", words);
	for (char *p = line; p; argc++) {
		argv[argc] = p;
		p = strchr(p, ' ');
		if (p)
			*p++ = '\0';
	}
	free(f->out);
	free(f->err);
	FILE *out = open_memstream(&f->out, &f->out_n);
	FILE *err = open_memstream(&f->err, &f->err_n);
	INVARIANT(out && err);
	int status =
	    audit_command(argc, argv, &(struct audit_io){ .out = out, .err = err, .dir = f->dir });
	(void)fclose(out);
	(void)fclose(err);
	return status;
}

static void damage(struct fixture *f)
{
	char byte;
	int fd = openat(f->dir_fd, first, O_RDWR);
	INVARIANT(fd >= 0 && pread(fd, &byte, 1, 400) == 1);
	byte ^= 4;
	INVARIANT(pwrite(fd, &byte, 1, 400) == 1);
	(void)close(fd);
}

TEST(verify_sums_up_and_names_the_bad_record)
{
	struct fixture f;
	begin(&f);

	CHECK_INT(audit(&f, "verify"), AUDIT_GOOD);
	CHECK(strstr(f.out, "ok   20261121T120000000Z-4711-000000aa.jsonl: 5 records, 1 calls\n"));
	CHECK(strstr(f.out,
		     "verified: 2 segments, 8 records, 1 calls, 0 unknown outcomes, 0 notes, "
		     "0 bad segments\n"));
	CHECK_STR(f.err, "");

	damage(&f);
	CHECK_INT(audit(&f, "verify"), AUDIT_BAD);
	CHECK_STR(f.err, "20261121T120000000Z-4711-000000aa.jsonl:2: the sum does not match the "
			 "line: it was changed or torn (the line begins at byte 244)\n");
	CHECK(strstr(f.out, "NOT verified: 2 segments"));
	CHECK_INT(audit(&f, "verify --json"), AUDIT_BAD);
	CHECK(strstr(f.out,
		     "\"verdict\":\"bad\",\"records\":1,\"calls\":0,\"unknown\":0,\"open\":0,"
		     "\"writer\":\"gone\",\"badLine\":2,\"badByte\":244,\"why\":\"the sum"));
	end(&f);
}

TEST(what_cannot_be_read_is_bad_and_the_rest_is_judged)
{
	static const char fifo[] = "1.jsonl", loop[] = "3\x1b\"[2J.jsonl";
	struct fixture f;
	begin(&f);
	REQUIRE(mkfifoat(f.dir_fd, fifo, 0600) == 0 && symlinkat(loop, f.dir_fd, loop) == 0);

	CHECK_INT(audit(&f, "verify"), AUDIT_BAD);
	CHECK(strstr(f.err, "1.jsonl: it is not a regular file\n"));
	CHECK(strstr(f.err, "3\\u001b\"[2J.jsonl"));
	CHECK(!strchr(f.err, '\x1b') && !strchr(f.out, '\x1b'));
	CHECK(strstr(f.out, "NOT verified: 4 segments, 8 records"));
	CHECK(strstr(f.out, "2 bad segments"));
	CHECK_INT(audit(&f, "verify --json"), AUDIT_BAD);
	CHECK(strstr(f.out, "{\"segment\":\"3\\u001b\\\"[2J.jsonl\",\"verdict\":\"bad\""));
	CHECK_INT(audit(&f, "tail"), AUDIT_BAD);
	CHECK(strstr(f.err, "not a regular file"));
	CHECK_INT(audit(&f, "show"), AUDIT_BAD);
	end(&f);
}

TEST(strict_does_not_let_notes_pass)
{
	struct fixture f;
	begin(&f);
	struct log a = new_log(first, 0);
	add(&a, 1, "call.intent", "");
	save(&f, &a, first);

	CHECK_INT(audit(&f, "verify"), AUDIT_GOOD);
	CHECK(strstr(f.out, "note 20261121T120000000Z"));
	CHECK(strstr(f.out, "not closed: its writer died, 1 calls have no outcome"));
	CHECK_INT(audit(&f, "verify --strict"), AUDIT_BAD);
	end(&f);
}

TEST(tail_orders_by_time_over_all_segments)
{
	struct fixture f;
	begin(&f);

	CHECK_INT(audit(&f, "tail -n 4"), AUDIT_GOOD);
	CHECK_STR(f.out,
		  "2026-11-21T12:00:00.700Z run.start 000000bb:2 run=r2 reason=\\u001b[2Jgone\n"
		  "2026-11-21T12:00:00.800Z call.outcome 000000aa:4 run=r1 intent=3 outcome=ok\n"
		  "2026-11-21T12:00:00.900Z log.close 000000aa:5\n"
		  "2026-11-21T12:00:01.000Z log.close 000000bb:3\n");
	CHECK_INT(audit(&f, "tail -n 0"), AUDIT_GOOD);
	CHECK_STR(f.out, "");
	CHECK_INT(audit(&f, "tail"), AUDIT_GOOD);
	CHECK(strstr(f.out, " run.start 000000aa:2 run=r1 runbook=a.lua actor=operator:ann "
			    "reason=\"ticket 7\"\n"));
	CHECK_INT(strncmp(f.out, "2026-11-21T12:00:00.000Z log.open 000000aa:1", 44), 0);
	end(&f);
}

TEST(show_finds_a_record_and_a_run)
{
	struct fixture f;
	begin(&f);

	CHECK_INT(audit(&f, "show aa:3"), AUDIT_GOOD);
	CHECK_STR(f.out, "000000aa:3 call.intent\n"
			 "  time: 2026-11-21T12:00:00.600Z\n"
			 "  written by: process 4711 on ops1\n"
			 "  run: r1\n"
			 "  step: 1\n"
			 "  reason: ticket 7\n"
			 "  operation: sfn.redrive_execution\n"
			 "  args: {\"executionArn\":\"x\"}\n"
			 "  token: t-1\n");
	CHECK_INT(audit(&f, "show --json --run r2"), AUDIT_GOOD);
	CHECK_INT(strncmp(f.out, "{\"v\":1,\"seq\":2,\"time\":\"2026-11-21T12:00:00.700Z\",", 49),
		  0);
	CHECK(strchr(f.out, '\n') == f.out + f.out_n - 1); /* one line */
	CHECK_INT(audit(&f, "show --run r3"), AUDIT_BAD);
	CHECK(strstr(f.err, "no such record in scratch-"));
	CHECK_INT(audit(&f, "show 000000:3"), AUDIT_BAD);
	CHECK_STR(f.err, "runbook audit: 2 segments fit the name 000000\n");

	damage(&f);
	CHECK_INT(audit(&f, "show"), AUDIT_BAD);
	CHECK(strstr(f.err, "000000aa.jsonl:2: the sum does not match"));
	CHECK(strstr(f.out, "000000bb:2 run.start\n"));
	end(&f);
}

TEST(what_is_misspelt_is_named)
{
	struct fixture f;
	begin(&f);

	CHECK_INT(audit(&f, "verfy"), AUDIT_USAGE);
	CHECK_INT(strncmp(f.err, "runbook audit: there is no command 'verfy'\nusage: ", 50), 0);
	CHECK_INT(audit(&f, "verify -f"), AUDIT_USAGE);
	CHECK(strstr(f.err, "verify has no option '-f'"));
	CHECK_INT(audit(&f, "tail -n"), AUDIT_USAGE);
	CHECK(strstr(f.err, "a value is missing behind -n"));
	CHECK_INT(audit(&f, "tail -n -1"), AUDIT_USAGE);
	CHECK(strstr(f.err, "-n takes a number from 0 to 100000, not '-1'"));
	CHECK_INT(audit(&f, "verify a b"), AUDIT_USAGE);
	CHECK(strstr(f.err, "one word too many: 'b'"));
	CHECK_INT(audit(&f, "verify /no/such/dir"), AUDIT_BAD);
	CHECK(strstr(f.err, "/no/such/dir: cannot open the directory: No such file"));
	end(&f);
}

static bool reads(FILE *in, const char *want)
{
	char line[512];
	return fgets(line, sizeof(line), in) && strstr(line, want);
}

TEST(tail_f_follows_old_and_new_segments)
{
	struct fixture f;
	struct segment s;
	int ends[2], status;
	struct log c = { .lines = BUF_INIT(1 << 20) };
	char name[SEGMENT_NAME_SIZE], members[128];
	begin(&f);
	REQUIRE(pipe(ends) == 0);
	pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		char words[5][8] = { "audit", "tail", "-f", "-n", "1" };
		char *argv[] = { words[0], words[1], words[2], words[3], words[4], f.dir };
		FILE *out = fdopen(ends[1], "w");
		(void)close(ends[0]);
		if (out)
			(void)audit_command(6, argv, &(struct audit_io){ .out = out, .err = out });
		_exit(1);
	}
	(void)close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	REQUIRE(in);
	CHECK(reads(in, "log.close 000000bb:3"));

	segment_name(name, start_ms + 2000, 1);
	chain_init(&c.chain);
	(void)snprintf(members, sizeof(members), "\"segment\":\"%s\"", name);
	add(&c, 2000, "log.open", members);
	CHECK_INT(segment_create(&s, f.dir_fd, name, buf_bytes(&c.lines), NULL), 0);
	CHECK(reads(in, " log.open "));
	c.lines.n = 0;
	add(&c, 2001, "run.start", "\"run\":\"r9\"");
	struct bytes line = buf_bytes(&c.lines);
	CHECK_INT(segment_write(&s, (struct bytes){ line.p, 10 }, NULL), 0); /* half a line */
	CHECK_INT(segment_write(&s, (struct bytes){ line.p + 10, line.n - 10 }, NULL), 0);
	CHECK(reads(in, "run=r9"));

	(void)kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid);
	segment_close(&s);
	(void)fclose(in);
	buf_clear(&c.lines);
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(verify_sums_up_and_names_the_bad_record),
				 TAP_CASE(what_cannot_be_read_is_bad_and_the_rest_is_judged),
				 TAP_CASE(strict_does_not_let_notes_pass),
				 TAP_CASE(tail_orders_by_time_over_all_segments),
				 TAP_CASE(show_finds_a_record_and_a_run),
				 TAP_CASE(what_is_misspelt_is_named),
				 TAP_CASE(tail_f_follows_old_and_new_segments)));
}
