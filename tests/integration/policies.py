"""The IAM policies are valid JSON, have their placeholders, and allow what they say and no more."""

import json
import os
import re

from tap import check, check_equal, run, test

IAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "iam")
READS = {"states:DescribeMapRun", "states:ListExecutions", "states:DescribeExecution", "states:ListMapRuns"}


def statements(name):
    with open(os.path.join(IAM, name), encoding="utf-8") as file:
        return json.load(file)["Statement"]


def listed(value):
    return value if isinstance(value, list) else [value]


def pairs(name):
    """Every action with every resource of its statement."""
    return {(action, resource) for s in statements(name)
            for action in listed(s["Action"]) for resource in listed(s["Resource"])}


@test
def describe_only_allows_reads_alone():
    check_equal({action for action, _ in pairs("describe-only.json")}, READS, "actions")


@test
def redrive_allows_one_action_more():
    more = pairs("redrive.json") - pairs("describe-only.json")
    check_equal(more, {("states:RedriveExecution",
                        "arn:aws:states:REGION:ACCOUNT:execution:STATE_MACHINE:*")}, "what it adds")


@test
def the_role_redrives_children_by_label():
    of_children = "arn:aws:states:REGION:ACCOUNT:execution:STATE_MACHINE/LABEL:*"
    check(("states:RedriveExecution", of_children) in pairs("execution-role.json"), "no redrive of children")
    trust = statements("execution-role-trust.json")[0]
    check_equal(trust["Principal"], {"Service": "states.amazonaws.com"}, "who may assume the role")


@test
def every_resource_is_narrowed_by_placeholders():
    for name in ("describe-only.json", "redrive.json", "execution-role.json"):
        for action, resource in pairs(name):
            check(re.match(r"arn:aws:states:REGION:ACCOUNT:\w+:STATE_MACHINE", resource),
                  f"{name}: {action} on {resource}")


run()
