"""`runbook ops`, and the README's operations and configuration beside it."""

import os
import re

from program import SOURCE_ROOT, Workspace
from tap import check, check_equal, run, test


def listed():
    with Workspace() as work:
        ended = work.command("ops", "--config", work.config)
        check_equal(ended.status, 0, f"runbook ops\n{ended}")
        return ended.out


def documented():
    """operation -> its row of the README's table."""
    with open(os.path.join(SOURCE_ROOT, "README.md"), encoding="utf-8") as file:
        return {m[1]: m[0] for m in re.finditer(r"^\| `(sfn\.\w+)` \|.*$", file.read(), re.M)}


@test
def every_operation_is_in_the_readme_and_the_other_way_round():
    operations = set(re.findall(r"^\s*(sfn\.\w+)", listed(), re.M))
    check(len(operations) >= 9, f"only {sorted(operations)}")
    check_equal(set(documented()), operations, "operations in the README")


@test
def the_readme_names_the_iam_action_of_each():
    text = listed()
    for operation, row in documented().items():
        actions = re.search(re.escape(operation) + r"\b.*?(states:\w+)", text, re.S)
        check(actions and actions[1] in row, f"{operation}: README says {row}")


@test
def the_readmes_configuration_is_accepted():
    with open(os.path.join(SOURCE_ROOT, "README.md"), encoding="utf-8") as file:
        example = re.search(r"```ini\n(.*?)\n```", file.read(), re.S)[1]
    with Workspace() as work:
        work.write("secret", "a secret")
        ended = work.command("ops", "--config", work.write("example.conf", example))
        check_equal(ended.status, 0, f"runbook ops\n{ended}")


@test
def it_tells_reads_from_changes():
    text = listed()
    check("reads" in text and "changes" in text, text)


run()
