"""Dates and times: which columns hold them, how they are written, and their values in seconds."""

import re
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from clusterer.tables.columns.numbers import NumberFormat, is_text, parse_numbers, strip_cells
from clusterer.tables.report import Report

# The patterns are also read by PyArrow's RE2: no look-around, no back-references.
WEEKDAY = "(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\\.?,? )"
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?"
CLOCK = "\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d+)?)?(?: ?[ap]\\.?m\\.?)?"
ZONE = "(?: ?(?:z|utc|gmt|[+-]\\d{2}:?(?:\\d{2})?))?"
DAY = "|".join(
    (
        "\\d{4}[-/.]\\d{1,2}(?:[-/.]\\d{1,2})?",
        "\\d{1,2}[-/.]\\d{1,2}[-/.](?:\\d{4}|\\d{2})",
        f"{WEEKDAY}?\\d{{1,2}}[-/ .]{{0,2}}{MONTH}[-/ ,.]{{0,2}}\\d{{2,4}}",
        f"{WEEKDAY}?{MONTH}[- ]\\d{{1,2}},? \\d{{4}}",
        f"{WEEKDAY}{MONTH} {{1,2}}\\d{{1,2}} {CLOCK}(?: [a-z]{{3,4}})? \\d{{4}}",
        f"{MONTH}[- ]\\d{{4}}",
        "\\d{4}-?w\\d{2}(?:-?\\d)?",
        "\\d{4}[- ]?q[1-4]",
    )
)
DATE_AND_TIME = f"(?:{DAY})(?:(?:[t ]{{1,2}}|:){CLOCK}{ZONE})?"
DATE_PATTERN = f"(?i)^(?:{DATE_AND_TIME}|\\d{{8}}t\\d{{4,6}}{ZONE}|{CLOCK}{ZONE})$"
DATE = re.compile(DATE_PATTERN)
# A date of digits only is a date if the column's name says so; else it is a number.
COMPACT_DATE = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[T ]?\d{2,6})?$"
DATE_NAME = re.compile(r"(?i)date|datum|day|fecha|tag\b")
TIME_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:(?:unix|epoch|date)?[\s_.\-]?time(?:[\s_.\-]?stamp)?|epoch|ts"
    r"|date|datum)"
    r"(?:[\s_.\-]?(?:utc|s|sec|seconds|ms|millis|us|ns))?"
)
# Times as numbers, from 1990 to 2100 in the units of programs.
EPOCHS = {
    "days since 1900": (32_874, 73_050),
    "seconds since 1970": (6.3e8, 4.1e9),
    "milliseconds since 1970": (6.3e11, 4.1e12),
    "microseconds since 1970": (6.3e14, 4.1e15),
    "nanoseconds since 1970": (6.3e17, 4.1e18),
}
# The share of the values that must be dates in a column of dates.
MIN_DATE_SHARE = 0.9
N_FORMAT_ROWS = 200
MIN_PARSED_SHARE = 0.5
# Formats of web servers, SAS and weather services, which pandas does not guess.
MORE_FORMATS = ("%d/%b/%Y:%H:%M:%S %z", "%d%b%Y:%H:%M:%S", "%Y%m%d%H")


def are_compact_dates(name: str, values: pa.Array) -> bool:
    """Tell whether all values are dates without separators, and the name says date."""
    if not DATE_NAME.search(name):
        return False
    return bool(pc.all(pc.match_substring_regex(values, COMPACT_DATE)).as_py())


def are_dates(values: pa.Array) -> bool:
    """Tell whether at least 90 % of the values are dates or times with separators."""
    n_dates = pc.sum(pc.match_substring_regex(values, DATE_PATTERN)).as_py()
    return bool(n_dates >= MIN_DATE_SHARE * len(values))


def find_epoch_unit(name: str, finite: NDArray[np.float64]) -> str | None:
    """Return the unit of a column of times that are written as numbers, or None.

    Examples
    --------
    >>> find_epoch_unit("timestamp", np.array([1.7e9, 1.8e9]))
    'seconds since 1970'
    >>> find_epoch_unit("weight", np.array([1.7e9])) is None
    True
    """
    if not finite.size or not TIME_NAME.fullmatch(name):
        return None
    for unit, (earliest, latest) in EPOCHS.items():
        is_day = unit.startswith("days")
        if earliest < finite.min() and finite.max() < latest:
            return unit if not is_day or DATE_NAME.search(name) else None
    return None


