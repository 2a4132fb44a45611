"""The compiled code that Numba keeps beside the modules, and when it is out of date."""

import hashlib
from contextlib import suppress
from pathlib import Path

STAMP = "kernels.sha256"


def drop_stale(folder: Path) -> None:
    """Delete all compiled code below ``folder`` if the kernels there have changed.

    Numba notices that the file of a function has changed, but not those of what it calls and of
    the constants in it: after an update it would go on with some of the old code.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     kernel, compiled = Path(name, "kernel.py"), Path(name, "__pycache__", "kernel.nbi")
    ...     compiled.parent.mkdir()
    ...     for text in ("import numba", "import numba", "import numba; K = 2"):
    ...         _ = kernel.write_text(text)
    ...         drop_stale(Path(name))
    ...         print(compiled.exists())
    ...         compiled.touch()
    False
    True
    False
    """
    texts = [path.read_bytes() for path in sorted(folder.rglob("*.py"))]
    kernels = b"".join(text for text in texts if b"numba" in text)
    stamp, kept = hashlib.sha256(kernels).hexdigest(), folder / "__pycache__" / STAMP
    # Where nothing can be written, Numba keeps it elsewhere.
    with suppress(OSError):
        if kept.exists() and kept.read_text() == stamp:
            return
        for index in folder.rglob("__pycache__/*.nbi"):
            index.unlink(missing_ok=True)
        kept.write_text(stamp)
