"""An HTTP or HTTPS server for tests of what the host sends: every request is kept, and answered by a function.
Standard library only."""

import http.server
import socketserver
import threading


class Request:
    """One that came: method, path, headers (names in lower case), body, the client's port."""

    def __init__(self, handler, body):
        self.method, self.path, self.body = handler.command, handler.path, body
        self.port = handler.client_address[1]
        self.headers = {name.lower(): value for name, value in handler.headers.items()}


class Peer:
    """Serves on loopback while the `with` block runs.

    `answer(request)` gives (status, headers, body); None: the connection is closed without a byte.
    """

    def __init__(self, answer=None, context=None, port=0):
        self.requests = []
        self._changed = threading.Condition()
        peer, answer = self, answer or (lambda _: (200, {}, b"ok"))

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                if context:
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def _serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self, body)
                with peer._changed:
                    peer.requests.append(request)
                    peer._changed.notify_all()
                said = answer(request)
                if said is None:
                    self.close_connection = True
                    return
                status, headers, text = said
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that left, or refused our certificate

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"{'https' if context else 'http'}://localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def wait_for(self, n, seconds=30):
        """Wait until n requests have come; what has come by then."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.requests) >= n, seconds)
            return list(self.requests)
