"""The state of a clustering: its arrays, and what can be read from them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.prototypes.learn_loop import choose_width
from clusterer.cluster.prototypes.parameters import AUTOMATIC, Parameters
from clusterer.cluster.prototypes.simd import LANES
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    BOUND_UNIT,
    COUNT,
    FADED_COUNT,
    FADING,
    ID,
    KNOWN,
    LAST_SEEN,
    LINK_UNIT,
    MASS,
    N_INT_ROWS,
    N_MOMENTS,
    N_RECENT,
    N_SCALARS,
    N_SEEN,
    N_STATE_ROWS,
    N_TAKEN,
    NEXT_LOOK,
    RECENT_COUNT,
    RECENT_SQUARES,
    RECENT_UNIT,
    SCALE,
    SCATTER,
    SQUARES,
    TIME,
    TOTAL,
    WEIGHT,
)

SAVED_SCALARS = {
    "n_seen": N_SEEN,
    "faded_count": FADED_COUNT,
    "squares": SQUARES,
    "scale": SCALE,
    "link_unit": LINK_UNIT,
    "recent_unit": RECENT_UNIT,
    "recent_count": RECENT_COUNT,
    "fading": FADING,
    "next_look": NEXT_LOOK,
}


def allocate_slots(n_features: int, n_prototypes: int) -> tuple[NDArray, NDArray]:
    """Empty ``floats`` and ``ints`` (see `.state_layout`), padded to whole vectors."""
    n_slots = -(-n_prototypes // LANES) * LANES
    floats = np.zeros((n_features + N_STATE_ROWS, n_slots))
    floats[:n_features] = np.inf
    floats[n_features + MASS] = 1.0
    floats[n_features + BOUND] = np.inf
    return floats, np.full((N_INT_ROWS, n_slots), -1, dtype=np.int64)


class State:
    """Room for ``n_prototypes`` weighted centres of d features, and the moments of the stream.

    >>> state = State(n_features=2, n_prototypes=5, rule=0)
    >>> state.n_taken, state.centers.shape, state.half_life
    (0, (0, 2), inf)
    """

    def __init__(self, n_features: int, n_prototypes: int, rule: int) -> None:
        self.n_features = n_features
        self.capacity = n_prototypes
        self.rule = rule
        self.floats, self.ints = allocate_slots(n_features, n_prototypes)
        self.scalars = np.zeros(N_SCALARS + (N_MOMENTS + N_RECENT) * n_features)
        self.scalars[[LINK_UNIT, BOUND_UNIT, RECENT_UNIT]] = 1.0
        self.links = np.zeros((self.floats.shape[1], self.floats.shape[1]))
        self._allocate_scratch()

    def _allocate_scratch(self) -> None:
        self._buffer = np.empty((1, self.floats.shape[1]))
        self._scratch = np.empty((2, self.n_features))

    @property
    def arrays(self) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray, NDArray]:
        """What the compiled loop takes, in its order."""
        return self.floats, self.ints, self.scalars, self.links, self._buffer, self._scratch

    @property
    def _feature_rows(self) -> NDArray:
        return self.scalars[N_SCALARS:].reshape(N_MOMENTS + N_RECENT, self.n_features)

    @property
    def mean(self) -> NDArray:
        """View (d,) of the stream's mean, in inner coordinates."""
        return self._feature_rows[0]

    @property
    def origin(self) -> NDArray:
        """View (d,) of the first point, where the inner coordinates start."""
        return self._feature_rows[1]

    @property
    def recent(self) -> NDArray:
        """View (3, d): of the recent points, rows as in `.timestamps`."""
        return self._feature_rows[N_MOMENTS:]

    @property
    def _unit(self) -> float:
        return 1.0 / self.scalars[SCALE] if self.scalars[SCALE] else 1.0

    def read_row(self, field: int) -> NDArray:
        """A copy (m,) of one of the rows below the centres; see `.state_layout`."""
        return self.floats[self.n_features + field, : self.n_taken].copy()

    @property
    def n_taken(self) -> int:
        """Number m of prototypes in memory."""
        return int(self.scalars[N_TAKEN])

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return int(self.scalars[N_SEEN])

    @property
    def n_bytes(self) -> int:
        """Memory that the arrays take."""
        return sum(array.nbytes for array in self.arrays)

    def leave(self, inner: NDArray) -> NDArray:
        """Inner coordinates (m, d) in the units of the data."""
        return self.origin + inner * self._unit

    @property
    def inner_centers(self) -> NDArray:
        """Centres (m, d) in inner coordinates."""
        return np.ascontiguousarray(self.floats[: self.n_features, : self.n_taken].T)

    @property
    def inner_scatters(self) -> NDArray:
        """The scatters (m,) in inner coordinates."""
        return self.read_row(SCATTER)

    @property
    def centers(self) -> NDArray:
        """Centres (m, d) in the units of the data."""
        return self.leave(self.inner_centers)

    @property
    def weights(self) -> NDArray:
        """Weights (m,): the sum of k over the points each has taken in."""
        return self.read_row(WEIGHT)

    @property
    def counts(self) -> NDArray:
        """Plain counts (m,) of the points each has taken in, faded like the weights."""
        return self.read_row(COUNT)

    @property
    def scatters(self) -> NDArray:
        """Weighted sums (m,) of squared deviations from the centre, in squared units."""
        # Far beyond 1e150 a square has no number.
        with np.errstate(over="ignore"):
            return self.inner_scatters * self._unit * self._unit

    @property
    def link_counts(self) -> NDArray:
        """Points (m, m) seen between prototypes; see `clusterer.cluster.prototypes.links`."""
        return self.links[: self.n_taken, : self.n_taken] / self.scalars[LINK_UNIT]

    @property
    def evidence(self) -> dict[str, Any]:
        """What `clusterer.cluster.density.labels.label_prototypes` reads the clusters from."""
        return {
            "centers": self.inner_centers,
            "weights": self.weights,
            "scatters": self.inner_scatters,
            "counts": self.counts,
            "links": self.link_counts,
        }

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids (m,): the index in the stream of the point each one started from."""
        return self.ints[ID, : self.n_taken].copy()

    @property
    def last_seen(self) -> NDArray[np.int64]:
        """Index (m,) in the stream of the last point each one took in."""
        return self.ints[LAST_SEEN, : self.n_taken].copy()

    @property
    def known(self) -> NDArray[np.int64]:
        """The cluster (m,) each one belonged to at the last look in motion, -1 for none."""
        return self.ints[KNOWN, : self.n_taken].copy()

    def remember(self, labels: NDArray[np.int64] | None) -> None:
        """Take these for the clusters (m,) that were known; none, where nothing moves."""
        self.ints[KNOWN, : self.n_taken] = -1 if labels is None else labels

    @property
    def times(self) -> NDArray:
        """The rows (m, 6) of `clusterer.cluster.prototypes.timestamps`."""
        rows = self.floats[self.n_features :, : self.n_taken]
        return rows[TIME : TOTAL + 1].T.copy()

    def find_decay(self, parameters: Parameters) -> float:
        """Return the decay per point that is in force, also for an automatic half-life."""
        decay = parameters.decay
        return float(2.0 ** -self.scalars.item(FADING)) if decay == AUTOMATIC else decay

    @property
    def half_life(self) -> float:
        """The half-life that ``half_life="auto"`` stands for now; infinite for never."""
        return 1.0 / self.scalars[FADING] if self.scalars[FADING] else np.inf

    @property
    def automatic_sigma(self) -> float:
        """The width that ``sigma="auto"`` stands for now, in the units of the data."""
        count = self.scalars[FADED_COUNT]
        trace = self.scalars[SQUARES] / count if count else 0.0
        n_varying = int(np.count_nonzero(self.recent[RECENT_SQUARES]))
        return float(np.sqrt(choose_width(n_varying) * trace) * self._unit)
