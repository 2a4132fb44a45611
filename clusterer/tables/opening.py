"""Opening a table: what it is, how it is written, what its columns hold."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from clusterer.support.text import format_bytes, join_names, make_printable
from clusterer.tables.columns.column import Sampled, sampled_column
from clusterer.tables.columns.names import fitted_names
from clusterer.tables.columns.number_formats import NumberStyle
from clusterer.tables.columns.roles import default_features, label_index, time_index
from clusterer.tables.errors import TableError
from clusterer.tables.files.byte_stream import ByteStream, Stamp, probe
from clusterer.tables.files.encoding import chosen_encoding, detected_encoding
from clusterer.tables.files.pipe import Pipe
from clusterer.tables.files.signatures import N_HEAD_BYTES, packing, refuse_foreign
from clusterer.tables.frames import Sample, Source
from clusterer.tables.limits import MAX_BYTES, MAX_COLUMNS, MAX_LINE_BYTES, MAX_RATIO, Limits
from clusterer.tables.parquet_source import ParquetSource
from clusterer.tables.points import Missing, rule_for_missing
from clusterer.tables.report import Report
from clusterer.tables.table import Table
from clusterer.tables.text.text_opening import TextChoices, open_text
from clusterer.tables.text.text_source import TextFile

N_ENCODING_BYTES = 2**18
N_WIDE = 200


def open_table(
    path: str | Path | Pipe,
    *,
    name: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    header: bool | None = None,
    missing: Missing = "drop",
    max_bytes: int = MAX_BYTES,
    max_columns: int = MAX_COLUMNS,
    max_line_bytes: int = MAX_LINE_BYTES,
    max_ratio: int = MAX_RATIO,
) -> Table:
    r"""Open a table of delimited text or Parquet, whatever its name, dialect and encoding.

    The text may be packed by gzip, bzip2 or zstd. Only the first megabyte is looked at; what
    was found there is told in `Table.report.notes`, and each choice below overrules it.

    Parameters
    ----------
    path : str, Path or Pipe
        The file; what comes through a `Pipe` can be read once.
    name : str, optional
        What to call it in messages; the default is the name of the file.
    delimiter : str, optional
        The character between cells; " " stands for any run of blanks.
    encoding : str, optional
        A codec known to Python, such as "cp1252".
    decimal : str, optional
        The decimal mark, "." or ",".
    thousands : str, optional
        The mark between groups of three digits: ",", ".", " ", "'", "_" or "" for none.
    header : bool, optional
        Whether the first full row holds the names of the columns.
    missing : str, default "drop"
        What becomes of a row that lacks a value: "drop" it, or fill in the "mean" of the
        values before it.
    max_bytes : int, default 4 GiB
        The largest size of the table, unpacked, in bytes.
    max_columns : int, default 2500
        The largest number of columns.
    max_line_bytes : int, default 1 MiB
        The longest line, in bytes of UTF-8; a longer one is dropped and counted.
    max_ratio : int, default 200
        How many times its packed size a table beyond 32 MiB may unpack to.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If there is no table in the file, or it is beyond a limit.

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
    rule_for_missing(missing)
    if header not in (None, True, False):
        raise TableError(f"header is {make_printable(header)!r}; allowed: True, False or None")
    where = path if isinstance(path, Pipe) else Path(path)
    shown = make_printable(name if name is not None else where.name, 100)
    choices = TextChoices(delimiter, header)
    source = _source(where, shown, encoding, choices, limits)
    style = NumberStyle(source.sample.columns, source.sample.delimiter, decimal, thousands)
    table = _table(shown, source, style, missing)
    table.choices = {
        choice: value
        for choice, value in (
            ("delimiter", delimiter),
            ("encoding", encoding),
            ("decimal", decimal),
            ("thousands", thousands),
            ("header", header),
            ("missing", None if missing == "drop" else missing),
        )
        if value is not None
    }
    return table


