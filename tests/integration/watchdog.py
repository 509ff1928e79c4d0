"""A loop that does not turn any more is ended, and the run that held it is known at the next start."""

import os
import signal

from program import BUILD_DIR, Workspace
from tap import check, check_equal, run, test

DEMO_DIR = os.path.join(BUILD_DIR, "tests", "plugins")


def workspace():
    work = Workspace()
    work.config = work.write("runbook.conf", f"""\
[host]
state_dir = {work.path("state")}
plugin_dir = {DEMO_DIR}
plugins = demo
watchdog = 1s
""")
    return work


def is_resuming(work):
    with open(work.path("state/resuming"), "rb") as file:
        return file.read(4) != bytes(4)


@test
def a_stuck_host_is_ended_and_its_culprit_named():
    with workspace() as work:
        ended = work.run('require "demo".hang()')
        check_equal(ended.status, -signal.SIGABRT, f"the run\n{ended}")
        last = ended.err.rstrip().splitlines()[-1]
        check("ended by the watchdog: the loop has not turned for 1 s, in run " in last, last)
        name = last.split()[-1]

        after = work.run("return 1")
        check_equal(after.status, 0, f"the next run\n{after}")
        check(f"run {name} was being resumed when the last process died" in after.err, after.err)

        third = work.run("return 1")
        check("was being resumed" not in third.err, third.err)


@test
def a_run_that_computes_for_longer_than_the_limit_is_left_alone():
    with workspace() as work:
        ended = work.run("local t = now() while now() < t + 2.5 do for i = 1, 1000000 do end end return 1")
        check_equal(ended.status, 0, f"the run\n{ended}")


@test
def a_process_killed_while_a_run_waits_accuses_nobody():
    with workspace() as work:
        file = work.write("wait.lua", 'log "waiting" sleep(60)')
        process = work.start("run", file, "--config", work.config)
        check(any("waiting" in line for line in process.stderr), "it did not come to wait")
        while is_resuming(work):  # the line comes while the script still runs
            pass
        process.kill()
        process.communicate()
        after = work.run("return 1")
        check_equal(after.status, 0, f"the next run\n{after}")
        check("was being resumed" not in after.err, after.err)


run()
