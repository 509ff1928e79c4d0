"""What the shell, the disk and the terminal around `runbook` can do to it."""

import os
import resource
import signal
import subprocess

from program import RUNBOOK, Workspace
from tap import check, check_equal, run, test

OK = 'log.info "at work"; return {}'


def read_until(stream, text):
    """Wait for the line that says so."""
    for line in stream:
        if text in line:
            return
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
