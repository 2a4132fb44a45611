"""Measure the speed of ours and of baselines in one run, and ours against K, d, stream and n."""

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

Log = Callable[[str], None]


def measure(effort: Effort, log: Log) -> Measurements:
    """Measure everything; ``log`` receives the name of each step."""
    found = Measurements(effort)
    log("first calls, in fresh processes")
    found.first_calls = time_first_calls(effort.n_rounds)
    for d in effort.n_features:
        for k in effort.n_prototypes:
            log(f"d = {d}, K = {k}")
            found.cells[d, k] = measure_rates(d, k, effort)
    for name, sweep in SWEEPS.items():
        log(f"by {name}")
        found.sweeps[name] = sweep(effort)
    log("by option, by n, memory")
    found.options = measure_options(effort)
    found.lengths = time_lengths(effort)
    found.memory = measure_memory(10 * effort.n_points)
    return found


def publish(found: Measurements, name: str) -> str:
    """Write the report and the plot beside this file; return the report."""
    report = write_report(found)
    plot_path = FOLDER / f"{name}.svg"
    if draw_plot(plot_path, found.cells, found.sweeps, found.lengths):
        report += f"\n![Rates and ratios]({plot_path.name})\n"
    else:
        report += "\nNo plot: matplotlib is not installed.\n"
    (FOLDER / f"{name}.md").write_text(report, "utf-8")
    return report
