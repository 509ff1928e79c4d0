"""The plugin in the real host against a server that misbehaves by a script."""

import contextlib
import json
import socket

from program import Workspace
from scripted_server import NOT_REDRIVEN, UNSEEN, ScriptedServer
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Orders:one"
MAP_RUN = "arn:aws:states:us-east-1:123456789012:mapRun:Orders/L:one"
REDRIVEN = {"ok": {"redriveDate": 1790218660.927}}

# Runs one call and tells all about its end, whatever it was.
CALL = """
local sfn, input = require "sfn", ...
local ok, answer, token = pcall(sfn[input.operation], input.arguments)
if ok then return { answer = answer, token = token } end
return { code = answer.code, message = answer.message, status = answer.status,
  attempts = answer.attempts, token = answer.clientToken, cause = answer.cause,
  reason = answer.reason, action = answer.action, resource = answer.resource,
  retryable = answer.retryable }
"""


def call(script, operation, arguments, more="", beside=None):
    """The end of one call, what the server received, and the record of its intent."""
    with Workspace() as work, ScriptedServer(*script, beside=beside or NOT_REDRIVEN) as server:
        work.configure(endpoint=server.url, more=more)
        ended = work.run(CALL, "--input", json.dumps({"operation": operation, "arguments": arguments}), **KEYS)
        check(all(request["signed"] for request in server.requests), "a request was signed wrongly")
        records = [record for segment in work.records() for record in segment]
        intent, *again = (record for record in records if record["kind"] == "call.intent")
        outcome, *later = (record["outcome"] for record in records if record["kind"] == "call.outcome")
        check_equal(ended.status, 5 if outcome == "unknown" else 0, f"the exit status\n{ended}")
        expected = [(intent["seq"], "unknown")] if outcome == "unknown" and operation == "redrive_execution" else []
        check_equal([(r["resends"]["intent"], end) for r, end in zip(again, later, strict=True)], expected,
                    "what was sent again, and its end")
        return ended.result, server.requests, intent


def redrive(*script, more="", beside=None, **arguments):
    return call(script, "redrive_execution", {"executionArn": EXECUTION, **arguments}, more, beside)


def describe(*script, more=""):
    return call(script, "describe_map_run", {"mapRunArn": MAP_RUN}, more)


def token_of(request):
    return json.loads(request["body"]).get("clientToken")


@test
def each_error_of_the_service_is_read_by_its_code():
    codes = ["ResourceNotFound", "InvalidArn", "ExecutionDoesNotExist", "ExecutionNotRedrivable",
             "ExecutionLimitExceeded", "ValidationException"]
    for code in codes:
        end, requests, _ = redrive({"error": code, "message": "it says why", "more": {"reason": "R"}})
        check_equal(end["code"], code, "the code")
        check_equal(end["reason"], "R", f"the reason of {code}")
        check_equal(len(requests), 1, f"attempts of {code}")
        check("it says why" in end["message"], f"the message of {code}: {end['message']}")


@test
def access_denied_names_the_missing_action_and_resource():
    end, _, _ = redrive({"error": "AccessDeniedException"})
    check_equal(end["action"], "states:RedriveExecution", "the action")
    check_equal(end["resource"], EXECUTION, "the resource")


@test
def throttling_is_waited_out():
    end, requests, _ = describe({"error": "ThrottlingException", "message": "Rate exceeded"},
                                {"ok": {"status": "FAILED"}})
    check_equal(end["answer"]["status"], "FAILED", "the answer")
    check_equal([r["headers"]["amz-sdk-request"] for r in requests],
                ["attempt=1; max=3", "attempt=2; max=3"], "what the attempts say of themselves")
    check_equal(len({r["headers"]["amz-sdk-invocation-id"] for r in requests}), 1, "invocation ids")


@test
def a_lost_answer_is_asked_for_again_with_the_same_token():
    for loss in ({"reset": True}, {"close": True}, {"truncate": {"redriveDate": 1790218660.927}}):
        end, requests, intent = redrive(loss, REDRIVEN)
        check_equal(end["answer"]["redriveDate"], 1790218660.927, f"the answer after {loss}")
        check(len(requests) >= 2, f"requests after {loss}: {len(requests)}")
        check_equal({token_of(r) for r in requests}, {end["token"]}, f"tokens after {loss}")
        check_equal(intent["token"], end["token"], "the token of the record")


