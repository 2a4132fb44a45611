"""Names of features, and weights of features, as one line of text: in links and commands."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

from clusterer.support.text import make_printable

MAX_WEIGHT = 1e6
MIN_WEIGHT = 1e-6


def write_names(names: Iterable[str]) -> str:
    """Return names separated by commas, quoted as in a CSV file.

    >>> write_names(["x", "Temp, °C"])
    'x,"Temp, °C"'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(list(names))
    return text.getvalue()


def read_names(text: str) -> list[str]:
    """Return the names that `write_names` wrote.

    Raises ValueError if there is no name, or if a name occurs twice.

    >>> read_names('x, "Temp, °C"')
    ['x', 'Temp, °C']
    """
    try:
        rows = list(csv.reader([text], skipinitialspace=True))
    except csv.Error:
        rows = []
    names = [name for row in rows for name in row if name]
    if not names or len(set(names)) < len(names):
        raise ValueError("name one or more, each once")
    return names


def write_weights(weights: Mapping[str, float]) -> str:
    """Return weights as text.

    >>> write_weights({"amount": 2.0, "a,b": 0.25})
    'amount=2,"a,b=0.25"'
    """
    return write_names(f"{name}={weight:.12g}" for name, weight in weights.items())


def read_weights(text: str) -> dict[str, float]:
    """Return the weights that `write_weights` wrote, by the names of features.

    Raises ValueError if a part is not a name, an equals sign and an allowed weight.

    >>> read_weights('amount=2,"a,b=0.25"')
    {'amount': 2.0, 'a,b': 0.25}
    """
    weights: dict[str, float] = {}
    for part in read_names(text):
        name, equals, number = part.rpartition("=")
        if not equals or not name:
            raise ValueError(f"{part!r} has no weight; write the name, = and a number: amount=2")
        if name in weights:
            raise ValueError(f"{name!r} has two weights; name each feature once")
        weights[name] = read_weight(number, name)
    return weights


def read_weight(text: str, name: str) -> float:
    """Return the weight of a feature: 0 leaves it out, else from 1e-6 to 1e6.

    Raises ValueError with a sentence for users.

    >>> read_weight(" 2 ", "amount"), read_weight("0,5", "amount")
    (2.0, 0.5)
    """
    return check_weight(text.strip().replace(",", "."), name)


def check_weight(value: Any, name: str) -> float:
    """Return a weight as a float. Raises ValueError with a sentence for users.

    >>> check_weight(-1, "amount")
    Traceback (most recent call last):
    ...
    ValueError: the weight of amount is -1; allowed: 0, or a number from 1e-06 to 1,000,000
    """
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if weight != 0.0 and not MIN_WEIGHT <= weight <= MAX_WEIGHT:
        raise ValueError(
            f"the weight of {name} is {make_printable(value)}; allowed: 0, or a number from "
            f"{MIN_WEIGHT:g} to {MAX_WEIGHT:,.0f}"
        )
    return weight
