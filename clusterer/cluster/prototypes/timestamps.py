"""Times: when the points of each prototype came, and how far each lay from the one before.

Six rows of ``floats`` (see `clusterer.cluster.prototypes.state_layout`). ``TIME`` and
``TIME_SPREAD`` are mean and variance of the positions in the stream of a prototype's points, which
count as in ``COUNT``; ``RECENT_TIME`` and ``RECENT_SPREAD`` the same with a half-life of `HORIZON`
whatever else is forgotten, ``RECENT`` the faded number of points. ``TOTAL`` is their number, never
faded.

``scalars[RECENT_COUNT]`` points are recent. Of each feature their mean ``RECENT_MEAN``, the sum of
squared deviations ``RECENT_SQUARES``, and that of the squared ``STEPS`` from point to point are
the last rows of ``scalars``. All but means and variances are in units of ``scalars[RECENT_UNIT]``,
which grows instead of their fading. The last point is found as the prototype that was begun with
it.
"""

from typing import Any

from numba import njit

from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    ID,
    N_MOMENTS,
    N_SCALARS,
    N_TAKEN,
    RECENT,
    RECENT_COUNT,
    RECENT_MEAN,
    RECENT_SPREAD,
    RECENT_SQUARES,
    RECENT_TIME,
    RECENT_UNIT,
    STEPS,
    TIME,
    TIME_SPREAD,
    TOTAL,
)

HORIZON = 1000.0
GROWTH = 2.0 ** (1.0 / HORIZON)
LARGEST_UNIT = 1e9
# Prototypes explain twice what chance alone would, as they are no fixed cells.
CHANCE = 2.0
MOST_BETWEEN = 0.75  # of that, sure to be within clusters and not between them
LEAST_COUNT = 1e-100  # fewer fade no further: so the spread of what was long ago stays known


@njit(cache=True, nogil=True, forceinline=True)
def start_times(floats: Any, slot: int, n_features: int, label: int) -> None:
    """A prototype begins at the point ``label``, which counts in its nearest already."""
    for row in (TIME, RECENT_TIME):
        floats[n_features + row, slot] = label
    for row in (TIME_SPREAD, RECENT, RECENT_SPREAD, TOTAL):
        floats[n_features + row, slot] = 0.0


@njit(cache=True, nogil=True, forceinline=True)
def find_newest(ints: Any, n_seen: int) -> int:
    """The slot of the prototype that was begun with the last point, or -1."""
    newest = -1
    for i in range(ints.shape[1]):
        newest = i if n_seen > 0 and ints[ID, i] == n_seen - 1 else newest
    return newest


@njit(cache=True, nogil=True, forceinline=True)
def add_step(floats: Any, scalars: Any, point: Any, newest: int) -> int:
    """Before anything is done with a point: count it, and add its step from the one before.

    That is where ``newest`` stands, see `find_newest`; below 0 it is not known any more. Returns in
    how many features the recent points differ.
    """
    n_features = point.shape[0]
    row = N_SCALARS + N_MOMENTS * n_features
    unit = scalars[RECENT_UNIT] * GROWTH
    if not unit < LARGEST_UNIT:
        for i in range(floats.shape[1]):
            floats[n_features + RECENT, i] /= unit
        scalars[RECENT_COUNT] /= unit
        for t in range(n_features):
            scalars[row + RECENT_SQUARES * n_features + t] /= unit
            scalars[row + STEPS * n_features + t] /= unit
        unit = 1.0
    scalars[RECENT_UNIT] = unit
    scalars[RECENT_COUNT] += unit
    share = unit / scalars[RECENT_COUNT]
    n_varying = 0
    for t in range(n_features):
        mean = row + RECENT_MEAN * n_features + t
        squares = row + RECENT_SQUARES * n_features + t
        steps = row + STEPS * n_features + t
        gap = point[t] - scalars[mean]
        scalars[mean] += share * gap
        scalars[squares] += unit * (1.0 - share) * gap * gap
        n_varying += scalars[squares] > 0.0
        step = point[t] - floats[t, newest] if newest >= 0 else 0.0
        scalars[steps] += unit * step * step
    return n_varying


@njit(cache=True, nogil=True, forceinline=True)
def add_time(floats: Any, scalars: Any, j: int, n_features: int, label: int) -> None:
    """Prototype j has just taken in the point ``label``, which is counted already."""
    floats[n_features + TOTAL, j] += 1.0
    floats[n_features + RECENT, j] += scalars[RECENT_UNIT]
    share = 1.0 / floats[n_features + COUNT, j]
    move_time(floats, n_features + TIME, n_features + TIME_SPREAD, j, label, share)
    share = scalars[RECENT_UNIT] / floats[n_features + RECENT, j]
    move_time(floats, n_features + RECENT_TIME, n_features + RECENT_SPREAD, j, label, share)


@njit(cache=True, nogil=True, forceinline=True)
def move_time(floats: Any, mean: int, spread: int, j: int, label: int, share: float) -> None:
    """Let the point ``label`` be the part ``share`` of a mean and a variance."""
    gap = label - floats[mean, j]
    floats[mean, j] += share * gap
    floats[spread, j] = (1.0 - share) * (floats[spread, j] + share * gap * gap)


@njit(cache=True, nogil=True, forceinline=True)
def join_times(floats: Any, kept: int, freed: int, n_features: int) -> None:
    """Let ``kept`` take over the times of ``freed``, before their counts are added up."""
    pool_times(floats, n_features + COUNT, n_features + TIME, n_features + TIME_SPREAD, kept, freed)
    recent = n_features + RECENT
    pool_times(floats, recent, n_features + RECENT_TIME, n_features + RECENT_SPREAD, kept, freed)
    floats[recent, kept] += floats[recent, freed]
    floats[n_features + TOTAL, kept] += floats[n_features + TOTAL, freed]


@njit(cache=True, nogil=True, forceinline=True)
def pool_times(floats: Any, count: int, mean: int, spread: int, kept: int, freed: int) -> None:
    """Mean and variance of the points of both, by the row ``count``."""
    total = floats[count, kept] + floats[count, freed]
    if floats[count, freed] > 0.0:
        share = floats[count, freed] / total
        gap = floats[mean, freed] - floats[mean, kept]
        rest = floats[spread, freed] - floats[spread, kept]
        floats[mean, kept] += share * gap
        floats[spread, kept] += share * (rest + (1.0 - share) * gap * gap)


@njit(cache=True, nogil=True)
def explain_most(floats: Any, scalars: Any, n_features: int) -> float:
    """Share of the variance of the times that the prototypes explain, past or recent, at most.

    Beyond what chance may do: no less so than within clusters, as long as these hold 4 prototypes
    each or are few.
    """
    most = 0.0
    past, recent = (COUNT, TIME, TIME_SPREAD), (RECENT, RECENT_TIME, RECENT_SPREAD)
    for (count, mean, spread), unit in ((past, 1.0), (recent, scalars[RECENT_UNIT])):
        n_used, total, center, within, between = 0, 0.0, 0.0, 0.0, 0.0
        for i in range(int(scalars[N_TAKEN])):
            size = floats[n_features + count, i] / unit
            total += size
            if size > 0.0:
                n_used += 1
                gap = floats[n_features + mean, i] - center
                center += gap * size / total
                between += size * gap * (floats[n_features + mean, i] - center)
                within += size * floats[n_features + spread, i]
        if between + within > 0.0:
            by_chance = CHANCE * MOST_BETWEEN * (n_used - 1) / total
            most = max(most, between / (between + within) - by_chance)
    return most
