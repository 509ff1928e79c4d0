"""`runbook store backup|check|prune`, and a store of an older or a newer program."""

import contextlib
import os
import re
import signal
import sqlite3
import stat
import time

from program import SOURCE_ROOT, Workspace
from steered import create, start
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
DAY_MS = 24 * 3600 * 1000
REDRIVE = 'return require "sfn".redrive_execution { executionArn = (...).executionArn }'
WAITS = 'local n = ((...).seconds) sleep(n) return { waited = n }'


def store(work, *arguments):
    return work.command("store", *arguments, "--config", work.config, **KEYS)


def sql(work, *statements, file="state/runs.db"):
    with contextlib.closing(sqlite3.connect(work.path(file))) as db, db:
        return [db.execute(statement).fetchall() for statement in statements][-1]


def redriven(work, url):
    """A run that changed something."""
    work.configure(endpoint=url)
    execution = start(url, create(url, {"F": {"Type": "Fail", "Error": "E"}}), "one")
    limit = time.monotonic() + 20
    while True:
        ended = work.run(REDRIVE, "-i", f"executionArn={execution}", **KEYS)
        if ended.status == 0:
            return
        check(time.monotonic() < limit, f"the redrive\n{ended}")


@contextlib.contextmanager
def owner(work, seconds=600):
    """A process that owns the state directory, with a run that waits."""
    process = work.start("run", work.write("waits.lua", WAITS), "--config", work.config, "-i", f"seconds={seconds}",
                         **KEYS)
    try:
        for line in process.stderr:
            if "state in" in line:
                break
        limit = time.monotonic() + 20
        while sql(work, "SELECT count(*) FROM step WHERE kind = 'sleep'")[0][0] == 0:
            check(time.monotonic() < limit, "it does not sleep")
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@test
def a_backup_beside_the_owner_is_whole_private_and_of_its_own():
    with Workspace() as work:
        with owner(work):
            made = store(work, "backup", work.path("copy.db"))
            check_equal(made.status, 0, f"backup\n{made}")
            check_equal(stat.S_IMODE(os.stat(work.path("copy.db")).st_mode), 0o600, "mode")
            check_equal(sql(work, "SELECT state FROM run", file="copy.db"), [("waiting",)], "runs of the copy")
            check_equal(sql(work, "PRAGMA integrity_check", file="copy.db"), [("ok",)], "integrity")
            again = store(work, "backup", work.path("copy.db"))
            check_equal(again.status, 1, f"over a file that is there\n{again}")
            check("is there already" in again.err, again.err)
        nowhere = store(work, "backup", work.path("no/copy.db"))
        check_equal(nowhere.status, 1, f"into a folder that is not there\n{nowhere}")
        check_equal([f for f in os.listdir(work.dir) if f.startswith("copy.db")], ["copy.db"], "files left")


@test
def what_was_backed_up_can_be_put_back_and_goes_on():
    with Workspace() as work:
        with owner(work, seconds=3):
            check_equal(store(work, "backup", work.path("copy.db")).status, 0, "backup")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(work.path("state/runs.db" + suffix))
        os.rename(work.path("copy.db"), work.path("state/runs.db"))
        run_id = sql(work, "SELECT id FROM run")[0][0]
        ended = work.command("resume", run_id, "--config", work.config)
        check_equal((ended.status, ended.result), (0, {"waited": 3}), f"the run that was carried on\n{ended}")


@test
def check_finds_damage_and_what_the_log_does_not_have():
    with Workspace() as work, work.engine() as (_, url):
        redriven(work, url)
        well = store(work, "check")
        check_equal(well.status, 0, f"check\n{well}")
        check("0 problems, 1 changing calls" in well.out, well.out)
        check_equal(sql(work, "UPDATE step SET intent = intent + 1000 WHERE kind = 'call' AND intent > 0",
                        "SELECT changes()") and store(work, "check").status, 1, "a call that the log does not have")
        check("is not in the audit log" in store(work, "check").out, "what it says of it")
        sql(work, "UPDATE step SET intent = intent - 1000 WHERE kind = 'call' AND intent > 0")
        sql(work, "UPDATE segment SET synced = 999999")
        short = store(work, "check")
        check_equal(short.status, 1, f"a log that is too short\n{short}")
        check("the store knows of record 999999" in short.out, short.out)
        with open(work.path("state/runs.db"), "r+b") as file:
            file.seek(4096 * 3)
            file.write(b"\xff" * 4096)
        check_equal(store(work, "check").status, 1, "a damaged page")


