"""Learning on more than one machine: partitions apart on the workers of Dask, then merged.

Each partition streams through a model of its own; neighbours merge, eight at a time, in a tree that
only the number of partitions shapes. So neither the number of workers nor the order in which they
finish changes a bit of the result. A worker that dies has its partitions learned again by others,
which give the same; what cannot be read is told by name. Nothing counts twice.

What is exact: the numbers of points, the stream's mean and covariance, and the sums of the weights
and of the weighted centres over all prototypes are those of the partitions' models together, up to
rounding (1e-9), in whatever order partitions come. What is approximate: where prototypes end up.
Labels agree with those of one machine as well as one machine agrees with itself when the same
points come in another order (see `benchmarks/distributed/distributed.md`).

Partitions are taken as ordered in time, the last one being the latest: with a half-life, what
stands k points before the end counts gamma^k, as in one stream.

Needs Dask, which ``pip install clusterer[dask]`` brings.
"""

from clusterer.distributed.fit import fit, learn
from clusterer.distributed.partitions import list_partitions
from clusterer.distributed.predict import predict
from clusterer.distributed.reports import Outcome, PartitionError, PartitionReport

__all__ = [
    "Outcome",
    "PartitionError",
    "PartitionReport",
    "fit",
    "learn",
    "list_partitions",
    "predict",
]
