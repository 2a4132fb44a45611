"""Notations of numbers with something around the digits: flags, limits, uncertainties, signs.

A column has a notation only if it makes more of its cells numbers. The column's note then tells
what was dropped or changed. A new notation is one row of `NOTATIONS`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

# Digits of other scripts, and the Arabic decimal mark and thousands mark.
OTHER_DIGITS = str.maketrans(
    {chr(first + digit): str(digit) for first in (0x660, 0x6F0, 0x966, 0x9E6, 0xFF10)
     for digit in range(10)} | {"٫": ".", "٬": ",", "．": ".", "，": ",", "－": "-"}
)  # fmt: skip
NUMBER = "[+\\-−]?(?:\\d(?:[\\d.,'’ \u00a0\u202f]*\\d)?[.,]?|[.,]\\d+)(?:[eE][+\\-]?\\d+)?"
# The share of the values that must be plain numbers beside values with this notation.
MIN_PLAIN_SHARE = 0.5


class Notation(NamedTuple):
    """A notation.

    Parameters
    ----------
    pattern : str
        The regular expression of a cell in this notation.
    replacement : str
        The plain number, with references to the groups of `pattern`.
    note : str
        What is told to users; {} stands for an example.
    factor : float, default 1
        What the plain number is multiplied by.
    is_partial : bool, default False
        Whether at least half of the values must be plain numbers.
    """

    pattern: str
    replacement: str
    note: str
    factor: float = 1.0
    is_partial: bool = False


NOTATIONS = {
    "digits": Notation("[٠-٩۰-۹०-९০-৯０-９]", "", "digits of other scripts are read, such as {}"),
    "minus": Notation(
        r"^(\d[\d.,'’ ]*)[\-−]$", r"-\1", "a minus sign behind the number counts, as in {}"
    ),
    "text mark": Notation(
        rf"^(?:=\"|=|')({NUMBER})[\"']?$", r"\1", "marks of text around numbers are dropped: {}"
    ),
    "uncertainty": Notation(
        rf"^({NUMBER}) ?(?:±|\+/[\-−]|\+[\-−]) ?[\d.,]+(?:[eE][+\-]?\d+)?$",
        r"\1",
        "the uncertainty behind the number is dropped, as in {}",
    ),
    "last digits": Notation(
        r"^([+\-−]?\d+[.,]\d+)\(\d+\)$",
        r"\1",
        "the uncertainty behind the number is dropped, as in {}",
    ),
    "flag": Notation(
        rf"^({NUMBER}) ?(?: \(?[bcdefinprsuvz]{{1,2}}\)?|\([a-z]\)|\[\w{{1,3}}\]|[*†‡§¹²³^]+)$",
        r"\1",
        "flags behind the number are dropped, as in {}",
    ),
    "about": Notation(
        rf"^(?:[~≈∼≅]|(?:ca|approx)\.) ?({NUMBER})$",
        r"\1",
        "signs for rounded values are dropped, as in {}",
    ),
    "below": Notation(
        rf"^[<≤‹]=? ?({NUMBER})$",
        r"\1",
        "values below a detection limit, such as {}, count as half of the limit",
        0.5,
        is_partial=True,
    ),
    "above": Notation(
        rf"^[>≥›]=? ?({NUMBER})$",
        r"\1",
        "values above a limit, such as {}, count as the limit",
        1.0,
        is_partial=True,
    ),
}
# PyArrow compiles a pattern at each call, which takes longer than to search few texts by Python. As
# in PyArrow only the digits 0 to 9 and Latin letters count.
COMPILED = {name: re.compile(notation.pattern, re.ASCII) for name, notation in NOTATIONS.items()}
N_FEW_TEXTS = 300


def list_notations(values: pa.Array) -> list[str]:
    """Return the names of the notations of some stripped texts.

    Examples
    --------
    >>> list_notations(pa.array(["1.5", "<0.5", "12.3 p"]))
    ['flag', 'below']
    """
    if len(values) > N_FEW_TEXTS:
        return [name for name in NOTATIONS if find_example(values, name) is not None]
    texts = values.to_pylist()
    return [name for name, each in COMPILED.items() if any(map(each.search, texts))]


def find_example(values: pa.Array, name: str) -> str | None:
    """Return the first text in a notation, or None."""
    found = values.filter(pc.match_substring_regex(values, NOTATIONS[name].pattern))
    return str(found[0].as_py()) if len(found) else None


def rewrite(values: pa.Array, names: Sequence[str]) -> pa.Array:
    """Return texts with the cells of these notations as plain numbers.

    Examples
    --------
    >>> rewrite(pa.array(["10,5-", "7"]), ["minus"]).to_pylist()
    ['-10,5', '7']
    """
    for name in names:
        if name == "digits":
            texts = (None if text is None else text.translate(OTHER_DIGITS)
                     for text in values.to_pylist())  # fmt: skip
            values = pa.array(texts, pa.string())
        else:
            notation = NOTATIONS[name]
            values = pc.replace_substring_regex(values, notation.pattern, notation.replacement)
    return values
