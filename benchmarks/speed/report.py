"""The report on the speed, composed of the measurements."""

import platform
from dataclasses import dataclass, field
from importlib.metadata import version

from llvmlite.binding import get_host_cpu_name

from benchmarks.speed.markdown import (
    Cells,
    tabulate_bound,
    tabulate_first_calls,
    tabulate_lengths,
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
Rates are medians of {rounds} rounds in which all take turns; a model continues to learn from round
to round. n = {n} a round, and fewer for methods that need more than {longest} s: see the last
column. A ratio is taken within each round: median (least–most). Seconds are CPU seconds on one core
each: the machine is shared, and waiting does not count. Other processes still slow the memory and
the clock, so ratios are more reliable than rates. First calls are timed by the wall clock. K is the
number of prototypes, micro-clusters, centres or coreset points. The lower bound is a loop that only
finds and moves the nearest of K centres.

† has no K: radius {radius} √(d/2). ‡ has a K of its own.
"""


@dataclass
class Measurements:
    """All measurements of one run."""

    effort: Effort
    cells: Cells = field(default_factory=dict)
    sweeps: dict[str, Sweep] = field(default_factory=dict)
    options: list[Rates] = field(default_factory=list)
    lengths: dict[int, list[float]] = field(default_factory=dict)
    memory: list[list[float]] = field(default_factory=list)
    first_calls: dict[str, list[list[float]]] = field(default_factory=dict)


def describe_machine() -> str:
    """Describe the machine without its name."""
    packages = ", ".join(f"{each} {version(each)}" for each in ("numpy", "numba", "scikit-learn"))
    python = f"{platform.system()}, Python {platform.python_version()}"
    return f"{get_host_cpu_name()}, {python}, {packages}."


def name_missing(cells: Cells) -> str:
    """Name the skipped packages."""
    # Our adapter to River is skipped with River and is no missing package.
    baselines = [
        each for results in cells.values() for each in results if each.missing != "clusterer"
    ]
    missing = {each.missing for each in baselines if each.missing}
    return f"Skipped, not installed: {', '.join(sorted(missing))}.\n" if missing else ""


def describe_run(effort: Effort) -> str:
    """Describe the measurements."""
    n = f"{effort.n_points:,}".replace(",", " ")
    return NOTES.format(rounds=effort.n_rounds, n=n, longest=effort.longest, radius=2)


def write_report(found: Measurements) -> str:
    """Return the report as Markdown."""
    sections = {
        "Targets": tabulate_targets(found.cells, found.first_calls),
        "Rates": tabulate_rates(found.cells),
        "Against the lower bound": tabulate_bound(found.cells),
        "Against baselines": tabulate_ratios(found.cells),
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
