"""The lock of a store's folder: only one process at a time writes there.

The operating system releases the lock when the process ends, even after a crash.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no fcntl; two processes must not share a folder there.
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
IN_USE = "another server saves its runs in this folder; give each server its own STORE"


class FolderLock:
    """The lock file in ``folder``.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ours, theirs = FolderLock(Path(folder)), FolderLock(Path(folder))
    ...     ours.acquire()
    ...     try:
    ...         theirs.acquire()
    ...     except OSError as error:
    ...         print(error.strerror)
    ...     ours.release()
    ...     theirs.acquire()
    ...     theirs.release()
    another server saves its runs in this folder; give each server its own STORE
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Lock the folder, unless this lock holds it already.

        Raises
        ------
        OSError
            If another lock holds the folder, or the file cannot be made.
        """
        if self._descriptor is not None and self._is_in_place(self._descriptor):
            return
        self.release()
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise OSError(errno.EBUSY, IN_USE) from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Unlock the folder, if this lock holds it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _is_in_place(self, descriptor: int) -> bool:
        """Whether the locked file is still the one in the folder, which may have been removed."""
        with suppress(OSError):
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        return False
