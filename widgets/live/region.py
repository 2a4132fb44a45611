"""The region of the plot that the user draws with a box or a lasso, to list the points in it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bokeh.events import SelectionGeometry
from bokeh.models import BoxSelectTool, ColumnDataSource, LassoSelectTool
from bokeh.plotting import figure
from numpy.typing import ArrayLike, NDArray

from clusterer.session.frame import ViewRequest
from widgets.live.coloring.highlight import ACCENT

N_CORNERS = 200
"""Most corners of a lasso; the browser sends one for each move of the pointer."""

Corners = tuple[NDArray[np.float64], NDArray[np.float64]]


class Region:
    """Draws the region, and tells which points lie in it.

    Parameters
    ----------
    plot : figure
        The figure, which gets the tools.

    Attributes
    ----------
    corners : (n,), (n,) or None
        The corners on the axes of the figure; None without a region.
    """

    def __init__(self, plot: figure) -> None:
        self._on_draw: Callable[[], None] = lambda: None
        self._axes = 0, 1
        self.corners: Corners | None = None
        # Without renderers: Bokeh's own selection names points by their places in the columns, and
        # these places move with each new point.
        plot.add_tools(
            BoxSelectTool(renderers=[], description="List the points in a box"),
            LassoSelectTool(renderers=[], continuous=False, description="List the points within"),
        )
        self._outline = ColumnDataSource({"x": [], "y": []}, name="region")
        plot.patch(
            "x",
            "y",
            source=self._outline,
            fill_color=ACCENT,
            fill_alpha=0.08,
            line_color=ACCENT,
            line_dash="dashed",
        )
        plot.on_event(SelectionGeometry, self._note)

    def listen(self, on_draw: Callable[[], None]) -> None:
        """Call a function whenever the user has drawn a region."""
        self._on_draw = on_draw

    def keep(self, view_request: ViewRequest) -> None:
        """Keep the region as long as the axes are the same."""
        axes = view_request.x, view_request.y
        if axes != self._axes:
            self._axes = axes
            self.clear()

    def clear(self) -> None:
        """Remove the region."""
        if self.corners is not None:
            self.corners = None
            self._outline.data = {"x": [], "y": []}

    def contains(self, xs: ArrayLike, ys: ArrayLike) -> NDArray[np.bool_] | None:
        """Return which points (n,) lie in the region; None without a region."""
        corners = self.corners
        return None if corners is None else contains(corners, xs, ys)

    def _note(self, event: Any) -> None:
        corners = read_corners(event.geometry) if event.final else None
        if corners is None:
            return
        self.corners = corners
        self._outline.data = {"x": corners[0], "y": corners[1]}
        self._on_draw()


def read_corners(geometry: Any) -> Corners | None:
    """The corners of a region that the browser sent; None if it has no area.

    >>> x, y = read_corners({"type": "rect", "x0": 0, "x1": 2, "y0": 1, "y1": 3})
    >>> x.tolist(), y.tolist()
    ([0.0, 2.0, 2.0, 0.0], [1.0, 1.0, 3.0, 3.0])
    >>> read_corners({"type": "poly", "x": [0, 1], "y": [0, 1]})
    """
    try:
        if geometry["type"] == "rect":
            (left, right), (low, high) = (
                (float(geometry[f"{axis}0"]), float(geometry[f"{axis}1"])) for axis in "xy"
            )
            x, y = np.array([left, right, right, left]), np.array([low, low, high, high])
        else:
            x, y = _thin(geometry["x"]), _thin(geometry["y"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    is_polygon = len(x) == len(y) >= 3 and np.isfinite(x).all() and np.isfinite(y).all()
    return (x, y) if is_polygon and np.ptp(x) > 0 and np.ptp(y) > 0 else None


def _thin(values: Sequence[Any]) -> NDArray[np.float64]:
    values = [*values.values()] if isinstance(values, dict) else [*values]
    step = max(-(-len(values) // N_CORNERS), 1)
    return np.array(values[::step], dtype=np.float64)


def contains(corners: Corners, xs: ArrayLike, ys: ArrayLike) -> NDArray[np.bool_]:
    """Return which points (n,) lie in a polygon: a ray from each crosses it an odd number of times.

    >>> triangle = np.array([0.0, 4.0, 0.0]), np.array([0.0, 0.0, 4.0])
    >>> contains(triangle, [1.0, 3.0, -1.0], [1.0, 3.0, 1.0]).tolist()
    [True, False, False]
    """
    x, y = corners
    points_x, points_y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
    is_near = (points_x >= x.min()) & (points_x <= x.max())
    is_near &= (points_y >= y.min()) & (points_y <= y.max())
    px, py = points_x[is_near], points_y[is_near]
    is_inside = np.zeros(len(px), dtype=np.bool_)
    for x0, y0, x1, y1 in zip(x, y, np.roll(x, 1), np.roll(y, 1), strict=True):
        is_level = (y0 > py) != (y1 > py)
        if y0 != y1:
            is_inside ^= is_level & (px < (x1 - x0) * (py - y0) / (y1 - y0) + x0)
    is_near[is_near] = is_inside
    return is_near
