"""What the kernel classifier has learned, in arrays; see `.kernel_steps` for the symbols."""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from clusterer.support.array_archive import demand
from clusterer.svm.kernel_steps import (
    AVERAGE_WEIGHT,
    AVERAGED,
    MISTAKES,
    N_EXPERT,
    N_ROWS,
    N_STEPS,
    N_STREAM,
    SCALE,
    SIGMA,
    SMALLEST_SIGMA,
    SPEAKER,
    SPREAD,
    STEPS,
    decide_points,
    learn_points,
)
from clusterer.svm.linear_state import Batch
from clusterer.svm.linear_steps import N_MISTAKES, N_SEEN, N_UPDATES, SMALLEST_SCALE
from clusterer.svm.merging import make_table
from clusterer.svm.model_contents import MAX_SEEN, check_counts

ARRAYS = {
    "vectors": "<f8",
    "coefs": "<f8",
    "sums": "<f8",
    "ids": "<i8",
    "sizes": "<i8",
    "experts": "<f8",
    "means": "<f8",
    "counts": "<f8",
    "scalars": "<f8",
}
ALL = -1
AVERAGE = (SCALE, AVERAGED, AVERAGE_WEIGHT)
LARGEST_SUMS = {AVERAGED: 1e150, AVERAGE_WEIGHT: 1e150, MISTAKES: 1e35, N_ROWS: 1e35, SPREAD: 1e250}
"""Above what the largest weights and values of 2^53 rows can lead to."""

HALF_LIFE_OF_MISTAKES = 500.0
FADING = 2.0 ** (-1.0 / HALF_LIFE_OF_MISTAKES)


class KernelParameters(NamedTuple):
    """Parameters in the form that the kernels take.

    ``limits`` and ``widths`` (E,) are those of the experts, see `.kernel_steps.learn_points`.
    """

    budget: int
    alpha: float
    limits: NDArray[np.float64]
    widths: NDArray[np.float64]
    has_average: bool
    is_width_automatic: bool
    maintenance: int


