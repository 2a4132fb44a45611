"""Endless generated streams with known classes."""

from collections.abc import Callable
from functools import partial
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray

from clusterer.datasets.families import GENERATORS
from clusterer.datasets.layout import Layout
from clusterer.stream.chunk import NOISE, Chunk
from clusterer.stream.finite_points import number_features
from clusterer.stream.source import Source, SourceCode
from clusterer.support.number_checks import check_float, check_whole_number
from clusterer.support.python_code import format_arguments

BLOCK_POINTS = 2048
# The background noise fills the layout's box enlarged by this share on every side.
ENLARGEMENT = 0.05
# Each role has random numbers of its own, so that one role never changes another's draws.
LAYOUT_ROLE, POINTS_ROLE, NOISE_ROLE = range(3)

MAX_CLUSTERS = 100
MAX_FEATURES = 100
MAX_DRIFT = 1000

# The draws of one role for one block: rows (n_points, n_features) and one value per row.
Block = tuple[NDArray[np.float64], NDArray[np.int64] | NDArray[np.float64]]


class GeneratedSource(Source):
    """An endless stream drawn from a layout of clusters; `make_generator` makes the named ones.

    The stream is drawn in blocks. The random numbers of a block are seeded with its position in
    the stream, so the points depend neither on the sizes asked for nor on the noise level, and
    the stream can start at any position.

    Parameters
    ----------
    name : str
        The name that users see.
    lay_out : callable (rng) -> Layout
        Places the clusters; each has a standard deviation of 1.
    seed : int, from 0 up, default 0
        The same seed gives the same points.
    noise : float, 0 to 1, default 0
        Share of the points that are background noise.

    Raises
    ------
    ValueError
        If `seed` or `noise` is not allowed.

    Examples
    --------
    >>> from clusterer.datasets.blobs import lay_out_blobs
    >>> pair = GeneratedSource("pair", partial(lay_out_blobs, n_clusters=2, n_features=3), seed=1)
    >>> pair.take(5).points.shape
    (5, 3)
    """

    def __init__(
        self,
        name: str,
        lay_out: Callable[[Generator], Layout],
        *,
        seed: SupportsIndex = 0,
        noise: SupportsFloat = 0.0,
    ) -> None:
        self.name = name
        # The arguments of `make_generator` but the noise; None for a stream of another layout.
        self.arguments: dict[str, Any] | None = None
        self.noise = noise
        self._seed = check_whole_number("seed", seed, 0)
        self._layout = lay_out(self._make_rng(LAYOUT_ROLE, 0))
        margin = ENLARGEMENT * np.ptp(self._layout.box, axis=0)
        self._bounds = self._layout.box + np.stack([-margin, margin])
        self.feature_names = number_features(len(margin))
        self._position = 0
        self._drawn: dict[int, tuple[int, Block]] = {}

    @property
    def has_classes(self) -> bool:
        """Always: the classes are the clusters of the layout."""
        return True

    @property
    def noise(self) -> float:
        """The share of noise points, 0 to 1; a new value acts from the next point on.

        Noise points have the class -1 and fill `bounds` evenly. The noise points of a lower level
        are noise at every higher level, too.
        """
        return self._noise

    @noise.setter
    def noise(self, share: SupportsFloat) -> None:
        self._noise = check_float("noise", share, 0, 1)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The box (2, n_features) that the noise fills and that holds nearly all points."""
        return self._bounds.copy()

    @property
    def exhausted(self) -> bool:
        """Always False: the stream is endless."""
        return False

    def python_code(self, noise: float | None = None) -> SourceCode:
        """The code that makes the generator again, if `make_generator` made it."""
        if self.arguments is None:
            return super().python_code(noise)
        arguments = {name: value for name, value in self.arguments.items() if name != "key"}
        arguments["noise"] = noise
        return SourceCode(
            ("from clusterer.datasets import make_generator",),
            (f"source = make_generator({self.arguments['key']!r}, {format_arguments(arguments)})",),
        )

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points; ValueError if `n` is not a whole number from 0 up."""
        n_points = check_whole_number("n", n, 0)
        points = np.empty((n_points, self.n_features))
        classes = np.empty(n_points, dtype=np.int64)
        n_done = 0
        while n_done < n_points:
            block, first = divmod(self._position + n_done, BLOCK_POINTS)
            rows = slice(first, min(BLOCK_POINTS, first + n_points - n_done))
            end = n_done + rows.stop - first
            self._copy(block, rows, points[n_done:end], classes[n_done:end])
            n_done = end
        self._position += n_points
        return Chunk(points, classes)

    def skip(self, n: SupportsIndex) -> int:
        """Skip the next `n` points without drawing them; return `n`."""
        n_points = check_whole_number("n", n, 0)
        self._position += n_points
        return n_points

    def rewind(self) -> None:
        """Start again from the first point; the noise level stays."""
        self._position = 0

    def _copy(
        self, block: int, rows: slice, points: NDArray[np.float64], classes: NDArray[np.int64]
    ) -> None:
        clean_points, clusters = self._draw(POINTS_ROLE, block)
        points[:], classes[:] = clean_points[rows], clusters[rows]
        if self._noise > 0:
            background, levels = self._draw(NOISE_ROLE, block)
            is_noise = np.flatnonzero(levels[rows] < self._noise)
            points[is_noise] = background[rows][is_noise]
            classes[is_noise] = NOISE

    def _draw(self, role: int, block: int) -> Block:
        drawn = self._drawn.get(role)
        # Many small chunks read the same block.
        if drawn is None or drawn[0] != block:
            draw = self._draw_points if role == POINTS_ROLE else self._draw_noise
            drawn = self._drawn[role] = (block, draw(self._make_rng(role, block), block))
        return drawn[1]

    def _draw_points(self, rng: Generator, block: int) -> Block:
        positions = np.arange(block * BLOCK_POINTS, (block + 1) * BLOCK_POINTS)
        clusters = self._layout.choose(rng, positions)
        points = rng.standard_normal((BLOCK_POINTS, self.n_features))
        points += self._layout.locate(rng, positions, clusters)
        return points, clusters

    def _draw_noise(self, rng: Generator, block: int) -> Block:
        lowest, highest = self._bounds
        background = rng.random((BLOCK_POINTS, self.n_features))
        background *= highest - lowest
        background += lowest
        return background, rng.random(BLOCK_POINTS)

    def _make_rng(self, role: int, block: int) -> Generator:
        return default_rng(SeedSequence(self._seed, spawn_key=(role, block)))


