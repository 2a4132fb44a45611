"""Checks of numeric parameters; the message names the parameter, its value and the range."""

import math
from operator import index
from typing import SupportsFloat, SupportsIndex


def check_whole_number(
    name: str, value: SupportsIndex, lowest: int, highest: int | None = None
) -> int:
    """Return `value` as an int from `lowest` to `highest` (None: no upper limit).

    Raises ValueError with the name of the parameter, its value and the allowed range.

    Examples
    --------
    >>> check_whole_number("n_clusters", 0, 1, 100)
    Traceback (most recent call last):
    ...
    ValueError: n_clusters is 0; allowed: a whole number from 1 to 100
    """
    end = "up" if highest is None else f"to {highest}"
    message = f"{name} is {value!r}; allowed: a whole number from {lowest} {end}"
    try:
        number = index(value)
    except TypeError:
        raise ValueError(message) from None
    if isinstance(value, bool) or number < lowest or (highest is not None and number > highest):
        raise ValueError(message)
    return number


def check_float(name: str, value: SupportsFloat, lowest: float, highest: float) -> float:
    """Return `value` as a float from `lowest` to `highest`.

    Raises ValueError with the name of the parameter, its value and the allowed range.

    Examples
    --------
    >>> check_float("noise", float("nan"), 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: noise is nan; allowed: a number from 0 to 1
    """
    message = f"{name} is {value!r}; allowed: a number from {lowest} to {highest}"
    if isinstance(value, (str, bytes, bool)):
        raise ValueError(message)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(message) from None
    if math.isnan(number) or not lowest <= number <= highest:
        raise ValueError(message)
    return number
