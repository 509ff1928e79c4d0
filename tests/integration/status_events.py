"""EventBridge events of `runbook local`: posted in order, again when that failed, after their cause is on disk."""

import re

from program import Workspace
from receiver import Receiver
from steered import ACCOUNT, call, control, create, describe, start
from tap import check, check_equal, run, test

KEYS = ["executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate", "input", "output",
        "stateMachineVersionArn", "stateMachineAliasArn", "redriveCount", "redriveDate", "redriveStatus",
        "redriveStatusReason", "inputDetails", "outputDetails", "error", "cause"]


def fine(*_):
    return 200, {}, ""


def summary(received):
    return [(body["detail"]["name"], body["detail"]["status"], body["detail"]["redriveCount"])
            for _, _, body in received]


@test
def start_failure_and_redrive_are_posted_as_the_service_does():
    with Receiver(fine) as receiver, Workspace() as work, \
            work.engine("--events-url", receiver.url + "/hook") as (_, url):
        execution = start(url, create(url, {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}), "one")
        receiver.wait_for(2)
        call(url, "RedriveExecution", executionArn=execution)
        received = receiver.wait_for(4)

        check_equal(summary(received), [("one", "RUNNING", 0), ("one", "FAILED", 0),
                                        ("one", "RUNNING", 1), ("one", "FAILED", 1)], "events")
        path, headers, event = received[1]
        check_equal(path, "/hook", "path")
        check_equal(headers["content-type"], "application/json; charset=utf-8", "Content-Type")
        check_equal(list(event), ["version", "id", "detail-type", "source", "account", "time", "region",
                                  "resources", "detail"], "members")
        check_equal(list(event["detail"]), KEYS, "members of the detail")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"]), event["time"])
        check_equal((event["account"], event["region"], event["resources"]),
                    ("123456789012", "us-east-1", [f"{ACCOUNT}:execution:M:one"]), "where")
        answer, detail = describe(url, execution), received[3][2]["detail"]
        check_equal([detail[d] for d in ("startDate", "stopDate", "redriveDate")],
                    [round(answer[d] * 1000) for d in ("startDate", "stopDate", "redriveDate")], "dates")
        check_equal((detail["error"], detail["cause"], detail["redriveStatus"]), ("E", "C", "REDRIVABLE"), "the end")


@test
def an_event_that_was_not_taken_comes_again_and_order_is_kept():
    answers = [503, 429, 200]

    def moody(*_):
        return answers.pop(0) if answers else 200, {}, ""

    with Receiver(moody) as receiver, Workspace() as work, work.engine("--events-url", receiver.url) as (_, url):
        start(url, create(url, {"S": {"Type": "Succeed"}}), "one")
        received = receiver.wait_for(4)
        check_equal(summary(received), [("one", "RUNNING", 0)] * 3 + [("one", "SUCCEEDED", 0)], "events")
        check_equal(len({body["id"] for _, _, body in received}), 2, "ids")


@test
def an_event_that_is_refused_is_dropped_and_said_to_be():
    answers = [400, 200]

    def strict(*_):
        return answers.pop(0) if answers else 200, {}, ""

    with Receiver(strict) as receiver, Workspace() as work:
        process = work.start("local", "--events-url", receiver.url)
        url = re.search(r"http://\S+", process.stdout.readline())[0]
        start(url, create(url, {"S": {"Type": "Succeed"}}), "one")
        received = receiver.wait_for(2)
        process.terminate()
        _, err = process.communicate(timeout=20)
        check_equal(summary(received), [("one", "RUNNING", 0), ("one", "SUCCEEDED", 0)], "events")
        check("a status event was dropped" in err and "answered 400" in err, err)


@test
def no_answer_waits_for_a_receiver_that_is_gone():
    with Receiver(fine) as receiver:
        gone = receiver.url
    with Workspace() as work, work.engine("--events-url", gone) as (_, url):
        machine = create(url, {"W": {"Type": "Wait", "Seconds": 3600, "Next": "S"}, "S": {"Type": "Succeed"}})
        for n in range(20):
            start(url, machine, f"e{n}")
        control(url, advance="2h")
        listed = call(url, "ListExecutions", stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
        check_equal(len(listed), 20, "executions that succeeded")


run()
