"""The store: checkpoints of runs in an SQLite file, which only the key of a run can find again.

A thread of the store writes the last checkpoint of each run, all together in one transaction. So a
checkpoint is in the file completely or not at all. The file contains hashes of the keys, and no
hash leads back to its key. Old runs are deleted by age, then, the oldest first, by size; a run that
an open page holds is never deleted.

If the file cannot be written, for example on a full disk, the last checkpoints stay in memory, the
store says so in `RunStore.problem`, and tries again. Only one process at a time writes. The store
of a second process waits in the same way until the first one ends: otherwise each would delete the
runs that pages of the other hold, and two pages could write one run.
"""

import hashlib
import logging
import math
import os
import secrets
import shutil
import sqlite3
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.saving.folder_lock import FolderLock
from clusterer.session.saving.run_file import RunFile, is_damage
from clusterer.support.errors import log_unexpected_error
from clusterer.support.temp_folders import TempFolders

log = logging.getLogger(__name__)

GATHER_S = 0.15
RETRY_S = 5.0
SWEEP_S = 600.0
FIRST_SWEEP_S = 120.0
"""After a restart, pages that are still open need some time to return and hold their runs."""
DAY_S = 86_400.0
KEY_BYTES = 24
UPLOADS = "uploads"
ARRIVING = "arriving"
MAX_WAITING_BYTES = 256 * 2**20
"""So many bytes of checkpoints wait in memory while the file cannot be written."""


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
    days : number of days after its last checkpoint when a run is deleted, default 7; only days on
        which the store is in use count
    most_bytes : maximum size of all runs together, with their tables, default 2 GiB

    Attributes
    ----------
    problem : str
        Why runs cannot be saved at the moment; empty if they can.

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
        self.problem = ""
        self._file = RunFile(folder)
        self._lock = FolderLock(folder)
        self._temp_folders: TempFolders | None = None
        self._waiting: dict[str, Checkpoint] = {}
        self._writing: dict[str, Checkpoint] = {}
        self._held: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_writing = False
        self._is_closed = False
        self._is_suspect = False
        self._sweep_at = math.inf
        self._attempt([])
        # The thread opens the file again: a connection belongs to the thread that made it.
        self._file.close()
        self._sweep_at = time.monotonic() + FIRST_SWEEP_S
        self._thread = threading.Thread(target=self._write_on, name="clusterer-store", daemon=True)
        self._thread.start()

    def _prepare(self) -> None:
        """Create what is missing in the folder, which may have been removed."""
        (self.folder / UPLOADS).mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / ARRIVING).mkdir(exist_ok=True, mode=0o700)
        self._lock.acquire()
        if self._temp_folders is None:
            with suppress(OSError):
                self.folder.chmod(0o700)
            # Uploads that an ended process did not receive completely are useless.
            self._temp_folders = TempFolders(self.folder / ARRIVING)
            self._temp_folders.delete_abandoned()

    def put(self, key: str, checkpoint: Checkpoint) -> None:
        """Store a checkpoint soon, in place of the last checkpoint of the key."""
        # No lock: a hundred engines would wait for the engine that waits for the interpreter.
        self._waiting[hash_key(key)] = checkpoint
        if not self._is_writing:
            with self._changed:
                self._changed.notify()

    def hold(self, key: str) -> None:
        """Keep a run and its tables while a page shows the run; each call needs a `release`."""
        with self._changed:
            self._held[hash_key(key)] += 1

    def release(self, key: str) -> None:
        """Let a run age from now on."""
        with self._changed:
            self._held -= Counter([hash_key(key)])

    def find(self, key: str) -> Checkpoint | None:
        """Return the last checkpoint of the key; None if there is none that can be read."""
        with suppress(OSError):
            return self.read(key)
        return None

    def read(self, key: str) -> Checkpoint | None:
        """Return the last checkpoint of the key; None if there is none, or it is damaged.

        Raises
        ------
        OSError
            If the run, or one of its tables, cannot be read at the moment. A later call may
            succeed.
        """
        name = hash_key(key)
        waiting = self._waiting.get(name) or self._writing.get(name)
        try:
            row = waiting.write() if waiting else self._file.read(name)
            if row is not None:
                check_readable(self._find_tables(name))
            return Checkpoint.read(*row) if row else None
        except (sqlite3.Error, OSError) as error:
            self._note_problem(error)
            raise OSError(describe_problem(error)) from error
        except Exception as error:
            log_unexpected_error(error)
            return None

    def folder_for(self, key: str) -> Path:
        """Return the folder of the tables of a run; it is created if it does not exist."""
        folder = self.folder / UPLOADS / hash_key(key)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def make_upload_folder(self) -> Path:
        """Return a temporary folder for incomplete uploads, on the disk of the store."""
        if self._temp_folders is None:
            raise OSError(self.problem)
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
        name = hash_key(key)
        self._waiting.pop(name, None)
        file = RunFile(self.folder)
        try:
            with self._file.in_use, file.change() as (connection, _):
                self._delete(connection, [name])
        finally:
            file.close()

    def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until all checkpoints are stored, or cannot be stored."""

        def is_done() -> bool:
            return bool(self.problem) or not (self._waiting or self._is_writing)

        with self._changed:
            self._changed.wait_for(is_done, timeout_s)

    def close(self) -> None:
        """Store the waiting checkpoints and stop the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(timeout=10.0)
        self._lock.release()
        if self._temp_folders is not None:
            self._temp_folders.close()

    def _write_on(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                if self.problem:
                    self._changed.wait_for(lambda: self._is_closed, RETRY_S)
                else:
                    self._changed.wait_for(self._has_work, SWEEP_S)
                is_last = self._is_closed
                if is_last and not self._waiting:
                    break
                self._is_writing = True
            self._write_waiting()
            if is_last and self.problem:
                log.warning("%d runs could not be saved", len(self._waiting))
                break
            # Checkpoints that arrive meanwhile are written together.
            if not self._is_closed:
                time.sleep(GATHER_S)
        self._file.close()

    def _has_work(self) -> bool:
        return bool(self._waiting or self._is_closed or self.problem)

    def _write_waiting(self) -> None:
        """Write what waits; what cannot be written goes on waiting."""
        batch: dict[str, Checkpoint] = {}
        self._writing = batch
        while self._waiting:
            name, checkpoint = self._waiting.popitem()
            batch[name] = checkpoint
        rows = []
        for name, checkpoint in batch.items():
            try:
                rows.append((name, *checkpoint.write()))
            except Exception as error:
                log_unexpected_error(error)
        if not self._attempt(rows):
            self._keep_waiting(batch, {name: len(model) for name, _, model in rows})
        self._writing = {}

    def _attempt(self, rows: list[tuple[str, str, bytes]]) -> bool:
        """Write rows, and sweep if a sweep is due; return whether the rows are written."""
        for is_last in (False, True):
            try:
                self._write(rows)
                break
            except (sqlite3.Error, OSError) as error:
                self._file.close()
                if is_last or not is_damage(error):
                    self._note_problem(error)
                    return False
                self._is_suspect = True
        if self.problem:
            log.warning("the store of runs works again")
            self.problem = ""
        try:
            if time.monotonic() >= self._sweep_at:
                self._sweep_at = time.monotonic() + SWEEP_S
                self.sweep()
        except (sqlite3.Error, OSError) as error:
            self._note_problem(error)
        return True

    def _write(self, rows: list[tuple[str, str, bytes]]) -> None:
        """Write rows; a file that an earlier attempt found damaged is put aside first."""
        self._prepare()
        if self._is_suspect:
            self._file.put_aside_if_damaged()
            self._is_suspect = False
        self._file.write(rows)

    def _note_problem(self, error: Exception) -> None:
        # The next attempt checks the whole file.
        self._is_suspect |= is_damage(error)
        text = describe_problem(error)
        if text != self.problem:
            log.warning("runs cannot be saved in %s: %s", self.folder, text)
        with self._changed:
            self.problem = text
            self._changed.notify_all()

    def _keep_waiting(self, batch: dict[str, Checkpoint], sizes: dict[str, int]) -> None:
        """Let checkpoints wait again, as many as may, unless a newer one of the run waits."""
        total = n_dropped = 0
        for name, size in sizes.items():
            total += size
            if total > MAX_WAITING_BYTES:
                n_dropped += 1
            else:
                self._waiting.setdefault(name, batch[name])
        if n_dropped:
            log.warning("%d runs are not saved: too many wait for the disk", n_dropped)

    def sweep(self) -> None:
        """Delete runs that are too old, then the oldest runs while all together are too large."""
        # A connection belongs to one thread, and any thread may call.
        file = RunFile(self.folder)
        try:
            self._sweep(file)
        finally:
            file.close()

    def _sweep(self, file: RunFile) -> None:
        with self._changed:
            held = {*self._held}
        with file.change() as (connection, now):
            connection.executemany(
                "UPDATE runs SET stored_at = ? WHERE hash = ?", [(now, name) for name in held]
            )
            rows = connection.execute(
                "SELECT hash, stored_at, n_bytes FROM runs ORDER BY stored_at DESC"
            ).fetchall()
        sizes = {
            name: n_bytes + measure_folder(self._find_tables(name)) for name, _, n_bytes in rows
        }
        oldest, total, expired = now - self._days * DAY_S, 0, []
        for name, stored_at, _ in sorted(rows, key=lambda row: (row[0] not in held, -row[1])):
            total += sizes[name]
            if name not in held and (stored_at < oldest or total > self._most_bytes):
                expired.append(name)
        with file.change() as (connection, _):
            self._delete(connection, expired)
        known = {*sizes, *held}
        for folder in (self.folder / UPLOADS).iterdir():
            # The folder of a run without checkpoint. A run that has just started gets a day.
            if folder.name not in known and time.time() - folder.stat().st_mtime > DAY_S:
                shutil.rmtree(folder, ignore_errors=True)

    def _find_tables(self, name: str) -> Path:
        return self.folder / UPLOADS / name

    def _delete(self, connection: sqlite3.Connection, names: list[str]) -> None:
        connection.executemany("DELETE FROM runs WHERE hash = ?", [(name,) for name in names])
        for name in names:
            shutil.rmtree(self._find_tables(name), ignore_errors=True)


def measure_folder(folder: Path) -> int:
    """Return the size of the files in a folder in bytes; 0 if it does not exist."""
    with suppress(OSError):
        return sum(path.stat().st_size for path in folder.iterdir())
    return 0


def describe_problem(error: Exception) -> str:
    """The words of the operating system or of SQLite."""
    return getattr(error, "strerror", None) or str(error)


def check_readable(folder: Path) -> None:
    """Raise OSError if a file in a folder cannot be read; the folder need not exist."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            with path.open("rb") as file:
                file.read(1)
