/* Is an answer that of an older call with the same token? */
#include "tap.h"

#include "script/replayed.h"

#define INTENT INT64_C(1790000000000)

static bool is_replayed(const char *answer, const char *baseline)
{
	cJSON *a = json_parse(bytes_str(answer), NULL);
	cJSON *b = baseline ? json_parse(bytes_str(baseline), NULL) : NULL;
	bool yes = replayed(a, "redriveDate", b, INTENT);
	cJSON_Delete(b);
	cJSON_Delete(a);
	return yes;
}

TEST(without_a_baseline_the_intent_decides)
{
	CHECK(is_replayed("{\"redriveDate\":1789999994.999}", NULL));
	CHECK(!is_replayed("{\"redriveDate\":1789999995.000}", NULL)); /* the skew allowed */
	CHECK(!is_replayed("{\"redriveDate\":1790000000.1}", NULL));
	CHECK(is_replayed("{\"redriveDate\":\"2026-09-21T14:13:14Z\"}", NULL));
	CHECK(!is_replayed("{\"redriveDate\":\"2026-09-21T14:13:20Z\"}", NULL));
}

TEST(a_baseline_decides_by_the_services_own_clock)
{
	CHECK(is_replayed("{\"redriveDate\":1790000900.5}", "{\"redriveDate\":1790000900.5}"));
	CHECK(is_replayed("{\"redriveDate\":1790000900.4}", "{\"redriveDate\":1790000900.5}"));
	CHECK(!is_replayed("{\"redriveDate\":1780000000.6}", "{\"redriveDate\":1780000000.5}"));
	CHECK(!is_replayed("{\"redriveDate\":1780000000.5}", "{\"redriveCount\":0}"));
}

TEST(what_has_no_date_is_not_replayed)
{
	CHECK(!is_replayed("{}", NULL));
	CHECK(!is_replayed("{\"redriveDate\":null}", NULL));
	CHECK(!is_replayed("{\"redriveDate\":\"yesterday\"}", NULL));
	CHECK(!is_replayed("{\"redriveDate\":1e300}", NULL));
	cJSON *old = json_parse(BYTES_LIT("{\"redriveDate\":1}"), NULL);
	CHECK(!replayed(old, NULL, NULL, INTENT));
	cJSON_Delete(old);
}

int main(void)
{
	return tap_run(TAP_CASES(TAP_CASE(without_a_baseline_the_intent_decides),
				 TAP_CASE(a_baseline_decides_by_the_services_own_clock),
				 TAP_CASE(what_has_no_date_is_not_replayed)));
}
