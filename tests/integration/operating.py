"""Looking after a host: `runbook status`, the pages for machines, the service manager."""

import contextlib
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from program import PEERS, RUNBOOK, SCRIPTS, Workspace
from tap import Skip, check, check_equal, run, test

SLEEPER = "sleep(300)\n"
RAISES = "return { accept = function(delivery) error(delivery.body.text) end }\n"
HOOK_SECRET = "a secret of the hook"


@contextlib.contextmanager
def serving(work, more, *args, **env):
    """`runbook serve` until the block ends; gives the process and what it said when it was ready."""
    work.write("secret", HOOK_SECRET + "\n")
    work.write("sleeper.lua", SLEEPER)
    work.configure(more=more)
    with work.serve(*args, **env) as served:
        yield served


def hook(work, name="sleep"):
    return (f"[hook {name}]\npath = /hooks/{name}\nheader = X-Signature\n"
            f"secret_file = {work.path('secret')}\nrunbook = {work.path('sleeper.lua')}\n\n")


def schedule(work, name="nightly", cron="15 2 * * *", more=""):
    return f"[schedule {name}]\ncron = {cron}\nrunbook = {work.path('sleeper.lua')}\n{more}\n"


def status(work, want=0):
    ended = work.command("status", "--json", "--config", work.config)
    check_equal(ended.status, want, f"runbook status\n{ended}")
    return json.loads(ended.out)


@test
def a_directory_that_nobody_owns_says_so():
    with Workspace() as work:
        found = status(work, want=1)
        check("owner" not in found and "runs" not in found, f"nothing was run: {found}")
        text = work.command("status", "--config", work.config).out
        check("none was ever started" in text and "MiB free" not in text, f"for people\n{text}")
        ended = work.run("return 1")
        check_equal(ended.status, 0, f"a run\n{ended}")
        found = status(work, want=1)
        check_equal(found["runs"], {"queued": 0, "running": 0, "waiting": 0, "parked": 0}, "runs")
        check(found["audit"]["lastCheckpoint"].startswith("20"), f"a checkpoint: {found}")
        check(0 < found["disk"]["percent"] <= 100 and found["disk"]["free"] > 0, f"disk: {found}")
        text = work.command("status", "--config", work.config)
        check("no process goes on" in text.out, f"for people\n{text}")


@test
def the_owner_tells_how_it_is():
    with Workspace() as work:
        more = "[listen]\naddress = 127.0.0.1:0\n\n" + hook(work) + schedule(work)
        with serving(work, more) as (process, said):
            port = re.search(r"port (\d+)", said)[1]
            found = status(work)
            check_equal(found["owner"]["pid"], process.pid, "pid")
            check_equal(found["owner"]["command"], "serve", "command")
            check_equal(found["listeners"], [f"127.0.0.1:{port}"], "listeners")
            check_equal(found["schedules"]["count"], 1, "schedules")
            check("T02:15:00" in found["schedules"]["next"], f"the next firing: {found}")
            check_equal(found["unsettledCalls"], 0, "unsettled calls")
            check(0 <= found["audit"]["lagMs"] < 10000 and "failed" not in found["audit"],
                  f"audit: {found}")
            check("hold" not in found, f"not held: {found}")
            held = work.command("hold", "--reason", "ticket 4711", "--config", work.config)
            check_equal(held.status, 0, f"hold\n{held}")
            check_equal(status(work)["hold"]["reason"], "ticket 4711", "the hold's reason")
            text = work.command("status", "--config", work.config).out
            for part in (f"pid {process.pid}", "ticket 4711", f"127.0.0.1:{port}", "1, 0 paused"):
                check(part in text, f"{part!r} for people: {text}")


@test
def a_stopped_owner_is_told_from_none():
    with Workspace() as work:
        with serving(work, schedule(work)) as (process, _):
            os.kill(process.pid, signal.SIGSTOP)
            try:
                found = status(work, want=5)
                check(str(process.pid) in found["silent"], f"who does not answer: {found}")
                check("runs" in found, f"the store is read beside it: {found}")
            finally:
                os.kill(process.pid, signal.SIGCONT)


# ---- the pages for machines ----

ADMIN = "[admin]\naddress = 127.0.0.1:0\n\n"
LISTEN = "[listen]\naddress = 127.0.0.1:0\n\n"


def port_of(said, what):
    return int(re.search(rf"{what} at .*port (\d+)", said)[1])


