/* What became of a changing call: every rule, one unit on either side of each limit. */
#include "tap.h"

#include "sfn/judge.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };
#define INTENT INT64_C(1790000000000)
#define UNTIL (INTENT + 30 * SECOND)
#define SKEW (2 * SECOND)
#define ARN "arn:aws:states:us-east-1:123456789012:execution:M:one"

/* The defaults are a look at a time when nothing lags any more. */
struct question {
	const char *about, *args, *baseline, *now;
	int64_t asked_ms;
};

struct verdict_seen {
	enum verdict verdict;
	char why[256], answer[512];
};

static struct verdict_seen ask(const struct question *q)
{
	const struct subject *s = subject_of(q->about);
	cJSON *args = json_parse(bytes_str(q->args ? q->args : "{}"), NULL);
	cJSON *baseline = q->baseline ? json_parse(bytes_str(q->baseline), NULL) : NULL;
	cJSON *now = q->now ? json_parse(bytes_str(q->now), NULL) : NULL;
	struct judgement j = { .verdict = VERDICT_UNKNOWN };
	struct verdict_seen seen = { .answer = "" };
	struct buf text = BUF_INIT(sizeof(seen.answer));
	s->judge(&j,
		 &(struct findings){ .args = args,
				     .baseline = baseline,
				     .now = now,
				     .intent_ms = INTENT,
				     .sent_until_ms = UNTIL,
				     .skew_ms = SKEW,
				     .asked_ms = q->asked_ms ? q->asked_ms : UNTIL + 15 * MINUTE });
	if (j.answer)
		json_write(&text, j.answer);
	seen.verdict = j.verdict;
	(void)snprintf(seen.why, sizeof(seen.why), "%s", j.why);
	(void)snprintf(seen.answer, sizeof(seen.answer), "%s", buf_cstr(&text));
	buf_clear(&text);
	cJSON_Delete(j.answer);
	cJSON_Delete(now);
	cJSON_Delete(baseline);
	cJSON_Delete(args);
	return seen;
}

/* A redrive judged by baseline and what is found; date_ms 0: none. */
static struct verdict_seen redrive(const char *baseline, int count, int64_t date_ms)
{
	char now[128];
	if (date_ms)
		(void)snprintf(now, sizeof(now), "{\"redriveCount\":%d,\"redriveDate\":%.3f}",
			       count, (double)date_ms / 1000);
	else
		(void)snprintf(now, sizeof(now), "{\"redriveCount\":%d}", count);
	return ask(
	    &(struct question){ .about = "RedriveExecution", .baseline = baseline, .now = now });
}

#define NEVER "{\"redriveCount\":0,\"status\":\"FAILED\"}"
#define ONCE "{\"redriveCount\":1,\"redriveDate\":1789999999.5,\"status\":\"FAILED\"}"

TEST(one_more_redrive_in_the_window_is_ours)
{
	struct verdict_seen v = redrive(NEVER, 1, INTENT + 1234);
	CHECK_INT(v.verdict, VERDICT_DONE);
	CHECK_STR(v.answer, "{\"redriveDate\":1790000001.234}");

	CHECK_INT(redrive(NEVER, 1, INTENT - SKEW).verdict, VERDICT_DONE);
	CHECK_INT(redrive(NEVER, 1, INTENT - SKEW - 1).verdict, VERDICT_UNKNOWN);
	CHECK_INT(redrive(NEVER, 1, UNTIL + SKEW).verdict, VERDICT_DONE);
	CHECK_INT(redrive(NEVER, 1, UNTIL + SKEW + 1).verdict, VERDICT_UNKNOWN);
}

TEST(one_more_redrive_outside_the_window_is_someone_elses)
{
	struct verdict_seen v = redrive(NEVER, 1, UNTIL + 10 * MINUTE);
	CHECK_INT(v.verdict, VERDICT_UNKNOWN);
	CHECK_STR(v.answer, "");
	CHECK_STR(v.why, "redriveCount went up by one at 2026-09-21T14:23:50.000Z, not between "
			 "2026-09-21T14:13:18.000Z and 2026-09-21T14:13:52.000Z: someone else's");
}

TEST(an_older_date_is_not_ours_even_inside_the_skew)
{
	CHECK_INT(redrive(ONCE, 2, INTENT - 500).verdict, VERDICT_UNKNOWN);
	CHECK_INT(redrive(ONCE, 2, INTENT - 499).verdict, VERDICT_DONE);
}

TEST(two_more_redrives_are_unknown)
{
	struct verdict_seen v = redrive(NEVER, 2, INTENT + 1);
	CHECK_INT(v.verdict, VERDICT_UNKNOWN);
	CHECK_STR(v.why, "redriveCount went from 0 to 2: this call's redrive may be among them or "
			 "not");
	CHECK_INT(redrive(ONCE, 0, 0).verdict, VERDICT_UNKNOWN);
	CHECK_INT(redrive(NEVER, 1, 0).verdict, VERDICT_UNKNOWN);
}

