"""An attack with malformed messages, watched by somebody who has nothing to do with it."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from benchmarks.load.apps import read_metrics
from benchmarks.load.visitors import Visitor
from benchmarks.sockets.fragments import KINDS, Frames, list_messages

N_PER_PAGE = 50
ANSWERED_S = 3.0
GAP_S = 0.2


@dataclass
class Attack:
    """What came of it: outcomes by kind, the bystander's answers (s), frames and errors."""

    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    answers: list[float] = field(default_factory=list)
    n_frames: int = 0
    n_errors: int = 0
    growth_mb: float = 0.0


class Attacker(Visitor):
    """A visitor that sends what it should not; a new socket whenever the old one is closed."""

    def __init__(self, url: str) -> None:
        # Uploads are there to be misused.
        super().__init__(url, "?source=table")

    def _acknowledge(self, number: int) -> None:
        # It would come between the parts of what is sent.
        pass

    @property
    def close_code(self) -> int | None:
        """The number that the server has closed the last socket with."""
        return None if self._socket is None else self._socket.close_code

    async def ready(self) -> None:
        """Have a socket."""
        if self.is_closed:
            try:
                await self.connect(self.token)
            except Exception:
                # The session may be gone, or the page's document not be one any more.
                await self.open()

    async def send_parts(self, parts: list[Any]) -> str:
        """Send them; how the server takes it."""
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
            # An attribute of a socket that is closed.
            return "closed"
        if self.is_closed:
            return "closed"
        if not answer.done() or answer.cancelled() or answer.exception() is not None:
            # Half a message is left, which the next would be taken for a part of.
            await self.close()
            return "taken"
        return "refused" if len(self.errors) > n_errors else "taken"


async def stand_by(url: str, done: Attack) -> None:
    """Turn a control now and then, and see how long that takes; and how much memory there is."""
    bystander = Visitor(url)
    await bystander.open()
    base = (await read_metrics(url))["process_resident_memory_bytes"]
    dice = random.Random(0)
    try:
        while True:
            noise = bystander.models["Noise"]["id"]
            done.answers.append(await bystander.turn(noise, "value", dice.randrange(50) / 100))
            done.n_frames, done.n_errors = len(bystander.frame_times), len(bystander.errors)
            held = (await read_metrics(url))["process_resident_memory_bytes"] - base
            done.growth_mb = max(done.growth_mb, held / 1e6)
            await asyncio.sleep(GAP_S)
    finally:
        await bystander.close()


async def attack(url: str, n: int, seed: int) -> Attack:
    """Send so many malformed messages one after the other."""
    done, dice = Attack(), random.Random(seed)
    standing_by = asyncio.create_task(stand_by(url, done))
    attacker = Attacker(url)
    begin = time.monotonic()
    for number, kind in enumerate(list_messages(n, seed)):
        if number % N_PER_PAGE == 0:
            await attacker.close()
            attacker = Attacker(url)
            await attacker.open()
            print(f"{number} in {time.monotonic() - begin:.0f} s", flush=True)
        await attacker.ready()
        parts = KINDS[kind](dice, attacker.models)
        done.outcomes[kind][await attacker.send_parts(parts)] += 1
    await attacker.close()
    if standing_by.done():
        # It has failed, and tells how.
        await standing_by
    standing_by.cancel()
    with suppress(asyncio.CancelledError):
        await standing_by
    return done
