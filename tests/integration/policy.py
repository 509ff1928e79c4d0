"""[policy], the header of a runbook and the operator's own function, in the real host against a scripted endpoint."""

import datetime
import json

from program import Workspace
from scripted_server import ScriptedServer
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Orders:one"
MAP_RUN = "arn:aws:states:us-east-1:123456789012:mapRun:Orders/L:one"
REDRIVEN = {"ok": {"redriveDate": 1790218660.927}}
REDRIVE = """
local sfn, input = require "sfn", ...
local ended = {}
for _, arn in ipairs(input.arns) do
  local ok, e = pcall(sfn.redrive_execution, { executionArn = arn })
  ended[#ended + 1] = ok and { rule = "none" } or { code = e.code, rule = e.rule, message = e.message }
end
return array(ended)
"""


def redrive(policy, arns=(EXECUTION,), text=REDRIVE, files=None, args=(), script=(REDRIVEN,)):
    """What came of the redrives, and which changes arrived."""
    with Workspace() as work, ScriptedServer(*script) as server:
        for name, content in (files or {}).items():
            work.write(name, content)
        work.configure(endpoint=server.url, more=policy.replace("DIR", work.dir))
        ended = work.run(text, "--input", json.dumps({"arns": list(arns)}), *args, **KEYS)
        check(ended.out, f"no result\n{ended}")
        outcomes = [r for segment in work.records() for r in segment if r["kind"] == "call.outcome"]
        refused = [r for r in outcomes if r["outcome"] == "refused"]
        check_equal([r["rule"] for r in refused], [e["rule"] for e in ended.result if e["rule"] != "none"],
                    "the rules in the records")
        # a look at the execution goes before each redrive
        return ended.result, [o for o in server.operations() if o != "DescribeExecution"]


def rules(result):
    return [ended["rule"] for ended in result]


@test
def deny_and_allow_go_by_operation_and_arn():
    result, sent = redrive("[policy]\ndeny = sfn.redrive_execution *:execution:Orders:*")
    check_equal((rules(result), sent), (["deny"], []), "denied")
    check("runbook.conf:" in result[0]["message"] and "[policy] deny" in result[0]["message"],
          f"the message: {result}")
    result, sent = redrive("[policy]\nallow = sfn.redrive_execution *:execution:Payments:*")
    check_equal((rules(result), sent), (["allow"], []), "not allowed")
    result, sent = redrive("[policy]\nallow = sfn.redrive_execution *:execution:Orders:*")
    check_equal((rules(result), sent), (["none"], ["RedriveExecution"]), "allowed")


@test
def a_header_narrows_and_never_widens():
    header = "--- policy: deny = sfn.redrive_execution *:Orders:one\n"
    result, sent = redrive("", text=header + REDRIVE)
    check_equal((rules(result), sent), (["deny"], []), "the header denies")
    header = "--- policy: allow = sfn.*\n--- policy: budget = sfn.* 100 per resource in 24h\n"
    result, sent = redrive("[policy]\ndeny = sfn.redrive_execution", text=header + REDRIVE)
    check_equal((rules(result), sent), (["deny"], []), "the configuration denies")


@test
def a_malformed_header_is_refused_before_the_run():
    with Workspace() as work:
        file = work.write("bad.lua", "-- what\n--- policy: freeze = Fri 18:00 - Mon 06:00 Europe/Berln\nreturn 1\n")
        ended = work.run(file)
        check_equal(ended.status, 2, f"the exit status\n{ended}")
        check("bad.lua:2: " in ended.err and "did you mean 'Europe/Berlin'?" in ended.err, ended.err)
        ended = work.run(work.write("bad.lua", "--- policy: deny = sfn.redrive_executoin\nreturn 1\n"))
        check_equal(ended.status, 2, f"an unknown operation\n{ended}")


@test
def a_wrong_policy_is_refused_with_its_line():
    for line, words in (("freeze = Fri", "is no window of time"), ("dney = sfn.x", "did you mean 'deny'?"),
                        ("deny = nosuch.operation", "no plugin has an operation"),
                        ("file = DIR/missing.lua", "missing.lua"), ("file = DIR/empty.lua", "no function 'judge'")):
        with Workspace() as work:
            work.write("empty.lua", "return {}")
            work.configure(more="[policy]\n" + line.replace("DIR", work.dir))
            ended = work.run("return 1")
            check_equal(ended.status, 2, f"{line}\n{ended}")
            check(words in ended.err, f"{line}: {ended.err}")


