"""Check what a user passes to a classifier; each message says what is wrong, where, what to do."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.validation import (
    check_array,
    column_or_1d,
    validate_data,
)

from clusterer.cluster.validation import align_columns, read_names, refuse_values
from clusterer.svm.row_checks import (
    IS_BROKEN,
    LARGEST,
    N_NOT_RISING,
    N_OUTSIDE,
    N_TOO_LARGE,
    check_sparse,
    count_too_large,
)

Rows = Any
"""Rows to learn: an array (n, d), or a CSR array or matrix of SciPy."""

LARGEST_WEIGHT = 1e15
LEAST_ALPHA, LARGEST_ALPHA = 1e-12, 1e12
LARGEST_SIGMA = 1e100
MAX_HALVINGS = 100.0  # per point: faster decay underflows to 0
MAX_ITERATIONS = 10**6
UNCHANGED = "The model is unchanged."


def prepare_rows(
    model: Any, X: Any, *, is_first: bool, accept_sparse: bool
) -> tuple[Rows, NDArray | None]:
    """Return X as float64, and the names of its columns where they may be new.

    The values and the indices of a sparse array are not checked, see `prepare_sparse`. The
    attributes that scikit-learn keeps of the features are set on the model. Raises ValueError or
    TypeError.
    """
    if not sp.issparse(X):
        refuse_values(X)
    options: dict[str, Any] = {
        "accept_sparse": "csr" if accept_sparse else False,
        "dtype": np.float64,
        "order": "C",
        "ensure_all_finite": False,
    }
    names = None
    if is_first or not model.allow_growth:
        rows = validate_data(model, X, reset=is_first, **options)
    else:
        rows = check_array(X, estimator=model, **options)
        known, n_known = getattr(model, "feature_names_in_", None), model.n_features_in_
        if sp.issparse(rows):
            names, n_features = known, max(n_known, rows.shape[1])
            if known is not None and rows.shape[1] > n_known:
                raise ValueError(
                    f"X has {rows.shape[1]} features without names, but the model knows {n_known} "
                    f"named features; pass a table with names. {UNCHANGED}"
                )
            shape = (rows.shape[0], n_features)
            rows = type(rows)((rows.data, rows.indices, rows.indptr), shape=shape)
        else:
            rows, names = align_columns(rows, read_names(X), n_known, known)
    if sp.issparse(rows):
        return own_sparse(rows), names
    rows = own(rows)
    check_values(rows)
    return rows, names


def own(values: NDArray) -> NDArray:
    """Return an array that the kernels know: contiguous and writable, a copy if necessary."""
    return np.require(values, requirements=["C", "W"])


def check_values(points: NDArray[np.float64]) -> None:
    """Raise ValueError that names the first value (n, d) that is not allowed."""
    if count_too_large(points):
        row, column = np.argwhere(~(np.abs(points) <= LARGEST))[0].tolist()
        raise ValueError(describe_value(row, column, points[row, column]))


def describe_value(row: int, column: int, value: float) -> str:
    """Return the message that says why a value is refused."""
    if not np.isfinite(value):
        return (
            f"Row {row} of X holds {value} in column {column}; a classifier cannot learn NaN or "
            f"infinity. Drop or fill in such rows. {UNCHANGED}"
        )
    return (
        f"Row {row} of X holds {value:g} in column {column}; allowed are absolute values up to "
        f"{LARGEST:g}. Change the unit of this column. {UNCHANGED}"
    )


def own_sparse(rows: Rows) -> Rows:
    """Return a CSR array whose arrays the kernels know, both kinds of indices of one type."""
    if not rows.indices.dtype == rows.indptr.dtype == np.int32:
        # The kernels know two types, all indices as int32 or as int64.
        indices, starts = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
        values = rows.data
        rows = type(rows)(rows.shape)
        rows.data, rows.indices, rows.indptr = values, indices, starts
    values, indices, starts = (own(each) for each in (rows.data, rows.indices, rows.indptr))
    if values is not rows.data or indices is not rows.indices or starts is not rows.indptr:
        rows = type(rows)(rows.shape)
        rows.data, rows.indices, rows.indptr = values, indices, starts
    return rows


def are_rows_allowed(rows: Rows, first: int, n_rows: int) -> bool:
    """Whether some rows of a CSR array are as `prepare_sparse` returns them."""
    starts = rows.indptr[first : first + n_rows + 1]
    begin, end = starts[[0, -1]].tolist()
    if begin < 0 or (first == 0 and begin > 0):
        return False
    counts = np.empty(4, np.int64)
    arrays = rows.data[begin:end], rows.indices[begin:end], starts - starts[0]
    check_sparse(*arrays, rows.shape[1], counts)
    return not counts.any()


def prepare_sparse(rows: Rows) -> Rows:
    """Return a CSR array with rising indices.

    Raises ValueError if a value is not allowed, or if the array contradicts itself.
    """
    counts = np.empty(4, np.int64)
    check_sparse(rows.data, rows.indices, rows.indptr, rows.shape[1], counts)
    if counts[IS_BROKEN] or counts[N_OUTSIDE] or len(rows.indptr) != rows.shape[0] + 1:
        raise ValueError(
            "X is a damaged sparse array: its row starts or column indices lie outside of its "
            f"arrays. Check it with X.check_format(). {UNCHANGED}"
        )
    if counts[N_TOO_LARGE]:
        place = int(np.flatnonzero(~(np.abs(rows.data) <= LARGEST))[0])
        row = int(np.searchsorted(rows.indptr, place, side="right")) - 1
        raise ValueError(describe_value(row, int(rows.indices[place]), rows.data[place]))
    if counts[N_NOT_RISING]:
        rows = rows.copy()
        rows.sum_duplicates()
        return prepare_sparse(rows)
    return rows


def prepare_classes(y: Any, n_rows: int) -> NDArray:
    """Return the classes (n,) as int64, float64, bool or text.

    Raises ValueError if they are not one class for each row.
    """
    if y is None:
        raise ValueError(
            "This classifier requires y to be passed, but the target y is None. Pass one class for "
            f"each row. {UNCHANGED}"
        )
    values = column_or_1d(y.to_numpy() if hasattr(y, "to_numpy") else y, warn=True)
    if len(values) != n_rows:
        raise ValueError(
            f"X has {n_rows} rows, but y has {len(values)} classes; pass one class for each row. "
            f"{UNCHANGED}"
        )
    if values.dtype.kind == "O" or (values.dtype.kind == "U" and isinstance(y, list | tuple)):
        values = convert_objects(list(values) if values.dtype.kind == "O" else list(y))
    if values.dtype.kind in "iu":
        if values.dtype.kind == "u" and len(values) and values.max() > np.iinfo(np.int64).max:
            raise ValueError(f"y holds the class {values.max()}, which is too large. {UNCHANGED}")
        return values.astype(np.int64, copy=False)
    if values.dtype.kind == "f":
        return check_whole(values.astype(np.float64, copy=False))
    if values.dtype.kind in "bU":
        return values
    raise ValueError(
        f"Unknown label type: y has the type {values.dtype}; classes are whole numbers, text, or "
        f"True and False. {UNCHANGED}"
    )


def convert_objects(values: list[Any]) -> NDArray:
    """Return Python objects as an array of one type. Raises ValueError if they are mixed."""
    for types in ((str,), (bool, np.bool_), (Integral,), (Real,)):
        has_bool = any(isinstance(value, bool | np.bool_) for value in values)
        if all(isinstance(value, types) for value in values) and (bool in types or not has_bool):
            return np.array(values)
    kinds = sorted({type(value).__name__ for value in values})
    raise ValueError(
        f"Unknown label type: y holds objects of the types {', '.join(kinds)}; classes are all "
        f"whole numbers, all text, or all True and False. {UNCHANGED}"
    )


def check_whole(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return classes (n,). Raises ValueError if one is no whole number."""
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"Input y contains NaN or infinity: {values[row]} in row {row}. Drop the rows without "
            f"a class. {UNCHANGED}"
        )
    bad = values != np.floor(values)
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"Unknown label type: continuous. y holds {values[row]:g} in row {row}; classes are "
            f"whole numbers, text, or True and False. {UNCHANGED}"
        )
    return values


