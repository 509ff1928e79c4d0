"""Schedules of `runbook serve` over kills, restarts and clocks that are set: each instant has one row and one run at
most; overlap, pauses, and what people do with `runbook schedules`."""

import contextlib
import glob
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time

from program import RUNBOOK, Workspace, said_when_ready
from tap import Skip, check, check_equal, run, test

FIRES = """
local input = ...
return { due = input.due }
"""


def schedule(name, runbook, cron, **keys):
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"[schedule {name}]\ncron = {cron}\nrunbook = {runbook}\n{lines}\n"


@contextlib.contextmanager
def serving(work, **env):
    process = work.start("serve", "--config", work.config, **env)
    try:
        said_when_ready(process)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def rows(work, query, *values):
    store = sqlite3.connect(f"file:{work.path('state')}/runs.db?mode=ro", uri=True, timeout=20)
    try:
        return store.execute(query, values).fetchall()
    finally:
        store.close()


def firings(work, name):
    return rows(work, "SELECT at_ms, state, run, why FROM firing WHERE schedule = ? ORDER BY at_ms", name)


def wait_for(what, look, seconds=20):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    check_equal(process.returncode, 0, "exit status of serve after SIGTERM")


def command(work, *args, status=0):
    ended = work.command("schedules", *args, "--config", work.config)
    check_equal(ended.status, status, f"runbook schedules {args}\n{ended}")
    return ended


def told(work, *args):
    return json.loads(command(work, *args, "--json").out)


def records(work, kind):
    return [r for segment in work.records() for r in segment if r["kind"] == kind]


def check_once(work, name):
    """Every instant with a run has that run alone, in the store, in the log and by what it was given as input. (A
    process that dies between its log and its store has recorded a start that the next one calls lost.)"""
    started = [(at, run_id) for at, state, run_id, _ in firings(work, name) if state == "started"]
    runs = dict(rows(work, "SELECT id, input FROM run"))
    check_equal(len({run_id for _, run_id in started}), len(started), "runs of rows")
    check_equal({run_id for _, run_id in started}, set(runs), "runs in the store")
    for at, run_id in started:
        due = json.loads(runs[run_id])["due"]
        check_equal(due, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03}Z", "the input")
    lost = {r["run"] for r in records(work, "run.lost")}
    check_equal(lost & set(runs), set(), "runs that the log calls lost and the store has")
    begun = {r["run"]: r["actor"]["due"] for r in records(work, "run.start") if r["run"] not in lost}
    check_equal(set(begun), set(runs), "runs with a run.start record")
    check_equal(len(set(begun.values())), len(begun), "instants with a run.start record")
    return [at for at, _ in started]


@test
def killed_at_any_moment_it_starts_every_instant_once():
    random.seed(5)
    with Workspace() as work:
        work.write("fires.lua", FIRES)
        work.configure(more=schedule("often", "fires.lua", "* * * * * *", catch_up="all", overlap="allow",
                                     input='{"due":"${due}"}'))
        for _ in range(5):
            process = work.start("serve", "--config", work.config)
            time.sleep(random.uniform(0.05, 1.4))
            process.kill()
            process.communicate()
        with serving(work) as process:
            since = time.time()
            wait_for("an instant of the last process",
                     lambda: [at for at, *_ in firings(work, "often") if at > since * 1000])
            stop(process)
        instants = check_once(work, "often")
        check_equal(instants, list(range(instants[0], instants[-1] + 1, 1000)), "the instants")
        check(len(instants) > 3, f"only {len(instants)} instants")
        check_equal(work.verify().status, 0, "audit verify")


