"""The state of the compiled loops: what each row and number of the arrays means.

`KernelState` bundles the arrays, with one column per slot; a slot holds a prototype or is empty.
The number of slots is padded to whole SIMD vectors. Empty slots hold centres at infinity, so no
loop needs to know how many slots are taken.

The centres are in inner coordinates, ``(x - origin) * scale``. The origin is the first point of the
stream. The scale is the power of two that brings the first step away from it into [1/2, 1), so
neither a large offset nor a tiny or huge unit costs any precision.
"""

from typing import Any, NamedTuple

from clusterer.support.kernels import inner

# Rows of `KernelState.rows`. The times are explained in `.timestamps`, the bounds in
# `.closest_pair`.
WEIGHT, COUNT, SCATTER, MASS, BOUND, REST_BOUND = range(6)
TIME_MEAN, TIME_VARIANCE, RECENT_COUNT, RECENT_TIME_MEAN, RECENT_TIME_VARIANCE = range(6, 11)
TOTAL_COUNT = 11
N_ROWS = 12

# Rows of `KernelState.int_rows`.
NEIGHBOUR, ID, LAST_SEEN, IS_LINKED, PREVIOUS_LABEL = range(5)
N_INT_ROWS = 5

# Entries of `KernelState.scalars`. Both units are factors that grow instead of the decay of all
# the numbers that are stored in them.
N_TAKEN, N_SEEN = range(2)
DECAYED_COUNT, SQUARES, SCALE = range(2, 5)  # number of points and Σ|x - mean|², both decayed
LINK_UNIT, BOUND_UNIT, RECENT_UNIT = range(5, 8)
N_RECENT, DECAY_RATE, NEXT_CHECK = range(8, 11)  # the rate is 1 / half-life
TOTAL_WEIGHT = 11  # sum of the weights of all points, which is their number without weights
CHOSEN_NUMBER, NEXT_CHOICE = range(12, 14)  # for an automatic number of prototypes; 0: not yet
N_SCALARS = 14

# Rows of `KernelState.features`.
MEAN, ORIGIN, RECENT_MEAN, RECENT_SQUARES, RECENT_STEPS = range(5)
FIRST_RECENT, N_RECENT_ROWS = RECENT_MEAN, 3
SQUARED_STEP = 5  # the smallest one between two successive points, 0 before there is any
N_FEATURE_ROWS = 6


class KernelState(NamedTuple):
    """The arrays of the compiled loops, for d features.

    ``centers`` (d, n_slots) are the centres; ``rows`` (12, n_slots) and ``int_rows`` (5, n_slots)
    the numbers of each slot; ``scalars`` (14,) and ``features`` (6, d) the numbers of the stream;
    ``links`` (n_slots, n_slots) see `.links`. The others are scratch: ``distances`` (1, n_slots)
    holds squared distances or costs, ``point`` (d,) the present point and ``center`` (d,) a centre.
    """

    centers: Any
    rows: Any
    int_rows: Any
    scalars: Any
    features: Any
    links: Any
    distances: Any
    point: Any
    center: Any


@inner
def view_state(
    floats: Any, int_rows: Any, stream: Any, links: Any, distances: Any, scratch: Any
) -> KernelState:
    """Return the state as views of the arrays that `.state.State` allocates.

    Python passes these arrays and not the tuple: a call of compiled code with a NamedTuple takes
    several microseconds longer, as much as learning a point.
    """
    n_features = scratch.shape[1]
    return KernelState(
        floats[:n_features],
        floats[n_features:],
        int_rows,
        stream[:N_SCALARS],
        stream[N_SCALARS:].reshape(N_FEATURE_ROWS, n_features),
        links,
        distances,
        scratch[0],
        scratch[1],
    )
