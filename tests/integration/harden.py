"""What stands between a host that somebody has broken into and the machine: refused system calls, no rights to
win back."""

import contextlib
import errno
import hashlib
import hmac
import json
import os
import pwd
import re
import resource
import socket
import subprocess
import urllib.request

from certificates import Authority
from program import BUILD_DIR, RUNBOOK, Workspace
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


def needs_two_users():
    if os.getuid() != 0:
        raise Skip("only root can be two users")
    try:
        pwd.getpwnam("nobody")
        subprocess.run([RUNBOOK, "--version"], user="nobody", capture_output=True, check=True)
    except (KeyError, PermissionError, subprocess.CalledProcessError):
        raise Skip("there is no user nobody, or they cannot run the program where it lies") from None


def port_of_root():
    for port in range(1023, 600, -1):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise Skip("no port below 1024 is free")


def owners_below(folder):
    return {os.lstat(os.path.join(at, name)).st_uid for at, _, names in os.walk(folder) for name in [*names, "."]}


def ask(port, trusted, secret=b"of root alone"):
    signature = hmac.new(secret, b"{}", hashlib.sha256).hexdigest()
    request = urllib.request.Request(f"https://127.0.0.1:{port}/tell?wait=30s", data=b"{}", method="POST",
                                     headers={"X-Signature": signature})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusted))
    with opener.open(request, timeout=60) as answer:
        return json.load(answer)


@test
def what_root_begins_is_nobodys_for_good_and_serves_what_only_root_could_open():
    needs_two_users()
    nobody = pwd.getpwnam("nobody")
    with Workspace() as work:
        os.chmod(work.dir, 0o755)
        authority, port = Authority(work.dir), port_of_root()
        cert, key = authority.server()
        secret = work.write("secret", "of root alone\n")
        for file in (key, secret):
            os.chmod(file, 0o600)
        configure(work, "user = nobody", f"""\
[listen]
address = 127.0.0.1:{port} unix:{work.path("hooks.sock")}
cert_file = {cert}
key_file = {key}
[hook tell]
path = /tell
header = X-Signature
secret_file = {secret}
runbook = {work.write("tell.lua", 'return 4711')}
""")
        with work.serve() as (process, _):
            said = status_of(process)
            check_equal({said["Uid"], said["Gid"]}, {"\t".join(4 * [str(n)]) for n in (nobody.pw_uid, nobody.pw_gid)},
                        "users and groups")
            groups = {str(group) for group in os.getgrouplist("nobody", nobody.pw_gid)}
            check_equal(set(said["Groups"].split()), groups, "further groups")
            check_equal({said[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}, {16 * "0"}, "capabilities")
            check_equal(os.lstat(work.path("hooks.sock")).st_uid, nobody.pw_uid, "whose the Unix socket is")
            check_equal(ask(port, authority.trusting())["result"], 4711, "the answer of a hook")
            again = work.command("reload", "--config", work.config)
            check(again.status != 0 and (secret in again.err or key in again.err), f"the reload\n{again}")
            check_equal(ask(port, authority.trusting())["result"], 4711, "the answer behind it")
        check_equal(owners_below(work.path("state")), {nobody.pw_uid}, "whose the state directory's files are")


@test
def who_it_is_to_become_is_checked_before_anything_is_touched():
    needs_two_users()
    with Workspace() as work:
        os.chmod(work.dir, 0o755)
        for host, uid, reason in (
                ("user = nobody-at-all", 0, "there is no such user"),
                ("user = root", 0, "that is root"),
                ("group = nogroup", 0, "user = NAME beside it"),
                ("user = daemon", "nobody", "user = daemon: this process is nobody's")):
            configure(work, host)
            ended = subprocess.run([RUNBOOK, "serve", "--config", work.config], env=work.environment(), cwd=work.dir,
                                   user=uid, capture_output=True, text=True, timeout=60, check=False)
            check_equal(ended.returncode, 2, f"exit status with {host}\n{ended.stderr}")
            check(reason in ended.stderr, f"with {host}: {ended.stderr}")
            check(not os.path.exists(work.path("state")), f"a state directory with {host}")
        configure(work, "user = nobody")
        for name in ("state", "state/audit"):
            os.makedirs(work.path(name), mode=0o700)
            ended = work.command("serve", "--config", work.config)
            check_equal(ended.status, 2, f"exit status with a {name} of root's")
            check(f"{work.path(name)} belongs to root, and not to [host] user = nobody" in ended.err, ended.err)
            os.chown(work.path(name), pwd.getpwnam("nobody").pw_uid, -1)


@test
def a_port_of_roots_is_bound_before_there_is_a_hook():
    needs_two_users()
    with Workspace() as work:
        os.chmod(work.dir, 0o755)
        port = port_of_root()
        configure(work, "user = nobody", f"[listen]\naddress = 127.0.0.1:{port}\n")
        with work.serve(), socket.create_connection(("127.0.0.1", port)):
            pass


@test
def no_folder_of_roots_is_made_above_the_state_directory():
    needs_two_users()
    with Workspace() as work:
        os.chmod(work.dir, 0o755)
        configure(work, "user = nobody")
        with open(work.config, encoding="utf-8") as file:
            text = file.read().replace(work.path("state"), work.path("made/later/state"))
        work.write("runbook.conf", text)
        ended = work.command("serve", "--config", work.config)
        check_equal(ended.status, 2, "exit status")
        check(f"state_dir = {work.path('made/later/state')}: No such file" in ended.err, ended.err)
        check(not os.path.exists(work.path("made")), "nothing is made")


@test
def nothing_is_inherited_and_too_few_files_are_told():
    with Workspace() as work:
        configure(work, more="[admin]\naddress = 127.0.0.1:0\n")
        ours, theirs = os.pipe()
        with open(work.config, encoding="utf-8") as stdin:
            process = subprocess.Popen([RUNBOOK, "serve", "--config", work.config], env=work.environment(), cwd=work.dir,
                                       stdin=stdin, stderr=subprocess.PIPE, text=True, pass_fds=[theirs], umask=0,
                                       preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (300, 400)))
        os.close(theirs)
        said = ""
        while "state in" not in said:
            line = process.stderr.readline()
            check(line, f"serve ended: {said}")
            said += line
        check("only 400 files may be open at once" in said, said)
        check_equal(os.readlink(f"/proc/{process.pid}/fd/0"), "/dev/null", "standard input")
        check_equal(os.read(ours, 1), b"", "the other end of a pipe that was inherited")
        check_equal(status_of(process)["Umask"], "0077", "umask")
        process.terminate()
        process.communicate(timeout=60)
        check_equal(process.returncode, 0, "exit status")
        os.close(ours)


run()
