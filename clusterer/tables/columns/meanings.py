"""What numbers stand for that measure nothing: names of things, moments, gaps."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import is_text

ID_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:id|uuid|guid|key)|index|idx|rowid|row_?names?|rownum|unnamed: ?\d+"
    r"|(?:row|obs|nr|no|nº|#)\.?|(?:customer|user|record|sample|patient|object|item)id"
)
# Numbers that are names: nothing is twice as much of them.
CODE_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:zip|plz|(?:zip|postal|post)[\s_.\-]?codes?"
    r"|postleitzahl|(?:tele)?(?:phone|fon)|tel|fax|iban|ip(?:[\s_.\-]?addr(?:ess)?)?|isbn|issn|ean|upc|gtin|ssn|imei)"
    r"(?:[\s_.\-]?(?:no|nr|num|number|nummer))?\.?"
)
DATE_NAME = re.compile(r"(?i)date|datum|day|fecha|tag\b")
TIME_NAME = re.compile(
    r"(?i)(?:.*[\s_.\-])?(?:(?:unix|epoch|date)?[\s_.\-]?time(?:[\s_.\-]?stamp)?|epoch|ts"
    r"|date|datum)"
    r"(?:[\s_.\-]?(?:utc|s|sec|seconds|ms|millis|us|ns))?"
)
# From 1990 to 2100, in the units that machines count in.
EPOCHS = {
    "days since 1900": (32_874, 73_050),
    "seconds since 1970": (6.3e8, 4.1e9),
    "milliseconds since 1970": (6.3e11, 4.1e12),
    "microseconds since 1970": (6.3e14, 4.1e15),
    "nanoseconds since 1970": (6.3e17, 4.1e18),
}
NINES = re.compile(r"-?9+\.?9+(?:e\+\d+)?")
LEAST_DOUBTFUL = 1e29
LEADING_ZERO = r"^0\d+$"


def is_id(name: str, present: pa.Array, finite: NDArray[np.float64], is_unnamed: bool) -> bool:
    """Tell whether the numbers of a column name its rows, or things, rather than measure them."""
    if finite.size < 2 or np.any(finite != np.floor(finite)):
        return False
    if is_unnamed:
        return finite.size > 2 and len(np.unique(finite)) == finite.size
    if is_text(present.type):
        n_zeros = pc.sum(pc.match_substring_regex(present, LEADING_ZERO)).as_py()
        lengths = pc.unique(pc.utf8_length(present))
        if n_zeros >= 0.1 * len(present) and len(lengths) == 1 and len(present[0].as_py()) > 2:
            return True
    if CODE_NAME.fullmatch(name):
        return True
    return bool(ID_NAME.fullmatch(name)) and pc.count_distinct(present).as_py() == len(present)


def epoch(name: str, finite: NDArray[np.float64]) -> str | None:
    """Return the unit of a column of moments that are written as numbers, None if it is none.

    Examples
    --------
    >>> epoch("timestamp", np.array([1.7e9, 1.8e9])), epoch("weight", np.array([1.7e9]))
    ('seconds since 1970', None)
    """
    if not finite.size or not TIME_NAME.fullmatch(name):
        return None
    for unit, (earliest, latest) in EPOCHS.items():
        is_day = unit.startswith("days")
        if earliest < finite.min() and finite.max() < latest:
            return unit if not is_day or DATE_NAME.search(name) else None
    return None


def doubtful_value(finite: NDArray[np.float64]) -> str | None:
    """Return what to tell of a value that may mean a missing one, such as -999; None for none.

    Examples
    --------
    >>> doubtful_value(np.array([0.5, -999.0, 1.5, -999.0]))
    '-999 stands 2 times, far from all else: if it means missing, empty those cells'
    """
    for value in (finite.min(), finite.max()) if finite.size else ():
        written = f"{value:.15g}"
        if not (NINES.fullmatch(written) or abs(value) > LEAST_DOUBTFUL):
            continue
        is_value = finite == value
        # In parts of the largest, because spans of 1e308 overflow.
        scale = np.abs(finite).max()
        others, n_times = finite[~is_value] / scale, int(is_value.sum())
        if n_times < 2 or not others.size:
            continue
        if np.abs(others - value / scale).min() > np.ptp(others):
            told = f"{written} stands {n_times} times, far from all else"
            return f"{told}: if it means missing, empty those cells"
    return None
