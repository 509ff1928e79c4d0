"""Calls of many runs share the token bucket of an operation: nobody is refused, and everybody has their turn."""

import contextlib
import http.client
import json
import re
import threading
import time

from program import Workspace
from scripted_server import ScriptedServer
from tap import Failed, check, check_equal, run, test

TOKEN = "a token of the hook"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
MAP_RUN = "arn:aws:states:us-east-1:111122223333:mapRun:Orders/L:"
ANSWER = {"ok": {"status": "RUNNING", "itemCounts": {"failed": 0}}}
THROTTLED = {"error": "ThrottlingException", "message": "Rate exceeded"}
NEVER = "[rate]\nsfn.describe_map_run = 1/1d burst 1\n"
LOOKS = f'''
local input = ...
local sfn = require "sfn"
local function look(i)
  sfn.describe_map_run {{ mapRunArn = "{MAP_RUN}" .. input.name .. "-" .. i }}
end
if input.at_once then
  local all = {{}}
  for i = 1, input.looks do all[i] = function() look(i) end end
  parallel(all)
else
  for i = 1, input.looks do look(i) end
end
return input.looks
'''


class Bucket(ScriptedServer):
    """DescribeMapRun behind a token bucket, as the service has it; keeps who asked, in order."""

    def __init__(self, burst, per_s):
        super().__init__(secret=KEYS["AWS_SECRET_ACCESS_KEY"])
        self.burst, self.per_s, self.tokens, self.at = burst, per_s, burst, time.monotonic()
        self.first = self.last = None
        self.served, self.throttled = [], 0
        self._turn = threading.Lock()

    def _answer(self, connection, request):
        name = re.fullmatch(r".*:([^:]*)-\d+", json.loads(request["body"])["mapRunArn"])[1]
        with self._turn:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_s)
            self.at = self.last = now
            self.first = self.first or now
            may = self.tokens >= 1
            self.tokens -= may
            self.throttled += not may
            if may:
                self.served.append(name)
        return self._act(connection, ANSWER if may else THROTTLED)


class Host:
    """`runbook serve` with one hook that starts LOOKS, and its pages for machines."""

    def __init__(self, work, said):
        self.work = work
        self.hooks, self.pages = (int(port) for port in re.findall(r"port (\d+)", said))

    def _ask(self, port, method, path, body=None, headers=None):
        peer = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            peer.request(method, path, body, headers or {})
            answer = peer.getresponse()
            return answer.status, answer.read().decode()
        finally:
            peer.close()

    def start(self, **given):
        """Returns the id of the run."""
        status, text = self._ask(self.hooks, "POST", "/look", json.dumps(given),
                                 {"Authorization": f"Bearer {TOKEN}", "X-Delivery": given["name"]})
        check_equal(status, 202, f"delivery of {given}: {text}")
        return json.loads(text)["run_id"]

    def metric(self, name):
        """The value of the one line that begins so."""
        status, text = self._ask(self.pages, "GET", "/metrics")
        check_equal(status, 200, "metrics")
        found = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.M)
        check_equal(len(found), 1, f"lines of {name} in\n{text}")
        return float(found[0])

    def until_metric(self, name, value):
        for _ in range(600):
            with contextlib.suppress(Failed):  # nobody was counted there yet
                if self.metric(name) == value:
                    return
            time.sleep(0.1)
        raise AssertionError(f"{name} never was {value}")

    def show(self, run_id):
        ended = self.work.command("show", run_id, "--json", "--config", self.work.config)
        check_equal(ended.status, 0, f"show\n{ended}")
        return json.loads(ended.out)

    def until(self, run_id, what):
        """The answer of show, once what(answer) holds."""
        for _ in range(600):
            found = self.show(run_id)
            if what(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"it never came to that: {found}")


def configure(work, url, more):
    work.configure(url, f"""
[limits]
parallel = 1000

[listen]
address = 127.0.0.1:0

[admin]
address = 127.0.0.1:0

[hook look]
path = /look
auth = bearer
delivery_header = X-Delivery
secret_file = {work.path("token")}
runbook = {work.path("looks.lua")}

{more}
""")


