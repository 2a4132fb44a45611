"""The exportable state of a run, in copies that no later change touches."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Learner, Snapshot
from clusterer.evaluation.classification.companion import Classification
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import Recipe
from clusterer.session.tracking import map_labels
from clusterer.stream import Source, TableSource


@dataclass(frozen=True, eq=False)
class RunExport:
    """Everything that an export needs of a run.

    Parameters
    ----------
    source : Source
        The source; only its constant attributes are read.
    scaling : Scaling
        From the units of the data to the units of the model.
    model : Learner
        The model.
    snapshot : Snapshot
        The state of the model, in the units of the model.
    center_clusters : (m,)
        The lasting cluster id of each prototype; -1 for noise.
    points : (n, d)
        The points of the window, in the units of the data.
    classes : (n,) or None
        Their true classes; None if they are unknown.
    class_names : tuple of str or None
        The names of the classes 0, 1, ...; None if classes are just numbers.
    recipe : Recipe
        How to repeat the run.
    label_ids : dict of int to int
        The lasting cluster id of each label that the model predicts.
    cluster_names : dict of int to str
        The names that people gave to clusters, by lasting cluster id.
    cluster_colors : dict of int to int
        The colour numbers of the clusters, by lasting cluster id.
    classification : Classification or None
        The classifier that has learned beside the model.
    """

    source: Source
    scaling: Scaling
    model: Learner
    snapshot: Snapshot
    center_clusters: NDArray[np.int64]
    points: NDArray[np.float64]
    classes: NDArray[np.int64] | None
    class_names: tuple[str, ...] | None
    recipe: Recipe
    label_ids: dict[int, int] = field(default_factory=dict)
    cluster_names: dict[int, str] = field(default_factory=dict)
    cluster_colors: dict[int, int] = field(default_factory=dict)
    classification: Classification | None = None

    @property
    def centers(self) -> NDArray[np.float64]:
        """Prototypes (m, d) in the units of the data."""
        return self.scaling.undo(self.snapshot.centers)

    def label_points(self) -> NDArray[np.int64]:
        """Return the lasting cluster id (n,) of each point of the window; -1 for noise."""
        if not len(self.points):
            return np.empty(0, dtype=np.int64)
        return map_labels(self.model.predict(self.scaling.apply(self.points)), self.label_ids)

    def number_points(self) -> NDArray[np.int64] | None:
        """Return the row of the table, from 1, of each point (n,) of the window.

        None for other data, and if the table has changed or cannot be read any more.
        """
        if not isinstance(self.source, TableSource):
            return None
        try:
            return self.source.find_rows(self.snapshot.n_seen, len(self.points))
        except (ValueError, OSError):
            return None
