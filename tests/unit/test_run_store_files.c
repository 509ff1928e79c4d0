/* The store's file: versions, damage, what belongs to another program, and what is forgotten. */
#include "tap.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "store/store.h"
#include "unit/scratch.h"

#define RUN_A "0193a000-0000-7000-8000-00000000000a"
#define RUN_B "0193b000-0000-7000-8000-00000000000b"
#define HASH_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "2222222222222222222222222222222222222222222222222222222222222222"

enum { PAGE = 4096 };

struct fixture {
	char dir[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];
	struct store *store;
	struct store_batch *batch;
	struct store_reader *reader;
	int n;
	struct err err;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	scratch_begin(f->dir);
	(void)snprintf(f->path, sizeof(f->path), "%s/runs.db", f->dir);
	CHECK_INT(store_batch_new(&f->batch, &f->err), 0);
}

static void open_store(struct fixture *f)
{
	CHECK_INT(store_open(&f->store, f->path, &f->err), 0);
	CHECK_STR(f->err.message, "");
}

static void close_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static void end(struct fixture *f)
{
	store_reader_close(f->reader);
	store_close(f->store);
	store_batch_free(f->batch);
	scratch_end(f->dir);
}

static int apply(struct fixture *f)
{
	int rc = store_apply(f->store, f->batch, &f->err);
	store_batch_clear(f->batch);
	if (!f->reader)
		CHECK_INT(store_reader_open(&f->reader, f->path, NULL), 0);
	return rc;
}

/* As a person or another program would. */
static void change(const struct fixture *f, const char *sql)
{
	sqlite3 *db;
	CHECK_INT(sqlite3_open(f->path, &db), SQLITE_OK);
	CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

static void add_run(struct fixture *f, const char *id, enum run_state state, int64_t ended_ms)
{
	store_add_source(f->batch, HASH_1, BYTES_LIT("return 1\0"));
	store_add_run(
	    f->batch,
	    &(struct run_row){
		.id = id, .attempt = 1, .state = state, .sha256 = HASH_1, .ended_ms = ended_ms });
}

static int on_run(void *arg, const struct run_row *r)
{
	struct fixture *f = arg;
	f->n += r->id[0] != '\0';
	return 0;
}

static int count_runs(struct fixture *f)
{
	f->n = 0;
	CHECK_INT(store_runs(f->reader, &(struct run_filter){ 0 }, on_run, f, &f->err), 0);
	return f->n;
}

/* ---- opening ---- */

TEST(a_file_of_a_newer_version_is_refused)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	close_store(&f);
	change(&f, "PRAGMA user_version = 1000");

	CHECK_INT(store_open(&f.store, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "it has schema version 1000, this program knows versions up"));
	CHECK(strstr(f.err.message, ": it was written by a newer one"));
	CHECK_INT(store_reader_open(&f.reader, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "schema version 1000"));
	end(&f);
}

TEST(a_database_of_something_else_is_refused_and_left_alone)
{
	struct fixture f;
	begin(&f);
	change(&f, "CREATE TABLE theirs(x)");

	CHECK_INT(store_open(&f.store, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "it is a database of something else"));
	change(&f, "INSERT INTO theirs VALUES (1)"); /* still there */
	end(&f);
}

TEST(a_file_that_is_no_database_is_refused)
{
	struct fixture f;
	static const char text[] = "this is a shopping list, and a long one as shopping lists go";
	begin(&f);
	int fd = open(f.path, O_CREAT | O_WRONLY, 0600);
	for (int i = 0; i < 200; i++)
		CHECK_INT(write(fd, text, sizeof(text)), sizeof(text));
	(void)close(fd);

	CHECK_INT(store_open(&f.store, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "is damaged (file is not a database); move it away"));
	end(&f);
}

/* Overwrite the pages from the third on with rubbish. */
static void damage(const struct fixture *f)
{
	char rubbish[PAGE];
	memset(rubbish, 0xa5, sizeof(rubbish));
	int fd = open(f->path, O_WRONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	CHECK(size > (off_t)16 * PAGE);
	for (off_t at = (off_t)8 * PAGE; at < (off_t)16 * PAGE; at += PAGE)
		CHECK_INT(pwrite(fd, rubbish, sizeof(rubbish), at), PAGE);
	(void)close(fd);
}

TEST(a_damaged_file_is_found_when_it_was_not_closed)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	close_store(&f);
	change(&f, "UPDATE store SET clean = 0; PRAGMA wal_checkpoint(TRUNCATE)");
	damage(&f);

	CHECK_INT(store_open(&f.store, f.path, &f.err), -ERR_INVALID);
	CHECK(strstr(f.err.message, "is damaged ("));
	end(&f);
}

static int read_clean(const struct fixture *f)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	CHECK_INT(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_prepare_v2(db, "SELECT clean FROM store", -1, &s, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_step(s), SQLITE_ROW);
	int clean = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return clean;
}

TEST(it_is_known_whether_the_file_was_closed)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	CHECK_INT(read_clean(&f), 0);
	close_store(&f);
	CHECK_INT(read_clean(&f), 1);
	open_store(&f);
	CHECK_INT(read_clean(&f), 0);
	end(&f);
}

TEST(the_folder_may_be_reached_by_a_link)
{
	struct fixture f;
	char link[SCRATCH_SIZE + 16];
	begin(&f);
	(void)snprintf(link, sizeof(link), "%s/state", f.dir);
	CHECK_INT(symlink(".", link), 0);
	(void)snprintf(f.path, sizeof(f.path), "%s/state/runs.db", f.dir);

	open_store(&f);
	CHECK_INT(store_reader_open(&f.reader, f.path, &f.err), 0);

	end(&f);
}

