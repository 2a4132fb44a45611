"""The functions of `clusterer.cluster.prototypes.simd` in plain Python, for kernels that run so."""

import sys
from typing import Any

import numpy as np

from clusterer.cluster.prototypes import simd

WIDTH = simd.VECTOR_WIDTH


def broadcast(value: float) -> Any:
    return np.full(WIDTH, value)


def minimum(a: Any, b: Any) -> Any:
    return np.where(a < b, a, b)


def maximum(a: Any, b: Any) -> Any:
    return np.where(a > b, a, b)


def reduce_minimum(values: Any) -> float:
    return float(values.min())


def equality_mask(values: Any, value: float) -> int:
    return sum(1 << i for i in range(WIDTH) if values[i] == value)


def count_trailing_zeros(bits: int) -> int:
    return (bits & -bits).bit_length() - 1 if bits else 64


def replace_element(values: Any, position: int, value: float) -> Any:
    return np.where(np.arange(WIDTH) == position, value, values)


def multiply(a: Any, b: Any) -> Any:
    return a * b


def scale_and_add(values: Any, factor: float, added: Any) -> Any:
    return values * factor + added


def add_squared_difference(total: Any, values: Any, value: float) -> Any:
    gap = values - value
    return total + gap * gap


def load_vector(array: Any, row: int, start: int) -> Any:
    return array[row, start : start + WIDTH].copy()


def store_vector(array: Any, row: int, start: int, values: Any) -> None:
    array[row, start : start + WIDTH] = values


minimum_to_store = minimum


def install_plain_simd() -> None:
    """Replace the functions in all modules that have imported them."""
    modules = [module for name, module in sys.modules.items() if name.startswith("clusterer.")]
    for name, function in [*vars(simd).items()]:
        if name in globals() and callable(function) and name[0].islower():
            for module in modules:
                if getattr(module, name, None) is function:
                    setattr(module, name, globals()[name])
