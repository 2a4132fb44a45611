"""The header of a text table: which line holds the names, and where the rows begin.

Titles, comments and malformed lines may stand before the rows.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clusterer.tables.columns.cells import is_number
from clusterer.tables.errors import TableError
from clusterer.tables.limits import check_n_columns
from clusterer.tables.text.dialect import SEPARATOR_LINE, Dialect, is_rule
from clusterer.tables.text.name_rows import (
    UNIT,
    find_first_full,
    find_groups,
    find_header,
    find_numeric_columns,
    fit_names,
    is_data,
    join_group_names,
    merge_names,
    split_names,
)
from clusterer.tables.text.records import Record, split_records

N_RECORDS = 300
N_CELLS = 60_000


@dataclass(frozen=True)
class TableLayout:
    """Where the names and the rows of a text table are.

    Parameters
    ----------
    names : tuple of str or None
        The names as they are written; None if there is no header.
    n_columns : int
        The number of cells of a row.
    n_lines_before : int
        The number of lines before the first row.
    title_lines : tuple of int
        The numbers of the lines before the first row that are neither header nor comment.
    header_line : int or None
        The number of the line with the names; None if the names come from a comment, or if there
        is no header.
    n_header_names : int
        The number of names in the header, which may differ from `n_columns`.
    numeric : tuple of int
        The columns with mostly numbers.
    header_cells : tuple of str
        The cells of the header as they are written; () if there is no header.
    """

    names: tuple[str, ...] | None
    n_columns: int
    n_lines_before: int
    title_lines: tuple[int, ...] = ()
    header_line: int | None = None
    n_header_names: int = 0
    numeric: tuple[int, ...] = ()
    header_cells: tuple[str, ...] = ()


def detect_layout(
    lines: list[str], dialect: Dialect, has_header: bool | None, name: str, max_columns: int
) -> TableLayout:
    """Return the layout of a table from its first lines.

    `has_header` is the user's choice; None detects the header. Raises TableError if there is no
    record, or if there are more than `max_columns` columns.
    """
    records = _read_records(lines, dialect)
    rows = [row for row in records if not dialect.is_comment(lines[row.start])]
    if not rows:
        raise TableError(f"{name} holds nothing but blank lines and comments")
    n_columns = _count_columns(rows, has_header)
    check_n_columns(name, n_columns, max_columns)
    numeric = find_numeric_columns(rows, n_columns)
    if len(rows) < len(records):
        rows = [
            row
            for row in records
            if not dialect.is_comment(lines[row.start]) or is_marked_row(row, n_columns, numeric)
        ]
    if has_header:
        header: int | None = find_first_full(rows, n_columns)
    else:
        header = find_header(rows, n_columns, numeric) if has_header is None else None
    if header is None:
        first = _find_first_row(rows, n_columns, numeric)
        above = lines[: rows[first].start] if has_header is None else []
        names = _find_names_in_comment(above, dialect, n_columns)
        titles = tuple(row.start + 1 for row in rows[:first])
        before = rows[first].start
        n_names = len(names or ())
        return TableLayout(names, n_columns, before, titles, None, n_names, tuple(numeric))
    return _read_names(rows, header, lines, dialect, n_columns, numeric)


def is_marked_row(row: Record, n_columns: int, numeric: Sequence[int]) -> bool:
    """Tell whether a line that begins with the mark of comments is a row.

    A row has all cells, text in the first one, and numbers where the other rows have numbers. A
    row of numbers behind the mark was taken out of the table.
    """
    if n_columns < 2 or 0 in numeric or not numeric:
        return False
    return is_data(row, n_columns, list(numeric))


def _read_names(
    rows: list[Record],
    header: int,
    lines: list[str],
    dialect: Dialect,
    n_columns: int,
    numeric: list[int],
) -> TableLayout:
    """Return the layout of a table whose names are in the record `header`."""
    n_more = merge_names(rows, header, n_columns, numeric)
    # A word above the first column alone is a title, not the name of a group.
    is_title = not any(cell.strip() for cell in (rows[header].cells or [])[1:])
    groups = (None if is_title else header) if n_more else find_groups(rows, header, n_columns)
    header += n_more
    raw = split_names(rows[header], lines, dialect, n_columns)
    if groups is not None:
        raw = join_group_names(rows[groups].cells or [], raw)
    titles = tuple(row.start + 1 for i, row in enumerate(rows[:header]) if i != groups)
    before = rows[header].start + rows[header].n_lines
    names = fit_names(raw, rows[header + 1 :], n_columns)
    header_line, cells = rows[header].start + 1, tuple(rows[header].cells or ())
    return TableLayout(
        names, n_columns, before, titles, header_line, len(raw), tuple(numeric), cells
    )


def _read_records(lines: list[str], dialect: Dialect) -> list[Record]:
    """Return the first records without blank lines; comments are among them."""
    start = 1 if lines and SEPARATOR_LINE.fullmatch(lines[0]) else 0
    rows: list[Record] = []
    n_cells = n_rows = 0
    records = split_records(lines[start:], dialect.delimiter, dialect.quote, escape=dialect.escape)
    for record in records:
        line = lines[start + record.start]
        if not line.strip() or is_rule(line):
            continue
        rows.append(Record(record.start + start, record.n_lines, record.cells))
        if not dialect.is_comment(line):
            n_rows += 1
            n_cells += len(record.cells or ())
        if n_rows >= N_RECORDS or (n_cells > N_CELLS and n_rows >= 20):
            break
    return rows


def _count_columns(rows: list[Record], has_header: bool | None) -> int:
    counts = Counter(len(row.cells) for row in rows if row.cells is not None)
    if not counts:
        return 1
    most = max(counts.values())
    if has_header and len(rows) <= 2:
        return len(rows[0].cells or [""])
    return max(n_cells for n_cells, count in counts.items() if count == most)


def _find_first_row(rows: list[Record], n_columns: int, numeric: list[int]) -> int:
    data = (i for i, row in enumerate(rows) if is_data(row, n_columns, numeric))
    return next(data, find_first_full(rows, n_columns))


def _find_names_in_comment(
    lines: list[str], dialect: Dialect, n_columns: int
) -> tuple[str, ...] | None:
    """Return the names in the last comment before the rows, where numpy.savetxt writes them."""
    found: tuple[str, ...] | None = None
    for line in reversed([line for line in lines if dialect.is_comment(line)]):
        text = line.strip().removeprefix(dialect.comment_mark or "")
        cells = next(split_records([text], dialect.delimiter, dialect.quote)).cells
        is_fitting = cells is not None and len(cells) == n_columns > 1
        if found is not None:
            # Units repeat, or look like units; the names stand above them.
            are_units = len(set(found)) < n_columns or any(map(UNIT.fullmatch, found))
            return tuple(cells) if cells and is_fitting and are_units else found
        if cells and is_fitting:
            # A comment such as "columns: 3" describes the table.
            is_fact = any(map(is_number, cells)) or cells[0].rstrip().endswith((":", "="))
            if is_fact:
                return None
            found = tuple(cells)
    return found
