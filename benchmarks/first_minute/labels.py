"""CPU time until the labels are known: after 100 new points, and point by point."""

from collections.abc import Callable, Iterator
from itertools import islice
from time import process_time

import numpy as np
from numpy.typing import NDArray

from clusterer import OnlineClusterer

SIZES = (50, 100, 200, 400, 1_000, 2_000)
N_POINTS = 2_000


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
    """Microseconds to learn and label a point, for ours and for River's clusterers."""
    from river import cluster

    from clusterer.river import OnlineClusterer as OneByOne

    rows = [{"x": x, "y": y} for x, y in draw_blobs(2 * N_POINTS).tolist()]
    models: dict[str, Callable[[], object]] = {
        "clusterer.river": OneByOne,
        "River's DBSTREAM": lambda: cluster.DBSTREAM(clustering_threshold=1.5),
        "River's DenStream": cluster.DenStream,
    }
    found = {}
    for name, make in models.items():
        model = make()
        for row in islice(rows, N_POINTS):
            model.learn_one(row)  # type: ignore[attr-defined]
        begin = process_time()
        for row in islice(rows, N_POINTS, None):
            model.learn_one(row)  # type: ignore[attr-defined]
            model.predict_one(row)  # type: ignore[attr-defined]
        found[name] = 1e6 * (process_time() - begin) / N_POINTS
    return found
