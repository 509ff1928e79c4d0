"""A plugin that is not sfn: registered, gated and audited like any other."""

import json
import os

from program import BUILD_DIR, Workspace
from tap import check, check_equal, run, test

DEMO_DIR = os.path.join(BUILD_DIR, "tests", "plugins")


def workspace():
    work = Workspace()
    work.config = work.write("runbook.conf", f"""\
[host]
state_dir = {work.path("state")}
plugin_dir = {DEMO_DIR}
plugins = demo
""")
    return work


def calls(work):
    return [r for segment in work.records() for r in segment if r["kind"].startswith("call.")]


@test
def an_operation_answers_in_lua():
    with workspace() as work:
        ended = work.run('return require "demo".echo { text = "hello" }')
        check_equal(ended.status, 0, f"the run\n{ended}")
        check_equal(ended.result, {"text": "hello"}, "the answer")


@test
def its_calls_are_on_record_without_the_secret():
    with workspace() as work:
        work.run('return require "demo".echo { text = "hello", secret = "hunter22" }')
        intent, outcome = calls(work)
        check_equal(intent["operation"], "demo.echo", "the operation")
        check_equal(intent["plugin"]["name"], "demo", "the plugin")
        secret = json.loads(work.command("audit", "hash", "hunter22", work.audit_dir).out)
        check_equal(secret["redacted"], 8, "the size of the secret")
        check_equal(intent["args"], {"text": "hello", "secret": secret}, "the arguments")
        check_equal((outcome["intent"], outcome["outcome"]), (intent["seq"], "ok"), "the outcome")


@test
def a_misspelt_argument_is_refused_before_the_call():
    with workspace() as work:
        ended = work.run('return require "demo".echo { txet = "hello" }')
        check_equal(ended.status, 1, f"the run\n{ended}")
        check("txet" in ended.err and "text" in ended.err, f"no suggestion in: {ended.err}")
        check_equal([r["outcome"] for r in calls(work) if r["kind"] == "call.outcome"], ["invalid"],
                    "outcomes")


@test
def its_limit_of_calls_is_kept():
    with workspace() as work:
        ended = work.run('local echo = require "demo".echo\n'
                         'for i = 1, 3 do echo { text = "call " .. i } end')
        check_equal(ended.status, 6, f"the run\n{ended}")
        check("demo.echo" in ended.err, f"the setting is not named in: {ended.err}")
        check_equal([r["outcome"] for r in calls(work) if r["kind"] == "call.outcome"],
                    ["ok", "ok", "refused"], "outcomes")


@test
def without_its_plugin_an_operation_does_not_exist():
    with Workspace() as work:
        ended = work.run('return require "demo"')
        check_equal(ended.status, 1, f"the run\n{ended}")
        check("demo" in ended.err, f"the module is not named in: {ended.err}")


run()
