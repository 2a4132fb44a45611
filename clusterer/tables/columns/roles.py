"""The roles of columns: features, true classes, time."""

import re
from collections.abc import Sequence

from clusterer.tables.columns.column import MAX_MISSING_SHARE, InferredColumn

LABEL = re.compile(
    r"(?i)(?:true|ground|real|actual|known|cluster|class|target)?[\s_.\-]*"
    r"(?:labels?|class(?:es|_?labels?)?|klasse|targets?|clusters?|truth|gt)(?:[\s_.\-]*(?:id|nr|no))?"
)
# Columns with these names hold classes only if they are the last column.
LAST_LABEL = re.compile(
    r"(?i)y|species|category|categories|groups?|type|outcome|diagnosis|variety|kind|result"
)
MAX_CLASSES = 1000


def choose_features(inferred: Sequence[InferredColumn], label: int | None) -> tuple[str, ...]:
    """Return the names of the default features.

    Features are columns of numbers that are not the label. Columns with more than half of their
    values missing are features only if all columns are like that.
    """
    numbers = [
        each.column
        for i, each in enumerate(inferred)
        if each.column.kind == "number" and i != label
    ]
    full = [column for column in numbers if column.n_missing_share <= MAX_MISSING_SHARE]
    return tuple(column.name for column in full or numbers)


def find_label(
    inferred: Sequence[InferredColumn], n_distinct: Sequence[int], n_rows: int
) -> int | None:
    """Return the index of the column that looks like the true classes, or None."""
    last = len(inferred) - 1
    for i in range(last, -1, -1):
        name = inferred[i].column.name.strip()
        is_last = i == last > 0 and _is_last_label(name, inferred, n_distinct[i], n_rows)
        is_named = is_last or LABEL.fullmatch(name)
        if is_named and _can_be_label(inferred[i], n_distinct[i], n_rows):
            return i
    return None


def find_time(inferred: Sequence[InferredColumn]) -> int | None:
    """Return the index of the first column of dates, or None."""
    return next((i for i, each in enumerate(inferred) if each.column.kind == "date"), None)


def _is_last_label(
    name: str, inferred: Sequence[InferredColumn], n_distinct: int, n_rows: int
) -> bool:
    # If there is a column x, y is a coordinate.
    if name.lower() == "y" and any(each.column.name.lower() == "x" for each in inferred):
        return False
    return LAST_LABEL.fullmatch(name) is not None and n_distinct <= n_rows // 3


def _can_be_label(inferred: InferredColumn, n_distinct: int, n_rows: int) -> bool:
    kind = inferred.column.kind
    if kind in ("empty", "date") or (kind in ("number", "id") and not inferred.is_whole):
        return False
    return n_distinct <= MAX_CLASSES and (n_distinct <= max(2, n_rows // 2) or n_rows < 10)
