"""The tables named on the command line, as points with their row numbers."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterer.cli.output import STANDARD_INPUT
from clusterer.cli.reading import report_assumptions
from clusterer.stream.chunk import NOISE
from clusterer.stream.prefetch import Prefetched
from clusterer.stream.table_source import size_chunks
from clusterer.support.text import make_printable
from clusterer.tables import Pipe, ReadingOptions, Table, TableError, list_folder, open_table
from clusterer.tables.files.signatures import N_HEAD_BYTES, needs_file
from clusterer.tables.limits import UNLIMITED_BYTES

N_FEW = 5
"""So many rows without a value are dropped without advice."""

MAX_EXACT = 2.0**53  # beyond it a float does not hold every whole number


def list_tables(names: Sequence[str]) -> list[str]:
    """The files named, with each folder replaced by its files in the order of their names.

    Raises TableError for a path that does not exist, an empty folder, or the standard input named
    twice.
    """
    files: list[str] = []
    for name in names:
        path = Path(name)
        if name == STANDARD_INPUT and name in files:
            raise TableError("the standard input (-) can be read only once; name - only once")
        if name != STANDARD_INPUT and not path.exists():
            raise TableError(f"{make_printable(name, 200)} does not exist")
        files += [str(file) for file in list_folder(path)] if path.is_dir() else [name]
    return files


class InputTable:
    """A table that is read once, from a file or the standard input.

    Parameters
    ----------
    name : str
        Path of the file; ``-`` for the standard input.
    features : sequence of str or None
        The columns to use; None for all columns of measurements.
    options : ReadingOptions
        The user's choices about how the table is read.
    classes : str, optional
        The column of the classes. It is not a feature, unless ``features`` name it.
    is_class_text : bool, default False
        Number all classes like words, also whole numbers, so that -1 can be a class.

    Raises
    ------
    TableError
        The file is not a table, or it has no usable column.
    """

    def __init__(
        self,
        name: str,
        features: Sequence[str] | None,
        options: ReadingOptions,
        classes: str | None = None,
        is_class_text: bool = False,
    ) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.name = "standard input" if name == STANDARD_INPUT else name
        self.table = self._open(name, options)
        self.classes, self.is_class_text = classes, is_class_text
        columns = [column for column in self.table.default_features if column != classes]
        self.features = tuple(features or columns)
        if not self.features:
            usable = [column.name for column in self.table.columns if column.usable]
            names = ", ".join(make_printable(name) for name in usable)
            raise TableError(
                f"{self.table.name} has no column of measurements; choose columns with "
                f"--features from {names}"
            )

    def _open(self, name: str, options: ReadingOptions) -> Table:
        if name != STANDARD_INPUT:
            return self._open_path(name, make_printable(name, 200), options)
        if sys.stdin is None:
            raise TableError("the standard input is closed: name a file instead of -")
        pipe = Pipe(sys.stdin.buffer)
        if needs_file(pipe.open().read(N_HEAD_BYTES)):
            # These formats are read from several places, which a pipe cannot seek.
            pipe.stop_buffering()
            return self._open_path(self._save(pipe), self.name, options)
        table = open_table(pipe, name=self.name, options=options, max_bytes=UNLIMITED_BYTES)
        pipe.stop_buffering()
        return table

    def _open_path(self, path: str, shown: str, options: ReadingOptions) -> Table:
        return open_table(path, name=shown, options=options, max_bytes=UNLIMITED_BYTES)

    def _save(self, pipe: Pipe) -> str:
        self._folder = tempfile.TemporaryDirectory(prefix="clusterer-")
        path = Path(self._folder.name, "standard-input")
        with path.open("wb") as file:
            shutil.copyfileobj(pipe.open(), file)
        return str(path)

    def read(
        self, codes: dict[str, int] | None = None
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64] | None]]:
        """Yield points (n, d), in order, the numbers (n,) of their rows from 1, and their classes.

        The classes (n,) are None without a column of classes. ``codes`` numbers the classes that
        are words, alike in all tables; new words are added to it.

        Raises TableError if the file turns out to be damaged or lacks the column of classes.
        """
        size = size_chunks(len(self.features))
        try:
            chunks = self.table.chunks(
                self.features,
                size,
                self.classes,
                is_numbered=True,
                is_label_text=self.is_class_text,
            )
        except TableError as error:
            raise TableError(f"{self.table.name}: {error}") from None
        prefetched = Prefetched(partial(iter, chunks))
        try:
            for points, classes in prefetched:
                rows = points[:, -1].astype(np.int64)
                if classes is not None and self.table.class_names is not None:
                    classes = number_classes(classes, self.table.class_names, codes)
                yield np.ascontiguousarray(points[:, :-1]), rows, classes
        finally:
            prefetched.close()
            self.close()

    def close(self) -> None:
        """Delete the copy of the standard input, if there is one."""
        if self._folder is not None:
            self._folder.cleanup()

    def report_changes(self) -> None:
        """Print on the standard error what was assumed, and which rows were dropped or filled."""
        report_assumptions(self.table)
        report = self.table.report
        if report.n_dropped or report.n_filled:
            hint = ""
            if report.n_dropped_missing > N_FEW:
                hint = "; --missing mean fills in missing values instead"
            print(f"{self.table.name}: {'; '.join(report.summary())}{hint}", file=sys.stderr)


def number_classes(
    classes: NDArray[np.int64], names: Sequence[str], codes: dict[str, int] | None
) -> NDArray[np.int64]:
    """Return the classes (n,), numbered by ``codes`` instead of by their place in ``names``.

    >>> number_classes(np.array([0, 1, -1]), ["b", "a"], {"a": 0}).tolist()
    [1, 0, -1]
    """
    if codes is None:
        return classes
    numbers = [codes.setdefault(name, len(codes)) for name in names]
    return np.array([*numbers, NOISE], dtype=np.int64)[classes]


def name_classes(classes: NDArray[np.int64], codes: dict[str, int]) -> NDArray:
    """Return known classes (n,) as the words that ``codes`` numbers, or as whole numbers.

    >>> name_classes(np.array([1, 0]), {"a": 0, "b": 1}).tolist()
    ['b', 'a']
    >>> name_classes(np.array([1, 0]), {"-1": 0, "1.0": 1}).tolist()
    [1, -1]
    """
    words = list(codes)
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return np.array(words)[classes]
    is_whole = all(abs(number) < MAX_EXACT and number.is_integer() for number in numbers)
    return np.array([int(number) for number in numbers] if is_whole else words)[classes]
