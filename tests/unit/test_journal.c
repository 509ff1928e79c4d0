#include "script/journal.h"
#include "tap.h"

static void begin(struct journal *j, const char *path, enum step_kind kind, int64_t until_ms)
{
	CHECK_INT(journal_add_begin(j, &(struct step_row){ .path = path,
							   .kind = kind,
							   .args_hash = "aa",
							   .until_ms = until_ms }),
		  0);
}

static void end(struct journal *j, const char *path, enum step_kind kind, const char *outcome)
{
	CHECK_INT(journal_add_end(j, &(struct step_end){ .path = path,
							 .kind = kind,
							 .operation = "sfn.x",
							 .args_hash = "aa",
							 .outcome = outcome,
							 .answer = "{}" }),
		  0);
}

TEST(a_step_is_found_by_its_path)
{
	struct journal *j = NULL;
	char path[16];
	REQUIRE(journal_new(&j, NULL) == 0);

	for (int i = 1; i <= 1000; i++) {
		(void)snprintf(path, sizeof(path), "%d", i);
		end(j, path, STEP_CALL, "ok");
	}

	CHECK_INT(journal_count(j), 1000);
	CHECK_STR(journal_find(j, "417")->path, "417");
	CHECK(!journal_find(j, "1001"));
	CHECK(!journal_find(j, "4.17"));
	CHECK_INT(journal_bytes(j), 2000);
	journal_free(j);
}

TEST(ends_come_in_the_order_in_which_they_were_recorded)
{
	struct journal *j = NULL;
	REQUIRE(journal_new(&j, NULL) == 0);
	begin(j, "1.1.1", STEP_SLEEP, 10);
	begin(j, "1.2.1", STEP_SLEEP, 5);
	end(j, "1.2.1", STEP_SLEEP, "ok");
	end(j, "1.1.1", STEP_SLEEP, "ok");

	CHECK_STR(journal_next(j)->path, "1.2.1");
	CHECK_STR(journal_next(j)->path, "1.2.1");
	journal_deliver(j);
	CHECK_STR(journal_next(j)->path, "1.1.1");
	journal_deliver(j);
	CHECK(!journal_next(j));
	journal_free(j);
}

TEST(what_was_answered_at_once_is_not_waited_for)
{
	struct journal *j = NULL;
	REQUIRE(journal_new(&j, NULL) == 0);
	end(j, "1", STEP_NOW, "ok");
	end(j, "2", STEP_CALL, "refused");
	end(j, "3", STEP_CALL, "invalid");
	end(j, "4", STEP_CALL, "dry_run");
	end(j, "5", STEP_BRANCHES, "ok");
	begin(j, "6", STEP_CALL, 0);
	end(j, "6", STEP_CALL, "refused"); /* by the rules, between two attempts */

	CHECK_STR(journal_next(j)->path, "6");
	journal_deliver(j);
	CHECK(!journal_next(j));
	journal_free(j);
}

TEST(a_replay_is_over_when_all_was_asked_and_delivered)
{
	struct journal *j = NULL;
	REQUIRE(journal_new(&j, NULL) == 0);
	CHECK(journal_over(j));
	end(j, "1", STEP_CALL, "ok");
	begin(j, "2", STEP_SLEEP, 99);

	CHECK(!journal_over(j));
	CHECK_STR(journal_unasked(j)->path, "1");
	journal_ask(j, journal_find(j, "1"));
	journal_deliver(j);
	CHECK(!journal_over(j));
	CHECK_STR(journal_unasked(j)->path, "2");
	journal_ask(j, journal_find(j, "2"));
	CHECK(journal_over(j));
	CHECK(!journal_unasked(j));
	CHECK_INT(journal_find(j, "2")->until_ms, 99);
	CHECK(!journal_find(j, "2")->outcome);
	journal_free(j);
}

TEST(a_second_end_replaces_the_first_in_its_place)
{
	struct journal *j = NULL;
	REQUIRE(journal_new(&j, NULL) == 0);
	begin(j, "1", STEP_CALL, 0);
	CHECK_INT(
	    journal_add_end(j, &(struct step_end){ .path = "1",
						   .kind = STEP_CALL,
						   .outcome = "unknown",
						   .error = "{\"code\":\"OutcomeUnknown\"}" }),
	    0);
	end(j, "2", STEP_CALL, "ok");
	end(j, "1", STEP_CALL, "ok");

	CHECK_STR(journal_find(j, "1")->outcome, "ok");
	CHECK(!journal_find(j, "1")->error);
	CHECK_STR(journal_next(j)->path, "1");
	journal_deliver(j);
	CHECK_STR(journal_next(j)->path, "2");
	journal_deliver(j);
	CHECK(!journal_next(j));
	journal_free(j);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(a_step_is_found_by_its_path),
				 TAP_CASE(ends_come_in_the_order_in_which_they_were_recorded),
				 TAP_CASE(what_was_answered_at_once_is_not_waited_for),
				 TAP_CASE(a_replay_is_over_when_all_was_asked_and_delivered),
				 TAP_CASE(a_second_end_replaces_the_first_in_its_place)));
}
