"""http.so against real peers: what is sent, what is refused, what the records say, and a crash."""

import json
import signal
import ssl
import threading

from certificates import Authority
from http_peer import Peer
from program import Workspace
from tap import check, check_equal, run, test

TOKEN = "tok-5f2a9c"


def configure(work, http, more=""):
    work.write("token", TOKEN + "\n")
    work.config = work.write("runbook.conf", f"""\
[host]
state_dir = {work.path("state")}
plugins = http

[http]
{http}

[secrets]
token = file {work.path("token")}
{more}
""")


def run_text(work, text, **env):
    return work.run(f'local http, input = require "http", ...\n{text}', **env)


def everything_kept(work):
    """What the state directory has on disk, but for the store."""
    return "".join(json.dumps(record) for segment in work.records() for record in segment)


def outcomes(work):
    return [r["outcome"] for segment in work.records() for r in segment if r["kind"] == "call.outcome"]


def intents(work):
    return [r for segment in work.records() for r in segment if r["kind"] == "call.intent"]


def newest(work):
    return work.command("runs", "--json", "--config", work.config).result["runs"][0]


@test
def a_request_over_tls_and_its_answer():
    with Workspace() as work:
        authority = Authority(work.dir)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.server())
        said = (201, {"Content-Type": "application/json", "X-A": "1"}, b'{"id": 9007199254740993}')
        with Peer(lambda _: said, context) as peer:
            configure(work, f"allow = localhost\nca_file = {authority.file}")
            ended = run_text(work, f"""
                return http.request {{ url = "{peer.url}/a?b=c", method = "PUT",
                  headers = {{ ["X-Token"] = "abc" }}, json = {{ text = "hé", list = array {{}} }} }}""")
            check_equal(ended.status, 0, f"the run\n{ended}")
            sent = peer.requests[0]
            check_equal((sent.method, sent.path), ("PUT", "/a?b=c"), "the request line")
            check_equal(json.loads(sent.body), {"text": "hé", "list": []}, "the body")
            check_equal(sent.headers["content-type"], "application/json", "its type")
            check_equal(sent.headers["x-token"], "abc", "the header")
            answer = ended.result
            check_equal(answer["status"], 201, "the status")
            check_equal(answer["json"], {"id": 9007199254740993}, "the answer's JSON")
            check_equal(answer["body"], '{"id": 9007199254740993}', "the answer's body")
            check_equal(answer["headers"]["x-a"], "1", "the answer's header")
            check_equal(outcomes(work), ["ok"], "outcomes")
            # the same without trust in that authority
            configure(work, "allow = localhost")
            ended = run_text(work, f'return http.request {{ url = "{peer.url}" }}')
            check_equal(ended.status, 1, f"an unknown authority\n{ended}")
            check("ConnectionError" in ended.err and "certificate" in ended.err, ended.err)
            check_equal(len(peer.requests), 1, "requests")


@test
def what_is_not_listed_is_not_called():
    with Workspace() as work, Peer() as peer:
        for keys, url, says in (
                ("", "https://localhost/", "[http] allow"),
                ("allow = *.localhost other", "https://localhost/", "[http] allow"),
                ("allow = localhost", peer.url, "[http] plain_hosts"),
                (f"plain_hosts = localhost:{peer.port + 1}", peer.url, "[http] plain_hosts"),
                ("plain_hosts = localhost", peer.url.replace("//", "//localhost@"), "Authorization"),
                ("plain_hosts = localhost", peer.url + "/\\r\\nX: y", "printable ASCII"),
                ("plain_hosts = localhost", "file:///etc/passwd", "https://"),
                ("plain_hosts = localhost", peer.url + "\\\\@example.org/", "printable ASCII"),
                ("allow = example.org", "https://example.org/", "RUNBOOK_LOOPBACK_ONLY")):
            configure(work, keys)
            ended = run_text(work, f'return http.request {{ url = "{url}" }}')
            check_equal(ended.status, 1, f"{keys}, {url}\n{ended}")
            check(says in ended.err, f"{says!r} is not named for {keys}, {url} in: {ended.err}")
        check_equal(peer.requests, [], "requests")
        configure(work, f"plain_hosts = *.example.org LOCALHOST:{peer.port}")
        check_equal(run_text(work, f'return http.request {{ url = "{peer.url}" }}.body').result, "ok", "listed")


@test
def nothing_is_smuggled_into_a_request():
    with Workspace() as work, Peer() as peer:
        configure(work, "plain_hosts = localhost")
        for arguments, code in (
                ('headers = { A = "b\\r\\nC: d" }', "InvalidHeader"),
                ('headers = { ["A\\r\\nC"] = "d" }', "InvalidHeader"),
                ('headers = { ["A:"] = "d" }', "InvalidHeader"),
                ('headers = { Host = "example.org" }', "InvalidHeader"),
                ('headers = { ["transfer-encoding"] = "chunked" }', "InvalidHeader"),
                ('headers = { a = "1", A = "2" }', "InvalidHeader"),
                ('headers = { A = "${broken}" }, secrets = { "broken" }', "InvalidHeader"),
                ('method = "CONNECT"', "InvalidArgument"),
                ('method = "GET /x HTTP/1.1\\r\\n"', "InvalidArgument"),
                ('method = "GET", body = "x"', "InvalidBody"),
                ('body = "x", json = {}', "InvalidBody"),
                ('timeout = 0', "InvalidTimeout"),
                ('secrets = { "none" }, body = "${none}"', "InvalidSecret")):
            work.write("broken", "a\r\nB: c")
            configure(work, "plain_hosts = localhost", f"broken = file {work.path('broken')}")
            ended = run_text(work, f'return http.request {{ url = "{peer.url}", {arguments} }}')
            check_equal(ended.status, 1, f"{arguments}\n{ended}")
            check(code in ended.err, f"{code} is not told for {arguments}: {ended.err}")
        check_equal(peer.requests, [], "requests")


