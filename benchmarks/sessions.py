"""Many sessions at once: how long pages and answers take, how frames and memory are shared.

``python -m benchmarks.sessions`` starts the app, opens 100 sessions by light websocket clients (see
`benchmarks.visitors`), lets them stream, turns controls, and writes benchmarks/sessions.md.
``--churn 1000`` then opens and closes so many, ten at once, and compares memory and threads.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys
import time
from pathlib import Path

from .apps import read_metrics, serve_app
from .visitors import Visitor

REPORT = Path(__file__).with_suffix(".md")
N_AT_ONCE = 4
CLOSED_S = 40.0  # a session is kept for 15 s after its socket has closed, looked at every 17 s


def find_p95(values: list[float]) -> float:
    return sorted(values)[min(int(0.95 * len(values)), len(values) - 1)]


async def settle(url: str, n_sessions: int) -> None:
    """Wait until no more sessions are open."""
    deadline = time.monotonic() + 4 * CLOSED_S
    while (await read_metrics(url))["clusterer_sessions"] > n_sessions:
        if time.monotonic() > deadline:
            raise TimeoutError("sessions are not closed")
        await asyncio.sleep(1)


async def open_all(url: str, n: int, interval_s: float, query: str) -> tuple[list, list]:
    """So many visitors, one each interval, and how long each opening took."""
    visitors, times = [], []
    for _ in range(n):
        start = time.perf_counter()
        visitor = Visitor(url, query)
        times.append(await visitor.open())
        visitors.append(visitor)
        await asyncio.sleep(max(interval_s - (time.perf_counter() - start), 0.0))
    return visitors, times


async def time_answers(visitors: list[Visitor], n: int) -> list[float]:
    """How long the noise slider's turn takes to be answered, one visitor after the other."""
    times = []
    for i in range(n):
        visitor = visitors[i % len(visitors)]
        slider = visitor.models["Noise"]["id"]
        times.append(await visitor.turn(slider, "value", round(0.01 * (1 + i % 40), 2)))
        await asyncio.sleep(0.05)
    return times


async def watch_frames(visitors: list[Visitor], duration_s: float) -> list[float]:
    """Frames a second of each visitor."""
    before = [len(each.frame_times) for each in visitors]
    start = time.perf_counter()
    await asyncio.sleep(duration_s)
    elapsed = time.perf_counter() - start
    return [(len(each.frame_times) - n) / elapsed for each, n in zip(visitors, before, strict=True)]


async def pause_all(visitors: list[Visitor]) -> None:
    for visitor in visitors:
        # Space, as the browser tells it.
        await visitor.turn(visitor.models["keys"]["id"], "pressed", "0  ")


async def measure(url: str, arguments: argparse.Namespace) -> list[str]:
    """The report's lines."""
    warm = Visitor(url)
    await warm.open()
    await asyncio.sleep(5)
    await warm.close()
    await settle(url, 0)
    base = await read_metrics(url)
    lines: list[tuple[str, str, str]] = []
    n = arguments.n
    visitors, times = await open_all(url, n, arguments.interval, arguments.query)
    lines.append(("opening, p50 / p95", show_pair(times), "p95 ≤ 2 s"))
    await asyncio.sleep(5)
    rates = await watch_frames(visitors, arguments.watch)
    answers = await time_answers(visitors, 200)
    lines.append(("a control's answer, p50 / p95", show_pair(answers), "p95 ≤ 0.5 s"))
    lines.append(
        (
            "frames a second of a session, least / median / all together",
            f"{min(rates):.1f} / {statistics.median(rates):.1f} / {sum(rates):.0f}",
            "least ≥ 2",
        )
    )
    full = await read_metrics(url)
    rate = full["clusterer_points_learned_total"]
    await asyncio.sleep(5)
    rate = ((await read_metrics(url))["clusterer_points_learned_total"] - rate) / 5
    lines.append(("points learned a second, all together", f"{rate:,.0f}", ""))
    lines.append(("memory a session, streaming", show_memory(base, full, n), ""))
    await pause_all(visitors)
    await asyncio.sleep(3)
    lines.append(("memory a session, paused", show_memory(base, await read_metrics(url), n), ""))
    errors = [error for each in visitors for error in each.errors]
    lines.append(("errors of visitors", str(len(errors)), "0"))
    print(*errors[:5], sep="\n")
    for visitor in visitors:
        await visitor.close()
    await settle(url, 0)
    lines += await churn(url, arguments.churn) if arguments.churn else []
    lines.append(
        ("errors of the server", f"{(await read_metrics(url)).get('clusterer_errors', 0):.0f}", "0")
    )
    return [f"| {what} | {value} | {target} |" for what, value, target in lines]


async def churn(url: str, n: int) -> list[tuple[str, str, str]]:
    """Open and close so many sessions; what stays of a tenth of them is the base."""
    await visit_many(url, max(n // 10, 1))
    before = await read_metrics(url)
    await visit_many(url, n)
    after = await read_metrics(url)
    growth = after["process_resident_memory_bytes"] / before["process_resident_memory_bytes"] - 1
    return [
        (f"memory after {n} sessions more were opened and closed", f"{growth:+.1%}", "≤ +5 %"),
        (
            "threads before / after",
            f"{before['clusterer_threads']:.0f} / {after['clusterer_threads']:.0f}",
            "the same",
        ),
        (
            "engines before / after",
            f"{before['clusterer_engines']:.0f} / {after['clusterer_engines']:.0f}",
            "the same",
        ),
    ]


async def visit_many(url: str, n: int) -> None:
    """Visit and leave, some at once."""
    waiting = list(range(n))

    async def visit() -> None:
        while waiting:
            waiting.pop()
            visitor = Visitor(url)
            await visitor.open()
            await visitor.close()

    await asyncio.gather(*(visit() for _ in range(N_AT_ONCE)))
    await settle(url, 0)


def show_pair(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} / {find_p95(times):.2f} s"


def show_memory(base: dict[str, float], now: dict[str, float], n: int) -> str:
    name = "process_resident_memory_bytes"
    return f"{(now[name] - base[name]) / n / 2**20:.1f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=100, help="sessions")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between openings")
    parser.add_argument("--watch", type=float, default=15.0, help="seconds to count frames")
    parser.add_argument("--query", default="", help="of the page's address, such as ?speed=inf")
    parser.add_argument("--churn", type=int, default=0, help="sessions to open and close then")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    with serve_app() as url:
        rows = asyncio.run(measure(url, arguments))
    cores = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    text = "\n".join(
        [
            f"# {arguments.n} sessions at once",
            "",
            f"`python -m benchmarks.sessions {' '.join(sys.argv[1:])}`, Python "
            f"{platform.python_version()}, {cores}. One opens every {arguments.interval:g} s; all "
            "stream at their usual speed unless the command says otherwise. The visitors share the "
            "machine with the server.",
            "",
            "| | measured | target |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )
    print(text)
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
