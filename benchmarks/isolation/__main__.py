"""Isolation: many sessions at once, each with values of its own that no other may ever meet.

``python -m benchmarks.isolation`` starts the app and opens 50 sessions by light websocket clients
(see `benchmarks.load.visitors`). At random they do whatever a page offers, 100,000 times in all:
turn settings, upload tables, choose columns, travel, branch, compare, sweep, take files away,
follow links, come back to their runs. All that any of them is sent, and afterwards the server's
log, /metrics, /health and store, is searched for what belongs to another one. The report goes to
benchmarks/isolation/isolation.md.
"""

import argparse
import asyncio
import math
import os
import platform
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient
from tornado.websocket import WebSocketClosedError

from benchmarks.isolation.actions import Resident
from benchmarks.isolation.canaries import Canary, Watch, read_rows
from benchmarks.load.apps import serve_app
from clusterer.session.saving.store import UPLOADS, hash_key

REPORT = Path(__file__).with_name("isolation.md")
N_AT_ONCE = 16
LOOK_S = 10.0
STORED_S = 3.0


async def fetch(url: str) -> str:
    """The text of a page."""
    answer = await AsyncHTTPClient().fetch(url, request_timeout=60)
    return answer.body.decode()


async def look_at_server(url: str, watch: Watch) -> None:
    """Search what anybody may ask for."""
    for place in ("/metrics", "/health", "/"):
        watch.look(await fetch(url + place), None, f"{place} asked for by a stranger")


def look_at_store(folder: Path, residents: list[Resident], watch: Watch) -> None:
    """Search each run that is kept, and its tables."""
    owners = {hash_key(key): each.canary.number for each in residents for key in each.keys}
    for name, told, model in read_rows(folder):
        owner = owners.get(name, -1)
        watch.look(told, owner, "rows of the store")
        watch.look_at_settings(told, owner, "rows of the store")
        watch.look(model, owner, "models in the store")
    for path in (folder / UPLOADS).glob("*/*"):
        owner = owners.get(path.parent.name, -1)
        watch.look(path.read_bytes(), owner, "tables in the store")


async def live(
    url: str, n_sessions: int, n_actions: int, seed: int, watch: Watch, most_s: float = math.inf
) -> tuple[list[Resident], Counter[str]]:
    """Open the sessions and have them act; who they were, and how often each did what."""
    residents = [Resident(url, Canary(i), watch, seed + i) for i in range(n_sessions)]
    for resident in residents:
        await resident.open()
        await resident.unfold()
    print(f"{n_sessions} sessions are open", flush=True)
    dice, done = random.Random(seed), Counter[str]()
    begin = looked_at = time.monotonic()

    async def act_on() -> None:
        nonlocal looked_at
        while done.total() < n_actions and time.monotonic() - begin < most_s:
            free = [each for each in residents if not each.lock.locked()]
            resident = dice.choice(free or residents)
            try:
                kind, n = await resident.act()
                done[kind] += n
            except (TimeoutError, WebSocketClosedError) as error:
                # Told in the report; what the others meet is searched nonetheless.
                resident.errors.append(f"it lost its server: {type(error).__name__}")
                await resident.come_back()
            if time.monotonic() - looked_at > LOOK_S:
                looked_at = time.monotonic()
                await look_at_server(url, watch)
                took_s = time.monotonic() - begin
                print(
                    f"{done.total():,} in {took_s:.0f} s; {watch.n_leaks.total()} leaks", flush=True
                )

    await asyncio.gather(*(act_on() for _ in range(min(N_AT_ONCE, n_sessions))))
    await look_at_server(url, watch)
    # What was asked for last is still to come.
    await asyncio.sleep(STORED_S)
    for resident in residents:
        await resident.close()
    return residents, done


def write_report(
    arguments: argparse.Namespace,
    watch: Watch,
    residents: list[Resident],
    done: Counter[str],
    took_s: float,
) -> str:
    """The report."""
    n_errors = sum(len(each.errors) for each in residents)
    n_runs = sum(len(each.keys) for each in residents)
    rows = [
        f"| {place} | {n:,} | {watch.n_own[place]:,} | {watch.n_leaks[place]} |"
        for place, n in sorted(watch.n_seen.items())
    ]
    acts = ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in done.most_common())
    return f"""# {len(residents)} sessions that must not meet

`python -m benchmarks.isolation --sessions {arguments.sessions} --actions {arguments.actions} \
--seed {arguments.seed}`, Python {platform.python_version()}, {took_s:.0f} s on \
{os.cpu_count()} cores that others used too.

One server process, every session a real websocket that speaks Bokeh's protocol, acknowledges
frames and acts as a page's own script would; no browser. {done.total():,} actions in random order
over all sessions, up to {N_AT_ONCE} under way at once, {n_runs:,} runs begun or brought back.

Each session has texts of its own (its table's name, columns, classes and cells, what is wrong in
its link), a seed, σ and K, and the points of its table lie where no others do. "Own" counts how
often a place held what belonged to its session: there the search would have found another's.

| place | looked at | own | of others |
|---|---:|---:|---:|
{chr(10).join(rows)}

In all {watch.n_leaks.total()} leaks (target: 0). Errors that visitors met, among them answers that
took more than a minute: {n_errors}.

Actions: {acts}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--actions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="at most")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    watch = Watch(arguments.sessions)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serve_app(
            folder / "log", STORE=f"{name}/store", TMPDIR=name, MOST_SESSIONS="1000"
        ) as url:
            residents, done = asyncio.run(
                live(
                    url,
                    arguments.sessions,
                    arguments.actions,
                    arguments.seed,
                    watch,
                    60 * arguments.minutes,
                )
            )
        look_at_store(folder / "store", residents, watch)
        for line in (folder / "log").read_bytes().splitlines():
            watch.look(line, None, "lines of the log")
        faults = re.findall(rb'"error_id": .*', (folder / "log").read_bytes())
    text = write_report(arguments, watch, residents, done, time.monotonic() - begin)
    print(text, *watch.leaks, *dict.fromkeys(e for r in residents for e in r.errors), sep="\n")
    print(*faults[:20], sep="\n")
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")
    sys.exit(bool(watch.leaks))


if __name__ == "__main__":
    main()
