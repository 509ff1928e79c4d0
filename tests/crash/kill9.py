"""kill -9 of `runbook run` at a hundred random moments.

Each run redrives the same execution again and again against a server that writes down every request
before it serves it. After each kill: every request the server received, reads too, has its intent on disk. After the
next start: the log opens, verifies, and no outcome stands without an earlier intent.
"""

import collections
import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from program import RUNBOOK, Workspace
from tap import check_equal, note, run, test

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "100"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}

SET_UP = """
local sfn = require "sfn"
local machine = sfn.create_state_machine { name = "Fails", roleArn = "arn:aws:iam::123456789012:role/orders",
  definition = '{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}}' }
local input, arns = ..., array {}
for i = 1, input.executions do
  arns[i] = sfn.start_execution { stateMachineArn = machine.stateMachineArn, name = "n" .. i }.executionArn
end
return { arns = arns }
"""

REDRIVE_AGAIN_AND_AGAIN = """
local sfn = require "sfn"
local input = ...
for _ = 1, 20 do
  repeat
    local execution = sfn.describe_execution { executionArn = input.executionArn }
  until execution.status ~= "RUNNING"
  sfn.redrive_execution { executionArn = input.executionArn }
end
"""


def received(log):
    """The requests in the server's own log. The server lives on, so its last line is whole."""
    with open(log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def intents_on_disk(work):
    """The intents on disk, and the looks before them; a torn last line counts for nothing."""
    intents = []
    for segment in work.segments():
        with open(segment, "rb") as file:
            for line in file.read().split(b"\n")[:-1]:
                if b'"call.intent"' in line or b'"call.prepare"' in line:
                    intents.append(json.loads(line))
    return intents


def without_intent(requests, intents):
    """Redrives whose token no intent has, and operations received more often than intended."""
    tokens = {i.get("token") for i in intents}
    lost = [r for r in requests if r["operation"] == "RedriveExecution" and r["clientToken"] not in tokens]
    intended = collections.Counter("describeexecution" if i["kind"] == "call.prepare" else
                                   i["operation"].removeprefix("sfn.").replace("_", "") for i in intents)
    came = collections.Counter(r["operation"].lower() for r in requests)
    return lost + [f"{name}: {n} received, {intended[name]} intended" for name, n in came.items()
                   if n > intended[name]]


def outcomes_without_intent(work):
    """Outcomes that name no earlier intent of their segment, or one that has its outcome already."""
    lost = []
    for segment in work.records():
        open_intents = set()
        for record in segment:
            if record["kind"] == "call.intent":
                open_intents.add(record["seq"])
            elif record["kind"] == "call.outcome":
                if record["intent"] not in open_intents:
                    lost.append(record)
                open_intents.discard(record["intent"])
    return lost


def kill_at_random(work, arguments, moment):
    """Was it still alive at that moment?"""
    process = subprocess.Popen([RUNBOOK, "run", *arguments], cwd=work.dir, env=work.environment(**KEYS),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() == -9


@test
def killed_at_random_moments_the_log_never_lies():
    rng = random.Random(SEED)
    note(f"CRASH_SEED={SEED}")
    with Workspace() as work:
        request_log = work.path("requests.jsonl")
        with work.engine("--request-log", request_log) as (_, url):
            work.configure(endpoint=url, more="[rules]\nsfn.redrive_execution = 1000\nsfn.start_execution = 1000\n"
                           "[policy]\nbudget = sfn.redrive_execution 100000 per resource in 24h,"
                           " sfn.redrive_execution 100000 per group in 1h\n")
            started = work.run(SET_UP, "-i", f"executions={ROUNDS + 1}", **KEYS)
            check_equal(started.status, 0, f"the set-up\n{started}")
            file = work.write("again.lua", REDRIVE_AGAIN_AND_AGAIN)
            arns = started.result["arns"]

            def arguments(killed):
                """A killed run may leave its change unsettled, and then the execution to nobody else: the next one."""
                return [file, "--config", work.config, "-i", "executionArn=" + arns[killed]]

            begin = time.monotonic()
            first = work.command("run", *arguments(0), **KEYS)
            check_equal(first.status, 0, f"a run that is left alone\n{first}")
            duration = time.monotonic() - begin

            killed = number = 0
            while killed < ROUNDS and number < 4 * ROUNDS:
                number += 1
                killed += kill_at_random(work, arguments(killed), rng.uniform(0, duration))
                lost = without_intent(received(request_log), intents_on_disk(work))
                check_equal(lost, [], f"round {number}: requests received without an intent on disk")

            check_equal(killed, ROUNDS, f"runs killed before their end, of {number}")
            last = work.command("run", *arguments(killed), **KEYS)
            check_equal(last.status, 0, f"a run after all the kills\n{last}")
            verified = work.verify()
            check_equal(verified.status, 0, f"audit verify\n{verified}")
            check_equal(outcomes_without_intent(work), [], "outcomes without an open intent")
            note(f"{killed} of {number} killed, {len(received(request_log))} requests received")


run()
