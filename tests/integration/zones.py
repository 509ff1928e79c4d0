"""Our reader of time zones beside Python's: when does local time change its distance from UTC, 2020 to 2037?

By itself every 5th zone, looked at every 12 hours; with --long all of them, every hour.
"""

import datetime
import os
import subprocess
import sys
import zoneinfo

from program import BUILD_DIR
from tap import Skip, check, check_equal, note, run, test

ZONES = "/usr/share/zoneinfo"
PROBE = os.environ.get("TZ_PROBE", os.path.join(BUILD_DIR, "tests/unit/tz_probe"))
UTC = datetime.timezone.utc
FROM, TO = (int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2020, 2038))
LONG = "--long" in sys.argv
STEP = 3600 if LONG else 12 * 3600


def names():
    found = []
    for folder, _, files in os.walk(ZONES):
        for file in files:
            name = os.path.relpath(os.path.join(folder, file), ZONES)
            if "." not in name and not name.startswith(("right/", "posix/")) and name != "leapseconds":
                found.append(name)
    return sorted(found) if LONG else sorted(found)[::5] + ["Europe/Dublin", "Africa/Casablanca", "Asia/Gaza"]


def offset(zone, at):
    return round(datetime.datetime.fromtimestamp(at, zone).utcoffset().total_seconds())


def changes(name):
    """[offset at FROM, time, offset from there, ...] as Python sees it."""
    with open(os.path.join(ZONES, name), "rb") as file:
        zone = zoneinfo.ZoneInfo.from_file(file)
    found, before = [offset(zone, FROM)], offset(zone, FROM)
    for at in range(FROM, TO, STEP):
        after = offset(zone, at + STEP)
        if after == before:
            continue
        low, high = at, at + STEP
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(zone, middle) == after else (middle, high)
        found += [high, after]
        before = after
    return found


def probe(zones, begin, end, step):
    text = "".join(f"{name}\n" for name in zones)
    ended = subprocess.run([PROBE, str(begin), str(end), str(step)], input=text, text=True,
                           capture_output=True, timeout=600, check=True)
    return {line.split()[0]: line.split()[1:] for line in ended.stdout.splitlines()}


@test
def every_zone_changes_when_python_says():
    if not os.path.isdir(ZONES):
        raise Skip(f"no {ZONES}")
    zones = names()
    ours = probe(zones, FROM, TO, STEP)
    check(len(zones) > 50, f"only {len(zones)} zones")
    for name in zones:
        check_equal([int(word) for word in ours[name]], changes(name), name)
    note(f"{len(zones)} zones, every {STEP} s")


@test
def far_years_follow_the_rule():
    zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Jerusalem"]
    begin, end = (int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2089, 2092))
    ours = probe(zones, begin, end, 3600)
    for name in zones:
        zone = zoneinfo.ZoneInfo(name)
        words = [int(word) for word in ours[name]]
        check(len(words) == 13, f"{name}: 6 changes in 3 years, got {words}")
        check_equal(words[0], offset(zone, begin), f"{name} at the beginning")
        for at, after in zip(words[1::2], words[2::2]):
            check_equal((offset(zone, at - 1) == after, offset(zone, at)), (False, after), f"{name} at {at}")


run()
