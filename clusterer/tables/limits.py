"""Limits on the size of a table; a larger table is refused."""

from dataclasses import dataclass, fields
from typing import SupportsIndex

from clusterer.support.number_checks import check_whole_number
from clusterer.tables.errors import TableError

MAX_BYTES = 4 * 2**30
UNLIMITED_BYTES = 2**62  # for local files; the other limits protect a server from uploads
MAX_COLUMNS = 2_500
MAX_LINE_BYTES = 2**20
MAX_RATIO = 200
# The most memory that the reading of one table takes, whatever the file holds.
READ_BUDGET = 256 * 2**20
# Up to this size the ratio does not matter: the data fit into memory, and short tables of few
# values compress extremely well.
MIN_BOMB_BYTES = 32 * 2**20
# Larger numbers count as infinite: sums of them and products with weights would overflow.
LARGEST_NUMBER = 1e303


@dataclass(frozen=True)
class Limits:
    """The largest sizes that are read.

    Parameters
    ----------
    max_bytes : int
        Bytes of the file after decompression.
    max_columns : int
        Number of columns.
    max_line_bytes : int
        Bytes of a line in UTF-8.
    max_ratio : int
        Decompressed bytes per compressed byte.

    Raises
    ------
    TableError
        If a limit is not a whole number from 1 up.
    """

    max_bytes: int = MAX_BYTES
    max_columns: int = MAX_COLUMNS
    max_line_bytes: int = MAX_LINE_BYTES
    max_ratio: int = MAX_RATIO

    def __post_init__(self) -> None:
        for field in fields(self):
            check_count(field.name, getattr(self, field.name), 1)


def check_n_columns(name: str, n_columns: int, max_columns: int) -> None:
    """Raise TableError if the table ``name`` has more than ``max_columns`` columns.

    Examples
    --------
    >>> check_n_columns("t.csv", 2600, MAX_COLUMNS)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    clusterer.tables.errors.TableError: t.csv has 2,600 columns, more than the 2,500 that ...
    """
    if n_columns > max_columns:
        raise TableError(
            f"{name} has {n_columns:,} columns, more than the {max_columns:,} that max_columns "
            "allows"
        )


def check_count(name: str, value: SupportsIndex, lowest: int) -> int:
    """Return `value` as an int, or raise TableError if it is not a whole number from `lowest` up.

    Examples
    --------
    >>> check_count("size", 0, 1)
    Traceback (most recent call last):
    ...
    clusterer.tables.errors.TableError: size is 0; allowed: a whole number from 1 up
    """
    try:
        return check_whole_number(name, value, lowest)
    except ValueError as error:
        raise TableError(str(error)) from None