@test
def prune_forgets_what_ended_long_ago_and_nothing_else():
    with Workspace() as work:
        for name in ("old", "new", "open"):
            check_equal(work.run(f'return "{name}"').status, 0, "a run")
        ids = [row[0] for row in sql(work, "SELECT id FROM run ORDER BY num")]
        old = int(time.time() * 1000) - 100 * DAY_MS
        sql(work, f"UPDATE run SET ended_ms = {old} WHERE id <> '{ids[1]}'")
        sql(work, f"UPDATE run SET state = 'parked' WHERE id = '{ids[2]}'")
        check_equal(store(work, "prune", "--dry-run").out, "would forget 1 runs\n", "what it would do")
        check_equal(store(work, "prune", "--older", "3d").status, 2, "less than deliveries are remembered")
        check_equal(store(work, "prune", "--older", "200d").out, "forgot 0 runs\n", "of 200 days")
        pruned = store(work, "prune")
        check_equal((pruned.status, pruned.out), (0, "forgot 1 runs\n"), f"prune\n{pruned}")
        check_equal(sql(work, "SELECT id FROM run ORDER BY num"), [(ids[1],), (ids[2],)], "what is left")
        kinds = [(r["kind"], r.get("runs")) for segment in work.records() for r in segment]
        check(("store.prune", 1) in kinds, f"it is not on record: {kinds}")
        check_equal(store(work, "check").status, 0, "check")


@test
def the_owner_prunes_for_another_process_and_keeps_its_own_run():
    with Workspace() as work:
        check_equal(work.run("return 1").status, 0, "a run")
        sql(work, "UPDATE run SET ended_ms = 1000")
        with owner(work):
            pruned = store(work, "prune")
            check_equal((pruned.status, pruned.out), (0, "forgot 1 runs\n"), f"prune\n{pruned}")
            check_equal(sql(work, "SELECT state FROM run"), [("waiting",)], "what is left")


@test
def keep_is_at_least_four_days_or_for_ever():
    with Workspace() as work:
        for value, status in (("3d", 2), ("never", 2), ("4d", 0), ("forever", 0)):
            work.configure(more=f"[store]\nkeep = {value}")
            ended = work.run("return 1")
            check_equal(ended.status, status, f"keep = {value}\n{ended}")


def first_schema():
    """The tables as the first released program made them."""
    with open(os.path.join(SOURCE_ROOT, "host", "store", "schema.c"), encoding="utf-8") as file:
        text = re.search(r"version_1\[\] =(.*?);\n\n", file.read(), re.S)[1]
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', re.sub(r"/\*.*?\*/", "", text, flags=re.S)))


def make_old(work):
    """The store as that program would have left it: its tables, their rows, nothing since."""
    new, old = work.path("state/runs.db"), work.path("old.db")
    with contextlib.closing(sqlite3.connect(old)) as db, db:
        db.executescript(first_schema())
        db.execute("DELETE FROM store")
        db.execute("ATTACH ? AS new", (new,))
        tables = [row[0] for row in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
            db.execute(f"DELETE FROM main.{table}")
            db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        db.commit()
        db.execute("DETACH new")
        db.execute("PRAGMA application_id = 0x72756e62")
        db.execute("PRAGMA user_version = 1")
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new + suffix)
    os.replace(old, new)


@test
def a_store_of_the_first_program_is_brought_up_to_date_with_its_run_in_flight():
    with Workspace() as work:
        with owner(work, seconds=2) as process:
            process.send_signal(signal.SIGKILL)
            process.wait()
        run_id = sql(work, "SELECT id FROM run")[0][0]
        make_old(work)
        saved = store(work, "backup", work.path("before.db"))
        check_equal(saved.status, 0, f"a backup before the upgrade\n{saved}")
        check_equal(sql(work, "PRAGMA user_version", file="before.db"), [(1,)], "version of the backup")
        ended = work.command("resume", run_id, "--config", work.config)
        check_equal((ended.status, ended.result), (0, {"waited": 2}), f"the run\n{ended}")
        check(sql(work, "PRAGMA user_version")[0][0] > 1, "the version after it")
        check_equal(store(work, "check").status, 0, "check")


@test
def a_store_of_a_newer_program_is_refused_by_name_and_left_alone():
    with Workspace() as work:
        check_equal(work.run("return 1").status, 0, "a run")
        sql(work, "PRAGMA user_version = 999")
        with open(work.path("state/runs.db"), "rb") as file:
            before = file.read()
        for arguments in (["run", work.write("x.lua", "return 1")], ["store", "check"], ["runs"],
                          ["store", "backup", work.path("copy.db")]):
            refused = work.command(*arguments, "--config", work.config)
            check(refused.status != 0, f"{arguments}\n{refused}")
            check("schema version 999" in refused.err and "newer" in refused.err, f"{arguments}\n{refused}")
        with open(work.path("state/runs.db"), "rb") as file:
            check_equal(file.read() == before, True, "the file is as it was")


run()
