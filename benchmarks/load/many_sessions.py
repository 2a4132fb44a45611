"""Many sessions at once: how long pages and answers take, how frames and memory are shared.

``python -m benchmarks.load.many_sessions`` starts the app, opens 100 sessions by light websocket
clients (see `benchmarks.load.visitors`), lets them stream, turns controls, hides the tabs, pauses,
and writes benchmarks/load/sessions.md. ``--churn 1000`` then opens and closes so many, four at
once, and compares memory, threads and callbacks; ``--only-churn`` does only that, and writes
benchmarks/load/churn.md.
"""

import argparse
import asyncio
import os
import platform
import statistics
import sys
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from benchmarks.load.apps import (
    MEMORY,
    find_p95,
    measure_load,
    open_all,
    pause_all,
    read_metrics,
    serve_app,
    settle,
    show_pair,
    time_answers,
    watch_frames,
)
from benchmarks.load.churn import churn
from benchmarks.load.visitors import Visitor

REPORT = Path(__file__).with_name("sessions.md")
N_ANSWERS = 200

Row = tuple[str, str, str]


async def measure(url: str, arguments: argparse.Namespace, *, is_churn: bool) -> list[Row]:
    """Rows of the report: what, measured, target."""
    warm = Visitor(url)
    await warm.open()
    await asyncio.sleep(5)
    await warm.close()
    await settle(url, 0)
    if is_churn:
        rows = await churn(url, arguments.churn)
    else:
        rows = await measure_crowd(url, arguments)
    n_errors = (await read_metrics(url)).get("clusterer_errors_total", 0)
    told = "errors of the server" + (", then" if is_churn else "")
    return [*rows, (told, f"{n_errors:.0f}", "0")]


async def measure_crowd(url: str, arguments: argparse.Namespace) -> list[Row]:
    """All sessions at once."""
    base = await read_metrics(url)
    n = arguments.n
    visitors, times = await open_all(url, n, arguments.interval, arguments.query)
    rows = [("opening, p50 / p95", show_pair(times), "p95 ≤ 2 s")]
    rows.append(("one session more", await try_one_more(url), "a busy page (503)"))
    await asyncio.sleep(5)
    rows += await measure_streaming(url, visitors, arguments.watch)
    rows.append(("memory a session, streaming", show_memory(base, await read_metrics(url), n), ""))
    rows += await measure_hidden(url, visitors, arguments.watch)
    await pause_all(visitors)
    await asyncio.sleep(3)
    load = await measure_load(url, 5)
    rows.append(("processor, all paused", f"{load:.2f} of a core", ""))
    full = await read_metrics(url)
    rows.append(("memory a session, paused", show_memory(base, full, n), "≤ 3 MiB"))
    errors = [error for each in visitors for error in each.errors]
    print(*errors[:5], sep="\n")
    rows.append(("errors of visitors", str(len(errors)), "0"))
    await asyncio.gather(*(visitor.close() for visitor in visitors))
    await settle(url, 0)
    return rows


async def try_one_more(url: str) -> str:
    """What the one gets for whom there is no room."""
    try:
        answer = await AsyncHTTPClient().fetch(url, request_timeout=60)
    except HTTPClientError as error:
        body = error.response.body.decode() if error.response else ""
        told = "with a page that says so" if "try again" in body else "without a word"
        return f"{error.code}, {told}"
    return f"{answer.code}: it was let in"


async def measure_streaming(url: str, visitors: list[Visitor], watch_s: float) -> list[Row]:
    """Frames, answers and points while all stream."""
    before = await read_metrics(url)
    rates = await watch_frames(visitors, watch_s)
    after = await read_metrics(url)
    name = "clusterer_points_learned_total"
    n_points = (after[name] - before[name]) / watch_s
    answers = await time_answers(visitors, N_ANSWERS)
    shares = f"{min(rates):.1f} / {statistics.median(rates):.1f} / {max(rates):.1f}"
    return [
        ("a control's answer, p50 / p95", show_pair(answers), "p95 ≤ 0.5 s"),
        ("frames a second of a session, least / median / most", shares, "least ≥ 2"),
        ("frames a second, all together", f"{sum(rates):.0f}", ""),
        ("points learned a second, all together", f"{n_points:,.0f}", ""),
    ]


async def measure_hidden(url: str, visitors: list[Visitor], watch_s: float) -> list[Row]:
    """What the same sessions cost when no tab is looked at; their streams go on."""
    shown = await measure_load(url, watch_s)
    for visitor in visitors:
        visitor.is_visible = False
    await asyncio.sleep(3)
    before = sum(visitor.n_bytes for visitor in visitors)
    hidden = await measure_load(url, watch_s)
    n_bytes = sum(visitor.n_bytes for visitor in visitors) - before
    rate = n_bytes / watch_s / len(visitors)
    times = []
    for visitor in visitors[:10]:
        n_frames = len(visitor.frame_times)
        visitor.show()
        start = asyncio.get_running_loop().time()
        while len(visitor.frame_times) == n_frames:
            await asyncio.sleep(0.01)
            if asyncio.get_running_loop().time() - start > 30:
                break
        times.append(asyncio.get_running_loop().time() - start)
    for visitor in visitors:
        visitor.show()
    return [
        ("processor, all tabs shown / all hidden", f"{shown:.2f} / {hidden:.2f} of a core", ""),
        ("sent to a hidden tab", f"{rate:,.0f} bytes/s", "0"),
        ("a hidden tab's first frame when shown again, p95", f"{find_p95(times):.2f} s", ""),
    ]


def show_memory(base: dict[str, float], now: dict[str, float], n: int) -> str:
    return f"{(now[MEMORY] - base[MEMORY]) / n / 2**20:.1f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=100, help="sessions")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between openings")
    parser.add_argument("--watch", type=float, default=15.0, help="seconds to count frames")
    parser.add_argument("--query", default="", help="of the page's address, such as ?speed=inf")
    parser.add_argument("--churn", type=int, default=0, help="sessions to open and close then")
    parser.add_argument("--only-churn", action="store_true", help="no crowd before it")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    rows: list[Row] = []
    if not arguments.only_churn:
        with serve_app(MOST_SESSIONS=str(arguments.n)) as url:
            rows += asyncio.run(measure(url, arguments, is_churn=False))
    if arguments.churn:
        # Those who have left take up room for a while.
        with serve_app(MOST_SESSIONS="1000") as url:
            rows += asyncio.run(measure(url, arguments, is_churn=True))
    text = write_report(rows, arguments)
    print(text)
    if not arguments.no_report:
        report = REPORT.with_stem("churn") if arguments.only_churn else REPORT
        report.write_text(text, "utf-8")


def write_report(rows: list[Row], arguments: argparse.Namespace) -> str:
    """The report as Markdown."""
    cores = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    title = f"{arguments.n} sessions at once"
    way = (
        f"One opens every {arguments.interval:g} s; all stream at their usual speed unless the "
        "command says otherwise. The visitors share the machine with the server."
    )
    if arguments.only_churn:
        title, way = f"{arguments.churn} sessions opened and closed", "Four at a time."
    lines = [
        f"# {title}",
        "",
        f"`python -m benchmarks.load.many_sessions {' '.join(sys.argv[1:])}`, Python "
        f"{platform.python_version()}, {cores}. {way}",
        "",
        "| | measured | target |",
        "|---|---|---|",
        *(f"| {what} | {value} | {target} |" for what, value, target in rows),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
