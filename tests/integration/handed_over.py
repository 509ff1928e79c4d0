"""One state directory, several processes: the second hands its run to the owner, and takes it over when that goes."""

import contextlib
import itertools
import json
import os
import signal
import socket
import threading
import time

from program import Workspace
from tap import check, check_equal, run, test

NAP = """
local input = ...
log("begun " .. input.name)
sleep(input.seconds)
log("slept " .. input.name)
return { name = input.name }
"""


def nap(work, name, seconds, *args, **env):
    file = work.path("nap.lua")
    if not os.path.exists(file):  # others may be reading it
        work.write("nap.lua", NAP)
    return work.start("run", file, "--config", work.config, "-i", f"name={name}", "-i",
                      f"seconds={seconds}", *args, **env)


def say(process, text):
    """Wait until the process has said text on standard error; all it has said."""
    said = ""
    while text not in said:
        line = process.stderr.readline()
        check(line, f"it ended without saying {text!r}: {said}")
        said += line
    return said


def listed(work, *args):
    ended = work.command("runs", "--json", "--config", work.config, *args)
    check_equal(ended.status, 0, f"runbook runs\n{ended}")
    return ended.result["runs"]


def wait_listed(work, number):
    """Wait until so many runs are on record, which is a moment after they have begun."""
    for _ in range(200):
        runs = listed(work) if os.path.exists(work.path("state/runs.db")) else []
        if len(runs) >= number:
            return runs
        time.sleep(0.02)
    raise AssertionError(f"only {len(runs)} runs are listed")


def left_behind(work, seconds, *args):
    """The id of a run whose process was killed meanwhile."""
    process = nap(work, "one", seconds, *args)
    say(process, "begun one")
    run_id = wait_listed(work, 1)[0]["id"]
    process.kill()
    process.communicate()
    return run_id


def wait_done(work):
    """The id of a run that is done, on record."""
    for _ in range(200):
        done = [r["id"] for r in listed(work) if r["state"] == "done"]
        if done:
            return done[0]
        time.sleep(0.02)
    raise AssertionError("no run is done")


def shown(work, run_id):
    ended = work.command("show", run_id, "--json", "--config", work.config)
    check_equal(ended.status, 0, f"runbook show\n{ended}")
    return ended.result


def wait_for_state(work, run_id, state):
    for _ in range(200):
        if shown(work, run_id)["state"] == state:
            return
        time.sleep(0.02)
    raise AssertionError(f"run {run_id} is {shown(work, run_id)['state']}")


def finish(process, limit=60):
    out, err = process.communicate(timeout=limit)
    return process.returncode, out, err


@test
def a_second_process_hands_its_run_over_and_shows_it():
    with Workspace() as work:
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        guest = nap(work, "guest", 0.1)
        status, out, err = finish(guest)
        check_equal((status, json.loads(out)), (0, {"name": "guest"}), f"the guest, having said {err}")
        check("begun guest" in err and "slept guest" in err, f"its log lines: {err}")
        check("goes on in the process that owns" in err, f"who goes through it: {err}")
        owner.send_signal(signal.SIGINT)
        check_equal(finish(owner)[0], 3, "the owner")
        check_equal([r["state"] for r in listed(work)], ["done", "cancelled"], "states")
        check_equal(work.verify().status, 0, "the log")


@test
def exit_status_and_interrupt_are_handed_on():
    with Workspace() as work:
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        failed = work.run('error("boom")')
        check_equal(failed.status, 1, f"a failing guest\n{failed}")
        check("boom" in failed.err, f"its error: {failed.err}")
        missing = work.command("run", "nowhere.lua", "--config", work.config)
        check_equal(missing.status, 2, f"a guest whose file is missing\n{missing}")
        guest = nap(work, "guest", 30)
        say(guest, "begun guest")
        guest.send_signal(signal.SIGINT)
        check_equal(finish(guest)[0], 3, "an interrupted guest")
        owner.send_signal(signal.SIGINT)
        check_equal(finish(owner)[0], 3, "the owner")


@test
def what_the_owner_leaves_is_carried_on_by_who_asked():
    with Workspace() as work:
        owner = nap(work, "owner", 1)
        say(owner, "begun owner")
        guest = nap(work, "guest", 3)
        say(guest, "begun guest")
        check_equal(finish(owner)[0], 0, "the owner")
        status, out, err = finish(guest)
        check_equal((status, json.loads(out)), (0, {"name": "guest"}), f"the guest, having said {err}")
        check("begun guest" not in err, f"the log line came twice: {err}")
        check("slept guest" in err, f"its log lines: {err}")
        check_equal(work.verify().status, 0, "the log")


