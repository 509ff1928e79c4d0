/* A configuration as a snapshot that is held, and what one that follows it may differ in. */
#include "tap.h"

#include <stdio.h>

#include "cli/config.h"
#include "cli/config_change.h"
#include "cli/files.h"

#define FILE_NAME "runbook.conf"
#define HOST "[host]\nstate_dir = /state\n"
#define SCHEDULE(name) "[schedule " name "]\ncron = 1 2 * * *\nrunbook = a.lua\n"
#define HOOK(name) \
	"[hook " name "]\npath = /" name "\nheader = X\nsecret_file = secret\nrunbook = a.lua\n"

static const char *text; /* of the file */

/* In place of cli/files.c. */
int files_read(struct buf *out, const char *path, struct err *err)
{
	if (strcmp(path, FILE_NAME) != 0)
		return err_set(err, ERR_IO, "%s: there is no such file", path);
	buf_adds(out, text);
	return 0;
}

int files_read_regular(struct buf *out, const char *path, struct err *err)
{
	if (strcmp(path, "secret") != 0)
		return files_read(out, path, err);
	buf_adds(out, "a secret of the hook\n");
	return 0;
}

static struct config *opened(const char *of)
{
	struct config *c = NULL;
	struct err err = { 0 };
	text = of;
	if (config_open(&c, FILE_NAME, &err) < 0)
		TAP_NOTE("%s", err.message);
	INVARIANT(c != NULL);
	return c;
}

TEST(a_snapshot_lives_as_long_as_anything_of_it_is_held)
{
	struct config *c = opened(HOST SCHEDULE("nightly") HOOK("x"));
	const struct config_start *start = &c->schedules[0].start;
	CHECK(start->config == c && c->hooks[0].start.config == c);
	CHECK_INT(c->hooks[0].auth.n_secrets, 1);
	struct config *held = config_ref(start->config);
	CHECK(held == c);
	config_unref(c);
	CHECK_STR(start->name, "nightly");
	CHECK_STR(start->runbook, "a.lua");
	config_unref(held);
	config_unref(NULL);
}

TEST(what_cannot_be_read_leaves_nothing_behind)
{
	struct config *c = NULL;
	struct err err = { 0 };
	text = HOST SCHEDULE("nightly") "[hook x]\npath = /x\nheader = X\nsecret_file = none\n"
					"runbook = a.lua\n";
	CHECK_INT(config_open(&c, FILE_NAME, &err), -ERR_INVALID);
	CHECK(c == NULL);
	CHECK_STR(err.message, "runbook.conf:9: secret_file: none: there is no such file");
}

TEST(a_trigger_is_the_same_by_kind_and_name)
{
	struct config *a = opened(HOST SCHEDULE("x") SCHEDULE("y") HOOK("x"));
	struct config *b = opened(HOST HOOK("x") SCHEDULE("x"));
	const struct config_start *x = &a->schedules[0].start;
	CHECK(config_same_trigger(x, &b->schedules[0].start));
	CHECK(!config_same_trigger(&a->schedules[1].start, &b->schedules[0].start));
	CHECK(!config_same_trigger(x, &b->hooks[0].start));
	CHECK(config_same_trigger(&a->notify.start, &b->notify.start));
	CHECK(!config_same_trigger(x, &b->notify.start));
	config_unref(a);
	config_unref(b);
}

/* "": it may follow. */
static const char *judged(const char *before, const char *after)
{
	static struct err err;
	struct config *was = opened(before), *next = opened(after);
	err = (struct err){ 0 };
	int rc = config_may_follow(was, next, &err);
	CHECK_INT(rc, err.code ? -ERR_INVALID : 0);
	config_unref(was);
	config_unref(next);
	return err.message;
}

#define REFUSED(where) where " cannot change while serve goes on: it takes a restart"

