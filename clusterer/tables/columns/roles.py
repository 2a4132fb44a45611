"""Which columns of a table make sense as features, as truth and as time."""

import re
from collections.abc import Sequence

from clusterer.tables.columns.column import MAX_MISSING_SHARE, Sampled

LABEL = re.compile(
    r"(?i)(?:true|ground|real|actual|known|cluster|class|target)?[\s_.\-]*"
    r"(?:labels?|class(?:es|_?labels?)?|klasse|targets?|clusters?|truth|gt)(?:[\s_.\-]*(?:id|nr|no))?"
)
# These name a class only where one expects it: as the last column.
LAST_LABEL = re.compile(
    r"(?i)y|species|category|categories|groups?|type|outcome|diagnosis|variety|kind|result"
)
MAX_CLASSES = 1000


def label_index(sampled: Sequence[Sampled], n_distinct: Sequence[int], n_rows: int) -> int | None:
    """Return which column looks like the true classes, None if none does."""
    last = len(sampled) - 1
    for i in range(last, -1, -1):
        name = sampled[i].column.name.strip()
        is_last = i == last > 0 and _is_last_label(name, sampled, n_distinct[i], n_rows)
        is_named = is_last or LABEL.fullmatch(name)
        if is_named and _may_be_label(sampled[i], n_distinct[i], n_rows):
            return i
    return None


def _is_last_label(name: str, sampled: Sequence[Sampled], n_distinct: int, n_rows: int) -> bool:
    # Beside an x a y is a coordinate.
    if name.lower() == "y" and any(one.column.name.lower() == "x" for one in sampled):
        return False
    return LAST_LABEL.fullmatch(name) is not None and n_distinct <= n_rows // 3


def _may_be_label(one: Sampled, n_distinct: int, n_rows: int) -> bool:
    kind = one.column.kind
    if kind in ("empty", "date") or (kind in ("number", "id") and not one.is_whole):
        return False
    return n_distinct <= MAX_CLASSES and (n_distinct <= max(2, n_rows // 2) or n_rows < 10)


def default_features(sampled: Sequence[Sampled], label: int | None) -> tuple[str, ...]:
    """Return the names of the columns that are features unless one says otherwise."""
    numbers = [
        one.column for i, one in enumerate(sampled) if one.column.kind == "number" and i != label
    ]
    full = [column for column in numbers if column.n_missing_share <= MAX_MISSING_SHARE]
    return tuple(column.name for column in full or numbers)


def time_index(sampled: Sequence[Sampled]) -> int | None:
    """Return the first column of dates, None if there is none."""
    return next((i for i, one in enumerate(sampled) if one.column.kind == "date"), None)
