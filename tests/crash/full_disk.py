"""A disk that fills up under a host: nothing is begun that cannot be recorded, and what is under way is.

The state directory lies on a file system of a few megabytes, which needs the right to mount one.
"""

import collections
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from program import BUILD_DIR, Workspace
from tap import Skip, check, check_equal, run, test

MANY_CALLS = """
local demo = require "demo"
for i = 1, 200000 do demo.echo { text = "x" } end
"""


# What it does once it is refused is not on record, and so must be no part of what the next process replays.
GO_ON_WHEN_FULL = """
local demo = require "demo"
local n, ok = 0, true
while ok and n < 8000 do
  ok = pcall(demo.echo, { text = "x" })
  n = n + 1
end
if ok then return { calls = n } end
for _ = 1, 3 do sleep(0.01) end
log "the disk is full"
sleep(60)
"""


class SmallDisk:
    """A file system of so many bytes in a folder, while the `with` block runs."""

    def __init__(self, path, size):
        self.path, self.size = path, size
        os.mkdir(path)

    def _mount(self, options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path],
                              capture_output=True, check=False)
        if done.returncode != 0:
            raise Skip("no right to mount a file system")

    def __enter__(self):
        self._mount(f"size={self.size}")
        return self

    def grow(self, size):
        self._mount(f"remount,size={size}")

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)


def paired(work):
    """Intents and outcomes of the log, and intents without an outcome."""
    count = collections.Counter(r["kind"] for segment in work.records() for r in segment)
    return count["call.intent"], count["call.outcome"]


def configure(work):
    work.config = work.write("runbook.conf", f"""\
[host]
state_dir = {work.path("state")}
plugin_dir = {os.path.join(BUILD_DIR, "tests", "plugins")}
plugins = demo
[rules]
demo.echo = 300000
[limits]
steps = 300000
cpu = 60s
timeout = 100s
""")


@test
def a_full_disk_is_survived_by_the_log():
    with Workspace() as work, SmallDisk(work.path("state"), 16 << 20) as disk:
        configure(work)
        ended = work.run(MANY_CALLS, limit=120)
        check_equal(ended.status, 7, f"the run\n{ended}")
        check(re.search(r"disk of the audit log is [89]\d % full", ended.err), f"no warning in time\n{ended.err}")
        check("AuditUnavailable: the disk of the audit log is full" in ended.err, f"no reason\n{ended.err}")
        verified = work.verify()
        check_equal(verified.status, 0, f"audit verify\n{verified}")
        intents, outcomes = paired(work)
        check_equal(intents, outcomes, "intents and outcomes")
        check(intents > 100, f"{intents} calls before the disk was full")

        disk.grow(64 << 20)
        again = work.run("return {}")
        check_equal(again.status, 0, f"a run once there is room again\n{again}")
        check_equal(work.verify().status, 0, "audit verify")


@test
def a_run_that_went_on_without_a_log_goes_on_from_where_the_log_ends():
    with Workspace() as work, SmallDisk(work.path("state"), 8 << 20) as disk:
        configure(work)
        process = work.start("run", work.write("full.lua", GO_ON_WHEN_FULL), "--config", work.config)
        said = ""
        for line in process.stderr:
            said += line
            if "the disk is full" in line and "info" in line:
                break
        time.sleep(0.3)  # what is not durable within a tenth of a second is not to be durable at all
        check(process.poll() is None, f"it was to sleep: {said}")
        process.kill()
        process.communicate()
        disk.grow(64 << 20)
        (run_id,) = [r["run"] for segment in work.records() for r in segment if r["kind"] == "run.start"]
        ended = work.command("resume", run_id, "--config", work.config)
        check_equal(ended.status, 0, f"the run, carried on\n{ended}")
        check_equal(ended.result, {"calls": 8000}, "its result")
        check_equal(work.verify().status, 0, "audit verify")


run()
