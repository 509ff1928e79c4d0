"""Counts TAP results: summary.py LOG...

A log is meson's JSON log of a test run, or a plain TAP file (*.tap). Prints every failed and every
skipped test by name, then `N passed, N failed, N skipped`. Exit status 1 if anything failed.

A program that ends badly without a failed result of its own (a crash, a leak, a time-out, fewer
results than it announced) counts as one failed test, so nothing can fail unseen. The notes of a log
named bench.json are its measurements and are printed too.
"""

import json
import os
import re
import sys

RESULT = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*?)\s*(?:#\s*(skip)\b\s*(.*))?$", re.I)
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*skip\b\s*(.*))?$", re.I)


class Summary:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.measured = 0, [], [], []

    def read_tap(self, program, text):
        """Count one program's results; return how many there were and how many it announced."""
        seen, planned = 0, None
        notes = []
        for line in text.splitlines():
            plan, result = PLAN.match(line), RESULT.match(line)
            if plan:
                planned = int(plan[1])
                if planned == 0:
                    self.skipped.append((program, plan[2] or ""))
            elif result:
                seen += 1
                self.count(program, result, notes)
                notes = []
            elif line.startswith("#"):
                notes.append(line)
        return seen, planned

    def count(self, program, result, notes):
        name = f"{program}: {result[2]}"
        if result[1]:
            self.failed.append((name, notes))
        elif result[3]:
            self.skipped.append((name, result[4]))
        else:
            self.passed += 1
            if program.startswith("bench "):
                self.measured.append((name, notes))

    def read_program(self, run, test):
        """One line of meson's log: a test program with its output and how it ended."""
        program = re.sub(r"^.*?:", "", test["name"]).replace(" / ", "/")
        if run != "all":
            program = f"{run} {program}"
        failed_before = len(self.failed)
        seen, planned = self.read_tap(program, test.get("stdout", ""))
        if test["result"] in ("OK", "SKIP") and planned is not None:
            return
        if len(self.failed) == failed_before or (planned is not None and seen != planned):
            why = f"# {test['result'].lower()}, exit status {test['returncode']}"
            if planned is not None and seen != planned:
                why += f", {seen} of {planned} results"
            tail = [f"# {line}" for line in test.get("stderr", "").splitlines()[-12:]]
            self.failed.append((program, [why, *tail]))

    def print(self):
        for name, notes in self.measured:
            print(name)
            for note in notes:
                print(f"    {note}")
        for name, why in self.skipped:
            print(f"skipped: {name}" + (f" ({why})" if why else ""))
        for name, notes in self.failed:
            print(f"FAILED: {name}")
            for note in notes[-12:]:
                print(f"    {note}")
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped")


def main(paths):
    summary = Summary()
    for path in paths:
        run = re.sub(r"\.(json|tap)$", "", os.path.basename(path))
        with open(path, encoding="utf-8", errors="replace") as log:
            if path.endswith(".tap"):
                summary.read_tap(run, log.read())
                continue
            for line in log:
                summary.read_program(run, json.loads(line))
    summary.print()
    return 1 if summary.failed or not summary.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
