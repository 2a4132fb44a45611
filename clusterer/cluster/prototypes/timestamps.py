"""Times: when the points of each prototype came, and how far successive points lie apart.

Time is the position in the stream. `clusterer.cluster.forgetting` derives the half-life from these
numbers.

Per slot, in `KernelState.rows`: ``TIME_MEAN`` and ``TIME_VARIANCE`` are mean and
variance of the times of a prototype's points, weighted as in ``COUNT``. ``RECENT_COUNT``,
``RECENT_TIME_MEAN`` and ``RECENT_TIME_VARIANCE`` are number, mean and variance with the fixed
half-life `RECENT_HALF_LIFE`. ``TOTAL_COUNT`` is the number of points, never decayed.

Per stream: ``scalars[N_RECENT]`` is the number of recent points. Per feature, ``RECENT_MEAN`` is
their mean, ``RECENT_SQUARES`` their sum of squared deviations, and ``RECENT_STEPS`` the sum of the
squared steps from each point to the next. ``SQUARED_STEP`` is the smallest of the squared steps,
which tells whole numbers from measurements: it is the distance of two values in the one case, and
vanishes in the other.

All recent numbers but means and variances are in units of ``scalars[RECENT_UNIT]``, which grows
instead of the decay of all these numbers. The last point is not stored with a model; the prototype
that started with it holds it.
"""

from clusterer.cluster.prototypes.state_layout import (
    COUNT,
    ID,
    N_RECENT,
    N_TAKEN,
    RECENT_COUNT,
    RECENT_MEAN,
    RECENT_SQUARES,
    RECENT_STEPS,
    RECENT_TIME_MEAN,
    RECENT_TIME_VARIANCE,
    RECENT_UNIT,
    SQUARED_STEP,
    TIME_MEAN,
    TIME_VARIANCE,
    TOTAL_COUNT,
    KernelState,
)
from clusterer.support.kernels import inner

RECENT_HALF_LIFE = 1000.0
GROWTH = 2.0 ** (1.0 / RECENT_HALF_LIFE)
LARGEST_UNIT = 1e9
# Prototypes explain twice the variance that chance alone would, because their regions move.
CHANCE = 2.0
WITHIN_SHARE = 0.75  # of the explanation by chance, the part that is surely within clusters
ROUNDING = 1e-18  # squared, of the recent variance: a smaller step is rounding of equal values
LEAST_COUNT = 1e-100  # smaller counts do not decay, so the times of inactive prototypes stay known


@inner
def start_times(state: KernelState, slot: int, index: int) -> None:
    """Start the times of a prototype at the point ``index``, which its nearest one counts."""
    rows = state.rows
    for row in (TIME_MEAN, RECENT_TIME_MEAN):
        rows[row, slot] = index
    for row in (TIME_VARIANCE, RECENT_COUNT, RECENT_TIME_VARIANCE, TOTAL_COUNT):
        rows[row, slot] = 0.0


@inner
def find_newest(state: KernelState, n_seen: int) -> int:
    """Return the slot of the prototype that started with the last point, or -1."""
    newest = -1
    for i in range(state.int_rows.shape[1]):
        newest = i if n_seen > 0 and state.int_rows[ID, i] == n_seen - 1 else newest
    return newest


@inner
def add_recent_point(state: KernelState, amount: float, is_last_known: bool) -> int:
    """Add ``state.point`` to the recent moments, before the prototypes learn it.

    ``amount`` is the weight of the point. ``state.center`` is the last point, if it is known.
    Returns the number of features in which the recent points differ.
    """
    rows, scalars, features, point = state.rows, state.scalars, state.features, state.point
    n_features = point.shape[0]
    unit = scalars[RECENT_UNIT] * GROWTH
    if not unit < LARGEST_UNIT:
        for i in range(rows.shape[1]):
            rows[RECENT_COUNT, i] /= unit
        scalars[N_RECENT] /= unit
        for t in range(n_features):
            features[RECENT_SQUARES, t] /= unit
            features[RECENT_STEPS, t] /= unit
        unit = 1.0
    scalars[RECENT_UNIT] = unit
    unit *= amount
    scalars[N_RECENT] += unit
    share = unit / scalars[N_RECENT]
    n_varying = 0
    for t in range(n_features):
        gap = point[t] - features[RECENT_MEAN, t]
        features[RECENT_MEAN, t] += share * gap
        features[RECENT_SQUARES, t] += unit * (1.0 - share) * gap * gap
        n_varying += features[RECENT_SQUARES, t] > 0.0
    if is_last_known:
        least = ROUNDING / scalars[N_RECENT]
        # A loop of its own, which LLVM vectorises.
        for t in range(n_features):
            step = point[t] - state.center[t]
            square = step * step
            features[RECENT_STEPS, t] += unit * square
            known = features[SQUARED_STEP, t]
            is_step = square > least * features[RECENT_SQUARES, t]
            is_smaller = is_step and (square < known or known == 0.0)
            features[SQUARED_STEP, t] = square if is_smaller else known
    return n_varying


