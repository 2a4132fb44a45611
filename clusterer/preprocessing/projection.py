"""Projection of points with many features onto two principal components."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import IncrementalPCA

from clusterer.preprocessing.scaling import Scaling
from clusterer.support.text import shorten

N_COMPONENTS = 2
# At most this many of the new points update the components.
N_SAMPLE = 500
NAME_CHARACTERS = 18
# From this number of points on, new components are rotated onto the shown ones. Before, the
# components are not yet reliable.
N_SETTLED = 500
# The shown axes stay until the components differ by this angle: a plot that turns all the time is
# hard to read.
MAX_ANGLE_DEG = 3.0


@dataclass(frozen=True, eq=False)
class Projection:
    """An orthogonal projection of standardised points.

    Parameters
    ----------
    scaling : Scaling
        Standardises the points.
    means : array (d,)
        Means of the standardised points.
    components : array (k, d)
        The axes, orthonormal.
    shares : array (k,)
        Share of the variance along each axis; NaN if it is not known.
    version : int, default 0
        Grows with each change of the axes; 0 stands for axes along features.

    Examples
    --------
    >>> projection = Projection.along_features(3)
    >>> projection.project(np.array([[3.0, 4.0, 5.0]]), 1)
    array([4.])
    """

    scaling: Scaling
    means: NDArray[np.float64]
    components: NDArray[np.float64]
    shares: NDArray[np.float64]
    version: int = 0

    @classmethod
    def along_features(cls, n_features: int) -> "Projection":
        """Return the projection onto the first features, used before components are known."""
        n_components = min(N_COMPONENTS, n_features)
        axes, means = np.eye(n_components, n_features), np.zeros(n_features)
        return cls(Scaling.identity(n_features), means, axes, np.full(n_components, np.nan))

    def project(self, points: NDArray, component: int) -> NDArray[np.float64]:
        """Return the coordinates (n,) of points (n, d) along a component, counted from 0."""
        centered = self.scaling.apply(points) - self.means
        coordinates: NDArray[np.float64] = centered @ self.components[component]
        return coordinates

    def name_axes(self, names: tuple[str, ...], n_named: int = 2) -> list[str]:
        """Return a title for each component: its share and its most important features.

        Parameters
        ----------
        names : tuple of str
            The names of the features.
        n_named : int, default 2
            The number of features in a title.

        Examples
        --------
        >>> zero = Projection.along_features(2)
        >>> shares = np.array([0.75, 0.25])
        >>> projection = Projection(zero.scaling, zero.means, zero.components, shares)
        >>> projection.name_axes(("length", "width"), 1)
        ['component 1 (75%): length, …', 'component 2 (25%): width, …']
        """
        titles = []
        for i, (axis, share) in enumerate(zip(self.components, self.shares, strict=True)):
            title = f"component {i + 1}"
            if np.isfinite(share):
                most = np.argsort(-np.abs(axis), kind="stable")[:n_named]
                shown = [shorten(names[j], NAME_CHARACTERS) for j in most]
                shown += ["…"] * (len(axis) > n_named)
                title += f" ({share:.0%}): {', '.join(shown)}"
            titles.append(title)
        return titles


class RunningProjection:
    """Principal components that follow a stream and turn as little as possible.

    The components come from incremental PCA on samples of the stream (D. Ross, J. Lim, R. Lin,
    M. Yang, "Incremental learning for robust visual tracking", 2008), as in scikit-learn. The
    sign of a component is arbitrary, and components with similar variances can swap or turn in
    their plane. Therefore new components are rotated onto the shown ones (P. Schönemann, "A
    generalized solution of the orthogonal Procrustes problem", 1966).

    Parameters
    ----------
    n_features : int
        The number d of features, at least 1.

    Examples
    --------
    >>> running = RunningProjection(3)
    >>> random = np.random.default_rng(0)
    >>> points = random.normal(size=(300, 3)) * [5.0, 1.0, 0.1]
    >>> projection = running.update(points, Scaling.identity(3))
    >>> np.abs(projection.components[0]).round(1).tolist()
    [1.0, 0.0, 0.0]
    """

    def __init__(self, n_features: int) -> None:
        self.projection = Projection.along_features(n_features)
        self._model = IncrementalPCA(len(self.projection.components))

    def update(self, points: NDArray, scaling: Scaling) -> Projection:
        """Learn the last 500 of the points (n, d) and return the projection to show.

        The projection is the same object as before while the components have not changed much.
        """
        shown = self.projection
        is_same_scale = np.array_equal(scaling.scales, shown.scaling.scales)
        if not is_same_scale and shown.version:
            # The old components belong to another scaling.
            self._model = IncrementalPCA(len(shown.components))
        sample = scaling.apply(points[-N_SAMPLE:])
        if len(sample) < 2 or not np.ptp(sample, axis=0).any():
            return shown
        # The source has checked the points; another check would double the time.
        self._model.partial_fit(sample, check_input=False)
        axes, shares = self._align(is_same_scale)
        if not shown.version or not is_same_scale or self._has_turned(axes):
            mean = np.array(self._model.mean_)
            self.projection = Projection(scaling, mean, axes, shares, shown.version + 1)
        return self.projection

    def _align(self, is_same_scale: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the axes rotated close to the shown ones, and their shares of the variance."""
        found, shares = self._model.components_, self._model.explained_variance_ratio_
        shown = self.projection.components
        if is_same_scale and self._model.n_samples_seen_ >= N_SETTLED and self.projection.version:
            rotation, _ = orthogonal_procrustes(found.T, shown.T)
        elif self.projection.version:
            rotation = np.diag(np.where(np.sum(found * shown, axis=1) < 0, -1.0, 1.0))
        else:
            most = np.abs(found).argmax(axis=1)
            rotation = np.diag(np.sign(found[np.arange(len(found)), most]))
        return rotation.T @ found, (rotation**2).T @ np.nan_to_num(shares)

    def _has_turned(self, axes: NDArray) -> bool:
        cosines = np.sum(axes * self.projection.components, axis=1)
        return bool(cosines.min() < np.cos(np.deg2rad(MAX_ANGLE_DEG)))
