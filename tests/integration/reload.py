"""`runbook reload` and SIGHUP: the configuration is read anew while serve goes on, and swapped whole or not at all."""

import os
import re
import signal
import socket
import time

from program import Workspace, said_when_ready
from reloading import (SLEEPER, TELLS, ended, fire, records, reload, runs_of, schedule, schedules, serving, wait_for,
                       wait_for_end)
from tap import check, check_equal, run, test

def metrics(path):
    """/metrics at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(path)
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@test
def schedules_come_go_and_change_while_a_run_of_before_goes_on():
    with Workspace() as work:
        sleeper, tells = work.write("sleeper.lua", SLEEPER), work.write("tells.lua", TELLS)
        before = (schedule("stays", sleeper, overlap="queue_all") + schedule("changes", sleeper)
                  + schedule("goes", sleeper, overlap="queue_all"))
        with serving(work, before):
            for name in ("stays", "goes"):
                fire(work, name)
                check("queued" in fire(work, name), f"the second of {name} waits")
            runs = runs_of(work, "stays") + runs_of(work, "goes")
            check_equal(len(runs), 2, f"runs {runs}")
            said = reload(work, schedule("stays", sleeper, overlap="queue_all")
                          + schedule("changes", tells, "30 4 * * *", tz="Europe/Berlin")
                          + schedule("comes", tells, "* * * * * *"))
            check("schedules: 1 added, 1 changed, 1 removed" in said.out, f"what it says {said}")
            now = schedules(work)
            check_equal(sorted(now), ["changes", "comes", "stays"], "schedules")
            check_equal(now["changes"]["cron"], "30 4 * * *", "the expression")
            wait_for_end(work, "comes")
            check(not set(runs) & set(ended(work)), "the runs of before go on")
            skipped = [r for r in records(work, "trigger.reject") if "not configured" in r["reason"]]
            check_equal([r["actor"]["schedule"] for r in skipped], ["goes"], f"what waited {skipped}")
            fire(work, "goes", status=2)
            # the end of the run of before lets the next of its schedule begin
            check_equal(work.command("cancel", runs[0], "--config", work.config).status, 0, "cancel")
            wait_for("what waited", lambda: len(runs_of(work, "stays")) == 2)
        done, = records(work, "config.reload")
        check_equal(done["schedules"], {"added": 1, "changed": 1, "removed": 1}, f"the record {done}")
        check(done["before"] != done["config"]["sha256"] and done["actor"]["verifiedUser"], f"the record {done}")
        check_equal(work.verify().status, 0, "audit verify")


@test
def an_instant_that_has_its_run_does_not_come_again_with_another_jitter():
    def firings(work):
        return [(r["actor"]["name"], r["actor"]["due"]) for r in records(work, "run.start")]

    with Workspace() as work:
        tells = work.write("tells.lua", TELLS)
        names = [f"n{n}" for n in range(6)]
        other = schedule("other", tells)
        with serving(work, other + "".join(schedule(n, tells, "* * * * * *") for n in names)):
            wait_for("three firings of each", lambda: all(len(runs_of(work, n)) > 2 for n in names))
            reload(work, other)
            # an instant comes up to three seconds late from now on: some of those that were fired would be due
            reload(work, other + "".join(schedule(n, tells, "* * * * * *", jitter="3s") for n in names))
            before = len(firings(work))
            wait_for("what comes later", lambda: len(firings(work)) >= before + 3 * len(names))
        found = firings(work)
        check_equal(len(found), len(set(found)), f"each instant once {found}")


@test
def what_is_wrong_changes_nothing_and_says_line_and_key():
    with Workspace() as work:
        tells = work.write("tells.lua", TELLS)
        good = schedule("one", tells, input='{"n":1}')
        wrong = {
            schedule("one", tells, input="[1]"): r"runbook\.conf:\d+: input.*a JSON object",
            schedule("one", tells, overlap="never"): r"runbook\.conf:\d+: overlap.*skip, queue",
            schedule("one", tells, "61 * * * *"): r"runbook\.conf:\d+: cron = 61",
            schedule("one", work.path("none.lua")): r"runbook\.conf:\d+: \[one\] runbook = .*No such file",
            good + "[rules]\nsfn.redrive = 1\n": r"\[rules\] sfn\.redrive: no plugin has this operation",
            good + "[policy]\ndeny = sfn.redirve_*\n": r"\[policy\] deny: no plugin has an operation",
            good + f"[policy]\nfile = {tells}\n": r"returns no function 'judge'",
            good + "[schedule two]\n": r"runbook\.conf:\d+: \[schedule two\] lacks the key cron",
            good + "[listen]\naddress = 127.0.0.1:0\n": r"runbook\.conf:\d+: \[listen\] address cannot change",
            good + "[audit]\nkeep = 9d\n": r"runbook\.conf:\d+: \[audit\] keep cannot change",
            good.replace("[schedule", "[sfn x]\n[schedule"): r"unknown section \[sfn x\]",
            good + "[heartbeat]\nsecret = beat\n": r"\[heartbeat\] secret = beat: \[secrets\] has no",
            "": "nothing to do",
        }
        with serving(work, good) as process:
            for text, said in wrong.items():
                work.configure(more=text)
                ended = work.command("reload", "--config", work.config)
                check_equal(ended.status, 2, f"reload of\n{text}{ended}")
                check(re.search(said, ended.err), f"said of\n{text}{ended}")
            work.configure(more=good)
            work.write("runbook.conf", open(work.config).read().replace("endpoint = local", "endpoint = x"))
            check("[sfn] endpoint cannot change" in reload(work, status=2).err, "a plugin's key")
            work.configure(more=good)
            with open(work.config, "a", encoding="utf-8") as file:
                file.write("no key\n")
            process.send_signal(signal.SIGHUP)
            wait_for("the last refusal", lambda: len(records(work, "config.refused")) == len(wrong) + 2)
            work.configure(more=good)
            fire(work, "one")
            wait_for_end(work, "one")
        refused = records(work, "config.refused")
        check_equal(refused[-1]["actor"], {"type": "signal", "name": "SIGHUP"}, "who asked last")
        check("expected" in refused[-1]["message"], f"the last {refused[-1]}")
        check_equal({r["inForce"] for r in refused}, {records(work, "host.start")[0]["config"]["sha256"]}, "in force")
        check_equal(records(work, "config.reload"), [], "nothing was swapped")


@test
def a_configuration_that_became_a_pipe_is_refused_and_holds_up_no_end():
    with Workspace() as work:
        with serving(work, schedule("one", work.write("tells.lua", TELLS))) as process:
            os.remove(work.config)
            os.mkfifo(work.config)
            process.send_signal(signal.SIGHUP)
            refused, = wait_for("the refusal", lambda: records(work, "config.refused"))
            check("runbook.conf: not a regular file" in refused["message"], f"the record {refused}")


class Manager:
    """What systemd is to a service: the socket of sd_notify."""

    def __init__(self, work):
        self.path = work.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(30)

    def next(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))


@test
def the_service_manager_and_monitoring_are_told():
    with Workspace() as work:
        tells, manager = work.write("tells.lua", TELLS), Manager(work)
        admin = f"[admin]\naddress = unix:{work.path('admin')}\n\n"
        with serving(work, admin + schedule("one", tells), NOTIFY_SOCKET=manager.path):
            check_equal(manager.next()["READY"], "1", "at the start")
            reload(work, admin + schedule("one", tells) + schedule("two", tells))
            reload(work, admin, status=2)
            for count in ("2", "2"):
                begun, over = manager.next(), manager.next()
                check_equal(begun["RELOADING"], "1", f"told {begun}")
                check(int(begun["MONOTONIC_USEC"]) > 0 and over["READY"] == "1", f"told {begun} {over}")
                check(over["STATUS"].startswith(f"ready: {count} schedules"), f"told {over}")
            page = metrics(work.path("admin"))
            for outcome in ("done", "refused"):
                line = f'runbook_config_reloads_total{{outcome="{outcome}"}} 1'
                check(line in page, f"{line} in\n{page}")
            last = re.search(r"^runbook_config_last_reload_seconds ([\d.e+]+)$", page, re.M)
            check(abs(float(last[1]) - time.time()) < 600, f"the last at {last}")


@test
def a_storm_of_hangups_ends_in_the_last_configuration():
    with Workspace() as work:
        tells = work.write("tells.lua", TELLS)
        with serving(work, schedule("n0", tells)) as process:
            for n in range(1, 51):
                work.configure(more=schedule(f"n{n}", tells) + schedule("stays", tells))
                process.send_signal(signal.SIGHUP)
            wait_for("the last", lambda: list(schedules(work)) == ["n50", "stays"])
            reload(work)
        reloaded = records(work, "config.reload")
        check(1 < len(reloaded) <= 51, f"rounds: {len(reloaded)}")
        for was, now in zip(reloaded, reloaded[1:]):
            check_equal(now["before"], was["config"]["sha256"], "each follows the one before")


@test
def a_hangup_before_it_is_ready_and_while_it_stops_does_not_end_it():
    with Workspace() as work:
        work.configure(more=schedule("one", work.write("tells.lua", TELLS)))
        for _ in range(5):
            process = work.start("serve", "--config", work.config)
            try:
                check("begins" in process.stderr.readline(), "its first line")
                process.send_signal(signal.SIGHUP)
                said_when_ready(process)
                process.send_signal(signal.SIGTERM)
                while process.poll() is None:
                    process.send_signal(signal.SIGHUP)
                check_equal(process.returncode, 0, "how it ended")
            finally:
                process.kill()
                process.communicate()


@test
def a_kill_in_the_middle_leaves_what_the_file_says():
    with Workspace() as work:
        tells = work.write("tells.lua", TELLS)
        work.configure(more=schedule("old", tells))
        for n in range(4):
            process = work.start("serve", "--config", work.config)
            try:
                said_when_ready(process)
                work.configure(more=schedule(f"new{n}", tells) + schedule("stays", tells))
                for _ in range(n + 1):
                    process.send_signal(signal.SIGHUP)
            finally:
                process.kill()
                process.communicate()
        with work.serve():
            wait_for("what the file says", lambda: sorted(schedules(work)) == ["new3", "stays"])
        check_equal(work.verify().status, 0, "audit verify")


run()
