"""The header of a text table: which line holds the names, and where the rows begin.

Titles, comments and malformed lines may stand before the rows.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from clusterer.tables.columns.cells import is_missing, is_number
from clusterer.tables.errors import TableError
from clusterer.tables.text.dialect import SEPARATOR_LINE, Dialect
from clusterer.tables.text.records import Record, split_records

N_RECORDS = 300
N_CELLS = 60_000
# With fewer rows the style of a column's numbers is not known well enough.
MIN_ROWS_FOR_STYLE = 10


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
    """

    names: tuple[str, ...] | None
    n_columns: int
    n_lines_before: int
    title_lines: tuple[int, ...] = ()
    header_line: int | None = None
    n_header_names: int = 0


def detect_layout(
    lines: list[str], dialect: Dialect, has_header: bool | None, name: str, max_columns: int
) -> TableLayout:
    """Return the layout of a table from its first lines.

    `has_header` is the user's choice; None detects the header. Raises TableError if there is no
    record, or if there are more than `max_columns` columns.
    """
    rows = _read_records(lines, dialect)
    if not rows:
        raise TableError(f"{name} holds nothing but blank lines and comments")
    n_columns = _count_columns(rows, has_header)
    if n_columns > max_columns:
        raise TableError(
            f"{name} has {n_columns:,} columns, more than the {max_columns:,} that max_columns "
            "allows"
        )
    numeric = _find_numeric_columns(rows, n_columns)
    if has_header:
        header: int | None = _find_first_full(rows, n_columns)
    else:
        header = _find_header(rows, n_columns, numeric) if has_header is None else None
    if header is None:
        names = _find_names_in_comment(lines, dialect, n_columns) if has_header is None else None
        first = _find_first_row(rows, n_columns, numeric)
        titles = tuple(row.start + 1 for row in rows[:first])
        before = rows[first].start
        return TableLayout(names, n_columns, before, titles, None, len(names or ()))
    raw = _split_names(rows[header], lines, dialect, n_columns)
    titles = tuple(row.start + 1 for row in rows[:header])
    before = rows[header].start + rows[header].n_lines
    names = _fit_names(raw, rows[header + 1 :], n_columns)
    return TableLayout(names, n_columns, before, titles, rows[header].start + 1, len(raw))


def _read_records(lines: list[str], dialect: Dialect) -> list[Record]:
    """Return the first records without blank lines and comments."""
    start = 1 if lines and SEPARATOR_LINE.fullmatch(lines[0]) else 0
    rows: list[Record] = []
    n_cells = 0
    for record in split_records(lines[start:], dialect.delimiter, dialect.quote):
        line = lines[start + record.start]
        if not line.strip() or dialect.is_comment(line):
            continue
        rows.append(Record(record.start + start, record.n_lines, record.cells))
        n_cells += len(record.cells or ())
        if len(rows) >= N_RECORDS or (n_cells > N_CELLS and len(rows) >= 20):
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


def _select_full_rows(rows: list[Record], n_columns: int) -> list[list[str]]:
    return [row.cells for row in rows if row.cells is not None and len(row.cells) == n_columns]