TEST(an_unchanged_count_is_not_done_once_reads_do_not_lag_any_more)
{
	const int64_t settled = UNTIL + SKEW + JUDGE_SETTLE_MS;
	struct question q = { .about = "RedriveExecution", .baseline = ONCE, .now = ONCE };
	CHECK_INT(ask(&q).verdict, VERDICT_NOT_DONE);
	q.asked_ms = settled;
	CHECK_INT(ask(&q).verdict, VERDICT_NOT_DONE);
	q.asked_ms = settled - 1;
	struct verdict_seen v = ask(&q);
	CHECK_INT(v.verdict, VERDICT_UNKNOWN);
	CHECK_STR(v.why, "redriveCount is what it was before the call, but reads lag behind: that "
			 "proves nothing for another 1 s");
}

TEST(without_a_baseline_only_an_old_date_proves_something)
{
	CHECK_INT(redrive(NULL, 0, 0).verdict, VERDICT_NOT_DONE);
	CHECK_INT(redrive(NULL, 3, INTENT - SKEW - 1).verdict, VERDICT_NOT_DONE);
	CHECK_INT(redrive(NULL, 3, INTENT - SKEW).verdict, VERDICT_UNKNOWN);
	CHECK_INT(redrive(NULL, 1, INTENT + 1).verdict, VERDICT_UNKNOWN);
	CHECK_INT(redrive("{}", 1, INTENT + 1).verdict, VERDICT_UNKNOWN);
}

TEST(what_is_gone_or_says_nothing_is_unknown)
{
	CHECK_STR(ask(&(struct question){ .about = "RedriveExecution", .baseline = NEVER }).why,
		  "the execution does not exist any more");
	CHECK_STR(
	    ask(&(struct question){ .about = "RedriveExecution", .baseline = NEVER, .now = "{}" })
		.why,
	    "the service does not tell redriveCount");
	CHECK_INT(ask(&(struct question){ .about = "StopExecution" }).verdict, VERDICT_UNKNOWN);
	CHECK_INT(ask(&(struct question){ .about = "StartExecution" }).verdict, VERDICT_UNKNOWN);
	CHECK(!subject_of("DescribeExecution"));
}

/* ---- StopExecution ---- */

static enum verdict stop(const char *now)
{
	return ask(&(struct question){ .about = "StopExecution", .now = now }).verdict;
}

TEST(a_stop_is_done_when_the_execution_is_closed_and_not_when_it_runs)
{
	struct verdict_seen v =
	    ask(&(struct question){ .about = "StopExecution",
				    .now = "{\"status\":\"ABORTED\",\"stopDate\":1790000001.5}" });
	CHECK_INT(v.verdict, VERDICT_DONE);
	CHECK_STR(v.answer, "{\"stopDate\":1790000001.5}");
	CHECK_INT(stop("{\"status\":\"SUCCEEDED\",\"stopDate\":1789999000}"), VERDICT_DONE);
	CHECK_INT(stop("{\"status\":\"RUNNING\"}"), VERDICT_NOT_DONE);
	CHECK_INT(stop("{\"status\":\"RUNNING\",\"redriveDate\":1789999000}"), VERDICT_NOT_DONE);
	CHECK_INT(stop("{\"status\":\"SUCCEEDED\",\"stopDate\":1790000032.000}"), VERDICT_DONE);
	CHECK_INT(stop("{\"status\":\"SUCCEEDED\",\"stopDate\":1790000032.001}"), VERDICT_NOT_DONE);
}

TEST(a_stop_before_a_redrive_is_unknown)
{
	CHECK_INT(stop("{\"status\":\"RUNNING\",\"redriveDate\":1790000009}"), VERDICT_UNKNOWN);
	CHECK_INT(stop("{\"status\":\"ABORTED\",\"stopDate\":1790000010,"
		       "\"redriveDate\":1790000009}"),
		  VERDICT_UNKNOWN);
	CHECK_INT(stop("{\"status\":\"ABORTED\"}"), VERDICT_UNKNOWN);
}

/* ---- StartExecution ---- */

#define STARTED(date, input) \
	"{\"executionArn\":\"" ARN "\",\"startDate\":" date ",\"input\":\"" input "\"}"

static enum verdict started(const char *now)
{
	return ask(&(struct question){
		       .about = "StartExecution", .args = "{\"input\":\"7\"}", .now = now })
	    .verdict;
}

