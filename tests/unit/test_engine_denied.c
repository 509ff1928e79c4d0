/* What a Map Run does when the role of its state machine is denied what it needs: as recorded. */
#include "tap.h"

#include "engine_driver.h"

#define ARN(kind, rest) "arn:aws:states:us-east-1:123456789012:" kind ":" rest
#define EXECUTION ARN("execution", "m:x")
/* Item n = 1 fails; a child waits first. */
#define MACHINE(type, more) \
	"{'StartAt':'Each','States':{'Each':{'Type':'Map','Label':'Each','MaxConcurrency':2," \
	"'ItemProcessor':{'ProcessorConfig':{'Mode':'DISTRIBUTED','ExecutionType':'" type "'}," \
	"'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$.s','Next':'T'}," \
	"'T':{'Type':'Task','Resource':'arn:aws:lambda:us-east-1:123456789012:function:work'," \
	"'End':true}}}" more ",'End':true}}}"
#define ITEMS "[{'n':0,'s':0},{'n':1,'s':1},{'n':2,'s':9},{'n':3,'s':0},{'n':4,'s':0}]"
#define WRITER \
	",'ResultWriter':{'Resource':'arn:aws:states:::s3:putObject'," \
	"'Parameters':{'Bucket':'b','Prefix':'out'}}"
#define STARTED \
	"1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, 4<3 MapRunStarted, " \
	"5<4 MapRunFailed, 6<5 MapStateFailed, 7<6 ExecutionFailed"

static bool broken;

static const char *work(struct driver *d, const char *function, const cJSON *input, struct buf *out)
{
	(void)d;
	(void)function;
	if (broken && json_get_int(input, "n", -1) == 1)
		return "Work.Broken";
	buf_adds(out, "0");
	return NULL;
}

static void open_with(struct driver *d, const char *definition)
{
	driver_open(d, work);
	broken = true;
	driver_machine(d, "m", definition);
}

static void redrive(struct driver *d, const char *denied)
{
	d->role_denied = denied;
	(void)driver_call(d, "RedriveExecution", "{'executionArn':'" EXECUTION "'}");
	CHECK_INT(d->err.code, 0);
	driver_run(d);
}

static const char *map_run(struct driver *d, const char *member)
{
	char arn[300];
	driver_map_run(d, EXECUTION, 0, arn);
	(void)driver_call(d, "DescribeMapRun", "{'mapRunArn':'%s'}", arn);
	return driver_get(d, member);
}

static const char *execution(struct driver *d, const char *member)
{
	(void)driver_call(d, "DescribeExecution", "{'executionArn':'" EXECUTION "'}");
	return driver_get(d, member);
}

/* The cause without the session and the request, which are random. */
static void check_cause(struct driver *d, const char *op, const char *resource)
{
	char want[600], got[600];
	CHECK_STR(execution(d, "error"), "States.Runtime");
	(void)snprintf(got, sizeof(got), "%s", execution(d, "cause"));
	static const char head[] = "Error contacting AWS Service. | Message from Service: User: "
				   "arn:aws:sts::123456789012:assumed-role/r/";
	CHECK(strncmp(got, head, sizeof(head) - 1) == 0);
	(void)snprintf(want, sizeof(want),
		       " is not authorized to perform: states:%s on resource: %s because no "
		       "identity-based policy allows the states:%s action (Service: Sfn, Status "
		       "Code: 400, Request ID: ",
		       op, resource, op);
	if (!strstr(got, want))
		CHECK_STR(got, want);
	CHECK(strstr(got, ") (SDK Attempt Count: 1)"));
}

