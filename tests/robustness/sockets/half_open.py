"""Sockets that never finish: half a header, half a body, an answer that nobody reads."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

UNFINISHED = {
    "nothing": b"",
    "half a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "half a body": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc",
    "idle after an answer": b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "answers unread": b"GET /static/js/bokeh.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 8,
}


@contextmanager
def open_sockets(port: int, kind: str, n_sockets: int) -> Iterator[list[socket.socket]]:
    """Open sockets that send a kind of `UNFINISHED` and then nothing."""
    sockets: list[socket.socket] = []
    try:
        for _ in range(n_sockets):
            each = socket.socket()
            # The answers that the client does not read fill the buffers of the server.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.settimeout(30)
            each.connect(("127.0.0.1", port))
            sockets.append(each)
            each.sendall(UNFINISHED[kind])
        yield sockets
    finally:
        for each in sockets:
            each.close()


def count_open(sockets: list[socket.socket]) -> int:
    """Count the sockets that the server has not closed; reads what has arrived."""
    n_open = 0
    for each in sockets:
        each.setblocking(False)
        try:
            while each.recv(2**16):
                pass
        except BlockingIOError:
            n_open += 1
        except ConnectionError:
            pass
    return n_open
