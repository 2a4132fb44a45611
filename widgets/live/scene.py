"""The scene: all that the views may see, from which each is drawn."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from clusterer.evaluation.comparison import Comparison
from clusterer.evaluation.grid_sweep import Sweep
from clusterer.session.frame import Look
from clusterer.session.recording import Moment, Recording


@dataclass(frozen=True)
class Scene:
    """A run's recording, the moment of it that is shown, the run that it branched off, and the
    comparison with a peer and the sweep, if there are any.

    ``look`` tells what lies on the axes of the live figure.
    """

    recording: Recording = field(default_factory=Recording)
    moment: Moment | None = None
    left: Recording = field(default_factory=Recording)
    comparison: Comparison | None = None
    sweep: Sweep | None = None
    look: Look = field(default_factory=Look)

    @property
    def past(self) -> list[int]:
        """Points seen at the moment shown, if that is not the last one."""
        if self.moment is None or self.moment in self.recording.moments[-1:]:
            return []
        return [self.moment.n_seen]


def project(points: NDArray, look: Look) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (n,), (n,) of the points (n, d) on the axes.

    Where another source has just been opened, the axes may be of other features than there are.
    """
    n_features = points.shape[1]
    view = look.projection
    is_known = view is not None and len(view.offsets) == n_features
    if look.is_projected and not is_known:
        look = Look()
    x, y = min(look.x, n_features - 1), min(look.y, n_features - 1)
    return replace(look, x=x, y=y).project(points)


def thin(moments: tuple[Moment, ...], n_most: int) -> list[Moment]:
    """At most ``n_most`` of the moments, as evenly over the points seen as they allow.

    The first and the last are among them.
    """
    if len(moments) <= n_most:
        return list(moments)
    known = np.array([moment.n_seen for moment in moments])
    wanted = np.linspace(known[0], known[-1], n_most)
    places = np.unique(np.searchsorted(known, wanted).clip(max=len(moments) - 1))
    return [moments[place] for place in places]


def collect(moments: list[Moment]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster ids (c,) and their shares (c, n) of the points remembered, noise (-1) last."""
    ids = sorted({i for moment in moments for i in moment.sizes} - {-1})
    rows = {cluster: row for row, cluster in enumerate([*ids, -1])}
    sizes = np.zeros((len(rows), len(moments)))
    for column, moment in enumerate(moments):
        for cluster, size in moment.sizes.items():
            sizes[rows[cluster], column] = size
    totals = sizes.sum(axis=0)
    return np.array([*ids, -1]), sizes / np.where(totals > 0, totals, 1.0)
