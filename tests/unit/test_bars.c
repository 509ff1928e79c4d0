/* How far what runs look at is. */
#include "tap.h"

#include <stdio.h>

#include "admin/bars.h"

static void note(struct bars *b, const char *resource, int64_t done, int64_t at_ms)
{
	struct op_progress p = { .label = "RUNNING", .done = done, .total = 1000 };
	bars_note(b, resource, &p, at_ms);
}

/* A member of the n-th bar as text; "" where there is none. */
static const char *shown(struct bars *b, int n, const char *name, int64_t now_ms)
{
	static char out[600];
	cJSON *list = bars_list(b, false, now_ms);
	const char *text = json_get_str(cJSON_GetArrayItem(list, n), name);
	(void)snprintf(out, sizeof(out), "%s", text ? text : "");
	cJSON_Delete(list);
	return out;
}

static int count(struct bars *b, bool changed, int64_t now_ms)
{
	cJSON *list = bars_list(b, changed, now_ms);
	int n = cJSON_GetArraySize(list);
	cJSON_Delete(list);
	return n;
}

TEST(the_newest_counters_of_each_resource)
{
	struct bars *b = bars_new();

	note(b, "arn:a", 0, 1000);
	note(b, "arn:b", 500, 1000);
	note(b, "arn:a", 999, 2000);

	CHECK_INT(count(b, false, 2000), 2);
	CHECK_STR(shown(b, 0, "resource", 2000), "arn:a");
	CHECK_STR(shown(b, 0, "percent", 2000), "99 %");
	CHECK_STR(shown(b, 1, "words", 2000), "500 of 1000");
	bars_free(b);
}

TEST(rate_and_estimate_are_of_the_last_looks)
{
	struct bars *b = bars_new();

	note(b, "arn:a", 0, 0);
	note(b, "arn:a", 100, 10000);
	CHECK_STR(shown(b, 0, "words", 10000), "100 of 1000, 10.0/s, about 2 min left");
	note(b, "arn:a", 101, 30000);
	CHECK_STR(shown(b, 0, "words", 30000), "101 of 1000, 3.4/s, about 4 min left");
	for (int i = 1; i <= 20; i++) /* pushes the first looks out */
		note(b, "arn:a", 101 + i, 30000 + i * INT64_C(100000));
	CHECK_STR(shown(b, 0, "words", 2030000), "121 of 1000, 0.6/min, about 24.4 h left");
	bars_free(b);
}

TEST(a_redrive_begins_the_rate_anew)
{
	struct bars *b = bars_new();

	note(b, "arn:a", 0, 0);
	note(b, "arn:a", 900, 1000);
	note(b, "arn:a", 100, 2000);
	CHECK_STR(shown(b, 0, "words", 2000), "100 of 1000");
	note(b, "arn:a", 200, 12000);
	CHECK_STR(shown(b, 0, "words", 12000), "200 of 1000, 10.0/s, about 80 s left");
	bars_free(b);
}

TEST(what_stands_still_is_said)
{
	struct bars *b = bars_new();

	note(b, "arn:a", 0, 0);
	note(b, "arn:a", 10, 1000);
	note(b, "arn:a", 10, 121000);
	CHECK_STR(shown(b, 0, "words", 121000), "10 of 1000, nothing has moved for 2 min");
	bars_free(b);
}

TEST(odd_counters_do_no_harm)
{
	struct bars *b = bars_new();
	struct op_progress p = { .label = "?", .done = 7, .failed = 5, .total = 10 };

	bars_note(b, "arn:a", &p, 1);
	CHECK_STR(shown(b, 0, "percent", 1), "100 %");
	CHECK_STR(shown(b, 0, "words", 1), "12 of 10, 5 bad");
	p.total = 0;
	bars_note(b, "arn:a", &p, 1);
	CHECK_STR(shown(b, 0, "percent", 1), "");
	CHECK_STR(shown(b, 0, "words", 1), "12 so far, 5 bad");
	bars_free(b);
}

TEST(there_are_only_so_many)
{
	struct bars *b = bars_new();
	char name[16];

	for (int i = 0; i <= BARS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "arn:%d", i);
		note(b, name, 1, 1000 + i);
	}
	CHECK_INT(count(b, false, 1000), BARS_MAX);
	CHECK_STR(shown(b, 0, "resource", 1000), "arn:1");
	note(b, "arn:0", 1, 5000); /* in the place of arn:1, with a key of its own */
	CHECK_STR(shown(b, BARS_MAX - 1, "resource", 5000), "arn:0");
	CHECK_STR(shown(b, 0, "resource", 5000), "arn:2");
	bars_free(b);
}

TEST(what_changed_is_told_once)
{
	struct bars *b = bars_new();

	note(b, "arn:a", 1, 1000);
	note(b, "arn:b", 1, 1000);
	CHECK_INT(count(b, true, 1000), 2);
	CHECK_INT(count(b, true, 1000), 0);
	note(b, "arn:b", 1, 2000);
	CHECK_INT(count(b, true, 2000), 1);
	CHECK_INT(count(b, false, 2000), 2);
	CHECK_INT(count(b, false, 1000 + BARS_SHOWN_MS + 1), 1);
	bars_free(b);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(the_newest_counters_of_each_resource),
		      TAP_CASE(rate_and_estimate_are_of_the_last_looks),
		      TAP_CASE(a_redrive_begins_the_rate_anew), TAP_CASE(what_stands_still_is_said),
		      TAP_CASE(odd_counters_do_no_harm), TAP_CASE(there_are_only_so_many),
		      TAP_CASE(what_changed_is_told_once)));
}
