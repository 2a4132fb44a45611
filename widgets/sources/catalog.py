"""The tables that the page offers: the examples, and the files of the folder named at the start."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from clusterer.datasets.examples import EXAMPLES
from clusterer.support.text import make_printable

MAX_FILES = 500


class CatalogEntry(NamedTuple):
    """A table to choose: its title (unique in the catalog), its path and a description.

    ``features`` are the columns chosen at first; empty means the table's default features.
    """

    title: str
    path: Path
    description: str = ""
    features: tuple[str, ...] = ()


def build_catalog(folder: str | PathLike[str] | None = None) -> dict[str, CatalogEntry]:
    """The files in ``folder``, then the examples, by title."""
    catalog: dict[str, CatalogEntry] = {}
    for entry in (*_list_files(folder), *(CatalogEntry(*example) for example in EXAMPLES)):
        title, n = entry.title, 1
        while title in catalog:
            n += 1
            title = f"{entry.title} ({n})"
        catalog[title] = entry._replace(title=title)
    return catalog


def _list_files(folder: str | PathLike[str] | None) -> Iterator[CatalogEntry]:
    if folder is None:
        return
    root = Path(folder).resolve()
    files = sorted(path for path in root.iterdir() if not path.name.startswith("."))
    for path in files[:MAX_FILES]:
        # A symbolic link can point to a file outside of the folder.
        if path.is_file() and path.resolve().is_relative_to(root):
            yield CatalogEntry(make_printable(path.name, 80), path)
