"""Runs that outlive their process: killed, stopped or asleep, they are carried on by the next `runbook serve`."""

import contextlib
import json
import signal
import sqlite3
import threading
import time

from program import Workspace
from scripted_server import NOT_REDRIVEN, ScriptedServer
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Orders:one"
REDRIVEN = {"ok": {"redriveDate": 4102444800.0}}
FAILED = {"ok": {"executionArn": EXECUTION, "status": "FAILED", "startDate": 1790218660}}
MAP_RUN = {"ok": {"mapRunArn": "a", "executionArn": EXECUTION, "status": "FAILED"}}
SILENT = {"silent": True}

# Nothing but runs that go on already.
IDLE = "[schedule never]\ncron = 0 0 29 2 *\nrunbook = idle.lua\n"

THREE_STEPS = f"""
local sfn = require "sfn"
local helper = require "helper"
sfn.describe_map_run {{ mapRunArn = "arn:aws:states:us-east-1:123456789012:mapRun:Orders/m:1" }}
sfn.redrive_execution {{ executionArn = "{EXECUTION}" }}
sfn.describe_map_run {{ mapRunArn = "arn:aws:states:us-east-1:123456789012:mapRun:Orders/m:2" }}
log(helper.word .. " of three steps")
return {{ word = helper.word }}
"""


class Received:
    """Waits for the n-th request of a server."""

    def __init__(self):
        self.count, self.changed = 0, threading.Condition()

    def __call__(self, _):
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def wait_for(self, count):
        with self.changed:
            check(self.changed.wait_for(lambda: self.count >= count, 20), f"request {count} never came")


@contextlib.contextmanager
def serving(work):
    process = work.start("serve", "--config", work.config, **KEYS)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process, text):
    said = ""
    for line in process.stderr:
        said += line
        if text in line:
            return said
    raise AssertionError(f"'{text}' was never said: {said}")


def set_up(work, server):
    work.configure(endpoint=server.url, more=IDLE)
    work.write("idle.lua", "return 1")
    work.write("helper.lua", 'return { word = "the end" }')
    return work.write("three.lua", THREE_STEPS)


