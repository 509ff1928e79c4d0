"""What a reload does to hooks, certificates, links, notifications and heartbeats while deliveries come."""

import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import threading
import time

from certificates import Authority
from http_peer import Peer
from program import Workspace
from reloading import SLEEPER, TELLS, ended, records, reload, runs_of, schedule, told, wait_for, wait_for_end
from tap import check, check_equal, run, test

LISTEN = "[listen]\naddress = 127.0.0.1:0\n"


def hook(work, name, runbook, **keys):
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return (f"[hook {name}]\npath = /{name}\nheader = X-Signature\ndelivery_header = X-Delivery\n"
            f"secret_file = {work.path('secret')}\nrunbook = {runbook}\n{lines}\n")


class Served:
    """A running serve, and deliveries to it."""

    def __init__(self, work, process, said):
        self.work, self.process = work, process
        self.port = int(re.search(r"received at .*port (\d+)", said)[1])

    def ask(self, method, path, body=None, headers=None):
        peer = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            peer.request(method, path, body, headers or {})
            answer = peer.getresponse()
            return answer.status, answer.read()
        finally:
            peer.close()

    def post(self, name, value, delivery, query=""):
        body = json.dumps(value).encode()
        with open(self.work.path("secret"), "rb") as file:
            signature = hmac.new(file.read().strip(), body, hashlib.sha256).hexdigest()
        headers = {"X-Signature": signature, "X-Delivery": delivery}
        status, answer = self.ask("POST", f"/{name}{query}", body, headers)
        return status, json.loads(answer)

    def accepted(self, name, value, delivery):
        status, answer = self.post(name, value, delivery)
        check_equal(status, 202, f"a delivery to {name}: {answer}")
        return answer["run_id"]


@contextlib.contextmanager
def serving(work, more, **env):
    work.write("secret", "a secret of the hooks\n")
    work.configure(more=more)
    with work.serve(**env) as (process, said):
        yield Served(work, process, said)


def cancel(work, run_id):
    done = work.command("cancel", run_id, "--config", work.config)
    check_equal(done.status, 0, f"cancel\n{done}")


def start_of(work, run_id):
    return wait_for(f"the start of {run_id}", lambda: [r for r in records(work, "run.start") if r["run"] == run_id])[0]


@test
def hooks_come_go_and_change_while_deliveries_wait():
    with Workspace() as work:
        sleeper, tells = work.write("sleeper.lua", SLEEPER), work.write("tells.lua", TELLS)
        before = LISTEN + hook(work, "stays", sleeper, concurrency=1) + hook(work, "goes", sleeper, concurrency=1)
        with serving(work, before) as served:
            first = {name: served.accepted(name, {"n": 1}, "one") for name in ("stays", "goes")}
            waits = {name: served.accepted(name, {"n": 2}, "two") for name in ("stays", "goes")}
            unwanted = served.accepted("goes", {"n": 3}, "unwanted")
            check_equal(served.post("comes", {}, "one")[0], 404, "the hook to come")
            said = reload(work, LISTEN + hook(work, "comes", tells)
                          + hook(work, "stays", tells, concurrency=1, reason="another"))
            check("hooks: 1 added, 1 changed, 1 removed" in said.out, f"what it says {said}")
            check_equal(served.post("goes", {"n": 3}, "three")[0], 404, "the hook that is gone")
            status, answer = served.post("stays", {"n": 2}, "two")
            check(status == 200 and answer["run_id"] == waits["stays"], f"a duplicate of one that waits: {answer}")
            served.accepted("comes", {"n": 1}, "one")
            wait_for_end(work, "comes")
            check(not set(first.values()) & set(ended(work)), "the runs of before go on")
            cancel(work, unwanted)
            for name in ("stays", "goes"):
                cancel(work, first[name])
            of_before, of_now = start_of(work, waits["goes"]), start_of(work, waits["stays"])
            check(of_before["runbook"]["path"].endswith("sleeper.lua"), f"as it was accepted: {of_before}")
            check(of_now["runbook"]["path"].endswith("tells.lua"), f"as it is configured now: {of_now}")
            check(of_before["config"] != of_now["config"], "the digests of both")
            wait_for("its end", lambda: ended(work).get(waits["stays"]) == "done")
            # it comes back, and knows what it was sent before
            reload(work, before)
            status, answer = served.post("goes", {"n": 2}, "two")
            check(status == 200 and answer["run_id"] == waits["goes"], f"a duplicate over its absence: {answer}")
            check_equal(served.post("comes", {}, "two")[0], 404, "the hook that came and went")
            cancel(work, waits["goes"])
            wait_for("its end", lambda: waits["goes"] in ended(work))
            check(unwanted not in runs_of(work, "goes"), "what was cancelled while its hook was gone")
        check_equal(work.verify().status, 0, "audit verify")


