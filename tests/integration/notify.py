"""People are told of incidents once, over crashes, and a heartbeat says that the host lives."""

import contextlib
import http.client
import json
import re
import signal
import subprocess
import threading

from http_peer import Peer
from program import Workspace, said_when_ready
from tap import check, check_equal, run, test

HOOK = "letter-box-key"


class Host:
    """A running `runbook serve` with the hook /job: its runbook does as the delivery says."""

    def __init__(self, work, sections):
        work.write("key", HOOK + "\n")
        work.write("job.lua", """
            local input = ...
            if input.fail then error(input.fail) end
            if input.sleep then sleep(input.sleep) end
            if input.ask then approve { subject = input.ask } end""")
        work.config = work.write("runbook.conf", f"""\
[host]
state_dir = {work.path("state")}
plugins = http
[http]
plain_hosts = localhost
[listen]
address = 127.0.0.1:0
[hook job]
path = /job
auth = key
header = X-Key
secret_file = {work.path("key")}
runbook = {work.path("job.lua")}
{sections}
""")
        self.work = work

    def __enter__(self):
        self.process = self.work.start("serve", "--config", self.work.config)
        self.port = int(re.search(r"received at .*, port (\d+)", said_when_ready(self.process))[1])
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                err = self.process.communicate(timeout=20)[1]
            status = self.process.poll()
            if status is None:
                self.kill()
            if kind is None:
                check_equal(status, 0, f"exit status of serve after SIGTERM\n{err}")

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def job(self, **said):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        peer.request("POST", "/job", json.dumps(said), {"X-Key": HOOK})
        answer = peer.getresponse()
        check_equal(answer.status, 202, f"the delivery: {answer.read()}")
        peer.close()

    def wait_until_ended(self, n):
        """Wait until n runs of the job are over."""
        for _ in range(400):
            listed = self.work.command("runs", "--json", "--config", self.work.config).result["runs"]
            if sum(r["path"].endswith("job.lua") and r["state"] in ("done", "failed") for r in listed) >= n:
                return
        raise AssertionError(f"not ended: {listed}")


def texts(peer):
    return [json.loads(r.body)["text"] for r in peer.requests]


@test
def one_message_for_an_incident_over_a_crash():
    with Workspace() as work, Peer() as peer:
        work.write("slack", f"{peer.url}/services/T0/B0/very-secret\n")
        host = Host(work, f"[secrets]\nslack = file {work.path('slack')}\n[notify]\nchannel = slack\nsecret = slack\n")
        with host:
            host.job(fail="disk <full>")
            check("job failed" in (peer.wait_for(1) and texts(peer)[0]), texts(peer))
            check("disk &lt;full&gt;" in texts(peer)[0], texts(peer)[0])
            check_equal(peer.requests[0].path, "/services/T0/B0/very-secret", "where it went")
            host.job(fail="again")
            host.job(fail="and again")
            host.wait_until_ended(3)
            host.kill()
        with host:
            host.job(fail="still")
            host.wait_until_ended(4)
            host.job()
            check("works again" in (peer.wait_for(2) and texts(peer)[-1]), texts(peer))
            host.job()
            host.job(fail="new")
            peer.wait_for(3)
        check_equal([re.search("failed|again", text)[0] for text in texts(peer)], ["failed", "again", "failed"],
                    "what was told")
        kept = json.dumps(work.records())
        check("very-secret" not in kept, "the audit log has the secret")
        check('"type": "notify"' in kept, "the audit log does not say who started it")


@test
def a_failure_is_told_even_if_the_next_run_ends_well_before_it_can_be():
    taken = threading.Event()

    def answer(request):
        if json.loads(request.body)["event"] == "recovery":
            taken.wait(60)
        return 200, {}, b""

    with Workspace() as work, Peer(answer) as peer:
        with Host(work, f"[notify]\nchannel = webhook\nurl = {peer.url}\n") as host:
            host.job(fail="one")
            peer.wait_for(1)
            host.job()
            peer.wait_for(2)
            host.job(fail="two")
            host.wait_until_ended(3)
            host.job()
            host.wait_until_ended(4)
            taken.set()
            told = [json.loads(r.body) for r in peer.wait_for(4)]
        check_equal([(t["event"], t["message"][-4:]) for t in told],
                    [("failure", " one"), ("recovery", ""), ("failure", " two"), ("recovery", "")], "what was told")
        check_equal(len({t["run"] for t in told}), 4, f"the runs that were told of: {told}")


