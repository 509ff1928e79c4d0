"""The real programs as processes: `runbook run`, `runbook local`, `runbook serve`.

RUNBOOK and BUILD_DIR come from the build; run by hand, the tests take what is in build/. Every process gets an environment made from nothing:
no AWS variable, no proxy, no file of the user, and RUNBOOK_LOOPBACK_ONLY=1.
"""

import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SOURCE_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD_DIR = os.environ.get("BUILD_DIR", os.path.join(SOURCE_ROOT, "build"))
RUNBOOK = os.environ.get("RUNBOOK", os.path.join(BUILD_DIR, "runbook"))
SCRIPTS = os.path.join(SOURCE_ROOT, "scripts")
PEERS = os.path.join(SOURCE_ROOT, "build", "peers")

# Peers that `tests/run --peers` installed; what the system has goes first.
sys.path.extend(glob.glob(os.path.join(PEERS, "lib", "python3*", "site-packages")))


def orders_definition():
    """The quickstart's state machine, so that every test runs the same one."""
    with open(os.path.join(SCRIPTS, "orders", "start.lua"), encoding="utf-8") as file:
        return re.search(r"local definition = \[\[(.*?)\]\]", file.read(), re.S)[1]


def said_when_ready(process):
    """What a `runbook serve` has said on standard error by the time it is ready."""
    said = ""
    for line in process.stderr:
        said += line
        if "state in" in line:
            break
    if "ready:" not in said:
        raise AssertionError(f"serve ended: {said}")
    return said


class Ended:
    """A process that has ended."""

    def __init__(self, process, out, err):
        self.status, self.out, self.err = process.returncode, out, err

    @property
    def result(self):
        """What the runbook returned."""
        return json.loads(self.out)

    def __repr__(self):
        return f"exit status {self.status}\nout: {self.out}\nerr: {self.err}"


class Workspace:
    """A folder of its own with a configuration, a state directory and an engine's data."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="runbook-test-")
        self.audit_dir = os.path.join(self.dir, "state", "audit")
        self.data = os.path.join(self.dir, "engine")
        self.handlers = self.write("handlers.lua", self._orders_handlers())
        self.config = None
        self.configure()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    @staticmethod
    def _orders_handlers():
        with open(os.path.join(SCRIPTS, "orders", "handlers.lua"), encoding="utf-8") as file:
            return file.read()

    def repair_mail_server(self):
        text = self._orders_handlers().replace("mail_server_is_up = false", "mail_server_is_up = true")
        self.write("handlers.lua", text)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def configure(self, endpoint="local", more=""):
        local = ""
        if endpoint == "local":
            local = f"local_data = {self.data}\nlocal_handlers = {self.handlers}\n"
        self.config = self.write("runbook.conf", f"""\
[host]
state_dir = {self.path("state")}

[sfn]
endpoint = {endpoint}
region = us-east-1
{local}
{more}
""")

    def environment(self, **more):
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TMPDIR", "LD_LIBRARY_PATH")
        env = {name: os.environ[name] for name in keep if name in os.environ}
        env |= {"HOME": self.dir, "LC_ALL": "C.UTF-8", "RUNBOOK_LOOPBACK_ONLY": "1"}
        env |= {name: value for name, value in more.items() if value is not None}
        return env

    def start(self, *args, **env):
        """Start `runbook ARGS`, output in pipes; the caller ends it."""
        return subprocess.Popen([RUNBOOK, *args], env=self.environment(**env), cwd=self.dir,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def command(self, *args, limit=60, **env):
        """Run `runbook ARGS` to its end."""
        process = self.start(*args, **env)
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"runbook {args} did not end in {limit} s\n{out}\n{err}") from None
        return Ended(process, out, err)

    def run(self, file, *args, limit=60, **env):
        """Run `runbook run FILE`; a file that is not a path is text of a runbook."""
        if not file.endswith(".lua"):
            file = self.write("test.lua", file)
        return self.command("run", file, "--config", self.config, *args, limit=limit, **env)

    @contextlib.contextmanager
    def serve(self, *args, **env):
        """`runbook serve` until the block ends; gives the process and what it said when it was ready."""
        process = self.start("serve", "--config", self.config, *args, **env)
        try:
            yield process, said_when_ready(process)
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=20)
            if process.returncode != 0:
                raise AssertionError(f"exit status of serve after SIGTERM: {process.returncode}\n{err}")
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    @contextlib.contextmanager
    def engine(self, *args, **env):
        """`runbook local` on this workspace's data; gives the process and its URL."""
        process = self.start("local", "--data", self.data, "--handlers", self.handlers, *args, **env)
        try:
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if not found:
                process.kill()
                raise AssertionError(f"runbook local said {line!r}: {process.communicate()[1]}")
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)

    def segments(self):
        """The files of the audit log, oldest first: open ones and, in folders of their day, sealed ones."""
        found = glob.glob(os.path.join(self.audit_dir, "**", "*.jsonl"), recursive=True)
        return sorted(found, key=os.path.basename)

    def records(self):
        """Every whole record of the audit log, segment by segment, in the order written."""
        found = []
        for segment in self.segments():
            with open(segment, "rb") as file:
                found.append([json.loads(line) for line in file.read().split(b"\n")[:-1]])
        return found

    def verify(self):
        return self.command("audit", "verify", self.audit_dir)


def boto3_client(url):
    """A boto3 Step Functions client that cannot leave the machine, or Skip."""
    from tap import Skip
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise Skip("boto3 is not installed") from None
    client = boto3.client("stepfunctions", region_name="us-east-1", endpoint_url=url,
                          aws_access_key_id="AKIDLOCAL", aws_secret_access_key="local",
                          config=Config(retries={"total_max_attempts": 1}, proxies={}))
    if not hasattr(client, "redrive_execution"):
        raise Skip(f"boto3 {boto3.__version__} has no redrive_execution")
    return client
