"""Peers: other clusterers of streams, of scikit-learn and River, to be compared with ours."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import Birch, MiniBatchKMeans

from clusterer.cluster.estimator import OnlineClusterer

N_BATCH = 100
MOST_SUBCLUSTERS = 2_000  # the last step of Birch compares all with all


class Learner(Protocol):
    """What a peer does; ``learn`` is called with points (n, d) in the order of the stream."""

    def learn(self, points: NDArray[np.float64]) -> None:
        """Take in more points."""

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point; -1 for noise, or for all while nothing is known."""


class Ours:
    """Our own clusterer, with other parameters than the run's."""

    def __init__(self, **parameters: Any) -> None:
        self._model = OnlineClusterer(**parameters)

    def learn(self, points: NDArray[np.float64]) -> None:
        """Take in more points."""
        self._model.partial_fit(points)

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point."""
        return self._model.predict(points)


class Batches:
    """A model of scikit-learn that is fed whole batches; smaller ones cost it as much."""

    def __init__(self, model: Any, n_batch: int) -> None:
        self._model = model
        self._n_batch = n_batch
        self._waiting: list[NDArray[np.float64]] = []
        self._n_waiting = 0
        self._has_learned = False

    def learn(self, points: NDArray[np.float64]) -> None:
        """Take in more points; they wait until they fill a batch."""
        self._waiting.append(points)
        self._n_waiting += len(points)
        if self._n_waiting >= self._n_batch:
            self._model.partial_fit(np.concatenate(self._waiting))
            self._waiting, self._n_waiting, self._has_learned = [], 0, True

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point; -1 while no batch was full."""
        if not self._has_learned:
            return np.full(len(points), -1)
        return np.asarray(self._model.predict(points), dtype=np.int64)


class BirchBatches(Batches):
    """Birch, whose last step is done when it is asked, not with each batch."""

    def __init__(self, n_clusters: int, radius: float) -> None:
        super().__init__(Birch(threshold=radius, n_clusters=None), N_BATCH)
        self._n_clusters = n_clusters

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point; -1 while no batch was full."""
        if not self._has_learned:
            return np.full(len(points), -1)
        n_subclusters = len(self._model.subcluster_centers_)
        if self._n_clusters <= n_subclusters <= MOST_SUBCLUSTERS:
            self._model.set_params(n_clusters=self._n_clusters).partial_fit()
        labels = super().predict(points)
        self._model.set_params(n_clusters=None)
        return labels


class RiverModel:
    """A model of River, which learns point by point from dicts."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def learn(self, points: NDArray[np.float64]) -> None:
        """Take in more points."""
        for point in points.tolist():
            self._model.learn_one(dict(enumerate(point)))

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point."""
        labels = [self._model.predict_one(dict(enumerate(point))) for point in points.tolist()]
        return np.array(labels, dtype=np.int64)


def make_ours(n_prototypes: int = 50, sigma: float = 0.0, **others: Any) -> Learner:
    """Ours with another K and σ (0: automatic); the other parameters as given."""
    return Ours(**others | {"n_prototypes": n_prototypes, "sigma": sigma or "auto"})


def make_minibatch(n_clusters: int = 5, **_: Any) -> Learner:
    """MiniBatchKMeans of scikit-learn."""
    return Batches(MiniBatchKMeans(n_clusters, random_state=0), max(N_BATCH, n_clusters))


def make_birch(n_clusters: int = 5, radius: float = 1.0, **_: Any) -> Learner:
    """Birch of scikit-learn."""
    return BirchBatches(n_clusters, radius)


def make_dbstream(radius: float = 1.0, **_: Any) -> Learner:
    """DBSTREAM of River."""
    from river.cluster import DBSTREAM

    return RiverModel(DBSTREAM(clustering_threshold=radius))


def make_clustream(n_clusters: int = 5, n_prototypes: int = 50, **_: Any) -> Learner:
    """CluStream of River."""
    from river.cluster import CluStream

    return RiverModel(
        CluStream(n_macro_clusters=n_clusters, max_micro_clusters=n_prototypes, seed=0)
    )


@dataclass(frozen=True)
class Peer:
    """A clusterer to compare with: how it is called, what it has to be told, how it is made.

    ``knobs`` are those of "n_prototypes", "sigma", "n_clusters" and "radius" that it heeds.
    ``n_at_once`` is how many points it may be given between two looks at the controls.
    """

    title: str
    knobs: tuple[str, ...]
    make: Callable[..., Learner]
    n_at_once: int
    needs_river: bool = False


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "ours": Peer("Ours, set otherwise", ("n_prototypes", "sigma"), make_ours, 4_096),
        "minibatch": Peer("MiniBatchKMeans", ("n_clusters",), make_minibatch, 2_048),
        "birch": Peer("Birch", ("n_clusters", "radius"), make_birch, 512),
        "dbstream": Peer("DBSTREAM (River)", ("radius",), make_dbstream, 128, True),
        "clustream": Peer(
            "CluStream (River)", ("n_clusters", "n_prototypes"), make_clustream, 64, True
        ),
    }
)


def list_peers() -> dict[str, Peer]:
    """The peers whose packages are installed.

    >>> list(list_peers())[:3]
    ['ours', 'minibatch', 'birch']
    """
    has_river = find_spec("river") is not None
    return {key: peer for key, peer in PEERS.items() if has_river or not peer.needs_river}


@dataclass(frozen=True)
class Challenge:
    """Which peer to compare with, and what it is told; lengths are in the model's units."""

    key: str = "ours"
    n_prototypes: int = 50
    sigma: float = 0.0
    n_clusters: int = 5
    radius: float = 1.0

    def make(self, parameters: Mapping[str, Any]) -> Learner:
        """The peer, at its beginning; ``parameters`` of the run hold where nothing is told.

        Raises ValueError for a radius that is none.
        """
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise ValueError(f"radius is {self.radius}; allowed: a number above 0")
        told = {name: getattr(self, name) for name in PEERS[self.key].knobs}
        known = {name: value for name, value in parameters.items() if name not in told}
        return PEERS[self.key].make(**known | told)
