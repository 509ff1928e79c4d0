"""An HTTP server for tests: hands every POST to a function and answers what that returns. Standard library only."""

import http.server
import json
import threading


class Receiver:
    """Serves on loopback while the `with` block runs; `received` has (path, headers, body) of each request.

    `answer(path, headers, body)` returns (status, headers, body).
    """

    def __init__(self, answer):
        self.received = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._changed:
                    receiver.received.append((self.path, dict(self.headers), json.loads(body)))
                    receiver._changed.notify_all()
                status, headers, text = answer(self.path, self.headers, json.loads(body))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def wait_for(self, n, seconds=20):
        """Wait until n requests have come; what has come by then."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.received) >= n, seconds)
            return list(self.received)
