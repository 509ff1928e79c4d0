"""`runbook local` as a process: its protocol byte by byte, what survives SIGKILL, who owns a data folder."""

import http.client
import json
import os
import random
import re
import signal
import subprocess
import time

from program import Workspace
from tap import check, check_equal, run, test

ROLE = "arn:aws:iam::123456789012:role/r"
SIGNED = ("AWS4-HMAC-SHA256 Credential=AKID/20261121/{}/states/aws4_request, SignedHeaders=host;x-amz-date, "
          "Signature=" + "0" * 64)


def post(url, operation, body, region="us-east-1", **headers):
    """One request as an SDK sends it; a header given as None is left out. Status, headers, text."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    sent = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": "20261121T225103Z", "Authorization": SIGNED.format(region)}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    text = body if isinstance(body, str) else json.dumps(body)
    connection.request("POST", "/", text, {name: value for name, value in sent.items() if value is not None})
    answer = connection.getresponse()
    got = answer.status, answer.headers, answer.read().decode()
    connection.close()
    return got


def call(url, operation, region="us-east-1", **arguments):
    status, _, text = post(url, operation, arguments, region)
    check_equal(status, 200, f"{operation} answered {text}; status")
    return json.loads(text)


def create(url, states, region="us-east-1"):
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    return call(url, "CreateStateMachine", region, name="M", definition=definition,
                roleArn=ROLE)["stateMachineArn"]


def wait_for_end(url, execution):
    """Poll until the execution has ended: the service offers nothing to wait on."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        answer = call(url, "DescribeExecution", executionArn=execution)
        if answer["status"] not in ("RUNNING", "PENDING_REDRIVE"):
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{execution} did not end")


@test
def answers_have_the_headers_and_numbers_of_the_service():
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, {"S": {"Type": "Succeed"}})
        status, headers, text = post(url, "StartExecution", {"stateMachineArn": machine, "name": "x"})
        check_equal(status, 200, "status")
        check_equal(headers["Content-Type"], "application/x-amz-json-1.0", "Content-Type")
        check(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-amzn-RequestId"]),
              f"x-amzn-RequestId: {headers['x-amzn-RequestId']}")
        check(re.fullmatch(r'\{"executionArn":"arn:aws:states:us-east-1:123456789012:execution:M:x",'
                           r'"startDate":1\.\d+E9\}', text), text)


@test
def what_a_client_gets_wrong_is_named():
    wrong = [
        ("Nope", {}, {}, "UnknownOperationException"),
        ("ListExecutions", {}, {"X_Amz_Target": None}, "UnknownOperationException"),
        ("ListExecutions", {}, {"Content_Type": "application/json"}, "UnknownOperationException"),
        ("ListExecutions", {}, {"Authorization": None}, "MissingAuthenticationTokenException"),
        ("ListExecutions", {}, {"Authorization": "AWS4-HMAC-SHA256 x"}, "IncompleteSignatureException"),
        ("ListExecutions", "{", {}, "SerializationException"),
        ("ListExecutions", "[]", {}, "SerializationException"),
        ("DescribeExecution", {}, {}, "ValidationException"),
        ("DescribeExecution", {"executionArn": "x"}, {}, "InvalidArn"),
    ]
    with Workspace() as work, work.engine() as (_, url):
        for operation, body, headers, code in wrong:
            status, _, text = post(url, operation, body, **headers)
            check_equal((status, json.loads(text)["__type"].split("#")[1]), (400, code),
                        f"{operation} {body} {headers}")


@test
def denied_actions_are_refused_and_the_log_is_written_first():
    with Workspace() as work:
        log = work.path("requests.jsonl")
        arn = "arn:aws:states:us-east-1:123456789012:execution:M:x"
        with work.engine("--deny", "states:RedriveExecution", "--request-log", log) as (_, url):
            status, _, text = post(url, "RedriveExecution", {"executionArn": arn, "clientToken": "t"})
        check_equal(status, 400, "status")
        check_equal(json.loads(text), {
            "__type": "com.amazon.coral.service#AccessDeniedException",
            "Message": "User: arn:aws:iam::123456789012:user/local is not authorized to perform: "
                       f"states:RedriveExecution on resource: {arn} because no identity-based policy allows "
                       "the states:RedriveExecution action"}, "the answer")
        with open(log, encoding="utf-8") as file:
            line = json.loads(file.read())
        check(line.pop("time").endswith("Z"), "time should be in UTC")
        check_equal(line, {"operation": "RedriveExecution", "clientToken": "t", "executionArn": arn}, "the log")


@test
def what_was_under_way_goes_on_after_sigkill():
    with Workspace() as work:
        with work.engine() as (process, url):
            machine = create(url, {"W": {"Type": "Wait", "Seconds": 1, "Next": "P"}, "P": {"Type": "Pass", "End": True}})
            execution = call(url, "StartExecution", stateMachineArn=machine, input='{"a":1}')["executionArn"]
            process.kill()
        with work.engine() as (_, url):
            check_equal(wait_for_end(url, execution)["output"], '{"a":1}', "its output")


@test
def a_token_is_remembered_across_sigkill():
    with Workspace() as work:
        with work.engine() as (process, url):
            machine = create(url, {"F": {"Type": "Fail", "Error": "E"}})
            execution = call(url, "StartExecution", stateMachineArn=machine)["executionArn"]
            wait_for_end(url, execution)
            redrive = {"executionArn": execution, "clientToken": "once"}
            first = call(url, "RedriveExecution", **redrive)
            process.kill()
        with work.engine() as (_, url):
            check_equal(call(url, "RedriveExecution", **redrive), first, "the same redrive")
            check_equal(wait_for_end(url, execution)["redriveCount"], 1, "redrives")


