"""Each error of the API, provoked by a runbook on the local engine and read by its code."""

import json

from program import Workspace
from tap import check, check_equal, run, test

ARN = "arn:aws:states:us-east-1:123456789012"
ONE = f"{ARN}:execution:Wait:one"
NO_MAP_RUN = f"{ARN}:mapRun:Wait/Label:00000000-0000-0000-0000-000000000000"

# A machine that waits, with the one execution that may be open running; then one call, told whole.
PROVOKE = """
local sfn, call = require "sfn", ...
local machine = sfn.create_state_machine {
  name = "Wait", roleArn = "arn:aws:iam::123456789012:role/local",
  definition = [[{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}]],
}
sfn.start_execution { stateMachineArn = machine.stateMachineArn, name = "one" }
local ok, e = pcall(sfn[call.operation], call.arguments)
assert(not ok, "the call succeeded")
local seen = { text = tostring(e) }
for name, value in pairs(e) do seen[name] = value end
return seen
"""

# code, operation, arguments, what the message says, further members, operations denied
ERRORS = [
    ("ResourceNotFound", "describe_map_run", {"mapRunArn": NO_MAP_RUN},
     f"Resource not found: '{NO_MAP_RUN}'", {}, ""),
    ("InvalidArn", "describe_map_run", {"mapRunArn": "nonsense"},
     "Invalid Arn: 'Invalid ARN prefix: nonsense'", {}, ""),
    ("ExecutionDoesNotExist", "redrive_execution", {"executionArn": f"{ARN}:execution:Wait:none"},
     f"Execution Does Not Exist: '{ARN}:execution:Wait:none'", {}, ""),
    ("ExecutionNotRedrivable", "redrive_execution", {"executionArn": ONE},
     "Execution is RUNNING and cannot be redriven", {}, ""),
    ("ExecutionLimitExceeded", "start_execution", {"stateMachineArn": f"{ARN}:stateMachine:Wait", "name": "two"},
     "Execution Limit Exceeded: ", {}, ""),
    ("ValidationException", "list_executions", {}, "Exactly one of stateMachineArn and mapRunArn",
     {"reason": "MISSING_REQUIRED_PARAMETER"}, ""),
    ("AccessDeniedException", "redrive_execution", {"executionArn": ONE},
     f"is not authorized to perform: states:RedriveExecution on resource: {ONE}",
     {"action": "states:RedriveExecution", "resource": ONE}, "RedriveExecution"),
    ("AccessDeniedException", "describe_map_run", {"mapRunArn": NO_MAP_RUN},
     "is not authorized to perform: states:DescribeMapRun",
     {"action": "states:DescribeMapRun", "resource": NO_MAP_RUN}, "DescribeMapRun"),
]
TOKENS = {"redrive_execution": "clientToken", "start_execution": "name"}


def provoke(operation, arguments, denied):
    """The error as the runbook saw it, and the last intent and outcome of the audit log."""
    with Workspace() as work:
        work.configure(more="local_max_open_executions = 1\n" + (f"local_deny = {denied}\n" if denied else ""))
        call = work.write("call.json", json.dumps({"operation": operation, "arguments": arguments}))
        ended = work.run(PROVOKE, "--input", "@" + call)
        check_equal(ended.status, 0, f"the exit status\n{ended}")
        records = [record for segment in work.records() for record in segment]
        intent = [record for record in records if record["kind"] == "call.intent"][-1]
        outcome = [record for record in records if record["kind"] == "call.outcome"][-1]
        return ended.result, intent, outcome


@test
def each_error_is_read_by_its_code():
    for code, operation, arguments, message, more, denied in ERRORS:
        error, intent, outcome = provoke(operation, arguments, denied)
        check_equal(error["code"], code, f"the code of {operation}: {error}")
        check(message in error["message"], f"the message of {code}: {error['message']}")
        check_equal(error["text"], f"sfn.{operation}: {code}: {error['message']} (request {error['requestId']})",
                    f"tostring of {code}")
        check_equal({name: error.get(name) for name in more}, more, f"further members of {code}")
        check_equal([error["operation"], error["status"], error["attempts"], error["retryable"]],
                    [f"sfn.{operation}", 400, 1, False], f"the fields of {code}")
        check_equal(error.get(TOKENS.get(operation, "-")), intent.get("token"), f"the token of {code}")
        check_equal([outcome["outcome"], outcome["code"], outcome["requestId"], outcome["intent"]],
                    ["error", code, error["requestId"], intent["seq"]], f"the record of {code}")


run()
