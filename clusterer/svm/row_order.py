"""The order in which `fit` learns rows: by a hash of their contents, equal rows as one.

So the result does not depend on the order of the rows, and a row of weight 2 counts as much as the
same row twice.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from clusterer.svm.row_checks import hash_dense, hash_sparse, mix_seed
from clusterer.svm.validation import Rows


class DistinctRows(NamedTuple):
    """The rows that differ in their values or class.

    ``first`` (m,) is the place of one row of each group of equal rows, ``hashes`` (m,) are their
    hashes, and ``codes`` (m,) and ``weights`` (m,) their classes and sums of weights.
    """

    first: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    codes: NDArray[np.int64]
    weights: NDArray[np.float64]

    def shuffle(self, seed: int) -> "DistinctRows":
        """Return the rows in a random order."""
        order = np.argsort(mix_seed(self.hashes, seed), kind="stable")
        first, hashes, codes, weights = self
        return DistinctRows(first[order], hashes[order], codes[order], weights[order])


def find_distinct_rows(
    rows: Rows, codes: NDArray[np.int64], weights: NDArray[np.float64]
) -> DistinctRows:
    """Join equal rows (n, d) of equal class.

    Rows are compared by hashes of 64 bits, of which two different rows hardly ever share one.
    """
    hashes = codes.astype(np.uint64)
    if sp.issparse(rows):
        hash_sparse(rows.data.view(np.uint64), rows.indices, rows.indptr, hashes)
    else:
        hash_dense(np.ascontiguousarray(rows).view(np.uint64), hashes)
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    first = order[starts]
    sums = np.add.reduceat(weights[order], starts)
    return DistinctRows(first, hashes[starts], codes[first], sums)
