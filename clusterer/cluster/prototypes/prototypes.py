"""The prototypes in memory: learn points, and change all prototypes at once."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.prototypes.learn_loop import find_refused, learn_chunk, merge_down
from clusterer.cluster.prototypes.merge_rules import choose_rule, find_rule
from clusterer.cluster.prototypes.nearest import assign_points
from clusterer.cluster.prototypes.parameters import AUTOMATIC_NUMBER, Parameters
from clusterer.cluster.prototypes.ranges import find_overflow
from clusterer.cluster.prototypes.state import SAVED_SCALARS, State
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    COUNT,
    DECAYED_COUNT,
    ID,
    IS_LINKED,
    LAST_SEEN,
    N_SEEN,
    N_TAKEN,
    NEIGHBOUR,
    PREVIOUS_LABEL,
    RECENT_MEAN,
    RECENT_SQUARES,
    RECENT_STEPS,
    SCALE,
    SCATTER,
    SQUARED_STEP,
    SQUARES,
    TIME_MEAN,
    TOTAL_COUNT,
    WEIGHT,
)
from clusterer.cluster.prototypes.update import update_masses


class DriftCheck(NamedTuple):
    """When `Prototypes.learn` stops for a check; see `.learn_loop.learn_chunk`."""

    first_check: float
    interval: int
    most_explained: float


NO_CHECK = DriftCheck(0.0, 0, 0.0)
NOT_GIVEN = np.empty(0)  # instead of a number for each point


class Prototypes(State):
    """Up to ``n_prototypes`` weighted centres of d features, and the moments of the stream.

    Learning a point takes O(K d) time and no additional memory.

    >>> prototypes = Prototypes(n_features=1, n_prototypes=2, rule=0)
    >>> prototypes.learn(np.array([[0.0], [10.0], [10.0]]), Parameters(2, 0.0, 1.0, 0))
    3
    >>> prototypes.centers[:, 0].tolist()
    [10.0, 10.0]
    """

    def learn(
        self,
        points: NDArray,
        parameters: Parameters,
        drift_check: DriftCheck = NO_CHECK,
        weights: NDArray = NOT_GIVEN,
        decays: NDArray = NOT_GIVEN,
    ) -> int:
        """Learn a chunk (n, d) with the half-life in force, up to a check that may find drift.

        ``weights`` (n,) are the weights of the points, by default 1; ``decays`` (n,) the decays
        before each, by default that of the half-life. Returns how many points were learned, or
        -1 - i if row i is refused; then nothing changes.
        """
        n_prototypes, sigma, decay, rule = parameters
        rule = choose_rule(rule, self.n_features)
        if n_prototypes == AUTOMATIC_NUMBER:
            n_prototypes = self.find_number(parameters)
        if n_prototypes != self.capacity or rule != self.rule:
            refused = self._find_refused(points)
            if refused >= 0:
                return -1 - refused
            self.adapt(parameters)
        if decay < 1.0:
            decay = self.find_decay(parameters)
        # Without the property `arrays`: in a stream that comes point by point it takes as long as
        # a search for the nearest prototype.
        return learn_chunk(
            points,
            self.floats,
            self.int_rows,
            self._stream,
            self.links,
            self._distances,
            self._scratch,
            n_prototypes,
            sigma,
            decay,
            rule,
            *drift_check,
            weights,
            decays,
        )

    def _find_refused(self, points: NDArray) -> int:
        # As Python numbers, since NumPy's take as long as the loop over one point.
        read = self.scalars.item
        return int(find_refused(points, self.origin, read(SCALE), read(N_SEEN) == 0.0))

    def find_refused(self, points: NDArray) -> int:
        """Return the first row of points (n, d) that cannot be learned or labelled, or -1.

        Points may have more features than the prototypes.
        """
        if points.shape[1] == self.n_features:
            return self._find_refused(np.ascontiguousarray(points))
        is_finite = np.isfinite(points[:, self.n_features :]).all(axis=1)
        refused = [self._find_refused(np.ascontiguousarray(points[:, : self.n_features]))]
        refused += np.flatnonzero(~is_finite).tolist()
        return min((row for row in refused if row >= 0), default=-1)

    def assign(self, points: NDArray) -> NDArray[np.int64]:
        """Return the slot (n,) of the nearest prototype of each point (n, d).

        Features beyond those of the prototypes are ignored.
        """
        slots = np.empty(len(points), np.int64)
        if points.shape[1] > self.n_features or not points.flags.c_contiguous:
            points = np.ascontiguousarray(points[:, : self.n_features])
        # New scratch arrays, because one thread may read while another one learns.
        distances, point = np.empty_like(self._distances), np.empty(self.n_features)
        scale = self.scalars.item(SCALE)
        assign_points(points, self.floats, self.origin, scale, distances, point, slots)
        return slots

    def adapt(self, parameters: Parameters) -> None:
        """Change the maximum number of prototypes and the merge rule.

        If there are too many prototypes, pairs merge by Ward's rule, which costs the least
        variance. The other rules suit streams, where one merge makes room for one point.
        """
        n_prototypes = self.find_number(parameters)
        rule = choose_rule(parameters.rule, self.n_features)
        if n_prototypes == self.capacity and rule == self.rule:
            return
        if self.n_taken > n_prototypes:
            self.rule = find_rule("ward")
            self.update_masses()
            merge_down(*self.arrays, n_prototypes, self.rule)
        self.rule = rule
        taken = slice(self.n_taken)
        floats, int_rows, links = (each[:, taken] for each in self._slot_arrays())
        self.capacity = n_prototypes
        self._allocate_slots()
        self.floats[:, taken], self.int_rows[:, taken] = floats, int_rows
        self.links[taken, taken] = links[taken]
        # The neighbours of the bounds may have been in slots that no longer exist.
        self.update_masses()

    def merge_copy(self, n_prototypes: int) -> "Prototypes":
        """Return a copy in which closest pairs have merged until ``n_prototypes`` are left."""
        copy = self.widen(np.arange(self.n_features))
        merge_down(*copy.arrays, n_prototypes, self.rule)
        return copy

    def _slot_arrays(self) -> tuple[NDArray, NDArray, NDArray]:
        return self.floats, self.int_rows, self.links

    def to_arrays(self) -> tuple[dict[str, float], dict[str, NDArray]]:
        """Return the scalars and the arrays, by the names that model files use."""
        scalars = {name: float(self.scalars[index]) for name, index in SAVED_SCALARS.items()}
        arrays = {
            "centers": self.inner_centers,
            "weights": self.weights,
            "counts": self.counts,
            "scatters": self.inner_scatters,
            "ids": self.ids,
            "last_seen": self.last_seen,
            "known": self.previous_labels,
            "links": self.links[: self.n_taken, : self.n_taken].copy(),
            "times": self.times,
            "recent": self.recent.copy(),
            "steps": self.features[SQUARED_STEP].copy(),
            "mean": self.mean.copy(),
            "origin": self.origin.copy(),
        }
        return scalars, arrays

    @classmethod
    def from_arrays(
        cls, scalars: dict[str, Any], arrays: dict[str, NDArray], rule: int
    ) -> "Prototypes":
        """Build the prototypes that `to_arrays` wrote; ``scalars`` may hold more entries."""
        n_taken, n_features = arrays["centers"].shape
        # Learning makes more room if K is larger.
        prototypes = cls(n_features, n_taken, rule)
        for name, index in SAVED_SCALARS.items():
            prototypes.scalars[index] = scalars[name]
        prototypes.recent[:] = arrays["recent"]
        prototypes.features[SQUARED_STEP] = arrays["steps"]
        prototypes.mean[:], prototypes.origin[:] = arrays["mean"], arrays["origin"]
        prototypes.fill(arrays)
        return prototypes

    def fill(self, arrays: dict[str, NDArray]) -> None:
        """Replace the prototypes by those of ``arrays``; see `to_arrays` for the names."""
        n_taken = len(arrays["centers"])
        self.capacity = max(self.capacity, n_taken)
        self._allocate_slots()
        taken = slice(n_taken)
        self._centers[:, taken] = arrays["centers"].T
        for row, name in ((WEIGHT, "weights"), (COUNT, "counts"), (SCATTER, "scatters")):
            self.rows[row, taken] = arrays[name]
        self.rows[TIME_MEAN : TOTAL_COUNT + 1, taken] = arrays["times"].T
        self.int_rows[ID, taken] = arrays["ids"]
        self.int_rows[LAST_SEEN, taken] = arrays["last_seen"]
        self.int_rows[PREVIOUS_LABEL, taken] = arrays["known"]
        self.links[taken, taken] = arrays["links"]
        self.int_rows[IS_LINKED, taken] = arrays["links"].any(axis=1)
        self.scalars[N_TAKEN] = n_taken
        self.update_masses()

    def widen(self, columns: NDArray[np.int64], n_features: int | None = None) -> "Prototypes":
        """Return a copy with more features; everything learned is 0 in the new features.

        ``columns`` (d,) are the positions of the present features, ``n_features`` is the new
        number, by default the present one.
        """
        wide = Prototypes(n_features or self.n_features, self.capacity, self.rule)
        taken = slice(self.n_taken)
        wide._centers[:, taken] = 0.0
        wide._centers[columns, taken] = self._centers[:, taken]
        wide.rows[:, taken] = self.rows[:, taken]
        wide.int_rows[:, taken] = self.int_rows[:, taken]
        wide.links[taken, taken] = self.links[taken, taken]
        wide.scalars[:] = self.scalars
        wide.features[:, columns] = self.features
        # A bound is valid only for sums in the same order.
        wide._reset_bounds()
        return wide

    def scale_prototypes(self, factors: NDArray) -> None:
        """Multiply weight, count and scatter of each prototype by its factor (m,).

        Links are multiplied by the geometric mean of the two factors.
        """
        taken = slice(self.n_taken)
        for row in (WEIGHT, COUNT, SCATTER):
            self.rows[row, taken] *= factors
        roots = np.sqrt(factors)
        self.links[taken, taken] *= roots[:, None] * roots
        self.update_masses()

    def decay(self, factor: float) -> None:
        """Multiply the weight of everything learned by ``factor``."""
        taken = slice(self.n_taken)
        for row in (WEIGHT, COUNT, SCATTER):
            self.rows[row, taken] *= factor
        self.scalars[[DECAYED_COUNT, SQUARES]] *= factor
        self.links[taken, taken] *= factor
        self.update_masses()

    def change_units(self, factors: NDArray, shifts: NDArray) -> None:
        """Convert everything learned to units in which a point x is ``x * factors + shifts``.

        Of squared deviations only the sum over all features is known. It is multiplied by the mean
        of the squared factors, which is exact if all features vary alike.

        Raises ValueError, and changes nothing, if a number becomes too large.
        """
        before = self.floats.copy(), self._stream.copy()
        taken = slice(self.n_taken)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = factors**2
            factor = float(np.mean(squares))
            self._centers[:, taken] *= factors[:, None]
            self.rows[SCATTER, taken] *= factor
            self.scalars[SQUARES] *= factor
            self.features[RECENT_MEAN] *= factors
            self.features[[RECENT_SQUARES, RECENT_STEPS, SQUARED_STEP]] *= squares
            self.mean[:] *= factors
            self.origin[:] = self.origin * factors + shifts
            overflow = find_overflow(self)
        if overflow:
            self.floats[:], self._stream[:] = before
            raise ValueError(
                f"The {overflow} of the model would become too large in the new units. Check the "
                "factors and shifts, or the units of the data. The model is unchanged."
            )
        self._reset_bounds()

    def update_masses(self) -> None:
        """Compute the masses anew from changed weights, and forget all bounds."""
        update_masses(self.rows, self.rule)
        self._reset_bounds()

    def _reset_bounds(self) -> None:
        self.rows[BOUND, : self.n_taken] = 0.0
        self.int_rows[NEIGHBOUR, : self.n_taken] = -1