def stepped(work, seconds):
    """The wall clock of the processes that have this environment, set by hand: the monotonic one goes on."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        raise Skip("libfaketime is not installed (Debian package libfaketime)")
    if b"libasan" in subprocess.run(["ldd", RUNBOOK], capture_output=True, check=True).stdout:
        raise Skip("libfaketime and the address sanitizer both have to be the first library")
    set_clock(work, seconds)
    return {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": work.path("clock"), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}


def set_clock(work, seconds):
    work.write("clock.new", f"{seconds:+d}s\n")
    os.replace(work.path("clock.new"), work.path("clock"))


@test
def a_clock_that_is_set_starts_nothing_twice():
    hour = 3600
    with Workspace() as work:
        work.write("fires.lua", FIRES)
        work.configure(more=schedule("often", "fires.lua", "* * * * * *", overlap="allow", input='{"due":"${due}"}'))

        def started_after(since):
            return [at for at, state, *_ in firings(work, "often") if state == "started" and at > since]

        with serving(work, **stepped(work, 0)) as process:
            for ahead in (0, 2 * hour, 8 * hour, 0, 8 * hour):
                set_clock(work, ahead)
                since = (time.time() + ahead) * 1000
                wait_for(f"an instant {ahead} s ahead", lambda since=since: len(started_after(since)) >= 2)
            stop(process)
        check_once(work, "often")
        missed = [r for r in records(work, "trigger.reject") if r["reason"].startswith("missed")]
        check(any(r["count"] >= 2 * hour - 60 for r in missed), f"missed: {missed}")
        check_equal(told(work, "show", "often")["missed"], sum(r["count"] for r in missed), "missed instants")


WAITS = "while true do sleep(0.05) end"
ENDS = "sleep(1.2) return 1"


@test
def overlap_is_heeded_also_by_the_next_process():
    with Workspace() as work:
        work.write("waits.lua", WAITS)
        more = "".join(schedule(overlap, "waits.lua", "* * * * * *", overlap=overlap)
                       for overlap in ("skip", "queue", "queue_all", "replace"))
        work.configure(more=more)

        def states(name):
            return [state for _, state, *_ in firings(work, name)]

        for _ in range(2):
            with serving(work) as process:
                count = len(states("skip"))
                wait_for("two more instants", lambda count=count: len(states("skip")) >= count + 2 and
                         len(states("replace")) >= count + 2)
                process.kill()
        check_equal(states("skip")[0], "started", "the first of skip")
        check("started" not in states("skip")[1:], f"skip: {states('skip')}")
        check_equal(states("queue")[:2], ["started", "queued"], "the first of queue")
        check(set(states("queue")[2:]) <= {"skipped", "missed"}, f"queue: {states('queue')}")
        check_equal(states("queue_all")[0], "started", "the first of queue_all")
        check(set(states("queue_all")[1:]) <= {"queued", "missed"}, f"queue_all: {states('queue_all')}")
        check_equal(rows(work, "SELECT count(*) FROM run r JOIN firing f ON f.run = r.id"
                               " WHERE f.schedule = 'replace' AND r.state IN ('running', 'waiting')")[0][0] <= 1, True,
                    "one of replace at most")
        ended = rows(work, "SELECT r.state, r.message FROM run r JOIN firing f ON f.run = r.id"
                           " WHERE f.schedule = 'replace' ORDER BY f.at_ms")
        check_equal(ended[0], ("cancelled", "replaced by the next firing of its schedule"), "the first of replace")


@test
def what_waits_is_started_when_the_run_has_ended():
    with Workspace() as work:
        work.write("ends.lua", ENDS)
        work.configure(more=schedule("queued", "ends.lua", "* * * * * *", overlap="queue_all"))
        with serving(work) as process:
            wait_for("one that waits", lambda: [1 for _, state, *_ in firings(work, "queued") if state == "queued"])
            process.kill()
        waiting = [at for at, state, *_ in firings(work, "queued") if state == "queued"][0]
        with serving(work) as process:
            wait_for("its start", lambda: [1 for at, state, *_ in firings(work, "queued")
                                           if at == waiting and state == "started"])
            process.kill()
        command(work, "pause", "queued")
        with serving(work) as process:
            check("queued" not in [state for _, state, *_ in firings(work, "queued")], "something waits in a pause")
            stop(process)


@test
def what_waits_for_a_schedule_that_is_gone_is_skipped():
    with Workspace() as work:
        work.write("waits.lua", WAITS)
        work.configure(more=schedule("old", "waits.lua", "* * * * * *", overlap="queue"))
        with serving(work) as process:
            wait_for("one that waits", lambda: [1 for _, state, *_ in firings(work, "old") if state == "queued"])
            process.kill()
        work.configure(more=schedule("new", "waits.lua", "0 0 29 2 *"))
        with serving(work) as process:
            wait_for("the skip", lambda: "queued" not in [state for _, state, *_ in firings(work, "old")])
            check_equal([s["name"] for s in told(work)["schedules"]], ["new"], "the list")
            stop(process)


@test
def failures_in_a_row_pause_and_a_person_resumes():
    with Workspace() as work:
        work.write("fails.lua", 'error "no luck"')
        work.configure(more=schedule("unlucky", "fails.lua", "* * * * * *", pause_after_failures=2))
        with serving(work) as process:
            paused = wait_for("the pause", lambda: [s for s in told(work)["schedules"] if "paused" in s])[0]
            check("2 failed in a row" in paused["paused"]["why"], f"why: {paused}")
            process.kill()
        with serving(work) as process:
            check_equal(len(firings(work, "unlucky")), 2, "firings")
            check("next" not in told(work)["schedules"][0], "it is due")
            command(work, "resume", "unlucky")
            wait_for("the next", lambda: len(firings(work, "unlucky")) > 2)
            stop(process)
        command(work, "resume", "nobody", status=2)
        check_equal([r["actor"].get("type") for r in records(work, "schedule.pause")][0], "host", "who paused")
        check_equal(records(work, "schedule.resume")[0]["actor"]["type"], "operator", "who resumed")


@test
def people_fire_pause_and_fill_up():
    with Workspace() as work:
        work.write("fires.lua", FIRES)
        work.write("waits.lua", WAITS)
        work.configure(more=schedule("nightly", "fires.lua", "15 2 * * *", tz="Europe/Berlin", jitter="10m",
                                     input='{"due":"${due}"}')
                       + schedule("busy", "waits.lua", "0 0 29 2 *"))
        command(work, "fire", "nightly", status=2)  # nobody is there to do it
        command(work, "pause", "nightly", "--reason", "holidays")
        check_equal(told(work, "show", "nightly")["paused"]["why"], "holidays", "why")
        with serving(work) as process:
            command(work, "pause", "nightly", status=2)
            fired = command(work, "fire", "nightly").out
            check(re.match(r"started: [0-9a-f-]{36}\n", fired), fired)
            command(work, "backfill", "nightly", "--from", "2026-03-28T00:00:00Z", "--to", "2026-03-30T12:00:00Z",
                    status=2)  # paused
            command(work, "resume", "nightly")
            for queued in (3, 0):
                out = command(work, "backfill", "nightly", "--from", "2026-03-28T00:00:00Z",
                              "--to", "2026-03-30T12:00:00Z").out
                check_equal(out, f"queued: {queued}\n", "the backfill")
            command(work, "backfill", "nightly", "--from", "2026-03-28T00:00:00Z", "--to", "2999-03-30T12:00:00Z",
                    status=2)
            wait_for("the last of it", lambda: len([1 for _, state, *_ in firings(work, "nightly")
                                                    if state == "started"]) == 4)
            check("skipped" not in command(work, "fire", "busy").out, "skipped")
            check("skipped" in command(work, "fire", "busy", status=1).out, "not skipped")
            stop(process)
        check_once_of = [time.strftime("%dT%H:%M", time.gmtime(at // 1000))
                         for at, *_ in firings(work, "nightly")][:3]
        # the clocks skip 2:15 of the 29th: 3:00 in summer time
        check_equal(check_once_of, ["28T01:15", "29T01:00", "30T00:15"], "what was filled up")
        filled = records(work, "schedule.backfill")[0]
        check_equal((filled["from"], filled["actor"]["backfill"]), ("2026-03-28T00:00:00.000Z", True), "the record")
        starts = [r["actor"] for r in records(work, "run.start")]
        check(all(a["type"] == "operator" and a["schedule"] in ("nightly", "busy") for a in starts), f"actors {starts}")


@test
def what_is_wrong_with_a_schedule_is_named_with_its_line():
    wrong = [
        ("cron", "0 25 * * *", "hour"),
        ("cron", "0 0 30 2 *", "never"),
        ("tz", "Europe/Berlim", "Europe/Berlin"),
        ("overlap", "sometimes", "expected skip, queue, queue_all, replace or allow"),
        ("catch_up", "some", "expected none, last or all"),
        ("catch_up_window", "soon", "expected a duration"),
        ("jitter", "-1", "expected a duration"),
        ("pause_after_failures", "0", "expected a number"),
        ("start", "2026-13-01", "expected a day"),
        ("end", "tomorrow", "expected a day"),
        ("exclude", "2026-02-30", "is no day"),
        ("exclude", "no-such-file", "No such file"),
        ("exclude", "pipe", "not a regular file"),
        ("color", "red", "no key 'color'"),
    ]
    with Workspace() as work:
        work.write("fires.lua", FIRES)
        os.mkfifo(work.path("pipe"))
        for key, value, expected in wrong:
            keys = {key: value} if key != "cron" else {}
            work.configure(more=schedule("s", "fires.lua", value if key == "cron" else "0 0 * * *", **keys))
            ended = work.command("serve", "--config", work.config)
            check_equal(ended.status, 2, f"{key} = {value}: {ended}")
            with open(work.config, encoding="utf-8") as file:
                line = next(i for i, text in enumerate(file, 1) if text.startswith(f"{key} = "))
            check(f"runbook.conf:{line}: " in ended.err and expected in ended.err, f"{key} = {value}: {ended.err}")
        days = work.write("days", "# holidays\n2026-12-25\n")
        work.configure(more=schedule("s", "fires.lua", "0 0 * * *", exclude=days, start="2026-12-25"))
        with serving(work) as process:
            listed = wait_for("the schedule", lambda: told(work)["schedules"])[0]
            check_equal(listed["next"][:10], "2026-12-26", "the next")
            check(listed["next"] in command(work).out, "the list")
            stop(process)


run()
