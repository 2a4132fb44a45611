"""Soak: memory and log of one session that streams at full speed for a long time.

``python -m benchmarks.load.soak --minutes 30`` lets one session stream at full speed while a
control changes and a second page opens and closes, until the time has passed and 10⁷ points are
learned. It writes benchmarks/load/soak.md. The slope of the memory is that of a line through the
measurements of the second half.
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.load.measurements import MEMORY
from tests.support.servers import read_metrics, serve_app
from tests.support.websocket_client import WebSocketClient

REPORT = Path(__file__).with_suffix(".md")
POINTS = "clusterer_points_learned_total"
# The recording is full after 12 minutes. After 20 minutes the server has held two closed pages in
# memory at once.
WARM_SHARE = 1 / 2
PERIOD_S = 5.0


class Sample(NamedTuple):
    """The server's metrics, ``at_s`` seconds after the start."""

    at_s: float
    n_bytes: float
    n_points: float
    n_threads: float


def fit_slope(samples: list[Sample]) -> tuple[float, float]:
    """Fit the memory's slope (MB/h) by least squares; return it and its standard error.

    >>> fit_slope([Sample(3600.0 * i, 2e6 * i, 0, 0) for i in range(5)])
    (2.0, 0.0)
    """
    hours = np.array([each.at_s for each in samples]) / 3600
    megabytes = np.array([each.n_bytes for each in samples]) / 1e6
    hours -= hours.mean()
    slope = float(hours @ (megabytes - megabytes.mean()) / (hours @ hours))
    residuals = megabytes - megabytes.mean() - slope * hours
    error = float(np.sqrt(residuals @ residuals / max(len(hours) - 2, 1) / (hours @ hours)))
    return round(slope, 3), round(error, 3)


async def soak(url: str, arguments: argparse.Namespace) -> tuple[list[Sample], int, list[str]]:
    """Return the memory over time, the number of frames, and the clients' errors."""
    client, samples = WebSocketClient(url, "?speed=inf"), []
    await client.open()
    start, errors = time.perf_counter(), client.errors
    while True:
        now = await read_metrics(url)
        at_s = time.perf_counter() - start
        samples.append(Sample(at_s, now[MEMORY], now[POINTS], now["clusterer_threads"]))
        if at_s >= 60 * arguments.minutes and now[POINTS] >= arguments.points:
            break
        noise = client.models["Noise"]["id"]
        await client.change(noise, "value", round(0.01 * (1 + len(samples) % 20), 2))
        if not len(samples) % 12:
            guest = WebSocketClient(url)
            await guest.open()
            await guest.close()
            errors += guest.errors
        await asyncio.sleep(PERIOD_S)
    await client.close()
    return samples, len(client.frame_times), errors


def format_course(samples: list[Sample]) -> str:
    """Write the memory (MB) every five minutes.

    >>> format_course([Sample(150.0 * i, 1e6 * i, 0, 0) for i in range(5)])
    '0, 2, 4'
    """
    times = [each.at_s for each in samples]
    marks = np.searchsorted(times, np.arange(0, times[-1] + 1, 300.0))
    return ", ".join(f"{samples[i].n_bytes / 1e6:.0f}" for i in marks)


def count_errors(log: Path) -> tuple[int, int]:
    """Count the log's errors and tracebacks."""
    n_errors = n_tracebacks = 0
    for line in log.read_text("utf-8", "replace").splitlines():
        n_tracebacks += "Traceback" in line
        try:
            n_errors += json.loads(line)["level"] in ("error", "critical")
        except (ValueError, KeyError, TypeError):
            # A line that is no JSON record was not written by the log.
            n_errors += bool(line.strip())
    return n_errors, n_tracebacks


def write_report(samples: list[Sample], rows: list[tuple[str, str, str]]) -> str:
    """Return the report as Markdown."""
    last = samples[-1]
    return "\n".join(
        [
            f"# {last.at_s / 60:.0f} minutes at full speed",
            "",
            f"`python -m benchmarks.load.soak`, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end. One session "
            "streams at full speed; its noise changes every five seconds; once a minute another "
            "page is opened and closed. The slope is that of a line through the memory of the "
            "second half.",
            "",
            "| | measured | target |",
            "|---|---|---|",
            *(f"| {name} | {value} | {target} |" for name, value, target in rows),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="least duration; default 30")
    parser.add_argument(
        "--points", type=float, default=1e7, help="least number of points; default 10⁷"
    )
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with serve_app(log) as url:
            samples, n_frames, failed = asyncio.run(soak(url, arguments))
        n_errors, n_tracebacks = count_errors(log)
    print(*failed[:5], sep="\n")
    first, last = samples[0], samples[-1]
    warm = [each for each in samples if each.at_s >= WARM_SHARE * last.at_s]
    slope, error = fit_slope(warm)
    middle = warm[0]
    rows = [
        ("points learned", f"{last.n_points:,.0f}", f"≥ {arguments.points:,.0f}"),
        ("frames drawn", f"{n_frames:,}", ""),
        ("slope of the memory after warm-up", f"{slope:+.1f} ± {error:.1f} MB/h", "flat"),
        (
            "memory at the start, after warm-up, at the end",
            " / ".join(f"{each.n_bytes / 1e6:.0f}" for each in (first, middle, last)) + " MB",
            "",
        ),
        ("memory every five minutes", format_course(samples) + " MB", ""),
        ("threads after warm-up, at the end", f"{middle.n_threads:.0f} / {last.n_threads:.0f}", ""),
        ("errors of clients", str(len(failed)), "0"),
        ("errors in the log / tracebacks", f"{n_errors} / {n_tracebacks}", "0 / 0"),
    ]
    text = write_report(samples, rows)
    print(text)
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