class KernelState:
    """The support vectors of E experts, for the classes that the stream has shown so far."""

    def __init__(self, n_features: int, parameters: KernelParameters) -> None:
        n_experts, n_slots = len(parameters.limits), parameters.budget + 1
        self.vectors = np.zeros((n_experts, n_features, n_slots))
        self.coefs = np.zeros((n_experts, 0, n_slots))
        self.sums = np.zeros((n_experts, 0, n_slots))
        self.ids = np.zeros((n_experts, n_slots), dtype=np.int64)
        self.sizes = np.zeros(n_experts, dtype=np.int64)
        self.experts = np.zeros((n_experts, N_EXPERT))
        self.means = np.zeros((n_experts, n_features))
        self.counts = np.empty(0)
        self.scalars = np.zeros(N_STREAM)
        self._begin_steps(parameters)
        self.fading, self.only = FADING, ALL

    def _begin_steps(self, parameters: KernelParameters) -> None:
        steps = np.minimum(parameters.alpha**-0.75, parameters.limits)
        self.experts[:, STEPS], self.experts[:, SCALE] = steps, 1.0 / (parameters.alpha * steps)
        self.experts[:, SIGMA] = 1.0

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.vectors.shape[1]

    @property
    def speaker(self) -> int:
        """The expert that decides."""
        return int(self.scalars[SPEAKER])

    def add_class(self) -> None:
        """Make room for one more class, whose coefficients are 0."""
        self.counts = np.append(self.counts, 0.0)
        for name in ("coefs", "sums"):
            padded = np.pad(getattr(self, name), ((0, 0), (0, 1), (0, 0)))
            setattr(self, name, np.ascontiguousarray(padded))

    def widen(self, n_features: int) -> None:
        """Add features, in which all vectors are 0."""
        n_new = n_features - self.n_features
        self.vectors = np.pad(self.vectors, ((0, 0), (0, n_new), (0, 0)))
        self.means = np.pad(self.means, ((0, 0), (0, n_new)))

    def begin_pass(self, number: int, is_last: bool, parameters: KernelParameters) -> None:
        """Begin a pass of `fit`: the experts compete in the first one, the best continues."""
        self.counts[:] = 0.0
        # All rows of the first pass count alike; in later passes all rows are known.
        self.fading, self.only = 1.0, (self.speaker if number else ALL)
        if number and is_last:
            self.restart_average()

    def end_passes(self) -> None:
        """End `fit`: all experts learn again, and their mistakes fade."""
        self.fading, self.only = FADING, ALL
        most = 1.0 / (1.0 - FADING)
        n_rows = max(float(self.scalars[N_SEEN]), 1.0)
        self.experts[:, MISTAKES] *= min(1.0, most / n_rows)

    def restart_average(self) -> None:
        """Begin the averages of the coefficients anew."""
        self.sums[:] = 0.0
        self.experts[:, [AVERAGED, AVERAGE_WEIGHT]] = 0.0

    def adapt(self, parameters: KernelParameters) -> None:
        """Take over changed parameters: the budget, and the number of experts."""
        if len(parameters.limits) != len(self.sizes):
            # The expert that decides goes on as each of the new ones.
            for name in ("vectors", "coefs", "sums", "ids", "sizes", "experts", "means"):
                chosen = getattr(self, name)[self.speaker]
                setattr(self, name, np.stack([chosen] * len(parameters.limits)))
            self.scalars[SPEAKER] = 0.0
            self.experts[:, MISTAKES] = 0.0
        n_slots = max(parameters.budget, int(self.sizes.max())) + 1
        if n_slots != self.vectors.shape[2]:
            for name in ("vectors", "coefs", "sums", "ids"):
                old = getattr(self, name)
                new = np.zeros((*old.shape[:-1], n_slots), dtype=old.dtype)
                n_kept = min(n_slots, old.shape[-1])
                new[..., :n_kept] = old[..., :n_kept]
                setattr(self, name, new)
        fades = np.isfinite(parameters.limits) | (not parameters.has_average)
        if self.experts[fades, AVERAGE_WEIGHT].any():
            self.sums[fades] = 0.0
            for place in (AVERAGED, AVERAGE_WEIGHT):
                self.experts[fades, place] = 0.0
        self.experts[:, STEPS] = np.minimum(self.experts[:, STEPS], parameters.limits)

    def learn(self, batch: Batch, parameters: KernelParameters) -> None:
        """Learn rows of two or more classes."""
        self.adapt(parameters)
        n_slots = self.vectors.shape[2]
        learn_points(
            batch.rows,
            batch.first,
            batch.order,
            batch.codes,
            batch.weights,
            batch.class_weights,
            self.counts,
            self.sizes,
            self.vectors,
            self.coefs,
            self.sums,
            self.ids,
            self.experts,
            self.means,
            self.scalars,
            np.empty(n_slots),
            np.empty(n_slots),
            np.empty(n_slots),
            np.empty(len(self.counts)),
            np.empty((1, self.n_features)),
            batch.predicted,
            parameters.alpha,
            parameters.limits,
            parameters.widths,
            parameters.has_average,
            parameters.is_width_automatic,
            parameters.maintenance,
            parameters.budget,
            self.fading,
            self.only,
            batch.is_balanced,
            make_table(),
        )

    def learn_first_class(self, batch: Batch) -> None:
        """Count rows of the only class so far; there is nothing to decide yet."""
        is_first = self.scalars[N_SEEN] == 0.0
        for weight in batch.weights.tolist():  # one by one, so that chunks do not matter
            self.counts += weight
        self.scalars[[N_SEEN, N_STEPS]] += len(batch.codes)
        self.scalars[N_MISTAKES] += is_first and len(batch.codes) > 0

    def find_coefficients(self) -> NDArray[np.float64]:
        """Return the coefficients (C, m) that predict: the averages, if any."""
        e, size = self.speaker, self.sizes[self.speaker]
        scale, averaged, total = self.experts[e, [SCALE, AVERAGED, AVERAGE_WEIGHT]]
        coefs, sums = self.coefs[e, :, :size], self.sums[e, :, :size]
        return (averaged * coefs - sums) / total if total else scale * coefs

    def decide(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the decisions (n, C) for rows of two or more classes, in the columns' order."""
        decisions = np.empty((len(rows), len(self.counts)))
        decide_points(
            rows,
            self.speaker,
            self.vectors,
            np.ascontiguousarray(self.find_coefficients()),
            self.sizes[self.speaker],
            self.experts[self.speaker, SIGMA],
            np.empty(self.vectors.shape[2]),
            decisions,
        )
        return decisions

    def change_units(self, factors: NDArray[np.float64], shifts: NDArray[np.float64]) -> None:
        """Convert the vectors exactly; widths stay, and spreads are sums over the features."""
        for e, size in enumerate(self.sizes.tolist()):
            vectors = self.vectors[e, :, :size]
            vectors *= factors[:, None]
            vectors += shifts[:, None]
        is_begun = self.experts[:, N_ROWS] > 0
        self.means[is_begun] = self.means[is_begun] * factors + shifts
        self.experts[:, SPREAD] *= float(np.mean(factors**2))

    def to_arrays(self) -> dict[str, NDArray]:
        """Return everything learned; slots that hold no vector are left out."""
        most = max(int(self.sizes.max()), 1)
        arrays = {name: getattr(self, name).copy() for name in ARRAYS}
        for name in ("vectors", "coefs", "sums", "ids"):
            arrays[name] = np.ascontiguousarray(arrays[name][..., :most])
            for e, size in enumerate(self.sizes.tolist()):
                arrays[name][e, ..., size:] = 0
        return arrays

    @classmethod
    def from_arrays(
        cls, arrays: dict[str, NDArray], n_classes: int, parameters: KernelParameters
    ) -> Self:
        """Build the state that `to_arrays` returned; the arrays are copied.

        Raises ModelFileError unless learning a stream can have led to the arrays.
        """
        check_arrays(arrays, n_classes)
        state = cls.__new__(cls)
        for name in ARRAYS:
            setattr(state, name, np.array(arrays[name]))
        state.fading, state.only = FADING, ALL
        state.adapt(parameters)
        return state


def check_arrays(arrays: dict[str, NDArray], n_classes: int) -> None:
    """Check shapes and ranges. Raises ModelFileError."""
    vectors, sizes, experts = arrays["vectors"], arrays["sizes"], arrays["experts"]
    demand(vectors.ndim == 3 and min(vectors.shape) > 0, "vectors have a wrong shape")
    n_experts, n_features, n_slots = vectors.shape
    shapes = {
        "coefs": (n_experts, n_classes, n_slots),
        "sums": (n_experts, n_classes, n_slots),
        "ids": (n_experts, n_slots),
        "sizes": (n_experts,),
        "experts": (n_experts, N_EXPERT),
        "means": (n_experts, n_features),
        "counts": (n_classes,),
        "scalars": (N_STREAM,),
    }
    for name, shape in shapes.items():
        demand(arrays[name].shape == shape, f"{name} has the shape {arrays[name].shape}")
    scalars = arrays["scalars"]
    check_counts(arrays["counts"], *scalars[[N_SEEN, N_MISTAKES, N_UPDATES]].tolist())
    speaker = scalars[SPEAKER]
    demand(speaker in range(n_experts), f"the deciding expert is {speaker}")
    demand(bool(((sizes >= 0) & (sizes <= n_slots)).all()), "sizes are no numbers of vectors")
    n_steps = scalars[N_STEPS]
    demand(0 <= n_steps <= MAX_SEEN and n_steps == int(n_steps), f"the steps are {n_steps}")
    is_past = (arrays["ids"] >= 0) & (arrays["ids"] <= n_steps)
    demand(bool(is_past.all()), "ids lie beyond the last step")
    demand(bool((experts >= 0).all()), "a number of an expert is below 0")
    scales, steps, widths = (experts[:, place] for place in (SCALE, STEPS, SIGMA))
    demand(bool(((scales >= SMALLEST_SCALE) & (scales <= 1e50)).all()), "a scale is out of range")
    demand(bool(((steps >= 1e-35) & (steps <= 1e35)).all()), "a sum of weights is out of range")
    is_width = (widths >= SMALLEST_SIGMA) & (widths <= 1e110)
    demand(bool(is_width.all()), "a width is out of range")
    for name in ("vectors", "means"):
        demand(bool((np.abs(arrays[name]) <= 1e110).all()), f"coordinates of {name} are too large")
    for place, most in LARGEST_SUMS.items():
        demand(bool((experts[:, place] <= most).all()), "a sum of an expert is too large")
    scales, averaged, totals = (experts[:, place, None, None] for place in AVERAGE)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        means = (averaged * arrays["coefs"] - arrays["sums"]) / totals
        used = np.where(totals > 0, means, scales * arrays["coefs"])
    demand(bool((np.abs(used) <= 1e200).all()), "coefficients are too large")
