"""All rows of a table with all columns, also the rows that cannot be points."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.support.text import join_names, make_printable
from clusterer.tables.columns.numbers import parse_numbers
from clusterer.tables.limits import LARGEST_NUMBER
from clusterer.tables.row_source import RowBatch
from clusterer.tables.rows.points import Feature, PointConverter, RowNumbers

N_NAMED = 3
TOTAL = "it sums up other rows"
MALFORMED = "the line has not the number of cells that the table has columns"


class TableRows(NamedTuple):
    """Consecutive rows of a table.

    Parameters
    ----------
    columns : dict of str to pyarrow arrays (n,)
        All columns by their names, as the file holds them; text of a text file stays text.
    numbers : array (n,) of int64
        The numbers of the rows, from 1.
    points : array (m, d) of float64
        The points of the rows that can be used.
    is_used : array (n,) of bool
        Which rows these are.
    reasons : list of str
        Why each of the n - m other rows cannot be used.
    """

    columns: dict[str, pa.Array]
    numbers: NDArray[np.int64]
    points: NDArray[np.float64]
    is_used: NDArray[np.bool_]
    reasons: list[str]


class AllRowsReader:
    """Converts batches that hold all columns of a table.

    Parameters
    ----------
    names : sequence of str
        The names of the columns of a batch.
    features : sequence of Feature
        The columns that make up the points.
    converter : PointConverter
        The converter for these features.
    row_names : str, optional
        The column by which the converter recognises totals.
    """

    def __init__(
        self,
        names: Sequence[str],
        features: Sequence[Feature],
        converter: PointConverter,
        row_names: str | None,
    ) -> None:
        self._names, self._features, self._converter = list(names), features, converter
        needed = [each.name for each in features] + ([] if row_names is None else [row_names])
        self._places = [self._names.index(name) for name in needed]
        self._numbers = RowNumbers()
        self._n_before = 0

    def convert(self, batch: RowBatch) -> TableRows:
        """Return the rows of a batch; a malformed line is a row without cells."""
        chosen = replace(batch, columns=[batch.columns[place] for place in self._places])
        points, kept = self._converter.convert(chosen)
        is_kept = np.ones(batch.n_rows, np.bool_) if kept is None else kept
        numbers = self._numbers.number(batch).astype(np.int64)
        n_rows = batch.n_rows + len(batch.malformed_lines)
        places = numbers - self._n_before - 1
        self._n_before += n_rows
        is_used = np.zeros(n_rows, np.bool_)
        is_used[places] = is_kept
        dropped = explain_drops(chosen, self._features, ~is_kept)
        explained = dict(zip(places[~is_kept].tolist(), dropped, strict=True))
        reasons = [explained.get(i, MALFORMED) for i in np.flatnonzero(~is_used).tolist()]
        columns = batch.columns
        if n_rows > batch.n_rows:
            sources = np.full(n_rows, -1)
            sources[places] = np.arange(batch.n_rows)
            indices = pa.array(sources, mask=sources < 0)
            columns = [column.take(indices) for column in columns]
        return TableRows(
            dict(zip(self._names, columns, strict=True)),
            np.arange(self._n_before - n_rows + 1, self._n_before + 1),
            points,
            is_used,
            reasons,
        )


def explain_drops(
    batch: RowBatch, features: Sequence[Feature], is_dropped: NDArray[np.bool_]
) -> Iterator[str]:
    """Yield why each dropped row of a batch, whose first columns are the features, is no point.

    Examples
    --------
    >>> from clusterer.tables.columns.numbers import NumberFormat
    >>> age = Feature("age", NumberFormat(), 0.0)
    >>> batch = RowBatch([pa.array(["", "x", "1e999", "3"])], 4)
    >>> for reason in explain_drops(batch, [age], np.ones(4, bool)):
    ...     print(reason)
    a value is missing: age
    'x' in age is no number
    a value is infinite: age
    it sums up other rows
    """
    if not is_dropped.any():
        return
    mask = pa.array(is_dropped)
    cells = [batch.columns[j].filter(mask) for j in range(len(features))]
    numbers = [
        parse_numbers(each, feature.number_format)
        for each, feature in zip(cells, features, strict=True)
    ]
    values = np.stack([each.values for each in numbers], axis=1)
    is_unreadable = np.stack([each.unreadable for each in numbers], axis=1)
    is_infinite = np.abs(values) > LARGEST_NUMBER
    is_missing = np.isnan(values) & ~is_unreadable
    names = [make_printable(feature.name, 60) for feature in features]
    for i in range(len(values)):
        if is_unreadable[i].any():
            j = int(is_unreadable[i].argmax())
            yield f"{make_printable(cells[j][i].as_py(), 30)!r} in {names[j]} is no number"
        elif is_infinite[i].any():
            yield f"a value is infinite: {_list_names(names, is_infinite[i])}"
        elif is_missing[i].any():
            yield f"a value is missing: {_list_names(names, is_missing[i])}"
        else:
            yield TOTAL


def _list_names(names: Sequence[str], is_named: NDArray[np.bool_]) -> str:
    return join_names([names[j] for j in np.flatnonzero(is_named).tolist()], N_NAMED)
