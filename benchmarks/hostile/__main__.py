"""Hostile input: does anything that strangers may send break a session?

``python -m benchmarks.hostile`` sends 10 000 tables (drawn by Hypothesis, and real ones that were
mutated), 1 000 corrupted models, 1 000 links and 1 000 sets of parameters through a session in a
process that is watched. After each failure and each 100 cases a good table has to load. All is
drawn by ``--seed``; ``--replay tables:123`` shows one case. The report goes to
benchmarks/hostile/hostile.md; exits with 1 if anything failed.
"""

import argparse
import os
import platform
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir

from benchmarks.hostile.worker import (
    KINDS,
    LONGEST_S,
    MOST_GROWN_BYTES,
    N_TRIES,
    Result,
    Watched,
    make_cases,
)

REPORT = Path(__file__).with_name("hostile.md")
BESIDE = Path(__file__).resolve().parents[3] / "shared"
N_BETWEEN = 100
N_TOLD = 1000
LIBRARIES = ("numpy", "pandas", "pyarrow", "numba", "panel", "bokeh", "tornado", "hypothesis")
N_SLOWEST = 5


def find_awkward() -> Path | None:
    """The shared folder of awkward files, if it is there."""
    folder = Path(os.environ.get("CLUSTERER_SHARED") or BESIDE) / "awkward"
    return folder if folder.is_dir() else None


def run_kind(watched: Watched, kind: str, numbers: range) -> list[Result]:
    """Try out the cases of one kind, with good files between them."""
    results = []
    for number in numbers:
        result = watched.attempt(kind, number)
        results.append(result)
        if result.trouble or number % N_BETWEEN == N_BETWEEN - 1:
            results.append(watched.attempt("good", number))
        if result.trouble:
            print(f"{kind}:{number} {result.trouble}", flush=True)
        if number % N_TOLD == N_TOLD - 1:
            print(f"{number + 1:,} {kind}, {watched.grown_bytes >> 20} MB more", flush=True)
    return results


def write_report(found: dict[str, list[Result]], watched: Watched, seed: int, took_s: float) -> str:
    """The report as Markdown."""
    everything = [result for results in found.values() for result in results]
    failed = [result for result in everything if result.trouble]
    rows = []
    for kind, results in found.items():
        ours = [result for result in results if result.kind == kind]
        bad = sum(bool(result.trouble) for result in ours)
        slowest = max((result.wall_s for result in ours), default=0.0)
        rows.append(f"| {kind} | {len(ours):,} | {tell_outcomes(ours)} | {bad} | {slowest:.2f} s |")
    slowest_ones = sorted(everything, key=lambda one: -one.wall_s)[:N_SLOWEST]
    n_good = sum(result.kind == "good" for result in everything)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return "\n".join(
        (
            "# Hostile input",
            "",
            f"`python -m benchmarks.hostile --seed {seed}`: {took_s / 60:.0f} minutes on "
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end. Python "
            f"{platform.python_version()}, {versions}.",
            "",
            "| what | cases | became | failed | slowest, wall time |",
            "| --- | ---: | --- | ---: | ---: |",
            *rows,
            "",
            "| | measured | target |",
            "| --- | ---: | ---: |",
            f"| failures of any kind | {len(failed)} | 0 |",
            f"| processes started | {watched.n_started} | 1 |",
            f"| good files loaded in between | {n_good} of {n_good} | all |"
            if not any(result.kind == "good" for result in failed)
            else "| good files loaded in between | not all | all |",
            f"| memory grown by | {watched.grown_bytes / 2**20:.0f} MB "
            f"| ≤ {MOST_GROWN_BYTES >> 20} MB |",
            f"| slowest, wall time (CPU) | {slowest_ones[0].wall_s:.2f} s "
            f"({slowest_ones[0].cpu_s:.2f} s) | ≤ {LONGEST_S:g} s on a machine of its own |",
            "",
            f"A case fails that takes more than {LONGEST_S:g} s of CPU, or of wall time divided by "
            f"the load per core, at the least of {N_TRIES} times: others work on the machine, too.",
            "",
            "The slowest, wall time and seconds of CPU: "
            + ", ".join(
                f"{one.kind}:{one.number} {one.wall_s:.2f} ({one.cpu_s:.2f})"
                for one in slowest_ones
            )
            + ".",
            *(["", "## Failed", ""] if failed else []),
            *(f"- `{one.kind}:{one.number}`\n\n```\n{one.trouble.strip()}\n```" for one in failed),
            "",
        )
    )


def tell_outcomes(results: list[Result]) -> str:
    counted = Counter(result.outcome for result in results if result.outcome)
    return "; ".join(f"{n:,} {outcome}" for outcome, n in counted.most_common())


def replay(case: str, seed: int) -> None:
    """Show one case and what becomes of it."""
    kind, _, number = case.partition(":")
    made = make_cases(seed, find_awkward())[kind].make(int(number))
    if isinstance(made, bytes):
        path = Path(gettempdir()) / f"hostile-{kind}-{number}"
        path.write_bytes(made)
        print(f"written to {path}")
    else:
        print(made)
    watched = Watched(seed, find_awkward())
    result = watched.attempt(kind, int(number))
    print(f"{result.outcome} {result.wall_s:.2f} s, {result.cpu_s:.2f} s of CPU\n{result.trouble}")
    watched.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=1_000, help="and as many links, parameters")
    parser.add_argument("--only", choices=KINDS, help="this kind alone; writes no report")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--replay", metavar="KIND:NUMBER", help="one case alone")
    given = parser.parse_args()
    if given.replay:
        replay(given.replay, given.seed)
        return
    start = time.monotonic()
    watched = Watched(given.seed, find_awkward())
    found = {}
    for kind in (given.only,) if given.only else KINDS:
        n = given.tables if kind == "tables" else given.models
        found[kind] = run_kind(watched, kind, range(given.first, given.first + n))
    watched.close()
    text = write_report(found, watched, given.seed, time.monotonic() - start)
    print(text)
    if not given.only:
        REPORT.write_text(text, "utf-8")
    sys.exit(any(result.trouble for results in found.values() for result in results))


if __name__ == "__main__":
    main()
