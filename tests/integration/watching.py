"""`runbook watch`: one Map Run until it ends, on a terminal and without, and how it is left."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from program import RUNBOOK, Workspace
from steered import call, control, map_run
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}


def watching(work, url, arn, *more):
    work.configure(endpoint=url)
    return work.start("watch", arn, "--every", "1s", "--config", work.config, *more, **KEYS)


def read_until(process, pattern):
    said = ""
    for line in process.stderr:
        said += line
        if re.search(pattern, line):
            return said
    raise AssertionError(f"it ended without {pattern!r}, having said {said}")


@test
def without_a_terminal_there_is_a_line_for_each_change_and_the_end_is_a_status():
    with Workspace() as work, work.engine() as (_, url):
        arn = map_run(url, {"Type": "Succeed"})
        process = watching(work, url, arn)
        said = read_until(process, r"0/10 RUNNING: 2 running, 8 pending, 0 bad")
        control(url, advance="61s")
        said += read_until(process, r"2/10 RUNNING: .* 2 running, 6 pending, 0 bad")
        control(url, advance="61s")
        said += read_until(process, r"4/10 RUNNING: \d+\.\d+/(s|min), about \d+ s left; 2 running, 4 pending")
        control(url, advance="10m")
        out, err = process.communicate(timeout=30)
        check_equal(process.returncode, 0, f"exit status, having said {err}")
        answer = json.loads(out)
        check_equal((answer["succeeded"], answer["status"], answer["itemCounts"]["succeeded"]),
                    (True, "SUCCEEDED", 10), "the result")
        lines = [line.split("] ", 1)[1] for line in (said + err).splitlines() if "RUNNING:" in line]
        check_equal(len(lines), len(set(lines)), f"lines that say nothing new: {lines}")
        calls = [r for segment in work.records() for r in segment if r["kind"] == "call.intent"]
        check_equal({r["operation"] for r in calls}, {"sfn.describe_map_run"}, "what is on record")
        check(len(calls) >= 4, f"calls on record: {len(calls)}")


@test
def one_that_failed_is_exit_status_1_at_once():
    with Workspace() as work, work.engine() as (_, url):
        arn = map_run(url, {"Type": "Fail", "Error": "E"})
        control(url, advance="61s")
        work.configure(endpoint=url)
        ended = work.command("watch", arn, "--config", work.config, **KEYS)
        check_equal(ended.status, 1, f"exit status\n{ended}")
        check_equal((ended.result["succeeded"], ended.result["status"]), (False, "FAILED"), "the result")


@test
def ctrl_c_leaves_it_going_and_says_so():
    with Workspace() as work, work.engine() as (_, url):
        arn = map_run(url, {"Type": "Succeed"})
        process = watching(work, url, arn)
        read_until(process, "RUNNING")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        check_equal((process.returncode, out), (3, ""), f"exit status and output, having said {err}")
        check("the Map Run goes on" in err and "redriven" not in err, err)
        check_equal(call(url, "DescribeMapRun", mapRunArn=arn)["status"], "RUNNING", "the Map Run")


@test
def on_a_terminal_one_line_is_drawn_again_and_taken_away():
    with Workspace() as work, work.engine() as (_, url):
        arn = map_run(url, {"Type": "Succeed"})
        work.configure(endpoint=url)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        process = subprocess.Popen([RUNBOOK, "watch", arn, "--every", "1s", "--config", work.config],
                                   env=work.environment(**KEYS), cwd=work.dir, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        shown, moved, limit = "", False, time.monotonic() + 40
        while time.monotonic() < limit:
            if not select.select([master], [], [], 1)[0]:
                continue
            try:
                shown += os.read(master, 65536).decode()
            except OSError:
                break  # the other end is closed
            if "] 0/10 " in shown and not moved:
                moved = True
                control(url, advance="10m")
        check_equal(process.wait(timeout=20), 0, f"exit status, having shown {shown!r}")
        process.stdout.close()
        os.close(master)
        bars = re.findall(r"\r\x1b\[K(\[[#.]{24}\][^\r]*)", shown)
        check(bars and all(len(bar) < 60 for bar in bars), f"bars {bars}")
        check("\r\x1b[K[########################] 10/10 SUCCEEDED" in shown, repr(shown))
        check(shown.endswith("\r\x1b[K"), f"the last bar is not taken away: {shown[-80:]!r}")


@test
def what_cannot_be_watched_is_said():
    with Workspace() as work, work.engine() as (_, url):
        work.configure(endpoint=url)
        missing = work.command("watch", "arn:aws:states:us-east-1:123456789012:mapRun:M/L:0", "--config", work.config,
                               **KEYS)
        check_equal(missing.status, 1, f"one that is not there\n{missing}")
        check("Map Run" in missing.err or "ResourceNotFound" in missing.err, missing.err)
        for arguments in ([], ["a", "b"], ["a", "--every", "10ms"], ["a", "--every", "x"], ["a", "--often"]):
            check_equal(work.command("watch", *arguments).status, 2, f"exit status of watch {arguments}")


run()
