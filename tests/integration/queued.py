"""Runs that were accepted and have not begun: listed, shown, taken out of their queue, by whom."""

import contextlib
import http.client
import json
import re
import time
import urllib.parse

from program import Workspace
from tap import check, check_equal, run, test

TOKEN = "a token of the hook"
WAITS = 'local input = ...\nsleep(input.sleep or 3600)\nreturn input.n\n'


class Host:
    """A workspace whose `runbook serve` has one hook that lets one run go on at a time, and a schedule."""

    def __init__(self, work, more=""):
        self.work = work
        work.write("token", TOKEN)
        work.write("waits.lua", WAITS)
        work.configure(more=f"""
[listen]
address = 127.0.0.1:0

[hook one]
path = /one
auth = bearer
delivery_header = X-Delivery
secret_file = {work.path("token")}
runbook = {work.path("waits.lua")}
concurrency = 1
{more}

[schedule nightly]
cron = 0 0 1 1 *
overlap = queue
catch_up = none
runbook = {work.path("waits.lua")}
""")
        self.port = None

    @contextlib.contextmanager
    def serving(self):
        with self.work.serve() as (_, said):
            self.port = int(re.search(r"port (\d+)", said)[1])
            yield self

    def _ask(self, method, path, body=None, headers=None):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            peer.request(method, path, body, headers or {})
            answer = peer.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            peer.close()

    def post(self, delivery, **given):
        return self._ask("POST", "/one", json.dumps(given),
                         {"Authorization": f"Bearer {TOKEN}", "X-Delivery": delivery})

    def state(self, answer, wait="0s"):
        url = urllib.parse.urlsplit(answer["status_url"])
        return self._ask("GET", f"{url.path}?{url.query}&wait={wait}")[1]

    def command(self, *args, want=0):
        ended = self.work.command(*args, "--config", self.work.config)
        check_equal(ended.status, want, f"{args}: {ended}")
        return ended

    def listed(self, *args):
        return json.loads(self.command("runs", "--json", *args).out)["runs"]

    def show(self, run_id):
        return json.loads(self.command("show", run_id, "--json").out)

    def until(self, what, tell):
        for _ in range(400):
            found = tell()
            if what(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"it never came to that: {found}")

    def records(self, kind):
        return [r for segment in self.work.records() for r in segment if r["kind"] == kind]


def summary(runs):
    return [(r["id"], r["state"], r.get("hook")) for r in runs]


@test
def what_waits_of_a_hook_is_listed_shown_and_cancelled():
    with Workspace() as work:
        host = Host(work)
        with host.serving():
            _, first = host.post("d1", n=1)
            _, second = host.post("d2", n=2)
            _, third = host.post("d3", n=3)
            ids = [answer["run_id"] for answer in (first, second, third)]
            found = host.until(lambda runs: len(runs) == 3 and runs[2]["state"] == "waiting", host.listed)
            check_equal(summary(found), [(ids[2], "queued", "one"), (ids[1], "queued", "one"),
                                         (ids[0], "waiting", None)], "runs")
            check_equal(summary(host.listed("--state", "queued")), summary(found)[:2], "those that are queued")
            check_equal(summary(host.listed("--limit", "1")), summary(found)[:1], "the newest")
            check_equal(len(host.listed("--state", "done")), 0, "those that are done")
            check_equal(json.loads(host.command("status", "--json").out)["runs"]["queued"], 2, "status")
            text = host.command("runs").out
            check(f"{ids[1]}  queued " in text and "hook one" in text and "waits for its turn since 20" in text, text)

            shown = host.show(ids[1])
            check_equal([shown[name] for name in ("id", "state", "hook", "input", "waitsFor")],
                        [ids[1], "queued", "one", {"n": 2}, "its turn"], "show")
            check_equal(shown["actor"]["type"], "webhook", "who sent it")
            check("hook       one" in host.command("show", ids[1]).out, "show in words")
            check_equal(host.state(second)["state"], "queued", "its link")

            host.command("cancel", ids[1], "--reason", "not this one")
            check_equal(summary(host.listed()), [(ids[2], "queued", "one"), (ids[0], "waiting", None)], "runs")
            shown = host.show(ids[1])
            check_equal((shown["state"], shown["message"]), ("cancelled", "cancelled: not this one"), "show")
            said = host.state(second, wait="20s")
            check_equal((said["state"], said["message"]), ("cancelled", "cancelled: not this one"), "its link")
            status, again = host.post("d2", n=2)
            check_equal((status, again["run_id"], again["duplicate"]), (200, ids[1], True), "sent again")
            again = host.command("cancel", ids[1], want=2)
            check("there is no run" in again.err, f"cancelled twice: {again}")

            host.command("cancel", ids[0])
            host.until(lambda shown: shown["state"] == "waiting", lambda: host.show(ids[2]))
            check_equal([r["run"] for r in host.records("run.start")], [ids[0], ids[2]], "runs that began")
        record, = host.records("trigger.cancel")
        check_equal((record["run"], record["reason"], record["hook"]), (ids[1], "not this one", "one"), "the record")
        check_equal((record["actor"]["type"], "verifiedUser" in record["actor"]), ("operator", True), "who did it")
        check_equal(record["delivery"]["deliveryId"], "d2", "whose delivery it was")
        check_equal(work.verify().status, 0, "the log")


