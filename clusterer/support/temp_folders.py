"""Temporary folders that are deleted when the process ends, or by the next process.

All folders of a process are in one folder with a lock file that the process keeps locked. The
operating system releases the lock when the process ends, even after a crash. So a folder whose
lock file can be locked is abandoned, and the next process deletes it. A folder without a lock
file is never deleted.
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
except ImportError:  # Windows has no fcntl; abandoned folders stay there.
    fcntl = None  # type: ignore[assignment]

PREFIX = "clusterer-"
LOCK = "lock"

log = logging.getLogger(__name__)


class TempFolders:
    """The temporary folders of this process, made when first needed.

    Parameters
    ----------
    root : Path, optional
        Where the folders are made; the default is the system's folder for temporary files.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as root:
    ...     folders = TempFolders(Path(root))
    ...     folder = folders.make_folder()
    ...     existed = folder.is_dir()
    ...     folders.close()
    ...     existed, list(Path(root).iterdir())
    (True, [])
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root
        self._home: Path | None = None
        self._lock_file: BinaryIO | None = None
        self._lock = threading.Lock()

    @property
    def root(self) -> Path:
        """The folder that holds the temporary folders of all processes."""
        return self._root or Path(tempfile.gettempdir())

    def make_folder(self) -> Path:
        """Return a new empty folder; the caller may delete it earlier."""
        with self._lock:
            if self._home is None or not self._home.is_dir():
                self._home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._root))
                self._lock_file = lock_folder(self._home)
                atexit.register(self.close)
            return Path(tempfile.mkdtemp(dir=self._home))

    def delete_abandoned(self) -> int:
        """Delete the folders of processes that have ended; return their number."""
        if fcntl is None:
            return 0
        n_deleted = 0
        for folder in self.root.glob(f"{PREFIX}*"):
            if folder != self._home and is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
                n_deleted += 1
        if n_deleted:
            log.info("%d temporary folders of ended processes were deleted", n_deleted)
        return n_deleted

    def close(self) -> None:
        """Delete all folders of this process."""
        with self._lock:
            home, self._home = self._home, None
            lock_file, self._lock_file = self._lock_file, None
        atexit.unregister(self.close)
        if home is not None:
            shutil.rmtree(home, ignore_errors=True)
        if lock_file is not None:
            lock_file.close()


def lock_folder(folder: Path) -> BinaryIO | None:
    """Lock a new folder until the returned file is closed; None on a system without locks."""
    if fcntl is None:
        return None
    # The lock file gets its name after it is locked, so no process finds it unlocked.
    file = (folder / f"{LOCK}.new").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.rename(folder / f"{LOCK}.new", folder / LOCK)
    return file


def is_abandoned(folder: Path) -> bool:
    """Tell whether a folder was made by this user's process that has ended."""
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


temp_folders = TempFolders()
"""The temporary folders of this process."""