TEST(a_redrive_that_is_denied_counts_and_leaves_the_children_alone)
{
	struct driver d;
	char failed[300] = "", path[40];
	open_with(&d, MACHINE("STANDARD", WRITER));
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_advance(&d, 3000);
	CHECK_STR(execution(&d, "status"), "FAILED");
	driver_advance(&d, 1000);
	redrive(&d, "RedriveExecution");
	CHECK_STR(driver_history(&d, EXECUTION),
		  STARTED ", 8<7 ExecutionRedriven, 9<3 MapRunRedriven, 10<9 MapRunFailed, "
			  "11<10 MapStateFailed, 12<11 ExecutionFailed");

	CHECK_STR(map_run(&d, "status"), "FAILED");
	CHECK_STR(driver_get(&d, "redriveCount"), "1");
	CHECK_STR(driver_get(&d, "redriveDate"), "1.790208004E9");
	CHECK_STR(driver_get(&d, "stopDate"), "1.790208004E9");
	CHECK_STR(driver_get(&d, "itemCounts"),
		  "{\"aborted\":1,\"failed\":1,\"failuresNotRedrivable\":0,\"pending\":1,"
		  "\"pendingRedrive\":0,\"resultsWritten\":5,\"running\":0,\"succeeded\":2,"
		  "\"timedOut\":0,\"total\":5}");
	char run[300];
	(void)snprintf(run, sizeof(run), "%s", driver_get(&d, "mapRunArn"));
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s'}", run);
	for (int i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "executions.%d.redriveCount", i);
		CHECK_STR(driver_get(&d, path), "0");
		(void)snprintf(path, sizeof(path), "executions.%d.status", i);
		if (strcmp(driver_get(&d, path), "FAILED") != 0)
			continue;
		(void)snprintf(path, sizeof(path), "executions.%d.stopDate", i);
		CHECK_STR(driver_get(&d, path), "1.790208001E9");
		(void)snprintf(path, sizeof(path), "executions.%d.executionArn", i);
		(void)snprintf(failed, sizeof(failed), "%s", driver_get(&d, path));
	}
	check_cause(&d, "RedriveExecution", failed);
	char key[400];
	(void)snprintf(key, sizeof(key), "b/out/%s/Redrive-1/manifest.json", strrchr(run, ':') + 1);
	CHECK(driver_object(&d, key)); /* the results were exported again */

	broken = false;
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	CHECK_STR(map_run(&d, "redriveCount"), "2");
	CHECK_STR(driver_get(&d, "mapRunArn"), run);
	driver_close(&d);
}

TEST(a_start_that_is_denied_leaves_a_failed_map_run)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", ""));
	d.role_denied = "StartExecution";
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_run(&d);
	check_cause(&d, "StartExecution", ARN("stateMachine", "m"));
	CHECK_STR(execution(&d, "redriveStatus"), "REDRIVABLE");
	CHECK_STR(driver_history(&d, EXECUTION), STARTED);
	CHECK_STR(map_run(&d, "status"), "FAILED");
	CHECK_STR(driver_get(&d, "itemCounts.pending"), "5");
	CHECK_STR(driver_get(&d, "stopDate"), "1.790208E9");
	broken = false;
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	CHECK_STR(map_run(&d, "redriveCount"), "1");
	driver_close(&d);
}

