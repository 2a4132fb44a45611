"""The pair that the compiled search finds, without a change of the state."""

from __future__ import annotations

from clusterer.cluster.prototypes.closest_pair import find_closest_pair
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import BOUND_UNIT, N_SCALARS, KernelState
from clusterer.support.kernels import njit


@njit
def find_pair(state, unit, rule):
    return find_closest_pair(state, unit, rule)


def closest_pair(prototypes: Prototypes) -> tuple[int, int]:
    """The pair that would merge now. The search may update the bounds, so it works on copies."""
    floats, int_rows, stream, links, distances, scratch = (
        array.copy() for array in prototypes.arrays
    )
    n_features = prototypes.n_features
    state = KernelState(
        floats[:n_features],
        floats[n_features:],
        int_rows,
        stream[:N_SCALARS],
        stream[N_SCALARS:].reshape(-1, n_features),
        links,
        distances,
        *scratch,
    )
    low, high, _ = find_pair(state, stream[BOUND_UNIT], prototypes.rule)
    return int(low), int(high)
