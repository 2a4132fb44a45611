"""The prototypes in memory: their arrays, and what may happen to these as a whole."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.prototypes.learn_loop import find_refused, learn, shrink
from clusterer.cluster.prototypes.parameters import Parameters
from clusterer.cluster.prototypes.state import SAVED_SCALARS, State, allocate_slots
from clusterer.cluster.prototypes.state_layout import (
    BOUND,
    COUNT,
    FADED_COUNT,
    ID,
    KNOWN,
    LAST_SEEN,
    LINKED,
    MASS,
    N_SCALARS,
    N_TAKEN,
    NEIGHBOUR,
    RECENT_MEAN,
    RECENT_SQUARES,
    SCATTER,
    SQUARES,
    STEPS,
    TIME,
    TOTAL,
    WARD,
    WEIGHT,
    assign,
    measure_mass,
)


class Prototypes(State):
    """Up to ``n_prototypes`` weighted centres of d features, and the moments of the stream.

    Learning a point costs O(K d) time and no memory.

    >>> prototypes = Prototypes(n_features=1, n_prototypes=2, rule=0)
    >>> prototypes.learn(np.array([[0.0], [10.0], [10.0]]), Parameters(2, 0.0, 1.0, 0))
    -1
    >>> prototypes.centers[:, 0].tolist()
    [10.0, 10.0]
    """

    def learn(self, points: NDArray, parameters: Parameters) -> int:
        """Learn a chunk (n, d) with the half-life in force.

        Returns the first row that is refused, or -1. Nothing changes if a row is refused.
        """
        n_prototypes, sigma, decay, rule = parameters
        if n_prototypes != self.capacity or rule != self.rule:
            refused = find_refused(points, self.scalars, self.n_seen == 0)
            if refused >= 0:
                return int(refused)
            self.adapt(parameters)
        if decay < 1.0:
            decay = self.find_decay(parameters)
        # Without the property `arrays`: in a stream that comes point by point it takes as long as
        # a search for the nearest prototype.
        return learn(
            points,
            self.floats,
            self.ints,
            self.scalars,
            self.links,
            self._buffer,
            self._scratch,
            (n_prototypes, sigma, decay, rule),
        )

    def find_refused(self, points: NDArray) -> int:
        """Index of the first point that can't be placed beside the prototypes, or -1."""
        is_finite = np.isfinite(points[:, self.n_features :]).all(axis=1)
        known = np.ascontiguousarray(points[:, : self.n_features])
        refused = [int(find_refused(known, self.scalars, self.n_seen == 0))]
        refused += np.flatnonzero(~is_finite).tolist()
        return min((row for row in refused if row >= 0), default=-1)

    def assign(self, points: NDArray) -> NDArray[np.int64]:
        """Slot (n,) of the nearest prototype of each point (n, d); more features are ignored."""
        slots = np.empty(len(points), dtype=np.int64)
        points = np.ascontiguousarray(points[:, : self.n_features])
        # Scratch of its own: a reader may ask while a writer learns.
        buffer, point = np.empty_like(self._buffer), np.empty(self.n_features)
        assign(points, self.floats, self.scalars, buffer, point, slots)
        return slots

    def adapt(self, parameters: Parameters) -> None:
        """Change the maximum number of prototypes and the merge rule.

        If there are too many prototypes, pairs merge by Ward's rule, which costs the least
        variance. The other rules suit streams, where one merge makes room for one point.
        """
        n_prototypes, rule = parameters.n_prototypes, parameters.rule
        if n_prototypes == self.capacity and rule == self.rule:
            return
        if self.n_taken > n_prototypes:
            self.rule = WARD
            self.measure_anew()
            shrink(*self.arrays, n_prototypes, WARD)
        self.rule = rule
        self.measure_anew()
        kept = slice(self.n_taken)
        floats, ints = allocate_slots(self.n_features, n_prototypes)
        floats[:, kept], ints[:, kept] = self.floats[:, kept], self.ints[:, kept]
        links = np.zeros((floats.shape[1], floats.shape[1]))
        links[kept, kept] = self.links[kept, kept]
        self.floats, self.ints, self.links = floats, ints, links
        self.capacity = n_prototypes
        # Neighbours may have been in slots that are gone.
        self._forget_bounds()
        self._allocate_scratch()

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
            "known": self.known,
            "links": self.links[: self.n_taken, : self.n_taken].copy(),
            "times": self.times,
            "recent": self.recent.copy(),
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
        prototypes.mean[:], prototypes.origin[:] = arrays["mean"], arrays["origin"]
        prototypes.fill(
            arrays["centers"],
            arrays["weights"],
            arrays["counts"],
            arrays["scatters"],
            arrays["ids"],
            arrays["last_seen"],
            arrays["known"],
            arrays["links"],
            arrays["times"],
        )
        return prototypes

    def fill(
        self,
        inner_centers: NDArray,
        weights: NDArray,
        counts: NDArray,
        inner_scatters: NDArray,
        ids: NDArray[np.int64],
        last_seen: NDArray[np.int64],
        known: NDArray[np.int64],
        links: NDArray,
        times: NDArray,
    ) -> None:
        """Take these prototypes, in inner coordinates, in place of those in memory."""
        n_taken, d = inner_centers.shape
        self.capacity = max(self.capacity, n_taken)
        self.floats, self.ints = allocate_slots(d, self.capacity)
        kept = slice(n_taken)
        self.floats[:d, kept] = inner_centers.T
        for field, values in ((WEIGHT, weights), (COUNT, counts), (SCATTER, inner_scatters)):
            self.floats[d + field, kept] = values
        self.floats[d + TIME : d + TOTAL + 1, kept] = times.T
        self.ints[ID, kept], self.ints[LAST_SEEN, kept] = ids, last_seen
        self.ints[KNOWN, kept] = known
        self.links = np.zeros((self.floats.shape[1], self.floats.shape[1]))
        self.links[kept, kept] = links
        self.ints[LINKED, kept] = links.any(axis=1)
        self.scalars[N_TAKEN] = n_taken
        self.measure_anew()
        self._allocate_scratch()

    def widen(self, columns: NDArray[np.int64], n_features: int | None = None) -> "Prototypes":
        """A copy with more features, those of now in ``columns``: all learned is 0 in the rest."""
        n_features = n_features or self.n_features
        wide = Prototypes(n_features, self.capacity, self.rule)
        kept, old = slice(self.n_taken), self.n_features
        wide.floats[:n_features, kept] = 0.0
        wide.floats[columns, kept] = self.floats[:old, kept]
        wide.floats[n_features:, kept] = self.floats[old:, kept]
        wide.ints[:, kept] = self.ints[:, kept]
        wide.links[kept, kept] = self.links[kept, kept]
        wide.scalars[:N_SCALARS] = self.scalars[:N_SCALARS]
        wide.mean[columns], wide.origin[columns] = self.mean, self.origin
        wide.recent[:, columns] = self.recent
        # A bound holds only for sums in the same order.
        wide._forget_bounds()
        return wide

    def fade(self, share: float) -> None:
        """Let all that was learned count ``share`` times as much."""
        kept = slice(self.n_taken)
        for field in (WEIGHT, COUNT, SCATTER):
            self.floats[self.n_features + field, kept] *= share
        self.scalars[[FADED_COUNT, SQUARES]] *= share
        self.links[kept, kept] *= share
        self.measure_anew()

    def change_units(self, factors: NDArray, shifts: NDArray) -> None:
        """Move all that is learned to where a point x is ``x * factors + shifts``, both (d,).

        Of squared deviations only the sum over all features is known: it changes by the mean of
        the squared factors, as it does where the features spread alike.
        """
        share = float(np.mean(factors**2))
        kept = slice(self.n_taken)
        self.floats[: self.n_features, kept] *= factors[:, None]
        self.floats[self.n_features + SCATTER, kept] *= share
        self.scalars[SQUARES] *= share
        self.mean[:] *= factors
        self.recent[RECENT_MEAN] *= factors
        self.recent[[RECENT_SQUARES, STEPS]] *= factors**2
        self.origin[:] = self.origin * factors + shifts
        self._forget_bounds()

    def measure_anew(self) -> None:
        """Bring up to date what follows from the weights, once these were changed."""
        weights = self.floats[self.n_features + WEIGHT, : self.n_taken]
        for slot, weight in enumerate(weights):
            self.floats[self.n_features + MASS, slot] = measure_mass(weight, self.rule)
        self._forget_bounds()

    def _forget_bounds(self) -> None:
        self.floats[self.n_features + BOUND, : self.n_taken] = 0.0
        self.ints[NEIGHBOUR, : self.n_taken] = -1
