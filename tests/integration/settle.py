"""Recovery, rule by rule: the host is killed between the intent of a redrive and its outcome, and started again later.
And what it does itself, while it lives, when all attempts of a redrive end without an answer.

The clocks of host and engine are advanced together: the engine's by its control path, the host's by libfaketime, so that
the program under test is the one that is shipped.
"""

import contextlib
import json
import signal
import sqlite3
import time

from clocks import faketime
from program import Workspace
from steered import call, control, create, describe, start
from tap import check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
REDRIVE = """
local sfn = require "sfn"
local input = ...
local ok, a = pcall(sfn.redrive_execution, { executionArn = input.executionArn })
if not ok then error(a) end
local e = sfn.describe_execution { executionArn = input.executionArn }
return { replayed = a.replayed or false, count = e.redriveCount, date = a.redriveDate }
"""
MINUTE, HOUR, DAY = 60, 3600, 86400


class Scene:
    """An execution that has failed, and a runbook that redrives it."""

    def __init__(self, work, url):
        self.work, self.url, self.ahead = work, url, 0
        self.requests = work.path("requests.jsonl")
        work.configure(endpoint=url)
        machine = create(url, {"F": {"Type": "Fail", "Error": "E"}})
        self.execution = start(url, machine, "one")
        self.ended()
        self.id = None

    def ended(self):
        limit = time.monotonic() + 20
        while time.monotonic() < limit:
            answer = describe(self.url, self.execution)
            if answer["status"] == "FAILED":
                return answer
            time.sleep(0.02)
        raise AssertionError("the execution did not end")

    def received(self):
        with open(self.requests, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if '"RedriveExecution"' in line]

    def until(self, what, holds):
        limit = time.monotonic() + 20
        while not holds():
            check(time.monotonic() < limit, f"in 20 s never: {what}")
            time.sleep(0.02)

    def die(self, fault, when_so):
        """Run the runbook with that fault on redrives, and kill it as soon as it is so."""
        control(self.url, fault={"operation": "RedriveExecution", **fault})
        process = self.work.start("run", self.work.write("redrive.lua", REDRIVE), "--config", self.work.config,
                                  "-i", "executionArn=" + self.execution, **KEYS, **faketime(0))
        self.until("the moment to kill", when_so)
        process.kill()
        process.communicate()
        control(self.url, faults="clear")
        rows = self.store("SELECT id FROM run")
        self.id = rows[-1][0]

    def die_after_it_was_done(self):
        self.die({"kind": "latency", "ms": 600000, "when": "after"},
                 lambda: describe(self.url, self.execution)["redriveCount"] == 1)
        self.ended()

    def die_before_it_was_done(self):
        self.die({"kind": "latency", "ms": 600000, "when": "before"}, lambda: len(self.received()) > 0)
        check_equal(describe(self.url, self.execution)["redriveCount"], 0, "redriveCount after the crash")

    def colleague_redrives(self):
        call(self.url, "RedriveExecution", executionArn=self.execution, clientToken="colleague")
        self.ended()

    def later(self, seconds):
        control(self.url, advance=f"{seconds}s")
        self.ahead += seconds

    def resume(self, skew=0):
        return self.work.command("resume", self.id, "--config", self.work.config, **KEYS,
                                 **faketime(self.ahead + skew))

    def store(self, sql):
        with contextlib.closing(sqlite3.connect(self.work.path("state/runs.db"))) as db:
            return db.execute(sql).fetchall()

    def records(self, kind):
        return [r for segment in self.work.records() for r in segment if r["kind"] == kind]

    def audit_holds(self):
        """Each intent has one outcome in its process's segments, and the log verifies."""
        check_equal(self.work.verify().status, 0, "audit verify")
        intents, outcomes = len(self.records("call.intent")), len(self.records("call.outcome"))
        check_equal(outcomes, intents, "outcomes for the intents of the log")

    def is_parked(self, ended, text):
        check_equal(ended.status, 5, f"exit status\n{ended}")
        (state, message), = self.store("SELECT state, message FROM run")
        check_equal(state, "parked", "state")
        check(text in message, f"{text!r} is not in the message: {message}")
        check("aws stepfunctions describe-execution" in message, f"no command that tells in: {message}")


