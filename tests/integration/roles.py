"""What the roles of Map Runs may do, asked of an IAM endpoint: a start and redrives that are denied, then allowed."""

import json
import urllib.parse

from program import Workspace
from scripted_server import ScriptedServer, right_signature
from steered import ACCOUNT, ROLE, call, control, create, describe, start
from tap import check, check_equal, run, test

HANDLERS = """
local calls = 0
return { work = function(input)
  calls = calls + 1
  if calls == 1 then error { error = "Bad", cause = "the first time" } end
  return input
end }
"""
EACH = {"Each": {"Type": "Map", "Label": "Each", "End": True, "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work", "End": True}}}}}
START = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": f"{ACCOUNT}:stateMachine:M"}
REDRIVE = {"Effect": "Allow", "Action": "states:RedriveExecution", "Resource": f"{ACCOUNT}:execution:M/Each:*"}
MISSING = {"raw": "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>", "status": 404}


def answer(action, inner):
    return {"raw": f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"}


def document(*statements):
    return urllib.parse.quote(json.dumps({"Version": "2012-10-17", "Statement": statements}), safe="")


def inline(*statements):
    """One reading of a role with one inline policy."""
    return [answer("ListRolePolicies", "<PolicyNames><member>owned</member></PolicyNames>"),
            answer("ListAttachedRolePolicies", "<AttachedPolicies/>"),
            answer("GetRolePolicy", f"<PolicyDocument>{document(*statements)}</PolicyDocument>")]


def attached(*statements):
    return [answer("ListRolePolicies", "<PolicyNames/>"),
            answer("ListAttachedRolePolicies", "<AttachedPolicies><member><PolicyName>p</PolicyName>"
                                               "<PolicyArn>arn:aws:iam::1:policy/p</PolicyArn></member></AttachedPolicies>"),
            answer("GetPolicy", "<Policy><DefaultVersionId>v2</DefaultVersionId></Policy>"),
            answer("GetPolicyVersion", f"<PolicyVersion><Document>{document(*statements)}</Document></PolicyVersion>")]


def settle(url, execution):
    control(url, advance="1s")
    return describe(url, execution)


def redrive(url, execution):
    call(url, "RedriveExecution", executionArn=execution)
    return settle(url, execution)


def map_run(url, execution):
    listed = call(url, "ListMapRuns", executionArn=execution)["mapRuns"]
    return call(url, "DescribeMapRun", mapRunArn=listed[0]["mapRunArn"])


@test
def a_redrive_that_is_denied_may_be_made_again_when_the_policy_is_mended():
    script = inline(START) + inline(START) + attached(START, REDRIVE)
    with ScriptedServer(*script) as iam, Workspace() as work:
        work.write("handlers.lua", HANDLERS)
        with work.engine("--iam-endpoint", iam.url) as (_, url):
            execution = start(url, create(url, EACH), "one", input="[1]")
            check_equal(settle(url, execution)["error"], "States.ExceedToleratedFailureThreshold", "first error")

            end = redrive(url, execution)
            check_equal((end["status"], end["error"]), ("FAILED", "States.Runtime"), f"{end}")
            check(f"is not authorized to perform: states:RedriveExecution on resource: {ACCOUNT}:execution:M/Each:"
                  in end["cause"], end["cause"])
            check("because no identity-based policy allows the states:RedriveExecution action (Service: Sfn, "
                  in end["cause"], end["cause"])
            check_equal(map_run(url, execution)["redriveCount"], 1, "redrives of the Map Run")

            check_equal(redrive(url, execution)["output"], "[1]", "output of the second redrive")
            check_equal(map_run(url, execution)["redriveCount"], 2, "redrives of the Map Run")
        forms = [dict(urllib.parse.parse_qsl(r["body"].decode())) for r in iam.requests]
        check_equal([f["Action"] for f in forms],
                    ["ListRolePolicies", "ListAttachedRolePolicies", "GetRolePolicy"] * 2 +
                    ["ListRolePolicies", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion"], "questions")
        check_equal(forms[2], {"Action": "GetRolePolicy", "Version": "2010-05-08", "RoleName": "r",
                               "PolicyName": "owned"}, "a question")
        check(all(right_signature(r, "local") for r in iam.requests), "the requests should be signed")


@test
def a_role_is_needed_to_start_children():
    with ScriptedServer(*inline(REDRIVE), *inline(START, REDRIVE)) as iam, Workspace() as work:
        work.write("handlers.lua", "return { work = function(input) return input end }")
        with work.engine(AWS_ENDPOINT_URL_IAM=iam.url) as (_, url):
            machine = create(url, EACH)
            execution = start(url, machine, "one", input="[1,2]")
            end = settle(url, execution)
            check(f"is not authorized to perform: states:StartExecution on resource: {machine} because"
                  in end["cause"], f"{end}")
            check_equal(map_run(url, execution)["status"], "FAILED", "status of the Map Run")
            check_equal(redrive(url, execution)["output"], "[1,2]", "output of the redrive")


@test
def a_role_that_does_not_exist_cannot_be_assumed_when_it_is_said_so():
    with ScriptedServer(MISSING) as iam, Workspace() as work, \
            work.engine("--iam-endpoint", iam.url, "--iam-strict") as (_, url):
        execution = start(url, create(url, EACH), "one", input="[1]")
        end = settle(url, execution)
        check_equal((end["status"], end["error"]), ("FAILED", "States.Runtime"), f"{end}")
        check(end["cause"].endswith("The principal states.amazonaws.com is not authorized to assume the provided role. "
                                    f"(role: {ROLE})"), end["cause"])
        check_equal(call(url, "ListMapRuns", executionArn=execution), {"mapRuns": []}, "Map Runs")


@test
def a_role_that_iam_does_not_know_is_not_held_to_anything():
    with ScriptedServer(MISSING) as iam, Workspace() as work:
        work.write("handlers.lua", "return { work = function(input) return input end }")
        with work.engine("--iam-endpoint", iam.url) as (_, url):
            execution = start(url, create(url, EACH), "one", input="[1,2]")
            check_equal(settle(url, execution)["output"], "[1,2]", "output")


@test
def an_iam_that_fails_lets_nobody_do_anything():
    with ScriptedServer({"raw": "", "status": 500}, {"reset": True}, {"raw": "<html>"}) as iam, Workspace() as work, \
            work.engine("--iam-endpoint", iam.url) as (_, url):
        execution = start(url, create(url, EACH), "one", input="[1]")
        end = settle(url, execution)
        check_equal(end["status"], "FAILED", "status")
        check(end["cause"].endswith(f"The policies of the role {ROLE} cannot be read: the answer to ListRolePolicies is "
                                    "not one of IAM's"), end["cause"])
        check_equal(len(iam.requests), 3, "attempts")


run()
