"""A Step Functions endpoint that answers by a script, and misbehaves on order. Standard library only.

A script is a list of steps; each request takes the next one, the last one stays. A step is a dictionary:

  {"ok": OBJECT}                       200 with this body
  {"error": CODE, "status": 400, "message": TEXT, "more": OBJECT, "headers": OBJECT}
  {"raw": TEXT, "status": 200, "headers": OBJECT}   any answer, any body
  {"redirect": URL}                    302
  {"reset": true}                      read the request, then reset the connection
  {"close": true}                      read the request, then close without a byte
  {"truncate": OBJECT}                 200, but the connection ends in the middle of the body
  {"huge": N}                          200 and a body of N bytes
  {"slow": SECONDS, "then": STEP}      wait, then STEP
  {"trickle": SECONDS, "ok": OBJECT}   a byte of the body, a pause, a byte...
  {"silent": true}                     never answer

Operations in `beside` are answered by the step they have there: the script goes on without them, and
they are kept in `looks` only. NOT_REDRIVEN is for the look at an execution before it is redriven, and
where an answer is lost, afterwards; UNSEEN lets nobody look.

Every request is kept with its headers and body and with whether its signature is right for the given
secret, worked out here from the definition of Signature Version 4.

From the shell: scripted_server.py [--port N] [--secret KEY] SCRIPT prints the URL, then a line of JSON
for every request.
"""

import argparse
import hashlib
import hmac
import json
import re
import socket
import struct
import sys
import threading
import time
import uuid


def right_signature(request, secret):
    """Is the request's Authorization what its headers and body lead to?"""
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=[^/]+/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                         r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
                         request["headers"].get("authorization", ""))
    if not found:
        return False
    day, region, service, names, signature = found.groups()
    path, _, query = request["path"].partition("?")
    canonical = "\n".join(
        [request["method"], path, query,
         *(f"{name}:{' '.join(request['headers'].get(name, '').split())}" for name in names.split(";")),
         "", names, hashlib.sha256(request["body"]).hexdigest()])
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", request["headers"].get("x-amz-date", ""), scope,
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.new(key, to_sign.encode(), "sha256").hexdigest(), signature)


# Closes its connection: on one that was kept libcurl sends a lost request a second time by itself.
NOT_REDRIVEN = {"DescribeExecution": {"headers": {"Connection": "close"},
                                      "ok": {"status": "FAILED", "redriveCount": 0,
                                             "redriveStatus": "REDRIVABLE", "startDate": 1790218660}}}
UNSEEN = {"DescribeExecution": {"headers": {"Connection": "close"}, "error": "AccessDeniedException"}}


class ScriptedServer:
    """Serves on loopback while the `with` block runs; `requests` is what it received."""

    def __init__(self, *script, port=0, secret="local", on_request=None, beside=None):
        self.script, self.secret, self.on_request = list(script), secret, on_request
        self.beside = beside or {}
        self.requests, self.looks = [], []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._open = set()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()
        self._thread.join(5)

    def operations(self):
        return [request["operation"] for request in self.requests]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        reader = connection.makefile("rb")
        try:
            while self._answer(connection, self._read(reader)):
                pass
        except (OSError, ValueError):
            pass  # the client is gone, or we are ending
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    @staticmethod
    def _read(reader):
        line = reader.readline().decode("latin-1").split()
        if len(line) != 3:
            raise ValueError("no request")
        headers = {}
        while (text := reader.readline().decode("latin-1").strip()):
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", 0)))
        return {"method": line[0], "path": line[1], "headers": headers, "body": body,
                "operation": headers.get("x-amz-target", "").rpartition(".")[2]}

    def _answer(self, connection, request):
        request["signed"] = right_signature(request, self.secret)
        if request["operation"] in self.beside:
            self.looks.append(request)
            return self._act(connection, self.beside[request["operation"]])
        with self._lock:
            step = self.script[min(len(self.requests), len(self.script) - 1)]
            self.requests.append(request)
        if self.on_request:
            self.on_request(request)
        return self._act(connection, step)

    def _act(self, connection, step):
        """Do as the step says. False: the connection is over."""
        if "slow" in step:
            self._ending.wait(step["slow"])
            return self._act(connection, step["then"])
        if "silent" in step:
            self._ending.wait()
            return False
        if "reset" in step:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if "close" in step:
            return False
        status, headers, body = self._plain(step)
        head = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body)}",
                f"x-amzn-RequestId: {uuid.uuid4()}",
                time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
                *(f"{name}: {value}" for name, value in headers.items())]
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        if "truncate" in step:
            connection.sendall(body[:len(body) // 2])
            return False
        if "trickle" in step:
            for i in range(len(body)):
                connection.sendall(body[i:i + 1])
                if self._ending.wait(step["trickle"]):
                    return False
            return True
        connection.sendall(body)
        return True

    @staticmethod
    def _plain(step):
        headers = {"Content-Type": "application/x-amz-json-1.0", **step.get("headers", {})}
        if "error" in step:
            body = {"__type": f"com.amazonaws.swf.service.v2.model#{step['error']}",
                    "message": step.get("message", "scripted"), **step.get("more", {})}
            return step.get("status", 400), headers, json.dumps(body).encode()
        if "redirect" in step:
            return 302, {**headers, "Location": step["redirect"]}, b""
        if "huge" in step:
            return 200, headers, b"{\"x\":\"" + b"x" * step["huge"] + b"\"}"
        if "raw" in step:
            return step.get("status", 200), headers, step["raw"].encode("utf-8", "surrogateescape")
        return 200, headers, json.dumps(step.get("ok", step.get("truncate", {}))).encode()


def main():
    parser = argparse.ArgumentParser(description="a Step Functions endpoint that answers by a script")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secret", default="local")
    parser.add_argument("script", type=json.loads)
    options = parser.parse_args()

    def show(request):
        print(json.dumps({"operation": request["operation"], "signed": request["signed"],
                          "headers": request["headers"], "body": request["body"].decode("utf-8", "replace")}),
              flush=True)

    with ScriptedServer(*options.script, port=options.port, secret=options.secret, on_request=show) as server:
        print(server.url, flush=True)
        sys.stdin.read()  # until whoever started us closes it


if __name__ == "__main__":
    main()
