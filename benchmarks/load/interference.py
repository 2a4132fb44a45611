"""Interference: the response times of other sessions while one session uses all that it can.

``python -m benchmarks.load.interference`` opens ten sessions and times the responses of nine of
them while the tenth streams like the others, learns at full speed, or uploads a file of 1 GB, in
turns. It writes benchmarks/load/interference.md. The work of one session must not slow the
responses of another by more than 250 ms.
"""

import argparse
import asyncio
import os
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.load.measurements import (
    find_p95,
    format_times,
    open_all,
    time_answers,
    wait_until_closed,
)
from tests.support.servers import serve_app
from tests.support.websocket_client import WebSocketClient, write_message

REPORT = Path(__file__).with_suffix(".md")
PIECE_BYTES = 2**21
TABLE = "?source=table"
BASE = "streams like the others"
CASES = {
    BASE: "",
    "learns at full speed": "?speed=inf",
    "uploads a file": TABLE,
    "learns from the file at full speed": f"{TABLE}&speed=inf",
}


def write_rows(n_bytes: int) -> bytes:
    """Write rows of a table of four numbers and a class, at most n_bytes."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(20_000, 4)).round(6)
    text = "".join(f"{x},{y},{z},{w},a\n" for x, y, z, w in rows.tolist()).encode()[:n_bytes]
    return text[: text.rindex(b"\n") + 1]


async def upload(client: WebSocketClient, n_bytes: int) -> float:
    """Upload a CSV file of about n_bytes piece by piece; return the seconds."""
    rows = write_rows(PIECE_BYTES)
    n_pieces = max(n_bytes // len(rows), 1)
    pieces = [b"x,y,z,w,class\n" + rows, *[rows] * (n_pieces - 1)]
    n_total, n_sent, start = sum(map(len, pieces)), 0, time.perf_counter()
    model, upload_number = client.models["Upload"]["id"], {"number": 1}
    begin = upload_number | {"kind": "begin", "name": "large.csv", "n_bytes": n_total}
    await client.ask("PATCH-DOC", write_message(model, begin))
    for piece in pieces:
        data = {"type": "bytes", "data": {"id": "0"}}
        message = upload_number | {"kind": "piece", "start": n_sent, "data": data}
        await client.ask("PATCH-DOC", write_message(model, message), buffer=piece)
        n_sent += len(piece)
    return time.perf_counter() - start


async def measure(url: str, query: str, arguments: argparse.Namespace) -> tuple[list[float], str]:
    """Return the others' response times (s) in one case, and a remark for the report."""
    others, _ = await open_all(url, arguments.n - 1, 0.5)
    [one], _ = await open_all(url, 1, 0.5, query)
    n_bytes, remark, task = int(arguments.mb * 2**20), "", None
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
        remark = f"{arguments.mb:g} MB in {await task:.1f} s"
    errors = [error for each in (*others, one) for error in each.errors]
    if errors:
        remark += f"; {len(errors)} errors: {errors[0]}"
    await asyncio.gather(*(client.close() for client in (*others, one)))
    await wait_until_closed(url)
    return times, remark


async def measure_all(url: str, arguments: argparse.Namespace) -> list[str]:
    """Return the report's rows."""
    found: dict[str, list[float]] = {name: [] for name in CASES}
    remarks = dict.fromkeys(CASES, "")
    for _ in range(arguments.rounds):
        for name, query in CASES.items():
            times, remarks[name] = await measure(url, query, arguments)
            found[name] += times
    base = found[BASE]
    rows = []
    for name, times in found.items():
        median_ms = 1000 * (statistics.median(times) - statistics.median(base))
        p95_ms = 1000 * (find_p95(times) - find_p95(base))
        slower = "" if times is base else f"{median_ms:+.0f} / {p95_ms:+.0f} ms"
        rows.append(f"| {name} | {format_times(times)} | {slower} | {remarks[name]} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10, help="number of sessions; default 10")
    parser.add_argument("--answers", type=int, default=180, help="responses to time in each case")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of all cases in turns")
    parser.add_argument("--mb", type=float, default=1000.0, help="size of the file, below 1 024")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    with serve_app() as url:
        rows = asyncio.run(measure_all(url, arguments))
    text = "\n".join(
        [
            "# The work of one session and the response times of the others",
            "",
            f"{arguments.n} sessions, {arguments.rounds} rounds, Python "
            f"{platform.python_version()}, {os.cpu_count()} cores, load "
            f"{os.getloadavg()[0]:.1f} at the end. The response times, median / p95, are those of "
            f"the other {arguments.n - 1} sessions, which stream at the default speed. The clients "
            "share the machine with the server. Target: no response is slowed by more than 250 ms.",
            "",
            "| one session | response times of the others | slower by | |",
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
