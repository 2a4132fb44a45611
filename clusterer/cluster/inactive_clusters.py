"""Quiet clusters: those that points no longer come to, read as of when they last did.

Where a half-life fades what was learned, a cluster that ended fades away. ``forget="never"`` keeps
it: its prototypes are given back what they held, as far as the living ones hold as much, and the
density is read once more. A cluster of that picture which none of the living belongs to is a quiet
one. What a moving cluster has left behind hangs together with it, and so is none.
"""

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.density.labels import label_prototypes, number_in_order
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import TOTAL
from clusterer.stream.chunk import NOISE

# Quiet is what had no point for so many times as long as it waited for each while it lived.
PATIENCE = 20.0


def label_with_inactive(
    held: Prototypes, previous: NDArray[np.int64] | None = None, *, drop_singletons: bool = True
) -> NDArray[np.int64]:
    """Give each prototype its cluster (m,), as `label_prototypes` does, and quiet ones theirs.

    >>> from clusterer.cluster.prototypes.parameters import Parameters
    >>> random = np.random.default_rng(0)
    >>> points = np.repeat([[0.0], [9.0]], 500, axis=0) + random.normal(size=(1000, 1))
    >>> held = Prototypes(n_features=1, n_prototypes=20, rule=1)
    >>> held.learn(points, Parameters(20, 0.0, 0.98, 1))
    -1
    >>> int(read_shares(held, np.ones(held.n_taken)).max()), int(label_with_inactive(held).max())
    (0, 1)
    """
    labels = read_shares(held, np.ones(held.n_taken), previous)
    is_living = labels != NOISE
    is_quiet = ~is_living & tell_quiet(held)
    n_taken = len(labels)
    if is_quiet.any() and is_living.any():
        counts, shares = held.counts, np.ones(n_taken)
        most = counts[is_living].mean()
        shares[is_quiet] = np.minimum(held.read_row(TOTAL)[is_quiet], most) / counts[is_quiet]
        groups = read_shares(held, shares)
        is_found = is_quiet & (groups != NOISE) & ~np.isin(groups, groups[is_living])
        labels = np.where(is_found, n_taken + groups, labels)
    if not drop_singletons:
        labels = np.where(labels == NOISE, 2 * n_taken + np.arange(n_taken), labels)
    return number_in_order(labels)


def read_shares(
    held: Prototypes, shares: NDArray[np.float64], previous: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """The clusters (m,) there would be, did each prototype count ``shares`` (m,) times as much."""
    roots = np.sqrt(shares)
    return label_prototypes(
        held.inner_centers,
        held.weights * shares,
        held.inner_scatters * shares,
        held.counts * shares,
        links=held.link_counts * roots[:, None] * roots,
        previous=previous,
    )


def tell_quiet(held: Prototypes) -> NDArray[np.bool_]:
    """Whether (m,) each prototype has had points before, and none for long."""
    totals = held.read_row(TOTAL)
    wait = (held.last_seen - held.ids) / np.maximum(totals, 1.0)
    is_late = held.n_seen - 1 - held.last_seen > PATIENCE * np.maximum(wait, 1.0)
    return is_late & (totals > 0) & (held.counts > 0)
