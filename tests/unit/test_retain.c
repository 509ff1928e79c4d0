/* Retention: what is old, sealed and settled goes; nothing else does, and the rest verifies. */
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#include "audit/recover.h"
#include "audit/retain.h"
#include "audit/verify.h"
#include "base/whole.h"
#include "unit/scratch.h"

static const struct chain_writer writer = { .host = "ops1", .pid = 4711 };
static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
static const int64_t start_ms = INT64_C(1795262400000); /* 2026-11-21T12:00 */

struct fixture {
	char path[SCRATCH_SIZE], key[SCRATCH_SIZE + 8], public[SCRATCH_SIZE + 8];
	int dir_fd;
	struct ledger *ledger;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	scratch_begin(f->path);
	(void)snprintf(f->key, sizeof(f->key), "%s/key", f->path);
	(void)snprintf(f->public, sizeof(f->public), "%s/pub", f->path);
	f->dir_fd = audit_dir_open(f->path, NULL);
	INVARIANT(f->dir_fd >= 0);
	const struct ledger_spec spec = {
		.dir_fd = f->dir_fd, .key_file = f->key, .public_file = f->public, .writer = writer
	};
	INVARIANT(ledger_open(&f->ledger, &spec, NULL) == 0);
}

static void end(struct fixture *f)
{
	ledger_close(f->ledger);
	(void)close(f->dir_fd);
	scratch_end(f->path);
}

/* A segment of that day whose one call ends so; NULL: it has no outcome. */
static void write_segment(const struct fixture *f, int64_t day, const char *outcome,
			  const char *more)
{
	char name[SEGMENT_NAME_SIZE], m[200];
	struct chain chain;
	struct buf lines = BUF_INIT(1 << 16);
	int64_t now = start_ms + day * day_ms;
	segment_name(name, now, 1);
	chain_init(&chain);
	int n = snprintf(m, sizeof(m), "\"segment\":\"%s\"", name);
	(void)chain_append(&chain, &lines, &writer, now, "log.open", (struct bytes){ m, (size_t)n },
			   NULL);
	(void)chain_append(&chain, &lines, &writer, now, "call.intent", BYTES_LIT(""), NULL);
	n = snprintf(m, sizeof(m), "\"intent\":2,\"outcome\":\"%s\"", outcome ? outcome : "");
	if (outcome)
		(void)chain_append(&chain, &lines, &writer, now, "call.outcome",
				   (struct bytes){ m, (size_t)n }, NULL);
	(void)chain_append(&chain, &lines, &writer, now, "log.close", bytes_str(more), NULL);
	int fd = openat(f->dir_fd, name, O_WRONLY | O_CREAT, 0600);
	INVARIANT(fd >= 0 && write_whole(fd, buf_bytes(&lines), NULL) == 0);
	(void)close(fd);
	buf_clear(&lines);
}

static void seal_all(const struct fixture *f)
{
	struct recovered done;
	INVARIANT(recover_dir(&done,
			      &(struct recover_spec){
				  .dir_fd = f->dir_fd, .ledger = f->ledger, .writer = writer },
			      NULL) == 0);
}

static uint64_t retain(const struct fixture *f, int64_t day, int64_t keep_days)
{
	uint64_t removed = 99;
	const struct retain_spec spec = { .dir_fd = f->dir_fd,
					  .ledger = f->ledger,
					  .keep_ms = keep_days * day_ms,
					  .now_ms = start_ms + day * day_ms };
	CHECK_INT(retain_dir(&removed, &spec, NULL), 0);
	return removed;
}

static void no_report(void *arg, const struct verify_report *rep)
{
	(void)arg;
	if (rep->verdict == VERDICT_BAD)
		TAP_NOTE("%s: %s", rep->segment, rep->why);
}

static struct verify_summary verify(const struct fixture *f)
{
	struct verify_summary sum = { .bad = 1 };
	const struct verify_spec spec = { .dir_fd = f->dir_fd, .each = no_report };
	CHECK_INT(verify_dir(&sum, &spec, NULL), 0);
	return sum;
}

TEST(a_day_goes_when_it_is_over_for_longer_than_it_is_kept)
{
	struct fixture f;
	begin(&f);
	write_segment(&f, 0, "ok", "");
	write_segment(&f, 1, "error", "");
	seal_all(&f);
	CHECK_INT(verify(&f).segments, 2);

	CHECK_INT(retain(&f, 400, 0), 0); /* kept for ever */
	CHECK_INT(retain(&f, 10, 10), 0); /* its day ended 9.5 days ago */
	CHECK_INT(unlinkat(f.dir_fd, "retention", 0), 0);
	CHECK_INT(retain(&f, 10, 9), 1);

	struct verify_summary sum = verify(&f);
	CHECK_INT(sum.segments, 1);
	CHECK_INT(sum.bad, 0);
	CHECK(faccessat(f.dir_fd, "2026-11-21", F_OK, 0) != 0);
	end(&f);
}

TEST(what_is_not_settled_or_not_sealed_stays)
{
	struct fixture f;
	begin(&f);
	write_segment(&f, 0, "unknown", "");
	write_segment(&f, 1, NULL, "");
	write_segment(&f, 2, "ok", "");
	seal_all(&f);
	write_segment(&f, 3, "ok", "");

	CHECK_INT(retain(&f, 400, 30), 1);

	CHECK_INT(verify(&f).segments, 3);
	CHECK_INT(verify(&f).bad, 0);
	end(&f);
}

TEST(it_is_done_once_a_day)
{
	struct fixture f;
	begin(&f);
	CHECK_INT(retain(&f, 400, 30), 0);
	write_segment(&f, 0, "ok", "");
	seal_all(&f);
	/* the mark's time is this machine's: only a time after it, within the day, is "today" */
	struct retain_spec spec = { .dir_fd = f.dir_fd,
				    .ledger = f.ledger,
				    .keep_ms = day_ms,
				    .now_ms = start_ms + 1000 * day_ms };
	uint64_t removed = 0;
	struct stat st;
	REQUIRE(fstatat(f.dir_fd, "retention", &st, 0) == 0);
	spec.now_ms = st.st_mtim.tv_sec * 1000 + 5000;
	spec.keep_ms = 1;
	CHECK_INT(retain_dir(&removed, &spec, NULL), 0);
	CHECK_INT(removed, 0);
	CHECK_INT(verify(&f).segments, 1);
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_day_goes_when_it_is_over_for_longer_than_it_is_kept),
				 TAP_CASE(what_is_not_settled_or_not_sealed_stays),
				 TAP_CASE(it_is_done_once_a_day)));
}