@test
def a_hook_that_comes_back_finds_what_waits():
    with Workspace() as work:
        sleeper, tells = work.write("sleeper.lua", SLEEPER), work.write("tells.lua", TELLS)
        other = LISTEN + hook(work, "other", tells)
        with serving(work, other + hook(work, "x", sleeper, concurrency=1)) as served:
            first = served.accepted("x", {"n": 1}, "one")
            waits = served.accepted("x", {"n": 2}, "two")
            reload(work, other)
            reload(work, other + hook(work, "x", tells, concurrency=1, queue=1))
            check_equal(served.post("x", {"n": 3}, "three")[0], 503, "the queue is still full")
            check_equal(served.post("x", {"n": 1}, "one")[1]["run_id"], first, "the id of what goes on")
            cancel(work, first)
            wait_for("the end of what waited", lambda: ended(work).get(waits) == "done")
            check_equal(runs_of(work, "x"), [first, waits], "its runs")


@test
def secrets_and_accept_are_read_anew_and_a_rate_goes_on_counting():
    with Workspace() as work:
        tells = work.write("tells.lua", TELLS)
        accept = work.write("accept.lua", "return { accept = function(d) return { v = 1 } end }\n")
        more = LISTEN + hook(work, "x", tells, accept=accept, rate="3/1h")
        with serving(work, more) as served:
            served.accepted("x", {}, "one")
            work.write("secret", "another secret of the hooks\n")
            check_equal(served.post("x", {}, "two")[0], 404, "the new secret before the reload")
            work.write("accept.lua", "return { accept = function(d) return { v = 2 } end\n")
            said = reload(work, status=2)
            check(re.search(r"runbook\.conf:\d+: \[hook x\] accept: .*accept\.lua", said.err), f"said {said}")
            check_equal(served.post("x", {}, "two")[0], 404, "the new secret after a reload that was refused")
            work.write("accept.lua", "return { accept = function(d) return { v = 2 } end }\n")
            reload(work)
            run_id = served.accepted("x", {}, "two")
            result = wait_for("its result", lambda: told(work, "show", run_id).get("result"))
            check_equal(result, {"input": {"v": 2}}, "the new accept")
            served.accepted("x", {}, "three")
            check_equal(served.post("x", {}, "four")[0], 429, "the fourth within the hour")
            os.remove(work.path("secret"))
            check("No such file" in reload(work, status=2).err, "a secret that is not there")


@test
def what_is_refused_last_leaves_no_schedule_behind():
    with Workspace() as work:
        tells = work.write("tells.lua", TELLS)
        work.write("accept.lua", "return {}\n")
        good = LISTEN + hook(work, "x", tells)
        with serving(work, good) as served:
            said = reload(work, good + schedule("never", tells, "* * * * * *")
                          + hook(work, "y", tells, accept=work.path("accept.lua")), status=2)
            check("returns no function accept" in said.err, f"said {said}")
            check_equal(served.post("y", {}, "one")[0], 404, "the hook beside it")
            reload(work, good + schedule("always", tells, "* * * * * *"))
            wait_for("two times of the other", lambda: len(runs_of(work, "always")) >= 2)
            check_equal(runs_of(work, "never"), [], "what was never in force")


