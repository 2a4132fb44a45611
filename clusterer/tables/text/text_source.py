"""Delimited text as a source of rows: an engine for clean blocks, care for the others."""

import re
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from clusterer.tables.columns.cells import MISSING
from clusterer.tables.files.byte_stream import ByteStream, Stamp, TextStream
from clusterer.tables.files.encoding import Encoding
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.frames import Frame, Frames, Sample, Wanted
from clusterer.tables.limits import Limits
from clusterer.tables.text.blocks import Block, read_blocks
from clusterer.tables.text.dialect import Dialect
from clusterer.tables.text.layout import Layout
from clusterer.tables.text.records import split_records

ENGINE_BLOCK_BYTES = 2**20
# A block with something odd in it is cut up, so that care is spent on that place alone.
N_PIECES = 8
MIN_PIECE_BYTES = 2**14
NULLS = sorted({form for word in MISSING for form in (word, word.upper(), word.title())} | {"NaN"})
# The engine makes a tree of them for each column, which is much where there are many.
FEW_NULLS = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"]
N_WIDE = 200


@dataclass(frozen=True)
class TextFile:
    """All that is needed to open a text again and to cut it into blocks."""

    path: Path | Pipe
    name: str
    packing: str | None
    encoding: Encoding
    limits: Limits
    stamp: Stamp | None = None

    def blocks(self, quote: str = '"') -> Generator[Block, None, None]:
        """Yield the text in blocks of whole lines; the file is closed with the iterator.

        Raises TableError if the file was replaced or has shrunk meanwhile.
        """
        self._check()
        with ByteStream(self.path, self.name, self.packing, self.limits) as stream:
            text = TextStream(stream, self.encoding)
            yield from read_blocks(text, self.limits.max_line_bytes, quote.encode())
        self._check()

    def _check(self) -> None:
        if self.stamp is not None:
            self.stamp.check()


class TextSource:
    """The rows of a delimited text whose layout is known."""

    def __init__(self, file: TextFile, dialect: Dialect, layout: Layout, sample: Sample) -> None:
        self._file, self._dialect, self._layout = file, dialect, layout
        self.sample = sample

    def frames(self, wanted: Sequence[Wanted]) -> Frames:
        """Yield all rows from the first on, the wanted columns of them."""
        blocks = self._file.blocks(self._dialect.quote)
        try:
            for block in blocks:
                yield from self._block_frames(body_of(block, self._layout.n_lines_before), wanted)
        finally:
            blocks.close()

    def _block_frames(self, block: Block, wanted: Sequence[Wanted]) -> Iterator[Frame]:
        frame = None if block.long_lines else self._quick_frame(block, wanted)
        if frame is not None:
            yield frame
            return
        is_one = block.long_lines or self._dialect.quote.encode() in block.data
        pieces = [] if is_one else list(_pieces(block))
        if len(pieces) > 1:
            for piece in pieces:
                yield from self._block_frames(piece, wanted)
            return
        indices = [one.index for one in wanted]
        yield careful_frame(block, self._dialect, self._layout.n_columns, indices)

    def _quick_frame(self, block: Block, wanted: Sequence[Wanted]) -> Frame | None:
        """Return what the engine makes of a block; None if there is anything odd about it."""
        data, dialect = block.data, self._dialect
        if not data or b"\0" in data or _has_remark(data, dialect.comment):
            return None
        has_quotes = dialect.quote.encode() in data
        if dialect.delimiter == " ":
            if has_quotes:
                return None
            data = _without_runs(data)
        try:
            table = self._engine_table(data, wanted, has_quotes)
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        # Fewer rows than lines: a quote has swallowed some.
        if has_quotes and table.num_rows != data.count(b"\n"):
            return None
        columns = [table.column(str(one.index)).combine_chunks() for one in wanted]
        frame = Frame(columns, table.num_rows)
        if any(column.type == pa.string() for column in columns):
            # Some cells may yet be no numbers, and their lines are to be told.
            if data.count(b"\n") != frame.n_rows:
                return None
            frame.lines = np.arange(block.line, block.line + frame.n_rows)
        return frame

    def _engine_table(self, data: bytes, wanted: Sequence[Wanted], has_quotes: bool) -> pa.Table:
        n_columns = self._layout.n_columns
        plain = [one.form for one in wanted if one.form and one.form.is_plain]
        decimals = Counter(form.decimal for form in plain).most_common(1)
        decimal = decimals[0][0] if decimals else "."
        types = {
            str(one.index): pa.float64()
            if one.form in plain and one.form.decimal == decimal
            else pa.string()
            for one in wanted
        }
        if len(self._dialect.delimiter.encode()) > 1:
            raise pa.ArrowInvalid("the engine takes one byte as delimiter")
        return pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=pa.csv.ReadOptions(
                column_names=[str(j) for j in range(n_columns)],
                block_size=max(ENGINE_BLOCK_BYTES, self._file.limits.max_line_bytes),
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char=self._dialect.quote if has_quotes else False,
                newlines_in_values=has_quotes,
                ignore_empty_lines=n_columns > 1,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=NULLS if len(types) <= N_WIDE else FEW_NULLS,
                strings_can_be_null=False,
                decimal_point=decimal,
            ),
        )


