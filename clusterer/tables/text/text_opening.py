"""From the first bytes of a text to a source of its rows."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from clusterer.support.text import format_bytes, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.frames import Frame, Sample
from clusterer.tables.text.blocks import Block
from clusterer.tables.text.dialect import (
    COMMENTS,
    Dialect,
    chosen_delimiter,
    detected_dialect,
    refuse_markup,
)
from clusterer.tables.text.layout import Layout, detected_layout
from clusterer.tables.text.text_source import TextFile, TextSource, body_of, careful_frame

N_SAMPLE_ROWS = 5_000
# As many cells as are looked at in well under a second, and rows enough in any case.
N_SAMPLE_CELLS = 200_000
N_SNIFF_LINES = 1_000
N_SNIFF_CHARACTERS = 2**20
REMARKS = tuple(mark.encode() for mark in COMMENTS)
WORDS = {"\t": "tab", " ": "blanks", "\x1f": "U+001F", "\x01": "U+0001"}


@dataclass(frozen=True)
class TextChoices:
    """What was chosen about a text instead of leaving it to be found out."""

    delimiter: str | None = None
    header: bool | None = None


def open_text(file: TextFile, choices: TextChoices) -> TextSource:
    """Return a source of the rows of `file`.

    Raises TableError if it is empty, no table, or most of its lines are broken.
    """
    block, is_all = _head(file)
    lines = _sniffed(block)
    if not any(line.strip() for line in lines):
        raise TableError(f"{file.name} holds nothing but blank lines: there is no table in it")
    refuse_markup("\n".join(lines[:100]), file.name)
    delimiter = chosen_delimiter(choices.delimiter) if choices.delimiter is not None else None
    dialect = detected_dialect(lines, delimiter)
    most = file.limits.max_columns
    layout = detected_layout(lines, dialect, choices.header, file.name, most)
    n_most = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // layout.n_columns))
    body = body_of(block, layout.n_lines_before)
    n_lines = body.data.count(b"\n")
    frame = careful_frame(body, dialect, layout.n_columns, range(layout.n_columns), n_most)
    _refuse_unreadable(frame, layout, file.name, is_all)
    notes = list(_notes(file, dialect, layout, frame))
    is_whole = is_all and n_lines <= n_most
    sample = Sample(layout.names, frame.columns, frame.n_rows, notes, dialect.delimiter, is_whole)
    return TextSource(file, dialect, layout, sample)


def _head(file: TextFile) -> tuple[Block, bool]:
    """Return the first block with anything in it, and whether it is all there is."""
    with closing(file.blocks()) as blocks:
        first = next(blocks, None)
        if first is None:
            raise TableError(f"{file.name} is empty")
        if not first.data.strip():
            most = file.limits.max_line_bytes
            if first.long_lines:
                message = f"line {first.long_lines[0]} of {file.name} is longer than {most:,} bytes"
                raise TableError(f"{message}, the limit max_line_bytes; is it a table of text?")
        is_all = next(blocks, None) is None
        if not (is_all or first.data.strip() or first.long_lines):
            size = format_bytes(len(first.data))
            raise TableError(f"{file.name} begins with {size} of blank lines; take them out")
        return first, is_all


def _sniffed(block: Block) -> list[str]:
    lines: list[str] = []
    n_characters = n_rows = 0
    for line in block.data.split(b"\n"):
        n_characters += len(line)
        if n_rows >= N_SNIFF_LINES or (n_characters > N_SNIFF_CHARACTERS and len(lines) > 20):
            break
        lines.append(line.decode("utf-8", "replace"))
        # A preface of remarks may be longer than what is looked at of the rows.
        n_rows += not line.startswith(REMARKS)
    return lines[:-1] if lines and not lines[-1] else lines


def _refuse_unreadable(frame: Frame, layout: Layout, name: str, is_all: bool) -> None:
    n_broken = len(frame.broken)
    if frame.n_rows == 0 and n_broken == 0 and is_all:
        raise TableError(f"{name} has no data rows: there are names, but nothing below them")
    if n_broken > frame.n_rows:
        lines = ", ".join(map(str, frame.broken[:5]))
        raise TableError(
            f"{name} is no regular table: {n_broken} of {n_broken + frame.n_rows} lines do not "
            f"have {layout.n_columns} cells (lines {lines}, …); choose the delimiter"
        )


def _doubt(dialect: Dialect, layout: Layout) -> str:
    if layout.n_header_names + 2 > layout.n_columns:
        return ""
    word = "; is the comma the decimal mark as well?" if dialect.delimiter == "," else ""
    return f": choose another delimiter if the cells below are cut up wrongly{word}"


def _notes(file: TextFile, dialect: Dialect, layout: Layout, frame: Frame) -> Iterator[str]:
    if file.packing:
        yield f"unpacked from {file.packing}"
    if file.encoding.note:
        yield file.encoding.note
    word = WORDS.get(dialect.delimiter, make_printable(dialect.delimiter))
    if layout.n_columns > 1:
        yield f"cells are separated by {word}"
    if layout.names is None:
        yield "no header was found: the columns are named by their number"
    elif layout.header_line is None:
        yield "the names are taken from the last remark before the rows"
    elif layout.n_header_names != layout.n_columns:
        yield (
            f"line {layout.header_line} has {layout.n_header_names} names for "
            f"{layout.n_columns} columns{_doubt(dialect, layout)}"
        )
    if layout.title_lines:
        lines = ", ".join(map(str, layout.title_lines[:5]))
        yield f"{len(layout.title_lines)} title lines skipped before the table: {lines}"
    if frame.broken:
        lines = ", ".join(map(str, frame.broken[:5]))
        yield (
            f"of the first {frame.n_rows + len(frame.broken):,} lines {len(frame.broken):,} are "
            f"malformed and dropped: {lines}{', …' if len(frame.broken) > 5 else ''}"
        )
    if dialect.comment and frame.n_comments:
        yield f"lines that begin with {dialect.comment} are skipped as remarks"
