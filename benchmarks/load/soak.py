"""Soak: does memory stay flat, and the log clean, over time and many points?

``python -m benchmarks.load.soak --minutes 30`` lets one session stream as fast as it goes while
controls are turned and a second page comes and goes, until so much time has passed and 10⁷ points
are learned, and writes benchmarks/load/soak.md. Memory's slope is that of a line through what was
measured after the first half.
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

from benchmarks.load.apps import MEMORY, read_metrics, serve_app
from benchmarks.load.visitors import Visitor

REPORT = Path(__file__).with_suffix(".md")
POINTS = "clusterer_points_learned_total"
# The recording is full after 12 minutes, and after 20 two pages that came and went have been in
# memory at once.
WARM_SHARE = 1 / 2
PERIOD_S = 5.0


class Sample(NamedTuple):
    """What the server told, ``at_s`` after the beginning."""

    at_s: float
    n_bytes: float
    n_points: float
    n_threads: float


def fit_slope(samples: list[Sample]) -> tuple[float, float]:
    """Memory's slope in MB an hour by least squares, and its standard error.

    >>> fit_slope([Sample(3600.0 * i, 2e6 * i, 0, 0) for i in range(5)])
    (2.0, 0.0)
    """
    hours = np.array([each.at_s for each in samples]) / 3600
    megabytes = np.array([each.n_bytes for each in samples]) / 1e6
    hours -= hours.mean()
    slope = float(hours @ (megabytes - megabytes.mean()) / (hours @ hours))
    rest = megabytes - megabytes.mean() - slope * hours
    error = float(np.sqrt(rest @ rest / max(len(hours) - 2, 1) / (hours @ hours)))
    return round(slope, 3), round(error, 3)


async def soak(url: str, arguments: argparse.Namespace) -> tuple[list[Sample], int, list[str]]:
    """Memory over time, the frames painted, and the visitors' errors."""
    visitor, samples = Visitor(url, "?speed=inf"), []
    await visitor.open()
    start, errors = time.perf_counter(), visitor.errors
    while True:
        now = await read_metrics(url)
        at_s = time.perf_counter() - start
        samples.append(Sample(at_s, now[MEMORY], now[POINTS], now["clusterer_threads"]))
        if at_s >= 60 * arguments.minutes and now[POINTS] >= arguments.points:
            break
        noise = visitor.models["Noise"]["id"]
        await visitor.turn(noise, "value", round(0.01 * (1 + len(samples) % 20), 2))
        if not len(samples) % 12:
            guest = Visitor(url)
            await guest.open()
            await guest.close()
            errors += guest.errors
        await asyncio.sleep(PERIOD_S)
    await visitor.close()
    return samples, len(visitor.frame_times), errors


def show_course(samples: list[Sample]) -> str:
    """Memory in MB, as it was every five minutes.

    >>> show_course([Sample(150.0 * i, 1e6 * i, 0, 0) for i in range(5)])
    '0, 2, 4'
    """
    times = [each.at_s for each in samples]
    marks = np.searchsorted(times, np.arange(0, times[-1] + 1, 300.0))
    return ", ".join(f"{samples[i].n_bytes / 1e6:.0f}" for i in marks)


def count_faults(log: Path) -> tuple[int, int]:
    """Lines of the log that are errors, and tracebacks."""
    n_errors = n_tracebacks = 0
    for line in log.read_text("utf-8", "replace").splitlines():
        n_tracebacks += "Traceback" in line
        try:
            n_errors += json.loads(line)["level"] in ("error", "critical")
        except (ValueError, KeyError, TypeError):
            # What is no record was written past the log.
            n_errors += bool(line.strip())
    return n_errors, n_tracebacks


def write_report(samples: list[Sample], told: list[tuple[str, str, str]]) -> str:
    """The report as Markdown."""
    last = samples[-1]
    return "\n".join(
        [
            f"# {last.at_s / 60:.0f} minutes as fast as it goes",
            "",
            f"`python -m benchmarks.load.soak`, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end. One session "
            "streams without limit, its noise is turned every five seconds; once a minute another "
            "page is opened and closed. The slope is a line's through memory after the first half.",
            "",
            "| | measured | target |",
            "|---|---|---|",
            *(f"| {what} | {value} | {target} |" for what, value, target in told),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="of real time, at least")
    parser.add_argument("--points", type=float, default=1e7, help="points to learn, at least")
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with serve_app(log) as url:
            samples, n_frames, failed = asyncio.run(soak(url, arguments))
        n_errors, n_tracebacks = count_faults(log)
    print(*failed[:5], sep="\n")
    first, last = samples[0], samples[-1]
    warm = [each for each in samples if each.at_s >= WARM_SHARE * last.at_s]
    slope, error = fit_slope(warm)
    middle = warm[0]
    told = [
        ("points learned", f"{last.n_points:,.0f}", f"≥ {arguments.points:,.0f}"),
        ("frames painted", f"{n_frames:,}", ""),
        ("memory's slope after warm-up", f"{slope:+.1f} ± {error:.1f} MB/h", "flat"),
        (
            "memory at first / after warm-up / at last",
            " / ".join(f"{each.n_bytes / 1e6:.0f}" for each in (first, middle, last)) + " MB",
            "",
        ),
        ("memory every five minutes", show_course(samples) + " MB", ""),
        ("threads after warm-up / at last", f"{middle.n_threads:.0f} / {last.n_threads:.0f}", ""),
        ("errors of visitors", str(len(failed)), "0"),
        ("errors in the log / tracebacks", f"{n_errors} / {n_tracebacks}", "0 / 0"),
    ]
    text = write_report(samples, told)
    print(text)
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
