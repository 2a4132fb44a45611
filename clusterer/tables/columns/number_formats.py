"""Detection of the number format of a column: decimal mark, grouped digits, signs.

A number such as 1,234 can be read in two ways. The other columns of the table and its delimiter
then decide.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.support.lazy_property import lazy_property
from clusterer.support.text import make_printable
from clusterer.tables.columns.notations import MIN_PLAIN_SHARE, NOTATIONS, list_notations
from clusterer.tables.columns.numbers import NumberFormat, count_numbers, is_text, strip_cells
from clusterer.tables.columns.time_words import find_language, fold_word
from clusterer.tables.columns.words import CURRENCY
from clusterer.tables.errors import TableError

POINT, COMMA = NumberFormat("."), NumberFormat(",")
DECORATION = re.compile(f"^[+(\\-−]?\\s*({CURRENCY})|({CURRENCY})\\s*\\)?$|^\\(.*\\)$")
# A unit behind a number, such as %, km, °C or kmpl.
UNIT = re.compile(
    r"[+\-−]?(?:\d[\d.,'’\s]*|[.,]\d+)(?P<unit>(?![eEdD]\d)[^\W\d_%‰°](?:[^\W\d_]|[%°²³/·^.]){0,11}[23]?"
    r"|[%‰]|°[^\W\d_]?)"
)
MIN_UNIT_SHARE = 0.9
N_COLUMNS_COMPARED = 200
# How numbers begin: signs, a currency, then a digit of any script.
SIGNS = "[\\s\"'=(<>≤≥‹›~≈∼≅+\\-−－]*"
START = rf"(?i)^{SIGNS}(?:{CURRENCY})?[\s(+\-−]*[.,٫．]?(?:[0-9∞٠-٩۰-۹०-९০-৯０-９]|inf)"
# A column in which fewer values begin like numbers holds text; a closer look would take long.
MIN_START_SHARE = 0.3
# The share of values that end with 0 among amounts in round figures.
MIN_ROUND_SHARE = 0.5
ONE_GROUP = "^[+-]?[1-9]\\d{0,2},\\d{3}$"
POINTED_GROUPS = "^[+-]?[1-9]\\d{0,2}(?:\\.\\d{3})+$"
POINTED = re.compile(POINTED_GROUPS)
N_EVIDENT_ROWS = 20


class DetectedFormat(NamedTuple):
    """A number format and how well it fits a column.

    Parameters
    ----------
    number_format : NumberFormat
        The best format.
    share : float
        The share of the values that it reads, 0 to 1.
    is_evident : bool, default False
        Whether all values are plain numbers with one possible meaning.
    is_assumed : bool, default False
        Whether another format reads the values as well, and the table does not decide.
    """

    number_format: NumberFormat
    share: float
    is_evident: bool = False
    is_assumed: bool = False


class NumberFormatDetector:
    """Detects the number format of each column of a table.

    Parameters
    ----------
    columns : sequence of pyarrow arrays
        A sample of the table.
    delimiter : str
        The character between cells.
    decimal, thousands : str, optional
        The user's choice of the notation; None (the default) detects it.
    missing : sequence of str, default ()
        Further words and numbers that stand for a missing value.

    Raises
    ------
    TableError
        If `decimal` or `thousands` is not allowed.
    """

    def __init__(
        self,
        columns: Sequence[pa.Array],
        delimiter: str,
        decimal: str | None = None,
        thousands: str | None = None,
        missing: Sequence[str] = (),
    ) -> None:
        self.missing = tuple(word.strip().lower() for word in missing)
        self._columns = columns
        self._delimiter = delimiter
        # Tables with a decimal comma usually have the semicolon as delimiter.
        self._is_semicolon = delimiter == ";"
        self._candidates = [
            replace(each, missing=self.missing) for each in _list_candidates(decimal, thousands)
        ]

    def detect(self, values: pa.Array) -> DetectedFormat:
        """Return the best format for texts that are stripped and not missing."""
        if len(self._candidates) > 1 and _is_evident(values):
            # Whole numbers show no decimal mark; the following rows will have the table's mark.
            has_point = pc.any(pc.match_substring(values, ".")).as_py()
            is_point = has_point or self._point_surplus >= 0
            return DetectedFormat(self._candidates[not is_point], 1.0, is_evident=True)
        share = _share(values, START)
        if share < MIN_START_SHARE:
            return DetectedFormat(self._candidates[0], share)
        found = [_add_decoration(each, values) for each in self._order_candidates(values)]
        formats, counts = [each for each, _ in found], [n for _, n in found]
        best = max(range(len(formats)), key=lambda i: (counts[i], -i))
        is_draw = len(counts) > 1 and min(counts) == max(counts) > 0
        is_doubtful = is_draw and (_has(values, ",") or (self._is_semicolon and _has(values, ".")))
        is_assumed = is_doubtful and not self._point_surplus
        found_format, n_read = formats[best], counts[best]
        if n_read < len(values):
            found_format, n_read = self._add_notations(found_format, n_read, values)
        return DetectedFormat(found_format, n_read / len(values), is_assumed=is_assumed)

    @property
    def has_decimal_comma(self) -> bool:
        """Whether most decimal numbers of the table have a comma."""
        if len(self._candidates) == 1:
            return self._candidates[0].decimal == ","
        return self._point_surplus < 0

    def _add_notations(
        self, found: NumberFormat, n_read: int, values: pa.Array
    ) -> tuple[NumberFormat, int]:
        """Return the format with the notations that make more values numbers, and how many."""
        n_plain = n_read
        for name in list_notations(values):
            if NOTATIONS[name].is_partial and n_plain < MIN_PLAIN_SHARE * len(values):
                continue
            notations = (*found.notations, name)
            # In a draw the first candidate wins, which fits the other columns.
            for each in self._order_candidates(values):
                candidate = replace(each, notations=notations, is_decorated=found.is_decorated)
                n_candidate = count_numbers(values, candidate)
                if n_candidate > n_read:
                    found, n_read = candidate, n_candidate
            if not NOTATIONS[name].is_partial:
                n_plain = n_read
        return found, n_read

    def detect_evident(self, cells: pa.Array) -> NDArray[np.float64] | None:
        """Return the numbers of a column in which every cell is a decimal number as Python writes.

        None means that the column needs `detect`. Most columns of wide tables are of this kind,
        and this test takes a tenth of the time.
        """
        if len(self._candidates) == 1 or self.missing or not len(cells) or cells.null_count:
            return None
        head = cells.slice(0, N_EVIDENT_ROWS).to_pylist()
        if not any("." in text and not POINTED.match(text.strip()) for text in head):
            return None
        try:
            values = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            return None
        is_finite = bool(np.isfinite(values).all())
        return values if is_finite and bool(np.any(values != np.floor(values))) else None

    @lazy_property
    def _point_surplus(self) -> int:
        """The number of values that need a decimal point minus those that need a comma."""
        columns = [cells for cells in self._columns if is_text(cells.type)]
        return sum(
            _count_point_surplus(_select_values(cells, self.missing))
            for cells in columns[:N_COLUMNS_COMPARED]
        )

    def _order_candidates(self, values: pa.Array) -> list[NumberFormat]:
        """Return the formats to try; in a draw the first one wins."""
        if len(self._candidates) == 1:
            return self._candidates
        point_first, comma_first = self._candidates, self._candidates[::-1]
        if self._point_surplus:
            return point_first if self._point_surplus > 0 else comma_first
        if not _has(values, ","):
            # A column with 1.234 and 56 but never 1.5 has groups: decimals vary in length.
            is_grouped = self._is_semicolon and not _is_all(values, POINTED_GROUPS)
            return comma_first if is_grouped and _has(values, ".") else point_first
        if self._delimiter == ",":
            return point_first
        # A column with 1,234 in every cell has decimals: some whole numbers would be below 1,000.
        # Amounts such as 26,500 and 31,250 are round, decimals hardly ever end with 0.
        is_round = _is_all(values, ONE_GROUP) and _share(values, "0$") >= MIN_ROUND_SHARE
        is_decimal = self._is_semicolon or (_is_all(values, ONE_GROUP) and not is_round)
        return comma_first if is_decimal else point_first


def find_grouped_number(values: pa.Array, number_format: NumberFormat) -> str | None:
    """Return an example of a number with grouped digits, or None if there is none."""
    strict = number_format.without_grouping()
    if count_numbers(values, strict) == count_numbers(values, number_format):
        return None
    for text in values.to_pylist():
        one = pa.array([text])
        if count_numbers(one, number_format) and not count_numbers(one, strict):
            return str(text)
    return None


def _list_candidates(decimal: str | None, thousands: str | None) -> list[NumberFormat]:
    if decimal not in (None, ".", ","):
        raise TableError(f"decimal is {make_printable(decimal)!r}; allowed: '.' or ','")
    if isinstance(thousands, str):
        equivalents = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"}
        thousands = equivalents.get(thousands, thousands)
    if thousands not in (None, "", ",", ".", " ", "'", "_"):
        raise TableError(
            f"thousands is {make_printable(thousands)!r}; allowed: ',', '.', ' ', \"'\", '_' or ''"
        )
    if decimal is None and thousands in (",", "."):
        decimal = "." if thousands == "," else ","
    if decimal is not None and decimal == thousands:
        raise TableError(f"decimal and thousands cannot both be {decimal!r}")
    return [NumberFormat(mark, thousands) for mark in ([decimal] if decimal else [".", ","])]


def _select_values(cells: pa.Array, missing: Sequence[str]) -> pa.Array:
    """Return the stripped texts of a column that are not missing."""
    text, is_missing = strip_cells(pc.cast(cells, pa.string()), missing)
    return text.filter(pc.invert(is_missing))


def _is_evident(values: pa.Array) -> bool:
    """Tell whether the values are plain numbers with one possible meaning."""
    try:
        pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        return False
    has_point = pc.match_substring(values, ".")
    may_group = pc.match_substring_regex(values, POINTED_GROUPS)
    return pc.sum(has_point).as_py() == 0 or not pc.all(pc.equal(has_point, may_group)).as_py()


def _has(values: pa.Array, mark: str) -> bool:
    return bool(pc.any(pc.match_substring(values, mark)).as_py())


def _share(values: pa.Array, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(values, pattern)).as_py())


def _is_all(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _count_point_surplus(values: pa.Array) -> int:
    has_mark = pc.match_substring_regex(values, "[.,]")
    marked = values.filter(has_mark)
    if not len(marked):
        return 0
    point, n_pointed = _add_decoration(POINT, marked)
    return n_pointed - count_numbers(marked, replace(point, decimal=","))


def _add_decoration(number_format: NumberFormat, values: pa.Array) -> tuple[NumberFormat, int]:
    """Return the format with the column's unit or currency signs, and how many it reads."""
    n_plain = count_numbers(values, number_format)
    if n_plain == len(values):
        return number_format, n_plain
    texts = values.to_pylist()
    found = [match for text in texts if (match := DECORATION.search(text))]
    signs = {match[1] or match[2] for match in found} - {None}
    # Amounts in two currencies cannot be compared.
    if found and len(signs) <= 1:
        decorated = replace(number_format, is_decorated=True)
        n_decorated = count_numbers(values, decorated)
        if n_decorated > n_plain:
            return decorated, n_decorated
    with_unit = replace(number_format, unit=_find_unit(texts))
    n_with_unit = count_numbers(values, with_unit) if with_unit.unit else 0
    return (with_unit, n_with_unit) if n_with_unit > n_plain else (number_format, n_plain)


def _find_unit(texts: Sequence[str]) -> str:
    """Return the unit behind nearly all numbers; "" if there is none.

    Examples
    --------
    >>> _find_unit(["1,248 CC", "998 CC"]), _find_unit(["3 May", "4 May"]), _find_unit(["3", "4"])
    ('CC', '', '')
    """
    found = (UNIT.fullmatch(text) for text in texts)
    units = Counter(match["unit"] for match in found if match)
    unit, n_texts = units.most_common(1)[0] if units else ("", 0)
    is_common = n_texts >= MIN_UNIT_SHARE * len(texts)
    is_time = find_language([fold_word(unit)]) is not None or unit.casefold() in ("am", "pm")
    return unit if is_common and not is_time else ""
