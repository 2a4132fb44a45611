"""The driver: hands partitions to workers, and has merged whatever has become whole."""

import queue
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import uuid4

from clusterer.distributed.merge_tree import Node, Tree
from clusterer.distributed.partitions import Partition
from clusterer.distributed.reports import Outcome, PartitionReport, order
from clusterer.distributed.worker import Part, Task, merge, tell

N_RETRIES = 2
PATIENCE_S = 1.0
BREATH_S = 0.05
# A partition that takes so many times as long as most, and so long at all, is begun elsewhere too.
SLOW_TIMES, SLOW_S = 5.0, 30.0
AGAIN = "-again"
FIRST = 10  # before partitions are begun, those that are learned merge: so memory stays flat


class News(NamedTuple):
    """Something has ended, well or not."""

    node: Node
    future: Any


class Learning:
    """Learn partitions on the workers of a Dask client.

    Parameters
    ----------
    partitions : sequence of Partition
    task : how to learn
    client : distributed.Client
    on_report : called with each `PartitionReport` when it is there, from the thread of `run`
    stop : set from any thread, it has `run` end soon
    """

    def __init__(
        self,
        partitions: Sequence[Partition],
        task: Task,
        client: Any,
        *,
        on_report: Callable[[PartitionReport], object] = lambda report: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._partitions, self._client = partitions, client
        self._on_report = on_report
        self._tree = Tree(len(partitions))
        # Small, so that it can go with each partition: what is scattered may be lost.
        self._task = task
        self._id = uuid4().hex[:8]
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._futures: dict[Node, list[Any]] = {}
        self._tellers: dict[Node, list[Any]] = {}
        self._settled: set[Node] = set()
        self._begun_at: dict[int, float] = {}
        self._reports: dict[int, PartitionReport] = {}
        self._stop = stop or threading.Event()

    def run(self) -> Outcome | None:
        """Learn all; None if it was stopped. Raises RuntimeError if the scheduler is lost."""
        try:
            self._begin(range(len(self._partitions)))
            while self._tree.root not in self._settled:
                if self._stop.is_set():
                    return None
                try:
                    news = self._news.get(timeout=PATIENCE_S)
                except queue.Empty:
                    self._begin_slow_ones_again()
                    continue
                self._take(news)
            return self._finish()
        finally:
            held = [*self._futures.values(), *self._tellers.values()]
            with suppress(OSError):
                self._client.cancel([one for futures in held for one in futures])

    def _begin(self, indices: Sequence[int], *, again: str = "", **choices: Any) -> None:
        plans = [
            self._partitions[i].plan(i, self._task, f"learn-{self._id}-{i}{again}") for i in indices
        ]
        futures = self._client.compute(plans, retries=N_RETRIES, **choices)
        for i, future in zip(indices, futures, strict=True):
            node = Node(0, i)
            key = f"tell-{self._id}-{i}{again}"
            teller = self._client.submit(tell, future, key=key, pure=False, priority=FIRST)
            self._futures.setdefault(node, []).append(future)
            self._tellers.setdefault(node, []).append(teller)
            self._listen(node, teller)

    def _listen(self, node: Node, future: Any) -> None:
        future.add_done_callback(lambda done: self._news.put(News(node, done)))

    def _take(self, news: News) -> None:
        node, future = news
        if node in self._settled:
            # The other copy was faster.
            return
        if future.status == "cancelled":
            raise RuntimeError("The scheduler has lost the tasks; is it still running?")
        if future.status not in ("finished", "error"):
            # Its worker was lost with the result, and others are at it already.
            time.sleep(BREATH_S)
            self._listen(node, future)
            return
        if node.level:
            self._take_merge(node, future)
        else:
            self._take_leaf(node, future)

    def _take_leaf(self, node: Node, teller: Any) -> None:
        tellers, futures = self._tellers[node], self._futures[node]
        place = next(i for i, one in enumerate(tellers) if one.key == teller.key)
        if teller.status == "error":
            if any(one.status not in ("error", "cancelled") for one in tellers):
                return
            self._fail(node, teller.exception())
        else:
            report = teller.result()
            kept = [] if report.error else [futures[place]]
            self._client.cancel([one for one in futures if one is not futures[place]])
            self._futures[node] = kept
            self._report(report)
        del self._tellers[node]
        self._settle(node)

    def _fail(self, node: Node, error: BaseException) -> None:
        self._futures[node] = []
        name = self._partitions[node.place].name
        message = str(error) or type(error).__name__
        self._report(PartitionReport(node.place, name, error=message))

    def _report(self, report: PartitionReport) -> None:
        self._reports[report.index] = report
        self._on_report(report)

    def _settle(self, node: Node) -> None:
        self._settled.add(node)
        if node == self._tree.root:
            return
        parent = self._tree.parent(node)
        if all(child in self._settled for child in self._tree.children(parent)):
            self._merge(parent)

    def _merge(self, node: Node, again: str = "") -> None:
        parts = [one for child in self._tree.children(node) for one in self._futures[child]]
        if not parts:
            self._futures[node] = []
            self._settle(node)
            return
        key = f"merge-{self._id}-{node.level}-{node.place}{again}"
        future = self._client.submit(
            merge, parts, self._task, key=key, pure=False, priority=FIRST, retries=N_RETRIES
        )
        self._futures[node] = [future]
        self._listen(node, future)

    def _take_merge(self, node: Node, future: Any) -> None:
        if future.status == "error":
            self._mend(node, future.exception())
            return
        for child in self._tree.children(node):
            del self._futures[child]
        self._settle(node)

    def _mend(self, node: Node, error: BaseException) -> None:
        """A part was lost with its worker, and could not be learned once more: do without it."""
        lost = [
            child
            for child in self._tree.children(node)
            for one in self._futures[child]
            if one.status == "error"
        ]
        if not lost or node.level > 1:
            raise RuntimeError(f"Partitions could not be merged: {error}") from error
        for child in lost:
            self._fail(child, error)
        self._merge(node, again=f"-{uuid4().hex[:4]}")

    def _begin_slow_ones_again(self) -> None:
        """Whoever has nothing left to do does what takes others too long; the first one counts."""
        now, processing = time.monotonic(), self._client.processing()
        running = self._list_running(processing)
        for index in running:
            self._begun_at.setdefault(index, now)
        idle = [worker for worker, keys in processing.items() if not keys]
        if not self._reports or not idle:
            return
        usual_s = statistics.median(report.spent_s for report in self._reports.values())
        for index in running:
            is_slow = now - self._begun_at[index] > max(SLOW_TIMES * usual_s, SLOW_S)
            if is_slow and len(self._futures[Node(0, index)]) == 1:
                self._begin([index], again=AGAIN, workers=idle, allow_other_workers=True)

    def _list_running(self, processing: dict[str, Sequence[Any]]) -> set[int]:
        """Partitions that are with a worker, if only because their report waits for another one."""
        stems = tuple(f"{word}-{self._id}-" for word in ("learn", "tell"))
        keys = [key for held in processing.values() for key in held if isinstance(key, str)]
        found = {
            int(key.rpartition("-")[2])
            for key in keys
            if key.startswith(stems) and not key.endswith(AGAIN)
        }
        return found - self._reports.keys()

    def _finish(self) -> Outcome:
        whole = [one.result() for one in self._futures[self._tree.root]]
        part: Part = whole[0] if whole else Part(self._task.make_learner())
        learner = part.learner
        learner.model.set_params(n_prototypes=self._task.model.n_prototypes)
        return Outcome(learner, order(self._reports))
