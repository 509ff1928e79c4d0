"""A Chromium without a window, driven over the WebDriver protocol by chromedriver; standard library only."""

import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import time

from tap import Skip, check

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that W3C's WebDriver has chosen
TAB, ENTER = "\ue004", "\ue007"
PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}


class Chromium:
    """One window. What a page writes to its console, broken policies included, is in console()."""

    def __init__(self, port, options):
        self._port, self._session = port, ""
        self._session = "/session/" + self._ask("POST", "/session", {"capabilities": {"alwaysMatch": options}})["sessionId"]

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            text = json.dumps(body) if method == "POST" else None
            connection.request(method, self._session + path, text, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            value = json.loads(answer.read())["value"]
        finally:
            connection.close()
        check(answer.status == 200, f"WebDriver {method} {path}: {value}")
        return value

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script, *args):
        """What the script returns, a function's body."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": args})

    def wait(self, script, *args, limit=60):
        """What the script returns, once that is true."""
        until = time.monotonic() + limit
        while not (value := self.run(script, *args)):
            check(time.monotonic() < until, f"it became true: {script}\n{self.run('return document.body.innerText')}")
        return value

    def click(self, selector):
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[ELEMENT]}/click", {})

    def press(self, key):
        """A key of the keyboard: TAB, ENTER."""
        keys = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keys", "actions": keys}]})

    def tell(self, command, **params):
        """A command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def console(self):
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def prefer(self, scheme):
        """light or dark"""
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def quit(self):
        self._ask("DELETE", "")


def find():
    """Where chromedriver and Chromium are; Skip where they are not."""
    driver, browser = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not browser:
        raise Skip("Chromium (Debian's packages chromium and chromium-driver) is not installed")
    return driver, browser


@contextlib.contextmanager
def chromium(home):
    """A browser with its profile in that folder."""
    driver, browser = find()
    env = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen([driver, "--port=0"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    try:
        found = next((m for m in (re.search(r"successfully on port (\d+)", line) for line in process.stdout) if m), None)
        check(found, "chromedriver did not begin")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
                     "--window-size=1200,800", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        window = Chromium(int(found[1]), {
            "goog:chromeOptions": {"binary": browser, "args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}})
        try:
            yield window
        finally:
            window.quit()
    finally:
        process.terminate()
        process.communicate(timeout=30)
