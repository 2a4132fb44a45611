"""Images drawn on the server for the video: axes, density, points and prototypes.

The browser draws the single pictures (PNG, SVG) instead, since only it has the figure with its
theme and legend. It cannot draw the video: it holds no earlier frames and writes no GIF.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from clusterer.session.density_image import Box
from widgets.components.palette import (
    CLUSTER_COLORS,
    DENSITY_ALPHAS,
    DENSITY_COLOR,
    NOISE_COLOR,
    VALUE_COLORS,
)
from widgets.components.ticks import place_log_ticks, place_round_values

SIZE = (720, 480)
MARGINS = (64, 16, 40, 48)  # left, right, top, bottom
POINT_RADIUS_PX = 2.5
POINT_ALPHA = 0.55
FILL_ALPHA = 0.35
LINE_WIDTH_PX = 2.0
TEXT_COLOR = (55, 65, 75)
GRID_COLOR = (230, 234, 238)
MAX_LABEL_LENGTH = 40


def _read_color(color: str) -> tuple[float, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


# The colour index of noise is -1, so its colour is the last.
_COLORS = np.array(
    [_read_color(color) for color in (*CLUSTER_COLORS, *VALUE_COLORS, NOISE_COLOR)],
    dtype=np.float32,
)
# Offsets (pixels) and opacity of the pixels of an anti-aliased disc.
_DISC = [
    (dx, dy, POINT_ALPHA * min(max(POINT_RADIUS_PX - math.hypot(dx, dy) + 0.5, 0.0), 1.0))
    for dx in range(-3, 4)
    for dy in range(-3, 4)
    if math.hypot(dx, dy) < POINT_RADIUS_PX + 0.5
]


class FrameImage:
    """A plot of a box with two axes; points outside of the box are not drawn.

    ``log_units`` are the units of logarithmic axes, 0 for linear ones.
    """

    def __init__(
        self, box: Box, labels: tuple[str, str], log_units: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        self._box = box
        self._labels = labels
        self._log_units = log_units
        left, right, top, bottom = MARGINS
        self._width, self._height = SIZE[0] - left - right, SIZE[1] - top - bottom
        self._image = Image.new("RGB", SIZE, "white")
        self._draw_axes()
        plot = self._image.crop((left, top, left + self._width, top + self._height))
        self._plot = np.asarray(plot).astype(np.float32)

    def _to_pixels(self, xs: NDArray, ys: NDArray) -> tuple[NDArray, NDArray]:
        left, right, bottom, top = self._box
        columns = (xs - left) / (right - left) * self._width
        return columns, (top - ys) / (top - bottom) * self._height

    def draw_density(self, image: NDArray[np.uint8], box: Box) -> None:
        """Draw a density image, which covers ``box``."""
        left, right, bottom, top = self._box
        xs = left + (np.arange(self._width) + 0.5) / self._width * (right - left)
        ys = top - (np.arange(self._height) + 0.5) / self._height * (top - bottom)
        n_rows, n_columns = image.shape
        columns = np.floor((xs - box[0]) / (box[1] - box[0]) * n_columns).astype(int)
        rows = np.floor((ys - box[2]) / (box[3] - box[2]) * n_rows).astype(int)
        levels = image[np.clip(rows, 0, n_rows - 1)[:, None], np.clip(columns, 0, n_columns - 1)]
        is_inside = (
            ((rows >= 0) & (rows < n_rows))[:, None] & (columns >= 0) & (columns < n_columns)
        )
        alphas = np.where(is_inside, DENSITY_ALPHAS[levels], 0.0)[..., None]
        self._plot += alphas * (np.array(_read_color(DENSITY_COLOR)) - self._plot)

    def draw_points(self, points: NDArray, colors: NDArray[np.int8]) -> None:
        """Draw points (n, 2) as small discs; ``colors`` (n,) are colour numbers."""
        columns, rows = (np.floor(pixels) for pixels in self._to_pixels(points[:, 0], points[:, 1]))
        for dx, dy, alpha in _DISC:
            x, y = columns + dx, rows + dy
            is_inside = (x >= 0) & (x < self._width) & (y >= 0) & (y < self._height)
            at = y[is_inside].astype(int), x[is_inside].astype(int)
            self._plot[at] += alpha * (_COLORS[colors[is_inside]] - self._plot[at])

    def draw_prototypes(
        self, centers: NDArray, sizes_px: NDArray[np.float32], colors: NDArray[np.int8]
    ) -> None:
        """Draw prototypes (m, 2) as circles of diameters (m,), filled with a pale colour."""
        columns, rows = self._to_pixels(centers[:, 0], centers[:, 1])
        for x, y, size, color in zip(columns, rows, sizes_px, colors, strict=True):
            radius = size / 2 + LINE_WIDTH_PX
            x0, x1 = max(int(x - radius), 0), min(int(x + radius) + 2, self._width)
            y0, y1 = max(int(y - radius), 0), min(int(y + radius) + 2, self._height)
            if x0 < x1 and y0 < y1:
                across, down = np.arange(x0, x1) + 0.5 - x, np.arange(y0, y1) + 0.5 - y
                distances = np.hypot(across, down[:, None])
                fill = FILL_ALPHA * np.clip(size / 2 - distances + 0.5, 0, 1)
                line = np.clip((LINE_WIDTH_PX + 1) / 2 - abs(distances - size / 2), 0, 1)
                part = self._plot[y0:y1, x0:x1]
                part += np.maximum(fill, line)[..., None] * (_COLORS[color] - part)

    def finish(self, caption: str) -> Image.Image:
        """The image with a caption above the plot."""
        left, right, top, _ = MARGINS
        plot = Image.fromarray(np.clip(self._plot + 0.5, 0, 255).astype(np.uint8))
        self._image.paste(plot, (left, top))
        draw = ImageDraw.Draw(self._image)
        # At the right, since the title of the y axis is at the left.
        position = SIZE[0] - right, 12
        draw.text(position, caption, TEXT_COLOR, font=ImageFont.load_default(16), anchor="ra")
        return self._image

    def _draw_axes(self) -> None:
        draw, font = ImageDraw.Draw(self._image), ImageFont.load_default(12)
        left, _, top, _ = MARGINS
        right, bottom = left + self._width, top + self._height
        for tick, name in name_ticks(*self._box[:2], self._log_units[0]).items():
            x = left + float(self._to_pixels(np.array(tick), np.array(0.0))[0])
            draw.line((x, top, x, bottom), GRID_COLOR)
            draw.text((x, bottom + 5), name, TEXT_COLOR, font=font, anchor="ma")
        for tick, name in name_ticks(*self._box[2:], self._log_units[1]).items():
            y = top + float(self._to_pixels(np.array(0.0), np.array(tick))[1])
            draw.line((left, y, right, y), GRID_COLOR)
            draw.text((left - 6, y), name, TEXT_COLOR, font=font, anchor="rm")
        x_label, y_label = (label[:MAX_LABEL_LENGTH] for label in self._labels)
        draw.text(((left + right) / 2, SIZE[1] - 8), x_label, TEXT_COLOR, font=font, anchor="ms")
        draw.text((8, top - 8), y_label, TEXT_COLOR, font=font, anchor="ls")


def name_ticks(low: float, high: float, log_unit: float) -> dict[float, str]:
    """The places of the ticks of an axis and their names; ``log_unit`` is 0 for a linear axis.

    >>> name_ticks(-1.2, 2.9, 0.0)
    {-1.0: '-1', 0.0: '0', 1.0: '1', 2.0: '2'}
    """
    if log_unit:
        return place_log_ticks(low, high, log_unit)
    return {tick: f"{tick:g}" for tick in place_round_values(low, high)}