TEST(a_link_is_not_followed)
{
	struct fixture f;
	char target[SCRATCH_SIZE + 16];
	begin(&f);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", f.dir);
	CHECK_INT(symlink(target, f.path), 0);

	CHECK_INT(store_open(&f.store, f.path, &f.err), -ERR_IO);
	CHECK_INT(access(target, F_OK), -1);
	end(&f);
}

/* ---- batches ---- */

TEST(a_batch_is_applied_whole_or_not_at_all)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING, 0);
	CHECK_INT(apply(&f), 0);

	add_run(&f, RUN_B, RUN_STATE_RUNNING, 0);
	add_run(&f, RUN_A, RUN_STATE_RUNNING, 0); /* there is one */
	CHECK_INT(apply(&f), -ERR_IO);

	CHECK(strstr(f.err.message, "UNIQUE constraint failed: run.id"));
	CHECK_INT(count_runs(&f), 1);
	/* The number that the second run had for a moment is forgotten. */
	store_add_step(f.batch, &(struct step_row){ .run = RUN_B, .path = "1" });
	CHECK_INT(apply(&f), -ERR_INVALID);
	CHECK(strstr(f.err.message, "it has no run " RUN_B));
	end(&f);
}

/* ---- sources ---- */

static int on_source(void *arg, struct bytes source)
{
	struct fixture *f = arg;
	f->n = (int)source.n;
	return bytes_eq(source, BYTES_LIT("return 1\0")) ? 0 : 7;
}

static int on_module(void *arg, const char *name, const char *path, const char *sha256,
		     struct bytes source)
{
	struct fixture *f = arg;
	f->n++;
	CHECK_STR(name, "lib.orders");
	CHECK_STR(path, "scripts/lib/orders.lua");
	CHECK_STR(sha256, HASH_2);
	return bytes_eq(source, BYTES_LIT("return 2")) ? 0 : 7;
}

TEST(a_run_finds_the_sources_it_is_pinned_to)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_RUNNING, 0);
	store_add_source(f.batch, HASH_2, BYTES_LIT("return 2"));
	store_add_source(f.batch, HASH_2, BYTES_LIT("return 2")); /* the same again */
	store_add_module(f.batch, RUN_A, 1, "lib.orders", "scripts/lib/orders.lua", HASH_2);
	CHECK_INT(apply(&f), 0);

	CHECK_INT(store_source(f.reader, HASH_1, &f, on_source, &f.err), 0);
	CHECK_INT(f.n, 9); /* a NUL is a byte like others */
	f.n = 0;
	CHECK_INT(store_modules(f.reader, RUN_A, 1, on_module, &f, &f.err), 0);
	CHECK_INT(f.n, 1);
	CHECK_INT(store_modules(f.reader, RUN_A, 2, on_module, &f, &f.err), 0);
	CHECK_INT(f.n, 1);
	end(&f);
}

TEST(what_ended_before_is_forgotten_unless_somebody_must_look)
{
	struct fixture f;
	begin(&f);
	open_store(&f);
	add_run(&f, RUN_A, RUN_STATE_DONE, 1000);
	const struct step_row slept = {
		.run = RUN_A, .attempt = 1, .path = "1", .kind = STEP_SLEEP
	};
	store_add_step(f.batch, &slept);
	add_run(&f, RUN_B, RUN_STATE_PARKED, 1000);
	store_remove_ended(f.batch, 1000);
	CHECK_INT(apply(&f), 0);
	CHECK_INT(count_runs(&f), 2);

	store_remove_ended(f.batch, 1001);
	CHECK_INT(apply(&f), 0);
	CHECK_INT(count_runs(&f), 1);
	CHECK_INT(store_run(f.reader, RUN_A, on_run, &f, &f.err), -ERR_INVALID);
	CHECK_INT(store_source(f.reader, HASH_1, &f, on_source, &f.err), 0); /* still needed */

	store_set_run(f.batch, &(struct run_row){ .id = RUN_B,
						  .attempt = 1,
						  .state = RUN_STATE_FAILED,
						  .sha256 = HASH_1,
						  .ended_ms = 1000 });
	store_remove_ended(f.batch, 1001);
	CHECK_INT(apply(&f), 0);
	CHECK_INT(count_runs(&f), 0);
	CHECK_INT(store_source(f.reader, HASH_1, &f, on_source, &f.err), -ERR_INVALID);
	end(&f);
}

int main(void)
{
	return tap_run(TAP_CASES(
	    TAP_CASE(a_file_of_a_newer_version_is_refused),
	    TAP_CASE(a_database_of_something_else_is_refused_and_left_alone),
	    TAP_CASE(a_file_that_is_no_database_is_refused),
	    TAP_CASE(a_damaged_file_is_found_when_it_was_not_closed),
	    TAP_CASE(it_is_known_whether_the_file_was_closed),
	    TAP_CASE(the_folder_may_be_reached_by_a_link), TAP_CASE(a_link_is_not_followed),
	    TAP_CASE(a_batch_is_applied_whole_or_not_at_all),
	    TAP_CASE(a_run_finds_the_sources_it_is_pinned_to),
	    TAP_CASE(what_ended_before_is_forgotten_unless_somebody_must_look)));
}
