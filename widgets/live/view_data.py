"""The data of the views: the recording, the state shown, the comparison, the grid sweep."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from clusterer.evaluation.classification.companion import Classification
from clusterer.evaluation.comparison import Comparison
from clusterer.evaluation.grid_sweep import GridSweep
from clusterer.export.recent_rows import RecentRows
from clusterer.preprocessing.scaling import Treatment
from clusterer.session.frame import Frame, ViewRequest
from clusterer.session.recording import RecordedState, Recording
from clusterer.stream.chunk import NOISE


@dataclass(frozen=True)
class ViewData:
    """The recording of a run and the state of the run that the page shows.

    ``previous`` is the recording of the run before it. ``comparison`` is the comparison with a
    baseline. ``sweep`` is the last grid sweep. ``view_request`` names the axes of the live figure.
    ``frame`` is the last frame of the present, and ``feature_names`` are the names of its features.
    ``classification`` is the classifier of the state shown. ``highlighted`` is the cluster that the
    user has selected, 0 for none. ``rows`` reads the rows behind the points, None if they belong to
    no table.
    """

    recording: Recording = field(default_factory=Recording)
    state: RecordedState | None = None
    previous: Recording = field(default_factory=Recording)
    comparison: Comparison | None = None
    sweep: GridSweep | None = None
    view_request: ViewRequest = field(default_factory=ViewRequest)
    frame: Frame | None = None
    feature_names: tuple[str, ...] = ()
    classification: Classification | None = None
    highlighted: int = 0
    rows: RecentRows | None = None

    @property
    def names(self) -> Mapping[int, str]:
        """The names that people gave to clusters, by cluster id."""
        return {} if self.frame is None else self.frame.cluster_names

    def call(self, cluster: int) -> str:
        """The name of a cluster for people.

        >>> ViewData().call(3), ViewData().call(-1)
        ('cluster 3', 'noise')
        """
        return self.names.get(cluster, "noise" if cluster == NOISE else f"cluster {cluster}")

    def find_treatment(self, n_features: int) -> Treatment:
        """How the run treats its features; plain if the run on the page has other features."""
        scaling = None if self.frame is None else self.frame.scaling
        if scaling is None or len(scaling.offsets) != n_features:
            return Treatment.plain(n_features)
        return scaling.treatment

    @property
    def past(self) -> list[int]:
        """Number of points seen at the state shown; empty if the page shows the last state."""
        if self.state is None or self.state in self.recording.states[-1:]:
            return []
        return [self.state.n_seen]


def project(
    points: NDArray, view_request: ViewRequest
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (n,), (n,) of the points (n, d) on the axes of the live figure.

    Just after a change of the source, the axes can belong to features that the points do not have.
    """
    n_features = points.shape[1]
    view, scaling = view_request.projection, view_request.scaling
    if scaling is not None and len(scaling.offsets) != n_features:
        view_request = replace(view_request, scaling=None)
    is_known = view is not None and len(view.means) == n_features
    if view_request.is_projected and not is_known:
        view_request = ViewRequest()
    x, y = min(view_request.x, n_features - 1), min(view_request.y, n_features - 1)
    return replace(view_request, x=x, y=y).project(points)


def thin(states: tuple[RecordedState, ...], n_most: int) -> list[RecordedState]:
    """At most ``n_most`` of the states, evenly spaced over the points seen.

    The first and the last state are always among them.
    """
    if len(states) <= n_most:
        return list(states)
    known = np.array([state.n_seen for state in states])
    wanted = np.linspace(known[0], known[-1], n_most)
    places = np.unique(np.searchsorted(known, wanted).clip(max=len(states) - 1))
    return [states[place] for place in places]


def collect(states: list[RecordedState]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster ids (c,) and their shares (c, n) of the remembered points; noise (-1) comes last."""
    ids = sorted({i for state in states for i in state.sizes} - {-1})
    rows = {cluster: row for row, cluster in enumerate([*ids, -1])}
    sizes = np.zeros((len(rows), len(states)))
    for column, state in enumerate(states):
        for cluster, size in state.sizes.items():
            sizes[rows[cluster], column] = size
    totals = sizes.sum(axis=0)
    return np.array([*ids, -1]), sizes / np.where(totals > 0, totals, 1.0)
