"""How large a table may be before it is refused."""

from dataclasses import dataclass, fields
from operator import index
from typing import SupportsIndex

from clusterer.tables.errors import TableError, printable

MAX_BYTES = 4 * 2**30
ANY_SIZE = 2**62  # for one's own tables; the limit is for strangers' uploads
MAX_COLUMNS = 2_500
MAX_LINE_BYTES = 2**20
MAX_RATIO = 200
LARGEST_NUMBER = 1e303  # so that sums and products by weights have a number, too


@dataclass(frozen=True)
class Limits:
    """The sizes up to which a table is read; bytes are counted after unpacking."""

    max_bytes: int = MAX_BYTES
    max_columns: int = MAX_COLUMNS
    max_line_bytes: int = MAX_LINE_BYTES
    max_ratio: int = MAX_RATIO

    def __post_init__(self) -> None:
        for field in fields(self):
            whole_number(field.name, getattr(self, field.name), 1)


def whole_number(name: str, value: SupportsIndex, lowest: int) -> int:
    """Return `value` as an int, or raise TableError if it is none or below `lowest`."""
    try:
        number = index(value)
    except TypeError:
        number = lowest - 1
    if number < lowest or isinstance(value, bool):
        raise TableError(f"{name} is {printable(value)}; allowed: a whole number from {lowest} up")
    return number


def in_units(n_bytes: int) -> str:
    """Return a number of bytes as one reads it.

    Examples
    --------
    >>> in_units(2 * 2**30), in_units(300)
    ('2.0 GB', '300 bytes')
    """
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
