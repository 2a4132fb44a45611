"""Neighbours: how much slower others are answered while one session works as hard as it can.

``python -m benchmarks.load.neighbours`` opens ten sessions and times the answers of nine of them
while the tenth streams as they do, learns as fast as it goes, or uploads a file of 1 GB, in turns;
it writes benchmarks/load/neighbours.md. Nobody's answers are to take 250 ms longer for another's
work.
"""

import argparse
import asyncio
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.load.apps import find_p95, open_all, serve_app, settle, show_pair, time_answers
from benchmarks.load.visitors import Visitor, write_message

REPORT = Path(__file__).with_suffix(".md")
PIECE_BYTES = 2**21
TABLE = "?source=table"
CASES = {
    "as the others": "",
    "learns as fast as it goes": "?speed=inf",
    "uploads a file": TABLE,
    "learns from the file as fast as it goes": f"{TABLE}&speed=inf",
}


def write_rows(n_bytes: int) -> bytes:
    """Rows of a table of four numbers and a class."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(20_000, 4)).round(6)
    text = "".join(f"{x},{y},{z},{w},a\n" for x, y, z, w in rows.tolist()).encode()
    return text[:n_bytes]


async def upload(visitor: Visitor, n_bytes: int) -> float:
    """Upload a CSV of about so many bytes, piece by piece; the seconds that it took."""
    rows = write_rows(PIECE_BYTES)
    rows = rows[: rows.rindex(b"\n") + 1]
    n_pieces = max(n_bytes // len(rows), 1)
    pieces = [b"x,y,z,w,class\n" + rows, *[rows] * (n_pieces - 1)]
    n_all, sent, start = sum(map(len, pieces)), 0, time.perf_counter()
    model, about = visitor.models["Upload"]["id"], {"number": 1}
    begin = about | {"kind": "begin", "name": "large.csv", "n_bytes": n_all}
    await visitor.ask("PATCH-DOC", write_message(model, begin))
    for piece in pieces:
        data = {"type": "bytes", "data": {"id": "0"}}
        content = write_message(model, about | {"kind": "piece", "start": sent, "data": data})
        await visitor.ask("PATCH-DOC", content, buffer=piece)
        sent += len(piece)
    return time.perf_counter() - start


async def measure(url: str, query: str, arguments: argparse.Namespace) -> tuple[list[float], str]:
    """The others' answers in one of the cases, and what to tell of it."""
    others, _ = await open_all(url, arguments.n - 1, 0.5)
    [one], _ = await open_all(url, 1, 0.5, query)
    n_bytes, note, task = int(arguments.mb * 2**20), "", None
    if query.startswith(TABLE):
        if "speed" in query:
            await upload(one, n_bytes // 10)
        else:
            task = asyncio.create_task(upload(one, n_bytes))
    await asyncio.sleep(0 if task else 5)
    times = []
    while len(times) < arguments.answers and not (task and task.done()):
        times += await time_answers(others, min(len(others), arguments.answers))
    if task:
        note = f"{arguments.mb:g} MB in {await task:.1f} s"
    errors = [error for each in (*others, one) for error in each.errors]
    if errors:
        note += f"; {len(errors)} errors: {errors[0]}"
    await asyncio.gather(*(visitor.close() for visitor in (*others, one)))
    await settle(url, 0)
    return times, note


async def measure_all(url: str, arguments: argparse.Namespace) -> list[str]:
    """The report's rows."""
    found: dict[str, list[float]] = {name: [] for name in CASES}
    notes = dict.fromkeys(CASES, "")
    for _ in range(arguments.rounds):
        for name, query in CASES.items():
            times, notes[name] = await measure(url, query, arguments)
            found[name] += times
    base = found["as the others"]
    rows = []
    for name, times in found.items():
        median_ms = 1000 * (statistics.median(times) - statistics.median(base))
        p95_ms = 1000 * (find_p95(times) - find_p95(base))
        more = "" if times is base else f"{median_ms:+.0f} / {p95_ms:+.0f} ms"
        rows.append(f"| {name} | {show_pair(times)} | {more} | {notes[name]} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10, help="sessions, the one included")
    parser.add_argument("--answers", type=int, default=180, help="answers to time a case")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of all cases in turns")
    parser.add_argument("--mb", type=float, default=1000.0, help="size of the file, below 1 024")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    with serve_app() as url:
        rows = asyncio.run(measure_all(url, arguments))
    text = "\n".join(
        [
            "# One session's work and the others' answers",
            "",
            f"{arguments.n} sessions, {arguments.rounds} rounds, Python "
            f"{platform.python_version()}, {os.cpu_count()} cores, load "
            f"{os.getloadavg()[0]:.1f} at the end. The answers, median / p95, are those of the "
            f"other {arguments.n - 1}, which stream at their usual speed. The visitors share the "
            "machine with the server. Target: no answer is slowed by more than 250 ms.",
            "",
            "| one session | answers of the others | slower by | |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
    print(text)
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