@contextlib.contextmanager
def serving(work, url, more):
    work.write("token", TOKEN)
    work.write("looks.lua", LOOKS)
    configure(work, url, more)
    with work.serve(**KEYS) as (_, said):
        yield Host(work, said)


def waits(found):
    return [step for step in found["steps"] if "waitsFor" in step]


@test
def two_hundred_runs_share_a_bucket_without_being_refused():
    runs, looks, greedy = 200, 3, 200
    with Bucket(burst=150, per_s=200) as server, Workspace() as work, \
            serving(work, server.url, "[rate]\nsfn.describe_map_run = 200/s burst 50\n") as host:
        host.start(name="greedy", looks=greedy, at_once=True)
        for i in range(runs):
            host.start(name=f"run{i}", looks=looks)
        host.until_metric('runbook_runs_ended_total{outcome="done"}', runs + 1)
        total = runs * looks + greedy
        check_equal(server.throttled, 0, "refused requests")
        check_equal(len(server.served), total, "answered requests")
        check_equal(host.metric('runbook_call_wait_seconds_count{operation="sfn.describe_map_run"}'), total,
                    "calls that had their turn")
        check_equal(host.metric('runbook_calls_waiting{operation="sfn.describe_map_run"}'), 0, "calls that wait")
        took = server.last - server.first
        check(took >= (total - 150) / 200, f"{total} requests in {took} s are more than there were tokens")

        # Between two calls of a run each other run has one, whoever has a hundred of them: what is under
        # way may overtake.
        for i in range(runs):
            places = [at for at, name in enumerate(server.served) if name == f"run{i}"]
            between = [b - a for a, b in zip(places, places[1:])]
            check(len(places) == looks and max(between) <= runs + 1 + 64,
                  f"run{i} was served at {places} of {total}")


@test
def a_call_that_waits_is_seen_and_can_be_cancelled():
    with ScriptedServer(ANSWER, secret="secret") as server, Workspace() as work, \
            serving(work, server.url, NEVER) as host:
        ids = [host.start(name=f"run{i}", looks=2) for i in range(3)]
        waiting = [run_id for run_id in ids if host.until(run_id, waits)]
        check_equal(waiting, ids, "runs that wait")
        step = waits(host.show(ids[1]))[0]
        check_equal({name: step[name] for name in ("kind", "operation", "waitsFor")},
                    {"kind": "call", "operation": "sfn.describe_map_run",
                     "waitsFor": "sfn.describe_map_run 111122223333 us-east-1"}, "the step")
        check_equal(len(server.requests), 1, "requests")
        check_equal(host.metric('runbook_calls_waiting{operation="sfn.describe_map_run"}'), 3, "calls that wait")
        text = work.command("show", ids[1], "--config", work.config).out
        check("sfn.describe_map_run           waits for its turn for " in text, text)
        status = work.command("status", "--config", work.config).out
        check("3 calls wait for their turn at sfn.describe_map_run 111122223333 us-east-1, the oldest for " in status,
              status)

        ended = work.command("cancel", ids[0], "--reason", "enough", "--config", work.config)
        check_equal(ended.status, 0, f"cancel\n{ended}")
        found = host.until(ids[0], lambda found: found["state"] == "cancelled")
        check_equal(waits(found), [], "what waits of it")
        check_equal(host.metric('runbook_calls_waiting{operation="sfn.describe_map_run"}'), 2, "calls that wait")
        check_equal(len(server.requests), 1, "requests")


@test
def the_time_out_of_a_run_goes_on_while_a_call_waits():
    with ScriptedServer(ANSWER, secret="secret") as server, Workspace() as work:
        work.configure(server.url, NEVER)
        ended = work.run(LOOKS, "-i", "name=a", "-i", "looks=2", "--timeout", "300ms", **KEYS)
        check_equal(ended.status, 4, f"exit status\n{ended}")
        check_equal(len(server.requests), 1, "requests")
        kinds = [r["kind"] for segment in work.records() for r in segment]
        check_equal(kinds.count("call.intent"), 1, f"intents: a call that only waited has none, in {kinds}")