def _find_numeric_columns(rows: list[Record], n_columns: int) -> list[int]:
    """Return the columns with mostly numbers; the first few rows may be titles and names."""
    full = _select_full_rows(rows, n_columns)
    body = full[min(4, len(full) // 2) :]
    numeric = []
    for j in range(n_columns):
        values = [row[j] for row in body if not is_missing(row[j])]
        if values and sum(map(is_number, values)) >= 0.6 * len(values):
            numeric.append(j)
    return numeric


def _find_header(rows: list[Record], n_columns: int, numeric: list[int]) -> int | None:
    """Return the index of the record with the names, or None if there is no header.

    The header is the first full record above the data with words in the columns of numbers. If
    the first record is data, it is a header only if its numbers are written unlike the others.
    """
    if not numeric:
        return _find_first_full(rows, n_columns)
    first = next((i for i, row in enumerate(rows) if _is_data(row, n_columns, numeric)), None)
    if first is None:
        return _find_first_full(rows, n_columns)
    if first == 0:
        return 0 if _are_numbers_names(rows, n_columns) else None
    for i in range(first):
        if _is_full(rows[i], n_columns) and _is_wordy(rows[i], numeric):
            return i
    above = rows[first - 1].cells
    if above is None or any(is_number(cell) for cell in above):
        return None
    n_names = sum(bool(cell.strip()) for cell in above)
    is_short = 2 <= n_names == len(above) < n_columns or 1 <= n_names == n_columns - 1
    is_sparse = len(above) == n_columns and (n_names != 1 or n_columns <= 2)
    return first - 1 if is_short or is_sparse or len(above) > n_columns else None


def _is_full(row: Record, n_columns: int) -> bool:
    cells = row.cells
    return (
        cells is not None
        and len(cells) == n_columns
        and 2 * sum(bool(cell.strip()) for cell in cells) >= n_columns
    )


def _is_data(row: Record, n_columns: int, numeric: list[int]) -> bool:
    """Tell whether most cells in the columns of numbers are numbers or missing values."""
    if row.cells is None or len(row.cells) != n_columns:
        return False
    cells = [row.cells[j].strip() for j in numeric]
    n_good = sum(bool(cell) and (is_missing(cell) or is_number(cell)) for cell in cells)
    return n_good > 0 and 2 * n_good >= len(cells)


def _is_wordy(row: Record, numeric: list[int]) -> bool:
    """Tell whether most cells in the columns of numbers are words."""
    cells = [(row.cells or [])[j].strip() for j in numeric]
    n_words = sum(bool(cell) and not is_missing(cell) and not is_number(cell) for cell in cells)
    return 2 * n_words >= sum(bool(cell) for cell in cells)


def _find_first_full(rows: list[Record], n_columns: int) -> int:
    return next((i for i, row in enumerate(rows) if _is_full(row, n_columns)), 0)


def _find_first_row(rows: list[Record], n_columns: int, numeric: list[int]) -> int:
    data = (i for i, row in enumerate(rows) if _is_data(row, n_columns, numeric))
    return next(data, _find_first_full(rows, n_columns))


def _are_numbers_names(rows: list[Record], n_columns: int) -> bool:
    """Tell whether the first row holds numbers as names, such as years above decimals."""
    full = _select_full_rows(rows, n_columns)
    names, body = full[0], full[1:]
    if len(body) < MIN_ROWS_FOR_STYLE:
        return False
    comparisons = [_compare_style(names[j], [row[j] for row in body]) for j in range(n_columns)]
    if "like" in comparisons:
        return False
    is_counting = [cell.strip() for cell in names] in (
        [str(j) for j in range(n_columns)],
        [str(j + 1) for j in range(n_columns)],
    )
    return comparisons.count("unlike") >= (1 if is_counting and n_columns > 2 else 2)


def _compare_style(name: str, cells: list[str]) -> str:
    """Compare the decimals of a name with the numbers below it: "like", "unlike" or "unsure"."""
    values = [cell for cell in cells if not is_missing(cell)]
    if not values or not all(map(is_number, values)):
        return "unsure"
    if is_missing(name):
        return "unlike" if len(values) == len(cells) and name.strip() else "unsure"
    if not is_number(name):
        return "unlike"
    styles = {_count_decimals(cell) for cell in values}
    if len(styles) > 1:
        return "like" if _count_decimals(name) > 0 else "unsure"
    if _count_decimals(name) not in styles:
        return "unlike"
    return "like" if styles != {0} else "unsure"


def _count_decimals(cell: str) -> int:
    text = cell.strip()
    mark = max(text.rfind("."), text.rfind(","))
    return len(text) - 1 - mark if mark >= 0 else 0


def _split_names(row: Record, lines: list[str], dialect: Dialect, n_columns: int) -> list[str]:
    names = row.cells or []
    if dialect.delimiter == " " and len(names) > n_columns:
        # The gaps between names of several words are wider than the gaps between the words.
        apart = re.split(r"\s{2,}|\t", lines[row.start].strip())
        return apart if len(apart) == n_columns else names
    return names


def _fit_names(raw: list[str], rows: list[Record], n_columns: int) -> tuple[str, ...]:
    """Return one name per column; R writes no name for the column of row names."""
    if len(raw) == n_columns - 1 and _has_row_names(rows, n_columns):
        return ("", *raw)
    return tuple((raw + [""] * n_columns)[:n_columns])


def _has_row_names(rows: list[Record], n_columns: int) -> bool:
    full = _select_full_rows(rows, n_columns)
    first = [row[0].strip() for row in full]
    if len(set(first)) < len(first) or len(first) < 2 or not any(row[-1].strip() for row in full):
        return False
    is_count = all(cell.isascii() and cell.isdigit() for cell in first)
    steps = {int(b) - int(a) for a, b in pairwise(first)} if is_count else set()
    return steps == {1} or not any(map(is_number, first))


def _find_names_in_comment(
    lines: list[str], dialect: Dialect, n_columns: int
) -> tuple[str, ...] | None:
    """Return the names in the last comment before the rows, where numpy.savetxt writes them."""
    comments: list[str] = []
    for line in lines:
        if not dialect.is_comment(line) and line.strip():
            break
        comments.append(line)
    for line in reversed([line for line in comments if line.strip()]):
        text = line.strip().removeprefix(dialect.comment_mark or "")
        row = next(split_records([text], dialect.delimiter, dialect.quote))
        if row.cells is not None and len(row.cells) == n_columns > 1:
            # A comment such as "columns: 3" describes the table.
            is_fact = any(map(is_number, row.cells)) or row.cells[0].rstrip().endswith((":", "="))
            return None if is_fact else tuple(row.cells)
    return None