def read_until(process, text):
    said = ""
    for line in process.stderr:
        said += line
        if text in line:
            return said
    raise AssertionError(f"'{text}' was never said: {said}")


@contextlib.contextmanager
def scene():
    with Workspace() as work, work.engine("--request-log", work.path("requests.jsonl")) as (_, url):
        yield Scene(work, url)


@test
def after_a_minute_the_same_token_is_sent_again_and_nothing_happens_twice():
    with scene() as s:
        s.die_after_it_was_done()
        s.later(MINUTE)
        ended = s.resume()
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal((ended.result["count"], ended.result["replayed"]), (1, False), "redrives, replayed")
        tokens = {r["clientToken"] for r in s.received()}
        check_equal((len(tokens), len(s.received())), (1, 2), "tokens, redrives received")
        resent = [r for r in s.records("call.intent") if "resends" in r]
        check_equal(len(resent), 1, "intents that resend")
        first = next(r for r in s.records("call.intent") if r.get("operation") == "sfn.redrive_execution")
        check_equal(resent[0]["resends"]["intent"], first["seq"], "the intent that is sent again")
        check("sent again: ok" in ended.err, f"no line about it in: {ended.err}")
        s.audit_holds()


@test
def after_a_minute_what_was_not_done_is_done_once():
    with scene() as s:
        s.die_before_it_was_done()
        s.later(MINUTE)
        ended = s.resume()
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal((ended.result["count"], ended.result["replayed"]), (1, False), "redrives, replayed")
        check_equal(len({r["clientToken"] for r in s.received()}), 1, "tokens")
        s.audit_holds()


@test
def after_sixteen_minutes_what_was_done_is_reconciled():
    with scene() as s:
        s.die_after_it_was_done()
        done = describe(s.url, s.execution)["redriveDate"]
        before = len(s.received())
        s.later(16 * MINUTE)
        ended = s.resume()
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal((ended.result["count"], ended.result["date"]), (1, done), "redrives, redriveDate")
        check_equal(len(s.received()), before, "redrives received")
        check_equal([r["outcome"] for r in s.records("call.settle")], ["reconciled"], "what was settled")
        check_equal(s.store("SELECT outcome FROM step_end WHERE operation = 'sfn.redrive_execution'"),
                    [("reconciled",)], "its end in the journal")
        s.audit_holds()


@test
def after_sixteen_minutes_what_was_not_done_gets_a_new_token():
    with scene() as s:
        s.die_before_it_was_done()
        old = {r["clientToken"] for r in s.received()}
        s.later(16 * MINUTE)
        ended = s.resume()
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal(ended.result["count"], 1, "redrives")
        check_equal(len({r["clientToken"] for r in s.received()} - old), 1, "new tokens")
        check_equal([r["outcome"] for r in s.records("call.settle")], ["not_done"], "what was settled")
        check_equal(len([r for r in s.records("call.intent") if "replaces" in r]), 1, "intents that replace one")
        check_equal(s.store("SELECT link FROM step WHERE kind = 'call' ORDER BY num"), [(0,), (1,)], "links")
        s.audit_holds()


@test
def not_done_is_not_done_again_after_an_hour():
    with scene() as s:
        s.die_before_it_was_done()
        before = len(s.received())
        s.later(HOUR + MINUTE)
        s.is_parked(s.resume(), "max_intent_age")
        check_equal(len(s.received()), before, "redrives received")
        check_equal(describe(s.url, s.execution)["redriveCount"], 0, "redrives")
        s.audit_holds()


@test
def after_twenty_days_nobody_is_asked():
    with scene() as s:
        s.die_after_it_was_done()
        s.later(20 * DAY)
        with open(s.requests, encoding="utf-8") as lines:
            before = len(lines.readlines())
        s.is_parked(s.resume(), "14 days")
        with open(s.requests, encoding="utf-8") as lines:
            check_equal(len(lines.readlines()), before, "requests of any kind")
        s.audit_holds()


