"""The control path of `runbook local`: its clock, faults on order, snapshots and reset, as a real process."""

import http.client
import os
import time

from program import Workspace, boto3_client
from steered import ACCOUNT, ask, call, code, control, create, describe, start, try_control
from tap import check, check_equal, run, test

DAY = 24 * 3600
COUNTING = """
local handlers = {}
function handlers.stamp(input, context)
  return { entered = context.State.EnteredTime }
end
return handlers
"""
STAMP = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:stamp"}


def wait(seconds, following):
    return {"Type": "Wait", "Seconds": seconds, "Next": following}


@test
def a_year_of_waiting_takes_no_time_and_happens_in_order():
    with Workspace() as work:
        work.write("handlers.lua", COUNTING)
        with work.engine() as (_, url):
            machine = create(url, {"A": wait(100 * DAY, "B"), "B": {**STAMP, "Next": "C"}, "C": wait(100 * DAY, "D"),
                                   "D": {**STAMP, "Next": "E"}, "E": wait(100 * DAY, "F"), "F": {"Type": "Succeed"}})
            execution = start(url, machine, "one")
            began, before = time.monotonic(), control(url, clock="read")["nowMs"]
            now = control(url, advance="365d")["nowMs"]
            check(time.monotonic() - began < 20, "a year should not take long")
            check(365 * DAY * 1000 <= now - before < 365 * DAY * 1000 + 60000, f"{now - before} ms went by")

            ended = describe(url, execution)
            check_equal(ended["status"], "SUCCEEDED", "status")
            took = ended["stopDate"] - ended["startDate"]
            check(300 * DAY <= took < 300 * DAY + 60, f"the execution took {took} s, not three waits of 100 days")


@test
def the_clock_does_not_go_back_after_sigkill():
    with Workspace() as work:
        with work.engine() as (process, url):
            machine = create(url, {"W": {"Type": "Wait", "Seconds": 20 * DAY, "End": True}})
            execution = start(url, machine, "one")
            later = control(url, advance="15d")["nowMs"]
            process.kill()
        with work.engine() as (_, url):
            now = control(url, clock="read")
            check(later <= now["nowMs"] < later + 60000, f"{now} after {later}")
            check(now["aheadMs"] >= 15 * DAY * 1000, str(now))
            check_equal(describe(url, execution)["status"], "RUNNING", "status")
            control(url, advance="5d")
            check_equal(describe(url, execution)["status"], "SUCCEEDED", "status")


@test
def fourteen_days_decide_about_a_redrive():
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, {"F": {"Type": "Fail", "Error": "E"}})
        early, late = start(url, machine, "early"), start(url, machine, "late")
        control(url, advance="13d")
        call(url, "RedriveExecution", executionArn=early)
        control(url, advance="1d")
        status, body = ask(url, "RedriveExecution", executionArn=late)
        check_equal((status, body["message"]), (400, f"Execution {late} invalid for redrive as: "
                                                     "Execution redrivable period exceeded"), "the refusal")


@test
def requests_meet_the_faults_that_were_ordered():
    with Workspace() as work, work.engine() as (_, url):
        control(url, fault={"operation": "ListStateMachines", "kind": "throttle", "count": 1})
        control(url, fault={"operation": "ListStateMachines", "kind": "error", "status": 503, "count": 1})
        control(url, fault={"operation": "ListStateMachines", "kind": "error", "count": 1})
        listed = control(url, fault={"operation": "*", "kind": "deny", "count": 1})["faults"]
        check_equal([(f["kind"], f["count"]) for f in listed],
                    [("throttle", 1), ("error", 1), ("error", 1), ("deny", 1)], "faults")

        met = [ask(url, "ListStateMachines") for _ in range(5)]

        check_equal([(m[0], code(m)) for m in met],
                    [(400, "ThrottlingException"), (503, "ServiceUnavailable"), (500, "InternalFailure"),
                     (400, "AccessDeniedException"), (200, None)], "answers")
        check_equal(met[0][1]["message"], "Rate exceeded", "message of the throttling")
        check(met[3][1]["Message"].startswith("User: arn:aws:iam::123456789012:user/local is not authorized to "
                                              "perform: states:ListStateMachines on resource: "), str(met[3]))
        check_equal(control(url, faults="list"), {"faults": []}, "faults that are left")


