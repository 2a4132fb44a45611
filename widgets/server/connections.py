"""Bounds on connections: how many are open, how long they may be unfinished, who must go first.

A connection costs a descriptor of the process from its first moment, before any request arrives. So
a client that opens connections and sends nothing could stop the server for everybody. Here a new
connection takes the place of the one that has waited longest for its next request. Connections that
work on a request, and the WebSockets of open pages, never have to go.
"""

import errno
import ipaddress
import logging
import os
import socket
import time
import weakref
from collections.abc import Awaitable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

try:
    import resource
except ImportError:  # Windows has no limit of this kind.
    resource = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

HEADER_TIMEOUT_S = 10.0
"""For all headers of a request together, also those of the next request of a kept connection."""

HTTP_OPTIONS = {
    "idle_connection_timeout": HEADER_TIMEOUT_S,
    "body_timeout": HEADER_TIMEOUT_S,
    "max_header_size": 2**16,
    # No page sends a body: uploads arrive through the WebSocket.
    "max_body_size": 2**16,
}
"""Options of Tornado's server."""

STALLED_S = 10.0
"""A client that has not read the whole answer after so long may have to go."""
UNREAD_TIMEOUT_S = 60.0
"""The operating system ends a connection whose client confirms nothing for so long."""

N_RESERVED = 4
RESERVED_PATHS = frozenset({"/health", "/metrics"})
"""If all connections are in use, so many more may ask for these paths only."""

LEAST_CONNECTIONS = 8
FILE_SHARE, LEAST_FILES = 0.25, 16
"""The share, or the number, of the descriptors of the process that stays free for files."""

MAX_BURST = 16
"""So many connections are accepted before those accepted earlier are read."""

NO_DESCRIPTOR = frozenset({errno.EMFILE, errno.ENFILE})
TOO_MANY = b"The server has too many open connections. Please try again in a minute.\n"
RETRY_AFTER_S = 20


@dataclass(eq=False)
class Connection:
    """One open connection.

    Parameters
    ----------
    reference : weak reference to an IOStream
        The connection's stream. A strong one would keep the memory of a page whose browser has
        gone: the stream holds the error of the last write, and the error the frames of the page.
    group : str
        The network address that the connection counts for; see `find_group`.
    is_reserved : bool
        Whether only `RESERVED_PATHS` are answered.
    is_waiting : bool
        Whether a request is awaited, or its body.
    request_connection : HTTP1Connection
        Tornado's view of the present request.
    since : float
        The monotonic time from which on the connection waits, or works on its request.
    """

    reference: "weakref.ReferenceType[IOStream]"
    group: str
    is_reserved: bool = False
    is_waiting: bool = True
    request_connection: Any = None
    since: float = field(default_factory=time.monotonic)

    @property
    def stream(self) -> IOStream | None:
        """The connection's stream; None after its end."""
        return self.reference()

    def set_waiting(self, is_waiting: bool) -> None:
        """Note that a request is awaited from now on, or has arrived completely."""
        self.is_waiting, self.since = is_waiting, time.monotonic()

    @property
    def is_websocket(self) -> bool:
        """Whether the handler of a WebSocket has taken the stream over."""
        return self.request_connection is not None and self.request_connection.stream is None

    @property
    def is_stalled(self) -> bool:
        """Whether the client has not read its whole answer for long."""
        stream, is_old = self.stream, time.monotonic() - self.since > STALLED_S
        if stream is None or self.is_websocket:
            return False
        return is_old and stream.writing()