def get(port, path, method="GET", body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def deliver(port, name="sleep", secret=HOOK_SECRET, body=b"{}"):
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return get(port, f"/hooks/{name}", "POST", body, X_Signature=signature)


def parse_openmetrics(text):
    """Samples by name with labels; checks what OpenMetrics 1.0 asks of the text on the way."""
    check(text.endswith("\n# EOF\n") and text.count("# EOF") == 1, "it ends with # EOF")
    samples, family, kinds = {}, None, {}
    for line in text.splitlines()[:-1]:
        kind = re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line)
        if kind:
            family = kind[1]
            check(family not in kinds, f"{family} has one place")
            kinds[family] = kind[2]
            continue
        about = re.fullmatch(r"# (HELP|UNIT) (\w+) (.+)", line)
        if about:
            check_equal(about[2], family, "a family's lines stand together")
            check(about[1] == "HELP" or family.endswith("_" + about[3]), f"unit of {family}")
            continue
        sample = re.fullmatch(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)', line)
        check(sample, f"a sample: {line!r}")
        suffix = {"counter": "_total", "gauge": "", "histogram": "_(bucket|count|sum)"}[kinds[family]]
        check(re.fullmatch(family + suffix, sample[1]), f"{sample[1]} in {family}")
        key = sample[1] + (f"{{{sample[2]}}}" if sample[2] else "")
        check(key not in samples, f"{key} is there once")
        samples[key] = float(sample[3])
    return samples


