"""Scratch: folders for files that live no longer than the process, or than its next start.

All of a process's folders lie in one, which holds a file that the process keeps locked. A lock
ends with its process, however that ends; so a folder whose file can be locked is nobody's any
more, and the next process deletes it. What has no such file is never touched.
"""

import atexit
import logging
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows has other locks; there leftovers stay.
    fcntl = None  # type: ignore[assignment]

PREFIX = "clusterer-"
LOCK = "lock"

log = logging.getLogger(__name__)


class Scratch:
    """The process's folder under ``root`` (default: that of the system), made when first needed.

    >>> with tempfile.TemporaryDirectory() as root:
    ...     scratch = Scratch(Path(root))
    ...     folder = scratch.make_folder()
    ...     was_there = folder.is_dir()
    ...     scratch.close()
    ...     was_there, list(Path(root).iterdir())
    (True, [])
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._home: Path | None = None
        self._lock: BinaryIO | None = None
        self._guard = threading.Lock()

    @property
    def root(self) -> Path:
        """Where the folders of all processes lie."""
        return self._root or Path(tempfile.gettempdir())

    def make_folder(self) -> Path:
        """A new empty folder; whoever got it may delete it."""
        with self._guard:
            if self._home is None or not self._home.is_dir():
                self._home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._root))
                self._lock = lock_folder(self._home)
                atexit.register(self.close)
            return Path(tempfile.mkdtemp(dir=self._home))

    def sweep(self) -> int:
        """Delete the folders of processes that are gone; returns how many there were."""
        if fcntl is None:
            return 0
        n_swept = 0
        for folder in self.root.glob(f"{PREFIX}*"):
            if folder != self._home and is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                n_swept += 1
        if n_swept:
            log.info("%d folders of processes that are gone were deleted", n_swept)
        return n_swept

    def close(self) -> None:
        """Delete everything."""
        with self._guard:
            home, self._home = self._home, None
            lock, self._lock = self._lock, None
        atexit.unregister(self.close)
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)
        if lock is not None:
            lock.close()


def lock_folder(folder: Path) -> BinaryIO | None:
    """Lock a new folder for as long as the file returned is open; None where there are no locks."""
    if fcntl is None:
        return None
    # It gets its name when it is locked, so that nobody finds it unlocked in between.
    file = (folder / f"{LOCK}.new").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.rename(folder / f"{LOCK}.new", folder / LOCK)
    return file


def is_abandoned(folder: Path) -> bool:
    """Whether it is a folder of ours whose process is gone."""
    try:
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            return False
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


scratch = Scratch()
"""That of this process."""
