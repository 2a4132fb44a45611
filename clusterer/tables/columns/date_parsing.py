"""Dates and times as people write them, one text at a time: parts, their order, seconds.

`dates` reads columns; it uses this parser where a format of `pandas.to_datetime` does not fit.
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.tables.columns.time_words import (
    EVENING_WORDS,
    FILLERS,
    MORNING_WORDS,
    ZONES,
    find_language,
    find_month,
    fold_word,
)

MAX_CHARACTERS = 60
WORD = re.compile(r"[^\W\d_]+")
EPOCH_DAY = date(1970, 1, 1).toordinal()
# Two-digit years from here on belong to the twentieth century, as in POSIX.
FIRST_TWO_DIGIT_YEAR = 69
CLOCK = (
    r"(?P<half1>[ap]m)?\s*(?P<hour>\d{1,2})(?::(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:(?:[.,]|:(?=\d{3}))(?P<fraction>\d+))?)?)?\s*(?P<half2>[ap]m)?"
    r"\s*(?P<zone>~|(?:~\s*)?[+-]\d{1,2}(?::?\d{2})?)?"
)
# After `_replace_words`: months are <5>, a zone's name is ~ with its offset.
DATES = tuple(
    re.compile(rf"^[\s,.]*(?:{pattern})(?:[\s,:]+{CLOCK})?[\s,.]*$")
    for pattern in (
        r"(?P<a>\d{1,4})(?P<mark>[-/.])\s?(?P<b>\d{1,2}|<\d+>)(?P=mark)\s?(?P<c>\d{1,4})",
        r"(?P<a>\d{1,2})(?P<mark>)[-/.\s]*(?P<b><\d+>)[-/.,'\s]*(?P<c>\d{4}|\d{2})",
        r"(?P<month><\d+>)[-.\s]*(?P<day>\d{1,2})[.,\s]+(?P<year>\d{4})",
        r"(?P<month><\d+>)[-/.,'\s]*(?P<year>\d{4})",
        r"(?P<month><\d+>)[-'\s]+(?P<year>\d{2})",
        r"(?P<year>\d{4})[-/.,\s]*(?P<month><\d+>)(?:[-/.,\s]*(?P<day>\d{1,2}))?",
        r"(?P<year>\d{4})[年년]\s?(?P<month>\d{1,2})[月월](?:\s?(?P<day>\d{1,2})[日일])?",
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})[-/](?P<year>\d{4})",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<year>\d{4})[-\s]?q(?P<quarter>[1-4])|q(?P<quarter2>[1-4])[-/\s](?P<year2>\d{4})",
        r"(?P<year>\d{4})-?w(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
    )
)
LONG_DATE = re.compile(
    rf"^[\s,.]*(?P<month><\d+>) (?P<day>\d{{1,2}}) {CLOCK}\s*(?P<year>\d{{4}})\s*$"
)
ONLY_CLOCK = re.compile(rf"^\s*{CLOCK}\s*$")
COMPACT = re.compile(
    r"^(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)[\s_]*(?P<half1>)"
    r"(?P<hour>[0-2]\d)(?P<minute>\d{2})?(?P<second>\d{2})?(?P<half2>)(?P<fraction>)"
    r"(?P<zone>~|[+-]\d{1,2}(?::?\d{2})?)?$"
)
ORDERS = ("dmy", "mdy", "ymd")
# Rare; it counts only if the dates exist in no other order.
RARE_ORDER = "ydm"
# Hours, minutes and seconds with points between them, as in 18.00.00, are no date in any order.
CLOCK_ORDER = "hms"
# With fewer dates their order by chance says nothing.
MIN_SORTED_DATES = 5


class DateParts(NamedTuple):
    """A date of three numbers in an unknown order, or a known day; and the seconds of the clock.

    Parameters
    ----------
    numbers : tuple of three int, or None
        The numbers as they are written; None if `day` is known.
    mark : str
        The separator; "" if the order is known from the month's name.
    day : int or None
        Days since 1970.
    seconds : float
        Seconds since midnight in UTC, which may be negative.
    is_clock : bool
        Whether there is no date at all.
    """

    numbers: tuple[int, int, int] | None
    mark: str
    day: int | None
    seconds: float
    is_clock: bool = False


def detect_language(texts: Sequence[str]) -> str:
    """Return the language of the months in some dates, "en" if there are none."""
    words = [word for text in texts for word in WORD.findall(fold_word(text[:MAX_CHARACTERS]))]
    return find_language(words) or "en"


def split_date(text: str, language: str) -> DateParts | None:
    """Return the parts of a date or of a time, or None if the text is neither.

    Examples
    --------
    >>> split_date("5.4.24", "en").numbers
    (5, 4, 24)
    >>> split_date("3. Mai 2024 10:00", "de")
    DateParts(numbers=None, mark='', day=19846, seconds=36000.0, is_clock=False)
    >>> split_date("about 5", "en") is None
    True
    """
    if len(text) > MAX_CHARACTERS or not any(map(str.isdigit, text)):
        return None
    replaced = _replace_words(text, language)
    if replaced is None:
        return None
    plain, offset = replaced
    for pattern in (*DATES, LONG_DATE, COMPACT):
        found = pattern.match(plain)
        if found is not None:
            return _read_match(found.groupdict(), offset)
    found = ONLY_CLOCK.match(plain)
    if found is None or found["minute"] is None:
        return None
    seconds = _read_clock(found.groupdict(), offset)
    return None if seconds is None else DateParts(None, "", None, seconds, is_clock=True)


def count_seconds(parts: DateParts, order: str) -> float:
    """Return the time in seconds since 1970, NaN if the date does not exist in this order.

    Examples
    --------
    >>> count_seconds(split_date("5.4.24", "en"), "dmy") / 86400
    19818.0
    """
    if parts.is_clock:
        return parts.seconds
    day = parts.day
    if parts.numbers is not None and order == CLOCK_ORDER:
        hour, minute, second = parts.numbers
        is_clock = hour < 24 and minute < 60 and second < 60
        return 3600.0 * hour + 60 * minute + second if is_clock else float("nan")
    if parts.numbers is not None:
        day = _find_day(parts.numbers, order)
    return float("nan") if day is None else 86_400.0 * day + parts.seconds


def decide_order(parts: Sequence[DateParts], mark: str) -> tuple[str, bool]:
    """Return the order of day, month and year in dates with one mark, and whether it is assumed.

    An order counts only if as many dates exist in it as in any other. Then the order wins in
    which the dates go up or down from row to row, or in which the dates span less time. In a
    draw the order counts in which all steps of the time are alike. Else the day is first, unless
    the mark is a slash or a hyphen: then the month is first.
    """
    dates = [each for each in parts if each.numbers is not None and each.mark == mark]
    fitting = [each.numbers for each in dates if each.numbers is not None]
    days = {
        order: np.array([_or_nan(_find_day(numbers, order)) for numbers in fitting])
        for order in (*ORDERS, RARE_ORDER)
    }
    shares = {order: float(np.isfinite(each).mean()) for order, each in days.items()}
    best_share = max(shares.values())
    if best_share < 0.5 and all(h < 24 and m < 60 and s < 60 for h, m, s in fitting):
        return CLOCK_ORDER, False
    if best_share == 0:
        return "dmy", False
    is_first = mark in "/-"
    by_custom = ("mdy", "dmy", "ymd") if is_first else ("dmy", "mdy", "ymd")
    orders = [order for order in by_custom if shares[order] == best_share] or [RARE_ORDER]
    if len(orders) == 1:
        return orders[0], False
    sorted_shares = {order: _share_of_sorted_steps(days[order]) for order in orders}
    best_sorted = max(sorted_shares.values())
    sorted_orders = [order for order in orders if sorted_shares[order] >= best_sorted - 0.02]
    if best_sorted > 0.95 and len(sorted_orders) == 1 and len(fitting) > MIN_SORTED_DATES:
        return sorted_orders[0], False
    spans = {order: float(np.ptp(days[order][np.isfinite(days[order])])) for order in orders}
    # A two-digit year that takes all values from 1 to 31 is a day.
    narrow = [order for order in orders if spans[order] <= 3 * min(spans.values()) + 365]
    clocks = np.array([each.seconds for each in dates])
    regular = [order for order in narrow if clocks.any() and _has_equal_steps(days[order], clocks)]
    return (regular[0], False) if len(regular) == 1 else (narrow[0], len(narrow) > 1)


def list_marks(parts: Sequence[DateParts]) -> list[str]:
    """Return the separators of dates of three numbers, the most common first."""
    marks = Counter(each.mark for each in parts if each.numbers is not None)
    return [mark for mark, _ in marks.most_common()]


def _replace_words(text: str, language: str) -> tuple[str, int] | None:
    """Return the text with months as numbers and without fillers, and the offset of the zone."""
    folded = fold_word(text).replace("a.m.", "am").replace("p.m.", "pm").replace("a. m.", "am")
    folded = folded.replace("p. m.", "pm")
    offset, has_digit, unknown = 0, re.search(r"\d", folded), False
    first_digit = has_digit.start() if has_digit else 0

    def replace(found: re.Match[str]) -> str:
        nonlocal offset, unknown
        word = found[0]
        month = find_month(word, language)
        if month is not None:
            return f"<{month}>"
        if word in MORNING_WORDS or word in EVENING_WORDS:
            return "am" if word in MORNING_WORDS else "pm"
        if word in ZONES:
            offset = ZONES[word]
            return "~"
        if word in ("w", "q") or word[0] in "年月日년월일":
            return word
        # A word before the first digit is a weekday.
        unknown |= word not in FILLERS and found.start() > first_digit
        return " "

    spaced = re.sub(r"([年月日년월일])", r" \1 ", folded) if not folded.isascii() else folded
    plain = WORD.sub(replace, spaced)
    if not plain.isascii():
        plain = re.sub(r" ([年月日년월일]) ", r"\1 ", plain)
    return None if unknown else (re.sub(r"\s+", " ", plain), offset)


def _read_match(groups: dict[str, str | None], offset: int) -> DateParts | None:
    seconds = _read_clock(groups, offset) if groups.get("hour") else 0.0
    if seconds is None:
        return None
    if groups.get("a"):
        a, b, c = (str(groups[key]) for key in "abc")
        if b.startswith("<"):
            numbers = (int(a), int(b[1:-1]), int(c))
            order = "ymd" if len(a) == 4 else "dmy"
            day = _find_day(numbers, order)
            return None if day is None else DateParts(None, "", day, seconds)
        if len(a) == 3 or len(c) == 3 or len(a) == len(c) == 4:
            return None
        return DateParts((int(a), int(b), int(c)), str(groups["mark"]), None, seconds)
    year = int(groups.get("year") or groups.get("year2") or 0)
    if groups.get("week"):
        return _read_week(year, groups, seconds)
    quarter = groups.get("quarter") or groups.get("quarter2")
    month = 3 * int(quarter) - 2 if quarter else int((groups.get("month") or "1").strip("<>"))
    number = _find_day((year, month, int(groups.get("day") or 1)), "ymd")
    return None if number is None else DateParts(None, "", number, seconds)


def _read_week(year: int, groups: dict[str, str | None], seconds: float) -> DateParts | None:
    try:
        found = date.fromisocalendar(year, int(groups["week"] or 1), int(groups["weekday"] or 1))
    except ValueError:
        return None
    return DateParts(None, "", found.toordinal() - EPOCH_DAY, seconds)


def _read_clock(groups: dict[str, str | None], offset: int) -> float | None:
    hour, minute = int(groups["hour"] or 0), int(groups["minute"] or 0)
    second = int(groups["second"] or 0)
    half = groups["half1"] or groups["half2"] or None
    # A lone number is an hour only with am or pm, or within 2024010513.
    if groups["minute"] is None and groups["half2"] is None and half is None:
        return None
    if half is not None and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 24 or minute > 59 or second > 60:
        return None
    fraction = float(f"0.{groups['fraction']}") if groups["fraction"] else 0.0
    zone = (groups["zone"] or "").replace("~", "").replace(":", "").strip()
    shift = 3600 * offset
    if zone:
        digits = zone[1:] if len(zone) > 3 else f"{int(zone[1:]):02d}00"
        shift += (-1 if zone[0] == "-" else 1) * (3600 * int(digits[:-2]) + 60 * int(digits[-2:]))
    return 3600.0 * hour + 60 * minute + second + fraction - shift


def _find_day(numbers: tuple[int, int, int], order: str) -> int | None:
    """Return the days since 1970, or None if the date does not exist."""
    parts = dict(zip(order, numbers, strict=True))
    year = parts["y"]
    if year < 100:
        year += 2000 if year < FIRST_TWO_DIGIT_YEAR else 1900
    if not 1000 <= year <= 3000:
        return None
    try:
        return date(year, parts["m"], parts["d"]).toordinal() - EPOCH_DAY
    except ValueError:
        return None


def _or_nan(day: int | None) -> float:
    return float("nan") if day is None else float(day)


def _has_equal_steps(days: NDArray[np.float64], clocks: NDArray[np.float64]) -> bool:
    steps = np.diff(86_400.0 * days + clocks)
    return steps.size >= MIN_SORTED_DATES and bool(np.ptp(steps) < 1e-3)


def _share_of_sorted_steps(days: NDArray[np.float64]) -> float:
    steps = np.diff(days[np.isfinite(days)])
    if not steps.size:
        return 0.0
    return float(max((steps >= 0).mean(), (steps <= 0).mean()))
