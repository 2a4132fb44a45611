"""A table of customers of three kinds, whose spending is heavy-tailed, for tests of logarithms."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = ("fresh", "milk", "grocery", "frozen", "detergents", "delicatessen")
TYPICAL = np.array(
    [
        [12_000, 3_000, 4_000, 3_000, 800, 1_500],
        [5_000, 9_000, 16_000, 1_000, 7_000, 1_600],
        [30_000, 20_000, 22_000, 9_000, 3_000, 9_000],
    ]
)
SHARES = (0.6, 0.3, 0.1)


def draw_customers(n: int = 1_500, seed: int = 0) -> tuple[NDArray, NDArray]:
    """Return the spending (n, 6) by category, and the kind (n,) of each customer."""
    random = np.random.default_rng(seed)
    kinds = random.choice(3, n, p=SHARES)
    return TYPICAL[kinds] * random.lognormal(0, 0.7, (n, 6)), kinds


def write_customers(path: Path, n: int = 1_500, seed: int = 0, missing: float = 0.0) -> NDArray:
    """Write the customers as CSV with a share of missing cells; return their kinds (n,)."""
    spent, kinds = draw_customers(n, seed)
    is_missing = np.random.default_rng(seed + 1).random(spent.shape) < missing
    lines = [
        ",".join("" if lacks else f"{value:.0f}" for value, lacks in zip(*row, strict=True))
        for row in zip(spent, is_missing, strict=True)
    ]
    rows = [f"{line},{'abc'[kind]}" for line, kind in zip(lines, kinds, strict=True)]
    path.write_text("\n".join([",".join([*NAMES, "kind"]), *rows]) + "\n")
    return kinds
