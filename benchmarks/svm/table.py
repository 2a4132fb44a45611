"""A table of targets: what was measured, the target, the figure, and whether it is met."""

import platform
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
import river
import sklearn


class Row(NamedTuple):
    """One target; ``is_least`` says whether the figure must be at least the target."""

    name: str
    target: float
    figure: float
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the figure meets the target."""
        return self.figure >= self.target if self.is_least else self.figure <= self.target


def time_cpu(call: Callable[[], Any], n_rounds: int = 3) -> float:
    """Return the least CPU seconds of several calls."""
    taken = []
    for _ in range(n_rounds):
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return min(taken)


def time_in_turns(calls: list[Callable[[], Any]], n_rounds: int = 5) -> list[float]:
    """Return the least CPU seconds of each call, in rounds in which each has its turn."""
    rounds = [[time_cpu(call, 1) for call in calls] for _ in range(n_rounds)]
    return [min(taken) for taken in zip(*rounds, strict=True)]


def write_rows(rows: list[Row]) -> str:
    """Return the rows as a Markdown table with the versions below.

    >>> print(write_rows([Row("time / bound", 1.2, 1.1)]).splitlines()[2])
    | time / bound | ≤ 1.2 | 1.1 | yes |
    """
    lines = ["| measured | target | figure | met |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        sign = "≥" if row.is_least else "≤"
        met = "yes" if row.is_met else "**no**"
        lines.append(f"| {row.name} | {sign} {row.target:.4g} | {row.figure:.4g} | {met} |")
    versions = (
        f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}, "
        f"scikit-learn {sklearn.__version__}, River {river.__version__}."
    )
    return "\n".join([*lines, "", versions])
