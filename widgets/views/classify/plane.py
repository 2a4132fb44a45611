"""The plane of the live figure as a grid of points, and the contours of a function on it."""

from typing import NamedTuple

import numpy as np
from bokeh.plotting.contour import contour_data
from numpy.typing import NDArray

from clusterer.preprocessing.scaling import Treatment
from clusterer.session.frame import ViewRequest
from widgets.live.view_data import project

N_COLUMNS, N_ROWS = 96, 64
MARGIN = 0.1
"""Share of the spread of the points that the plane extends beyond them."""


class Plane(NamedTuple):
    """A grid over the axes of the live figure.

    Parameters
    ----------
    xs, ys : (columns,), (rows,)
        The centres of the cells on each axis.
    points : (rows * columns, d)
        The cells as points in the units of the data, row by row.
    """

    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    points: NDArray[np.float64]

    @property
    def limits(self) -> dict[str, tuple[float, float]]:
        """The edges of the grid on each axis."""
        edges = {}
        for name, centers in (("x", self.xs), ("y", self.ys)):
            half = 0.5 * float(centers[1] - centers[0])
            edges[name] = float(centers[0]) - half, float(centers[-1]) + half
        return edges


def span_plane(points: NDArray, view_request: ViewRequest) -> Plane:
    """Return a grid over points (n, d), n at least 1.

    With more than two features the plane goes through the mean of the points.

    >>> plane = span_plane(np.array([[0.0, 0.0, 4.0], [1.0, 2.0, 6.0]]), ViewRequest())
    >>> plane.points.shape, np.unique(plane.points[:, 2]).tolist()
    ((6144, 3), [5.0])
    """
    points = np.asarray(points, dtype=np.float64)
    n_features, scaling = points.shape[1], view_request.scaling
    is_known = scaling is not None and len(scaling.offsets) == n_features
    treatment = scaling.treatment if scaling and is_known else Treatment.plain(n_features)
    places = project(points, view_request)
    xs, ys = _divide(places[0], N_COLUMNS), _divide(places[1], N_ROWS)
    middle = treatment.take_logarithms(points).mean(axis=0)
    # The coordinates on the axes are linear in the logarithms: solve for the shortest step from the
    # mean to each cell.
    probes = np.vstack([np.zeros(len(middle)), np.eye(len(middle)), middle])
    found = np.column_stack(project(treatment.undo_logarithms(probes), view_request))
    slopes, start = found[1:-1] - found[0], found[-1]
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    cells = middle + (grid - start) @ np.linalg.pinv(slopes)
    return Plane(xs, ys, treatment.undo_logarithms(cells))


def _divide(values: NDArray[np.float64], n_cells: int) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    margin = MARGIN * (high - low) or 1.0
    edges = np.linspace(low - margin, high + margin, n_cells + 1)
    return 0.5 * (edges[1:] + edges[:-1])


def find_contours(plane: Plane, values: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Return where a function has the value ``level``, as segments (n, 4): x, y to x, y.

    Parameters
    ----------
    plane : Plane
        The grid.
    values : (rows * columns,)
        The function in the cells.
    level : float
        The value of the contour.
    """
    grid = values.reshape(len(plane.ys), len(plane.xs))
    if not grid.min() < level < grid.max():
        return np.empty((0, 4))
    lines = contour_data(
        plane.xs, plane.ys, grid, levels=[level], want_fill=False, want_line=True
    ).line_data
    assert lines is not None
    xs, ys = (np.asarray(parts[0], dtype=np.float64) for parts in (lines.xs, lines.ys))
    segments = np.column_stack([xs[:-1], ys[:-1], xs[1:], ys[1:]])
    # NaN separates two lines.
    return segments[np.isfinite(segments).all(axis=1)]