@test
def what_waits_is_left_to_the_next_process():
    with ScriptedServer(ANSWER, secret="secret") as server, Workspace() as work:
        with serving(work, server.url, NEVER) as host:
            run_id = host.start(name="a", looks=2)
            host.until(run_id, waits)
        check_equal(len(server.requests), 1, "requests of the first process")
        with serving(work, server.url, NEVER) as host:
            found = host.until(run_id, lambda found: found["state"] == "done")
        check_equal(found["result"], 2, "the result")
        check_equal(len(server.requests), 2, "requests of both")


@test
def another_rate_holds_for_what_waits_already():
    with ScriptedServer(ANSWER, secret="secret") as server, Workspace() as work, \
            serving(work, server.url, NEVER) as host:
        run_id = host.start(name="a", looks=20)
        host.until(run_id, waits)
        configure(work, server.url, "[rate]\nsfn.describe_map_run = 20/s burst 3\n")
        ended = work.command("reload", "--config", work.config)
        check_equal(ended.status, 0, f"reload\n{ended}")
        host.until(run_id, lambda found: len(server.requests) > 4)
        configure(work, server.url, "[rate]\nsfn.describe_map_run = off\n")
        ended = work.command("reload", "--config", work.config)
        check_equal(ended.status, 0, f"reload\n{ended}")
        host.until(run_id, lambda found: found["state"] == "done")
        check_equal(len(server.requests), 20, "requests")


@test
def a_refusal_slows_down_and_is_counted():
    with ScriptedServer(THROTTLED, ANSWER, secret="secret") as server, Workspace() as work, \
            serving(work, server.url, "[rate]\nsfn.describe_map_run = 4/s burst 100\n") as host:
        run_id = host.start(name="a", looks=3)
        host.until(run_id, lambda found: found["state"] == "done")
        check_equal(len(server.requests), 4, "requests: one was refused")
        check_equal(host.metric('runbook_requests_throttled_total{operation="sfn.describe_map_run"}'), 1, "refusals")
        # The bucket is empty after it, and fills at 2 a second: a back-off of less than one second brings
        # back what the second request has taken and one more, so the third look waits at least.
        within = host.metric('runbook_call_wait_seconds_bucket{operation="sfn.describe_map_run",le="0.1"}')
        check(within < 3, f"{within} of 3 calls had their turn within 0.1 s")


@test
def what_the_section_says_is_checked():
    said = "expected NAMESPACE.OPERATION = off, or so many calls in so long, such as 1/s burst 20"
    cases = [("sfn.describe_map_run = 0/s", said), ("sfn.describe_map_run = 1/s burst", said),
             ("sfn.describe_map_run = 1/s burst 0", said), ("sfn.describe_map_run = 5", said),
             ("sfn.describe_map_run = 1/", said), ("sfn.describe_map_run = 1/s of 3", said),
             ("sfn.describe_map_run = 1/s burst 2 more", said), ("describe_map_run = 1/s", said),
             ("sfn.describe_map_run =", said),
             ("sfn.describe_maprun = 1/s", "[rate] sfn.describe_maprun: no plugin has this operation")]
    with Workspace() as work:
        for line, text in cases:
            work.configure(more=f"[rate]\n{line}\n")
            ended = work.command("ops", "--config", work.config)
            check_equal((ended.status, text in ended.err), (2, True), f"{line}: {ended}")
        for line in ("off", "1/s", "10/1m", "10/1m burst 20", "1/2h  burst  3"):
            work.configure(more=f"[rate]\nsfn.describe_map_run = {line}\n")
            ended = work.command("ops", "--config", work.config)
            check_equal(ended.status, 0, f"{line}: {ended}")


run()
