"""Lines as records of cells, with what is wrong with a line told apart from the rest."""

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple

# A quoted cell may hold line ends; one that goes on longer is a quote that was never closed.
MAX_RECORD_LINES = 100
BLANK_RUNS = re.compile(r"[ \t]+")


class Record(NamedTuple):
    """The cells of a record, None if a quote stays open, and the lines it covers."""

    at: int
    n_lines: int
    cells: list[str] | None


def cells_of(line: str, delimiter: str, quote: str) -> list[str]:
    """Return the cells of a record; a space as delimiter stands for any run of blanks.

    Raises csv.Error if a quote is not closed.

    Examples
    --------
    >>> cells_of('a,"b,c"', ",", '"')
    ['a', 'b,c']
    """
    if delimiter == " ":
        line = BLANK_RUNS.sub(" ", line.strip())
    if quote not in line:
        return line.split(delimiter)
    try:
        return _quoted_cells(line, delimiter, quote, strict=True)
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise
        return _quoted_cells(line, delimiter, quote, strict=False)


def split_records(
    lines: list[str], delimiter: str, quote: str, n_columns: int | None = None
) -> Iterator[Record]:
    """Yield the records of `lines`, joining lines only where a quoted cell spans them.

    Lines are joined if that makes `n_columns` cells (None: as many as the record before):
    a quote left open costs its own line and no other.
    """
    i, n_cells = 0, n_columns
    while i < len(lines):
        try:
            record = Record(i, 1, cells_of(lines[i], delimiter, quote))
        except csv.Error:
            record = _joined(lines, i, delimiter, quote, n_cells)
        if n_columns is None and record.cells is not None:
            n_cells = len(record.cells)
        yield record
        i += record.n_lines


def _joined(
    lines: list[str], start: int, delimiter: str, quote: str, n_cells: int | None
) -> Record:
    broken = Record(start, 1, None)
    last = min(len(lines), start + MAX_RECORD_LINES)
    closing = (i for i in range(start + 1, last) if lines[i].count(quote) % 2)
    stop = next(closing, None)
    if stop is None:
        return broken
    try:
        # Strict: a quote that is not closed right before a delimiter closes nothing.
        text = "\n".join(lines[start : stop + 1])
        cells = _quoted_cells(text, delimiter, quote, strict=True)
    except csv.Error:
        return broken
    if n_cells is not None and len(cells) != n_cells:
        return broken
    return Record(start, stop + 1 - start, cells)


def _quoted_cells(line: str, delimiter: str, quote: str, strict: bool) -> list[str]:
    reader = csv.reader(
        [part + "\n" for part in line.split("\n")],
        delimiter=delimiter,
        quotechar=quote,
        strict=strict,
        skipinitialspace=delimiter != " ",
    )
    return next(reader, [])
