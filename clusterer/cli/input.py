"""The tables named on the command line, as points with their row numbers."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterer.stream.prefetch import Prefetched
from clusterer.stream.table_source import size_chunks
from clusterer.support.text import make_printable
from clusterer.tables import Pipe, Table, TableError, list_folder, open_table
from clusterer.tables.limits import UNLIMITED_BYTES
from clusterer.tables.points import Missing

PIPE = "-"


def list_tables(named: Sequence[str]) -> list[str]:
    """The files named, and for each folder those in it, by their names in order.

    Raises TableError for what is not there, an empty folder, or the standard input named twice.
    """
    listed: list[str] = []
    for name in named:
        path = Path(name)
        if name == PIPE and name in listed:
            raise TableError("the standard input (-) can be read once only")
        if name != PIPE and not path.exists():
            raise TableError(f"{make_printable(name, 200)} does not exist")
        listed += [str(one) for one in list_folder(path)] if path.is_dir() else [name]
    return listed


class Feed:
    """A table that is read once, from a file or the standard input (``-``).

    ``features`` are the columns to use; None takes what makes sense. Raises TableError.
    """

    def __init__(self, name: str, features: Sequence[str] | None, missing: Missing) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.name = "standard input" if name == PIPE else name
        self.table = self._open(name, missing)
        self.features = tuple(features or self.table.default_features)
        if not self.features:
            names = ", ".join(make_printable(one.name) for one in self.table.columns if one.usable)
            raise TableError(
                f"{self.table.name} has no column of measurements; choose by "
                f"--features from {names}"
            )

    def _open(self, name: str, missing: Missing) -> Table:
        if name != PIPE:
            shown = make_printable(name, 200)
            return open_table(name, name=shown, missing=missing, max_bytes=UNLIMITED_BYTES)
        pipe = Pipe(sys.stdin.buffer)
        if pipe.open().read(4) == b"PAR1":
            # What its columns are stands at its end.
            pipe.settle()
            return self._open(self._spool(pipe), missing)
        table = open_table(pipe, name=self.name, missing=missing, max_bytes=UNLIMITED_BYTES)
        pipe.settle()
        return table

    def _spool(self, pipe: Pipe) -> str:
        self._folder = tempfile.TemporaryDirectory(prefix="clusterer-")
        path = Path(self._folder.name, "standard-input.parquet")
        with path.open("wb") as file:
            shutil.copyfileobj(pipe.open(), file)
        return str(path)

    def read(self) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Yield points (n, d), in order, and the numbers (n,) of their rows, from 1.

        Raises TableError when the file turns out to be damaged.
        """
        size = size_chunks(len(self.features))
        try:
            chunks = self.table.chunks(self.features, size, is_numbered=True)
        except TableError as error:
            raise TableError(f"{self.table.name}: {error}") from None
        ahead = Prefetched(partial(iter, chunks))
        try:
            for points, _ in ahead:
                rows = points[:, -1].astype(np.int64)
                yield np.ascontiguousarray(points[:, :-1]), rows
        finally:
            ahead.close()
            if self._folder is not None:
                self._folder.cleanup()

    def tell_losses(self) -> None:
        """Say on the standard error what was dropped or filled in, if anything was."""
        report = self.table.report
        if report.n_dropped or report.n_filled:
            print(f"{self.table.name}: {'; '.join(report.summary())}", file=sys.stderr)
