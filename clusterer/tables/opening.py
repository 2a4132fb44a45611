"""Opening of a table: detect its type, its format and its columns."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from clusterer.support.text import format_bytes, join_names, make_printable
from clusterer.tables.columnar.arrow_source import ArrowRowSource
from clusterer.tables.columnar.numpy_source import NumpyRowSource
from clusterer.tables.columnar.parquet_source import ParquetRowSource
from clusterer.tables.columns.column import MAX_MISSING_SHARE, InferredColumn, infer_column
from clusterer.tables.columns.names import make_unique_names
from clusterer.tables.columns.number_formats import NumberFormatDetector
from clusterer.tables.columns.roles import (
    Roles,
    choose_features,
    find_label,
    find_time,
    find_time_parts,
    mark_key,
)
from clusterer.tables.errors import TableError
from clusterer.tables.files.archive import detect_kind, find_member, open_archive
from clusterer.tables.files.arff import find_gct_lines, open_arff, open_gct
from clusterer.tables.files.byte_stream import ByteStream, FileStamp, TextInput, refuse_bomb
from clusterer.tables.files.encoding import Encoding, check_encoding, detect_encoding
from clusterer.tables.files.json_rows import open_json
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.files.rendered_text import RenderedText
from clusterer.tables.files.signatures import (
    COMPRESSIONS,
    N_HEAD_BYTES,
    describe_format,
    detect_format,
    is_arff,
    is_json,
    needs_file,
    refuse_foreign,
)
from clusterer.tables.limits import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_LINE_BYTES,
    MAX_RATIO,
    Limits,
)
from clusterer.tables.notes import choose_missing_rule, write_notes
from clusterer.tables.options import ReadingOptions
from clusterer.tables.processes.sqlite import open_sqlite
from clusterer.tables.processes.workbook import open_workbook
from clusterer.tables.report import Report
from clusterer.tables.row_source import RowSource, TableSample
from clusterer.tables.rows.totals import count_totals, drop_totals
from clusterer.tables.table import Table, TableRoles
from clusterer.tables.text.text_opening import open_text
from clusterer.tables.text.text_source import TextFile

N_ENCODING_BYTES = 2**18
MAX_TOTALS_OF_CLASSES = 2
CSV_ENDINGS = (".csv", ".tsv")


def open_table(
    path: str | Path | Pipe,
    *,
    name: str | None = None,
    options: ReadingOptions | None = None,
    max_bytes: int = MAX_BYTES,
    max_columns: int = MAX_COLUMNS,
    max_line_bytes: int = MAX_LINE_BYTES,
    max_ratio: int = MAX_RATIO,
    **choices: Any,
) -> Table:
    r"""Open a table of any format that is read, whatever its dialect and encoding.

    These are delimited text, JSON, ARFF and GCT, each of them plain, in a zip archive of one table,
    or compressed by gzip, bzip2, xz or zstd; Parquet, Arrow and Feather; NumPy arrays; sheets
    of workbooks (Excel, OpenDocument); and tables of SQLite databases. The format is detected from
    the first megabyte, not from the name; `Table.report.notes` tells what was detected, and each
    choice overrides it. No file takes more than 256 MB of memory to read.

    Parameters
    ----------
    path : str, Path or Pipe
        The file; the rows of a `Pipe` can be read only once.
    name : str, optional
        The name of the table in messages; the default is the name of the file.
    options : ReadingOptions, optional
        The user's choices; the default detects everything.
    max_bytes : int, default 4 GiB
        The largest size of the table in bytes after decompression.
    max_columns : int, default 2500
        The largest number of columns.
    max_line_bytes : int, default 1 MiB
        The longest line, in bytes of UTF-8; a longer one is dropped and counted.
    max_ratio : int, default 200
        The largest ratio of decompressed to compressed size, for tables beyond 32 MiB.
    **choices
        Single fields of `ReadingOptions` by name, such as ``delimiter=";"``: delimiter, encoding,
        decimal, thousands, header, quote, day_first, missing, missing_values, sheet.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the file holds no table, or the table is beyond a limit, or a choice is not allowed.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "t.csv")
    >>> _ = path.write_text("length;width;class\n1,5;2;a\n3,25;4;b\n")
    >>> table = open_table(path)
    >>> table.default_features, table.label_column
    (('length', 'width'), 'class')
    """
    limits = Limits(max_bytes, max_columns, max_line_bytes, max_ratio)
    chosen = replace(options or ReadingOptions(), **choices)
    file = path if isinstance(path, Pipe) else Path(path)
    shown = make_printable(name if name is not None else file.name, 100)
    source = _open_source(file, shown, chosen, limits)
    return _make_table(shown, source, chosen)


def _open_source(
    path: Path | Pipe, name: str, options: ReadingOptions, limits: Limits
) -> RowSource:
    head = _read_head(path, name, limits)
    kind = detect_format(head)
    if isinstance(path, Pipe) and needs_file(head):
        raise TableError(
            f"{name} is {describe_format(kind)}, which cannot be read from a pipe: name a file"
        )
    if isinstance(path, Path) and kind is not None and kind not in COMPRESSIONS[:-1]:
        opened = _open_binary(path, name, kind, options.sheet, limits)
        if isinstance(opened, RenderedText):
            return _open_rendered(opened, path, options, limits)
        if opened is not None:
            return opened
    if options.sheet is not None:
        raise TableError(
            f"{name} is no workbook and no database, so it has no sheet: leave the sheet out"
        )
    with ByteStream(path, name, kind, limits) as stream:
        text = stream.read(N_ENCODING_BYTES)
        if kind:
            _refuse_nested(text, name)
            refuse_bomb(stream)
    if not text.strip() and len(text) < N_ENCODING_BYTES:
        reason = "holds nothing but blank lines: there is no table in it" if text else "is empty"
        raise TableError(f"{name} {reason}")
    encoding = options.encoding
    found = check_encoding(encoding, text) if encoding else detect_encoding(text, name)
    rendered = _render(TextInput(path, name, kind, found, limits))
    if rendered is not None:
        return _open_rendered(rendered, path, options, limits)
    stamp = FileStamp.read(path, name) if isinstance(path, Path) else None
    return open_text(TextFile(path, name, kind, found, limits, stamp), options)


def _read_head(path: Path | Pipe, name: str, limits: Limits) -> bytes:
    if isinstance(path, Path):
        _check_file(path, name, limits)
    with ByteStream(path, name, None, limits) as stream:
        head = stream.read(N_HEAD_BYTES)
    refuse_foreign(head, name)
    return head


def _open_binary(
    path: Path, name: str, kind: str, sheet: str | None, limits: Limits
) -> RowSource | RenderedText | None:
    """Open a format that is no text; None for a zip archive, whose table may be text."""
    if kind == "parquet":
        return ParquetRowSource(path, name, limits)
    if kind == "zip":
        with path.open("rb") as file, open_archive(file, name) as archive:
            kind = detect_kind(archive, name)
            if kind == "zip":
                find_member(archive, name)
    _refuse_name(kind, name)
    if kind in ("arrow", "arrow stream"):
        return ArrowRowSource(path, name, limits)
    if kind in ("npy", "npz"):
        return NumpyRowSource(path, name, kind == "npz", limits)
    if kind in ("workbook", "old office"):
        return open_workbook(path, name, sheet)
    if kind == "sqlite":
        return open_sqlite(path, name, sheet, limits)
    return None


def _render(text: TextInput) -> RenderedText | None:
    """Return a text in JSON, ARFF or GCT as rows of CSV; None if it is none of these."""
    with text.open() as read:
        start = read(N_HEAD_BYTES).decode("utf-8", "replace")
    if is_json(start):
        _refuse_name("JSON", text.name)
        return open_json(text.name, text.open, text.limits)
    if is_arff(start):
        _refuse_name("ARFF", text.name)
        return open_arff(text.name, text.open, text.limits)
    skipped = find_gct_lines(start)
    return open_gct(text.name, text.open, skipped) if skipped else None


def _refuse_name(kind: str, name: str) -> None:
    """Raise TableError if the name of a file says CSV, but its content is of another kind."""
    if name.lower().endswith(CSV_ENDINGS):
        described = describe_format(kind)
        raise TableError(
            f"{name} looks like {described}, although its name says delimited text: if "
            f"{described} is meant, rename the file and open it again"
        )


def _open_rendered(
    rendered: RenderedText, path: Path | Pipe, options: ReadingOptions, limits: Limits
) -> RowSource:
    """Open rows that were written as text. Only the user's choice of the header counts for them."""
    has_header = options.header if rendered.has_header is None else rendered.has_header
    stamp = FileStamp.read(path, rendered.name) if isinstance(path, Path) else None
    file = TextFile(rendered, rendered.name, None, Encoding("utf-8"), limits, stamp)
    options = replace(options, delimiter=rendered.delimiter, header=has_header)
    source = open_text(file, options)
    source.sample.notes[:0] = rendered.notes
    source.sample.sheets = rendered.sheets
    return source