@test
def what_a_dead_process_owed_is_made_good():
    with Workspace() as work, Peer() as peer:
        silent = Host(work, "")
        with silent:
            silent.job(fail="nobody was told")
            silent.wait_until_ended(1)
        with Host(work, f"[notify]\nchannel = webhook\nurl = {peer.url}\n"):
            event = json.loads(peer.wait_for(1)[0].body)
        check_equal((event["event"], event["incident"], event["outcome"]), ("failure", "hook/job", "failed"),
                    "what is told")


@test
def a_message_under_way_is_sent_again_after_a_crash():
    living = threading.Event()

    def answer(_):
        return (200, {}, b"ok") if living.is_set() else living.wait(60) and None

    with Workspace() as work, Peer(answer) as peer:
        host = Host(work, f"[notify]\nchannel = webhook\nurl = {peer.url}\n")
        with host:
            host.job(fail="x")
            peer.wait_for(1)
            host.kill()
        living.set()
        with host:
            bodies = [r.body for r in peer.wait_for(2)]
            check_equal(bodies, bodies[:1] * 2, "what was sent")
            host.job()
            event = json.loads(peer.wait_for(3)[2].body)
            check_equal(event["event"], "recovery", "what is told next")


@test
def pagerduty_is_triggered_and_resolved_with_one_key():
    with Workspace() as work, Peer(lambda _: (202, {"Content-Type": "application/json"}, b"{}")) as peer:
        work.write("pd", "R0UTINGKEY")
        with Host(work, f"[secrets]\npd = file {work.path('pd')}\n[notify]\nchannel = pagerduty\nsecret = pd\n"
                        f"url = {peer.url}/v2/enqueue\n") as host:
            host.job(fail="x")
            peer.wait_for(1)
            host.job()
            first, second = (json.loads(r.body) for r in peer.wait_for(2))
        check_equal((first["routing_key"], first["event_action"], first["dedup_key"]),
                    ("R0UTINGKEY", "trigger", "hook/job"), "the trigger")
        check_equal(sorted(first["payload"].keys() & {"summary", "source", "severity"}),
                    ["severity", "source", "summary"], "what its payload has to have")
        check_equal((second["event_action"], second["dedup_key"]), ("resolve", "hook/job"), "the end")
        check("payload" not in second, f"the end: {second}")


@test
def long_text_is_cut_between_characters():
    cut = 'local text = string.rep("x", input.odd) .. string.rep("\u00e9", 600)\n'
    refusal = (400, {}, ("x" + 200 * "\u00e9").encode())
    with Workspace() as work, Peer(lambda r: refusal if r.path == "/no" else (202, {}, b"")) as peer:
        Host(work, "")
        for odd in (0, 1):
            ended = work.run("local notify, input = require 'notify', ...\n" + cut + f"""
                notify.pagerduty {{ routing_key = "k", url = "{peer.url}/yes", summary = text }}""",
                             "--input", json.dumps({"odd": odd}))
            check_equal(ended.status, 0, f"a long summary\n{ended}")
        check_equal([json.loads(r.body)["payload"]["summary"] for r in peer.requests],
                    [512 * "\u00e9", "x" + 511 * "\u00e9"], "what was told")
        ended = work.run(f"""
            local ok, e = pcall(require "notify".webhook, {{ url = "{peer.url}/no", payload = 1 }})
            return e""")
        check_equal(ended.status, 0, f"a long answer\n{ended}")
        check_equal(ended.result["message"], "the webhook: the answer was 400 x" + 99 * "\u00e9", "what was raised")


