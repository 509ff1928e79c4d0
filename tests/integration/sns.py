"""sns.publish: signed, sent, recorded without its text; errors, retries, topics that are not listed; moto as SNS."""

import json
import urllib.parse

from program import Workspace
from scripted_server import ScriptedServer
from tap import Skip, check, check_equal, run, test

TOPIC = "arn:aws:sns:eu-central-1:111122223333:alerts"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
OK = {"raw": "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult><ResponseMetadata>"
             "<RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>", "status": 200}
MESSAGE = "3 & more items of \"Orders\"\nare lost: 100 % ü"
CALL = """
local ok, answer = pcall(require "sns".publish, ...)
if ok then return answer end
return { code = answer.code, message = answer.message, status = answer.status, attempts = answer.attempts,
  requestId = answer.requestId, retryable = answer.retryable }
"""


def failure(code, status):
    return {"raw": f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>it says &quot;why&quot;"
                   f"</Message></Error><RequestId>r-2</RequestId></ErrorResponse>", "status": status}


def publish(script, more="", env=None, **args):
    """How it ended, what the server got, and the records of the call."""
    with ScriptedServer(*script, secret="secret") as server, Workspace() as work:
        work.configure(more=f"[sns]\ntopics = {TOPIC} arn:aws:sns:*:ops-*\nendpoint = {server.url}\n{more}")
        args = {"TopicArn": TOPIC, "Message": MESSAGE} | args
        ended = work.run(CALL, "--input", json.dumps(args), **(KEYS if env is None else env))
        records = [r for segment in work.records() for r in segment if r["kind"].startswith("call.")]
        for segment in work.segments():
            with open(segment, encoding="utf-8") as file:
                check("Orders" not in file.read(), "the message is in the log")
        return ended, server.requests, records


def form_of(request):
    return dict(urllib.parse.parse_qsl(request["body"].decode(), strict_parsing=True))