TEST(children_that_run_are_aborted_when_the_next_may_not_start)
{
	struct driver d;
	open_with(&d, MACHINE("STANDARD", ""));
	broken = false;
	(void)driver_start(&d, "m", "x", "[{'n':0,'s':1},{'n':2,'s':9},{'n':3,'s':0}]");
	driver_run(&d);
	d.role_denied = "StartExecution";
	driver_advance(&d, 1000);
	check_cause(&d, "StartExecution", ARN("stateMachine", "m"));
	CHECK_STR(map_run(&d, "status"), "FAILED");
	CHECK_STR(driver_get(&d, "itemCounts.succeeded"), "1");
	CHECK_STR(driver_get(&d, "itemCounts.aborted"), "1");
	CHECK_STR(driver_get(&d, "itemCounts.pending"), "1");
	redrive(&d, "StartExecution"); /* what ran is redriven, the pending item is refused again */
	driver_advance(&d, 9000);
	CHECK_STR(map_run(&d, "status"), "FAILED");
	CHECK_STR(driver_get(&d, "itemCounts.pending"), "1");
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(express_children_are_started_again_and_need_that)
{
	struct driver d;
	open_with(&d, MACHINE("EXPRESS", ""));
	(void)driver_start(&d, "m", "x", "[{'n':0,'s':0},{'n':1,'s':0}]");
	driver_run(&d);
	redrive(&d, "StartExecution");
	check_cause(&d, "StartExecution", ARN("stateMachine", "m"));
	CHECK_STR(map_run(&d, "itemCounts.failed"), "1");
	broken = false;
	redrive(&d, "RedriveExecution"); /* which nothing here needs */
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

/* ---- what the role's policies say ---- */

#define MAY(statements) "[{'Statement':[" statements "]}]"
#define START_ONLY "{'Effect':'Allow','Action':'states:StartExecution','Resource':'*'}"
#define REDRIVE \
	"{'Effect':'Allow','Action':'states:RedriveExecution','Resource':" \
	"'arn:aws:states:*:*:execution:m/Each:*'}"

static void open_with_policies(struct driver *d, const char *definition, const char *policies)
{
	driver_open(d, work);
	d->asks_roles = true;
	d->policies = policies;
	driver_reopen(d);
	broken = true;
	driver_machine(d, "m", definition);
}

TEST(a_role_is_read_anew_for_every_start_and_redrive)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", WRITER), MAY(START_ONLY));
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_advance(&d, 3000);
	CHECK_STR(execution(&d, "error"), "States.ExceedToleratedFailureThreshold");
	CHECK_INT(d.role_reads, 1);

	redrive(&d, NULL);
	CHECK_INT(d.role_reads, 2);
	CHECK_STR(map_run(&d, "itemCounts.failed"), "1");
	CHECK_STR(driver_get(&d, "redriveCount"), "1");
	CHECK_STR(execution(&d, "error"), "States.Runtime");
	char cause[600];
	(void)snprintf(cause, sizeof(cause), "%s", execution(&d, "cause"));
	CHECK(
	    strstr(cause, "is not authorized to perform: states:RedriveExecution on resource: " ARN(
			      "execution", "m/Each:")));
	CHECK(strstr(cause, "because no identity-based policy allows the states:RedriveExecution"));

	broken = false;
	d.policies = MAY(START_ONLY "," REDRIVE);
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	CHECK_INT(d.role_reads, 3);
	CHECK_STR(driver_history(&d, EXECUTION),
		  STARTED ", 8<7 ExecutionRedriven, 9<3 MapRunRedriven, 10<9 MapRunFailed, "
			  "11<10 MapStateFailed, 12<11 ExecutionFailed, 13<12 ExecutionRedriven, "
			  "14<3 MapRunRedriven, 15<14 MapRunSucceeded, 16<15 MapStateSucceeded, "
			  "17<14 MapStateExited, 18<17 ExecutionSucceeded");
	driver_close(&d);
}

TEST(what_a_role_may_outlives_a_restart)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", ""), MAY(REDRIVE));
	d.restart = true;
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_run(&d);
	check_cause(&d, "StartExecution", ARN("stateMachine", "m"));
	CHECK_STR(driver_history(&d, EXECUTION), STARTED);

	broken = false;
	d.policies = MAY(START_ONLY "," REDRIVE);
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(a_restart_while_the_role_is_read_reads_it_again)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", ""), MAY(START_ONLY));
	broken = false;
	(void)driver_start(&d, "m", "x", ITEMS);
	(void)engine_step(d.e, d.now);
	CHECK_INT(d.role_reads, 1);
	(void)driver_call(&d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(driver_get(&d, "mapRuns"), "[]");
	driver_restart(&d);
	CHECK_INT(d.role_reads, 2);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(one_child_that_may_not_be_redriven_fails_them_all)
{
	struct driver d;
	char failed[300], policies[600];
	open_with_policies(&d, MACHINE("STANDARD", ""), MAY(START_ONLY));
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_advance(&d, 3000);
	(void)map_run(&d, "status");
	char run[300];
	(void)snprintf(run, sizeof(run), "%s", driver_get(&d, "mapRunArn"));
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','statusFilter':'FAILED'}", run);
	(void)snprintf(failed, sizeof(failed), "%s", driver_get(&d, "executions.0.executionArn"));
	(void)driver_call(&d, "ListExecutions", "{'mapRunArn':'%s','statusFilter':'ABORTED'}", run);
	(void)snprintf(policies, sizeof(policies),
		       MAY("{'Effect':'Allow','Action':'*','Resource':'*'},{'Effect':'Deny',"
			   "'Action':'states:RedriveExecution','Resource':'%s'}"),
		       driver_get(&d, "executions.0.executionArn"));
	d.policies = policies;
	redrive(&d, NULL);
	CHECK(strstr(execution(&d, "cause"), " with an explicit deny in an identity-based policy "
					     "(Service: Sfn, "));
	(void)driver_call(&d, "DescribeExecution", "{'executionArn':'%s'}", failed);
	CHECK_STR(driver_get(&d, "redriveCount"), "0");
	CHECK_STR(driver_get(&d, "status"), "FAILED");
	driver_close(&d);
}

#define NOT_ASSUMED \
	"Step Functions failed to assume the provided role. Please update your IAM trust policy " \
	"to allow Step Functions to assume the role. | Message from STS: The principal " \
	"states.amazonaws.com is not authorized to assume the provided role. (role: " \
	"arn:aws:iam::123456789012:role/r)"

TEST(without_its_role_a_map_run_has_never_been)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", WRITER), NULL);
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_run(&d);
	CHECK_STR(execution(&d, "error"), "States.Runtime");
	CHECK_STR(
	    driver_get(&d, "cause"),
	    "An error occurred while executing the state 'Each' (entered at the event id "
	    "#2). Failed to write a test manifest into the specified output bucket. " NOT_ASSUMED);
	CHECK_STR(driver_history(&d, EXECUTION),
		  "1<0 ExecutionStarted, 2<0 MapStateEntered, 3<2 MapStateStarted, "
		  "4<3 ExecutionFailed");
	(void)driver_call(&d, "ListMapRuns", "{'executionArn':'" EXECUTION "'}");
	CHECK_STR(driver_get(&d, "mapRuns"), "[]");
	CHECK_INT(d.n_objects, 0);
	driver_close(&d);
}

TEST(a_redrive_without_the_role_leaves_the_map_run_as_it_was)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", ""), MAY(START_ONLY "," REDRIVE));
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_advance(&d, 3000);
	d.policies = NULL;
	redrive(&d, NULL);
	CHECK_STR(execution(&d, "cause"), "An error occurred while executing the state 'Each' "
					  "(entered at the event id #2). " NOT_ASSUMED);
	CHECK_STR(map_run(&d, "redriveCount"), "0");
	CHECK_STR(driver_get(&d, "redriveDate"), "(absent)");
	driver_close(&d);
}

