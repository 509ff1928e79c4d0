"""A disk that fills up under a host: nothing is begun that cannot be recorded, and what is under way is.

The state directory lies on a file system of a few megabytes, which needs the right to mount one.
"""

import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from program import BUILD_DIR, Workspace
from tap import Skip, check, check_equal, run, test

MANY_CALLS = """
local demo = require "demo"
for i = 1, 200000 do demo.echo { text = "x" } end
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


@test
def a_full_disk_is_survived_by_the_log():
    with Workspace() as work, SmallDisk(work.path("state"), 16 << 20) as disk:
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
timeout = 20s
""")
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


run()
