"""The colours of the views; those of noise and clusters are the same in exported files."""

import numpy as np
from bokeh.models import LinearColorMapper
from numpy.typing import NDArray

from clusterer.export.cluster_colors import CLUSTER_COLORS, NOISE_COLOR

__all__ = [
    "CLUSTER_COLORS",
    "NOISE_COLOR",
    "VALUE_COLORS",
    "map_colors",
    "number_levels",
    "wrap_colors",
]

# Visible on a light and on a dark background.
DENSITY_COLOR = "#6489ba"
# Level 0 of the density image is an empty cell and shows the plot's background.
DENSITY_ALPHAS = np.array([0.0, *(0.16 + 0.69 * level / 255 for level in range(1, 256))])
DENSITY_COLORS = [f"{DENSITY_COLOR}{round(255 * alpha):02x}" for alpha in DENSITY_ALPHAS]

# From low to high values: blue, violet, red, orange, yellow. The lightness grows all the way, and
# so does the yellow, so that colour-blind people see the order. All are visible on a light and on a
# dark background.
_STOPS = ("#3559b0", "#8258ab", "#c45a80", "#df7b45", "#e6a623")
N_LEVELS = 64


def _blend(place: float) -> str:
    left = min(int(place), len(_STOPS) - 2)
    pairs = [[int(stop[i : i + 2], 16) for i in (1, 3, 5)] for stop in _STOPS[left : left + 2]]
    mixed = [low + (place - left) * (high - low) for low, high in zip(*pairs, strict=True)]
    return "#" + "".join(f"{round(each):02x}" for each in mixed)


VALUE_COLORS = tuple(_blend(4.0 * level / (N_LEVELS - 1)) for level in range(N_LEVELS))


def map_colors() -> LinearColorMapper:
    """A colour mapper from colour numbers to colours: -1 is noise, then clusters, then values."""
    palette = [NOISE_COLOR, *CLUSTER_COLORS, *VALUE_COLORS]
    return LinearColorMapper(palette=palette, low=-1.5, high=len(palette) - 1.5)


def wrap_colors(numbers: NDArray) -> NDArray[np.int8]:
    """Colour numbers within the mapper's range: with more clusters than colours, colours repeat."""
    return np.where(numbers < 0, -1, numbers % len(CLUSTER_COLORS)).astype(np.int8)


def number_levels(places: NDArray[np.floating]) -> NDArray[np.int8]:
    """Colour numbers of values by their places on a scale from 0 to 1; NaN is grey as noise is.

    >>> first = len(CLUSTER_COLORS)
    >>> (number_levels(np.array([-1.0, 0.0, 1.0, 2.0])) - first).tolist()
    [0, 0, 63, 63]
    >>> number_levels(np.array([np.nan])).tolist()
    [-1]
    """
    is_known = np.isfinite(places)
    levels = np.clip(np.where(is_known, places, 0.0), 0.0, 1.0) * (N_LEVELS - 1)
    numbers = len(CLUSTER_COLORS) + np.rint(levels)
    return np.where(is_known, numbers, -1).astype(np.int8)
