"""What the linear classifier has learned, in arrays; see `.linear_steps` for the symbols."""

import copy
from typing import NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from clusterer.support.array_archive import demand
from clusterer.svm.linear_steps import (
    AVERAGE_WEIGHT,
    AVERAGED,
    N_MISTAKES,
    N_SCALARS,
    N_SEEN,
    N_UPDATES,
    NORM,
    SCALE,
    SMALLEST_SCALE,
    STEPS,
    learn_dense,
    learn_sparse,
)
from clusterer.svm.model_contents import check_counts
from clusterer.svm.validation import Rows, are_rows_allowed

ARRAYS = dict.fromkeys(("v", "u", "bias", "counts", "scalars"), "<f8")
LARGEST_WEIGHT, LARGEST_INTERCEPT = 1e150, 1e250
"""A decision about the largest values does not overflow. An intercept follows their squares."""

NO_ORDER = np.empty(0, dtype=np.int64)


class LinearParameters(NamedTuple):
    """Parameters in the form that the kernels take: λ, the highest T, and two switches."""

    alpha: float
    limit: float
    has_average: bool
    has_intercept: bool


class Batch(NamedTuple):
    """Rows to learn: those in ``order`` or, if it is empty, those from ``first`` on.

    ``codes`` (b,) and ``weights`` (b,) are their classes and weights; ``class_weights`` (C,) are
    the weights of the classes, which are computed from the stream if ``is_balanced``.
    ``predicted`` (b,) begins with 0 and becomes the class that was predicted for each row before it
    was learned. Rows of a CSR array that are not ``is_checked`` are checked while they are learned.
    """

    rows: Rows
    first: int
    order: NDArray[np.int64]
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]
    class_weights: NDArray[np.float64]
    is_balanced: bool
    predicted: NDArray[np.int64]
    is_checked: bool = True


class UncheckedRowError(Exception):
    """A row that was not checked before may not be allowed."""


