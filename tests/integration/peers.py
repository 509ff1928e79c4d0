"""Other people's programs on both sides: moto serves the plugin; the AWS CLI and the AWS SDK for
JavaScript use the engine."""

import json
import os
import shutil
import subprocess
import time
import urllib.request

from program import PEERS, Workspace, boto3_client, orders_definition
from tap import Skip, check_equal, run, test

MACHINE = {
    "StartAt": "M",
    "States": {"M": {"Type": "Map", "Label": "L", "ItemsPath": "$.items", "End": True, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}}},
}
ROLE = "arn:aws:iam::123456789012:role/orders"
FAKE_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}

JAVASCRIPT = """
import { SFNClient, CreateStateMachineCommand, StartExecutionCommand, DescribeExecutionCommand,
  ListMapRunsCommand, DescribeMapRunCommand, RedriveExecutionCommand } from "@aws-sdk/client-sfn";
const client = new SFNClient({ endpoint: process.argv[2], region: "us-east-1",
  credentials: { accessKeyId: "AKIDLOCAL", secretAccessKey: "local" } });
const machine = await client.send(new CreateStateMachineCommand({
  name: "M", definition: process.argv[3], roleArn: "arn:aws:iam::123456789012:role/orders" }));
const { executionArn } = await client.send(new StartExecutionCommand({
  stateMachineArn: machine.stateMachineArn, input: process.argv[4] }));
let status;
do {
  ({ status } = await client.send(new DescribeExecutionCommand({ executionArn })));
} while (status === "RUNNING");
const { mapRuns } = await client.send(new ListMapRunsCommand({ executionArn }));
const run = await client.send(new DescribeMapRunCommand({ mapRunArn: mapRuns[0].mapRunArn }));
let refused;
try { await client.send(new RedriveExecutionCommand({ executionArn })); } catch (e) { refused = e.name; }
console.log(JSON.stringify({ status, counts: run.itemCounts, dated: run.startDate instanceof Date, refused }));
"""


def moto_server():
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        raise Skip("moto is not installed") from None
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    settings = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
    urllib.request.urlopen(urllib.request.Request(url + "/moto-api/config", data=settings, method="POST",
                                                  headers={"Content-Type": "application/json"})).close()
    return server, url


def map_run_of(client, items):
    machine = client.create_state_machine(name="M", definition=json.dumps(MACHINE), roleArn=ROLE)
    execution = client.start_execution(stateMachineArn=machine["stateMachineArn"],
                                       input=json.dumps({"items": items}))["executionArn"]
    limit = time.monotonic() + 30
    while client.describe_execution(executionArn=execution)["status"] == "RUNNING":
        if time.monotonic() > limit:
            raise AssertionError("moto's execution did not end")
        time.sleep(0.05)
    return client.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]


@test
def the_plugin_reads_motos_map_run():
    server, url = moto_server()
    try:
        client = boto3_client(url)
        map_run = map_run_of(client, [1, 2, 3])
        with Workspace() as work:
            work.configure(endpoint=url)
            ended = work.run('return require "sfn".describe_map_run { mapRunArn = (...).mapRunArn }',
                             "-i", f"mapRunArn={map_run}", **FAKE_KEYS)
        check_equal(ended.status, 0, f"the run\n{ended}")
        theirs = client.describe_map_run(mapRunArn=map_run)
        for name in ("mapRunArn", "status", "itemCounts", "executionCounts", "maxConcurrency"):
            check_equal(ended.result[name], theirs[name], name)
        check_equal(ended.result["startDate"], round(theirs["startDate"].timestamp(), 3), "startDate")
    finally:
        server.stop()


@test
def the_aws_cli_uses_the_engine():
    peer = os.path.join(PEERS, "bin", "aws")
    aws = peer if os.path.exists(peer) else shutil.which("aws")
    if not aws:
        raise Skip("the AWS CLI is not installed")
    with Workspace() as work, work.engine() as (_, url):
        def call(*args):
            ended = subprocess.run([aws, "stepfunctions", *args, "--endpoint-url", url, "--region", "us-east-1"],
                                   env=work.environment(**FAKE_KEYS), capture_output=True, text=True,
                                   timeout=60, check=False)
            if "Invalid choice" in ended.stderr:
                raise Skip("the AWS CLI found is too old to know redrive-execution")
            return ended
        machine = json.loads(call("create-state-machine", "--name", "Orders", "--role-arn", ROLE,
                                  "--definition", orders_definition()).stdout)
        execution = json.loads(call("start-execution", "--state-machine-arn", machine["stateMachineArn"],
                                    "--input", '{"orders":[{"order":6}]}').stdout)["executionArn"]
        seen = json.loads(call("describe-execution", "--execution-arn", execution).stdout)
        check_equal(seen["status"], "FAILED", "the execution")
        redriven = call("redrive-execution", "--execution-arn", execution)
        check_equal(redriven.returncode, 0, f"redrive-execution said {redriven.stderr}")


@test
def the_javascript_sdk_uses_the_engine():
    node = shutil.which("node")
    sdk = os.path.join(PEERS, "node_modules", "@aws-sdk", "client-sfn")
    if not node or not os.path.isdir(sdk):
        raise Skip("@aws-sdk/client-sfn is not installed")
    with Workspace() as work, work.engine() as (_, url):
        os.symlink(os.path.join(PEERS, "node_modules"), work.path("node_modules"))
        script = work.write("peer.mjs", JAVASCRIPT)
        ended = subprocess.run([node, script, url, json.dumps(MACHINE), '{"items":[1,2]}'], cwd=work.dir,
                               env=work.environment(), capture_output=True, text=True, timeout=60, check=False)
        check_equal(ended.returncode, 0, f"node said {ended.stderr}")
        seen = json.loads(ended.stdout)
        check_equal((seen["status"], seen["counts"]["succeeded"], seen["dated"], seen["refused"]),
                    ("SUCCEEDED", 2, True, "ExecutionNotRedrivable"), "what the SDK saw")


run()