def _check_file(path: Path, name: str, limits: Limits) -> None:
    """Raise TableError if the path is not a file, or the file is too large."""
    try:
        exists, is_file = path.exists(), path.is_file()
    except OSError as error:
        raise TableError(f"{name} cannot be opened: {error.strerror}") from None
    if not is_file:
        raise TableError(f"{name} is not a file" if exists else f"{name} does not exist")
    n_bytes = path.stat().st_size
    if n_bytes > limits.max_bytes:
        limit = format_bytes(limits.max_bytes)
        raise TableError(
            f"{name} has {format_bytes(n_bytes)}, more than the {limit} that max_bytes allows"
        )


def _refuse_nested(head: bytes, name: str) -> None:
    inside = detect_format(head)
    if inside == "zip":
        raise TableError(
            f"the file inside {name} is a zip archive or a workbook: unpack {name} first"
        )
    if inside in COMPRESSIONS:
        raise TableError(f"{name} is compressed twice: unpack it once")
    if inside is not None:
        raise TableError(f"the file inside {name} is {describe_format(inside)}: unpack it first")
    refuse_foreign(head, f"the file inside {name}")


def _make_table(name: str, source: RowSource, options: ReadingOptions) -> Table:
    sample = source.sample
    cells_of = drop_totals(sample.columns) if sample.is_text else sample.columns
    detector = NumberFormatDetector(
        cells_of,
        sample.delimiter,
        options.decimal,
        options.thousands,
        options.missing_values,
    )
    raw = sample.raw_names or ("",) * len(sample.columns)
    names, name_notes = make_unique_names(raw)
    # An empty name above the first column means row numbers, but only if there is a header.
    is_unnamed = any(raw) and not raw[0].strip()
    inferred = [
        infer_column(names[i], cells, detector, i == 0 and is_unnamed, options.day_first)
        for i, cells in enumerate(cells_of)
    ]
    if not any(each.column.usable for each in inferred):
        raise TableError(_describe_columns(name, inferred))
    n_distinct = [_count_distinct(cells) for cells in cells_of]
    n_rows = len(cells_of[0])
    columns = mark_key(Roles(inferred, n_distinct, n_rows, sample.raw_names is not None))
    inferred = list(columns.inferred)
    time = find_time(inferred)
    parts = find_time_parts(inferred, time)
    for i, time_format in parts.items():
        inferred[i] = inferred[i]._replace(time_format=time_format)
    roles = _choose_roles(columns, sample, time, list(parts))
    notes = [*sample.notes, *(name_notes if sample.raw_names else ())]
    notes += write_notes(inferred, sample, roles)
    missing = options.missing
    if missing is None:
        missing, note = choose_missing_rule(inferred, roles.features)
        notes += [note] if note else []
    return Table(name, source, inferred, roles, Report(notes), missing, options.choices)


