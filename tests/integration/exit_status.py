"""What `runbook run` answers to its caller: the result and the exit statuses 0 to 7."""

import json
import signal

from program import Workspace
from scripted_server import UNSEEN, ScriptedServer
from tap import check, check_equal, run, test

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:Orders:one"
REDRIVE = f'return require "sfn".redrive_execution {{ executionArn = "{EXECUTION}" }}'


def read_until(stream, text):
    """Wait for the line that says so."""
    for line in stream:
        if text in line:
            return
    raise AssertionError(f"the program ended without saying {text!r}")


@test
def status_0_when_it_is_done_and_the_result_is_json():
    with Workspace() as work:
        ended = work.run('local input = ...; return { twice = input.n * 2, list = array{} }', "-i", "n=21")
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal(ended.result, {"twice": 42, "list": []}, "the result")


@test
def input_comes_as_json_from_a_file_and_from_pairs():
    with Workspace() as work:
        file = work.write("input.json", '{"a":1,"b":[true,null]}')
        ended = work.run("return (...)", "--input", "@" + file, "-i", "c=text")
        check_equal(ended.result["a"], 1, "a")
        check_equal(ended.result["c"], "text", "c")


@test
def lines_of_debug_are_shown_where_the_configuration_asks_for_them():
    with Workspace() as work:
        for level, shown in (("", [False, True]), ("log_level = debug", [True, True]), ("log_level = warn", [False, False])):
            config = work.write("levels.conf", f"[host]\nstate_dir = {work.path('state')}\n{level}\n")
            file = work.write("log.lua", 'log.debug "deep" log "plain"')
            ended = work.command("run", file, "--config", config)
            check_equal(["debug deep\n" in ended.err, "info  plain\n" in ended.err], shown, f"lines with {level}\n{ended}")
        wrong = work.command("run", file, "--config", work.write("levels.conf", "[host]\nlog_level = loud\n"))
        check_equal(wrong.status, 2, f"a level that is none\n{wrong}")
        check("levels.conf:2: log_level = loud: expected debug, info, warn or error" in wrong.err, wrong.err)


@test
def status_1_when_the_runbook_fails_and_its_line_is_named():
    with Workspace() as work:
        ended = work.run('\nlocal t = nil\nreturn t.x')
        check_equal(ended.status, 1, f"the run\n{ended}")
        check("test.lua:3" in ended.err, f"the line is not named in: {ended.err}")
        check_equal(ended.out, "", "standard output")


@test
def status_2_for_usage_and_configuration():
    with Workspace() as work:
        file = work.write("ok.lua", "return {}")
        bad = work.write("bad.conf", "[host]\nstate_dri = x\n")
        for args in (["run"], ["run", file, "--no-such-option"], ["run", file, "--config", work.path("none")],
                     ["run", file, "--config", bad], ["run", work.path("none.lua"), "--config", work.config],
                     ["run", file, "--config", work.config, "--input", "[1,"],
                     ["run", file, "--config", work.config, "--timeout", "soon"], ["no-such-command"]):
            ended = work.command(*args)
            check_equal(ended.status, 2, f"runbook {' '.join(args)}\n{ended}")
            check(ended.err.strip(), f"no reason given for {args}")


@test
def status_3_when_interrupted():
    with Workspace() as work:
        file = work.write("wait.lua", 'log.info "waiting"; sleep(600)')
        process = work.start("run", file, "--config", work.config)
        read_until(process.stderr, "waiting")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        check_equal(process.returncode, 3, f"exit status, having said {err}")


@test
def status_4_when_it_timed_out():
    with Workspace() as work:
        ended = work.run("sleep(600)", "--timeout", "200ms")
        check_equal(ended.status, 4, f"the run\n{ended}")


@test
def status_5_when_the_outcome_is_unknown_and_what_tells_is_printed():
    with Workspace() as work, ScriptedServer({"close": True}, beside=UNSEEN) as server:
        work.configure(endpoint=server.url)
        ended = work.run(REDRIVE, AWS_ACCESS_KEY_ID="AKIDLOCAL", AWS_SECRET_ACCESS_KEY="local")
        check_equal(ended.status, 5, f"the run\n{ended}")
        intent = next(r for segment in work.records() for r in segment if r["kind"] == "call.intent")
        for text in (EXECUTION, intent["token"], "aws stepfunctions describe-execution --region us-east-1 ",
                     f"--endpoint-url {server.url}"):
            check(text in ended.err, f"{text} is not in: {ended.err}")
        tokens = {json.loads(request["body"])["clientToken"] for request in server.requests}
        check_equal(tokens, {intent["token"]}, "tokens over all attempts")


@test
def status_6_when_a_rule_refused_and_the_setting_is_named():
    with Workspace() as work:
        work.configure(more="[rules]\nsfn.redrive_execution = 0\n")
        ended = work.run(REDRIVE)
        check_equal(ended.status, 6, f"the run\n{ended}")
        check("sfn.redrive_execution" in ended.err, f"the setting is not named in: {ended.err}")


@test
def status_7_when_nothing_can_be_recorded():
    with Workspace() as work:
        work.write("state", "a file where the state directory should be")
        ended = work.run("return {}")
        check_equal(ended.status, 7, f"the run\n{ended}")


run()
