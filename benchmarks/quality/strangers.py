"""Eight groups of data that strangers bring first, each case judged right or wrong.

Every case is learned in chunks of 1 000 points with the default parameters, and then labelled. The
even seeds serve for choosing among methods; the odd seeds are for the final check only.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator as Random
from numpy.typing import NDArray

from benchmarks.quality.families import Labelled
from benchmarks.quality.scores import score
from clusterer import OnlineClusterer
from clusterer.datasets.layout import place_centers
from clusterer.stream.chunk import NOISE

CHUNK = 1000


class Case(NamedTuple):
    """A kind of data: its group, a name, and the function that draws it by a seed."""

    group: str
    name: str
    draw: Callable[[Random], Labelled]


def draw_blobs(
    random: Random,
    n_clusters: int,
    n_features: int,
    n_points: int,
    gap: float = 8.0,
    order: str = "shuffled",
) -> Labelled:
    """Draw round normal clusters of unit deviation whose centres lie at least ``gap`` apart."""
    centers = place_centers(random, n_clusters, n_features, gap)
    classes = np.arange(n_points) % n_clusters
    random.shuffle(classes)
    if order == "sorted":
        classes = np.sort(classes)
    return centers[classes] + random.normal(size=(n_points, n_features)), classes


def standardise(points: NDArray) -> NDArray[np.float64]:
    """Scale each feature (n, d) to mean 0 and variance 1."""
    spread = points.std(axis=0)
    return np.asarray((points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def mix(random: Random, centers: NDArray, spreads: NDArray, n_points: int) -> Labelled:
    """Draw normal clusters (k, d) with a deviation per cluster and feature (k, d)."""
    classes = random.integers(len(centers), size=n_points)
    gaps = random.normal(size=(n_points, centers.shape[1]))
    return centers[classes] + gaps * spreads[classes], classes


def draw_hours(random: Random) -> Labelled:
    """Whole hours of the day around three meals."""
    centers = np.array([[7.0], [13.0], [20.0]]) + random.uniform(-0.5, 0.5, size=(3, 1))
    points, classes = mix(random, centers, np.full((3, 1), 1.1), 4000)
    return np.clip(np.round(points), 0, 23), classes


def draw_ages(random: Random) -> Labelled:
    """Ages in years and numbers of rooms of three kinds of households, standardised."""
    centers = np.array([[26.0, 2.0], [45.0, 6.0], [74.0, 3.0]])
    points, classes = mix(random, centers, np.array([[3.0, 0.5], [4.0, 0.8], [4.0, 0.6]]), 3000)
    return standardise(np.round(points)), classes


def draw_ratings(random: Random) -> Labelled:
    """Four answers from 1 to 7 of two kinds of customers."""
    answers = np.array([[2.0, 2.0, 6.0, 3.0], [6.0, 5.5, 2.0, 6.0]])
    points, classes = mix(random, answers, np.full((2, 4), 0.9), 2000)
    return np.clip(np.round(points), 1, 7), classes


def draw_counts(random: Random) -> Labelled:
    """Visits and purchases: Poisson counts of three kinds of users."""
    rates = np.array([[3.0, 2.0], [30.0, 4.0], [12.0, 40.0]])
    classes = random.integers(3, size=3000)
    return random.poisson(rates[classes]).astype(np.float64), classes


def draw_rounded(random: Random, digits: int) -> Labelled:
    """Blobs rounded to whole standard deviations, or to tenths."""
    points, classes = draw_blobs(random, 4, 2, 3000, gap=9.0)
    return np.round(points, digits), classes


def draw_one_hot(random: Random) -> Labelled:
    """Two measured features and a category of four, one-hot, that hardly depends on the class."""
    points, classes = draw_blobs(random, 3, 2, 3000, gap=9.0)
    shares = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.25] * 4])
    category = (random.random(3000)[:, None] > shares[classes].cumsum(axis=1)).sum(axis=1)
    return np.column_stack([points, np.eye(4)[np.minimum(category, 3)]]), classes


def draw_prices(random: Random) -> Labelled:
    """Prices that end in 99 cents, in two ranges."""
    classes = random.integers(2, size=3000)
    prices = np.where(classes == 0, 12.0, 90.0) * random.lognormal(0.0, 0.25, size=3000)
    return (np.round(prices) - 0.01)[:, None], classes


def draw_embeddings(random: Random, n_topics: int, n_features: int, cosine: float) -> Labelled:
    """Directions on the sphere: topics at right angles, and ``cosine`` within a topic."""
    topics = random.normal(size=(n_topics, n_features))
    topics /= np.linalg.norm(topics, axis=1)[:, None]
    classes = random.integers(n_topics, size=4000)
    width = np.sqrt((1.0 / cosine - 1.0) / n_features)
    points = topics[classes] + width * random.normal(size=(4000, n_features))
    return points / np.linalg.norm(points, axis=1)[:, None], classes


def draw_wide_normals(random: Random, n_clusters: int, n_features: int) -> Labelled:
    """Normal clusters in many features whose centres differ in each by a standard deviation."""
    centers = random.normal(size=(n_clusters, n_features))
    classes = random.integers(n_clusters, size=3000)
    return centers[classes] + random.normal(size=(3000, n_features)), classes


ONE_GROUP: dict[str, Callable[[Random, int, int], NDArray]] = {
    "normal": lambda random, n, d: random.normal(size=(n, d)),
    "uniform": lambda random, n, d: random.random(size=(n, d)),
    "exponential": lambda random, n, d: random.exponential(size=(n, d)),
    "t of 4": lambda random, n, d: random.standard_t(4, size=(n, d)),
}
ONE_GROUP_SIZES = ((80, 1), (200, 2), (500, 3), (1500, 5), (3000, 2), (6000, 15), (120, 8))


def draw_one_group(random: Random, shape: str, n_points: int, n_features: int) -> Labelled:
    """Points of one group only."""
    return ONE_GROUP[shape](random, n_points, n_features), np.zeros(n_points, dtype=np.int64)


def draw_rare(random: Random, n_rare: int, n_features: int) -> Labelled:
    """Three large clusters and a rare one 14 standard deviations from the nearest."""
    centers = place_centers(random, 4, n_features, 14.0)
    sizes = np.array([20_000, 12_000, 4000, n_rare])
    classes = random.permutation(np.repeat(np.arange(4), sizes))
    return centers[classes] + random.normal(size=(sizes.sum(), n_features)), classes


def draw_noisy(random: Random, n_clusters: int, share: float, n_features: int = 2) -> Labelled:
    """Blobs in a box of uniform noise that extends 4 deviations beyond them."""
    points, classes = draw_blobs(random, n_clusters, n_features, 5000, gap=10.0)
    is_noise = random.random(5000) < share
    low, high = points.min(axis=0) - 4.0, points.max(axis=0) + 4.0
    background = low + (high - low) * random.random(size=(5000, n_features))
    return np.where(is_noise[:, None], background, points), np.where(is_noise, NOISE, classes)


def draw_heavy_tails(random: Random) -> Labelled:
    """Clusters with the tails of Student's t of 3 degrees of freedom."""
    centers = place_centers(random, 3, 2, 20.0)
    classes = random.integers(3, size=4000)
    return centers[classes] + random.standard_t(3, size=(4000, 2)), classes


