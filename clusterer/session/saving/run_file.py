"""The SQLite file of the saved runs: opened, opened again after a problem, put aside if damaged.

A full, read-only or locked disk is no damage: the file stays as it is, and the next attempt may
succeed. Only a file whose damage SQLite's own check has proven is put aside, in a folder of its own
with all that belongs to it, so that nothing is lost.
"""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

log = logging.getLogger(__name__)

FILE = "runs.sqlite"
SUFFIXES = ("", "-wal", "-shm")
DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
LOCK_TIMEOUT_S = 10.0
MAX_STEP_S = 1200.0
"""The age of a run grows at most so much between two writes, or the system's clock was set."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    hash TEXT PRIMARY KEY,
    stored_at REAL NOT NULL,
    n_bytes INTEGER NOT NULL,
    told TEXT NOT NULL,
    model BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (seconds REAL NOT NULL, system_time REAL NOT NULL);
"""

Row = tuple[str, str, bytes]
"""A saved run: the hash of its key, its text and its model."""


def is_damage(error: BaseException) -> bool:
    """Whether SQLite reports that the contents of a file are wrong.

    >>> is_damage(sqlite3.OperationalError("database or disk is full"))
    False
    """
    # The lowest byte is the kind of the error, the others are details.
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in DAMAGE


class RunFile:
    """The file in ``folder``, with a connection for one thread; other threads use `connect`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = RunFile(Path(folder))
    ...     file.write([("a hash", "a text", b"a model")])
    ...     found, missing = file.read("a hash"), file.read("another")
    ...     file.close()
    >>> found, missing
    (('a text', b'a model'), None)
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        # Held while another thread has the file open: SQLite's log must not be parted from it.
        self.in_use = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def open(self) -> sqlite3.Connection:
        """Return the connection; open the file again if it was removed or replaced.

        Raises
        ------
        sqlite3.Error, OSError
            If the file cannot be opened.
        """
        if self._connection is not None and self._identity == self._identify():
            return self._connection
        if self._connection is not None:
            log.warning("the file of the saved runs was removed; a new one is created")
            self.close()
        self._create_file()
        connection = self.connect()
        try:
            connection.executescript(SCHEMA)
        except BaseException:
            connection.close()
            raise
        self._connection, self._identity = connection, self._identify()
        return connection

    def _identify(self) -> tuple[int, int] | None:
        with suppress(OSError):
            status = self.path.stat()
            return status.st_dev, status.st_ino
        return None

    def _create_file(self) -> None:
        # An existing file is not opened: closing any descriptor of the file drops the locks that
        # the connections of this process hold on it (POSIX).
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def connect(self) -> sqlite3.Connection:
        """Return a new connection to the existing file."""
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=LOCK_TIMEOUT_S,
            isolation_level=None,
        )
        try:
            # A commit survives the death of the process, and does not wait for the disk.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    @contextmanager
    def change(self) -> Iterator[tuple[sqlite3.Connection, float]]:
        """A transaction, and the time on the file's own clock in seconds.

        The clock goes on while the file is in use, and never jumps.
        """
        connection = self.open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection, self._advance_clock(connection)
            connection.execute("COMMIT")
        except BaseException:
            # A full disk may have ended the transaction already.
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _advance_clock(self, connection: sqlite3.Connection) -> float:
        now = time.time()
        row = connection.execute("SELECT seconds, system_time FROM clock").fetchone()
        # The runs of earlier versions have the system's time.
        seconds, before = row or (now, now)
        seconds += min(max(now - before, 0.0), MAX_STEP_S)
        connection.execute("DELETE FROM clock")
        connection.execute("INSERT INTO clock VALUES (?, ?)", (seconds, now))
        return float(seconds)

    def write(self, rows: Iterable[Row]) -> None:
        """Save runs, all or none."""
        with self.change() as (connection, now):
            connection.executemany(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)",
                [(name, now, len(text) + len(model), text, model) for name, text, model in rows],
            )

    def read(self, name: str) -> tuple[str, bytes] | None:
        """Return the text and the model of a run, from any thread; None if there is none."""
        try:
            with self.in_use, closing(self.connect()) as connection:
                found: tuple[str, bytes] | None = connection.execute(
                    "SELECT told, model FROM runs WHERE hash = ?", (name,)
                ).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            # A file that was made on a full disk has no tables yet.
            return None
        return found

    def put_aside_if_damaged(self) -> bool:
        """Move the file into a new folder if a check proves its damage; return whether it did."""
        self.close()
        with self.in_use:
            if not self._is_damaged():
                return False
            folder = self._make_folder()
            for suffix in SUFFIXES:
                with suppress(FileNotFoundError):
                    os.rename(f"{self.path}{suffix}", folder / f"{FILE}{suffix}")
        log.warning("the file of the saved runs is damaged; it was moved to %s", folder.name)
        return True

    def _is_damaged(self) -> bool:
        try:
            with closing(self.connect()) as connection:
                return connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)
        except sqlite3.DatabaseError as error:
            return is_damage(error)

    def _make_folder(self) -> Path:
        for number in count(1):
            folder = self.path.parent / f"damaged-{number}"
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                return folder
        raise AssertionError
