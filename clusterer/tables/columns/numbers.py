"""Numbers in the notations that people write, and their conversion to float64."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.notations import NOTATIONS, rewrite
from clusterer.tables.columns.words import (
    CURRENCY,
    FALSE_WORDS,
    INFINITE_WORDS,
    MISSING_WORDS,
    TRUE_WORDS,
)

SPACES = " \u00a0\u202f\u2009"
# Invisible characters in numbers that were copied from a web page or a calculator.
INVISIBLE = "\u2007\u200b\u200e\u200f\ufeff"
# The marks between groups of three digits; each value is a pattern of equivalent marks.
GROUPINGS = {",": ",", ".": "\\.", "'": "['’]", " ": f"[{SPACES}]", "_": "_"}
MISSING_SET = pa.array(sorted(MISSING_WORDS))
TRUE_SET, FALSE_SET = pa.array(sorted(TRUE_WORDS)), pa.array(sorted(FALSE_WORDS))
INFINITE_SET = pa.array(sorted(INFINITE_WORDS))


class Numbers(NamedTuple):
    """The numbers of a column.

    Parameters
    ----------
    values : array of float64
        NaN where the value is missing, infinite where it is infinite.
    unreadable : array of bool
        True where the cell is neither a number nor missing.
    regrouped : array of bool, optional
        True where the digits are grouped, but were not grouped in the sample; None for nowhere.
    """

    values: NDArray[np.float64]
    unreadable: NDArray[np.bool_]
    regrouped: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Parameters
    ----------
    decimal : str, default "."
        The decimal mark, "." or ",".
    thousands : str, optional
        The mark between groups of three digits; None (the default) allows every mark but the
        decimal mark, "" allows none.
    unit : str, default ""
        The unit behind every number, such as % or km, which is dropped: 8.6% is 8.6.
    is_decorated : bool, default False
        Whether numbers have currency signs, or parentheses instead of a minus sign.
    is_grouped : bool, default False
        Whether digits are grouped in the sample; grouped digits are read in any case.
    is_boolean : bool, default False
        Whether the cells are words for yes and no, which count as 1 and 0.
    notations : tuple of str, default ()
        The keys of `notations.NOTATIONS` that are read.
    missing : tuple of str, default ()
        Further words and numbers that stand for a missing value, in lower case.
    """

    decimal: str = "."
    thousands: str | None = None
    unit: str = ""
    is_decorated: bool = False
    is_grouped: bool = False
    is_boolean: bool = False
    notations: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether PyArrow reads numbers of this format directly."""
        is_marked = bool(self.unit) or self.is_decorated or self.is_grouped or self.is_boolean
        has_words = len(self.missing_numbers) < len(self.missing)
        return not (is_marked or self.notations or has_words)

    @property
    def missing_numbers(self) -> list[float]:
        """The numbers among the words for missing values."""
        return [float(word) for word in self.missing if _is_float(word)]

    def without_grouping(self) -> "NumberFormat":
        """Return the format with no mark between groups of digits."""
        return replace(self, thousands="")

    def pattern(self) -> str:
        """Return the regular expression that a number of this format matches."""
        allowed = {*",.' "} if self.thousands is None else {self.thousands}
        groupings = [
            f"[1-9]\\d{{0,2}}(?:{mark}\\d{{3}})+"
            for key, mark in GROUPINGS.items()
            if key != self.decimal and key in allowed
        ]
        if self.decimal == "." and self.thousands in (None, ","):
            # India groups by two digits above the thousands: 12,34,567.
            groupings.append("[1-9]\\d?(?:,\\d{2})+,\\d{3}")
        whole = "|".join([*groupings, "\\d+"])
        mark = "\\" + self.decimal
        return f"^[+-]?(?:(?:{whole})(?:{mark}\\d*)?|{mark}\\d+)(?:[eEdD][+-]?\\d+)?$"


def parse_numbers(cells: pa.Array, number_format: NumberFormat) -> Numbers:
    """Return the numbers in `cells`, an array of text or of any type of number.

    Examples
    --------
    >>> cells = pa.array(["1.234,5", " -3 ", "n/a", "-inf", "x"])
    >>> parse_numbers(cells, NumberFormat(decimal=",")).values
    array([1234.5,   -3. ,    nan,   -inf,    nan])
    """
    if not number_format.missing:
        return _parse_cells(cells, number_format)
    if is_text(cells.type):
        text, is_missing = strip_cells(cells, number_format.missing)
        cells = pc.if_else(is_missing, None, text)
    numbers = _parse_cells(cells, number_format)
    numbers.values[np.isin(numbers.values, number_format.missing_numbers)] = np.nan
    return numbers


def _parse_cells(cells: pa.Array, number_format: NumberFormat) -> Numbers:
    if not is_text(cells.type):
        return _convert_typed(cells)
    text, is_missing = strip_cells(cells)
    text = pc.if_else(is_missing, None, text)
    if number_format.is_boolean:
        return _parse_booleans(text)
    if number_format.decimal == "." and number_format.is_plain:
        plain = _cast(text)
        if plain is not None:
            return Numbers(plain, np.zeros(len(plain), np.bool_))
    folded = pc.utf8_lower(text)
    is_infinite = pc.fill_null(pc.is_in(folded, value_set=INFINITE_SET), False)
    is_good, digits = _normalize(text, number_format)
    values = _cast(pc.if_else(is_good, digits, None))
    if values is None:
        values = _cast_singly(pc.if_else(is_good, digits, None))
    infinite = _to_mask(is_infinite)
    is_negative = _to_mask(pc.fill_null(pc.starts_with(folded, "-"), False))
    values = np.where(infinite, np.where(is_negative, -np.inf, np.inf), values)
    for name in number_format.notations:
        notation = NOTATIONS[name]
        if notation.factor != 1:
            is_so = pc.fill_null(pc.match_substring_regex(text, notation.pattern), False)
            values = np.where(_to_mask(is_so), notation.factor * values, values)
    unreadable = ~(_to_mask(is_missing) | _to_mask(is_good) | infinite)
    return Numbers(values, unreadable, _find_regrouped(text, is_good, number_format))


def strip_cells(cells: pa.Array, missing: Sequence[str] = ()) -> tuple[pa.Array, pa.Array]:
    """Return texts without blanks around them, and where the value is missing.

    `missing` holds further words for missing values, in lower case.
    """
    text = pc.utf8_trim(cells, characters=SPACES + INVISIBLE + "\t\n\v\f\r")
    folded = pc.utf8_lower(text)
    is_missing = pc.is_in(folded, value_set=MISSING_SET)
    if missing:
        is_missing = pc.or_(is_missing, pc.is_in(folded, value_set=pa.array(missing)))
    return text, pc.or_(is_missing, pc.is_null(cells))


def count_numbers(values: pa.Array, number_format: NumberFormat) -> int:
    """Return how many of some stripped texts are numbers of this format."""
    is_good = _match(_remove_decoration(values, number_format), number_format)
    folded = pc.utf8_lower(values)
    return int(pc.sum(pc.or_(is_good, pc.is_in(folded, value_set=INFINITE_SET))).as_py() or 0)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether an array of this type holds text."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    )


def _normalize(text: pa.Array, number_format: NumberFormat) -> tuple[pa.Array, pa.Array]:
    """Return where the text is a number of the format, and the number as Python writes it."""
    text = _remove_decoration(text, number_format)
    others = "".join(mark for mark in ",._'’" + SPACES if mark != number_format.decimal)
    digits = pc.replace_substring_regex(text, f"[{others}]", "")
    if number_format.decimal != ".":
        digits = pc.replace_substring(digits, number_format.decimal, ".")
    # Fortran writes the exponent with a D.
    return _match(text, number_format), pc.replace_substring_regex(digits, "[dD]", "e")


def _remove_decoration(text: pa.Array, number_format: NumberFormat) -> pa.Array:
    """Return texts without the notations, units and currency signs of the format."""
    text = rewrite(text, number_format.notations)
    text = pc.replace_substring(text, "−", "-")
    if number_format.unit:
        has_unit = pc.ends_with(text, number_format.unit)
        end = -len(number_format.unit)
        bare = pc.utf8_rtrim(pc.utf8_slice_codeunits(text, 0, end), characters=SPACES)
        text = pc.if_else(has_unit, bare, "?")
    if number_format.is_decorated:
        edge = f"[{SPACES}]*(?:{CURRENCY})[{SPACES}]*"
        text = pc.replace_substring_regex(text, f"^([+(-]?){edge}", "\\1")
        text = pc.replace_substring_regex(text, f"{edge}(\\)?)$", "\\1")
        text = pc.replace_substring_regex(text, "^\\(([^+()-]*)\\)$", "-\\1")
    return text


def _match(bare: pa.Array, number_format: NumberFormat) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(bare, number_format.pattern()), False)


def _find_regrouped(
    text: pa.Array, is_good: pa.Array, number_format: NumberFormat
) -> NDArray[np.bool_] | None:
    if number_format.is_grouped or number_format.thousands is not None:
        return None
    strict = number_format.without_grouping()
    return _to_mask(pc.and_not(is_good, _match(_remove_decoration(text, strict), strict)))


def _cast(text: pa.Array) -> NDArray[np.float64] | None:
    try:
        values = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.array(values.to_numpy(zero_copy_only=False), np.float64)


def _cast_singly(text: pa.Array) -> NDArray[np.float64]:
    return np.array([np.nan if cell is None else float(cell) for cell in text.to_pylist()])


def _is_float(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _parse_booleans(text: pa.Array) -> Numbers:
    word = pc.utf8_lower(text)
    is_true, is_false = (_to_mask(pc.is_in(word, value_set=s)) for s in (TRUE_SET, FALSE_SET))
    values = np.where(is_true, 1.0, np.where(is_false, 0.0, np.nan))
    return Numbers(values, ~(is_true | is_false | _to_mask(pc.is_null(text))))


def _convert_typed(cells: pa.Array) -> Numbers:
    if pa.types.is_boolean(cells.type):
        cells = pc.cast(cells, pa.uint8())
    values = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if not values.flags.writeable:
        values = values.copy()
    return Numbers(np.asarray(values, np.float64), np.zeros(len(values), np.bool_))


def _to_mask(flags: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(flags.to_numpy(zero_copy_only=False), np.bool_)
