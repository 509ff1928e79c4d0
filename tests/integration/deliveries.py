"""What becomes of authenticated deliveries: duplicates, accept, limits, windows, answers that wait, and crashes."""

import contextlib
import hashlib
import hmac
import http.client
import json
import re
import signal
import sqlite3
import threading
import time
import urllib.parse
import uuid

from program import Workspace, said_when_ready
from tap import check, check_equal, run, test

SECRET = "a secret of the hook"
RETURNS = "return { got = ... }"
WAITS = 'local input = ...\nif input.sleep then sleep(input.sleep) end\nreturn { got = input.n }'


class Host:
    """`runbook serve` with hooks of one workspace; may be killed and started again."""

    def __init__(self, work, hooks, runbook=RETURNS, more=""):
        self.work = work
        work.write("secret", SECRET)
        work.write("hook.lua", runbook)
        known = "" if "anonymous" in hooks else "delivery_header = X-Delivery\n"
        sections = "".join(f"[hook {name}]\npath = /{name}\nauth = hmac-sha256\nheader = X-Signature\n"
                           f"{known}secret_file = {work.path('secret')}\n"
                           f"runbook = {work.path('hook.lua')}\n{keys}\n" for name, keys in hooks.items())
        work.configure(more=f"[listen]\naddress = 127.0.0.1:0\n{more}\n{sections}")
        self.process = self.port = None
        self.said = ""

    def start(self):
        self.process = self.work.start("serve", "--config", self.work.config)
        self.said = said_when_ready(self.process)
        self.port = int(re.search(r"port (\d+)", self.said)[1])
        threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True).start()
        return self

    def _drain(self, pipe):
        with contextlib.suppress(ValueError):
            for line in pipe:
                self.said += line

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            check_equal(self.process.returncode, 0, f"exit status of serve\n{self.said}")

    def ask(self, method, path, body=b"", **headers):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            peer.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = peer.getresponse()
            text = answer.read()
            return answer.status, json.loads(text), dict(answer.getheaders())
        finally:
            peer.close()

    def post(self, path, value, delivery=None, **headers):
        body = json.dumps(value).encode()
        headers["X_Signature"] = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers["X_Delivery"] = delivery or str(uuid.uuid4())
        return self.ask("POST", path, body, **headers)

    def state(self, answer, wait="20s"):
        """How its run is, by the link it was given."""
        url = urllib.parse.urlsplit(answer["status_url"])
        status, found, _ = self.ask("GET", f"{url.path}?{url.query}&wait={wait}")
        check_equal(status, 200, f"the status of {url}")
        check_equal(found["run_id"], answer["run_id"], "the run of the link")
        return found

    def records(self, kind):
        return [r for segment in self.work.records() for r in segment if r["kind"] == kind]


def stored(work, query):
    """Rows of the store, whose host has ended."""
    with contextlib.closing(sqlite3.connect(f"file:{work.path('state/runs.db')}?mode=ro", uri=True)) as store:
        return store.execute(query).fetchall()


@contextlib.contextmanager
def host(hooks, runbook=RETURNS, more=""):
    with Workspace() as work:
        served = Host(work, hooks, runbook, more).start()
        try:
            yield served
            served.stop()
        finally:
            if served.process.poll() is None:
                served.kill()


@test
def an_answer_names_the_run_and_where_to_ask_for_it():
    with host({"h": ""}) as served:
        status, answer, headers = served.post("/h", {"a": 1})
        check_equal(status, 202, f"the answer {answer}")
        check_equal((answer["run"], answer["duplicate"]), (answer["run_id"], False), "its members")
        check_equal(headers["Location"], answer["status_url"], "Location")
        found = served.state(answer)
        check_equal((found["state"], found["result"]), ("done", {"got": {"a": 1}}), "the state")
        url = urllib.parse.urlsplit(answer["status_url"])
        unknown = served.ask("GET", "/h")
        for wrong in (url.path, url.path + "?token=" + "0" * 32, url.path + "?token=",
                      url.path[:-1] + ("0" if url.path[-1] != "0" else "1") + "?" + url.query):
            check_equal(served.ask("GET", wrong)[:2], unknown[:2], f"the answer to {wrong}")
        check_equal(unknown[0], 404, "the status of what nobody may ask")