TEST(nobody_may_do_what_iam_cannot_tell_of)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", ""), MAY(START_ONLY));
	d.role_error = "ListRolePolicies: HTTP 500";
	(void)driver_start(&d, "m", "x", ITEMS);
	driver_run(&d);
	CHECK_STR(execution(&d, "cause"),
		  "An error occurred while executing the state 'Each' (entered at the event id "
		  "#2). The policies of the role arn:aws:iam::123456789012:role/r cannot be read: "
		  "ListRolePolicies: HTTP 500");
	d.role_error = NULL;
	broken = false;
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

TEST(an_execution_that_is_stopped_while_its_role_is_read_stays_stopped)
{
	struct driver d;
	open_with_policies(&d, MACHINE("STANDARD", ""), MAY(START_ONLY));
	(void)driver_start(&d, "m", "x", ITEMS);
	(void)engine_step(d.e, d.now);
	(void)driver_call(&d, "StopExecution", "{'executionArn':'" EXECUTION "'}");
	driver_run(&d);
	CHECK_STR(execution(&d, "status"), "ABORTED");
	broken = false;
	redrive(&d, NULL);
	driver_advance(&d, 9000);
	CHECK_STR(execution(&d, "status"), "SUCCEEDED");
	driver_close(&d);
}

int main(void)
{
	return tap_run(
	    TAP_CASES(TAP_CASE(a_redrive_that_is_denied_counts_and_leaves_the_children_alone),
		      TAP_CASE(a_start_that_is_denied_leaves_a_failed_map_run),
		      TAP_CASE(children_that_run_are_aborted_when_the_next_may_not_start),
		      TAP_CASE(express_children_are_started_again_and_need_that),
		      TAP_CASE(a_role_is_read_anew_for_every_start_and_redrive),
		      TAP_CASE(what_a_role_may_outlives_a_restart),
		      TAP_CASE(a_restart_while_the_role_is_read_reads_it_again),
		      TAP_CASE(one_child_that_may_not_be_redriven_fails_them_all),
		      TAP_CASE(without_its_role_a_map_run_has_never_been),
		      TAP_CASE(a_redrive_without_the_role_leaves_the_map_run_as_it_was),
		      TAP_CASE(nobody_may_do_what_iam_cannot_tell_of),
		      TAP_CASE(an_execution_that_is_stopped_while_its_role_is_read_stays_stopped)));
}
