"""Endless generated streams whose true classes are known."""

from collections.abc import Callable
from functools import partial
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np
from numpy.random import Generator as Random
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from clusterer.datasets.families import GENERATORS, Family
from clusterer.datasets.layouts import Layout
from clusterer.stream.chunk import Chunk
from clusterer.stream.finite_points import number_features
from clusterer.stream.source import Source
from clusterer.support.number_checks import check_float, check_whole_number

__all__ = ["GENERATORS", "NOISE_CLASS", "Family", "Generator", "make_generator"]

NOISE_CLASS = -1
BLOCK_POINTS = 2048
# Share of the layout's box that is added on every side for the background.
ENLARGEMENT = 0.05
# The roles that random numbers are drawn for, so that none shifts the draws of another.
LAYOUT, POINTS, NOISE = range(3)

MOST_CLUSTERS = 100
MOST_FEATURES = 100
FASTEST_DRIFT = 1000

# What is drawn at once for a role: rows (n_points, n_features) and a value for each.
Block = tuple[NDArray[np.float64], NDArray[np.int64] | NDArray[np.float64]]


class Generator(Source):
    """An endless stream drawn from a layout of clusters; `make_generator` makes those we name.

    The stream is drawn in blocks, each by random generators seeded with the block's position
    in the stream. So neither the sizes asked for nor the noise level change the points that
    are not noise, and a stream rewinds by forgetting its position. Rewinding keeps the noise.

    Parameters
    ----------
    name : str
        What people call the stream.
    lay_out : callable (random) -> Layout
        Places the clusters, which have a standard deviation of 1.
    seed : int, from 0 up, default 0
        The same seed gives the same points.
    noise : float, 0 to 1, default 0
        Share of the points that are background.

    Raises
    ------
    ValueError
        When `seed` or `noise` is not allowed.

    Examples
    --------
    >>> from clusterer.datasets.layouts import lay_out_blobs
    >>> pair = Generator("pair", partial(lay_out_blobs, n_clusters=2, n_features=3), seed=1)
    >>> pair.take(5).points.shape
    (5, 3)
    """

    def __init__(
        self,
        name: str,
        lay_out: Callable[[Random], Layout],
        *,
        seed: SupportsIndex = 0,
        noise: SupportsFloat = 0.0,
    ) -> None:
        self.name = name
        self.recipe: dict[str, Any] | None = None  # what `make_generator` was told but the noise
        self.noise = noise
        self._seed = check_whole_number("seed", seed, 0)
        self._layout = lay_out(self._seed_random(LAYOUT, 0))
        margin = ENLARGEMENT * np.ptp(self._layout.box, axis=0)
        self._bounds = self._layout.box + np.stack([-margin, margin])
        self.feature_names = number_features(len(margin))
        self._position = 0
        self._drawn: dict[int, tuple[int, Block]] = {}

    @property
    def noise(self) -> float:
        """The share of background points, 0 to 1; setting it acts from the next point on.

        Background points have the class -1 and fill `bounds` evenly. At a higher level those of
        a lower level stay noise.
        """
        return self._noise

    @noise.setter
    def noise(self, share: SupportsFloat) -> None:
        self._noise = check_float("noise", share, 0, 1)

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The box (2, n_features) that the background fills and nearly all points are in."""
        return self._bounds.copy()

    @property
    def exhausted(self) -> bool:
        """Never: the stream is endless."""
        return False

    def take(self, n: SupportsIndex) -> Chunk:
        """Return the next `n` points; ValueError when `n` is not a whole number from 0 up."""
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
        """Pass over the next `n` points, in no time however many; returns `n`."""
        n_points = check_whole_number("n", n, 0)
        self._position += n_points
        return n_points

    def rewind(self) -> None:
        """Start again from the first point, with the noise level as it is now."""
        self._position = 0

    def _copy(
        self, block: int, rows: slice, points: NDArray[np.float64], classes: NDArray[np.int64]
    ) -> None:
        clean_points, clusters = self._draw(POINTS, block)
        points[:], classes[:] = clean_points[rows], clusters[rows]
        if self._noise > 0:
            background, levels = self._draw(NOISE, block)
            hit = np.flatnonzero(levels[rows] < self._noise)
            points[hit] = background[rows][hit]
            classes[hit] = NOISE_CLASS

    def _draw(self, role: int, block: int) -> Block:
        drawn = self._drawn.get(role)
        # Small chunks read the same block many times over.
        if drawn is None or drawn[0] != block:
            draw = self._draw_points if role == POINTS else self._draw_noise
            drawn = self._drawn[role] = (block, draw(self._seed_random(role, block), block))
        return drawn[1]

    def _draw_points(self, random: Random, block: int) -> Block:
        positions = np.arange(block * BLOCK_POINTS, (block + 1) * BLOCK_POINTS)
        clusters = self._layout.choose(random, positions)
        points = random.standard_normal((BLOCK_POINTS, self.n_features))
        points += self._layout.locate(random, positions, clusters)
        return points, clusters

    def _draw_noise(self, random: Random, block: int) -> Block:
        lowest, highest = self._bounds
        background = random.random((BLOCK_POINTS, self.n_features))
        background *= highest - lowest
        background += lowest
        return background, random.random(BLOCK_POINTS)

    def _seed_random(self, role: int, block: int) -> Random:
        return default_rng(SeedSequence(self._seed, spawn_key=(role, block)))


def make_generator(
    key: str,
    *,
    seed: SupportsIndex = 0,
    noise: SupportsFloat = 0.0,
    n_clusters: SupportsIndex | None = None,
    n_features: SupportsIndex | None = None,
    drift: SupportsFloat | None = None,
) -> Generator:
    """Make one of the streams in `GENERATORS`.

    All lengths are in standard deviations of a cluster. Centres of blobs are at least 6 apart.

    Parameters
    ----------
    key : str
        Which of `GENERATORS`.
    seed : int, from 0 up, default 0
        The same seed gives the same points.
    noise : float, 0 to 1, default 0
        Share of the points that are background; it can be changed later.
    n_clusters : int, 1 to 100, default as in the family's `parameters`
        For moons and crossing blobs it is fixed at 2.
    n_features : int, 2 to 100, default 2
        For moons, rings and spirals it is fixed at 2.
    drift : float, 0 to 1000 standard deviations per 1 000 points
        Speed of drifting (default 1) and crossing (default 2) blobs.

    Raises
    ------
    ValueError
        When a parameter is not allowed, or not one of the family's.

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
    given = {"n_clusters": n_clusters, "n_features": n_features, "drift": drift}
    parameters = dict(family.parameters)
    for name, value in given.items():
        if value is None:
            continue
        if name not in parameters:
            raise ValueError(
                f"{name} is {value!r}; allowed: nothing, as {key!r} has no such parameter"
            )
        parameters[name] = _check(name, value)
    made = Generator(family.title, partial(family.lay_out, **parameters), seed=seed, noise=noise)
    changed = {
        name: value for name, value in parameters.items() if value != family.parameters[name]
    }
    made.recipe = {"key": key, "seed": check_whole_number("seed", seed, 0), **changed}
    return made


def _check(name: str, value: Any) -> float:
    if name == "drift":
        return check_float(name, value, 0, FASTEST_DRIFT)
    if name == "n_clusters":
        return check_whole_number(name, value, 1, MOST_CLUSTERS)
    return check_whole_number(name, value, 2, MOST_FEATURES)
