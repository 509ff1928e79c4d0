"""What the shell, the disk and the terminal around `runbook` can do to it."""

import contextlib
import fcntl
import hmac
import os
import pty
import re
import resource
import signal
import socket
import struct
import subprocess
import termios

from program import RUNBOOK, Workspace
from tap import check, check_equal, run, test

OK = 'log.info "at work"; return {}'


def read_until(stream, text):
    """Wait for the line that says so, and give it."""
    for line in stream:
        if text in line:
            return line
    raise AssertionError(f"the program ended without saying {text!r}")


def in_shell(work, command):
    """The command by sh, with $runbook, $work and $config filled in. @return its status and standard error"""
    ended = subprocess.run(["sh", "-c", command], cwd=work.dir, text=True, timeout=60, check=False,
                           capture_output=True,
                           env=work.environment(runbook=RUNBOOK, work=work.dir, config=work.config))
    return ended.returncode, ended.stderr


@test
def a_closed_standard_stream_is_not_taken_for_another_file():
    with Workspace() as work:
        work.write("ok.lua", OK)
        for closed, want in (("<&-", 0), (">&-", 1), ("2>&-", 0), ("<&- >&- 2>&-", 1)):
            status, said = in_shell(work, f'"$runbook" run ok.lua --config "$config" {closed}')
            check_equal(status, want, f"exit status with {closed}, having said {said}")
        check_equal(work.verify().status, 0, "audit verify")


@test
def what_cannot_be_printed_is_said_and_is_a_failure():
    with Workspace() as work:
        work.write("ok.lua", OK)
        for command in ("run ok.lua", "ops"):
            status, said = in_shell(work, f'"$runbook" {command} --config "$config" >/dev/full')
            check_equal(status, 1, f"exit status of {command}, having said {said}")
        for command in ("help", "version", "run --help", "local --help", "audit verify state/audit",
                        "audit show state/audit"):
            status, said = in_shell(work, f'"$runbook" {command} >/dev/full')
            check_equal(status, 1, f"exit status of {command}, having said {said}")
        _, said = in_shell(work, '"$runbook" run ok.lua --config "$config" >/dev/full')
        check("cannot be printed: No space left" in said, f"no reason in {said}")


@test
def a_full_disk_is_status_7_also_when_only_the_end_of_the_run_cannot_be_recorded():
    with Workspace() as work:
        work.write("long.lua", "for i = 1, 100 do log.info(i) end; return {}")
        for size in (0, 300, 1024, 1200, 1400):
            process = work.start("run", "long.lua", "--config", work.config)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
            _, err = process.communicate(timeout=20)
            check(process.returncode in (0, 7), f"at {size} bytes: {process.returncode}, {err}")
        limited = in_shell(work, 'ulimit -f 0; "$runbook" run long.lua --config "$config"')
        check_equal(limited[0], 7, f"exit status with nothing writable, having said {limited[1]}")
        limited = in_shell(work, 'ulimit -f 1; "$runbook" run long.lua --config "$config"')
        check_equal(limited[0], 7, f"exit status with 512 bytes, having said {limited[1]}")
        check("audit log" in limited[1], f"no reason in {limited[1]}")
        check_equal(work.run(OK).status, 0, "a run once there is room again")
        check_equal(work.verify().status, 0, f"audit verify\n{work.verify()}")
        check(not [name for name in os.listdir(work.audit_dir) if name.endswith(".new")],
              "segments that could not be created are left over")


@test
def a_daemon_that_cannot_record_stops():
    with Workspace() as work:
        work.write("ok.lua", OK)
        work.configure(more="[listen]\naddress = 127.0.0.1:0\n[hook a]\npath = /a\nheader = X-S\n"
                            "secret_env = HOME\nrunbook = ok.lua")
        process = work.start("serve", "--config", work.config)
        port = re.search(r"port (\d+)", read_until(process.stderr, "hooks are received"))[1]
        read_until(process.stderr, "state in")
        size = max(os.path.getsize(segment) for segment in work.segments())
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
        signature = hmac.digest(work.dir.encode(), b"{}", "sha256").hex()
        with socket.create_connection(("127.0.0.1", int(port)), 10) as connection:
            connection.sendall(f"POST /a HTTP/1.1\r\nHost: a\r\nX-S: {signature}\r\n"
                               "Content-Length: 2\r\n\r\n{}".encode())
            _, err = process.communicate(timeout=20)
        check_equal(process.returncode, 7, f"exit status, having said {err}")
        check("audit log unavailable" in err, f"no reason in {err}")


@test
def a_terminal_that_is_closed_cancels_and_nohup_prevents_it():
    with Workspace() as work:
        file = work.write("wait.lua", 'log.info "waiting"; sleep(600)')
        process = work.start("run", file, "--config", work.config)
        read_until(process.stderr, "waiting")
        process.send_signal(signal.SIGHUP)
        _, err = process.communicate(timeout=20)
        check_equal(process.returncode, 3, f"exit status, having said {err}")
        status, said = in_shell(work, """
            trap '' HUP
            echo 'log.info "waiting"; sleep(600)' >wait.lua
            "$runbook" run wait.lua --config "$config" 2>said &
            until grep -q waiting said 2>/dev/null; do kill -0 $! || exit 9; done
            kill -HUP $!; kill -TERM $!; wait $!; status=$?; cat said >&2; exit $status""")
        check_equal(status, 3, f"exit status, having said {said}")
        check_equal(work.verify().status, 0, "audit verify")


