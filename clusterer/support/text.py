"""Text that is shown to people: short, without control characters, sizes with a unit."""

import math
import re
from collections.abc import Sequence

# Control characters change a terminal or a log, and bidirectional marks reorder the text around
# them. The joiner U+200D stays, because emoji are made with it.
CONTROL_CHARACTERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)


def shorten(text: str, n_characters: int) -> str:
    """Return `text` in at most `n_characters`; an ellipsis marks the cut.

    Examples
    --------
    >>> shorten("a rather long name of a feature", 20)
    'a rather long name …'
    """
    return text if len(text) <= n_characters else text[: n_characters - 1] + "…"


def make_printable(text: object, n_characters: int = 60) -> str:
    r"""Return `text` in at most `n_characters`, control characters replaced by U+FFFD.

    Use this function for text from files and users before it goes to a screen or a log.

    Examples
    --------
    >>> make_printable("a\x1b[31mb")
    'a�[31mb'
    """
    cleaned = CONTROL_CHARACTERS.sub("\ufffd", str(text)[: n_characters + 1])
    return shorten(cleaned.encode("utf-8", "replace").decode("utf-8"), n_characters)


def join_names(names: Sequence[str], n_shown: int = 8) -> str:
    """Return the first `n_shown` names, make_printable, and the number of the others.

    Examples
    --------
    >>> join_names(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    text = ", ".join(make_printable(name) for name in names[:n_shown])
    n_left = len(names) - n_shown
    return f"{text} and {n_left} more" if n_left > 0 else text


def format_bytes(n_bytes: int) -> str:
    """Return a number of bytes with a unit.

    Examples
    --------
    >>> format_bytes(2 * 2**30), format_bytes(300)
    ('2.0 GB', '300 bytes')
    """
    for unit, size in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"


def format_number(value: float, spread: float = 0.0) -> str:
    """Return a number for people: three digits that count, thousands separated.

    Parameters
    ----------
    value : float
        The number.
    spread : float, default 0
        The spread of the numbers that the reader compares; a number that is large beside it gets
        so many digits that they show a hundredth of the spread.

    Examples
    --------
    >>> format_number(20_920.4), format_number(1234), format_number(0.5528), format_number(-7.0)
    ('20,900', '1,230', '0.553', '-7')
    >>> format_number(2021.0), format_number(2021.0, spread=8.0)
    ('2,020', '2,021')
    >>> format_number(3e-9), format_number(2.5e15), format_number(float("nan"))
    ('3e-09', '2.5e+15', '–')
    """
    if not math.isfinite(value):
        return "–"
    n_digits = 3
    if 0.0 < spread < abs(value):
        n_digits = min(max(math.ceil(math.log10(abs(value) / spread)) + 2, 3), 15)
    rounded = float(f"{value:.{n_digits}g}")
    if rounded and not 1e-4 <= abs(rounded) < 1e15:
        return f"{rounded:.{n_digits}g}"
    n_decimals = n_digits - 1 - math.floor(math.log10(abs(rounded))) if rounded else 0
    text = f"{rounded:,.{max(n_decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
