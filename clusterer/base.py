"""The contract of an online learner.

Sessions, model files, exports, comparisons and the command line know a learner only by this
contract. A new learner is one class that implements `Clusterer` or `Classifier`, and one line in
`LEARNERS`.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from functools import partial
from importlib import import_module
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone

from clusterer.stream.chunk import NOISE

State = tuple[dict[str, Any], dict[str, NDArray]]
"""A header in JSON's types, and arrays of numbers by name."""

COUNTS = ("n_seen", "most_prototypes", "enough_prototypes")
"""The whole numbers of a snapshot."""

DEFAULT_LEARNER = "online-clusterer"
LEARNERS: dict[str, str] = {
    DEFAULT_LEARNER: "clusterer.cluster.estimator:OnlineClusterer",
    "pegasos": "clusterer.svm.pegasos:PegasosClassifier",
    "kernel-pegasos": "clusterer.svm.kernel_pegasos:KernelPegasosClassifier",
}
"""The class of each learner as "module:Class", by the name that model files contain."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The state of a learner after ``n_seen`` points, in arrays that never change.

    Parameters
    ----------
    n_seen : int
        Number of points learned.
    centers : (m, d)
        The prototypes, in the units in which the learner learns.
    weights, counts : (m,), (m,)
        Weight of each prototype, and number of points that it stands for.
    scatters : (m,)
        Weighted sums of squared deviations.
    ids : (m,) int
        Ids that last as long as the prototypes.
    last_seen : (m,) int
        Index in the stream of the last point of each prototype.
    labels : (m,) int
        The cluster or class of each prototype; -1 for none.
    sigma : float
        Width of the kernel; NaN if the learner has none.
    links : (m, m)
        Points seen between two prototypes, see `clusterer.cluster.prototypes.links`; (0, 0) if
        the learner does not count them.
    half_life : float, default infinity
        Number of points after which a point counts half; infinite if nothing is forgotten.
    totals : (m,), optional
        Number of all points that each prototype stands for, also forgotten ones; empty if the
        learner does not count them.
    steps : (d,)
        The smallest difference of two values of each feature, 0 for unknown; (0,) if the learner
        does not measure it.
    most_prototypes : int, default 0
        The largest number of prototypes in force; 0 if the learner has no such number.
    enough_prototypes : int, default 0
        A number of prototypes to try if these are too few; 0 if they are not.
    """

    n_seen: int
    centers: NDArray[np.float64]
    weights: NDArray[np.float64]
    counts: NDArray[np.float64]
    scatters: NDArray[np.float64]
    ids: NDArray[np.int64]
    last_seen: NDArray[np.int64]
    labels: NDArray[np.int64]
    sigma: float
    links: NDArray[np.float64]
    half_life: float = np.inf
    totals: NDArray[np.float64] = field(default_factory=partial(np.empty, 0))
    steps: NDArray[np.float64] = field(default_factory=partial(np.empty, 0))
    most_prototypes: int = 0
    enough_prototypes: int = 0

    @property
    def points_taken(self) -> NDArray[np.float64]:
        """Number (m,) of all points that each prototype stands for; ``counts`` if unknown."""
        return self.totals if len(self.totals) == len(self.counts) else self.counts

    @classmethod
    def empty(cls, n_features: int) -> "Snapshot":
        """Return the snapshot before the first point."""
        nothing, none = np.empty(0), np.empty(0, dtype=np.int64)
        return cls(
            n_seen=0,
            centers=np.empty((0, n_features)),
            weights=nothing,
            counts=nothing,
            scatters=nothing,
            ids=none,
            last_seen=none,
            labels=none,
            sigma=np.nan,
            links=np.empty((0, 0)),
        )

    @property
    def n_clusters(self) -> int:
        """Number of clusters or classes among the prototypes, noise excluded."""
        return len(np.unique(self.labels[self.labels >= 0]))

    def to_arrays(self) -> State:
        """Return the snapshot as a header in JSON's types and arrays by name.

        >>> snapshot = Snapshot.empty(2)
        >>> header, arrays = snapshot.to_arrays()
        >>> header["n_seen"], header["sigma"], arrays["centers"].shape
        (0, None, (0, 2))
        >>> Snapshot.from_arrays(header, arrays).centers.shape
        (0, 2)
        """
        numbers = {"sigma": self.sigma, "half_life": self.half_life}
        header = {
            **{name: getattr(self, name) for name in COUNTS},
            **{name: x if math.isfinite(x) else None for name, x in numbers.items()},
        }
        names = [each.name for each in fields(self) if each.name not in header]
        return header, {name: getattr(self, name) for name in names}

    @classmethod
    def from_arrays(cls, header: dict[str, Any], arrays: dict[str, NDArray]) -> "Snapshot":
        """Build the snapshot that `to_arrays` wrote."""
        sigma, half_life = header["sigma"], header["half_life"]
        # Stored runs may lack the newer numbers.
        values: dict[str, Any] = {name: header[name] for name in COUNTS if name in header}
        values |= arrays
        return cls(
            sigma=np.nan if sigma is None else sigma,
            half_life=np.inf if half_life is None else half_life,
            **values,
        )