TEST(a_start_is_done_when_name_time_and_input_agree)
{
	struct verdict_seen v = ask(
	    &(struct question){ .about = "StartExecution", .now = STARTED("1790000001.5", "{}") });
	CHECK_INT(v.verdict, VERDICT_DONE);
	CHECK_STR(v.answer, "{\"startDate\":1790000001.5,\"executionArn\":\"" ARN "\"}");
	CHECK_INT(started(STARTED("1790000001.5", "7")), VERDICT_DONE);
	CHECK_INT(started(STARTED("1790000001.5", "8")), VERDICT_UNKNOWN);
	CHECK_INT(started(STARTED("1789999000", "7")), VERDICT_UNKNOWN);
	CHECK_INT(started(STARTED("1790000100", "7")), VERDICT_UNKNOWN);
}

/* ---- UpdateMapRun ---- */

static enum verdict updated(const char *baseline, const char *now)
{
	return ask(&(struct question){ .about = "UpdateMapRun",
				       .args = "{\"maxConcurrency\":5,\"toleratedFailureCount\":1}",
				       .baseline = baseline,
				       .now = now })
	    .verdict;
}

TEST(an_update_is_done_when_the_settings_are_those_given)
{
	static const char before[] = "{\"maxConcurrency\":2,\"toleratedFailurePercentage\":0,"
				     "\"toleratedFailureCount\":1}";
	CHECK_INT(updated(before, "{\"maxConcurrency\":5,\"toleratedFailureCount\":1}"),
		  VERDICT_DONE);
	CHECK_INT(updated(NULL, "{\"maxConcurrency\":5.0,\"toleratedFailureCount\":1}"),
		  VERDICT_DONE);
	CHECK_INT(updated(before, before), VERDICT_NOT_DONE);
	CHECK_INT(updated(NULL, before), VERDICT_UNKNOWN);
	CHECK_INT(updated(before, "{\"maxConcurrency\":9,\"toleratedFailureCount\":1}"),
		  VERDICT_UNKNOWN);
	CHECK_INT(updated(before, "{\"maxConcurrency\":5,\"toleratedFailureCount\":7}"),
		  VERDICT_UNKNOWN);
	CHECK_INT(updated(before, "{}"), VERDICT_UNKNOWN);
	CHECK_INT(updated(before, NULL), VERDICT_UNKNOWN);
}

/* ---- questions ---- */

static void check_question(const char *about, const char *args, const char *question)
{
	cJSON *given = json_parse(bytes_str(args), NULL), *made = cJSON_CreateObject();
	struct buf text = BUF_INIT(4096);
	bool asked = subject_of(about)->ask(made, given);
	if (asked)
		json_write(&text, made);
	CHECK_STR(buf_cstr(&text), question);
	buf_clear(&text);
	cJSON_Delete(made);
	cJSON_Delete(given);
}

TEST(the_question_names_the_execution)
{
	check_question("RedriveExecution", "{\"executionArn\":\"a\",\"clientToken\":\"t\"}",
		       "{\"executionArn\":\"a\",\"includedData\":\"METADATA_ONLY\"}");
	check_question("StartExecution",
		       "{\"stateMachineArn\":\"arn:aws:states:us-east-1:123456789012:"
		       "stateMachine:M\",\"name\":\"one\"}",
		       "{\"executionArn\":\"" ARN "\"}");
	check_question("StartExecution",
		       "{\"stateMachineArn\":\"arn:aws:states:us-east-1:123456789012:"
		       "stateMachine:M:7\",\"name\":\"one\"}",
		       "{\"executionArn\":\"" ARN "\"}");
	check_question("StartExecution", "{\"stateMachineArn\":\"M\",\"name\":\"one\"}", "");
	check_question("StartExecution", "{}", "");
	check_question("UpdateMapRun", "{\"mapRunArn\":\"m\",\"maxConcurrency\":1}",
		       "{\"mapRunArn\":\"m\"}");
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(one_more_redrive_in_the_window_is_ours),
		      TAP_CASE(one_more_redrive_outside_the_window_is_someone_elses),
		      TAP_CASE(an_older_date_is_not_ours_even_inside_the_skew),
		      TAP_CASE(two_more_redrives_are_unknown),
		      TAP_CASE(an_unchanged_count_is_not_done_once_reads_do_not_lag_any_more),
		      TAP_CASE(without_a_baseline_only_an_old_date_proves_something),
		      TAP_CASE(what_is_gone_or_says_nothing_is_unknown),
		      TAP_CASE(a_stop_is_done_when_the_execution_is_closed_and_not_when_it_runs),
		      TAP_CASE(a_stop_before_a_redrive_is_unknown),
		      TAP_CASE(a_start_is_done_when_name_time_and_input_agree),
		      TAP_CASE(an_update_is_done_when_the_settings_are_those_given),
		      TAP_CASE(the_question_names_the_execution)));
}
