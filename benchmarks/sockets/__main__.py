"""Malformed messages and dropped sockets: does the server stay up, do pages come back?

``python -m benchmarks.sockets`` sends 1,000 malformed messages of all kinds (see
`benchmarks.sockets.fragments`) to a running server, while another session turns a control now and
then. Then it drops 100 sockets, of protocol clients and of pages in headless Chromium, by cutting
the connections of a small proxy, and times how long each page takes to be back with its run. The
report goes to benchmarks/sockets/sockets.md.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.load.apps import read_metrics, serve_app
from benchmarks.load.many_sessions import find_p95
from benchmarks.sockets.dropped import drop_rounds
from benchmarks.sockets.malformed import Attack, attack
from benchmarks.sockets.messages import CANARY

REPORT = Path(__file__).with_name("sockets.md")
N_PER_ROUND = 4
MOST_S = 35.0


def judge_log(path: Path) -> tuple[int, int, Counter[str]]:
    """Lines that are no JSON, lines with what was sent, and the others by level and logger."""
    n_bare, n_told, kinds = 0, 0, Counter[str]()
    for line in path.read_text("utf-8").splitlines():
        n_told += CANARY in line
        try:
            told = json.loads(line)
            kinds[f"{told['level']} of {told['logger']}"] += 1
        except ValueError:
            n_bare += 1
    return n_bare, n_told, kinds


async def begin_attack(url: str, n: int, seed: int) -> tuple[Attack, dict[str, float]]:
    """The attack, and what the server tells afterwards."""
    done = await attack(url, n, seed)
    return done, await read_metrics(url)


def report_attack(n: int, seed: int) -> list[str]:
    """Send malformed messages; the report's lines."""
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "log"
        with serve_app(log, TMPDIR=name) as url:
            done, metrics = asyncio.run(begin_attack(url, n, seed))
        n_bare, n_told, kinds = judge_log(log)
    rows = [
        f"| {kind} | {tally.total()} | {tally['closed']} | {tally['refused']} | {tally['taken']} |"
        for kind, tally in done.outcomes.items()
    ]
    answers = done.answers
    return [
        f"## {sum(tally.total() for tally in done.outcomes.values()):,} malformed messages",
        "",
        "| kind | sent | the socket was closed | answered with an error | taken or passed over |",
        "|---|---:|---:|---:|---:|",
        *rows,
        "",
        "| | measured | target |",
        "|---|---|---|",
        f"| the server is up, with {metrics['clusterer_sessions']:.0f} sessions | yes | yes |",
        f"| a bystander's control, p50 / p95 / most, of {len(answers)} | "
        f"{statistics.median(answers):.2f} / {find_p95(answers):.2f} / {max(answers):.2f} s | |",
        f"| the bystander's frames, errors | {done.n_frames}, {done.n_errors} | > 0, 0 |",
        f"| the server's memory, most beyond its start | {done.growth_mb:.0f} MB | |",
        f"| lines of the log that are no JSON, or hold what was sent | {n_bare}, {n_told} | 0, 0 |",
        "",
        f"Logged: {', '.join(f'{n} {kind}' for kind, n in kinds.most_common())}.",
        "",
    ]


def report_drops(n: int, *, is_full: bool) -> list[str]:
    """Drop sockets; the report's lines."""
    with tempfile.TemporaryDirectory() as name:
        most = str(N_PER_ROUND) if is_full else "200"
        environment = {"ORIGINS": "*", "MOST_SESSIONS": most, "TMPDIR": name}
        with serve_app(Path(name) / "log", **environment) as url:
            drops = asyncio.run(drop_rounds(url, n // N_PER_ROUND, N_PER_ROUND))
    rows = []
    for kind, mine in (("protocol client", drops.visitors), ("Chromium", drops.pages)):
        times = [drop.took_s for drop in mine]
        n_same = sum(drop.is_same for drop in mine)
        rows.append(
            f"| {kind}{', all places taken' if is_full else ''} | {len(mine)} | {n_same} | "
            f"{min(times):.1f} / {statistics.median(times):.1f} / {find_p95(times):.1f} / "
            f"{max(times):.1f} s | {sum(t <= MOST_S for t in times)} |"
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--drops", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-report", action="store_true", help="print only")
    arguments = parser.parse_args()
    attacked = report_attack(arguments.messages, arguments.seed)
    print(*attacked, sep="\n", flush=True)
    n_full = arguments.drops * 3 // 10
    dropped = report_drops(arguments.drops - n_full, is_full=False)
    dropped += report_drops(n_full, is_full=True)
    text = "\n".join(
        [
            "# Malformed messages and dropped sockets",
            "",
            f"`python -m benchmarks.sockets {' '.join(sys.argv[1:])}`, Python "
            f"{platform.python_version()}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} "
            "cores at the end.",
            "",
            *attacked,
            f"## {arguments.drops} dropped sockets",
            "",
            f"{N_PER_ROUND} at once, of which one is a page in headless Chromium: their connections"
            " are reset by a proxy between. Back is who shows the same run again, with the K that"
            " was set and no fewer points than before.",
            "",
            "| | dropped | back with its run | least / p50 / p95 / most | within 35 s |",
            "|---|---:|---:|---|---:|",
            *dropped,
            "",
        ]
    )
    print(text)
    if not arguments.no_report:
        REPORT.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
