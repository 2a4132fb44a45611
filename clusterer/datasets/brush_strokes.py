"""What a painter does: strokes, moves and erasures, each after so many points of the stream."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from clusterer.support.number_checks import check_float, check_whole_number

WIDTH, HEIGHT = 20.0, 10.0
"""The canvas goes from (0, 0) to these."""

DIGITS = 3
MOST_POINTS = 10_000
MOST_PLACES = 100
FURTHEST = 1e6


class Paint(NamedTuple):
    """Points strewn about ``places``, which are (x, y) and belong to a group.

    ``radii`` are those of the brush across and upwards: two standard deviations. The
    ``n_points`` come next in the stream, and are the share of these places in all that follows.
    """

    n_taken: int
    stroke: int
    group: int
    places: tuple[tuple[float, float], ...]
    radii: tuple[float, float]
    n_points: int


class Move(NamedTuple):
    """A group that was moved by ``dx`` and ``dy``."""

    n_taken: int
    group: int
    dx: float
    dy: float


class Erase(NamedTuple):
    """A stroke that gives no more points."""

    n_taken: int
    stroke: int


Act = Paint | Move | Erase


def check_paint(
    n_taken: int, stroke: int, group: int, places: Iterable[Any], radii: Any, n_points: Any
) -> Paint:
    """The act, its places brought onto the canvas. Raises ValueError.

    >>> check_paint(0, 0, 0, [(1, 2), (99, 2)], (0.5, 0.5), 10).places
    ((1.0, 2.0), (20.0, 2.0))
    """
    places = list(places)
    if not 1 <= len(places) <= MOST_PLACES:
        raise ValueError(f"there are {len(places)} places; allowed: 1 to {MOST_PLACES}")
    across, upwards = radii
    return Paint(
        n_taken,
        stroke,
        group,
        tuple((_clip("x", x, WIDTH), _clip("y", y, HEIGHT)) for x, y in places),
        (check_radius(across), check_radius(upwards)),
        check_whole_number("n_points", n_points, 0, MOST_POINTS),
    )


def check_radius(radius: Any) -> float:
    """A radius, to three decimals."""
    return max(round(check_float("radius", radius, 0, WIDTH), DIGITS), 10**-DIGITS)


def check_step(name: str, step: Any) -> float:
    """A distance to move by, to three decimals."""
    return round(check_float(name, step, -FURTHEST, FURTHEST), DIGITS)


def _clip(name: str, value: Any, highest: float) -> float:
    number = check_float(name, value, -FURTHEST, FURTHEST)
    return round(min(max(number, 0.0), highest), DIGITS)
