"""Message batching: all messages that one callback causes leave in one write.

For each change of a document Bokeh creates a message, searches all models of the page, and writes
the message as several small WebSocket frames, one after the other. With many sessions this takes
most of the server's time: other threads take the interpreter at every write. The functions here
search the models once and write once per callback. The browser receives the same messages in the
same order. Without the single search the event loop needs 1.3 times the CPU time per frame, without
the single write 1.26 times. `widgets.server.patches` installs the functions.
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
from bokeh.server.connection import ServerConnection
from bokeh.server.session import ServerSession
from bokeh.server.views.ws import WSHandler
from panel.io.state import state
from tornado.iostream import StreamClosedError

# First byte of an unfragmented WebSocket frame, and the largest payload of each length field:
# RFC 6455, section 5.2.
TEXT_FRAME, BINARY_FRAME = 0x81, 0x82
MAX_7_BIT_LENGTH, MAX_16_BIT_LENGTH = 125, 0xFFFF

create_bokeh_reply = pull_doc_reply.create


class PatchSerializer(Serializer):
    """Serialises the changes of one document and remembers which models the browser knows.

    Bokeh searches all models of the page for every change; this class searches them once.
    """

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._models = document.models
        self._known_ids = set(map(id, document.models.synced_references))
        self._added: list[Any] = []
        self._note_state()

    def _note_state(self) -> None:
        # Bokeh replaces the dictionary of models whenever a model is added or removed.
        self._dictionary, self._n_new = self._models._models, len(self._models._new_models)

    def is_current(self) -> bool:
        """Whether the document has the same models as after the last message."""
        models = self._models
        return models._models is self._dictionary and len(models._new_models) == self._n_new

    def has_ref(self, obj: Any) -> bool:
        """Whether the browser knows an object."""
        return id(obj) in self._known_ids or super().has_ref(obj)

    def get_ref(self, obj: Any) -> Any:
        """The reference to an object that the browser knows; None for any other object."""
        return obj.ref if id(obj) in self._known_ids else self._references.get(id(obj))

    def add_ref(self, obj: Any, ref: Any) -> None:
        """Note that the current message defines an object."""
        super().add_ref(obj, ref)
        self._added.append(obj)

    def create_message(self, event: DocumentPatchedEvent) -> Message[Any]:
        """The message of one change."""
        self._buffers.clear()
        message = patch_doc(patch_doc.create_header(), {}, {"events": self.encode([event])})
        message.add_buffers(*self.buffers)
        if self._models._new_models:
            self._models.flush_synced(lambda model: not self.has_ref(model))
        for obj in self._added:
            # The browser forgets a model at once that is not part of the document.
            if isinstance(obj, Model) and self._models.get_by_id(obj.id) is obj:
                self._known_ids.add(id(obj))
        self._references.clear()
        self._added.clear()
        self._note_state()
        return message


class MessageBatch:
    """The messages that one callback caused for one connection; ``await`` sends the messages."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.messages: list[Message[Any]] = []

    def take_messages(self) -> list[Message[Any]]:
        """Remove and return the messages that are not sent yet."""
        messages, self.messages = self.messages, []
        return messages

    def __await__(self) -> Generator[Any, None, None]:
        """Send the messages."""
        written = write_messages(self.connection._socket, self.take_messages())
        return wait_until_sent(written).__await__()


def add_to_batch(self: ServerSession, event: DocumentPatchedEvent) -> None:
    """Replace ``ServerSession._document_patched``: add a change to the batch of each connection."""
    pending = self._pending_writes
    if pending is None:
        raise RuntimeError("a document was changed without its lock")
    message = None
    for connection in self._subscribed_connections:
        # The browser that made the change knows the change.
        if event.setter is self and connection is self._current_patch_connection:
            continue
        message = message or create_patch_message(self, event)
        batch = find_batch(pending, connection)
        if batch is None:
            batch = MessageBatch(connection)
            pending.append(batch)
        batch.messages.append(message)


def find_batch(pending: Sequence[Any] | None, connection: ServerConnection) -> MessageBatch | None:
    """The batch of a connection among the pending batches."""
    return next((batch for batch in pending or () if batch.connection is connection), None)