@test
def who_waits_for_the_end_is_told_at_once():
    with Workspace() as work:
        host = Host(work, more="debounce = 1h\ndebounce_key = n\n")
        with host.serving():
            _, first = host.post("d1", n=1)
            _, joined = host.post("d2", n=1)
            check_equal(first["run_id"], joined["run_id"], "runs of one window")
            shown = host.show(first["run_id"])
            check_equal((shown["waitsFor"], "wake" in shown), ("the end of its window", True), "show")
            host.command("cancel", first["run_id"])
            check_equal([host.state(a, wait="60s")["state"] for a in (first, joined)], ["cancelled"] * 2, "links")


@test
def it_is_cancelled_without_a_serve_and_after_a_restart():
    with Workspace() as work:
        host = Host(work)
        with host.serving():
            ids = [host.post(f"d{i}", n=i)[1]["run_id"] for i in range(4)]
        check_equal(summary(host.listed("--state", "queued")),
                    [(run_id, "queued", "one") for run_id in reversed(ids[1:])], "what waits")
        ambiguous = host.command("show", ids[1][:9], want=2)
        check("several runs begin with" in ambiguous.err, f"a beginning of all: {ambiguous}")
        host.command("cancel", ids[1], "--reason", "nobody is there")
        with host.serving():
            host.command("cancel", ids[2])
            check_equal(summary(host.listed("--state", "queued")), [(ids[3], "queued", "one")], "what waits")
            host.command("cancel", ids[0])
            host.until(lambda shown: shown["state"] == "waiting", lambda: host.show(ids[3]))
        check_equal([(r["run"], r.get("reason")) for r in host.records("trigger.cancel")],
                    [(ids[1], "nobody is there"), (ids[2], None)], "records")
        check_equal([r["run"] for r in host.records("run.start")], [ids[0], ids[3]], "runs that began")


@test
def what_waits_of_a_schedule_is_listed_and_cancelled():
    with Workspace() as work:
        host = Host(work)
        with host.serving():
            def fire():
                return host.command("schedules", "fire", "nightly").out.split(": ")
            _, first = fire()
            state, waiting = fire()[:2]
            waiting = waiting.split(",")[0].strip()
            check_equal(state, "queued", "the second")
            found, = host.listed("--state", "queued")
            check_equal((found["id"], found["schedule"]), (waiting, "nightly"), "what waits")
            shown = host.show(waiting)
            check_equal([shown[name] for name in ("state", "schedule", "waitsFor")],
                        ["queued", "nightly", "its turn"], "show")
            check_equal(shown["actor"]["type"], "operator", "who fired it")
            host.command("cancel", waiting, "--reason", "once is enough")
            check_equal(host.listed("--state", "queued"), [], "what waits")
            check_equal(host.show(waiting)["message"], "cancelled: once is enough", "show")
            firings = json.loads(host.command("schedules", "show", "nightly", "--json").out)["firings"]
            check_equal([f["state"] for f in firings], ["cancelled", "started"], "its firings")
            found_due = firings[0]["due"]

            third = fire()[1].split(",")[0].strip()
        with host.serving():
            found, = host.listed("--state", "queued")
            check_equal(found["id"], third, "the id after a restart")
            host.command("cancel", first.strip())
            host.until(lambda shown: shown["state"] == "waiting", lambda: host.show(third))
        record, = host.records("trigger.cancel")
        check_equal((record["schedule"], record["run"]), ("nightly", waiting), "the record")
        check_equal(record["due"], found_due, "its instant")
        check_equal([r["run"] for r in host.records("run.start")], [first.strip(), third], "runs that began")


run()
