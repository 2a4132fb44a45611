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
    ...     kernel = Path(name, "package", "kernel.py")
    ...     compiled = kernel.parent / "__pycache__" / "kernel.nbi"
    ...     compiled.parent.mkdir(parents=True)
    ...     for text in ("import numba", "import numba", "import numba; K = 2"):
    ...         _ = kernel.write_text(text)
    ...         compiled.touch()
    ...         drop_stale(Path(name))
    ...         print(compiled.exists())
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
        # Python makes no such folder where PYTHONDONTWRITEBYTECODE is set; Numba does, later.
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(stamp)
