"""What a round of torture.py happens in: an engine, state directories with hosts, and a second person.

Everything is a process of its own and may be killed at any moment. Nothing here judges; see
torture_checks.py.
"""

import contextlib
import glob
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

from program import RUNBOOK

RUNBOOKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torture")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
SECRET = "a secret of the hook"
ROLE = "arn:aws:iam::123456789012:role/torture"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"

# Fails until what it is part of has been redriven often enough.
HANDLERS = """
return {
  work = function(input)
    if input.redrives < input.need then error { error = "NotYet", cause = "wants " .. input.need } end
    return { done = input.n }
  end,
}
"""


def _task(end=True, **more):
    return {"Type": "Task", "Resource": FUNCTION, "End": end, **more,
            "Parameters": {"n.$": "$.n", "need.$": "$.need", "redrives.$": "$$.Execution.RedriveCount"}}


def _machine(state, **more):
    return json.dumps({"StartAt": "S", "States": {"S": {"End": True, **state, **more}}})


def _map(mode):
    processor = {"ProcessorConfig": mode, "StartAt": "W", "States": {"W": _task()}}
    return _machine({"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 3, "ItemProcessor": processor})


MACHINES = {
    "distributed": _map({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}),
    "inline": _map({"Mode": "INLINE"}),
    "parallel": _machine({"Type": "Parallel", "Branches": [
        {"StartAt": f"W{i}", "States": {f"W{i}": _task(InputPath=f"$.items[{i}]")}} for i in range(2)]}),
    "notes": _machine({"Type": "Pass"}),
}


FAKETIME = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)


class Clock:
    """How far the clocks of engine and hosts are ahead of this machine's; hosts need libfaketime for it."""

    def __init__(self):
        self.ahead = 0

    def environment(self, preload=None):
        """Of a process that has this clock, and another library put before it."""
        libraries = [preload] if preload else []
        env = {}
        if FAKETIME and "ASAN_OPTIONS" not in os.environ:  # also without a jump: it has a boot clock of its own
            libraries.append(FAKETIME)
            env["FAKETIME"] = f"+{self.ahead}s"
        return env | ({"LD_PRELOAD": " ".join(libraries)} if libraries else {})


class Lost(Exception):
    """The connection broke: nobody knows whether the engine did it."""


class Refused(Exception):
    """The engine's own error; args[0] is its code."""


class Engine:
    """`runbook local` on one folder and one port, over all its deaths."""

    def __init__(self, work):
        self.work, self.port, self.process, self.deaths = work, 0, None, 0
        self.clock = Clock()
        self.request_log = work.path("requests.jsonl")
        self.errors = work.path("engine.err")
        work.write("handlers.lua", HANDLERS)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        with open(self.errors, "a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [RUNBOOK, "local", "--data", self.work.path("engine"), "--handlers", self.work.path("handlers.lua"),
                 "--port", str(self.port), "--request-log", self.request_log],
                env=self.work.environment(), cwd=self.work.dir, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=errors, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise AssertionError(f"the engine did not start: {line!r}; see {self.errors}")
        self.port = int(found[1])

    def kill(self):
        self.process.kill()
        self.process.communicate()
        self.deaths += 1

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=30)

    def advance(self, seconds):
        """Let time go by, for hosts that are started from now on too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("POST", "/_runbook/control", json.dumps({"advance": f"{seconds}s"}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise AssertionError(f"the engine's clock: {answer.read()}")
        self.clock.ahead += seconds

    def call(self, operation, **members):
        """One request without another try: its answer, Refused or Lost."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers = {"X-Amz-Target": f"AWSStepFunctions.{operation}", "X-Amz-Date": date,
                   "Content-Type": "application/x-amz-json-1.0",
                   "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDSECOND/{date[:8]}/us-east-1/states/aws4_request, "
                                    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/", json.dumps(members), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as broken:
            raise Lost(str(broken)) from None
        finally:
            connection.close()
        body = json.loads(text)
        if answer.status != 200:
            raise Refused(body.get("__type", "").split("#")[-1], body)
        return body

    def sure(self, operation, **members):
        """The same request until it is answered."""
        limit = time.monotonic() + 60
        while True:
            try:
                return self.call(operation, **members)
            except Lost:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)

    def pages(self, operation, member, **members):
        found, token = [], {}
        while True:
            page = self.sure(operation, **members, **token)
            found += page[member]
            if not page.get("nextToken"):
                return found
            token = {"nextToken": page["nextToken"]}

    def set_up(self, rng, number):
        """Failed executions, and the machine that takes notes: their ARNs."""
        machines = {name: self.sure("CreateStateMachine", name=name, definition=text, roleArn=ROLE)["stateMachineArn"]
                    for name, text in MACHINES.items()}
        executions = []
        for i in range(number):
            kind = ("distributed", "distributed", "parallel", "inline")[i % 4]
            size = 2 if kind == "parallel" else rng.randint(2, 5)
            items = [{"n": n, "need": rng.randint(0, 3)} for n in range(size)]
            items[0]["need"] = rng.randint(2, 5)
            executions.append(self.sure("StartExecution", stateMachineArn=machines[kind], name=f"{kind}-{i}",
                                        input=json.dumps({"items": items}))["executionArn"])
        while any(self.sure("DescribeExecution", executionArn=arn)["status"] == "RUNNING" for arn in executions):
            time.sleep(0.02)
        return executions, machines["notes"]


