"""Colours of noise and clusters; colour-blind people can distinguish the first six clusters."""

import colorcet

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


def get_color(number: int) -> str:
    """The colour of a colour number, -1 for noise; with more clusters than colours, they repeat.

    >>> get_color(-1), get_color(0) == get_color(len(CLUSTER_COLORS))
    ('#9aa4ae', True)
    """
    return NOISE_COLOR if number < 0 else CLUSTER_COLORS[number % len(CLUSTER_COLORS)]