class Learner(BaseEstimator, ABC):
    """A model that learns a stream chunk by chunk; its parameters may change at any time.

    It follows scikit-learn's conventions: the constructor only stores its parameters,
    `get_params` and `set_params` read and change them, and `sklearn.base.clone` returns a new
    learner with the same parameters. The model must not depend on how the stream is divided into
    chunks, and must be deterministic, because a run that is resumed has to continue bit for bit.

    Attributes
    ----------
    n_features_in_ : int
        Number of features; absent before the first point.
    n_seen_ : int
        Number of points learned.
    """

    n_features_in_: int

    @property
    def keeps_units(self) -> bool:
        """Whether points must come in their own units; then they are never standardised."""
        return False

    @property
    @abstractmethod
    def n_seen_(self) -> int:
        """Number of points learned."""

    @abstractmethod
    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn a chunk of points.

        Parameters
        ----------
        X : (n, d)
            The points; n is at least 1.
        y : (n,) int, optional
            Their classes, -1 where a class is unknown; None if no class is known.

        Raises
        ------
        ValueError
            If the points or a parameter are not allowed. The learner is unchanged then.
        """

    def learn_chunk(self, X: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn a chunk of a stream, of which only some classes may be known.

        Runs and the command line call this method. By default it is `partial_fit`; a learner for
        which -1 is a class like any other drops the points of unknown class here.

        Parameters
        ----------
        X : (n, d)
            The points; n is at least 1.
        classes : (n,) int, optional
            Their classes, -1 where a class is unknown; None if no class is known.
        """
        return self.partial_fit(X, classes)

    @abstractmethod
    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster or class (n,) of each point X (n, d); -1 for none.

        The numbers are those in the ``labels`` of the present `snapshot`. Classes that were
        learned as text are predicted as text.
        """

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Return everything that a view needs, in new arrays."""

    @abstractmethod
    def change_units(self, factors: ArrayLike, shifts: ArrayLike) -> Self:
        """Convert everything learned to new units: a point x becomes ``x * factors + shifts``.

        ``factors`` (d,) are above 0. Raises ValueError if the numbers are not allowed.
        """

    @abstractmethod
    def to_arrays(self) -> State:
        """Return the parameters and everything learned as a header and arrays.

        The header must not contain the entries "format", "version", "learner" and "units", which
        model files add. Raises NotFittedError if the learner has learned nothing.
        """

    @classmethod
    @abstractmethod
    def from_arrays(cls, header: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """Build the learner that `to_arrays` wrote; it continues bit for bit.

        The contents may come from a stranger's file. Raises ValueError if `to_arrays` cannot have
        written them.
        """

    def check_parameters(self) -> None:
        """Raise ValueError that names the first parameter with a value that is not allowed."""
        return None

    def change_parameters(self, **values: Any) -> Self:
        """Change parameters in mid-stream; they take effect at once.

        Raises ValueError, and changes nothing, if a name or a value is not allowed.
        """
        known = self.get_params()
        for name in values:
            if name not in known:
                raise ValueError(f"there is no parameter {name!r}; there are: {', '.join(known)}")
        clone(self).set_params(**values).check_parameters()
        return self.set_params(**values)

    def copy(self) -> Self:
        """Return an independent copy, which continues bit for bit as this learner would."""
        if not self.__sklearn_is_fitted__():
            return clone(self)
        return self.from_arrays(*self.to_arrays())

    def describe(self) -> dict[str, str]:
        """Return a short text about each parameter, for people."""
        return {name: str(value) for name, value in self.get_params().items()}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")


class Clusterer(Learner):
    """A learner that finds clusters and ignores classes; clusters have whole numbers."""

    @property
    @abstractmethod
    def n_clusters_(self) -> int:
        """Number of clusters, noise excluded."""

    @property
    @abstractmethod
    def cluster_centers_(self) -> NDArray[np.float64]:
        """Centres (n_clusters_, d) of the clusters."""


class Classifier(Learner):
    """A learner that learns classes and predicts them."""

    @property
    @abstractmethod
    def classes_(self) -> NDArray:
        """The classes (n_classes,) seen so far, in increasing order: whole numbers or text."""

    def test_then_learn(self, X: ArrayLike, classes: ArrayLike) -> NDArray[np.int64]:
        """Learn a chunk point by point; return what was predicted for each point just before.

        Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", 2013, name this
        prequential evaluation.

        Parameters
        ----------
        X : (n, d)
            The points; n is at least 1.
        classes : (n,) int
            Their classes; points of unknown class, -1, are neither tested nor learned.

        Returns
        -------
        predicted : (n,) int64
            The predicted classes; -1 where the class is unknown, and for the very first point.
        """
        points, codes = np.asarray(X), np.asarray(classes)
        predicted = np.full(len(codes), NOISE)
        for i in np.flatnonzero(codes != NOISE).tolist():
            row = slice(i, i + 1)
            if self.__sklearn_is_fitted__():
                predicted[i] = self.predict(points[row])[0]
            self.learn_chunk(points[row], codes[row])
        return predicted


@runtime_checkable
class Mergeable(Protocol):
    """A learner that can add everything that another learner of its class has learned."""

    def absorb(self, other: Any, *, fade: bool = False) -> Self:
        """Add everything that ``other`` has learned, as if its stream had come afterwards.

        ``fade`` lets this learner forget as if the points of ``other`` had come to it.
        """
        ...


@runtime_checkable
class PointScorer(Protocol):
    """A learner of clusters that measures how well points fit them, as `OnlineClusterer` does.

    ``cluster_ids_`` (n_clusters,) are the numbers of its clusters.
    """

    cluster_ids_: NDArray[np.int64]

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the distance (n, n_clusters) of each point from each cluster's centre."""
        ...

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the logarithm (n,) of the density at each point."""
        ...


@runtime_checkable
class Decidable(Protocol):
    """A learner about whose clusters people can decide, as about those of `OnlineClusterer`.

    Clusters have the numbers in the ``labels`` of the present `Learner.snapshot`. All methods raise
    ValueError for a decision that is not possible; the learner is unchanged then.
    """

    def merge_clusters(self, first: int, second: int, *others: int) -> Any:
        """Decide that clusters are one, from now on."""
        ...

    def split_cluster(self, cluster: int) -> Any:
        """Decide that a cluster is two, from now on."""
        ...

    def cut_dendrogram(self, threshold: float) -> Any:
        """Decide that each peak with so much prominence is a cluster, from now on."""
        ...

    def undo_decision(self) -> Any:
        """Undo the last decision."""
        ...

    def find_cluster(self, prototype: int) -> int:
        """Return the number of the cluster of the prototype with this id."""
        ...


def register_learner(name: str, path: str) -> None:
    """Register a learner that is not part of this library.

    Parameters
    ----------
    name : the name in model files and on the command line
    path : "module:Class"; the module is imported when the learner is first used
    """
    LEARNERS[name] = path


def find_learner(name: str) -> type[Learner]:
    """Return the class of a learner. Raises ValueError for a name that is not registered.

    >>> find_learner("online-clusterer").__name__
    'OnlineClusterer'
    """
    if name not in LEARNERS:
        raise ValueError(f"there is no learner {name!r}; there are: {', '.join(LEARNERS)}")
    module, _, cls = LEARNERS[name].partition(":")
    return getattr(import_module(module), cls)


def find_learner_name(learner: Learner) -> str:
    """Return the registered name of a learner's class or base class.

    Raises ValueError if there is none.
    """
    names = {path: name for name, path in LEARNERS.items()}
    for cls in type(learner).__mro__:
        if (path := f"{cls.__module__}:{cls.__qualname__}") in names:
            return names[path]
    raise ValueError(
        f"{type(learner).__name__} is not a registered learner; call "
        "clusterer.base.register_learner first"
    )


def make_learner(name: str = DEFAULT_LEARNER, /, **parameters: Any) -> Learner:
    """Return a new learner.

    Raises ValueError if the name is not registered, or a parameter or its value is not allowed.

    >>> make_learner(n_prototypes=9)
    OnlineClusterer(n_prototypes=9)
    """
    return find_learner(name)().change_parameters(**parameters)
