"""The evidence that a third party gets: keys, checkpoints kept elsewhere, proofs, exports."""

import http.server
import json
import os
import re
import shutil
import threading

from program import Workspace
from tap import check, check_equal, run, test

OK = 'log.info "here"; return { ok = true }'


class Collector:
    """Takes POSTs on loopback; refuses the first `refuse` of them."""

    def __init__(self, refuse=0):
        self.bodies, self.refused = [], 0
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                good = collector.refused >= refuse
                collector.refused += not good
                if good:
                    collector.bodies.append(body)
                self.send_response(204 if good else 503)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/checkpoints"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def evidence(work):
    """What is left when the private key stays where it is: a copy of the directory and the public key."""
    return shutil.copytree(work.audit_dir, work.path("copy/audit"))


@test
def a_record_is_proved_with_the_public_key_alone():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        key = work.write("key.pub", work.command("audit", "key", work.audit_dir).out)
        copy = evidence(work)
        name = os.path.basename(work.segments()[0])
        for command in ("prove", f"{name}:3"), ("export", f"{name}:1-3"):
            here = work.command("audit", *command, work.audit_dir)
            check_equal(here.status, 0, f"{command}\n{here}")
            there = work.command("audit", *command, "--key", key, copy)
            check_equal((there.status, there.out), (0, here.out), f"{command} of a copy\n{there}")
            keyless = work.command("audit", *command, copy)
            check_equal((keyless.status, "give --key FILE" in keyless.err), (1, True), f"{command} without a key\n{keyless}")
        proof = work.command("audit", "prove", f"{name}:3", work.audit_dir)
        file = work.write("proof", proof.out)
        checked = work.command("audit", "verify", "--proof", file, "--key", key)
        check_equal(checked.status, 0, f"verify --proof\n{checked}")
        check(checked.out.startswith("proved "), f"it says {checked.out}")
        forged = work.write("forged", proof.out.replace("run.start", "run.stamp"))
        check_equal(work.command("audit", "verify", "--proof", forged, "--key", key).status, 1, "a forged proof")
        verified = work.command("audit", "verify", "--strict", "--key", key, copy)
        check_equal(verified.status, 0, f"verify of a copy\n{verified}")
        unsigned = work.command("audit", "verify", copy)
        check("signatures were not checked" in unsigned.out, f"without a key it says {unsigned.out}")


@test
def a_run_is_exported_whole():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        records = [r for segment in work.records() for r in segment]
        run_id = next(r["run"] for r in records if r["kind"] == "run.start")
        exported = work.command("audit", "export", "--run", run_id, work.audit_dir)
        check_equal(exported.status, 0, f"export\n{exported}")
        lines = [json.loads(line) for line in exported.out.splitlines()]
        check_equal([json.loads(line["record"]) for line in lines],
                    [r for r in records if r.get("run") == run_id], "the records")
        checked = work.command("audit", "verify", "--proof", work.write("e", exported.out), work.audit_dir)
        check_equal(checked.status, 0, f"verify --proof\n{checked}")


@test
def checkpoints_go_to_a_file_and_a_url_and_find_a_log_that_was_set_back():
    with Workspace() as work, Collector(refuse=1) as collector:
        kept = work.path("kept")
        work.configure(more=f"[audit]\ncopy_file = {kept}\ncopy_url = {collector.url}\n")
        first = work.run(OK)
        check_equal(first.status, 0, f"the run\n{first}")
        check("the answer was 503; next attempt" in first.err, f"a failed copy is not said: {first.err}")
        before = evidence(work)
        check_equal(work.run(OK).status, 0, "another run")
        with open(kept, encoding="utf-8") as file:
            notes = file.read()
        check(collector.bodies and collector.bodies[-1] in notes, f"received {collector.bodies}")
        old = work.write("old", collector.bodies[0])
        new = work.write("new", collector.bodies[-1])
        same = work.command("audit", "consistency", old, new, work.audit_dir)
        check_equal(same.status, 0, f"consistency\n{same}")
        good = work.command("audit", "verify", "--checkpoint", kept, work.audit_dir)
        check_equal(good.status, 0, f"verify with what was kept\n{good}")

        shutil.rmtree(work.audit_dir)
        shutil.copytree(before, work.audit_dir)
        check_equal(work.command("audit", "verify", work.audit_dir).status, 0, "a log set back agrees with itself")
        bad = work.command("audit", "verify", "--checkpoint", kept, work.audit_dir)
        check_equal(bad.status, 1, f"verify with what was kept\n{bad}")
        check(re.search(r"ledger:\d+: it ends before this line", bad.err), f"it says {bad.err}")


@test
def without_its_key_a_log_is_not_written():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        os.rename(work.path("state/audit.key"), work.path("key"))
        refused = work.run(OK)
        check_equal(refused.status, 7, f"a run without the key\n{refused}")
        check("audit.key is missing, with which this log's checkpoints were signed" in refused.err, refused.err)
        check(not os.path.exists(work.path("state/audit.key")), "a new key was made")
        os.rename(work.path("key"), work.path("state/audit.key"))
        check_equal(work.run(OK).status, 0, "a run with it")
        check_equal(work.verify().status, 0, "audit verify")


