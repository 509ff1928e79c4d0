"""The same journey with boto3 in place of the plugin, and the same counters at each moment."""

import os
import time

from program import SCRIPTS, Workspace, boto3_client, orders_definition
from tap import check, check_equal, run, test

ORDERS = '{"orders":[' + ",".join(f'{{"order":{n}}}' for n in range(1, 21)) + "]}"


def wait_for_end(client, execution):
    """Poll until the execution has ended: the service offers nothing to wait on."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        answer = client.describe_execution(executionArn=execution)
        if answer["status"] != "RUNNING":
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{execution} did not end")


def counters(client, map_run):
    answer = client.describe_map_run(mapRunArn=map_run)
    return {name: answer[name] for name in ("itemCounts", "executionCounts")}


def by_boto3(work):
    """Counters before and after, with a SIGKILL of the engine in between."""
    with work.engine() as (process, url):
        client = boto3_client(url)
        machine = client.create_state_machine(name="Orders", definition=orders_definition(),
                                              roleArn="arn:aws:iam::123456789012:role/orders")
        execution = client.start_execution(stateMachineArn=machine["stateMachineArn"],
                                           name="invoices-of-today", input=ORDERS)["executionArn"]
        check_equal(wait_for_end(client, execution)["status"], "FAILED", "the execution")
        map_run = client.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
        before = counters(client, map_run)
        process.kill()
    work.repair_mail_server()
    with work.engine() as (_, url):
        client = boto3_client(url)
        check_equal(counters(client, map_run), before, "counters after SIGKILL and start")
        client.redrive_execution(executionArn=execution, clientToken="once")
        check_equal(wait_for_end(client, execution)["status"], "SUCCEEDED", "the execution")
        return before, counters(client, map_run)


def by_runbook(work):
    show = work.write("show.lua", """
local run = require "sfn".describe_map_run { mapRunArn = (...).mapRunArn }
return { itemCounts = run.itemCounts, executionCounts = run.executionCounts }
""")
    map_run = work.run(os.path.join(SCRIPTS, "orders", "start.lua")).result["mapRunArn"]
    before = work.run(show, "-i", f"mapRunArn={map_run}").result
    work.repair_mail_server()
    redriven = work.run(os.path.join(SCRIPTS, "redrive_failed_map_run.lua"), "-i", f"mapRunArn={map_run}")
    check_equal(redriven.status, 0, f"the redrive\n{redriven}")
    return before, work.run(show, "-i", f"mapRunArn={map_run}").result


@test
def boto3_and_the_plugin_see_the_same_counters():
    with Workspace() as one, Workspace() as other:
        boto3_before, boto3_after = by_boto3(one)
        before, after = by_runbook(other)
        check_equal(before, boto3_before, "counters before the redrive")
        check_equal(after, boto3_after, "counters after the redrive")
        check_equal(len(after["itemCounts"]) + len(after["executionCounts"]), 20, "counters in all")


@test
def a_token_that_was_used_is_not_a_second_redrive():
    with Workspace() as work, work.engine() as (_, url):
        client = boto3_client(url)
        machine = client.create_state_machine(
            name="Fails", roleArn="arn:aws:iam::123456789012:role/orders",
            definition='{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}}')
        execution = client.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        wait_for_end(client, execution)

        first = client.redrive_execution(executionArn=execution, clientToken="t")["redriveDate"]
        wait_for_end(client, execution)
        again = client.redrive_execution(executionArn=execution, clientToken="t")["redriveDate"]

        check_equal(again, first, "redriveDate of the second call")
        check_equal(client.describe_execution(executionArn=execution)["redriveCount"], 1, "redrives")
        check(wait_for_end(client, execution)["status"] == "FAILED", "it should have failed again")


run()
