"""From the first bytes of a text to a source of its rows."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from clusterer.support.text import format_bytes, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.files.signatures import refuse_markup
from clusterer.tables.options import ReadingOptions
from clusterer.tables.row_source import RowBatch, TableSample
from clusterer.tables.text.blocks import Block
from clusterer.tables.text.dialect import (
    COMMENT_MARKS,
    Dialect,
    check_delimiter,
    detect_dialect,
)
from clusterer.tables.text.header import TableLayout, detect_layout
from clusterer.tables.text.rewriting import (
    UNIT_SEPARATOR,
    Rewriting,
    detect_starts,
    detect_wide_delimiter,
)
from clusterer.tables.text.text_source import TextFile, TextRowSource, parse_block, skip_lines

N_SAMPLE_ROWS = 5_000
# This many cells are analysed in well under a second; a table has 100 rows in the sample anyway.
N_SAMPLE_CELLS = 200_000
N_HEAD_LINES = 1_000
N_HEAD_CHARACTERS = 2**20
N_LISTED = 5
N_WIDE_LINES = 100
COMMENT_PREFIXES = tuple(mark.encode() for mark in COMMENT_MARKS)
DELIMITER_NAMES = {"\t": "tab", " ": "blanks", "\x1f": "U+001F", "\x01": "U+0001"}


def open_text(file: TextFile, options: ReadingOptions) -> TextRowSource:
    """Return a source of the rows of `file`.

    Raises TableError if the file is empty or no table, or if most lines are malformed.
    """
    block, is_all = _read_first_block(file)
    lines = _decode_head(block)
    if not any(line.strip() for line in lines):
        raise TableError(f"{file.name} holds nothing but blank lines: there is no table in it")
    refuse_markup("\n".join(lines[:100]), file.name)
    delimiter = check_delimiter(options.delimiter) if options.delimiter is not None else None
    if delimiter is None:
        wide = detect_wide_delimiter(lines[:N_WIDE_LINES])
    else:
        wide = delimiter if len(delimiter) > 1 else ""
    starts = detect_starts(lines[:N_WIDE_LINES]) if delimiter is None and not wide else ()
    if wide or starts:
        delimiter = UNIT_SEPARATOR
        block, lines, file = _rewrite(block, lines, file, Rewriting(wide, starts=starts))
    dialect = detect_dialect(lines, delimiter, options.quote)
    if dialect.escape is not None:
        rewriting = replace(file.rewriting, has_null_marks=True)
        block, lines, file = _rewrite(block, lines, file, rewriting)
    max_columns = file.limits.max_columns
    layout = detect_layout(lines, dialect, options.header, file.name, max_columns)
    n_rows = max(100, min(N_SAMPLE_ROWS, N_SAMPLE_CELLS // layout.n_columns))
    body = skip_lines(block, layout.n_lines_before)
    n_lines = body.data.count(b"\n")
    batch = parse_block(body, dialect, layout, range(layout.n_columns), n_rows)
    _refuse_malformed(batch, layout, file.name, is_all)
    notes = list(_write_notes(file, dialect, layout, batch, options.delimiter is not None))
    is_whole = is_all and n_lines <= n_rows
    is_repeatable = file.stamp is not None
    sample = TableSample(
        layout.names,
        batch.columns,
        batch.n_rows,
        notes,
        dialect.delimiter,
        is_whole,
        is_repeatable,
        is_text=True,
    )
    return TextRowSource(file, dialect, layout, sample)


def _rewrite(
    block: Block, lines: list[str], file: TextFile, rewriting: Rewriting
) -> tuple[Block, list[str], TextFile]:
    """Return the first block, its first lines and the file, all with rewritten lines."""
    rewritten = rewriting.rewrite_text("\n".join(lines)).split("\n")
    return rewriting.rewrite_block(block), rewritten, replace(file, rewriting=rewriting)


def _read_first_block(file: TextFile) -> tuple[Block, bool]:
    """Return the first block, and whether it is the whole file."""
    with closing(file.read_blocks()) as blocks:
        first = next(blocks, None)
        if first is None:
            raise TableError(f"{file.name} is empty")
        if not first.data.strip() and first.long_lines:
            limit = f"{file.limits.max_line_bytes:,} bytes, the limit max_line_bytes"
            raise TableError(
                f"line {first.long_lines[0]} of {file.name} is longer than {limit}; is it a table "
                "of text?"
            )
        is_all = next(blocks, None) is None
        if not (is_all or first.data.strip()):
            size = format_bytes(len(first.data))
            raise TableError(f"{file.name} begins with {size} of blank lines; delete them")
        return first, is_all


def _decode_head(block: Block) -> list[str]:
    """Return the first lines of a block for the detection of dialect and header."""
    lines: list[str] = []
    n_characters = n_rows = 0
    for line in block.data.split(b"\n"):
        n_characters += len(line)
        if n_rows >= N_HEAD_LINES or (n_characters > N_HEAD_CHARACTERS and len(lines) > 20):
            break
        lines.append(line.decode("utf-8", "replace"))
        # Comments do not count: a preface may have more than 1 000 lines.
        n_rows += not line.startswith(COMMENT_PREFIXES)
    return lines[:-1] if lines and not lines[-1] else lines


def _refuse_malformed(batch: RowBatch, layout: TableLayout, name: str, is_all: bool) -> None:
    n_malformed = len(batch.malformed_lines)
    if batch.n_rows == 0 and n_malformed == 0 and is_all:
        raise TableError(f"{name} has no data rows: there are names, but nothing below them")
    if n_malformed > batch.n_rows:
        raise TableError(
            f"{name} is no regular table: {n_malformed} of {n_malformed + batch.n_rows} lines do "
            f"not have {layout.n_columns} cells (lines {_list_lines(batch.malformed_lines)}, …); "
            "choose the delimiter"
        )


def _write_notes(
    file: TextFile,
    dialect: Dialect,
    layout: TableLayout,
    batch: RowBatch,
    is_delimiter_chosen: bool,
) -> Iterator[str]:
    """Yield what was detected and assumed, for users."""
    if file.compression:
        yield f"unpacked from {file.compression}"
    if file.encoding.note:
        yield file.encoding.note
    if layout.n_columns > 1 and not is_delimiter_chosen:
        wide = file.rewriting.wide_delimiter
        mark = make_printable(wide) if wide else DELIMITER_NAMES.get(dialect.delimiter)
        mark = mark or make_printable(dialect.delimiter)
        is_fixed = bool(file.rewriting.starts)
        yield "the columns have fixed widths" if is_fixed else f"cells are separated by {mark}"
    if dialect.escape is not None:
        yield f"quotes in cells are written as {dialect.escape}{dialect.quote}"
    if layout.names is None:
        yield "no header was found: the columns are named by their number"
    elif layout.header_line is None:
        yield "the names come from the last comment before the rows"
    elif layout.n_header_names != layout.n_columns:
        yield (
            f"line {layout.header_line} has {layout.n_header_names} names for "
            f"{layout.n_columns} columns{_write_delimiter_hint(dialect, layout)}"
        )
    if layout.title_lines:
        lines = _list_lines(layout.title_lines)
        yield f"{len(layout.title_lines)} title lines skipped before the table: {lines}"
    if batch.malformed_lines:
        n_malformed = len(batch.malformed_lines)
        more = ", …" if n_malformed > N_LISTED else ""
        yield (
            f"of the first {batch.n_rows + n_malformed:,} lines {n_malformed:,} are malformed and "
            f"dropped: {_list_lines(batch.malformed_lines)}{more}"
        )
    if dialect.comment_mark and batch.n_comments:
        yield f"lines that begin with {dialect.comment_mark} are skipped as comments"


def _write_delimiter_hint(dialect: Dialect, layout: TableLayout) -> str:
    if layout.n_header_names + 2 > layout.n_columns:
        return ""
    question = "; is the comma the decimal mark as well?" if dialect.delimiter == "," else ""
    return f": choose another delimiter if the cells below are cut in the wrong places{question}"


def _list_lines(lines: tuple[int, ...] | list[int]) -> str:
    return ", ".join(map(str, lines[:N_LISTED]))
