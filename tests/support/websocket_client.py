"""A light client of the app that speaks Bokeh's protocol over a real websocket.

The client opens the page, fetches its document, acknowledges every frame as a browser does, and
changes controls. It draws nothing, so one process holds hundreds of clients.
"""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

TOKEN = re.compile(r'"token":"([^"]+)"')
MOST_MESSAGE_BYTES = 64 * 2**20

READY = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {
        "type": "event",
        "name": "document_ready",
        "values": {"type": "map", "entries": []},
    },
}

AsyncHTTPClient.configure(None, max_clients=256)


async def read_part(socket: WebSocketClientConnection) -> Any:
    """Return the next part of a message. Raise EOFError if the socket is closed."""
    part = await socket.read_message()
    if part is None:
        raise EOFError
    return part


def find_models(document: Any) -> Iterator[dict[str, Any]]:
    """Yield all models that a document, or a change of it, describes with attributes."""
    pending = [document]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending += each
        elif isinstance(each, dict):
            pending += each.values()
            if each.get("type") == "object" and isinstance(each.get("attributes"), dict):
                yield each


class WebSocketClient:
    """The browser's side of a session; ``frame_times`` are the times of the drawn frames (s).

    With ``is_visible`` False the client acknowledges no frame, like a hidden tab. ``key`` is the
    key of the run if the server stores runs. A client with the key of a stored run restores it.
    """

    def __init__(self, url: str, query: str = "", key: str = "") -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.query = query
        self.is_visible = True
        self.frame_times: list[float] = []
        self.errors: list[str] = []
        self.models: dict[str, dict[str, Any]] = {}
        self.token = ""
        self.n_bytes = 0
        self._socket: WebSocketClientConnection | None = None
        self._is_closing = False
        self._n_sent = 0
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._changes: list[tuple[str, str, asyncio.Future[Any]]] = []
        self._heartbeat: str | None = None
        self._last = 0

    async def open(self) -> float:
        """Open the page; return the seconds until its document has arrived."""
        start = time.perf_counter()
        token = await self.fetch_token()
        await self.connect(token)
        reply = await self.ask("PULL-DOC-REQ", {})
        self._index(reply["doc"])
        self.send("PATCH-DOC", {"events": [READY]})
        if "restore_request" in self.models:
            request = self.models["restore_request"]["id"]
            given = self.expect(request, "key")
            self.post(request, "requested_key", self.key or "-")
            self.key = await asyncio.wait_for(given, 60)
        return time.perf_counter() - start

    async def fetch_token(self) -> str:
        """Load the page and return its session token."""
        client = AsyncHTTPClient()
        answer = await client.fetch(f"{self.url}/{self.query}", request_timeout=60)
        found = TOKEN.search(answer.body.decode())
        if found is None:
            raise ValueError("the page contains no session token")
        return found[1]

    async def connect(self, token: str, origin: str | None = "") -> None:
        """Open the websocket; the exceptions of the handshake pass through."""
        self.token = token
        headers = {} if origin is None else {"Origin": origin or self.url}
        request = HTTPRequest(
            self.url.replace("http", "ws", 1) + "/ws", headers=headers, request_timeout=60
        )
        self._socket = await websocket_connect(
            request, subprotocols=["bokeh", token], max_message_size=MOST_MESSAGE_BYTES
        )
        self._acknowledged = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read(self._socket))
        try:
            await asyncio.wait_for(self._acknowledged, 60)
        except TimeoutError:
            await self.close()
            raise

    def _index(self, doc: Any) -> None:
        """Store the models by name and label."""
        for model in find_models(doc):
            for key in ("name", "label"):
                if isinstance(model["attributes"].get(key), str):
                    self.models.setdefault(model["attributes"][key], model)
        self._heartbeat = self.models["heartbeat"]["id"]
        self._last = self.models["heartbeat"]["attributes"].get("sent", 0)
        if self._last:
            self._acknowledge(self._last)

    async def _read(self, socket: WebSocketClientConnection) -> None:
        try:
            while True:
                header = json.loads(await read_part(socket))
                await read_part(socket)
                content = await read_part(socket)
                parts = [await read_part(socket) for _ in range(2 * header.get("num_buffers", 0))]
                self.n_bytes += len(content) + sum(map(len, parts))
                ids = (json.loads(part)["id"] for part in parts[::2])
                self._receive(header, content, dict(zip(ids, parts[1::2], strict=True)))
        except EOFError:
            pass
        except Exception as error:
            # A frame that arrives while the client closes cannot be acknowledged.
            if not self._is_closing:
                self.errors.append(repr(error))
        # If the server has closed the socket, the client must close its end, too.
        socket.close()
        if not self._acknowledged.done():
            self._acknowledged.set_exception(ConnectionError("the socket was closed"))

    def _receive(self, header: dict[str, Any], content: Any, buffers: dict[str, bytes]) -> None:
        kind = header["msgtype"]
        if kind == "ACK":
            self._acknowledged.set_result(None)
        elif kind == "ERROR":
            self.errors.append(json.loads(content).get("text", ""))
        reply = self._replies.pop(header.get("reqid", ""), None)
        if reply is not None and not reply.done():
            reply.set_result(json.loads(content))
        if kind == "PATCH-DOC" and (self._changes or '"sent"' in content):
            for event in json.loads(content)["events"]:
                self._apply(event)

    def _apply(self, event: dict[str, Any]) -> None:
        if event.get("kind") != "ModelChanged":
            return
        model, name = event["model"]["id"], event["attr"]
        if model == self._heartbeat and name == "sent":
            self._last = event["new"]
            if self.is_visible:
                self.frame_times.append(time.perf_counter())
                self._acknowledge(self._last)
        for each in list(self._changes):
            if each[:2] == (model, name) and not each[2].done():
                each[2].set_result(event["new"])
                self._changes.remove(each)

    def _acknowledge(self, number: int) -> None:
        self.post(self._heartbeat, "painted", number)

    def show(self) -> None:
        """Show the hidden tab again."""
        self.is_visible = True
        self._acknowledge(self._last)

    def post(self, model: Any, name: str, value: Any) -> str:
        """Change a model's property; return the number of the message."""
        return self.post_many([(model, name, value)])

    def post_many(self, changes: list[tuple[Any, str, Any]]) -> str:
        """Change several properties in one message; return its number."""
        events = [
            {"kind": "ModelChanged", "model": {"id": model}, "attr": name, "new": value}
            for model, name, value in changes
        ]
        return self.send("PATCH-DOC", {"events": events})

    def send(self, kind: str, content: Any, buffer: bytes | None = None) -> str:
        """Send a message; return its number. ``content`` refers to the buffer by the id "0"."""
        assert self._socket is not None
        self._n_sent += 1
        number = str(self._n_sent)
        header = {"msgid": number, "msgtype": kind, "num_buffers": int(buffer is not None)}
        pieces: list[tuple[Any, bool]] = [
            (json.dumps(part), False) for part in (header, {}, content)
        ]
        if buffer is not None:
            pieces += [(json.dumps({"id": "0"}), False), (buffer, True)]
        for piece, is_binary in pieces:
            sent = self._socket.write_message(piece, binary=is_binary)
            # The reading task notices a closed socket.
            sent.add_done_callback(lambda done: done.exception())
        return number

    def send_message(self, model: Any, data: Any) -> None:
        """Send a message to a component of the page, as the component's script does."""
        self.send("PATCH-DOC", write_message(model, data))

    async def ask(
        self, kind: str, content: Any, timeout_s: float = 60.0, buffer: bytes | None = None
    ) -> dict[str, Any]:
        """Send a message and return the server's answer."""
        number = self.send(kind, content, buffer)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        return await asyncio.wait_for(reply, timeout_s)

    async def change(self, model: Any, name: str, value: Any, timeout_s: float = 60.0) -> float:
        """Change a model's property; return the seconds until the server has answered."""
        start = time.perf_counter()
        number = self.post(model, name, value)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(reply, timeout_s)
        return time.perf_counter() - start

    def expect(self, model: Any, name: str) -> "asyncio.Future[Any]":
        """Return a future of the next value that the server assigns to a property."""
        future = asyncio.get_running_loop().create_future()
        self._changes.append((model, name, future))
        return future

    @property
    def is_closed(self) -> bool:
        """Whether the client has no open socket."""
        return self._socket is None or self._reader.done()

    async def wait_until_closed(self) -> None:
        """Wait until the socket is closed."""
        await asyncio.wait([self._reader])

    async def close(self) -> None:
        """Close the page."""
        if self._socket is not None:
            self._is_closing = True
            self._socket.close()
            await asyncio.wait([self._reader], timeout=10)
            self._reader.cancel()


def write_message(model: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a PATCH-DOC message that carries a message to a component."""
    entries = [["model", {"id": model}], ["data", {"type": "map", "entries": [*data.items()]}]]
    event = {
        "type": "event",
        "name": "data_event",
        "values": {"type": "map", "entries": entries},
    }
    return {"events": [{"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}]}
