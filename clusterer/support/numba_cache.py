"""Numba's cache of compiled code beside the modules: deleted when a kernel has changed."""

import hashlib
from contextlib import suppress
from pathlib import Path

HASH_FILE = "kernels.sha256"


def delete_stale_cache(folder: Path) -> None:
    """Delete all compiled code below `folder` if the source of a kernel there has changed.

    Numba compiles a function again when its own file changes, but not when a function that it
    calls or a constant that it uses changes in another file. After an update Numba would run
    some of the old code.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     kernel = Path(name, "package", "kernel.py")
    ...     compiled = kernel.parent / "__pycache__" / "kernel.nbi"
    ...     compiled.parent.mkdir(parents=True)
    ...     for text in ("import numba", "import numba", "import numba; K = 2"):
    ...         _ = kernel.write_text(text)
    ...         compiled.touch()
    ...         delete_stale_cache(Path(name))
    ...         print(compiled.exists())
    False
    True
    False
    """
    texts = [path.read_bytes() for path in sorted(folder.rglob("*.py"))]
    kernels = b"".join(text for text in texts if b"numba" in text or b"support.kernels" in text)
    current, hash_file = hashlib.sha256(kernels).hexdigest(), folder / "__pycache__" / HASH_FILE
    # In a read-only folder Numba uses a cache elsewhere, so there is nothing to delete.
    with suppress(OSError):
        if hash_file.exists() and hash_file.read_text() == current:
            return
        for pattern in ("__pycache__/*.nbi", "__pycache__/*.nbc"):
            for compiled in folder.rglob(pattern):
                compiled.unlink(missing_ok=True)
        # With PYTHONDONTWRITEBYTECODE Python makes no `__pycache__`; Numba makes one later.
        hash_file.parent.mkdir(exist_ok=True)
        hash_file.write_text(current)
