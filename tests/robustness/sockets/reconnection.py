"""A proxy that can cut its connections, and the clients that reconnect through it."""

import asyncio
import re
import time
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, async_playwright
from tornado.httpclient import AsyncHTTPClient

from tests.support.websocket_client import WebSocketClient

# The times at which the page tries to reconnect, see `widgets.page.restore`.
FIRST_S, RETRY_S = 0.5, 1.5
SEEN = re.compile(r"points seen.{0,60}?value[^\d]{0,20}([\d,]+)")
STATE = """() => {
    const text = document.querySelector('[data-counter="points seen"] .value')?.innerText ?? ""
    const models = [...(window.Bokeh?.documents[0]?._all_models.values() ?? [])]
    return [
        Number(text.replaceAll(",", "")) || 0,
        models.find((each) => each.attributes.label == "Prototypes K")?.value ?? 0,
        window.isOld === true,
    ]
}"""
STREAM_S = 3.0
LONGEST_S = 120.0
COMPILATION_S = 300.0


class Reconnection(NamedTuple):
    """Seconds until a client was back, and whether with its run, K and at least its points."""

    took_s: float
    is_restored: bool


class Proxy:
    """Passes bytes between a port of its own and the server's port until `cut`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "localhost", 0)
        self.url = f"http://localhost:{self._server.sockets[0].getsockname()[1]}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connect(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            server_reader, server_writer = await asyncio.open_connection("localhost", self._port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(server_writer)
        await asyncio.gather(self._pass(reader, server_writer), self._pass(server_reader, writer))
        self._writers -= {writer, server_writer}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        """Reset all connections on both sides."""
        for writer in [*self._writers]:
            writer.transport.abort()

    async def close(self) -> None:
        """Stop to listen, reset all connections, and end their tasks."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in (ending := [*self._tasks]):
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)


async def read_state(client: WebSocketClient) -> tuple[int, int]:
    """Read the number of points and K from the session's document."""
    reply = await client.ask("PULL-DOC-REQ", {})
    client.models.clear()
    client._index(reply["doc"])
    found = SEEN.search(str(reply["doc"]))
    n_seen = int(found[1].replace(",", "")) if found else 0
    return n_seen, client.models["Prototypes K"]["attributes"]["value"]


async def wait_for_points(clients: list[WebSocketClient]) -> None:
    """Wait until all clients stream; a new checkout compiles its kernels first."""
    async with asyncio.timeout(COMPILATION_S):
        while not all([(await read_state(client))[0] for client in clients]):
            await asyncio.sleep(0.5)


async def reconnect(client: WebSocketClient) -> WebSocketClient:
    """Wait like the page until the server admits a session, then load the page again."""
    await asyncio.sleep(FIRST_S)
    while True:
        with suppress(OSError, asyncio.CancelledError):
            answer = await AsyncHTTPClient().fetch(
                client.url + "/", method="HEAD", raise_error=False, request_timeout=20
            )
            if answer.code == 200:
                again = WebSocketClient(client.url, client.query, client.key)
                # Another client may have taken the last session in between.
                with suppress(ValueError):
                    await again.open()
                    return again
        await asyncio.sleep(RETRY_S)


async def time_client(
    client: WebSocketClient, before: tuple[int, int]
) -> tuple[WebSocketClient, Reconnection]:
    """After a cut, wait until the client has its run again."""
    start = time.monotonic()
    n_before, k_before = before
    await client.wait_until_closed()
    again = await reconnect(client)
    while True:
        n_seen, k = await read_state(again)
        took_s = time.monotonic() - start
        is_restored = n_seen >= n_before and k == k_before and again.key == client.key
        if is_restored or took_s > LONGEST_S:
            return again, Reconnection(took_s, is_restored)
        await asyncio.sleep(0.1)


async def time_page(page: Page, before: Any) -> Reconnection:
    """After a cut, wait until the page in the browser has its run again."""
    start = time.monotonic()
    n_before, k_before, _ = before
    while True:
        # Between two pages there is no document to read.
        state: Any = (0, 0, True)
        with suppress(Exception):
            state = await page.evaluate(STATE)
        took_s = time.monotonic() - start
        is_restored = state[0] >= n_before and state[1] == k_before and not state[2]
        if is_restored or took_s > LONGEST_S:
            return Reconnection(took_s, is_restored)
        await asyncio.sleep(0.1)


async def open_page(browser: Browser, url: str) -> Page:
    """Open a page in the browser and change its K."""
    page = await browser.new_page()
    page.set_default_timeout(1000 * LONGEST_S)
    await page.goto(url)
    await page.wait_for_selector("canvas")
    slider = page.get_by_role("slider", name="Prototypes K")
    await slider.focus()
    await slider.press("ArrowLeft")
    return page


async def cut_rounds(
    url: str, n_rounds: int, n_clients: int, chromium: str
) -> tuple[list[Reconnection], list[Reconnection]]:
    """Cut the connections of some clients and of a page in Chromium, once a round.

    Returns the reconnections of the clients and those of the page.
    """
    of_clients: list[Reconnection] = []
    of_pages: list[Reconnection] = []
    proxy = Proxy(urlsplit(url).port or 80)
    await proxy.start()
    clients = [WebSocketClient(proxy.url) for _ in range(n_clients)]
    for i, client in enumerate(clients):
        await client.open()
        await client.change(client.models["Prototypes K"]["id"], "value", 60 + i)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await open_page(browser, proxy.url)
        await wait_for_points(clients)
        for _ in range(n_rounds):
            await asyncio.sleep(STREAM_S)
            await page.evaluate("window.isOld = true")
            shown = await page.evaluate(STATE)
            states = [await read_state(each) for each in clients]
            proxy.cut()
            returning = asyncio.create_task(time_page(page, shown))
            returned = await asyncio.gather(
                *(time_client(*each) for each in zip(clients, states, strict=True))
            )
            clients = [client for client, _ in returned]
            of_clients += [reconnection for _, reconnection in returned]
            of_pages.append(await returning)
        await browser.close()
    for client in clients:
        await client.close()
    await proxy.close()
    return of_clients, of_pages
