"""Neither set-up command, nor a test, can reach AWS or a proxy, whatever the caller's environment."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading

from program import BUILD_DIR, SOURCE_ROOT, Workspace
from tap import Skip, check, check_equal, run, test

SHOW_ENVIRONMENT = '. scripts/setup.sh; seal_environment "$1"; env'


class Trap:
    """Listens on loopback; every connection to it is a mistake."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.caught = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self.listener.accept()
                self.caught.append(peer)
                connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@contextlib.contextmanager
def hostile_environment():
    """An operator's shell that points at production, with everything leading into the trap."""
    trap, home = Trap(), tempfile.mkdtemp(prefix="runbook-home-")
    os.mkdir(os.path.join(home, ".aws"))
    with open(os.path.join(home, ".aws", "credentials"), "w", encoding="utf-8") as file:
        file.write("[prod]\naws_access_key_id = AKIDPROD\naws_secret_access_key = prod\n")
    env = {
        "PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8",
        "AWS_PROFILE": "prod", "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": trap.url,
        "AWS_ENDPOINT_URL_SFN": trap.url, "AWS_ACCESS_KEY_ID": "AKIDPROD", "AWS_SECRET_ACCESS_KEY": "prod",
        "http_proxy": trap.url, "https_proxy": trap.url, "HTTP_PROXY": trap.url, "HTTPS_PROXY": trap.url,
        "all_proxy": trap.url, "ALL_PROXY": trap.url,
    }
    env |= {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
    try:
        yield env, trap
    finally:
        trap.close()
        shutil.rmtree(home, ignore_errors=True)


def shell(command, env, *args, limit=170):
    return subprocess.run(["bash", "-c", command, "bash", *args], cwd=SOURCE_ROOT, env=env, text=True,
                          capture_output=True, timeout=limit, check=False)


@test
def the_sealed_environment_holds_nothing_of_the_callers():
    with hostile_environment() as (env, _), tempfile.TemporaryDirectory() as folder:
        sealed = dict(line.split("=", 1) for line in
                      shell(SHOW_ENVIRONMENT, env, folder).stdout.splitlines() if "=" in line)
        kept = {name for name in sealed if name.startswith("AWS_")}
        check_equal(kept, {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"},
                    "AWS variables")
        check(not any(name.lower().endswith("_proxy") and name.lower() != "no_proxy" for name in sealed),
              f"a proxy is left: {sealed}")
        check_equal(sealed["RUNBOOK_LOOPBACK_ONLY"], "1", "RUNBOOK_LOOPBACK_ONLY")
        for name in ("HOME", "TMPDIR", "XDG_STATE_HOME", "AWS_CONFIG_FILE"):
            check(sealed[name].startswith(folder), f"{name} is {sealed[name]}")


@test
def both_commands_print_the_apt_command_and_stop():
    with hostile_environment() as (env, _):
        for command in ("scripts/quickstart --no-install", "tests/run --no-install",
                        "tests/run --sanitize --valgrind --tidy --peers --no-install"):
            ended = shell(command, env)
            check_equal(ended.returncode, 0, f"{command}: {ended.stderr}")
            check("apt-get install --no-install-recommends -y " in ended.stdout,
                  f"{command} said {ended.stdout}")


@test
def the_quickstart_works_and_reaches_nothing_else():
    inside = os.path.relpath(BUILD_DIR, SOURCE_ROOT)
    if inside.startswith(".."):
        raise Skip("the build folder is not inside the clone")
    with hostile_environment() as (env, trap):
        ended = shell('scripts/quickstart --build "$1"', env, inside)
        check_equal(ended.returncode, 0, f"the quickstart\n{ended.stdout}\n{ended.stderr}")
        for text in ("succeeded 20 ", "failed 3 ", '"SUCCEEDED"'):
            check(text in ended.stdout, f"{text!r} is not in: {ended.stdout}")
        check_equal(trap.caught, [], "connections to the proxy or the endpoint of the caller")


@test
def an_endpoint_that_is_not_loopback_is_refused():
    with Workspace() as work:
        for endpoint in ("http://192.0.2.1", "https://states.eu-central-1.amazonaws.com",
                         "http://127.0.0.1.example.com", "http://localhost.example.com"):
            work.configure(endpoint=endpoint)
            ended = work.run('return require "sfn".describe_execution { executionArn ='
                             ' "arn:aws:states:us-east-1:123456789012:execution:Orders:one" }',
                             AWS_ACCESS_KEY_ID="AKIDLOCAL", AWS_SECRET_ACCESS_KEY="local", limit=10)
            check(ended.status in (1, 2), f"{endpoint}: {ended}")
            check("EndpointNotLoopback" in ended.err, f"{endpoint}: {ended.err}")


@test
def the_default_endpoint_is_refused_too():
    with Workspace() as work:
        work.config = work.write("runbook.conf", f"[host]\nstate_dir = {work.path('state')}\n")
        ended = work.run('return require "sfn".describe_execution { executionArn ='
                         ' "arn:aws:states:us-east-1:123456789012:execution:Orders:one" }',
                         AWS_REGION="us-east-1", AWS_ACCESS_KEY_ID="AKIDLOCAL",
                         AWS_SECRET_ACCESS_KEY="local", limit=10)
        check_equal(ended.status, 1, f"the run\n{ended}")
        check("EndpointNotLoopback" in ended.err, ended.err)


run()
