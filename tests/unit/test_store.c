/* The store: groups, tickets, restart, failure; and the folder it lives in. */
#include "tap.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/socket.h>

#include "local_world.h"

#include "local/shell/data_dir.h"
#include "local/shell/store.h"

struct observer {
	uint64_t ticket;
	int calls;
	struct err err;
};

static void on_durable(void *arg, uint64_t ticket, const struct err *err)
{
	struct observer *o = arg;
	CHECK(ticket > o->ticket || err->code);
	o->ticket = ticket;
	o->calls++;
	o->err = *err;
}

static struct store *open_store(struct local_world *w, struct observer *o, struct err *err)
{
	char path[256];
	struct store *s = NULL;
	const struct store_spec spec = { .api = &w->api,
					 .path = world_path(w, path, "engine.db"),
					 .durable = on_durable,
					 .arg = o };
	return store_open(&s, &spec, err) == 0 ? s : NULL;
}

static void add(struct store *s, const char *region, const char *key, const char *json)
{
	struct engine_record r = { .kind = "execution", .key = key };
	if (json)
		r.json = bytes_str(json);
	store_add(s, region, &r);
}

static int on_load(void *arg, const char *region, const struct engine_record *r, struct err *err)
{
	struct buf *text = arg;
	(void)err;
	buf_addf(text, "%s/%s/%s=%.*s;", region, r->kind, r->key, (int)r->json.n, r->json.p);
	return 0;
}

/* What a new process finds. */
static const char *stored(struct local_world *w, struct buf *text)
{
	struct observer o = { 0 };
	struct store *s = open_store(w, &o, NULL);
	buf_clear(text);
	if (!s || store_load(s, on_load, text, NULL) != 0)
		return "(not opened)";
	(void)store_close(s, NULL);
	return buf_cstr(text);
}

TEST(records_are_there_after_a_restart)
{
	struct local_world w;
	struct observer o = { 0 };
	struct buf text = BUF_INIT(4096);
	world_init(&w);
	(void)world_dir(&w);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);

	CHECK_INT(store_commit(s), 0);
	add(s, "r1", "a", "{\"n\":1}");
	add(s, "r1", "b", "");
	add(s, "r2", "a", "2");
	CHECK_INT(store_commit(s), 1);
	CHECK(world_end_work(&w));
	CHECK_INT(o.ticket, 1);
	add(s, "r1", "a", "{\"n\":3}");
	add(s, "r1", "b", NULL);
	add(s, "r1", "none", NULL);
	CHECK_INT(store_commit(s), 2);
	CHECK(world_end_work(&w));
	CHECK_INT(store_commit(s), 0);
	CHECK_INT(store_close(s, NULL), 0);

	CHECK_STR(stored(&w, &text), "r1/execution/a={\"n\":3};r2/execution/a=2;");
	buf_clear(&text);
	world_remove_dir(&w);
}

TEST(groups_grow_while_one_is_written)
{
	struct local_world w;
	struct observer o = { 0 };
	struct buf text = BUF_INIT(4096);
	world_init(&w);
	(void)world_dir(&w);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);

	add(s, "r", "a", "1");
	CHECK_INT(store_commit(s), 1);
	add(s, "r", "b", "1");
	CHECK_INT(store_commit(s), 2);
	add(s, "r", "c", "1");
	CHECK_INT(store_commit(s), 2);
	CHECK_INT(store_commit(s), 2);
	CHECK_INT(o.calls, 0);
	CHECK(world_end_work(&w));
	CHECK_INT(o.ticket, 1);
	CHECK_INT(store_commit(s), 2);
	CHECK(world_end_work(&w));
	CHECK_INT(o.ticket, 2);
	CHECK(!world_end_work(&w));
	CHECK_INT(store_close(s, NULL), 0);

	CHECK_STR(stored(&w, &text), "r/execution/a=1;r/execution/b=1;r/execution/c=1;");
	buf_clear(&text);
	world_remove_dir(&w);
}

TEST(closing_writes_what_is_left_and_calls_nobody)
{
	struct local_world w;
	struct observer o = { 0 };
	struct buf text = BUF_INIT(4096);
	world_init(&w);
	(void)world_dir(&w);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);

	add(s, "r", "a", "1");
	CHECK_INT(store_commit(s), 1);
	add(s, "r", "b", "2");
	CHECK_INT(store_commit(s), 2);
	add(s, "r", "c", "3");
	CHECK(world_do_work(&w));
	CHECK_INT(store_close(s, NULL), 0);

	CHECK_INT(o.calls, 0);
	CHECK_STR(stored(&w, &text), "r/execution/a=1;r/execution/b=2;r/execution/c=3;");
	buf_clear(&text);
	world_remove_dir(&w);
}

