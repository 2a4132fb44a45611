"""The online clusterer for River: one dict of features at a time.

River (https://riverml.xyz) is optional; importing this module without it raises ImportError.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.drift_check import learn_stream
from clusterer.cluster.fitted_attributes import FittedAttributes
from clusterer.cluster.prototypes.parameters import Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.stream.chunk import NOISE

try:
    from river import base
except ImportError as error:
    raise ImportError("clusterer.river needs River: pip install 'clusterer[river]'") from error


class OnlineClusterer(FittedAttributes, base.Clusterer):
    """`OnlineClusterer` with River's interface.

    Features are known by name and may come and go: one that is missing counts as 0, and so does
    a new one in all that was learned before. Columns are in the order of first appearance, those
    that appear together by name, so the order within a dict does not matter.

    Parameters
    ----------
    n_prototypes, sigma, half_life, update, merge, join, drop_singletons, forget
        As in `clusterer.OnlineClusterer`; each may be assigned while the stream goes on.

    Attributes
    ----------
    feature_names : list
        Names of the columns of ``prototypes_``.
    prototypes_, weights_, counts_, scatters_, ids_, cluster_labels_, cluster_centers_, \
n_clusters_, sigma_, half_life_, n_seen_
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
        n_prototypes: int = 50,
        sigma: float | str = "auto",
        half_life: float | str | None = "auto",
        update: str = "kernel",
        merge: str = "log-min",
        join: bool = True,
        drop_singletons: bool = True,
        forget: str = "quiet",
    ) -> None:
        self.n_prototypes = n_prototypes
        self.sigma = sigma
        self.half_life = half_life
        self.update = update
        self.merge = merge
        self.join = join
        self.drop_singletons = drop_singletons
        self.forget = forget
        self._label_cache = {}
        self._set_columns([])

    @property
    def feature_names(self) -> list[Any]:
        """Names of the features, in the order of the columns."""
        return list(self._columns)

    def learn_one(self, x: dict[Any, Any]) -> None:
        """Learn one point, given as a dict of numbers by name.

        Raises ValueError, and learns nothing, where a value is no finite number.
        """
        parameters = self._get_parameters()
        if x.keys() <= self._columns.keys() and hasattr(self, "_prototypes"):
            self._pack(x)
            if learn_stream(self._prototypes, self._row, parameters) >= 0:
                raise ValueError(describe_point(x))
        else:
            self._learn_wider(x, parameters)
        self._label_cache = {}

    def predict_one(self, x: dict[Any, Any]) -> int:
        """Cluster of the nearest prototype; -1 for noise, and before anything was learned.

        A cluster goes by the id of its oldest prototype: while the stream goes on this number
        lasts, where the numbering of ``cluster_labels_`` shifts.
        """
        if not hasattr(self, "_prototypes"):
            return NOISE
        prototypes = self._get_prototypes()
        self._pack(x)
        if prototypes.find_refused(self._row) >= 0:
            raise ValueError(describe_point(x))
        labels = self.cluster_labels_
        label = labels[prototypes.assign(self._row)[0]]
        return NOISE if label == NOISE else int(prototypes.ids[labels == label].min())

    def _learn_wider(self, x: dict[Any, Any], parameters: Parameters) -> None:
        before = list(self._columns)
        # By name: equal dicts shall be learned alike, whatever their order.
        added = sorted(x.keys() - self._columns.keys(), key=lambda name: (str(name), repr(name)))
        self._set_columns(before + added)
        try:
            self._pack(x)
            prototypes = self._make_room(parameters)
            if learn_stream(prototypes, self._row, parameters) >= 0:
                raise ValueError(describe_point(x))
        except BaseException:
            self._set_columns(before)
            raise
        self._prototypes = prototypes

    def _make_room(self, parameters: Parameters) -> Prototypes:
        n_features = self._row.shape[1]
        if not hasattr(self, "_prototypes"):
            return Prototypes(n_features, parameters.n_prototypes, parameters.rule)
        return self._prototypes.widen(np.arange(self._prototypes.n_features), n_features)

    def _set_columns(self, names: list[Any]) -> None:
        # A dict is a set that keeps its order.
        self._columns: dict[Any, None] = dict.fromkeys(names)
        # A point of no features lies at 0 of the first one to come.
        self._row: NDArray[np.float64] = np.zeros((1, max(len(names), 1)))
        self._layout = f"{len(names)}d"

    def _pack(self, x: dict[Any, Any]) -> None:
        """Write the values into the row; a tenth of the time of assigning a list."""
        get = x.get
        try:
            values = [get(name, 0.0) for name in self._columns]
            struct.pack_into(self._layout, self._row.data, 0, *values)
        except (struct.error, TypeError, OverflowError) as error:
            raise ValueError(describe_point(x)) from error


def describe_point(x: dict[Any, Any]) -> str:
    """Say why the point was refused."""
    for name, value in x.items():
        try:
            is_number = bool(np.isfinite(float(value))) and not isinstance(value, str)
        except (TypeError, ValueError, OverflowError):
            is_number = False
        if not is_number:
            return f"{name!r} is {value!r}, not a finite number. The model is unchanged."
    return f"The point lies too far from the first ones: {x!r}. The model is unchanged."