def body_of(block: Block, n_lines_before: int) -> Block:
    """Return a block without the lines of the file that stand before its rows."""
    n_lines = n_lines_before + 1 - block.line
    if n_lines <= 0:
        return block
    start = 0
    for _ in range(n_lines):
        start = block.data.find(b"\n", start) + 1
        if start == 0:
            return Block(b"", n_lines_before + 1)
    late = tuple(line for line in block.long_lines if line > n_lines_before)
    return Block(block.data[start:], n_lines_before + 1, late)


def _pieces(block: Block) -> Iterator[Block]:
    """Yield a block in a few parts of whole lines."""
    n_bytes = max(MIN_PIECE_BYTES, len(block.data) // N_PIECES + 1)
    start, line = 0, block.line
    while start < len(block.data):
        stop = block.data.find(b"\n", min(start + n_bytes, len(block.data)) - 1) + 1
        data = block.data[start:stop]
        yield Block(data, line)
        start, line = stop, line + data.count(b"\n")


def _without_runs(data: bytes) -> bytes:
    """Return the lines with single blanks between their cells and none around them."""
    data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = data.replace(b"  ", b" ")
    return data.replace(b" \n", b"\n").replace(b"\n ", b"\n").lstrip(b" ")


def careful_frame(
    block: Block,
    dialect: Dialect,
    n_columns: int,
    indices: Sequence[int],
    n_most: int | None = None,
) -> Frame:
    """Return the good records of a block as columns of text, and the lines that are none."""
    texts, n_recoded = _decoded(block.data)
    frame = Frame([], 0, broken=list(block.long_lines), n_recoded=n_recoded)
    rows, lines = [], []
    told = set(block.long_lines)
    records = split_records(texts, dialect.delimiter, dialect.quote, n_columns)
    for record in islice(records, n_most):
        text, cells = texts[record.at], record.cells
        line = block.line + record.at
        if line in told or (n_columns > 1 and not text.strip(" ")):
            continue
        if dialect.is_comment(text):
            frame.n_comments += 1
        elif cells is None or len(cells) != n_columns or "\0" in text:
            # Blanks alone are no row, but tabs or commas alone are one of missing values.
            if text.strip():
                frame.broken.append(line)
        else:
            rows.append(cells)
            lines.append(line)
    frame.columns = [pa.array([row[j] for row in rows], pa.string()) for j in indices]
    frame.n_rows, frame.lines = len(rows), np.array(lines, np.int64)
    frame.broken.sort()
    return frame


def _decoded(data: bytes) -> tuple[list[str], int]:
    """Return the lines of a block as text, and how many were not UTF-8."""
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


def _has_remark(data: bytes, comment: str | None) -> bool:
    if comment is None:
        return False
    return re.search(rb"^[ \t]*" + re.escape(comment.encode()), data, re.MULTILINE) is not None
