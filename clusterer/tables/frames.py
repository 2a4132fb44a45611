"""What a source of rows gives: a sample when it is opened, frames of columns when it is read."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clusterer.tables.columns.numbers import NumberFormat


@dataclass(frozen=True)
class Wanted:
    """A column to read: which, and the format of its numbers (None: as text)."""

    index: int
    form: NumberFormat | None


@dataclass
class Frame:
    """Some rows: an array per column that was wanted, and what was no row.

    `lines` are the line numbers of the rows where they are known; `broken` are the numbers of
    lines that are no rows.
    """

    columns: list[pa.Array]
    n_rows: int
    lines: NDArray[np.int64] | None = None
    broken: list[int] = field(default_factory=list)
    n_comments: int = 0
    n_recoded: int = 0


# A generator rather than any iterator, because closing it must let go of the file.
Frames = Generator[Frame, None, None]


@dataclass
class Sample:
    """The first rows of a table, all its columns, and notes on how it was taken apart."""

    raw_names: tuple[str, ...] | None
    columns: list[pa.Array]
    n_rows: int
    notes: list[str]
    delimiter: str = ","
    is_all: bool = False


class Source(Protocol):
    """Anything that rows can be read from, again and again."""

    sample: Sample

    def frames(self, wanted: Sequence[Wanted]) -> Frames:
        """Yield all rows from the first on, the wanted columns of them."""
