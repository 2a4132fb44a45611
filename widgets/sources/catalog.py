"""Tables that are at hand: the examples, and those in a folder named at the start."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from clusterer.datasets.examples import EXAMPLES
from clusterer.support.text import make_printable

MOST_FILES = 500


class CatalogEntry(NamedTuple):
    """A table to choose: its title, unique on the shelf, where it lies, and what it is.

    ``features`` are the columns to begin with, if not all that make sense.
    """

    title: str
    path: Path
    description: str = ""
    features: tuple[str, ...] = ()


def build_catalog(folder: str | PathLike[str] | None = None) -> dict[str, CatalogEntry]:
    """The files in ``folder``, then the examples, by their titles."""
    shelf: dict[str, CatalogEntry] = {}
    for one in (*_list_files(folder), *(CatalogEntry(*example) for example in EXAMPLES)):
        title, n = one.title, 1
        while title in shelf:
            n += 1
            title = f"{one.title} ({n})"
        shelf[title] = one._replace(title=title)
    return shelf


def _list_files(folder: str | PathLike[str] | None) -> Iterator[CatalogEntry]:
    if folder is None:
        return
    root = Path(folder).resolve()
    files = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    for path in files[:MOST_FILES]:
        # A link may lead out of the folder.
        if path.is_file() and path.resolve().is_relative_to(root):
            yield CatalogEntry(make_printable(path.name, 80), path)
