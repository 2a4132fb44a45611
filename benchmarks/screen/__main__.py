"""`python -m benchmarks.screen`: cost and frame rate of live plotting in headless Chromium.

Compares our dashboard with a plain `hv.DynamicMap` with `hv.streams.Buffer`, in turns, on the same
machine. Writes screen.md.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from benchmarks.screen.browser import Showing, show, stall, watch
from tests.support.chromium import find_chromium
from tests.support.servers import ROOT, find_free_port, wait_for_port

FOLDER = Path(__file__).parent
SIZE = {"width": 1440, "height": 900}
PACKAGES = ("panel", "bokeh", "holoviews", "panel-material-ui", "numpy", "numba")
STALL_S = 8.0
FULL_SPEED = "ours, at full speed, density image of 1 M"
FURTHER = f"{FULL_SPEED}, later"
CASES = {
    "ours, paused": "?k=20#paused",
    "ours, 200 points/s, 2 000 live": "?k=20",
    "ours, 5 000 points/s, 5 000 live": "?k=20&window=5000&speed=5000",
    FULL_SPEED: "?k=20&window=1000000&speed=inf",
    "hv.DynamicMap + Buffer, 2 000 live": "holoviews?length=2000",
    "hv.DynamicMap + Buffer, 5 000 live": "holoviews?length=5000",
}
OURS, THEIRS = "ours, 5 000 points/s, 5 000 live", "hv.DynamicMap + Buffer, 5 000 live"

NOTES = """\
{machine}. {packages}.
Chromium {chromium}, headless, without a graphics card, on the same cores as the server; {size}.
Medians of {n_rounds} rounds of {seconds:g} s in which all cases take turns, least and most in
brackets. An update is an animation frame in which the browser has drawn new data. Bytes are those
of the websocket before compression. The loop's time is the CPU time of the thread that serves; the
process's time includes the clustering. The longest block is the wall time of the loop's longest
callback, other work on the machine included; the column after it is the largest CPU time of a
callback. The machine is shared: the paused page shows its load. The round trip goes from a key on
a slider to the return of its value from the server, {n_answers} answers a round. Both servers send
without Nagle's delay. A periodic callback feeds the Buffer 200 points every 25 ms; nothing is
clustered there.
"""


@contextmanager
def start_server() -> Iterator[str]:
    """Start the measured server in a process of its own; yield its address."""
    port = find_free_port()
    command = [sys.executable, "-m", "benchmarks.screen.server", str(port)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for_port(port, process=server)
        yield f"http://localhost:{port}"
    finally:
        server.terminate()
        server.wait()


Showings = dict[str, list[Showing]]


def run_round(browser: Browser, seconds: float, found: Showings, stalls: dict) -> None:
    """Show each case once, with a new server and page."""
    for name, path in CASES.items():
        with start_server() as address:
            page = browser.new_page(viewport=SIZE)
            print(name, file=sys.stderr, flush=True)
            found[name].append(show(page, address, path, seconds))
            if name == FULL_SPEED:
                found[FURTHER].append(watch(page, address, seconds))
            if name in (OURS, THEIRS, FULL_SPEED):
                stalls[name].append(stall(page, address, STALL_S))
            page.close()


def write_spread(values: list[float], form: str) -> str:
    low, middle, high = np.quantile(values, (0, 0.5, 1))
    return f"{middle:{form}} ({low:{form}}–{high:{form}})"


def tabulate(found: Showings) -> list[str]:
    """Return the table of the cases, one row each."""
    lines = [
        "| case | points seen | points/s | updates/s | bytes/update | loop, ms/update "
        "| process, ms/update | longest block, ms | longest CPU time, ms | slider p50, ms "
        "| slider p95, ms |",
        "| --- |" + " ---: |" * 10,
    ]
    for name, showings in found.items():
        cells = [
            f"{np.median([each.n_seen for each in showings]):,.0f}" if "ours" in name else "–",
            write_spread([each.points_per_s for each in showings], ",.0f")
            if "ours" in name
            else "–",
            write_spread([each.updates_per_s for each in showings], ".1f"),
            *(
                write_spread(values, form) if showings[0].updates_per_s > 1 else "–"
                for values, form in (
                    ([each.bytes_per_update for each in showings], ",.0f"),
                    ([each.server_ms_per_update for each in showings], ".1f"),
                    ([each.process_ms_per_update for each in showings], ".1f"),
                )
            ),
            write_spread([each.longest_block_ms for each in showings], ".0f"),
            write_spread([each.longest_cpu_ms for each in showings], ".0f"),
            write_spread([np.quantile(each.round_trips_ms, 0.5) for each in showings], ".0f"),
            write_spread([np.quantile(each.round_trips_ms, 0.95) for each in showings], ".0f"),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def tabulate_ratios(found: Showings) -> list[str]:
    """Return the ratios of ours to theirs within each round, with 5 000 live points in both."""
    pairs = list(zip(found[OURS], found[THEIRS], strict=True))
    ratios = {
        "updates/s": [a.updates_per_s / b.updates_per_s for a, b in pairs],
        "loop's time an update": [
            a.server_ms_per_update / b.server_ms_per_update for a, b in pairs
        ],
        "slider p95": [
            np.quantile(a.round_trips_ms, 0.95) / np.quantile(b.round_trips_ms, 0.95)
            for a, b in pairs
        ],
    }
    return [f"- {name}: {write_spread(values, '.2f')}" for name, values in ratios.items()]


def tabulate_stalls(stalls: dict[str, list[dict[str, float]]]) -> list[str]:
    """Return the table of the server's work while the browser's only thread is busy."""
    lines = [
        "| case | bytes/s | loop, % of a core | memory, bytes/s |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, each in stalls.items():
        cells = [
            write_spread([one["bytes"] for one in each], ",.0f"),
            write_spread([100 * one["loop_cpu"] for one in each], ".1f"),
            write_spread([one["memory"] for one in each], ",.0f"),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def report(found: Showings, stalls: dict, chromium: str, seconds: float) -> str:
    """Return the report as Markdown."""
    n_rounds = len(found[OURS])
    notes = NOTES.format(
        machine=f"{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[1]:.0f} when done",
        packages=", ".join(f"{each} {version(each)}" for each in PACKAGES),
        chromium=chromium,
        size="{width} × {height}".format(**SIZE),
        n_rounds=n_rounds,
        seconds=seconds,
        n_answers=len(found[OURS][0].round_trips_ms),
    )
    parts = [
        "# Live on the screen",
        "",
        notes,
        *tabulate(found),
        "",
        "Ratio of ours to `hv.DynamicMap` with `Buffer` within each round, 5 000 live points each:",
        "",
        *tabulate_ratios(found),
        "",
        f"## A stalled browser\n\nThe browser's only thread is busy for {STALL_S:g} s.\n",
        *tabulate_stalls(stalls),
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screen", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds; default 3")
    parser.add_argument(
        "--seconds", type=float, default=8.0, help="seconds of each case and round; default 8"
    )
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    arguments = parser.parse_args()
    found: Showings = defaultdict(list)
    stalls: dict[str, list[dict[str, float]]] = defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(playwright.chromium.executable_path),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for _ in range(arguments.rounds):
            run_round(browser, arguments.seconds, found, stalls)
        text = report(found, stalls, browser.version, arguments.seconds)
        browser.close()
    print(text)
    if not arguments.dry:
        (FOLDER / "screen.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
