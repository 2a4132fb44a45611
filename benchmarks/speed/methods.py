"""The measured clusterers: ours, the lower bound, and other packages', each with its settings."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

import clusterer
from benchmarks.speed.lower_bound import Learn, start_columns, start_rows
from benchmarks.speed.points import N_BLOBS, divide

Start = Callable[[NDArray, int], Learn]


@dataclass(frozen=True)
class Method:
    """A measured clusterer; ``start`` makes a model of K that has learned the first points.

    ``feed`` is "chunks", "rows" or "dicts". ``role`` is "ours", "bound", "baseline" or "fixed":
    a baseline with a K of its own in every column.
    """

    name: str
    package: str
    feed: str
    start: Start
    role: str = "baseline"

    @property
    def version(self) -> str:
        """The package and its version, or a remark that it is missing."""
        if self.package == "clusterer":
            # Our package may run from a checkout without being installed.
            return f"clusterer {clusterer.__version__}"
        try:
            return f"{self.package} {version(self.package)}"
        except PackageNotFoundError:
            return f"{self.package}, not installed"


def find_radius(n_features: int) -> float:
    """Return a radius that covers most of a blob of standard deviation 1."""
    return float(2.0 * np.sqrt(n_features / 2))


def learn_dicts(model: Any, first: NDArray) -> Learn:
    for x in divide(first, "dicts")[0]:
        model.learn_one(x)
    return model.learn_one


def start_ours(first: NDArray, n_prototypes: int, **options: Any) -> Learn:
    return clusterer.OnlineClusterer(n_prototypes, **options).partial_fit(first).partial_fit


def start_our_river(first: NDArray, n_prototypes: int) -> Learn:
    from clusterer.river import OnlineClusterer

    return learn_dicts(OnlineClusterer(n_prototypes), first)


def start_minibatch(first: NDArray, n_clusters: int) -> Learn:
    from sklearn.cluster import MiniBatchKMeans

    return MiniBatchKMeans(n_clusters, random_state=0).partial_fit(first).partial_fit


def start_birch(first: NDArray, n_prototypes: int) -> Learn:
    from sklearn.cluster import Birch

    # Birch has no K. Its global clustering is off, since ours computes no labels here either.
    model = Birch(threshold=find_radius(first.shape[1]), n_clusters=None)
    return model.partial_fit(first).partial_fit


def start_bico(first: NDArray, n_points: int) -> Learn:
    from bico import BICO

    model = BICO(N_BLOBS, summary_size=n_points, random_state=0)
    return model.partial_fit(first).partial_fit


def start_clusopt(first: NDArray, n_prototypes: int) -> Learn:
    from clusopt_core.cluster import CluStream

    model = CluStream(m=n_prototypes, h=10_000, t=2)
    model.init_offline(first, seed=0)
    return model.partial_fit


def start_clustream(first: NDArray, n_prototypes: int) -> Learn:
    from river.cluster import CluStream

    settings = {"n_macro_clusters": N_BLOBS, "max_micro_clusters": n_prototypes, "seed": 0}
    return learn_dicts(CluStream(**settings), first)


def start_denstream(first: NDArray, n_prototypes: int) -> Learn:
    from river.cluster import DenStream

    return learn_dicts(DenStream(epsilon=find_radius(first.shape[1])), first)


def start_dbstream(first: NDArray, n_prototypes: int) -> Learn:
    from river.cluster import DBSTREAM

    return learn_dicts(DBSTREAM(clustering_threshold=find_radius(first.shape[1])), first)


def start_streamkmeans(first: NDArray, n_prototypes: int) -> Learn:
    from river.cluster import STREAMKMeans

    return learn_dicts(STREAMKMeans(chunk_size=100, n_clusters=N_BLOBS, seed=0), first)


def start_kmeans(first: NDArray, n_clusters: int) -> Learn:
    from river.cluster import KMeans

    return learn_dicts(KMeans(n_clusters, seed=0), first)


def fix_k(start: Start, n_clusters: int) -> Start:
    """Return the same start with a fixed K."""
    return lambda first, _: start(first, n_clusters)


BASELINES = ("baseline", "fixed")

OURS = "clusterer partial_fit"
BOUND = "lower bound, "

METHODS = (
    Method(OURS, "clusterer", "chunks", start_ours, "ours"),
    Method(f"{BOUND}centres (K, d)", "numba", "chunks", start_rows, "bound"),
    Method(f"{BOUND}centres (d, K)", "numba", "chunks", start_columns, "bound"),
    Method("MiniBatchKMeans, K", "scikit-learn", "chunks", start_minibatch),
    Method(
        f"MiniBatchKMeans, K = {N_BLOBS} ‡",
        "scikit-learn",
        "chunks",
        fix_k(start_minibatch, N_BLOBS),
        "fixed",
    ),
    Method("Birch †", "scikit-learn", "chunks", start_birch),
    Method("BICO, summary of K", "bico", "chunks", start_bico),
    Method(
        f"BICO, its summary of {200 * N_BLOBS} ‡",
        "bico",
        "chunks",
        fix_k(start_bico, 200 * N_BLOBS),
        "fixed",
    ),
    Method("clusopt CluStream", "clusopt-core", "chunks", start_clusopt),
    Method("clusterer partial_fit, (1, d)", "clusterer", "rows", start_ours, "ours"),
    Method(f"{BOUND}one call a point", "numba", "rows", start_rows, "bound"),
    Method("MiniBatchKMeans, K, (1, d)", "scikit-learn", "rows", start_minibatch),
    Method("Birch †, (1, d)", "scikit-learn", "rows", start_birch),
    Method("clusterer learn_one", "clusterer", "dicts", start_our_river, "ours"),
    Method("River CluStream", "river", "dicts", start_clustream),
    Method("River DenStream †", "river", "dicts", start_denstream),
    Method("River DBSTREAM †", "river", "dicts", start_dbstream),
    Method("River STREAMKMeans ‡", "river", "dicts", start_streamkmeans, "fixed"),
    Method("River KMeans, K", "river", "dicts", start_kmeans),
)
