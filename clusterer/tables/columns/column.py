"""The kind of a column, inferred from its first rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clusterer.preprocessing.logarithm import Logarithm, measure_logarithm
from clusterer.support.text import make_printable
from clusterer.tables.columns.dates import (
    CLOCK_NAME,
    UNITS,
    TimeFormat,
    are_compact_dates,
    are_dates,
    are_in_order,
    detect_date_format,
    find_clock_unit,
    find_epoch_unit,
)
from clusterer.tables.columns.identifiers import (
    are_numbers_ids,
    are_texts_ids,
    find_counter_step,
)
from clusterer.tables.columns.notations import NOTATIONS, find_example
from clusterer.tables.columns.number_formats import (
    MIN_START_SHARE,
    DetectedFormat,
    NumberFormatDetector,
    find_grouped_number,
)
from clusterer.tables.columns.numbers import NumberFormat, is_text, parse_numbers, strip_cells
from clusterer.tables.columns.sentinels import describe_sentinel
from clusterer.tables.columns.words import FALSE_WORDS, TRUE_WORDS
from clusterer.tables.limits import LARGEST_NUMBER

Kind = Literal["number", "boolean", "date", "text", "id", "constant", "empty"]
# A column of numbers may contain some other cells; their rows are dropped and counted.
MIN_NUMBER_SHARE = 0.9
# Between this share and `MIN_NUMBER_SHARE` a few words among the numbers count as missing.
MIN_WORDY_SHARE = 0.5
MAX_WORDS = 10
# Notations of values beyond a limit of detection, and their first signs.
LIMITS, LIMIT_MARKS = ("below", "above"), "<≤‹>≥›"
# A feature with more missing values would drop most of the rows.
MAX_MISSING_SHARE = 0.5
# From this share on the note of a column of text tells that some values are numbers.
MIN_MIXED_SHARE = MIN_START_SHARE
N_DISTINCT = 5000
MAX_EXACT = 2.0**53


@dataclass(frozen=True)
class Column:
    """A column of a table, estimated from its first rows.

    Parameters
    ----------
    name : str
        The name, unique in the table and without control characters.
    kind : str
        One of "number", "boolean", "date", "text", "id", "constant", "empty".
    usable : bool
        Whether the values can be features: numbers, booleans as 0 and 1, and also ids, times and
        constants that are numbers.
    n_missing_share : float
        The share of missing values, 0 to 1.
    minimum, maximum, mean, std : float
        Of the finite values; NaN for columns without numbers.
    example : str
        The first value that is not missing, as it is written.
    note : str
        What was assumed about the column; empty if there is nothing to tell.
    words : tuple of str
        Words and detection limits among the numbers that the user may want to count as missing, the
        most common first; empty if there are none, or many.
    logarithm : Logarithm or None
        What is known about the logarithms of the values; None for columns without numbers other
        than 0.
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
    words: tuple[str, ...] = ()
    logarithm: Logarithm | None = None


class InferredColumn(NamedTuple):
    """A column and what reading it needs.

    Parameters
    ----------
    column : Column
        What users see.
    number_format : NumberFormat or None
        The format of the numbers; None if the column holds no numbers.
    is_whole : bool
        Whether all numbers are whole.
    time_format : TimeFormat or None
        The format of the times of a column of dates.
    is_counter : bool
        Whether the numbers only count the rows.
    lacking : array of bool
        The rows of the sample without a value.
    """

    column: Column
    number_format: NumberFormat | None
    is_whole: bool
    time_format: TimeFormat | None
    is_counter: bool
    lacking: NDArray[np.bool_]


@dataclass(frozen=True)
class _Inference:
    kind: Kind
    number_format: NumberFormat | None = None
    values: NDArray[np.float64] | None = None
    note: str = ""
    time_format: TimeFormat | None = None
    is_counter: bool = False
    words: tuple[str, ...] = ()


