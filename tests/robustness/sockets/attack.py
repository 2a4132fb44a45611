"""An attack with malformed messages while an observer uses another session."""

import asyncio
import random
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from tests.robustness.sockets.malformed_messages import KINDS, Frames, list_messages
from tests.support.servers import read_metrics
from tests.support.websocket_client import WebSocketClient

N_PER_PAGE = 50
ANSWERED_S = 3.0
GAP_S = 0.2


@dataclass
class Attack:
    """Outcomes by kind of message, and the observer's response times (s), frames and errors."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    response_times: list[float] = field(default_factory=list)
    n_frames: int = 0
    n_errors: int = 0
    growth_mb: float = 0.0


class Attacker(WebSocketClient):
    """A client that sends malformed messages; it opens a new socket after the server closes one."""

    def __init__(self, url: str) -> None:
        # The page with the upload component, which is attacked as well.
        super().__init__(url, "?source=table")

    def _acknowledge(self, number: int) -> None:
        # An acknowledgement would fall between the parts of a malformed message.
        pass

    @property
    def close_code(self) -> int | None:
        """Status code with which the server has closed the last socket."""
        return None if self._socket is None else self._socket.close_code

    async def reconnect(self) -> None:
        """Open a socket if there is none."""
        if self.is_closed:
            try:
                await self.connect(self.token)
            except Exception:
                # The session may have ended, or its document may be damaged.
                await self.open()

    async def send_parts(self, parts: list[Any]) -> str:
        """Send the parts; return "closed", "refused" or "accepted"."""
        assert self._socket is not None
        n_errors = len(self.errors)
        try:
            for part in parts:
                if isinstance(part, Frames):
                    await self._socket.protocol.stream.write(bytes(part))
                else:
                    await self._socket.write_message(part, binary=isinstance(part, bytes))
            answer = asyncio.create_task(self.ask("SERVER-INFO-REQ", {}, ANSWERED_S))
            await asyncio.wait(
                [answer, self._reader], timeout=ANSWERED_S, return_when=asyncio.FIRST_COMPLETED
            )
            answer.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await answer
        except (WebSocketClosedError, StreamClosedError, AttributeError):
            # Tornado raises AttributeError on a socket that is closing.
            return "closed"
        if self.is_closed:
            return "closed"
        if not answer.done() or answer.cancelled() or answer.exception() is not None:
            # The server waits for the rest and would add the next message to this one.
            await self.close()
            return "accepted"
        return "refused" if len(self.errors) > n_errors else "accepted"


async def observe(url: str, done: Attack) -> None:
    """Change a control repeatedly; record the response times and the server's memory."""
    observer = WebSocketClient(url)
    await observer.open()
    base = (await read_metrics(url))["process_resident_memory_bytes"]
    rng = random.Random(0)
    try:
        while True:
            noise = observer.models["Noise"]["id"]
            took_s = await observer.change(noise, "value", rng.randrange(50) / 100)
            done.response_times.append(took_s)
            done.n_frames, done.n_errors = len(observer.frame_times), len(observer.errors)
            held = (await read_metrics(url))["process_resident_memory_bytes"] - base
            done.growth_mb = max(done.growth_mb, held / 1e6)
            await asyncio.sleep(GAP_S)
    finally:
        await observer.close()


async def attack(url: str, n: int, seed: int) -> Attack:
    """Send n malformed messages one after the other."""
    done, rng = Attack(), random.Random(seed)
    observing = asyncio.create_task(observe(url, done))
    attacker = Attacker(url)
    for number, kind in enumerate(list_messages(n, seed)):
        if number % N_PER_PAGE == 0:
            await attacker.close()
            attacker = Attacker(url)
            await attacker.open()
        await attacker.reconnect()
        parts = KINDS[kind](rng, attacker.models)
        done.outcomes[kind][await attacker.send_parts(parts)] += 1
    await attacker.close()
    if observing.done():
        # The observer has failed; this raises its error.
        await observing
    observing.cancel()
    with suppress(asyncio.CancelledError):
        await observing
    return done
