"""Writes one sheet of a workbook as CSV on the standard output.

`limited_process.py` runs it as ``workbook_process.py PATH [SHEET]``, because the reader holds a
whole sheet in memory, and a small file can describe a huge sheet. The first line of the output is
JSON: the names of the sheets and the one that follows, or an error.
"""

import csv
import datetime
import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import python_calamine as calamine

# A sheet with this many rows of numbers is a table; one with fewer may be a note about it.
MIN_NUMBER_ROWS = 10
# More blank rows above the table are not written.
MAX_BLANK_ROWS = 1_000


def open_book(path: str) -> Any:
    """Open a workbook by its name, or by its content if the name says another kind of workbook."""
    try:
        return calamine.load_workbook(path)
    except (calamine.PasswordError, MemoryError):
        raise
    except Exception:
        with open(path, "rb") as file:
            return calamine.load_workbook(file)


def choose_sheet(book: Any, wanted: str | None) -> tuple[Any, list[str]]:
    """Return a sheet and the names of all visible sheets.

    Without a wish it is the first sheet with many rows of numbers, else the one with most of them.
    Raises LookupError if there is no such sheet.
    """
    visible = calamine.SheetVisibleEnum.Visible
    shown = [each.name for each in book.sheets_metadata if each.visible == visible]
    names = shown or list(book.sheet_names)
    if wanted is not None:
        if wanted not in book.sheet_names:
            raise LookupError(f"has no sheet {wanted!r}; there are: {', '.join(names)}")
        return book.get_sheet_by_name(wanted), names
    best, most = None, -1
    for name in names:
        sheet = book.get_sheet_by_name(name)
        n_rows = count_number_rows(sheet)
        if n_rows >= MIN_NUMBER_ROWS:
            return sheet, names
        if n_rows > most and sheet.end is not None:
            best, most = name, n_rows
        del sheet
    if best is None:
        raise LookupError("has no sheet with any cell")
    return book.get_sheet_by_name(best), names


def count_number_rows(sheet: Any) -> int:
    """Return how many of the first rows hold numbers, at most `MIN_NUMBER_ROWS`."""
    n_rows = 0
    for row in sheet.iter_rows():
        kinds = [type(cell) for cell in row]
        n_rows += float in kinds or int in kinds
        if n_rows >= MIN_NUMBER_ROWS:
            break
    return n_rows


def write_cell(cell: Any) -> str:
    """Return a value as the CSV export of a spreadsheet writes it; dates in the order of ISO."""
    if isinstance(cell, str):
        return " ".join(cell.splitlines()) if "\n" in cell or "\r" in cell else cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, datetime.timedelta):
        seconds = cell.total_seconds()
        minutes, rest = divmod(abs(seconds), 60)
        sign = "-" if seconds < 0 else ""
        return f"{sign}{int(minutes // 60):02d}:{int(minutes % 60):02d}:{rest:02.0f}"
    return str(cell)


def write_rows(sheet: Any, output: TextIO) -> None:
    """Write all rows of a sheet; a row without any content is a blank line."""
    writer = csv.writer(output, lineterminator="\n")
    n_above = sheet.start[0] if sheet.start else 0
    if n_above <= MAX_BLANK_ROWS:
        output.write("\n" * n_above)
    for row in iterate_rows(sheet):
        if any(row):
            writer.writerow(row)
        else:
            output.write("\n")


def iterate_rows(sheet: Any) -> Iterator[list[str]]:
    """Yield the rows as text."""
    for row in sheet.iter_rows():
        yield [write_cell(cell) for cell in row]


def run(path: str, wanted: str | None, output: TextIO) -> None:
    """Write the first line, and the sheet if there is one."""
    try:
        book = open_book(path)
        sheet, names = choose_sheet(book, wanted)
    except calamine.PasswordError:
        reply = {"error": "is protected by a password: save it without one"}
    except LookupError as error:
        reply = {"error": str(error)}
    except MemoryError:
        raise
    except Exception as error:
        reply = {"damage": str(error)[:200]}
    else:
        output.write(json.dumps({"sheets": names, "taken": sheet.name}) + "\n")
        write_rows(sheet, output)
        return
    output.write(json.dumps(reply) + "\n")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, sys.stdout)
