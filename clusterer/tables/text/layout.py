"""Where the names and the rows of a table are, among titles, remarks and broken lines."""

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
# Fewer rows than this say too little about how the numbers of a column are written.
N_ROWS_FOR_STYLE = 10


@dataclass(frozen=True)
class Layout:
    """The raw names (None: there is no header), where rows begin and how many cells they have.

    `n_lines_before` counts the lines before the first row; `title_lines` are the numbers of
    those that are neither header nor remark; `n_header_names` is how many names there are.
    """

    names: tuple[str, ...] | None
    n_columns: int
    n_lines_before: int
    title_lines: tuple[int, ...] = ()
    header_line: int | None = None
    n_header_names: int = 0


def detected_layout(
    lines: list[str], dialect: Dialect, header: bool | None, name: str, max_columns: int
) -> Layout:
    """Return the layout of the first lines of a table.

    Raises TableError if there is not one record in them, or too many columns.
    """
    rows = _records(lines, dialect)
    if not rows:
        raise TableError(f"{name} holds nothing but blank lines or remarks")
    n_columns = _n_columns(rows, header)
    if n_columns > max_columns:
        raise TableError(
            f"{name} has {n_columns:,} columns, more than the {max_columns:,} that max_columns "
            "allows"
        )
    numeric = _numeric_columns(rows, n_columns)
    at = _header_index(rows, n_columns, numeric) if header is None else (0 if header else None)
    if header is True:
        at = _first_full(rows, n_columns)
    if at is None:
        named = _remark_names(lines, dialect, n_columns) if header is None else None
        first = _first_row(rows, n_columns, numeric)
        titles = tuple(row.at + 1 for row in rows[:first])
        return Layout(named, n_columns, rows[first].at, titles, None, len(named or ()))
    raw = _raw_names(rows[at], lines, dialect, n_columns)
    titles = tuple(row.at + 1 for row in rows[:at])
    before = rows[at].at + rows[at].n_lines
    names, n_names = _fitted_names(raw, rows[at + 1 :], n_columns), len(raw)
    return Layout(names, n_columns, before, titles, rows[at].at + 1, n_names)


def _raw_names(row: Record, lines: list[str], dialect: Dialect, n_columns: int) -> list[str]:
    names = row.cells or []
    if dialect.delimiter == " " and len(names) > n_columns:
        # Names of several words stand further apart than their words.
        apart = re.split(r"\s{2,}|\t", lines[row.at].strip())
        return apart if len(apart) == n_columns else names
    return names


def _records(lines: list[str], dialect: Dialect) -> list[Record]:
    start = 1 if lines and SEPARATOR_LINE.fullmatch(lines[0]) else 0
    rows: list[Record] = []
    n_cells = 0
    for record in split_records(lines[start:], dialect.delimiter, dialect.quote):
        line = lines[start + record.at]
        if not line.strip() or dialect.is_comment(line):
            continue
        rows.append(Record(record.at + start, record.n_lines, record.cells))
        n_cells += len(record.cells or ())
        if len(rows) >= N_RECORDS or (n_cells > N_CELLS and len(rows) >= 20):
            break
    return rows


def _n_columns(rows: list[Record], header: bool | None) -> int:
    counts = Counter(len(row.cells) for row in rows if row.cells is not None)
    if not counts:
        return 1
    most = max(counts.values())
    if header and len(rows) <= 2:
        return len(rows[0].cells or [""])
    return max(n_cells for n_cells, count in counts.items() if count == most)


