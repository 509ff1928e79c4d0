/* What an answer of DescribeMapRun says about progress. */
#include "tap.h"

#include "sfn/progress.h"

TEST(items_are_done_failed_or_to_come)
{
	struct op_progress p = { .total = -1 };
	CHECK(progress_of_map_run(BYTES_LIT("{\"status\":\"RUNNING\",\"itemCounts\":{\"pending\":1,"
					    "\"succeeded\":5,\"failed\":3,\"timedOut\":2,"
					    "\"aborted\":1,\"total\":12}}"),
				  &p));
	CHECK_STR(p.label, "Map Run RUNNING");
	CHECK_INT(p.done, 5);
	CHECK_INT(p.failed, 6);
	CHECK_INT(p.total, 12);
}

TEST(an_answer_without_counts_says_nothing)
{
	struct op_progress p;
	CHECK(!progress_of_map_run(BYTES_LIT("{\"status\":\"RUNNING\"}"), &p));
	CHECK(!progress_of_map_run(BYTES_LIT("{\"itemCounts\":{}}"), &p));
	CHECK(!progress_of_map_run(BYTES_LIT("[]"), &p));
	CHECK(!progress_of_map_run(BYTES_LIT(""), &p));
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(items_are_done_failed_or_to_come),
				 TAP_CASE(an_answer_without_counts_says_nothing)));
}
