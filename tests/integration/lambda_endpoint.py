"""Task functions behind the Lambda Invoke API: what a function server's answers become in an execution."""

import json
import threading

from program import Workspace
from receiver import Receiver
from scripted_server import right_signature
from steered import call, control, create, describe, start
from tap import check, check_equal, run, test

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:"
FAILURE = '{"errorMessage":"no stock","errorType":"OutOfStock","stackTrace":["f.py:1"]}'


def functions(path, _headers, body):
    """A function server: echo answers its input, the others fail, each in its way."""
    name = path.split("/")[3]
    if name == "echo":
        return 200, {}, json.dumps({"got": body})
    if name == "nothing":
        return 200, {}, ""
    if name == "raises":
        return 200, {"X-Amz-Function-Error": "Unhandled"}, FAILURE
    if name == "dies":
        return 200, {"X-Amz-Function-Error": "Unhandled"}, '{"errorMessage":"exit 1"}'
    if name == "busy":
        return 429, {"X-Amzn-ErrorType": "TooManyRequestsException:http://internal.amazon.com/x"}, \
            '{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}'
    if name == "broken":
        return 502, {}, "<html>"
    if name == "garbage":
        return 200, {}, "not JSON"
    return 404, {"X-Amzn-ErrorType": "ResourceNotFoundException", "x-amzn-RequestId": "r-1"}, \
        json.dumps({"Type": "User", "Message": f"Function not found: {LAMBDA}{name}"})


def task(name, **more):
    return {"T": {"Type": "Task", "Resource": LAMBDA + name, "End": True, **more}}


def end_of(url, execution):
    """Advance the clock by as little as it takes: a journey waits for the functions that run."""
    for _ in range(200):
        answer = describe(url, execution)
        if answer["status"] != "RUNNING":
            return answer
        control(url, advance="10ms")
    raise AssertionError(f"{execution} did not end: {answer}")


def run_one(url, name, **more):
    machine = create(url, task(name, **more), name=f"m-{name}")
    return end_of(url, start(url, machine, "one", input='{"n":1}'))


@test
def a_functions_answer_is_the_output():
    with Receiver(functions) as server, Workspace() as work, \
            work.engine("--lambda-endpoint", server.url) as (_, url):
        check_equal(run_one(url, "echo")["output"], '{"got": {"n": 1}}', "output")
        check_equal(run_one(url, "nothing")["output"], "null", "output of a function that returns nothing")
        path, headers, body = server.received[0]
        check_equal((path, body), ("/2015-03-31/functions/echo/invocations", {"n": 1}), "the request")
        check_equal(headers["x-amz-invocation-type"], "RequestResponse", "X-Amz-Invocation-Type")
        request = {"method": "POST", "path": path, "body": b'{"n":1}', "headers": headers}
        check(right_signature(request, "local"), "the request should be signed")


@test
def a_version_or_alias_is_asked_for():
    invoke = {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                    "Parameters": {"FunctionName": LAMBDA + "echo", "Qualifier": "7", "Payload": 1}}}
    with Receiver(functions) as server, Workspace() as work, \
            work.engine("--lambda-endpoint", server.url) as (_, url):
        for name, states in [("alias", task("echo:PROD")), ("version", invoke)]:
            end = end_of(url, start(url, create(url, states, name=name), "one"))
            check_equal(end["status"], "SUCCEEDED", f"status with {name}")
        check_equal([path.split("/")[-1] for path, _, _ in server.received],
                    ["invocations?Qualifier=PROD", "invocations?Qualifier=7"], "the requests")
        path, headers, _ = server.received[0]
        request = {"method": "POST", "path": path, "body": b"{}", "headers": headers}
        check(right_signature(request, "local"), "the request should be signed, its query too")