@test
def a_sender_that_waits_for_the_end_is_told_over_a_reload():
    with Workspace() as work:
        waits = work.write("waits.lua", 'approve{ subject = "go on?" }\nreturn { done = true }\n')
        tells = work.write("tells.lua", TELLS)
        other = LISTEN + hook(work, "other", tells)
        with serving(work, other + hook(work, "x", waits)) as served, concurrent.futures.ThreadPoolExecutor(1) as pool:
            told_late = pool.submit(served.post, "x", {}, "one", query="?wait=50s")
            asked = wait_for("the question", lambda: records(work, "approval.asked"))[0]
            reload(work, other)
            approved = work.command("approve", asked["run"], "--config", work.config)
            check_equal(approved.status, 0, f"approve\n{approved}")
            status, answer = told_late.result(timeout=60)
            check(status == 200 and answer["run_id"] == asked["run"], f"the answer: {status} {answer}")


@test
def a_delivery_that_is_being_proven_is_told_of_by_the_hook_it_came_to():
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    may_answer = threading.Event()

    def certificate(_):
        may_answer.wait(60)
        return 503, {}, b""

    with Workspace() as work, Peer(certificate) as amazon:
        tells = work.write("tells.lua", TELLS)
        other = LISTEN + hook(work, "other", tells)
        sns = (f"[hook sns]\npath = /sns\nauth = sns\ntopics = {topic}\nrunbook = {tells}\n"
               f"sns_url_prefix = http://127.0.0.1:{amazon.port}/\n")
        body = json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": topic, "Message": "{}",
                           "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
                           "SignatureVersion": "1", "Signature": "AAAA",
                           "SigningCertURL": f"http://127.0.0.1:{amazon.port}/sns.pem"})
        with serving(work, other) as served, concurrent.futures.ThreadPoolExecutor(1) as pool:
            reload(work, other + sns)
            told_late = pool.submit(served.ask, "POST", "/sns", body)
            amazon.wait_for(1)
            for _ in range(2):
                reload(work, other)
                reload(work, other + sns.replace("[hook sns]", "[hook again]"))
            reload(work, other)
            check_equal(served.ask("POST", "/sns", body)[0], 404, "the hook that is gone")
            may_answer.set()
            check_equal(told_late.result(timeout=60)[0], 503, "its certificate was not to be had")
            wait_for("its record, by the name of its hook",
                     lambda: "sns" in [r["actor"]["name"] for r in records(work, "trigger.reject")])


def peer_name(connection):
    return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]


@test
def certificates_are_for_connections_to_come_and_old_ones_live_on():
    with Workspace() as work:
        authority = Authority(work.dir)
        cert, key = authority.sign("server", "/CN=first", "IP:127.0.0.1")
        authority.sign("next", "/CN=second", "IP:127.0.0.1")
        tells = work.write("tells.lua", TELLS)
        tls = f"cert_file = {cert}\nkey_file = {key}\n"
        more = (f"{LISTEN}{tls}\n[admin]\naddress = 127.0.0.1:0\n{tls}\n" + hook(work, "x", tells))
        work.write("secret", "a secret of the hooks\n")
        work.configure(more=more)

        def connect(port):
            raw = socket.create_connection(("127.0.0.1", port), timeout=30)
            return authority.trusting().wrap_socket(raw, server_hostname="127.0.0.1")

        def status_of(connection):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            return connection.recv(65536).split()[1]

        with work.serve() as (_, said):
            ports = [int(port) for port in re.findall(r", port (\d+)", said)]
            check_equal(len(ports), 2, f"places {said}")
            old = [connect(port) for port in ports]
            check_equal([peer_name(c) for c in old], ["first", "first"], "before")
            shutil.copy(work.path("next.pem"), cert)
            said = reload(work, status=2)
            check("[listen] key_file" in said.err and "not the key" in said.err, f"half of it\n{said}")
            shutil.copy(work.path("next.key"), key)
            reload(work)
            for port in ports:
                with connect(port) as new:
                    check_equal(peer_name(new), "second", f"now at {port}")
            check_equal([status_of(c) for c in old], [b"404", b"200"], "connections of before")
            reload(work, more.replace(tls, ""))
            check_equal([status_of(c) for c in old], [b"404", b"200"], "connections of before, still in TLS")
            with socket.create_connection(("127.0.0.1", ports[1]), timeout=30) as plain:
                check_equal(status_of(plain), b"200", "plain from now on")
            try:
                connect(ports[0])
                check(False, "TLS is still spoken")
            except (ssl.SSLError, ConnectionError):
                pass
            for connection in old:
                connection.close()


