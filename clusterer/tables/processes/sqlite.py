"""A table of an SQLite database as rows of text, read in a process of its own."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

from clusterer.support.text import format_bytes, join_names, make_printable
from clusterer.tables.errors import TableError
from clusterer.tables.files.rendered_text import RenderedText
from clusterer.tables.limits import MIN_BOMB_BYTES, READ_BUDGET, Limits
from clusterer.tables.processes.reading_process import ReadingProcess
from clusterer.tables.processes.sqlite_process import (
    DAMAGED,
    MAX_CELL_BYTES,
    TOO_LONG,
    TOO_SLOW,
)

PROGRAM = "sqlite_process.py"
N_LISTED = 8
# The header of a database: which way of writing it uses.
WRITE_VERSION_AT = 18
LOGGED = 2
# A journal begins with these bytes while the database is being changed.
JOURNAL_MARK = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"


def open_sqlite(path: Path, name: str, table: str | None, limits: Limits) -> RenderedText:
    """Return a table of an SQLite database as rows of text.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The name of the table in messages.
    table : str or None
        The name of the table in the database; None takes the first one with rows of numbers.
    limits : Limits
        The largest sizes that are read.

    Raises
    ------
    TableError
        If the database is damaged or has no rows, if it has no such table, if changes of it are
        still in a log beside it, or if the table takes more memory than the budget of a reading.
    """
    _refuse_unfinished(path, name)
    process = ReadingProcess(PROGRAM, path, partial(_explain, name))
    reply = process.ask(*([] if table is None else [table]))
    if "error" in reply:
        raise TableError(f"{name} {make_printable(reply['error'], 300)}")
    if "damage" in reply:
        raise _make_damage_error(name, reply["damage"])
    taken, others = reply["taken"], [make_printable(each, 40) for each in reply["others"]]
    notes = [f"read from the table {make_printable(taken, 60)}"]
    if others:
        notes[0] += f"; the other tables are {join_names(others, N_LISTED)}: choose by sheet"
    notes += [make_printable(note, 200) for note in reply["notes"]]
    if _is_logged(path):
        notes.append("rows that are only in the log of the database (-wal) are not read")
    n_most = max(MIN_BOMB_BYTES, limits.max_ratio * path.stat().st_size)

    def render() -> Generator[bytes, None, None]:
        n_bytes = 0
        for block in process.read(taken):
            n_bytes += len(block)
            if n_bytes > n_most:
                raise TableError(
                    f"{name} has more than {limits.max_ratio} times its size as text: it is "
                    "damaged or made to fill the memory"
                )
            yield block

    return RenderedText(name, render, notes, has_header=True, sheets=[taken, *reply["others"]])


def _refuse_unfinished(path: Path, name: str) -> None:
    """Raise TableError if a file beside the database holds changes of it."""
    log = path.with_name(f"{path.name}-wal")
    journal = path.with_name(f"{path.name}-journal")
    if _is_logged(path) and log.is_file() and log.stat().st_size:
        cause = "has changes in its log (-wal)"
    elif journal.is_file() and _read_start(journal, len(JOURNAL_MARK)) == JOURNAL_MARK:
        cause = "is in the middle of a change (-journal)"
    else:
        return
    raise TableError(
        f"{name} {cause}: end the program that writes it, open and close it once with sqlite3, and "
        "try again"
    )


def _is_logged(path: Path) -> bool:
    return LOGGED in _read_start(path, WRITE_VERSION_AT + 2)[WRITE_VERSION_AT:]


def _read_start(path: Path, n_bytes: int) -> bytes:
    with path.open("rb") as file:
        return file.read(n_bytes)


def _explain(name: str, code: int) -> TableError:
    if code == DAMAGED:
        return _make_damage_error(name, "a part of the table cannot be read")
    if code == TOO_SLOW:
        return TableError(
            f"{name} takes too long to read: it may be damaged; save the table as CSV"
        )
    if code == TOO_LONG:
        most = format_bytes(MAX_CELL_BYTES)
        return TableError(
            f"{name} has a text of more than {most}: save the table as CSV without it"
        )
    most = format_bytes(READ_BUDGET)
    return TableError(
        f"{name} is a database that takes more than {most} of memory to read: save the table as CSV"
    )


def _make_damage_error(name: str, cause: str) -> TableError:
    return TableError(
        f"{name} is an SQLite database that is damaged, encrypted or of a newer version: save the "
        f"table as CSV, after a repair by .recover of sqlite3 ({make_printable(cause, 120)})"
    )