@test
def redirects_are_answers_and_answers_have_a_limit():
    def answer(request):
        if request.path == "/moved":
            return 302, {"Location": "/elsewhere"}, b""
        return 200, {}, b"x" * 70000 if request.path == "/large" else b"\xff\x00"

    with Workspace() as work, Peer(answer) as peer:
        configure(work, "plain_hosts = localhost\nmax_answer = 64K")
        moved = run_text(work, f'return http.request {{ url = "{peer.url}/moved" }}').result
        check_equal((moved["status"], moved["headers"]["location"]), (302, "/elsewhere"), "a redirect")
        check_equal([r.path for r in peer.requests], ["/moved"], "requests")
        large = run_text(work, f'return http.request {{ url = "{peer.url}/large" }}')
        check("ResponseTooLarge" in large.err, f"a large answer: {large}")
        bytes_ = run_text(work, f'return http.request {{ url = "{peer.url}/bytes" }}').result
        check_equal((bytes_["body_base64"], bytes_.get("body")), ("/wA=", None), "what is no text")
        head = run_text(work, f'return http.request {{ url = "{peer.url}/bytes", method = "HEAD" }}').result
        check_equal((head["status"], head["body"]), (200, ""), "HEAD")


@test
def secrets_go_where_they_are_sent_and_nowhere_else():
    with Workspace() as work, Peer() as peer:
        configure(work, "plain_hosts = localhost")
        ended = run_text(work, f"""
            http.request {{ url = "{peer.url}/hook/${{token}}", secrets = {{ "token" }},
              headers = {{ Authorization = "Bearer ${{token}}" }},
              json = {{ key = "${{token}}", other = "${{HOME}} ${{" }} }}
            http.request {{ url = "{peer.url}/" .. secret "token", body = secret "token",
              headers = {{ Authorization = secret "token" }} }}""")
        check_equal(ended.status, 0, f"the run\n{ended}")
        first, second = peer.requests
        check_equal(first.path, f"/hook/{TOKEN}", "the path")
        check_equal(first.headers["authorization"], f"Bearer {TOKEN}", "the header")
        check_equal(json.loads(first.body), {"key": TOKEN, "other": "${HOME} ${"}, "the body")
        check_equal(second.body, TOKEN.encode(), "the second body")
        check(TOKEN not in everything_kept(work), "the audit log has the secret")
        check(TOKEN not in ended.err + ended.out, "it was printed")
        intent = intents(work)[0]
        check_equal((intent["endpoint"], intent["method"]), (peer.url, "POST"), "what the intent says")
        shown = work.command("show", newest(work)["id"], "--full", "--config", work.config)
        check(TOKEN not in shown.out, f"`runbook show` has it: {shown.out}")


@test
def a_change_is_not_sent_on_a_connection_that_may_be_dead():
    with Workspace() as work, Peer() as peer:
        configure(work, "plain_hosts = localhost")
        run_text(work, f"""
            for _, more in ipairs {{ {{ method = "GET" }}, {{ method = "GET" }}, {{ body = "a\\0b" }}, {{ body = "c" }} }} do
              more.url = "{peer.url}"
              http.request(more)
            end""".replace("\\\\", "\\"))
        ports = [r.port for r in peer.requests]
        check_equal(len(set(ports)), 3, f"connections of two reads and two changes: {ports}")
        check_equal(peer.requests[2].body, b"a\0b", "a body with a NUL")


@test
def reads_and_changes():
    with Workspace() as work, Peer(lambda _: None) as peer:
        configure(work, "plain_hosts = localhost", more="[rules]\nhttp.request = 10")
        # a read that fails is an error, a change that may have happened is unknown
        ended = run_text(work, f'return http.request {{ url = "{peer.url}" }}')
        check_equal((ended.status, "ConnectionError" in ended.err), (1, True), f"a read\n{ended}")
        ended = run_text(work, f'return http.request {{ url = "{peer.url}", body = "x" }}')
        check("OutcomeUnknown" in ended.err, f"a change\n{ended}")
        ended = run_text(work, f'return http.request {{ url = "{peer.url}", body = "x", resend = true }}')
        check_equal((ended.status, "ConnectionError" in ended.err), (1, True), f"one that may come twice\n{ended}")
        check_equal([i["mutates"] for i in intents(work)], [False, True, True], "what changes")


def crash(resend):
    """Kill the host while a POST is unanswered, carry the run on; gives the requests and the run's row."""
    hang = threading.Event()

    def answer(_):
        if not hang.is_set():
            hang.wait(60)
            return None
        return 200, {}, b"second"

    with Workspace() as work, Peer(answer) as peer:
        configure(work, "plain_hosts = localhost")
        file = work.write("test.lua", f"""
            local answer = require "http".request {{ url = "{peer.url}", body = "hello", resend = {resend} }}
            return answer.body""")
        process = work.start("run", file, "--config", work.config)
        peer.wait_for(1)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        hang.set()
        ended = work.command("resume", newest(work)["id"], "--config", work.config)
        return [r.body for r in peer.requests], newest(work), ended


@test
def after_a_crash_what_may_come_twice_is_sent_again():
    bodies, row, ended = crash("true")
    check_equal(bodies, [b"hello", b"hello"], f"what was sent\n{ended}")
    check_equal(row["state"], "done", f"the run\n{row}")


@test
def after_a_crash_anything_else_is_unknown():
    bodies, row, ended = crash("false")
    check_equal(bodies, [b"hello"], f"what was sent\n{ended}")
    check_equal(row["state"], "parked", f"the run\n{row}")


run()
