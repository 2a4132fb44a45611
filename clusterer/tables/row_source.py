"""The contract between the file formats and `Table`: a sample at first, then batches of rows."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import NumberFormat


@dataclass(frozen=True)
class ColumnRequest:
    """A column to read: its index, and the format of its numbers (None: read it as text)."""

    index: int
    number_format: NumberFormat | None


@dataclass
class RowBatch:
    """Consecutive rows of a table.

    Parameters
    ----------
    columns : list of pyarrow arrays
        One array per request.
    n_rows : int
        The number of rows.
    line_numbers : array (n_rows,) of int64, optional
        The line of each row, from 1; None where the source does not know it.
    malformed_lines : list of int
        The numbers of the lines that are no rows.
    header_lines : list of int
        The numbers of the lines that repeat the header.
    n_comments : int
        The number of comment lines.
    n_recoded : int
        The number of lines that were not UTF-8 and were read as Windows-1252.
    """

    columns: list[pa.Array]
    n_rows: int
    line_numbers: NDArray[np.int64] | None = None
    malformed_lines: list[int] = field(default_factory=list)
    header_lines: list[int] = field(default_factory=list)
    n_comments: int = 0
    n_recoded: int = 0


# A generator has `close`, which closes the file.
RowBatches = Generator[RowBatch, None, None]


@dataclass
class TableSample:
    """The first rows of a table with all columns.

    Parameters
    ----------
    raw_names : tuple of str or None
        The names as they are written; None if the table has no header.
    columns : list of pyarrow arrays
        One array per column.
    n_rows : int
        The number of rows in the sample.
    notes : list of str
        What was detected and assumed about the file, for users.
    delimiter : str, default ","
        The character between cells.
    is_all : bool, default False
        Whether the sample is the whole table.
    is_repeatable : bool, default True
        Whether the rows can be read more than once; not those of a pipe.
    is_text : bool, default False
        Whether all cells are text, so that rows of totals are likely; columnar files have none.
    unread : frozenset of int
        The columns whose values cannot be read, such as lists; the sample has no values of them.
    sheets : sequence of str
        The sheets of a workbook or the tables of a database, of which one is read.
    """

    raw_names: tuple[str, ...] | None
    columns: list[pa.Array]
    n_rows: int
    notes: list[str]
    delimiter: str = ","
    is_all: bool = False
    is_repeatable: bool = True
    is_text: bool = False
    unread: frozenset[int] = frozenset()
    sheets: Sequence[str] = ()


class RowSource(Protocol):
    """A file whose rows can be read any number of times."""

    sample: TableSample

    def read_rows(self, requests: Sequence[ColumnRequest]) -> RowBatches:
        """Yield all rows from the first on, with the requested columns."""
