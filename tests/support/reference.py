"""The algorithm once more, slow and plain, from the text of its description alone.

Nothing is kept that can be computed anew: all pairs are measured at every point. Only what decides
the course of a stream (coordinates, weights, distances, costs) is rounded the same way as in the
library, so that ties fall alike and the two can be compared bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.support.reference_forgetting import look

EXTREME = 1000  # the largest power of two that coordinates are scaled by


@dataclass
class Prototype:
    """A prototype in inner coordinates."""

    center: NDArray
    id: int
    last_seen: int
    weight: float = 0.0
    count: float = 0.0
    scatter: float = 0.0
    known: int = -1  # the cluster it belonged to at the last look
    taken: list[int] = field(default_factory=list)  # the points it took in, by their places


@dataclass
class Reference:
    """A stream's state; its settings may be changed between any two points."""

    n_prototypes: int = 50
    sigma: float | str = "auto"
    half_life: float | str | None = None
    update: str = "kernel"
    merge: str = "log-min"

    prototypes: list[Prototype] = field(default_factory=list)
    n_seen: int = 0
    origin: NDArray | None = None
    scale: float = 0.0  # 0: every point so far lies on the first
    mean: NDArray | None = None
    squares: float = 0.0
    faded_count: float = 0.0
    kernels: list[float] = field(default_factory=list)  # what each point counted for
    links: dict[frozenset[int], float] = field(default_factory=dict)  # by the ids of two
    chosen: float = math.inf  # the half-life that "auto" stands for
    next_look: int = 1000
    counts: list[float] = field(default_factory=list)  # what each point of the stream counts now
    points: list[NDArray] = field(default_factory=list)  # in inner coordinates
    varying: set[int] = field(default_factory=set)  # features in which they differ

    def learn(self, x: NDArray) -> None:
        """One point arrives."""
        while len(self.prototypes) > self.n_prototypes:
            self.drop_to_fewer()
        if self.half_life is not None and self.n_seen >= self.next_look:
            look(self)
        point = self.enter(np.asarray(x, dtype=float))
        self.fade()
        self.follow(point)
        newcomer = Prototype(point, id=self.n_seen, last_seen=self.n_seen)
        self.n_seen += 1
        self.counts.append(1.0)
        self.points.append(point)
        # The first point is the origin and does not tell.
        gaps = point - self.points[min(self.n_seen - 1, 1)]
        self.varying |= {t for t, gap in enumerate(gaps) if gap * gap > 0.0}
        if not self.prototypes:
            self.prototypes.append(newcomer)
            self.kernels.append(0.0)
            return
        self.move_nearest(point)
        if len(self.prototypes) < self.n_prototypes:
            self.prototypes.append(newcomer)
        elif self.n_prototypes > 1:
            freed = self.merge_closest(self.merge)
            self.prototypes[freed] = newcomer

    def enter(self, x: NDArray) -> NDArray:
        """Inner coordinates: the first point is the origin, the first step away is about 1."""
        if self.origin is None:
            self.origin = x.copy()
        gap = x - self.origin
        step = float(np.abs(gap).max())
        if self.scale == 0.0 and step > 0.0:
            exponent = math.frexp(step)[1]
            self.scale = 2.0 ** -max(-EXTREME, min(EXTREME, exponent))
        return gap * self.scale

    @property
    def gamma(self) -> float:
        half_life = self.chosen if self.half_life == "auto" else self.half_life
        return 1.0 if half_life in (None, math.inf) else 2.0 ** (-1.0 / half_life)

    def fade(self) -> None:
        for each in self.prototypes:
            if each.count > 1e-100:  # less is as good as nothing
                each.weight *= self.gamma
                each.count *= self.gamma
                each.scatter *= self.gamma
        self.counts = [count * self.gamma for count in self.counts]
        self.links = {pair: value * self.gamma for pair, value in self.links.items()}
        self.squares *= self.gamma
        self.faded_count *= self.gamma

    def follow(self, point: NDArray) -> None:
        """Welford's running mean and sum of squared deviations."""
        if self.mean is None:
            self.mean = np.zeros_like(point)
        self.faded_count += 1.0
        gap = point - self.mean
        self.mean = self.mean + gap * (1.0 / self.faded_count)
        self.squares += max(add_up(gap * (point - self.mean)), 0.0)

    def kernel(self, distance: float) -> float:
        if self.update == "addc" or distance == 0.0:
            return 1.0
        if self.sigma == "auto":
            trace = self.squares * (1.0 / self.faded_count)
            # A quarter of the spread; in many dimensions by how far 50 places leave points.
            squared_width = max(0.0625, 0.5 * 50.0 ** (-2.0 / max(len(self.varying), 1))) * trace
        else:
            width = float(self.sigma) * self.scale
            squared_width = width * width
        return math.exp(-distance / squared_width) if squared_width > 0.0 else 0.0

    def move_nearest(self, point: NDArray) -> None:
        distances = [squared_distance(each.center, point) for each in self.prototypes]
        nearest = self.prototypes[distances.index(min(distances))]
        distance = min(distances)
        self.link(point, nearest)
        k = self.kernel(distance)
        self.kernels.append(k)
        old_weight = nearest.weight
        nearest.weight += k
        nearest.count += 1.0
        nearest.last_seen = self.n_seen - 1
        nearest.taken.append(self.n_seen - 1)
        if nearest.weight == 0.0:
            return
        f = k / nearest.weight
        rest = old_weight / nearest.weight  # 1 - f
        gap = point - nearest.center
        # The same mean from either end; the lighter end's share is the exact one.
        nearest.center = point - rest * gap if old_weight < k else nearest.center + f * gap
        nearest.scatter += k * rest * distance

    def link(self, point: NDArray, nearest: Prototype) -> None:
        """A point near the middle between its two nearest prototypes links them."""
        others = [each for each in self.prototypes if each is not nearest]
        if not others:
            return
        second = min(others, key=lambda each: squared_distance(each.center, point))
        gap = squared_distance(nearest.center, second.center)
        middle = (
            0.5 * squared_distance(nearest.center, point)
            + 0.5 * squared_distance(second.center, point)
            - 0.25 * gap
        )
        count = 1.0
        if self.gamma == 1.0 and self.n_seen - 1 >= 100 * self.n_prototypes:
            # A fourth of the points, without a period, stand for all.
            turn = (self.n_seen - 1) * 0x9E3779B97F4A7C15 % 2**64
            count = 4.0 if turn < 2**62 else 0.0
        if max(middle, 0.0) < 0.5 * gap and count:
            pair = frozenset((nearest.id, second.id))
            value = count * math.exp(-max(middle, 0.0) / (2.0 * gap / 8**2))
            self.links[pair] = self.links.get(pair, 0.0) + value

    def join_links(self, kept: int, freed: int) -> None:
        """What was seen beside one is seen beside the other now; between the two, no more."""
        for pair in [pair for pair in self.links if freed in pair]:
            value = self.links.pop(pair)
            (other,) = pair - {freed}
            if other != kept:
                joined = frozenset((kept, other))
                self.links[joined] = self.links.get(joined, 0.0) + value

    def find_closest_pair(self, rule: str) -> tuple[int, int]:
        """Brute force over all pairs, in lexicographic order of their slots."""
        centers = np.array([each.center for each in self.prototypes])
        gaps = centers[:, None, :] - centers[None, :, :]
        distances = np.add.accumulate(gaps * gaps, axis=2)[:, :, -1]
        best, closest = math.inf, (-1, -1)
        for i in range(len(centers)):
            for j in range(i + 1, len(centers)):
                weights = self.prototypes[i].weight, self.prototypes[j].weight
                cost = cost_of_merging(float(distances[i, j]), *weights, rule)
                if cost < best:
                    best, closest = cost, (i, j)
        return closest

    def merge_closest(self, rule: str) -> int:
        """Merge the closest pair into the heavier one's slot; returns the slot that is free."""
        i, j = self.find_closest_pair(rule)
        if self.prototypes[j].weight > self.prototypes[i].weight:
            i, j = j, i
        heavy, light = self.prototypes[i], self.prototypes[j]
        total = heavy.weight + light.weight
        share = light.weight / total if total > 0.0 else 0.5
        distance = squared_distance(heavy.center, light.center)
        heavy.center = heavy.center + share * (light.center - heavy.center)
        heavy.scatter += light.scatter
        if total > 0.0:
            heavy.scatter += heavy.weight * share * distance
        heavy.weight = total
        heavy.count += light.count
        heavy.taken = heavy.taken + light.taken
        heavy.last_seen = max(heavy.last_seen, light.last_seen)
        self.join_links(heavy.id, light.id)
        return j

    def drop_to_fewer(self) -> None:
        """Merge the closest pair by Ward's rule; the last slot fills the gap."""
        freed = self.merge_closest("ward")
        last = self.prototypes.pop()
        if freed < len(self.prototypes):
            self.prototypes[freed] = last

    @property
    def unit(self) -> float:
        return 1.0 / self.scale if self.scale else 1.0

    @property
    def centers(self) -> NDArray:
        return np.array([self.origin + each.center * self.unit for each in self.prototypes])

    @property
    def scatters(self) -> NDArray:
        return np.array([each.scatter * self.unit * self.unit for each in self.prototypes])

    @property
    def link_counts(self) -> NDArray:
        ids = [each.id for each in self.prototypes]
        return np.array([[self.links.get(frozenset((a, b)), 0.0) for b in ids] for a in ids])

    def column(self, name: str) -> NDArray:
        return np.array([getattr(each, name) for each in self.prototypes])


def add_up(terms: NDArray) -> float:
    """Sum in the order of the features; NumPy's own sum goes by pairs."""
    return float(np.add.accumulate(terms)[-1])


def squared_distance(a: NDArray, b: NDArray) -> float:
    return add_up((a - b) * (a - b))


def cost_of_merging(distance: float, weight: float, other: float, rule: str) -> float:
    if rule == "plain":
        return distance
    if rule == "log-min":
        return distance * coarse_log2(2.0 + min(weight, other))
    a, b = weight + 1.0, other + 1.0
    h = a * b / (a + b)
    return distance * (h if rule == "ward" else math.log(1.0 + h))


def coarse_log2(value: float) -> float:
    """log2, linear between powers of two."""
    mantissa, exponent = math.frexp(value)
    # Whole and fraction are exact, so that one rounding is left, as in the library: equal ties.
    return (exponent - 1) + (2.0 * mantissa - 1.0)