def prepare_weights(sample_weight: Any, rows: Rows) -> NDArray[np.float64] | None:
    """Return the weights (n,) of the rows, or None if all are 1. Raises ValueError."""
    if sample_weight is None:
        return None
    n_rows = rows.shape[0]
    weights = np.array(sample_weight, dtype=np.float64)
    if weights.ndim == 0:
        weights = np.full(n_rows, weights)
    if weights.shape != (n_rows,):
        raise ValueError(
            f"sample_weight has the shape {weights.shape}, but X has {n_rows} rows; pass one "
            f"weight for each row. {UNCHANGED}"
        )
    is_wrong = ~((weights >= 0) & (weights <= LARGEST_WEIGHT))
    if is_wrong.any():
        row = int(is_wrong.argmax())
        raise ValueError(
            f"sample_weight holds {weights[row]:g} in row {row}; allowed are weights from 0 to "
            f"{LARGEST_WEIGHT:g}. {UNCHANGED}"
        )
    return weights


def check_class_weight(class_weight: Any) -> None:
    """Raise ValueError unless ``class_weight`` is None, "balanced" or weights by class."""
    if class_weight is None or (isinstance(class_weight, str) and class_weight == "balanced"):
        return
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            "class_weight must be None, 'balanced', or a dict of weights by class, got "
            f"{class_weight!r}."
        )
    for name, weight in class_weight.items():
        if not (is_number(weight) and 0 <= weight <= LARGEST_WEIGHT):
            raise ValueError(
                f"class_weight of the class {name!r} must be a number from 0 to "
                f"{LARGEST_WEIGHT:g}, got {weight!r}."
            )


