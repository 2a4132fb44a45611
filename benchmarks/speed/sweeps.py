"""Speed of ours against n, K, d, the kind of stream and the options."""

from dataclasses import replace
from functools import partial
from time import process_time
from typing import Any

import numpy as np

from benchmarks.speed.methods import METHODS, Method, start_ours
from benchmarks.speed.points import CHUNK, KINDS, divide, draw_points
from benchmarks.speed.rates import Effort, Rates, measure_rates
from clusterer import OnlineClusterer

IN_CHUNKS = tuple(
    each for each in METHODS if each.feed == "chunks" and each.role in ("ours", "bound")
)
LENGTHS = (10_000, 100_000, 1_000_000, 10_000_000)
PROTOTYPES = (2, 5, 10, 20, 50, 100, 200, 400)
FEATURES = (1, 2, 3, 4, 8, 16, 32, 64)
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    'update="addc"': {"update": "addc"},
    'merge="plain"': {"merge": "plain"},
    'merge="ward"': {"merge": "ward"},
    'merge="log-ward"': {"merge": "log-ward"},
    "half_life=1000": {"half_life": 1000.0},
}

Sweep = dict[str, list[Rates]]


def sweep_prototypes(effort: Effort) -> Sweep:
    """Measure ours and the lower bound by K, at both d."""
    return {
        f"{d}, {k}": measure_rates(d, k, shorten(effort), IN_CHUNKS)
        for d in effort.n_features
        for k in PROTOTYPES
    }


def sweep_features(effort: Effort) -> Sweep:
    """Measure ours and the lower bound by d, at K = 20."""
    return {str(d): measure_rates(d, 20, shorten(effort), IN_CHUNKS) for d in FEATURES}


def sweep_kinds(effort: Effort) -> Sweep:
    """Measure ours and the lower bound by the kind of stream, at K = 20, d = 2."""
    return {kind: measure_rates(2, 20, shorten(effort), IN_CHUNKS, kind) for kind in KINDS}


def measure_options(effort: Effort) -> list[Rates]:
    """Measure ours with each option, in turns, at K = 20, d = 2."""
    methods = [
        Method(name, "clusterer", "chunks", partial(start_ours, **options), "ours")
        for name, options in OPTIONS.items()
    ]
    return measure_rates(2, 20, shorten(effort), methods)


def shorten(effort: Effort) -> Effort:
    """Return a smaller effort for one of many settings."""
    return replace(effort, n_points=effort.n_points // 5, n_rounds=max(effort.n_rounds - 2, 2))


def time_lengths(effort: Effort) -> dict[int, list[float]]:
    """Return CPU seconds of a new model for n points, at K = 20, d = 2; lengths in turns."""
    pieces = divide(draw_points(effort.n_points, 2), "chunks")[0]
    lengths = [n for n in LENGTHS if n <= 10 * effort.n_points]
    taken: dict[int, list[float]] = {n: [] for n in lengths}
    for _ in range(max(effort.n_rounds - 2, 2)):
        for n in lengths:
            model = OnlineClusterer(20)
            begin = process_time()
            for i in range(n // CHUNK):
                model.partial_fit(pieces[i % len(pieces)])
            taken[n].append(process_time() - begin)
    return taken


def find_slope(taken: dict[int, list[float]]) -> float:
    """Return the exponent of n with which the time grows; 1 is linear."""
    n, seconds = zip(*((n, np.median(times)) for n, times in taken.items()), strict=True)
    return float(np.polyfit(np.log(n), np.log(seconds), 1)[0])
