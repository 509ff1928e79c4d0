"""A TAP harness for Python tests: decorate functions with @test, end the file with run().

A test's name is its function's. check() and check_equal() raise; Skip("why") skips.
"""

import sys
import traceback

_tests = []


class Skip(Exception):
    """The test cannot run here; the text says what is missing."""


class Failed(Exception):
    """A check that did not hold."""


def test(function):
    _tests.append(function)
    return function


def check(condition, message):
    if not condition:
        raise Failed(message)


def check_equal(got, want, what):
    if got != want:
        raise Failed(f"{what}: got {got!r}, want {want!r}")


def note(text):
    for line in str(text).splitlines():
        print(f"# {line}")


def _run_one(number, function):
    try:
        function()
    except Skip as skip:
        print(f"ok {number} - {function.__name__} # SKIP {skip}", flush=True)
        return True
    except Failed as failed:
        note(failed)
    except Exception:  # a test that breaks has failed; the others still run
        note(traceback.format_exc())
    else:
        print(f"ok {number} - {function.__name__}", flush=True)
        return True
    print(f"not ok {number} - {function.__name__}", flush=True)
    return False


def run(setup=None):
    """Run every test, inside the context manager `setup()` if there is one, and end the program."""
    print(f"TAP version 13\n1..{len(_tests)}", flush=True)
    if setup is None:
        results = [_run_one(i + 1, t) for i, t in enumerate(_tests)]
    else:
        with setup():
            results = [_run_one(i + 1, t) for i, t in enumerate(_tests)]
    sys.exit(0 if all(results) else 1)
