"""Deliveries to `runbook serve` as real senders make them: each way to prove who sent it, over HTTP and TLS."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import os
import shutil
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from certificates import Authority
from http_peer import Peer
from listening import Served
from program import Workspace
from tap import Skip, check, check_equal, run, test

BODY = b'{"id":"evt_1","a":1}'
NOT_FOUND = (404, b'{"error":"not found"}\n')
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"


# ---- the host ----

class Hooks(Served):
    """A running `runbook serve`; `post` is a sender."""

    def post(self, path, body=BODY, method="POST", **headers):
        peer = http.client.HTTPConnection("localhost", self.ports[0], timeout=20)
        peer.sock = self.connect()
        try:
            peer.putrequest(method, path)
            peer.putheader("Content-Length", str(len(body)))
            for name, values in headers.items():
                for value in values if isinstance(values, list) else [values]:
                    peer.putheader(name.replace("_", "-"), value)
            peer.endheaders(body)
            answer = peer.getresponse()
            return answer.status, answer.read()
        finally:
            peer.close()


def configure(work, hooks, listen="address = 127.0.0.1:0"):
    """`hooks`: a dictionary of name -> keys; each is at /NAME."""
    work.write("hook.lua", "return ...")
    sections = "".join(f"[hook {name}]\npath = /{name}\nrunbook = {work.path('hook.lua')}\n{keys}\n"
                       for name, keys in hooks.items())
    work.configure(more=f"[listen]\n{listen}\n{sections}")


@contextlib.contextmanager
def serving(work, hooks, listen="address = 127.0.0.1:0", context=None, **env):
    configure(work, hooks, listen)
    with work.serve(**env) as (process, said):
        yield Hooks(process, said, context)


def records_of(work, kind, n):
    """The records of that kind, once there are n of them: an answer does not wait for these."""
    limit = time.monotonic() + 20
    while True:
        found = [r for segment in work.records() for r in segment if r["kind"] == kind]
        if len(found) >= n or time.monotonic() > limit:
            check_equal(len(found), n, f"records of {kind}")
            return found
        time.sleep(0.01)


def accepted(work, served, name, body=BODY, told=None, input=None, **headers):
    """Post, expect a run, and check what the log has of it: the actor's members, and the input."""
    status, answer = served.post("/" + name, body, **headers)
    check_equal(status, 202, f"the answer to {name}: {answer}")
    run_id = json.loads(answer)["run"]
    record = [r for segment in work.records() for r in segment
              if r["kind"] == "trigger.accept" and r["run"] == run_id][0]
    for member, value in (told or {}).items():
        check_equal(record["actor"].get(member), value, f"{member} of {record['actor']}")
    started = [r for segment in work.records() for r in segment
               if r["kind"] == "run.start" and r["run"] == run_id][0]
    check_equal(started["input"]["sha256"], hashlib.sha256(input or body).hexdigest(), f"{name}: the input")


def hexmac(secret, data, digest="sha256"):
    return hmac.new(secret.encode(), data, digest).hexdigest()


def iso(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))


# ---- senders that share a secret ----

