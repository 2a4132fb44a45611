"""The part of the plane that a figure shows: it follows the data until the user chooses one."""

import math
from collections.abc import Callable

import numpy as np
from bokeh.models import Range1d
from numpy.typing import NDArray

from clusterer.session.density_image import Box

MARGIN = 0.04
EMPTY_BOX: Box = (math.inf, -math.inf, math.inf, -math.inf)


class Viewport:
    """The ranges of the two axes of a figure. ``on_move`` is called after each change."""

    def __init__(self, on_move: Callable[[], None]) -> None:
        self._on_move = on_move
        self._is_following = True
        self._is_fitting = False
        self._data_box = EMPTY_BOX
        self.x, self.y = Range1d(-1, 1), Range1d(-1, 1)
        for axis_range in (self.x, self.y):
            for edge in ("start", "end"):
                axis_range.on_change(edge, self._note_move)

    @property
    def box(self) -> Box:
        """The visible box: left, right, bottom, top."""
        return self.x.start, self.x.end, self.y.start, self.y.end

    @property
    def is_valid(self) -> bool:
        """Whether the box has an area; between two changes of its edges it may have none."""
        left, right, bottom, top = self.box
        return left < right and bottom < top

    @property
    def chosen_box(self) -> Box | None:
        """The box that the user has chosen; None while the box follows the data."""
        return None if self._is_following else self.box

    def follow(self) -> None:
        """Follow the data from now on."""
        self._is_following = True
        self._data_box = EMPTY_BOX

    def zoom(self, box: Box) -> None:
        """Show a box. The reset tool of the plot returns to the data."""
        left, right, bottom, top = box
        self.x.update(start=left, end=right)
        self.y.update(start=bottom, end=top)
        self._is_following = False
        self._on_move()

    def fit(self, xs: NDArray, ys: NDArray, *, is_new: bool) -> None:
        """Keep coordinates visible; the box moves if one leaves it or if the data ``is_new``."""
        x_extent, y_extent = _find_extent(xs), _find_extent(ys)
        if not is_new and _contains(self._data_box, (*x_extent, *y_extent)):
            return
        self._data_box = (*_pad(x_extent), *_pad(y_extent))
        self._is_fitting = True
        for axis_range, (start, end) in (
            (self.x, self._data_box[:2]),
            (self.y, self._data_box[2:]),
        ):
            axis_range.update(reset_start=start, reset_end=end)
            if self._is_following:
                axis_range.update(start=start, end=end)
        self._is_fitting = False
        self._on_move()

    def _note_move(self, attr: str, old: float, new: float) -> None:
        if not self._is_fitting:
            # A reset in the browser restores the box one edge at a time.
            self._is_following = self.box == self._data_box
            self._on_move()


def _find_extent(values: NDArray) -> NDArray:
    return np.array([values.min(), values.max()])


def _pad(extent: NDArray) -> tuple[float, float]:
    low, high = float(extent.min()), float(extent.max())
    margin = MARGIN * (high - low) or max(abs(low), 1.0) * MARGIN
    return low - margin, high + margin


def _contains(box: Box, extent: tuple[float, ...]) -> bool:
    left, right, bottom, top = box
    return left <= extent[0] and extent[1] <= right and bottom <= extent[2] and extent[3] <= top
