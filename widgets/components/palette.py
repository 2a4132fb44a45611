"""The colours of the views; those of noise and clusters are the same in exported files."""

import numpy as np
from bokeh.models import LinearColorMapper
from numpy.typing import NDArray

from clusterer.export.cluster_colors import CLUSTER_COLORS, NOISE_COLOR

__all__ = ["CLUSTER_COLORS", "NOISE_COLOR", "map_colors", "wrap_colors"]

# Visible on a light and on a dark background.
DENSITY_COLOR = "#6489ba"
# Level 0 of the density image is an empty cell and shows the plot's background.
DENSITY_ALPHAS = np.array([0.0, *(0.16 + 0.69 * level / 255 for level in range(1, 256))])
DENSITY_COLORS = [f"{DENSITY_COLOR}{round(255 * alpha):02x}" for alpha in DENSITY_ALPHAS]


def map_colors() -> LinearColorMapper:
    """A colour mapper from colour numbers (-1 for noise) to colours."""
    palette = [NOISE_COLOR, *CLUSTER_COLORS]
    return LinearColorMapper(palette=palette, low=-1.5, high=len(palette) - 1.5)


def wrap_colors(numbers: NDArray) -> NDArray[np.int8]:
    """Colour numbers within the mapper's range: with more clusters than colours, colours repeat."""
    return np.where(numbers < 0, -1, numbers % len(CLUSTER_COLORS)).astype(np.int8)
