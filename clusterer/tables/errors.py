"""The one exception of the reader, and text from a file made fit to be shown."""

import re

# Controls rule a terminal or a log, and bidirectional marks reorder what a reader sees;
# joiners (U+200D) stay, because emoji are made of them.
UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class TableError(ValueError):
    """A table that cannot be read: what is wrong, where, and what to do about it.

    Examples
    --------
    >>> raise TableError("data.csv is empty")
    Traceback (most recent call last):
    ...
    clusterer.tables.errors.TableError: data.csv is empty
    """


def printable(text: object, n_characters: int = 60) -> str:
    r"""Return `text` in at most `n_characters`, with nothing in it that steers a screen.

    Examples
    --------
    >>> printable("a\x1b[31mb")
    'a�[31mb'
    """
    cleaned = UNSHOWABLE.sub("\ufffd", str(text)[: n_characters + 1])
    cleaned = cleaned.encode("utf-8", "replace").decode("utf-8")
    return cleaned if len(cleaned) <= n_characters else cleaned[: n_characters - 1] + "…"


def listed(names: list[str], n_shown: int = 8) -> str:
    """Return a few of `names` for a message, and how many more there are."""
    text = ", ".join(printable(name) for name in names[:n_shown])
    n_left = len(names) - n_shown
    return f"{text} and {n_left} more" if n_left > 0 else text
