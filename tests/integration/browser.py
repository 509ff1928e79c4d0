"""A person at the dashboard of a `runbook serve`, with what a browser has over plain HTTP: one cookie, and forms."""

import html
import http.client
import json
import re
import urllib.parse

from tap import check, check_equal


def port_of(said, what="dashboard and metrics are served"):
    return int(re.search(rf"{what} at .*port (\d+)", said)[1])


def request(port, path, method="GET", body=None, headers=None):
    """The answer and its body, as text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def link(work):
    """What `runbook dashboard` prints."""
    ended = work.command("dashboard", "--config", work.config)
    check_equal(ended.status, 0, f"runbook dashboard\n{ended}")
    return ended.out.strip()


class Person:
    """Logged in with a link. token: of the session's forms."""

    def __init__(self, work):
        self.link = urllib.parse.urlsplit(link(work))
        self.port = self.link.port
        answer, _ = request(self.port, f"{self.link.path}?{self.link.query}")
        check_equal(answer.status, 200, "the link")
        self.set_cookie = answer.headers["Set-Cookie"]
        self.cookie = self.set_cookie.split(";")[0]
        self.token = re.search(r'name="token" value="([0-9a-f]{64})"', self.page("/"))[1]

    def get(self, path, **headers):
        return request(self.port, path, headers={"Cookie": self.cookie} | headers)

    def events(self):
        """Server-sent events, until closed: the answer, and a generator of (name, data)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/events", headers={"Cookie": self.cookie})
        answer = connection.getresponse()

        def read():
            name = None
            for line in answer:
                line = line.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    yield name, json.loads(line[6:])
        return answer, read()

    def page(self, path):
        answer, text = self.get(path)
        check_equal(answer.status, 200, path)
        return text

    def text(self, path):
        """What is read of a page: without markup."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.page(path))).split())

    def post(self, path, headers=None, **form):
        """A form of this session; token=... is another one, token=None none."""
        form = {name: value for name, value in ({"token": self.token} | form).items() if value is not None}
        answer, text = request(self.port, path, "POST", urllib.parse.urlencode(form),
                               {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
                               | (headers or {}))
        check(answer.status < 500, f"{path}: {answer.status} {text}")
        return answer, text
