"""The targets that were set for the speed, beside what was measured. Nothing fails by them."""

from collections.abc import Callable

from benchmarks.speed.markdown import (
    Cells,
    find_limit,
    find_ours,
    format_rate,
    format_ratio,
    lay_out,
)
from benchmarks.speed.processes import find_median
from benchmarks.speed.rates import Rates, compare

Row = list[str]


def tabulate_targets(cells: Cells, first_calls: dict[str, list[list[float]]]) -> str:
    """Each target, what was measured, and whether it was met in this run."""
    rows = [judge_limit(cells), judge_rate(cells)]
    rows += [judge_lead(cells, *who, target) for who, target in LEADS.items()]
    rows += [judge_rows(cells), judge_first_call(first_calls)]
    return lay_out(["target", "measured", "met"], [row for row in rows if row])


LEADS = {
    ("chunks", "peer"): "chunks of 1 000: ahead of every peer of the same K, or without",
    ("chunks", "told"): "chunks of 1 000: ahead of those with 10 clusters told, at any K of ours",
    ("dicts", "peer"): "learn_one: ahead of every River clusterer of the same K, or without",
    ("dicts", "told"): "learn_one: ahead of River STREAMKMeans with 10 clusters told",
}


def judge(is_met: bool) -> str:
    return "yes" if is_met else "no"


def judge_limit(cells: Cells) -> Row:
    ratios = {}
    for cell, results in cells.items():
        ratios[cell] = compare(find_limit(results), find_ours(results, "chunks"))
    cell = max(ratios, key=lambda each: ratios[each][0])
    n_met = sum(ratio[0] <= 3 for ratio in ratios.values())
    measured = f"{n_met} of {len(cells)}; at worst {format_ratio(ratios[cell])}, {name(cell)}"
    return ["at most 3 × the limit's time", measured, judge(n_met == len(cells))]


def judge_rate(cells: Cells) -> Row:
    if (2, 20) not in cells:
        return []
    limit, ours = find_limit(cells[2, 20]).median, find_ours(cells[2, 20], "chunks").median
    measured = f"{format_rate(ours)}, limit {format_rate(limit)}"
    # The target is 2 M where the limit does 20 M: a tenth of it on a faster machine.
    return ["a tenth of the limit's rate, d=2 K=20", measured, judge(ours >= limit / 10)]


def judge_lead(cells: Cells, feed: str, role: str, target: str) -> Row:
    """Whether ours leads everywhere, and in how many cells; names the peer that comes closest."""
    leads = {}
    for cell, results in cells.items():
        ours = find_ours(results, feed)
        for peer in filter(is_peer(feed, role), results):
            if not ours.missing:
                leads[peer.contestant.name, name(cell)] = compare(ours, peer)
    if not leads:
        return [target, "skipped", "–"]
    least = min(leads, key=lambda each: leads[each][0])
    n_led = sum(lead[0] > 1 for lead in leads.values())
    measured = f"{n_led} of {len(leads)}; at worst {format_ratio(leads[least])}, {', '.join(least)}"
    return [target, measured, judge(n_led == len(leads))]


def is_peer(feed: str, role: str) -> Callable[[Rates], bool]:
    """Peers of this role, fed likewise."""
    return lambda each: (
        each.contestant.role == role and each.contestant.feed == feed and not each.missing
    )


def judge_rows(cells: Cells) -> Row:
    rates = {cell: find_ours(results, "rows").median for cell, results in cells.items()}
    cell = min(rates, key=lambda each: rates[each])
    at_2_20 = f"; {format_rate(rates[2, 20])} at d=2 K=20" if (2, 20) in rates else ""
    measured = f"at least {format_rate(rates[cell])} ({name(cell)}){at_2_20}"
    return ["400 k one at a time by (1, d)", measured, judge(rates[cell] > 400e3)]


def judge_first_call(first_calls: dict[str, list[list[float]]]) -> Row:
    times = [v for k, v in first_calls.items() if k.startswith("clusterer:") and "cached" in k]
    if not times:
        return []
    seconds = find_median(times[0])
    return ["below 2 s import to first result, cached", f"{seconds:.2f} s", judge(seconds < 2)]


def name(cell: tuple[int, int]) -> str:
    return f"d={cell[0]} K={cell[1]}"
