"""What each column of a table holds, estimated from its first rows."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.support.text import make_printable
from clusterer.tables.columns.cells import DATE_PATTERN, FALSE_WORDS, TRUE_WORDS
from clusterer.tables.columns.meanings import DATE_NAME, ID_NAME, doubtful_value, epoch, is_id
from clusterer.tables.columns.number_formats import NumberStyle, Reading, reads_groups
from clusterer.tables.columns.numbers import NumberFormat, converted, is_text, stripped
from clusterer.tables.limits import LARGEST_NUMBER

Kind = Literal["number", "boolean", "date", "text", "id", "constant", "empty"]
# A column of numbers may have some cells that are none: those rows are dropped and counted.
MIN_SHARE = 0.9
# A column with more gaps than values would cost most of the rows.
MAX_MISSING_SHARE = 0.5
UUID = r"(?i)^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$"
COMPACT_DATE = r"^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[T ]?\d{2,6})?$"
EXACT = 2.0**53


@dataclass(frozen=True)
class Column:
    """A column of a table, as its first rows show it.

    Parameters
    ----------
    name : str
        Its name, unique in the table and without control characters.
    kind : str
        One of "number", "boolean", "date", "text", "id", "constant", "empty".
    usable : bool
        Whether its values can be features: numbers, also ids, times and constants that are
        numbers, booleans as 0 and 1.
    n_missing_share : float
        The share of missing values, 0 to 1.
    minimum, maximum, mean, std : float
        Of its finite values; NaN for columns without numbers.
    example : str
        The first value that is not missing, as it is written.
    note : str
        What is special about the column; empty if nothing is.
    """

    name: str
    kind: Kind
    usable: bool
    n_missing_share: float
    minimum: float
    maximum: float
    mean: float
    std: float
    example: str
    note: str = ""


class Sampled(NamedTuple):
    """A column with the format of its numbers (None: it has none) and if they are whole."""

    column: Column
    form: NumberFormat | None
    is_whole: bool


@dataclass(frozen=True)
class _Finding:
    kind: Kind
    form: NumberFormat | None
    values: NDArray[np.float64]
    note: str = ""


def sampled_column(name: str, cells: pa.Array, style: NumberStyle, is_unnamed: bool) -> Sampled:
    """Return what the sample `cells` of a column tells about it."""
    text, is_missing = stripped(pc.cast(cells, pa.string())) if is_text(cells.type) else (
        cells, pc.is_null(cells, nan_is_null=True),
    )  # fmt: skip
    present = text.filter(pc.invert(is_missing))
    finding = _finding(name, cells, present, style, is_unnamed)
    share = 1.0 - len(present) / max(1, len(cells))
    finite = finding.values[np.abs(finding.values) <= LARGEST_NUMBER]
    column = Column(
        name=name,
        kind=finding.kind,
        usable=finding.form is not None,
        n_missing_share=share,
        example=make_printable(present[0].as_py(), 100) if len(present) else "",
        note=_with_share(finding, share),
        **_statistics(finite),
    )
    is_whole = bool(finite.size) and bool(
        np.all(finite == np.floor(finite)) and np.abs(finite).max() < EXACT
    )
    return Sampled(column, finding.form, is_whole)


def _with_share(finding: _Finding, share: float) -> str:
    if finding.kind != "number" or share <= MAX_MISSING_SHARE:
        return finding.note
    told = f"{share:.0%} of its values are missing: no feature unasked"
    return f"{finding.note}; {told}" if finding.note else told


def _statistics(finite: NDArray[np.float64]) -> dict[str, float]:
    if not finite.size:
        return dict.fromkeys(("minimum", "maximum", "mean", "std"), float("nan"))
    # Scaled, because squares of 1e300 overflow and those of 1e-300 vanish.
    scale = float(np.abs(finite).max()) or 1.0
    mean, std = float(np.mean(finite / scale)), float(np.std(finite / scale))
    minimum, maximum = float(finite.min()), float(finite.max())
    return {"minimum": minimum, "maximum": maximum, "mean": mean * scale, "std": std * scale}


def _finding(
    name: str, cells: pa.Array, present: pa.Array, style: NumberStyle, is_unnamed: bool
) -> _Finding:
    nothing = np.empty(0)
    if not len(present):
        return _Finding("empty", None, nothing, "no values")
    if not is_text(cells.type):
        return _typed_finding(name, cells, present, is_unnamed)
    if DATE_NAME.search(name) and pc.all(pc.match_substring_regex(present, COMPACT_DATE)).as_py():
        return _Finding("date", None, nothing, "a date or time, no feature")
    reading = style.format_of(present)
    share = reading.share
    if share >= MIN_SHARE:
        return _number_finding(name, present, reading, is_unnamed)
    distinct = {str(value).casefold() for value in pc.unique(present).to_pylist()[:5000]}
    words = TRUE_WORDS | FALSE_WORDS
    is_pair = len(distinct) == 2 or distinct <= {"true", "false", "yes", "no"}
    if distinct <= words and is_pair:
        words_form = NumberFormat(is_boolean=True)
        values = converted(cells, words_form).values
        return _Finding("boolean", words_form, values, "yes and no count as 1 and 0")
    if pc.sum(pc.match_substring_regex(present, DATE_PATTERN)).as_py() >= MIN_SHARE * len(present):
        return _Finding("date", None, nothing, "a date or time, no feature")
    if pc.all(pc.match_substring_regex(present, UUID)).as_py():
        return _Finding("id", None, nothing, "an identifier")
    if ID_NAME.fullmatch(name) and len(distinct) == len(present) > 2:
        return _Finding("id", None, nothing, "an identifier")
    if len(distinct) == 1 and len(present) > 2:
        return _Finding("constant", None, nothing, "one text only")
    example = make_printable(present[0].as_py(), 30)
    if share >= 0.3:
        note = f"taken as text: only {share:.0%} of its values are numbers; the first is {example}"
        return _Finding("text", None, nothing, note)
    return _Finding("text", None, nothing, f"text, such as {example}")


def _typed_finding(name: str, cells: pa.Array, present: pa.Array, is_unnamed: bool) -> _Finding:
    kind = cells.type
    if pa.types.is_temporal(kind):
        return _Finding("date", None, np.empty(0), "a date or time, no feature")
    if pa.types.is_boolean(kind):
        values = converted(present, NumberFormat()).values
        return _Finding("boolean", NumberFormat(), values, "true and false count as 1 and 0")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _number_finding(
            name, present, Reading(NumberFormat(), 1.0, is_evident=True), is_unnamed
        )
    return _Finding("text", None, np.empty(0), f"of type {kind}, which is no number")


def _number_finding(name: str, present: pa.Array, reading: Reading, unnamed: bool) -> _Finding:
    example = None if reading.is_evident else reads_groups(present, reading.form)
    form = replace(reading.form, is_grouped=example is not None)
    if reading.is_evident:
        # It was stripped and looked through already.
        values = pc.cast(present, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    else:
        values = converted(present, form).values
    finite = values[np.isfinite(values)]
    if is_id(name, present, finite, unnamed):
        word = "numbers of rows" if unnamed else "an identifier"
        return _Finding("id", form, values, word)
    unit = epoch(name, finite)
    if unit:
        return _Finding("date", form, values, f"a time in {unit}, no feature unasked")
    notes = _number_notes(present, reading, finite, example)
    if finite.size > 1 and finite.min() == finite.max():
        return _Finding("constant", form, values, "; ".join(["one value only", *notes]))
    return _Finding("number", form, values, "; ".join(notes))


def _number_notes(
    present: pa.Array, reading: Reading, finite: NDArray[np.float64], example: str | None
) -> list[str]:
    notes, form = [], reading.form
    if form.is_percent:
        notes.append("percent signs are dropped, 5% is 5")
    if form.is_decorated:
        notes.append("currency signs and parentheses are dropped")
    if reading.is_assumed and example is None:
        example = str(present.filter(pc.match_substring_regex(present, "[,.]"))[0].as_py())
    if example is not None:
        other = "," if form.decimal == "." else "."
        doubt = f" (assumed: else choose decimal {other!r})" if reading.is_assumed else ""
        notes.append(f"{make_printable(example)} is read as {_plain(example, form)}{doubt}")
    if reading.share < 1:
        notes.append(f"{1 - reading.share:.1%} of its values are no numbers: such rows are dropped")
    notes += filter(None, [doubtful_value(finite)])
    if finite.size and np.abs(finite).max() > EXACT and _has_long_digits(present):
        notes.append("whole numbers beyond 2^53 are rounded")
    return notes


def _has_long_digits(present: pa.Array) -> bool:
    if is_text(present.type):
        return bool(pc.any(pc.match_substring_regex(present, "^[+-]?\\d{16,}$")).as_py())
    return bool(pa.types.is_integer(present.type))


def _plain(example: str, form: NumberFormat) -> str:
    return f"{converted(pa.array([example]), form).values[0]:.15g}"
