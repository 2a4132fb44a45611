"""Rows of a format that is no delimited text, written as the CSV text that the reader expects."""

import csv
import io
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, BinaryIO

DELIMITER = ","
BLOCK_CHARACTERS = 2**18
Read = Callable[[int], bytes]
"""Reads about as many bytes of UTF-8; no bytes mean the end."""
OpenReader = Callable[[], AbstractContextManager[Read]]
"""Opens a text from its beginning."""


class RenderedText:
    r"""A table of another format as CSV text in UTF-8, with the methods of a path that are needed.

    Each line holds one row, so that line numbers are row numbers. A workbook or a JSON file that
    is read in this way has the same columns, dates, missing values and notes as the CSV file that
    is exported from it.

    Parameters
    ----------
    name : str
        The name of the table in messages.
    render : callable
        Returns a generator of blocks of the text as bytes; called at each opening.
    notes : list of str, optional
        What was detected and assumed about the file, for users.
    has_header : bool, optional
        Whether the first line holds the names of the columns; None (the default) detects it.
    delimiter : str, default ","
        The character between cells.
    sheets : list of str, optional
        The sheets of the workbook or the tables of the database, of which this is one.

    Examples
    --------
    >>> text = RenderedText("t", lambda: (block for block in [b"x,y", b"\n1,2"]))
    >>> text.open().read()
    b'x,y\n1,2'
    """

    def __init__(
        self,
        name: str,
        render: Callable[[], Generator[bytes, None, None]],
        notes: Sequence[str] = (),
        has_header: bool | None = None,
        delimiter: str = DELIMITER,
        sheets: Sequence[str] = (),
    ) -> None:
        self.name, self.notes, self.has_header = name, list(notes), has_header
        self.delimiter, self.sheets = delimiter, list(sheets)
        self._render = render

    def open(self, mode: str = "rb") -> BinaryIO:
        """Return a file that reads the text from the beginning."""
        return io.BufferedReader(_BlockReader(self._render()), 2**20)


class _BlockReader(io.RawIOBase):
    """Reads the blocks of a generator; closing it closes the generator."""

    def __init__(self, blocks: Generator[bytes, None, None]) -> None:
        self._blocks = blocks
        self._block = memoryview(b"")
        self._n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._block:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._block = memoryview(block)
        n_bytes = min(len(buffer), len(self._block))
        buffer[:n_bytes] = self._block[:n_bytes]
        self._block = self._block[n_bytes:]
        self._n_read += n_bytes
        return n_bytes

    def tell(self) -> int:
        return self._n_read

    def close(self) -> None:
        with suppress(ValueError):  # the generator is running in another thread
            self._blocks.close()
        super().close()


def write_rows(rows: Iterable[Sequence[str]]) -> Generator[bytes, None, None]:
    r"""Yield rows of cells as blocks of CSV text.

    A line end in a cell becomes a blank. A row without any content becomes a blank line, which is
    no row.

    Examples
    --------
    >>> list(write_rows([["x", "y"], ["1,5", "a\nb"], ["", ""], ["", "2"]]))
    [b'x,y\n"1,5",a b\n\n,2\n']
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=DELIMITER, lineterminator="\n")
    for row in rows:
        if any(row):
            writer.writerow([clean_cell(cell) for cell in row])
        else:
            text.write("\n")
        if text.tell() > BLOCK_CHARACTERS:
            yield text.getvalue().encode("utf-8", "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def clean_cell(cell: str) -> str:
    """Return the text of a cell without line ends and zero bytes."""
    if "\n" in cell or "\r" in cell or "\0" in cell:
        return cell.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\0", "")
    return cell
