"""Projections: more features than a screen has, seen along the directions they vary most in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import IncrementalPCA

from clusterer.support.text import shorten

N_COMPONENTS = 2
N_AT_ONCE = 500
NAME_CHARACTERS = 18
# From so many points on the axes are rotated to those shown; before, they are yet to be found.
N_SETTLED = 500
# The axes on the screen stay until they are so far off: a picture that turns is hard to read.
LARGEST_ANGLE_DEG = 3.0


@dataclass(frozen=True, eq=False)
class Projection:
    """An orthogonal view of standardised points.

    ``offsets`` and ``scales`` (d,) standardise, ``means`` (d,) are those of the standardised
    points, ``components`` (k, d) the axes, ``shares`` (k,) of the variance that lie along them.
    ``number`` grows with each change of the axes.

    >>> view = Projection.along_features(3)
    >>> view.project(np.array([[3.0, 4.0, 5.0]]), 1)
    array([4.])
    """

    offsets: NDArray[np.float64]
    scales: NDArray[np.float64]
    means: NDArray[np.float64]
    components: NDArray[np.float64]
    shares: NDArray[np.float64]
    number: int = 0

    @classmethod
    def along_features(cls, n_features: int) -> "Projection":
        """The view along the first features, for want of a better one."""
        n_components = min(N_COMPONENTS, n_features)
        nothing, ones = np.zeros(n_features), np.ones(n_features)
        axes = np.eye(n_components, n_features)
        return cls(nothing, ones, nothing, axes, np.full(n_components, np.nan))

    def project(self, points: NDArray, component: int) -> NDArray[np.float64]:
        """Coordinates (n,) of the points (n, d) along a component, from 0."""
        inner = (points - self.offsets) / self.scales - self.means
        coordinates: NDArray[np.float64] = inner @ self.components[component]
        return coordinates

    def name_axes(self, names: tuple[str, ...], n_named: int = 2) -> list[str]:
        """A title for each component: its share, and the features that weigh most in it.

        >>> view = Projection.along_features(2)
        >>> Projection(*[view.means] * 3, view.components, np.array([0.75, 0.25])).name_axes(
        ...     ("length", "width"), 1
        ... )
        ['component 1 (75%): length, …', 'component 2 (25%): width, …']
        """
        titles = []
        for i, (axis, share) in enumerate(zip(self.components, self.shares, strict=True)):
            title = f"component {i + 1}"
            if np.isfinite(share):
                most = np.argsort(-np.abs(axis), kind="stable")[:n_named]
                shown = [shorten(names[j], NAME_CHARACTERS) for j in most] + ["…"] * (
                    len(axis) > n_named
                )
                title += f" ({share:.0%}): {', '.join(shown)}"
            titles.append(title)
        return titles


class RunningProjection:
    """Principal components that follow a stream, turned as little as may be.

    Incremental PCA (D. Ross, J. Lim, R. Lin, M. Yang, "Incremental learning for robust visual
    tracking", 2008), as scikit-learn has it, of samples of the stream. Components have no sign,
    and those that vary alike may swap or turn in their plane at any time: they are rotated in it
    to those shown before (P. Schönemann, "A generalized solution of the orthogonal Procrustes
    problem", 1966).

    Parameters
    ----------
    n_features : int
        d, at least 1.

    Examples
    --------
    >>> running = RunningProjection(3)
    >>> random = np.random.default_rng(0)
    >>> points = random.normal(size=(300, 3)) * [5.0, 1.0, 0.1]
    >>> view = running.follow(points, np.zeros(3), np.ones(3))
    >>> np.abs(view.components[0]).round(1).tolist()
    [1.0, 0.0, 0.0]
    """

    def __init__(self, n_features: int) -> None:
        self.view = Projection.along_features(n_features)
        self._model = IncrementalPCA(len(self.view.components))

    def follow(self, points: NDArray, offsets: NDArray, scales: NDArray) -> Projection:
        """The view after points (n, d) more, of which at most the last 500 are looked at.

        The view of before, the same object, if it still shows what there is to be seen.
        """
        is_same_unit = np.array_equal(scales, self.view.scales)
        if not is_same_unit and self.view.number:
            # What was learned in other units cannot be added to.
            self._model = IncrementalPCA(len(self.view.components))
        sample = (points[-N_AT_ONCE:] - offsets) / scales
        if len(sample) < 2 or not np.ptp(sample, axis=0).any():
            return self.view
        # The points were looked through when they came; checking again takes half the time.
        self._model.partial_fit(sample, check_input=False)
        axes, shares = self._turn(is_same_unit)
        if not self.view.number or not is_same_unit or self._is_off(axes):
            mean = np.array(self._model.mean_)
            self.view = Projection(offsets, scales, mean, axes, shares, self.view.number + 1)
        return self.view

    def _turn(self, is_same_unit: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The axes, near those shown, and the shares of the variance along them."""
        found, shares = self._model.components_, self._model.explained_variance_ratio_
        shown = self.view.components
        if is_same_unit and self._model.n_samples_seen_ >= N_SETTLED and self.view.number:
            rotation, _ = orthogonal_procrustes(found.T, shown.T)
        elif self.view.number:
            rotation = np.diag(np.where(np.sum(found * shown, axis=1) < 0, -1.0, 1.0))
        else:
            most = np.abs(found).argmax(axis=1)
            rotation = np.diag(np.sign(found[np.arange(len(found)), most]))
        return rotation.T @ found, (rotation**2).T @ np.nan_to_num(shares)

    def _is_off(self, axes: NDArray) -> bool:
        cosines = np.sum(axes * self.view.components, axis=1)
        return bool(cosines.min() < np.cos(np.deg2rad(LARGEST_ANGLE_DEG)))
