"""Output files that are complete or absent."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clusterer.support.atomic_file import replace_file
from clusterer.support.text import make_printable

STANDARD_OUTPUT = "-"


def check_writable(name: str) -> None:
    """Raise OSError before hours of work if no file can be written at this path."""
    path = Path(name)
    shown = make_printable(name, 200)
    if path.is_dir():
        raise OSError(f"{shown} cannot be written, because it is a folder")
    if not path.parent.is_dir():
        raise OSError(f"{shown} cannot be written, because its folder does not exist")
    if not os.access(path.parent, os.W_OK):
        raise OSError(f"{shown} cannot be written, because its folder is read-only")


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """Open a file that replaces ``name`` after the block; ``-`` is the standard output."""
    path = Path(name)
    if name == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    check_writable(name)
    if path.exists() and not path.is_file():
        # A device or a pipe has no content to preserve and must not be replaced.
        with path.open("wb") as file:
            yield file
        return
    with replace_file(path) as file:
        yield file