@test
def every_preset_is_accepted_from_a_sender_that_signs_or_shows_as_it_does():
    standard = base64.b64encode(b"a standard secret of 24 b").decode()
    with Workspace() as work:
        work.write("plain", "s\n")
        work.write("standard", f"whsec_{standard}\n")
        work.write("pair", "ann:pass:word\n")
        plain = f"secret_file = {work.path('plain')}\n"
        pair = f"secret_file = {work.path('pair')}\n"
        now = str(int(time.time()))
        with serving(work, {
                "plain": plain + "header = X-Signature",
                "sha1": plain + "auth = hmac-sha1\nheader = X-Signature\ndelivery_member = id",
                "sha512": plain + "auth = hmac-sha512\nheader = X-S\nencoding = base64\nprefix = v=",
                "github": plain + "auth = github",
                "slack": plain + "auth = slack",
                "stripe": plain + "auth = stripe",
                "standard": f"auth = standard-webhooks\nsecret_file = {work.path('standard')}",
                "key": plain + "auth = key\nheader = X-Api-Key\ndelivery_header = X-Id",
                "basic": pair + "auth = basic",
                "bearer": plain + "auth = bearer",
                "eventbridge": pair + "auth = eventbridge\nscheme = basic"}) as served:
            secret = {"identity": "secret 1"}
            pair = "Basic " + base64.b64encode(b"ann:pass:word").decode()
            accepted(work, served, "plain", X_Signature=hexmac("s", BODY), told=secret | {"auth": "hmac-sha256"})
            accepted(work, served, "sha1", X_Signature="sha1=" + hexmac("s", BODY, "sha1"),
                     told=secret | {"deliveryId": "evt_1"})
            code = base64.b64encode(hmac.digest(b"s", BODY, "sha512")).decode()
            accepted(work, served, "sha512", X_S="v=" + code, told=secret)
            accepted(work, served, "github", X_Hub_Signature_256="sha256=" + hexmac("s", BODY),
                     X_GitHub_Delivery="d-1", told=secret | {"auth": "github", "deliveryId": "d-1"})
            accepted(work, served, "slack", X_Slack_Request_Timestamp=now,
                     X_Slack_Signature="v0=" + hexmac("s", f"v0:{now}:".encode() + BODY),
                     told=secret | {"signed": iso(int(now))})
            accepted(work, served, "stripe", told=secret | {"deliveryId": "evt_1", "signed": iso(int(now))},
                     Stripe_Signature=f"t={now},v1=" + hexmac("s", f"{now}.".encode() + BODY) + ",v0=x")
            code = hmac.digest(base64.b64decode(standard), f"msg_1.{now}.".encode() + BODY, "sha256")
            accepted(work, served, "standard", webhook_id="msg_1", webhook_timestamp=now,
                     webhook_signature="v1," + base64.b64encode(code).decode(),
                     told=secret | {"deliveryId": "msg_1", "signed": iso(int(now))})
            accepted(work, served, "key", X_Api_Key="s", X_Id="7", told=secret | {"deliveryId": "7"})
            accepted(work, served, "basic", Authorization=pair, told={"identity": "ann"})
            accepted(work, served, "bearer", Authorization="Bearer s", told=secret)
            accepted(work, served, "eventbridge", Authorization=pair,
                     told={"identity": "ann", "deliveryId": "evt_1", "auth": "eventbridge"})
        check_equal(work.verify().status, 0, "audit verify")


@test
def strangers_get_one_answer_and_the_log_says_why():
    with Workspace() as work:
        work.write("plain", "s\n")
        plain = f"secret_file = {work.path('plain')}\n"
        old = str(int(time.time()) - 301)
        good = "sha256=" + hexmac("s", BODY)
        with serving(work, {"github": plain + "auth = github", "slack": plain + "auth = slack"}) as served:
            for n, (why, path, headers) in enumerate((
                    ("there is no such hook", "/nothing", {"X_Hub_Signature_256": good}),
                    ("there is no such hook", "/github/", {"X_Hub_Signature_256": good}),
                    ("the signature header is missing", "/github", {"X_GitHub_Delivery": "d-9"}),
                    ("the signature is malformed", "/github", {"X_Hub_Signature_256": good[7:]}),
                    ("the signature is wrong", "/github", {"X_Hub_Signature_256": "sha256=" + hexmac("t", BODY)}),
                    ("a header of the signature is there more than once", "/github",
                     {"X_Hub_Signature_256": [good, good]}),
                    ("the signed time is further from now than the tolerance", "/slack",
                     {"X_Slack_Request_Timestamp": old,
                      "X_Slack_Signature": "v0=" + hexmac("s", f"v0:{old}:".encode() + BODY)}))):
                check_equal(served.post(path, **headers), NOT_FOUND, why)
                record = records_of(work, "trigger.reject", n + 1)[-1]
                check_equal(record["reason"], why, "the reason")
                check("identity" not in record["actor"], f"an identity that was not proven: {record}")
            check_equal(served.post("/github", method="PUT", X_Hub_Signature_256=good)[0], 404, "PUT")
            status, answer = served.post("/github", X_Hub_Signature_256=good)
            check_equal((status, json.loads(answer)["error"]), (400, "what identifies a delivery is missing"),
                        "without X-GitHub-Delivery")
            rejected = records_of(work, "trigger.reject", 9)
            check_equal(rejected[8]["actor"]["identity"], "secret 1", "who sent it")
            check_equal(rejected[2]["actor"]["deliveryId"], "d-9", "what was claimed is there too")
        kinds = [r["kind"] for segment in work.records() for r in segment]
        check("run.start" not in kinds, f"a run was started: {kinds}")


@test
def a_secret_is_changed_by_a_second_line_or_a_second_name():
    with Workspace() as work:
        work.write("lines", "old\r\n\n  \nnew\n")
        work.write("one", "first\n")
        hooks = {"lines": f"header = X-S\nsecret_file = {work.path('lines')}",
                 "names": "header = X-S\nsecrets = one two\n"
                          f"[secrets]\none = file {work.path('one')}\ntwo = env TWO"}
        with serving(work, hooks, TWO="second") as served:
            for path, secret, who in (("lines", "old", 1), ("lines", "new", 2), ("names", "first", 1),
                                      ("names", "second", 2)):
                accepted(work, served, path, X_S=hexmac(secret, BODY), told={"identity": f"secret {who}"})
            for no_secret in ("", "  ", "old\r", "old\r\n\n  \nnew"):
                check_equal(served.post("/lines", X_S=hexmac(no_secret, BODY)), NOT_FOUND, repr(no_secret))


