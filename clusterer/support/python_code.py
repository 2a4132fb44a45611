"""Python source text of values, for scripts that repeat a run."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def format_value(value: Any) -> str:
    """The text of a value; a NumPy number becomes a Python number.

    >>> format_value(np.float64(0.5)), format_value("a")
    ('0.5', "'a'")
    """
    return repr(value.item() if isinstance(value, np.generic) else value)


def format_arguments(arguments: Mapping[str, Any]) -> str:
    """The text of keyword arguments.

    >>> format_arguments({"n": 5, "name": "a"})
    "n=5, name='a'"
    """
    return ", ".join(f"{name}={format_value(value)}" for name, value in arguments.items())
