"""`meson install` into a folder: what is there works from there, and the manual and the completions are true."""

import contextlib
import glob
import os
import re
import shutil
import subprocess

from program import BUILD_DIR, SOURCE_ROOT, Workspace
from steered import create, start
from tap import Skip, check, check_equal, run, test

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}


@contextlib.contextmanager
def installed():
    """A workspace and the folder below it that stands for the prefix."""
    if not shutil.which("meson"):
        raise Skip("meson is not installed")
    with Workspace() as work:
        done = subprocess.run(["meson", "install", "-C", BUILD_DIR, "--no-rebuild", "--quiet", "--destdir",
                               work.path("root")], capture_output=True, text=True, timeout=120, check=False)
        check_equal(done.returncode, 0, f"meson install\n{done.stdout}{done.stderr}")
        found = [d for d, _, files in os.walk(work.path("root")) if "runbook" in files and d.endswith("bin")]
        check_equal(len(found), 1, f"programs in {found}")
        yield work, os.path.dirname(found[0])


def one(prefix, pattern):
    found = glob.glob(os.path.join(prefix, pattern), recursive=True)
    check_equal(len(found), 1, f"files {pattern} of {prefix}")
    return found[0]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@test
def the_program_finds_its_plugin_and_library_where_it_was_put():
    with installed() as (work, prefix), work.engine() as (_, url):
        moved = work.path("moved")
        os.rename(prefix, moved)
        work.configure(endpoint=url)
        execution = start(url, create(url, {"F": {"Type": "Fail", "Error": "E"}}), "one")
        event = '{"executionArn":"%s","status":"FAILED","redriveCount":0}' % execution
        program_file = os.path.join(moved, "bin", "runbook")
        ended = subprocess.run(
            [program_file, "run", os.path.join(moved, "share/runbook/scripts/redrive_on_failure.lua"), "--config",
             work.config, "-i", "detail=" + event], env=work.environment(**KEYS), capture_output=True, text=True,
            timeout=60, check=False)
        check_equal((ended.returncode, ended.stdout), (0, '{"redriven":1}\n'), f"the run\n{ended.stderr}")
        version = subprocess.run([program_file, "--version"], capture_output=True, text=True, timeout=20, check=False)
        check(re.fullmatch(r"runbook \d+\.\d+\.\d+\nwith(out)? seccomp\n", version.stdout), version.stdout)


@test
def nothing_is_there_that_only_a_clone_can_use():
    with installed() as (_, prefix):
        names = {os.path.relpath(os.path.join(d, f), prefix) for d, _, files in os.walk(prefix) for f in files}
        scripts = {n.removeprefix("share/runbook/scripts/") for n in names if n.startswith("share/runbook/scripts/")}
        check("quickstart" not in scripts and "setup.sh" not in scripts, f"scripts {scripts}")
        check({"sweep_failed.lua", "conf/sweep_failed.conf", "iam/redrive.json"} <= scripts, f"scripts {scripts}")
        check({"share/runbook/lua/redrive.lua", "share/doc/runbook/README.md"} <= names, f"files {names}")


def commands_of_the_source():
    table = re.search(r"commands\[\] = \{(.*?)\n\};", read(os.path.join(SOURCE_ROOT, "host/cli/main.c")), re.S)[1]
    return set(re.findall(r'\{ "(\w+)", cmd_', table)) | {"local", "version"}


def options_of_the_source():
    found = set()
    for path in glob.glob(os.path.join(SOURCE_ROOT, "host/cli/cmd_*.c")):
        found |= set(re.findall(r'\{ "([a-z-]+)", (?:no|required|optional)_argument', read(path)))
    return {"--" + name for name in found}


@test
def the_manual_has_every_command_and_option():
    with installed() as (_, prefix):
        text = read(one(prefix, "share/man/man1/runbook.1")).replace("\\-", "-")
        listed = set(re.findall(r"(?m)^\.TP\n\\fB(\w+)\\fR", text))
        check_equal(listed, commands_of_the_source(), "commands of the manual")
        check_equal(options_of_the_source() - set(re.findall(r"--[a-z0-9-]+", text)), set(), "options it lacks")
        if not shutil.which("groff"):
            raise Skip("groff is not installed")
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", one(prefix, "share/man/man1/runbook.1")],
                              capture_output=True, text=True, timeout=30, check=False)
        check_equal((done.returncode, done.stderr), (0, ""), "groff")


def completed(file, *words):
    """What bash offers for the last of the words."""
    script = '''. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _runbook; printf "%s\\n" "${COMPREPLY[@]}"'''
    done = subprocess.run(["bash", "-c", script, "bash", file, "runbook", *words],
                          capture_output=True, text=True, timeout=20, check=False, cwd=os.path.dirname(file))
    check_equal((done.returncode, done.stderr), (0, ""), f"bash, completing {words}")
    return set(done.stdout.split())


@test
def bash_completes_commands_words_and_options():
    if not shutil.which("bash"):
        raise Skip("bash is not installed")
    with installed() as (_, prefix):
        file = one(prefix, "share/bash-completion/completions/runbook.bash")
        check_equal(completed(file, ""), commands_of_the_source(), "commands")
        check_equal(completed(file, "re"), {"release", "reject", "reload", "replay", "resume", "retry"}, "commands with re")
        check({"--config", "--dry-run", "--input"} <= completed(file, "run", "--"), "options of run")
        check_equal(completed(file, "store", "b"), {"backup"}, "words of store")
        check_equal(completed(file, "watch", "--e"), {"--every"}, "options of watch")
        check_equal(completed(file, "run", "--config", "run"), {"runbook.bash"}, "files")


@test
def zsh_completes_commands_and_options():
    with installed() as (_, prefix):
        file = one(prefix, "share/zsh/site-functions/_runbook")
        text = read(file)
        check(text.startswith("#compdef runbook\n"), text[:40])
        check_equal(set(re.findall(r"(?m)^\t\t'(\w+):", text)), commands_of_the_source(), "commands")
        if not shutil.which("zsh"):
            raise Skip("zsh is not installed")
        done = subprocess.run(["zsh", "-n", file], capture_output=True, text=True, timeout=20, check=False)
        check_equal((done.returncode, done.stderr), (0, ""), "zsh -n")


run()