class TimeFormat(NamedTuple):
    """How the times of a column are written.

    Parameters
    ----------
    pattern : str or None
        A format of `pandas.to_datetime`.
    number_format : NumberFormat or None
        The format of times that are numbers.
    """

    pattern: str | None = None
    number_format: NumberFormat | None = None

    def parse(self, cells: pa.Array) -> NDArray[np.float64]:
        """Return the times in seconds, NaN where there is none.

        Examples
        --------
        >>> cells = pa.array(["2024-01-01", "?", "2024-01-02"])
        >>> np.diff(TimeFormat("%Y-%m-%d").parse(cells)[::2])
        array([86400.])
        """
        if pa.types.is_temporal(cells.type):
            return _convert_typed_times(cells)
        if self.number_format is not None:
            values = parse_numbers(cells, self.number_format).values
            return np.where(np.isfinite(values), values, np.nan)
        text, is_missing = strip_cells(pc.cast(cells, pa.string()))
        words = pc.if_else(is_missing, None, text).to_pandas()
        return _parse_dates(words, self.pattern or "mixed")


def detect_time_format(cells: pa.Array, number_format: NumberFormat | None) -> TimeFormat | None:
    """Return how a sample of a column writes times, or None if it holds no times.

    The day comes first in dates with points, such as 5.4.2024. In other dates, such as
    05/04/2024, the month comes first, unless more dates can be read with the day first.
    """
    if number_format is not None or pa.types.is_temporal(cells.type):
        return TimeFormat(number_format=number_format)
    if not is_text(cells.type):
        return None
    text, is_missing = strip_cells(pc.cast(cells, pa.string()))
    words = text.filter(pc.invert(is_missing)).slice(0, N_FORMAT_ROWS).to_pandas()
    if not len(words):
        return None
    has_points = words.str.contains(r"\d\.\d+\.\d", regex=True).mean() > 0.5
    with warnings.catch_warnings():
        # pandas warns if `dayfirst` does not fit the first date.
        warnings.simplefilter("ignore")
        patterns = [
            guess_datetime_format(words.iloc[0], dayfirst=is_day_first)
            for is_day_first in (has_points, not has_points)
        ]
    candidates = [*dict.fromkeys(p for p in patterns if p), *MORE_FORMATS, "ISO8601", "mixed"]
    shares = [float(np.isfinite(_parse_dates(words, pattern)).mean()) for pattern in candidates]
    best = max(range(len(candidates)), key=lambda i: (shares[i], -i))
    return TimeFormat(candidates[best]) if shares[best] >= MIN_PARSED_SHARE else None


class TimeReader:
    """Reads the time of each row; a row without a time gets the time of the row before."""

    def __init__(self, time_format: TimeFormat, report: Report) -> None:
        self._format, self._report = time_format, report
        self._last = np.nan

    def read(self, cells: pa.Array) -> NDArray[np.float64]:
        """Return the times (n,) in seconds of rows that follow the rows of the last call."""
        seconds = self._format.parse(cells)
        if not len(seconds):
            return seconds
        is_lacking = np.isnan(seconds)
        if is_lacking.any():
            self._report.n_untimed += int(is_lacking.sum())
            known = np.where(is_lacking, 0, np.arange(1, len(seconds) + 1))
            latest = np.maximum.accumulate(known)
            seconds = np.concatenate([[self._last], seconds])[latest]
        self._last = seconds[-1]
        return seconds


def _parse_dates(words: "pd.Series[str]", pattern: str) -> NDArray[np.float64]:
    times = pd.to_datetime(words, format=pattern, errors="coerce", utc=True)
    return _count_seconds(np.asarray(times.dt.tz_localize(None), "datetime64[us]"))


def _convert_typed_times(cells: pa.Array) -> NDArray[np.float64]:
    if pa.types.is_time(cells.type) or pa.types.is_duration(cells.type):
        whole = pc.cast(cells, pa.int64() if cells.type.bit_width == 64 else pa.int32())
        values = pc.cast(whole, pa.float64()).to_numpy(zero_copy_only=False)
        per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[cells.type.unit]
        return np.asarray(values / per_second, np.float64)
    times = pc.cast(cells, pa.timestamp("us"), safe=False)
    return _count_seconds(times.to_numpy(zero_copy_only=False).astype("datetime64[us]"))


def _count_seconds(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    seconds = times.astype(np.int64) / 1e6
    return np.where(np.isnat(times), np.nan, seconds)
