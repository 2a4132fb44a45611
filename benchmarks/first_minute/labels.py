"""CPU time until the labels are known: after 100 new points, and point by point."""

from collections.abc import Callable, Iterator
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer import OnlineClusterer

SIZES = (50, 100, 200, 400, 1_000, 2_000)
N_POINTS = 2_000
N_TURNS = 5
PARTIAL_FIT = "partial_fit and predict of a row"
LEARN_ONE = "learn_one and predict_one"
DBSTREAM = "River's DBSTREAM"


def draw_blobs(n: int, seed: int = 0) -> NDArray[np.float64]:
    """Six round clusters in the plane."""
    random = np.random.default_rng(seed)
    centers = np.random.default_rng(1).normal(size=(6, 2)) * 10
    return centers[random.integers(6, size=n)] + random.normal(size=(n, 2))


def time_labels() -> Iterator[tuple[int, float]]:
    """Yield K and the least milliseconds from 100 new points to their labels."""
    for n_prototypes in SIZES:
        model = OnlineClusterer(n_prototypes).fit(draw_blobs(20 * n_prototypes + 5_000))
        model.cluster_labels_  # noqa: B018
        spent = []
        for seed in range(15 if n_prototypes < 1_000 else 5):
            model.partial_fit(draw_blobs(100, seed))
            begin = process_time()
            model.cluster_labels_  # noqa: B018
            spent.append(process_time() - begin)
        yield n_prototypes, 1e3 * min(spent)


def time_points() -> dict[str, float]:
    """Microseconds to learn and label a point, for ours and for River's clusterers.

    The models take turns, and the least time of a turn counts.
    """
    from river import cluster

    from clusterer.river import OnlineClusterer as OneByOne

    steps = {
        PARTIAL_FIT: step_by_rows(OnlineClusterer()),
        LEARN_ONE: step_by_dicts(OneByOne()),
        DBSTREAM: step_by_dicts(cluster.DBSTREAM(clustering_threshold=1.5)),
        "River's DenStream": step_by_dicts(cluster.DenStream()),
    }
    points = draw_blobs((1 + N_TURNS) * N_POINTS)
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(1 + N_TURNS):
        chunk = points[turn * N_POINTS : (turn + 1) * N_POINTS]
        for name, step in steps.items():
            rows = [dict(zip("xy", row, strict=True)) for row in chunk.tolist()]
            items = [row[None] for row in chunk] if name == PARTIAL_FIT else rows
            begin = process_time()
            for item in items:
                step(item)
            spent[name].append(1e6 * (process_time() - begin) / N_POINTS)
    # The first turn fills the models and compiles.
    return {name: min(times[1:]) for name, times in spent.items()}


def step_by_rows(model: Any) -> Callable[[Any], object]:
    """Learn and label one row, with the estimator's interface."""

    def step(row: Any) -> None:
        model.partial_fit(row)
        model.predict(row)

    return step


def step_by_dicts(model: Any) -> Callable[[Any], object]:
    """Learn and label one dict, with River's interface."""

    def step(x: Any) -> None:
        model.learn_one(x)
        model.predict_one(x)

    return step