@test
def a_delivery_that_comes_again_starts_nothing_also_after_a_crash():
    with host({"h": "", "other": ""}) as served:
        status, first, _ = served.post("/h", {"a": 1}, delivery="d-1")
        check_equal(status, 202, "the first")
        for crash in (False, True):
            if crash:
                served.kill()
                served.start()
            status, again, _ = served.post("/h", {"a": 2}, delivery="d-1")
            check_equal((status, again["run_id"], again["duplicate"]), (200, first["run_id"], True), "the second")
            check_equal(served.state(again)["result"], {"got": {"a": 1}}, "what it leads to")
        status, other, _ = served.post("/other", {"a": 1}, delivery="d-1")
        check_equal((status, other["run_id"] != first["run_id"]), (202, True), "the same id of another hook")
        served.stop()
        check_equal(len(served.records("run.start")), 2, "runs that were started")
        check_equal([r["run"] for r in served.records("trigger.duplicate")], [first["run_id"]] * 2, "records")
        check_equal(served.work.verify().status, 0, "audit verify")
    with host({"anonymous": ""}) as served:
        without = {served.post("/anonymous", {"a": 1})[1]["run_id"] for _ in range(3)}
        check_equal(len(without), 3, "runs of deliveries without an id")


@test
def an_answer_waits_for_the_result_where_it_is_asked_to():
    with host({"h": ""}, runbook=WAITS) as served:
        status, answer, _ = served.post("/h?wait=20s", {"n": 7})
        check_equal((status, answer["state"], answer["result"]), (200, "done", {"got": 7}), "in time")
        status, answer, _ = served.post("/h", {"n": 8}, Prefer="respond-async, wait=20")
        check_equal((status, answer["state"], answer["result"]), (200, "done", {"got": 8}), "by a header")
        status, answer, _ = served.post("/h?wait=50ms", {"n": 9, "sleep": 600}, delivery="slow")
        check_equal((status, answer["state"] in ("running", "waiting", "queued")), (202, True), f"not in time: {answer}")
        check_equal(served.post("/h?wait=soon", {"n": 1})[0], 400, "a wait that is none")
        waiting = []
        thread = threading.Thread(target=lambda: waiting.append(served.post("/h?wait=60s", {}, delivery="slow")))
        thread.start()
        while not served.records("trigger.duplicate"):
            time.sleep(0.02)
        served.stop()
        thread.join()
        check_equal((waiting[0][0], waiting[0][1]["run_id"]), (200, answer["run_id"]), "who waits when serve is stopped")


@test
def accept_filters_and_maps():
    accept = """\
return { accept = function(d)
    if d.body.spin then while true do end end
    if d.body.raise then error("nothing for me") end
    if d.body.list then return { 1, 2 } end
    if d.headers["x-github-event"] ~= "push" then return nil, "no push" end
    return { n = d.body.n, q = d.query.q, hook = d.hook, by = d.identity, secret = d.headers["x-signature"] }
end }
"""
    with Workspace() as work:
        work.write("accept.lua", accept)
        served = Host(work, {"f": f"accept = {work.path('accept.lua')}",
                             "e": 'accept = body.action == "completed"',
                             "m": "accept = body.n and { twice = 2 * body.n }"}).start()
        try:
            push = {"X_GitHub_Event": "push"}
            found = served.state(served.post("/f?q=a%20b", {"n": 1}, **push)[1])["result"]["got"]
            by = found.pop("by", None)
            check_equal(found, {"n": 1, "q": "a b", "hook": "f"}, "a mapped input")
            check(by is None or isinstance(by, str), f"identity {by}")
            for _ in range(2):
                status, answer, _ = served.post("/f", {"n": 1}, delivery="no")
                check_equal((status, answer["ignored"]), (200, True), f"an ignored one: {answer}")
            check_equal(answer["duplicate"], True, "ignored again")
            for body in ({"raise": 1}, {"list": 1}, {"spin": 1}):
                check_equal(served.post("/f", body, delivery="again", **push)[0], 500, f"the answer to {body}")
            check_equal(served.post("/f", {"n": 1}, delivery="again", **push)[0], 202, "what had failed, sent again")
            check_equal(served.post("/e", {"action": "queued"})[1].get("ignored"), True, "false")
            body = {"action": "completed"}
            check_equal(served.state(served.post("/e", body)[1])["result"], {"got": body}, "true: as it came")
            check_equal(served.state(served.post("/m", {"n": 4})[1])["result"], {"got": {"twice": 8}}, "a table")
            served.stop()
            ignored = served.records("trigger.ignore")
            check_equal([(r["reason"], r["actor"].get("deliveryId")) for r in ignored[:1]], [("no push", "no")], "record")
            check("nothing for me" in served.records("trigger.reject")[0]["reason"], "the reason of a failure")
        finally:
            served.kill()


