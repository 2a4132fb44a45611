"""Edits of a hand-drawn stream: paint points, move a group, erase a stroke.

Each edit has a position in the stream: the number of points taken before it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from clusterer.support.number_checks import check_float, check_whole_number

WIDTH, HEIGHT = 20.0, 10.0
"""The canvas has its corners at (0, 0) and (WIDTH, HEIGHT)."""

N_DECIMALS = 3
MAX_POINTS = 10_000
MAX_CENTERS = 100
MAX_DISTANCE = 1e6


class PaintEdit(NamedTuple):
    """Points that are drawn around the centers of a brush.

    Parameters
    ----------
    position : int
        The number of points of the stream before the edit.
    stroke : int
        The stroke that the edit belongs to; a long stroke consists of several edits.
    group : int
        The group of the points, which is their class.
    centers : tuple of (x, y)
        Where the brush was.
    radii : (float, float)
        Radii of the brush in x and y: two standard deviations of the points.
    n_points : int
        The number of points that come next in the stream. Later the centers of this edit get a
        share of all points in proportion to it.
    """

    position: int
    stroke: int
    group: int
    centers: tuple[tuple[float, float], ...]
    radii: tuple[float, float]
    n_points: int


class MoveEdit(NamedTuple):
    """A group that moves by `dx` and `dy`."""

    position: int
    group: int
    dx: float
    dy: float


class EraseEdit(NamedTuple):
    """A stroke that gives no more points."""

    position: int
    stroke: int


Edit = PaintEdit | MoveEdit | EraseEdit


def make_paint_edit(
    position: int, stroke: int, group: int, centers: Iterable[Any], radii: Any, n_points: Any
) -> PaintEdit:
    """Return the edit, its centers moved onto the canvas; ValueError if a value is not allowed.

    Examples
    --------
    >>> make_paint_edit(0, 0, 0, [(1, 2), (99, 2)], (0.5, 0.5), 10).centers
    ((1.0, 2.0), (20.0, 2.0))
    """
    centers = list(centers)
    if not 1 <= len(centers) <= MAX_CENTERS:
        raise ValueError(f"there are {len(centers)} places; allowed: 1 to {MAX_CENTERS}")
    radius_x, radius_y = radii
    return PaintEdit(
        position,
        stroke,
        group,
        tuple((_clip("x", x, WIDTH), _clip("y", y, HEIGHT)) for x, y in centers),
        (check_radius(radius_x), check_radius(radius_y)),
        check_whole_number("n_points", n_points, 0, MAX_POINTS),
    )


def check_radius(radius: Any) -> float:
    """Return the radius of a brush, rounded to three decimals and above 0."""
    return max(round(check_float("radius", radius, 0, WIDTH), N_DECIMALS), 10**-N_DECIMALS)


def check_distance(name: str, distance: Any) -> float:
    """Return the distance of a move, rounded to three decimals."""
    return round(check_float(name, distance, -MAX_DISTANCE, MAX_DISTANCE), N_DECIMALS)


def _clip(name: str, value: Any, highest: float) -> float:
    number = check_float(name, value, -MAX_DISTANCE, MAX_DISTANCE)
    return round(min(max(number, 0.0), highest), N_DECIMALS)