class SecondPerson(threading.Thread):
    """Redrives the same executions over plain HTTP; asks again with the same token when nobody answers."""

    def __init__(self, engine, executions, rng):
        super().__init__(daemon=True)
        self.engine, self.executions, self.rng = engine, executions, rng
        self.done, self.tokens, self.leave = [], set(), threading.Event()
        self.quiet = threading.Lock()  # held while a redrive is not answered: a token lives for 15 minutes

    def run(self):
        while not self.leave.wait(self.rng.uniform(0.05, 0.5)):
            arn, token = self.rng.choice(self.executions), str(uuid.UUID(int=self.rng.getrandbits(128)))
            self.tokens.add(token)
            try:
                with self.quiet:
                    date = self.engine.sure("RedriveExecution", executionArn=arn, clientToken=token)["redriveDate"]
            except Refused:
                continue
            self.done.append((arn, round(date * 1000), "the second person's " + token))

    def end(self):
        if self.is_alive():
            self.leave.set()
            self.join(90)


class Station:
    """A state directory and the hosts that live in it."""

    def __init__(self, work, name, engine):
        self.work, self.name, self.engine = work, name, engine
        self.dir = work.path(name)
        os.makedirs(self.dir, exist_ok=True)
        self.state, self.hosts, self.serve, self.port = os.path.join(self.dir, "state"), [], None, 0
        self.deaths, self.n_hosts, self.accepted = 0, 0, []
        self.config = self._configure()

    def _configure(self):
        with open(os.path.join(self.dir, "secret"), "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        hooks = "".join(f"[hook {name}]\npath = /{name}\nheader = X-Signature\nsecret_file = {self.dir}/secret\n"
                        f"runbook = {RUNBOOKS}/{name}.lua\n" for name in ("again", "branches", "sleeper", "approved"))
        path = os.path.join(self.dir, "runbook.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"[host]\nstate_dir = {self.state}\n[sfn]\nendpoint = {self.engine.url}\nregion = us-east-1\n"
                       "[rules]\nsfn.redrive_execution = 1000\n[policy]\n"
                       "budget = sfn.redrive_execution 100000 per resource in 24h,"
                       " sfn.redrive_execution 100000 per group in 1h\n"
                       f"[listen]\naddress = 127.0.0.1:0\n{hooks}{self.schedules()}")
        return path

    def schedules(self):
        return ""

    def schedule(self, runbook, members):
        """Every minute, from the next start of `serve` on."""
        text = (f"[schedule every-minute]\ncron = * * * * *\nrunbook = {RUNBOOKS}/{runbook}.lua\n"
                f"input = {json.dumps(members)}\n")
        self.schedules = lambda: text
        self._configure()

    # ---- hosts ----

    def environment(self, fault=None):
        fault = dict(fault or {})
        return self.work.environment(**KEYS, **fault | self.engine.clock.environment(fault.pop("LD_PRELOAD", None)))

    def _start(self, *args, fault=None):
        self.n_hosts += 1
        base = os.path.join(self.dir, f"{self.n_hosts:03}-{args[0]}")
        with open(base + ".out", "w", encoding="utf-8") as out, open(base + ".err", "w", encoding="utf-8") as err:
            process = subprocess.Popen([RUNBOOK, *args, "--config", self.config], cwd=self.dir,
                                       env=self.environment(fault),
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        process.base = base
        self.hosts.append(process)
        return process

    def run(self, runbook, members, fault=None):
        return self._start("run", f"{RUNBOOKS}/{runbook}.lua", "--input", json.dumps(members), fault=fault)

    def resume(self, run, fault=None):
        return self._start("resume", run, fault=fault)

    def start_serve(self, fault=None, limit=30):
        """True once it is ready; False when it ended or was not ready in time."""
        self.port, self.serve = 0, self._start("serve", fault=fault)
        limit += time.monotonic()
        while time.monotonic() < limit:
            with open(self.serve.base + ".err", encoding="utf-8") as file:
                said = file.read()
            if "ready:" in said and "state in" in said:
                self.port = int(re.search(r"port (\d+)", said)[1])
                return True
            if self.serve.poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def post(self, runbook, members):
        """A signed delivery."""
        body = json.dumps(members).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{runbook}", data=body, method="POST",
                                         headers={"Content-Type": "application/json", "X-Signature": signature})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                self.accepted.append(json.loads(answer.read())["run"])
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            pass  # it died meanwhile

    def alive(self):
        self.hosts = [h for h in self.hosts if h.poll() is None]
        return self.hosts

    def kill(self):
        """SIGKILL to every host at once. How many were alive?"""
        killed = self.alive()
        for host in killed:
            host.kill()
        for host in killed:
            host.wait()
        self.hosts, self.serve = [], None
        self.deaths += len(killed)
        return len(killed)

    def kill_owner(self):
        """SIGKILL to the oldest host, the owner more often than not: others take over what it did."""
        for host in self.alive()[:1]:
            host.kill()
            host.wait()
            self.deaths += 1

    def stop_serve(self):
        if self.serve and self.serve.poll() is None:
            self.serve.send_signal(signal.SIGTERM)
            self.serve.wait(60)

    # ---- what is on record ----

    def command(self, *args, limit=60):
        done = subprocess.run([RUNBOOK, *args], cwd=self.dir, env=self.environment(), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False)
        return done.returncode, done.stdout, done.stderr

    def open_runs(self):
        """Ids of the runs that are not over."""
        if not os.path.exists(os.path.join(self.state, "runs.db")):
            return []
        return [row[0] for row in self.rows("SELECT id FROM run WHERE state IN ('queued', 'running', 'waiting')")]

    def unsettled(self):
        return self.rows("SELECT run FROM unsettled")

    def rows(self, query):
        """What the store has; by the database's own reading, so hosts may be alive."""
        path = os.path.join(self.state, "runs.db")
        if not os.path.exists(path):
            return []
        for _ in range(200):
            connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError as busy:
                if "no such table" in str(busy):
                    return []
                time.sleep(0.05)
            finally:
                connection.close()
        raise AssertionError(f"{path} cannot be read: {query}")

    def waiting_approvals(self):
        return [row[0] for row in self.rows("SELECT id FROM run WHERE waits_for = 'approval' OR id IN (SELECT r.id "
                "FROM run r JOIN approval a ON a.run = r.num WHERE r.state IN ('running', 'waiting') AND NOT EXISTS "
                "(SELECT 1 FROM vote v WHERE v.run = a.run AND v.path = a.path))")]
