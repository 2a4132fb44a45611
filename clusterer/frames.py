"""A frame: one moment of a run, as the views draw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .images import Box
from .snapshots import Snapshot


@dataclass(frozen=True, eq=False)
class Look:
    """What the views want to see: the features on the axes, and the box of the density image.

    >>> Look(x=1, y=0).project(np.array([[3.0, 4.0]]))
    (array([4.]), array([3.]))
    """

    x: int = 0
    y: int = 1
    box: Box | None = None

    def project(self, points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates (n,), (n,) of the points (n, d) on the axes; a lone feature lies on y = 0."""
        xs = points[:, self.x]
        return xs, points[:, self.y] if points.shape[1] > 1 else np.zeros_like(xs)


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a run. Everything in the units of the data, but ``snapshot`` in the model's.

    ``run`` grows with each reset. ``points`` (n, d) are the last ones of the window, each with
    its cluster id in ``point_clusters`` (n,) (-1 for noise) and the colour of that id.
    ``bounds`` (2, d) is the box the points lie in, (0, d) while none is known. ``image`` (rows,
    columns) shades the whole window over ``look.box`` where there are too many points to draw,
    else it is None. ``message`` tells what went wrong, if anything did.
    """

    run: int
    look: Look
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

    @property
    def noise_share(self) -> float:
        """Share of the points drawn that are noise."""
        return float((self.point_clusters < 0).mean()) if len(self.points) else 0.0