@test
def no_more_at_once_than_allowed_and_the_rest_waits_over_a_crash():
    hooks = {"h": "concurrency = 2\nqueue = 3"}
    with host(hooks, runbook='local input = ...\nif input.hold then sleep(input.hold) end\nreturn input.n') as served:
        held = [served.post("/h", {"n": n, "hold": 3}) for n in range(2)]
        queued = [served.post("/h?wait=1ms", {"n": n}, delivery=f"q{n}") for n in range(3)]
        check_equal([a[0] for a in held + queued], [202] * 5, "what is taken")
        check_equal([a[1]["state"] for a in queued], ["queued"] * 3, "what waits")
        status, _, headers = served.post("/h", {"n": 9}, delivery="many")
        check_equal((status, headers["Retry-After"]), (503, "30"), "one too many")
        served.kill()
        served.start()
        again = served.post("/h", {"n": 0}, delivery="q0")
        check_equal((again[0], again[1]["run_id"]), (200, queued[0][1]["run_id"]), "a duplicate of one that waits")
        check_equal([served.state(a[1])["result"] for a in held + queued], [0, 1, 0, 1, 2], "results")
        check_equal(served.post("/h", {"n": 9}, delivery="many")[0], 202, "the refused one, later")
        served.stop()
        starts = [r["run"] for r in served.records("run.start")]
        check_equal(len(starts), 6, "runs started")
        check_equal(starts[2:5], [a[1]["run_id"] for a in queued], "their order")


@test
def a_rate_is_kept_over_a_restart():
    with host({"h": "rate = 3/1h"}) as served:
        check_equal([served.post("/h", {}, delivery=str(n))[0] for n in range(3)], [202] * 3, "up to the rate")
        for _ in range(2):
            status, _, headers = served.post("/h", {}, delivery="3")
            check_equal((status, 3000 < int(headers["Retry-After"]) <= 3600), (429, True), f"beyond it: {headers}")
            served.stop()
            served.start()
        check_equal(served.post("/h", {}, delivery="0")[0], 200, "a duplicate is none more")


def refusals_of_a_minute():
    """What is recorded of 70 strangers and 70 deliveries beyond the rate, in one minute of the host's clock."""
    while True:
        with host({"h": "rate = 1/1h"}) as served:
            check_equal(served.post("/h", {})[0], 202, "the first")
            minute = time.monotonic() // 60
            check_equal({served.ask("POST", "/h", b"{}")[0] for _ in range(70)}, {404}, "strangers")
            check_equal({served.post("/h", {})[0] for _ in range(70)}, {429}, "beyond the rate")
            within = minute == time.monotonic() // 60
            served.stop()
            if within:
                return served.records("trigger.reject")


@test
def refusals_are_recorded_within_a_bound_that_strangers_do_not_use_up():
    proven, strangers = [], []
    for record in refusals_of_a_minute():
        (proven if "identity" in record["actor"] else strangers).append(record["reason"])
    for reasons, why in (strangers, "the signature header is missing"), (proven, "refused: more than its rate"):
        check_equal(reasons[:59], [why] * 59, "recorded")
        check_equal(reasons[59:], ["more are refused; none is recorded until the next minute"], "the last")


