/* What was changed of late: counts one unit on either side, and who is not settled. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#include "script/changes.h"

enum { HOUR = 3600 * 1000 };
static const int64_t t0 = INT64_C(1795300000000);

static void add_as(struct changes *l, const char *run, const char *path, const char *resource,
		   const char *group, int64_t at_ms, bool settled)
{
	const struct changes_intent i = {
		"sfn.redrive_execution", resource, group, run, path, at_ms
	};
	INVARIANT(changes_add(l, &i, settled, NULL) == 0);
}

static void add(struct changes *l, const char *resource, const char *group, int64_t at_ms)
{
	add_as(l, "run", "1", resource, group, at_ms, true);
}

static int of_resource(const struct changes *l, const char *name, int64_t since)
{
	return (int)changes_count(l, CHANGES_RESOURCE, name, "sfn.*", since);
}

static int of_group(const struct changes *l, const char *name, int64_t since)
{
	return (int)changes_count(l, CHANGES_GROUP, name, "*", since);
}

static struct changes *fresh(void)
{
	struct changes *l = NULL;
	INVARIANT(changes_new(&l, NULL) == 0);
	return l;
}

TEST(a_window_ends_at_its_millisecond)
{
	struct changes *l = fresh();
	add(l, "a", "m", t0);
	add(l, "a", "m", t0 + 10);

	CHECK_INT(of_resource(l, "a", t0), 2);
	CHECK_INT(of_resource(l, "a", t0 + 1), 1);
	CHECK_INT(of_resource(l, "a", t0 + 10), 1);
	CHECK_INT(of_resource(l, "a", t0 + 11), 0);
	changes_free(l);
}

TEST(resources_and_groups_are_counted_apart)
{
	struct changes *l = fresh();
	add(l, "a", "m", t0);
	add(l, "b", "m", t0);
	add(l, "m", "n", t0);

	CHECK_INT(of_resource(l, "a", t0), 1);
	CHECK_INT(of_resource(l, "m", t0), 1);
	CHECK_INT(of_group(l, "m", t0), 2);
	CHECK_INT(of_group(l, "n", t0), 1);
	CHECK_INT(of_group(l, "a", t0), 0);
	CHECK_INT(changes_count(l, CHANGES_GROUP, "m", "sfn.stop_execution", t0), 0);
	CHECK_INT(changes_count(l, CHANGES_GROUP, "m", "sfn.re?rive_*", t0), 2);
	CHECK_INT(of_resource(l, "", t0), 0);
	changes_free(l);
}

/* Many names over many days: what is dropped is gone, what is there is found. */
TEST(thousands_are_counted_and_dropped)
{
	struct changes *l = fresh();
	int wrong = 0;
	for (int i = 0; i < 20000; i++) {
		char resource[32], group[32];
		int64_t at = t0 + (int64_t)i * 60000; /* a minute each: 1,440 in the window */
		(void)snprintf(resource, sizeof(resource), "r%d", i % 360);
		(void)snprintf(group, sizeof(group), "g%d", i % 7);
		add(l, resource, group, at);
		int hour = i < 360 ? 1 : 2; /* now, and six hours ago */
		wrong += of_resource(l, resource, at - 6 * HOUR) != hour;
		int day = i / 360 + 1 > 5 ? 5 : i / 360 + 1;
		wrong += of_resource(l, resource, at - CHANGES_MS) != day;
		wrong += of_group(l, group, at - 7 * 60000) != (i < 7 ? 1 : 2);
	}
	CHECK_INT(wrong, 0);
	changes_free(l);
}

TEST(a_clock_that_goes_back_forgets_nothing)
{
	struct changes *l = fresh();
	add(l, "a", "m", t0);
	add(l, "a", "m", t0 - HOUR);

	CHECK_INT(of_resource(l, "a", t0), 2);
	changes_free(l);
}

TEST(an_unsettled_change_is_another_runs_until_it_is_settled)
{
	struct changes *l = fresh();
	add_as(l, "one", "3", "a", "m", t0, false);

	const struct changes_intent *other = changes_unsettled(l, "a", "two");
	REQUIRE(other);
	CHECK_STR(other->run, "one");
	CHECK(!changes_unsettled(l, "a", "one"));
	CHECK(!changes_unsettled(l, "b", "two"));
	CHECK(!changes_unsettled(l, "", "two"));
	add(l, "a", "m", t0 + 30 * (int64_t)24 * HOUR);
	CHECK(changes_unsettled(l, "a", "two")); /* however long it takes */
	changes_settle(l, "one", "4");
	CHECK(changes_unsettled(l, "a", "two"));
	changes_settle(l, "one", "3");
	CHECK(!changes_unsettled(l, "a", "two"));
	changes_free(l);
}

TEST(a_run_is_settled_whole)
{
	struct changes *l = fresh();
	add_as(l, "one", "1", "a", "m", t0, false);
	add_as(l, "one", "2", "b", "m", t0, false);
	add_as(l, "two", "1", "c", "m", t0, false);

	changes_settle_run(l, "one");

	CHECK(!changes_unsettled(l, "a", "x"));
	CHECK(!changes_unsettled(l, "b", "x"));
	CHECK(changes_unsettled(l, "c", "x"));
	CHECK_INT(of_group(l, "m", t0), 3);
	changes_free(l);
}

TEST(what_never_came_to_an_intent_does_not_count)
{
	struct changes *l = fresh();
	add_as(l, "one", "1", "a", "m", t0, false);
	add_as(l, "one", "2", "a", "m", t0, false);

	changes_withdraw(l, "one", "2");

	CHECK_INT(of_resource(l, "a", t0), 1);
	CHECK(changes_unsettled(l, "a", "x"));
	changes_free(l);
}

TEST(one_of_old_is_unsettled_and_not_counted)
{
	struct changes *l = fresh();
	const struct changes_intent i = { "sfn.redrive_execution", "a", "m", "one", "1", t0 };
	CHECK_INT(changes_open(l, &i, NULL), 0);

	CHECK(changes_unsettled(l, "a", "two"));
	CHECK_INT(of_resource(l, "a", 0), 0);
	changes_free(l);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_window_ends_at_its_millisecond),
				 TAP_CASE(resources_and_groups_are_counted_apart),
				 TAP_CASE(thousands_are_counted_and_dropped),
				 TAP_CASE(a_clock_that_goes_back_forgets_nothing),
				 TAP_CASE(an_unsettled_change_is_another_runs_until_it_is_settled),
				 TAP_CASE(a_run_is_settled_whole),
				 TAP_CASE(what_never_came_to_an_intent_does_not_count),
				 TAP_CASE(one_of_old_is_unsettled_and_not_counted)));
}
