"""Looking after a host: `runbook status`, the pages for machines, reload, the service manager."""

import contextlib
import json
import os
import re
import signal

from program import Workspace
from tap import check, check_equal, run, test

SLEEPER = "sleep(300)\n"
HOOK_SECRET = "a secret of the hook"


@contextlib.contextmanager
def serving(work, more, *args, **env):
    """`runbook serve` until the block ends; gives the process and what it said when it was ready."""
    work.write("secret", HOOK_SECRET + "\n")
    work.write("sleeper.lua", SLEEPER)
    work.configure(more=more)
    process = work.start("serve", "--config", work.config, *args, **env)
    said = ""
    try:
        for line in process.stderr:
            said += line
            if "state in" in line:
                break
        check("ready:" in said, f"serve ended: {said}")
        yield process, said
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        check_equal(process.returncode, 0, "exit status of serve after SIGTERM")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def hook(work, name="sleep"):
    return (f"[hook {name}]\npath = /hooks/{name}\nheader = X-Signature\n"
            f"secret_file = {work.path('secret')}\nrunbook = {work.path('sleeper.lua')}\n\n")


def schedule(work, name="nightly", cron="15 2 * * *", more=""):
    return f"[schedule {name}]\ncron = {cron}\nrunbook = {work.path('sleeper.lua')}\n{more}\n"


def status(work, want=0):
    ended = work.command("status", "--json", "--config", work.config)
    check_equal(ended.status, want, f"runbook status\n{ended}")
    return json.loads(ended.out)


@test
def a_directory_that_nobody_owns_says_so():
    with Workspace() as work:
        found = status(work, want=1)
        check("owner" not in found and "runs" not in found, f"nothing was run: {found}")
        ended = work.run("return 1")
        check_equal(ended.status, 0, f"a run\n{ended}")
        found = status(work, want=1)
        check_equal(found["runs"], {"queued": 0, "running": 0, "waiting": 0, "parked": 0}, "runs")
        check(found["audit"]["lastCheckpoint"].startswith("20"), f"a checkpoint: {found}")
        check(0 < found["disk"]["percent"] <= 100 and found["disk"]["free"] > 0, f"disk: {found}")
        text = work.command("status", "--config", work.config)
        check("no process goes on" in text.out, f"for people\n{text}")


@test
def the_owner_tells_how_it_is():
    with Workspace() as work:
        more = "[listen]\naddress = 127.0.0.1:0\n\n" + hook(work) + schedule(work)
        with serving(work, more) as (process, said):
            port = re.search(r"port (\d+)", said)[1]
            found = status(work)
            check_equal(found["owner"]["pid"], process.pid, "pid")
            check_equal(found["owner"]["command"], "serve", "command")
            check_equal(found["listeners"], [f"127.0.0.1:{port}"], "listeners")
            check_equal(found["schedules"]["count"], 1, "schedules")
            check("T02:15:00" in found["schedules"]["next"], f"the next firing: {found}")
            check_equal(found["unsettledCalls"], 0, "unsettled calls")
            check(0 <= found["audit"]["lagMs"] < 10000 and "failed" not in found["audit"],
                  f"audit: {found}")
            check("hold" not in found, f"not held: {found}")
            held = work.command("hold", "--reason", "ticket 4711", "--config", work.config)
            check_equal(held.status, 0, f"hold\n{held}")
            check_equal(status(work)["hold"]["reason"], "ticket 4711", "the hold's reason")
            text = work.command("status", "--config", work.config).out
            for part in (f"pid {process.pid}", "ticket 4711", f"127.0.0.1:{port}", "1, 0 paused"):
                check(part in text, f"{part!r} for people: {text}")


@test
def a_stopped_owner_is_told_from_none():
    with Workspace() as work:
        with serving(work, schedule(work)) as (process, _):
            os.kill(process.pid, signal.SIGSTOP)
            try:
                found = status(work, want=5)
                check(str(process.pid) in found["silent"], f"who does not answer: {found}")
                check("runs" in found, f"the store is read beside it: {found}")
            finally:
                os.kill(process.pid, signal.SIGCONT)


run()
