"""A frame: one moment of a run, as the views draw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.snapshot import Snapshot
from clusterer.evaluation.metrics import QualityMetrics
from clusterer.preprocessing.projection import Projection
from clusterer.session.density_image import Box


@dataclass(frozen=True, eq=False)
class ViewRequest:
    """What the views want to see: what lies on the axes, and the box of the density image.

    ``x`` and ``y`` are features from 0 up, or components from -1 down, which are those of
    ``projection``.

    >>> ViewRequest(x=1, y=0).project(np.array([[3.0, 4.0]]))
    (array([4.]), array([3.]))
    >>> view = Projection.along_features(3)
    >>> ViewRequest(x=-2, y=2, projection=view).project(np.array([[3.0, 4.0, 5.0]]))
    (array([4.]), array([5.]))
    """

    x: int = 0
    y: int = 1
    box: Box | None = None
    projection: Projection | None = None

    def project(self, points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates (n,), (n,) of the points (n, d) on the axes; a lone feature lies on y = 0."""
        xs = self._coordinates(points, self.x)
        return xs, self._coordinates(points, self.y) if points.shape[1] > 1 else np.zeros_like(xs)

    def _coordinates(self, points: NDArray, axis: int) -> NDArray[np.float64]:
        if axis >= 0:
            return points[:, axis]
        view = self.projection or Projection.along_features(points.shape[1])
        return view.project(points, -1 - axis)

    @property
    def is_projected(self) -> bool:
        """Whether a component lies on an axis."""
        return self.x < 0 or self.y < 0

    @property
    def view(self) -> Projection | None:
        """The projection, where a component lies on an axis."""
        return self.projection if self.is_projected else None

    @property
    def axes(self) -> tuple[int, int, int]:
        """What tells these axes from others, should they turn."""
        turn = self.view.number if self.view else 0
        return self.x, self.y, turn


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a run. Everything in the units of the data, but ``snapshot`` in the model's.

    ``run`` grows with each reset. ``points`` (n, d) are the last ones of the window, each with
    its cluster id in ``point_clusters`` (n,) (-1 for noise) and the colour of that id.
    ``bounds`` (2, d) is the box the points lie in, (0, d) while none is known. ``image`` (rows,
    columns) shades the whole window over ``view_request.box`` where there are too many points to
    draw, else it is None. ``message`` tells what went wrong, if anything did. ``measures`` judge
    the clusters on the last points; they may be up to a second old.
    """

    run: int
    view_request: ViewRequest
    snapshot: Snapshot
    centers: NDArray[np.float64]
    center_clusters: NDArray[np.int64]
    center_colors: NDArray[np.int64]
    points: NDArray[np.float64]
    point_clusters: NDArray[np.int64]
    point_colors: NDArray[np.int64]
    bounds: NDArray[np.float64]
    image: NDArray[np.uint8] | None
    n_in_window: int
    points_per_s: float
    is_playing: bool
    is_finished: bool
    message: str
    measures: QualityMetrics | None = None

    @property
    def noise_share(self) -> float:
        """Share of the points drawn that are noise."""
        return float((self.point_clusters < 0).mean()) if len(self.points) else 0.0
