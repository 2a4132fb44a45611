"""The kind of a single cell: a missing value, a number, a date or a truth value.

The detection of the delimiter and of the header looks at single cells. The final format of a
column follows from all its cells, in `column`.
"""

import re

from clusterer.tables.columns.dates import DATE
from clusterer.tables.columns.words import (
    CURRENCY,
    FALSE_WORDS,
    INFINITE_WORDS,
    MISSING_WORDS,
    TRUE_WORDS,
)

# For longer cells a simpler test is fast enough.
MAX_CHARACTERS = 400
# A number in any of the notations that `numbers` reads.
GROUPED = (
    "[1-9]\\d{0,2}(?:,\\d{2,3})*,\\d{3}"
    "|[1-9]\\d{0,2}(?:([.' ’\u00a0\u202f\u2009])\\d{3})(?:\\1\\d{3})*"
)
NUMBER = re.compile(
    f"[(+\\-−]?(?:{CURRENCY})?\\s?[+\\-−]?(?:(?:{GROUPED}|\\d+)(?:[.,]\\d*)?|[.,]\\d+)"
    f"(?:[eEdD][+-]?\\d+)?\\s?(?:{CURRENCY}|%)?\\)?"
)


def is_missing(cell: str) -> bool:
    """Tell whether a cell stands for a missing value.

    Examples
    --------
    >>> is_missing(" N/A "), is_missing("0")
    (True, False)
    """
    return cell.strip().casefold() in MISSING_WORDS


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number in some notation.

    Examples
    --------
    >>> is_number("-1.234,5"), is_number("$ 3"), is_number("A7")
    (True, True, False)
    """
    text = cell.strip()
    if len(text) > MAX_CHARACTERS:
        return text.lstrip("+-").isdecimal()
    return NUMBER.fullmatch(text) is not None or text.casefold() in INFINITE_WORDS


def is_other_value(cell: str) -> bool:
    """Tell whether a cell is a date, a time or a truth value."""
    text = cell.strip().casefold()
    return text in TRUE_WORDS or text in FALSE_WORDS or DATE.match(text) is not None
