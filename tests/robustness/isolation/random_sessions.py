"""Run sessions with random actions, and search what the server makes public and stores."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClosedError

from clusterer.session.saving.store import UPLOADS, hash_key
from tests.robustness.isolation.actions import RandomSession
from tests.robustness.isolation.markers import LeakSearch, Markers, read_rows

N_AT_ONCE = 16
SEARCH_S = 10.0
STORED_S = 3.0


async def search_server(url: str, search: LeakSearch) -> None:
    """Search the pages that everybody may request."""
    for path in ("/metrics", "/health", "/"):
        answer = await AsyncHTTPClient().fetch(url + path, request_timeout=60)
        search.search_text(answer.body, None, f"{path} requested by a stranger")


def search_store(folder: Path, sessions: list[RandomSession], search: LeakSearch) -> None:
    """Search each stored run and its tables."""
    owners = {hash_key(key): each.markers.number for each in sessions for key in each.keys}
    for name, text, model in read_rows(folder):
        owner = owners.get(name, -1)
        search.search_text(text, owner, "rows of the store")
        search.search_settings(text, owner, "rows of the store")
        search.search_text(model, owner, "models in the store")
    for path in (folder / UPLOADS).glob("*/*"):
        owner = owners.get(path.parent.name, -1)
        search.search_text(path.read_bytes(), owner, "tables in the store")


async def run_sessions(
    url: str, n_sessions: int, n_actions: int, seed: int, search: LeakSearch
) -> tuple[list[RandomSession], Counter[str]]:
    """Open the sessions and let them act; return them and the number of actions of each kind."""
    sessions = [RandomSession(url, Markers(i), search, seed + i) for i in range(n_sessions)]
    for session in sessions:
        await session.open()
        await session.open_accordion()
    rng, done = random.Random(seed), Counter[str]()
    searched_at = time.monotonic()

    async def act_repeatedly() -> None:
        nonlocal searched_at
        while done.total() < n_actions:
            free = [each for each in sessions if not each.lock.locked()]
            session = rng.choice(free or sessions)
            try:
                kind, n = await session.act()
                done[kind] += n
            except (TimeoutError, WebSocketClosedError) as error:
                # A lost connection is no leak. The other sessions continue.
                session.errors.append(f"the session lost its server: {type(error).__name__}")
                await session.recover()
            if time.monotonic() - searched_at > SEARCH_S:
                searched_at = time.monotonic()
                await search_server(url, search)

    await asyncio.gather(*(act_repeatedly() for _ in range(min(N_AT_ONCE, n_sessions))))
    await search_server(url, search)
    # The server stores the last changes some seconds later.
    await asyncio.sleep(STORED_S)
    for session in sessions:
        await session.close()
    return sessions, done