def wait_for_row(work, query, count=1):
    """Until the store has so many rows: a process may be killed from then on."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        with contextlib.suppress(sqlite3.OperationalError), \
             contextlib.closing(sqlite3.connect(f"file:{work.path('state/runs.db')}?mode=ro", uri=True)) as db:
            if db.execute(query).fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise AssertionError(f"the store never had what was waited for: {query}")


SLEEPS = "SELECT count(*) FROM step WHERE kind = 'sleep'"


def of_kind(work, kind):
    return [r for segment in work.records() for r in segment if r["kind"] == kind]


@test
def killed_between_two_steps_it_goes_on_behind_the_last_one():
    received = Received()
    with Workspace() as work, \
         ScriptedServer(MAP_RUN, REDRIVEN, SILENT, MAP_RUN, on_request=received, beside=NOT_REDRIVEN) as server:
        file = set_up(work, server)
        process = work.start("run", file, "--config", work.config, **KEYS)
        received.wait_for(3)
        process.kill()
        process.communicate()
        work.write("three.lua", "error 'another runbook'")
        work.write("helper.lua", 'return { word = "another module" }')

        with serving(work) as process:
            said = read_until(process, " done")
            check("the end of three steps" in said, f"it ran other sources: {said}")
            process.send_signal(signal.SIGTERM)
            check_equal(process.wait(20), 0, "exit status of serve")
        check_equal(server.operations(), ["DescribeMapRun", "RedriveExecution", "DescribeMapRun", "DescribeMapRun"],
                    "what arrived")
        check_equal(len(of_kind(work, "run.resume")), 1, "run.resume records")
        check_equal(work.verify().status, 0, "audit verify")


@test
def killed_with_a_change_in_flight_it_is_never_sent_by_a_replay():
    received = Received()
    with Workspace() as work, \
         ScriptedServer(MAP_RUN, SILENT, on_request=received, beside=NOT_REDRIVEN) as server:
        file = set_up(work, server)
        process = work.start("run", file, "--config", work.config, **KEYS)
        received.wait_for(2)
        process.kill()
        process.communicate()
        tokens = {r["token"] for r in of_kind(work, "call.intent") if r["operation"] == "sfn.redrive_execution"}

        with serving(work) as process:
            read_until(process, " unknown")
        sent = {json.loads(r["body"])["clientToken"] for r in server.requests if r["operation"] == "RedriveExecution"}
        check_equal(sent, tokens, "tokens that were sent")


@test
def stopping_serve_waits_for_a_change_and_its_answer_is_replayed():
    received = Received()
    with Workspace() as work, ScriptedServer(SILENT, MAP_RUN, {"slow": 1, "then": REDRIVEN}, MAP_RUN,
                                             on_request=received, beside=NOT_REDRIVEN) as server:
        file = set_up(work, server)
        process = work.start("run", file, "--config", work.config, **KEYS)
        received.wait_for(1)
        process.kill()
        process.communicate()

        with serving(work) as process:
            received.wait_for(3)
            process.send_signal(signal.SIGTERM)
            check_equal(process.wait(20), 0, "exit status of the first serve")
        with serving(work) as process:
            read_until(process, " done")
        check_equal(server.operations(), ["DescribeMapRun", "DescribeMapRun", "RedriveExecution", "DescribeMapRun"],
                    "what arrived")


@test
def a_sleep_lasts_over_a_restart():
    with Workspace() as work, ScriptedServer(FAILED) as server:
        set_up(work, server)
        file = work.write("sleeper.lua", 'log "before" sleep(1.5) log "behind" return now()')
        process = work.start("run", file, "--config", work.config, **KEYS)
        wait_for_row(work, SLEEPS)
        process.kill()
        process.communicate()

        with serving(work) as process:
            said = read_until(process, " done")
            check("behind" in said and "before" not in said, f"what it said: {said}")


@test
def a_long_sleeper_is_only_a_wake_time():
    with Workspace() as work, ScriptedServer(FAILED) as server:
        set_up(work, server)
        file = work.write("sleeper.lua", 'log "before" sleep(3600)')
        process = work.start("run", file, "--config", work.config, **KEYS)
        read_until(process, "before")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        check_equal(process.returncode, 3, f"a sleeper that is cancelled\n{err}")

        process = work.start("run", file, "--config", work.config, **KEYS)
        wait_for_row(work, SLEEPS, 2)
        process.kill()
        process.communicate()
        for _ in range(2):
            with serving(work) as process:
                said = read_until(process, "state in")
                check("runs carried on: 1" in said, f"what serve said: {said}")
                process.send_signal(signal.SIGTERM)
                check_equal(process.wait(20), 0, "exit status of serve")


@test
def how_long_a_wait_leaves_memory_and_how_many_branches_go_on_is_configured():
    with Workspace() as work, ScriptedServer(FAILED) as server:
        work.configure(endpoint=server.url, more="[limits]\npassive = 200ms\nparallel = 1\n")
        file = work.write("sleeper.lua", """
            local function two(name) return function() log(name .. 1) sleep(0) log(name .. 2) end end
            parallel { two "a", two "b" }
            sleep(0.1)
            log "short"
            sleep(1)
            return "long" """)
        process = work.start("run", file, "--config", work.config, **KEYS)
        wait_for_row(work, "SELECT count(*) FROM run WHERE state = 'waiting' AND waits_for = 'sleep'")
        out, err = process.communicate(timeout=20)
        check_equal(json.loads(out), "long", f"its result\n{err}")
        check_equal([word for word in err.split() if word in ("a1", "a2", "b1", "b2", "short")],
                    ["a1", "a2", "b1", "b2", "short"], f"what it said\n{err}")


run()
