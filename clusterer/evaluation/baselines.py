"""Baselines: stream clusterers of scikit-learn and River that a run is compared with."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import Birch, MiniBatchKMeans

from clusterer.base import Learner
from clusterer.stream.chunk import NOISE

N_BATCH = 100
MAX_SUBCLUSTERS = 2_000  # the last step of Birch compares all pairs


class BaselineModel(Protocol):
    """The interface of a baseline; ``learn`` gets the points in the order of the stream."""

    def learn(self, points: NDArray[np.float64], classes: NDArray[np.int64] | None = None) -> None:
        """Learn points (n, d) and, if the baseline is a classifier, their classes (n,)."""

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point; -1 for noise, or for all points before learning."""


class LearnerModel:
    """A learner of this library."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner

    def learn(self, points: NDArray[np.float64], classes: NDArray[np.int64] | None = None) -> None:
        """Learn points (n, d), and their classes (n,) if the learner is a classifier."""
        self._learner.learn_chunk(points, classes)

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point."""
        return self._learner.predict(points)


class BatchModel:
    """A model of scikit-learn that learns whole batches; a smaller batch costs as much time."""

    def __init__(self, model: Any, n_batch: int) -> None:
        self._model = model
        self._n_batch = n_batch
        self._waiting: list[NDArray[np.float64]] = []
        self._n_waiting = 0
        self._has_learned = False

    def learn(self, points: NDArray[np.float64], classes: NDArray[np.int64] | None = None) -> None:
        """Collect points (n, d), and learn them as soon as they fill a batch."""
        self._waiting.append(points)
        self._n_waiting += len(points)
        if self._n_waiting >= self._n_batch:
            self._model.partial_fit(np.concatenate(self._waiting))
            self._waiting, self._n_waiting, self._has_learned = [], 0, True

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point; -1 before the first full batch."""
        if not self._has_learned:
            return np.full(len(points), NOISE)
        return np.asarray(self._model.predict(points), dtype=np.int64)


class BirchModel(BatchModel):
    """Birch. Its last step, which joins subclusters, runs at ``predict`` and not at each batch."""

    def __init__(self, n_clusters: int, radius: float) -> None:
        super().__init__(Birch(threshold=radius, n_clusters=None), N_BATCH)
        self._n_clusters = n_clusters

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point; -1 before the first full batch."""
        if not self._has_learned:
            return np.full(len(points), NOISE)
        n_subclusters = len(self._model.subcluster_centers_)
        if self._n_clusters <= n_subclusters <= MAX_SUBCLUSTERS:
            self._model.set_params(n_clusters=self._n_clusters).partial_fit()
        labels = super().predict(points)
        self._model.set_params(n_clusters=None)
        return labels


class RiverModel:
    """A model of River, which learns one dict per point."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def learn(self, points: NDArray[np.float64], classes: NDArray[np.int64] | None = None) -> None:
        """Learn points (n, d)."""
        for point in points.tolist():
            self._model.learn_one(dict(enumerate(point)))

    def predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster (n,) of each point."""
        labels = [self._model.predict_one(dict(enumerate(point))) for point in points.tolist()]
        return np.array(labels, dtype=np.int64)


def make_same_learner(learner: Learner, n_prototypes: int, sigma: float) -> BaselineModel:
    """The learner of the run, unfitted, with another K and σ (0: automatic) if it has these.

    Raises ValueError if the learner refuses a value.
    """
    chosen = {"n_prototypes": n_prototypes, "sigma": sigma or "auto"}
    known = learner.get_params()
    values = {name: value for name, value in chosen.items() if name in known}
    return LearnerModel(clone(learner).change_parameters(**values))


def make_minibatch(_: Learner, n_clusters: int) -> BaselineModel:
    """MiniBatchKMeans of scikit-learn."""
    return BatchModel(MiniBatchKMeans(n_clusters, random_state=0), max(N_BATCH, n_clusters))


def make_birch(_: Learner, n_clusters: int, radius: float) -> BaselineModel:
    """Birch of scikit-learn."""
    return BirchModel(n_clusters, radius)


def make_dbstream(_: Learner, radius: float) -> BaselineModel:
    """DBSTREAM of River."""
    from river.cluster import DBSTREAM

    return RiverModel(DBSTREAM(clustering_threshold=radius))


def make_clustream(_: Learner, n_clusters: int, n_prototypes: int) -> BaselineModel:
    """CluStream of River."""
    from river.cluster import CluStream

    return RiverModel(
        CluStream(n_macro_clusters=n_clusters, max_micro_clusters=n_prototypes, seed=0)
    )


@dataclass(frozen=True)
class Baseline:
    """A clusterer to compare with.

    Parameters
    ----------
    title : str
        Its name on screen.
    parameters : tuple of str
        Those of "n_prototypes", "sigma", "n_clusters" and "radius" that it uses.
    make : callable
        Makes the model from the learner of the run and these parameters.
    max_chunk_size : int
        Most points for one call of ``learn``, so that the controls stay responsive.
    needs_river : bool, default False
        Whether the package River must be installed.
    """

    title: str
    parameters: tuple[str, ...]
    make: Callable[..., BaselineModel]
    max_chunk_size: int
    needs_river: bool = False


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {
        "ours": Baseline(
            "This clusterer, other settings", ("n_prototypes", "sigma"), make_same_learner, 4_096
        ),
        "minibatch": Baseline("MiniBatchKMeans", ("n_clusters",), make_minibatch, 2_048),
        "birch": Baseline("Birch", ("n_clusters", "radius"), make_birch, 512),
        "dbstream": Baseline("DBSTREAM (River)", ("radius",), make_dbstream, 128, True),
        "clustream": Baseline(
            "CluStream (River)", ("n_clusters", "n_prototypes"), make_clustream, 64, True
        ),
    }
)


def list_baselines() -> dict[str, Baseline]:
    """The baselines whose packages are installed.

    >>> list(list_baselines())[:3]
    ['ours', 'minibatch', 'birch']
    """
    has_river = find_spec("river") is not None
    return {key: each for key, each in BASELINES.items() if has_river or not each.needs_river}


@dataclass(frozen=True)
class BaselineSettings:
    """The chosen baseline and its parameters; lengths are in the units of the model.

    Parameters
    ----------
    key : str, default "ours"
        A key of `BASELINES`.
    n_prototypes : int, default 50
        Most prototypes or micro-clusters.
    sigma : float, default 0
        Width of the kernel; 0 is automatic.
    n_clusters : int, default 5
        Number of clusters, for baselines that cannot choose it.
    radius : float, default 1
        Distance below which points belong together.
    """

    key: str = "ours"
    n_prototypes: int = 50
    sigma: float = 0.0
    n_clusters: int = 5
    radius: float = 1.0

    def make(self, learner: Learner) -> BaselineModel:
        """Make the model for a run of ``learner``, which stays as it is.

        Raises ValueError if the radius is not a number above 0, or as `make_same_learner`.
        """
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise ValueError(f"radius is {self.radius}; allowed: a number above 0")
        chosen = {name: getattr(self, name) for name in BASELINES[self.key].parameters}
        return BASELINES[self.key].make(learner, **chosen)
