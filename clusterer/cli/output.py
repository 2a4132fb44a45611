"""Output files that are complete or absent."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from clusterer.support.atomic_file import replace_file
from clusterer.support.text import make_printable

STANDARD_INPUT = STANDARD_OUTPUT = "-"


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


def check_standard_output() -> None:
    """Raise OSError if the process was started without a standard output, as by ``>&-``."""
    if sys.stdout is None:
        raise OSError("the standard output is closed: name a file with --output")


def refuse_input(name: str, inputs: Iterable[str]) -> None:
    """Raise OSError if the output is one of the inputs, also under another name or by a link."""
    if name == STANDARD_OUTPUT:
        # A shell connects the standard output with a file by > FILE.
        written = _find_file(sys.stdout.fileno()) if _has_number(sys.stdout) else None
        shown = "the standard output"
    else:
        written, shown = _find_file(name), make_printable(name, 200)
    for each in inputs:
        if each == STANDARD_INPUT:
            read = _find_file(sys.stdin.fileno()) if _has_number(sys.stdin) else None
        else:
            read = _find_file(each)
        if written is not None and written == read:
            known = "the standard input" if each == STANDARD_INPUT else make_printable(each, 200)
            raise OSError(
                f"{shown} is the same file as {known}, which is read: writing would destroy it; "
                "choose another output"
            )


def _find_file(place: str | int) -> tuple[int, int] | None:
    """Return the identity of a regular file, whatever its name; None for others."""
    try:
        status = os.stat(place)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _has_number(stream: Any) -> bool:
    """Tell whether a standard stream is open and belongs to the system."""
    try:
        return stream is not None and stream.fileno() >= 0
    except (OSError, ValueError, AttributeError):
        return False


@contextmanager
def open_output(name: str) -> Iterator[BinaryIO]:
    """Open a file that replaces ``name`` after the block; ``-`` is the standard output."""
    path = Path(name)
    if name == STANDARD_OUTPUT:
        check_standard_output()
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
