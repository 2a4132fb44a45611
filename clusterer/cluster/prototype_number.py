"""Choose the number of prototypes from the stream, for ``n_prototypes="auto"``.

The stream starts with as many prototypes as points, up to `MOST`. At 2 000 points, and then
whenever the number of points has doubled, the clusters are read. They are resolved if there are
several, all resolutions agree on them, and straight valleys separate them. Then `FEWEST` prototypes
are enough, which learn twice as fast or faster. If the clusters become too many for these, `MOST`
are used again. While a half-life is in force, `FEWEST` are used unless the clusters are too many,
because the prototypes then hold the points of a short time only.
"""

from clusterer.cluster.labelling.resolutions import Reading, read_clusters
from clusterer.cluster.prototypes.parameters import FEWEST, MOST, Parameters
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.cluster.prototypes.state_layout import (
    CHOSEN_NUMBER,
    N_SEEN,
    NEXT_CHECK,
    NEXT_CHOICE,
)
from clusterer.stream.chunk import NOISE

FIRST_CHOICE = 2000.0
PER_CLUSTER = 4  # prototypes that a cluster needs at least
MIN_AGREEMENT = 0.9
MIN_SEPARATION = 0.7
# The prototypes that start after the number has grown hold later points than the others, as if
# clusters moved. The next drift check waits until this hardly matters.
PAUSE = 4.0


def count_to_choice(prototypes: Prototypes) -> int:
    """Return how many points may come before the next choice; 0 or less if it is due."""
    read = prototypes.scalars.item
    return int(max(read(NEXT_CHOICE), FIRST_CHOICE) - read(N_SEEN))


def choose_in_motion(prototypes: Prototypes) -> None:
    """Choose the number of prototypes by the clusters of the last drift check."""
    n_clusters = len({*prototypes.previous_labels.tolist()} - {NOISE})
    if n_clusters:
        is_enough = PER_CLUSTER * n_clusters <= FEWEST
        prototypes.scalars[CHOSEN_NUMBER] = FEWEST if is_enough else MOST


def choose_number(prototypes: Prototypes, parameters: Parameters) -> None:
    """Choose the number of prototypes for the points to come. O(K² d)."""
    prototypes.scalars[NEXT_CHOICE] = 2.0 * prototypes.n_seen
    if prototypes.find_decay(parameters) < 1.0:
        return
    before = prototypes.chosen_number
    reading = read_clusters(prototypes)
    after = FEWEST if is_resolved(reading, before) else MOST
    scalars = prototypes.scalars
    scalars[CHOSEN_NUMBER] = after
    if after > before:
        scalars[NEXT_CHECK] = max(scalars[NEXT_CHECK], PAUSE * prototypes.n_seen)


def is_resolved(reading: Reading, before: int) -> bool:
    """Return whether `FEWEST` prototypes show the clusters; ``before`` is their number so far."""
    if PER_CLUSTER * reading.n_clusters > FEWEST:
        return False
    if before == FEWEST:
        return True
    is_clear = reading.n_clusters > 1 and reading.agreement >= MIN_AGREEMENT
    return is_clear and reading.measure_separation() >= MIN_SEPARATION