def draw_with_constants(random: Random) -> Labelled:
    """Blobs with two constant features."""
    points, classes = draw_blobs(random, 4, 2, 3000)
    return np.column_stack([points, np.full(3000, 7.0), np.zeros(3000)]), classes


def draw_degrees(random: Random) -> Labelled:
    """Places around towns, in degrees of latitude and longitude."""
    towns = np.array([[52.5, 13.4], [48.1, 11.6], [50.1, 8.7], [53.6, 10.0]])
    classes = random.integers(4, size=4000)
    return towns[classes] + 0.1 * random.normal(size=(4000, 2)), classes


def draw_correlated(random: Random) -> Labelled:
    """Two parallel clusters whose features correlate by .98."""
    classes = random.integers(2, size=4000)
    along, across = random.normal(size=(2, 4000))
    points = np.column_stack([along, 0.98 * along + np.sqrt(1 - 0.98**2) * across])
    points[:, 1] += 2.0 * classes
    return points, classes


Draws = dict[str, Callable[[Random], Labelled]]


def list_whole_numbers() -> Draws:
    return {
        "hours": draw_hours,
        "ages": draw_ages,
        "ratings": draw_ratings,
        "counts": draw_counts,
        "prices": draw_prices,
        "one-hot": draw_one_hot,
        "rounded to 1": partial(draw_rounded, digits=0),
        "rounded to 0.1": partial(draw_rounded, digits=1),
    }


def list_many_features() -> Draws:
    topics = ((5, 100, 0.6), (10, 300, 0.5), (20, 768, 0.45), (8, 1536, 0.4))
    draws: Draws = {
        f"{k} topics in {d}, cosine {cosine}": partial(
            draw_embeddings, n_topics=k, n_features=d, cosine=cosine
        )
        for k, d, cosine in topics
    }
    for k, d in ((6, 50), (12, 300)):
        draws[f"{k} normals in {d}"] = partial(draw_wide_normals, n_clusters=k, n_features=d)
    return draws


