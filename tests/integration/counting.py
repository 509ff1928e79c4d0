"""The last line of tests/run is right: summary.py misses no failure, however a program ends."""

import json
import os
import subprocess
import sys
import tempfile

from tap import check, check_equal, run, test

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "summary.py")


def summarise(*programs, tap=""):
    """Summary of a meson log with these programs, and of a TAP file."""
    with tempfile.TemporaryDirectory() as folder:
        log, plain = os.path.join(folder, "all.json"), os.path.join(folder, "tidy.tap")
        with open(log, "w", encoding="utf-8") as file:
            for out, result, status in programs:
                file.write(json.dumps({"name": "runbook:unit / x", "stdout": out, "stderr": "boom",
                                       "result": result, "returncode": status}) + "\n")
        with open(plain, "w", encoding="utf-8") as file:
            file.write(tap)
        ended = subprocess.run([sys.executable, SUMMARY, log, plain], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout.splitlines()


@test
def results_are_counted_one_by_one():
    status, lines = summarise(("1..2\nok 1 - a\nok 2 - b\n", "OK", 0), tap="ok - clang-tidy a.c\n")
    check_equal((status, lines[-1]), (0, "3 passed, 0 failed, 0 skipped"), "the summary")


@test
def a_failure_is_named_with_its_notes():
    status, lines = summarise(("1..1\n# it was 3\nnot ok 1 - it is 4\n", "ERROR", 1))
    check_equal((status, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"), "the summary")
    check("FAILED: unit/x: it is 4" in lines and "    # it was 3" in lines, f"{lines}")


@test
def a_skip_is_named_with_its_reason():
    status, lines = summarise(("1..2\nok 1 - a\nok 2 - b # SKIP no moto\n", "OK", 0), ("1..0 # SKIP no lua\n", "SKIP", 0))
    check_equal((status, lines[-1]), (0, "1 passed, 0 failed, 2 skipped"), "the summary")
    check("skipped: unit/x: b (no moto)" in lines and "skipped: unit/x (no lua)" in lines, f"{lines}")


@test
def a_crash_a_leak_a_time_out_and_a_short_count_are_failures():
    for out, result, status in (("1..2\nok 1 - a\n", "ERROR", -11), ("1..1\nok 1 - a\n", "ERROR", 23),
                                ("", "TIMEOUT", -15), ("", "OK", 0), ("1..3\nok 1 - a\nnot ok 2 - b\n", "FAIL", 1)):
        code, lines = summarise((out, result, status))
        check_equal(code, 1, f"exit status for {result} {status}")
        check(any(line.startswith("FAILED: unit/x") for line in lines), f"{lines}")
    check_equal(lines[-1], "1 passed, 2 failed, 0 skipped", "a failed test, and one that never came")


@test
def nothing_at_all_is_a_failure():
    check_equal(summarise()[0], 1, "exit status without any test")


run()
