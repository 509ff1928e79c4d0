/* Faults on order: what is accepted, who meets which, and when they are used up. */
#include "tap.h"

#include "local/shell/fault_plan.h"

static int add(struct fault_plan *p, const char *text, struct err *err)
{
	cJSON *v = json_parse(bytes_str(text), NULL);
	int rc = fault_plan_add(p, v, err);
	cJSON_Delete(v);
	return rc;
}

static const char *listed(const struct fault_plan *p)
{
	static char text[2048];
	struct buf b = BUF_INIT(sizeof(text));
	fault_plan_write(p, &b);
	(void)snprintf(text, sizeof(text), "%s", buf_cstr(&b));
	buf_clear(&b);
	return text;
}

TEST(a_fault_is_met_as_often_as_ordered_by_its_operation_only)
{
	struct fault_plan p = { 0 };
	struct planned_fault f;
	CHECK_INT(
	    add(&p, "{\"operation\":\"StopExecution\",\"kind\":\"throttle\",\"count\":2}", NULL),
	    0);
	CHECK(!fault_plan_take(&p, "StartExecution", &f));
	CHECK(!fault_plan_take(&p, "stopexecution", &f));
	CHECK(fault_plan_take(&p, "StopExecution", &f));
	CHECK_INT(f.kind, FAULT_THROTTLE);
	CHECK_STR(listed(&p), "[{\"operation\":\"StopExecution\",\"kind\":\"throttle\","
			      "\"when\":\"before\",\"count\":1}]");
	CHECK(fault_plan_take(&p, "StopExecution", &f));
	CHECK(!fault_plan_take(&p, "StopExecution", &f));
	CHECK_STR(listed(&p), "[]");
}

TEST(the_first_ordered_is_met_first_and_one_without_count_stays)
{
	struct fault_plan p = { 0 };
	struct planned_fault f;
	CHECK_INT(
	    add(&p,
		"{\"operation\":\"StopExecution\",\"kind\":\"latency\",\"ms\":7,\"when\":\"after\","
		"\"count\":1}",
		NULL),
	    0);
	CHECK_INT(add(&p, "{\"operation\":\"*\",\"kind\":\"error\",\"status\":599}", NULL), 0);
	CHECK_STR(
	    listed(&p),
	    "[{\"operation\":\"StopExecution\",\"kind\":\"latency\",\"when\":\"after\",\"ms\":7,"
	    "\"count\":1},{\"operation\":\"*\",\"kind\":\"error\",\"when\":\"before\","
	    "\"status\":599}]");

	CHECK(fault_plan_take(&p, "StopExecution", &f));
	CHECK(f.kind == FAULT_LATENCY && f.after && f.ms == 7);
	for (int i = 0; i < 3; i++) {
		CHECK(fault_plan_take(&p, "StopExecution", &f));
		CHECK(f.kind == FAULT_ERROR && !f.after && f.status == 599);
	}
	fault_plan_clear(&p);
	CHECK(!fault_plan_take(&p, "StopExecution", &f));
}

TEST(clients_and_roles_meet_their_own_faults)
{
	struct fault_plan p = { 0 };
	struct planned_fault f;
	CHECK_INT(add(&p,
		      "{\"operation\":\"RedriveExecution\",\"kind\":\"deny\",\"by\":\"role\","
		      "\"count\":1}",
		      NULL),
		  0);
	CHECK_INT(
	    add(&p, "{\"operation\":\"StartExecution\",\"kind\":\"deny\",\"by\":\"client\"}", NULL),
	    0);
	CHECK_STR(listed(&p),
		  "[{\"operation\":\"RedriveExecution\",\"kind\":\"deny\",\"when\":\"before\","
		  "\"by\":\"role\",\"count\":1},{\"operation\":\"StartExecution\","
		  "\"kind\":\"deny\",\"when\":\"before\"}]");
	CHECK(!fault_plan_take(&p, "RedriveExecution", &f));
	CHECK(!fault_plan_denies_role(&p, "StartExecution"));
	CHECK(fault_plan_denies_role(&p, "RedriveExecution"));
	CHECK(!fault_plan_denies_role(&p, "RedriveExecution"));
	CHECK(fault_plan_take(&p, "StartExecution", &f));
	fault_plan_clear(&p);
}

TEST(what_is_no_fault_is_named_and_changes_nothing)
{
	static const char *const wrong[][2] = {
		{ "[]", "expected an object" },
		{ "{\"kind\":\"drop\"}", "'operation' must be" },
		{ "{\"operation\":7,\"kind\":\"drop\"}", "'operation' must be" },
		{ "{\"operation\":\"A.B\",\"kind\":\"drop\"}",
		  "there is no operation 'A.B'; expected" },
		{ "{\"operation\":\"redriveexecutions\",\"kind\":\"drop\"}",
		  "no operation 'redriveexecutions': did you mean 'RedriveExecution'?" },
		{ "{\"operation\":\"StartSyncExecution/end\",\"kind\":\"drop\"}",
		  "did you mean 'StartSyncExecution'?" },
		{ "{\"operation\":\"StopExecution\"}", "'kind' must be" },
		{ "{\"operation\":\"*\",\"kind\":\"deny\",\"by\":\"me\"}", "'by' must be client" },
		{ "{\"operation\":\"*\",\"kind\":\"drop\",\"by\":\"role\"}", "only a deny" },
		{ "{\"operation\":\"ListMapRuns\",\"kind\":\"deny\",\"by\":\"role\"}",
		  "only a deny, of StartExecution, RedriveExecution or *" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"DROP\"}", "'kind' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"drop\",\"when\":\"late\"}",
		  "'when' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"drop\",\"when\":1}",
		  "'when' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"throttle\",\"when\":\"after\"}",
		  "a throttle comes before" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"drop\",\"count\":0}",
		  "'count' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"drop\",\"count\":1.5}",
		  "'count' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"error\",\"status\":499}",
		  "'status' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"latency\"}",
		  "a latency needs 'ms'" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"latency\",\"ms\":600001}",
		  "'ms' must be" },
		{ "{\"operation\":\"StopExecution\",\"kind\":\"drop\",\"times\":1}",
		  "unknown member 'times'" },
	};
	struct fault_plan p = { 0 };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = { 0 };
		CHECK_INT(add(&p, wrong[i][0], &err), -ERR_INVALID);
		if (!strstr(err.message, wrong[i][1]))
			CHECK_STR(err.message, wrong[i][1]);
	}
	CHECK_INT(p.n, 0);
}

TEST(there_is_an_end_to_the_plan)
{
	struct fault_plan p = { 0 };
	struct err err = { 0 };
	int n = 0;
	while (n < 10000 &&
	       add(&p, "{\"operation\":\"StopExecution\",\"kind\":\"drop\"}", &err) == 0)
		n++;
	CHECK_INT(n, 1000);
	CHECK_STR(err.message, "there are 1000 faults already; clear them first");
	fault_plan_clear(&p);
	CHECK_INT(p.n, 0);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_fault_is_met_as_often_as_ordered_by_its_operation_only),
		      TAP_CASE(the_first_ordered_is_met_first_and_one_without_count_stays),
		      TAP_CASE(clients_and_roles_meet_their_own_faults),
		      TAP_CASE(what_is_no_fault_is_named_and_changes_nothing),
		      TAP_CASE(there_is_an_end_to_the_plan)));
}
