"""Dropped sockets: a small proxy whose connections can be cut, and who comes back then."""

import asyncio
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright
from tornado.httpclient import AsyncHTTPClient

from benchmarks.load.visitors import Visitor

FIRST_S, RETRY_S = 0.5, 1.5
"""When the page tries to come back, see `widgets.page.restore`."""

SEEN = re.compile(r"points seen.{0,60}?value[^\d]{0,20}([\d,]+)")
STATE = """() => {
    const text = document.querySelector('[data-counter="points seen"] .value')?.innerText ?? ""
    const held = [...(window.Bokeh?.documents[0]?._all_models.values() ?? [])]
    return [
        Number(text.replaceAll(",", "")) || 0,
        held.find((each) => each.attributes.label == "Prototypes K")?.value ?? 0,
        window.wasThere === true,
    ]
}"""
LIVED_S = 3.0
LONGEST_S = 120.0


class Drop(NamedTuple):
    """How long (s) a page took to be back, and whether with its run."""

    took_s: float
    is_same: bool


@dataclass
class Drops:
    """Those of protocol clients and of pages in a browser."""

    visitors: list[Drop] = field(default_factory=list)
    pages: list[Drop] = field(default_factory=list)


class Wire:
    """Passes bytes on between a port of its own and the server's, until `cut`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def lay(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._take, "localhost", 0)
        self.url = f"http://localhost:{self._server.sockets[0].getsockname()[1]}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("localhost", self._port)
        ends = {writer, forth}
        self._open |= ends
        await asyncio.gather(self._pass(reader, forth), self._pass(back, writer))
        self._open -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        """Reset all connections, on both sides."""
        for writer in [*self._open]:
            writer.transport.abort()

    def end(self) -> None:
        """Listen no more."""
        self.cut()
        if self._server is not None:
            self._server.close()


async def read_state(visitor: Visitor) -> tuple[int, int]:
    """Points seen and K, as the document tells."""
    reply = await visitor.ask("PULL-DOC-REQ", {})
    visitor.models.clear()
    visitor._index(reply["doc"])
    found = SEEN.search(str(reply["doc"]))
    n_seen = int(found[1].replace(",", "")) if found else 0
    return n_seen, visitor.models["Prototypes K"]["attributes"]["value"]


async def come_back(visitor: Visitor) -> Visitor:
    """Do as the page does: wait until one is let in, and reload. Who is there then."""
    await asyncio.sleep(FIRST_S)
    while True:
        with suppress(OSError, asyncio.CancelledError):
            client = AsyncHTTPClient()
            url = visitor.url + "/"
            answer = await client.fetch(url, method="HEAD", raise_error=False, request_timeout=20)
            if answer.code == 200:
                again = Visitor(visitor.url, visitor.query, visitor.key)
                # Somebody else may have been faster.
                with suppress(ValueError):
                    await again.open()
                    return again
        await asyncio.sleep(RETRY_S)


async def see_visitor_back(visitor: Visitor, before: tuple[int, int]) -> tuple[Visitor, Drop]:
    """Once the connections are cut: wait until the visitor has its run again."""
    start = time.monotonic()
    n_before, k_before = before
    await visitor.wait_until_closed()
    again = await come_back(visitor)
    while True:
        n_seen, k = await read_state(again)
        took_s = time.monotonic() - start
        is_same = n_seen >= n_before and k == k_before and again.key == visitor.key
        if is_same or took_s > LONGEST_S:
            return again, Drop(took_s, is_same)
        await asyncio.sleep(0.1)


async def see_page_back(page: Page, before: Any) -> Drop:
    """The same of a page, which does all by itself."""
    start = time.monotonic()
    n_before, k_before, _ = before
    while True:
        # Between two pages there is nothing to ask.
        state: Any = (0, 0, True)
        with suppress(Exception):
            state = await page.evaluate(STATE)
        took_s = time.monotonic() - start
        is_same = state[0] >= n_before and state[1] == k_before and not state[2]
        if is_same or took_s > LONGEST_S:
            return Drop(took_s, is_same)
        await asyncio.sleep(0.1)


async def open_page(browser: Browser, url: str) -> Page:
    """A page whose run has begun."""
    page = await browser.new_page()
    page.set_default_timeout(1000 * LONGEST_S)
    await page.goto(url)
    await page.wait_for_selector("canvas")
    slider = page.get_by_role("slider", name="Prototypes K")
    await slider.focus()
    await slider.press("ArrowLeft")
    return page


async def drop_rounds(url: str, n_rounds: int, n_per_round: int) -> Drops:
    """Cut the connections of all, one of them a page in Chromium, so many times."""
    drops = Drops()
    wire = Wire(urlsplit(url).port or 80)
    await wire.lay()
    visitors = [Visitor(wire.url) for _ in range(n_per_round - 1)]
    for i, visitor in enumerate(visitors):
        await visitor.open()
        await visitor.turn(visitor.models["Prototypes K"]["id"], "value", 60 + i)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as running:
        browser = await running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await open_page(browser, wire.url)
        for _ in range(n_rounds):
            await asyncio.sleep(LIVED_S)
            await page.evaluate("window.wasThere = true")
            shown = await page.evaluate(STATE)
            told = [await read_state(each) for each in visitors]
            wire.cut()
            coming = asyncio.create_task(see_page_back(page, shown))
            back = await asyncio.gather(
                *(see_visitor_back(*each) for each in zip(visitors, told, strict=True))
            )
            visitors = [visitor for visitor, _ in back]
            drops.visitors += [drop for _, drop in back]
            drops.pages.append(await coming)
            print(drops.pages[-1], *(round(drop.took_s, 1) for _, drop in back), flush=True)
        await browser.close()
    for visitor in visitors:
        await visitor.close()
    wire.end()
    return drops
