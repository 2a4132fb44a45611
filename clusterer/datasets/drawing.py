"""The state of a hand-drawn stream after some edits, and the mixture that its points come from."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.datasets.edits import N_DECIMALS, Edit, EraseEdit, MoveEdit, PaintEdit

# Moves are added as whole numbers, so that two small moves equal one large move bit for bit.
UNITS = 10**N_DECIMALS
# A group can be grasped up to this many brush radii from its centers.
REACH = 1.5


class Layer(NamedTuple):
    """A paint edit that is still visible, and the present places (m, 2) of its centers."""

    edit: PaintEdit
    centers: NDArray[np.float64]


class Mixture(NamedTuple):
    """A mixture of m normal distributions in the plane.

    Parameters
    ----------
    centers, radii : arrays (m, 2)
        A radius is two standard deviations.
    groups : array (m,)
    cumulative_shares : array (m,)
        Sums of the shares of the points; the last is 1.
    """

    centers: NDArray[np.float64]
    radii: NDArray[np.float64]
    groups: NDArray[np.int64]
    cumulative_shares: NDArray[np.float64]

    def draw(
        self, uniforms: NDArray[np.float64], normals: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return points (n, 2) and groups (n,) from uniform (n,) and normal (n, 2) numbers."""
        chosen = np.searchsorted(self.cumulative_shares[:-1], uniforms, side="right")
        return self.centers[chosen] + self.radii[chosen] / 2 * normals, self.groups[chosen]


def mix_layers(layers: Sequence[Layer]) -> Mixture:
    """Return the mixture of all layers; the share of a layer follows from its number of points."""
    edits = [edit for edit, _ in layers]
    n_centers = [len(edit.centers) for edit in edits]
    # A layer without points, from a short touch of the brush, counts as one point.
    weights = np.repeat([max(edit.n_points, 1) / len(edit.centers) for edit in edits], n_centers)
    shares = np.cumsum(weights)
    return Mixture(
        np.concatenate([centers for _, centers in layers]),
        np.repeat([edit.radii for edit in edits], n_centers, axis=0),
        np.repeat([edit.group for edit in edits], n_centers),
        shares / shares[-1],
    )


class Drawing:
    """The visible layers, the group of each stroke, and the painted points still to come.

    Examples
    --------
    >>> drawing = Drawing()
    >>> drawing.apply(PaintEdit(0, 3, 3, ((1.0, 2.0),), (0.5, 0.5), 10))
    >>> drawing.apply(MoveEdit(0, 3, 0.5, 0.0))
    >>> drawing.layers[0].centers.tolist(), drawing.find(1.5, 2.1), drawing.find(9, 9)
    ([[1.5, 2.0]], 3, None)
    """

    def __init__(self) -> None:
        self.layers: tuple[Layer, ...] = ()
        self.groups: dict[int, int] = {}
        self._pending: deque[tuple[PaintEdit, int]] = deque()
        self._mixture: Mixture | None = None

    def apply(self, edit: Edit) -> None:
        """Apply one more edit."""
        if isinstance(edit, PaintEdit):
            self.groups[edit.stroke] = edit.group
            self.layers += (Layer(edit, np.array(edit.centers)),)
            if edit.n_points:
                self._pending.append((edit, edit.n_points))
        elif isinstance(edit, MoveEdit):
            step = np.array([edit.dx, edit.dy])
            self.layers = tuple(
                Layer(layer.edit, _add(layer.centers, step))
                if layer.edit.group == edit.group
                else layer
                for layer in self.layers
            )
        elif isinstance(edit, EraseEdit):
            self.layers = tuple(each for each in self.layers if each.edit.stroke != edit.stroke)
            self._pending = deque(each for each in self._pending if each[0].stroke != edit.stroke)
        self._mixture = None

    def find(self, x: float, y: float) -> int | None:
        """Return the group nearest to (x, y) in brush radii; None if no group is near."""
        if not self.layers:
            return None
        mixture = self._mix()
        distances = np.hypot(*((mixture.centers - (x, y)) / mixture.radii).T)
        nearest = distances.argmin()
        return int(mixture.groups[nearest]) if distances[nearest] < REACH else None

    def find_center(self, group: int) -> NDArray[np.float64] | None:
        """Return the mean (2,) of the centers of a group; None if the group is not visible."""
        centers = [layer.centers for layer in self.layers if layer.edit.group == group]
        return np.concatenate(centers).mean(axis=0) if centers else None

    def next_points(self, n_most: int) -> tuple[int, Mixture]:
        """Return how many of the next `n_most` points come from one mixture, and the mixture.

        Painted points come first. The drawing must have a layer.
        """
        if self._pending:
            edit, n_left = self._pending.popleft()
            n = min(n_left, n_most)
            if n < n_left:
                self._pending.appendleft((edit, n_left - n))
            return n, mix_layers([layer for layer in self.layers if layer.edit is edit])
        return n_most, self._mix()

    def _mix(self) -> Mixture:
        if self._mixture is None:
            self._mixture = mix_layers(self.layers)
        return self._mixture


def _add(centers: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.round(centers * UNITS) + np.round(step * UNITS)) / UNITS