@test
def a_colleagues_redrive_is_not_taken_for_ours():
    with scene() as s:
        s.die_before_it_was_done()
        s.later(5 * MINUTE)
        s.colleague_redrives()
        before = len(s.received())
        s.later(11 * MINUTE)
        s.is_parked(s.resume(), "someone else's")
        check_equal((len(s.received()), describe(s.url, s.execution)["redriveCount"]), (before, 1), "redrives")
        s.audit_holds()


@test
def an_owner_that_begins_nothing_leaves_what_was_handed_to_it():
    with scene() as s:
        s.die_before_it_was_done()
        s.later(5 * MINUTE)
        s.colleague_redrives()
        s.later(11 * MINUTE)
        control(s.url, fault={"operation": "DescribeExecution", "kind": "latency", "ms": 2000, "when": "before"})
        clock = faketime(s.ahead)
        owner = s.work.start("resume", s.id, "--config", s.work.config, **KEYS, **clock)
        read_until(owner, "settled before runs go on")
        guest = s.work.start("run", s.work.write("nap.lua", "log 'begun' sleep(4) return 'slept'"), "--config",
                             s.work.config, **KEYS, **clock)
        read_until(guest, "begun")
        _, err = owner.communicate(timeout=60)
        check_equal(owner.returncode, 5, f"the owner, whose run is parked, having said {err}")
        out, err = guest.communicate(timeout=60)
        check_equal((guest.returncode, out), (0, '"slept"\n'), f"the guest, having said {err}")
        s.audit_holds()


@test
def a_hold_stops_recovery_too():
    with scene() as s:
        s.die_before_it_was_done()
        before = len(s.received())
        held = s.work.command("hold", "--reason", "looking", "--config", s.work.config)
        check_equal(held.status, 0, f"hold\n{held}")
        s.later(MINUTE)
        ended = s.resume()
        check_equal(ended.status, 5, f"the run\n{ended}")
        check("looking" in ended.err, f"the hold's reason is not in: {ended.err}")
        check_equal(len(s.received()), before, "redrives received")
        check_equal(s.work.command("release", "--config", s.work.config).status, 0, "release")
        ended = s.resume()
        check_equal((ended.status, ended.result["count"]), (0, 1), f"after the release\n{ended}")
        s.audit_holds()


@test
def killed_while_it_settles_the_next_one_goes_on():
    with scene() as s:
        s.die_after_it_was_done()
        s.later(MINUTE)
        control(s.url, fault={"operation": "RedriveExecution", "kind": "latency", "ms": 600000, "when": "before"})
        before = len(s.received())
        process = s.work.start("resume", s.id, "--config", s.work.config, **KEYS, **faketime(s.ahead))
        s.until("the call is sent again", lambda: len(s.received()) > before)
        process.kill()
        process.communicate()
        control(s.url, faults="clear")
        s.later(2 * MINUTE)
        ended = s.resume()
        check_equal((ended.status, ended.result["count"]), (0, 1), f"the run\n{ended}")
        check_equal(len({r["clientToken"] for r in s.received()}), 1, "tokens")
        check_equal(s.store("SELECT link FROM step WHERE kind = 'call' ORDER BY num"), [(0,)] * 3, "beginnings")
        s.audit_holds()


@test
def the_window_is_not_renewed_by_sending_again():
    with scene() as s:
        s.die_before_it_was_done()
        old = {r["clientToken"] for r in s.received()}
        for minutes in (5, 5, 6):  # 16 minutes after the first intent, 6 after the last
            s.later(minutes * MINUTE)
            if minutes == 6:
                break
            control(s.url, fault={"operation": "RedriveExecution", "kind": "throttle"})
            ended = s.resume()
            check_equal(ended.status, 5, f"while nobody answers\n{ended}")
            control(s.url, faults="clear")
        ended = s.resume()
        check_equal((ended.status, ended.result["count"]), (0, 1), f"the run\n{ended}")
        check_equal(len({r["clientToken"] for r in s.received()} - old), 1, "new tokens")
        s.audit_holds()


@test
def a_clock_that_was_set_does_not_count():
    with scene() as s:
        s.die_before_it_was_done()
        s.later(16 * MINUTE)
        ended = s.resume(skew=-30 * MINUTE)  # before its intent: its age is not known
        s.is_parked(ended, "")
        check_equal(describe(s.url, s.execution)["redriveCount"], 0, "redrives")
        s.audit_holds()


