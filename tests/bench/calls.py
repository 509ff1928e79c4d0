"""How much a call and a Map Run cost: wall time and CPU of the client and of the engine.

Numbers, not verdicts: nothing here fails for being slow. TAP, one result a measurement, the numbers in notes.
"""

import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from program import Workspace
from tap import check_equal, note, run, test

CALLS = 2000
CHILDREN = 10000
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}

SET_UP = """
local sfn = require "sfn"
local machine = sfn.create_state_machine { name = "Pass", roleArn = "arn:aws:iam::123456789012:role/orders",
  definition = '{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}' }
return sfn.start_execution { stateMachineArn = machine.stateMachineArn, name = "one" }
"""

MANY_READS = """
local sfn, input = require "sfn", ...
for _ = 1, input.calls do sfn.describe_execution { executionArn = input.executionArn } end
"""

MANY_CHILDREN = """
local sfn, input = require "sfn", ...
local machine = sfn.create_state_machine { name = "Many", roleArn = "arn:aws:iam::123456789012:role/orders",
  definition = [[{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{
    "ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
    "StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}]] }
local execution = sfn.start_execution { stateMachineArn = machine.stateMachineArn,
  input = "[" .. ("0,"):rep(input.children - 1) .. "0]" }
repeat
  sleep(0.02)
  local status = sfn.describe_execution { executionArn = execution.executionArn }.status
until status ~= "RUNNING"
local run = sfn.list_map_runs { executionArn = execution.executionArn }.mapRuns[1]
return sfn.describe_map_run { mapRunArn = run.mapRunArn }.itemCounts
"""


def measured(function):
    """Result, seconds of wall time, and CPU seconds of the children that ended meanwhile."""
    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    wall, before = time.monotonic(), cpu()
    result = function()
    return result, time.monotonic() - wall, cpu() - before


@test
def audited_reads_against_the_engine():
    with Workspace() as work, work.engine() as (_, url):
        work.configure(endpoint=url)
        execution = work.run(SET_UP, **KEYS).result["executionArn"]
        _, idle_wall, idle_cpu = measured(lambda: work.run("return {}", **KEYS))
        ended, wall, cpu = measured(lambda: work.run(
            MANY_READS, "-i", f"calls={CALLS}", "-i", f"executionArn={execution}", **KEYS))
        check_equal(ended.status, 0, f"the run\n{ended}")
        note(f"a run that does nothing: {idle_wall * 1e3:.0f} ms, {idle_cpu * 1e3:.0f} ms CPU")
        note(f"{CALLS} reads one after the other: {(wall - idle_wall) / CALLS * 1e6:.0f} us each, "
             f"{(cpu - idle_cpu) / CALLS * 1e6:.0f} us CPU of the client each")


@test
def a_map_run_with_many_children():
    with Workspace() as work, work.engine() as (_, url):
        work.configure(endpoint=url)
        ended, wall, _ = measured(lambda: work.run(MANY_CHILDREN, "-i", f"children={CHILDREN}", **KEYS))
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal(ended.result["succeeded"], CHILDREN, "children that succeeded")
        note(f"{CHILDREN} children of one Pass state: {wall:.2f} s, {wall / CHILDREN * 1e6:.0f} us each")


run()
