"""A slow and simple reference implementation, written from the description of the algorithm.

It stores nothing that it can compute, so it measures all pairs at every point. Coordinates,
weights, distances and costs are rounded in the same way as in the library, so that ties are decided
alike and the two can be compared bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.support.reference_forgetting import check_drift

MAX_EXPONENT = 1000  # of the power of two that scales the coordinates


@dataclass
class Prototype:
    """A prototype in inner coordinates."""

    center: NDArray
    id: int
    last_seen: int
    weight: float = 0.0
    count: float = 0.0
    scatter: float = 0.0
    previous_label: int = -1  # its cluster at the last drift check
    learned: list[int] = field(default_factory=list)  # indices of its points


@dataclass
class Reference:
    """The state of a stream; its parameters may change between any two points."""

    n_prototypes: int = 50
    sigma: float | str = "auto"
    half_life: float | str | None = None
    update: str = "kernel"
    merge: str = "log-min"

    prototypes: list[Prototype] = field(default_factory=list)
    n_seen: int = 0
    origin: NDArray | None = None
    scale: float = 0.0  # 0: all points so far are equal
    mean: NDArray | None = None
    squares: float = 0.0
    decayed_count: float = 0.0
    kernels: list[float] = field(default_factory=list)  # the kernel value of each point
    links: dict[frozenset[int], float] = field(default_factory=dict)  # by the ids of two prototypes
    automatic_half_life: float = math.inf  # the half-life in force for "auto"
    next_check: int = 1000
    counts: list[float] = field(default_factory=list)  # the decayed count of each point
    points: list[NDArray] = field(default_factory=list)  # in inner coordinates
    varying_features: set[int] = field(
        default_factory=set
    )  # indices of features that are not constant

    def learn(self, x: NDArray) -> None:
        """Learn one point."""
        while len(self.prototypes) > self.n_prototypes:
            self.merge_excess()
        if self.half_life is not None and self.n_seen >= self.next_check:
            check_drift(self)
        point = self.convert(np.asarray(x, dtype=float))
        self.apply_decay()
        self.update_moments(point)
        started = Prototype(point, id=self.n_seen, last_seen=self.n_seen)
        self.n_seen += 1
        self.counts.append(1.0)
        self.points.append(point)
        # Compared with the second point, because the first is the origin.
        gaps = point - self.points[min(self.n_seen - 1, 1)]
        self.varying_features |= {t for t, gap in enumerate(gaps) if gap * gap > 0.0}
        if not self.prototypes:
            self.prototypes.append(started)
            self.kernels.append(0.0)
            return
        self.move_nearest(point)
        if len(self.prototypes) < self.n_prototypes:
            self.prototypes.append(started)
        elif self.n_prototypes > 1:
            freed = self.merge_closest(self.merge)
            self.prototypes[freed] = started

    def convert(self, x: NDArray) -> NDArray:
        """Inner coordinates: the first point is the origin, the first step from it about 1."""
        if self.origin is None:
            self.origin = x.copy()
        gap = x - self.origin
        step = float(np.abs(gap).max())
        if self.scale == 0.0 and step > 0.0:
            exponent = math.frexp(step)[1]
            self.scale = 2.0 ** -max(-MAX_EXPONENT, min(MAX_EXPONENT, exponent))
        return gap * self.scale

    @property
    def decay(self) -> float:
        half_life = self.automatic_half_life if self.half_life == "auto" else self.half_life
        return 1.0 if half_life in (None, math.inf) else 2.0 ** (-1.0 / half_life)

    def apply_decay(self) -> None:
        for each in self.prototypes:
            if each.count > 1e-100:  # smaller counts do not decay
                each.weight *= self.decay
                each.count *= self.decay
                each.scatter *= self.decay
        self.counts = [count * self.decay for count in self.counts]
        self.links = {pair: value * self.decay for pair, value in self.links.items()}
        self.squares *= self.decay
        self.decayed_count *= self.decay

    def update_moments(self, point: NDArray) -> None:
        """Welford's running mean and sum of squared deviations."""
        if self.mean is None:
            self.mean = np.zeros_like(point)
        self.decayed_count += 1.0
        gap = point - self.mean
        self.mean = self.mean + gap * (1.0 / self.decayed_count)
        self.squares += max(add_up(gap * (point - self.mean)), 0.0)

    def kernel(self, distance: float) -> float:
        if self.update == "addc" or distance == 0.0:
            return 1.0
        if self.sigma == "auto":
            trace = self.squares * (1.0 / self.decayed_count)
            # A quarter; in many dimensions more, by the quantization error of 50 regions.
            squared_width = (
                max(0.0625, 0.5 * 50.0 ** (-2.0 / max(len(self.varying_features), 1))) * trace
            )
        else:
            width = float(self.sigma) * self.scale
            squared_width = width * width
        return math.exp(-distance / squared_width) if squared_width > 0.0 else 0.0

    def move_nearest(self, point: NDArray) -> None:
        distances = [squared_distance(each.center, point) for each in self.prototypes]
        # The prototype with which a new one at the point would merge at least cost.
        costs = [
            merging_cost(distance, each.weight, 0.0, self.merge)
            for distance, each in zip(distances, self.prototypes, strict=True)
        ]
        winner = costs.index(min(costs))
        nearest, distance = self.prototypes[winner], distances[winner]
        self.link(point, nearest)
        k = self.kernel(distance)
        self.kernels.append(k)
        old_weight = nearest.weight
        nearest.weight += k
        nearest.count += 1.0
        nearest.last_seen = self.n_seen - 1
        nearest.learned.append(self.n_seen - 1)
        if nearest.weight == 0.0:
            return
        f = k / nearest.weight
        rest = old_weight / nearest.weight  # 1 - f
        gap = point - nearest.center
        # The same mean measured from either end; from the heavier end it is more exact.
        nearest.center = point - rest * gap if old_weight < k else nearest.center + f * gap
        nearest.scatter += k * rest * distance

    def link(self, point: NDArray, nearest: Prototype) -> None:
        """Link the two nearest prototypes if the point is near the middle between them."""
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
        if self.decay == 1.0 and self.n_seen - 1 >= 100 * self.n_prototypes:
            # Every fourth point, without a period, counts four times.
            hashed = (self.n_seen - 1) * 0x9E3779B97F4A7C15 % 2**64
            count = 4.0 if hashed < 2**62 else 0.0
        if max(middle, 0.0) < 0.5 * gap and count:
            pair = frozenset((nearest.id, second.id))
            value = count * math.exp(-max(middle, 0.0) / (2.0 * gap / 8**2))
            self.links[pair] = self.links.get(pair, 0.0) + value

    def merge_links(self, kept: int, freed: int) -> None:
        """Add the links of one prototype to another; the link between the two is deleted."""
        for pair in [pair for pair in self.links if freed in pair]:
            value = self.links.pop(pair)
            (other,) = pair - {freed}
            if other != kept:
                merged_pair = frozenset((kept, other))
                self.links[merged_pair] = self.links.get(merged_pair, 0.0) + value

    def find_closest_pair(self, rule: str) -> tuple[int, int]:
        """Brute force over all pairs, in lexicographic order of their slots."""
        centers = np.array([each.center for each in self.prototypes])
        gaps = centers[:, None, :] - centers[None, :, :]
        distances = np.add.accumulate(gaps * gaps, axis=2)[:, :, -1]
        best, closest = math.inf, (-1, -1)
        for i in range(len(centers)):
            for j in range(i + 1, len(centers)):
                weights = self.prototypes[i].weight, self.prototypes[j].weight
                cost = merging_cost(float(distances[i, j]), *weights, rule)
                if cost < best:
                    best, closest = cost, (i, j)
        return closest

    def merge_closest(self, rule: str) -> int:
        """Merge the closest pair into the slot of the heavier prototype; return the freed slot."""
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
        heavy.learned = heavy.learned + light.learned
        heavy.last_seen = max(heavy.last_seen, light.last_seen)
        self.merge_links(heavy.id, light.id)
        return j

    def merge_excess(self) -> None:
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
    """Sum in the order of the features; NumPy itself sums in pairs."""
    return float(np.add.accumulate(terms)[-1])


def squared_distance(a: NDArray, b: NDArray) -> float:
    return add_up((a - b) * (a - b))


def merging_cost(distance: float, weight: float, other: float, rule: str) -> float:
    if rule == "plain":
        return distance
    if rule == "log-min":
        return distance * reference_log2(2.0 + min(weight, other))
    a, b = weight + 1.0, other + 1.0
    h = a * b / (a + b)
    return distance * (h if rule == "ward" else math.log(1.0 + h))


def reference_log2(value: float) -> float:
    """log2, linear between powers of two."""
    mantissa, exponent = math.frexp(value)
    # Both parts are exact, so there is one rounding, as in the library.
    return (exponent - 1) + (2.0 * mantissa - 1.0)
