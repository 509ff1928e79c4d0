"""A flood of deliveries with `runbook serve` killed in between: every 202 has exactly one run.

Senders keep connections open, send each delivery until it was answered, and every tenth once more. The short form is a test;
`deliveries.py --n 200000` is the long one.
"""

import argparse
import collections
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import re
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from program import Workspace
from tap import check, check_equal, note, run, test

OPTIONS = argparse.ArgumentParser(description=__doc__)
OPTIONS.add_argument("--n", type=int, default=2000, help="deliveries")
OPTIONS.add_argument("--kills", type=int, default=4)
OPTIONS.add_argument("--senders", type=int, default=8)
ARGS = OPTIONS.parse_args()
SECRET = b"s"


class Host:
    def __init__(self, work):
        self.work = work
        work.write("secret", SECRET.decode())
        work.write("hook.lua", "return (...).n")
        work.configure(more=f"""[listen]
address = 127.0.0.1:0
[hook h]
path = /h
header = X-Signature
delivery_header = X-Delivery
secret_file = {work.path("secret")}
runbook = {work.path("hook.lua")}
concurrency = 50
queue = 10000
""")
        self.process = self.port = None

    def start(self):
        self.process = self.work.start("serve", "--config", self.work.config)
        said = ""
        for line in self.process.stderr:
            said += line
            if "state in" in line:
                break
        check("ready:" in said, f"serve ended: {said}")
        self.port = int(re.search(r"port (\d+)", said)[1])
        threading.Thread(target=self._drain, args=(self.process.stderr,), daemon=True).start()

    @staticmethod
    def _drain(pipe):
        with contextlib.suppress(ValueError):
            for _ in pipe:
                pass

    def end(self, kill):
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait(timeout=60)


class Senders:
    """Each delivery is sent until it is answered; who was told which run is kept."""

    def __init__(self, host, n):
        self.host, self.left = host, collections.deque(range(n))
        self.told, self.lock = collections.defaultdict(set), threading.Lock()
        self.wrong = []

    def work(self):
        peer = None
        while True:
            try:
                i = self.left.popleft()
            except IndexError:
                return
            times = 2 if i % 10 == 0 else 1
            while times:
                try:
                    peer = peer or http.client.HTTPConnection("127.0.0.1", self.host.port, timeout=30)
                    times -= self.send(peer, i)
                except (OSError, http.client.HTTPException):
                    peer = None
                    time.sleep(0.02)  # while there is no host to wait for

    def send(self, peer, i):
        body = json.dumps({"n": i}).encode()
        peer.request("POST", "/h", body, {"X-Signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
                                          "X-Delivery": f"d{i}"})
        answer = peer.getresponse()
        text = answer.read()
        if answer.status == 503:
            return 0
        with self.lock:
            if answer.status in (200, 202):
                self.told[i].add(json.loads(text)["run_id"])
            else:
                self.wrong.append((i, answer.status, text))
        return 1


@test
def every_202_has_exactly_one_run():
    with Workspace() as work:
        host = Host(work)
        host.start()
        senders = Senders(host, ARGS.n)
        threads = [threading.Thread(target=senders.work) for _ in range(ARGS.senders)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for k in range(ARGS.kills):
            target = ARGS.n * (k + random.random()) / ARGS.kills
            while len(senders.told) < target and any(t.is_alive() for t in threads):
                time.sleep(0.002)
            host.end(kill=True)
            host.start()
        for thread in threads:
            thread.join()
        note(f"{ARGS.n} deliveries, {ARGS.kills} kills, {time.monotonic() - begun:.1f} s")
        host.end(kill=False)
        check_equal(senders.wrong[:3], [], "answers")
        check_equal(len(senders.told), ARGS.n, "deliveries that were answered")
        with contextlib.closing(sqlite3.connect(work.path("state/runs.db"))) as store:
            runs = sorted((json.loads(text)["n"], run_id)
                          for run_id, text in store.execute("SELECT id, input FROM run"))
            queued = {run_id for (run_id,) in store.execute("SELECT run FROM delivery WHERE state = 'queued'")}
        told = sorted((n, run_id) for n, ids in senders.told.items() for run_id in ids)
        check_equal(len(told), ARGS.n, "runs that senders were told of")
        known, wanted = set(runs), set(told)
        missing = [pair for pair in told if pair[1] not in queued and pair not in known]
        check_equal(missing[:3], [], "told, and not there")
        check_equal([pair for pair in runs if pair not in wanted][:3], [], "there, and not told")
        check_equal(len({n for n, _ in runs}), len(runs), "deliveries with a run")
        check_equal(work.verify().status, 0, "audit verify")


run()
