"""Output files that are complete or not there."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clusterer.support.atomic_file import replace_file
from clusterer.support.text import make_printable


def check_place(name: str) -> None:
    """Raise OSError now rather than after hours if no file can be written there."""
    path = Path(name)
    shown = make_printable(name, 200)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise OSError(f"{shown} cannot be written: it is a folder, or its folder cannot be")


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """The file ``name``, in place once the block has ended well; ``-`` is the standard output."""
    path = Path(name)
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    check_place(name)
    if path.exists() and not path.is_file():
        # A device or a pipe: there is nothing to keep whole, and it must not be replaced.
        with path.open("wb") as file:
            yield file
        return
    with replace_file(path) as file:
        yield file