def _choose_roles(
    columns: Roles, sample: TableSample, time: int | None, parts: list[int]
) -> TableRoles:
    """Return the names of the columns with a role; `parts` belong to the column `time`."""
    names = [each.column.name for each in columns.inferred]
    label = find_label(columns)
    row_names = _find_row_names(columns, sample, label)
    label_name, time_name, row_name = (
        None if i is None else names[i] for i in (label, time, row_names)
    )
    features = choose_features(columns, label, parts)
    return TableRoles(features, label_name, time_name, row_name, tuple(names[i] for i in parts))


def _find_row_names(columns: Roles, sample: TableSample, label: int | None) -> int | None:
    """Return the index of the column that names the rows, by which totals are recognised."""
    is_text = (each.number_format is None for each in columns.inferred)
    first_text = next((i for i, yes in enumerate(is_text) if yes), None)
    candidates = [i for i in (0, first_text) if i is not None and i != label]
    # Blank names mean totals only where most rows have names.
    shares = [each.column.n_missing_share for each in columns.inferred]
    candidates = [i for i in candidates if shares[i] <= MAX_MISSING_SHARE]
    if len(sample.columns) == 1 or not sample.is_text:
        return None
    # A class may be called "total" as well, but then it occurs more often than a total.
    if label is not None and 0 < count_totals(sample.columns[label]) <= MAX_TOTALS_OF_CLASSES:
        candidates.append(label)
    if not candidates:
        return None
    n_totals = {i: count_totals(sample.columns[i]) for i in candidates}
    best = max(candidates, key=lambda i: n_totals[i])
    # Totals may come after the sample.
    return best if n_totals[best] else candidates[-1]


def _describe_columns(name: str, inferred: Sequence[InferredColumn]) -> str:
    """Return the message about a table without numbers."""
    columns = [each.column for each in inferred]
    seen = [
        f"{make_printable(column.name, 30)} ({column.kind}, {column.example[:20]!r})"
        for column in columns
    ]
    hint = "" if len(seen) > 1 else "; choose the delimiter if its cells hold several values"
    return f"{name} has no numeric column; the columns are: {join_names(seen, 6)}{hint}"


def _count_distinct(cells: pa.Array) -> int:
    try:
        return int(pc.count_distinct(cells).as_py())
    except pa.ArrowNotImplementedError:
        # PyArrow does not compare lists and structures.
        return len(cells)
