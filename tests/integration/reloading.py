"""`runbook serve` whose configuration is read anew; for the tests of that."""

import contextlib
import json
import time

from tap import check, check_equal

SLEEPER = "sleep(300)\n"
TELLS = "local input = ...\nreturn { input = input }\n"


def schedule(name, runbook, cron="15 2 * * *", **keys):
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"[schedule {name}]\ncron = {cron}\nrunbook = {runbook}\n{lines}\n"


@contextlib.contextmanager
def serving(work, more, **env):
    """`runbook serve` until the block ends; gives the process."""
    work.configure(more=more)
    with work.serve(**env) as (process, _):
        yield process


def reload(work, more=None, status=0):
    if more is not None:
        work.configure(more=more)
    ended = work.command("reload", "--config", work.config)
    check_equal(ended.status, status, f"runbook reload\n{ended}")
    return ended


def told(work, *args):
    ended = work.command(*args, "--json", "--config", work.config)
    check(ended.status in (0, 1), f"runbook {args}\n{ended}")
    return json.loads(ended.out)


def records(work, *kinds):
    return [r for segment in work.records() for r in segment if r["kind"] in kinds]


def wait_for(what, look, seconds=30):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


def schedules(work):
    return {s["name"]: s for s in told(work, "schedules")["schedules"]}


def fire(work, name, status=0):
    ended = work.command("schedules", "fire", name, "--config", work.config)
    check_equal(ended.status, status, f"fire {name}\n{ended}")
    return ended.out


def runs_of(work, name):
    """Of that schedule or hook, in the order in which they were started."""
    return [r["run"] for r in records(work, "run.start")
            if name in (r["actor"].get("schedule"), r["actor"].get("name")) and r["actor"]["type"] != "notify"]


def ended(work):
    return {r["run"]: r["outcome"] for r in records(work, "run.end")}


def wait_for_end(work, name):
    wait_for(f"the end of a run of {name}", lambda: any(run_id in ended(work) for run_id in runs_of(work, name)))
