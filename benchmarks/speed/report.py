"""The report on the speed, put together from the measurements."""

import platform
from dataclasses import dataclass, field
from importlib.metadata import version

from llvmlite.binding import get_host_cpu_name

from benchmarks.speed.markdown import (
    Cells,
    tabulate_first_calls,
    tabulate_lengths,
    tabulate_limit,
    tabulate_memory,
    tabulate_options,
    tabulate_rates,
    tabulate_ratios,
    tabulate_sweep,
)
from benchmarks.speed.rates import Effort, Rates
from benchmarks.speed.sweeps import Sweep
from benchmarks.speed.targets import tabulate_targets

NOTES = """\
Rates are medians of {rounds} rounds in which all take turns; a model goes on learning from round
to round. n = {n} a round, fewer for those who take longer than {longest} s: see the last column.
A ratio is taken within each round: median (least–most). Seconds are of the CPU, one core each:
the machine is shared, and waiting is not counted. Yet others at work slow the memory and the
clock, so ratios count, and rates are only what the machine had to spare. First calls are timed
by the clock on the wall. K is the number of prototypes,
micro-clusters, centres or coreset points.

† has no K: radius {radius} √(d/2). ‡ has another K: told 10 clusters.
"""


@dataclass
class Measurements:
    """All that a run has measured."""

    effort: Effort
    cells: Cells = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    options: list[Rates] = field(default_factory=list)
    lengths: dict[int, list[float]] = field(default_factory=dict)
    memory: list[list[float]] = field(default_factory=list)
    first_calls: dict[str, list[list[float]]] = field(default_factory=dict)


def describe_machine() -> str:
    """What was measured on, without its name."""
    packages = ", ".join(f"{each} {version(each)}" for each in ("numpy", "numba", "scikit-learn"))
    python = f"{platform.system()}, Python {platform.python_version()}"
    return f"{get_host_cpu_name()}, {python}, {packages}."


def name_missing(cells: Cells) -> str:
    """The packages that were skipped."""
    # Ours lacks nothing of its own: its River face is skipped with River.
    peers = [each for results in cells.values() for each in results if each.missing != "clusterer"]
    missing = {each.missing for each in peers if each.missing}
    return f"Skipped, not installed: {', '.join(sorted(missing))}.\n" if missing else ""


def describe_run(effort: Effort) -> str:
    """How it was measured."""
    n = f"{effort.n_points:,}".replace(",", " ")
    return NOTES.format(rounds=effort.n_rounds, n=n, longest=effort.longest, radius=2)


def write_report(found: Measurements) -> str:
    """The whole report in Markdown."""
    sections = {
        "Targets": tabulate_targets(found.cells, found.first_calls),
        "Rates": tabulate_rates(found.cells),
        "Against the limit": tabulate_limit(found.cells),
        "Against peers": tabulate_ratios(found.cells),
        "By K": tabulate_sweep("d, K", found.sweeps["d, K"]),
        "By d, K = 20": tabulate_sweep("d", found.sweeps["d"]),
        "By stream, K = 20, d = 2": tabulate_sweep("stream", found.sweeps["stream"]),
        "By option": tabulate_options(found.options),
        "By n, K = 20, d = 2": tabulate_lengths(found.lengths),
        "Memory, K = 20, d = 16": tabulate_memory(found.memory),
        "First call": tabulate_first_calls(found.first_calls),
    }
    head = ["# Speed", describe_machine(), describe_run(found.effort), name_missing(found.cells)]
    body = [f"## {title}\n\n{table}" for title, table in sections.items()]
    return "\n\n".join(part.strip() for part in [*head, *body] if part) + "\n"