@test
def a_clock_that_was_set_forward_makes_no_call_older_within_a_boot():
    with scene() as s:
        s.die_after_it_was_done()
        ago = 16 * MINUTE * 1000  # by so much the clock is set forward: what it said before is as much older
        with contextlib.closing(sqlite3.connect(s.work.path("state/runs.db"))) as db, db:
            db.execute("UPDATE step SET begun_ms = begun_ms - ?1, until_ms = until_ms - ?1,"
                       " not_after_ms = not_after_ms - ?1", (ago,))
        ended = s.resume()
        check_equal((ended.status, ended.result["count"]), (0, 1), f"the run\n{ended}")
        check("sent again: ok" in ended.err, f"it was not sent again: {ended.err}")
        s.audit_holds()


@test
def a_host_whose_clock_is_minutes_off_redrives_once():
    for skew in (-3 * MINUTE, 3 * MINUTE):
        with scene() as s:
            s.ahead = skew
            control(s.url, fault={"operation": "RedriveExecution", "kind": "latency", "ms": 600000, "when": "after"})
            process = s.work.start("run", s.work.write("redrive.lua", REDRIVE), "--config", s.work.config,
                                   "-i", "executionArn=" + s.execution, **KEYS, **faketime(skew))
            s.until("the redrive is done", lambda: describe(s.url, s.execution)["redriveCount"] == 1)
            process.kill()
            process.communicate()
            control(s.url, faults="clear")
            s.id = s.store("SELECT id FROM run")[0][0]
            s.later(MINUTE)
            ended = s.resume()
            check_equal((ended.status, ended.result["count"]), (0, 1), f"off by {skew} s\n{ended}")
            check_equal(len({r["clientToken"] for r in s.received()}), 1, "tokens")
            s.audit_holds()


@test
def serve_settles_before_it_carries_on_and_again_after_a_release():
    with scene() as s:
        s.die_before_it_was_done()
        s.work.configure(endpoint=s.url, more="[schedule never]\ncron = 0 0 29 2 *\nrunbook = idle.lua\n")
        s.work.write("idle.lua", "return 1")
        check_equal(s.work.command("hold", "--config", s.work.config).status, 0, "hold")
        process = s.work.start("serve", "--config", s.work.config, **KEYS, **faketime(0))
        try:
            said = read_until(process, "not settled yet")
            check("held" in said, f"no word of the hold: {said}")
            read_until(process, "ready:")
            check_equal(describe(s.url, s.execution)["redriveCount"], 0, "redrives while held")
            check_equal(s.work.command("release", "--config", s.work.config).status, 0, "release")
            read_until(process, "sent again: ok")
            read_until(process, " done")
        finally:
            process.terminate()
            process.communicate(timeout=20)
        check_equal(describe(s.url, s.execution)["redriveCount"], 1, "redrives")
        s.audit_holds()


@test
def show_tells_that_a_call_was_replaced():
    with scene() as s:
        s.die_before_it_was_done()
        s.later(16 * MINUTE)
        check_equal(s.resume().status, 0, "the run")
        shown = s.work.command("show", s.id, "--json", "--config", s.work.config)
        step = json.loads(shown.out)["steps"][0]
        check_equal((step["intents"], step["links"], step["outcome"]), (2, 1, "ok"), f"the step in\n{shown}")


# ---- alive ----

ATTEMPTS = 3  # of one call, by default


def lose(s, when, **more):
    control(s.url, fault={"operation": "RedriveExecution", "kind": "drop", "when": when, **more})


def redrive(s):
    return s.work.command("run", s.work.write("redrive.lua", REDRIVE), "--config", s.work.config,
                          "-i", "executionArn=" + s.execution, **KEYS)


def start_redrive(s):
    return s.work.start("run", s.work.write("redrive.lua", REDRIVE), "--config", s.work.config,
                        "-i", "executionArn=" + s.execution, **KEYS)


