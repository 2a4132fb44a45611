"""A takeaway: one moment of a run, in copies of its own, for whoever makes files of it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.snapshot import Snapshot
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import Recipe
from clusterer.session.tracking import map_labels
from clusterer.stream import Source


@dataclass(frozen=True, eq=False)
class RunExport:
    """A moment of a run. ``points`` and `centers` in the units of the data, the rest as it is.

    ``center_clusters`` (m,) are the ids that the views show, -1 for noise. ``points`` (n, d) are
    the window, ``classes`` (n,) their true classes, or None; ``class_names`` what class 0, 1, …
    are called, None if classes are just numbers. Of ``source`` only what never changes is read.
    """

    source: Source
    scaling: Scaling
    model: OnlineClusterer
    snapshot: Snapshot
    center_clusters: NDArray[np.int64]
    points: NDArray[np.float64]
    classes: NDArray[np.int64] | None
    class_names: tuple[str, ...] | None
    recipe: Recipe
    label_ids: dict[int, int] = field(default_factory=dict)

    @property
    def centers(self) -> NDArray[np.float64]:
        """Prototypes (m, d) in the units of the data."""
        return self.scaling.undo(self.snapshot.centers)

    def label_points(self) -> NDArray[np.int64]:
        """Cluster id (n,) of each point of the window: that of its nearest prototype."""
        if not len(self.points):
            return np.empty(0, dtype=np.int64)
        return map_labels(self.model.predict(self.scaling.apply(self.points)), self.label_ids)