def list_one_group() -> Draws:
    return {
        f"{shape}, n = {n}, d = {d}": partial(draw_one_group, shape=shape, n_points=n, n_features=d)
        for shape in ONE_GROUP
        for n, d in ONE_GROUP_SIZES
    }


def list_many_clusters() -> Draws:
    return {
        f"{k} blobs in {d}": partial(draw_blobs, n_clusters=k, n_features=d, n_points=150 * k)
        for k, d in ((64, 2), (90, 2), (150, 2), (80, 4))
    }


def list_rare() -> Draws:
    sizes = ((60, 2), (100, 2), (80, 4))
    return {f"{n} points in {d}": partial(draw_rare, n_rare=n, n_features=d) for n, d in sizes}


def list_much_noise() -> Draws:
    sizes = ((3, 0.4, 2), (5, 0.5, 2), (4, 0.6, 2), (6, 0.4, 3), (3, 0.5, 3), (8, 0.6, 2))
    return {
        f"{k} blobs in {d}, {share:.0%}": partial(
            draw_noisy, n_clusters=k, share=share, n_features=d
        )
        for k, share, d in sizes
    }


def list_few_points() -> Draws:
    return {
        f"{k} blobs, n = {n}, {order}": partial(
            draw_blobs, n_clusters=k, n_features=2, n_points=n, order=order
        )
        for k, n in ((2, 40), (3, 60), (4, 80), (3, 200))
        for order in ("shuffled", "sorted")
    }


def list_usual() -> Draws:
    return {
        "heavy tails": draw_heavy_tails,
        "constants": draw_with_constants,
        "degrees": draw_degrees,
        "correlation .98": draw_correlated,
    }


GROUPS: dict[str, Callable[[], Draws]] = {
    "whole numbers": list_whole_numbers,
    "many features": list_many_features,
    "one group": list_one_group,
    "more clusters than prototypes": list_many_clusters,
    "rare and remote": list_rare,
    "much noise": list_much_noise,
    "few points": list_few_points,
    "usual": list_usual,
}


def list_cases() -> list[Case]:
    """The cases of all groups."""
    return [
        Case(group, name, draw) for group, draws in GROUPS.items() for name, draw in draws().items()
    ]


def draw_case(case: Case, seed: int) -> Labelled:
    """Draw a case; the same seed gives other numbers to every case."""
    return case.draw(np.random.default_rng([seed, *case.name.encode()]))


def learn(points: NDArray, **settings: Any) -> OnlineClusterer:
    """Learn the points (n, d) in chunks, as a stream brings them."""
    model = OnlineClusterer(**settings)
    for start in range(0, len(points), CHUNK):
        model.partial_fit(points[start : start + CHUNK])
    return model


def is_right(case: Case, classes: NDArray[np.int64], labels: NDArray[np.int64]) -> bool:
    """Judge the labels (n,) of a case.

    One group is right as one cluster of at least 90 % of the points. Otherwise the number of
    clusters may differ by a tenth, and the ARI without the true noise must be 0.9. In a background
    60 % of the noise must be called noise, and at most 10 % of the other points. The rare class
    must be a cluster of its own.
    """
    found = score(classes, labels)
    if case.group == "one group":
        return found.n_found == 1 and found.false_noise <= 0.1
    is_near = abs(found.n_found - found.n_true) <= 0.1 * found.n_true
    if not (is_near and found.ari >= 0.9):
        return False
    if case.group == "much noise":
        return found.noise_recall >= 0.6 and found.false_noise <= 0.1
    if case.group == "rare and remote":
        most = [int(np.bincount(labels[classes == k] + 1).argmax()) for k in np.unique(classes)]
        return 0 not in most and len(set(most)) == len(most)
    return True


def count_right(seeds: range, **settings: Any) -> dict[str, tuple[int, int]]:
    """Numbers of right and of all cases by group, over several seeds."""
    found = dict.fromkeys(GROUPS, (0, 0))
    for case in list_cases():
        right, total = found[case.group]
        for seed in seeds:
            points, classes = draw_case(case, seed)
            right += is_right(case, classes, learn(points, **settings).predict(points))
        found[case.group] = right, total + len(seeds)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--final", action="store_true", help="use the seeds of the final check")
    parser.add_argument("--seeds", type=int, default=2, help="number of seeds; %(default)s")
    given = parser.parse_args()
    seeds = range(int(given.final), 2 * given.seeds, 2)
    methods: dict[str, dict[str, Any]] = {"defaults": {}, "K = 50": {"n_prototypes": 50}}
    for name, settings in methods.items():
        found = count_right(seeds, **settings)
        print(name, {group: f"{right} of {total}" for group, (right, total) in found.items()})
        print(*(sum(each) for each in zip(*found.values(), strict=True)), sep=" right of ")


if __name__ == "__main__":
    main()
