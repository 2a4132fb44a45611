"""Hand-drawn streams: a user paints, moves and erases points while the stream runs."""

import threading
from collections.abc import Iterable
from typing import NamedTuple, SupportsFloat, SupportsIndex

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from clusterer.datasets.drawing import Drawing, Layer, Mixture
from clusterer.datasets.edits import (
    HEIGHT,
    WIDTH,
    Edit,
    EraseEdit,
    MoveEdit,
    PaintEdit,
    check_distance,
    make_paint_edit,
)
from clusterer.datasets.generator import BLOCK_POINTS
from clusterer.stream.chunk import NOISE, Chunk
from clusterer.stream.source import Source, SourceCode
from clusterer.support.number_checks import check_float, check_whole_number
from clusterer.support.python_code import format_arguments

MAX_EDITS = 8_000
FULL = (
    f"The painting is full: it has {MAX_EDITS:,} strokes and moves. Choose Clear to start a new "
    "painting."
)

# The first position, the position after the last, and the mixture of the points between.
Segment = tuple[int, int, Mixture]


class RandomBlock(NamedTuple):
    """Random numbers for a block of the stream, one row per point."""

    uniforms: NDArray[np.float64]
    normals: NDArray[np.float64]
    levels: NDArray[np.float64]
    background: NDArray[np.float64]