TEST(what_is_read_once_cannot_change)
{
	const char *before = HOST SCHEDULE("x") "[sfn]\nregion = a\n";
	CHECK_STR(judged(before, before), "");
	CHECK_STR(
	    judged(before, "[host]\nstate_dir = /other\n" SCHEDULE("x") "[sfn]\nregion = a\n"),
	    REFUSED("runbook.conf:2: [host] state_dir"));
	CHECK_STR(judged(before, HOST "watchdog = 9m\n" SCHEDULE("x") "[sfn]\nregion = a\n"),
		  REFUSED("runbook.conf:3: [host] watchdog"));
	CHECK_STR(judged(before, HOST SCHEDULE("x") "[sfn]\nregion = b\n"),
		  REFUSED("runbook.conf:7: [sfn] region"));
	CHECK_STR(judged(before, HOST SCHEDULE("x")), REFUSED("runbook.conf: [sfn] region"));
	CHECK_STR(judged(before, HOST SCHEDULE("x") "[sfn]\n"),
		  REFUSED("runbook.conf:6: [sfn] region"));
	CHECK_STR(judged(before, HOST SCHEDULE("x") "[sfn]\nregion = a\n[audit]\nkeep = 9d\n"),
		  REFUSED("runbook.conf:9: [audit] keep"));
	CHECK_STR(judged(before, HOST
			 "[listen]\naddress = 127.0.0.1:1\n" SCHEDULE("x") "[sfn]\nregion = a\n"),
		  REFUSED("runbook.conf:4: [listen] address"));
}

TEST(what_is_looked_at_when_it_is_needed_may_change)
{
	const char *listen = HOST "[listen]\naddress = 127.0.0.1:1\n";
	CHECK_STR(judged(listen, HOST "log_level = debug\n[listen]\naddress = 127.0.0.1:1\n"
				      "max_body = 9K\n[limits]\nmemory = 9M\n[rules]\na.b = 1\n"
				      "[store]\nkeep = 9d\n" HOOK("x") SCHEDULE("y")),
		  "");
	CHECK_STR(judged(HOST HOOK("x") SCHEDULE("y"), HOST SCHEDULE("y")), "");
}

TEST(what_is_different_is_counted)
{
	struct config_counts n;
	struct config *was = opened(HOST SCHEDULE("a") SCHEDULE("b") SCHEDULE("c") HOOK("a"));
	struct config *next = opened(HOST SCHEDULE("a") SCHEDULE("b") "tz = UTC\n" SCHEDULE("d")
					 SCHEDULE("e") HOOK("a"));
	config_count_changes(&n, was, next, "schedule");
	CHECK_INT(n.added, 2);
	CHECK_INT(n.changed, 1);
	CHECK_INT(n.removed, 1);
	config_count_changes(&n, was, next, "hook");
	CHECK_INT(n.added + n.changed + n.removed, 0);
	config_unref(was);
	config_unref(next);
}

TEST(the_state_directory_is_found_where_the_rest_is_wrong)
{
	struct config c;
	struct err err = { 0 };
	text = HOST "[schedule x]\ncron = never\n[limits]\nmemory = much\n";
	CHECK_INT(config_find_state(&c, FILE_NAME, &err), 0);
	CHECK_STR(c.state_dir, "/state");
	config_clear(&c);
	CHECK_INT(config_load(&c, FILE_NAME, &err), -ERR_INVALID);
	config_clear(&c);
	text = "[host\n";
	CHECK_INT(config_find_state(&c, FILE_NAME, &err), -ERR_INVALID);
	config_clear(&c);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_snapshot_lives_as_long_as_anything_of_it_is_held),
				 TAP_CASE(what_cannot_be_read_leaves_nothing_behind),
				 TAP_CASE(a_trigger_is_the_same_by_kind_and_name),
				 TAP_CASE(what_is_read_once_cannot_change),
				 TAP_CASE(what_is_looked_at_when_it_is_needed_may_change),
				 TAP_CASE(what_is_different_is_counted),
				 TAP_CASE(the_state_directory_is_found_where_the_rest_is_wrong)));
}
