"""The registry of generated streams.

A new generator takes five steps:

1. Write a function ``lay_out_…(rng, n_clusters, …) -> Layout`` in a file of this folder. Copy
   `clusterer/datasets/curves.py` for curves, `clusterer/datasets/blobs.py` for round clusters.
2. Draw random numbers only from the `rng` that the function gets, and compute everything from
   the positions in the stream: then the stream can rewind and skip.
3. Below the function, add its `Family`: title, one sentence for users, the function, and the
   defaults of its parameters ("n_clusters", "n_features", "drift").
4. Add one line to `GENERATORS` below. The dashboard, links, scripts and tests read this table.
5. Run ``pytest tests/datasets`` and add a test of the stream's property to `test_families.py`.
"""

from clusterer.datasets import blobs, curves
from clusterer.datasets.layout import Family

GENERATORS: dict[str, Family] = {
    "blobs": blobs.BLOBS,
    "drifting": blobs.DRIFTING,
    "appearing": blobs.APPEARING,
    "moons": curves.MOONS,
    "rings": curves.RINGS,
    "spirals": curves.SPIRALS,
    "unbalanced": blobs.UNBALANCED,
    "in_order": blobs.IN_ORDER,
    "crossing": blobs.CROSSING,
}