@test
def heartbeats_and_notifications_begin_change_and_end():
    with Workspace() as work, Peer(lambda request: (200, {}, b"")) as peer:
        tells, fails = work.write("tells.lua", TELLS), work.write("fails.lua", 'error("no")\n')
        plain = LISTEN + hook(work, "ok", tells) + hook(work, "bad", fails)
        url = f"http://127.0.0.1:{peer.port}"
        with serving(work, plain + "[http]\nplain_hosts = 127.0.0.1\n") as served:
            plain += "[http]\nplain_hosts = 127.0.0.1\n"
            check_equal(told(work, "status")["schedules"]["count"], 0, "schedules")
            served.accepted("bad", {}, "one")
            wait_for_end(work, "bad")
            told_of = plain + f"[notify]\nchannel = webhook\nurl = {url}/notify\nevents = failure\n"
            reload(work, told_of + f"[heartbeat]\nurl = {url}/beat\nevery = 10m\n")
            peer.wait_for(1)
            reload(work, told_of + f"[heartbeat]\nurl = {url}/beat\nevery = 10m\n")
            reload(work, told_of + f"[heartbeat]\nurl = {url}/other\nevery = 10m\n")
            peer.wait_for(2)
            served.accepted("bad", {}, "two")
            paths = [request.path for request in peer.wait_for(3)]
            check_equal(paths, ["/beat", "/other", "/notify"], "what came")
            reload(work, plain)
            served.accepted("bad", {}, "three")
            wait_for("its end", lambda: len([r for r in runs_of(work, "bad") if r in ended(work)]) == 3)
            served.accepted("ok", {}, "four")
            wait_for_end(work, "ok")
            check_equal(len(peer.requests), 3, "nobody is told any more")


@test
def links_to_approvals_change_with_their_key():
    with Workspace() as work:
        asks = work.write("asks.lua", 'approve{ subject = "may it?", of = { "ann" } }\nreturn {}\n')
        work.write("key1", "a key of sixteen bytes\n")
        work.write("key2", "another key, as long\n")
        base = LISTEN + schedule("nightly", asks)
        links = "[approvals]\nbase_url = https://host.example\nsecret_file = "
        with serving(work, base + links + work.path("key1")) as served:
            check_equal(work.command("schedules", "fire", "nightly", "--config", work.config).status, 0, "fire")
            run_id = wait_for("the run", lambda: runs_of(work, "nightly"))[0]

            def link():
                def look():
                    shown = told(work, "show", run_id, "--links")
                    return [a["links"][0]["approve"] for a in shown.get("approvals", []) if a.get("links")]
                return wait_for("a link", look)[0].removeprefix("https://host.example")

            def get(path):
                return served.ask("GET", path)[0]

            first = link()
            check_equal(get(first), 200, "the page")
            reload(work, base + links + work.path("key2"))
            second = link()
            check_equal([get(first), get(second)], [404, 200], "the old link and the new")
            said = reload(work, base + links + work.path("none"), status=2)
            check("No such file" in said.err, f"a key that is not there\n{said}")
            check_equal(get(second), 200, "after a refusal")
            reload(work, base)
            check_equal(get(second), 404, "without base_url")


run()
