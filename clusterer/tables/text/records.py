"""Lines split into records of cells; a malformed line does not affect the other lines."""

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple

# A quoted cell may contain line ends; a quote that spans more lines was never closed.
MAX_RECORD_LINES = 100
BLANK_RUNS = re.compile(r"[ \t]+")


class Record(NamedTuple):
    """A record of a list of lines.

    Parameters
    ----------
    start : int
        The index of the first line of the record.
    n_lines : int
        The number of lines of the record.
    cells : list of str or None
        The cells; None if a quote is never closed.
    """

    start: int
    n_lines: int
    cells: list[str] | None


def split_cells(line: str, delimiter: str, quote: str, escape: str | None = None) -> list[str]:
    """Return the cells of a line; a space as delimiter stands for any run of blanks.

    `escape` is the character before a quote that belongs to a cell; None if quotes are doubled.

    Raises csv.Error if a quote is not closed.

    Examples
    --------
    >>> split_cells('a,"b,c"', ",", '"')
    ['a', 'b,c']
    """
    if delimiter == " ":
        line = BLANK_RUNS.sub(" ", line.strip())
    if quote not in line and (escape is None or escape not in line):
        return line.split(delimiter)
    try:
        return _split_quoted(line, delimiter, quote, escape, strict=True)
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise
        return _split_quoted(line, delimiter, quote, escape, strict=False)


def split_records(
    lines: list[str],
    delimiter: str,
    quote: str,
    n_columns: int | None = None,
    escape: str | None = None,
) -> Iterator[Record]:
    """Yield the records of `lines`; lines are joined only where a quoted cell spans them.

    Lines are joined only if the record then has `n_columns` cells (None: as many as the record
    before). So a quote that is never closed costs one line.
    """
    i, n_cells = 0, n_columns
    while i < len(lines):
        try:
            record = Record(i, 1, split_cells(lines[i], delimiter, quote, escape))
        except csv.Error:
            record = _join_lines(lines, i, (delimiter, quote, escape), n_cells)
        if n_columns is None and record.cells is not None:
            n_cells = len(record.cells)
        yield record
        i += record.n_lines


def _join_lines(
    lines: list[str], start: int, marks: tuple[str, str, str | None], n_cells: int | None
) -> Record:
    delimiter, quote, escape = marks
    malformed = Record(start, 1, None)
    last = min(len(lines), start + MAX_RECORD_LINES)
    escaped = "" if escape is None else escape + quote
    closing = (
        i
        for i in range(start + 1, last)
        if (lines[i].count(quote) - (lines[i].count(escaped) if escaped else 0)) % 2
    )
    stop = next(closing, None)
    if stop is None:
        return malformed
    try:
        # In strict mode only a quote right before a delimiter closes a cell.
        text = "\n".join(lines[start : stop + 1])
        cells = _split_quoted(text, delimiter, quote, escape, strict=True)
    except csv.Error:
        return malformed
    if n_cells is not None and len(cells) != n_cells:
        return malformed
    return Record(start, stop + 1 - start, cells)


def _split_quoted(
    line: str, delimiter: str, quote: str, escape: str | None, strict: bool
) -> list[str]:
    reader = csv.reader(
        [part + "\n" for part in line.split("\n")],
        delimiter=delimiter,
        quotechar=quote,
        escapechar=escape,
        strict=strict,
        skipinitialspace=delimiter != " ",
    )
    return next(reader, [])
