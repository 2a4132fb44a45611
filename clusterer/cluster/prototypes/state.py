"""The state of a clustering: its arrays, and the quantities that are read from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.prototypes.learn_loop import choose_squared_sigma
from clusterer.cluster.prototypes.merge_rules import choose_rule
from clusterer.cluster.prototypes.parameters import (
    AUTOMATIC,
    AUTOMATIC_NUMBER,
    MOST,
    Parameters,
)
from clusterer.cluster.prototypes.simd import VECTOR_WIDTH
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    BOUND_UNIT,
    CHOSEN_NUMBER,
    COUNT,
    DECAY_RATE,
    DECAYED_COUNT,
    FIRST_RECENT,
    ID,
    LAST_SEEN,
    LINK_UNIT,
    MASS,
    MEAN,
    N_FEATURE_ROWS,
    N_INT_ROWS,
    N_RECENT,
    N_RECENT_ROWS,
    N_ROWS,
    N_SCALARS,
    N_SEEN,
    N_TAKEN,
    NEXT_CHECK,
    NEXT_CHOICE,
    ORIGIN,
    PREVIOUS_LABEL,
    RECENT_SQUARES,
    RECENT_UNIT,
    SCALE,
    SCATTER,
    SQUARED_STEP,
    SQUARES,
    TIME_MEAN,
    TOTAL_COUNT,
    TOTAL_WEIGHT,
    WEIGHT,
)

# The scalars that survive saving, by their names in model files.
SAVED_SCALARS = {
    "n_seen": N_SEEN,
    "faded_count": DECAYED_COUNT,
    "squares": SQUARES,
    "scale": SCALE,
    "link_unit": LINK_UNIT,
    "recent_unit": RECENT_UNIT,
    "recent_count": N_RECENT,
    "fading": DECAY_RATE,
    "next_look": NEXT_CHECK,
    "total_weight": TOTAL_WEIGHT,
    "chosen_prototypes": CHOSEN_NUMBER,
    "next_choice": NEXT_CHOICE,
}


class State:
    """Arrays for ``n_prototypes`` weighted centres of d features, and the moments of the stream.

    See `.state_layout` for the meaning of rows and numbers.

    Parameters
    ----------
    n_features : int
        d, at least 1.
    n_prototypes : int
        K, at least 1; 0 for an automatic number.
    rule : int
        Index of the merge rule, see `.merge_rules.find_rule`; the attribute is the rule in force.

    Examples
    --------
    >>> state = State(n_features=2, n_prototypes=5, rule=0)
    >>> state.n_taken, state.centers.shape, state.half_life
    (0, (0, 2), inf)
    """

    int_rows: NDArray[np.int64]
    links: NDArray[np.float64]

    def __init__(self, n_features: int, n_prototypes: int, rule: int) -> None:
        self.n_features = n_features
        self.capacity = n_prototypes or MOST
        self.rule = choose_rule(rule, n_features)
        self._stream = np.zeros(N_SCALARS + N_FEATURE_ROWS * n_features)
        self._allocate_slots()
        self.scalars[[LINK_UNIT, BOUND_UNIT, RECENT_UNIT]] = 1.0

    def _allocate_slots(self) -> None:
        """Replace all arrays that have a column per slot by new ones with empty slots."""
        n_slots = -(-self.capacity // VECTOR_WIDTH) * VECTOR_WIDTH
        self.floats = self._room = np.zeros((self.n_features + N_ROWS, n_slots))
        self.int_rows = np.full((N_INT_ROWS, n_slots), -1, dtype=np.int64)
        self.links = np.zeros((n_slots, n_slots))
        self._set_views()
        self._centers[:] = np.inf
        self.rows[MASS] = 1.0
        self.rows[BOUND] = np.inf

    def _set_views(self) -> None:
        self._distances = np.empty((1, self.floats.shape[1]))
        self._scratch = np.empty((2, self.n_features))
        self._centers, self.rows = self.floats[: self.n_features], self.floats[self.n_features :]
        self.scalars = self._stream[:N_SCALARS]
        self.features = self._stream[N_SCALARS:].reshape(N_FEATURE_ROWS, self.n_features)

    def append_features(self, n_features: int) -> None:
        """Append features, in place; everything learned is 0 in the new ones.

        The bounds stay valid, because sums that end with zeros stay the same. The time depends on
        the number of new features and not on that of all, but for copies of memory that grow less
        often the more features there are.
        """
        n_before = self.n_features
        n_rows = n_features + N_ROWS
        if n_rows > len(self._room):
            # Room for as many features again.
            self._room = np.empty((n_rows + n_features, self.floats.shape[1]))
            self._room[: n_before + N_ROWS] = self.floats
        self._room[n_features:n_rows] = self._room[n_before : n_before + N_ROWS].copy()
        self._room[n_before:n_features] = np.inf
        self._room[n_before:n_features, : self.n_taken] = 0.0
        self._resize_features(n_features)

    def drop_features(self, n_features: int) -> None:
        """Drop all but the first features, in place."""
        rows = self._room[self.n_features : self.n_features + N_ROWS].copy()
        self._room[n_features : n_features + N_ROWS] = rows
        self._resize_features(n_features)

    def _resize_features(self, n_features: int) -> None:
        n_kept = min(n_features, self.n_features)
        scalars, features = self.scalars, self.features
        self._stream = np.zeros(N_SCALARS + N_FEATURE_ROWS * n_features)
        self.n_features = n_features
        self.floats = self._room[: n_features + N_ROWS]
        self._set_views()
        self.scalars[:] = scalars
        self.features[:, :n_kept] = features[:, :n_kept]

    def __getstate__(self) -> dict[str, Any]:
        # A copied or pickled view would no longer be a view. Scratch arrays hold the last point.
        left_out = ("_centers", "rows", "scalars", "features", "_distances", "_scratch", "_room")
        return {name: value for name, value in vars(self).items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.floats = self._room = np.array(self.floats)
        self._set_views()

    @property
    def arrays(self) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray, NDArray]:
        """The arguments of `.state_layout.view_state`."""
        return (
            *(self.floats, self.int_rows, self._stream),
            *(self.links, self._distances, self._scratch),
        )

    @property
    def mean(self) -> NDArray:
        """View (d,) of the mean of the stream, in inner coordinates."""
        return self.features[MEAN]

    @property
    def origin(self) -> NDArray:
        """View (d,) of the first point, the origin of the inner coordinates."""
        return self.features[ORIGIN]

    @property
    def recent(self) -> NDArray:
        """View (3, d) of the moments of the recent points; see `.timestamps`."""
        return self.features[FIRST_RECENT : FIRST_RECENT + N_RECENT_ROWS]

    @property
    def n_taken(self) -> int:
        """Number m of prototypes."""
        return int(self.scalars[N_TAKEN])

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return int(self.scalars[N_SEEN])

    @property
    def mean_weight(self) -> float:
        """Mean weight of all points: 1 if no weights were given."""
        read = self.scalars.item
        return read(TOTAL_WEIGHT) / read(N_SEEN) if read(N_SEEN) else 1.0

    @property
    def n_bytes(self) -> int:
        """Memory of the arrays in bytes."""
        return sum(array.nbytes for array in self.arrays)

    def read_row(self, row: int) -> NDArray:
        """Return a copy (m,) of a row of numbers; see `.state_layout`."""
        return self.rows[row, : self.n_taken].copy()

    def to_data_units(self, inner: NDArray) -> NDArray:
        """Convert inner coordinates (m, d) to the units of the data."""
        return self.origin + inner * self.unit

    @property
    def unit(self) -> float:
        """The unit of the inner coordinates, in the units of the data."""
        return 1.0 / self.scalars[SCALE] if self.scalars[SCALE] else 1.0

    @property
    def inner_centers(self) -> NDArray:
        """Centres (m, d) in inner coordinates."""
        return np.ascontiguousarray(self._centers[:, : self.n_taken].T)

    @property
    def inner_scatters(self) -> NDArray:
        """Scatters (m,) in inner coordinates."""
        return self.read_row(SCATTER)

    @property
    def centers(self) -> NDArray:
        """Centres (m, d) in the units of the data."""
        return self.to_data_units(self.inner_centers)

    @property
    def weights(self) -> NDArray:
        """Weights (m,): the sum of the kernel values of each prototype's points."""
        return self.read_row(WEIGHT)

    @property
    def counts(self) -> NDArray:
        """Numbers (m,) of each prototype's points, decayed like the weights."""
        return self.read_row(COUNT)

    @property
    def totals(self) -> NDArray:
        """Numbers (m,) of all points of each prototype, never decayed; the sum is ``n_seen``.

        The first point of a stream starts the first prototype, which does not count it. The point
        is the origin, so the prototype nearest to the origin counts it here. More points are
        missing in a model that other models were added to, and in a model file of version 1, which
        holds decayed numbers; all prototypes get their share of these.
        """
        totals = self.read_row(TOTAL_COUNT)
        if not len(totals):
            return totals
        centers = self._centers[:, : self.n_taken]
        nearest = int(np.argmin(np.einsum("ij,ij->j", centers, centers)))
        totals[nearest] += min(max(self.n_seen - totals.sum(), 0.0), 1.0)
        return totals * (self.n_seen / totals.sum())

    @property
    def scatters(self) -> NDArray:
        """Weighted sums (m,) of squared deviations from the centre, in squared units."""
        # The square of a number above 1e154 overflows.
        with np.errstate(over="ignore"):
            return self.inner_scatters * self.unit * self.unit

    @property
    def link_counts(self) -> NDArray:
        """Points (m, m) seen between prototypes; see `clusterer.cluster.prototypes.links`."""
        return self.links[: self.n_taken, : self.n_taken] / self.scalars[LINK_UNIT]

    @property
    def density_data(self) -> dict[str, Any]:
        """The arguments of `clusterer.cluster.density.labels.label_prototypes`.

        In numbers of points: what is significant depends on them, and not on the unit of weights.
        """
        unit = self.mean_weight
        return {
            "centers": self.inner_centers,
            "weights": self.weights / unit,
            "scatters": self.inner_scatters / unit,
            "counts": self.counts / unit,
            "links": self.link_counts / unit,
            "steps": self.steps,
        }

    @property
    def steps(self) -> NDArray:
        """Smallest steps (d,) between successive points, in inner coordinates; 0 for unknown."""
        return np.asarray(np.sqrt(self.features[SQUARED_STEP]))

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids (m,): the index in the stream of each prototype's first point."""
        return self.int_rows[ID, : self.n_taken].copy()

    @property
    def last_seen(self) -> NDArray[np.int64]:
        """Index (m,) in the stream of each prototype's last point."""
        return self.int_rows[LAST_SEEN, : self.n_taken].copy()

    @property
    def previous_labels(self) -> NDArray[np.int64]:
        """Cluster (m,) of each prototype at the last drift check with a half-life, or -1."""
        return self.int_rows[PREVIOUS_LABEL, : self.n_taken].copy()

    def set_previous_labels(self, labels: NDArray[np.int64] | None) -> None:
        """Store the clusters (m,) that a drift check found; None stores -1 for all."""
        self.int_rows[PREVIOUS_LABEL, : self.n_taken] = -1 if labels is None else labels

    @property
    def times(self) -> NDArray:
        """The rows (m, 6) of `clusterer.cluster.prototypes.timestamps`."""
        return self.rows[TIME_MEAN : TOTAL_COUNT + 1, : self.n_taken].T.copy()

    def find_decay(self, parameters: Parameters) -> float:
        """Return the decay per point that is in force, also for an automatic half-life."""
        decay = parameters.decay
        return float(2.0 ** -self.scalars.item(DECAY_RATE)) if decay == AUTOMATIC else decay

    def find_number(self, parameters: Parameters) -> int:
        """Return the maximum number of prototypes in force, also for an automatic number."""
        if parameters.n_prototypes != AUTOMATIC_NUMBER:
            return parameters.n_prototypes
        return self.chosen_number

    @property
    def chosen_number(self) -> int:
        """The automatic number of prototypes."""
        return int(self.scalars.item(CHOSEN_NUMBER)) or MOST

    @property
    def half_life(self) -> float:
        """The half-life in force for ``half_life="auto"``; infinite while nothing is forgotten."""
        rate = self.scalars.item(DECAY_RATE)
        return 1.0 / rate if rate else np.inf

    @property
    def automatic_sigma(self) -> float:
        """The width in force for ``sigma="auto"``, in the units of the data."""
        count = self.scalars[DECAYED_COUNT]
        trace = self.scalars[SQUARES] / count if count else 0.0
        n_varying = int(np.count_nonzero(self.features[RECENT_SQUARES]))
        return float(np.sqrt(choose_squared_sigma(n_varying) * trace) * self.unit)
