"""The rows of a delimited text: PyArrow reads clean blocks, Python reads the others."""

import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.csv

from clusterer.tables.columns.words import MISSING_WORDS
from clusterer.tables.files.byte_stream import ByteStream, FileStamp, Openable, TextStream
from clusterer.tables.files.encoding import Encoding
from clusterer.tables.limits import Limits
from clusterer.tables.row_source import ColumnRequest, RowBatch, RowBatches, TableSample
from clusterer.tables.text.blocks import Block, read_blocks
from clusterer.tables.text.dialect import Dialect, is_rule
from clusterer.tables.text.header import TableLayout, is_marked_row
from clusterer.tables.text.records import split_records
from clusterer.tables.text.rewriting import NO_REWRITING, Rewriting

ARROW_BLOCK_BYTES = 2**20
# PyArrow refuses a whole block for one malformed line. The block is then cut into pieces, so that
# Python reads only the piece with the malformed line.
N_PIECES = 8
MIN_PIECE_BYTES = 2**14
NULLS = sorted(
    {form for word in MISSING_WORDS for form in (word, word.upper(), word.title())} | {"NaN"}
)
# PyArrow builds a tree of these words for each column, which takes long for many columns.
FEW_NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"]
MANY_COLUMNS = 200


@dataclass(frozen=True)
class TextFile:
    """A text and everything that is needed to open it again.

    Parameters
    ----------
    path : Path, Pipe or RenderedText
        The file.
    name : str
        The name of the table in messages.
    compression : str or None
        As for `ByteStream`.
    encoding : Encoding
        The encoding of the text.
    limits : Limits
        The largest sizes that are read.
    stamp : FileStamp, optional
        The file as it was when it was opened first; None for a pipe.
    rewriting : Rewriting
        What is replaced in the lines.
    """

    path: Openable
    name: str
    compression: str | None
    encoding: Encoding
    limits: Limits
    stamp: FileStamp | None = None
    rewriting: Rewriting = NO_REWRITING

    def read_blocks(self, quote: str = '"') -> Generator[Block, None, None]:
        """Yield the text in blocks of whole lines; closing the generator closes the file.

        Raises TableError if the file was replaced or has become shorter.
        """
        self._check_stamp()
        with ByteStream(self.path, self.name, self.compression, self.limits) as stream:
            text = TextStream(stream, self.encoding)
            for block in read_blocks(text, self.limits.max_line_bytes, quote.encode()):
                yield self.rewriting.rewrite_block(block)
        self._check_stamp()

    def _check_stamp(self) -> None:
        if self.stamp is not None:
            self.stamp.check()


class TextRowSource:
    """The rows of a delimited text with a known dialect and layout."""

    def __init__(
        self, file: TextFile, dialect: Dialect, layout: TableLayout, sample: TableSample
    ) -> None:
        self._file, self._dialect, self._layout = file, dialect, layout
        self.sample = sample

    def read_rows(self, requests: Sequence[ColumnRequest]) -> RowBatches:
        """Yield all rows from the first on, with the requested columns."""
        blocks = self._file.read_blocks(self._dialect.quote)
        try:
            for block in blocks:
                yield from self._read_block(
                    skip_lines(block, self._layout.n_lines_before), requests
                )
        finally:
            blocks.close()

    def _read_block(self, block: Block, requests: Sequence[ColumnRequest]) -> Iterator[RowBatch]:
        batch = None if block.long_lines else self._parse_with_arrow(block, requests)
        if batch is not None:
            yield batch
            return
        # A cut could separate a quoted cell with line ends.
        is_whole = block.long_lines or self._dialect.quote.encode() in block.data
        pieces = [] if is_whole else list(_cut_block(block))
        if len(pieces) > 1:
            for piece in pieces:
                yield from self._read_block(piece, requests)
            return
        indices = [request.index for request in requests]
        yield parse_block(block, self._dialect, self._layout, indices)

    def _parse_with_arrow(self, block: Block, requests: Sequence[ColumnRequest]) -> RowBatch | None:
        """Return the rows of a block, or None if PyArrow could misread a line of it."""
        data, dialect = block.data, self._dialect
        if not data or b"\0" in data or _has_comment(data, dialect.comment_mark):
            return None
        has_quotes = dialect.quote.encode() in data
        if dialect.delimiter == " ":
            if has_quotes:
                return None
            data = _join_blanks(data)
        elif has_quotes and _has_blank_before_quote(data, dialect):
            return None
        try:
            table = self._read_arrow_table(data, requests, has_quotes)
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        # With fewer rows than lines a quote may have swallowed lines.
        if has_quotes and table.num_rows != data.count(b"\n"):
            return None
        columns = [table.column(str(request.index)).combine_chunks() for request in requests]
        batch = RowBatch(columns, table.num_rows)
        if any(column.type == pa.string() for column in columns):
            # Cells of text may turn out not to be numbers, so their line numbers are needed.
            if data.count(b"\n") != batch.n_rows:
                return None
            batch.line_numbers = np.arange(block.first_line, block.first_line + batch.n_rows)
        return batch

    def _read_arrow_table(
        self, data: bytes, requests: Sequence[ColumnRequest], has_quotes: bool
    ) -> pa.Table:
        n_columns = self._layout.n_columns
        formats = [request.number_format for request in requests]
        plain = [each for each in formats if each and each.is_plain]
        decimals = Counter(each.decimal for each in plain).most_common(1)
        decimal = decimals[0][0] if decimals else "."
        types = {
            str(request.index): pa.float64()
            if request.number_format in plain and request.number_format.decimal == decimal
            else pa.string()
            for request in requests
        }
        if len(self._dialect.delimiter.encode()) > 1:
            raise pa.ArrowInvalid("PyArrow takes one byte as delimiter")
        return pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(
                column_names=[str(j) for j in range(n_columns)],
                block_size=max(ARROW_BLOCK_BYTES, self._file.limits.max_line_bytes),
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char=self._dialect.quote if has_quotes else False,
                escape_char=self._dialect.escape or False,
                newlines_in_values=has_quotes,
                ignore_empty_lines=n_columns > 1,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=NULLS if len(types) <= MANY_COLUMNS else FEW_NULLS,
                strings_can_be_null=False,
                decimal_point=decimal,
            ),
        )


