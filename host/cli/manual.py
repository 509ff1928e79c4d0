"""The manual page and the shells' completions, made from what the program says of itself.

    manual.py man|bash|zsh VERSION RUNBOOK > FILE

Commands are the lines of `runbook --help`, options and words behind a command those of `runbook COMMAND --help`: nothing
can be in one and not in the other.
"""

import os
import re
import subprocess
import sys

COMMAND = re.compile(r"^  ([a-z]+)( [A-Z]+)?  +(\S.*)$")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")


def said(program, *args):
    """Whoever builds: their files and settings do not show in it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "XDG_"))}
    ended = subprocess.run([program, *args], env=env | {"HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if ended.returncode != 0:
        sys.exit(f"{program} {' '.join(args)} ended with {ended.returncode}: {ended.stderr}")
    return ended.stdout


class Command:
    def __init__(self, program, name, argument, line):
        self.name, self.argument, self.line = name, argument.strip(), line
        self.help = "" if name == "version" else said(program, name, "--help")
        usage = self.help.split("\n\n", 1)[0]
        listed = "\n".join(re.findall(r"(?m)^ +(-.*)$", self.help))  # not what is said of other commands
        self.options = sorted(set(OPTION.findall(usage + "\n" + listed)) | {"--help"}) if self.help else []
        words = re.findall(rf"(?m)^(?:usage:|      ) +runbook {name} ([a-z]+)\b", self.help)
        self.words = list(dict.fromkeys(words))


def commands(program):
    found = [COMMAND.match(line) for line in said(program, "--help").splitlines()]
    return [Command(program, c[1], c[2] or "", c[3]) for c in found if c]


# ---- roff ----

def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith(".") else line for line in text.split("\n"))


def man(version, program):
    all_commands = commands(program)
    top = said(program, "--help")
    tail = top[top.index("Exit status:"):].strip()
    out = [f'.TH RUNBOOK 1 "" "runbook {version}" "User Commands"', ".SH NAME",
           "runbook \\- run Lua runbooks against AWS Step Functions, on record and durably", ".SH SYNOPSIS",
           ".B runbook", ".I COMMAND", ".RI [ ARGUMENT \\ ...]", ".SH DESCRIPTION",
           roff("A runbook is a Lua file that inspects the Map Runs of a Distributed Map, decides, redrives the execution"
                " behind it and waits for the end. Every call is on record before it leaves the machine, and a run"
                " survives its process. What follows is what runbook --help and runbook COMMAND --help say."), ".SH COMMANDS"]
    for c in all_commands:
        out += [".TP", f"\\fB{c.name}\\fR" + (f" \\fI{c.argument}\\fR" if c.argument else ""), roff(c.line)]
    out += [".SH EXIT STATUS", roff(" ".join(tail.split()))]
    for c in all_commands:
        if c.help:
            out += [f".SH RUNBOOK {c.name.upper()}", ".nf", roff(c.help.rstrip("\n")), ".fi"]
    out += [".SH ENVIRONMENT",
            roff("AWS_REGION, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_SFN, AWS_PROFILE, AWS_ACCESS_KEY_ID,"
                 " AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN are read as the AWS CLI reads them, where the configuration"
                 " does not say otherwise. XDG_STATE_HOME is where the state directory is by default."),
            ".SH FILES", ".TP", "\\fI/var/lib/runbook\\fR", roff("the state directory of root, unless [host] state_dir"
                                                                   " says otherwise")]
    return "\n".join(out) + "\n"


# ---- completion ----

BASH = """\
# bash completion of runbook, made from its help
_runbook() {{
\tlocal cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} words=
\tCOMPREPLY=()
\tif ((COMP_CWORD == 1)); then
\t\tmapfile -t COMPREPLY < <(compgen -W "{commands}" -- "$cur")
\t\treturn
\tfi
\tcase $prev in
\t--config | --key | --checkpoint | --proof)
\t\tmapfile -t COMPREPLY < <(compgen -f -- "$cur")
\t\treturn
\t\t;;
\tesac
\tcase ${{COMP_WORDS[1]}} in
{cases}
\tesac
\tif [[ $cur == -* ]]; then
\t\tmapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
\telse
\t\tmapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; compgen -f -- "$cur")
\tfi
}}
complete -o filenames -F _runbook runbook
"""

ZSH = """\
#compdef runbook
# zsh completion of runbook, made from its help
_runbook() {{
\tlocal -a commands words
\tcommands=(
{commands}
\t)
\tif ((CURRENT == 2)); then
\t\t_describe command commands
\t\treturn
\tfi
\tcase $words[2] in
{cases}
\tesac
}}
_runbook "$@"
"""


def bash(_version, program):
    all_commands = commands(program)
    cases = "\n".join(f'\t{c.name}) words="{" ".join(c.words + c.options)}" ;;' for c in all_commands if c.options)
    return BASH.format(commands=" ".join(c.name for c in all_commands), cases=cases)


def zsh(_version, program):
    all_commands = commands(program)

    def quoted(text):
        return "'" + text.replace("'", "'\\''") + "'"

    lines = "\n".join("\t\t" + quoted(f"{c.name}:{c.line}") for c in all_commands)
    cases = "\n".join(f"\t{c.name}) compadd -- {' '.join(c.words + c.options)}; _files ;;"
                      for c in all_commands if c.options)
    return ZSH.format(commands=lines, cases=cases).replace("local -a commands words", "local -a commands")


def main():
    kinds = {"man": man, "bash": bash, "zsh": zsh}
    if len(sys.argv) != 4 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    sys.stdout.write(kinds[sys.argv[1]](sys.argv[2], sys.argv[3]))


main()