@test
def a_dropped_request_was_done_or_not_as_ordered():
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, {"S": {"Type": "Succeed"}})
        for when, done in ("before", 0), ("after", 1):
            control(url, fault={"operation": "StartExecution", "kind": "drop", "count": 1, "when": when})
            try:
                start(url, machine, when)
                check(False, f"{when}: there was an answer")
            except http.client.RemoteDisconnected:
                pass
            listed = call(url, "ListExecutions", stateMachineArn=machine)["executions"]
            check_equal([e["name"] for e in listed], [when] * done, f"executions after a drop {when}")


@test
def an_answer_that_failed_may_still_have_been_an_effect():
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, {"S": {"Type": "Succeed"}})
        control(url, fault={"operation": "StartExecution", "kind": "error", "count": 1, "when": "after"})
        check_equal(code(ask(url, "StartExecution", stateMachineArn=machine, name="x")), "InternalFailure", "code")
        check_equal(describe(url, f"{ACCOUNT}:execution:M:x")["name"], "x", "the execution")


@test
def an_answer_may_be_late():
    with Workspace() as work, work.engine() as (_, url):
        for when in "before", "after":
            control(url, fault={"operation": "ListStateMachines", "kind": "latency", "ms": 300, "count": 1,
                                "when": when})
            began = time.monotonic()
            check_equal(call(url, "ListStateMachines"), {"stateMachines": []}, "answer")
            check(time.monotonic() - began >= 0.29, f"{when}: the answer came early")


@test
def an_sdk_retries_what_was_ordered():
    with Workspace() as work, work.engine() as (_, url):
        client = boto3_client(url)
        machine = create(url, {"F": {"Type": "Fail", "Error": "E"}})
        execution = start(url, machine, "one")
        control(url, advance="1s")
        control(url, fault={"operation": "RedriveExecution", "kind": "throttle", "count": 1})
        try:
            client.redrive_execution(executionArn=execution)
            check(False, "the redrive should have been throttled")
        except client.exceptions.ClientError as error:
            check_equal(error.response["Error"]["Code"], "ThrottlingException", "code")
        client.redrive_execution(executionArn=execution)
        control(url, advance="1s")
        check_equal(client.describe_execution(executionArn=execution)["redriveCount"], 1, "redrives")


