"""Dates, times and plain numbers as seconds, and rows in the order of their time."""

import warnings
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from clusterer.tables.columns.numbers import NumberFormat, converted, is_text, stripped
from clusterer.tables.report import Report

# Of a larger table that is out of order the rows stay as they are in the file.
N_SORTABLE_VALUES = 8_000_000
N_GUESSED = 200
MIN_SHARE = 0.5
# As web servers, SAS and weather services write times, which pandas does not guess.
UNGUESSED = ("%d/%b/%Y:%H:%M:%S %z", "%d%b%Y:%H:%M:%S", "%Y%m%d%H")

Part = tuple[NDArray[np.float64], NDArray[np.int64] | None]


class TimeFormat(NamedTuple):
    """How the times of a column are written: by a pattern, as pandas has it, or as numbers."""

    pattern: str | None = None
    form: NumberFormat | None = None

    def seconds(self, cells: pa.Array) -> NDArray[np.float64]:
        """Return the times in seconds, NaN where there is none.

        Examples
        --------
        >>> cells = pa.array(["2024-01-01", "?", "2024-01-02"])
        >>> np.diff(TimeFormat("%Y-%m-%d").seconds(cells)[::2])
        array([86400.])
        """
        if pa.types.is_temporal(cells.type):
            return _typed_seconds(cells)
        if self.form is not None:
            values = converted(cells, self.form).values
            return np.where(np.isfinite(values), values, np.nan)
        text, is_missing = stripped(pc.cast(cells, pa.string()))
        words = pc.if_else(is_missing, None, text).to_pandas()
        return _parsed(words, self.pattern or "mixed")


def time_format(cells: pa.Array, form: NumberFormat | None) -> TimeFormat | None:
    """Return how a sample of a column writes times, None if these are no times.

    05/04/2024 is the fifth of April if any of the others can only be read so, or if the parts
    are divided by points; else it is the fourth of May.
    """
    if form is not None or pa.types.is_temporal(cells.type):
        return TimeFormat(form=form)
    if not is_text(cells.type):
        return None
    text, is_missing = stripped(pc.cast(cells, pa.string()))
    words = text.filter(pc.invert(is_missing)).slice(0, N_GUESSED).to_pandas()
    if not len(words):
        return None
    is_pointed = words.str.contains(r"\d\.\d+\.\d", regex=True).mean() > MIN_SHARE
    with warnings.catch_warnings():
        # It warns where the day comes first but cannot.
        warnings.simplefilter("ignore")
        patterns = [
            guess_datetime_format(words.iloc[0], dayfirst=is_day_first)
            for is_day_first in (is_pointed, not is_pointed)
        ]
    candidates = [*dict.fromkeys(p for p in patterns if p), *UNGUESSED, "ISO8601", "mixed"]
    shares = [float(np.isfinite(_parsed(words, pattern)).mean()) for pattern in candidates]
    best = max(range(len(candidates)), key=lambda i: (shares[i], -i))
    return TimeFormat(candidates[best]) if shares[best] >= MIN_SHARE else None


class Clock:
    """Gives each row of a stream a time; one without takes that of the row before."""

    def __init__(self, form: TimeFormat, report: Report) -> None:
        self._form, self._report = form, report
        self._last = np.nan

    def times(self, cells: pa.Array) -> NDArray[np.float64]:
        """Return the seconds (n,) of some rows that follow those of the last call."""
        seconds = self._form.seconds(cells)
        if not len(seconds):
            return seconds
        is_lacking = np.isnan(seconds)
        if is_lacking.any():
            self._report.n_untimed += int(is_lacking.sum())
            known = np.where(is_lacking, 0, np.arange(1, len(seconds) + 1))
            at = np.maximum.accumulate(known)
            seconds = np.concatenate([[self._last], seconds])[at]
        self._last = seconds[-1]
        return seconds


def in_order(parts: Iterator[Part], report: Report) -> Iterator[Part]:
    """Yield rows sorted by their last column, the time; as they come if they are too many.

    The first times may be NaN: such rows come first.
    """
    held: list[Part] = []
    n_held = 0
    for points, classes in parts:
        held.append((points, classes))
        n_held += points.size
        if n_held > N_SORTABLE_VALUES:
            break
    else:
        if held:
            yield _sorted(held)
        return
    latest = -np.inf
    while held:
        part = held.pop(0)
        latest = _tell_backward(part[0][:, -1], latest, report)
        yield part
    for part in parts:
        latest = _tell_backward(part[0][:, -1], latest, report)
        yield part


def _sorted(held: list[Part]) -> Part:
    points = np.concatenate([part[0] for part in held])
    times = np.where(np.isnan(points[:, -1]), -np.inf, points[:, -1])
    order = np.argsort(times, kind="stable")
    classes = [part[1] for part in held if part[1] is not None]
    held.clear()
    return points[order], np.concatenate(classes)[order] if classes else None


def _tell_backward(times: NDArray[np.float64], latest: float, report: Report) -> float:
    if not len(times):
        return latest
    before = np.fmax.accumulate(np.concatenate([[latest], times]))
    report.n_backward += int(np.count_nonzero(times < before[:-1]))
    return float(before[-1])


def _parsed(words: "pd.Series[str]", pattern: str) -> NDArray[np.float64]:
    moments = pd.to_datetime(words, format=pattern, errors="coerce", utc=True)
    return _seconds_of(np.asarray(moments.dt.tz_localize(None), "datetime64[us]"))


def _typed_seconds(cells: pa.Array) -> NDArray[np.float64]:
    if pa.types.is_time(cells.type) or pa.types.is_duration(cells.type):
        whole = pc.cast(cells, pa.int64() if cells.type.bit_width == 64 else pa.int32())
        values = pc.cast(whole, pa.float64()).to_numpy(zero_copy_only=False)
        per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[cells.type.unit]
        return np.asarray(values / per_second, np.float64)
    moments = pc.cast(cells, pa.timestamp("us"), safe=False)
    return _seconds_of(moments.to_numpy(zero_copy_only=False).astype("datetime64[us]"))


def _seconds_of(moments: NDArray[np.datetime64]) -> NDArray[np.float64]:
    seconds = moments.astype(np.int64) / 1e6
    return np.where(np.isnat(moments), np.nan, seconds)