def skip_lines(block: Block, n_lines_before: int) -> Block:
    """Return a block without the lines of the file that stand before the first row."""
    n_lines = n_lines_before + 1 - block.first_line
    if n_lines <= 0:
        return block
    start = 0
    for _ in range(n_lines):
        start = block.data.find(b"\n", start) + 1
        if start == 0:
            return Block(b"", n_lines_before + 1)
    long_lines = tuple(line for line in block.long_lines if line > n_lines_before)
    return Block(block.data[start:], n_lines_before + 1, long_lines)


def parse_block(
    block: Block,
    dialect: Dialect,
    layout: TableLayout,
    indices: Sequence[int],
    n_most: int | None = None,
) -> RowBatch:
    """Return the rows of a block as columns of text, and the numbers of the malformed lines.

    Python reads at most `n_most` records (None: all), line by line.
    """
    n_columns, header = layout.n_columns, list(layout.header_cells)
    texts, n_recoded = _decode_lines(block.data)
    batch = RowBatch([], 0, malformed_lines=list(block.long_lines), n_recoded=n_recoded)
    rows, line_numbers = [], []
    long_lines = set(block.long_lines)
    records = split_records(texts, dialect.delimiter, dialect.quote, n_columns, dialect.escape)
    for record in islice(records, n_most):
        text, cells = texts[record.start], record.cells
        line = block.first_line + record.start
        if line in long_lines or (n_columns > 1 and (not text.strip(" ") or is_rule(text))):
            continue
        if cells == header and any(map(str.strip, header)):
            batch.header_lines.append(line)
        elif dialect.is_comment(text) and not is_marked_row(record, n_columns, layout.numeric):
            batch.n_comments += 1
        elif cells is None or len(cells) != n_columns or "\0" in text:
            # A line of blanks is no row. A line of tabs or commas is a row of missing values.
            if text.strip():
                batch.malformed_lines.append(line)
        else:
            rows.append(cells)
            line_numbers.append(line)
    batch.columns = [pa.array([row[j] for row in rows], pa.string()) for j in indices]
    batch.n_rows, batch.line_numbers = len(rows), np.array(line_numbers, np.int64)
    batch.malformed_lines.sort()
    return batch


def _cut_block(block: Block) -> Iterator[Block]:
    """Yield a block in up to eight pieces of whole lines."""
    n_bytes = max(MIN_PIECE_BYTES, len(block.data) // N_PIECES + 1)
    start, line = 0, block.first_line
    while start < len(block.data):
        stop = block.data.find(b"\n", min(start + n_bytes, len(block.data)) - 1) + 1
        data = block.data[start:stop]
        yield Block(data, line)
        start, line = stop, line + data.count(b"\n")


def _join_blanks(data: bytes) -> bytes:
    """Return lines with one blank between cells and none around them."""
    data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = data.replace(b"  ", b" ")
    return data.replace(b" \n", b"\n").replace(b"\n ", b"\n").lstrip(b" ")


def _has_blank_before_quote(data: bytes, dialect: Dialect) -> bool:
    """Tell whether blanks stand before a quoted cell; PyArrow would take them for its beginning."""
    quote = dialect.quote.encode()
    if b" " + quote not in data and b"\t" + quote not in data:
        return False
    delimiter = re.escape(dialect.delimiter.encode())
    return re.search(rb"(?:^|" + delimiter + rb")[ \t]+" + re.escape(quote), data, re.M) is not None


def _decode_lines(data: bytes) -> tuple[list[str], int]:
    """Return the lines of a block as text, and the number of lines that were not UTF-8."""
    try:
        return data.decode("utf-8").split("\n")[:-1], 0
    except UnicodeDecodeError:
        lines, n_recoded = [], 0
    for line in data.split(b"\n")[:-1]:
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            n_recoded += 1
            lines.append(line.decode("cp1252", "replace"))
    return lines, n_recoded


def _has_comment(data: bytes, mark: str | None) -> bool:
    if mark is None:
        return False
    return re.search(rb"^[ \t]*" + re.escape(mark.encode()), data, re.MULTILINE) is not None
