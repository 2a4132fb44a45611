"""Measure the speed: ours and peers in one run, and ours against all that it depends on."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.speed.plot import draw_plot
from benchmarks.speed.processes import measure_memory, time_first_calls
from benchmarks.speed.rates import Effort, measure_rates
from benchmarks.speed.report import Measurements, write_report
from benchmarks.speed.sweeps import (
    measure_options,
    sweep_features,
    sweep_kinds,
    sweep_prototypes,
    time_lengths,
)

FOLDER = Path(__file__).parent
SWEEPS = {"d, K": sweep_prototypes, "d": sweep_features, "stream": sweep_kinds}

Tell = Callable[[str], None]


def measure(effort: Effort, tell: Tell) -> Measurements:
    """Measure everything; ``tell`` hears what comes next."""
    found = Measurements(effort)
    tell("first calls, in fresh processes")
    found.first_calls = time_first_calls(effort.n_rounds)
    for d in effort.n_features:
        for k in effort.n_prototypes:
            tell(f"d = {d}, K = {k}")
            found.cells[d, k] = measure_rates(d, k, effort)
    for name, sweep in SWEEPS.items():
        tell(f"by {name}")
        found.sweeps[name] = sweep(effort)
    tell("by option, by n, memory")
    found.options = measure_options(effort)
    found.lengths = time_lengths(effort)
    found.memory = measure_memory(10 * effort.n_points)
    return found


def publish(found: Measurements, name: str) -> str:
    """Write the report and the picture beside this file; returns the report."""
    report = write_report(found)
    picture = FOLDER / f"{name}.svg"
    if draw_plot(picture, found.cells, found.sweeps, found.lengths):
        report += f"\n![Rates and ratios]({picture.name})\n"
    else:
        report += "\nNo picture: matplotlib is not installed.\n"
    (FOLDER / f"{name}.md").write_text(report, "utf-8")
    return report
