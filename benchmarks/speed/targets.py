"""The targets of the speed beside the measurements. A missed target is no error."""

from collections.abc import Callable

from benchmarks.speed.markdown import (
    Cells,
    find_bound,
    find_ours,
    format_rate,
    format_ratio,
    lay_out,
)
from benchmarks.speed.processes import find_median
from benchmarks.speed.rates import Rates, compare

Row = list[str]


def tabulate_targets(cells: Cells, first_calls: dict[str, list[list[float]]]) -> str:
    """Tabulate each target, the measured value, and whether this run met the target."""
    rows = [judge_bound(cells), judge_rate(cells)]
    rows += [judge_lead(cells, *who, target) for who, target in LEADS.items()]
    rows += [judge_rows(cells), judge_first_call(first_calls)]
    return lay_out(["target", "measured", "met"], [row for row in rows if row])


LEADS = {
    (
        "chunks",
        "baseline",
    ): "chunks of 1 000: faster than every baseline with the same K or without K",
    ("chunks", "fixed"): "chunks of 1 000: faster than the baselines with a K of their own",
    (
        "dicts",
        "baseline",
    ): "learn_one: faster than every River clusterer with the same K or without K",
    ("dicts", "fixed"): "learn_one: faster than River STREAMKMeans with K = 10",
}


def judge(is_met: bool) -> str:
    return "yes" if is_met else "no"


def judge_bound(cells: Cells) -> Row:
    ratios = {}
    for cell, results in cells.items():
        ratios[cell] = compare(find_bound(results), find_ours(results, "chunks"))
    cell = max(ratios, key=lambda each: ratios[each][0])
    n_met = sum(ratio[0] <= 3 for ratio in ratios.values())
    measured = f"{n_met} of {len(cells)}; at worst {format_ratio(ratios[cell])}, {name(cell)}"
    return ["at most 3 × the lower bound", measured, judge(n_met == len(cells))]


def judge_rate(cells: Cells) -> Row:
    if (2, 20) not in cells:
        return []
    bound, ours = find_bound(cells[2, 20]).median, find_ours(cells[2, 20], "chunks").median
    measured = f"{format_rate(ours)}, bound {format_rate(bound)}"
    # The target is 2 M where the bound does 20 M, and a tenth of the bound on other machines.
    return ["a tenth of the bound's rate, d=2 K=20", measured, judge(ours >= bound / 10)]


def judge_lead(cells: Cells, feed: str, role: str, target: str) -> Row:
    """Judge whether ours is faster in all cells; name the closest baseline."""
    leads = {}
    for cell, results in cells.items():
        ours = find_ours(results, feed)
        for baseline in filter(is_baseline(feed, role), results):
            if not ours.missing:
                leads[baseline.method.name, name(cell)] = compare(ours, baseline)
    if not leads:
        return [target, "skipped", "–"]
    least = min(leads, key=lambda each: leads[each][0])
    n_led = sum(lead[0] > 1 for lead in leads.values())
    measured = f"{n_led} of {len(leads)}; at worst {format_ratio(leads[least])}, {', '.join(least)}"
    return [target, measured, judge(n_led == len(leads))]


def is_baseline(feed: str, role: str) -> Callable[[Rates], bool]:
    """Return a filter of the baselines with this role and feed."""
    return lambda each: each.method.role == role and each.method.feed == feed and not each.missing


def judge_rows(cells: Cells) -> Row:
    rates = {cell: find_ours(results, "rows").median for cell, results in cells.items()}
    cell = min(rates, key=lambda each: rates[each])
    at_2_20 = f"; {format_rate(rates[2, 20])} at d=2 K=20" if (2, 20) in rates else ""
    measured = f"at least {format_rate(rates[cell])} ({name(cell)}){at_2_20}"
    return ["400 k points / s one at a time, (1, d)", measured, judge(rates[cell] > 400e3)]


def judge_first_call(first_calls: dict[str, list[list[float]]]) -> Row:
    times = [v for k, v in first_calls.items() if k.startswith("clusterer:") and "cached" in k]
    if not times:
        return []
    seconds = find_median(times[0])
    return ["below 2 s import to first result, cached", f"{seconds:.2f} s", judge(seconds < 2)]


def name(cell: tuple[int, int]) -> str:
    return f"d={cell[0]} K={cell[1]}"