def send_at_once(
    conn: ServerConnection,
    events: list[DocumentPatchedEvent] | None = None,
    msg: Message[Any] | None = None,
) -> list[asyncio.Future[None]]:
    """Replace ``panel.io.document.dispatch_tornado``: send the pending batch, then a message.

    Panel sends some messages before the callback ends. Such a message may refer to models that the
    pending batch defines; Panel's own function sends it before that batch.
    """
    message = msg or (conn.protocol.create("PATCH-DOC", events) if events else None)
    if message is None:
        return []
    batch = find_batch(conn.session._pending_writes, conn)
    messages = [*(batch.take_messages() if batch else ()), message]
    return [asyncio.ensure_future(wait_until_sent(write_messages(conn._socket, messages)))]


def create_patch_message(session: ServerSession, event: DocumentPatchedEvent) -> Message[Any]:
    """The message of a change, with the values that the document has now."""
    serializer = getattr(session, "patch_serializer", None)
    if serializer is None or not serializer.is_current():
        serializer = PatchSerializer(session.document)
    # After an error the serializer's state is unknown, and the next message needs a new one.
    session.patch_serializer = None
    message = serializer.create_message(event)
    session.patch_serializer = serializer
    return message


def encode_frame(payload: str | bytes) -> bytes:
    r"""A WebSocket message as one frame from server to browser (RFC 6455, section 5.2).

    >>> encode_frame("hello")
    b'\x81\x05hello'
    >>> encode_frame(bytes(300))[:4].hex()
    '827e012c'
    """
    opcode = TEXT_FRAME if isinstance(payload, str) else BINARY_FRAME
    data = payload.encode() if isinstance(payload, str) else payload
    n_bytes = len(data)
    if n_bytes <= MAX_7_BIT_LENGTH:
        head = struct.pack("!BB", opcode, n_bytes)
    elif n_bytes <= MAX_16_BIT_LENGTH:
        head = struct.pack("!BBH", opcode, 126, n_bytes)
    else:
        head = struct.pack("!BBQ", opcode, 127, n_bytes)
    return head + data


def encode_message(message: Message[Any]) -> bytes:
    """All frames of one Bokeh message."""
    parts = [message.header_json, message.metadata_json, message.content_json]
    frames = [encode_frame(part) for part in parts]
    for buffer in message.buffers:
        frames += [encode_frame(json.dumps(buffer.ref)), encode_frame(buffer.to_bytes())]
    return b"".join(frames)


def write_messages(socket: WSHandler, messages: Sequence[Message[Any]]) -> Awaitable[None] | None:
    """Write messages in one piece if the socket is open; the result awaits their departure.

    The function takes no lock: one write cannot be interrupted, and while Bokeh's lock is held
    Panel delays its own messages, so that later messages overtake them.
    """
    connection = socket.ws_connection
    if not messages or connection is None or connection.is_closing():
        return None
    with suppress(StreamClosedError):
        return connection.stream.write(b"".join(map(encode_message, messages)))
    return None


async def wait_until_sent(written: Awaitable[None] | None) -> None:
    """Wait until the written bytes have left, or the socket is closed."""
    if written is not None:
        with suppress(StreamClosedError):
            await written


async def send_message(self: WSHandler, message: Message[Any]) -> None:
    """Replace ``WSHandler.send_message``: send a message in one piece.

    Bokeh writes the parts of a message one after the other; a batch could get between the parts.
    """
    await wait_until_sent(write_messages(self, [message]))


async def send_pending_batches(self: ServerSession, pending: Sequence[MessageBatch]) -> None:
    """Replace ``ServerSession._send_pending_patches`` of Bokeh 3.10: send the batches."""
    for batch in pending:
        await batch


async def run_on_event_loop(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Replace ``bokeh.server.session._run_in_executor`` of Bokeh 3.10: call the function here.

    Bokeh runs each callback in a thread and serialises the callback's changes in a second thread.
    With many pages all these threads and the event loop wait for the interpreter in turn.
    """
    return func(*args, **kwargs)


def create_document_reply(
    cls: type[pull_doc_reply], request_id: ID, document: Document, /, **metadata: Any
) -> pull_doc_reply:
    """Replace ``pull_doc_reply.create`` for Panel 1.9: mark the document as sent.

    Until the browser has drawn the document, Panel 1.9 discards held changes; the browser then
    never receives them. A table that is read during that time makes such changes.
    """
    state._connected[document] = True
    return create_bokeh_reply(request_id, document, **metadata)
