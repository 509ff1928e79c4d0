"""The runbooks of scripts/ under `runbook serve`, each with its own section of scripts/conf/, against the engine."""

import contextlib
import glob
import hashlib
import hmac
import json
import os
import pwd
import re
import signal
import threading
import time
import urllib.request

from clocks import faketime
from program import SCRIPTS, Workspace, said_when_ready
from receiver import Receiver
from steered import call, control, create, describe, start
from tap import check, check_equal, run, test

SECRET = "a secret of the hooks"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
SHIPPED_MACHINE = "arn:aws:states:eu-central-1:111122223333:stateMachine:Orders"
TELL = """
[http]
plain_hosts = localhost
[notify]
channel = webhook
url = http://localhost:%d/people
events = failure
"""
EVERY_SECOND = "* * * * * *"
FAIL = {"F": {"Type": "Fail", "Error": "Broken", "Cause": "it always is"}}
CHILD = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Item"}
HANDLER = "local seen = {} return { item = function(n) %s seen[n] = true return n end }"
ONCE_BAD = HANDLER % 'if not seen[n] then seen[n] = true error { error = "Bad" } end'
LATE_BAD = HANDLER % 'if n >= 16 then error { error = "Bad" } end'


def shipped(name, **inputs):
    """The section as it is shipped; only its machine, paths, time and single members of its input are ours."""
    with open(os.path.join(SCRIPTS, "conf", name + ".conf"), encoding="utf-8") as file:
        text = file.read()
    text = text.replace("${dir}/..", SCRIPTS)
    text = re.sub(r"/etc/runbook/\w+\.secret", "${dir}/secret", text)
    text = re.sub(r"(?m)^cron = .*$", f"cron = {EVERY_SECOND}", text)
    text = re.sub(r"(?m)^post_url = .*\n", "", text)
    text = re.sub(r"(?m)^people = .*$", f"people = {me()}", text)

    def fill(found):
        return "input = " + json.dumps(json.loads(found[1]) | inputs)

    return re.sub(r"(?m)^input = (.*)$", fill, text)


@contextlib.contextmanager
def workspace(handlers):
    with Workspace() as work:
        work.write("handlers.lua", handlers)
        yield work


def me():
    """By whose name this process votes: the login user's, where there is one."""
    with open("/proc/self/loginuid", encoding="ascii") as file:
        login = int(file.read())
    return pwd.getpwuid(os.getuid() if login == 0xffffffff else login).pw_name


@contextlib.contextmanager
def serving(work, url, sections, ahead=None):
    """`runbook serve` beside an engine that listens at url; gives the port of its hooks. `ahead`: of its clocks."""
    work.write("secret", SECRET + "\n")
    work.configure(endpoint=url, more=f"[listen]\naddress = 127.0.0.1:0\n\n{sections}")
    process = work.start("serve", "--config", work.config, **KEYS, **(faketime(ahead) if ahead else {}))
    try:
        said = [said_when_ready(process)]
        threading.Thread(target=lambda: said.extend(process.stderr), daemon=True).start()
        port = re.search(r"port (\d+)", said[0])
        yield port and int(port[1])
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)
        check_equal(process.returncode, 0, f"exit status of serve, having said {said}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def ended_runs(work, runbook=""):
    """Every run that has ended (of that runbook), oldest first, as `show` has it."""
    found = work.command("runs", "--json", "--config", work.config, **KEYS).result["runs"]
    over = [r for r in reversed(found) if r["state"] in ("done", "failed", "cancelled", "timed_out", "parked")
            and r["path"].endswith(runbook + ".lua")]
    return [work.command("show", r["id"], "--json", "--config", work.config, **KEYS).result for r in over]


def wait_until(holds, what, seconds=40):
    limit = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        check(time.monotonic() < limit, f"not within {seconds} s: {what}")
        time.sleep(0.1)


def deliver(port, name, message):
    """What a program that signs sends, and an API destination that shows its key; the run's id."""
    body = json.dumps(message).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/hooks/{name}", data=body, method="POST", headers={
        "Content-Type": "application/json", "X-Signature": f"sha256={signature}", "X-Api-Key": SECRET})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        check_equal(answer.status, 202, "the answer")
        return json.loads(answer.read())["run"]


def end_of(work, run_id):
    return wait_until(lambda: [r for r in ended_runs(work) if r["id"] == run_id], f"the end of run {run_id}")[0]


