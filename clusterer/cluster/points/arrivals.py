"""Weights and times of points: check what a user passes, and turn times into decays."""

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.prototypes.parameters import MAX_HALVINGS, read_half_life
from clusterer.cluster.prototypes.prototypes import NOT_GIVEN

# Beyond these weights the sums of a long stream lose the small ones, or overflow.
MIN_WEIGHT, MAX_WEIGHT = 1e-15, 1e15


class Arrivals(NamedTuple):
    """Weights (n,) of the points of a chunk, and decays before those with a weight above 0.

    Both are empty if not given.
    """

    weights: NDArray[np.float64]
    decays: NDArray[np.float64]


NO_ARRIVALS = Arrivals(NOT_GIVEN, NOT_GIVEN)


def read_weights(points: NDArray, sample_weight: Any) -> NDArray[np.float64]:
    """Return the weights (n,) of points (n, d); empty if none are given.

    Raises ValueError that names the first row whose weight is not allowed.

    >>> read_weights(np.zeros((2, 1)), [1, 0.5]).tolist()
    [1.0, 0.5]
    """
    if sample_weight is None:
        return NOT_GIVEN
    try:
        weights = np.array(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("sample_weight must hold numbers.") from None
    if weights.shape != (len(points),):
        raise ValueError(
            f"sample_weight must hold one weight for each of the {len(points)} points, got the "
            f"shape {weights.shape}."
        )
    is_allowed = (weights == 0.0) | ((weights >= MIN_WEIGHT) & (weights <= MAX_WEIGHT))
    if not is_allowed.all():
        row = int(np.argmin(is_allowed))
        raise ValueError(
            f"sample_weight of row {row} is {weights[row]:.6g}; a weight must be 0, which leaves "
            f"the row out, or between {MIN_WEIGHT:g} and {MAX_WEIGHT:g}. The model is unchanged."
        )
    return weights


def read_times(
    times: Any, n_points: int, weights: NDArray, half_life: Any, last_time: float | None
) -> tuple[NDArray[np.float64], float | None]:
    """Return the decays (n,) before the points, and the time of the last one.

    The decays are empty without a half-life in seconds. Points of weight 0 are left out.

    Parameters
    ----------
    times : (n,) numbers of seconds or datetimes, or None
        When the points arrived, in increasing order; points may arrive together.
    n_points : int
        n.
    weights : (n,)
        The weights of the points, empty if not given.
    half_life : float, str or None
        The parameter of the estimator.
    last_time : float or None
        The time of the last point learned, in seconds.

    Raises
    ------
    ValueError
        If times are missing, not in order or before ``last_time``.

    Examples
    --------
    >>> read_times([0.0, 60.0, 60.0], 3, NOT_GIVEN, "1min", None)
    (array([1. , 0.5, 1. ]), 60.0)
    """
    length = read_half_life(half_life)
    is_fixed = half_life is not None and not isinstance(length, str)
    if times is None:
        if isinstance(half_life, str) and is_fixed:
            raise ValueError(
                f"half_life={half_life!r} is a duration, so every chunk needs its times: "
                "partial_fit(X, times=...), in seconds or as datetimes."
            )
        if last_time is not None and is_fixed:
            raise ValueError(
                "The points so far came with times, so half_life is a number of seconds; pass "
                "times for this chunk, too."
            )
        return NOT_GIVEN, last_time
    seconds = convert_to_seconds(times, n_points)
    rows = np.flatnonzero(weights > 0.0) if len(weights) else np.arange(n_points)
    seconds = seconds[rows]
    if not len(rows):
        return NOT_GIVEN, last_time
    start = seconds[0] if last_time is None else last_time
    gaps = np.diff(seconds, prepend=start)
    if not (gaps >= 0.0).all():
        place = int(np.argmin(gaps >= 0.0))
        raise ValueError(
            f"times must not decrease, but row {rows[place]} comes {-gaps[place]:.6g} s before the "
            "point learned before it. Sort the stream by time. The model is unchanged."
        )
    last = float(seconds[-1])
    if not is_fixed:
        return NOT_GIVEN, last
    return np.exp2(-np.minimum(gaps / float(length), MAX_HALVINGS)), last


def convert_to_seconds(times: Any, n_points: int) -> NDArray[np.float64]:
    """Return times (n,) in seconds; datetimes count from 1970.

    >>> convert_to_seconds(np.array(["1970-01-02", "1970-01-03"], dtype="M8[D]"), 2).tolist()
    [86400.0, 172800.0]
    """
    values = times.to_numpy() if hasattr(times, "to_numpy") else np.asarray(times)
    values = np.atleast_1d(values)
    if values.shape != (n_points,):
        raise ValueError(
            f"times must hold one time for each of the {n_points} points, got the shape "
            f"{values.shape}."
        )
    if values.dtype.kind == "O":
        values = convert_objects(values)
    if values.dtype.kind in "mM":
        is_missing = np.isnat(values)
        # Divided in two steps, because a float cannot hold the nanoseconds of an epoch.
        unit = np.timedelta64(1, "s")
        ticks = values - np.array(0, dtype=values.dtype) if values.dtype.kind == "M" else values
        whole = ticks // unit
        seconds = whole.astype(np.float64) + (ticks - whole * unit) / unit
        seconds[is_missing] = np.nan
    elif values.dtype.kind in "iuf":
        seconds = values.astype(np.float64)
    else:
        raise ValueError(f"times must be numbers of seconds or datetimes, got {values.dtype}.")
    if not np.isfinite(seconds).all():
        row = int(np.argmin(np.isfinite(seconds)))
        raise ValueError(f"times has no time for row {row}. Drop or fill in such rows.")
    return seconds


def convert_objects(values: NDArray) -> NDArray:
    """Convert Python's datetimes or numbers (n,) to an array of NumPy's."""
    try:
        if any(getattr(each, "tzinfo", None) is not None for each in values.tolist()):
            return np.array([each.timestamp() for each in values.tolist()], dtype=np.float64)
        is_datetime = any(isinstance(each, datetime) for each in values.tolist())
        return values.astype("M8[us]" if is_datetime else np.float64)
    except (AttributeError, TypeError, ValueError):
        raise ValueError("times must be numbers of seconds or datetimes.") from None