class ConnectionLimits:
    """The open connections of a server, and how many there may be.

    Parameters
    ----------
    most : int
        Largest number of connections. The number in force may be lower, since the process may open
        only so many descriptors; see `most`.
    most_per_address : int, optional
        Largest number of connections of one network address, default all. Behind a proxy all
        visitors have the address of the proxy.

    Attributes
    ----------
    n_refused, n_closed : int
        Numbers of connections that were refused, and that were closed for a new one.
    """

    def __init__(self, most: int, most_per_address: int | None = None) -> None:
        self.most = limit_to_descriptors(most)
        self.most_per_address = most_per_address or self.most
        self.n_refused = self.n_closed = 0
        self._connections: weakref.WeakKeyDictionary[IOStream, Connection] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def n_open(self) -> int:
        """Number of open connections, WebSockets included."""
        self._remove_closed()
        return len(self._connections)

    def find(self, stream: IOStream) -> Connection | None:
        """The connection of a stream."""
        return self._connections.get(stream)

    def admit(self, stream: IOStream, address: Any) -> bool:
        """Add a new connection, and close another one for it if need be; False: there is none."""
        self._remove_closed()
        connection = Connection(weakref.ref(stream), find_group(address))
        if not self._make_room(connection.group):
            connection.is_reserved = True
            reserved = [each for each in self._connections.values() if each.is_reserved]
            if len(reserved) >= N_RESERVED and not self._close_one(reserved):
                self.count_refused()
                return False
        self._connections[stream] = connection
        return True

    def _make_room(self, group: str) -> bool:
        """Close a connection if there are too many of an address, or in all; False: none can go."""
        everyone = list(self._connections.values())
        ours = [each for each in everyone if each.group == group]
        if len(ours) >= self.most_per_address:
            return self._close_one(ours)
        return len(everyone) < self.most or self._close_one(everyone)

    def may_ask(self, connection: Connection, path: str) -> bool:
        """Whether a connection may ask for a path; in reserve only for few, while all is full."""
        n_of_address = sum(each.group == connection.group for each in self._connections.values())
        if self.n_open <= self.most and n_of_address <= self.most_per_address:
            connection.is_reserved = False
        return not connection.is_reserved or path in RESERVED_PATHS

    def free_descriptor(self) -> bool:
        """Close a connection that can go, because the process has no descriptor left."""
        self._remove_closed()
        return self._close_one(self._connections.values())

    def _close_one(self, connections: Iterable[Connection]) -> bool:
        candidates = [each for each in connections if each.is_waiting or each.is_stalled]
        if not candidates:
            return False
        # The one that waits longest; of those that do not wait, only if none waits.
        oldest = min(candidates, key=lambda each: (not each.is_waiting, each.since))
        stream = oldest.stream
        if stream is not None:
            del self._connections[stream]
            stream.close()
        self.n_closed += 1
        log.warning("an unfinished connection was closed, because a new one needs its place")
        return True

    def count_refused(self) -> None:
        """Count and log a connection that was refused."""
        self.n_refused += 1
        log.warning("connection refused: as many are open as allowed")

    def _remove_closed(self) -> None:
        closed = [stream for stream in list(self._connections) if stream.closed()]
        for stream in closed:
            del self._connections[stream]


def limit_to_descriptors(most: int) -> int:
    """The number of connections for which this process has descriptors; at most ``most``.

    >>> limit_to_descriptors(10)
    10
    """
    if resource is None:
        return most
    n_allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if n_allowed == resource.RLIM_INFINITY:
        return most
    n_files = count_descriptors() + max(int(n_allowed * FILE_SHARE), LEAST_FILES)
    n_free = max(n_allowed - n_files - N_RESERVED, LEAST_CONNECTIONS)
    if n_free < most:
        log.info("at most %d connections, as the process may open %d files", n_free, n_allowed)
    return min(most, n_free)


def count_descriptors() -> int:
    """The number of open descriptors of this process; 0 where the system does not tell."""
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 0


def find_group(address: Any) -> str:
    """The address that a connection counts for: of IPv6 the network, since a client has many.

    >>> find_group(("192.0.2.7", 5006)), find_group(("2001:db8::7", 5006, 0, 0))
    ('192.0.2.7', '2001:db8::/64')
    """
    try:
        found = ipaddress.ip_address(address[0].partition("%")[0])
    except (ValueError, TypeError, IndexError, AttributeError):
        # A Unix socket has no address.
        return ""
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


class RequestWatch(HTTPMessageDelegate):
    """Passes a request on, and notes when it has arrived completely."""

    def __init__(
        self, delegate: HTTPMessageDelegate, connection: Connection, limits: ConnectionLimits
    ) -> None:
        self._delegate, self._connection, self._limits = delegate, connection, limits
        self._is_refused = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Pass the headers on, or answer that there are too many connections."""
        path = getattr(start_line, "path", "").partition("?")[0]
        if not self._limits.may_ask(self._connection, path):
            self._is_refused = True
            answer_too_many(self._connection.request_connection)
            return None
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Pass a part of the body on."""
        return None if self._is_refused else self._delegate.data_received(chunk)

    def finish(self) -> None:
        """Pass the end of the request on."""
        if not self._is_refused:
            self._connection.set_waiting(False)
            self._delegate.finish()

    def on_connection_close(self) -> None:
        """Pass on that the connection was closed."""
        if not self._is_refused:
            self._delegate.on_connection_close()


