"""Streams that somebody paints while they run."""

import threading
from collections.abc import Iterable
from typing import NamedTuple, SupportsFloat, SupportsIndex

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from clusterer.datasets.brush_strokes import (
    HEIGHT,
    WIDTH,
    Act,
    Erase,
    Move,
    Paint,
    check_paint,
    check_step,
)
from clusterer.datasets.canvas import Canvas, Layer, Mixture
from clusterer.datasets.generator import BLOCK_POINTS, NOISE_CLASS
from clusterer.stream.chunk import Chunk
from clusterer.stream.source import Source
from clusterer.support.number_checks import check_float, check_whole_number

MOST_ACTS = 8_000
FULL = "The painting is full: it has as many strokes and moves as are kept. Clear it to go on."

Piece = tuple[int, int, Mixture]


class Luck(NamedTuple):
    """Random numbers of a block of the stream, a row for each point."""

    chances: NDArray[np.float64]
    normals: NDArray[np.float64]
    levels: NDArray[np.float64]
    background: NDArray[np.float64]


class Painting(Source):
    """An endless stream of what is painted, while it streams.

    Every method may be called from any thread. What was painted comes next, and from then on
    gives its share of all points. Each act is kept with the number of points taken before it, and
    a point depends only on the acts before it and its place in the stream. So a painting that is
    rewound comes about again at the same points; what is done then comes among the acts of old.
    The classes of the points are the groups.

    Parameters
    ----------
    acts : what was painted, in its order; default nothing
    seed : int, from 0 up, default 0
        The same seed and acts give the same points.
    noise : float, 0 to 1, default 0
        Share of points spread evenly over the canvas, of class -1.

    Raises
    ------
    ValueError
        When a parameter is not allowed.

    Examples
    --------
    >>> painting = Painting()
    >>> painting.is_waiting, painting.take(5).points.shape
    (True, (0, 2))
    >>> stroke = painting.paint([(5, 5)], radii=(0.5, 0.5), n_points=20)
    >>> points = painting.take(100).points
    >>> painting.move(painting.find(5, 5), 10, 0)
    >>> painting.take(100).points.mean(axis=0).round().tolist()
    [15.0, 5.0]
    """

    name = "Painting"
    feature_names = ("x", "y")

    def __init__(
        self, acts: Iterable[Act] = (), *, seed: SupportsIndex = 0, noise: SupportsFloat = 0.0
    ) -> None:
        self._acts = list(acts)
        self.seed = check_whole_number("seed", seed, 0)
        self.noise = noise
        self._lock = threading.RLock()
        self._luck: tuple[int, Luck] | None = None
        strokes = [act.stroke for act in self._acts if isinstance(act, Paint)]
        self._n_strokes = 1 + max(strokes, default=-1)
        self.rewind()

    @property
    def noise(self) -> float:
        """The share of background points, 0 to 1; setting it acts from the next point on."""
        return self._noise

    @noise.setter
    def noise(self, share: SupportsFloat) -> None:
        self._noise = check_float("noise", share, 0, 1)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The canvas (2, 2), which the background fills."""
        return np.array([[0.0, 0.0], [WIDTH, HEIGHT]])

    @property
    def exhausted(self) -> bool:
        """Never: somebody may paint."""
        return False

    @property
    def is_waiting(self) -> bool:
        """Whether nothing is painted."""
        with self._lock:
            self._catch_up()
            return not self._canvas.layers

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What is painted now; another object whenever it has changed."""
        with self._lock:
            self._catch_up()
            return self._canvas.layers

    @property
    def acts(self) -> tuple[Act, ...]:
        """All that was done, in its order in the stream."""
        with self._lock:
            return tuple(self._acts)

    def preserve(self) -> "Painting":
        """The painting at its first point, with the acts there are now."""
        return Painting(self.acts, seed=self.seed, noise=self.noise)

    def paint(
        self,
        places: Iterable[tuple[float, float]],
        radii: tuple[float, float],
        n_points: SupportsIndex,
        stroke: SupportsIndex | None = None,
    ) -> int:
        """Strew `n_points` about places (x, y), to come next; returns the number of the stroke.

        `radii` are the brush's across and upwards, two standard deviations each. `stroke` goes on
        with an earlier one; another that begins on a group belongs to it, or else founds one.
        Raises ValueError when a number is not allowed or the painting is full.
        """
        with self._lock:
            self._catch_up()
            number = self._n_strokes if stroke is None else check_whole_number("stroke", stroke, 0)
            act = check_paint(self._position, number, number, places, radii, n_points)
            group = self._canvas.groups.get(number)
            if group is None:
                group = self._canvas.find(*act.places[0])
            self._do(act if group is None else act._replace(group=group))
            self._n_strokes = max(self._n_strokes, number + 1)
            return number

    def find(self, x: SupportsFloat, y: SupportsFloat) -> int | None:
        """The group painted at a place, the nearest of several; None if there is none."""
        with self._lock:
            self._catch_up()
            return self._canvas.find(float(x), float(y))

    def move(self, group: int, dx: SupportsFloat, dy: SupportsFloat) -> None:
        """Have the next points of a group come from as far away; its middle stays on the canvas."""
        step = np.array([check_step("dx", dx), check_step("dy", dy)])
        with self._lock:
            self._catch_up()
            center = self._canvas.find_center(group)
            if center is None:
                return
            dx, dy = np.clip(center + step, *self.bounds) - center
            dx, dy = check_step("dx", dx), check_step("dy", dy)
            last = self._acts[self._n_done - 1] if self._n_done else None
            if isinstance(last, Move) and (last.n_taken, last.group) == (self._position, group):
                # A hand that is faster than the stream makes one act of many.
                self._canvas.apply(Move(self._position, group, dx, dy))
                dx, dy = check_step("dx", last.dx + dx), check_step("dy", last.dy + dy)
                self._acts[self._n_done - 1] = last._replace(dx=dx, dy=dy)
            else:
                self._do(Move(self._position, group, dx, dy))

    def undo(self) -> bool:
        """Erase the last stroke that is left; returns whether there was one.

        Its points that were taken stay with whoever took them.
        """
        with self._lock:
            self._catch_up()
            strokes = [act.stroke for act, _ in self._canvas.layers]
            if strokes:
                self._do(Erase(self._position, max(strokes)))
            return bool(strokes)

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points; fewer where nothing is painted any more."""
        pieces = self._plan(check_whole_number("n", n, 0))
        drawn = [self._draw(*piece) for piece in pieces]
        points = np.concatenate([np.empty((0, 2)), *(points for points, _ in drawn)])
        nothing = np.empty(0, dtype=np.int64)
        return Chunk(points, np.concatenate([nothing, *(groups for _, groups in drawn)]))

    def skip(self, n: SupportsIndex) -> int:
        """Pass over the next `n` points without drawing them; returns how many there were."""
        return sum(stop - start for start, stop, _ in self._plan(check_whole_number("n", n, 0)))

    def rewind(self) -> None:
        """Start again from the first point and the first act; the noise stays as it is."""
        with self._lock:
            self._canvas = Canvas()
            self._position = self._n_done = 0

    def _do(self, act: Act) -> None:
        if len(self._acts) >= MOST_ACTS:
            raise ValueError(FULL)
        self._acts.insert(self._n_done, act)
        self._n_done += 1
        self._canvas.apply(act)

    def _catch_up(self) -> int | None:
        """Do again what was done by now; returns how many points come before the next act."""
        while self._n_done < len(self._acts):
            act = self._acts[self._n_done]
            if act.n_taken > self._position:
                return act.n_taken - self._position
            self._canvas.apply(act)
            self._n_done += 1
        return None

    def _plan(self, n_points: int) -> list[Piece]:
        """The next points, cut where a block ends or something was done; nothing drawn yet."""
        pieces: list[Piece] = []
        with self._lock:
            while n_points:
                n_before_act = self._catch_up()
                if not self._canvas.layers:
                    break
                n_most = min(n_points, BLOCK_POINTS - self._position % BLOCK_POINTS)
                n_most = n_most if n_before_act is None else min(n_most, n_before_act)
                n, mixture = self._canvas.pass_on(n_most)
                pieces.append((self._position, self._position + n, mixture))
                self._position += n
                n_points -= n
        return pieces

    def _draw(
        self, start: int, stop: int, mixture: Mixture
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        block, first = divmod(start, BLOCK_POINTS)
        rows = slice(first, first + stop - start)
        luck = self._toss(block)
        points, groups = mixture.draw(luck.chances[rows], luck.normals[rows])
        hit = luck.levels[rows] < self._noise
        points[hit], groups[hit] = luck.background[rows][hit], NOISE_CLASS
        return points, groups

    def _toss(self, block: int) -> Luck:
        if self._luck is None or self._luck[0] != block:
            random = default_rng(SeedSequence(self.seed, spawn_key=(block,)))
            luck = Luck(
                random.random(BLOCK_POINTS),
                random.standard_normal((BLOCK_POINTS, 2)),
                random.random(BLOCK_POINTS),
                random.random((BLOCK_POINTS, 2)) * (WIDTH, HEIGHT),
            )
            self._luck = block, luck
        return self._luck[1]
