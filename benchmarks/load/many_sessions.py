"""Many sessions at once: opening times, response times, frame rates, memory.

``python -m benchmarks.load.many_sessions`` starts the app, opens 100 sessions with websocket
clients (see `tests.support.websocket_client`), lets them stream, changes controls, hides the tabs,
pauses the streams, and writes benchmarks/load/many_sessions.md.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from benchmarks.load.measurements import (
    CPU,
    MEMORY,
    find_p95,
    format_times,
    measure_frame_rates,
    measure_load,
    open_all,
    open_together,
    pause_all,
    time_answers,
    wait_until_closed,
)
from tests.support.servers import read_metrics, serve_app
from tests.support.websocket_client import WebSocketClient

REPORT = Path(__file__).with_suffix(".md")
N_ANSWERS = 200
N_PAGES = 10
N_CONNECTIONS = 20
"""So many of the visitors who open the page at once have a connection at the same time."""

Row = tuple[str, str, str]


async def measure(url: str, arguments: argparse.Namespace) -> list[Row]:
    """Return the report's rows: quantity, measured value, target."""
    first = WebSocketClient(url)  # the first session pays for imports and compilation
    await first.open()
    await asyncio.sleep(5)
    await first.close()
    await wait_until_closed(url)
    rows = await measure_opening(url, arguments)
    rows += await measure_sessions(url, arguments)
    n_errors = (await read_metrics(url)).get("clusterer_errors_total", 0)
    return [*rows, ("errors of the server", f"{n_errors:.0f}", "0")]


async def measure_opening(url: str, arguments: argparse.Namespace) -> list[Row]:
    """Measure what a page costs the server, and how long visitors wait who come at once."""
    before = (await read_metrics(url))[CPU]
    clients, _ = await open_all(url, N_PAGES, 0.0, "?speed=1")
    spent_s = ((await read_metrics(url))[CPU] - before) / N_PAGES
    await asyncio.gather(*(client.close() for client in clients))
    await wait_until_closed(url)
    clients, times, all_s = await open_together(url, arguments.n, N_CONNECTIONS, arguments.query)
    await asyncio.gather(*(client.close() for client in clients))
    await wait_until_closed(url)
    return [
        ("server's CPU time for a page", f"{spent_s:.2f} s", "≤ 0.15 s"),
        (
            f"opening, all at once with {N_CONNECTIONS} connections, p50 / p95",
            format_times(times),
            "p95 ≤ 5 s",
        ),
        ("all of them shown after", f"{all_s:.0f} s", "≤ 15 s"),
    ]


async def measure_sessions(url: str, arguments: argparse.Namespace) -> list[Row]:
    """Measure all sessions together: opening, streaming, hidden, paused."""
    base = await read_metrics(url)
    n = arguments.n
    clients, times = await open_all(url, n, arguments.interval, arguments.query)
    rows = [("opening, p50 / p95", format_times(times), "p95 ≤ 2 s")]
    rows.append(("one session more", await open_one_more(url), "a busy page (503)"))
    await asyncio.sleep(5)
    rows += await measure_streaming(url, clients, arguments.watch)
    rows.append(
        ("memory a session, streaming", format_memory(base, await read_metrics(url), n), "")
    )
    rows += await measure_hidden(url, clients, arguments.watch)
    await pause_all(clients)
    await asyncio.sleep(3)
    load = await measure_load(url, 5)
    rows.append(("processor, all paused", f"{load:.2f} of a core", ""))
    full = await read_metrics(url)
    rows.append(("memory a session, paused", format_memory(base, full, n), "≤ 3 MiB"))
    errors = [error for each in clients for error in each.errors]
    print(*errors[:5], sep="\n")
    rows.append(("errors of clients", str(len(errors)), "0"))
    await asyncio.gather(*(client.close() for client in clients))
    await wait_until_closed(url)
    return rows


async def open_one_more(url: str) -> str:
    """Open a page beyond the limit of sessions; describe the answer."""
    try:
        answer = await AsyncHTTPClient().fetch(url, request_timeout=60)
    except HTTPClientError as error:
        body = error.response.body.decode() if error.response else ""
        page = "with a page that says so" if "try again" in body else "without an explanation"
        return f"{error.code}, {page}"
    return f"{answer.code}: the session was admitted"


async def measure_streaming(url: str, clients: list[WebSocketClient], watch_s: float) -> list[Row]:
    """Measure frames, response times and points while all sessions stream."""
    before = await read_metrics(url)
    rates = await measure_frame_rates(clients, watch_s)
    after = await read_metrics(url)
    name = "clusterer_points_learned_total"
    n_points = (after[name] - before[name]) / watch_s
    answers = await time_answers(clients, N_ANSWERS)
    spread = f"{min(rates):.1f} / {statistics.median(rates):.1f} / {max(rates):.1f}"
    return [
        ("a control's response time, p50 / p95", format_times(answers), "p95 ≤ 0.5 s"),
        ("frames a second of a session, least / median / most", spread, "least ≥ 2"),
        ("frames a second, all together", f"{sum(rates):.0f}", ""),
        ("points learned a second, all together", f"{n_points:,.0f}", ""),
    ]


async def measure_hidden(url: str, clients: list[WebSocketClient], watch_s: float) -> list[Row]:
    """Measure the cost of the same sessions with hidden tabs; their streams continue."""
    shown = await measure_load(url, watch_s)
    for client in clients:
        client.is_visible = False
    await asyncio.sleep(3)
    before = sum(client.n_bytes for client in clients)
    hidden = await measure_load(url, watch_s)
    n_bytes = sum(client.n_bytes for client in clients) - before
    rate = n_bytes / watch_s / len(clients)
    times = []
    for client in clients[:10]:
        n_frames = len(client.frame_times)
        client.show()
        start = asyncio.get_running_loop().time()
        while len(client.frame_times) == n_frames:
            await asyncio.sleep(0.01)
            if asyncio.get_running_loop().time() - start > 30:
                break
        times.append(asyncio.get_running_loop().time() - start)
    for client in clients:
        client.show()
    return [
        ("processor, all tabs shown / all hidden", f"{shown:.2f} / {hidden:.2f} of a core", ""),
        ("sent to a hidden tab", f"{rate:,.0f} bytes/s", "0"),
        ("a hidden tab's first frame when shown again, p95", f"{find_p95(times):.2f} s", ""),
    ]


def format_memory(base: dict[str, float], now: dict[str, float], n: int) -> str:
    """Write the memory of one session."""
    return f"{(now[MEMORY] - base[MEMORY]) / n / 2**20:.1f} MiB"


def write_report(rows: list[Row], arguments: argparse.Namespace) -> str:
    """Return the report as Markdown."""
    return "\n".join(
        [
            f"# {arguments.n} sessions at once",
            "",
            f"`python -m benchmarks.load.many_sessions {' '.join(sys.argv[1:])}`, Python "
            f"{platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} "
            f"at the end. A session opens every {arguments.interval:g} s; all stream at the "
            "default speed unless the command says otherwise. The clients share the machine with "
            "the server.",
            "",
            "| | measured | target |",
            "|---|---|---|",
            *(f"| {name} | {value} | {target} |" for name, value, target in rows),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=100, help="number of sessions; default 100")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between openings")
    parser.add_argument("--watch", type=float, default=15.0, help="seconds of each measurement")
    parser.add_argument("--query", default="", help="query of the page's address, e.g. ?speed=inf")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    with serve_app(MOST_SESSIONS=str(arguments.n)) as url:
        text = write_report(asyncio.run(measure(url, arguments)), arguments)
    print(text)
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
