"""Steering `runbook local` from a test: the requests of the API and of its control path, standard library only."""

import http.client
import json
import time

from tap import check, check_equal

ROLE = "arn:aws:iam::123456789012:role/r"
ACCOUNT = "arn:aws:states:us-east-1:123456789012"
SIGNED = ("AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/states/aws4_request, SignedHeaders=host;x-amz-date, "
          "Signature=" + "0" * 64)


def _post(url, path, body, headers):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    try:
        connection.request("POST", path, body if isinstance(body, str) else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def ask(url, operation, **arguments):
    """Status and body of one request of the API."""
    return _post(url, "/", arguments, {
        "X-Amz-Target": f"AWSStepFunctions.{operation}", "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20261121T225103Z", "Authorization": SIGNED})


def call(url, operation, **arguments):
    status, body = ask(url, operation, **arguments)
    check_equal(status, 200, f"{operation} answered {body}; status")
    return body


def code(answer):
    """The error's name of what ask() returned, or None."""
    return answer[1].get("__type", "#").split("#")[1] or None


def try_control(url, order, **headers):
    """Status and body of one request on the control path."""
    return _post(url, "/_runbook/control", order, {"Content-Type": "application/json", **headers})


def control(url, **order):
    status, body = try_control(url, order)
    check_equal(status, 200, f"{order} answered {body}; status")
    return body


def create(url, states, name="M", **more):
    definition = json.dumps({"StartAt": next(iter(states)), "States": states, **more})
    return call(url, "CreateStateMachine", name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]


def start(url, machine, name, **arguments):
    return call(url, "StartExecution", stateMachineArn=machine, name=name, **arguments)["executionArn"]


def describe(url, execution):
    return call(url, "DescribeExecution", executionArn=execution)


def map_run(url, end):
    """A Map Run of ten items, two at a time, a minute each by the engine's clock."""
    child = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Wait"}
    states = {"Wait": {"Type": "Wait", "Seconds": 60, "Next": "End"}, "End": end}
    machine = create(url, {"Map": {"Type": "Map", "MaxConcurrency": 2, "End": True,
                                   "ItemProcessor": child | {"States": states}}})
    execution = start(url, machine, "one", input=json.dumps(list(range(10))))
    limit = time.monotonic() + 20
    while not (found := call(url, "ListMapRuns", executionArn=execution)["mapRuns"]):
        check(time.monotonic() < limit, "no Map Run was started")
    return found[0]["mapRunArn"]