def answer_too_many(request_connection: Any) -> None:
    """Answer a request with status 503, and have the client close the connection."""
    headers = HTTPHeaders(
        {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(TOO_MANY)),
            "Retry-After": str(RETRY_AFTER_S),
            "Connection": "close",
        }
    )
    start_line = ResponseStartLine("HTTP/1.1", 503, "Service Unavailable")
    request_connection.write_headers(start_line, headers, TOO_MANY)
    request_connection.finish()


class ListeningSocket(socket.socket):
    """A listening socket that gets by when the process has no descriptor left.

    Otherwise the connection would wait in the queue, and the event loop would call `accept` again
    at once and for ever, with an error in the log each time.
    """

    limits: ConnectionLimits
    _n_accepted = 0
    _reserve: int | None = None

    @classmethod
    def take(cls, listening: socket.socket, limits: ConnectionLimits) -> "ListeningSocket":
        """Take over the descriptor of a listening socket."""
        taken = cls(fileno=listening.detach())
        taken.setblocking(False)
        taken.limits = limits
        taken._open_reserve()
        return taken

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection; raise BlockingIOError if there is none, or not now."""
        if self._n_accepted >= MAX_BURST:
            self._n_accepted = 0
            raise BlockingIOError
        self._n_accepted += 1
        try:
            return super().accept()
        except BlockingIOError:
            self._n_accepted = 0
            raise
        except OSError as error:
            if error.errno not in NO_DESCRIPTOR:
                raise
        if self.limits.free_descriptor():
            with suppress(OSError):
                return super().accept()
        self._drop_one()
        raise BlockingIOError

    def _drop_one(self) -> None:
        """Accept a connection with the descriptor in reserve, and close it."""
        self.limits.count_refused()
        self._close_reserve()
        with suppress(OSError):
            super().accept()[0].close()
        self._open_reserve()

    def _open_reserve(self) -> None:
        try:
            self._reserve = os.open(os.devnull, os.O_RDONLY)
        except OSError:
            self._reserve = None

    def _close_reserve(self) -> None:
        if self._reserve is not None:
            os.close(self._reserve)
            self._reserve = None

    def close(self) -> None:
        """Close the socket and the descriptor in reserve."""
        self._close_reserve()
        super().close()


class LimitedServer(HTTPServer):
    """Tornado's server with limits; without ``limits`` it is exactly Tornado's server."""

    def initialize(  # type: ignore[override]
        self, *args: Any, limits: ConnectionLimits | None = None, **kwargs: Any
    ) -> None:
        """Take the arguments of Tornado's server, and ``limits``."""
        super().initialize(*args, **kwargs)
        self._limits = limits

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections on these sockets from now on."""
        limits = self._limits
        if limits is not None:
            sockets = [ListeningSocket.take(each, limits) for each in sockets]
        super().add_sockets(sockets)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Serve a new connection, or close it if there is no place."""
        if self._limits is not None:
            if not self._limits.admit(stream, address):
                stream.close()
                return
            limit_unread_time(stream)
        super().handle_stream(stream, address)

    def start_request(self, server_conn: Any, request_conn: Any) -> HTTPMessageDelegate:
        """Return the delegate of the next request of a connection."""
        delegate = super().start_request(server_conn, request_conn)
        if self._limits is None:
            return delegate
        connection = self._limits.find(request_conn.stream)
        if connection is None:
            return delegate
        connection.set_waiting(True)
        connection.request_connection = request_conn
        return RequestWatch(delegate, connection, self._limits)


def limit_unread_time(stream: IOStream) -> None:
    """Have the operating system end the connection if the client confirms nothing for long."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is None:
        return
    # A Unix socket has no such option.
    with suppress(OSError):
        stream.socket.setsockopt(socket.IPPROTO_TCP, option, int(UNREAD_TIMEOUT_S * 1000))


def install_limited_server() -> None:
    """Have Tornado make a `LimitedServer` for each server of this process from now on."""
    HTTPServer.configure(LimitedServer)
