"""The data that the views may see: the recording, the state shown, the comparison, the sweep."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from clusterer.evaluation.comparison import Comparison
from clusterer.evaluation.grid_sweep import GridSweep
from clusterer.session.frame import ViewRequest
from clusterer.session.recording import RecordedState, Recording


@dataclass(frozen=True)
class ViewData:
    """A run's recording, the moment of it that is shown, the run that it branched off, and the
    comparison with a peer and the sweep, if there are any.

    ``view_request`` tells what lies on the axes of the live figure.
    """

    recording: Recording = field(default_factory=Recording)
    state: RecordedState | None = None
    left: Recording = field(default_factory=Recording)
    comparison: Comparison | None = None
    sweep: GridSweep | None = None
    view_request: ViewRequest = field(default_factory=ViewRequest)

    @property
    def past(self) -> list[int]:
        """Points seen at the moment shown, if that is not the last one."""
        if self.state is None or self.state in self.recording.states[-1:]:
            return []
        return [self.state.n_seen]


def project(
    points: NDArray, view_request: ViewRequest
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (n,), (n,) of the points (n, d) on the axes.

    Where another source has just been opened, the axes may be of other features than there are.
    """
    n_features = points.shape[1]
    view = view_request.projection
    is_known = view is not None and len(view.offsets) == n_features
    if view_request.is_projected and not is_known:
        view_request = ViewRequest()
    x, y = min(view_request.x, n_features - 1), min(view_request.y, n_features - 1)
    return replace(view_request, x=x, y=y).project(points)


def thin(states: tuple[RecordedState, ...], n_most: int) -> list[RecordedState]:
    """At most ``n_most`` of the moments, as evenly over the points seen as they allow.

    The first and the last are among them.
    """
    if len(states) <= n_most:
        return list(states)
    known = np.array([state.n_seen for state in states])
    wanted = np.linspace(known[0], known[-1], n_most)
    places = np.unique(np.searchsorted(known, wanted).clip(max=len(states) - 1))
    return [states[place] for place in places]


def collect(states: list[RecordedState]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster ids (c,) and their shares (c, n) of the points remembered, noise (-1) last."""
    ids = sorted({i for state in states for i in state.sizes} - {-1})
    rows = {cluster: row for row, cluster in enumerate([*ids, -1])}
    sizes = np.zeros((len(rows), len(states)))
    for column, state in enumerate(states):
        for cluster, size in state.sizes.items():
            sizes[rows[cluster], column] = size
    totals = sizes.sum(axis=0)
    return np.array([*ids, -1]), sizes / np.where(totals > 0, totals, 1.0)
