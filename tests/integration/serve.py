"""`runbook serve`: a webhook and a schedule start the journey; so does the README's crontab line."""

import contextlib
import hashlib
import hmac
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request

from program import RUNBOOK, SCRIPTS, SOURCE_ROOT, Workspace
from tap import check, check_equal, run, test

SECRET = "a secret of the hook"


def failed_map_run(work):
    started = work.run(os.path.join(SCRIPTS, "orders", "start.lua"))
    check_equal(started.status, 0, f"start.lua\n{started}")
    work.repair_mail_server()
    return started.result["mapRunArn"]


def status_of(work, map_run):
    shown = work.run(os.path.join(SCRIPTS, "show_map_run.lua"), "-i", f"mapRunArn={map_run}")
    check_equal(shown.status, 0, f"show_map_run.lua\n{shown}")
    return shown.result["status"]


@contextlib.contextmanager
def serving(work, more):
    """`runbook serve` until the block ends; gives the port of its hooks, None without any."""
    work.write("secret", SECRET + "\n")
    work.configure(more=f"[listen]\naddress = 127.0.0.1:0\n\n{more}")
    with work.serve() as (_, said):
        port = re.search(r"port (\d+)", said)
        yield port and int(port[1])


def hook(work):
    return f"""\
[hook failed-map-run]
path = /hooks/failed-map-run
header = X-Signature
secret_file = {work.path("secret")}
runbook = {os.path.join(SCRIPTS, "redrive_failed_map_run.lua")}
"""


def post(port, path, body, signature=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, method="POST")
    request.add_header("Content-Type", "application/json")
    if signature is not None:
        request.add_header("X-Signature", signature)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def signed(body, secret=SECRET):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def wait_for_end(work, seconds, is_ours):
    """Follow the audit log until the run whose start record `is_ours` has ended."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        records = [r for segment in work.records() for r in segment]
        ours = {r["run"] for r in records if r["kind"] == "run.start" and is_ours(r)}
        ended = [r for r in records if r["kind"] == "run.end" and r["run"] in ours]
        if ended:
            return ended[0]
        time.sleep(0.1)
    raise AssertionError(f"no such run ended within {seconds} s")


@test
def a_signed_webhook_starts_the_journey():
    with Workspace() as work:
        map_run = failed_map_run(work)
        with serving(work, hook(work)) as port:
            body = json.dumps({"mapRunArn": map_run}).encode()
            status, answer = post(port, "/hooks/failed-map-run", body, signed(body))
            check_equal(status, 202, f"the answer {answer}")
            run_id = json.loads(answer)["run"]
            end = wait_for_end(work, 30, lambda start: start["run"] == run_id)
            check_equal(end["outcome"], "done", f"the run {end}")
        check_equal(status_of(work, map_run), "SUCCEEDED", "the Map Run")
        check_equal(work.verify().status, 0, "audit verify")


@test
def a_bad_signature_and_an_unknown_hook_get_the_same_answer_and_start_nothing():
    with Workspace() as work, serving(work, hook(work)) as port:
        body = b'{"mapRunArn":"x"}'
        unknown = post(port, "/hooks/other", body, signed(body))
        for signature in (None, "", "sha256=00", signed(body, "another secret"), signed(b"{}")):
            check_equal(post(port, "/hooks/failed-map-run", body, signature), unknown,
                        f"the answer to signature {signature!r}")
        check_equal(unknown[0], 404, "the status")
        kinds = [r["kind"] for segment in work.records() for r in segment]
        check("run.start" not in kinds, f"a run was started: {kinds}")


@test
def a_schedule_starts_the_journey():
    with Workspace() as work:
        map_run = failed_map_run(work)
        schedule = f"""\
[schedule every-second]
cron = * * * * * *
runbook = {os.path.join(SCRIPTS, "redrive_failed_map_run.lua")}
input = {json.dumps({"mapRunArn": map_run})}
"""
        with serving(work, schedule):
            end = wait_for_end(work, 90, lambda start: start["actor"].get("name") == "every-second")
            check_equal(end["outcome"], "done", f"the run {end}")
        check_equal(status_of(work, map_run), "SUCCEEDED", "the Map Run")


@test
def the_readmes_crontab_line_redrives():
    with open(os.path.join(SOURCE_ROOT, "README.md"), encoding="utf-8") as file:
        line = re.search(r"```crontab\n(.*?)\n```", file.read(), re.S)[1]
    fields = line.split(None, 5)
    check_equal(len(fields), 6, f"fields of {line!r}")
    with Workspace() as work:
        map_run = failed_map_run(work)
        command = fields[5].replace("/srv/runbook/build/runbook", RUNBOOK)
        command = command.replace("/srv/runbook", SOURCE_ROOT).replace("/etc/runbook.conf", work.config)
        command = command.replace("=ARN", "=" + map_run)
        environment = work.environment() | {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LOGNAME": "root"}
        ended = subprocess.run(["/bin/sh", "-c", command], env=environment, cwd=work.dir, text=True,
                               capture_output=True, timeout=60, check=False)
        check_equal(ended.returncode, 0, f"{command}\n{ended.stdout}\n{ended.stderr}")
        check_equal(status_of(work, map_run), "SUCCEEDED", "the Map Run")


run()
