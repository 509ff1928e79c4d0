"""A server for what the local engine sends, JSON over HTTP: hands each body to a function and answers what that
returns. Standard library only."""

import json

from http_peer import Peer


class Receiver(Peer):
    """`received` has (path, headers, value of the body) of each request; names of headers in lower case.

    `answer(path, headers, value)` returns (status, headers, text).
    """

    def __init__(self, answer):
        def said(request):
            status, headers, text = answer(*self._parts(request))
            return status, headers, text.encode()

        super().__init__(said)
        self.url = f"http://127.0.0.1:{self.port}"

    @staticmethod
    def _parts(request):
        return request.path, request.headers, json.loads(request.body)

    @property
    def received(self):
        return [self._parts(request) for request in self.requests]

    def wait_for(self, n, seconds=30):
        return [self._parts(request) for request in super().wait_for(n, seconds)]
