"""The time of the merge tree on any number of workers: a formula, and a simulation to check it."""

import heapq
from dataclasses import dataclass

import numpy as np

from clusterer.distributed.reduction_tree import Node, ReductionTree

LATENCY_S = 1e-3  # of a transfer between two machines
BYTES_PER_S = 1e9
# Standard deviation of the seconds of a partition relative to their mean.
SPREAD = 0.2
N_TASKS_A_LEAF = 2  # the learning, and its report


@dataclass(frozen=True)
class Plan:
    """Sizes and times of a run; times in seconds, of one worker or of the scheduler."""

    n_points: float
    n_partitions: int
    n_workers: int
    point_s: float
    task_s: float
    part_s: float
    part_bytes: float

    @property
    def tree(self) -> ReductionTree:
        return ReductionTree(self.n_partitions)

    @property
    def leaf_s(self) -> float:
        return self.n_points / self.n_partitions * self.point_s

    @property
    def merge_s(self) -> float:
        """Time to fetch and merge the parts of one node."""
        transfer_s = LATENCY_S + self.tree.fan_in * self.part_bytes / BYTES_PER_S
        return transfer_s + self.tree.fan_in * self.part_s

    @property
    def n_tasks(self) -> int:
        return N_TASKS_A_LEAF * self.n_partitions + self.tree.n_merges

    @property
    def work_s(self) -> float:
        """Total time of the work divided by the number of workers."""
        return (
            self.n_partitions * self.leaf_s + self.tree.n_merges * self.merge_s
        ) / self.n_workers

    @property
    def scheduling_s(self) -> float:
        """Time of the scheduler, which handles one task after the other."""
        return self.n_tasks * self.task_s

    @property
    def estimate_s(self) -> float:
        """The larger of both times, then the last partition and the way up the tree."""
        last_s = 0.5 * self.leaf_s * (1 + 2 * SPREAD) + self.tree.root.level * (
            self.merge_s + self.task_s
        )
        return max(self.work_s, self.scheduling_s) + last_s

    @property
    def moved_bytes(self) -> float:
        """Bytes of the transferred models: every part but one of each node."""
        n_all = self.n_partitions + self.tree.n_merges
        return (n_all - 1 - self.tree.n_merges) * self.part_bytes

    @property
    def n_most_workers(self) -> float:
        """Number of workers beyond which they wait for the scheduler."""
        return self.n_workers * self.work_s / self.scheduling_s


def simulate(plan: Plan, seed: int = 0) -> float:
    """Simulate the seconds to the root: every task passes the scheduler, merges go first."""
    random = np.random.default_rng(seed)
    tree = plan.tree
    spans = plan.leaf_s * np.maximum(1 + SPREAD * random.normal(size=plan.n_partitions), 0.1)
    missing = {
        Node(level, place): len(tree.children(Node(level, place)))
        for level in range(1, tree.root.level + 1)
        for place in range(tree.widths[level])
    }
    merges: list[Node] = []
    running: list[tuple[float, Node]] = []
    n_begun, n_idle, free_at, now = 0, plan.n_workers, 0.0, 0.0

    while True:
        while n_idle and (merges or n_begun < plan.n_partitions):
            free_at = max(free_at, now) + plan.task_s
            if merges:
                node, span_s = merges.pop(), plan.merge_s
            else:
                node, span_s = Node(0, n_begun), float(spans[n_begun])
                free_at += (N_TASKS_A_LEAF - 1) * plan.task_s
                n_begun += 1
            heapq.heappush(running, (free_at + span_s, node))
            n_idle -= 1
        now, node = heapq.heappop(running)
        n_idle += 1
        if node == tree.root:
            return now
        parent = tree.parent(node)
        missing[parent] -= 1
        if not missing[parent]:
            merges.append(parent)
