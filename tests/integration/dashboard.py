"""The dashboard: who gets in, what others cannot make a browser do, and what its pages say."""

import contextlib
import http.client
import json
import re
import socket
import subprocess
import time

from browser import Person, link, port_of, request
from certificates import Authority
from program import RUNBOOK, Workspace, said_when_ready
from steered import control, map_run
from tap import check, check_equal, run, test

ADMIN = "[admin]\naddress = 127.0.0.1:0\n\n"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDLOCAL", "AWS_SECRET_ACCESS_KEY": "local"}
MARKUP = "<script>alert(1)</script>\"'&"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"


@contextlib.contextmanager
def serving(work, more="", endpoint="local", admin=ADMIN, **env):
    """`runbook serve` with a dashboard until the block ends; gives the process and what it said."""
    work.write("idle.lua", "return 1\n")
    schedule = f"[schedule yearly]\ncron = 0 0 1 1 *\nrunbook = {work.path('idle.lua')}\n\n"
    work.configure(endpoint, admin + schedule + more)
    with work.serve(**env) as served:
        yield served


@contextlib.contextmanager
def serving_at_socket(work):
    """`runbook serve` to which a service manager has handed over `socket:admin`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        env = work.environment(LISTEN_FDS="1", LISTEN_FDNAMES="admin")
        command = f'LISTEN_PID=$$ exec "$@" 3<&{server.fileno()}'
        process = subprocess.Popen(["sh", "-c", command, "sh", RUNBOOK, "serve", "--config", work.config], env=env,
                                   cwd=work.dir, stderr=subprocess.PIPE, text=True, pass_fds=[server.fileno()])
        try:
            said_when_ready(process)
            yield
        finally:
            process.terminate()
            process.communicate(timeout=20)


def opened(work):
    """A person at the dashboard of a host that has done nothing yet."""
    return Person(work)


def hook(work, name, runbook="idle.lua"):
    """A section for `serving`; the secret is in a header."""
    return (f"[listen]\naddress = 127.0.0.1:0\n\n[hook {name}]\npath = /hooks/hook\nauth = key\nheader = X-Key\n"
            f"secret_file = {work.write('key', 'a secret of the hook')}\nrunbook = {work.path(runbook)}\n\n")


def deliver(said, key="a secret of the hook"):
    return request(port_of(said, "hooks are received"), "/hooks/hook", "POST", "{}", {"X-Key": key})


# ---- who gets in ----

@test
def a_stranger_is_told_how_to_log_in():
    with Workspace() as work, serving(work) as (_, said):
        port = port_of(said)
        for path, status in (("/", 403), ("/runs", 403), ("/runs/0123456789", 403), ("/login", 200), ("/login?code=", 200)):
            answer, text = request(port, path)
            check_equal(answer.status, status, path)
            check("runbook dashboard" in text, f"how: {text}")
        check_equal(request(port, "/login?code=" + "0" * 64)[0].status, 403, "a made-up link")
        for path in ("/login?code=%00", "/login?code=a&code=b", "/login?code=" + "0" * 5000):
            check("Set-Cookie" not in request(port, path)[0].headers, path)
        check_equal(request(port, "/leave", "POST", "token=x")[0].status, 403, "a form")
        check_equal(request(port, "/", headers={"Cookie": f"runbook-{port}=" + "0" * 64})[0].status, 403, "a made-up cookie")
        check_equal(request(port, "/no/such/page")[0].status, 404, "another path")
        for path in ("/healthz", "/readyz", "/metrics"):
            check_equal(request(port, path)[0].status, 200, f"{path} is for machines")


@test
def a_link_is_good_once():
    with Workspace() as work, serving(work):
        ann = opened(work)
        check("HttpOnly" in ann.set_cookie and "SameSite=Strict" in ann.set_cookie, ann.set_cookie)
        check(ann.set_cookie.startswith(f"runbook-{ann.port}="), f"not another port's: {ann.set_cookie}")
        check("Domain" not in ann.set_cookie and "Path=/" in ann.set_cookie, ann.set_cookie)
        answer, text = request(ann.port, f"/login?{ann.link.query}")
        check(answer.status == 403 and "used up" in text, f"again: {text}")
        check("Set-Cookie" not in answer.headers, "no cookie")
        again = link(work)
        path = again[again.index("/login"):]
        check_equal(request(ann.port, path, "HEAD")[0].status, 405, "a look")
        check_equal(request(ann.port, path)[0].status, 200, "which has not used it up")


@test
def logging_in_is_recorded_and_out_ends_it():
    with Workspace() as work:
        with serving(work):
            ann = opened(work)
            ann.page("/runs")
            answer, _ = ann.post("/leave")
            check_equal((answer.status, answer.headers["Location"]), (303, "/login"), "out")
            check("Max-Age=0" in answer.headers["Set-Cookie"], "the cookie goes")
            check_equal(ann.get("/runs")[0].status, 403, "it is over")
            opened(work)
        records = work.records()
    logins = [r for segment in records for r in segment if r["kind"] == "dashboard.login"]
    check_equal(len(logins), 2, f"records: {logins}")
    check(logins[0]["actor"]["peer"].startswith("127.0.0.1:"), f"from where: {logins}")
    check(logins[0]["actor"]["user"] and logins[0]["actor"]["by"] in ("uid", "loginuid", "sudo"), f"who: {logins}")
    check("code=" not in str(records), "no secret is recorded")


@test
def without_a_dashboard_there_is_no_link():
    with Workspace() as work:
        ended = work.command("dashboard", "--config", work.config)
        check(ended.status == 2 and "`runbook serve` has the dashboard" in ended.err, f"nobody: {ended}")
        work.write("idle.lua", "return 1\n")
        work.configure(more=f"[schedule yearly]\ncron = 0 0 1 1 *\nrunbook = {work.path('idle.lua')}\n")
        with work.serve():
            ended = work.command("dashboard", "--config", work.config)
            check(ended.status == 2 and "[admin] address" in ended.err, f"not configured: {ended}")


@test
def a_link_leads_where_people_reach_it():
    with Workspace() as work, serving(work) as _:
        check(link(work).startswith("http://127.0.0.1:"), "the first address")
    with Workspace() as work:
        work.write("idle.lua", "return 1\n")
        schedule = f"[schedule yearly]\ncron = 0 0 1 1 *\nrunbook = {work.path('idle.lua')}\n\n"
        path = work.path("admin.sock")
        work.configure(more=f"[admin]\naddress = unix:{path}\n\n" + schedule)
        with work.serve():
            ended = work.command("dashboard", "--config", work.config)
            check(ended.status == 2 and "base_url is to say" in ended.err, f"a socket: {ended}")
        work.configure(more="[admin]\naddress = socket:admin\nplain = true\n\n" + schedule)
        with serving_at_socket(work):
            ended = work.command("dashboard", "--config", work.config)
            check(ended.status == 2 and "base_url is to say" in ended.err, f"the service manager's: {ended}")
        base = "base_url = https://runbook.example"
        work.configure(more=f"[admin]\naddress = 127.0.0.1:0\n{base}\n\n" + schedule)
        with work.serve() as (_, said):
            there = link(work)
            check(there.startswith("https://runbook.example/login?code="), there)
            answer, _ = request(port_of(said), there[there.index("/login"):])
            check(answer.headers["Set-Cookie"].startswith("__Host-runbook="), "over TLS")
            check("; Secure" in answer.headers["Set-Cookie"], "over TLS")
            check("max-age" in answer.headers["Strict-Transport-Security"], "over TLS")
        for bad in ("http://runbook.example", "https://runbook.example/"):
            work.configure(more=f"[admin]\naddress = 127.0.0.1:0\nbase_url = {bad}\n\n" + schedule)
            ended = work.command("serve", "--config", work.config)
            check(ended.status == 2 and "base_url" in ended.err, f"{bad}: {ended}")


# ---- what others cannot do ----

@test
def a_form_needs_the_token_of_its_session():
    with Workspace() as work, serving(work):
        ann, bob = opened(work), opened(work)
        check(ann.token != bob.token, "each has its own")
        for token in (None, "", "0" * 64, bob.token):
            answer, _ = ann.post("/leave", token=token)
            check_equal(answer.status, 403, f"token {token}")
        answer, _ = ann.post("/leave", headers={"Sec-Fetch-Site": "cross-site"})
        check_equal(answer.status, 403, "from another site")
        check_equal(ann.get("/leave")[0].status, 405, "GET changes nothing")
        check_equal(ann.get("/")[0].status, 200, "still logged in")
        check_equal(ann.post("/leave", headers={"Sec-Fetch-Site": "same-origin"})[0].status, 303, "its own")


@test
def every_answer_keeps_browsers_strict():
    with Workspace() as work, serving(work):
        ann = opened(work)
        text = ann.page("/")
        assets = re.findall(r'(?:href|src)="(/assets/[^"]+)"', text)
        check(len(assets) >= 3, f"style, script, icon: {assets}")
        for path in ("/", "/runs", "/runs/nosuchrun", "/login", "/leave", *assets):
            answer, _ = ann.get(path)
            policy = answer.headers["Content-Security-Policy"]
            check(policy.startswith("default-src 'none'; ") and "unsafe" not in policy, f"{path}: {policy}")
            check("frame-ancestors 'none'" in policy and "base-uri 'none'" in policy, f"{path}: {policy}")
            check_equal(answer.headers["X-Frame-Options"], "DENY", path)
            check_equal(answer.headers["X-Content-Type-Options"], "nosniff", path)
            kept = "immutable" if path in assets else "no-store"
            check(kept in answer.headers["Cache-Control"], f"{path}: {answer.headers['Cache-Control']}")
            check("Strict-Transport-Security" not in answer.headers, "there is no TLS")
        check(not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", text), "nothing inline")
        for name in assets:
            check_equal(ann.get(name)[0].status, 200, name)


@test
def markup_that_comes_in_is_text():
    with Workspace() as work, serving(work):
        ended = work.run(f"error [==[{MARKUP}]==]", "--reason", MARKUP, "-i", f"a={MARKUP}")
        check_equal(ended.status, 1, f"the run\n{ended}")
        ann = opened(work)
        found = re.search(r'href="/runs/([0-9a-f-]{36})"', ann.page("/runs"))[1]
        for path in ("/", "/runs", f"/runs/{found}"):
            text = ann.page(path)
            check("<script>" not in text and "alert(1)" in text, f"{path}: {text}")
        check(text.count(SHOWN) >= 2, f"reason and error: {text}")
        text = ann.page("/runs?runbook=%22%3E%3Cscript%3Ealert(2)%3C/script%3E&state=done")
        check("<script>alert" not in text and "alert(2)" in text, f"what is asked for: {text}")


# ---- what the pages say ----

@test
def runs_are_listed_and_filtered():
    with Workspace() as work, serving(work):
        work.run("return { answer = 42 }", "--reason", "ticket 4711")
        work.run(work.write("fails.lua", 'error("no such map")'))
        ann = opened(work)
        text = ann.text("/runs")
        check("test.lua" in text and "fails.lua" in text and "no such map" in text, text)
        text = ann.text("/runs?state=failed")
        check("fails.lua" in text and "test.lua" not in text, f"failed ones: {text}")
        text = ann.text(f"/runs?runbook={work.path('test.lua')}")
        check("fails.lua" not in text, f"of one runbook: {text}")
        check("no such runs" in ann.text("/runs?state=parked"), "none")
        answer, text = ann.get("/runs?state=nonsense")
        check(answer.status == 404 and "is no state of a run" in text, f"{answer.status} {text}")


@test
def more_runs_than_a_page_has_are_further_pages():
    with Workspace() as work:
        with serving(work, hook(work, "busy")) as (_, said):
            ann = opened(work)
            for _ in range(52):
                check_equal(deliver(said)[0].status, 202, "a delivery")
            seen, path, pages = [], "/runs", 0
            while path:
                text = ann.page(path)
                seen += re.findall(r'href="/runs/([0-9a-f-]{36})"', text)
                further = re.search(r'href="(/runs\?[^"]*before=[^"]*)" rel="next"', text)
                path, pages = further and further[1].replace("&amp;", "&"), pages + 1
            check(pages == 2 and len(seen) == len(set(seen)) == 52, f"{pages} pages, {len(seen)} runs")


@test
def one_run_has_its_steps():
    with Workspace() as work, serving(work):
        work.run("""
            local sfn = require "sfn"
            pcall(sfn.describe_execution, { executionArn =
              "arn:aws:states:us-east-1:123456789012:execution:Orders:none" })
            sleep(0.01)
            return { at = now() }""", "--reason", "ticket 4711", "-i", "order=77")
        ann = opened(work)
        found = re.search(r'href="/runs/([0-9a-f-]{36})"', ann.page("/runs"))[1]
        text = ann.text(f"/runs/{found}")
        for part in ("ticket 4711", '{"order":77}', "sfn.describe_execution", "ExecutionDoesNotExist", "execution:Orders:none",
                     "sleep", "now", "1 to 3 of 3", found):
            check(part in text, f"{part!r}: {text}")
        page = ann.page(f"/runs/{found}")
        check(re.search(r'<time datetime="20\d\d-\d\d-\d\dT[\d:.]+Z">', page), "times for machines, too")
        answer, text = ann.get("/runs/nosuchrun")
        check(answer.status == 404 and "nosuchrun" in text, f"{answer.status} {text}")
        for path in ("/runs/", "/runs/a/b", "/runs/%00", "/runs/" + "a" * 200):
            check_equal(ann.get(path)[0].status, 404, path)


@test
def over_tls_everything_is_secure():
    with Workspace() as work, work.engine() as (_, url):
        arn, authority = map_run(url, {"Type": "Succeed"}), Authority(work.dir)
        cert, key = authority.server()
        secure = ADMIN.strip() + f"\ncert_file = {cert}\nkey_file = {key}\n\n"
        with serving(work, endpoint=url, admin=secure, **KEYS):
            there = link(work)
            check(there.startswith("https://127.0.0.1:"), there)
            port, context = int(there.split(":")[2].split("/")[0]), authority.trusting()

            def get(path, **headers):
                connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=60, context=context)
                connection.request("GET", path, headers=headers)
                return connection.getresponse()

            answer = get(there[there.index("/login"):])
            cookie = answer.headers["Set-Cookie"]
            check(cookie.startswith(f"__Host-runbook-{port}=") and "; Secure" in cookie, cookie)
            check("max-age" in answer.headers["Strict-Transport-Security"], "HSTS")
            cookie = cookie.split(";")[0]
            check_equal(get("/runs", Cookie=cookie).status, 200, "a page")
            events = get("/events", Cookie=cookie)
            check_equal(work.run(LOOK, "-i", f"arn={arn}", **KEYS).status, 0, "a look")
            check_equal(next(line for line in events if line.strip()), b"event: bar\n", "events")


# ---- approvals ----

def asking(work, text='approve { subject = "drop the queue" } return "dropped"'):
    """A hook whose runs ask for an approval."""
    work.write("asks.lua", text)
    return hook(work, "asks", "asks.lua")


def questions(person, n):
    """The forms on the page, once there are so many."""
    until = time.monotonic() + 30
    while True:
        page = person.page("/approvals")
        found = [dict(re.findall(r'name="(run|step|attempt)" value="([^"]*)"', form))
                 for form in re.findall(r"<form[^>]*/approvals.*?</form>", page, re.S)]
        if len(found) == n:
            return found
        check(time.monotonic() < until, f"{n} questions: {page}")


def state_of(work, run_id, want):
    until = time.monotonic() + 30
    while True:
        found = json.loads(work.command("show", run_id, "--json", "--config", work.config).out)
        if found["state"] == want:
            return found
        check(time.monotonic() < until, f"{run_id} becomes {want}: {found}")


@test
def a_button_approves():
    with Workspace() as work, serving(work, asking(work)) as (_, said):
        check_equal(deliver(said)[0].status, 202, "a delivery")
        ann = opened(work)
        [form] = questions(ann, 1)
        check("drop the queue" in ann.text("/approvals"), "what is asked")
        for bad in ({"token": "0" * 64}, {"do": "maybe"}, {"do": None}, {"run": None}, {"step": ""},
                    {"attempt": "0"}, {"attempt": "x"}, {"attempt": None}):
            answer, _ = ann.post("/approvals", **form | {"do": "approve"} | bad)
            check(answer.status in (400, 403), f"{bad}: {answer.status}")
        for other in ({"step": "99"}, {"attempt": "2"}, {"run": "no-such-run"}):
            answer, _ = ann.post("/approvals", **form | {"do": "approve"} | other)
            check_equal(answer.status, 410, f"{other}")
        questions(ann, 1)
        answer, _ = ann.post("/approvals", **form, do="approve", comment="ticket <4711>")
        check_equal((answer.status, answer.headers["Location"]), (303, "/approvals?said=approve"), "the vote")
        text = ann.text(answer.headers["Location"])
        check("You have approved it" in text, text)
        vote = state_of(work, form["run"], "done")["approvals"][0]["votes"][0]
        check_equal((vote["by"], vote["approve"], vote["comment"]), ("dashboard", True, "ticket <4711>"), "the vote")
        check("Nothing waits for people" in ann.text("/approvals"), "it is decided")
        text = ann.text(f"/runs/{form['run']}")
        check("drop the queue" in text and "Approved by" in text and "ticket <4711>" in text, f"the run: {text}")
        answer, text = ann.post("/approvals", **form, do="reject")
        check(answer.status == 410 and "Nothing waits" in text, f"too late: {text}")


@test
def a_long_comment_is_kept():
    with Workspace() as work, serving(work, asking(work)) as (_, said):
        deliver(said)
        ann = opened(work)
        [form] = questions(ann, 1)
        check_equal(ann.post("/approvals", **form, do="approve", comment="\u6551" * 500)[0].status, 303, "the vote")
        vote = state_of(work, form["run"], "done")["approvals"][0]["votes"][0]
        check_equal(vote["comment"], "\u6551" * 500, "all that its field takes")


@test
def a_button_rejects():
    with Workspace() as work, serving(work, asking(work)) as (_, said):
        deliver(said)
        ann = opened(work)
        [form] = questions(ann, 1)
        check_equal(ann.post("/approvals", **form, do="reject")[0].status, 303, "the vote")
        found = state_of(work, form["run"], "failed")
        check("ApprovalDenied" in str(found), f"the run: {found}")


@test
def who_may_not_vote_has_no_button():
    with Workspace() as work:
        more = asking(work, 'approve { subject = "of others", of = { "no-such-person" } }')
        with serving(work, more) as (_, said):
            run_id = json.loads(deliver(said)[1])["run_id"]
            ann = opened(work)
            state_of(work, run_id, "waiting")
            text = ann.text("/approvals")
            check("of others" in text and "You have no vote" in text, text)
            check_equal(questions(ann, 0), [], "no button")
            step = json.loads(work.command("show", run_id, "--json", "--config", work.config).out)["approvals"][0]["path"]
            answer, text = ann.post("/approvals", run=run_id, step=step, attempt="1", do="approve")
            check(answer.status == 403 and "is not one of those" in text, f"made by hand: {text}")


# ---- schedules, webhooks, the audit log ----

@test
def schedules_have_their_next_times():
    with Workspace() as work:
        more = (f"[schedule berlin]\ncron = 30 2 * * MON\ntz = Europe/Berlin\nrunbook = {work.path('idle.lua')}\n\n"
                f"[schedule a b]\ncron = @hourly\nrunbook = {work.path('idle.lua')}\n\n")
        with serving(work, more):
            ann = opened(work)
            fired = work.command("schedules", "fire", "berlin", "--config", work.config)
            check_equal(fired.status, 0, f"fire\n{fired}")
            page, text = ann.page("/schedules"), ann.text("/schedules")
            for part in ("30 2 * * MON", "Europe/Berlin", "berlin", "yearly", "on Monday", "a b"):
                check(part.lower() in text.lower(), f"{part!r}: {text}")
            check_equal(len(re.findall(r'<time datetime="\d{4}-01-01T00:00:00', page)), 3, "the next times of yearly")
            text = ann.text("/schedules/berlin")
            check("started" in text and "Its last times" in text, text)
            check("There are none so far" in ann.text("/schedules/a%20b"), "a name with a blank")
            check_equal(ann.get("/schedules/none")[0].status, 404, "another")
            work.command("schedules", "pause", "berlin", "--reason", "ticket <i>4711", "--config", work.config)
            text = ann.page("/schedules/berlin")
            check("paused" in text and "ticket &lt;i&gt;4711" in text, f"paused: {text}")


@test
def webhooks_say_why_a_delivery_was_refused():
    with Workspace() as work, serving(work, hook(work, "<b>orders</b>")) as (_, said):
        port = port_of(said, "hooks are received")
        check_equal(deliver(said)[0].status, 202, "a delivery")
        check_equal(deliver(said, "another key")[0].status, 404, "one that proves nothing")
        check_equal(request(port, f"/hooks/{'<i>' * 400}", "POST", "{}")[0].status, 404, "an unknown path")
        ann = opened(work)
        page, text = ann.page("/hooks"), ann.text("/hooks")
        check("<b>" not in page and "<i>" not in page, f"text: {page}")
        for part in ("<b>orders</b>", "/hooks/hook", "started", "127.0.0.1:", "none at /hooks/<i><i>"):
            check(part in text, f"{part!r}: {text}")
        check_equal(page.count('data-name="Refused, because"'), 2, "why")
        found = re.search(r'href="(/runs/[0-9a-f-]{36})"', page)[1]
        check("webhook <b>orders</b>" in ann.text(found), "the run says by whom")


@test
def strangers_do_not_push_out_all_refusals():
    with Workspace() as work:
        more = hook(work, "orders") + "delivery_header = X-Id\n\n"
        with serving(work, more) as (_, said):
            check_equal(deliver(said)[0].status, 400, "proven, but without an id")
            for _ in range(60):
                deliver(said, "another key")
            page = opened(work).page("/hooks")
            check_equal(page.count('data-name="Refused, because"'), 51, "the newest, and the proven one")


@test
def the_audit_log_is_verified_on_demand():
    with Workspace() as work, serving(work):
        ann = opened(work)
        check("was not verified" in ann.text("/audit"), "not yet")
        check_equal(ann.post("/audit", token=None)[0].status, 403, "without the token")
        check("was not verified" in ann.text("/audit"), "not by others")

        def verified():
            answer, _ = ann.post("/audit")
            check_equal((answer.status, answer.headers["Location"]), (303, "/audit"), "begun")
            until = time.monotonic() + 60
            while "is being verified" in (text := ann.text("/audit")):
                check(time.monotonic() < until, f"it ends: {text}")
            return text

        work.run("return 1")
        text = verified()
        check("State verified" in text and "0 bad" in text and "public key of this host" in text, text)
        sealed = sorted(work.segments())[-1]
        with open(sealed, "r+b") as file:
            data = file.read()
            file.seek(data.index(b'"kind"') + 9)
            file.write(b"#")
        text = verified()
        check("NOT verified" in text and "line" in text, text)


# ---- bars ----

LOOK = 'local sfn = require "sfn" return sfn.describe_map_run { mapRunArn = (...).arn }'


def told(events, ended):
    """The first bar that is that far."""
    for name, bar in events:
        check_equal(name, "bar", "events")
        if bar["ended"] == ended:
            return bar
    raise AssertionError("the events ended")


@test
def bars_move_as_runs_look():
    with Workspace() as work, work.engine() as (_, url):
        arn = map_run(url, {"Type": "Succeed"})
        with serving(work, endpoint=url, **KEYS):
            ann = opened(work)
            check("No run looks at anything" in ann.text("/"), "nothing is watched")
            answer, events = ann.events()
            check_equal((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"), "events")
            check("default-src 'none'" in answer.headers["Content-Security-Policy"], "strict, too")

            def look():
                ended = work.run(LOOK, "-i", f"arn={arn}", **KEYS)
                check_equal(ended.status, 0, f"a look\n{ended}")

            look()
            bar = told(events, 0)
            check_equal((bar["resource"], bar["label"], bar["total"], bar["percent"]),
                        (arn, "Map Run RUNNING", 10, "0 %"), "at first")
            control(url, advance="61s")
            look()
            bar = told(events, 2)
            check(bar["words"].startswith("2 of 10, ") and bar["percent"] == "20 %", f"{bar}")
            page = ann.page("/")
            check(re.search(rf'<progress id="progress-{bar["key"]}" max="10" value="2">20 %</progress>', page), page)
            check(arn in page and "Map Run RUNNING" in page, "also without scripts")
            _, later = ann.events()
            check_equal(told(later, 2)["key"], bar["key"], "who comes later is told all")
            control(url, advance="10m")
            look()
            check_equal(told(events, 10)["label"], "Map Run SUCCEEDED", "its end")


@test
def events_are_for_sessions_and_end_with_them():
    with Workspace() as work:
        with serving(work) as (_, said):
            check_equal(request(port_of(said), "/events")[0].status, 403, "a stranger")
            ann, bob = opened(work), opened(work)
            check_equal(request(ann.port, "/events", "HEAD", headers={"Cookie": ann.cookie})[0].status, 404, "HEAD")
            hers, _ = ann.events()
            his = [bob.events()[0] for _ in range(15)]
            check_equal([a.status for a in his], [200] * 15, "sixteen in all")
            check_equal(bob.events()[0].status, 503, "one too many")
            check_equal(ann.post("/leave")[0].status, 303, "out")
            check_equal(hers.read(), b"", "the end of hers")
            check_equal(bob.events()[0].status, 200, "there is a place again")
        check_equal([a.read() for a in his], [b""] * 15, "they end with the host")


run()
