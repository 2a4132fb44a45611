"""Sparse points: a block of rows at a time is made dense, within a bound of memory.

Prototypes are means and therefore dense, so learning takes O(K d) for each point, as for dense
points. A matrix (n, d) that would not fit into memory can be learned, but not any number of
features: the prototypes must fit.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from clusterer.cluster.points.arrivals import convert_to_seconds, read_weights
from clusterer.cluster.prototypes.parameters import MOST

BLOCK_BYTES = 2**24  # of the rows that are dense at a time
MAX_PROTOTYPE_BYTES = 2**26
DOUBLE_BYTES = 8

P = ParamSpec("P")
M = TypeVar("M", bound=Any)


def split_rows(X: Any, n_prototypes: Any) -> Iterator[NDArray[np.float64]]:
    """Yield a sparse X (n, d) as dense blocks of rows of at most `BLOCK_BYTES`, or of one row.

    Raises ValueError if X holds no real numbers, or has too many features for ``n_prototypes``, a
    number or "auto".

    >>> [block.shape for block in split_rows(sp.eye_array(3, 2**20, format="csr"), 4)]
    [(2, 1048576), (1, 1048576)]
    """
    if X.ndim != 2:
        raise ValueError(f"Expected 2D array, got a sparse array of the shape {X.shape}.")
    if X.dtype.kind not in "biuf":
        raise ValueError(f"X must hold real numbers, but it holds {X.dtype}.")
    n_points, n_features = X.shape
    number = MOST if n_prototypes == "auto" else int(n_prototypes)
    most = MAX_PROTOTYPE_BYTES // (DOUBLE_BYTES * number)
    if n_features > most:
        raise ValueError(
            f"X is a sparse matrix of {n_features:,} features, but prototypes are dense: {number} "
            f"of them can have {most:,} features. Reduce X to some 50 features first, for instance "
            "with sklearn.decomposition.TruncatedSVD(50).fit_transform(X), or choose a smaller "
            "n_prototypes."
        )
    rows = X.tocsr()
    size = count_rows(n_features)
    # A matrix without rows is one block, so that it is refused as a dense one is.
    for start in range(0, max(n_points, 1), size):
        yield rows[start : start + size].toarray().astype(np.float64)


def count_rows(n_features: int) -> int:
    """Return the number of rows in a block."""
    return max(BLOCK_BYTES // (DOUBLE_BYTES * max(n_features, 1)), 1)


def in_blocks(
    method: Callable[Concatenate[M, Any, P], NDArray],
) -> Callable[Concatenate[M, Any, P], NDArray]:
    """Let a method that answers for each row of a dense X (n, d) take a sparse X, too."""

    @wraps(method)
    def call(model: M, X: Any, /, *args: P.args, **kwargs: P.kwargs) -> NDArray:
        if not sp.issparse(X):
            return method(model, X, *args, **kwargs)
        model.check_parameters()
        blocks = split_rows(X, model.n_prototypes)
        return np.concatenate([method(model, block, *args, **kwargs) for block in blocks])

    return call


def learn_sparse(model: Any, X: Any, sample_weight: Any, times: Any, *, is_first: bool) -> None:
    """Let an estimator learn a sparse X (n, d), block by block; an error changes nothing."""
    before, saved = vars(model).copy(), {}
    model.check_parameters()
    n_points = X.shape[0]
    weights = read_weights(np.empty((n_points, 0)), sample_weight)
    rows, kept = X.tocsr(), np.arange(n_points)
    if (weights > 0.0).any():
        # Otherwise a first block of weights 0 would be refused.
        kept = np.flatnonzero(weights > 0.0)
        rows = rows[kept]
    moments = None if times is None else convert_to_seconds(times, n_points)[kept]
    # A single block that is refused changes nothing by itself.
    if len(kept) > count_rows(X.shape[1]):
        saved = model.__getstate__()
    start = 0
    try:
        for block in split_rows(rows, model.n_prototypes):
            part = slice(start, start + len(block))
            block_weights = weights[kept][part] if len(weights) else None
            block_times = None if moments is None else moments[part]
            try:
                model._learn_chunk(block, block_weights, block_times, is_first=is_first)
            except ValueError as error:
                place = f"In the rows of X from {kept[start]:,} on: " if start else ""
                raise ValueError(f"{place}{error}") from None
            is_first, start = False, part.stop
        model._points = X.tocsr(copy=True)
    except BaseException:
        model.__dict__.clear()
        model.__dict__.update(before | saved)
        raise
