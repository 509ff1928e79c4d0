"""`runbook local --check-signatures`: who may sign, and what everybody else is told."""

import datetime
import hashlib
import hmac
import http.client
import json

from program import Workspace, boto3_client
from tap import check, check_equal, run, test

KEYS = "AKIDLOCAL:local"  # what boto3_client signs with


def digest(key, text):
    return hmac.digest(key, text.encode(), "sha256")


def signed_post(url, body, key_id="AKIDLOCAL", secret="local", ahead=0, headers_signed="host;x-amz-date;x-amz-target",
                **changed):
    """A request signed here, from the definition of Signature Version 4; `changed` headers after signing."""
    date = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead)).strftime("%Y%m%dT%H%M%SZ")
    host = url.removeprefix("http://")
    headers = {"host": host, "x-amz-date": date, "x-amz-target": "AWSStepFunctions.ListStateMachines",
               "content-type": "application/x-amz-json-1.0"}
    lines = "".join(f"{name}:{headers[name]}\n" for name in headers_signed.split(";"))
    canonical = f"POST\n/\n\n{lines}\n{headers_signed}\n{hashlib.sha256(body.encode()).hexdigest()}"
    scope = f"{date[:8]}/us-east-1/states/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = digest(key, part)
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={headers_signed}, "
                                f"Signature={digest(key, to_sign).hex()}")
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    status, text = answer.status, json.loads(answer.read())
    connection.close()
    return status, text.get("__type", "#").split("#")[1], text.get("message", ""), canonical, to_sign


@test
def who_has_the_keys_is_served():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        check_equal(signed_post(url, "{}")[0], 200, "status")
        check_equal(signed_post(url, "{}", ahead=-240)[0], 200, "status four minutes late")


@test
def an_sdk_with_the_keys_is_served():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        check_equal(boto3_client(url).list_state_machines()["stateMachines"], [], "machines")


@test
def a_wrong_secret_is_shown_what_should_have_been_signed():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        status, code, message, canonical, to_sign = signed_post(url, "{}", secret="wrong")
        check_equal((status, code), (400, "InvalidSignatureException"), "answer")
        check_equal(message, "The request signature we calculated does not match the signature you provided. Check "
                             "your AWS Secret Access Key and signing method. Consult the service documentation for "
                             "details.\n\nThe Canonical String for this request should have been\n'" + canonical +
                             "'\n\nThe String-to-Sign should have been\n'" + to_sign + "'\n", "message")


@test
def what_was_changed_on_the_way_is_refused():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        for changed in {"x_amz_target": "AWSStepFunctions.ListActivities"}, {"x_amz_content_sha256": "0" * 64}:
            status, code, *_ = signed_post(url, "{}", **changed)
            check_equal((status, code), (400, "InvalidSignatureException"), str(changed))


@test
def an_unknown_key_is_named_so():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        for key_id in "AKIDOTHER", "AKIDLOCA", "AKIDLOCALS":
            check_equal(signed_post(url, "{}", key_id=key_id)[:3],
                        (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
                        key_id)


@test
def a_clock_that_is_off_is_told_by_how_much():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        for ahead, text in (-360, "Signature expired: "), (360, "Signature not yet current: "):
            status, code, message, *_ = signed_post(url, "{}", ahead=ahead)
            check_equal((status, code), (400, "InvalidSignatureException"), f"{ahead} s")
            check(message.startswith(text), message)


@test
def the_host_must_be_signed():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        check_equal(signed_post(url, "{}", headers_signed="x-amz-date;x-amz-target")[1:3],
                    ("InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization."), "answer")


@test
def who_signs_is_asked_before_what_is_said():
    with Workspace() as work, work.engine("--check-signatures", KEYS) as (_, url):
        check_equal(signed_post(url, "{", secret="wrong")[1], "InvalidSignatureException", "code")
        check_equal(signed_post(url, "{")[1], "SerializationException", "code")


@test
def keys_without_a_secret_are_refused():
    with Workspace() as work:
        ended = work.command("local", "--check-signatures", "AKID")
        check_equal(ended.status, 2, str(ended))
        check("must be ACCESS_KEY_ID:SECRET" in ended.err, ended.err)


run()
