"""Does the time of an answer tell a stranger which hooks exist? Medians of 2,000 answers to a path without a hook and
of 2,000 to a bad signature, asked in turn.

Within 5 % of each other, or it fails: this is a promise, not a number for comparing. A machine that is busy with
something else makes a difference that passes, so it is asked up to five times; one that the hooks make stays.
"""

import http.client
import json
import os
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
from listening import Served
from program import Workspace
from tap import check, note, run, test

ASKED = 2000
WARM = 200
WITHIN = 0.05
TIMES = 5
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"

NOW = str(int(time.time()))
BAD = {
    "github": ("auth = github\nsecret_env = SECRETS", {"X-Hub-Signature-256": "sha256=" + "0" * 64}),
    "stripe": ("auth = stripe\nsecret_env = SECRETS", {"Stripe-Signature": f"t={NOW},v1={'0' * 64}"}),
    "ed25519": ("auth = standard-webhooks\nsecret_env = KEY",
                {"webhook-id": "msg_1", "webhook-timestamp": NOW, "webhook-signature": "v1a," + "A" * 86 + "=="}),
    "basic": ("auth = basic\nsecret_env = PAIRS", {"Authorization": "Basic YW5uOng="}),
    "sns": (f"auth = sns\ntopics = {TOPIC}", {}),
}


def served(work, names):
    work.write("hook.lua", "return {}")
    hooks = "".join(f"[hook {name}]\npath = /{name}\nrunbook = {work.path('hook.lua')}\n{BAD[name][0]}\n"
                    for name in names)
    work.configure(more=f"[listen]\naddress = 127.0.0.1:0\n{hooks}")
    process = work.start("serve", "--config", work.config, SECRETS="old\nnew", PAIRS="ann:a\nbob:b",
                         KEY="whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    said = ""
    for line in process.stderr:
        said += line
        if "state in" in line:
            return process, Served(process, said, None).ports[0]
    raise AssertionError(f"serve ended: {said}")


def seconds(peer, path, body, headers):
    begin = time.perf_counter()
    peer.request("POST", path, body, headers)
    answer = peer.getresponse()
    answer.read()
    assert answer.status == 404, answer.status
    return time.perf_counter() - begin


def ratio_of(port, name, body):
    peer = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    times = {"/" + name: [], "/other": []}
    for _ in range(WARM + ASKED):
        for path, taken in times.items():
            taken.append(seconds(peer, path, body, BAD[name][1]))
    peer.close()
    known, other = (statistics.median(taken[WARM:]) for taken in times.values())
    note(f"{name}, {len(body)} bytes: bad signature {known * 1e6:.1f} us, no hook {other * 1e6:.1f} us, "
         f"ratio {known / other:.4f}")
    return known / other


def compare(names, bodies):
    with Workspace() as work:
        process, port = served(work, names)
        try:
            for name in names:
                for body in bodies:
                    ratios = []
                    while not any(abs(ratio - 1) < WITHIN for ratio in ratios):
                        check(len(ratios) < TIMES, f"{name}: the medians are {ratios} of each other")
                        ratios.append(ratio_of(port, name, body))
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


SMALL, LARGE = (json.dumps({"a": "x" * n}).encode() for n in (200, 50_000))


@test
def a_hook_that_is_alone_answers_like_none():
    for name in BAD:
        compare([name], [SMALL])


@test
def hooks_of_different_ways_answer_like_none():
    compare(list(BAD), [SMALL, LARGE])


run()
