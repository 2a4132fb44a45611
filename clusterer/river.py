"""The online clusterer with River's interface: it learns one dict of features at a time.

River (https://riverml.xyz) is optional; importing this module without it raises ImportError.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.drift_check import learn_stream
from clusterer.cluster.fitted_attributes import FittedAttributes
from clusterer.cluster.label_cache import LabelCache
from clusterer.cluster.prototypes.parameters import REFRESH, Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import ID
from clusterer.stream.chunk import NOISE

try:
    from river import base
except ImportError as error:
    raise ImportError("clusterer.river needs River: pip install 'clusterer[river]'") from error


class OnlineClusterer(FittedAttributes, base.Clusterer):
    """`clusterer.OnlineClusterer` with River's interface.

    Features have names and may come and go. A missing feature counts as 0; a new feature is 0 in
    everything learned before. The columns are in the order of first appearance; features that
    appear together are sorted by name, so the order within a dict does not matter.

    Parameters
    ----------
    n_prototypes, sigma, half_life, update, merge, join, drop_singletons, forget, refresh
        As in `clusterer.OnlineClusterer`; each may be assigned while the stream is learned.

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
        n_prototypes: int | str = "auto",
        sigma: float | str = "auto",
        half_life: float | str | None = "auto",
        update: str = "kernel",
        merge: str = "log-min",
        join: bool = True,
        drop_singletons: bool = True,
        forget: str = "quiet",
        refresh: float = REFRESH,
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
        self._label_cache = LabelCache()
        self._set_columns([])

    @property
    def feature_names(self) -> list[Any]:
        """Names of the features, in the order of the columns."""
        return list(self._columns)

    def learn_one(self, x: dict[Any, Any]) -> None:
        """Learn one point, a dict of numbers by name.

        Raises ValueError and learns nothing if a value is not a finite number.
        """
        parameters = self._get_parameters()
        if x.keys() <= self._columns.keys() and hasattr(self, "_prototypes"):
            self._pack(x)
            if learn_stream(self._prototypes, self._row, parameters) >= 0:
                raise ValueError(describe_point(x))
            self._label_cache.outdate()
        else:
            self._learn_wider(x, parameters)

    def predict_one(self, x: dict[Any, Any]) -> int:
        """Return the cluster of the nearest prototype; -1 for noise, and before the first point.

        A cluster is numbered by the id of its oldest prototype. This number stays the same while
        the stream is learned; the numbers in ``cluster_labels_`` may change. Between two
        computations of all clusters they are updated, see ``refresh`` of
        `clusterer.OnlineClusterer`.
        """
        if not hasattr(self, "_prototypes"):
            return NOISE
        prototypes = self._get_prototypes()
        self._pack(x)
        if prototypes.find_refused(self._row) >= 0:
            raise ValueError(describe_point(x))
        labels = self._update_labels(prototypes, 1)
        label = labels[prototypes.assign(self._row)[0]]
        ids = prototypes.int_rows[ID, : len(labels)]
        return NOISE if label == NOISE else int(ids[labels == label].min())

    def _learn_wider(self, x: dict[Any, Any], parameters: Parameters) -> None:
        before = list(self._columns)
        # Sorted, so that equal dicts in another order are learned alike.
        added = sorted(x.keys() - self._columns.keys(), key=lambda name: (str(name), repr(name)))
        self._set_columns(before + added)
        try:
            self._pack(x)
            prototypes = self._prepare_prototypes(parameters)
            if learn_stream(prototypes, self._row, parameters) >= 0:
                raise ValueError(describe_point(x))
        except BaseException:
            self._set_columns(before)
            raise
        self._prototypes = prototypes
        self._label_cache.forget()

    def _prepare_prototypes(self, parameters: Parameters) -> Prototypes:
        n_features = self._row.shape[1]
        if not hasattr(self, "_prototypes"):
            return Prototypes(n_features, parameters.n_prototypes, parameters.rule)
        return self._prototypes.widen(np.arange(self._prototypes.n_features), n_features)

    def _set_columns(self, names: list[Any]) -> None:
        # A dict serves as an ordered set.
        self._columns: dict[Any, None] = dict.fromkeys(names)
        # A point without features is 0 in the first feature that comes.
        self._row: NDArray[np.float64] = np.zeros((1, max(len(names), 1)))
        self._layout = f"{len(names)}d"

    def _pack(self, x: dict[Any, Any]) -> None:
        """Write the values into the row; `struct` needs a tenth of the time of an assignment."""
        get = x.get
        try:
            values = [get(name, 0.0) for name in self._columns]
            struct.pack_into(self._layout, self._row.data, 0, *values)
        except (struct.error, TypeError, OverflowError) as error:
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
