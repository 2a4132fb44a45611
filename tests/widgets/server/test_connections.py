"""Bounds on connections: who must go, who is refused, what the connections in reserve may ask."""

import asyncio
import errno
import gc
import socket
import struct
import weakref
from contextlib import asynccontextmanager, suppress

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler, websocket_connect

from tests.support.threads import run_in_new_loop
from widgets.server.connections import (
    HTTP_OPTIONS,
    N_RESERVED,
    RESERVED_PATHS,
    ConnectionLimits,
    LimitedServer,
    ListeningSocket,
    count_descriptors,
    install_limited_server,
    limit_to_descriptors,
)
from widgets.server.options import ServerOptions

MOST = 6
UNFINISHED = b"GET / HTTP/1.1\r\nHost: a\r\n"


class Page(RequestHandler):
    def get(self):
        self.write("a page")

    def post(self):
        self.write("sent")


class Slow(RequestHandler):
    """Answers when the test says so."""

    async def get(self):
        self.settings["begun"].append(self.request.path)
        await self.settings["go"].wait()
        self.write("late")


class Echo(WebSocketHandler):
    async def prepare(self):
        # The stream is taken over later, as in the app.
        await asyncio.sleep(0.05)

    def open(self):
        self.settings["living"].add(self)

    def on_message(self, message):
        self.write_message(message)


class Talk(Echo):
    """Writes until the client has gone."""

    async def on_message(self, message):
        with suppress(WebSocketClosedError):
            while True:
                await self.write_message(message)


@asynccontextmanager
async def serve(most=MOST, per_address=None, **options):
    limits = ConnectionLimits(most, per_address)
    app = Application(
        [(r"/", Page), (r"/health", Page), (r"/slow", Slow), (r"/ws", Echo), (r"/talk", Talk)],
        begun=[],
        living=weakref.WeakSet(),
        go=asyncio.Event(),
    )
    server = LimitedServer(app, limits=limits, **(HTTP_OPTIONS | options))
    sockets = bind_sockets(0, "127.0.0.1")
    port = sockets[0].getsockname()[1]
    server.add_sockets(sockets)
    try:
        yield limits, port, app.settings
    finally:
        app.settings["go"].set()
        server.stop()
        await server.close_all_connections()
        await close_clients()


async def close_clients():
    while writers:
        writer = writers.pop()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


writers = []


async def connect(port, content=UNFINISHED):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writers.append(writer)
    writer.write(content)
    await writer.drain()
    return reader, writer


async def ask(port, path="/", timeout_s=20):
    reader, _ = await connect(port, f"GET {path} HTTP/1.0\r\n\r\n".encode())
    return await asyncio.wait_for(reader.read(), timeout_s)


async def is_closed(reader, timeout_s=20):
    with suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), timeout_s) == b""
    return True


async def wait_until(is_true):
    async with asyncio.timeout(20):
        while not is_true():
            await asyncio.sleep(0.01)


def test_a_new_connection_takes_the_place_of_the_oldest_unfinished_one():
    async def run():
        async with serve() as (limits, port, _):
            half_open = []
            for number in range(1, MOST + 1):
                half_open.append(await connect(port))
                await wait_until(lambda number=number: limits.n_open == number)
            for number in range(3):
                assert b"a page" in await ask(port)
                assert await is_closed(half_open[number][0])
                half_open.append(await connect(port))
                await wait_until(lambda: limits.n_open == MOST)
            assert (limits.n_refused, limits.n_open) == (0, MOST)
            # The last ones are still there, and may finish their request.
            reader, writer = half_open[-1]
            writer.write(b"\r\n")
            assert b"200 OK" in await asyncio.wait_for(reader.readline(), 20)

    run_in_new_loop(run())


