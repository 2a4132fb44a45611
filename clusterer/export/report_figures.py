"""The pictures of a report, as SVG: points coloured by cluster, and box plots of features."""

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from clusterer.evaluation.descriptions import ClusterDescription
from clusterer.evaluation.feature_contrasts import FeatureContrast
from clusterer.export.cluster_card import N_FEATURES
from clusterer.export.cluster_colors import NOISE_COLOR
from clusterer.preprocessing.scaling import Treatment
from clusterer.support.text import format_number, make_printable, shorten

WIDTH, HEIGHT, MARGIN = 720, 420, 44
N_POINTS = 3_000
"""Most points of a picture; with more, evenly spaced ones are drawn."""

BOX_WIDTH, LABEL_WIDTH, ROW_HEIGHT = 440, 170, 36
NAME_CHARS = 22

Scales = Mapping[str, tuple[float, float]]


def draw_points(
    points: NDArray[np.floating],
    colors: Sequence[str],
    centers: Mapping[str, tuple[float, float]],
    names: tuple[str, str],
    log_units: tuple[float, float] = (0.0, 0.0),
) -> str:
    """Draw points (n, 2) in the units of the data.

    Parameters
    ----------
    points : (n, 2)
        The points.
    colors : sequence of str
        The colour (n,) of each point.
    centers : mapping of str to pairs of floats
        The text to write at each of these places.
    names : pair of str
        The names of the features on both axes.
    log_units : pair of float, default (0, 0)
        The units of the logarithms on both axes; 0 for a linear axis.

    Examples
    --------
    >>> picture = draw_points(np.eye(2), ["red", "blue"], {"1": (0.5, 0.5)}, ("a", "b"))
    >>> picture.count("<circle"), picture.count("<text")
    (2, 6)
    """
    chosen = np.linspace(0, len(points) - 1, min(len(points), N_POINTS)).astype(np.int64)
    treatment = Treatment(log_units, (1.0, 1.0))
    ends = points.min(axis=0), points.max(axis=0)
    points = treatment.take_logarithms(points)
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    space = np.array([WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN])

    def place(values: NDArray[np.floating]) -> NDArray[np.floating]:
        # The second axis of a picture points down.
        return np.where(
            [True, False],
            MARGIN + space * (values - low) / size,
            HEIGHT - MARGIN - space * (values - low) / size,
        )

    circles = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{colors[i]}"/>'
        for i, (x, y) in zip(chosen.tolist(), place(points[chosen]).tolist(), strict=True)
    ]
    labels = []
    for text, center in centers.items():
        x, y = place(treatment.take_logarithms(np.array([center])))[0].tolist()
        labels.append(f'<text class="number" x="{x:.1f}" y="{y:.1f}">{html.escape(text)}</text>')
    below, sides = (
        [format_number(float(end[j]), 0.0 if unit else float(size[j])) for end in ends]
        for j, unit in enumerate(log_units)
    )
    horizontal, vertical = (
        html.escape(shorten(make_printable(name), 60)) + (" (log)" if unit else "")
        for name, unit in zip(names, log_units, strict=True)
    )
    right, bottom = WIDTH - MARGIN, HEIGHT - MARGIN
    axes = [
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{space[0]}" height="{space[1]}" fill="none" '
        'stroke="#bbb"/>',
        f'<text x="{MARGIN}" y="{bottom + 16}">{below[0]}</text>',
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{below[1]}</text>',
        f'<text x="{WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">{horizontal}</text>',
        f'<text x="{MARGIN}" y="{MARGIN - 22}">{vertical}</text>',
        f'<text x="{MARGIN}" y="{MARGIN - 6}">{sides[0]} (below) to {sides[1]} (above)</text>',
    ]
    return _wrap(WIDTH, HEIGHT, [*circles, *axes, *labels], f"{horizontal} and {vertical}")


def draw_boxes(description: ClusterDescription, scales: Scales, color: str) -> str:
    """Draw a box plot of each of the first features, the cluster above all other points.

    Parameters
    ----------
    description : ClusterDescription
        The cluster.
    scales : mapping of str to pairs of floats
        The lowest and the highest value of each feature; see `measure_scales`.
    color : str
        The colour of the cluster.
    """
    features = [each for each in description.features if each.name in scales][:N_FEATURES]
    parts: list[str] = []
    for i, feature in enumerate(features):
        top = i * ROW_HEIGHT
        low, high = (feature.format(end) for end in scales[feature.name])
        name = html.escape(shorten(make_printable(feature.name), NAME_CHARS))
        parts += [
            f'<text x="0" y="{top + 14}">{name}</text>',
            f'<text class="scale" x="0" y="{top + 28}">{low} … {high}'
            f"{' (log)' if feature.log_unit else ''}</text>",
            *_draw_box(feature, feature.quantiles, scales, top + 6, color),
            *_draw_box(feature, feature.rest_quantiles, scales, top + 20, NOISE_COLOR),
        ]
    height = max(len(features) * ROW_HEIGHT, 1)
    return _wrap(BOX_WIDTH, height, parts, "box plots of the features")


def _draw_box(
    feature: FeatureContrast,
    quantiles: Sequence[float],
    scales: Scales,
    y: float,
    color: str,
) -> list[str]:
    if not math.isfinite(quantiles[0]):
        return []
    width = BOX_WIDTH - LABEL_WIDTH - 8
    places = [
        LABEL_WIDTH + width * share for share in feature.place(quantiles, scales[feature.name])
    ]
    texts = [feature.format(value) for value in quantiles]
    title = f"median {texts[2]}, middle half {texts[1]} to {texts[3]}, "
    title += f"middle 90 % {texts[0]} to {texts[4]}"
    middle = y + 4.5
    return [
        f"<g><title>{title}</title>",
        f'<line x1="{places[0]:.1f}" x2="{places[4]:.1f}" y1="{middle}" y2="{middle}" '
        f'stroke="{color}" stroke-width="1.5"/>',
        f'<rect x="{places[1]:.1f}" y="{y}" width="{max(places[3] - places[1], 1.5):.1f}" '
        f'height="9" fill="{color}"/>',
        f'<line x1="{places[2]:.1f}" x2="{places[2]:.1f}" y1="{y}" y2="{y + 9}" stroke="#fff" '
        'stroke-width="2"/></g>',
    ]


def _wrap(width: float, height: float, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )
