"""Kills, faults and a second person, round after round: does each intended redrive happen exactly once?

    torture.py [--rounds N | --seconds S | --hours H] [--seed S] [--round R] [--keep] [--tap]

A round has an engine with failed executions (Distributed Maps, Parallel, Map), a state directory with
hosts of all kinds, and a second person who redrives the same executions. It lives through a few lives:
hosts begin and carry on runs, meanwhile the engine is killed and comes back, the host's disk fails; then
every host is killed at once, and time may go by before the next life. After the last life everything is left alone until all runs are over.

Everything a round does is drawn from its own seed, so `--seed S --round R` draws the same again; what
the scheduler does with it differs. On a violation the folder of the round stays.
"""

import argparse
import collections
import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "integration"))
import torture_checks
from program import BUILD_DIR, Workspace
from torture_world import FAKETIME, Engine, SecondPerson, Station

SHIM = os.path.join(BUILD_DIR, "tests", "crash", "faulty_disk.so")
RUNBOOK_NAMES = ("again", "branches", "sleeper", "approved")
END_LIMIT = 120  # seconds until all runs of a round must be over, once they are left alone


class SmallDisk:
    """A file system of so many bytes for a state directory, where this may be mounted."""

    def __init__(self, path, size):
        self.path, self.size, self.mounted = path, size, False

    def mount(self):
        os.makedirs(self.path, exist_ok=True)
        self.mounted = self._mount(f"size={self.size}")
        return self.mounted

    def _mount(self, options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.path],
                              capture_output=True, check=False).returncode == 0

    def fill(self, rng):
        """Take most of what is left, as somebody else's file would."""
        room = os.statvfs(self.path)
        size = max(0, room.f_bavail * room.f_frsize - rng.randint(1, 6) * 65536)
        with open(os.path.join(self.path, "filler"), "wb") as file:
            if size:
                os.posix_fallocate(file.fileno(), 0, size)

    def relieve(self):
        filler = os.path.join(self.path, "filler")
        if os.path.exists(filler):
            os.unlink(filler)

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=False)


