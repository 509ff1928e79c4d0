"""What must hold in torture.py, whatever died: each function returns the violations it found, as texts.

The engine is the judge of what happened, the audit log of what was said to have happened, the store of
what a run believes.
"""

import collections
import glob
import json
import os

REDRIVE, START = "sfn.redrive_execution", "sfn.start_execution"
GAVE_AN_ANSWER = ("ok", "reconciled")
NOT_MADE = ("not_sent", "refused", "invalid", "dry_run")


class Log:
    """The audit log of a station, in the order in which it was written: its owners followed each other."""

    def __init__(self, station):
        files = glob.glob(os.path.join(station.state, "audit", "**", "*.jsonl"), recursive=True)
        self.records = []
        for path in sorted(files, key=os.path.basename):
            with open(path, "rb") as file:
                for line in file.read().split(b"\n")[:-1]:
                    try:
                        record = json.loads(line)
                    except ValueError:
                        continue  # a torn end, which the next start sets aside; `audit verify` is the judge
                    self.records.append((os.path.basename(path), record))

    def of(self, *kinds):
        return [(segment, r) for segment, r in self.records if r["kind"] in kinds]


def requests_received(engine):
    with open(engine.request_log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def after_a_death(this, station):
    """Nothing left the machine that was not intended first, on disk."""
    received = requests_received(this.engine)  # before the tokens: the second person goes on meanwhile
    known = set(this.second.tokens) if this.second else set()
    for other in this.stations:
        known |= {r.get("token") for _, r in Log(other).of("call.intent")}
    return [f"after the death of {station.name}: the engine received a redrive of {r['executionArn']} with token "
            f"{r['clientToken']}, which no intent has" for r in received
            if r["operation"] == "RedriveExecution" and r["clientToken"] not in known]


# ---- one station ----

def steps_run_again(station, log):
    """A change that has its outcome is never made again. What changes nothing, a refusal too, may be asked again, as
    long as no later change of its branch builds on it; one that was never let go builds on nothing. While it is
    unknown whether a token took effect, an error of the same token sent again tells nothing of the first."""
    found, ended, changes, unclear = [], {}, collections.defaultdict(list), {}
    tokens = {(segment, r["seq"]): r.get("token") for segment, r in log.of("call.intent")}
    unmade = {(segment, r["intent"]) for segment, r in log.of("call.outcome") if r["outcome"] in NOT_MADE}
    for number, (segment, r) in enumerate(log.of("call.intent", "call.outcome", "call.settle")):
        key = (r["run"], r["attempt"], r["step"])
        if r["kind"] != "call.intent":
            token = tokens.get((segment, r["intent"])) if r["kind"] == "call.outcome" else None
            if r["outcome"] == "unknown" and token:
                unclear[key] = token
            elif r["outcome"] not in ("unknown", "not_sent", "not_done"):
                if r["outcome"] != "error" or not token or unclear.get(key) != token:
                    ended[key] = (number, r["outcome"])
            continue
        parent, _, last = r["step"].rpartition(".")
        branch = (r["run"], r["attempt"], parent)
        made = r.get("mutates") and (segment, r["seq"]) not in unmade
        since, outcome = ended.get(key, (None, None))
        if outcome and r.get("mutates") and outcome not in NOT_MADE:
            found.append(f"{station.name}: {r['operation']}, step {key}, has its outcome and is called again: "
                         f"{segment} {r['seq']}")
        if outcome and any(n > since and step > int(last) for n, step in changes[branch]):
            found.append(f"{station.name}: {r['operation']}, step {key}, is asked again although later steps of its "
                         f"branch were recorded: {segment} {r['seq']}")
        if made:
            changes[branch].append((number, int(last)))
    return found


def pairs(station, log):
    """Each intent has exactly one outcome, an unknown one counted in."""
    open_intents, found = set(), []
    for segment, r in log.of("call.intent", "call.outcome"):
        if r["kind"] == "call.intent":
            open_intents.add((segment, r["seq"]))
        elif (segment, r["intent"]) in open_intents:
            open_intents.remove((segment, r["intent"]))
        else:
            found.append(f"{station.name}: an outcome without an open intent: {segment} {r['seq']}")
    return found + [f"{station.name}: an intent without an outcome: {intent}" for intent in sorted(open_intents)]


def log_and_store(station, log):
    """What the store knows, the log knows too."""
    found, known = [], {(segment, r["seq"]): r for segment, r in log.of("call.intent")}
    outcomes = collections.defaultdict(set)
    for _, r in log.of("call.outcome", "call.settle"):
        outcomes[r["run"], r["attempt"], r["step"]].add(r["outcome"])
    rows = station.rows("SELECT r.id, s.attempt, s.path, s.operation, s.token, s.segment, s.intent FROM step s "
                        "JOIN run r ON r.num = s.run WHERE s.kind = 'call'")
    for run, attempt, path, operation, token, segment, intent in rows:
        r = known.get((segment, intent))
        said = r and (r["run"], r["attempt"], r["step"], r["operation"], r.get("token"))
        if said != (run, attempt, path, operation, token):
            found.append(f"{station.name}: the store has the intent {(run, attempt, path, operation, token)} at {segment} "
                         f"{intent}, the log has {said}")
    ends = station.rows("SELECT r.id, e.attempt, e.path, e.operation, e.outcome, count(*) FROM step_end e "
                        "JOIN run r ON r.num = e.run WHERE e.kind = 'call' GROUP BY e.run, e.attempt, e.path")
    for run, attempt, path, operation, outcome, n in ends:
        if n != 1:
            found.append(f"{station.name}: step {(run, attempt, path)} has {n} ends in the store")
        if outcome not in outcomes[run, attempt, path]:
            found.append(f"{station.name}: {operation}, step {(run, attempt, path)}, ended {outcome} in the store and "
                         f"{sorted(outcomes[run, attempt, path])} in the log")
    found += [f"{station.name}: step {row} was left unsettled" for row in station.rows(
        "SELECT r.id, u.attempt, u.path FROM unsettled u JOIN run r ON r.num = u.run WHERE r.state <> 'parked'")]
    said = {r["run"]: r["outcome"] for _, r in log.of("run.end")}
    for run, state, outcome in station.rows("SELECT id, state, outcome FROM run WHERE state <> 'parked'"):
        if said.get(run) != outcome:
            found.append(f"{station.name}: run {run} is {state}, {outcome}, in the store and {said.get(run)} in the log")
    stored = {run for run, in station.rows("SELECT id FROM run")}
    lost = {r["run"] for _, r in log.of("run.lost")}
    begun = {r["run"] for _, r in log.of("run.start")}
    found += [f"{station.name}: run {run} is called lost, and the store has it" for run in lost & stored]
    found += [f"{station.name}: run {run} began, and neither has the store it nor is it called lost"
              for run in begun - lost - stored]
    return found


def ends_of_runs(station, count):
    """Each run is done with a result that its own journal bears out, or stopped for a reason that there was."""
    found, known = [], set()
    faults = count["faults"] + count["full disks"]
    made = {(run, operation): n for run, operation, n in station.rows(
        "SELECT r.id, e.operation, count(*) FROM step_end e JOIN run r ON r.num = e.run AND r.attempt = e.attempt "
        "WHERE e.kind = 'call' AND e.outcome IN ('ok', 'reconciled') GROUP BY r.id, e.operation")}
    # Nobody knows of a call that was under way when the engine died for good, or when its token had died.
    unknowable = station.engine.deaths > 0 or count["minutes gone by"] >= 14
    for run, state, outcome, message, result in station.rows("SELECT id, state, outcome, message, result FROM run"):
        known.add(run)
        count["runs"] += 1
        count["runs " + str(outcome)] += 1
        if state == "done":
            members = json.loads(result)
            if (members["redrives"], members["notes"]) != (made.get((run, REDRIVE), 0), made.get((run, START), 0)):
                found.append(f"{station.name}: run {run} says {result}, its journal has "
                             f"{made.get((run, REDRIVE), 0)} redrives and {made.get((run, START), 0)} notes")
        elif not (faults and (outcome == "audit_unavailable" or "AuditUnavailable" in str(message)) or
                  unknowable and (state, outcome) == ("parked", "unknown")):
            found.append(f"{station.name}: run {run} ended {state}, {outcome}: {message}")
    return found + [f"{station.name}: run {run} was accepted and is not on record"
                    for run in station.accepted if run not in known]


def commands(station):
    """What the program itself says of its log and of the runs that are done."""
    found = []
    audit = os.path.join(station.state, "audit")
    status, out, err = station.command("audit", "verify", audit)
    if status != 0 and os.path.isdir(audit):  # the store comes first: without room for it no log was begun
        found.append(f"{station.name}: audit verify: {out}{err}")
    for (run,) in station.rows("SELECT id FROM run WHERE state = 'done'"):
        status, out, err = station.command("replay", run, "--check", "--config", station.config)
        if status != 0:
            found.append(f"{station.name}: replay --check {run}: {out}{err}")
    return found


# ---- all together ----

def claims_of(station):
    """(execution, date in milliseconds, who) of each redrive that a run believes to be its own, and the calls of
    which nobody knows."""
    claims, unknown = [], []
    for run, path, outcome, answer, resource in station.rows(
            "SELECT r.id, e.path, e.outcome, e.answer, (SELECT s.resource FROM step s WHERE s.run = e.run AND "
            "s.attempt = e.attempt AND s.path = e.path) FROM step_end e JOIN run r ON r.num = e.run "
            f"WHERE e.operation = '{REDRIVE}'"):
        who = f"{station.name}'s run {run}, step {path}"
        if outcome in GAVE_AN_ANSWER:
            claims.append((resource, round(json.loads(answer)["redriveDate"] * 1000), who))
        elif outcome == "unknown":
            unknown.append(resource)
    unknown += [row[0] for row in station.rows("SELECT s.resource FROM unsettled u JOIN step s ON s.num = u.step "
                                               f"WHERE s.operation = '{REDRIVE}'")]
    return claims, unknown


def redrives(this):
    """Each redrive that happened was intended by exactly one step or person, and each that is believed happened."""
    found, claims, unknown = [], list(this.second.done) if this.second else [], []
    for station in this.stations:
        ours, lost = claims_of(station)
        claims += ours
        unknown += lost
    for arn in this.executions:
        history = this.engine.pages("GetExecutionHistory", "events", executionArn=arn, maxResults=1000)
        happened = [round(e["timestamp"] * 1000) for e in history if e["type"] == "ExecutionRedriven"]
        told = this.engine.sure("DescribeExecution", executionArn=arn)["redriveCount"]
        if told != len(happened):
            found.append(f"{arn}: redriveCount {told}, {len(happened)} ExecutionRedriven events")
        this.count["redrives"] += len(happened)
        # an execution that fails at once can be redriven twice within a millisecond
        by_date, times = collections.defaultdict(list), collections.Counter(happened)
        for resource, date, who in claims:
            if resource == arn:
                by_date[date].append(who)
        found += [f"{arn}: the redrive of {date} happened {times[date]} times and is claimed by {' and by '.join(who)}"
                  for date, who in by_date.items() if len(who) > times[date]]
        nobodys = [date for date, n in times.items() if n > len(by_date[date])]
        if sum(times[date] - len(by_date[date]) for date in nobodys) > unknown.count(arn):
            found.append(f"{arn}: nobody claims the redrives of {nobodys}; unknown are {unknown.count(arn)}")
    return found


def notes(this):
    """Each note that was taken is believed by exactly one step, and each that is believed was taken."""
    believed, unknown = collections.Counter(), set()
    for station in this.stations:
        for outcome, answer, args in station.rows(
                f"SELECT e.outcome, e.answer, (SELECT s.args FROM step s WHERE s.run = e.run AND s.attempt = e.attempt "
                f"AND s.path = e.path) FROM step_end e WHERE e.operation = '{START}'"):
            if outcome in GAVE_AN_ANSWER:
                believed[json.loads(answer)["executionArn"].rsplit(":", 1)[-1]] += 1
            elif outcome == "unknown":
                unknown.add(json.loads(args)["name"])
        unknown |= {json.loads(row[0])["name"] for row in station.rows(
            f"SELECT s.args FROM unsettled u JOIN step s ON s.num = u.step WHERE s.operation = '{START}'")}
    taken = {e["name"] for e in this.engine.pages("ListExecutions", "executions", stateMachineArn=this.notes,
                                                  maxResults=1000)}
    this.count["notes"] += len(taken)
    return ([f"the note {name} is believed {n} times" for name, n in believed.items() if n > 1] +
            [f"the note {name} is believed and was not taken" for name in believed if name not in taken] +
            [f"nobody believes the note {name}" for name in taken - set(believed) - unknown])


def at_the_end(this):
    found = []
    for station in this.stations:
        log = Log(station)
        found += steps_run_again(station, log) + pairs(station, log) + log_and_store(station, log)
        found += ends_of_runs(station, this.count)
        found += commands(station)
    return found + redrives(this) + notes(this)
