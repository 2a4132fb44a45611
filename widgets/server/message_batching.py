"""Bundles: the messages that one callback causes leave in one piece.

Bokeh makes a message of each change, looks through all models of the page for each, and writes it
as several small frames, one by one. With many sessions that takes most of the time: at every
write other threads take the interpreter. The browser gets the same messages, in the order in which
they were made.
"""

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

from bokeh.core.serialization import Serializer
from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.document.events import DocumentPatchedEvent
from bokeh.model import Model
from bokeh.protocol.message import Message
from bokeh.protocol.messages.patch_doc import patch_doc
from bokeh.protocol.messages.pull_doc_reply import pull_doc_reply
from bokeh.server import session as bokeh_session
from bokeh.server.connection import ServerConnection
from bokeh.server.session import ServerSession
from bokeh.server.views.ws import WSHandler
from panel.io import document as panel_document
from panel.io.state import set_curdoc, state
from tornado.iostream import StreamClosedError

TEXT, BINARY = 0x81, 0x82  # last frame of a message; RFC 6455, section 5.2
MOST_SHORT, MOST_MIDDLE = 125, 0xFFFF

write_whole = pull_doc_reply.create


class PatchWriter(Serializer):
    """Writes change after change of a document; which models are known it finds out once.

    Bokeh looks through all models for every change.
    """

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._models = document.models
        self._ids = set(map(id, document.models.synced_references))
        self._added: list[Any] = []
        self._note_state()

    def _note_state(self) -> None:
        # A model that comes or goes makes Bokeh put another dictionary in this place.
        self._known, self._n_new = self._models._models, len(self._models._new_models)

    def is_current(self) -> bool:
        """Whether it still knows what the browser knows."""
        models = self._models
        return models._models is self._known and len(models._new_models) == self._n_new

    def has_ref(self, obj: Any) -> bool:
        """Whether it has been told of."""
        return id(obj) in self._ids or super().has_ref(obj)

    def get_ref(self, obj: Any) -> Any:
        """What stands for what has been told of, else None."""
        return obj.ref if id(obj) in self._ids else self._references.get(id(obj))

    def add_ref(self, obj: Any, ref: Any) -> None:
        """Note what has been told of."""
        super().add_ref(obj, ref)
        self._added.append(obj)

    def write(self, event: DocumentPatchedEvent) -> Message[Any]:
        """The message of a change."""
        self._buffers.clear()
        message = patch_doc(patch_doc.create_header(), {}, {"events": self.encode([event])})
        message.add_buffers(*self.buffers)
        if self._models._new_models:
            self._models.flush_synced(lambda model: not self.has_ref(model))
        for obj in self._added:
            # What is no part of the page the browser forgets at once.
            if isinstance(obj, Model) and self._models.get_by_id(obj.id) is obj:
                self._ids.add(id(obj))
        self._references.clear()
        self._added.clear()
        self._note_state()
        return message


