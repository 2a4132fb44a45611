"""The kinds of generated streams: what they are called and which parameters they take."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from clusterer.datasets import curves, layouts
from clusterer.datasets.layouts import Layout


class Family(NamedTuple):
    """A kind of generated stream.

    Parameters
    ----------
    title : str
        What people call it.
    description : str
        What happens in it, in one sentence.
    lay_out : callable (random, **parameters) -> Layout
        Places the clusters.
    parameters : mapping from str to number
        What `make_generator` takes for it besides the seed and the noise, with the defaults.

    Examples
    --------
    >>> GENERATORS["rings"].title, dict(GENERATORS["rings"].parameters)
    ('Rings', {'n_clusters': 3})
    """

    title: str
    description: str
    lay_out: Callable[..., Layout]
    parameters: Mapping[str, float]


GENERATORS = {
    "blobs": Family(
        "Blobs",
        "Round clusters of equal share that stay where they are.",
        layouts.lay_out_blobs,
        {"n_clusters": 5, "n_features": 2},
    ),
    "drifting": Family(
        "Drifting blobs",
        "Round clusters that slowly circle, each in its own place.",
        layouts.lay_out_drifting,
        {"n_clusters": 5, "n_features": 2, "drift": 1.0},
    ),
    "appearing": Family(
        "Appearing and vanishing blobs",
        "Round clusters of which some always live and the others come and go in turn.",
        layouts.lay_out_appearing,
        {"n_clusters": 6, "n_features": 2},
    ),
    "moons": Family(
        "Moons",
        "Two half circles, each of which reaches into the hollow of the other.",
        curves.lay_out_moons,
        {},
    ),
    "rings": Family(
        "Rings",
        "Circles about the same point, one inside the other.",
        curves.lay_out_rings,
        {"n_clusters": 3},
    ),
    "spirals": Family(
        "Spirals",
        "Arms that wind outwards between each other.",
        curves.lay_out_spirals,
        {"n_clusters": 2},
    ),
    "unbalanced": Family(
        "Unbalanced blobs",
        "Round clusters of which the commonest has 50 times the points of the rarest.",
        layouts.lay_out_unbalanced,
        {"n_clusters": 5, "n_features": 2},
    ),
    "in_order": Family(
        "Blobs in order",
        "Round clusters one after the other, 2 000 points of each, over and over.",
        layouts.lay_out_in_order,
        {"n_clusters": 5, "n_features": 2},
    ),
    "crossing": Family(
        "Crossing blobs",
        "Two round clusters that run to and fro and pass through each other.",
        layouts.lay_out_crossing,
        {"n_features": 2, "drift": 2.0},
    ),
}