def _numeric_columns(rows: list[Record], n_columns: int) -> list[int]:
    """Return the columns that hold mostly numbers, the first few rows left aside."""
    alike = [row.cells for row in rows if row.cells is not None and len(row.cells) == n_columns]
    body = alike[min(4, len(alike) // 2) :]
    numeric = []
    for j in range(n_columns):
        values = [row[j] for row in body if not is_missing(row[j])]
        if values and sum(map(is_number, values)) >= 0.6 * len(values):
            numeric.append(j)
    return numeric


def _is_full(row: Record, n_columns: int) -> bool:
    cells = row.cells
    return (
        cells is not None
        and len(cells) == n_columns
        and 2 * sum(bool(cell.strip()) for cell in cells) >= n_columns
    )


def _is_data(row: Record, n_columns: int, numeric: list[int]) -> bool:
    """Tell whether most cells in the columns of numbers are numbers, or say to be missing."""
    if row.cells is None or len(row.cells) != n_columns:
        return False
    cells = [row.cells[j].strip() for j in numeric]
    n_good = sum(bool(cell) and (is_missing(cell) or is_number(cell)) for cell in cells)
    return n_good > 0 and 2 * n_good >= len(cells)


def _header_index(rows: list[Record], n_columns: int, numeric: list[int]) -> int | None:
    """Return which record holds the names, None if there seems to be no header."""
    if not numeric:
        return _first_full(rows, n_columns)
    first = next((i for i, row in enumerate(rows) if _is_data(row, n_columns, numeric)), None)
    if first is None:
        return _first_full(rows, n_columns)
    if first == 0:
        return 0 if _numbers_as_names(rows, n_columns, numeric) else None
    for i in range(first):
        if _is_full(rows[i], n_columns) and _is_wordy(rows[i], numeric):
            return i
    above = rows[first - 1].cells
    if above is None or any(is_number(cell) for cell in above):
        return None
    n_names = sum(bool(cell.strip()) for cell in above)
    is_short = 2 <= n_names == len(above) < n_columns or 1 <= n_names == n_columns - 1
    is_empty = len(above) == n_columns and (n_names != 1 or n_columns <= 2)
    return first - 1 if is_short or is_empty or len(above) > n_columns else None


def _is_wordy(row: Record, numeric: list[int]) -> bool:
    cells = [(row.cells or [])[j].strip() for j in numeric]
    n_words = sum(bool(cell) and not is_missing(cell) and not is_number(cell) for cell in cells)
    return 2 * n_words >= sum(bool(cell) for cell in cells)


def _first_full(rows: list[Record], n_columns: int) -> int:
    return next((i for i, row in enumerate(rows) if _is_full(row, n_columns)), 0)


def _first_row(rows: list[Record], n_columns: int, numeric: list[int]) -> int:
    fitting = (i for i, row in enumerate(rows) if _is_data(row, n_columns, numeric))
    return next(fitting, _first_full(rows, n_columns))


def _numbers_as_names(rows: list[Record], n_columns: int, numeric: list[int]) -> bool:
    """Tell whether a first row of numbers is written so unlike the rest that it must be names."""
    alike = [row.cells for row in rows if row.cells is not None and len(row.cells) == n_columns]
    names, body = alike[0], alike[1:]
    if len(body) < N_ROWS_FOR_STYLE:
        return False
    likenesses = [_likeness(names[j], [row[j] for row in body]) for j in range(n_columns)]
    if "like" in likenesses:
        return False
    counting = [cell.strip() for cell in names] in (
        [str(j) for j in range(n_columns)],
        [str(j + 1) for j in range(n_columns)],
    )
    return likenesses.count("unlike") >= (1 if counting and n_columns > 2 else 2)


def _likeness(name: str, cells: list[str]) -> str:
    """Tell if a name is written as the numbers below it: "like", "unlike" or "unsure"."""
    values = [cell for cell in cells if not is_missing(cell)]
    if not values or not all(map(is_number, values)):
        return "unsure"
    if is_missing(name):
        return "unlike" if len(values) == len(cells) and name.strip() else "unsure"
    if not is_number(name):
        return "unlike"
    styles = {_n_decimals(cell) for cell in values}
    if len(styles) > 1:
        return "like" if _n_decimals(name) > 0 else "unsure"
    if _n_decimals(name) not in styles:
        return "unlike"
    return "like" if styles != {0} else "unsure"


def _n_decimals(cell: str) -> int:
    text = cell.strip()
    mark = max(text.rfind("."), text.rfind(","))
    return len(text) - 1 - mark if mark >= 0 else 0


def _fitted_names(raw: list[str], rows: list[Record], n_columns: int) -> tuple[str, ...]:
    """Return as many names as there are columns; R leaves out the name of the row names."""
    if len(raw) == n_columns - 1 and _are_row_names(rows, n_columns):
        return ("", *raw)
    return tuple((raw + [""] * n_columns)[:n_columns])


def _are_row_names(rows: list[Record], n_columns: int) -> bool:
    alike = [row.cells for row in rows if row.cells is not None and len(row.cells) == n_columns]
    first = [row[0].strip() for row in alike]
    if len(set(first)) < len(first) or len(first) < 2 or not any(row[-1].strip() for row in alike):
        return False
    counts = all(cell.isascii() and cell.isdigit() for cell in first)
    steps = {int(b) - int(a) for a, b in pairwise(first)} if counts else set()
    return steps == {1} or not any(map(is_number, first))


def _remark_names(lines: list[str], dialect: Dialect, n_columns: int) -> tuple[str, ...] | None:
    """Return the names in the last remark before the rows, as numpy.savetxt writes them."""
    remarks: list[str] = []
    for line in lines:
        if not dialect.is_comment(line) and line.strip():
            break
        remarks.append(line)
    for line in reversed([line for line in remarks if line.strip()]):
        text = line.strip().removeprefix(dialect.comment or "")
        row = next(split_records([text], dialect.delimiter, dialect.quote))
        if row.cells is not None and len(row.cells) == n_columns > 1:
            # "columns: 3" tells of the table.
            is_fact = any(map(is_number, row.cells)) or row.cells[0].rstrip().endswith((":", "="))
            return None if is_fact else tuple(row.cells)
    return None
