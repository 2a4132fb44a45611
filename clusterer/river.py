"""The learners with River's interface: they learn one dict of features at a time.

River (https://riverml.xyz) is optional; importing this module without it raises ImportError.
"""

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.drift_check import learn_stream
from clusterer.cluster.fitted_attributes import FittedAttributes
from clusterer.cluster.labelling.label_cache import LabelCache
from clusterer.cluster.points.arrivals import read_times, read_weights
from clusterer.cluster.points.metric import project_points
from clusterer.cluster.prototypes.parameters import REFRESH, Parameters
from clusterer.cluster.prototypes.prototypes import NOT_GIVEN, Prototypes
from clusterer.cluster.validation import describe_refusal, refuse_columns
from clusterer.stream.chunk import NOISE
from clusterer.support.locking import locked

if TYPE_CHECKING:
    import pandas as pd

try:
    from river import base
except ImportError as error:
    raise ImportError("clusterer.river needs River: pip install 'clusterer[river]'") from error

from clusterer.svm.river_classifiers import KernelPegasosClassifier, PegasosClassifier

__all__ = ["KernelPegasosClassifier", "OnlineClusterer", "PegasosClassifier"]


class OnlineClusterer(FittedAttributes, base.Clusterer):
    """`clusterer.OnlineClusterer` with River's interface.

    Features have names and may come and go. A missing feature counts as 0; a new feature is 0 in
    everything learned before. The columns are in the order of first appearance; features that
    appear together are sorted by name, so the order within a dict does not matter.

    Parameters
    ----------
    n_prototypes, sigma, half_life, update, merge, join, drop_singletons, forget, refresh, metric, \
noise_threshold
        As in `clusterer.OnlineClusterer`; each but the metric may be assigned while the stream is
        learned. With ``metric="haversine"`` the first feature by name is the latitude.

    Attributes
    ----------
    feature_names : list
        Names of the columns of ``prototypes_``.
    n_clusters : int
        Number of clusters; 0 before the first point.
    centers : dict of int to dict
        The centre of each cluster, as a dict of its features, by the number that `predict_one`
        returns.
    prototypes_, weights_, counts_, scatters_, ids_, cluster_labels_, cluster_ids_, \
cluster_centers_, n_clusters_, sigma_, half_life_, n_seen_
        As in `clusterer.OnlineClusterer`.

    Examples
    --------
    >>> from clusterer.river import OnlineClusterer
    >>> model = OnlineClusterer(n_prototypes=4)
    >>> for x in [{"a": 1.0}, {"a": 1.0}, {"a": 9.0, "b": 5}, {"b": 5, "a": 9.0}]:
    ...     model.learn_one(x)
    >>> model.feature_names, model.n_clusters_
    (['a', 'b'], 2)
    >>> model.predict_one({"a": 1.0}) == model.predict_one({"a": 9.0, "b": 5})
    False

    References
    ----------
    J. Montiel et al., "River: machine learning for streaming data in Python", Journal of Machine
    Learning Research 22, 2021.
    """

    def __init__(
        self,
        n_prototypes: int | str = "auto",
        sigma: float | str = "auto",
        half_life: float | str | None = "auto",
        update: str = "kernel",
        merge: str = "auto",
        join: bool = True,
        drop_singletons: bool = True,
        forget: str = "quiet",
        refresh: float = REFRESH,
        metric: str = "euclidean",
        noise_threshold: float | None = None,
    ) -> None:
        self.n_prototypes = n_prototypes
        self.sigma = sigma
        self.half_life = half_life
        self.update = update
        self.merge = merge
        self.join = join
        self.drop_singletons = drop_singletons
        self.forget = forget
        self.refresh = refresh
        self.metric = metric
        self.noise_threshold = noise_threshold
        self._label_cache = LabelCache()
        self._last_time: float | None = None
        self._set_columns([])

    # The row holds the last point.
    _transient = frozenset({"_row", "_cells", "_written"})

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._allocate_row()

    @property
    def feature_names(self) -> list[Any]:
        """Names of the features, in the order of the columns."""
        return list(self._columns)

    @property
    @locked
    def n_clusters(self) -> int:
        """Number of clusters, noise not counted; 0 before the first point."""
        return self.n_clusters_ if hasattr(self, "_prototypes") else 0

    @property
    @locked
    def centers(self) -> dict[int, dict[Any, float]]:
        """The centre of each cluster by its number, as a dict of features; empty at first."""
        if not hasattr(self, "_prototypes"):
            return {}
        centers = zip(self.cluster_ids_.tolist(), self.cluster_centers_.tolist(), strict=True)
        # A model of points without features has one column without a name.
        return {i: dict(zip(self._columns, center, strict=False)) for i, center in centers}

    def learn_one(self, x: dict[Any, Any], w: float = 1.0, t: Any = None) -> None:
        """Learn one point, a dict of numbers by name.

        ``w`` is its weight; a point of weight 0 is left out. ``t`` is its time, in seconds or as a
        datetime: with a ``half_life`` in seconds every point needs it.

        Raises ValueError and learns nothing if a value is not a finite number.
        """
        with self._lock:
            parameters = self._get_parameters()
            is_known = x.keys() <= self._columns.keys() and hasattr(self, "_prototypes")
            n_before = len(self._columns)
            try:
                if not is_known:
                    self._add_columns(x.keys())
                self._pack(x)
                weights, decays, last_time = NOT_GIVEN, NOT_GIVEN, self._last_time
                if w != 1.0:
                    weights = read_weights(self._row, [w])
                if t is not None or last_time is not None or isinstance(self.half_life, str):
                    decays, last_time = read_times(
                        None if t is None else [t], 1, weights, self.half_life, last_time
                    )
                if w != 0.0:
                    row = self._learn_rows(self._row, parameters, weights, decays)
                    if row >= 0:
                        raise ValueError(describe_point(x))
                self._last_time = last_time
            except BaseException:
                self._drop_columns(n_before)
                raise

    def predict_one(self, x: dict[Any, Any]) -> int:
        """Return the number of the cluster of a point; -1 for noise, and before the first point.

        It is the cluster of the nearest prototype. A cluster keeps its number while the stream is
        learned. Between two computations of all clusters they are updated, see ``refresh`` of
        `clusterer.OnlineClusterer`.
        """
        with self._lock:
            if not hasattr(self, "_prototypes"):
                return NOISE
            prototypes = self._get_prototypes()
            self._pack(x)
            row = self._row
            if self.metric != "euclidean":
                row = project_points(self.metric, row)
            if prototypes.find_refused(row) >= 0:
                raise ValueError(describe_point(x))
            slots = prototypes.assign(row)
            labels = self._update_labels(prototypes, 1)[slots]
            return int(self._drop_far(prototypes, row, slots, labels)[0])

    @locked
    def learn_many(self, X: "pd.DataFrame", w: Any = None, t: Any = None) -> None:
        """Learn the rows of a table, as `learn_one` learns one row after the other.

        Parameters
        ----------
        X : DataFrame (n, d)
            The points, with the names of the features as columns.
        w, t : (n,), optional
            Weights and times of the points.

        Raises
        ------
        ValueError
            If a value is not a finite number; nothing is learned then.
        """
        refuse_columns(X)
        parameters, n_before = self._get_parameters(), len(self._columns)
        try:
            self._add_columns(X.columns)
            points = self._align(X)
            weights = NOT_GIVEN if w is None else read_weights(points, w)
            times = read_times(t, len(points), weights, self.half_life, self._last_time)
            if len(weights):
                points, weights = points[weights > 0.0], weights[weights > 0.0]
            row = self._learn_rows(points, parameters, weights, times[0]) if len(points) else -1
            if row >= 0:
                raise ValueError(describe_refusal(points, row))
            self._last_time = times[1]
        except BaseException:
            self._drop_columns(n_before)
            raise

    @locked
    def predict_many(self, X: "pd.DataFrame") -> "pd.Series":
        """Return the number of the cluster of each row of a table (n, d), as `predict_one` does.

        The result is a Series with the index of the table.
        """
        import pandas as pd

        refuse_columns(X)
        labels = np.full(len(X), NOISE)
        if hasattr(self, "_prototypes") and len(X):
            prototypes = self._get_prototypes()
            points = project_points(self.metric, self._align(X))
            row = prototypes.find_refused(points)
            if row >= 0:
                raise ValueError(describe_refusal(points, row))
            slots = prototypes.assign(points)
            labels = self._update_labels(prototypes, len(points))[slots]
            labels = self._drop_far(prototypes, points, slots, labels)
        return pd.Series(labels, index=X.index)

    def _align(self, X: "pd.DataFrame") -> NDArray[np.float64]:
        """Return the points (n, d) of a table in the order of the columns; unknown ones drop."""
        points = np.zeros((len(X), max(len(self._columns), 1)))
        for name in X.columns:
            if name in self._columns:
                points[:, self._columns[name]] = X[name].to_numpy(np.float64, na_value=np.nan)
        return points

    def _learn_rows(
        self, rows: NDArray, parameters: Parameters, weights: NDArray, decays: NDArray
    ) -> int:
        """Learn points (n, d) in the order of the columns; return the row refused, or -1."""
        if self.metric != "euclidean":
            self._check_metric()
            rows = project_points(self.metric, rows)
        n_features = rows.shape[1]
        if not hasattr(self, "_prototypes"):
            prototypes = Prototypes(n_features, parameters.n_prototypes, parameters.rule)
            refused = learn_stream(prototypes, rows, parameters, weights, decays)
            if refused < 0:
                self._prototypes, self._learned_metric = prototypes, self.metric
                self._label_cache.forget()
            return refused
        prototypes = self._prototypes
        n_known = prototypes.n_features
        if n_features > n_known:
            prototypes.append_features(n_features)
        refused = learn_stream(prototypes, rows, parameters, weights, decays)
        if refused < 0:
            self._label_cache.outdate()
        elif n_features > n_known:
            prototypes.drop_features(n_known)
        return refused

    def _set_columns(self, names: list[Any]) -> None:
        self._columns: dict[Any, int] = {name: place for place, name in enumerate(names)}
        self._allocate_row()

    def _add_columns(self, names: Any) -> None:
        """Append columns for new names, sorted, so that equal dicts in another order are alike."""
        columns = self._columns
        added = [name for name in names if name not in columns]
        for name in sorted(added, key=lambda name: (str(name), repr(name))):
            columns[name] = len(columns)
        if added:
            self._allocate_row()

    def _drop_columns(self, n_kept: int) -> None:
        """Drop the columns that were added last."""
        if len(self._columns) > n_kept:
            while len(self._columns) > n_kept:
                self._columns.popitem()
            self._allocate_row()

    def _allocate_row(self) -> None:
        """Make a row of zeros (1, d), with room for as many columns again."""
        # A point without features is 0 in the first feature that comes.
        n_columns = max(len(self._columns), 1)
        room: Any = getattr(self, "_cells", None)
        if room is None or len(room) < n_columns:
            room = np.zeros(2 * n_columns).data
        self._cells: Any = room
        self._row: NDArray[np.float64] = np.frombuffer(room).reshape(1, -1)[:, :n_columns]
        # The places that hold values; None if any may hold one.
        self._written: list[int] | None = None
        self._layout = f"{len(self._columns)}d"

    def _pack(self, x: dict[Any, Any]) -> None:
        """Write the values into the row, in time that depends on the point and not on the columns.

        For a point with most features, `struct` needs a tenth of the time of an assignment.
        """
        columns, cells = self._columns, self._cells
        try:
            if 2 * len(x) >= len(columns):
                self._written = None
                get = x.get
                values = [get(name, 0.0) for name in columns]
                struct.pack_into(self._layout, cells, 0, *values)
                return
            if self._written is None:
                self._row[:] = 0.0
            else:
                for place in self._written:
                    cells[place] = 0.0
            self._written = []
            for name, value in x.items():
                if name in columns:
                    self._written.append(columns[name])
                    cells[columns[name]] = value
        except (struct.error, TypeError, ValueError, OverflowError) as error:
            raise ValueError(describe_point(x)) from error


def describe_point(x: dict[Any, Any]) -> str:
    """Return the message that says why the point was refused."""
    for name, value in x.items():
        try:
            is_number = bool(np.isfinite(float(value))) and not isinstance(value, str)
        except (TypeError, ValueError, OverflowError):
            is_number = False
        if not is_number:
            return f"Feature {name!r} is {value!r}, not a finite number. The model is unchanged."
    return (
        f"The point {x!r} lies too far from the first points of the stream. Check its units. "
        "The model is unchanged."
    )
