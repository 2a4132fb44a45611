"""Where two support vectors merge: the point that loses least (Wang, Crammer, Vucetic, 2012).

Two vectors a and b with the coefficients α and β and the kernel value κ = k(a, b) merge into
z = h b + (1 - h) a. Then k(b, z) = κ^((1-h)²) and k(a, z) = κ^(h²), so the coefficient of z is
β κ^((1-h)²) + α κ^(h²). The best h depends on κ and on the share of |β| in |α| + |β|, so a table
replaces the search (Glasmachers, Qaadan, 2018).
"""

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.support.kernels import inner

N_CELLS = 200
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0
N_SECTIONS = 40  # leaves 1e-8 of the interval


@cache
def make_table() -> NDArray[np.float64]:
    """Return the best h, by kernel value from 0 to 1 and by share of the heavier from 1/2 to 1.

    >>> table = make_table()
    >>> table.shape, bool(abs(table[-1, 0] - 0.5) < 1e-6), bool(table[0, -1] == 1.0)
    ((201, 201), True, True)
    """
    kernel = np.linspace(0.0, 1.0, N_CELLS + 1)[:, None]
    share = np.linspace(0.5, 1.0, N_CELLS + 1)[None, :]
    # At κ = 1 every h is best; just below, h is the share.
    logs = np.log(np.clip(kernel, 1e-300, 1.0 - 1e-9))

    def measure(h: NDArray[np.float64]) -> NDArray[np.float64]:
        return share * np.exp(logs * (1 - h) ** 2) + (1 - share) * np.exp(logs * h**2)

    low = np.broadcast_to(0.5, (N_CELLS + 1, N_CELLS + 1)).copy()
    high = np.ones_like(low)
    for _ in range(N_SECTIONS):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        is_left = measure(left) > measure(right)
        low, high = np.where(is_left, low, left), np.where(is_left, right, high)
    table = 0.5 * (low + high)
    table[-1] = share
    table[:, -1] = 1.0
    table[0] = 1.0
    return table


@inner
def find_position(table: Any, kernel: float, share: float) -> float:
    """Interpolate h for a kernel value and a share of the heavier vector."""
    row = kernel * N_CELLS
    column = (share - 0.5) * 2.0 * N_CELLS
    i = min(int(row), N_CELLS - 1)
    j = min(int(column), N_CELLS - 1)
    x = row - i
    y = column - j
    upper = table[i, j] + y * (table[i, j + 1] - table[i, j])
    lower = table[i + 1, j] + y * (table[i + 1, j + 1] - table[i + 1, j])
    return upper + x * (lower - upper)
