"""Colours of noise and clusters; colour-blind people can distinguish the first six clusters."""

import colorcet
import numpy as np
from bokeh.models import LinearColorMapper
from numpy.typing import NDArray

NOISE_COLOR = "#9aa4ae"

# The colours of Okabe and Ito without yellow and black, which are invisible on a light or a dark
# background.
_OKABE_ITO = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")


def _lightness(color: str) -> float:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.21 * red + 0.72 * green + 0.07 * blue


# Almost black colours are invisible on a dark background, almost white ones on a light one.
_OTHERS = [c for c in colorcet.b_glasbey_category10[10:] if 0.3 < _lightness(c) < 0.7]

CLUSTER_COLORS = (*_OKABE_ITO, *_OTHERS[:18])


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