TEST(a_failed_write_breaks_the_store_for_good)
{
	struct local_world w;
	struct observer o = { 0 };
	struct buf text = BUF_INIT(4096);
	sqlite3 *other = NULL;
	char path[256];
	world_init(&w);
	(void)world_dir(&w);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);
	CHECK_INT(sqlite3_open(world_path(&w, path, "engine.db"), &other), SQLITE_OK);
	CHECK_INT(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

	add(s, "r", "a", "1");
	CHECK_INT(store_commit(s), 1);
	add(s, "r", "b", "1");
	CHECK_INT(store_commit(s), 2);
	CHECK(world_end_work(&w));
	CHECK_INT(o.ticket, 2);
	CHECK_INT(o.err.code, ERR_IO);
	CHECK(strstr(o.err.message, "database is locked"));
	CHECK_INT(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(other);
	CHECK(store_broken(s, NULL));
	add(s, "r", "c", "1");
	(void)store_commit(s);
	CHECK(!world_end_work(&w));
	CHECK_INT(store_close(s, NULL), -ERR_IO);

	CHECK_STR(stored(&w, &text), "");
	buf_clear(&text);
	world_remove_dir(&w);
}

static void set_up(struct local_world *w, const char *sql)
{
	char path[256];
	sqlite3 *db = NULL;
	CHECK_INT(sqlite3_open(world_path(w, path, "engine.db"), &db), SQLITE_OK);
	CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

TEST(a_newer_schema_and_other_databases_are_refused)
{
	struct local_world w;
	struct observer o = { 0 };
	struct err err = { 0 };
	world_init(&w);
	(void)world_dir(&w);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);
	CHECK_INT(store_close(s, NULL), 0);

	set_up(&w, "PRAGMA user_version = 2");
	CHECK(!open_store(&w, &o, &err));
	CHECK(strstr(err.message,
		     "has schema version 2, this program knows versions up to 1: it was "
		     "written by a newer one"));
	set_up(&w, "PRAGMA application_id = 7");
	CHECK(!open_store(&w, &o, &err));
	CHECK(strstr(err.message, "is a database, but not one of the local engine"));
	world_remove_dir(&w);
}

/* A socket that listens on a free port of the loopback. */
static int listener(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(fd, (const struct sockaddr *)&a, n) == 0 && listen(fd, 1) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	*port = ntohs(a.sin_port);
	return fd;
}

TEST(one_process_owns_a_folder_and_the_others_find_it)
{
	struct local_world w;
	struct data_dir *owner = NULL, *other = NULL;
	char path[256], url[64], found[64];
	uint16_t port;
	world_init(&w);
	(void)world_dir(&w);
	CHECK_INT(data_dir_open(&owner, w.dir, url, sizeof(url), NULL), 0);
	REQUIRE(owner);
	CHECK_STR(data_dir_store(owner), world_path(&w, path, "engine.db"));

	int fd = listener(&port);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	CHECK_INT(data_dir_announce(owner, url, NULL), 0);
	CHECK_INT(data_dir_open(&other, w.dir, found, sizeof(found), NULL), 0);
	CHECK(!other);
	CHECK_STR(found, url);

	(void)close(fd);
	struct err err = { 0 };
	CHECK_INT(data_dir_open(&other, w.dir, found, sizeof(found), &err), -ERR_IO);
	CHECK(strstr(err.message, "another process holds the data folder"));
	data_dir_close(owner);
	CHECK_INT(data_dir_open(&owner, w.dir, found, sizeof(found), NULL), 0);
	CHECK_STR(found, "");
	data_dir_close(owner);
	world_remove_dir(&w);
}

TEST(folders_are_made_and_errors_name_them)
{
	struct local_world w;
	struct data_dir *d = NULL;
	struct err err = { 0 };
	char path[256], deep[300], url[64];
	world_init(&w);
	(void)world_dir(&w);
	(void)snprintf(deep, sizeof(deep), "%s/a/b", w.dir);
	CHECK_INT(data_dir_open(&d, deep, url, sizeof(url), NULL), 0);
	REQUIRE(d);
	data_dir_close(d);
	(void)snprintf(path, sizeof(path), "%s/a/b/engine.lock", w.dir);
	(void)unlink(path);
	(void)rmdir(deep);
	(void)snprintf(deep, sizeof(deep), "%s/a", w.dir);
	(void)rmdir(deep);
	(void)close(open(world_path(&w, path, "log"), O_CREAT | O_WRONLY, 0600));
	(void)snprintf(deep, sizeof(deep), "%s/log/x", w.dir);
	CHECK_INT(data_dir_open(&d, deep, url, sizeof(url), &err), -ERR_IO);
	CHECK(strstr(err.message, "cannot create the data folder") &&
	      strstr(err.message, "Not a directory"));
	world_remove_dir(&w);
}

static void on_copied(void *arg, const struct err *err)
{
	struct observer *o = arg;
	o->calls++;
	o->err = *err;
}

TEST(erasing_takes_all_but_what_comes_later)
{
	struct local_world w;
	struct observer o = { 0 };
	struct buf text = BUF_INIT(4096);
	world_init(&w);
	(void)world_dir(&w);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);

	add(s, "r", "written", "1");
	CHECK_INT(store_commit(s), 1);
	add(s, "r", "waiting", "1");
	CHECK_INT(store_commit(s), 2);
	store_erase(s);
	CHECK_INT(store_commit(s), 2);
	add(s, "r", "later", "1");
	CHECK_INT(store_commit(s), 2);
	CHECK(world_end_work(&w));
	CHECK(world_end_work(&w));
	CHECK_INT(o.ticket, 2);
	CHECK_INT(store_close(s, NULL), 0);
	CHECK_STR(stored(&w, &text), "r/execution/later=1;");

	s = open_store(&w, &o, NULL);
	REQUIRE(s);
	o = (struct observer){ 0 };
	store_erase(s);
	CHECK_INT(store_commit(s), 1);
	CHECK(world_do_work(&w));
	CHECK_INT(store_close(s, NULL), 0);
	CHECK_STR(stored(&w, &text), "");
	buf_clear(&text);
	world_remove_dir(&w);
}

