"""What two readers of HTTP could read differently is refused, over raw sockets, plain and in TLS.

Every row is followed by a whole request: were the row taken for something shorter than it is, that
request would be answered, too.
"""

import contextlib

from certificates import Authority
from listening import HOST, read_all, serving, statuses
from program import Workspace
from tap import check, check_equal, note, run, test

POST = b"POST /hooks/x HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"

REFUSED = {
    # two readers, two lengths
    "two Content-Lengths": (400, POST + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello"),
    "the same Content-Length twice": (400, POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "a list of Content-Lengths": (400, POST + b"Content-Length: 5, 5\r\n\r\nhello"),
    "Content-Length before Transfer-Encoding":
        (400, POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "Content-Length behind Transfer-Encoding": (400, CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n"),
    "Content-Length +5": (400, POST + b"Content-Length: +5\r\n\r\nhello"),
    "Content-Length -1": (400, POST + b"Content-Length: -1\r\n\r\n"),
    "Content-Length 0x5": (400, POST + b"Content-Length: 0x5\r\n\r\nhello"),
    "Content-Length 5.0": (400, POST + b"Content-Length: 5.0\r\n\r\nhello"),
    "Content-Length '5 5'": (400, POST + b"Content-Length: 5 5\r\n\r\nhello"),
    "empty Content-Length": (400, POST + b"Content-Length:\r\n\r\n"),
    "Content-Length of 2^64 + 5": (400, POST + b"Content-Length: 18446744073709551621\r\n\r\nhello"),
    "Transfer-Encoding twice": (501, CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding: gzip, chunked": (501, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding: chunked, identity":
        (501, POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding: identity": (501, POST + b"Transfer-Encoding: identity\r\n\r\n"),
    "Transfer-Encoding: xchunked": (501, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding: chunked;x": (501, POST + b"Transfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n"),
    "empty Transfer-Encoding": (501, POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding in HTTP/1.0":
        (400, b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "Transfer-Encoding with \\x0b": (400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    # header lines
    "folded header": (400, GET + b"X-A: a\r\n b\r\n\r\n"),
    "folded with tab": (400, GET + b"X-A: a\r\n\tb\r\n\r\n"),
    "folded Transfer-Encoding": (400, POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    "blank before the first header": (400, b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n"),
    "blank before the colon": (400, POST + b"Content-Length : 5\r\n\r\nhello"),
    "tab before the colon": (400, POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
    "NUL in a value": (400, GET + b"X-A: admin\0x\r\n\r\n"),
    "NUL in a name": (400, GET + b"X-\0A: b\r\n\r\n"),
    "NUL in the target": (400, b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "bell in a value": (400, GET + b"X-A: \x07\r\n\r\n"),
    "empty name": (400, GET + b": b\r\n\r\n"),
    "no colon": (400, GET + b"X-A\r\n\r\n"),
    "name with a slash": (400, GET + b"X/A: b\r\n\r\n"),
    "name beyond ASCII": (400, GET + b"X-\xe9: b\r\n\r\n"),
    "bare LF behind a header": (400, GET + b"X-A: b\nX-B: c\r\n\r\n"),
    "bare LF behind the request line": (400, b"GET / HTTP/1.1\n" + HOST + b"\r\n"),
    "bare LF at the end of the block": (400, GET + b"\n"),
    "bare CR in a value": (400, GET + b"X-A: b\rX-B: c\r\n\r\n"),
    "bare CR in the request line": (400, b"GET /\rHTTP/1.1\r\n" + HOST + b"\r\n"),
    "CR CR LF": (400, GET + b"X-A: b\r\r\n\r\n"),
    # request line
    "two blanks in the request line": (400, b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tab in the request line": (400, b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "blank at the end of the request line": (400, b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n"),
    "four parts": (400, b"GET / x HTTP/1.1\r\n" + HOST + b"\r\n"),
    "HTTP/0.9": (400, b"GET /\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "the preface of HTTP/2": (501, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/1.2": (505, b"GET / HTTP/1.2\r\n" + HOST + b"\r\n"),
    "HTTP/1.10": (505, b"GET / HTTP/1.10\r\n" + HOST + b"\r\n"),
    "HTTP/01.1": (505, b"GET / HTTP/01.1\r\n" + HOST + b"\r\n"),
    "HTTP/1.01": (505, b"GET / HTTP/1.01\r\n" + HOST + b"\r\n"),
    "HTTP/1.1x": (505, b"GET / HTTP/1.1x\r\n" + HOST + b"\r\n"),
    "HTTP/1": (505, b"GET / HTTP/1\r\n" + HOST + b"\r\n"),
    "HTTPS/1.1": (505, b"GET / HTTPS/1.1\r\n" + HOST + b"\r\n"),
    "http/1.1": (400, b"GET / http/1.1\r\n" + HOST + b"\r\n"),
    "an unknown method": (501, b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a method in lower case": (501, b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "CONNECT": (501, b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a target without a slash": (400, b"GET hooks HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a fragment": (400, b"GET /#x HTTP/1.1\r\n" + HOST + b"\r\n"),
    "* with GET": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    # host
    "no Host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, GET + b"Host: localhost\r\n\r\n"),
    "two Hosts in one": (400, b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    "empty Host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "Host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "Host with user": (400, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    # chunks
    "chunk size +5": (400, CHUNKED + b"\r\n+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size -1": (400, CHUNKED + b"\r\n-1\r\nhello\r\n0\r\n\r\n"),
    "chunk size 0x5": (400, CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n"),
    "empty chunk size": (400, CHUNKED + b"\r\n\r\nhello\r\n0\r\n\r\n"),
    "blank before the chunk size": (400, CHUNKED + b"\r\n 5\r\nhello\r\n0\r\n\r\n"),
    "blank behind the chunk size": (400, CHUNKED + b"\r\n5 \r\nhello\r\n0\r\n\r\n"),
    "chunk size of 2^64 + 5": (400, CHUNKED + b"\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "chunk size of 2^32 + 5": (400, CHUNKED + b"\r\n100000005\r\nhello\r\n0\r\n\r\n"),
    "chunk size with leading zeros": (400, CHUNKED + b"\r\n0000000005\r\nhello\r\n0\r\n\r\n"),
    "chunk extension": (400, CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\n\r\n"),
    "chunk extension on the last": (400, CHUNKED + b"\r\n0;a\r\n\r\n"),
    "chunk line with bare LF": (400, CHUNKED + b"\r\n5\nhello\r\n0\r\n\r\n"),
    "chunk data without its CRLF": (400, CHUNKED + b"\r\n5\r\nhello0\r\n\r\n"),
    "chunk data with bare LF": (400, CHUNKED + b"\r\n5\r\nhello\n0\r\n\r\n"),
    "longer chunk data than announced": (400, CHUNKED + b"\r\n3\r\nhello\r\n0\r\n\r\n"),
    "trailer": (400, CHUNKED + b"\r\n0\r\nX-A: b\r\n\r\n"),
    "trailer that would be a length": (400, CHUNKED + b"\r\n0\r\nContent-Length: 5\r\n\r\n"),
    # sizes
    "a request line over 8 KiB": (414, b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a header line over 8 KiB": (431, GET + b"X-A: " + b"a" * 8192 + b"\r\n\r\n"),
    "a header block over 64 KiB": (431, GET + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 7000)
                                                       for i in range(10)) + b"\r\n"),
    "a hundred and one headers": (431, GET + b"".join(b"X-%d: a\r\n" % i for i in range(100)) + b"\r\n"),
    "Content-Length over the cap": (413, POST + b"Content-Length: 5001\r\n\r\n"),
    "Content-Length of 5 GB": (413, POST + b"Content-Length: 5000000000\r\n\r\n"),
    "chunks over the cap": (413, CHUNKED + b"\r\n1388\r\n" + b"a" * 5000 + b"\r\n1\r\na\r\n0\r\n\r\n"),
    "a chunk over the cap": (413, CHUNKED + b"\r\n7fffffff\r\n"),
    # the rest
    "an expectation but 100-continue": (417, POST + b"Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello"),
    "two expectations":
        (417, POST + b"Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"),
    "nothing but CRLF": (400, b"\r\n\r\n"),
    "CRLF before a request": (400, b"\r\n" + GET + b"\r\n"),
    "TLS inside": (400, b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
}

# Unusual, and right: one reading only. Answered 404, as there is no such hook, or no signature.
SERVED = {
    "a body in chunks": CHUNKED + b"\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "as much as the cap": POST + b"Content-Length: 5000\r\n\r\n" + b"a" * 5000,
    "chunks as much as the cap": CHUNKED + b"\r\n1388\r\n" + b"a" * 5000 + b"\r\n0\r\n\r\n",
    "Chunked in capitals": POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n",
    "blanks around a value": GET + b"X-A: \t b \t\r\n\r\n",
    "no blank in front of a value": GET + b"X-A:b\r\n\r\n",
    "an empty value": GET + b"X-A:\r\n\r\n",
    "a value beyond ASCII": GET + "X-A: ä\r\n\r\n".encode(),
    "absolute form": b"GET http://localhost/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a hundred headers": GET + b"".join(b"X-%d: a\r\n" % i for i in range(99)) + b"\r\n",
    "a wish for HTTP/2, with a body":
        POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello",
    "a length with a leading zero": POST + b"Content-Length: 05\r\n\r\nhello",
}


@contextlib.contextmanager
def both(listen):
    """(name, server) for a plain server and one that speaks TLS."""
    with Workspace() as work:
        authority = Authority(work.dir)
        cert, key = authority.server()
        with serving(work, f"address = 127.0.0.1:0\n{listen}") as plain, Workspace() as other, \
             serving(other, f"address = 127.0.0.1:0\ncert_file = {cert}\nkey_file = {key}\n{listen}",
                     authority.trusting()) as tls:
            yield ("plain", plain), ("TLS", tls)


def closed_with(server, request, status, piece, what):
    """Is it answered once, with that status, and is the connection closed?"""
    try:
        got = server.ask(request + NEXT, piece)
    except TimeoutError:
        got = b"nothing, or an open connection"
    if statuses(got) == [status] and b"\r\nConnection: close\r\n" in got:
        return True
    note(f"{what}: want one {status} and a closed connection, got {got[:300]!r}")
    return False


@test
def what_can_be_read_in_two_ways_is_refused_once_and_the_connection_closed():
    with both("max_body = 5000") as servers:
        bad = [f"{transport}: {name}" for transport, server in servers
               for name, (status, request) in REFUSED.items()
               if not closed_with(server, request, status, 0, f"{transport}: {name}")]
        check_equal(bad, [], "rows with another answer")


@test
def however_the_bytes_arrive_it_is_refused():
    with both("max_body = 5000") as servers:
        bad = [f"{transport}: {name}, by {piece}" for transport, server in servers for piece in (1, 7)
               for name, (status, request) in REFUSED.items() if len(request) < 200
               if not closed_with(server, request, status, piece, f"{transport}: {name}, by {piece}")]
        check_equal(bad, [], "rows with another answer")


@test
def what_is_only_unusual_is_served():
    end = b"GET /end HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    with both("max_body = 5000") as servers:
        for transport, server in servers:
            for name, request in SERVED.items():
                check_equal(statuses(server.ask(request + end)), [404, 404], f"{transport}: {name}")


@test
def requests_sent_ahead_are_answered_up_to_the_limit():
    close = b"GET /end HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    with both("max_requests_ahead = 4") as servers:
        for transport, server in servers:
            check_equal(statuses(server.ask((GET + b"\r\n") * 4 + close)), [404] * 5, f"{transport}: five")
            got = server.ask((GET + b"\r\n") * 2000)
            check_equal(statuses(got), [404] * 5 + [429], f"{transport}: a flood")


@test
def requests_after_their_answers_are_not_ahead():
    with both("max_requests_ahead = 1") as servers:
        for transport, server in servers:
            with server.connect() as peer:
                for _ in range(20):
                    peer.sendall(GET + b"\r\n")
                    got = b""
                    while not got.endswith(b"\n"):
                        got += peer.recv(65536)
                    check_equal(statuses(got), [404], transport)
                    check(b"Connection: close" not in got, f"{transport}: the connection is kept")
                peer.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
                check_equal(statuses(read_all(peer)), [404], transport)


run()
