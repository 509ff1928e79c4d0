"""`runbook serve` with a [listen] section, and clients that send it exact bytes."""

import contextlib
import re
import socket

HOST = b"Host: localhost\r\n"


class Served:
    """A running `runbook serve`: `ports` in the order of its addresses, `said` on standard error so far."""

    def __init__(self, process, said, context):
        self.process, self.said, self.context = process, said, context
        self.ports = [int(port) for port in re.findall(r"received at .*, port (\d+)", said)]

    def connect(self, source=None, port=None):
        """A connection from that address, wrapped in TLS if the server speaks it."""
        raw = socket.create_connection(("127.0.0.1", port or self.ports[0]), timeout=20,
                                       source_address=source and (source, 0))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context.wrap_socket(raw, server_hostname="localhost") if self.context else raw

    def ask(self, request, piece=0, **where):
        """Send request, in pieces of that size, and give all that comes back until the server closes."""
        with self.connect(**where) as peer:
            try:
                for at in range(0, len(request), piece or len(request)):
                    peer.sendall(request[at:at + (piece or len(request))])
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has closed already; what it said is there to be read
            return read_all(peer)


def read_all(peer):
    got = b""
    while True:
        more = peer.recv(65536)
        if not more:
            return got
        got += more


def statuses(answers):
    """The status of each answer in answers."""
    return [int(s) for s in re.findall(rb"^HTTP/1\.1 (\d{3}) ", answers, re.M)]


@contextlib.contextmanager
def serving(work, listen, context=None):
    """`runbook serve` with those keys of [listen] and one hook, /hooks/x, until the block ends."""
    work.write("secret", "a secret of the hook\n")
    work.write("hook.lua", "return input")
    work.configure(more=f"""\
[listen]
{listen}

[hook x]
path = /hooks/x
header = X-Signature
secret_file = {work.path("secret")}
runbook = {work.path("hook.lua")}
""")
    with work.serve() as (process, said):
        yield Served(process, said, context)
