"""Numbers as people write them, and their conversion to float64."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.tables.columns.cells import CURRENCY, FALSE_WORDS, INFINITE, MISSING, TRUE_WORDS

SPACES = " \u00a0\u202f\u2009"
# What comes along unseen when numbers are copied from a page or a calculator.
UNSEEN = "\u2007\u200b\u200e\u200f\ufeff"
# What may stand between groups of three digits, as classes of one sort each.
GROUPINGS = {",": ",", ".": "\\.", "'": "['’]", " ": f"[{SPACES}]", "_": "_"}
MISSING_SET = pa.array(sorted(MISSING))
TRUE_SET, FALSE_SET = pa.array(sorted(TRUE_WORDS)), pa.array(sorted(FALSE_WORDS))
INFINITE_SET = pa.array(sorted(INFINITE))


class Numbers(NamedTuple):
    """Values, NaN where missing and infinite where infinite; True where no number stands.

    ``regrouped`` is True where digits are grouped against the format (None: nowhere).
    """

    values: NDArray[np.float64]
    unreadable: NDArray[np.bool_]
    regrouped: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of a column are written.

    Parameters
    ----------
    decimal : str
        The decimal mark, "." or ",".
    thousands : str, optional
        The one mark allowed between groups of three digits; None (the default) allows any
        that is not the decimal mark, "" none.
    is_percent : bool
        Whether every number has a percent sign (which is dropped: 8.6% is 8.6).
    is_decorated : bool
        Whether there are currency signs, or parentheses around negative numbers.
    is_grouped : bool
        Whether digits are seen to be grouped; they may be in any case.
    is_boolean : bool
        Whether the cells are words for yes and no, which count as 1 and 0.
    """

    decimal: str = "."
    thousands: str | None = None
    is_percent: bool = False
    is_decorated: bool = False
    is_grouped: bool = False
    is_boolean: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether an engine reads such numbers itself."""
        return not (self.is_percent or self.is_decorated or self.is_grouped or self.is_boolean)

    def pattern(self) -> str:
        """Return the regular expression that a number of this format matches."""
        allowed = {*",.' "} if self.thousands is None else {self.thousands}
        groupings = [
            f"[1-9]\\d{{0,2}}(?:{mark}\\d{{3}})+"
            for key, mark in GROUPINGS.items()
            if key != self.decimal and key in allowed
        ]
        if self.decimal == "." and self.thousands in (None, ","):
            groupings.append("[1-9]\\d?(?:,\\d{2})+,\\d{3}")
        whole = "|".join([*groupings, "\\d+"])
        mark = "\\" + self.decimal
        return f"^[+-]?(?:(?:{whole})(?:{mark}\\d*)?|{mark}\\d+)(?:[eEdD][+-]?\\d+)?$"


def converted(cells: pa.Array, form: NumberFormat) -> Numbers:
    """Return the numbers in `cells`, an array of text or of any type of number.

    Examples
    --------
    >>> cells = pa.array(["1.234,5", " -3 ", "n/a", "-inf", "x"])
    >>> converted(cells, NumberFormat(decimal=",")).values
    array([1234.5,   -3. ,    nan,   -inf,    nan])
    """
    if not is_text(cells.type):
        return _typed(cells)
    text, is_missing = stripped(cells)
    text = pc.if_else(is_missing, None, text)
    if form.is_boolean:
        return _truth(text)
    plain = _cast(text) if form.decimal == "." and form.is_plain else None
    if plain is not None:
        return Numbers(plain, np.zeros(len(plain), np.bool_))
    folded = pc.utf8_lower(text)
    is_infinite = pc.fill_null(pc.is_in(folded, value_set=INFINITE_SET), False)
    is_good, digits = _normal(text, form)
    values = _cast(pc.if_else(is_good, digits, None))
    if values is None:
        values = _cast_singly(pc.if_else(is_good, digits, None))
    infinite = _as_mask(is_infinite)
    is_negative = _as_mask(pc.fill_null(pc.starts_with(folded, "-"), False))
    values = np.where(infinite, np.where(is_negative, -np.inf, np.inf), values)
    unreadable = ~(_as_mask(is_missing) | _as_mask(is_good) | infinite)
    return Numbers(values, unreadable, _regrouped(text, is_good, form))


def stripped(cells: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return texts without blanks around them, and where they say that there is no value."""
    text = pc.utf8_trim(cells, characters=SPACES + UNSEEN + "\t\n\v\f\r")
    is_missing = pc.is_in(pc.utf8_lower(text), value_set=MISSING_SET)
    return text, pc.or_(is_missing, pc.is_null(cells))