class Round:
    def __init__(self, seed, number, long):
        self.rng = random.Random(f"{seed}/{number}")
        self.number, self.long = number, long
        self.work = Workspace()
        self.engine = Engine(self.work)
        self.count = collections.Counter(rounds=1)
        self.violations, self.stations, self.planned = [], [], 0
        self.second, self.disk, self.executions, self.notes = None, None, [], None
        self.mark = None  # made by the last host's disk when it fails

    # ---- what is drawn ----

    def members(self, name):
        """The input of a run: a name of its own, and one to three executions."""
        self.planned += 1
        some = self.rng.sample(self.executions, self.rng.randint(1, min(3, len(self.executions))))
        seconds = 31 if self.long and self.rng.random() < 0.1 else self.rng.choice((0.05, 0.3, 2))
        return {"name": f"{name}-{self.planned}", "executions": some, "notes": self.notes, "seconds": seconds}

    def draw_fault(self, station):
        """The environment of a host whose disk fails, or None."""
        if self.rng.random() > 0.35:
            return None
        if self.disk and station is self.stations[0] and self.rng.random() < 0.5:
            self.disk.fill(self.rng)
            self.count["full disks"] += 1
            return None
        if not os.path.exists(SHIM):
            return None
        kind = self.rng.choice(("write", "short", "sync", "rename", "bytes"))
        at = {"bytes": self.rng.randint(10_000, 600_000), "rename": self.rng.randint(1, 4)}
        self.mark = self.work.path(f"fault-{self.rng.getrandbits(32):08x}")
        return {"LD_PRELOAD": SHIM, "FAULTY_DISK": f"{kind}:{at.get(kind) or self.rng.randint(1, 250)}",
                "FAULTY_DISK_DIR": station.state, "FAULTY_DISK_MARK": self.mark}

    # ---- what happens ----

    def begin(self):
        self.engine.start()
        self.executions, self.notes = self.engine.set_up(self.rng, self.rng.randint(3, 6))
        first = self.work.path("first")
        if self.rng.random() < 0.3:
            self.disk = SmallDisk(os.path.join(first, "state"), 24 << 20)
            if not self.disk.mount():
                self.disk = None
        self.stations.append(Station(self.work, "first", self.engine))
        if self.rng.random() < 0.5:
            self.stations.append(Station(self.work, "colleague", self.engine))
        else:
            self.second = SecondPerson(self.engine, self.executions, random.Random(self.rng.getrandbits(32)))
            self.second.start()
        if self.rng.random() < 0.3:
            self.stations[0].schedule("again", self.members("scheduled"))

    def start_hosts(self, station):
        """The hosts of one life: `serve`, or some commands at once that have to agree who owns the state."""
        self.mark = None
        fault = self.draw_fault(station)
        served = self.rng.random() < 0.6 and station.start_serve(fault, limit=20)
        if not served:
            for run in station.open_runs()[:3]:
                station.resume(run, fault)
        for _ in range(self.rng.randint(1, 3)):
            name = self.rng.choice(RUNBOOK_NAMES if served else RUNBOOK_NAMES[:3])
            if served and self.rng.random() < 0.6:
                station.post(name, self.members(name))
            else:
                station.run(name if name != "approved" else "again", self.members(name), fault)
        return self.mark

    def approve(self):
        for station in self.stations:
            for run in station.waiting_approvals():
                station.command("approve", run, "--config", station.config)

    def one_life(self):
        marks = [self.start_hosts(station) for station in self.stations]
        end = time.monotonic() + self.rng.uniform(0.1, 2.5)
        engine_dies = self.rng.random() < 0.5 and time.monotonic() + self.rng.uniform(0, 1.5)
        owner_dies = self.rng.random() < 0.3 and time.monotonic() + self.rng.uniform(0.1, 1.5)
        approving = self.rng.random() < 0.5
        while time.monotonic() < end:
            time.sleep(0.02)
            if engine_dies and time.monotonic() > engine_dies:
                self.engine.kill()
                time.sleep(self.rng.uniform(0, 0.3))
                self.engine.start()
                engine_dies = None
            if owner_dies and time.monotonic() > owner_dies:
                self.rng.choice(self.stations).kill_owner()
                owner_dies = None
            if approving:
                self.approve()
                approving = False
        if self.rng.random() < 0.15:
            for station in self.stations:
                station.stop_serve()
        for station in self.stations:
            station.kill()
        if self.disk:
            self.disk.relieve()
        struck = sum(1 for mark in marks if mark and os.path.exists(mark))
        self.count["faults"] += struck
        for station in self.stations:
            self.violations += torture_checks.after_a_death(self, station)

    def let_time_go_by(self, seconds):
        """For the engine, and for the hosts that come after."""
        if not FAKETIME or "ASAN_OPTIONS" in os.environ or seconds == 0:
            return
        with self.second.quiet if self.second else contextlib.nullcontext():
            self.engine.advance(seconds)
        self.count["jumps of the clock"] += 1
        self.count["minutes gone by"] += seconds // 60

    def settle_down(self):
        """No more deaths: everything goes on until every run is over."""
        limit = time.monotonic() + END_LIMIT
        if self.second:
            self.second.end()
        if any(station.unsettled() for station in self.stations):
            self.let_time_go_by(70)  # rather than wait until a look can prove something
        for station in self.stations:
            while station.open_runs() and time.monotonic() < limit:
                self.go_on(station)
            if station.open_runs():
                self.violations.append(f"{station.name}: not over after {END_LIMIT} s: {station.open_runs()}")

    def go_on(self, station):
        """Until every run of the station is over, or for ten seconds: then time goes by, for calls that wait for it."""
        limit = time.monotonic() + 10
        served = self.rng.random() < 0.5 and station.start_serve()
        while station.open_runs() and time.monotonic() < limit:
            if not served and not station.alive():
                for run in station.open_runs()[:8]:
                    station.resume(run)
            self.approve()
            time.sleep(0.05)
        station.stop_serve()
        if station.open_runs():
            station.kill()
            self.let_time_go_by(70)
        for host in station.alive():
            host.wait(60)

    def play(self):
        self.begin()
        for _ in range(self.rng.randint(2, 4)):
            self.one_life()
            self.let_time_go_by(self.rng.choice((0, 0, 0, 0, 0, 70, 70, 960, 3000)))
        self.settle_down()
        self.violations += torture_checks.at_the_end(self)
        self.count["host kills"] += sum(s.deaths for s in self.stations)
        self.count["engine kills"] += self.engine.deaths

    def end(self, keep):
        for station in self.stations:
            station.kill()
        if self.second:
            self.second.end()
        self.engine.stop()
        if keep and self.disk and self.disk.mounted:
            shutil.copytree(self.disk.path, self.disk.path + "-copy", dirs_exist_ok=True)
        if self.disk:
            self.disk.unmount()
        if not keep:
            shutil.rmtree(self.work.dir, ignore_errors=True)


def play(seed, number, options):
    """One round: what was counted and what was violated."""
    this = Round(seed, number, options.hours > 0)
    try:
        this.play()
    except Exception:  # the round itself broke: that is a violation too, and the next one goes on
        this.violations.append(traceback.format_exc())
    this.end(bool(this.violations) or options.keep)
    for violation in this.violations:
        say(f"VIOLATION in round {number}: {violation}")
    if this.violations:
        say(f"kept: {this.work.dir}\nagain: {sys.argv[0]} --seed {seed} --round {number}")
    this.count["violations"] += len(this.violations)
    return this.count


def say(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--hours", type=float, default=0)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CRASH_SEED", "0")))
    parser.add_argument("--round", type=int, default=0, help="only this one")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("--tap", action="store_true")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    seed = options.seed or random.SystemRandom().randrange(1, 2**32)
    seconds = options.seconds or options.hours * 3600
    rounds = options.rounds or (0 if seconds else 3)
    begin, number, count = time.monotonic(), options.round - 1 if options.round else 0, collections.Counter()
    if options.tap:
        print("TAP version 13\n1..1", flush=True)
    say(f"seed {seed}")
    while True:
        number += 1
        before = time.monotonic()
        this = play(seed, number, options)
        count += this
        if not options.tap:
            say(f"round {number}: {time.monotonic() - before:.1f} s, " + ", ".join(f"{n} {w}" for w, n in this.items()))
        if options.round or number == rounds or (seconds and time.monotonic() - begin > seconds):
            break
    say(", ".join(f"{count[what]} {what}" for what in
                  ("rounds", "host kills", "engine kills", "faults", "full disks", "jumps of the clock", "runs",
                   "runs unknown", "redrives", "violations")))
    if options.tap:
        print(("not ok" if count["violations"] else "ok") +
              " 1 - each intended redrive happens exactly once, whatever dies")
    sys.exit(1 if count["violations"] else 0)


if __name__ == "__main__":
    main()