@test
def slacks_question_is_answered():
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV"}).encode()
    now = str(int(time.time()))
    with Workspace() as work, serving(work, {"slack": "auth = slack\nsecret_env = S"}, S="s") as served:
        answer = served.post("/slack", body, X_Slack_Request_Timestamp=now,
                             X_Slack_Signature="v0=" + hexmac("s", f"v0:{now}:".encode() + body))
        check_equal(answer, (200, b'{"challenge":"3eZbrw1aBm2rZgRNFdxV"}\n'), "the answer")
        told = records_of(work, "trigger.confirm", 1)
        check_equal(told[0]["reason"], "the address was verified", "the log")


@test
def a_certificate_is_an_identity():
    with Workspace() as work:
        authority = Authority(work.dir)
        cert, key = authority.server()
        orders = authority.sign("orders", "/O=Example/CN=orders", "DNS:orders.example.com,URI:spiffe://a/b")
        other = authority.sign("other", "/CN=other", "DNS:other.example.com")
        listen = (f"address = 127.0.0.1:0\ncert_file = {cert}\nkey_file = {key}\n"
                  f"client_ca_file = {authority.file}\nclient_cert = optional")
        with serving(work, {"mtls": "auth = mtls\nclients = DNS:orders.example.com",
                            "both": "auth = key\nheader = X-K\nclients = CN:orders\nsecret_env = S"},
                     listen, authority.trusting(orders), S="s") as served:
            accepted(work, served, "mtls", told={"auth": "mtls", "identity": "DNS:orders.example.com"})
            accepted(work, served, "both", X_K="s", told={"auth": "key", "identity": "secret 1"})
            for context in (authority.trusting(other), authority.trusting()):
                served.context = context
                check_equal(served.post("/mtls"), NOT_FOUND, "another client")
                check_equal(served.post("/both", X_K="s"), NOT_FOUND, "another client with the secret")
            reasons = [r["reason"] for r in records_of(work, "trigger.reject", 4)]
            check_equal(reasons, ["the certificate names nobody of clients"] * 2 +
                        ["no certificate was shown", "the certificate names nobody of clients"], "the reasons")


# ---- SNS ----

