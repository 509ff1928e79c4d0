"""What is said on standard error, for programs: JSON and logfmt over the life of a `runbook serve`; nobody who
reads it holds the host up."""

import hashlib
import hmac
import json
import re
import urllib.error
import urllib.request

from program import Workspace
from tap import check, check_equal, run, test

SECRET = "a secret of the hook"
KEYS = ["time", "level", "run", "runbook", "schedule", "hook", "part", "message"]
LOGS = 'log.info(\'two "lines"\\nand\\ttabs \\27[31m\', "=", "\u00e4", "\\255"); log.warn("plain"); return 1\n'
MESSAGE = 'two "lines"\nand\ttabs \x1b[31m = \u00e4 \ufffd'


def post(port, body, secret=SECRET):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/hooks/orders?wait=30s", data=body, method="POST")
    request.add_header("X-Signature", hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def configure(work, script, log_format):
    work.write("secret", SECRET + "\n")
    work.configure(more=f"""\
[listen]
address = 127.0.0.1:0
[hook orders]
path = /hooks/orders
header = X-Signature
secret_file = {work.path("secret")}
runbook = {work.write("orders.lua", script)}
[schedule nightly]
cron = 0 0 1 1 *
runbook = {work.path("orders.lua")}
""")
    with open(work.config, "r+", encoding="utf-8") as file:
        text = file.read().replace("[host]\n", f"[host]\nlog_format = {log_format}\n")
        file.seek(0)
        file.write(text)


def from_logfmt(line):
    """An object of the line, by the grammar alone: KEY=VALUE, in JSON's quotes or without a blank."""
    found, at = {}, 0
    pair = re.compile(r'([a-z]+)=("(?:[^"\\]|\\.)*"|[^ ="\\]+)( |$)')
    while at < len(line):
        match = pair.match(line, at)
        check(match, f"no logfmt at {at}: {line!r}")
        found[match[1]] = json.loads(match[2]) if match[2].startswith('"') else match[2]
        at = match.end()
    return found


def lines_of_a_life(work, log_format, *args):
    configure(work, LOGS, log_format)
    with work.serve(*args) as (process, said):
        port = int(re.search(r"port (\d+)", said)[1])
        check_equal(post(port, b"{}"), 200, "the answer to a delivery")
        check_equal(post(port, b"{}", "another secret"), 404, "the answer to a forged delivery")
        fired = work.command("schedules", "fire", "nightly", "--config", work.config)
        check_equal(fired.status, 0, f"schedules fire\n{fired}")
        rest = []
        while not [line for line in rest if "done" in line and "nightly" in line]:
            rest.append(process.stderr.readline())
        process.terminate()
        said += "".join(rest) + process.communicate(timeout=30)[1]
    return said.splitlines()


def check_life(lines, read):
    objects = [read(line) for line in lines]
    for o, line in zip(objects, lines):
        check_equal([key for key in KEYS if key in o], list(o), f"the keys of {line}")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", o["time"]), f"the time of {line}")
        check(o["level"] in ("debug", "info", "warn", "error"), f"the level of {line}")
        check(o["message"], f"no message in {line}")
    messages = [o["message"] for o in objects]
    for begin in ("runbook ", "ready: 1 schedules", "hooks are received", "stopping;", "stopped, exit status 0"):
        check([m for m in messages if m.startswith(begin)], f"nothing begins with {begin!r}: {messages}")
    said = [o for o in objects if o["message"] == MESSAGE]
    check_equal([(o.get("hook"), o.get("schedule")) for o in said], [("orders", None), (None, "nightly")], "who logged")
    for o in said:
        check(o["runbook"].endswith("/orders.lua") and len(o["run"]) == 36, f"whose line it is: {o}")
        ended = [e["level"] for e in objects if e.get("run") == o["run"] and e["message"].endswith(" done")]
        check_equal(ended, ["info"], f"the end of {o['run']}")
    refused = [o for o in objects if o["level"] == "warn" and o.get("hook") == "orders" and "run" not in o]
    check_equal(len(refused), 1, "lines of the forged delivery")


@test
def a_life_in_json_is_one_object_a_line():
    with Workspace() as work:
        check_life(lines_of_a_life(work, "logfmt", "--log-format", "json"), json.loads)


@test
def a_life_in_logfmt_is_pairs():
    with Workspace() as work:
        check_life(lines_of_a_life(work, "logfmt"), from_logfmt)


@test
def the_end_of_a_run_is_a_line_too_and_a_format_that_is_none_is_refused():
    with Workspace() as work:
        ended = work.run('error "boom"', "--log-format=json")
        check_equal(ended.status, 1, "exit status")
        last = [json.loads(line) for line in ended.err.splitlines()]
        check([o for o in last if o["level"] == "error" and "boom" in o["message"] and "run" in o], f"{last}")
        wrong = work.run("return 1", "--log-format", "xml")
        check_equal(wrong.status, 2, "exit status of another format")
        check("expected text, logfmt or json" in wrong.err, wrong.err)
        configure(work, "return 1", "jsonl")
        wrong = work.command("serve", "--config", work.config)
        check_equal(wrong.status, 2, "exit status of another format in the file")
        check("log_format = jsonl" in wrong.err, wrong.err)


@test
def who_does_not_read_holds_nobody_up():
    lines, width = 2000, 99
    with Workspace() as work:
        configure(work, f'for i = 1, {lines} do log.info(("%0{width}d"):format(i)) end return 1', "text")
        with work.serve() as (process, said):
            port = int(re.search(r"port (\d+)", said)[1])
            for _ in range(2):  # each is more than a pipe holds
                check_equal(post(port, b"{}"), 200, "the answer while nobody reads")
            numbers = []
            while numbers[-2 * lines:] != 2 * list(range(1, lines + 1)):
                line = process.stderr.readline()
                check(line and " error " not in line, f"{line!r} after {numbers[-3:]}")
                found = re.search(rf"\b(\d{{{width}}})$", line)
                numbers += [int(found[1])] if found else []


run()
