"""People approve what a run asks for: by signed links of `runbook serve`, and by command."""

import contextlib
import http.client
import http.server
import json
import os
import re
import signal
import stat
import threading
import time

from program import SCRIPTS, Workspace, said_when_ready
from tap import Skip, check, check_equal, run, test

ASK = 'return approve { subject = "open the <gate> & go", n = 1, expires = 3600 }'
ASK_TWO = 'return approve { subject = "both", n = 2, of = { "ann", "bob", "cyd" } }'


def settings(base="http://127.0.0.1/base", more=""):
    return f"[listen]\naddress = 127.0.0.1:0\n\n[approvals]\npeople = ann bob cyd\nbase_url = {base}\n{more}\n"


class Serving:
    """`runbook serve`, and how people reach it."""

    def __init__(self, work):
        self.work = work
        self.process = work.start("serve", "--config", work.config)
        self.port = int(re.search(r"port (\d+)", said_when_ready(self.process))[1])
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()

    def end(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        self.process.wait(timeout=20)

    def ask(self, method, link, body=None):
        """What a browser gets: status, headers, text."""
        target = link.split("/base", 1)[1] if "/base" in link else link
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text

    def start(self, text, name="ask.lua", args=()):
        """Start a run that serve takes over; the process that waits for it."""
        return self.work.start("run", self.work.write(name, text), "--config", self.work.config, *args)


@contextlib.contextmanager
def serving(work, config=None):
    if config is not None:
        work.configure(more=config)
    serve = Serving(work)
    try:
        yield serve
        serve.end()
        check_equal(serve.process.returncode, 0, f"exit status of serve, having said {serve.said}")
    finally:
        if serve.process.poll() is None:
            serve.process.kill()
            serve.process.wait()


def records(work, kind):
    return [r for segment in work.records() for r in segment if r["kind"] == kind]


def wait_for(work, kind, n=1, seconds=30):
    """Follow the audit log until it has n records of that kind; they."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = records(work, kind)
        if len(found) >= n:
            return found
        time.sleep(0.05)
    raise AssertionError(f"there are {len(records(work, kind))} records {kind}, not {n}, after {seconds} s")


def links(work, run_id):
    """Of the one approval that waits: {person: {approve, reject, until}}. The store has it right after the log."""
    limit = time.monotonic() + 10
    while True:
        shown = work.command("show", run_id, "--links", "--json", "--config", work.config)
        waiting = [a for a in shown.result["approvals"] if a["open"]] if shown.status == 0 else []
        if waiting:
            check_equal(len(waiting), 1, f"open approvals of {shown.result['approvals']}")
            return {link["person"]: link for link in waiting[0]["links"]}
        check(time.monotonic() < limit, f"nothing waits\n{shown}")


def ended(process):
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@test
def a_link_shows_what_is_asked_and_its_button_approves():
    with Workspace() as work, serving(work, settings()) as serve:
        process = serve.start(ASK)
        asked = wait_for(work, "approval.asked")[0]
        ann = links(work, asked["run"])["ann"]
        for method in ("GET", "HEAD", "GET"):  # mail scanners look, and do not vote
            status, headers, page = serve.ask(method, ann["approve"])
            check_equal(status, 200, f"{method}; status")
        check("open the &lt;gate&gt; &amp; go" in page and "<script" not in page and "<gate>" not in page, page)
        check('method="post"' in page and ">Approve</button>" in page, page)
        check("default-src 'none'" in headers["Content-Security-Policy"], str(headers))
        check_equal((headers["Cache-Control"], headers["Referrer-Policy"]), ("no-store", "no-referrer"), "headers")
        check_equal(records(work, "approval.vote"), [], "votes after looking")

        status, _, page = serve.ask("POST", ann["approve"], "comment=fine+by+me%21")
        check_equal(status, 200, f"the vote: {page}; status")
        vote = records(work, "approval.vote")[0]  # on disk before the answer
        check_equal((vote["voter"], vote["by"], vote["approve"], vote["comment"], vote["subject"], vote["step"]),
                    ("ann", "link", True, "fine by me!", "open the <gate> & go", asked["step"]), "the record")
        status, out, err = ended(process)
        check_equal((status, json.loads(out)), (0, {"approvedBy": ["ann"]}), f"the run, having said {err}")
        decided = wait_for(work, "approval.decided")[0]
        check_equal((decided["decision"], decided["needed"], [v["voter"] for v in decided["votes"]]),
                    ("approved", 1, ["ann"]), "the decision")
        check_equal(serve.ask("POST", ann["reject"])[0], 410, "a vote after the decision; status")
        check_equal(serve.ask("GET", ann["approve"])[0], 410, "a look after the decision; status")
        log = "\n".join(open(s, encoding="utf-8").read() for s in work.segments()) + "".join(serve.said) + err
        check("sig=" not in log, "a link stands in a log")
        check_equal(stat.S_IMODE(os.stat(os.path.join(work.dir, "state", "approvals.key")).st_mode), 0o600, "mode")


@test
def a_link_rejects():
    with Workspace() as work, serving(work, settings()) as serve:
        process = serve.start('local ok, e = pcall(approve, { subject = "x" })\nreturn { e.code, e.message }')
        bob = links(work, wait_for(work, "approval.asked")[0]["run"])["bob"]
        check(">Reject</button>" in serve.ask("GET", bob["reject"])[2], "the page of the rejection")
        check_equal(serve.ask("POST", bob["reject"], "comment=no")[0], 200, "status")
        check_equal(json.loads(ended(process)[1]), ["ApprovalDenied", "bob rejected it: no"], "what the run got")
        check_equal(wait_for(work, "approval.decided")[0]["decision"], "rejected", "decision")


@test
def two_of_three_and_a_second_vote_counts_once():
    with Workspace() as work, serving(work, settings()) as serve:
        process = serve.start(ASK_TWO)
        asked = wait_for(work, "approval.asked")[0]
        people = links(work, asked["run"])
        check_equal(sorted(people), ["ann", "bob", "cyd"], "people")
        for _ in range(2):
            check_equal(serve.ask("POST", people["ann"]["approve"])[0], 200, "status")
        check_equal(len(records(work, "approval.vote")), 2, "votes")
        check_equal(records(work, "approval.decided"), [], "decisions after one person")
        check("approved by</dt><dd>ann" in serve.ask("GET", people["bob"]["approve"])[2], "bob sees who has approved")
        check_equal(serve.ask("POST", people["cyd"]["approve"])[0], 200, "status")
        check_equal(json.loads(ended(process)[1]), {"approvedBy": ["ann", "cyd"]}, "what the run got")


@test
def a_wrong_link_learns_nothing():
    with Workspace() as work, serving(work, settings()) as serve:
        process = serve.start(ASK)
        asked = wait_for(work, "approval.asked")[0]
        good = links(work, asked["run"])["ann"]["approve"]
        unknown = good.replace(asked["run"], "0199aaaa-0000-7000-8000-000000000000")
        wrong = [unknown, good.replace("by=ann", "by=bob"), good.replace("do=approve", "do=reject"),
                 good.replace("until=", "until=1"), good.replace("attempt=1", "attempt=2"),
                 good.replace("/1?", "/2?"), good[:-1] + ("0" if good[-1] != "0" else "1"), good[:-1], good + "0",
                 good + "&x=1", good.split("&sig=")[0], "/approvals/", "/approvals/x", "/approvals/x/y?sig=" + "0" * 64]
        for method in "GET", "POST":
            want = serve.ask(method, unknown)[::2]
            check_equal(want[0], 404, "status")
            for link in wrong:
                check_equal(serve.ask(method, link)[::2], want, f"{method} {link}")
        check_equal(serve.ask("DELETE", good)[0], 405, "status of another method")
        check_equal(records(work, "approval.vote"), [], "votes")
        check_equal(work.command("cancel", asked["run"], "--config", work.config).status, 0, "cancel")
        ended(process)


@test
def what_has_expired_cannot_be_approved_also_where_no_process_ran():
    ask = 'local ok, e = pcall(approve, { subject = "x", expires = 1.5 })\nreturn e.code'
    with Workspace() as work:
        with serving(work, settings()) as serve:
            first = serve.start(ask)
            asked = wait_for(work, "approval.asked")[0]
            link = links(work, asked["run"])["ann"]["approve"]
            check_equal(json.loads(ended(first)[1]), "ApprovalExpired", "what the run got")
            check_equal(serve.ask("POST", link)[0], 410, "status of a late vote")
            second = serve.start(ask)
            run_id = wait_for(work, "approval.asked", 2)[1]["run"]
            serve.process.kill()
            serve.process.wait()
            second.kill()
            second.communicate()
            serve.process.returncode = 0
            serve.end = lambda: None
        time.sleep(1.6)  # the time is over while nothing runs: there is nothing to wait on
        with serving(work):
            decided = wait_for(work, "approval.decided", 2)[1]
            check_equal((decided["run"], decided["decision"]), (run_id, "expired"), "decision")
            end = [r for r in wait_for(work, "run.end", 2) if r["run"] == run_id][0]
            check_equal(end["outcome"], "done", "outcome")


@test
def votes_and_links_outlive_the_process():
    with Workspace() as work:
        with serving(work, settings()) as serve:
            process = serve.start(ASK_TWO)
            run_id = wait_for(work, "approval.asked")[0]["run"]
            people = links(work, run_id)
            check_equal(serve.ask("POST", people["ann"]["approve"])[0], 200, "status")
            process.kill()
            process.communicate()
            serve.process.kill()
            serve.process.wait()
            serve.process.returncode = 0
            serve.end = lambda: None
        with serving(work) as serve:
            check("approved by</dt><dd>ann" in serve.ask("GET", people["bob"]["approve"])[2], "ann's vote is there")
            check_equal(serve.ask("POST", people["bob"]["approve"])[0], 200, "status, right after the start")
            end = wait_for(work, "run.end")[0]
            check_equal((end["run"], end["outcome"]), (run_id, "done"), "the end")
            shown = work.command("show", run_id, "--json", "--config", work.config).result
            check_equal(shown["result"], {"approvedBy": ["ann", "bob"]}, "result")
        check_equal(work.verify().status, 0, "audit verify")


def me(work):
    ended_run = work.run("return 1")
    check_equal(ended_run.status, 0, f"{ended_run}")
    return records(work, "run.start")[-1]["actor"]["user"]


@test
def who_started_the_run_has_no_link_and_no_vote():
    with Workspace() as work:
        name = me(work)
        config = settings().replace("ann bob cyd", f"ann {name}")
        with serving(work, config) as serve:
            process = serve.start(ASK)
            run_id = wait_for(work, "approval.asked")[0]["run"]
            check_equal(sorted(links(work, run_id)), ["ann"], "people with links")
            refused = work.command("approve", run_id, "--config", work.config)
            check_equal(refused.status, 2, f"{refused}")
            check("started the run" in refused.err, refused.err)
            check_equal(records(work, "approval.vote"), [], "votes")
            check_equal(serve.ask("POST", links(work, run_id)["ann"]["approve"])[0], 200, "status")
            check_equal(ended(process)[0], 0, "exit status")


def needs_root_without_login():
    if os.geteuid() != 0:
        raise Skip("needs root")
    with open("/proc/self/loginuid", encoding="ascii") as file:
        if file.read().strip() != "4294967295":
            raise Skip("the kernel knows a login user, who is believed rather than sudo")


@test
def root_votes_as_whom_sudo_names_and_the_list_holds():
    needs_root_without_login()
    with Workspace() as work, serving(work, settings()) as serve:
        process = serve.start(ASK_TWO)
        run_id = wait_for(work, "approval.asked")[0]["run"]
        refused = work.command("approve", run_id, "--config", work.config, SUDO_USER="dan")
        check_equal(refused.status, 2, f"{refused}")
        check("dan is not one of those who may approve it: ann bob cyd" in refused.err, refused.err)
        for name in "ann", "bob":
            voted = work.command("approve", run_id, "--comment", "ok", "--config", work.config, SUDO_USER=name)
            check_equal(voted.status, 0, f"{voted}")
        check_equal(ended(process)[0], 0, "exit status")
        check_equal([(v["voter"], v["by"]) for v in records(work, "approval.vote")], [("ann", "sudo"), ("bob", "sudo")],
                    "votes")
        shown = work.command("show", run_id, "--config", work.config)
        check("ann approved at " in shown.out and "(sudo)" in shown.out, shown.out)


@test
def what_waits_is_listed_with_and_without_an_owner():
    with Workspace() as work:
        with serving(work, settings()) as serve:
            check("nothing waits" in work.command("approve", "--config", work.config).out, "before")
            process = serve.start(ASK)
            run_id = wait_for(work, "approval.asked")[0]["run"]
            for _ in range(2):
                listed = work.command("approve", "--config", work.config)
                check_equal(listed.status, 0, f"{listed}")
                check(run_id in listed.out and "open the <gate> & go" in listed.out and "ann bob cyd" in listed.out,
                      listed.out)
                runs = work.command("runs", "--state", "waiting", "--config", work.config)
                check("approval of open the <gate> & go" in runs.out, f"{runs}")
                if serve.process.poll() is None:
                    serve.end()
            process.kill()
            process.communicate()
        check_equal(work.command("reject", "--config", work.config).status, 2, "reject without a run; status")


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(500 if len(self.server.bodies) == 1 else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@test
def people_are_told_and_failures_are_recorded():
    with Workspace() as work, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        receiver.bodies = []
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{receiver.server_address[1]}/hidden-token"
        with serving(work, settings(more=f"post_url = {url}")) as serve:
            process = serve.start(ASK_TWO)
            notified = wait_for(work, "approval.notified", 4)
            check_equal(sorted(r["outcome"] for r in notified), ["error", "ok", "ok", "ok"], "outcomes")
            failed = [r for r in notified if r["outcome"] == "error"][0]
            check_equal(failed["message"], "the answer was 500", "message")
            check("hidden-token" not in json.dumps(notified) + "".join(serve.said), "the URL is in the log")
            check_equal({b["person"] for b in receiver.bodies}, {"ann", "bob", "cyd"}, "people")
            for body in receiver.bodies[-2:]:
                check_equal((body["subject"], body["again"]), ("both", False), "body")
                check_equal(serve.ask("POST", body["approve_url"])[0], 200, "status")
            check_equal(ended(process)[0], 0, "exit status")
            process = serve.start(ASK, "again.lua")
            wait_for(work, "approval.notified", 7)
            process.kill()
            process.communicate()
            serve.end()
        told = len(receiver.bodies)
        with serving(work):
            wait_for(work, "approval.notified", 10)
            check_equal({(b["person"], b["again"]) for b in receiver.bodies[told:]},
                        {("ann", True), ("bob", True), ("cyd", True)}, "told again after the restart")
        receiver.shutdown()


@test
def a_redrive_needs_two_of_three():
    with Workspace() as work:
        started = work.run(os.path.join(SCRIPTS, "orders", "start.lua"))
        check_equal(started.status, 0, f"start.lua\n{started}")
        work.repair_mail_server()
        map_run = started.result["mapRunArn"]
        policy = "[policy]\napproval = sfn.redrive_execution 2 of ann bob cyd within 4h\n"
        with serving(work, settings() + policy) as serve:
            process = work.start("run", os.path.join(SCRIPTS, "redrive_failed_map_run.lua"), "-i", f"mapRunArn={map_run}",
                                 "--config", work.config)
            run_id = wait_for(work, "approval.asked")[0]["run"]
            people = links(work, run_id)
            page = serve.ask("GET", people["ann"]["approve"])[2]
            check("sfn.redrive_execution" in page and "executionArn" in page, page)
            listed = work.command("approve", "--config", work.config)
            check(re.search(r'arguments {"executionArn":"arn:\S+:execution:Orders:', listed.out) and
                  "because it needs the approval of 2 of ann bob cyd" in listed.out, f"who votes is told of what\n{listed}")
            for name in "ann", "cyd":
                redriven = [r for r in records(work, "call.intent") if r["operation"] == "sfn.redrive_execution"]
                check_equal(redriven, [], "redrives before the second approval")
                check_equal(serve.ask("POST", people[name]["approve"])[0], 200, "status")
            status, out, err = ended(process)
            check_equal(status, 0, f"the run, having said {out} {err}")
            check_equal(json.loads(out)["status"], "SUCCEEDED", "the Map Run")
        order = [r["kind"] for segment in work.records() for r in segment if r.get("run") == run_id and (
            r["kind"].startswith("approval.") or r.get("operation") == "sfn.redrive_execution" and
            r["kind"] != "call.prepare")]
        check_equal(order, ["approval.asked", "approval.vote", "approval.vote", "approval.decided", "call.intent",
                            "call.outcome"], "the order of the records")
        check_equal(work.verify().status, 0, "audit verify")


@test
def waits_for_people_are_out_of_memory():
    count = 'for i = 1, 200 do end return approve { subject = "one of many" }'
    with Workspace() as work, serving(work, settings()) as serve:
        file = work.write("many.lua", count)
        processes = [work.start("run", file, "--config", work.config) for _ in range(12)]
        asked = wait_for(work, "approval.asked", 12)
        first = links(work, asked[0]["run"])["ann"]["approve"]
        check_equal(serve.ask("POST", first)[0], 200, "status")
        listed = work.command("runs", "--state", "waiting", "--json", "--config", work.config).result["runs"]
        check_equal({r["subject"] for r in listed}, {"one of many"}, "subjects")
        check_equal(len(listed) in (11, 12), True, f"{len(listed)} wait")
        for process in processes:
            process.kill()
            process.communicate()


@test
def a_wrong_setting_is_named_with_its_line():
    for line, words in (("base_url = http://ops.example", "expected an https: URL"),
                        ("base_url = https://ops.example/", "without a slash at its end"),
                        ("post_url = https://ops.example", "base_url beside it"),
                        ("valid = long", "a duration"), ("peple = ann", "has no key 'peple'"),
                        ("base_url = https://ops.example", "needs [listen] address")):
        with Workspace() as work:
            work.configure(more="[approvals]\n" + line)
            refused = work.command("serve", "--config", work.config)
            check_equal(refused.status, 2, f"{line}\n{refused}")
            check(words in refused.err, f"{line}: {refused.err}")
    with Workspace() as work:
        work.write("short", "too short\n")
        work.configure(more=settings(more=f"secret_file = {work.path('short')}"))
        refused = work.command("serve", "--config", work.config)
        check("a key has 16 bytes or more" in refused.err, f"{refused}")


run()
