"""Bundles: what one callback changes leaves as one message, and a message as one piece.

Bokeh makes a message of each change, which looks through all models of the page, and of each
message several small frames, written one by one. With many sessions that takes most of the time:
at every write other threads take the interpreter.
"""

import json
import struct
from collections.abc import Generator
from typing import Any

from bokeh.document.events import DocumentPatchedEvent
from bokeh.protocol.message import Message
from bokeh.server.connection import ServerConnection
from bokeh.server.session import ServerSession
from bokeh.server.views.ws import WSHandler
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

TEXT, BINARY = 0x81, 0x82  # last frame of a message; RFC 6455, section 5.2
MOST_SHORT, MOST_MIDDLE = 125, 0xFFFF


class Bundle:
    """The changes that one callback made for one connection; awaited, they are sent.

    That is when they are serialised: a model that one of them brings is known to the others.
    """

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.events: list[DocumentPatchedEvent] = []

    def __await__(self) -> Generator[Any, None, None]:
        """Send them."""
        message = self.connection.protocol.create("PATCH-DOC", self.events)
        return self.connection._socket.send_message(message).__await__()


def gather(self: ServerSession, event: DocumentPatchedEvent) -> None:
    """Put a change to those that the callback has made before."""
    pending = self._pending_writes
    if pending is None:
        raise RuntimeError("a document was changed without its lock")
    for connection in self._subscribed_connections:
        # Who has sent it knows it.
        if event.setter is self and connection is self._current_patch_connection:
            continue
        bundle = next((one for one in pending if one.connection is connection), None)
        if bundle is None:
            bundle = Bundle(connection)
            pending.append(bundle)
        bundle.events.append(event)


def frame(payload: str | bytes) -> bytes:
    """A websocket's message as the one frame in which a server sends it.

    >>> frame("hello")
    b'\\x81\\x05hello'
    >>> frame(bytes(300))[:4].hex()
    '827e012c'
    """
    opcode = TEXT if isinstance(payload, str) else BINARY
    data = payload.encode() if isinstance(payload, str) else payload
    n_bytes = len(data)
    if n_bytes <= MOST_SHORT:
        head = struct.pack("!BB", opcode, n_bytes)
    elif n_bytes <= MOST_MIDDLE:
        head = struct.pack("!BBH", opcode, 126, n_bytes)
    else:
        head = struct.pack("!BBQ", opcode, 127, n_bytes)
    return head + data


def frame_all(message: Message[Any]) -> bytes:
    """All that Bokeh sends of a message."""
    parts = [message.header_json, message.metadata_json, message.content_json]
    frames = [frame(part) for part in parts]
    for buffer in message.buffers:
        frames += [frame(json.dumps(buffer.ref)), frame(buffer.to_bytes())]
    return b"".join(frames)


def send_in_bundles() -> None:
    """Have all sessions do so from now on. Calling this twice does no harm."""
    if ServerSession._document_patched is gather:
        return
    send_framewise = WSHandler.send_message

    async def send_at_once(self: WSHandler, message: Message[Any]) -> None:
        connection = self.ws_connection
        # Compressed frames are for Tornado to make, and so is the complaint of a closed socket.
        is_plain = self.get_compression_options() is None
        if connection is None or connection.is_closing() or not is_plain:
            await send_framewise(self, message)
            return
        try:
            with await self.write_lock.acquire():
                await connection.stream.write(frame_all(message))
        except StreamClosedError:
            raise WebSocketClosedError from None

    ServerSession._document_patched = gather  # type: ignore[method-assign]
    WSHandler.send_message = send_at_once  # type: ignore[method-assign]
