"""Convert points to an array of finite numbers, or say which value is wrong."""

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray


def number_features(n_features: int) -> tuple[str, ...]:
    """Return names for features without names.

    Examples
    --------
    >>> number_features(3)
    ('x1', 'x2', 'x3')
    """
    return tuple(f"x{feature + 1}" for feature in range(n_features))


def finite_points(
    values: ArrayLike, feature_names: Sequence[str] | None = None, first_row: int = 0
) -> NDArray[np.float64]:
    """Convert `values` to points (n_points, n_features) of float64.

    Parameters
    ----------
    values : array-like or data frame (n_points, n_features)
    feature_names : one name per column, for messages; default x1, x2, ...
    first_row : position of the first point in the stream, for messages

    Raises
    ------
    ValueError
        If the shape is wrong or a value is not a finite number. The message names the row and
        the feature.

    Examples
    --------
    >>> finite_points([[1, 2], [3, "?"]], ("width", "height"), first_row=10)
    Traceback (most recent call last):
    ...
    ValueError: row 11 (from 0), feature 'height' is '?'; allowed: finite numbers
    """
    try:
        points = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        _refuse(np.asarray(values, dtype=object), feature_names, first_row)
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(
            f"the points have the shape {points.shape}; "
            "allowed: (n_points, n_features) with at least one feature"
        )
    if feature_names is not None and len(feature_names) != points.shape[1]:
        raise ValueError(
            f"row {first_row} (from 0) has {points.shape[1]} values; "
            f"allowed: {len(feature_names)}, one for each feature"
        )
    if not np.isfinite(points).all():
        _refuse(points, feature_names, first_row)
    return points


def _refuse(table: NDArray[Any], names: Sequence[str] | None, first_row: int) -> NoReturn:
    if table.ndim != 2:
        _refuse_lengths([np.size(row) for row in np.atleast_1d(table)], first_row)
    for (row, column), value in np.ndenumerate(table):
        if not _is_finite(value):
            name = (names or number_features(table.shape[1]))[column]
            shown = value if isinstance(value, float) else repr(value)
            raise ValueError(
                f"row {first_row + row} (from 0), feature {name!r} is {shown}; "
                "allowed: finite numbers"
            )
    raise ValueError(f"the points from row {first_row} on are not numbers")


def _refuse_lengths(n_values: list[int], first_row: int) -> NoReturn:
    odd = next((row for row, n in enumerate(n_values) if n != n_values[0]), 0)
    raise ValueError(
        f"row {first_row + odd} (from 0) has {n_values[odd]} values; "
        f"allowed: rows of {n_values[0]} numbers, as the first one"
    )


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value if isinstance(value, float) else float(value))
    except (TypeError, ValueError, OverflowError):
        return False
