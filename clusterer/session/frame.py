"""A frame: everything that the views draw of a run at one time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clusterer.base import Snapshot
from clusterer.evaluation.metrics import QualityMetrics
from clusterer.preprocessing.logarithm import take_logarithm
from clusterer.preprocessing.projection import Projection
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.density_image import Box
from clusterer.session.recipe import MadeDecision


@dataclass(frozen=True, eq=False)
class ViewRequest:
    """What the live figure shows: its two axes, and the box of the density image.

    Parameters
    ----------
    x, y : int
        Feature 0, 1, ... or component -1, -2, ... of ``projection`` on each axis.
    box : (left, right, bottom, top), optional
        The box to count points in; None makes no density image.
    projection : Projection, optional
        The run adds it if a component lies on an axis.
    has_classes, has_scores : bool, default False
        Whether the frame holds the classes, or the scores, of its points.
    scaling : Scaling, optional
        The run adds it. Its treatment tells which features have a logarithmic axis.

    Examples
    --------
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
    has_classes: bool = False
    has_scores: bool = False
    scaling: Scaling | None = None

    def project(self, points: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the coordinates (n,), (n,) of points (n, d) on the axes.

        Points with a single feature have y = 0. On a logarithmic axis a coordinate is a logarithm.
        """
        xs = self._coordinates(points, self.x)
        return xs, self._coordinates(points, self.y) if points.shape[1] > 1 else np.zeros_like(xs)

    def _coordinates(self, points: NDArray, axis: int) -> NDArray[np.float64]:
        if axis >= 0:
            unit = self.find_log_unit(axis)
            return take_logarithm(points[:, axis], unit) if unit else points[:, axis]
        projection = self.projection or Projection.along_features(points.shape[1])
        return projection.project(points, -1 - axis)

    def find_log_unit(self, axis: int) -> float:
        """Return the unit of the logarithm of a feature; 0 for a linear axis and a component."""
        units = () if self.scaling is None else self.scaling.treatment.log_units
        return units[axis] if 0 <= axis < len(units) else 0.0

    @property
    def log_units(self) -> tuple[float, float]:
        """The units of the logarithms on both axes, 0 for a linear axis."""
        return self.find_log_unit(self.x), self.find_log_unit(self.y)

    @property
    def is_projected(self) -> bool:
        """Whether a component lies on an axis."""
        return self.x < 0 or self.y < 0

    @property
    def view(self) -> Projection | None:
        """The projection if a component lies on an axis, else None."""
        return self.projection if self.is_projected else None

    @property
    def axes(self) -> tuple[int, int, int]:
        """A key of the axes, which changes when the projection turns."""
        turn = self.view.version if self.view else 0
        return self.x, self.y, turn


@dataclass(frozen=True, eq=False)
class Frame:
    """Everything that the views draw of a run at one time.

    All coordinates are in the units of the data, except those of ``snapshot``, which are in the
    units of the model.

    Parameters
    ----------
    run : int
        The number of the run, which grows with each reset.
    view_request : ViewRequest
        The request that the frame answers, with its projection.
    snapshot : Snapshot
        The state of the model.
    centers, center_clusters, center_colors : (m, d), (m,), (m,)
        The prototypes, and their lasting cluster ids and colours; -1 for noise.
    points, point_clusters, point_colors : (n, d), (n,), (n,)
        The last points of the window, and their lasting cluster ids and colours; -1 for noise.
    bounds : (2, d)
        The box that contains the points; (0, d) while it is unknown.
    image : (rows, columns) of uint8 or None
        All points of the window as shades over ``view_request.box``, if they are too many to draw
        one by one.
    n_in_window : int
        Number of points in the window.
    points_per_s : float
        Points learned in the last second.
    is_playing, is_finished : bool
        Whether points stream in, and whether the source has no more points.
    message : str
        What went wrong; empty if nothing did.
    measures : QualityMetrics or None
        The quality of the clusters on the last points, at most a second old.
    scaling : Scaling or None
        From the units of the data to the units of the model.
    cluster_names : mapping of int to str
        The names that people gave to clusters, by lasting cluster id.
    point_classes : (k,) int or None
        The true classes of the last k of ``points``; None if they are unknown or not requested.
    class_names : tuple of str or None
        The names of the classes 0, 1, ...; None if classes are just numbers.
    point_scores : (n,) or None
        The logarithm of the density at ``points``, as the model's ``score_samples`` gives it; None
        if it was not requested or the model cannot tell.
    decisions : tuple of MadeDecision
        What people have decided about the clusters; it is in force.
    can_decide : bool
        Whether people can decide about the clusters of this run.
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
    scaling: Scaling | None = None
    cluster_names: Mapping[int, str] = field(default_factory=dict)
    point_classes: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] | None = None
    point_scores: NDArray[np.float64] | None = None
    decisions: tuple[MadeDecision, ...] = ()
    can_decide: bool = False

    @property
    def noise_share(self) -> float:
        """Share of noise among ``points``."""
        return float((self.point_clusters < 0).mean()) if len(self.points) else 0.0