class Amazon:
    """What SNS is to a subscriber: a key with its certificate, and an address where both answer."""

    def __init__(self, folder):
        if not shutil.which("openssl"):
            raise Skip("openssl is not installed")
        self.folder, self.asked = folder, []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                      "/CN=sns.amazonaws.com", "-keyout", "sns.key", "-out", "sns.pem")
        amazon = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                amazon.asked.append(self.path)
                amazon.may_answer.wait(30)
                with open(os.path.join(folder, "sns.pem"), "rb") as file:
                    body = file.read() if self.path.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"
                self.send_response(302 if self.path == "/moved.pem" else 200)
                self.send_header("Location", "/sns.pem")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _openssl(self, *args, given=None):
        return subprocess.run(["openssl", *args], cwd=self.folder, check=True, input=given,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def sign(self, message, version="1", cert="sns.pem"):
        """The envelope, signed as Amazon documents it."""
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        text = "".join(f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None)
        signature = self._openssl("dgst", "-sha1" if version == "1" else "-sha256", "-sign", "sns.key",
                                  given=text.encode())
        signed = message | {"SignatureVersion": version, "Signature": base64.b64encode(signature).decode(),
                            "SigningCertURL": self.url + cert}
        return json.dumps(signed, separators=(",", ":")).encode()


def notification(message='{"alarm":"on"}', topic=TOPIC, **more):
    return {"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": topic,
            "Message": message, "Timestamp": iso(time.time())} | more


def confirmation(amazon, topic=TOPIC, at=None):
    return notification("You have chosen to subscribe", topic, Type="SubscriptionConfirmation", Token="t0",
                        SubscribeURL=(at or amazon.url) + "?Action=ConfirmSubscription&Token=t0")


def sns_hook(amazon, more=""):
    return f"auth = sns\ntopics = {TOPIC}\nsns_url_prefix = {amazon.url}\n{more}"


@test
def a_topic_is_subscribed_and_its_messages_become_inputs():
    with Workspace() as work, Amazon(work.dir) as amazon:
        hooks = {"sns": sns_hook(amazon), "whole": sns_hook(amazon, "envelope = true")}
        told = {"auth": "sns", "identity": TOPIC}
        with serving(work, hooks) as served:
            status, answer = served.post("/sns", amazon.sign(confirmation(amazon)))
            check_equal((status, json.loads(answer)), (200, {"confirmed": TOPIC}), "the confirmation")
            check_equal(amazon.asked, ["/sns.pem", "/?Action=ConfirmSubscription&Token=t0"], "what was asked for")
            for version in "12":
                accepted(work, served, "sns", amazon.sign(notification(MessageId="v" + version), version),
                         told | {"deliveryId": "v" + version}, input=b'{"alarm":"on"}')
            accepted(work, served, "sns", amazon.sign(notification("plain", Subject="s")), told,
                     input=b'{"Message":"plain","Subject":"s"}')
            whole = amazon.sign(notification())
            accepted(work, served, "whole", whole, told, input=whole)
            check_equal(len(amazon.asked), 2, "the certificate is kept")
            ended = amazon.sign(confirmation(amazon) | {"Type": "UnsubscribeConfirmation"})
            check_equal(served.post("/sns", ended)[0], 200, "the end of the subscription")
            check_equal(len(amazon.asked), 2, "an end is not answered by a new beginning")
            told = [r["reason"] for r in records_of(work, "trigger.confirm", 2)]
        check_equal(told, ["the subscription was confirmed", "the subscription was ended by the sender"], "the log")
        check_equal(work.verify().status, 0, "audit verify")


@test
def what_sns_did_not_sign_is_refused_and_nobody_else_is_asked():
    with Workspace() as work, Amazon(work.dir) as amazon, Amazon(work.dir) as elsewhere:
        with serving(work, {"sns": sns_hook(amazon)}) as served:
            signed = json.loads(amazon.sign(notification()))
            for n, (why, message) in enumerate((
                    ("it is not an envelope of SNS", {"a": 1}),
                    ("its topic is not one of topics", signed | {"TopicArn": TOPIC + "2"}),
                    ("its SigningCertURL is not where SNS keeps certificates of the topic's region",
                     signed | {"SigningCertURL": elsewhere.url + "sns.pem"}),
                    ("its SigningCertURL is not where SNS keeps certificates of the topic's region",
                     signed | {"SigningCertURL": amazon.url.replace("http://", "http://a@")}),
                    ("its SubscribeURL is not one of SNS in the topic's region",
                     json.loads(amazon.sign(confirmation(amazon, at=elsewhere.url)))),
                    ("the signature is wrong", signed | {"Message": '{"alarm":"off"}'}),
                    ("the signature is wrong", signed | {"SignatureVersion": "2"}),
                    ("its certificate is not at its SigningCertURL",
                     signed | {"SigningCertURL": amazon.url + "moved.pem"}),
                    ("the signed time is further from now than the tolerance",
                     json.loads(amazon.sign(notification(Timestamp=iso(time.time() - 3700))))))):
                check_equal(served.post("/sns", json.dumps(message).encode()), NOT_FOUND, why)
                check_equal(records_of(work, "trigger.reject", n + 1)[-1]["reason"], why, "the reason")
            check_equal(elsewhere.asked, [], "what was asked of others")
            check_equal(amazon.asked, ["/sns.pem", "/moved.pem"], "what was asked for")
            check_equal(served.post("/unknown", json.dumps(signed).encode()), NOT_FOUND, "an unknown hook")
            amazon.server.server_close()
            status, _ = served.post("/sns", json.dumps(signed | {"SigningCertURL": amazon.url + "b.pem"}).encode())
            check_equal(status, 503, "while certificates cannot be had the sender is to come again")


@test
def what_is_proven_after_its_hook_has_gone_is_refused_with_a_record():
    with Workspace() as work, Amazon(work.dir) as amazon:
        stays = {"stays": "auth = bearer\nsecret_env = TOKEN"}
        with serving(work, stays | {"sns": sns_hook(amazon)}, TOKEN="t") as served, ThreadPoolExecutor(1) as pool:
            amazon.may_answer.clear()
            told = pool.submit(served.post, "/sns", amazon.sign(notification()))
            while not amazon.asked and not told.done():
                time.sleep(0.01)
            configure(work, stays)
            done = work.command("reload", "--config", work.config)
            check_equal(done.status, 0, f"runbook reload\n{done}")
            amazon.may_answer.set()
            check_equal(told.result(timeout=20)[0], 500, "the sender is to come again, and finds no hook then")
            refused, = records_of(work, "trigger.reject", 1)
            check_equal(refused["reason"], "its hook is not configured any more", "the reason")
            check_equal((refused["actor"]["name"], refused["actor"]["identity"]), ("sns", TOPIC), "whose it was")


@test
def a_message_that_boto3_published_to_moto_is_accepted_once_it_is_signed():
    try:
        import boto3
        from moto.server import ThreadedMotoServer
    except ImportError:
        raise Skip("moto is not installed") from None
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        with Workspace() as work, Amazon(work.dir) as amazon, Peer() as receiver:
            host, port = moto.get_host_and_port()
            sns = boto3.client("sns", region_name="us-east-1", endpoint_url=f"http://{host}:{port}",
                               aws_access_key_id="AKIDLOCAL", aws_secret_access_key="local")
            topic = sns.create_topic(Name="alerts")["TopicArn"]
            check_equal(topic, TOPIC, "moto's topic")
            sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{receiver.port}/")
            sns.publish(TopicArn=topic, Subject="An alarm", Message='{"alarm":"on"}')
            posted = receiver.wait_for(1)
            check(posted, "moto posted nothing")
            message = json.loads(posted[-1].body)
            with serving(work, {"sns": sns_hook(amazon)}) as served:
                # moto's own signature is an example, and its certificate would be Amazon's
                message["SigningCertURL"] = amazon.url + "sns.pem"
                check_equal(served.post("/sns", json.dumps(message).encode()), NOT_FOUND, "moto's signature")
                for name in ("Signature", "SignatureVersion", "SigningCertURL"):
                    del message[name]
                accepted(work, served, "sns", amazon.sign(message), {"deliveryId": message["MessageId"]},
                         input=b'{"alarm":"on"}')
    finally:
        moto.stop()


# ---- configurations ----

@test
def a_hook_that_cannot_work_is_refused_with_file_and_line():
    with Workspace() as work:
        work.write("hook.lua", "return {}")
        work.write("empty", "\n \n")
        work.write("bytes", "\x1f\x80\n\x02")
        os.mkfifo(work.path("pipe"))
        work.write("nine", "\n".join("secret" + str(i) for i in range(9)))
        for keys, reason in (
                ("auth = md5\nsecret_env = S", ": [hook a] auth = md5: expected one of hmac-sha256, hmac-sha1"),
                ("auth = github", ": [hook a] needs secret_file, secret_env or secrets, and just one of them"),
                ("auth = github\nsecret_env = S\nsecrets = s", "and just one of them"),
                ("auth = github\nsecret_env = S\nheader = X", ": [hook a] auth = github has no use for header"),
                ("auth = slack\nsecret_env = S\ntolerance = soon", ": tolerance = soon: expected a duration"),
                ("secret_env = S", ": [hook a] auth = hmac-sha256 needs header"),
                ("auth = standard-webhooks\nsecret_env = S", ": [hook a] secret 1 is not whsec_ or whpk_"),
                ("auth = basic\nsecret_env = S", ": [hook a] secret 1 is not USER:PASSWORD"),
                ("auth = github\nsecret_env = NOWHERE", "secret_env = NOWHERE: expected a secret there"),
                ("auth = github\nsecret_file = empty", "secret_file = empty: expected a secret there"),
                ("auth = github\nsecret_file = bytes", "secret_file = bytes: expected lines of text there"),
                ("auth = github\nsecret_file = nine", "secret_file = nine: expected no more than 8 secrets there"),
                ("auth = github\nsecret_file = pipe", "secret_file: pipe: not a regular file"),
                ("auth = github\nsecrets = nothing", "[secrets] has no 'nothing'"),
                (f"auth = sns\nsecret_env = S\ntopics = {TOPIC}", ": [hook a] has no use for a secret"),
                ("auth = sns\ntopics = alerts", ": [hook a] topics: 'alerts' is not a topic's ARN"),
                ("auth = sns", ": [hook a] auth = sns needs topics"),
                (f"auth = sns\ntopics = {TOPIC}\nsns_url_prefix = http://127.0.0.1:1", "with a slash at its end"),
                ("auth = mtls", ": [hook a] auth = mtls needs clients"),
                ("auth = mtls\nclients = *", ": [hook a] clients: [listen] has no client_ca_file")):
            work.configure(more=f"[listen]\naddress = 127.0.0.1:0\n[hook a]\npath = /a\nrunbook = hook.lua\n{keys}")
            ended = work.command("serve", "--config", work.config, limit=20, S="a secret value")
            check_equal(ended.status, 2, f"{keys}\n{ended}")
            check(reason in ended.err and work.config in ended.err, f"{reason} is not in {ended.err}")
            check("a secret value" not in ended.err, f"the secret is in {ended.err}")


run()