def test_connections_with_a_request_or_a_websocket_never_go():
    async def run():
        async with serve() as (limits, port, settings):
            socket_ = await websocket_connect(f"ws://127.0.0.1:{port}/ws")
            slow = [await connect(port, b"GET /slow HTTP/1.0\r\n\r\n") for _ in range(MOST - 1)]
            await wait_until(lambda: len(settings["begun"]) == MOST - 1)
            # Now only the connections in reserve are left.
            for path in sorted(RESERVED_PATHS):
                answer = await ask(port, path)
                assert answer
                assert b"503" not in answer
            assert b"503 Service Unavailable" in await ask(port)
            assert b"too many open connections" in await ask(port, "/slow")
            assert len(settings["begun"]) == MOST - 1
            # Connections in reserve that send nothing make room for each other.
            for _ in range(2 * N_RESERVED):
                await connect(port)
            assert b"a page" in await ask(port, "/health")
            assert limits.n_open <= MOST + N_RESERVED
            settings["go"].set()
            for reader, _ in slow:
                assert b"late" in await asyncio.wait_for(reader.read(), 20)
            await socket_.write_message("still here")
            assert await socket_.read_message() == "still here"
            assert b"a page" in await ask(port)
            socket_.close()

    run_in_new_loop(run())


def test_a_websocket_whose_client_has_gone_is_freed_before_the_next_connection():
    async def run():
        async with serve() as (_, port, settings):
            client = await websocket_connect(f"ws://127.0.0.1:{port}/talk")
            await client.write_message("word " * 1000)
            await client.read_message()
            assert len(settings["living"]) == 1
            # The operating system resets the connection while the server writes.
            raw = client.protocol.stream.socket
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.protocol.stream.close()

            def is_freed():
                gc.collect()
                return not settings["living"]

            await wait_until(is_freed)
            client.close()

    run_in_new_loop(run())


def test_a_full_reserve_refuses_and_counts():
    async def run():
        async with serve() as (limits, port, settings):
            begun = settings["begun"]
            for number in range(1, MOST + 1):
                await connect(port, b"GET /slow HTTP/1.0\r\n\r\n")
                await wait_until(lambda number=number: len(begun) == number)
            for connection in limits._connections.values():
                assert not connection.is_waiting
            streams = [object_with_stream() for _ in range(N_RESERVED)]
            for stream in streams:
                assert limits.admit(stream, ("127.0.0.1", 1))
                limits.find(stream).set_waiting(False)
            reader, _ = await connect(port, b"GET /health HTTP/1.0\r\n\r\n")
            assert await is_closed(reader)
            assert limits.n_refused == 1

    run_in_new_loop(run())


def object_with_stream():
    """A stream that stays open."""

    class Stream:
        is_closed = False

        def closed(self):
            return self.is_closed

        def writing(self):
            return False

        def close(self):
            self.is_closed = True

    return Stream()


def test_a_request_whose_body_never_comes_has_to_go():
    async def run():
        async with serve() as (limits, port, _):
            body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc"
            half = [await connect(port, body) for _ in range(MOST)]
            await wait_until(lambda: limits.n_open == MOST)
            assert b"a page" in await ask(port)
            assert await is_closed(half[0][0])

    run_in_new_loop(run())


def test_one_address_gets_only_its_share():
    limits = ConnectionLimits(10, 3)
    ours = [object_with_stream() for _ in range(4)]
    for stream in ours[:3]:
        assert limits.admit(stream, ("192.0.2.1", 5))
    # The oldest unfinished one of the same address goes, although there is room.
    assert limits.admit(ours[3], ("192.0.2.1", 6))
    assert [each.closed() for each in ours] == [True, False, False, False]
    for stream in ours[1:]:
        limits.find(stream).set_waiting(False)
    more = [object_with_stream() for _ in range(N_RESERVED + 1)]
    for stream in more[:N_RESERVED]:
        assert limits.admit(stream, ("192.0.2.1", 7))
        assert not limits.may_ask(limits.find(stream), "/")
        limits.find(stream).set_waiting(False)
    assert not limits.admit(more[-1], ("192.0.2.1", 7))
    assert limits.admit(object_with_stream(), ("192.0.2.2", 7))
    # A client has many addresses in its IPv6 network.
    many = [(f"2001:db8::{number:x}", 1, 0, 0) for number in range(1, 9)]
    streams = [object_with_stream() for _ in many]
    for stream, address in zip(streams, many, strict=True):
        assert limits.admit(stream, address)
    assert sum(each.group == "2001:db8::/64" for each in limits._connections.values()) == 3
    assert limits.n_refused == 1


def test_a_client_that_does_not_read_its_answer_may_have_to_go(monkeypatch):
    monkeypatch.setattr("widgets.server.connections.STALLED_S", -1.0)
    limits = ConnectionLimits(1)
    stalled = object_with_stream()
    stalled.writing = lambda: True
    assert limits.admit(stalled, ("192.0.2.1", 5))
    limits.find(stalled).set_waiting(False)
    new = object_with_stream()
    assert limits.admit(new, ("192.0.2.2", 5))
    assert stalled.closed()
    assert not limits.find(new).is_reserved


