"""What stands between a host that somebody has broken into and the machine: refused system calls, no rights to
win back."""

import errno
import json
import os
import re

from program import BUILD_DIR, Workspace
from tap import Skip, check, check_equal, run, test

PLUGINS = os.path.join(BUILD_DIR, "tests", "plugins")
REFUSED = {"execve", "execveat", "fork", "namespace", "unshare", "ptrace", "process_vm_readv", "mount", "bpf",
           "perf_event_open", "keyctl", "userfaultfd", "init_module", "kexec_load", "personality", "setuid",
           "io_uring_setup", "typing", "raw", "packet", "alg", "vsock", "netlink"}
TRY = """\
local said = "tried"
for name, number in pairs(require "intruder".try {}) do said = said .. (" %s=%d"):format(name, number) end
log.info(said)
"""
NEEDED = {"routes", "tcp", "unix"}


def needs_seccomp():
    if os.environ.get("WITH_SECCOMP") != "true":
        raise Skip("the program was built without seccomp")


def configure(work, host="", more=""):
    work.config = work.write("runbook.conf", f"""\
[host]
state_dir = {work.path("state")}
plugin_dir = {PLUGINS}
plugins = intruder
{host}
[schedule once]
cron = 0 0 1 1 *
runbook = {work.write("try.lua", TRY)}
{more}
""")


def tried(work, serve):
    """What the run of a schedule could do inside `serve`."""
    fired = work.command("schedules", "fire", "once", "--config", work.config)
    check_equal(fired.status, 0, f"schedules fire\n{fired}")
    for line in serve.stderr:
        if "[once] " in line:
            break
    check("[once] tried " in line, f"what it could do: {line}")
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}


def status_of(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return dict(re.findall(r"(\w+):\s*(.*)", file.read()))


@test
def whoever_breaks_in_executes_nothing_and_looks_into_nobody():
    needs_seccomp()
    with Workspace() as work:
        configure(work, "seccomp = on")
        with work.serve() as (process, _):
            for task in os.listdir(f"/proc/{process.pid}/task"):
                with open(f"/proc/{process.pid}/task/{task}/status", encoding="utf-8") as file:
                    said = dict(re.findall(r"(\w+):\s*(.*)", file.read()))
                check_equal((said["Seccomp"], said["NoNewPrivs"]), ("2", "1"), f"thread {said['Name']}")
            got = tried(work, process)
            told = work.command("status", "--json", "--config", work.config)
            check_equal(json.loads(told.out)["owner"]["confined"], True, "what status says")
        check_equal({name: got[name] for name in REFUSED}, dict.fromkeys(REFUSED, errno.EPERM), "what is refused")
        check_equal(got["clone3"], errno.ENOSYS, "clone3")
        check_equal({name: got[name] for name in NEEDED}, dict.fromkeys(NEEDED, 0), "what is needed")


@test
def without_it_they_could_and_that_is_said():
    with Workspace() as work:
        configure(work, "seccomp = off")
        with work.serve() as (process, said):
            check_equal(status_of(process)["NoNewPrivs"], "1", "NoNewPrivs")
            check("seccomp = off: no system call is refused" in said, said)
            if status_of(process)["Seccomp"] == "0":
                got = tried(work, process)
                check_equal((got["execve"], got["execveat"], got["fork"]), (errno.ENOENT, errno.ENOENT, 0), "tries")
            told = work.command("status", "--config", work.config)
            check("no system call is refused" in told.out or status_of(process)["Seccomp"] == "2", told.out)


@test
def what_was_built_without_it_does_not_begin_where_it_is_asked_for():
    if os.environ.get("WITH_SECCOMP") == "true":
        raise Skip("the program was built with seccomp")
    with Workspace() as work:
        configure(work, "seccomp = on")
        ended = work.command("serve", "--config", work.config)
        check_equal(ended.status, 2, "exit status")
        check("built without seccomp" in ended.err, ended.err)


run()
