"""Writes one table of an SQLite database as CSV on the standard output.

`limited_process.py` runs it as ``sqlite_process.py PATH [TABLE]``. The first line of the output is
JSON: the names of the tables, the one that follows and notes about its columns, or an error.

A database can hold programs: views, triggers, virtual tables, expressions of computed columns.
None of them runs. The file is opened as immutable, so nothing is written, not even beside it; only
tables that hold rows are read, in the order of the file; and SQLite asks `authorize` before it
reads a column or calls a function.
"""

import csv
import datetime
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

# Why the process ends after the first line was written.
DAMAGED, TOO_SLOW, TOO_LONG = 3, 4, 5
# A table with this many rows of numbers is data; one with fewer may be about the others.
MIN_NUMBER_ROWS = 10
N_SAMPLE_ROWS = 1_000
# Of more tables only the first ones are looked at, and named.
MAX_TABLES = 200
MAX_CELL_BYTES = 32 * 2**20
MAX_SQL_BYTES = 2**20
# SQLite calls the progress handler after so many steps; a row takes a few for each column.
N_STEPS = 1_000_000
MAX_CALLS_A_ROW = 20
SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA query_only = ON",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -4000",
)
LIST_TABLES = "SELECT name, type, rootpage FROM sqlite_master WHERE type IN ('table', 'view')"
LIST_COLUMNS = "SELECT name, type, pk, hidden FROM pragma_table_xinfo(?)"
# The last column of `LIST_COLUMNS`.
COMPUTED_WHEN_READ = 2
EPOCH = datetime.datetime(1970, 1, 1)
# The largest number of a unit from 1970 to 2100, the least one by which the unit is recognised, and
# the parts of a second. Smaller numbers may be dates such as 20240105.
TIME_UNITS = (
    ("seconds", 4.1e9, 1e8, 1),
    ("milliseconds", 4.1e12, 1e11, 1_000),
    ("microseconds", 4.1e15, 1e14, 1_000_000),
)
# The Julian days of the years 1 to 9999, and of 1970.
JULIAN_DAYS = (1_721_425.5, 5_373_484.5)
JULIAN_1970 = 2_440_587.5
# Core Data, the database of Apple's programs, counts from 2001 and has this key in each table.
CORE_DATA_KEY = "Z_PK"
SECONDS_TO_2001 = 978_307_200


class Column(NamedTuple):
    """A column: its name, its declared type in capitals, and whether it is (part of) the key."""

    name: str
    declared: str
    is_key: bool


class Sample(NamedTuple):
    """The first rows of a table: their values and the types of these."""

    values: list[tuple[Any, ...]]
    types: list[tuple[str, ...]]


class Clock(NamedTuple):
    """How the numbers of a column become times: factor and summand for seconds since 1970."""

    unit: str
    factor: float
    summand: float

    def write(self, value: float) -> str:
        """Return a number as a date with time; the number itself if no calendar has it."""
        # A Julian day is exact to a millisecond, which is also what SQLite writes.
        milliseconds = (value * self.factor + self.summand) * 1_000
        try:
            return str(EPOCH + datetime.timedelta(milliseconds=round(milliseconds)))
        except (OverflowError, ValueError):
            return str(value)