def test_unfinished_headers_and_bodies_and_idle_connections_end_by_themselves():
    async def run():
        fast = {"idle_connection_timeout": 0.2, "body_timeout": 0.2}
        async with serve(50, **fast) as (limits, port, _):
            body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc"
            idle = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            nothing, headers, unsent, kept = [
                await connect(port, content) for content in (b"", UNFINISHED, body, idle)
            ]
            for reader, _ in (nothing, headers, unsent):
                assert await is_closed(reader)
            answer = await asyncio.wait_for(kept[0].read(), 20)
            assert b"a page" in answer
            assert limits.n_open == 0

    assert 0 < HTTP_OPTIONS["idle_connection_timeout"] <= 10
    assert 0 < HTTP_OPTIONS["body_timeout"] <= 10
    run_in_new_loop(run())


def test_large_headers_and_bodies_are_refused():
    async def run():
        async with serve() as (_, port, _):
            large = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
            many = UNFINISHED + b"X-A: " + b"b" * 200_000 + b"\r\n\r\n"
            for content in (large, many):
                reader, _ = await connect(port, content)
                answer = b""
                with suppress(ConnectionError):
                    answer = await asyncio.wait_for(reader.read(), 20)
                assert b"200 OK" not in answer
            assert b"a page" in await ask(port)

    run_in_new_loop(run())


def test_without_descriptors_an_unfinished_connection_goes_and_no_error_repeats(monkeypatch):
    n_failing = 0

    def accept(listening):
        nonlocal n_failing
        if n_failing:
            n_failing -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return real_accept(listening)

    real_accept = socket.socket.accept
    monkeypatch.setattr(socket.socket, "accept", accept)
    limits = ConnectionLimits(10)
    listening = ListeningSocket.take(socket.create_server(("127.0.0.1", 0)), limits)
    address = listening.getsockname()
    waiting = object_with_stream()
    limits.admit(waiting, ("127.0.0.1", 1))
    with socket.create_connection(address) as client:
        n_failing = 1
        accepted, _ = listening.accept()
        assert waiting.closed()
        accepted.sendall(b"x")
        assert client.recv(1) == b"x"
        accepted.close()
    # Nothing can go: the connection is closed at once, and none waits in the queue for ever.
    with socket.create_connection(address) as client:
        client.settimeout(20)
        n_failing = 1
        with pytest.raises(BlockingIOError):
            listening.accept()
        assert client.recv(1) == b""
    with pytest.raises(BlockingIOError):
        listening.accept()
    assert limits.n_refused == 1
    listening.close()
    monkeypatch.undo()
    assert not limits.free_descriptor()


def test_servers_without_limits_are_plain():
    async def run():
        install_limited_server()
        server = HTTPServer(Application([(r"/", Page)]))
        assert isinstance(server, LimitedServer)
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        assert b"a page" in await ask(sockets[0].getsockname()[1])
        server.stop()
        await server.close_all_connections()
        await close_clients()

    run_in_new_loop(run())


def test_there_are_fewer_connections_than_descriptors():
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    n_open = count_descriptors()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (n_open + 60, before[1]))
        assert n_open < limit_to_descriptors(10**6) + n_open < n_open + 50
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert limit_to_descriptors(3) == 3


def test_the_limits_follow_from_the_number_of_sessions_or_the_environment(monkeypatch):
    monkeypatch.setattr("widgets.server.connections.limit_to_descriptors", lambda most: most)
    limits = ServerOptions(most_sessions=100).limit_connections()
    # Behind a proxy, all sessions have one address.
    assert 100 < limits.most_per_address < limits.most
    monkeypatch.setenv("MOST_CONNECTIONS", "90")
    monkeypatch.setenv("MOST_PER_ADDRESS", "80")
    limits = ServerOptions.from_environment().limit_connections()
    assert (limits.most, limits.most_per_address) == (90, 80)
    for text in ("many", "0", "-5"):
        monkeypatch.setenv("MOST_PER_ADDRESS", text)
        with pytest.raises(ValueError, match=r"MOST_PER_ADDRESS is .* allowed: a whole number"):
            ServerOptions.from_environment()
