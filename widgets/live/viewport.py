"""Viewport: which part of the plane a figure shows; it follows the data until the user chooses."""

import math
from collections.abc import Callable

import numpy as np
from bokeh.models import Range1d
from numpy.typing import NDArray

from clusterer.session.density_image import Box

MARGIN = 0.04
NOWHERE: Box = (math.inf, -math.inf, math.inf, -math.inf)


class Viewport:
    """The ranges of a figure's two axes. ``on_move`` is called when they have changed."""

    def __init__(self, on_move: Callable[[], None]) -> None:
        self._on_move = on_move
        self._is_following = True
        self._is_moving_itself = False
        self._home = NOWHERE
        self.x, self.y = Range1d(-1, 1), Range1d(-1, 1)
        for axis_range in (self.x, self.y):
            for edge in ("start", "end"):
                axis_range.on_change(edge, self._note_move)

    @property
    def box(self) -> Box:
        """What is shown: left, right, bottom, top."""
        return self.x.start, self.x.end, self.y.start, self.y.end

    @property
    def is_whole(self) -> bool:
        """Whether what is shown has an inside; half way through a change it may have none."""
        left, right, bottom, top = self.box
        return left < right and bottom < top

    @property
    def chosen_box(self) -> Box | None:
        """The view that the user has chosen; None while it follows the data."""
        return None if self._is_following else self.box

    def follow(self) -> None:
        """Follow the data from now on, from wherever they are."""
        self._is_following = True
        self._home = NOWHERE

    def zoom(self, box: Box) -> None:
        """Show a box, whatever the data; the plot's own Reset brings them back into view."""
        left, right, bottom, top = box
        self.x.update(start=left, end=right)
        self.y.update(start=bottom, end=top)
        self._is_following = False
        self._on_move()

    def fit(self, xs: NDArray, ys: NDArray, *, is_new: bool) -> None:
        """Keep these coordinates in view; move only where they leave it, unless they are new."""
        across, upwards = _span(xs), _span(ys)
        if not is_new and _holds(self._home, (*across, *upwards)):
            return
        self._home = (*_pad(across), *_pad(upwards))
        self._is_moving_itself = True
        for axis_range, (start, end) in (
            (self.x, self._home[:2]),
            (self.y, self._home[2:]),
        ):
            axis_range.update(reset_start=start, reset_end=end)
            if self._is_following:
                axis_range.update(start=start, end=end)
        self._is_moving_itself = False
        self._on_move()

    def _note_move(self, attr: str, old: float, new: float) -> None:
        if not self._is_moving_itself:
            # A reset in the browser brings the box back edge by edge.
            self._is_following = self.box == self._home
            self._on_move()


def _span(values: NDArray) -> NDArray:
    return np.array([values.min(), values.max()])


def _pad(edges: NDArray) -> tuple[float, float]:
    low, high = float(edges.min()), float(edges.max())
    margin = MARGIN * (high - low) or max(abs(low), 1.0) * MARGIN
    return low - margin, high + margin


def _holds(box: Box, edges: tuple[float, ...]) -> bool:
    left, right, bottom, top = box
    return left <= edges[0] and edges[1] <= right and bottom <= edges[2] and edges[3] <= top
