"""A canvas: what is painted after some acts, and which points come of it."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clusterer.datasets.brush_strokes import DIGITS, Act, Erase, Move, Paint

# Steps are added up as whole numbers, so that two small ones are one large one to the last bit.
UNITS = 10**DIGITS
# Somewhat outside of the brush a group can still be grasped.
REACH = 1.5


class Layer(NamedTuple):
    """One act of painting that is still in force, and where its places (m, 2) are now."""

    act: Paint
    places: NDArray[np.float64]


class Mixture(NamedTuple):
    """Places (m, 2) with radii (m, 2), groups (m,) and shares summed up (m,), the last one 1."""

    places: NDArray[np.float64]
    radii: NDArray[np.float64]
    groups: NDArray[np.int64]
    shares: NDArray[np.float64]

    def draw(
        self, chances: NDArray[np.float64], normals: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Points (n, 2) and their groups (n,) from even (n,) and normal (n, 2) numbers."""
        chosen = np.searchsorted(self.shares[:-1], chances, side="right")
        return self.places[chosen] + self.radii[chosen] / 2 * normals, self.groups[chosen]


def mix(layers: Sequence[Layer]) -> Mixture:
    """All layers, each with a share like the number of its points."""
    acts = [act for act, _ in layers]
    n_places = [len(act.places) for act in acts]
    # What was only touched is to be there as well.
    weights = np.repeat([max(act.n_points, 1) / len(act.places) for act in acts], n_places)
    shares = np.cumsum(weights)
    return Mixture(
        np.concatenate([places for _, places in layers]),
        np.repeat([act.radii for act in acts], n_places, axis=0),
        np.repeat([act.group for act in acts], n_places),
        shares / shares[-1],
    )


class Canvas:
    """What is painted: the layers in force, the group of each stroke, and points still to come.

    >>> canvas = Canvas()
    >>> canvas.apply(Paint(0, 3, 3, ((1.0, 2.0),), (0.5, 0.5), 10))
    >>> canvas.apply(Move(0, 3, 0.5, 0.0))
    >>> canvas.layers[0].places.tolist(), canvas.find(1.5, 2.1), canvas.find(9, 9)
    ([[1.5, 2.0]], 3, None)
    """

    def __init__(self) -> None:
        self.layers: tuple[Layer, ...] = ()
        self.groups: dict[int, int] = {}
        self._fresh: deque[tuple[Paint, int]] = deque()
        self._mixture: Mixture | None = None

    def apply(self, act: Act) -> None:
        """Do one act more."""
        if isinstance(act, Paint):
            self.groups[act.stroke] = act.group
            self.layers += (Layer(act, np.array(act.places)),)
            if act.n_points:
                self._fresh.append((act, act.n_points))
        elif isinstance(act, Move):
            step = np.array([act.dx, act.dy])
            self.layers = tuple(
                Layer(layer.act, _add(layer.places, step))
                if layer.act.group == act.group
                else layer
                for layer in self.layers
            )
        elif isinstance(act, Erase):
            self.layers = tuple(each for each in self.layers if each.act.stroke != act.stroke)
            self._fresh = deque(each for each in self._fresh if each[0].stroke != act.stroke)
        self._mixture = None

    def find(self, x: float, y: float) -> int | None:
        """The group that is nearest to a place, in radii of the brush, if it is near at all."""
        if not self.layers:
            return None
        painted = self._mix()
        distances = np.hypot(*((painted.places - (x, y)) / painted.radii).T)
        nearest = distances.argmin()
        return int(painted.groups[nearest]) if distances[nearest] < REACH else None

    def find_center(self, group: int) -> NDArray[np.float64] | None:
        """The middle (2,) of the places of a group; None if it has none."""
        places = [layer.places for layer in self.layers if layer.act.group == group]
        return np.concatenate(places).mean(axis=0) if places else None

    def pass_on(self, n_most: int) -> tuple[int, Mixture]:
        """How many of the next points, up to ``n_most``, come of what; there has to be a layer."""
        if self._fresh:
            act, n_left = self._fresh.popleft()
            n = min(n_left, n_most)
            if n < n_left:
                self._fresh.appendleft((act, n_left - n))
            return n, mix([layer for layer in self.layers if layer.act is act])
        return n_most, self._mix()

    def _mix(self) -> Mixture:
        if self._mixture is None:
            self._mixture = mix(self.layers)
        return self._mixture


def _add(places: NDArray[np.float64], step: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.round(places * UNITS) + np.round(step * UNITS)) / UNITS