@test
def a_message_is_signed_for_the_region_of_its_topic_and_recorded_without_its_text():
    ended, requests, records = publish([OK], Subject="Orders",
                                       MessageAttributes={"event": {"DataType": "String", "StringValue": "a=b&c"}})
    check_equal((ended.status, ended.result), (0, {"MessageId": "m-1"}), f"the end\n{ended}")
    request, = requests
    check(request["signed"], "the signature")
    check("/eu-central-1/sns/aws4_request" in request["headers"]["authorization"], "its scope")
    check_equal(request["headers"]["content-type"], "application/x-www-form-urlencoded", "Content-Type")
    check_equal(form_of(request), {
        "Action": "Publish", "Version": "2010-03-31", "TopicArn": TOPIC, "Message": MESSAGE, "Subject": "Orders",
        "MessageAttributes.entry.1.Name": "event", "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "a=b&c"}, "the form")
    intent, outcome = records
    check_equal((intent["operation"], intent["args"]["TopicArn"], intent["region"], intent["identity"]),
                ("sns.publish", TOPIC, "eu-central-1", "AKIDEXAMPLE"), "the intent")
    check_equal(intent["args"]["Message"]["redacted"], len(MESSAGE.encode()), "the message in the intent")
    check_equal((outcome["outcome"], outcome["facts"]["MessageId"]), ("ok", "m-1"), "the outcome")


@test
def errors_have_their_code_and_what_is_refused_is_not_sent():
    ended, _, _ = publish([failure("NotFound", 404)])
    check_equal(ended.result, {"code": "NotFound", "message": 'it says "why"', "status": 404, "attempts": 1,
                               "requestId": "r-2", "retryable": False}, "the service's error")
    for args, env, code in [({"TopicArn": TOPIC + "-2"}, KEYS, "TopicNotAllowed"),
                            ({"TopicArn": TOPIC}, {}, "NoCredentials"),
                            ({"TopicArn": "arn:aws:sns:eu-central-1:1:alerts"}, KEYS, "InvalidArgument"),
                            ({"Message": ""}, KEYS, "InvalidArgument")]:
        ended, requests, _ = publish([OK], env=env, **args)
        check_equal((ended.result["code"], len(requests)), (code, 0), f"{args}: {ended}")
    ended, requests, _ = publish([OK], TopicArn="arn:aws:sns:us-east-1:111122223333:ops-one")
    check_equal((ended.result, len(requests)), ({"MessageId": "m-1"}, 1), "a pattern")


@test
def what_may_have_been_taken_is_sent_again_only_where_that_is_asked_for():
    for step in (failure("InternalError", 500), {"raw": "<odd/>", "status": 200}, {"close": True}):
        ended, requests, _ = publish([step, OK], resend=True)
        check_equal((ended.status, ended.result, len(requests)), (0, {"MessageId": "m-1"}, 2), f"{step}: {ended}")
    for step in (failure("InternalError", 500), {"close": True}):
        ended, requests, records = publish([step, OK])
        check_equal((ended.status, len(requests), records[-1]["outcome"]), (5, 1, "unknown"), f"{step}: {ended}")
    for resend in (True, False):
        ended, requests, _ = publish([failure("Throttling", 400), OK], resend=resend)
        check_equal((ended.result, len(requests)), ({"MessageId": "m-1"}, 2), f"throttled: {ended}")
    ended, requests, _ = publish([failure("InternalError", 500)], resend=True)
    check_equal((ended.status, ended.result["code"], ended.result["retryable"], len(requests)),
                (0, "InternalError", True, 3), f"never taken: {ended}")


@test
def what_the_section_says_is_checked():
    for line, said in [("topics = alerts", "[sns] topics: 'alerts' is not an ARN of a topic"),
                       ("topic = *", "[sns] topic: no such key; there are topics, endpoint, profile"),
                       ("endpoint =", "[sns] endpoint is empty")]:
        with Workspace() as work:
            work.configure(more=f"[sns]\n{line}\n")
            ended = work.command("ops", "--config", work.config)
            check_equal((ended.status, said in ended.err), (2, True), f"{line}: {ended}")


@test
def a_failing_schedule_is_told_through_a_topic():
    with ScriptedServer(OK, secret="secret") as server, Workspace() as work:
        work.write("fails.lua", 'error("the mail server is down")')
        work.configure(more=f"""
[sns]
topics = {TOPIC}
endpoint = {server.url}

[notify]
channel = sns
topic = {TOPIC}

[schedule nightly]
cron = 0 0 1 1 *
catch_up = none
runbook = {work.path("fails.lua")}
""")
        with work.serve(**KEYS):
            for _ in range(3):
                ended = work.command("schedules", "fire", "nightly", "--config", work.config)
                check_equal(ended.status, 0, f"fire\n{ended}")
            for _ in range(200):
                if server.requests:
                    break
                work.command("status", "--config", work.config)
        request, = server.requests
        form = form_of(request)
        check_equal(form["Subject"][:14], "nightly failed", "the subject")
        check("the mail server is down" in form["Message"] and "incident schedule/nightly at 20" in form["Message"],
              form["Message"])
        names = {form[f"MessageAttributes.entry.{i}.Name"]: form[f"MessageAttributes.entry.{i}.Value.StringValue"]
                 for i in range(1, 5)}
        check_equal((names["event"], names["incident"]), ("failure", "schedule/nightly"), "the attributes")


@test
def notify_asks_for_a_topic():
    for keys, said in [("channel = sns", "[notify] of sns needs topic = the ARN of a topic"),
                       (f"channel = sns\ntopic = {TOPIC}\nurl = https://a.example", "neither url nor secret"),
                       (f"channel = slack\ntopic = {TOPIC}\nurl = https://a.example", "expected channel = sns beside it")]:
        with Workspace() as work:
            work.configure(more=f"[notify]\n{keys}\n")
            ended = work.command("ops", "--config", work.config)
            check_equal((ended.status, said in ended.err), (2, True), f"{keys}: {ended}")


def moto_server():
    try:
        from moto.server import ThreadedMotoServer
    except ImportError:
        raise Skip("moto is not installed") from None
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    return server, "http://{}:{}".format(*server.get_host_and_port())


@test
def moto_delivers_what_is_published():
    server, url = moto_server()
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise Skip("boto3 is not installed") from None
    try:
        of = {"region_name": "eu-central-1", "endpoint_url": url, "aws_access_key_id": "AKIDEXAMPLE",
              "aws_secret_access_key": "secret", "config": Config(proxies={})}
        sns, sqs = boto3.client("sns", **of), boto3.client("sqs", **of)
        topic = sns.create_topic(Name="ops-moto")["TopicArn"]
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=sqs.get_queue_attributes(
            QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])
        with Workspace() as work:
            work.configure(more="[sns]\ntopics = *\n")
            ended = work.run(CALL, "--input", json.dumps({
                "TopicArn": topic, "Message": MESSAGE, "Subject": "Orders",
                "MessageAttributes": {"event": {"DataType": "String", "StringValue": "failure"}}}),
                AWS_ENDPOINT_URL_SNS=url, **KEYS)
            missing = work.run(CALL, "--input", json.dumps({"TopicArn": topic + "-2", "Message": "m"}),
                               AWS_ENDPOINT_URL_SNS=url, **KEYS)
        check_equal(ended.status, 0, f"publish\n{ended}")
        received, = sqs.receive_message(QueueUrl=queue)["Messages"]
        body = json.loads(received["Body"])
        check_equal([body[name] for name in ("MessageId", "Message", "Subject")],
                    [ended.result["MessageId"], MESSAGE, "Orders"], "what came")
        check_equal(body["MessageAttributes"]["event"]["Value"], "failure", "its attribute")
        check_equal((missing.result["code"], missing.result["status"]), ("NotFound", 404), "no such topic")
    finally:
        server.stop()


run()