def map_machine(url, items, name="Orders", **more):
    child = CHILD | {"States": {"Item": {"Type": "Task", "End": True,
                                         "Resource": "arn:aws:lambda:us-east-1:123456789012:function:item"}}}
    machine = create(url, {"Map": {"Type": "Map", "ItemProcessor": child, "End": True, **more}}, name=name)
    return start(url, machine, "one", input=json.dumps(list(range(items))))


def ended(url, execution):
    return wait_until(lambda: describe(url, execution)["status"] != "RUNNING" and describe(url, execution),
                      f"the end of {execution}")


def map_run_of(url, execution):
    return wait_until(lambda: call(url, "ListMapRuns", executionArn=execution)["mapRuns"], "a Map Run")[0]["mapRunArn"]


def failed_map_run(url, items):
    """A Map Run all of whose items failed, and that would succeed if it was redriven."""
    execution = map_machine(url, items)
    ended(url, execution)
    return map_run_of(url, execution)


@test
def every_section_is_of_a_runbook_that_is_there_and_checks():
    names = {os.path.basename(p).removesuffix(".conf") for p in glob.glob(os.path.join(SCRIPTS, "conf", "*.conf"))}
    check_equal(len(names), 6, f"runbooks of {names}")
    with Workspace() as work:
        for name in sorted(names):
            checked = work.command("check", os.path.join(SCRIPTS, name + ".lua"), "--config", work.config)
            check_equal(checked.status, 0, f"check {name}\n{checked}")


@test
def a_failed_map_run_is_redriven_by_a_signed_post():
    with workspace(ONCE_BAD) as work, work.engine() as (_, url):
        map_run = failed_map_run(url, 3)
        with serving(work, url, shipped("redrive_failed_map_run")) as port:
            end = end_of(work, deliver(port, "redrive-failed-map-run", {"mapRunArn": map_run}))
        check_equal(end["result"]["status"], "SUCCEEDED", f"the run {end}")


@test
def a_machine_that_always_fails_is_redriven_three_times_then_left_alone_and_reported_once():
    port, sent = [], []

    def api_destination(_path, _headers, event):
        if event["detail"]["status"] == "FAILED":
            deliver(port[0], "redrive-on-failure", event)
            sent.append(event)
        return 200, {}, ""

    with Workspace() as work, Receiver(api_destination) as events, Receiver(lambda *_: (200, {}, "")) as people, \
            work.engine("--events-url", events.url) as (_, url), \
            serving(work, url, shipped("redrive_on_failure") + TELL % people.port) as served:
        port.append(served)
        execution = start(url, create(url, FAIL), "one")
        wait_until(lambda: len(ended_runs(work, "redrive_on_failure")) == 4, "the ends of four runs")
        late = deliver(served, "redrive-on-failure", sent[0] | {"id": "another"})
        check_equal(end_of(work, late)["state"], "done", "the run of an event that comes late")
        told = [event["message"] for _, _, event in people.wait_for(1)]
        runs = ended_runs(work, "redrive_on_failure")
        reports = [r["message"] for r in runs if r["state"] != "done"]
        check_equal([r["result"].get("redriven") for r in runs if r["state"] == "done"], [1, 2, 3, None], "redriven")
        check_equal(len(reports), 1, f"reports of {reports}")
        check("left alone: Broken: it always is" in reports[0], reports[0])
        check(len(people.received) == 1 and reports[0] == told[0], f"what people were told: {people.received}")
        check_equal(describe(url, execution)["redriveCount"], 3, "redrives")


@test
def a_sweep_redrives_the_oldest_within_its_limits():
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, FAIL)
        old = start(url, machine, "old")
        ended(url, old)
        control(url, advance="2d")
        executions = []
        for n in range(7):  # one a second, so that the oldest is known
            executions.append(start(url, machine, f"new-{n}"))
            ended(url, executions[-1])
            control(url, advance="1s")
        control(url, advance="1m")
        ahead = control(url, clock="read")["aheadMs"] // 1000
        with serving(work, url, shipped("sweep_failed", stateMachineArn=machine), ahead):
            wait_until(lambda: sum(describe(url, e)["redriveCount"] for e in executions) == 7, "seven redrives")
            runs = wait_until(lambda: len(ended_runs(work)) >= 3 and ended_runs(work), "the ends of three sweeps")
        check_equal(runs[0]["result"], {"found": 7, "redriven": [f"new-{n}" for n in range(5)], "left": 2,
                                        "skipped": {"ended too long ago": 1}}, "the first sweep")
        check_equal(runs[1]["result"]["redriven"], ["new-5", "new-6"], "the second sweep")
        check_equal(runs[2]["result"]["redriven"], [], "the third sweep")
        check_equal(describe(url, old)["redriveCount"], 0, "redrives of what ended before")
        check_equal({describe(url, e)["redriveCount"] for e in executions}, {1}, "redrives of each")