@test
def kill_at_any_moment_loses_nothing_that_was_answered():
    with Workspace() as work:
        answered = []
        for number in range(8):
            with work.engine() as (process, url):
                machine = create(url, {"S": {"Type": "Succeed"}})
                for name in answered:
                    call(url, "DescribeExecution", executionArn=machine.replace("stateMachine", "execution") + ":" + name)
                for n in range(1 + 3 * number):
                    name = f"e-{number}-{n}"
                    call(url, "StartExecution", stateMachineArn=machine, name=name)
                    answered.append(name)
                process.kill()
        with work.engine() as (_, url):
            machine = create(url, {"S": {"Type": "Succeed"}})
            listed = call(url, "ListExecutions", stateMachineArn=machine, maxResults=1000)["executions"]
            check_equal(sorted(e["name"] for e in listed), sorted(answered), "executions")


@test
def a_map_run_is_carried_on_through_one_kill_after_another():
    rng = random.Random(7)
    work_state = {"Type": "Task", "End": True, "Resource": "arn:aws:lambda:us-east-1:123456789012:function:half"}
    machine = {"Type": "Map", "Label": "L", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Work", "States": {"Work": work_state}}}
    with Workspace() as work:
        work.handlers = work.write("half.lua", "return { half = function(n) return n // 2 end }")
        with work.engine() as (process, url):
            arn = create(url, {"Map": machine})
            items = json.dumps({"items": list(range(500))})
            execution = call(url, "StartExecution", stateMachineArn=arn, input=items)["executionArn"]
            process.kill()
        for _ in range(6):
            with work.engine() as (process, url):
                try:
                    process.wait(rng.uniform(0, 0.2))
                except subprocess.TimeoutExpired:
                    process.kill()
        with work.engine() as (_, url):
            ended = wait_for_end(url, execution)
            check_equal(ended["status"], "SUCCEEDED", f"{ended}; status")
            check_equal(json.loads(ended["output"]), [n // 2 for n in range(500)], "its output")
            map_run = call(url, "ListMapRuns", executionArn=execution)["mapRuns"]
            check_equal(len(map_run), 1, "Map Runs")
            counts = call(url, "DescribeMapRun", mapRunArn=map_run[0]["mapRunArn"])["itemCounts"]
            check_equal((counts["total"], counts["succeeded"]), (500, 500), "items")


@test
def a_map_run_killed_between_its_failure_and_the_abortions_ends_the_same():
    states = {"Kind": {"Type": "Choice", "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Bad"}], "Default": "Good"},
              "Bad": {"Type": "Fail", "Error": "Bad"}, "Good": {"Type": "Wait", "Seconds": 60, "End": True}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Kind", "States": states}
    items = json.dumps([{"bad": n == 0} for n in range(4)])
    with Workspace() as work:
        with work.engine() as (process, url):
            machine = create(url, {"M": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": processor, "End": True}})
            execution = call(url, "StartExecution", stateMachineArn=machine, name="one", input=items)["executionArn"]
            runs = []
            while not runs:
                runs = call(url, "ListMapRuns", executionArn=execution)["mapRuns"]
            map_run = call(url, "DescribeMapRun", mapRunArn=runs[0]["mapRunArn"])
            while map_run["itemCounts"]["failed"] == 0:
                map_run = call(url, "DescribeMapRun", mapRunArn=map_run["mapRunArn"])
            process.kill()
            check_equal((map_run["status"], map_run["itemCounts"]["running"]), ("RUNNING", 2), f"{map_run}")
        with work.engine() as (_, url):
            check_equal(wait_for_end(url, execution)["error"], "States.ExceedToleratedFailureThreshold", "error")
            counts = call(url, "DescribeMapRun", mapRunArn=map_run["mapRunArn"])["itemCounts"]
            check_equal({name: n for name, n in counts.items() if n},
                        {"failed": 1, "aborted": 2, "pending": 1, "total": 4, "resultsWritten": 4}, "counts")


@test
def one_process_serves_a_data_folder():
    with Workspace() as work, work.engine() as (process, url):
        second = work.command("local", "--data", work.data)
        check_equal(second.status, 2, f"exit status\n{second}")
        check(f"is already served on {url} by another process" in second.err, second.err)

        machine = create(url, {"S": {"Type": "Succeed"}})
        listed = work.run('return require "sfn".list_executions { stateMachineArn = (...).machine }',
                          "-i", f"machine={machine}")
        check_equal(listed.status, 0, f"a run that finds the engine of another process\n{listed}")

        process.send_signal(signal.SIGTERM)
        process.wait(20)
        check_equal(process.returncode, 0, "exit status after SIGTERM")
        with work.engine() as (_, again):
            call(again, "DescribeStateMachine", stateMachineArn=machine)


@test
def every_region_is_an_engine_of_its_own():
    with Workspace() as work, work.engine() as (_, url):
        check_equal(create(url, {"S": {"Type": "Succeed"}}, "eu-central-1"),
                    "arn:aws:states:eu-central-1:123456789012:stateMachine:M", "ARN")
        check_equal(call(url, "ListStateMachines"), {"stateMachines": []}, "machines elsewhere")


@test
def what_cannot_work_is_refused_with_its_reason():
    with Workspace() as work:
        broken = work.write("broken.lua", "return {")
        for args, reason in [(["--port", "x"], "--port x: expected a number from 0 to 65535"),
                             (["--handlers", broken], "broken.lua"),
                             (["--handlers", work.path("none.lua")], "none.lua"),
                             (["--data", os.path.join(broken, "x")], "cannot create the data folder"),
                             (["--deny", "sns:Publish"], "there is no operation 'sns:Publish'")]:
            ended = work.command("local", *args)
            check_equal(ended.status, 2, f"{args}\n{ended}")
            check(reason in ended.err, f"{args}: {ended.err}")


run()
