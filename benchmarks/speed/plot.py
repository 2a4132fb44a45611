"""Plot of the measurements."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.markdown import Cells, find_bound, find_ours
from benchmarks.speed.methods import METHODS
from benchmarks.speed.rates import Rates
from benchmarks.speed.sweeps import Sweep

OURS, BOUND = "#c2410c", "#111827"
WIDTHS = {"ours": 2.5, "bound": 2.0, "baseline": 1.2, "fixed": 1.2}


def draw_plot(path: Path, cells: Cells, sweeps: dict[str, Sweep], taken: dict) -> bool:
    """Write the plot; return False if Matplotlib is missing."""
    try:
        import matplotlib
    except ImportError:
        return False
    matplotlib.use("svg")
    # With a fixed salt the same measurements make the same file.
    matplotlib.rcParams.update({"svg.hashsalt": "clusterer", "font.size": 8})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(15, 9), layout="constrained")
    for axis, d in zip(axes[0], sorted({d for d, _ in cells}), strict=False):
        draw_rates(axis, {k: results for (each, k), results in cells.items() if each == d}, d)
    draw_ratios(axes[0, 2], cells)
    draw_lengths(axes[1, 0], taken)
    draw_sweep(axes[1, 1], sweeps["d, K"], "K", "Rate by K: d = 2 solid, d = 16 dashed")
    draw_sweep(axes[1, 2], sweeps["d"], "d", "Rate by d: K = 20")
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True


def draw_rates(axis: Any, cells: dict[int, list[Rates]], d: int) -> None:
    """Draw all rates by K."""
    present = [c for c in zip(*cells.values(), strict=True) if not c[0].missing]
    # From the highest to the lowest rate, each name below the previous one.
    heights = spread(sorted((np.log10(c[-1].median) for c in present), reverse=True))
    present.sort(key=lambda c: c[-1].median, reverse=True)
    for column, height in zip(present, heights, strict=True):
        who = column[0].method
        color = {"ours": OURS, "bound": BOUND}.get(who.role, f"C{METHODS.index(who)}")
        style = "-" if who.feed == "chunks" else "--" if who.feed == "dicts" else ":"
        rates = [each.median for each in column]
        axis.plot(list(cells), rates, style, color=color, lw=WIDTHS[who.role], marker=".")
        place = (list(cells)[-1] * 1.1, 10**height)
        axis.annotate(who.name, place, fontsize=6, color=color, va="center")
    axis.set(xscale="log", yscale="log", xlabel="K", ylabel="points / s")
    axis.set_xlim(right=list(cells)[-1] * 6)
    axis.set_xticks(list(cells), [str(k) for k in cells])
    axis.minorticks_off()
    axis.set_title(f"d = {d}: chunks solid, (1, d) dotted, dicts dashed")


def spread(heights: list[float], least: float = 0.16) -> list[float]:
    """Move decreasing heights apart, so that the names beside them do not overlap."""
    apart: list[float] = []
    for height in heights:
        apart.append(min(height, apart[-1] - least) if apart else height)
    return apart


def draw_ratios(axis: Any, cells: Cells) -> None:
    """Draw our time relative to the lower bound, with the spread."""
    for d in sorted({d for d, _ in cells}):
        ks = [k for each, k in cells if each == d]
        ratios = []
        for k in ks:
            bound, ours = find_bound(cells[d, k]), find_ours(cells[d, k], "chunks")
            ratios.append(np.divide(bound.rates, ours.rates))
        middle = np.median(ratios, axis=1)
        spread = [middle - np.min(ratios, axis=1), np.max(ratios, axis=1) - middle]
        axis.errorbar(ks, middle, spread, marker="o", capsize=3, label=f"d = {d}")
    axis.axhline(3, color="gray", ls=":")
    axis.set(xscale="log", xlabel="K", xticks=ks, xticklabels=ks)
    axis.minorticks_off()
    axis.set(title="Time of ours / lower bound (target 3)")
    axis.set_ylim(bottom=0)
    axis.legend()


def draw_lengths(axis: Any, taken: dict[int, list[float]]) -> None:
    """Draw the time against n, with a straight line through the longest stream."""
    n = np.array(list(taken))
    seconds = np.array([np.median(each) for each in taken.values()])
    axis.plot(n, n * seconds[-1] / n[-1], color="gray", ls=":", label="linear")
    axis.plot(n, seconds, "o-", color=OURS, label="ours, K = 20, d = 2")
    axis.set(xscale="log", yscale="log", xlabel="n", ylabel="seconds", title="Time by n")
    axis.legend()


def draw_sweep(axis: Any, sweep: Sweep, name: str, title: str) -> None:
    """Draw ours and the bound by the last setting; the settings before it define the lines."""
    lines: dict[str, list[tuple[int, list[Rates]]]] = {}
    for setting, results in sweep.items():
        line, _, value = setting.rpartition(", ")
        lines.setdefault(line, []).append((int(value), results))
    for style, results_by_value in zip(("-", "--"), lines.values(), strict=False):
        values = [value for value, _ in results_by_value]
        bound = [find_bound(results).median for _, results in results_by_value]
        ours = [find_ours(results, "chunks").median for _, results in results_by_value]
        axis.plot(values, bound, style, color=BOUND, marker=".", label="bound")
        axis.plot(values, ours, style, color=OURS, marker=".", label="ours")
    axis.set(xscale="log", yscale="log", xlabel=name, ylabel="points / s", title=title)
    axis.legend()