TEST(a_snapshot_has_what_was_added_before_it)
{
	struct local_world w, copy;
	struct observer o = { 0 }, copied = { 0 };
	struct buf text = BUF_INIT(4096);
	world_init(&w);
	world_init(&copy);
	(void)world_dir(&w);
	(void)world_dir(&copy);
	struct store *s = open_store(&w, &o, NULL);
	REQUIRE(s);

	add(s, "r", "a", "1");
	(void)store_commit(s);
	add(s, "r", "b", "1");
	store_snapshot(s, copy.dir, on_copied, &copied);
	CHECK(world_end_work(&w));
	CHECK_INT(copied.calls, 0);
	CHECK(world_do_work(&w));
	add(s, "r", "c", "1");
	(void)store_commit(s);
	CHECK(world_end_work(&w));
	CHECK_INT(copied.calls, 1);
	CHECK_INT(copied.err.code, 0);
	CHECK_STR(stored(&copy, &text), "r/execution/a=1;r/execution/b=1;");

	store_snapshot(s, copy.dir, on_copied, &copied);
	CHECK(world_end_work(&w)); /* c was being written */
	CHECK(world_end_work(&w));
	CHECK_INT(copied.calls, 2);
	CHECK_INT(copied.err.code, ERR_INVALID);
	CHECK(strstr(copied.err.message, "cannot create the snapshot"));
	CHECK(!store_broken(s, NULL));
	CHECK_INT(store_close(s, NULL), 0);
	CHECK_STR(stored(&w, &text), "r/execution/a=1;r/execution/b=1;r/execution/c=1;");
	buf_clear(&text);
	world_remove_dir(&w);
	world_remove_dir(&copy);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(records_are_there_after_a_restart),
				 TAP_CASE(groups_grow_while_one_is_written),
				 TAP_CASE(closing_writes_what_is_left_and_calls_nobody),
				 TAP_CASE(a_failed_write_breaks_the_store_for_good),
				 TAP_CASE(a_newer_schema_and_other_databases_are_refused),
				 TAP_CASE(one_process_owns_a_folder_and_the_others_find_it),
				 TAP_CASE(folders_are_made_and_errors_name_them),
				 TAP_CASE(erasing_takes_all_but_what_comes_later),
				 TAP_CASE(a_snapshot_has_what_was_added_before_it)));
}