class Bundle:
    """The messages that one callback caused for one connection; awaited, they are sent."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.messages: list[Message[Any]] = []

    def take(self) -> list[Message[Any]]:
        """Those that are not sent yet; they are no more to be sent."""
        messages, self.messages = self.messages, []
        return messages

    def __await__(self) -> Generator[Any, None, None]:
        """Send them."""
        return leave(write_all(self.connection._socket, self.take())).__await__()


def gather(self: ServerSession, event: DocumentPatchedEvent) -> None:
    """Put a change to those that the callback has made before."""
    pending = self._pending_writes
    if pending is None:
        raise RuntimeError("a document was changed without its lock")
    message = None
    for connection in self._subscribed_connections:
        # Who has sent it knows it.
        if event.setter is self and connection is self._current_patch_connection:
            continue
        message = message or write_patch(self, event)
        bundle = find_bundle(pending, connection)
        if bundle is None:
            bundle = Bundle(connection)
            pending.append(bundle)
        bundle.messages.append(message)


def find_bundle(pending: Sequence[Any] | None, connection: ServerConnection) -> Bundle | None:
    """The one for a connection among what waits to be sent."""
    return next((one for one in pending or () if one.connection is connection), None)


def dispatch(
    conn: ServerConnection,
    events: list[DocumentPatchedEvent] | None = None,
    msg: Message[Any] | None = None,
) -> list[asyncio.Future[None]]:
    """Send what Panel will not have wait for the callback's end, and before it what waits.

    It may be about models that what waits tells of: Panel's own way lets it overtake that.
    """
    message = msg or (conn.protocol.create("PATCH-DOC", events) if events else None)
    if message is None:
        return []
    bundle = find_bundle(conn.session._pending_writes, conn)
    messages = [*(bundle.take() if bundle else ()), message]
    return [asyncio.ensure_future(leave(write_all(conn._socket, messages)))]


def write_patch(session: ServerSession, event: DocumentPatchedEvent) -> Message[Any]:
    """The message of a change, as the document is now."""
    writer = getattr(session, "patch_writer", None)
    if writer is None or not writer.is_current():
        writer = PatchWriter(session.document)
    # After an error it is not known what it knows.
    session.patch_writer = None
    message = writer.write(event)
    session.patch_writer = writer
    return message


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


def write_all(socket: WSHandler, messages: Sequence[Message[Any]]) -> Awaitable[None] | None:
    """Write messages in one piece now, unless nobody listens; awaited, it has left.

    No lock is taken: nothing can come between the parts of what is written at once. And Panel has
    its own wait while there is one, so that others overtake it.
    """
    connection = socket.ws_connection
    if not messages or connection is None or connection.is_closing():
        return None
    with suppress(StreamClosedError):
        return connection.stream.write(b"".join(map(frame_all, messages)))
    return None


async def leave(written: Awaitable[None] | None) -> None:
    """Wait until what was written has left, or nobody listens any more."""
    if written is not None:
        with suppress(StreamClosedError):
            await written


async def send_one(socket: WSHandler, message: Message[Any]) -> None:
    """Send a message in one piece."""
    await leave(write_all(socket, [message]))


async def send_pending(self: ServerSession, pending: Sequence[Bundle]) -> None:
    """Send what a callback has caused."""
    for bundle in pending:
        await bundle


def tell_whole(
    cls: type[pull_doc_reply], request_id: ID, document: Document, /, **metadata: Any
) -> pull_doc_reply:
    """The whole document for a browser, which is sent all that changes from then on.

    Until the browser has drawn it, Panel 1.9 drops what it holds back: a table that is read
    meanwhile changes models that the browser never hears of.
    """
    state._connected[document] = True
    return write_whole(request_id, document, **metadata)


async def run_in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function gives, in a thread; where it ends while a browser draws the page, after that.

    What the task that waits for it changes before goes with the document. While that is drawn,
    Panel has no way to tell of what a task changes.
    """
    document = state.curdoc
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    finally:
        if document is not None and state._connected.get(document):
            drawn = asyncio.Event()
            with set_curdoc(document):
                state.onload(drawn.set)
            # Who leaves a page while it is drawn never says that it is.
            document.on_session_destroyed(lambda _: drawn.set())
            await drawn.wait()


async def run_here(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run it on the event loop."""
    return function(*args, **kwargs)


def send_in_bundles() -> None:
    """Have all sessions do so from now on. Calling this twice does no harm."""
    ServerSession._document_patched = gather  # type: ignore[method-assign]
    # From Bokeh 3.10 on each callback runs in a thread, and what it has changed is encoded in
    # another one afterwards: then all pages' threads wait for the interpreter in turn, and the loop
    # with them.
    if hasattr(bokeh_session, "_run_in_executor"):
        bokeh_session._run_in_executor = run_here
        ServerSession._send_pending_patches = send_pending
    WSHandler.send_message = send_one  # type: ignore[method-assign]
    panel_document.dispatch_tornado = dispatch
    if not hasattr(panel_document, "_client_has_document"):
        pull_doc_reply.create = classmethod(tell_whole)  # type: ignore[method-assign,assignment]