def ask_until_it_goes(work, owner):
    """Requests that only look, one after the other, none of which waits for its answer; how many were made."""
    links = []
    with contextlib.suppress(OSError):
        while owner.poll() is None:
            links.append(socket.socket(socket.AF_UNIX))
            links[-1].connect(work.path("state/control.sock"))
            links[-1].sendall(b'{"op":"runs"}\n')
            if len(links) > 200:
                links[-200].close()
    for link in links:
        link.close()
    return len(links)


@test
def an_owner_ends_in_order_while_it_is_asked_for_runs():
    with Workspace() as work:
        owner = nap(work, "owner", 0.5)
        say(owner, "begun owner")
        guest = nap(work, "guest", 2)
        say(guest, "begun guest")
        asked = ask_until_it_goes(work, owner)
        check(asked > 100, f"only {asked} requests were made")
        status, _, err = finish(owner)
        check_equal(status, 0, f"the owner, having said {err}")
        status, _, err = finish(guest)
        check_equal(status, 0, f"the guest, having said {err}")


@test
def a_killed_owner_loses_nothing_of_the_others():
    with Workspace() as work:
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        guests = [nap(work, f"guest{i}", 2) for i in range(3)]
        for guest in guests:
            say(guest, "begun guest")
        wait_listed(work, 4)
        owner.kill()
        owner.communicate()
        for i, guest in enumerate(guests):
            status, out, err = finish(guest)
            check_equal((status, json.loads(out)), (0, {"name": f"guest{i}"}), f"guest {i}, having said {err}")
        states = sorted(r["state"] for r in listed(work))
        check_equal(states, ["done", "done", "done", "running"], "states")
        left = next(r for r in listed(work) if r["state"] == "running")
        resumed = work.command("resume", left["id"], "--config", work.config, "--help")
        check_equal(resumed.status, 0, "help")
        cancelled = work.command("cancel", left["id"], "--config", work.config)
        check_equal(cancelled.status, 0, f"cancel of what nobody goes on with\n{cancelled}")
        check_equal(shown(work, left["id"])["state"], "cancelled", "its state")


@test
def a_run_is_cancelled_from_elsewhere_shown_and_retried():
    with Workspace() as work:
        process = nap(work, "one", 30)
        say(process, "begun one")
        run_id = wait_listed(work, 1)[0]["id"]
        cancelled = work.command("cancel", run_id, "--reason", "wrong input", "--config", work.config)
        check_equal((cancelled.status, cancelled.out), (0, "cancelled\n"), f"runbook cancel\n{cancelled}")
        status, _, err = finish(process)
        check_equal(status, 3, "the process")
        check("wrong input" in err, f"why: {err}")
        work.write("nap.lua", NAP.replace("sleep(input.seconds)", "sleep(0)"))
        retried = work.command("retry", run_id[:13], "--config", work.config)
        check_equal(retried.status, 0, f"runbook retry\n{retried}")
        run_now = shown(work, run_id)
        check_equal((run_now["attempt"], run_now["state"]), (2, "done"), "attempt and state")
        check_equal([s["kind"] for s in run_now["steps"]], ["sleep"], "steps of the last attempt")
        over = work.command("resume", run_id, "--config", work.config)
        check_equal(over.status, 2, f"resume of a run that is over\n{over}")


@test
def the_beginning_of_an_id_is_enough_and_must_be_that_of_one_run():
    with Workspace() as work:
        run_id = left_behind(work, 3)
        check(listed(work)[0].get("unattended"), f"nobody goes on with it: {listed(work)}")
        for command in ["runs"], ["show", run_id]:
            seen = work.command(*command, "--config", work.config)
            check("no process goes on with it" in seen.out, f"runbook {command[0]}\n{seen}")
        cancelled = work.command("cancel", run_id[:13], "--config", work.config)
        check_equal(cancelled.status, 0, f"cancel of what nobody goes on with\n{cancelled}")
        over = shown(work, run_id[:13])
        check_equal((over["state"], over.get("unattended")), ("cancelled", None), "its state")
        process = nap(work, "two", 600)
        say(process, "begun two")
        second = wait_listed(work, 2)[0]["id"]
        check("no process" not in work.command("runs", "--config", work.config).out, "its owner goes on with it")
        for command in ("cancel", "resume", "retry", "approve"):
            none = work.command(command, "ffffffff", "--config", work.config)
            check_equal(none.status, 2, f"{command} of no run\n{none}")
            check("ffffffff" in none.err, f"{command}: {none.err}")
        both = os.path.commonprefix([run_id, second])
        check(work.command("cancel", both[:6], "--config", work.config).status == 2, "a beginning of both")
        cancelled = work.command("cancel", second[:len(both) + 1], "--config", work.config)
        check_equal((cancelled.status, cancelled.out), (0, "cancelled\n"), f"cancel by the owner\n{cancelled}")
        check_equal(finish(process)[0], 3, "the process")


