"""Cron expressions beside a scan of Python's calendar and zoneinfo: the same instants, where clocks change too.

By itself a dozen zones with the oddest clocks. With --long every zone of the database from 2020 to 2037, its
offset asked minute by minute: an hour or two (--part 1/4 does a quarter of the zones, --workers N so many at once;
--step 360 looks every six hours for a change, and minute by minute only there: minutes).
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import os
import subprocess
import zoneinfo

from cron_model import Expression, times
from program import BUILD_DIR
from tap import Skip, check, check_equal, note, run, test

ZONES = "/usr/share/zoneinfo"
PROBE = os.environ.get("CRON_PROBE", os.path.join(BUILD_DIR, "tests/unit/cron_probe"))
UTC = datetime.timezone.utc
LEAD = 6 * 1440  # minutes before a span, so that it begins with what came before

FIXED = ["30 2 * * *", "0 0 * * *", "15,45 1-3 * * *", "59 23 L * *", "30 2 LW * *", "0 3 1W,15W,L-2 3,10,11 *",
         "30 1 * * SUN#1,SUNL,MON#5", "45 2 */7 * SUN", "0 2 1 * 0", "H H(0-5) H * *", "5 4 29 2 *",
         "30 15,45 1-2 * MAR-APR,SEP-NOV *", "30 12 * * FRI-SUN"]
INTERVALS = ["*/45 2-3 25-31 3-4,9-10 *", "20 */2 * * SUN", "0-40/20 0-4 * * SAT,SUN", "H/25 1-3 ? 3-4,10 *"]
DENSE = ["0 * * * *", "*/20 * * * *"]
EXPRESSIONS = {text: Expression(text) for text in FIXED + INTERVALS + DENSE}

# Half hours, two hours, midnights, a day that never was, Ramadan, and zones that changed for good.
ODD = [("Europe/Berlin", 2020, 2038), ("America/New_York", 2020, 2038), ("Australia/Lord_Howe", 2020, 2038),
       ("Africa/Casablanca", 2020, 2038), ("Antarctica/Troll", 2020, 2038), ("Europe/Dublin", 2020, 2038),
       ("Pacific/Chatham", 2020, 2038), ("America/Asuncion", 2018, 2026), ("Africa/Cairo", 2020, 2038),
       ("Asia/Tehran", 2019, 2026), ("America/Scoresbysund", 2020, 2028), ("Asia/Kathmandu", 2020, 2021),
       ("Pacific/Apia", 2010, 2013), ("Europe/Istanbul", 2014, 2018), ("America/Caracas", 2007, 2018)]

options = argparse.ArgumentParser()
options.add_argument("--long", action="store_true")
options.add_argument("--part", default="1/1")
options.add_argument("--step", type=int, default=1)
options.add_argument("--workers", type=int, default=os.cpu_count())
options = options.parse_args()


def minute_of(year):
    return int(datetime.datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60


def offset(zone, minute):
    seconds = datetime.datetime.fromtimestamp(minute * 60, zone).utcoffset().total_seconds()
    check_equal(seconds % 60, 0, f"offset of {zone} at {minute}")
    return int(seconds) // 60


def spans_of(zone, begin, end, step):
    """(begin, end, offset): looked at every step minutes, and between two that differ every minute."""
    found, since, now = [], begin, offset(zone, begin)
    for minute in range(begin + step, end + step, step):
        if offset(zone, minute) == now:
            continue
        for close in range(minute - step + 1, minute + 1):
            after = offset(zone, close)
            if after != now:
                found.append((since, close, now))
                since, now = close, after
    return [*found, (since, end, now)]


def expected(zone, expression, spans, begin):
    first = datetime.date(1970, 1, 1) + datetime.timedelta(minutes=begin - LEAD) - datetime.timedelta(days=2)
    return [at for at in times(expression, spans, first) if begin * 60 <= at < spans[-1][1] * 60]


def ask(lines, *arguments):
    ended = subprocess.run([PROBE, *arguments], input="".join(line + "\n" for line in lines), text=True,
                           capture_output=True, timeout=3600, check=True)
    return ended.stdout.splitlines()


def explain(line, want):
    """Where the two part."""
    got = [int(word) for word in ask([line], "--list")[0].split()[2:]]
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    shown = [[datetime.datetime.fromtimestamp(t, UTC).isoformat() for t in ts[max(at - 1, 0):at + 2]] for ts in (got, want)]
    return f"{line}: number {at} of {len(got)}, {len(want)} wanted: got {shown[0]}, want {shown[1]}"


def compare(name, begin_year, end_year, step):
    """Every expression in one zone. Gives the number of instants."""
    with open(os.path.join(ZONES, name), "rb") as file:
        zone = zoneinfo.ZoneInfo.from_file(file)
    begin, end = minute_of(begin_year), minute_of(end_year)
    spans = spans_of(zone, begin - LEAD, end, step)
    lines, wanted = [], []
    for text in EXPRESSIONS:
        last = end if text not in DENSE or options.long else min(end, begin + 366 * 1440)
        shorter = [(a, min(b, last), o) for a, b, o in spans if a < last]
        lines.append(f"{name} {begin * 60} {last * 60 - 1} {text}")
        wanted.append(expected(zone, EXPRESSIONS[text], shorter, begin))
    total = 0
    for line, answer, want in zip(lines, ask(lines), wanted):
        digest = hashlib.sha256("".join(f"{at}\n" for at in want).encode()).hexdigest()
        if answer.split() != [str(len(want)), digest]:
            raise AssertionError(f"{line}: {answer}" if answer.startswith("error") else explain(line, want))
        total += len(want)
    return total


def all_zones():
    """A name for each file that is not a copy of another."""
    found = {}
    for folder, _, files in os.walk(ZONES):
        for file in sorted(files):
            path = os.path.join(folder, file)
            name = os.path.relpath(path, ZONES)
            if "." not in name and not name.startswith(("right/", "posix/")) and name != "leapseconds":
                with open(path, "rb") as opened:
                    found.setdefault(opened.read(), name)
    part, parts = (int(n) for n in options.part.split("/"))
    return sorted(found.values())[part - 1::parts]


@test
def odd_zones_have_the_instants_of_a_scan():
    if not os.path.isdir(ZONES):
        raise Skip(f"no {ZONES}")
    total = sum(compare(*zone, 360) for zone in ODD if os.path.exists(os.path.join(ZONES, zone[0])))
    check(total > 100000, f"only {total} instants")
    note(f"{total} instants in {len(ODD)} zones")


if options.long:
    @test
    def every_zone_has_the_instants_of_a_scan_of_every_minute():
        names = all_zones()
        with concurrent.futures.ProcessPoolExecutor(options.workers) as pool:
            work = {pool.submit(compare, name, 2020, 2038, options.step): name for name in names}
            for done, future in enumerate(concurrent.futures.as_completed(work)):
                note(f"{done + 1} of {len(names)}: {work[future]}, {future.result()} instants")


run()