@test
def one_run_stands_for_a_window():
    hooks = {"h": "debounce = 700ms\ndebounce_key = who.name", "long": "debounce = 1h\ndebounce_max = 1h"}
    with host(hooks, runbook="return ...") as served:
        sent = [served.post("/h", {"who": {"name": name}, "n": n}, delivery=f"{name}{n}")
                for n in range(3) for name in ("a", "b")]
        runs = {name: {answer[1]["run_id"] for answer in sent[i::2]} for i, name in enumerate("ab")}
        check_equal(sorted(len(r) for r in runs.values()), [1, 1], f"runs of two windows {runs}")
        for i, name in enumerate("ab"):
            found = served.state(sent[i][1])
            check_equal((found["state"], found["result"]), ("done", {"who": {"name": name}, "n": 2}), "the last one's")
        check_equal(served.post("/h", {"n": 5}, delivery="a0")[0], 200, "a duplicate after its window")
        first = served.post("/long", {"n": 1})[1]
        served.kill()
        served.start()
        second = served.post("/long?wait=1ms", {"n": 2})
        check_equal((second[0], second[1]["run_id"]), (202, first["run_id"]), "the window after a crash")
        check_equal(second[1]["state"], "queued", "its state")
        served.stop()
        check_equal(len(served.records("run.start")), 2, "runs started")


@test
def every_202_has_exactly_one_run_when_killed_in_between():
    with host({"h": "concurrency = 20\nqueue = 5000"}, runbook="return (...).n") as served:
        accepted, lock = {}, threading.Lock()

        def send(first, n):
            for i in range(first, first + n):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    status, answer, _ = served.post("/h", {"n": i}, delivery=f"d{i}")
                    with lock:
                        if status in (200, 202):
                            accepted.setdefault(i, set()).add(answer["run_id"])

        for round_ in range(3):
            senders = [threading.Thread(target=send, args=(100 * k, 100)) for k in range(3)]
            for sender in senders:
                sender.start()
            limit = time.monotonic() + 20
            while len(accepted) < 80 * (round_ + 1) and time.monotonic() < limit:
                time.sleep(0.005)
            served.kill()
            for sender in senders:
                sender.join()
            served.start()
        send(0, 300)
        check_equal(len(accepted), 300, "deliveries taken")
        check_equal([i for i, runs in accepted.items() if len(runs) != 1], [], "deliveries with several runs")
        for i in accepted:
            check_equal(served.state({"run_id": next(iter(accepted[i])), "status_url": link_of(served, i)})["result"], i,
                        "the result")
        served.stop()
        # The log may know of runs that began when the host was killed, and that nobody was told of: these never were.
        runs = sorted((json.loads(text)["n"], run_id) for run_id, text in stored(served.work, "SELECT id, input FROM run"))
        wanted = sorted((n, *runs_of) for n, runs_of in accepted.items())
        check(runs == wanted, f"runs and what was told differ: {set(runs) ^ set(wanted)}")
        check_equal(served.work.verify().status, 0, "audit verify")


def link_of(served, i):
    return served.post("/h", {"n": i}, delivery=f"d{i}")[1]["status_url"]


@test
def what_is_wrong_in_the_configuration_is_told():
    for keys, said in (("concurrency = 0", "a number from 1 to"), ("rate = 10", "such as 10/1m"),
                       ("debounce_key = a", "debounce = DURATION beside it"), ("queue = -1", "a number from 0 to"),
                       ("debounce = 5s\nqueue = 0", "more than 0 beside debounce"), ("accept = body.", "accept of hook h"),
                       ("accept = /no/such.lua", "/no/such.lua"), ("accept_headers = A", "accept beside it"),
                       ("debounce = 5s\ndebounce_max = 1s", "no less than debounce")):
        with Workspace() as work:
            Host(work, {"h": keys})
            ended = work.command("serve", "--config", work.config)
            check_equal((ended.status, said in ended.err), (2, True), f"{keys}: {ended}")


run()
