"""Dates and times: which columns hold them, how they are written, and their values in seconds."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.tseries.api import guess_datetime_format

from clusterer.tables.columns.date_parsing import (
    CLOCK_ORDER,
    count_seconds,
    decide_order,
    detect_language,
    list_marks,
    split_date,
)
from clusterer.tables.columns.numbers import NumberFormat, is_text, parse_numbers, strip_cells
from clusterer.tables.report import Report

# The patterns are also read by PyArrow's RE2: no look-around, no back-references.
WEEKDAY = "(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\\.?,? )"
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?"
CLOCK = "\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d+|:\\d{3})?)?(?: ?[ap]\\.?m\\.?)?"
ZONE = "(?: ?(?:z|utc|gmt|[+-]\\d{2}:?(?:\\d{2})?))?"
DAY_PATTERN = "|".join(
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
DATE_AND_TIME = f"(?:{DAY_PATTERN})(?:(?:[t ]{{1,2}}|:){CLOCK}{ZONE})?"
DATE_PATTERN = f"(?i)^(?:{DATE_AND_TIME}|\\d{{8}}t\\d{{4,6}}{ZONE}|{CLOCK}{ZONE})$"
DATE = re.compile(DATE_PATTERN)
# PyArrow compiles the pattern at each call, which takes longer than to search few texts by Python.
# As in PyArrow only the digits 0 to 9 count.
DATE_OF_DIGITS = re.compile(DATE_PATTERN, re.ASCII)
N_FEW_TEXTS = 300
# A date of digits only is a date if the column's name says so; else it is a number.
COMPACT_DATE = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[T ]?\d{2,6})?$"
DATE_NAME = re.compile(
    r"(?i)date|datum|day|fecha|tag\b|дата|^data$|dato\b|päivä|tarih|dátum|日期|日付|날짜|ημερομηνία"
    r"|\bjour\b|\bdía\b|\bdia\b|giorno|dzień"
)
CLOCK_NAME = re.compile(
    r"(?i)time|hora\b|heure|zeit|\bora\b|время|czas|saat|\btid\b|klok|時刻|時間|时间|시간|\baika\b|\bčas\b"
)
MONTH_NAME = re.compile(
    r"(?i)month|monat|mois|\bmes\b|mese|mês|maand|måned|månad|miesiąc|měsíc|месяц|\bay\b|月|월|period|yyyymm"
    r"|year_?month|ym"
)
YEAR_NAME = re.compile(
    r"(?i)year|yr|jahr|année|annee|año|ano|anno|jaar|år|rok|год|yıl|yil|vuosi|év|年|년|năm|έτος"
)
# Periods are years only if they cover a span without many gaps.
PERIOD_NAME = re.compile(
    r"(?i)(?:ref[\s_]?)?(?:time(?:[\s_]?period)?|date|datum|fecha|data|periodo?|perioden?|période"
    r"|período|okres|jakso|dönem|obdobie|období|период)(?::.*)?"
)
TIME_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:(?:unix|epoch|date)?[\s_.\-]?time(?:[\s_.\-]?stamp)?|epoch|ts"
    r"|date|datum|(?:created|updated|modified|visited|last_?seen)(?:[\s_]?(?:at|on))?)"
    r"(?:[\s_.\-]?\(?(?:utc|s|sec|secs|seconds|ms|msec|millis|us|µs|ns)\)?)?"
    r"|zeitstempel|horodatage|marca de tiempo|(?:unix|epoch)[\s_.\-]?(?:s|sec|seconds|ms)"
)
DAY = 86_400.0
# Times as numbers, from 1990 to 2100 in the units of programs.
EPOCHS = {
    "days since 1900": (32_874, 73_050),
    "seconds since 1970": (6.3e8, 4.1e9),
    "milliseconds since 1970": (6.3e11, 4.1e12),
    "microseconds since 1970": (6.3e14, 4.1e15),
    "nanoseconds since 1970": (6.3e17, 4.1e18),
}
# Days that other programs count, from 1990 to 2100, and the names of their columns.
DAY_COUNTS = {
    "days since year 0": (726_834, 767_010, r"(?i)(?:matlab[\s_]?)?date_?num(?:ber)?"),
    "Julian days": (2_447_892, 2_488_070, r"(?i)[bht]?jd|julian(?:[\s_]?(?:date|day))?"),
    "modified Julian days": (
        47_892,
        88_070,
        r"(?i)[bht]?mjd|modified[\s_]julian(?:[\s_](?:date|day))?",
    ),
}
# Excel counts 1900 as a leap year; its day 25 569 is 1 January 1970.
EXCEL_1970 = 25_569
# How the numbers of a time become seconds.
UNITS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "days since 1900": lambda values: (values - EXCEL_1970) * DAY,
    "seconds since 1970": lambda values: values,
    "milliseconds since 1970": lambda values: values / 1e3,
    "microseconds since 1970": lambda values: values / 1e6,
    "nanoseconds since 1970": lambda values: values / 1e9,
    "parts of a day": lambda values: values * DAY,
    "years": lambda values: _count_month_seconds(100 * values + 1),
    "days since year 0": lambda values: (values - 719_529) * DAY,
    "Julian days": lambda values: (values - 2_440_587.5) * DAY,
    "modified Julian days": lambda values: (values - 40_587) * DAY,
    "years and months": lambda values: _count_month_seconds(values),
    "hours and minutes": lambda values: _count_clock_seconds(100 * values),
    "hours, minutes and seconds": lambda values: _count_clock_seconds(values),
    "months of a year": lambda values: values - 1,
    "days": lambda values: (values - 1) * DAY,
    "hours": lambda values: values * 3600,
    "minutes": lambda values: values * 60,
    "seconds": lambda values: values,
}
# Columns that make up a time with a column of years: unit, lowest and highest value, name.
TIME_PARTS = (
    ("months of a year", 1, 12,
     r"mo|mon|mm|(?:.*[\s_])?months?|monat|mois|mes|mese|mês|maand|måned|månad|miesiąc|měsíc|месяц"
     "|ay|月|월|kuukausi"),
    ("days", 1, 366,
     r"dd?|dy|days?(?:[\s_.\-]?of[\s_.\-]?(?:month|year))?|d\.?o\.?y|yday|jday"
     r"|julian(?:[\s_.]?day)?|tag|jour|día|dia|giorno|dzień|den|день|gün|日|일|päivä"),
    ("hours", 0, 24,
     "hh?|hr|hours?|stunde|heure|hora|ora|uur|time|godzina|hodina|час|saat|時|时|시|tunti"),
    ("minutes", 0, 59, "mn|min|minutes?|minuto|dakika|минута|分|분"),
    ("seconds", 0, 60, "ss?|sec|seconds?|sekunde|seconde|segundo|secondo|секунда|秒|초"),
)  # fmt: skip
# The share of the values that must be dates in a column of dates.
MIN_DATE_SHARE = 0.9
# Times of the day on several days pass midnight; durations go up in half of the steps.
MIN_ORDERED_SHARE = 0.75
N_FORMAT_ROWS = 200
# Fewer numbers may look like times of the day by chance.
MIN_CLOCKS = 20
# The first or the second number of such a date can only be a day.
SHOWS_DAY = (
    r"^(?:1[3-9]|2\d|3[01])[-/.]\d{1,2}[-/.]\d",
    r"^\d{1,2}[-/.](?:1[3-9]|2\d|3[01])[-/.]\d",
)
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
    head = values.slice(0, N_FORMAT_ROWS)
    if pc.mean(pc.match_substring_regex(head, r"\d")).as_py() < MIN_DATE_SHARE:
        return False
    if len(values) <= N_FEW_TEXTS:
        n_dates = sum(DATE_OF_DIGITS.match(text) is not None for text in values.to_pylist())
    else:
        n_dates = pc.sum(pc.match_substring_regex(values, DATE_PATTERN)).as_py()
    if n_dates >= MIN_DATE_SHARE * len(values):
        return True
    # Other languages and unusual forms; the first rows are enough to see that they are no dates.
    counts = Counter(head.to_pylist())
    language = detect_language(list(counts))
    # Most texts with digits are no dates, which a few of them prove.
    n_left = len(head)
    for text, n in counts.items():
        n_left -= n * (split_date(text, language) is None)
        if n_left < MIN_DATE_SHARE * len(head):
            return False
    return True


def find_epoch_unit(name: str, finite: NDArray[np.float64]) -> str | None:
    """Return the unit of a column of times that are written as numbers, or None.

    Examples
    --------
    >>> find_epoch_unit("timestamp", np.array([1.7e9, 1.8e9]))
    'seconds since 1970'
    >>> find_epoch_unit("month", np.array([202311.0, 202401.0]))
    'years and months'
    >>> find_epoch_unit("weight", np.array([1.7e9])) is None
    True
    """
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    if TIME_NAME.fullmatch(name) or DATE_NAME.search(name):
        for unit, (earliest, latest) in EPOCHS.items():
            is_day = unit.startswith("days")
            if earliest < low and high < latest and (not is_day or DATE_NAME.search(name)):
                return unit
    for unit, (earliest, latest, pattern) in DAY_COUNTS.items():
        if earliest < low and high < latest and re.fullmatch(pattern, name.strip()):
            return unit
    is_whole = bool(np.all(finite == np.floor(finite)))
    bare = name.strip("<>[]() ")
    is_named = YEAR_NAME.fullmatch(bare) or (PERIOD_NAME.fullmatch(bare) and _are_dense(finite))
    if is_whole and 1500 <= low <= high <= 2200 and is_named:
        return "years"
    if is_whole and 190_001 <= low <= high <= 210_012:
        months = finite % 100
        is_named = MONTH_NAME.search(name) or DATE_NAME.search(name)
        return "years and months" if is_named and 1 <= months.min() <= months.max() <= 12 else None
    is_part = low >= 0 and high < 1 and not is_whole and CLOCK_NAME.search(name)
    return "parts of a day" if is_part else None


def find_clock_unit(name: str, values: pa.Array, finite: NDArray[np.float64]) -> str | None:
    """Return the unit of numbers such as 1745 or 093000 that are times of the day, or None.

    Without leading zeros they count only if they span five hours and do not all end with 00.

    Examples
    --------
    >>> texts = ["0930", "1015", "2359"] * 10
    >>> find_clock_unit("time", pa.array(texts), np.array(texts, np.float64))
    'hours and minutes'
    """
    if not CLOCK_NAME.search(name) or finite.size < MIN_CLOCKS or np.any(finite < 0):
        return None
    has_zeros = is_text(values.type) and bool(
        pc.any(pc.match_substring_regex(values, r"^0\d{3}(?:\d\d)?$")).as_py()
    )
    if np.any(finite != np.floor(finite)) or not (has_zeros or np.any(finite % 100)):
        return None
    for unit, whole in (
        ("hours and minutes", 100 * finite),
        ("hours, minutes and seconds", finite),
    ):
        is_clock = (whole % 100 < 60) & (whole // 100 % 100 < 60) & (whole < 240_000)
        if is_clock.all() and (has_zeros or np.ptp(whole) >= 50_000) and whole.max() >= 10_000:
            return unit
    return None


def _are_dense(finite: NDArray[np.float64]) -> bool:
    """Tell whether whole numbers repeat or are sorted, and fill at least half of their span."""
    distinct, steps = np.unique(finite), np.diff(finite)
    is_sorted = bool(np.all(steps >= 0) or np.all(steps <= 0))
    is_dense = 2 * distinct.size > distinct[-1] - distinct[0]
    return is_dense and distinct.size > 1 and (is_sorted or 2 * distinct.size <= finite.size)


class TimeFormat(NamedTuple):
    """How the times of a column are written.

    Parameters
    ----------
    pattern : str or None
        A format of `pandas.to_datetime` that reads most of the texts; None if there is none.
    number_format : NumberFormat or None
        The format of times that are numbers.
    orders : tuple of (str, str)
        The order of day, month and year for each separator, such as ("/", "mdy").
    language : str, default "en"
        The language of the names of the months.
    is_assumed : bool, default False
        Whether the dates can be read in another order as well.
    is_clock : bool, default False
        Whether there are only times of the day.
    unit : str, default ""
        What the numbers count, a key of `UNITS`; "" leaves the numbers as they are.
    has_clock : bool, default False
        Whether dates come with a time of the day.
    is_ordered : bool, default True
        Whether times of the day go up, or down, from row to row in most steps.
    """

    pattern: str | None = None
    number_format: NumberFormat | None = None
    orders: tuple[tuple[str, str], ...] = ()
    language: str = "en"
    is_assumed: bool = False
    is_clock: bool = False
    unit: str = ""
    has_clock: bool = False
    is_ordered: bool = True

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
            values = np.where(np.isfinite(values), values, np.nan)
            return UNITS[self.unit](values) if self.unit else values
        text, is_missing = strip_cells(pc.cast(cells, pa.string()))
        present = pc.if_else(is_missing, None, text)
        words = present.to_pandas()
        if self.pattern is not None:
            seconds = _parse_dates(words, self.pattern)
            if np.isfinite(seconds).all():
                return seconds
        else:
            seconds = np.full(len(words), np.nan)
        unread = np.isnan(seconds) & words.notna().to_numpy()
        if unread.any() and self.pattern != "mixed":
            seconds[unread] = self.parse_singly(words[unread].tolist())
        return seconds

    def parse_singly(self, texts: list[str]) -> NDArray[np.float64]:
        """Return the times of some texts in seconds, read one by one."""
        orders = dict(self.orders)
        known: dict[str, float] = {}
        for text in set(texts):
            parts = split_date(text, self.language)
            order = "dmy" if parts is None else orders.get(parts.mark, "dmy")
            is_clock = parts is not None and (parts.is_clock or order == CLOCK_ORDER)
            known[text] = (
                float("nan")
                if parts is None or is_clock != self.is_clock
                else count_seconds(parts, order)
            )
        return np.array([known[text] for text in texts])

    @property
    def first_part(self) -> str:
        """The part that comes first in the dates: "day", "month", "year", or "" if evident."""
        firsts = {"dmy": "day", "mdy": "month", "ymd": "year"}
        found = [firsts[order] for _, order in self.orders if order in firsts]
        return found[0] if found else ""

    def decide_order(self, cells: pa.Array) -> "TimeFormat":
        """Return the format with the order of day and month that further texts show.

        `is_assumed` stays True if all numbers can be months.
        """
        text, _ = strip_cells(pc.cast(cells, pa.string()))
        is_first_day, is_second_day = (
            bool(pc.any(pc.match_substring_regex(text, pattern)).as_py()) for pattern in SHOWS_DAY
        )
        if is_first_day == is_second_day:
            return self
        order = "dmy" if is_first_day else "mdy"
        orders = tuple((mark, order if old in ("dmy", "mdy") else old) for mark, old in self.orders)
        slow = self._replace(pattern=None, orders=orders, is_assumed=False)
        texts = text.drop_null().slice(0, N_FORMAT_ROWS).to_pylist()
        return slow._replace(pattern=_find_pattern(texts, slow))

    def find_example(self, texts: Sequence[str]) -> str:
        """Return the first text with a date of three numbers in the first order."""
        marks = [mark for mark, _ in self.orders]
        parts = ((text, split_date(text, self.language)) for text in texts)
        return next(text for text, each in parts if each is not None and each.mark in marks[:1])


def detect_time_format(
    cells: pa.Array, number_format: NumberFormat | None, is_day_first: bool | None = None
) -> TimeFormat | None:
    """Return how a sample of a column writes times, or None if it holds no times.

    All texts of the sample decide together whether the day, the month or the year comes first;
    see `date_parsing.decide_order`. `is_day_first` is the user's choice for dates such as 5/4/2024.
    """
    if number_format is not None or pa.types.is_temporal(cells.type):
        return TimeFormat(number_format=number_format)
    if not is_text(cells.type):
        return None
    text, is_missing = strip_cells(pc.cast(cells, pa.string()))
    words = text.filter(pc.invert(is_missing)).to_pylist()
    if not words:
        return None
    found = detect_date_format(words, is_day_first)
    if found is not None:
        return found
    # Formats that only pandas knows.
    series = pd.Series(words[:N_FORMAT_ROWS])
    shares = {
        p: float(np.isfinite(_parse_dates(series, p)).mean()) for p in (*MORE_FORMATS, "mixed")
    }
    best = max(shares, key=lambda pattern: shares[pattern])
    return TimeFormat(best) if shares[best] >= MIN_PARSED_SHARE else None


def detect_date_format(words: Sequence[str], is_day_first: bool | None = None) -> TimeFormat | None:
    """Return how some texts write dates or times of the day; None if half of them are neither."""
    language = detect_language(words[:N_FORMAT_ROWS])
    parts = [each for word in words if (each := split_date(word, language)) is not None]
    if len(parts) < MIN_PARSED_SHARE * len(words):
        return None
    is_clock = 2 * sum(each.is_clock for each in parts) > len(parts)
    decided = {mark: decide_order(parts, mark) for mark in list_marks(parts)}
    if is_day_first is not None:
        for mark, (order, _) in decided.items():
            # The user decides only between day and month; a year may come first all the same.
            if order in ("dmy", "mdy"):
                decided[mark] = ("dmy" if is_day_first else "mdy", False)
    orders = tuple((mark, order) for mark, (order, _) in decided.items())
    is_clock |= bool(orders) and orders[0][1] == CLOCK_ORDER
    is_assumed = any(assumed for _, assumed in decided.values())
    has_clock = any(each.seconds for each in parts)
    slow = TimeFormat(None, None, orders, language, is_assumed, is_clock, "", has_clock)
    if is_clock:
        return slow._replace(is_ordered=are_in_order(slow.parse_singly(list(words))))
    return slow._replace(pattern=_find_pattern(words, slow))


def are_in_order(seconds: NDArray[np.float64]) -> bool:
    """Tell whether times of the day go up, or down, in most steps; durations do neither."""
    steps = np.diff(seconds[np.isfinite(seconds)])
    steps = steps[steps != 0]
    return not steps.size or max(np.mean(steps > 0), np.mean(steps < 0)) >= MIN_ORDERED_SHARE


def _find_pattern(words: Sequence[str], slow: TimeFormat) -> str | None:
    """Return a format of pandas that reads the texts as `slow` does, or None."""
    texts = list(words[:N_FORMAT_ROWS])
    expected = slow.parse_singly(texts)
    series = pd.Series(texts)
    is_day_first = bool(slow.orders) and slow.orders[0][1] == "dmy"
    with warnings.catch_warnings():
        # pandas warns if `dayfirst` does not fit the first date.
        warnings.simplefilter("ignore")
        guessed = guess_datetime_format(texts[0], dayfirst=is_day_first)
    best, n_best = None, 0
    for pattern in dict.fromkeys(p for p in ("ISO8601", guessed) if p):
        seconds = _parse_dates(series, pattern)
        is_read = np.isfinite(seconds)
        if np.array_equal(seconds[is_read], expected[is_read]) and is_read.sum() > n_best:
            best, n_best = pattern, int(is_read.sum())
    return best


class TimeReader:
    """Reads the time of each row; a row without a time gets the time of the row before.

    Times of the day go on after midnight: 23:59 and 00:01 are two minutes apart.

    Parameters
    ----------
    formats : sequence of TimeFormat
        How the times are written. Of several columns the first holds dates or years, the others
        the times of the day, or the months, days and so on, and the time is their sum.
    report : Report
        Where the rows without a time are counted.
    """

    def __init__(self, formats: Sequence[TimeFormat], report: Report) -> None:
        self._formats, self._report = formats, report
        self._last = np.nan
        self._n_days, self._last_clock = 0, np.nan

    @property
    def n_columns(self) -> int:
        """The number of columns of a time."""
        return len(self._formats)

    def read(self, columns: Sequence[pa.Array]) -> NDArray[np.float64]:
        """Return the times (n,) in seconds of rows that follow the rows of the last call."""
        parts = [each.parse(cells) for each, cells in zip(self._formats, columns, strict=True)]
        seconds = parts[0]
        for each, part in zip(self._formats[1:], parts[1:], strict=True):
            is_month = each.unit == "months of a year"
            seconds = _add_months(seconds, part) if is_month else seconds + part
        if not len(seconds):
            return seconds
        if self._formats[0].is_clock:
            seconds = self._count_midnights(seconds)
        is_lacking = np.isnan(seconds)
        if is_lacking.any():
            self._report.n_untimed += int(is_lacking.sum())
            known = np.where(is_lacking, 0, np.arange(1, len(seconds) + 1))
            latest = np.maximum.accumulate(known)
            seconds = np.concatenate([[self._last], seconds])[latest]
        self._last = seconds[-1]
        return seconds

    def _count_midnights(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return times of the day plus a day for each midnight since the first row."""
        known = seconds[np.isfinite(seconds)]
        if not known.size:
            return seconds
        steps = np.diff(known, prepend=known[0] if np.isnan(self._last_clock) else self._last_clock)
        n_days = self._n_days + np.cumsum(steps < -DAY / 2)
        self._n_days, self._last_clock = int(n_days[-1]), float(known[-1])
        unwrapped = seconds.copy()
        unwrapped[np.isfinite(seconds)] = known + DAY * n_days
        return unwrapped


def _count_month_seconds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the beginnings of months such as 202401 in seconds since 1970."""
    known = np.nan_to_num(values, nan=197_001).astype(np.int64)
    months = (known // 100 - 1970) * 12 + known % 100 - 1
    seconds = months.astype("datetime64[M]").astype("datetime64[s]").astype(np.float64)
    return np.where(np.isnan(values), np.nan, seconds)


def _count_clock_seconds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times of the day such as 174500 in seconds."""
    return 3600 * (values // 10_000) + 60 * (values // 100 % 100) + values % 100


def _add_months(seconds: NDArray[np.float64], n_months: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return beginnings of years moved by some months."""
    is_known = np.isfinite(seconds) & np.isfinite(n_months)
    years = np.where(is_known, seconds, 0).astype("datetime64[s]").astype("datetime64[M]")
    moved = years + np.where(is_known, n_months, 0).astype("timedelta64[M]")
    return np.where(is_known, moved.astype("datetime64[s]").astype(np.float64), np.nan)


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