@test
def a_log_that_was_taken_away_is_not_begun_anew_beside_its_key():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        away = work.path("away")
        os.rename(work.audit_dir, away)
        for how in "deleted", "emptied":
            refused = work.run(OK)
            check_equal(refused.status, 7, f"a run when it was {how}\n{refused}")
            check("the audit log is missing that was signed with the key" in refused.err, refused.err)
            check_equal(os.listdir(work.audit_dir), [], "what was begun")
        os.rmdir(work.audit_dir)
        os.rename(away, work.audit_dir)
        check_equal(work.run(OK).status, 0, "a run when it was put back")
        check_equal(work.verify().status, 0, "audit verify")
        os.rename(work.audit_dir, away)
        os.rename(work.path("state/audit.key"), work.path("key"))
        check_equal(work.run(OK).status, 0, "a run with neither")
        check_equal(work.verify().status, 0, "audit verify of the new log")


@test
def a_store_that_was_taken_away_is_said_and_recorded_once():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        for name in os.listdir(work.path("state")):
            if name.startswith("runs.db"):
                os.unlink(work.path("state/" + name))
        for said in True, False:
            ended = work.run(OK)
            check_equal(ended.status, 0, f"a run without the old store\n{ended}")
            check_equal("is not the store that this audit log went with" in ended.err, said, f"it says {ended.err}")
        first, changed, last = (segment[0] for segment in work.records())
        check_equal(changed.get("store_before"), first["journal"]["store"], "the store before")
        check("store_before" not in last, f"recorded again: {last}")
        check_equal(work.verify().status, 0, "audit verify")


@test
def a_key_that_was_brought_begins_a_log():
    with Workspace() as work, Workspace() as other:
        check_equal(other.run(OK).status, 0, "a run that makes a key")
        os.mkdir(work.path("state"), 0o700)
        shutil.copy(other.path("state/audit.key"), work.path("state/audit.key"))
        first = work.run(OK)
        check_equal(first.status, 0, f"a run with a key that was there before\n{first}")
        check_equal(work.run(OK).status, 0, "the next one")
        check_equal(work.command("audit", "key", work.audit_dir).out,
                    other.command("audit", "key", other.audit_dir).out, "the public key")
        verified = work.verify()
        check_equal(verified.status, 0, f"audit verify\n{verified}")
        check("signatures were not checked" not in verified.out, verified.out)


@test
def a_start_that_came_no_further_than_an_empty_ledger_has_logged_nothing():
    for begun in "", '{"v":1,"seq":1,':
        with Workspace() as work:
            check_equal(work.run(OK).status, 0, "a run that makes the keys")
            shutil.rmtree(work.audit_dir)
            os.mkdir(work.audit_dir, 0o700)
            work.write("state/audit/ledger", begun)
            verified = work.verify()
            check_equal(verified.status, 0, f"audit verify of a ledger {begun!r}\n{verified}")
            check("note ledger" in verified.out, verified.out)
            check_equal(work.command("audit", "verify", "--strict", work.audit_dir).status, 1, "verify --strict")
            check_equal(work.run(OK).status, 0, "the next start")
            verified = work.verify()
            check_equal(verified.status, 0, f"audit verify of what it logged\n{verified}")
            work.write("state/audit/ledger", begun)
            check_equal(work.verify().status, 1, "verify of a ledger that was emptied")
            os.unlink(os.path.join(work.audit_dir, "checkpoint"))
            check_equal(work.verify().status, 1, "the same without its checkpoint")


@test
def where_there_is_no_log_nothing_is_verified():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        wrong = work.command("audit", "verify", work.path("state"))
        check_equal(wrong.status, 1, f"verify of another directory\n{wrong}")
        check("there is no audit log here" in wrong.err, wrong.err)
        empty = work.command("audit", "verify", "--proof", work.write("none", ""), work.audit_dir)
        check_equal(empty.status, 1, f"a file without proofs\n{empty}")
        check("there is no proof in it" in empty.err, empty.err)
        shutil.rmtree(work.audit_dir)
        os.mkdir(work.audit_dir)
        check_equal(work.verify().status, 1, "verify of a log that was taken away")


@test
def the_log_is_found_by_the_configuration_and_each_command_has_a_help():
    with Workspace() as work:
        check_equal(work.run("return 1").status, 0, "the run")
        found = work.command("audit", "verify", "--config", work.config)
        check_equal((found.status, found.out), (0, work.verify().out), f"verify\n{found}")
        of_that = work.command("audit", "hash", "--config", "--config", work.config)
        check_equal(of_that.out, work.command("audit", "hash", "--config", work.audit_dir).out, "a value of that name")
        for words, said in ((["--config"], "a value is missing behind --config"),
                            (["--config", work.path("none.conf")], "none.conf: No such file")):
            refused = work.command("audit", "verify", *words)
            check_equal((refused.status, said in refused.err), (2, True), f"{refused}")
        helped = work.command("audit", "tail", "--help")
        check_equal((helped.status, helped.out.startswith("usage: runbook audit verify")), (0, True), f"{helped}")


@test
def a_hash_finds_nothing_without_its_key():
    with Workspace() as work:
        check_equal(work.run(OK).status, 0, "the run")
        one = work.command("audit", "hash", "hunter2", work.audit_dir)
        check_equal(one.status, 0, f"hash\n{one}")
        check_equal(work.command("audit", "hash", "hunter2", work.audit_dir).out, one.out, "the same value")
        check(work.command("audit", "hash", "hunter3", work.audit_dir).out != one.out, "another value")
        os.unlink(work.path("state/audit.redaction"))
        check_equal(work.command("audit", "hash", "hunter2", work.audit_dir).status, 1, "without the key")


run()