@test
def a_secret_that_others_name_is_not_told():
    with Workspace() as work, Peer(lambda _: (202, {}, b"")) as peer:
        work.write("url", f"{peer.url}/very-secret")
        work.write("routing", "R0UTINGKEY")
        Host(work, f"[secrets]\nslack-url = file {work.path('url')}\nkey = file {work.path('routing')}\n")
        ended = work.run(f"""
            local notify, said = require "notify", "${{slack-url}} ${{key}} ${{x${{key}}"
            notify.slack {{ secret = "slack-url", text = said, blocks = {{ {{ text = said }} }} }}
            notify.webhook {{ secret = "slack-url", payload = {{ said, array {{}}, null, 7 }} }}
            notify.pagerduty {{ secret = "key", url = "{peer.url}/pd", summary = said, dedup_key = said,
              details = {{ message = "${{key}}", all = array {{}} }} }}""")
        check_equal(ended.status, 0, f"the run\n{ended}")
        slack, webhook, event = (json.loads(r.body) for r in peer.requests)
        kept = "$ {slack-url} ${key} ${x${key}"
        check_equal(slack, {"text": kept, "blocks": [{"text": kept}]}, "Slack")
        check_equal(webhook, [kept, [], None, 7], "the webhook")
        check_equal(event.pop("routing_key"), "R0UTINGKEY", "the key")
        check_equal(event["payload"]["custom_details"], {"message": "$ {key}", "all": []}, "PagerDuty")
        check_equal(event["dedup_key"], "${slack-url} $ {key} ${x$ {key}", "the incident")
        check("R0UTINGKEY" not in json.dumps(event), f"the key is told: {event}")


@test
def what_is_no_table_is_refused_by_name():
    with Workspace() as work:
        Host(work, "")
        for name in ("slack", "webhook", "pagerduty"):
            ended = work.run(f"require 'notify'.{name}()")
            check(f"notify.{name} takes one table" in ended.err, f"{name}: {ended}")


@test
def a_message_is_tried_again_when_nobody_takes_it():
    answers = iter([503])
    with Workspace() as work, Peer(lambda _: (next(answers, 200), {}, b"")) as peer:
        with Host(work, f"[notify]\nchannel = webhook\nurl = {peer.url}\n") as host:
            host.job(fail="x")
            check_equal(len(peer.wait_for(2)), 2, "requests")


@test
def approvals_and_slow_runs():
    with Workspace() as work, Peer() as peer:
        host = Host(work, f"[notify]\nchannel = webhook\nurl = {peer.url}\nevents = approval slow\nslow_at_least = 1s\n")
        with host:
            host.job(ask="drop the queue")
            event = json.loads(peer.wait_for(1)[0].body)
            check_equal((event["event"], event["message"]), ("approval", "drop the queue"), "what is asked")
            for _ in range(5):
                host.job()
            host.job(fail="not of interest")
            host.wait_until_ended(6)
            host.kill()
        with host:
            host.job(sleep=300)
            event = json.loads(peer.wait_for(2)[1].body)
            check_equal((event["event"], event["incident"]), ("slow", "slow/hook/job"), "what is slow")


@test
def the_heart_beats():
    with Workspace() as work, Peer() as peer:
        work.write("ping", f"{peer.url}/ping/very-secret\n")
        with Host(work, f"[secrets]\nping = file {work.path('ping')}\n[heartbeat]\nsecret = ping\nevery = 1s\n"):
            beats = peer.wait_for(3)
        check_equal({(r.method, r.path) for r in beats}, {("GET", "/ping/very-secret")}, "the beats")
        check(len(beats) >= 3, f"{len(beats)} beats")


@test
def what_cannot_be_meant_is_refused():
    with Workspace() as work:
        for sections, says in (("[notify]\nchannel = mail\n", "slack, webhook, pagerduty or sns"),
                               ("[notify]\nchannel = slack\n", "one of the two"),
                               ("[notify]\nchannel = pagerduty\nurl = https://x\n", "routing key"),
                               ("[notify]\nchannel = slack\nsecret = a\nevents = all\n", "failure recovery approval slow"),
                               ("[notify]\nchannel = slack\nurl = http://localhost/\nrunbook = none.lua\n", "none.lua: No such file"),
                               ("[heartbeat]\nevery = 5s\n", "one of the two"),
                               ("[heartbeat]\nurl = https://x\nevery = 1ms\n", "1s or more")):
            Host(work, sections)
            ended = work.command("serve", "--config", work.config)
            check_equal(ended.status, 2, f"{sections}\n{ended}")
            check(says in ended.err, f"{says!r} is not said of {sections}: {ended.err}")


run()
