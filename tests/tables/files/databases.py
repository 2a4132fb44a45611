"""SQLite databases for the tests."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

MAIN_TABLE = "CREATE TABLE t (x, y, label)"


def make_sqlite(
    rows: Iterable[Sequence[object]],
    *statements: str,
    table: str = "t",
    then: Sequence[str] = (),
    functions: dict[str, Callable[..., object]] | None = None,
) -> bytes:
    """Return a database with the rows in one table.

    Parameters
    ----------
    rows : iterable of sequences
        The values of the first columns of the table.
    *statements : str
        Run before the rows are added; without any, the table has the columns x, y and label.
    table : str, default "t"
        The name of the table, as it stands in SQL.
    then : sequence of str
        Run after the rows are added.
    functions : dict, optional
        Functions of one argument that the statements may call.
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for name, function in (functions or {}).items():
            connection.create_function(name, 1, function, deterministic=True)
        for statement in statements or (MAIN_TABLE,):
            connection.execute(statement)
        rows = [tuple(row) for row in rows]
        connection.execute("BEGIN")
        for row in rows:
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        connection.execute("COMMIT")
        for statement in then:
            connection.execute(statement)
        return connection.serialize()