def make_generator(
    key: str,
    *,
    seed: SupportsIndex = 0,
    noise: SupportsFloat = 0.0,
    n_clusters: SupportsIndex | None = None,
    n_features: SupportsIndex | None = None,
    drift: SupportsFloat | None = None,
) -> GeneratedSource:
    """Make one of the streams in `GENERATORS`.

    The unit of all lengths is the standard deviation of a cluster. Centers of blobs are at least
    6 apart.

    Parameters
    ----------
    key : str
        The key of the family in `GENERATORS`.
    seed : int, from 0 up, default 0
        The same seed gives the same points.
    noise : float, 0 to 1, default 0
        Share of the points that are background noise; the attribute `noise` changes it later.
    n_clusters : int, 1 to 100, default as in the family's `parameters`
        Moons and crossing blobs always have 2.
    n_features : int, 2 to 100, default 2
        Moons, rings and spirals always have 2.
    drift : float, 0 to 1000 standard deviations per 1 000 points
        Speed of drifting (default 1) and crossing (default 2) blobs.

    Raises
    ------
    ValueError
        If a value is not allowed, or if the family does not have the parameter.

    Examples
    --------
    >>> stream = make_generator("blobs", seed=3, noise=0.1, n_clusters=4)
    >>> stream.name, stream.take(1000).points.shape, stream.exhausted
    ('Blobs', (1000, 2), False)
    >>> make_generator("moons", drift=1.0)
    Traceback (most recent call last):
    ...
    ValueError: drift is 1.0; allowed: nothing, as 'moons' has no such parameter
    """
    if not isinstance(key, str) or key not in GENERATORS:
        raise ValueError(f"key is {key!r}; allowed: {', '.join(map(repr, GENERATORS))}")
    family = GENERATORS[key]
    chosen = {"n_clusters": n_clusters, "n_features": n_features, "drift": drift}
    parameters = dict(family.parameters)
    for name, value in chosen.items():
        if value is None:
            continue
        if name not in parameters:
            raise ValueError(
                f"{name} is {value!r}; allowed: nothing, as {key!r} has no such parameter"
            )
        parameters[name] = _check_parameter(name, value)
    lay_out = partial(family.lay_out, **parameters)
    source = GeneratedSource(family.title, lay_out, seed=seed, noise=noise)
    changed = {
        name: value for name, value in parameters.items() if value != family.parameters[name]
    }
    source.arguments = {"key": key, "seed": check_whole_number("seed", seed, 0), **changed}
    return source


def _check_parameter(name: str, value: Any) -> float:
    if name == "drift":
        return check_float(name, value, 0, MAX_DRIFT)
    if name == "n_clusters":
        return check_whole_number(name, value, 1, MAX_CLUSTERS)
    return check_whole_number(name, value, 2, MAX_FEATURES)
