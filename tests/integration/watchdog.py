"""A loop that does not turn any more is ended, and the run that held it is known at the next start."""

import contextlib
import os
import signal
import sqlite3

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


def deaths(work, run):
    with contextlib.closing(sqlite3.connect(f"file:{work.path('state/runs.db')}?mode=ro", uri=True)) as db:
        return db.execute("SELECT deaths, state FROM run WHERE id = ?", (run,)).fetchone()


def dies(ended):
    check_equal(ended.status, -signal.SIGABRT, f"what hangs\n{ended}")
    return ended.err.rstrip().splitlines()[-1].split()[-1]


@test
def each_death_counts_whatever_the_next_process_does_and_the_third_parks():
    with workspace() as work:
        run = dies(work.run('sleep(0.1) require "demo".hang()'))
        check_equal(work.run("return 1").status, 0, "another run")
        check_equal(deaths(work, run), (1, "running"), "after the first death")

        for n in (2, 3):
            dies(work.command("resume", run, "--config", work.config))
            check_equal(work.run("return 1").status, 0, "another run")
            check_equal(deaths(work, run), (n, "running"), f"after {n} deaths")

        parked = work.command("resume", run, "--config", work.config)
        check_equal(parked.status, 5, f"the fourth time\n{parked}")
        check("died three times" in parked.err, parked.err)
        check_equal(deaths(work, run), (3, "parked"), "after it was parked")

        dies(work.command("resume", run, "--config", work.config))  # a person has looked: it is begun again


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