@contextlib.contextmanager
def on_terminal(work, columns, *args):
    """Run `runbook ARGS` with standard error on a terminal of that width; gives what came there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([RUNBOOK, *args], cwd=work.dir, env=work.environment(), stderr=theirs,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError), os.fdopen(ours, "rb", buffering=0) as stream:
        while chunk := stream.read(65536):
            said += chunk
    yield process.wait(20), said.decode()


@test
def progress_is_one_line_that_fits_the_terminal():
    with Workspace() as work:
        work.write("bar.lua", 'progress { done = 1, total = 2, text = ("länge "):rep(30) }\n'
                              'log.info("between")\nreturn {}')
        with on_terminal(work, 60, "run", "bar.lua", "--config", work.config) as (status, said):
            check_equal(status, 0, f"exit status, having said {said}")
            drawn = re.findall("\\x1b\\[K(\\[[^\r\x1b]*)", said)
            check_equal(len(drawn), 2, f"times the bar was drawn in {said!r}")
            check_equal([len(line) for line in drawn], [59, 59], "columns of the bar")


@test
def numbers_of_every_kind_make_a_bar():
    with Workspace() as work:
        ended = work.run("for _, done in ipairs { 0, 1/0, -1/0, 0/0, 1e300, 5e-324 } do\n"
                         "  for _, total in ipairs { 0, 1/0, -1/0, 0/0, 1e300, 5e-324, 1 } do\n"
                         "    progress { done = done, total = total }\n  end\nend\nreturn {}")
        check_equal(ended.status, 0, f"the run\n{ended}")


@test
def text_from_elsewhere_cannot_drive_the_terminal_or_forge_a_line():
    with Workspace() as work:
        text = 'a\\27[2Jb\\u{9b}\\tc\\n2026-11-22T00:00:00.000Z error forged\\n'
        ended = work.run(f'log.info("{text}"); progress {{ done = 1, total = 2, text = "{text}" }}\n'
                         f'error("{text}")')
        check_equal(ended.status, 1, f"the run\n{ended}")
        check("\x1b" not in ended.err and "\x9b" not in ended.err, f"control characters in {ended.err!r}")
        check("a\\u001b[2Jb\\u009b\tc\n    2026" in ended.err, f"not shown in {ended.err!r}")
        check("\n2026-11-22T00:00:00.000Z" not in ended.err, f"a forged line in {ended.err!r}")


@test
def a_configuration_that_cannot_work_is_refused_at_the_start():
    with Workspace() as work:
        work.write("ok.lua", OK)
        for section, reason in (
                ("[schedule a]\ncron = * * * * *\nrunbook = none.lua", "runbook = none.lua: No such file"),
                ("[listen]\naddress = 127.0.0.1:0\n[hook a]\npath = /a\nheader = X Sig\n"
                 "secret_env = HOME\nrunbook = ok.lua", "header 'X Sig' is no header name"),
                ("[rules]\nsfn.redrive_executions = 0", "no plugin has this operation"),
                ("[limits]\nmemory = 99999999999G", "at most 1024G"),
                ("[limits]\npassive = 0s", "expected a duration"),
                ("[limits]\nparallel = 10001", "branches from 1 to 10000")):
            work.configure(more=section)
            ended = work.command("serve", "--config", work.config, limit=20)
            check_equal(ended.status, 2, f"{section}\n{ended}")
            check(reason in ended.err, f"no reason in {ended.err}")


@test
def a_run_by_hand_needs_no_secret_of_the_hooks():
    with Workspace() as work:
        work.write("ok.lua", OK)
        work.configure(more="[listen]\naddress = 127.0.0.1:0\n[hook a]\npath = /a\nheader = X-S\n"
                            "secret_env = NOWHERE\nrunbook = ok.lua")
        check_equal(work.run("ok.lua").status, 0, "a run")
        ended = work.command("serve", "--config", work.config, limit=20)
        check_equal(ended.status, 2, f"serve\n{ended}")
        check("secret_env = NOWHERE: expected a secret there" in ended.err, f"no reason in {ended.err}")


@test
def a_file_without_an_end_is_refused():
    with Workspace() as work:
        work.write("ok.lua", OK)
        for args in (("--input", "@/dev/zero"), ("--config", "/dev/zero")):
            ended = work.command("run", "ok.lua", *args, limit=20)
            check_equal(ended.status, 2, f"{args}\n{ended}")
            check("larger than" in ended.err, f"no reason in {ended.err}")


@test
def an_unknown_letter_is_named():
    with Workspace() as work:
        work.write("ok.lua", OK)
        ended = work.command("run", "-xi", "a=1", "ok.lua")
        check_equal(ended.status, 2, f"{ended}")
        check("'-x'" in ended.err, f"not named in {ended.err}")


run()