def metrics(port):
    answer, text = get(port, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    check_equal(answer.headers["Content-Type"],
                "application/openmetrics-text; version=1.0.0; charset=utf-8", "type")
    return parse_openmetrics(text)


def metrics_with(port, sample):
    """What is counted, once that sample is there."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        seen = metrics(port)
        if sample in seen:
            return seen
    raise AssertionError(f"{sample} did not come: {seen}")


@test
def machines_see_whether_it_lives_and_takes_triggers():
    with Workspace() as work, serving(work, ADMIN + schedule(work)) as (process, said):
        port = port_of(said, "dashboard and metrics are served")
        check_equal(status(work)["listeners"], [f"127.0.0.1:{port}"], "listeners")
        for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
            answer, body = get(port, path)
            check_equal((answer.status, body), (200, text), path)
            check_equal(answer.headers["Cache-Control"], "no-store", "not to be kept")
        check_equal(get(port, "/healthz", "HEAD")[0].status, 200, "HEAD")
        check_equal(get(port, "/healthz", "POST", b"")[0].status, 405, "POST")
        check_equal(get(port, "/other")[0].status, 404, "another path")
        check_equal(get(port, "/")[0].status, 403, "the dashboard is for who has logged in")


@test
def monitoring_without_an_address_is_refused_by_line():
    with Workspace() as work:
        work.configure(more="[admin]\nplain = true\n\n" + schedule(work))
        ended = work.command("serve", "--config", work.config)
        check(ended.status == 2 and "[admin] needs address" in ended.err, f"{ended}")
        work.configure(more="[admin]\naddress = 0.0.0.0:0\n\n" + schedule(work))
        ended = work.command("serve", "--config", work.config)
        check(ended.status == 2 and "expected a loopback address" in ended.err, f"{ended}")


@test
def what_happens_is_counted():
    with Workspace() as work:
        work.write("three.lua", "sleep(0.001) sleep(0.001) return { at = now() }\n")
        more = ADMIN + LISTEN + hook(work) + (
            f"[schedule often]\ncron = * * * * * *\nrunbook = {work.path('three.lua')}\n\n")
        with serving(work, more) as (_, said):
            port, hooks = port_of(said, "dashboard and metrics are served"), port_of(said, "hooks are received")
            check_equal(deliver(hooks)[0].status, 202, "a delivery")
            check_equal(deliver(hooks, secret="another")[0].status, 404, "a wrong signature")
            check_equal(deliver(hooks, name="unknown")[0].status, 404, "an unknown hook")
            seen = metrics_with(port, 'runbook_runs_ended_total{outcome="done"}')
            check(seen["runbook_runs_started_total"] >= 2, f"runs begun: {seen}")
            check(seen["runbook_runs_alive"] >= 1, f"the sleeper: {seen}")
            check(seen['runbook_steps_total{kind="sleep"}'] >= 2, f"steps: {seen}")
            check(seen['runbook_schedule_firings_total{schedule="often",state="started"}'] >= 1, f"{seen}")
            check(seen['runbook_schedule_lag_seconds_count{schedule="often"}'] >= 1, f"lag: {seen}")
            check_equal(seen['runbook_webhook_deliveries_total{hook="sleep",outcome="accepted"}'], 1, "accepted")
            check_equal(seen['runbook_webhook_deliveries_total{hook="sleep",outcome="rejected"}'], 1, "rejected")
            refused = [k for k in seen if k.startswith("runbook_webhook_rejections_total")]
            check_equal(len(refused), 2, f"why: {refused}")
            check(seen["process_resident_memory_bytes"] > 1 << 20, f"memory: {seen}")
            check(seen["runbook_audit_records_total"] > 3 and seen["runbook_audit_failed"] == 0, f"{seen}")
            check_equal(seen['runbook_build_info{version="0.1.0"}'], 1, "version")


@test
def what_an_error_says_is_no_label():
    with Workspace() as work:
        raises = hook(work).strip() + f"\naccept = {work.write('raises.lua', RAISES)}\n\n"
        with serving(work, ADMIN + LISTEN + raises) as (_, said):
            port, hooks = port_of(said, "dashboard and metrics are served"), port_of(said, "hooks are received")
            for text in (b'{"text":"one"}', b'{"text":"two"}'):
                check_equal(deliver(hooks, body=text)[0].status, 500, "accept raises")
            counted = 'runbook_webhook_rejections_total{hook="sleep",reason="the run could not be started"}'
            seen = {k: v for k, v in metrics_with(port, counted).items() if "rejections_total" in k}
            check_equal(seen, {counted: 2}, "rejections")


@test
def calls_are_counted_by_operation_and_outcome():
    with Workspace() as work:
        work.write("calls.lua", """
            local sfn = require "sfn"
            pcall(sfn.describe_execution, { executionArn =
              "arn:aws:states:us-east-1:123456789012:execution:none:none" })
            pcall(sfn.describe_map_run, { mapRunArm = "misspelt" })
            return {}""")
        more = ADMIN + f"[schedule often]\ncron = * * * * * *\nrunbook = {work.path('calls.lua')}\n\n"
        with serving(work, more) as (_, said):
            port = port_of(said, "dashboard and metrics are served")
            seen = metrics_with(port, 'runbook_runs_ended_total{outcome="done"}')
            error = 'runbook_calls_total{operation="sfn.describe_execution",outcome="error"}'
            check(seen[error] >= 1, f"an error: {seen}")
            check(seen['runbook_call_duration_seconds_count{operation="sfn.describe_execution"}'] >= 1, f"{seen}")
            invalid = 'runbook_calls_total{operation="sfn.describe_map_run",outcome="invalid"}'
            check(seen[invalid] >= 1, f"one that was never sent: {seen}")


@test
def promtool_has_nothing_to_say():
    promtool = shutil.which("promtool") or shutil.which("promtool", path=os.path.join(PEERS, "bin"))
    if not promtool:
        raise Skip("promtool (Debian's package prometheus) is not installed")
    with Workspace() as work:
        more = ADMIN + LISTEN + hook(work) + schedule(work, cron="* * * * * *")
        with serving(work, more) as (_, said):
            deliver(port_of(said, "hooks are received"))
            port = port_of(said, "dashboard and metrics are served")
            metrics_with(port, 'runbook_schedule_firings_total{schedule="nightly",state="started"}')
            text = get(port, "/metrics")[1]
            ended = subprocess.run([promtool, "check", "metrics"], input=text, text=True,
                                   capture_output=True, timeout=60, check=False)
            check(ended.returncode == 0 and not ended.stderr, f"promtool: {ended}")


# ---- the service manager ----

class Manager:
    """What systemd is to a service: the socket of sd_notify."""

    def __init__(self, work):
        self.path = work.path("notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(30)

    def told(self, what):
        """The first message that has that line; others are passed over."""
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            if what in lines:
                return lines


@test
def the_service_manager_is_told():
    with Workspace() as work:
        manager = Manager(work)
        env = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"}
        with serving(work, schedule(work), **env) as (process, _):
            lines = manager.told("READY=1")
            check(any(l.startswith("STATUS=ready: 1 schedules") for l in lines), f"{lines}")
            for _ in range(3):
                manager.told("WATCHDOG=1")
            process.send_signal(signal.SIGTERM)
            manager.told("STOPPING=1")


@test
def a_watchdog_of_another_process_is_not_ours():
    with Workspace() as work:
        manager = Manager(work)
        env = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
        with serving(work, ADMIN + schedule(work), **env) as (_, said):
            manager.told("READY=1")
            metrics_with(port_of(said, "dashboard and metrics are served"), "runbook_loop_lag_seconds_count")
            manager.socket.setblocking(False)
            try:
                check(False, f"it was told {manager.socket.recv(4096)}")
            except BlockingIOError:
                pass


@test
def a_manager_that_cannot_be_told_is_an_error():
    with Workspace() as work:
        work.configure(more=schedule(work))
        work.write("sleeper.lua", SLEEPER)
        ended = work.command("serve", "--config", work.config, NOTIFY_SOCKET="relative")
        check(ended.status == 2 and "NOTIFY_SOCKET=relative" in ended.err, f"{ended}")


@test
def sockets_of_the_service_manager_are_used():
    with Workspace() as work:
        work.write("secret", HOOK_SECRET + "\n")
        work.write("sleeper.lua", SLEEPER)
        more = "[listen]\naddress = socket:hooks\nplain = true\n\n" + hook(work)
        work.configure(more=more)
        ended = work.command("serve", "--config", work.config)
        check(ended.status == 2 and "socket:hooks: the service manager has handed over no" in ended.err, f"{ended}")
        server = socket.create_server(("127.0.0.1", 0))
        other = socket.create_server(("127.0.0.1", 0))
        env = work.environment(LISTEN_FDS="2", LISTEN_FDNAMES="else:hooks")
        fds = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 20) for s in (other, server)]

        def hand_over():
            for at, fd in enumerate(fds):
                os.dup2(fd, 3 + at)

        process = subprocess.Popen(["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", RUNBOOK, "serve", "--config",
                                    work.config], env=env, cwd=work.dir, stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, close_fds=False, preexec_fn=hand_over)
        try:
            answer, _ = deliver(server.getsockname()[1])
            check_equal(answer.status, 202, "a delivery over the socket")
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as limits:
                core = [l.split()[4:6] for l in limits if l.startswith("Max core file size")]
            check_equal(core, [["0", "0"]], "no core")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        check_equal(process.returncode, 0, "exit status")


@test
def what_root_does_leaves_the_state_to_its_owner():
    if os.getuid() != 0:
        raise Skip("only root can be two users")
    try:
        subprocess.run([RUNBOOK, "--version"], user=65534, group=65534, extra_groups=[], capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        raise Skip("others than root cannot run the program where it lies") from None
    with Workspace() as work:
        work.configure()
        runbook = work.write("one.lua", "return 1\n")
        state = work.path("state")
        for of_nobody in (work.dir, state):
            os.makedirs(of_nobody, exist_ok=True)
            os.chown(of_nobody, 65534, 65534)
        for user, *command in ((0, "run", runbook), (65534, "run", runbook), (0, "hold"), (0, "release"),
                               (0, "run", runbook), (65534, "run", runbook), (65534, "audit", "verify")):
            ended = subprocess.run([RUNBOOK, *command, "--config", work.config], env=work.environment(), cwd=work.dir,
                                   user=user, group=user, extra_groups=[], stdin=subprocess.DEVNULL,
                                   capture_output=True, text=True, timeout=60, check=False)
            check_equal(ended.returncode, 0, f"{command} of user {user}\n{ended.stderr}{ended.stdout}")
        owners = {os.lstat(os.path.join(folder, name)).st_uid
                  for folder, _, names in os.walk(state) for name in [*names, "."]}
        check_equal(owners, {65534}, "whose the files are")


@test
def the_unit_file_lets_serve_see_who_votes():
    # user_namespaces(7): /proc/PID/loginuid of whom the namespace does not map reads as "never logged in"
    with open(os.path.join(SCRIPTS, "systemd", "runbook.service"), encoding="utf-8") as file:
        said = dict(line.strip().split("=", 1) for line in file if re.match(r"\w+=", line))
    hiding = {"PrivateUsers", "PrivatePIDs", "ProtectProc", "ProcSubset"} & said.keys()
    check_equal(hiding, set(), "what hides the login user of a voter")
    check_equal(said["NoNewPrivileges"], "yes", "the unit was read")


@test
def the_unit_file_leaves_little_open():
    analyze = shutil.which("systemd-analyze")
    unit = os.path.join(SCRIPTS, "systemd", "runbook.service")
    if not analyze:
        raise Skip("systemd-analyze is not installed")
    ended = subprocess.run([analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", unit],
                           capture_output=True, text=True, timeout=60, check=False)
    if "unrecognized option" in ended.stderr:
        raise Skip("systemd-analyze is too old for --offline")
    check_equal(ended.returncode, 0, f"systemd-analyze security\n{ended.stdout}\n{ended.stderr}")


run()