def check_alpha(alpha: Any) -> float:
    """Return λ as a float. Raises ValueError unless it is a number in range."""
    if not (is_number(alpha) and LEAST_ALPHA <= alpha <= LARGEST_ALPHA):
        raise ValueError(
            f"alpha must be a number from {LEAST_ALPHA:g} to {LARGEST_ALPHA:g}, got {alpha!r}."
        )
    return float(alpha)


def find_limit(half_life: Any, choices: str = "a number of points above 0, or None") -> float:
    """Return the sum of weights at which a half-life stops T; infinite without a half-life.

    At this limit T/(T + 1) is exactly the factor that halves in a half-life.

    >>> find_limit(None), round(find_limit(1.0), 9)
    (inf, 1.0)
    """
    if half_life is None:
        return np.inf
    if not (is_number(half_life) and 0 < half_life < np.inf):
        raise ValueError(f"half_life must be {choices} to never forget, got {half_life!r}.")
    return 1.0 / float(np.expm1(np.log(2.0) * min(1.0 / float(half_life), MAX_HALVINGS)))


def check_iterations(max_iter: Any) -> int:
    """Return the number of passes of `fit`. Raises ValueError unless it is a whole number."""
    if not is_whole(max_iter) or not 1 <= max_iter <= MAX_ITERATIONS:
        raise ValueError(
            f"max_iter must be a whole number from 1 to {MAX_ITERATIONS:,}, got {max_iter!r}."
        )
    return int(max_iter)


def is_number(value: Any) -> bool:
    """Whether the value is a real number; bool and NumPy's bool are none."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def is_whole(value: Any) -> bool:
    """Whether the value is a whole number; bool and NumPy's bool are none."""
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