class LinearState:
    """The weights of d features, for the classes that the stream has shown so far."""

    def __init__(self, n_features: int, parameters: LinearParameters) -> None:
        self.vu = np.zeros((n_features, 1 + parameters.has_average, 1))
        self.bias = np.zeros((2, 1))
        self.counts = np.empty(0)
        self.scalars = np.zeros(N_SCALARS)
        # Bottou's start: the first steps are as long as the typical weights.
        steps = min(parameters.alpha**-0.75, parameters.limit)
        self.scalars[STEPS], self.scalars[SCALE] = steps, 1.0 / (parameters.alpha * steps)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.vu)

    @property
    def v(self) -> NDArray[np.float64]:
        """The array v (d, k), a view."""
        return self.vu[:, 0]

    @property
    def u(self) -> NDArray[np.float64]:
        """The array u (d, k), a view; (0, k) without an average."""
        return self.vu[:, 1] if self.vu.shape[1] == 2 else self.vu[:0, 0]

    @property
    def n_bytes(self) -> int:
        """The memory of a `copy`."""
        return int(self.vu.nbytes)

    def copy(self) -> Self:
        """Return an independent copy."""
        return copy.deepcopy(self)

    def add_class(self) -> None:
        """Make room for one more class, whose weights are 0."""
        self.counts = np.append(self.counts, 0.0)
        n_classes = len(self.counts)
        if n_classes < 3:
            return
        for name in ("vu", "bias"):
            known = getattr(self, name)
            if n_classes == 3:
                # One column decides between two classes; each of them now gets its own.
                known = np.concatenate([-known, known], axis=-1)
            room = [(0, 0)] * (known.ndim - 1) + [(0, 1)]
            setattr(self, name, np.ascontiguousarray(np.pad(known, room)))

    def widen(self, n_features: int) -> None:
        """Add features; their weights are 0."""
        self.vu = np.pad(self.vu, ((0, n_features - self.n_features), (0, 0), (0, 0)))

    def restart_average(self, has_average: bool = True) -> None:
        """Begin the average of the weights anew, or drop it."""
        n_features, _, n_columns = self.vu.shape
        before = self.v
        self.vu = np.zeros((n_features, 1 + has_average, n_columns))
        self.vu[:, 0] = before
        self.bias[1] = 0.0
        self.scalars[[AVERAGED, AVERAGE_WEIGHT]] = 0.0

    def begin_pass(self, number: int, is_last: bool, parameters: LinearParameters) -> None:
        """Begin a pass of `fit`; the average is that of the last one."""
        self.counts[:] = 0.0
        if number and is_last:
            self.restart_average(parameters.has_average)

    def end_passes(self) -> None:
        """End `fit`; there is nothing to do."""

    def learn(self, batch: Batch, parameters: LinearParameters) -> None:
        """Learn rows of two or more classes.

        Raises UncheckedRowError, and learns some of the rows, if one that was not checked may not
        be allowed.
        """
        if parameters.has_average != (self.vu.shape[1] == 2):
            self.restart_average(parameters.has_average)
        n_columns = self.vu.shape[2]
        rest = (
            batch.first,
            batch.order,
            batch.codes,
            batch.weights,
            batch.class_weights,
            self.counts,
            self.vu,
            self.bias,
            np.empty(n_columns),
            np.empty(n_columns + 1),
            batch.predicted,
            self.scalars,
            *parameters,
            batch.is_balanced,
        )
        if sp.issparse(batch.rows):
            values, indices, starts = batch.rows.data, batch.rows.indices, batch.rows.indptr
            if not learn_sparse(values, indices, starts, *rest, batch.is_checked):
                raise UncheckedRowError
        else:
            learn_dense(batch.rows, *rest)

    def learn_first_class(self, batch: Batch) -> None:
        """Count rows of the only class so far; there is nothing to decide yet.

        Raises UncheckedRowError as `learn`.
        """
        if not (batch.is_checked or are_rows_allowed(batch.rows, batch.first, len(batch.codes))):
            raise UncheckedRowError
        is_first = self.scalars[N_SEEN] == 0.0
        for weight in batch.weights.tolist():  # one by one, so that chunks do not matter
            self.counts += weight
        self.scalars[N_SEEN] += len(batch.codes)
        self.scalars[N_MISTAKES] += is_first and len(batch.codes) > 0

    def find_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the weights (d, k) and the intercepts (k,) that predict: the average, if any."""
        scale, averaged, total = self.scalars[[SCALE, AVERAGED, AVERAGE_WEIGHT]]
        if not total:
            return scale * self.v, scale * self.bias[0]
        return (
            (averaged * self.v - self.u) / total,
            (averaged * self.bias[0] - self.bias[1]) / total,
        )

    def decide(self, rows: Rows) -> NDArray[np.float64]:
        """Return the decisions (n, C) for rows of two or more classes, in the columns' order."""
        weights, intercepts = self.find_weights()
        decisions = np.asarray(rows @ weights) + intercepts
        if decisions.shape[1] == 1:
            decisions = 0.5 * np.column_stack([-decisions, decisions])
        return decisions

    def change_units(self, factors: NDArray[np.float64], shifts: NDArray[np.float64]) -> None:
        """Convert the weights: a row x becomes ``x * factors + shifts``; decisions stay."""
        for weights, bias in ((self.v, self.bias[0]), (self.u, self.bias[1])):
            if len(weights):  # a view: the state changes
                weights /= factors[:, None]
                bias -= shifts @ weights
        # The norm is a sum over the features.
        self.scalars[NORM] *= float(np.mean(factors**2))

    def to_arrays(self) -> dict[str, NDArray]:
        """Return everything learned."""
        return {name: getattr(self, name).copy() for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray], n_classes: int) -> Self:
        """Build the state that `to_arrays` returned; the arrays are copied.

        Raises ModelFileError unless learning a stream can have led to the arrays.
        """
        n_columns = n_classes if n_classes > 2 else 1
        v, u, scalars = arrays["v"], arrays["u"], arrays["scalars"]
        demand(v.ndim == 2 and len(v) > 0 and v.shape[1] == n_columns, "v has a wrong shape")
        demand(u.shape in (v.shape, (0, n_columns)), "u has a wrong shape")
        demand(arrays["bias"].shape == (2, n_columns), "bias has a wrong shape")
        demand(arrays["counts"].shape == (n_classes,), "counts have a wrong shape")
        demand(scalars.shape == (N_SCALARS,), "scalars have a wrong shape")
        demand(SMALLEST_SCALE <= scalars[SCALE] <= 1e50, f"the scale is {scalars[SCALE]}")
        demand(1e-35 <= scalars[STEPS] <= 1e35, f"the sum of weights is {scalars[STEPS]}")
        demand(bool((scalars >= 0).all()), "a scalar is below 0")
        demand(len(u) > 0 or scalars[AVERAGE_WEIGHT] == 0, "the average lacks u")
        check_counts(arrays["counts"], *scalars[[N_SEEN, N_MISTAKES, N_UPDATES]].tolist())
        state = cls.__new__(cls)
        state.vu = np.stack([v, u] if len(u) else [v], axis=1)
        for name in ("bias", "counts", "scalars"):
            setattr(state, name, np.array(arrays[name]))
        with np.errstate(over="ignore", invalid="ignore"):
            weights, intercepts = state.find_weights()
        demand(bool((np.abs(weights) <= LARGEST_WEIGHT).all()), "the weights are too large")
        is_small = bool((np.abs(intercepts) <= LARGEST_INTERCEPT).all())
        demand(is_small, "the intercepts are too large")
        return state