def infer_column(
    name: str,
    cells: pa.Array,
    detector: NumberFormatDetector,
    is_unnamed: bool,
    is_day_first: bool | None = None,
) -> InferredColumn:
    """Return what the sample `cells` shows about a column.

    `is_unnamed` tells that the column is the first one and the header has no name for it.
    `is_day_first` is the user's choice for dates such as 5/4/2024.
    """
    evident = detector.detect_evident(cells) if is_text(cells.type) else None
    if evident is not None:
        present, lacking = cells, np.zeros(len(cells), np.bool_)
        detected = DetectedFormat(NumberFormat(), 1.0, is_evident=True)
        inference = _infer_number(name, present, detected, is_unnamed, evident)
    else:
        present, lacking = _select_present(cells, detector.missing)
        inference = _infer_kind(name, cells, present, detector, is_unnamed)
    if inference.kind == "date" and is_text(cells.type) and inference.number_format is None:
        inference = _add_date_format(inference, present, detector, is_day_first)
    if inference.number_format is not None and inference.number_format.missing:
        lacking = np.isnan(parse_numbers(cells, inference.number_format).values)
    share = float(lacking.mean()) if len(lacking) else 1.0
    values = np.empty(0) if inference.values is None else inference.values
    finite = values[np.abs(values) <= LARGEST_NUMBER]
    column = Column(
        name=name,
        kind=inference.kind,
        usable=inference.number_format is not None,
        n_missing_share=share,
        example=make_printable(present[0].as_py(), 100) if len(present) else "",
        note=_add_missing_note(inference, share),
        words=inference.words,
        logarithm=measure_logarithm(finite),
        **_compute_statistics(finite),
    )
    is_whole = bool(finite.size) and bool(
        np.all(finite == np.floor(finite)) and np.abs(finite).max() < MAX_EXACT
    )
    return InferredColumn(
        column,
        inference.number_format,
        is_whole,
        inference.time_format,
        inference.is_counter,
        lacking,
    )