class PaintedSource(Source):
    """An endless stream of hand-drawn points.

    Painted points come next in the stream. From then on their stroke gives a share of all points.
    The groups of the strokes are the classes.

    Each edit is stored with its position in the stream, and a point depends only on the edits
    before it and on its position. So the stream gives the same points again after `rewind`; a new
    edit then stands between the old ones. Every method may be called from any thread.

    Parameters
    ----------
    edits : iterable of PaintEdit, MoveEdit or EraseEdit, default none
        Earlier edits in their order.
    seed : int, from 0 up, default 0
        The same seed and edits give the same points.
    noise : float, 0 to 1, default 0
        Share of the points that fill the canvas evenly and have the class -1.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    Examples
    --------
    >>> source = PaintedSource()
    >>> source.is_waiting, source.take(5).points.shape
    (True, (0, 2))
    >>> stroke = source.paint([(5, 5)], radii=(0.5, 0.5), n_points=20)
    >>> points = source.take(100).points
    >>> source.move(source.find(5, 5), 10, 0)
    >>> source.take(100).points.mean(axis=0).round().tolist()
    [15.0, 5.0]
    """

    name = "Painting"
    feature_names = ("x", "y")

    def __init__(
        self, edits: Iterable[Edit] = (), *, seed: SupportsIndex = 0, noise: SupportsFloat = 0.0
    ) -> None:
        self._edits = list(edits)
        self.seed = check_whole_number("seed", seed, 0)
        self.noise = noise
        self._lock = threading.RLock()
        self._random_block: tuple[int, RandomBlock] | None = None
        strokes = [edit.stroke for edit in self._edits if isinstance(edit, PaintEdit)]
        self._n_strokes = 1 + max(strokes, default=-1)
        self.rewind()

    @property
    def has_classes(self) -> bool:
        """Always: the classes are the groups of the strokes."""
        return True

    @property
    def noise(self) -> float:
        """The share of noise points, 0 to 1; a new value acts from the next point on."""
        return self._noise

    @noise.setter
    def noise(self, share: SupportsFloat) -> None:
        self._noise = check_float("noise", share, 0, 1)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The corners (2, 2) of the canvas, which the noise fills."""
        return np.array([[0.0, 0.0], [WIDTH, HEIGHT]])

    @property
    def exhausted(self) -> bool:
        """Always False: the user may paint more."""
        return False

    @property
    def is_waiting(self) -> bool:
        """Whether the canvas is empty."""
        with self._lock:
            self._catch_up()
            return not self._drawing.layers

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The visible layers; a new tuple after every change."""
        with self._lock:
            self._catch_up()
            return self._drawing.layers

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits in the order of their positions in the stream."""
        with self._lock:
            return tuple(self._edits)

    def python_code(self, noise: float | None = None) -> SourceCode:
        """Return the code that repeats the painting."""
        arguments = format_arguments({"seed": self.seed, "noise": noise})
        return SourceCode(
            (
                "from clusterer.datasets import PaintedSource",
                "from clusterer.datasets.edits import EraseEdit, MoveEdit, PaintEdit",
            ),
            (
                "# Each edit begins with its position in the stream.",
                "edits = [",
                *(f"    {type(edit).__name__}{tuple(edit)!r}," for edit in self.edits),
                "]",
                f"source = PaintedSource(edits, {arguments})",
            ),
        )

    def preserve(self) -> "PaintedSource":
        """Return a copy at its first point, with the present edits."""
        return PaintedSource(self.edits, seed=self.seed, noise=self.noise)

    def paint(
        self,
        centers: Iterable[tuple[float, float]],
        radii: tuple[float, float],
        n_points: SupportsIndex,
        stroke: SupportsIndex | None = None,
    ) -> int:
        """Paint points that come next in the stream; return the number of the stroke.

        Parameters
        ----------
        centers : iterable of (x, y)
            Where the brush was.
        radii : (float, float)
            Radii of the brush in x and y: two standard deviations of the points.
        n_points : int
            The number of points.
        stroke : int, optional
            Continue this stroke; None (the default) begins a new one. A new stroke joins the
            group below its first center, or begins a new group.

        Raises
        ------
        ValueError
            If a number is not allowed or the painting has no room for another edit.
        """
        with self._lock:
            self._catch_up()
            number = self._n_strokes if stroke is None else check_whole_number("stroke", stroke, 0)
            edit = make_paint_edit(self._position, number, number, centers, radii, n_points)
            group = self._drawing.groups.get(number)
            if group is None:
                group = self._drawing.find(*edit.centers[0])
            self._add(edit if group is None else edit._replace(group=group))
            self._n_strokes = max(self._n_strokes, number + 1)
            return number

    def find(self, x: SupportsFloat, y: SupportsFloat) -> int | None:
        """Return the group painted at (x, y), the nearest of several; None if there is none."""
        with self._lock:
            self._catch_up()
            return self._drawing.find(float(x), float(y))

    def move(self, group: int, dx: SupportsFloat, dy: SupportsFloat) -> None:
        """Move a group for the points to come; the center of the group stays on the canvas."""
        step = np.array([check_distance("dx", dx), check_distance("dy", dy)])
        with self._lock:
            self._catch_up()
            center = self._drawing.find_center(group)
            if center is None:
                return
            dx, dy = np.clip(center + step, *self.bounds) - center
            dx, dy = check_distance("dx", dx), check_distance("dy", dy)
            last = self._edits[self._n_applied - 1] if self._n_applied else None
            if isinstance(last, MoveEdit) and (last.position, last.group) == (
                self._position,
                group,
            ):
                # Moves between two points of the stream are stored as one edit.
                self._drawing.apply(MoveEdit(self._position, group, dx, dy))
                dx, dy = check_distance("dx", last.dx + dx), check_distance("dy", last.dy + dy)
                self._edits[self._n_applied - 1] = last._replace(dx=dx, dy=dy)
            else:
                self._add(MoveEdit(self._position, group, dx, dy))

    def undo(self) -> bool:
        """Erase the last visible stroke; return whether there was one.

        The points that the stream has already given stay in the model.
        """
        with self._lock:
            self._catch_up()
            strokes = [edit.stroke for edit, _ in self._drawing.layers]
            if strokes:
                self._add(EraseEdit(self._position, max(strokes)))
            return bool(strokes)

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points; fewer if the canvas becomes empty."""
        segments = self._plan(check_whole_number("n", n, 0))
        drawn = [self._draw(*segment) for segment in segments]
        points = np.concatenate([np.empty((0, 2)), *(points for points, _ in drawn)])
        no_groups = np.empty(0, dtype=np.int64)
        return Chunk(points, np.concatenate([no_groups, *(groups for _, groups in drawn)]))

    def skip(self, n: SupportsIndex) -> int:
        """Skip the next `n` points without drawing them; return how many there were."""
        segments = self._plan(check_whole_number("n", n, 0))
        return sum(stop - start for start, stop, _ in segments)

    def rewind(self) -> None:
        """Start again from the first point and the first edit; the noise level stays."""
        with self._lock:
            self._drawing = Drawing()
            self._position = self._n_applied = 0

    def _add(self, edit: Edit) -> None:
        if len(self._edits) >= MAX_EDITS:
            raise ValueError(FULL)
        self._edits.insert(self._n_applied, edit)
        self._n_applied += 1
        self._drawing.apply(edit)

    def _catch_up(self) -> int | None:
        """Apply the edits up to the present position; return the number of points to the next."""
        while self._n_applied < len(self._edits):
            edit = self._edits[self._n_applied]
            if edit.position > self._position:
                return edit.position - self._position
            self._drawing.apply(edit)
            self._n_applied += 1
        return None

    def _plan(self, n_points: int) -> list[Segment]:
        """Advance by `n_points`; return the segments between edits and ends of blocks."""
        segments: list[Segment] = []
        with self._lock:
            while n_points:
                n_before_edit = self._catch_up()
                if not self._drawing.layers:
                    break
                n_most = min(n_points, BLOCK_POINTS - self._position % BLOCK_POINTS)
                n_most = n_most if n_before_edit is None else min(n_most, n_before_edit)
                n, mixture = self._drawing.next_points(n_most)
                segments.append((self._position, self._position + n, mixture))
                self._position += n
                n_points -= n
        return segments

    def _draw(
        self, start: int, stop: int, mixture: Mixture
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        block, first = divmod(start, BLOCK_POINTS)
        rows = slice(first, first + stop - start)
        numbers = self._draw_random_block(block)
        points, groups = mixture.draw(numbers.uniforms[rows], numbers.normals[rows])
        is_noise = numbers.levels[rows] < self._noise
        points[is_noise], groups[is_noise] = numbers.background[rows][is_noise], NOISE
        return points, groups

    def _draw_random_block(self, block: int) -> RandomBlock:
        if self._random_block is None or self._random_block[0] != block:
            rng = default_rng(SeedSequence(self.seed, spawn_key=(block,)))
            numbers = RandomBlock(
                rng.random(BLOCK_POINTS),
                rng.standard_normal((BLOCK_POINTS, 2)),
                rng.random(BLOCK_POINTS),
                rng.random((BLOCK_POINTS, 2)) * (WIDTH, HEIGHT),
            )
            self._random_block = block, numbers
        return self._random_block[1]
