"""[listen]: TLS and clients' certificates, deadlines, caps, trusted proxies, what the configuration refuses."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import warnings

from certificates import Authority
from listening import HOST, read_all, serving, statuses
from program import Workspace
from tap import Skip, check, check_equal, run, test

CLOSE = b"Connection: close\r\n\r\n"
GET = b"GET /hooks/x HTTP/1.1\r\n" + HOST
POST = b"POST /hooks/x HTTP/1.1\r\n" + HOST
ANY = "address = 127.0.0.1:0\n"


@contextlib.contextmanager
def tls(more=""):
    """(server, authority) of a `runbook serve` in TLS."""
    with Workspace() as work:
        authority = Authority(work.dir)
        own = authority.server()
        keys = f"cert_file = {own[0]}\nkey_file = {own[1]}\n"
        with serving(work, ANY + keys + more.format(ca=authority.file), authority.trusting()) as server:
            yield server, authority


def is_turned_away(server, context):
    """Does the handshake, or what follows it, fail?"""
    server.context = context
    try:
        answer = server.ask(GET + CLOSE)
    except (ssl.SSLError, ConnectionError):
        return True
    return answer == b""


@test
def only_modern_tls_is_spoken():
    with tls() as (server, authority):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            server.context = authority.trusting()
            server.context.minimum_version = server.context.maximum_version = version
            check_equal(statuses(server.ask(GET + CLOSE)), [404], f"the answer in {version.name}")
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            old = authority.trusting()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                old.minimum_version = old.maximum_version = version
            old.set_ciphers("ALL:@SECLEVEL=0")
            check(is_turned_away(server, old), f"{version.name} is refused")
        for ciphers in ("AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256"):
            weak = authority.trusting()
            weak.maximum_version = ssl.TLSVersion.TLSv1_2
            weak.set_ciphers(f"{ciphers}:@SECLEVEL=0")
            check(is_turned_away(server, weak), f"{ciphers} is refused")
        server.context = authority.trusting()
        check_equal(statuses(server.ask(GET + CLOSE)), [404], "the answer to a good client behind these")


@test
def of_the_protocols_a_client_offers_http_1_1_is_chosen():
    with tls() as (server, authority):
        context = authority.trusting()
        context.set_alpn_protocols(["h2", "http/1.1"])
        server.context = context
        with server.connect() as peer:
            check_equal(peer.selected_alpn_protocol(), "http/1.1", "the protocol")
        other = authority.trusting()
        other.set_alpn_protocols(["ftp"])
        check(is_turned_away(server, other), "a client of another protocol is turned away")


@test
def http_on_the_port_of_https_is_told_so():
    with tls() as (server, _):
        server.context = None
        got = server.ask(GET + CLOSE)
        check_equal(statuses(got), [400], "the answer")
        check(b"HTTP where HTTPS is spoken" in got, f"it says why: {got}")


@test
def a_client_shows_a_certificate_of_the_authority_or_is_turned_away():
    with tls("client_ca_file = {ca}\n") as (server, authority), Workspace() as elsewhere:
        good = authority.sign("client", "/CN=orders", "DNS:orders.example")
        expired = authority.sign("expired", "/CN=orders", "DNS:orders.example", days=-1)
        stranger = Authority(elsewhere.dir, "stranger").sign("client", "/CN=orders", "DNS:orders.example")
        server.context = authority.trusting(good)
        check_equal(statuses(server.ask(GET + CLOSE)), [404], "the answer to a good one")
        check(is_turned_away(server, authority.trusting()), "none at all")
        check(is_turned_away(server, authority.trusting(expired)), "an expired one")
        check(is_turned_away(server, authority.trusting(stranger)), "one of another authority")


@test
def where_certificates_are_optional_a_bad_one_is_still_refused():
    with tls("client_ca_file = {ca}\nclient_cert = optional\n") as (server, authority), \
         Workspace() as elsewhere:
        stranger = Authority(elsewhere.dir, "stranger").sign("client", "/CN=orders", "DNS:orders.example")
        check_equal(statuses(server.ask(GET + CLOSE)), [404], "the answer without one")
        check(is_turned_away(server, authority.trusting(stranger)), "one of another authority")


def drip(peer, data):
    """Send data byte by byte, 20 a second, until the server answers; gives the answer and the time."""
    begun = time.monotonic()
    peer.settimeout(0.05)
    got = b""
    for byte in data:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            peer.sendall(bytes([byte]))
        with contextlib.suppress(TimeoutError, ssl.SSLWantReadError):
            got = peer.recv(65536)
            break
    return got, time.monotonic() - begun


@test
def slow_headers_and_slow_bodies_end_at_an_absolute_deadline():
    limits = "header_timeout = 500ms\nbody_timeout = 500ms\ntls_timeout = 500ms\n"
    with Workspace() as work, serving(work, ANY + limits) as plain, tls(limits) as (secure, _):
        for server in (plain, secure):
            with server.connect() as peer:
                got, seconds = drip(peer, GET + b"X-A: " + b"a" * 1000)
            check_equal(statuses(got), [408], "slow headers")
            check(0.4 < seconds < 10, f"they were cut after {seconds} s")
            with server.connect() as peer:
                peer.sendall(POST + b"Content-Length: 1000\r\n\r\n")
                got, seconds = drip(peer, b"a" * 1000)
            check_equal(statuses(got), [408], "a slow body")
            check(0.4 < seconds < 10, f"it was cut after {seconds} s")
            with server.connect() as peer:
                check_equal(read_all(peer), b"", "what one who says nothing is told")
        with socket.create_connection(("127.0.0.1", secure.ports[0]), timeout=20) as peer:
            check_equal(read_all(peer), b"", "what one who never shakes hands is told")


@test
def a_kept_connection_is_closed_when_it_is_idle_for_too_long():
    with Workspace() as work, serving(work, ANY + "idle_timeout = 300ms\n") as server:
        with server.connect() as peer:
            peer.sendall(GET + b"\r\n")
            check_equal(statuses(read_all(peer)), [404], "one answer, then the end")


def hold(server, n, source=None):
    """n connections with an answered request, so that the server has taken them for sure."""
    peers = []
    for _ in range(n):
        peers.append(server.connect(source=source))
        peers[-1].sendall(POST + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n")
        check(peers[-1].recv(65536).startswith(b"HTTP/1.1 100 "), "it is being served")
    return peers


@test
def one_address_has_only_its_share_of_the_connections():
    limits = "max_connections = 5\nmax_connections_per_address = 3\n"
    with Workspace() as work, serving(work, ANY + limits) as plain, tls(limits) as (secure, _):
        for server in (plain, secure):
            with contextlib.ExitStack() as held:
                for peer in hold(server, 3):
                    held.enter_context(peer)
                got = server.ask(GET + CLOSE)
                check_equal(statuses(got), [503], "a fourth connection")
                check(b"from this address" in got and b"Retry-After: " in got, f"it says why: {got}")
                others = hold(server, 2, "127.0.0.2")
                got = server.ask(GET + CLOSE, source="127.0.0.3")
                check_equal(statuses(got), [503], "a sixth in all")
                others[0].close()
                wait_for(lambda: statuses(server.ask(GET + CLOSE, source="127.0.0.3")) == [404],
                         "there is room again")
                others[1].close()


def wait_for(condition, what, seconds=10):
    limit = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < limit, what)


@test
def those_who_are_refused_do_not_shut_out_the_others():
    """Three hundred connections of one address linger at a time, which is more than the cap."""
    with Workspace() as work, serving(work, ANY + "max_connections = 10\n"
                                      "max_connections_per_address = 2\n") as server:
        with contextlib.ExitStack() as held:
            for peer in hold(server, 2):
                held.enter_context(peer)
            for _ in range(300):
                peer = held.enter_context(server.connect())
                peer.sendall(b"x")
            check_equal(statuses(server.ask(GET + CLOSE, source="127.0.0.2")), [404], "another address")


@test
def bodies_that_are_received_at_the_same_time_have_a_ceiling():
    part = POST + b"Content-Length: 90000\r\n\r\n" + b"a" * 80000
    with Workspace() as work, serving(work, ANY + "max_bodies = 200K\n") as server:
        with contextlib.ExitStack() as held:
            for _ in range(2):
                held.enter_context(server.connect()).sendall(part)
            wait_for(lambda: statuses(server.ask(part + b"a" * 10000)) == [503], "one too many")
        wait_for(lambda: statuses(server.ask(POST + b"Content-Length: 90000\r\n" + CLOSE + b"a" * 90000))
                 == [404], "room again")


def peers_of(work):
    return [r["actor"]["peer"] for segment in work.records() for r in segment
            if r["kind"] == "trigger.reject"]


def told_peers(listen, requests):
    """Whom the host takes requests, each a pair of header lines and source, to be from; without ports."""
    with Workspace() as work:
        with serving(work, ANY + listen) as server:
            for headers, source in requests:
                server.ask(POST + headers.encode() + CLOSE, source=source)
        return [p.rpartition(":")[0] if p.count(":") == 1 else p for p in peers_of(work)]


@test
def only_a_trusted_proxy_says_who_the_client_is():
    rows = [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db9::1]:4711", "2001:db9::1"),
        ("203.0.113.9, [2001:db8::1]", "203.0.113.9"),
        ("unknown, 10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3"),
        ("unix", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("203.0.113.9\r\nX-Forwarded-For: 198.51.100.1", "198.51.100.1"),
        ("203.0.113.9\r\nX-Forwarded-For: 10.1.1.1", "203.0.113.9"),
    ]
    requests = [(f"X-Forwarded-For: {value}\r\n", None) for value, _ in rows]
    told = told_peers("trusted_proxy = 127.0.0.1 10.0.0.0/8 2001:db8::/32\n",
                      requests + [(requests[0][0], "127.0.0.2")])
    check_equal(told[:-1], [want for _, want in rows], "peers")
    check_equal(told[-1], "127.0.0.2", "the peer where another than the proxy says so")
    check_equal(told_peers("", requests[:1]), ["127.0.0.1"], "the peer where no proxy is trusted")


@test
def behind_a_proxy_each_client_has_its_share_of_the_requests():
    with Workspace() as work, serving(work, ANY + "trusted_proxy = 127.0.0.1\n"
                                      "max_connections_per_address = 1\n") as server:
        with contextlib.ExitStack() as held:
            for peer in hold(server, 5):
                held.enter_context(peer)  # connections of the proxy, which has no share
            for client in ("203.0.113.9", "203.0.113.9", "203.0.113.10"):
                got = server.ask(POST + f"X-Forwarded-For: {client}\r\n".encode() + CLOSE)
                check_equal(statuses(got), [404], "one request after another")


@test
def it_listens_at_several_places_a_unix_socket_among_them():
    with Workspace() as work:
        path = work.path("hooks.sock")
        with serving(work, f"address = 127.0.0.1:0 unix:{path} [::1]:0\n") as server:
            check_equal(len(server.ports), 2, "ports told")
            check_equal(statuses(server.ask(GET + CLOSE)), [404], "the answer at the first")
            with socket.create_connection(("::1", server.ports[1]), timeout=20) as peer:
                peer.sendall(GET + CLOSE)
                check_equal(statuses(read_all(peer)), [404], "the answer over IPv6")
            check_equal(os.stat(path).st_mode & 0o777, 0o660, "the mode of the socket")
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(20)
                peer.connect(path)
                peer.sendall(POST + CLOSE)
                check_equal(statuses(read_all(peer)), [404], "the answer at the socket")
        check("unix" in peers_of(work), "the peer at the socket")
        with serving(work, f"address = unix:{path}\n"):
            pass  # the file that is left is no obstacle


@test
def what_listen_cannot_mean_is_refused_by_line():
    with Workspace() as work:
        authority = Authority(work.dir)
        cert, key = authority.server()
        _, other = authority.server("other")
        work.write("empty.pem", "")
        authority.lock("server", "locked.pem")
        pipe = work.path("pipe")
        os.mkfifo(pipe)
        pair = f"cert_file = {cert}\nkey_file = {key}\n"
        any_place = "address = 127.0.0.1:0\n"
        rows = [
            ("", "[listen] needs address"),
            ("address = 127.0.0.1\n", "address = 127.0.0.1: expected"),
            ("address = localhost:80\n", "address = localhost:80: expected"),
            ("address = ::1:80\n", "address = ::1:80: expected"),
            ("address = 127.0.0.1:65536\n", "expected at most 16 places"),
            ("address = 127.0.0.1:\n", "expected at most 16 places"),
            ("address = unix:hooks.sock\n", "expected at most 16 places"),
            ("address = 0.0.0.0:0\n", "expected a loopback address, or cert_file and key_file"),
            ("address = 127.0.0.1:0 [::]:0\n", "expected a loopback address, or cert_file and key_file"),
            (any_place + "plain = yes\n", "plain = yes: expected true or false"),
            (any_place + pair + "plain = true\n", "plain = true: expected false, or no cert_file"),
            (any_place + f"cert_file = {cert}\n", "cert_file needs key_file beside it"),
            (any_place + f"key_file = {key}\n", "key_file needs cert_file beside it"),
            (any_place + f"client_ca_file = {cert}\n", "client_ca_file needs cert_file beside it"),
            (any_place + pair + "client_cert = optional\n", "client_cert needs client_ca_file beside it"),
            (any_place + pair + f"client_ca_file = {cert}\nclient_cert = maybe\n",
             "client_cert = maybe: expected required or optional"),
            (any_place + "trusted_proxy = 10.0.0.1/8\n", "trusted_proxy = 10.0.0.1/8: expected"),
            (any_place + "max_connections = 0\n", "max_connections = 0: expected"),
            (any_place + "max_connections = 100001\n", "expected a number from 1 to 100000"),
            (any_place + "header_timeout = 0\n", "header_timeout = 0: expected a duration"),
            (any_place + "tls = true\n", "[listen] has no key 'tls'"),
            (any_place + f"cert_file = /nowhere.pem\nkey_file = {key}\n",
             "cert_file = /nowhere.pem: No such file"),
            (any_place + f"cert_file = {cert}\nkey_file = /nowhere.pem\n",
             "key_file = /nowhere.pem: No such file"),
            (any_place + f"cert_file = {work.path('empty.pem')}\nkey_file = {key}\n",
             "empty.pem: expected certificates in PEM"),
            (any_place + f"cert_file = {cert}\nkey_file = {work.path('empty.pem')}\n",
             "empty.pem: expected a private key in PEM"),
            (any_place + f"cert_file = {cert}\nkey_file = {work.path('locked.pem')}\n",
             "locked.pem: expected a key without a passphrase"),
            (any_place + f"cert_file = {cert}\nkey_file = {other}\n",
             "other.key: this is not the key of the certificate in cert_file = "),
            (any_place + pair + f"client_ca_file = {work.path('empty.pem')}\n",
             "empty.pem: expected certificates of authorities in PEM"),
            (any_place + f"cert_file = {pipe}\nkey_file = {key}\n", "cert_file = " + pipe + ": not a regular file"),
            (any_place + f"cert_file = {cert}\nkey_file = {pipe}\n", "key_file = " + pipe + ": not a regular file"),
            (any_place + pair + f"client_ca_file = {pipe}\n", "client_ca_file = " + pipe + ": not a regular file"),
            (f"address = unix:{work.dir}/no/such/folder.sock\n", "cannot listen on unix:"),
        ]
        for listen, want in rows:
            try:
                with serving(work, listen):
                    said = "it started"
            except Exception as error:  # what serve said
                said = str(error)
            check(want in said, f"{listen!r}: want {want!r}, got {said}")


def program(name, *args):
    """What a program says that Debian has."""
    if not shutil.which(name):
        raise Skip(f"{name} is not installed (Debian package {name})")
    ended = subprocess.run([name, *args], capture_output=True, text=True, timeout=60, check=False,
                           stdin=subprocess.DEVNULL)
    return ended.stdout + ended.stderr


@test
def curl_is_served_in_tls_with_its_certificate():
    with tls("client_ca_file = {ca}\n") as (server, authority):
        cert, key = authority.sign("client", "/CN=orders", "DNS:orders.example")
        ask = ["-sS", "--noproxy", "*", "--cacert", authority.file, "-d", "{}",
               "-w", " %{http_code} %{http_version}",
               f"https://localhost:{server.ports[0]}/hooks/x"]
        got = program("curl", "--cert", cert, "--key", key, *ask)
        check(got.endswith(" 404 1.1"), f"with its certificate: {got}")
        got = program("curl", *ask)
        check("alert certificate required" in got and " 000 " in got, f"without one: {got}")


@test
def openssl_cannot_renegotiate():
    with tls() as (server, authority):
        with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.ports[0]}", "-tls1_2",
                               "-CAfile", authority.file], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
            said = b""
            while b"Verify return code" not in said:
                line = client.stdout.readline()
                check(line, f"the handshake: {said}")
                said += line
            said, _ = client.communicate(b"R\n", timeout=20)
            check(b"no renegotiation" in said, f"what it says: {said}")


@test
def wrk_finds_no_broken_connection():
    limits = "max_connections_per_address = 20\n"
    with Workspace() as work, serving(work, ANY + limits) as plain, tls(limits) as (secure, _):
        for scheme, server in (("http", plain), ("https", secure)):
            got = program("wrk", "-t1", "-c16", "-d1s", f"{scheme}://127.0.0.1:{server.ports[0]}/hooks/x")
            done = re.search(r"(\d+) requests in", got)
            refused = re.search(r"Non-2xx or 3xx responses: (\d+)", got)
            check(done and int(done[1]) > 0 and refused and refused[1] == done[1], f"{scheme}: {got}")
            check("Socket errors" not in got, f"{scheme}: {got}")


@test
def it_says_when_the_certificate_ends():
    for days, want in ((90, " info  the certificate ends at "), (7, " warn  the certificate ends at "),
                       (-1, " warn  the certificate has ended at ")):
        with Workspace() as work:
            cert, key = Authority(work.dir).sign("server", "/CN=localhost", "DNS:localhost", days)
            with serving(work, ANY + f"cert_file = {cert}\nkey_file = {key}\n") as server:
                check(want in server.said, f"of {days} days: {server.said}")


@test
def without_tls_it_warns_where_others_reach_it():
    with Workspace() as work, serving(work, "address = 0.0.0.0:0\nplain = true\n") as server:
        check("not encrypted (plain = true)" in server.said, f"it says so: {server.said}")
        check_equal(statuses(server.ask(GET + CLOSE)), [404], "the answer")


run()
