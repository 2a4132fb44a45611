"""Which record of a text table holds the names of the columns, and what the names are."""

import re
from itertools import pairwise

from clusterer.tables.columns.cells import is_missing, is_number
from clusterer.tables.text.dialect import DELIMITERS, Dialect
from clusterer.tables.text.records import Record, split_records

# With fewer rows the style of a column's numbers is not known well enough.
MIN_ROWS_FOR_STYLE = 10
# With fewer rows a sequence of years above them may be chance.
MIN_ROWS_FOR_YEARS = 3
FIRST_YEAR, LAST_YEAR = 1500, 2200
# Names below a preface have at least this many rows right below them.
N_ROWS_BELOW = 3
# A cell of the row of units below the names: [K], (m/s), °C.
UNIT = re.compile(r"\s*(?:\[.*\]|\(.*\)|[°µ%]\S{0,3}|\w{1,3}/\w{1,3})\s*")
SETTING = re.compile(r"[^:]*[^:\s]:\s+\S")


def select_full_rows(rows: list[Record], n_columns: int) -> list[list[str]]:
    """Return the cells of the records with a cell per column."""
    return [row.cells for row in rows if row.cells is not None and len(row.cells) == n_columns]


def find_numeric_columns(rows: list[Record], n_columns: int) -> list[int]:
    """Return the columns with mostly numbers; the first few rows may be titles and names."""
    full = select_full_rows(rows, n_columns)
    body = full[min(4, len(full) // 2) :]
    numeric = []
    for j in range(n_columns):
        values = [row[j] for row in body if not is_missing(row[j])]
        if values and sum(map(is_number, values)) >= 0.6 * len(values):
            numeric.append(j)
    return numeric


def find_header(rows: list[Record], n_columns: int, numeric: list[int]) -> int | None:
    """Return the index of the record with the names, or None if there is no header.

    The header is the first full record above the data with words in the columns of numbers. If
    the first record is data, it is a header only if its numbers are years in sequence, or if they
    are written unlike the others.
    """
    if not numeric:
        return find_first_full(rows, n_columns)
    for find in (_find_first_complete, _find_end_of_preamble):
        below_preface = find(rows, n_columns, numeric)
        if below_preface is not None:
            return below_preface
    first = next((i for i, row in enumerate(rows) if is_data(row, n_columns, numeric)), None)
    if first is None:
        return find_first_full(rows, n_columns)
    if _are_years_of_groups(rows, first, n_columns, numeric):
        return first + 1
    for i in range(first):
        if is_full(rows[i], n_columns) and is_wordy(rows[i], numeric) and not _is_setting(rows[i]):
            return i
    if _are_years_names(rows, first, n_columns, numeric):
        return first
    if first == 0:
        return 0 if _are_numbers_names(rows, n_columns) else None
    above = rows[first - 1].cells
    if above is None:
        return None
    if find_other_delimiter(rows[first - 1], n_columns) is not None:
        return first - 1
    if _is_setting(rows[first - 1]):
        return None
    if any(is_number(cell) for cell in above):
        # Settings may stand below the names, and both have more cells than the rows.
        wide = (i for i in reversed(range(first)) if len(rows[i].cells or ()) > n_columns)
        named = (i for i in wide if not any(map(is_number, rows[i].cells or ())))
        return next((i for i in named if _are_all_words(rows[i], numeric)), None)
    n_names = sum(bool(cell.strip()) for cell in above)
    is_short = 2 <= n_names == len(above) < n_columns or 1 <= n_names == n_columns - 1
    is_sparse = len(above) == n_columns and (n_names != 1 or n_columns <= 2)
    return first - 1 if is_short or is_sparse or len(above) > n_columns else None


def find_other_delimiter(row: Record, n_columns: int) -> str | None:
    """Return the delimiter that cuts a record of one cell into names for all columns, or None."""
    if row.cells is None or len(row.cells) != 1 or n_columns < 2:
        return None
    text = row.cells[0]
    fitting = (mark for mark in DELIMITERS if mark in text and mark != " ")
    for mark in fitting:
        names = next(split_records([text], mark, '"')).cells or []
        is_named = len(names) == n_columns and all(name.strip() for name in names)
        if is_named and not any(map(is_number, names)):
            return mark
    return None


def _find_end_of_preamble(rows: list[Record], n_columns: int, numeric: list[int]) -> int | None:
    """Return the index of names below lines that are mostly no rows, or None if there are none.

    Rows follow the names at once, or below further lines of words such as units. The names may be
    one more than the columns.
    """
    n_data = 0
    for i, row in enumerate(rows):
        is_named = (
            i >= 2
            and not _is_setting(row)
            and 2 * n_data < i
            and _are_names(row, n_columns, numeric)
        )
        is_above_rows = is_named and _are_above_rows(rows, i, n_columns, numeric)
        if is_above_rows and not any(row.cells == each.cells for each in rows[:i]):
            while _are_units(rows[i]) and _are_names(rows[i - 1], n_columns, numeric):
                i -= 1
            return i if any(is_data(each, n_columns, numeric) for each in rows[:i]) else None
        n_data += is_data(row, n_columns, numeric)
        if 2 * n_data > max(10, i):
            return None
    return None


def _find_first_complete(rows: list[Record], n_columns: int, numeric: list[int]) -> int | None:
    """Return the index of names that are the first record without a blank cell, below a preface.

    A preface has titles in the first column, or settings such as "Year,2023,,". Spreadsheets fill
    up their rows.
    """
    has_number, has_titles = False, True
    for i, row in enumerate(rows):
        cells = row.cells or []
        if len(cells) == n_columns and all(cell.strip() for cell in cells):
            is_named = i > 0 and (has_number or has_titles) and not _is_setting(row)
            is_named = is_named and _are_all_words(row, numeric)
            return i if is_named and _are_above_rows(rows, i, n_columns, numeric) else None
        has_number |= any(map(is_number, cells[1:]))
        has_titles &= not any(cell.strip() for cell in cells[1:])
    return None


def _are_above_rows(rows: list[Record], i: int, n_columns: int, numeric: list[int]) -> bool:
    """Tell whether rows of the table follow a record, at once or below a record of units."""
    first = i + 2 if i + 1 < len(rows) and _are_units(rows[i + 1]) else i + 1
    below = rows[first : first + N_ROWS_BELOW]
    return bool(below) and all(is_data(each, n_columns, numeric) for each in below)


def _are_names(row: Record, n_columns: int, numeric: list[int]) -> bool:
    """Tell whether a record has a word for each column of numbers, and at most one cell more."""
    n_cells = len(row.cells or [])
    return n_columns <= n_cells <= n_columns + 1 and _are_all_words(row, numeric)


def _is_setting(row: Record) -> bool:
    """Tell whether a record is a line such as "User: Anna", with a colon behind its first word."""
    cells = [cell.strip() for cell in row.cells or []]
    if len(cells) == 1:
        return SETTING.match(cells[0]) is not None
    return bool(cells) and cells[0].endswith(":") and not any(c.endswith(":") for c in cells[1:])


def _are_units(row: Record) -> bool:
    """Tell whether a record has cells that look like units, or blank cells."""
    return any(not cell.strip() or UNIT.fullmatch(cell) for cell in row.cells or [])


def _are_all_words(row: Record, numeric: list[int]) -> bool:
    cells = [(row.cells or [])[j].strip() for j in numeric]
    return all(cell and not is_missing(cell) and not is_number(cell) for cell in cells)


def _are_years_names(rows: list[Record], first: int, n_columns: int, numeric: list[int]) -> bool:
    """Tell whether the numbers of a record are years in sequence, unlike those of the rows below.

    The other cells of such a record are words, such as Country,2019,2020.
    """
    cells = rows[first].cells or []
    body = select_full_rows(rows[first + 1 :], n_columns)
    if len(body) < MIN_ROWS_FOR_YEARS or not _are_years([cells[j] for j in numeric]):
        return False
    # A column without a name and without values comes from a delimiter at the end of the lines.
    nameless = [j for j in range(1, n_columns) if j not in numeric and not cells[j].strip()]
    if any(row[j].strip() for row in body for j in nameless):
        return False
    n_alike = sum(_are_years([row[j] for j in numeric]) for row in body)
    return n_alike < 0.1 * len(body)


def _are_years_of_groups(
    rows: list[Record], first: int, n_columns: int, numeric: list[int]
) -> bool:
    """Tell whether a record holds years above groups of columns, whose names stand below it."""
    cells = rows[first].cells or []
    years = [cells[j] for j in numeric if cells[j].strip()]
    if len(years) == len(numeric) or not _are_years(years) or first + 1 == len(rows):
        return False
    return _are_names(rows[first + 1], n_columns, numeric)


def _are_years(cells: list[str]) -> bool:
    """Tell whether all numbers among some cells are years that go up or down.

    One year is enough: the rows below then hold other numbers.
    """
    texts = [cell.strip() for cell in cells]
    years = [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) == 4]
    n_words = sum(bool(text) and not is_number(text) for text in texts)
    if not years or len(years) + n_words < len(texts) or len(years) < n_words:
        return False
    steps = {b > a for a, b in pairwise(years)}
    is_distinct = len(set(years)) == len(years)
    return is_distinct and len(steps) <= 1 and FIRST_YEAR <= min(years) <= max(years) <= LAST_YEAR


def is_full(row: Record, n_columns: int) -> bool:
    """Tell whether a record has a cell per column, and half of them are not blank."""
    cells = row.cells
    return (
        cells is not None
        and len(cells) == n_columns
        and 2 * sum(bool(cell.strip()) for cell in cells) >= n_columns
    )


def is_data(row: Record, n_columns: int, numeric: list[int]) -> bool:
    """Tell whether most cells in the columns of numbers are numbers or missing values."""
    if row.cells is None or len(row.cells) != n_columns:
        return False
    cells = [row.cells[j].strip() for j in numeric]
    n_good = sum(bool(cell) and (is_missing(cell) or is_number(cell)) for cell in cells)
    return n_good > 0 and 2 * n_good >= len(cells)


def is_wordy(row: Record, numeric: list[int]) -> bool:
    """Tell whether most cells in the columns of numbers are words."""
    cells = [(row.cells or [])[j].strip() for j in numeric]
    n_words = sum(bool(cell) and not is_missing(cell) and not is_number(cell) for cell in cells)
    return 2 * n_words >= sum(bool(cell) for cell in cells)


def find_first_full(rows: list[Record], n_columns: int) -> int:
    """Return the index of the first full record, 0 if there is none."""
    return next((i for i, row in enumerate(rows) if is_full(row, n_columns)), 0)


def _are_numbers_names(rows: list[Record], n_columns: int) -> bool:
    """Tell whether the first row holds numbers as names, such as years above decimals."""
    full = select_full_rows(rows, n_columns)
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


def merge_names(rows: list[Record], header: int, n_columns: int, numeric: list[int]) -> int:
    """Return how many records below the header also hold names: 1 below groups of columns, else 0.

    Spreadsheets write the name of a group once, above the first of its columns.
    """
    below = rows[header + 1] if header + 1 < len(rows) else None
    upper = rows[header].cells or []
    if below is None or len(upper) != n_columns or len(below.cells or []) != n_columns:
        return 0
    has_gaps = any(not upper[j].strip() for j in numeric)
    is_named = _are_all_words(below, numeric) and not any(map(UNIT.fullmatch, below.cells or []))
    return int(has_gaps and is_named)


def find_groups(rows: list[Record], header: int, n_columns: int) -> int | None:
    """Return the index of the record above the header that names groups of columns, or None."""
    above = rows[header - 1].cells if header > 0 else None
    if above is None or len(above) != n_columns:
        return None
    names = [cell.strip() for cell in above if cell.strip()]
    is_named = _are_years(names) or not any(map(is_number, names))
    is_group = 2 <= len(names) < n_columns and is_named
    lower = [cell.strip() for cell in rows[header].cells or []]
    # Groups repeat the names below them: length, width, length, width.
    return header - 1 if is_group and len(set(lower)) < len(lower) else None


def join_group_names(upper: list[str], lower: list[str]) -> list[str]:
    """Return the names of columns below the names of groups.

    Examples
    --------
    >>> join_group_names(["A", "", "B", "", "Result"], ["x", "y", "x", "y", "class"])
    ['A x', 'A y', 'B x', 'B y', 'class']
    """
    names, group, size = [], "", 0
    for j, name in enumerate(lower):
        if upper[j].strip():
            group = upper[j].strip()
            rest = upper[j + 1 :]
            size = next((i for i, cell in enumerate(rest, 1) if cell.strip()), len(rest) + 1)
        # A group of one column adds nothing.
        names.append(f"{group} {name.strip()}".strip() if group and size > 1 else name)
    return names


def split_names(row: Record, lines: list[str], dialect: Dialect, n_columns: int) -> list[str]:
    """Return the names in a record, which may have another delimiter than the rows."""
    names = row.cells or []
    mark = find_other_delimiter(row, n_columns)
    if mark is not None:
        return next(split_records([names[0]], mark, dialect.quote)).cells or []
    if dialect.delimiter == " " and len(names) > n_columns:
        # The gaps between names of several words are wider than the gaps between the words.
        apart = re.split(r"\s{2,}|\t", lines[row.start].strip())
        return apart if len(apart) == n_columns else names
    return names


def fit_names(raw: list[str], rows: list[Record], n_columns: int) -> tuple[str, ...]:
    """Return one name per column; R writes no name for the column of row names."""
    if len(raw) == n_columns - 1 and _has_row_names(rows, n_columns):
        return ("", *raw)
    return tuple((raw + [""] * n_columns)[:n_columns])


def _has_row_names(rows: list[Record], n_columns: int) -> bool:
    full = select_full_rows(rows, n_columns)
    first = [row[0].strip() for row in full]
    if len(set(first)) < len(first) or len(first) < 2 or not any(row[-1].strip() for row in full):
        return False
    is_count = all(cell.isascii() and cell.isdigit() for cell in first)
    steps = {int(b) - int(a) for a, b in pairwise(first)} if is_count else set()
    return steps == {1} or not any(map(is_number, first))