@test
def where_nothing_was_run_there_is_nothing_to_carry_on_and_nothing_is_made():
    with Workspace() as work:
        ids = "abcd1234", "01a201cf-3056-78dd-9b46-0484af634c2b"
        commands = ["cancel"], ["resume"], ["retry"], ["replay", "--check"], ["show"]
        for command, run_id in itertools.product(commands, ids):
            none = work.command(*command, run_id, "--config", work.config)
            check_equal(none.status, 2, f"{command[0]}\n{none}")
            check("no runbook has been run in" in none.err, f"{command[0]}: {none.err}")
            check(not os.path.exists(work.path("state")), f"{command[0]} made the state directory")


@test
def an_interrupt_ends_a_run_that_is_resumed():
    with Workspace() as work:
        run_id = left_behind(work, 600)
        resumed = work.start("resume", run_id[:13], "--config", work.config)
        say(resumed, run_id)
        resumed.send_signal(signal.SIGINT)
        check_equal(finish(resumed)[0], 3, "the resumed run")
        check_equal(shown(work, run_id)["state"], "cancelled", "its state")


@test
def a_killed_process_leaves_a_run_that_is_resumed_as_it_was_begun():
    with Workspace() as work:
        run_id = left_behind(work, 3)
        work.write("nap.lua", 'error("this is another file by now")')
        differs = work.command("replay", run_id, "--check", "--config", work.config)
        check_equal(differs.status, 1, f"replay --check of another file\n{differs}")
        shorter = work.command("replay", run_id, "--check", "--config", work.config, "--file",
                               work.write("shorter.lua", "return 1"))
        check_equal((shorter.status, shorter.out.split(" is recorded")[0]),
                    (1, "not deterministic: step 1 (not a call)"), f"replay --check of a file that does less\n{shorter}")
        same = work.command("replay", run_id, "--check", "--config", work.config, "--file",
                            work.write("same.lua", NAP))
        check_equal(same.status, 0, f"replay --check of the same file\n{same}")
        resumed = work.command("resume", run_id, "--config", work.config)
        check_equal((resumed.status, resumed.result), (0, {"name": "one"}), f"runbook resume\n{resumed}")
        check("begun" not in resumed.err, f"a log line came twice: {resumed.err}")
        check_equal(work.verify().status, 0, "the log")


@test
def the_daemon_goes_through_runs_of_others():
    with Workspace() as work:
        work.configure(more="[schedule never]\ncron = 0 0 29 2 *\nrunbook = ${dir}/nap.lua\n")
        work.write("nap.lua", NAP)
        daemon = work.start("serve", "--config", work.config)
        say(daemon, "ready:")
        status, out, err = finish(nap(work, "guest", 0.1))
        check_equal((status, json.loads(out)), (0, {"name": "guest"}), f"the guest, having said {err}")
        daemon.send_signal(signal.SIGTERM)
        check_equal(finish(daemon)[0], 0, "the daemon")


@test
def the_owner_ends_what_does_not_go_on_there():
    with Workspace() as work:
        run_id = left_behind(work, 3)
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        cancelled = work.command("cancel", run_id, "--config", work.config)
        check_equal((cancelled.status, cancelled.out), (0, "cancelled\n"), f"runbook cancel\n{cancelled}")
        wait_for_state(work, run_id, "cancelled")
        again = work.command("cancel", run_id, "--config", work.config)
        check_equal(again.status, 2, f"cancel of what is over\n{again}")
        check("is over" in again.err, f"why: {again}")
        owner.send_signal(signal.SIGINT)
        check_equal(finish(owner)[0], 3, "the owner")