@test
def an_invoke_task_gets_the_payload():
    with Receiver(functions) as server, Workspace() as work, \
            work.engine("--lambda-endpoint", server.url) as (_, url):
        machine = create(url, {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                                     "Parameters": {"FunctionName": "echo", "Payload": {"a.$": "$.n"}},
                                     "OutputPath": "$.Payload"}})
        check_equal(json.loads(end_of(url, start(url, machine, "one", input='{"n":7}'))["output"]),
                    {"got": {"a": 7}}, "output")


@test
def failures_have_the_names_of_the_service():
    wanted = [
        ("raises", "OutOfStock", FAILURE),
        ("dies", "Lambda.Unknown", "The cause could not be determined because Lambda did not return an error type. "
                                   'Returned payload: {"errorMessage":"exit 1"}'),
        ("busy", "Lambda.TooManyRequestsException",
         "Rate Exceeded. (Service: Lambda, Status Code: 429, Request ID: null)"),
        ("broken", "Lambda.ServiceException",
         "the server gave no reason (Service: Lambda, Status Code: 502, Request ID: null)"),
        ("garbage", "Lambda.Unknown", "the function's answer is not JSON"),
        ("none", "Lambda.ResourceNotFoundException",
         f"Function not found: {LAMBDA}none (Service: Lambda, Status Code: 404, Request ID: r-1)"),
    ]
    with Receiver(functions) as server, Workspace() as work, \
            work.engine("--lambda-endpoint", server.url) as (_, url):
        for name, error, cause in wanted:
            ended = run_one(url, name)
            check_equal((ended["status"], ended["error"], ended["cause"]), ("FAILED", error, cause), name)


@test
def a_server_that_is_not_there_is_an_sdk_error():
    with Receiver(functions) as server:
        gone = server.url
    with Workspace() as work, work.engine("--lambda-endpoint", gone) as (_, url):
        check_equal(run_one(url, "echo")["error"], "Lambda.SdkClientException", "error")


@test
def the_handlers_file_goes_first_and_the_environment_names_a_server():
    with Receiver(functions) as server, Workspace() as work:
        work.write("handlers.lua", 'return { echo = function() return "from the file" end }')
        with work.engine(AWS_ENDPOINT_URL_LAMBDA=server.url) as (_, url):
            check_equal(run_one(url, "echo")["output"], '"from the file"', "output")
            check_equal(run_one(url, "nothing")["output"], "null", "output")


@test
def more_items_than_run_at_once_are_all_invoked():
    items = list(range(150))
    with Receiver(functions) as server, Workspace() as work, \
            work.engine("--lambda-endpoint", server.url) as (_, url):
        machine = create(url, {"M": {"Type": "Map", "End": True, "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "T", "States": task("echo")}}})
        ended = end_of(url, start(url, machine, "one", input=json.dumps(items)))
        check_equal(json.loads(ended["output"]), [{"got": n} for n in items], "output")


@test
def a_function_that_is_not_waited_for_is_let_go():
    stopped = threading.Event()

    def held(path, headers, body):
        """echo answers only once its execution has been stopped."""
        if "/echo/" in path:
            stopped.wait(20)
        return functions(path, headers, body)

    with Receiver(held) as server, Workspace() as work, \
            work.engine("--lambda-endpoint", server.url) as (_, url):
        execution = start(url, create(url, task("echo")), "one")
        server.wait_for(1)
        call(url, "StopExecution", executionArn=execution)
        stopped.set()
        check_equal(run_one(url, "nothing")["output"], "null", "output of the next one")
        check_equal(describe(url, execution)["status"], "ABORTED", "status")


@test
def nothing_but_loopback_is_called_when_that_is_demanded():
    with Workspace() as work:
        for option in "--lambda-endpoint", "--events-url":
            ended = work.command("local", option, "http://192.0.2.1/")
            check_equal(ended.status, 2, f"{option}\n{ended}")
            check("endpoint 192.0.2.1 is not on this machine, and RUNBOOK_LOOPBACK_ONLY=1" in ended.err, ended.err)


run()
