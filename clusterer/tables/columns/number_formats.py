"""Which notation of numbers a table uses, told by all its columns together."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from clusterer.support.lazy_property import lazy_property
from clusterer.support.text import make_printable
from clusterer.tables.columns.cells import CURRENCY
from clusterer.tables.columns.numbers import (
    NumberFormat,
    is_text,
    n_readable,
    stripped,
    without_grouping,
)
from clusterer.tables.errors import TableError

POINT, COMMA = NumberFormat("."), NumberFormat(",")
DECORATION = re.compile(f"^[+(\\-−]?\\s*({CURRENCY})|({CURRENCY})\\s*\\)?$|^\\(.*\\)$")
N_COLUMNS_FOR_LEAD = 200
DIGIT = "(?i)[0-9∞]|inf"
ONE_GROUP = "^[+-]?[1-9]\\d{0,2},\\d{3}$"
POINTED_GROUPS = "^[+-]?[1-9]\\d{0,2}(?:\\.\\d{3})+$"


class Reading(NamedTuple):
    """A format, the share of values that it reads, and how sure that is.

    Evident are plain numbers; assumed is a format if another would read the values as well.
    """

    form: NumberFormat
    share: float
    is_evident: bool = False
    is_assumed: bool = False


class NumberStyle:
    """The notation that a table prefers where a number can be read in two ways.

    Parameters
    ----------
    columns : sequence of pyarrow arrays
        A sample of the table.
    delimiter : str
        What separates its cells.
    decimal, thousands : str, optional
        The notation asked for; None (the default) finds it out.
    """

    def __init__(
        self,
        columns: Sequence[pa.Array],
        delimiter: str,
        decimal: str | None = None,
        thousands: str | None = None,
    ) -> None:
        self._columns = columns
        self._delimiter = delimiter
        # Where the comma is the decimal mark, cells are separated by semicolons.
        self._is_semicolon = delimiter == ";"
        self._candidates = _candidates(decimal, thousands)

    def format_of(self, values: pa.Array) -> Reading:
        """Return the best format for texts that are stripped and not missing."""
        if len(self._candidates) > 1 and _is_evident(values):
            # Of whole numbers the mark is not seen: it will be that of the table.
            has_point = pc.any(pc.match_substring(values, ".")).as_py()
            return Reading(POINT if has_point or self._lead >= 0 else COMMA, 1.0, is_evident=True)
        if not pc.any(pc.match_substring_regex(values, DIGIT)).as_py():
            return Reading(POINT, 0.0)
        found = [_decorated(form, values) for form in self._ordered(values)]
        forms, counts = [form for form, _ in found], [n for _, n in found]
        best = max(range(len(forms)), key=lambda i: (counts[i], -i))
        is_draw = len(counts) > 1 and min(counts) == max(counts) > 0
        is_doubtful = is_draw and (_has(values, ",") or (self._is_semicolon and _has(values, ".")))
        is_assumed = is_doubtful and not self._lead
        return Reading(forms[best], counts[best] / len(values), is_assumed=is_assumed)

    @lazy_property
    def _lead(self) -> int:
        """How many more values can only have a decimal point than only a decimal comma."""
        columns = [cells for cells in self._columns if is_text(cells.type)]
        return sum(_lead(_values(cells)) for cells in columns[:N_COLUMNS_FOR_LEAD])

    def _ordered(self, values: pa.Array) -> list[NumberFormat]:
        """Return the formats to try, the one to believe in a draw first."""
        if len(self._candidates) == 1:
            return self._candidates
        if self._lead:
            return [POINT, COMMA] if self._lead > 0 else [COMMA, POINT]
        if not _has(values, ","):
            # 1.234 and 56 but never 1.5: decimals are seldom three or none.
            is_grouped = self._is_semicolon and not _is_all(values, POINTED_GROUPS)
            return [COMMA, POINT] if is_grouped and _has(values, ".") else [POINT, COMMA]
        if self._delimiter == ",":
            return [POINT, COMMA]
        # 1,234 in every cell: of whole numbers some would be below a thousand.
        is_decimal = self._is_semicolon or _is_all(values, ONE_GROUP)
        return [COMMA, POINT] if is_decimal else [POINT, COMMA]


def _candidates(decimal: str | None, thousands: str | None) -> list[NumberFormat]:
    if decimal not in (None, ".", ","):
        raise TableError(f"decimal is {make_printable(decimal)!r}; allowed: '.' or ','")
    if isinstance(thousands, str):
        alike = {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"}
        thousands = alike.get(thousands, thousands)
    if thousands not in (None, "", ",", ".", " ", "'", "_"):
        raise TableError(
            f"thousands is {make_printable(thousands)!r}; allowed: ',', '.', ' ', \"'\", '_' or ''"
        )
    if decimal is None and thousands in (",", "."):
        decimal = "." if thousands == "," else ","
    if decimal is not None and decimal == thousands:
        raise TableError(f"decimal and thousands cannot both be {decimal!r}")
    return [NumberFormat(mark, thousands) for mark in ([decimal] if decimal else [".", ","])]


def _values(cells: pa.Array) -> pa.Array:
    """Return the texts in a column that are not missing, stripped."""
    text, is_missing = stripped(pc.cast(cells, pa.string()))
    return text.filter(pc.invert(is_missing))


def _is_evident(values: pa.Array) -> bool:
    """Tell whether the values are plain numbers that cannot be meant in another way."""
    try:
        pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        return False
    has_point = pc.match_substring(values, ".")
    may_group = pc.match_substring_regex(values, POINTED_GROUPS)
    return pc.sum(has_point).as_py() == 0 or not pc.all(pc.equal(has_point, may_group)).as_py()


def _has(values: pa.Array, mark: str) -> bool:
    return bool(pc.any(pc.match_substring(values, mark)).as_py())


def _is_all(values: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())


def _lead(values: pa.Array) -> int:
    has_mark = pc.match_substring_regex(values, "[.,]")
    marked = values.filter(has_mark)
    if not len(marked):
        return 0
    point, n_pointed = _decorated(POINT, marked)
    return n_pointed - n_readable(marked, replace(point, decimal=","))


def _decorated(form: NumberFormat, values: pa.Array) -> tuple[NumberFormat, int]:
    """Return the format with the signs around the numbers of a column, and how many it reads."""
    n_plain = n_readable(values, form)
    if n_plain == len(values):
        return form, n_plain
    texts = values.to_pylist()
    if all(text.endswith("%") for text in texts):
        form = replace(form, is_percent=True)
        return form, n_readable(values, form)
    found = [match for text in texts if (match := DECORATION.search(text))]
    signs = {match[1] or match[2] for match in found} - {None}
    # Amounts in two currencies are not numbers of one kind.
    if found and len(signs) <= 1:
        decorated = replace(form, is_decorated=True)
        n_decorated = n_readable(values, decorated)
        if n_decorated > n_plain:
            return decorated, n_decorated
    return form, n_plain


def reads_groups(values: pa.Array, form: NumberFormat) -> str | None:
    """Return an example of a number with grouped digits, None if there is none."""
    strict = without_grouping(form)
    if n_readable(values, strict) == n_readable(values, form):
        return None
    for text in values.to_pylist():
        one = pa.array([text])
        if n_readable(one, form) and not n_readable(one, strict):
            return str(text)
    return None
