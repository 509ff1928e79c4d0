"""Secrets by name: from a file, the environment or systemd's credentials; never in journal or audit log."""

import contextlib
import glob
import os
import sqlite3
import time

from program import Workspace
from tap import check, check_equal, run, test

NAMES = """
[secrets]
slack = file ${dir}/slack.token
pager = env PAGER_KEY
jira = credential jira
gone = file ${dir}/gone.token
"""


def workspace():
    work = Workspace()
    work.configure(more=NAMES)
    work.write("slack.token", "hunter2-file\n")
    os.mkdir(work.path("credentials"))
    work.write("credentials/jira", "hunter2-credential")
    return work


def wait_for_step(work):
    """Until the journal has the beginning of a sleep, and with it what came before."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        with contextlib.suppress(sqlite3.OperationalError), \
             contextlib.closing(sqlite3.connect(f"file:{work.path('state/runs.db')}?mode=ro", uri=True)) as db:
            if db.execute("SELECT count(*) FROM step WHERE kind = 'sleep'").fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("the sleep never was in the journal")


def kept(work):
    """Every byte of the state directory."""
    found = b""
    for path in glob.glob(os.path.join(work.path("state"), "**"), recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found += file.read()
    return found


@test
def each_source_is_read_and_nothing_of_it_is_kept():
    with workspace() as work:
        ended = work.run('return { #secret "slack", #secret "pager", #secret "jira", '
                         'secret "slack":find("unter2-file", 1, true) == 2 }',
                         PAGER_KEY="hunter2-env", CREDENTIALS_DIRECTORY=work.path("credentials"))
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal(ended.result, [12, 11, 18, True], "lengths")
        state = kept(work)
        check(b"hunter2" not in state, "a secret is in the state directory")
        check(b'{"name":"slack"}' in state, "its name is not in the journal")
        check_equal(work.command("check", work.path("test.lua"), "--config", work.config).status, 0, "runbook check")


@test
def what_is_not_there_says_so_and_is_an_error_the_script_can_catch():
    with workspace() as work:
        ended = work.run('local said = {} for _, name in ipairs { "slak", "gone", "pager", "jira" } do\n'
                         'local _, e = pcall(secret, name) said[#said + 1] = e end return said')
        check_equal(ended.status, 0, f"the run\n{ended}")
        for said, wanted in zip(ended.result, ("[secrets] has no 'slak': did you mean 'slack'?",
                                               "gone.token: No such file", "the environment has no PAGER_KEY",
                                               "CREDENTIALS_DIRECTORY is not set")):
            check(wanted in said, f"'{wanted}' is not in '{said}'")
        work.write("slack.token", "\n\n")
        ended = work.run('secret "slack"')
        check_equal(ended.status, 1, f"an empty one\n{ended}")
        check("[secrets] slack: it is empty" in ended.err, ended.err)


@test
def a_value_written_into_the_configuration_is_refused_and_not_shown():
    with workspace() as work:
        for value in ("hunter2", "file", "credential ../passwd", "credential a/b", "ENV X"):
            work.configure(more=f"[secrets]\nslack = {value}\n")
            ended = work.run("return 1")
            check_equal(ended.status, 2, f"{value}\n{ended}")
            check("[secrets] slack: expected file PATH, env NAME or credential NAME" in ended.err, ended.err)
            check("hunter2" not in ended.err, ended.err)


@test
def a_replay_reads_it_anew():
    with workspace() as work:
        file = work.write("test.lua", 'local caught = pcall(secret, "gone") local s = secret "slack" log "has it" '
                                      'sleep(2) log(caught, s == "another-one", (pcall(secret, "gone")))')
        process = work.start("run", file, "--config", work.config)
        check(any("has it" in line for line in process.stderr), "it never had it")
        wait_for_step(work)
        process.kill()
        process.communicate()
        work.write("slack.token", "another-one")
        work.write("gone.token", "there now")
        name = next(r["run"] for s in work.records() for r in s if r["kind"] == "run.start")
        ended = work.command("resume", name, "--config", work.config)
        check_equal(ended.status, 0, f"carried on\n{ended}")
        check("false true true" in ended.err, ended.err)
        check_equal(ended.err.count("has it"), 0, "lines said again")


run()