@test
def a_role_may_be_denied_what_its_map_run_needs():
    states = {"Each": {"Type": "Map", "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}}}, "End": True}}
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, states)
        control(url, fault={"operation": "StartExecution", "kind": "deny", "by": "role", "count": 1})
        execution = start(url, machine, "one", input="[1,2]")  # a client's own start is not denied
        control(url, advance="1s")
        end = describe(url, execution)
        check_equal((end["status"], end["error"]), ("FAILED", "States.Runtime"), f"{end}")
        check(f"is not authorized to perform: states:StartExecution on resource: {machine}" in end["cause"], end["cause"])
        call(url, "RedriveExecution", executionArn=execution)
        control(url, advance="1s")
        check_equal(describe(url, execution)["output"], "[1,2]", "output of the redrive")


@test
def a_snapshot_is_an_engine_of_its_own():
    with Workspace() as work:
        copy = work.path("copy")
        with work.engine() as (_, url):
            machine = create(url, {"S": {"Type": "Succeed"}})
            start(url, machine, "before")
            control(url, advance="3d")
            control(url, snapshot=copy)
            start(url, machine, "after")
            status, body = try_control(url, {"snapshot": copy})
            check_equal(status, 400, f"a second snapshot there: {body}; status")
            check("File exists" in body["error"], str(body))
        check_equal(oct(os.stat(os.path.join(copy, "engine.db")).st_mode & 0o777), "0o600", "mode")
        work.data = copy
        with work.engine() as (_, url):
            listed = call(url, "ListExecutions", stateMachineArn=machine)["executions"]
            check_equal([e["name"] for e in listed], ["before"], "executions in the copy")
            check(control(url, clock="read")["aheadMs"] >= 3 * DAY * 1000, "the clock should be ahead")


@test
def a_reset_leaves_nothing_also_after_a_restart():
    with Workspace() as work:
        with work.engine() as (process, url):
            machine = create(url, {"W": {"Type": "Wait", "Seconds": 60, "End": True}})
            start(url, machine, "gone")
            control(url, fault={"operation": "ListActivities", "kind": "drop"})
            control(url, advance="1d")
            ahead = control(url, reset=True)["aheadMs"]
            check_equal(ahead, 0, "ms ahead")
            check_equal(call(url, "ListStateMachines"), {"stateMachines": []}, "machines")
            check_equal(control(url, faults="list"), {"faults": []}, "faults")
            create(url, {"S": {"Type": "Succeed"}}, name="New")
            process.kill()
        with work.engine() as (_, url):
            names = [m["name"] for m in call(url, "ListStateMachines")["stateMachines"]]
            check_equal(names, ["New"], "machines after the restart")
            check_equal(control(url, clock="read")["aheadMs"], 0, "ms ahead")


@test
def what_is_no_order_is_named():
    wrong = [
        ({}, "expected an object with one member"), ("[1]", "expected an object with one member"),
        ({"advance": "1d", "reset": True}, "expected an object with one member"),
        ({"what": 1}, "expected one of advance, clock, fault, faults, snapshot, reset"),
        ({"advance": "-1d"}, "'advance' must be a duration such as 500ms, 30s, 15m, 2h or 15d, not '-1d'"),
        ({"advance": 5}, "'advance' must be a duration"), ({"advance": "40000d"}, "36525 days"),
        ({"fault": {"operation": "RedriveExecutions", "kind": "drop"}},
         "there is no operation 'RedriveExecutions': did you mean 'RedriveExecution'?"),
        ({"fault": {"operation": "StopExecution", "kind": "flood"}}, "'kind' must be throttle, error, latency, drop or deny"),
        ({"fault": {"operation": "StopExecution", "kind": "deny", "when": "after"}}, "a deny comes before the operation only"),
        ({"fault": {"operation": "StopExecution", "kind": "latency"}}, "a latency needs 'ms'"),
        ({"fault": {"operation": "StopExecution", "kind": "drop", "cuont": 1}}, "unknown member 'cuont'"),
        ({"fault": {"operation": "StopExecution", "kind": "error", "status": 400}}, "'status' must be an integer from 500 to 599"),
        ({"snapshot": "here"}, "must be the absolute path of a folder"), ({"reset": 1}, "'reset' must be true"),
    ]
    with Workspace() as work, work.engine() as (_, url):
        for order, reason in wrong:
            status, body = try_control(url, order)
            check_equal(status, 400, f"{order}: {body}; status")
            check(reason in body["error"], f"{order}: {body}")


@test
def a_page_in_a_browser_cannot_give_orders():
    with Workspace() as work, work.engine() as (_, url):
        for headers in {"Content-Type": "text/plain"}, {"Host": "evil.example"}, {"Host": "localhost.evil.example:80"}:
            status, body = try_control(url, {"reset": True}, **headers)
            check_equal(status, 403, f"{headers}: {body}; status")
        status, _ = try_control(url, {"clock": "read"}, Host="localhost:80")
        check_equal(status, 200, "status")


@test
def control_can_be_switched_off():
    with Workspace() as work, work.engine("--no-control") as (_, url):
        status, body = try_control(url, {"reset": True})
        check_equal((status, code((status, body))), (404, "UnknownOperationException"), "answer")


run()