class Patience:
    """Ends a query that works for long without a row."""

    def __init__(self) -> None:
        self._n_calls = 0

    def count(self) -> int:
        """Be called by SQLite; a result other than 0 ends the query."""
        self._n_calls += 1
        return int(self._n_calls > MAX_CALLS_A_ROW)

    def watch(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows."""
        for row in rows:
            self._n_calls = 0
            yield row


def authorize(action: int, first: str | None, second: str | None, *_: object) -> int:
    """Allow SQLite to read columns and to tell the type of a value, and nothing else."""
    is_allowed = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ) or (
        action == sqlite3.SQLITE_FUNCTION and second == "typeof"
    )
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY


def open_database(path: str, patience: Patience) -> sqlite3.Connection:
    """Open a database so that nothing is written, nothing runs, and memory and time are limited."""
    address = Path(path).as_uri() + "?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CELL_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, MAX_SQL_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
    connection.set_progress_handler(patience.count, N_STEPS)
    for SETTING in SETTINGS:
        connection.execute(SETTING)
    return connection


class Database:
    """The tables of a database that hold rows.

    Parameters
    ----------
    path : str
        The file, as an absolute path.
    wanted : str, optional
        The only table whose columns are needed; None stands for the first ones.

    Raises
    ------
    LookupError
        If there is no such table.
    """

    def __init__(self, path: str, wanted: str | None = None) -> None:
        self._patience = Patience()
        self._connection = open_database(path, self._patience)
        found = self._connection.execute(LIST_TABLES).fetchall()
        # A virtual table is a program with tables of its own, whose names begin with its name.
        self.virtual = [name for name, kind, page in found if kind == "table" and not page]
        self.views = [name for name, kind, _ in found if kind == "view"]
        left_out = ("sqlite_", *(f"{name}_" for name in self.virtual))
        self.tables = [
            name
            for name, kind, page in found
            if kind == "table" and page and not name.startswith(left_out)
        ]
        if wanted is not None and wanted not in self.tables:
            shown = ", ".join(self.tables[:MAX_TABLES])
            raise LookupError(f"has no table {wanted!r}; there are: {shown}")
        candidates = self.tables[:MAX_TABLES] if wanted is None else [wanted]
        self.columns = {table: self._list_columns(table) for table in candidates}
        self._connection.set_authorizer(authorize)

    def _list_columns(self, table: str) -> tuple[list[Column], list[str]]:
        """Return the columns of a table, and the names of those that an expression computes."""
        rows = self._connection.execute(LIST_COLUMNS, (table,)).fetchall()
        stored = [
            Column(name, (declared or "").upper(), bool(key))
            for name, declared, key, hidden in rows
            if hidden != COMPUTED_WHEN_READ
        ]
        return stored, [row[0] for row in rows if row[3] == COMPUTED_WHEN_READ]

    def read(self, table: str, expressions: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield all rows of a table in the order of the file, not in the order of an index."""
        query = f"SELECT {', '.join(expressions)} FROM {quote_name(table)} NOT INDEXED"
        return self._patience.watch(self._connection.execute(query))

    def sample(self, table: str, columns: Sequence[Column]) -> Sample:
        """Return the first rows of a table."""
        values = self.read(table, [write_value(column.name) for column in columns])
        types = self.read(table, [f"typeof({quote_name(column.name)})" for column in columns])
        return Sample([*islice(values, N_SAMPLE_ROWS)], [*islice(types, N_SAMPLE_ROWS)])


def quote_name(name: str) -> str:
    """Return a name as an identifier of SQL: whatever it holds, it is a name."""
    return '"' + name.replace('"', '""') + '"'


def write_value(name: str) -> str:
    """Return the SQL of a value; binary data are not even loaded."""
    quoted = quote_name(name)
    return f"CASE typeof({quoted}) WHEN 'blob' THEN NULL ELSE {quoted} END"


class Choice(NamedTuple):
    """The table that is read: its name, the columns with their clocks, and notes for users."""

    table: str
    columns: list[Column]
    clocks: list[Clock | None]
    notes: list[str]


def choose_table(database: Database) -> Choice:
    """Return the first table with many rows of numbers beside the key, or the one with most.

    Raises LookupError if there is no table with rows.
    """
    best, most = None, -1
    for table, (columns, computed) in database.columns.items():
        sample = database.sample(table, columns) if columns else Sample([], [])
        n_rows = count_number_rows(columns, sample)
        if sample.values and n_rows > most:
            best, most = describe_choice(table, columns, computed, sample), n_rows
        if n_rows >= MIN_NUMBER_ROWS:
            break
    if best is not None:
        return best
    if database.columns:
        raise LookupError(f"has no data rows in its tables ({', '.join(database.columns)})")
    if database.views or database.virtual:
        names = ", ".join([*database.views, *database.virtual][:MAX_TABLES])
        raise LookupError(
            f"has only views and virtual tables ({names}), which are programs and are not run: "
            "save one as a table or as CSV"
        )
    raise LookupError("is an SQLite database without a table")


def count_number_rows(columns: Sequence[Column], sample: Sample) -> int:
    """Return how many of the first rows hold numbers beside the key."""
    places = [i for i, column in enumerate(columns) if not column.is_key]
    return sum(any(isinstance(row[i], int | float) for i in places) for row in sample.values)


def describe_choice(
    table: str, columns: Sequence[Column], computed: Sequence[str], sample: Sample
) -> Choice:
    """Leave out columns of binary data, and find those whose numbers are times."""
    notes = [f"{name} is computed by the database: it is not read" for name in computed]
    kept: list[Column] = []
    clocks: list[Clock | None] = []
    is_of_apple = any(column.name == CORE_DATA_KEY for column in columns)
    for column, values, types in zip(
        columns, zip(*sample.values, strict=True), zip(*sample.types, strict=True), strict=True
    ):
        if "blob" in types and not {"integer", "real", "text"} & {*types}:
            notes.append(f"{column.name} holds binary data: it is not read{explain_binary(column)}")
            continue
        if "blob" in types:
            notes.append(f"binary data in {column.name} are read as missing values")
        clock = find_clock(column.declared, values, is_of_apple)
        if clock is not None:
            notes.append(f"{column.name} counts {clock.unit}: it is read as times")
        kept.append(column)
        clocks.append(clock)
    if not kept:
        raise LookupError(f"has only binary data in its table {table}")
    return Choice(table, kept, clocks, notes)


def explain_binary(column: Column) -> str:
    """Return what may be wrong with a column of numbers that holds binary data."""
    if not any(word in column.declared for word in ("INT", "REAL", "NUM", "FLOA", "DOUB")):
        return ""
    return ", although it is declared as numbers; convert NumPy's by int or float to store them"


def find_clock(declared: str, values: Sequence[Any], is_of_apple: bool) -> Clock | None:
    """Return how the numbers of a column that is declared as a time are read; None: as they are."""
    numbers = [value for value in values if value is not None]
    if not ("DATE" in declared or "TIME" in declared) or not numbers:
        return None
    if not all(isinstance(value, int | float) for value in numbers):
        return None
    if all(JULIAN_DAYS[0] <= value < JULIAN_DAYS[1] for value in numbers):
        return Clock("Julian days", 86_400, -JULIAN_1970 * 86_400)
    most = max(map(abs, numbers))
    if is_of_apple and most < SECONDS_TO_2001 * 3:
        return Clock("seconds since 2001", 1, SECONDS_TO_2001)
    for unit, highest, lowest, parts in TIME_UNITS:
        if lowest < most <= highest:
            return Clock(f"{unit} since 1970", 1 / parts, 0)
    return None


def clean_text(text: str) -> str:
    """Return the text of a cell without line ends and zero bytes."""
    if "\n" in text or "\r" in text or "\0" in text:
        return text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\0", "")
    return text


def write_rows(database: Database, choice: Choice, output: TextIO) -> None:
    """Write the names of the columns and all rows."""
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow([clean_text(column.name) for column in choice.columns])
    clocks = {i: clock for i, clock in enumerate(choice.clocks) if clock is not None}
    for row in database.read(choice.table, [write_value(each.name) for each in choice.columns]):
        cells = [clean_text(cell) if isinstance(cell, str) else cell for cell in row]
        for i, clock in clocks.items():
            value = row[i]
            if isinstance(value, int | float):
                cells[i] = clock.write(value)
        writer.writerow(cells)


def explain(error: sqlite3.Error) -> int:
    """Return the code with which the process ends."""
    codes = {sqlite3.SQLITE_INTERRUPT: TOO_SLOW, sqlite3.SQLITE_TOOBIG: TOO_LONG}
    return codes.get(getattr(error, "sqlite_errorcode", 0), DAMAGED)


def run(path: str, wanted: str | None, output: TextIO) -> int:
    """Write the first line, and the table if there is one; return the code of the process."""
    try:
        database = Database(path, wanted)
        choice = choose_table(database)
    except LookupError as error:
        output.write(json.dumps({"error": str(error)}) + "\n")
        return 0
    except sqlite3.Error as error:
        if explain(error) != DAMAGED:
            return explain(error)
        output.write(json.dumps({"damage": str(error)[:200]}) + "\n")
        return 0
    tables = [table[:100] for table in database.tables[:MAX_TABLES] if table != choice.table]
    reply = {"taken": choice.table, "others": tables, "notes": choice.notes}
    output.write(json.dumps(reply) + "\n")
    try:
        write_rows(database, choice, output)
    except sqlite3.Error as error:
        return explain(error)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None, sys.stdout))
