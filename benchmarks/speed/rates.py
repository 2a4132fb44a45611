"""Rates of all methods at one d and K, measured in turns: A B C, A B C, …"""

import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.speed.lower_bound import Learn
from benchmarks.speed.methods import METHODS, Method
from benchmarks.speed.points import CHUNK, divide, draw_points


@dataclass(frozen=True)
class Effort:
    """Extent of the measurements."""

    n_points: int
    n_rounds: int
    longest: float  # seconds; a method that needs more for a round gets fewer points
    budget: float  # seconds of a round with fewer points
    n_features: tuple[int, ...] = (2, 16)
    n_prototypes: tuple[int, ...] = (10, 20, 50, 200)


FULL = Effort(1_000_000, 5, 1.2, 0.25)
QUICK = Effort(100_000, 3, 0.25, 0.1, n_prototypes=(20, 200))


@dataclass
class Rates:
    """Points per second of one method at one d and K, one value for each round."""

    method: Method
    n_features: int
    n_prototypes: int
    n_points: int = 0
    rates: list[float] = field(default_factory=list)
    missing: str = ""

    @property
    def median(self) -> float:
        """Median of the rounds."""
        return float(np.median(self.rates)) if self.rates else float("nan")


@dataclass
class Runner:
    """A method's model, which continues to learn from round to round."""

    learn: Learn
    pieces: Any
    n_a_piece: int
    result: Rates

    def time(self, n_pieces: int) -> float:
        """Learn the next pieces; return the CPU seconds, which exclude waiting."""
        learn, pieces = self.learn, list(islice(self.pieces, n_pieces))
        gc.collect()
        begin = process_time()
        for piece in pieces:
            learn(piece)
        return process_time() - begin

    def choose_length(self, effort: Effort) -> None:
        """Choose all points if they are fast enough, else as many as the budget allows."""
        n_pieces, taken = 4, self.time(4)
        while taken < effort.budget / 4:
            n_pieces *= 2
            taken = self.time(n_pieces)
        rate = n_pieces * self.n_a_piece / taken
        is_whole = self.result.method.role in ("ours", "bound") and self.n_a_piece > 1
        if not is_whole and effort.n_points / rate > effort.longest:
            affordable = max(rate * effort.budget, 1)
            digits = int(np.floor(np.log10(affordable)))
            self.result.n_points = int(affordable // 10**digits * 10**digits)
        else:
            self.result.n_points = effort.n_points
        n_pieces = max(self.result.n_points // self.n_a_piece, 1)
        self.result.n_points = n_pieces * self.n_a_piece

    def run(self) -> None:
        """Measure one round."""
        n_points = self.result.n_points
        self.result.rates.append(n_points / self.time(n_points // self.n_a_piece))


def measure_rates(
    n_features: int,
    n_prototypes: int,
    effort: Effort,
    methods: Sequence[Method] = METHODS,
    kind: str = "blobs",
) -> list[Rates]:
    """Measure all methods at one d and K; a missing package has no rates."""
    points = draw_points(effort.n_points + CHUNK, n_features, kind)
    first, rest = points[:CHUNK], points[CHUNK:]
    fed = {feed: divide(rest, feed) for feed in sorted({each.feed for each in methods})}
    results = [Rates(each, n_features, n_prototypes) for each in methods]
    # The garbage collector must not examine the existing objects during the measurements.
    gc.freeze()
    # One core each: with more the rates would depend on the other processes of the machine.
    with threadpool_limits(1):
        runners = [start_runner(each, first, *fed[each.method.feed]) for each in results]
        running = [each for each in runners if each]
        for each in running:
            each.choose_length(effort)
        for _ in range(effort.n_rounds):
            for each in running:
                each.run()
    gc.unfreeze()
    return results


def start_runner(result: Rates, first: NDArray, pieces: list[Any], n_a_piece: int) -> Runner | None:
    """Return a runner of the method, or None if its package is missing."""
    try:
        learn = result.method.start(first, result.n_prototypes)
    except ImportError:
        result.missing = result.method.package
        return None
    return Runner(learn, cycle(pieces), n_a_piece, result)


def compare(ours: Rates, other: Rates) -> tuple[float, float, float]:
    """Return rate of ours / rate of the other: median, least and most over the rounds."""
    ratios = np.divide(ours.rates, other.rates)
    return float(np.median(ratios)), float(ratios.min()), float(ratios.max())
