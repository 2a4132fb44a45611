"""The last points of a stream, kept for the views and the metrics."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clusterer.preprocessing.projection import RunningProjection
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.density_image import count_cells, shade
from clusterer.session.frame import ViewRequest
from clusterer.stream.window import Window

N_MEASURED = 2_000
"""Number of last points that the metrics measure."""

N_BETWEEN_PROJECTIONS = 20
"""New points before the projection is computed anew."""


class RecentPoints:
    """The last points (n, d) in the units of the data, their classes, and the box of all so far.

    >>> recent = RecentPoints(n_features=1, length=3)
    >>> recent.push(np.arange(5.0)[:, None], np.arange(5))
    >>> recent.window.last(2)[:, 0].tolist(), recent.classes(2).tolist(), recent.bounds.tolist()
    ([3.0, 4.0], [3, 4], [[0.0], [4.0]])
    """

    def __init__(self, n_features: int, length: int) -> None:
        self.window = Window(n_features, length)
        self.bounds: NDArray[np.float64] = np.empty((0, n_features))
        # A float64 holds every class exactly, because classes are small whole numbers.
        self._classes: Window | None = None
        self._projection = RunningProjection(n_features)
        self._n_projected = 0

    def push(self, points: NDArray, classes: NDArray[np.int64] | None) -> None:
        """Append a chunk (n, d), and the classes (n,) of its points if they are known."""
        self.window.push(points)
        if classes is not None:
            if self._classes is None:
                self._classes = Window(1, max(self.window.length, N_MEASURED))
            self._classes.push(classes[:, None])
        # Along rows of memory, which takes a tenth of the time that columns take.
        columns = np.hstack([self.bounds.T, np.ascontiguousarray(points.T)])
        self.bounds = np.stack([columns.min(axis=1), columns.max(axis=1)])

    def resize(self, length: int) -> None:
        """Change the number of points kept; a shorter window drops the oldest points."""
        if length == self.window.length:
            return
        self.window.resize(length)
        if self._classes is not None:
            self._classes.resize(max(length, N_MEASURED))

    def classes(self, n: int) -> NDArray[np.int64] | None:
        """Return the classes of the last n points, at most all; None if classes are unknown."""
        if self._classes is None:
            return None
        return self._classes.last(n)[:, 0].astype(np.int64)

    def add_projection(self, view_request: ViewRequest, scaling: Scaling) -> ViewRequest:
        """Return the request with the scaling, and the projection if it shows components."""
        view_request = replace(view_request, scaling=scaling)
        if not view_request.is_projected:
            return view_request
        n_new = self.window.n_pushed - self._n_projected
        view = self._projection.projection
        if n_new >= N_BETWEEN_PROJECTIONS or (n_new and not view.version):
            points = self.window.last(n_new)
            view = self._projection.update(points, scaling)
            self._n_projected = self.window.n_pushed
        return replace(view_request, projection=view)

    def draw_image(self, view_request: ViewRequest) -> NDArray[np.uint8] | None:
        """Return all points of the window as a density image; None if no box is requested."""
        if view_request.box is None:
            return None
        points = self.window.last(self.window.length)
        return shade(count_cells(*view_request.project(points), view_request.box))
