"""`runbook check`: what it prints, its exit status, and that it never runs a file."""

import os

from program import SOURCE_ROOT, Workspace
from tap import check, check_equal, run, test


def lint(work, *files):
    return work.command("check", *files, "--config", work.config)


@test
def problems_are_printed_with_their_places():
    with Workspace() as work:
        work.write("helper.lua", "return {}")
        file = work.write("bad.lua", """\
local sfn = require "sfn"
local describe = sfn.describe_map_run
require "helper"
require "absent"
describe { mapRunARN = "x" }
sfn.describe_mapp_run {}
prnt(1)
""")
        ended = lint(work, file)
        check_equal(ended.status, 1, f"the check\n{ended}")
        check_equal(ended.out.splitlines(), [
            f"{file}:4:9: module 'absent' is not there",
            f"{file}:5:10: sfn.describe_map_run lacks the member 'mapRunArn'",
            f"{file}:5:12: sfn.describe_map_run has no member 'mapRunARN' (did you mean \"mapRunArn\"?)",
            f"{file}:6:5: there is no operation sfn.describe_mapp_run "
            "(did you mean \"sfn.describe_map_run\"?)",
            f"{file}:7:1: unknown global 'prnt' (did you mean \"print\"?)",
        ], "the problems")


@test
def a_header_that_a_run_would_be_refused_for_is_found():
    cases = [("-- what it does\n--- policy: alow = sfn.*\nreturn 1\n", 2, "--- policy: alow: did you mean 'allow'?"),
             ("--- policy: deny = sfn.redrive_executoin\nreturn 1\n", 1,
              "--- policy: deny: no plugin has an operation sfn.redrive_executoin; 'runbook ops' lists all"),
             ("return 1\n--- policy: deny = sfn.*\n", 2,
              "a line of the policy stands before the first line of code")]
    with Workspace() as work:
        for text, line, message in cases:
            file = work.write("header.lua", text)
            ended = lint(work, file)
            check_equal((ended.status, ended.out, ended.err), (1, f"{file}:{line}:1: {message}\n", ""), "the check")
            check_equal(work.run(file).status, 2, "exit status of a run")
        ended = lint(work, work.write("good.lua", "--- policy: deny = sfn.stop_execution\nreturn 1\n"))
        check_equal((ended.status, ended.out), (0, ""), f"a good header\n{ended}")


@test
def nothing_is_run():
    with Workspace() as work:
        file = work.write("loop.lua", 'log "running" while true do end')
        ended = lint(work, file)
        check_equal((ended.status, ended.out, ended.err), (0, "", ""), f"the check\n{ended}")
        check(not os.path.exists(work.path("state")), "it made a state directory")


@test
def what_only_the_compiler_refuses_is_found():
    with Workspace() as work:
        file = work.write("wide.lua", "local f = print\nf(" + "1, " * 300 + "1)\n")
        ended = lint(work, file)
        check_equal(ended.status, 1, f"the check\n{ended}")
        check(ended.out.startswith(f"{file}:2:1: function or expression needs too many registers"),
              ended.out)


@test
def every_lua_file_of_ours_is_clean():
    files = [os.path.join(folder, name)
             for top in ("lua", "scripts") for folder, _, names in os.walk(os.path.join(SOURCE_ROOT, top))
             for name in names if name.endswith(".lua")]
    check(len(files) >= 3, f"only {files}")
    with Workspace() as work:
        ended = lint(work, *files)
        check_equal((ended.status, ended.out), (0, ""), f"the check\n{ended}")


@test
def a_file_that_is_not_there_is_a_usage_error():
    with Workspace() as work:
        good = work.write("good.lua", "return 1")
        check_equal(lint(work, good, work.path("none.lua")).status, 2, "a missing file")
        check_equal(lint(work).status, 2, "no file")


run()