@test
def the_fourth_redrive_of_an_execution_in_a_day_is_refused():
    more = "[rules]\nsfn.redrive_execution = 9"
    result, sent = redrive(more, arns=[EXECUTION] * 4)
    check_equal(rules(result), ["none"] * 3 + ["budget"], "of one execution")
    check("3 per resource in 24h" in result[3]["message"] and EXECUTION in result[3]["message"], result[3]["message"])
    check_equal(len(sent), 3, "requests")
    result, _ = redrive(more + "\n[policy]\nbudget = sfn.redrive_execution 4 per resource in 24h", arns=[EXECUTION] * 5)
    check_equal(rules(result), ["none"] * 4 + ["budget"], "with a budget of four")


@test
def the_eleventh_redrive_of_a_state_machine_in_an_hour_is_refused():
    arns = [f"{EXECUTION}{i}" for i in range(11)]
    result, _ = redrive("", arns=arns)
    check_equal(rules(result), ["none"] * 10 + ["budget"], "of one machine")
    check("stateMachine:Orders" in result[10]["message"], result[10]["message"])
    other = EXECUTION.replace("Orders", "Payments")
    result, _ = redrive("", arns=arns[:10] + [other])
    check_equal(rules(result), ["none"] * 11, "with another machine")


@test
def a_dry_run_shows_the_refusal_of_a_budget():
    header = "--- policy: budget = sfn.redrive_execution 2 per run\n"
    result, sent = redrive("", arns=[f"{EXECUTION}{i}" for i in range(3)], text=header + REDRIVE, args=["--dry-run"])
    check_equal((rules(result), sent), (["none", "none", "budget"], []), "per run")
    result, _ = redrive("[rules]\nsfn.redrive_execution = 9", arns=[EXECUTION] * 4, args=["--dry-run"])
    check_equal(rules(result), ["none"] * 3 + ["budget"], "per execution")


@test
def a_freeze_refuses_changes_and_lets_reads_pass():
    now = datetime.datetime.now(datetime.timezone.utc)
    day, next_day = (now + datetime.timedelta(days=d) for d in (-1, 1))
    freeze = f"[policy]\nfreeze = {day:%Y-%m-%d} - {next_day:%Y-%m-%d} UTC"
    result, sent = redrive(freeze)
    check_equal((rules(result), sent), (["freeze"], []), "inside")
    past = f"[policy]\nfreeze = 2020-01-01 - {day:%Y-%m-%d} UTC"
    check_equal(rules(redrive(past)[0]), ["none"], "outside")
    with Workspace() as work, ScriptedServer({"ok": {"status": "RUNNING"}}) as server:
        work.configure(endpoint=server.url, more=freeze)
        ended = work.run(f'return require "sfn".describe_execution {{ executionArn = "{EXECUTION}" }}.status', **KEYS)
        check_equal(ended.result, "RUNNING", f"the read\n{ended}")


JUDGE = """
return { judge = function(call, last)
  local run = last["sfn.describe_map_run"]
  if call.operation ~= "sfn.redrive_execution" then return nil end
  if not run then return "describe the Map Run first" end
  if run.itemCounts.failed > 100 then return { approval = { n = 1, of = { "ann" }, subject = "many" } } end
  return true
end }
"""
DESCRIBED = 'require "sfn".describe_map_run { mapRunArn = "' + MAP_RUN + '" }\n' + REDRIVE


def map_run(failed):
    return {"ok": {"mapRunArn": MAP_RUN, "itemCounts": {"failed": failed}}}


@test
def the_operators_function_sees_the_last_answer_of_a_read():
    more, files = "[policy]\nfile = DIR/policy.lua", {"policy.lua": JUDGE}
    result, sent = redrive(more, files=files)
    check_equal((rules(result), sent), (["judge"], []), "without a look")
    check_equal(result[0]["message"], "describe the Map Run first", "its words")
    result, _ = redrive(more, files=files, text=DESCRIBED, script=(map_run(100), REDRIVEN))
    check_equal(rules(result), ["none"], "few failed")


@test
def a_function_that_fails_or_overruns_denies():
    for body in ("error 'x'", "while true do end", "return 7", "return { approve = true }", "return nil + 1",
                 "local t = {} while true do t[#t + 1] = ('x'):rep(1000) end", "return { approval = { n = 0 } }",
                 "return { approval = { n = 2, of = { 'ann', 'ann' } } }", "return function() end"):
        judge = "return { judge = function(call, last) " + body + " end }"
        result, sent = redrive("[policy]\nfile = DIR/policy.lua", files={"policy.lua": judge})
        check_equal((rules(result), sent), (["judge"], []), body)


@test
def a_key_is_made_from_the_input():
    header = "--- policy: key = orders {input.arns}\n"
    result, _ = redrive("", text=header + REDRIVE)
    check_equal(rules(result), ["none"], "alone")
    with Workspace() as work:
        ended = work.run(work.write("key.lua", "--- policy: key = {input.missing}\nreturn 1\n"))
        check_equal(ended.status, 2, f"an input without the member\n{ended}")


run()
