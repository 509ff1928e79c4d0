"""The main job through the real host: a Map Run fails, a runbook redrives it, the log proves it."""

import os

from program import SCRIPTS, Workspace
from tap import check, check_equal, run, test

START = os.path.join(SCRIPTS, "orders", "start.lua")
SHOW = os.path.join(SCRIPTS, "show_map_run.lua")
REDRIVE = os.path.join(SCRIPTS, "redrive_failed_map_run.lua")

CHILDREN = """
local sfn = require "sfn"
local input = ...
local page = sfn.list_executions { mapRunArn = input.mapRunArn, maxResults = 100 }
local by_redrives = {}
for _, child in ipairs(page.executions) do
  local key = child.status .. " after " .. child.redriveCount
  by_redrives[key] = (by_redrives[key] or 0) + 1
end
return by_redrives
"""


def failed_map_run(work):
    started = work.run(START)
    check_equal(started.status, 0, f"start.lua\n{started}")
    check_equal(started.result["status"], "FAILED", "the execution")
    return "mapRunArn=" + started.result["mapRunArn"]


def counts(work, map_run):
    shown = work.run(SHOW, "-i", map_run)
    check_equal(shown.status, 0, f"show_map_run.lua\n{shown}")
    return shown.result


@test
def a_failed_map_run_is_redriven_to_success():
    with Workspace() as work:
        map_run = failed_map_run(work)
        before = counts(work, map_run)
        check_equal(before["status"], "FAILED", "the Map Run before")
        check_equal(before["itemCounts"]["failed"], 3, "failed items before")
        check_equal(before["itemCounts"]["total"], 20, "items before")
        check_equal(before["redriveCount"], 0, "redrives before")

        work.repair_mail_server()
        redriven = work.run(REDRIVE, "-i", map_run, "--reason", "mail server repaired")

        check_equal(redriven.status, 0, f"the redrive\n{redriven}")
        check_equal(redriven.result["status"], "SUCCEEDED", "the Map Run after")
        after = counts(work, map_run)
        check_equal(after["redriveCount"], 1, "redrives after")
        check_equal(after["itemCounts"]["succeeded"], 20, "succeeded items after")
        check_equal(after["itemCounts"]["failed"], 0, "failed items after")
        check_equal(work.verify().status, 0, "audit verify")


@test
def what_had_succeeded_is_not_run_again():
    with Workspace() as work:
        map_run = failed_map_run(work)
        succeeded = counts(work, map_run)["itemCounts"]["succeeded"]
        work.repair_mail_server()
        check_equal(work.run(REDRIVE, "-i", map_run).status, 0, "the redrive")

        children = work.run(CHILDREN, "-i", map_run).result

        check(succeeded > 0, "some items should have succeeded at first")
        first_time = children["SUCCEEDED after 0"]
        check_equal(children["SUCCEEDED after 1"] + first_time, 20, "children that succeeded")
        check(first_time >= succeeded, f"of {succeeded} children some ran twice: {children}")
        check(children["SUCCEEDED after 1"] >= 3, f"the failed children ran once more: {children}")


@test
def the_log_holds_the_redrive_before_and_after():
    with Workspace() as work:
        map_run = failed_map_run(work)
        work.repair_mail_server()
        work.run(REDRIVE, "-i", map_run, "--reason", "mail server repaired")

        records = [r for segment in work.records() for r in segment]
        calls = [r for r in records if r.get("operation") == "sfn.redrive_execution"]
        intents = [r for r in calls if r["kind"] == "call.intent"]
        check_equal(len(intents), 1, "intents of a redrive")
        intent = intents[0]
        check_equal(intent["reason"], "mail server repaired", "the reason")
        check(intent["token"], "the intent should hold the token")
        check_equal(intent["args"]["clientToken"], intent["token"], "the token that was sent")
        outcomes = [r for r in records if r["kind"] == "call.outcome"
                    and r["run"] == intent["run"] and r["intent"] == intent["seq"]]
        check_equal([r["outcome"] for r in outcomes], ["ok"], "outcomes of the redrive")


@test
def a_second_redrive_has_nothing_to_do():
    with Workspace() as work:
        map_run = failed_map_run(work)
        work.repair_mail_server()
        work.run(REDRIVE, "-i", map_run)

        again = work.run(REDRIVE, "-i", map_run)

        check_equal(again.result, {"skipped": "SUCCEEDED"}, "the second redrive")


@test
def a_dry_run_changes_nothing_and_says_so_in_the_log():
    with Workspace() as work:
        map_run = failed_map_run(work)
        work.repair_mail_server()

        dry = work.run(REDRIVE, "-i", map_run, "--dry-run")

        check_equal(dry.status, 0, f"the dry run\n{dry}")
        check_equal(dry.result["dryRun"], True, "dryRun of the result")
        check_equal(counts(work, map_run)["status"], "FAILED", "the Map Run after a dry run")
        outcomes = [r["outcome"] for segment in work.records() for r in segment
                    if r["kind"] == "call.outcome"]
        check(outcomes.count("dry_run") >= 1, f"no dry_run among {outcomes}")
        check_equal(work.verify().status, 0, "audit verify")


run()
