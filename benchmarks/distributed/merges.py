"""Cost of merging: time and bytes against the number of partitions, and Dask's own time."""

import pickle
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import numpy as np

from clusterer import OnlineClusterer
from clusterer.distributed.reduction_tree import Node, ReductionTree
from clusterer.distributed.worker import PartialModel, Task, learn_block, merge

N_PARTITIONS = (8, 64, 512, 4_096)
N_PROTOTYPES = (20, 100)
N_DISTINCT = 64
N_TASKS = 1_000


@dataclass(frozen=True)
class Merges:
    """Merges of the tree over n partitions: CPU seconds in all and of one part, and bytes."""

    n_partitions: int
    n_prototypes: int
    depth: int
    total_s: float
    part_s: float
    leaf_bytes: int
    moved_bytes: int


def measure_merges() -> list[Merges]:
    """Merge models of different partitions in this process."""
    return [
        _measure(n_partitions, n_prototypes)
        for n_prototypes in N_PROTOTYPES
        for n_partitions in N_PARTITIONS
    ]


def _measure(n_partitions: int, n_prototypes: int) -> Merges:
    task = Task(OnlineClusterer(n_prototypes), None, is_scaled=True, features=None)
    random = np.random.default_rng(0)
    centers = random.uniform(-15, 15, size=(10, 2))
    blocks = [
        centers[random.integers(10, size=20_000)] + random.normal(size=(20_000, 2))
        for _ in range(min(n_partitions, N_DISTINCT))
    ]
    distinct = [learn_block(block, "", i, task) for i, block in enumerate(blocks)]
    parts: list[PartialModel] = [distinct[i % len(distinct)] for i in range(n_partitions)]
    merge(parts[:2], task)  # compiles the kernels
    tree, moved = ReductionTree(n_partitions), 0
    begin = process_time()
    for level in range(1, tree.root.level + 1):
        # One child of a node lies where the node is merged; the others are transferred.
        size = len(pickle.dumps(parts[0]))
        moved += size * (len(parts) - tree.widths[level])
        nodes = [Node(level, place) for place in range(tree.widths[level])]
        parts = [merge([parts[child.place] for child in tree.children(n)], task) for n in nodes]
    total_s = process_time() - begin
    return Merges(
        n_partitions,
        n_prototypes,
        tree.root.level,
        total_s,
        total_s / (n_partitions + tree.n_merges),
        len(pickle.dumps(distinct[0])),
        moved,
    )


def measure_tasks(client: Any) -> float:
    """Measure the seconds that Dask takes for an empty task."""
    begin = perf_counter()
    client.gather(client.map(int, range(N_TASKS), pure=False))
    return (perf_counter() - begin) / N_TASKS