def _source(
    path: Path | Pipe, name: str, encoding: str | None, choices: TextChoices, limits: Limits
) -> Source:
    head = _head(path, name, limits)
    packed = packing(head)
    if packed == "parquet":
        if isinstance(path, Pipe):
            raise TableError(f"{name} is Parquet, which cannot be read from a pipe: name a file")
        return ParquetSource(path, name, limits)
    with ByteStream(path, name, packed, limits) as stream:
        text = stream.read(N_ENCODING_BYTES)
        if packed:
            _refuse_nested(text, name)
            probe(stream)
    if not text.strip() and len(text) < N_ENCODING_BYTES:
        word = "holds nothing but blank lines: there is no table in it" if text else "is empty"
        raise TableError(f"{name} {word}")
    found = chosen_encoding(encoding, text) if encoding else detected_encoding(text, name)
    stamp = Stamp.of(path, name) if isinstance(path, Path) else None
    return open_text(TextFile(path, name, packed, found, limits, stamp), choices)


def _head(path: Path | Pipe, name: str, limits: Limits) -> bytes:
    if isinstance(path, Path):
        _refuse_large(path, name, limits)
    with ByteStream(path, name, None, limits) as stream:
        head = stream.read(N_HEAD_BYTES)
    refuse_foreign(head, name)
    return head


def _refuse_large(path: Path, name: str, limits: Limits) -> None:
    try:
        is_there, is_file = path.exists(), path.is_file()
    except OSError as error:
        raise TableError(f"{name} cannot be opened: {error.strerror}") from None
    if not is_file:
        raise TableError(f"{name} is not a file" if is_there else f"{name} does not exist")
    n_bytes = path.stat().st_size
    if n_bytes > limits.max_bytes:
        limit = format_bytes(limits.max_bytes)
        raise TableError(
            f"{name} has {format_bytes(n_bytes)}, more than the {limit} that max_bytes allows"
        )


def _refuse_nested(head: bytes, name: str) -> None:
    if packing(head) is not None:
        raise TableError(f"{name} is packed twice: unpack it once")
    refuse_foreign(head, f"what is packed in {name}")


def _table(name: str, source: Source, style: NumberStyle, missing: Missing) -> Table:
    sample = source.sample
    raw = sample.raw_names or ("",) * len(sample.columns)
    names, name_notes = fitted_names(raw)
    sampled = [
        # Without any header a column has no name either, but then the first may well be data.
        sampled_column(names[i], cells, style, i == 0 and any(raw) and not raw[0].strip())
        for i, cells in enumerate(sample.columns)
    ]
    if not any(one.column.usable for one in sampled):
        raise TableError(_no_numbers(name, sampled))
    n_distinct = [_n_distinct(cells) for cells in sample.columns]
    label = label_index(sampled, n_distinct, sample.n_rows)
    time = time_index(sampled)
    features = default_features(sampled, label)
    label_name = names[label] if label is not None else None
    n_left_out = len(names) - len(features) - (label is not None)
    told = _notes(sampled, sample, n_left_out)
    notes = [*sample.notes, *(name_notes if sample.raw_names else ()), *told]
    if label_name is not None:
        notes.append(
            f"{make_printable(label_name)} is taken for the true classes, not for a feature"
        )
    return Table(
        name, source, sampled, features, label_name,
        names[time] if time is not None else None, Report(notes), missing,
    )  # fmt: skip


def _no_numbers(name: str, sampled: Sequence[Sampled]) -> str:
    seen = [
        f"{make_printable(one.column.name, 30)} ({one.column.kind}, {one.column.example[:20]!r})"
        for one in sampled
    ]
    hint = "" if len(seen) > 1 else "; choose the delimiter if its cells hold several values"
    return f"{name} has no numeric column; the columns are: {join_names(seen, 6)}{hint}"


def _n_distinct(cells: pa.Array) -> int:
    try:
        return int(pc.count_distinct(cells).as_py())
    except pa.ArrowNotImplementedError:
        # Lists and records are not compared.
        return len(cells)


def _notes(sampled: Sequence[Sampled], sample: Sample, n_left_out: int) -> list[str]:
    columns = [one.column for one in sampled]
    told = [column for column in columns if column.note]
    notes = [f"{make_printable(column.name)}: {column.note}" for column in told[:20]]
    if len(told) > 20:
        notes.append(f"{len(told) - 20} more columns have a note of their own")
    if n_left_out:
        notes.append(f"{n_left_out} of {len(columns)} columns are features only if you choose them")
    if len(columns) > N_WIDE:
        notes.append(f"{len(columns):,} columns are many to cluster by: consider choosing some")
    if not sample.is_all:
        notes.append(f"the columns are judged by the first {sample.n_rows:,} rows")
    return notes
