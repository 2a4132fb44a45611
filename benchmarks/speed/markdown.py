"""The measurements as tables in Markdown."""

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.speed.methods import BASELINES, BOUND, Method
from benchmarks.speed.processes import find_least, find_median
from benchmarks.speed.rates import Rates, compare
from benchmarks.speed.sweeps import Sweep, find_slope

Cells = dict[tuple[int, int], list[Rates]]


def lay_out(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table with aligned columns."""
    rows = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    aligned = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in rows]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [aligned[0], rule, *aligned[1:]])


def format_rate(rate: float) -> str:
    """Write points per second with at most three digits."""
    if not rate > 0:
        return "–"
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if rate >= unit:
            return f"{rate / unit:.3g}{name}"
    return f"{rate:.3g}"


def format_ratio(ratio: tuple[float, float, float]) -> str:
    """Write median, least and most."""
    digits = [f"{each:.0f}" if each >= 20 else f"{each:.2g}" for each in ratio]
    return f"{digits[0]} ({digits[1]}–{digits[2]})"


def find_bound(results: Sequence[Rates]) -> Rates:
    """Return the faster layout of the lower bound among the results of one cell."""
    bounds = [each for each in results if each.method.role == "bound"]
    return max((each for each in bounds if each.method.feed == "chunks"), key=_median)


def _median(each: Rates) -> float:
    return each.median


def find_ours(results: Sequence[Rates], feed: str) -> Rates:
    """Return our result with this feed among the results of one cell."""
    return next(each for each in results if each.method.role == "ours" and each.method.feed == feed)


def name_cells(cells: Cells) -> list[str]:
    return [f"d={d} K={k}" for d, k in cells]


def tabulate_rates(cells: Cells) -> str:
    """Tabulate the medians of points per second, one row for each method."""
    rows = []
    for column in zip(*cells.values(), strict=True):
        who = column[0].method
        rates = ["skipped" if each.missing else format_rate(each.median) for each in column]
        fewest, most = min(r.n_points for r in column), max(r.n_points for r in column)
        n = format_rate(most) if fewest == most else f"{format_rate(fewest)}–{format_rate(most)}"
        rows.append([who.name, who.version, *rates, n])
    return lay_out(["points / s", "version", *name_cells(cells), "n a round"], rows)


def tabulate_ratios(cells: Cells) -> str:
    """Tabulate ours / baseline with the same feed: median (least–most) over the rounds."""
    rows = []
    for column in zip(*cells.values(), strict=True):
        who: Method = column[0].method
        if who.role not in BASELINES:
            continue
        ours = [find_ours(results, who.feed) for results in cells.values()]
        pairs = zip(ours, column, strict=True)
        ratios = ["skipped" if b.missing else format_ratio(compare(a, b)) for a, b in pairs]
        rows.append([who.name, *ratios])
    return lay_out(["rate of ours / rate of", *name_cells(cells)], rows)


def tabulate_bound(cells: Cells) -> str:
    """Tabulate our time relative to the lower bound."""
    ratios, names = [], []
    for results in cells.values():
        bound = find_bound(results)
        ratios.append(format_ratio(compare(bound, find_ours(results, "chunks"))))
        names.append(bound.method.name.removeprefix(f"{BOUND}centres "))
    rows = [["time of ours / lower bound", *ratios], ["faster layout of the bound", *names]]
    return lay_out(["in chunks of 1 000", *name_cells(cells)], rows)


def tabulate_sweep(name: str, sweep: Sweep) -> str:
    """Tabulate ours and the lower bound, one row for each setting."""
    rows = []
    for setting, results in sweep.items():
        ours, bound = find_ours(results, "chunks"), find_bound(results)
        rates = [format_rate(ours.median), f"{1e6 / ours.median:.2f}", format_rate(bound.median)]
        rows.append([setting, *rates, format_ratio(compare(bound, ours))])
    header = [name, "ours, points / s", "µs / point", "bound, points / s", "time of ours / bound"]
    return lay_out(header, rows)


def tabulate_options(results: Sequence[Rates]) -> str:
    """Tabulate ours with other options relative to the default."""
    rows = [
        [each.method.name, format_rate(each.median), format_ratio(compare(results[0], each))]
        for each in results
    ]
    return lay_out(["K=20 d=2", "points / s", "time / time of the default"], rows)


def tabulate_lengths(taken: dict[int, list[float]]) -> str:
    """Tabulate the time against n, with the exponent of its growth."""
    rows = [
        [f"{n:,}".replace(",", " "), f"{np.median(s):.4f}", f"{np.median(s) / n * 1e6:.3f}"]
        for n, s in taken.items()
    ]
    table = lay_out(["n", "seconds", "µs / point"], rows)
    return f"{table}\n\nTime grows as n to the power {find_slope(taken):.2f} (1 is linear)."


def tabulate_memory(rows: Sequence[Sequence[float]]) -> str:
    """Tabulate the memory against n."""
    cells = [
        [f"{int(n):,}".replace(",", " "), f"{rss:.1f}", f"{held:.2f}", f"{size:.0f}"]
        for n, rss, held, size in rows
    ]
    header = ["n", "RSS, MB", "peak of Python's allocations, MB", "model pickled, kB"]
    return lay_out(header, cells)


def tabulate_first_calls(taken: dict[str, list[list[float]]]) -> str:
    """Tabulate the seconds from the import to the first result."""
    rows = []
    for name, times in taken.items():
        imported, called, busy = np.median(times, axis=0)
        parts = [imported, called, find_median(times), find_least(times), busy]
        rows.append([name, *(f"{part:.2f}" for part in parts), str(len(times))])
    steps = ["import, s", "first result, s", "together, s", "least, s", "CPU, s", "processes"]
    header = ["a fresh process", *steps]
    return lay_out(header, rows)