def n_readable(cells: pa.Array, form: NumberFormat) -> int:
    """Return how many of some stripped texts are numbers of this format."""
    is_good = _matches(_bare(cells, form), form)
    folded = pc.utf8_lower(cells)
    return int(pc.sum(pc.or_(is_good, pc.is_in(folded, value_set=INFINITE_SET))).as_py() or 0)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether an array of this type holds text."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    )


def without_grouping(form: NumberFormat) -> NumberFormat:
    """Return the format with no mark allowed between groups of digits."""
    return replace(form, thousands="")


def _normal(text: pa.Array, form: NumberFormat) -> tuple[pa.Array, pa.Array]:
    """Return where numbers of the format stand, and these as Python writes them."""
    text = _bare(text, form)
    others = "".join(mark for mark in ",._'’" + SPACES if mark != form.decimal)
    digits = pc.replace_substring_regex(text, f"[{others}]", "")
    digits = pc.replace_substring(digits, form.decimal, ".") if form.decimal != "." else digits
    # Fortran has a D where others have an E.
    return _matches(text, form), pc.replace_substring_regex(digits, "[dD]", "e")


def _bare(text: pa.Array, form: NumberFormat) -> pa.Array:
    """Return texts without the signs that the format has around its numbers."""
    text = pc.replace_substring(text, "−", "-")
    if form.is_percent:
        has_sign = pc.ends_with(text, "%")
        text = pc.if_else(has_sign, pc.utf8_rtrim(text, characters="%" + SPACES), "?")
    if form.is_decorated:
        edge = f"[{SPACES}]*(?:{CURRENCY})[{SPACES}]*"
        text = pc.replace_substring_regex(text, f"^([+(-]?){edge}", "\\1")
        text = pc.replace_substring_regex(text, f"{edge}(\\)?)$", "\\1")
        text = pc.replace_substring_regex(text, "^\\(([^+()-]*)\\)$", "-\\1")
    return text


def _matches(bare: pa.Array, form: NumberFormat) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(bare, form.pattern()), False)


def _regrouped(text: pa.Array, is_good: pa.Array, form: NumberFormat) -> NDArray[np.bool_] | None:
    if form.is_grouped or form.thousands is not None:
        return None
    strict = without_grouping(form)
    is_strict = _matches(_bare(text, strict), strict)
    return _as_mask(pc.and_not(is_good, is_strict))


def _cast(text: pa.Array) -> NDArray[np.float64] | None:
    try:
        values = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None
    return np.array(values.to_numpy(zero_copy_only=False), np.float64)


def _cast_singly(text: pa.Array) -> NDArray[np.float64]:
    return np.array([np.nan if cell is None else float(cell) for cell in text.to_pylist()])


def _truth(text: pa.Array) -> Numbers:
    word = pc.utf8_lower(text)
    is_true, is_false = (_as_mask(pc.is_in(word, value_set=s)) for s in (TRUE_SET, FALSE_SET))
    values = np.where(is_true, 1.0, np.where(is_false, 0.0, np.nan))
    return Numbers(values, ~(is_true | is_false | _as_mask(pc.is_null(text))))


def _typed(cells: pa.Array) -> Numbers:
    if pa.types.is_boolean(cells.type):
        cells = pc.cast(cells, pa.uint8())
    values = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return Numbers(np.asarray(values, np.float64), np.zeros(len(values), np.bool_))


def _as_mask(flags: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(flags.to_numpy(zero_copy_only=False), np.bool_)