@inner
def add_time(state: KernelState, slot: int, index: int, amount: float) -> None:
    """Add the point ``index`` to the times of a prototype that has just counted it.

    ``amount`` is the weight of the point.
    """
    rows, unit = state.rows, state.scalars[RECENT_UNIT] * amount
    rows[TOTAL_COUNT, slot] += amount
    rows[RECENT_COUNT, slot] += unit
    share = amount / rows[COUNT, slot]
    add_to_mean(state, TIME_MEAN, TIME_VARIANCE, slot, index, share)
    share = unit / rows[RECENT_COUNT, slot]
    add_to_mean(state, RECENT_TIME_MEAN, RECENT_TIME_VARIANCE, slot, index, share)


@inner
def add_to_mean(
    state: KernelState, mean: int, variance: int, slot: int, index: int, share: float
) -> None:
    """Add the time ``index`` with the weight ``share`` to a mean and a variance."""
    rows = state.rows
    gap = index - rows[mean, slot]
    rows[mean, slot] += share * gap
    rows[variance, slot] = (1.0 - share) * (rows[variance, slot] + share * gap * gap)


@inner
def merge_times(state: KernelState, kept: int, freed: int) -> None:
    """Add the times of ``freed`` to ``kept``, before their counts are added."""
    rows = state.rows
    pool_times(state, COUNT, TIME_MEAN, TIME_VARIANCE, kept, freed)
    pool_times(state, RECENT_COUNT, RECENT_TIME_MEAN, RECENT_TIME_VARIANCE, kept, freed)
    rows[RECENT_COUNT, kept] += rows[RECENT_COUNT, freed]
    rows[TOTAL_COUNT, kept] += rows[TOTAL_COUNT, freed]


@inner
def pool_times(
    state: KernelState, count: int, mean: int, variance: int, kept: int, freed: int
) -> None:
    """Combine mean and variance of two prototypes, weighted by the row ``count``."""
    rows = state.rows
    total = rows[count, kept] + rows[count, freed]
    if rows[count, freed] > 0.0:
        share = rows[count, freed] / total
        gap = rows[mean, freed] - rows[mean, kept]
        rest = rows[variance, freed] - rows[variance, kept]
        rows[mean, kept] += share * gap
        rows[variance, kept] += share * (rest + (1.0 - share) * gap * gap)


@inner
def bound_explained_variance(state: KernelState) -> float:
    """Return an upper bound of the share of the times' variance that the prototypes explain.

    The larger share of all times and of the recent ones, beyond the share explained by chance. The
    share within clusters is not larger, if these hold at least 4 prototypes each or are few.
    """
    rows = state.rows
    largest = 0.0
    all_times = (COUNT, TIME_MEAN, TIME_VARIANCE)
    recent_times = (RECENT_COUNT, RECENT_TIME_MEAN, RECENT_TIME_VARIANCE)
    units = ((all_times, 1.0), (recent_times, state.scalars[RECENT_UNIT]))
    for (count, mean, variance), unit in units:
        n_used, total, center, within, between = 0, 0.0, 0.0, 0.0, 0.0
        for i in range(int(state.scalars[N_TAKEN])):
            size = rows[count, i] / unit
            total += size
            if size > 0.0:
                n_used += 1
                gap = rows[mean, i] - center
                center += gap * size / total
                between += size * gap * (rows[mean, i] - center)
                within += size * rows[variance, i]
        if between + within > 0.0:
            by_chance = CHANCE * WITHIN_SHARE * (n_used - 1) / total
            largest = max(largest, between / (between + within) - by_chance)
    return largest
