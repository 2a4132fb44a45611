"""The store: checkpoints of runs in an SQLite file, which only the key of a run can find again.

A thread of the store writes the last checkpoint of each run, all together in one transaction. So a
checkpoint is in the file completely or not at all. The file contains hashes of the keys, and no
hash leads back to its key. Old runs are deleted by age, then, the oldest first, by size.
"""

import hashlib
import logging
import os
import secrets
import shutil
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.support.errors import log_unexpected_error
from clusterer.support.temp_folders import TempFolders

log = logging.getLogger(__name__)

GATHER_S = 0.15
SWEEP_S = 600.0
DAY_S = 86_400.0
KEY_BYTES = 24
FILE = "runs.sqlite"
UPLOADS = "uploads"
ARRIVING = "arriving"

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    hash TEXT PRIMARY KEY,
    stored_at REAL NOT NULL,
    n_bytes INTEGER NOT NULL,
    told TEXT NOT NULL,
    model BLOB NOT NULL
) WITHOUT ROWID
"""
PUT = "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)"


def make_key() -> str:
    """Return a new key of 192 bits, which nobody can guess."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> str:
    """Return the hash by which the store finds a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class RunStore:
    """Store checkpoints in ``folder``, which is created, and which only this user can read.

    Parameters
    ----------
    folder : the folder of the file and of the uploaded tables
    days : number of days after its last checkpoint when a run is deleted, default 7
    most_bytes : maximum size of all runs together, with their tables, default 2 GiB

    Examples
    --------
    >>> import tempfile
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.session.run import Run
    >>> from clusterer.datasets import make_generator
    >>> run = Run(make_generator("blobs"), OnlineClusterer())
    >>> _ = run.advance(10)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = RunStore(Path(folder))
    ...     key = make_key()
    ...     store.put(key, Checkpoint.take(run))
    ...     store.flush()
    ...     found, guessed = store.find(key), store.find(make_key())
    ...     store.close()
    >>> found.n_seen, guessed
    (10, None)
    """

    def __init__(self, folder: Path, *, days: float = 7.0, most_bytes: int = 2 * 2**30) -> None:
        self.folder = folder
        self._days, self._most_bytes = days, most_bytes
        (folder / UPLOADS).mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / ARRIVING).mkdir(exist_ok=True, mode=0o700)
        with suppress(OSError):
            folder.chmod(0o700)
        # Uploads that an ended process did not receive completely are useless.
        self._temp_folders = TempFolders(folder / ARRIVING)
        self._temp_folders.delete_abandoned()
        self._prepare()
        self._waiting: dict[str, Checkpoint] = {}
        self._changed = threading.Condition()
        self._is_writing = False
        self._is_closed = False
        self._thread = threading.Thread(target=self._write_on, name="clusterer-store", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        try:
            self._create_file()
            with closing(self._connect()) as connection:
                connection.execute(SCHEMA)
        except sqlite3.DatabaseError:
            # A damaged file must not prevent the server from starting.
            damaged = self.folder / f"{FILE}.damaged-{int(time.time())}"
            log.warning("the store was damaged; its file was renamed and a new one was created")
            (self.folder / FILE).rename(damaged)
            for suffix in ("-wal", "-shm"):
                (self.folder / f"{FILE}{suffix}").unlink(missing_ok=True)
            self._create_file()
            with closing(self._connect()) as connection:
                connection.execute(SCHEMA)

    def _create_file(self) -> None:
        # An existing file is not opened: closing any descriptor of the file drops the locks that
        # the connections of this process hold on it (POSIX).
        with suppress(FileExistsError):
            os.close(os.open(self.folder / FILE, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.folder / FILE, timeout=10.0, isolation_level=None)
        # A commit survives the death of the process, and does not wait for the disk.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def put(self, key: str, checkpoint: Checkpoint) -> None:
        """Store a checkpoint soon, in place of the last checkpoint of the key."""
        # No lock: a hundred engines would wait for the engine that waits for the interpreter.
        self._waiting[hash_key(key)] = checkpoint
        if not self._is_writing:
            with self._changed:
                self._changed.notify()

    def find(self, key: str) -> Checkpoint | None:
        """Return the last checkpoint of the key; None if there is none that can be read."""
        with closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT told, model FROM runs WHERE hash = ?", (hash_key(key),)
            ).fetchone()
        if row is None:
            return None
        try:
            return Checkpoint.read(*row)
        except Exception as error:
            log_unexpected_error(error)
            return None

    def folder_for(self, key: str) -> Path:
        """Return the folder of the tables of a run; it is created if it does not exist."""
        folder = self.folder / UPLOADS / hash_key(key)
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def make_upload_folder(self) -> Path:
        """Return a temporary folder for incomplete uploads, on the disk of the store."""
        return self._temp_folders.make_folder()

    def share_tables(self, key: str, other: str) -> None:
        """Keep the tables of a run for another run as well."""
        for path in self.folder_for(key).iterdir():
            beside = self.folder_for(other) / path.name
            try:
                os.link(path, beside)
            except OSError:
                shutil.copy(path, beside)

    def forget(self, key: str) -> None:
        """Delete a run and its tables."""
        self._waiting.pop(hash_key(key), None)
        with closing(self._connect()) as connection:
            self._delete(connection, [hash_key(key)])

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until all checkpoints are stored."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._waiting or self._is_writing), timeout_s)

    def close(self) -> None:
        """Store the waiting checkpoints and stop the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout=10.0)
        self._temp_folders.close()

    def _write_on(self) -> None:
        with closing(self._connect()) as connection:
            sweep_at = 0.0
            while True:
                with self._changed:
                    self._is_writing = False
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._waiting or self._is_closed, SWEEP_S)
                    if self._is_closed and not self._waiting:
                        return
                    self._is_writing = True
                batch = {}
                while self._waiting:
                    name, batch[name] = self._waiting.popitem()
                try:
                    self._write(connection, batch)
                    if time.monotonic() >= sweep_at:
                        sweep_at = time.monotonic() + SWEEP_S
                        self.sweep(connection)
                except Exception as error:
                    # A full disk must not stop the runs.
                    log_unexpected_error(error)
                # Checkpoints that arrive meanwhile are written together.
                if not self._is_closed:
                    time.sleep(GATHER_S)

    def _write(self, connection: sqlite3.Connection, batch: dict[str, Checkpoint]) -> None:
        now = time.time()
        rows = []
        for name, checkpoint in batch.items():
            text, model = checkpoint.write()
            rows.append((name, now, len(text) + len(model), text, model))
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(PUT, rows)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    def sweep(self, connection: sqlite3.Connection) -> None:
        """Delete runs that are too old, then the oldest runs while all together are too large."""
        rows = connection.execute(
            "SELECT hash, stored_at, n_bytes FROM runs ORDER BY stored_at DESC"
        ).fetchall()
        oldest, total, expired = time.time() - self._days * DAY_S, 0, []
        for name, stored_at, n_bytes in rows:
            total += n_bytes + measure_folder(self.folder / UPLOADS / name)
            if stored_at < oldest or total > self._most_bytes:
                expired.append(name)
        self._delete(connection, expired)
        known = {name for name, _, _ in rows}
        for folder in (self.folder / UPLOADS).iterdir():
            # The folder of a run without checkpoint. A run that has just started gets a day.
            if folder.name not in known and time.time() - folder.stat().st_mtime > DAY_S:
                shutil.rmtree(folder, ignore_errors=True)

    def _delete(self, connection: sqlite3.Connection, names: list[str]) -> None:
        connection.executemany("DELETE FROM runs WHERE hash = ?", [(name,) for name in names])
        for name in names:
            shutil.rmtree(self.folder / UPLOADS / name, ignore_errors=True)


def measure_folder(folder: Path) -> int:
    """Return the size of the files in a folder in bytes; 0 if it does not exist."""
    with suppress(OSError):
        return sum(path.stat().st_size for path in folder.iterdir())
    return 0
