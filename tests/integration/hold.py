"""The operator's switch: `runbook hold` refuses every change at once, also between two attempts of one."""

import json
import os

from program import Workspace
from scripted_server import NOT_REDRIVEN, ScriptedServer
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Orders:one"
REDRIVEN = {"ok": {"redriveDate": 1790218660.927}}
REDRIVE = f"""
local ok, e = pcall(require "sfn".redrive_execution, {{ executionArn = "{EXECUTION}" }})
if ok then return {{ redriven = true }} end
return {{ code = e.code, rule = e.rule, message = e.message, attempts = e.attempts }}
"""


def outcomes(work):
    return [record for segment in work.records() for record in segment if record["kind"] == "call.outcome"]


def kinds(work):
    return [record["kind"] for segment in work.records() for record in segment]


def hold(work, *args):
    ended = work.command("hold", "--config", work.config, *args)
    check_equal(ended.status, 0, f"runbook hold\n{ended}")
    return ended.out


@test
def a_hold_refuses_changes_until_it_is_released():
    with Workspace() as work, ScriptedServer(REDRIVEN) as server:
        work.configure(endpoint=server.url)
        said = hold(work, "--reason", "ticket 4711")
        check(said.startswith("held since ") and said.endswith(": ticket 4711\n"), said)
        check(hold(work).startswith("already held since "), "a second hold")
        refused = work.run(REDRIVE, **KEYS)
        check_equal(refused.result["code"], "PolicyDenied", "the code")
        check_equal(refused.result["rule"], "hold", "the rule")
        check("ticket 4711" in refused.result["message"] and "runbook release" in refused.result["message"],
              f"the message: {refused.result}")
        check("ticket 4711" in refused.err, f"the start line: {refused.err}")
        check_equal(server.requests, [], "requests")
        released = work.command("release", "--config", work.config)
        check_equal((released.status, released.out), (0, "released\n"), "runbook release")
        check_equal(work.run(REDRIVE, **KEYS).result, {"redriven": True}, "after the release")
        first, second = outcomes(work)
        check_equal((first["outcome"], first["code"], first["rule"]), ("refused", "PolicyDenied", "hold"),
                    "the record of the refusal")
        check_equal(second["outcome"], "ok", "the second outcome")
        check_equal([kind for kind in kinds(work) if kind.startswith("hold.")],
                    ["hold.set", "hold.seen", "hold.release"], "records of the switch")
        check_equal(work.verify().status, 0, "the log")


@test
def an_uncaught_refusal_ends_the_run_with_status_6():
    with Workspace() as work:
        hold(work)
        ended = work.run(f'require "sfn".redrive_execution {{ executionArn = "{EXECUTION}" }}')
        check_equal(ended.status, 6, f"the run\n{ended}")


@test
def the_switch_is_recorded_in_the_log_that_the_configuration_means():
    with Workspace() as work:
        work.configure(more=f"[audit]\nkey_file = {work.path('audit.key')}\n")
        hold(work)
        check_equal(work.run("return {}").status, 0, "a run beside it")
        check_equal(work.command("release", "--config", work.config).status, 0, "runbook release")
        check(os.path.exists(work.path("audit.key")), "the configured key was not made")
        check(not os.path.exists(work.path("state/audit.key")), "another key was made")
        verified = work.verify()
        check_equal(verified.status, 0, f"audit verify\n{verified}")


@test
def what_a_dead_process_left_is_not_closed_by_the_switch():
    with Workspace() as work:
        process = work.start("run", work.write("wait.lua", 'log.info "waiting"; sleep(600)'), "--config", work.config)
        while "waiting" not in process.stderr.readline():
            check_equal(process.poll(), None, "exit status of the run")
        process.kill()
        process.communicate()
        hold(work)
        check("log.recover" not in kinds(work), f"closed without the store: {kinds(work)}")
        check_equal(work.run("return {}").status, 0, "the next owner")
        check("log.recover" in kinds(work), f"not closed: {kinds(work)}")
        check_equal(work.verify().status, 0, "audit verify")


@test
def reads_go_on_while_held():
    with Workspace() as work, ScriptedServer({"ok": {"status": "RUNNING"}}) as server:
        work.configure(endpoint=server.url)
        hold(work)
        ended = work.run(f'return require "sfn".describe_execution {{ executionArn = "{EXECUTION}" }}.status', **KEYS)
        check_equal(ended.result, "RUNNING", f"the read\n{ended}")


def held_during_the_first_attempt(step):
    with Workspace() as work:
        with ScriptedServer(step, REDRIVEN, on_request=lambda _: hold(work), beside=NOT_REDRIVEN) as server:
            work.configure(endpoint=server.url)
            ended = work.run(REDRIVE, **KEYS)
            check_equal(len(server.requests), 1, "attempts that arrived")
            outcome, = outcomes(work)
            return ended, outcome


@test
def a_hold_stops_the_next_attempt_of_a_call_in_its_back_off():
    ended, outcome = held_during_the_first_attempt({"error": "ThrottlingException"})
    check_equal((ended.result["code"], ended.result["rule"]), ("PolicyDenied", "hold"), "the error")
    check_equal((outcome["outcome"], outcome["rule"], outcome["attempts"]), ("refused", "hold", 1), "the record")


@test
def a_call_that_may_have_taken_effect_before_the_hold_is_unknown():
    ended, outcome = held_during_the_first_attempt({"close": True})
    check_equal(ended.status, 5, f"the run\n{ended}")
    check_equal(outcome["outcome"], "unknown", "the record")


@test
def a_hold_set_while_a_run_goes_on_is_seen_by_it():
    with Workspace() as work, ScriptedServer({"ok": {"status": "FAILED"}}, REDRIVEN) as server:
        server.on_request = lambda _: hold(work, "--reason", "mid-run")
        work.configure(endpoint=server.url)
        ended = work.run(f'require "sfn".describe_execution {{ executionArn = "{EXECUTION}" }}\n' + REDRIVE, **KEYS)
        check_equal(ended.result["rule"], "hold", f"the run\n{ended}")
        check_equal(server.operations(), ["DescribeExecution"], "what arrived")
        seen, = (record for segment in work.records() for record in segment if record["kind"] == "hold.seen")
        check_equal((seen["held"], seen["reason"]), (True, "mid-run"), "what the host saw")
        verified = work.verify()
        check_equal(verified.status, 0, f"the log of both processes\n{verified}")


@test
def the_switch_is_a_file_that_needs_no_host():
    with Workspace() as work:
        status = work.command("hold", "--status", "--config", work.config)
        check_equal((status.status, status.out), (1, "not held\n"), "without a state directory")
        hold(work)
        with open(work.path("state/hold"), encoding="utf-8") as file:
            check_equal(sorted(json.load(file)), ["at", "by", "reason"], "what it holds")
        check_equal(os.stat(work.path("state/hold")).st_mode & 0o777, 0o600, "its mode")
        check_equal(work.command("hold", "--status", "--config", work.config).status, 0, "while held")
        check_equal(work.command("release", "surplus").status, 2, "an argument too many")


run()