@test
def answers_that_never_come_leave_the_outcome_unknown():
    end, requests, intent = redrive({"close": True}, beside=UNSEEN)
    check_equal(end["code"], "OutcomeUnknown", "the code")
    check_equal(end["attempts"], 3, "attempts")
    check("ConnectionError" in end["message"], f"the cause in: {end['message']}")
    check("could not be found out: the service could not be asked" in end["message"], f"why in: {end['message']}")
    check_equal({token_of(r) for r in requests}, {intent["token"]}, "tokens")


@test
def two_calls_have_two_tokens_and_a_given_one_is_sent_unchanged():
    first, _, _ = redrive(REDRIVEN)
    second, _, _ = redrive(REDRIVEN)
    check(first["token"] != second["token"], "two calls had one token")
    end, requests, _ = redrive({"error": "ExecutionNotRedrivable"}, clientToken="mine-1")
    check_equal([token_of(r) for r in requests], ["mine-1"], "the token sent")
    check_equal(end["token"], "mine-1", "the token of the error")


@test
def a_broken_200_is_an_error_that_says_where():
    for body, where in (('{"status":', "broken body"), ("null", "broken body"), ("<html>", "broken body"),
                        ('{"itemCounts":{"failed":"2"}}', "itemCounts.failed")):
        end, requests, _ = describe({"raw": body})
        check_equal(end["code"], "MalformedResponse", f"the code for {body}")
        check(where in end["message"], f"the message for {body}: {end['message']}")
        check_equal(len(requests), 3, f"attempts for {body}")


@test
def an_answer_without_end_is_cut():
    end, requests, _ = describe({"huge": 17 << 20})
    check_equal(end["code"], "ResponseTooLarge", "the code")
    check_equal(len(requests), 1, "attempts")


@test
def silence_is_a_time_out():
    more = "read_timeout = 300ms\nmax_attempts = 2"
    end, requests, _ = describe({"silent": True}, more=more)
    check_equal(end["code"], "Timeout", "the code")
    check_equal(len(requests), 2, "attempts")
    end, _, _ = redrive({"silent": True}, more=more, beside=UNSEEN)
    check_equal(end["code"], "OutcomeUnknown", "the code of a change")


@test
def an_unknown_outcome_that_is_caught_still_has_a_result():
    with Workspace() as work, ScriptedServer({"close": True}, beside=UNSEEN) as server:
        work.configure(endpoint=server.url)
        ended = work.run(CALL, "--input", json.dumps(
            {"operation": "redrive_execution", "arguments": {"executionArn": EXECUTION}}), **KEYS)
        check_equal(ended.status, 5, f"the exit status\n{ended}")
        check_equal(ended.result["code"], "OutcomeUnknown", "what the runbook returned")
        check("is not known" in ended.err, f"why, in: {ended.err}")


@test
def a_deadline_while_connecting_is_not_unknown():
    with socket.socket() as full, contextlib.ExitStack() as stack, Workspace() as work:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # more than its queue holds: the next connection gets no answer
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        work.configure(endpoint="http://127.0.0.1:%d" % full.getsockname()[1],
                       more="connect_timeout = 30s\n[limits]\ncall_timeout = 300ms")
        ended = work.run(CALL, "--input", json.dumps(
            {"operation": "redrive_execution", "arguments": {"executionArn": EXECUTION}}), **KEYS)
        check_equal(ended.status, 0, f"the exit status\n{ended}")
        check_equal(ended.result["code"], "Timeout", "the code")
        check_equal(ended.result["attempts"], 1, "attempts")


@test
def a_redirect_is_not_followed():
    with ScriptedServer(REDRIVEN) as elsewhere:
        end, requests, _ = redrive({"redirect": elsewhere.url})
        check_equal(end["code"], "302", "the code")
        check_equal(len(requests), 1, "requests")
        check_equal(elsewhere.requests, [], "requests to where it points")


@test
def an_answer_that_is_not_json_is_an_error_by_its_status():
    end, _, _ = describe({"raw": "caf\udce9 <b>closed</b>", "status": 403})
    check_equal(end["code"], "403", "the code")
    check("caf\ufffd" in end["message"], f"the message: {end['message']}")


if __name__ == "__main__":
    run()