@test
def a_long_map_run_gets_more_at_once_while_it_goes_well_and_half_when_it_does_not():
    with workspace(LATE_BAD) as work, work.engine() as (_, url):
        pause = {"Wait": {"Type": "Wait", "Seconds": 60, "Next": "Item"}}
        task = {"Item": {"Type": "Task", "End": True, "Resource": "arn:aws:lambda:us-east-1:123456789012:function:item"}}
        processor = CHILD | {"StartAt": "Wait", "States": pause | task}
        machine = create(url, {"Map": {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 4, "End": True,
                                       "ToleratedFailurePercentage": 100}}, name="Orders")
        execution = start(url, machine, "one", input=json.dumps(list(range(100))))
        map_run = map_run_of(url, execution)
        control(url, advance="1m")
        with serving(work, url, shipped("adjust_map_runs", stateMachineArn=machine, minutes=0, seconds=0.5)):
            def limit():
                return call(url, "DescribeMapRun", mapRunArn=map_run)["maxConcurrency"]

            went, seen = 0, [limit()]
            while len(seen) < 40 and not (max(seen) > 4 and seen[-1] < max(seen)):
                control(url, advance="20s")
                went += 20
                time.sleep(0.5)
                seen += [limit()] if limit() != seen[-1] else []
                check(went < 3600, f"limits seen: {seen}")
        check_equal(seen[:2], [4, 14], "the first limits")
        check_equal(seen[-1], seen[-2] // 2, f"the limit after failures, of {seen}")


@test
def more_than_a_little_is_redriven_only_when_a_person_says_yes():
    with workspace(ONCE_BAD) as work, work.engine() as (_, url):
        map_run = failed_map_run(url, 3)
        with serving(work, url, shipped("redrive_with_approval")) as port:
            asked = deliver(port, "redrive-with-approval", {"mapRunArn": map_run, "freely": 2})
            wait_until(lambda: "redrive 3 bad items of 3" in work.command("show", asked, "--config", work.config).out,
                       "the question")
            said = work.command("approve", asked, "--config", work.config)
            check_equal(said.status, 0, f"approve\n{said}")
            end = end_of(work, asked)
        check_equal(end["result"]["status"], "SUCCEEDED", f"the run {end}")
        check_equal(len(end["result"]["approvedBy"]), 1, f"the run {end}")


@test
def a_little_is_redriven_without_a_person():
    with workspace(ONCE_BAD) as work, work.engine() as (_, url):
        map_run = failed_map_run(url, 3)
        with serving(work, url, shipped("redrive_with_approval")) as port:
            end = end_of(work, deliver(port, "redrive-with-approval", {"mapRunArn": map_run}))
        check_equal((end["result"]["status"], end["result"]["approvedBy"]), ("SUCCEEDED", []), f"the run {end}")


@test
def the_report_tells_what_is_lost_and_what_soon_will_be():
    with Workspace() as work, work.engine() as (_, url):
        machine = create(url, FAIL)
        for name, later in (("forgotten", "10d"), ("lost", "3d"), ("soon", "181h"), ("fresh", "4d")):
            ended(url, start(url, machine, name))
            control(url, advance=later)
        ahead = control(url, clock="read")["aheadMs"] // 1000
        with serving(work, url, shipped("report_redrivable", stateMachineArns=[machine]), ahead):
            report = wait_until(lambda: ended_runs(work), "the report")[0]["result"]
        told = {kind: [(e["executionArn"].rsplit(":", 1)[1], e["daysLeft"]) for e in report[kind]]
                for kind in ("lost", "soon")}
        check_equal(told, {"lost": [("lost", 0)], "soon": [("soon", 2.4)]}, f"the report {report}")
        check_equal((report["open"], report["notLookedAt"]), (1, 0), f"the report {report}")


run()