@test
def an_owner_with_another_environment_is_not_handed_to():
    with Workspace() as work:
        work.config = work.write("bare.conf", f"[host]\nstate_dir = {work.path('state')}\n")
        owner = nap(work, "owner", 30, AWS_REGION="us-east-1")
        say(owner, "begun owner")
        other = work.run("return 1", AWS_REGION="eu-central-1")
        check_equal(other.status, 2, f"another region\n{other}")
        check("another environment" in other.err and str(owner.pid) in other.err, other.err)
        config = work.write("other.conf", f"[host]\nstate_dir = {work.path('state')}\n[limits]\ncpu = 3s\n")
        other = work.command("run", work.write("t.lua", "return 1"), "--config", config, AWS_REGION="us-east-1")
        check_equal(other.status, 2, f"another configuration\n{other}")
        check("another configuration" in other.err, other.err)
        owner.send_signal(signal.SIGINT)
        finish(owner)


@test
def a_run_that_is_asked_for_again_is_never_begun_twice():
    with Workspace() as work:
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        check_equal(finish(nap(work, "guest", 0.1))[0], 0, "the guest")
        ended = wait_done(work)
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(work.path("state/control.sock"))
            link.sendall(json.dumps({"op": "run", "id": ended, "file": work.path("nap.lua"), "again": True,
                                     "input": {"name": "x", "seconds": 0}}).encode() + b"\n")
            answer = json.loads(link.makefile().readline())
        check_equal(answer["error"]["code"], "RunIsOver", f"the answer: {answer}")
        check_equal(len(listed(work)), 2, "runs")
        owner.send_signal(signal.SIGINT)
        finish(owner)


@test
def what_an_owner_goes_without_answering_is_read_beside_it():
    with Workspace() as work:
        check_equal(work.run("return {}").status, 0, "the run")
        asked = []
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(work.path("state/control.sock"))
            server.listen()

            def take_and_go():
                with server.accept()[0] as link:
                    asked.append(json.loads(link.makefile().readline()))

            gone = threading.Thread(target=take_and_go)
            gone.start()
            check_equal([r["state"] for r in listed(work)], ["done"], "runs")
            gone.join()
        check_equal([request["op"] for request in asked], ["runs"], "what it was asked")


@test
def the_socket_is_for_its_user_only():
    with Workspace() as work:
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        mode = os.stat(work.path("state/control.sock")).st_mode & 0o777
        check_equal(mode, 0o600, "mode of the socket")
        owner.send_signal(signal.SIGINT)
        finish(owner)
        check(not os.path.exists(work.path("state/control.sock")), "the socket is left behind")


@test
def an_owner_that_is_stopped_holds_nobody_up():
    with Workspace() as work:
        owner = nap(work, "owner", 30)
        say(owner, "begun owner")
        guest = nap(work, "guest", 30)
        say(guest, "begun guest")
        wait_listed(work, 2)
        owner.send_signal(signal.SIGSTOP)
        check_equal(len(listed(work)), 2, "runs that are listed meanwhile")

        other = nap(work, "other", 0)
        check(f"(pid {owner.pid}) does not answer" in say(other, "does not answer"), "who does not answer")
        other.send_signal(signal.SIGINT)
        check_equal(finish(other)[0], 3, "who waits and is interrupted")
        guest.send_signal(signal.SIGINT)
        guest.send_signal(signal.SIGINT)
        status, _, err = finish(guest)
        check_equal(status, 5, f"a guest that is interrupted\n{err}")
        check(f"(pid {owner.pid}) was told to cancel it" in err, f"why: {err}")

        owner.send_signal(signal.SIGCONT)
        owner.send_signal(signal.SIGINT)
        check_equal(finish(owner)[0], 3, "the owner")
        check_equal([r["state"] for r in listed(work)], ["cancelled", "cancelled"], "states")


@test
def a_run_whose_time_is_up_meanwhile_begins_nothing_more():
    with Workspace() as work:
        run_id = left_behind(work, 1.2, "--timeout", "1s")
        time.sleep(1.3)  # past its end, and that of its sleep
        resumed = work.command("resume", run_id, "--config", work.config)
        check_equal(resumed.status, 4, f"exit status of resume\n{resumed}")
        check("the run's time is up" in resumed.err and "slept" not in resumed.err, f"what it said: {resumed}")
        check_equal(listed(work)[0]["state"], "timed_out", "its state")


@test
def a_store_that_cannot_be_read_is_not_taken_for_none():
    with Workspace() as work:
        work.write("state", "a file where the directory is expected")
        ended = work.command("runs", "--config", work.config)
        check_equal(ended.status, 2, f"exit status\n{ended}")
        check("runs.db cannot be read: Not a directory" in ended.err, f"why: {ended.err}")


if __name__ == "__main__":
    run()