@test
def alive_what_was_done_before_its_answers_were_lost_is_found_out():
    with scene() as s:
        lose(s, "after")
        ended = redrive(s)
        done = describe(s.url, s.execution)
        check_equal((ended.status, ended.result["count"]), (0, 1), f"the run\n{ended}")
        check_equal((ended.result["date"], done["redriveCount"]), (done["redriveDate"], 1), "redriveDate, redrives")
        check_equal([r["outcome"] for r in s.records("call.settle")], ["reconciled"], "what was settled")
        check_equal([r["outcome"] for r in s.records("call.outcome") if r["operation"] == "sfn.redrive_execution"],
                    ["unknown", "unknown"], "outcomes: of the call, and of the same sent again")
        check_equal(len({r["clientToken"] for r in s.received()}), 1, "tokens")
        check(len(s.received()) >= 2 * ATTEMPTS, f"redrives received: {len(s.received())}")  # libcurl repeats one itself
        check_equal(s.store("SELECT outcome FROM step_end WHERE operation = 'sfn.redrive_execution'"),
                    [("reconciled",)], "its end in the journal")
        s.audit_holds()


@test
def alive_what_was_not_done_is_done_by_sending_it_again():
    with scene() as s:
        lose(s, "before", count=ATTEMPTS)
        ended = redrive(s)
        check_equal((ended.status, ended.result["count"], ended.result["replayed"]), (0, 1, False),
                    f"the run\n{ended}")
        check_equal((len({r["clientToken"] for r in s.received()}), len(s.received())), (1, ATTEMPTS + 1),
                    "tokens, redrives received")
        check_equal(s.records("call.settle"), [], "looks that settled it")
        s.audit_holds()


@test
def alive_what_was_done_and_then_redriven_by_a_colleague_is_unknown():
    with scene() as s:
        s.work.configure(endpoint=s.url, more="read_timeout = 1s")
        control(s.url, fault={"operation": "RedriveExecution", "kind": "latency", "ms": 3000, "when": "after"})
        process = start_redrive(s)
        s.until("ours is done", lambda: describe(s.url, s.execution)["redriveCount"] == 1)
        s.ended()
        s.colleague_redrives()
        _, err = process.communicate(timeout=60)
        check_equal(process.returncode, 5, f"exit status, having said {err}")
        check("redriveCount went from 0 to 2" in err, f"why, in: {err}")
        check("aws stepfunctions describe-execution" in err, f"no command that tells in: {err}")
        check_equal(describe(s.url, s.execution)["redriveCount"], 2, "redrives")
        check_equal(len({r["clientToken"] for r in s.received()} - {"colleague"}), 1, "our tokens")
        s.audit_holds()


@test
def alive_without_anybody_to_ask_it_is_unknown():
    with scene() as s:
        lose(s, "after")
        control(s.url, fault={"operation": "DescribeExecution", "kind": "deny"})
        ended = redrive(s)
        check_equal(ended.status, 5, f"the run\n{ended}")
        check("the service could not be asked" in ended.err, f"why, in: {ended.err}")
        check_equal([r["outcome"] for r in s.records("call.settle")], ["unknown"], "what was settled")
        s.audit_holds()


@test
def alive_an_interrupt_while_it_waits_for_the_next_look_ends_it_as_unknown():
    with scene() as s:
        lose(s, "before")
        process = start_redrive(s)
        read_until(process, "it is looked into again in")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        check_equal(process.returncode, 5, f"exit status, having said {err}")
        check_equal(describe(s.url, s.execution)["redriveCount"], 0, "redrives")
        check_equal(len(s.records("call.look")), 2, "looks: a last one when it was interrupted")
        s.audit_holds()


@test
def killed_while_it_waits_for_the_next_look_it_is_sent_again_by_the_next_process():
    with scene() as s:
        lose(s, "before")
        process = start_redrive(s)
        read_until(process, "it is looked into again in")
        process.kill()
        process.communicate()
        control(s.url, faults="clear")
        s.id = s.store("SELECT id FROM run")[0][0]
        ended = s.work.command("resume", s.id, "--config", s.work.config, **KEYS)
        check_equal((ended.status, ended.result["count"]), (0, 1), f"the run\n{ended}")
        check_equal(len({r["clientToken"] for r in s.received()}), 1, "tokens")
        s.audit_holds()


run()