def _select_present(cells: pa.Array, missing: Sequence[str]) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return the values that are not missing, stripped, and where a value is missing."""
    if is_text(cells.type):
        text, is_missing = strip_cells(pc.cast(cells, pa.string()), missing)
    else:
        text, is_missing = cells, pc.is_null(cells, nan_is_null=True)
    lacking = np.asarray(is_missing.to_numpy(zero_copy_only=False), np.bool_)
    return text.filter(pc.invert(is_missing)), lacking


def _infer_kind(
    name: str,
    cells: pa.Array,
    present: pa.Array,
    detector: NumberFormatDetector,
    is_unnamed: bool,
) -> _Inference:
    """Try the kinds in order: dates of digits, numbers, booleans, dates, ids, text."""
    if pa.types.is_nested(cells.type):
        # Lists and records are not read; the cells are placeholders.
        return _Inference("empty", note=f"of type {cells.type}, which is not a type of numbers")
    if not len(present):
        return _Inference("empty", note="no values")
    if not is_text(cells.type):
        return _infer_typed(name, cells, present, is_unnamed)
    if are_compact_dates(name, present):
        return _Inference("date", note="a date or time, no feature")
    detected = detector.detect(present)
    others = _list_others(present, detected)
    if detected.share >= MIN_NUMBER_SHARE:
        return replace(_infer_number(name, present, detected, is_unnamed), words=others)
    if detected.share >= MIN_WORDY_SHARE:
        words = _count_words(present, detected.number_format)
        if words:
            inference = _infer_wordy(name, present, detected, words, is_unnamed)
            counted = {word for word in others if word.lower() in words}
            return replace(inference, words=tuple(each for each in others if each not in counted))
    distinct = {str(value).casefold() for value in pc.unique(present).to_pylist()[:N_DISTINCT]}
    is_pair = len(distinct) == 2 or distinct <= {"true", "false", "yes", "no"}
    if is_pair and distinct <= TRUE_WORDS | FALSE_WORDS:
        boolean = NumberFormat(is_boolean=True)
        values = parse_numbers(cells, boolean).values
        return _Inference("boolean", boolean, values, "yes and no count as 1 and 0")
    if are_dates(present):
        return _Inference("date", note="a date or time, no feature")
    if are_texts_ids(name, present, len(distinct)):
        return _Inference("id", note="an identifier")
    if len(distinct) == 1 and len(present) > 2:
        return _Inference("constant", note="the same text in every row")
    example = make_printable(present[0].as_py(), 30)
    if detected.share >= MIN_MIXED_SHARE:
        return _Inference(
            "text",
            note=f"read as text: only {detected.share:.0%} of the values are numbers; the first "
            f"value is {example}",
            words=others,
        )
    return _Inference("text", note=f"text, such as {example}")


def _count_words(present: pa.Array, number_format: NumberFormat) -> dict[str, int]:
    """Return the words among numbers and their counts; none if there are many or with digits."""
    unreadable = parse_numbers(present, number_format).unreadable
    counted = pc.value_counts(pc.utf8_lower(present.filter(pa.array(unreadable))))
    words = {str(item["values"]): int(item["counts"].as_py()) for item in counted}
    is_few = len(words) <= MAX_WORDS and not any(any(map(str.isdigit, word)) for word in words)
    return dict(sorted(words.items(), key=lambda item: -item[1])) if is_few else {}


def _list_others(present: pa.Array, detected: DetectedFormat) -> tuple[str, ...]:
    """Return the words and the limits among numbers, the most common first; none if many."""
    limits = [name for name in LIMITS if name in detected.number_format.notations]
    if detected.share < MIN_MIXED_SHARE or (detected.share == 1 and not limits):
        return ()
    is_other = parse_numbers(present, detected.number_format).unreadable
    for name in limits:
        is_limit = pc.match_substring_regex(present, NOTATIONS[name].pattern)
        is_other |= np.asarray(is_limit.to_numpy(zero_copy_only=False), np.bool_)
    first = {text.lower(): text for text in reversed(present.to_pylist())}
    counts = Counter(text.lower() for text in present.filter(pa.array(is_other)).to_pylist())
    words = [
        first[word]
        for word, _ in counts.most_common()
        if word[0] in LIMIT_MARKS or not any(map(str.isdigit, word))
    ]
    return tuple(words) if len(words) <= MAX_WORDS else ()


def _infer_wordy(
    name: str,
    present: pa.Array,
    detected: DetectedFormat,
    words: dict[str, int],
    is_unnamed: bool,
) -> _Inference:
    """Infer a column of numbers in which a few words stand for missing values."""
    number_format = replace(
        detected.number_format, missing=(*detected.number_format.missing, *words)
    )
    is_word = pc.is_in(pc.utf8_lower(present), value_set=pa.array(list(words)))
    numbers = present.filter(pc.invert(is_word))
    inference = _infer_number(
        name, numbers, detected._replace(number_format=number_format, share=1.0), is_unnamed
    )
    listed = ", ".join(f"{make_printable(word, 20)} ({n:,} times)" for word, n in words.items())
    note = f"{1 - detected.share:.0%} of the values are words and count as missing: {listed}"
    return replace(inference, note="; ".join(filter(None, [note, inference.note])))


def _add_date_format(
    inference: _Inference,
    present: pa.Array,
    detector: NumberFormatDetector,
    is_day_first: bool | None,
) -> _Inference:
    """Add how the dates are written, and a note about their order."""
    words = present.to_pylist()
    time_format = detect_date_format(words, is_day_first)
    if time_format is None:
        return inference
    if time_format.is_assumed and detector.has_decimal_comma:
        # No country that writes the month first has a decimal comma.
        day_first = detect_date_format(words, is_day_first=True)
        time_format = (day_first or time_format)._replace(is_assumed=True)
    note, first = inference.note, time_format.first_part
    if time_format.is_clock:
        note = "a time of the day, no feature"
    example = make_printable(time_format.find_example(words), 30) if first else ""
    # A year of four digits is evident.
    if first and not example[:4].isdecimal():
        note += f"; the {first} comes first in dates such as {example}"
        if time_format.is_assumed:
            choice = "False" if first == "day" else "True"
            note += f" (assumed: else choose day_first {choice})"
    return replace(inference, note=note, time_format=time_format)


def _infer_typed(name: str, cells: pa.Array, present: pa.Array, is_unnamed: bool) -> _Inference:
    """Infer the kind of a column of Parquet with a type other than text."""
    kind = cells.type
    if pa.types.is_temporal(kind):
        return _Inference("date", note="a date or time, no feature")
    if pa.types.is_boolean(kind):
        values = parse_numbers(present, NumberFormat()).values
        return _Inference("boolean", NumberFormat(), values, "true and false count as 1 and 0")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        detected = DetectedFormat(NumberFormat(), 1.0, is_evident=True)
        return _infer_number(name, present, detected, is_unnamed)
    return _Inference("text", note=f"of type {kind}, which is not a type of numbers")


def _infer_number(
    name: str,
    present: pa.Array,
    detected: DetectedFormat,
    is_unnamed: bool,
    values: NDArray[np.float64] | None = None,
) -> _Inference:
    """Infer the kind of a column of numbers; `values` are given if they are known."""
    grouped = None
    if not detected.is_evident:
        grouped = find_grouped_number(present, detected.number_format)
    number_format = replace(detected.number_format, is_grouped=grouped is not None)
    if values is not None:
        pass
    elif detected.is_evident and not number_format.missing:
        # `detect` has already tried this cast.
        values = pc.cast(present, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    else:
        values = parse_numbers(present, number_format).values
    finite = values[np.isfinite(values)]
    unit = find_epoch_unit(name, finite)
    if unit:
        note = f"a time in {unit}, a feature only if you choose it"
        time_format = TimeFormat(number_format=number_format, unit=unit)
        return _Inference("date", number_format, values, note, time_format)
    unit = find_clock_unit(name, present, finite)
    if unit:
        note = f"a time of the day in {unit}, a feature only if you choose it"
        is_ordered = are_in_order(UNITS[unit](finite))
        time_format = TimeFormat(
            number_format=number_format, unit=unit, is_clock=True, is_ordered=is_ordered
        )
        return _Inference("date", number_format, values, note, time_format)
    if are_numbers_ids(name, present, finite, is_unnamed):
        note = "row numbers" if is_unnamed else "an identifier"
        return _Inference("id", number_format, values, note)
    step = find_counter_step(name, finite, bool(CLOCK_NAME.search(name)))
    if step is not None:
        note = f"counts by {step:.6g} from row to row: a feature only if you choose it"
        return _Inference("id", number_format, values, note, is_counter=True)
    notes = _write_number_notes(present, detected, finite, grouped)
    if finite.size > 1 and finite.min() == finite.max():
        note = "; ".join(["the same value in every row", *notes])
        return _Inference("constant", number_format, values, note)
    return _Inference("number", number_format, values, "; ".join(notes))


def _write_number_notes(
    present: pa.Array, detected: DetectedFormat, finite: NDArray[np.float64], example: str | None
) -> list[str]:
    notes, number_format = [], detected.number_format
    if number_format.unit:
        unit = number_format.unit
        notes.append(
            "percent signs are dropped, 5% is 5"
            if unit == "%"
            else f"the unit {make_printable(unit)} behind the numbers is dropped"
        )
    for name in number_format.notations:
        cell = find_example(present, name)
        if cell is not None:
            notes.append(NOTATIONS[name].note.format(make_printable(cell, 30)))
    if number_format.is_decorated:
        notes.append("currency signs and parentheses are dropped")
    if detected.is_assumed and example is None:
        # A cell of a mark alone is no number, and counts as missing.
        marked = present.filter(pc.match_substring_regex(present, "[,.]"))
        example = str(marked[0].as_py()) if len(marked) else None
    if example is not None:
        other = "," if number_format.decimal == "." else "."
        hint = f" (assumed: else choose decimal {other!r})" if detected.is_assumed else ""
        value = f"{parse_numbers(pa.array([example]), number_format).values[0]:.15g}"
        notes.append(f"{make_printable(example)} is read as {value}{hint}")
    if detected.share < 1:
        share = f"{1 - detected.share:.1%}"
        notes.append(f"{share} of the values are not numbers: their rows are dropped")
    notes += filter(None, [describe_sentinel(finite)])
    if finite.size and np.abs(finite).max() > MAX_EXACT and _has_long_digits(present):
        notes.append("whole numbers beyond 2^53 are rounded")
    return notes


def _has_long_digits(present: pa.Array) -> bool:
    if is_text(present.type):
        return bool(pc.any(pc.match_substring_regex(present, "^[+-]?\\d{16,}$")).as_py())
    return bool(pa.types.is_integer(present.type))


def _add_missing_note(inference: _Inference, share: float) -> str:
    if inference.kind != "number" or share <= MAX_MISSING_SHARE:
        return inference.note
    note = f"{share:.0%} of the values are missing: a feature only if you choose it"
    return f"{inference.note}; {note}" if inference.note else note


def _compute_statistics(finite: NDArray[np.float64]) -> dict[str, float]:
    if not finite.size:
        return dict.fromkeys(("minimum", "maximum", "mean", "std"), float("nan"))
    # Scaled, because squares of 1e300 overflow and squares of 1e-300 underflow.
    scale = float(np.abs(finite).max()) or 1.0
    mean, std = float(np.mean(finite / scale)), float(np.std(finite / scale))
    minimum, maximum = float(finite.min()), float(finite.max())
    return {"minimum": minimum, "maximum": maximum, "mean": mean * scale, "std": std * scale}
