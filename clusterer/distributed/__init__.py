"""Learning on several machines: the workers of Dask learn partitions, and a tree merges them.

A separate model learns each partition. Eight neighbours merge at a time, in a tree that depends on
the number of partitions only. So neither the number of workers nor the order in which they finish
changes any bit of the result. If a worker dies, other workers learn its partitions again with the
same result. A partition that cannot be read is reported by its name. No point counts twice.

Exact, up to rounding (1e-9) and in any order of the partitions: the numbers of points, the mean and
covariance of the stream, and the sums of the weights and of the weighted centres over all
prototypes. They equal the sums over the models of the partitions. Approximate: the positions of the
prototypes. The labels agree with the labels of one machine as well as two runs on one machine agree
that learn the points in different orders (see `benchmarks/distributed/distributed.md`).

The order of the partitions is their order in time. With a half-life, a point that k others follow
counts gamma^k, as in one stream.

Requires Dask: ``pip install clusterer[dask]``.
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
