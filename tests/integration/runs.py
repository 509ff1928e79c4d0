"""Runs as processes: many at once, without a configuration, and ended while a change is in flight."""

import glob
import json
import os
import signal
import socket
import threading
import time

from program import Workspace
from scripted_server import NOT_REDRIVEN, ScriptedServer
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Orders:one"
REDRIVE = f'return require "sfn".redrive_execution {{ executionArn = "{EXECUTION}" }}'
DESCRIBE = f'return require "sfn".describe_execution {{ executionArn = "{EXECUTION}" }}'
REDRIVEN = {"ok": {"redriveDate": 1790218660.927}}
RUNNING = {"ok": {"executionArn": EXECUTION, "stateMachineArn": "arn:aws:states:us-east-1:123456789012:"
                  "stateMachine:Orders", "status": "RUNNING", "startDate": 1790218660}}


def outcomes(work):
    return [r["outcome"] for segment in work.records() for r in segment if r["kind"] == "call.outcome"]


def interrupt_in_flight(work, step, *signals):
    """Send the signals as soon as the server has the redrive; how the run ended."""
    received = threading.Event()
    with ScriptedServer(step, on_request=lambda _: received.set(), beside=NOT_REDRIVEN) as server:
        work.configure(endpoint=server.url)
        process = work.start("run", work.write("redrive.lua", REDRIVE), "--config", work.config, **KEYS)
        check(received.wait(20), "the server never got the redrive")
        for number in signals:
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
    return process.returncode, out, err


@test
def many_at_once_all_go_through_whoever_owns_the_state_directory():
    with Workspace() as work, ScriptedServer(RUNNING) as server:
        work.configure(endpoint=server.url)
        file = work.write("describe.lua", DESCRIBE)
        processes = [work.start("run", file, "--config", work.config, **KEYS) for _ in range(12)]
        for process in processes:
            out, err = process.communicate(timeout=60)
            check_equal(process.returncode, 0, f"exit status, having said {err}")
            check_equal(json.loads(out)["status"], "RUNNING", "the answer")
        ends = [r for segment in work.records() for r in segment if r["kind"] == "run.end"]
        check_equal((len(ends), {r["outcome"] for r in ends}), (12, {"done"}), "ends of runs")
        check_equal(work.verify().status, 0, "audit verify")


@test
def show_has_the_steps_in_order_with_the_arguments_and_times_of_reads_too():
    script = DESCRIBE.replace("return ", "local seen = ") + "\nsleep(0.01)\nlocal begun = now()\n" \
        "parallel { function() sleep(60) end, function() error('no') end }"
    with Workspace() as work, ScriptedServer(RUNNING) as server:
        work.configure(endpoint=server.url)
        check_equal(work.run(script, **KEYS).status, 1, "exit status")
        run_id = json.loads(work.command("runs", "--json", "--config", work.config).out)["runs"][0]["id"]
        steps = work.command("show", run_id, "--json", "--config", work.config).result["steps"]
        check_equal([s["path"] for s in steps], ["1", "2", "3", "4", "4.1.1"], "steps")
        check_equal(steps[0]["args"], {"executionArn": EXECUTION}, "arguments of the read")
        check("begun" in steps[0] and "ended" in steps[0], steps[0])
        shown = work.command("show", run_id, "--config", work.config).out
        check("4.1.1" in shown and "sleep                          without an end" in shown, shown)


@test
def without_a_configuration_everything_comes_from_the_environment():
    with Workspace() as work, ScriptedServer(RUNNING) as server:
        state = work.path("xdg")
        ended = work.command("run", work.write("describe.lua", DESCRIBE), AWS_REGION="us-east-1",
                             AWS_ENDPOINT_URL_SFN=server.url, XDG_STATE_HOME=state, **KEYS)
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal(ended.result["status"], "RUNNING", "the answer")
        check(state in ended.err, f"the state directory is not named in: {ended.err}")
        check(glob.glob(os.path.join(state, "runbook", "audit", "*", "*.jsonl")), "no log where it said")


@test
def an_interrupt_waits_for_the_answer_of_a_change():
    with Workspace() as work:
        status, _, err = interrupt_in_flight(work, {"slow": 1, "then": REDRIVEN}, signal.SIGINT)
        check_equal(status, 3, f"exit status, having said {err}")
        check_equal(outcomes(work), ["ok"], "outcomes")
        check("goes on" in err, f"it does not say that the redrive goes on: {err}")


@test
def a_change_that_is_never_answered_is_unknown_after_the_grace():
    with Workspace() as work:
        status, _, err = interrupt_in_flight(work, {"silent": True}, signal.SIGINT)
        check_equal(status, 5, f"exit status, having said {err}")
        check_equal(outcomes(work), ["unknown"], "outcomes")
        check("aws stepfunctions describe-execution" in err, f"no command that tells in: {err}")
        check("goes on" in err, f"it does not say that the redrive goes on: {err}")


@test
def a_change_that_is_still_connecting_is_not_waited_for():
    with Workspace() as work, socket.create_server(("127.0.0.1", 0)) as listener:
        work.configure(endpoint=f"https://127.0.0.1:{listener.getsockname()[1]}")
        process = work.start("run", work.write("redrive.lua", REDRIVE), "--config", work.config, **KEYS)
        listener.settimeout(20)
        connection, _ = listener.accept()  # and never a word of TLS
        with connection:
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        check_equal(process.returncode, 3, f"exit status, having said {err}")
        check(time.monotonic() - began < 3, "it waited for an answer that cannot come")
        check_equal(outcomes(work), [], "outcomes: the look before it had not come back, so nothing was intended")
        check("describe-execution" not in err, f"a command that tells, though nothing is unknown: {err}")


@test
def a_read_is_given_up_at_once():
    with Workspace() as work, ScriptedServer({"silent": True}) as server:
        work.configure(endpoint=server.url)
        ended = work.run(DESCRIBE, "--timeout", "300ms", limit=4, **KEYS)
        check_equal(ended.status, 4, f"the run\n{ended}")
        check_equal(work.verify().status, 0, "audit verify")


run()
