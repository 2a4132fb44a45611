"""The coordinator: sends partitions to the workers and merges neighbours that are learned."""

import queue
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import uuid4

from clusterer.distributed.partitions import Partition
from clusterer.distributed.reduction_tree import Node, ReductionTree
from clusterer.distributed.reports import Outcome, PartitionReport, sort_reports
from clusterer.distributed.worker import PartialModel, Task, get_report, merge

N_RETRIES = 2
POLL_S = 1.0
RETRY_S = 0.05
# A partition starts on a second worker after 5 times the median time, and 30 s at the earliest.
SLOW_FACTOR, SLOW_S = 5.0, 30.0
AGAIN = "-again"
# Merges and reports come before new partitions, so that learned models do not fill the memory.
HIGH_PRIORITY = 10


class TaskEvent(NamedTuple):
    """The end of a task of Dask, with or without an error."""

    node: Node
    future: Any


class Coordinator:
    """Learns partitions on the workers of a Dask client and merges them in a reduction tree.

    Parameters
    ----------
    partitions : sequence of Partition
        The partitions, in their order in time.
    task : Task
        How to learn a partition.
    client : distributed.Client
        The client.
    on_report : callable, optional
        Called with each `PartitionReport`, in the thread of `run`.
    stop : threading.Event, optional
        Any thread may set it; then `run` ends soon.
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
        self._tree = ReductionTree(len(partitions))
        # The task is small and goes with each partition, because scattered data can be lost.
        self._task = task
        self._id = uuid4().hex[:8]
        self._events: queue.SimpleQueue[TaskEvent] = queue.SimpleQueue()
        self._model_futures: dict[Node, list[Any]] = {}
        self._report_futures: dict[Node, list[Any]] = {}
        self._finished: set[Node] = set()
        self._started_at: dict[int, float] = {}
        self._reports: dict[int, PartitionReport] = {}
        self._stop = stop or threading.Event()

    def run(self) -> Outcome | None:
        """Learn all partitions; None if stopped. Raises RuntimeError if the scheduler is lost."""
        try:
            self._start(range(len(self._partitions)))
            while self._tree.root not in self._finished:
                if self._stop.is_set():
                    return None
                try:
                    event = self._events.get(timeout=POLL_S)
                except queue.Empty:
                    self._restart_slow_partitions()
                    continue
                self._handle(event)
            return self._build_outcome()
        finally:
            held = [*self._model_futures.values(), *self._report_futures.values()]
            with suppress(OSError):
                self._client.cancel([future for futures in held for future in futures])

    def _start(self, indices: Sequence[int], *, again: str = "", **options: Any) -> None:
        plans = [
            self._partitions[i].plan(i, self._task, f"learn-{self._id}-{i}{again}") for i in indices
        ]
        futures = self._client.compute(plans, retries=N_RETRIES, **options)
        for i, future in zip(indices, futures, strict=True):
            node = Node(0, i)
            key = f"report-{self._id}-{i}{again}"
            report_future = self._client.submit(
                get_report, future, key=key, pure=False, priority=HIGH_PRIORITY
            )
            self._model_futures.setdefault(node, []).append(future)
            self._report_futures.setdefault(node, []).append(report_future)
            self._listen(node, report_future)

    def _listen(self, node: Node, future: Any) -> None:
        future.add_done_callback(lambda done: self._events.put(TaskEvent(node, done)))

    def _handle(self, event: TaskEvent) -> None:
        node, future = event
        if node in self._finished:
            # A second copy of the partition was faster.
            return
        if future.status == "cancelled":
            raise RuntimeError("The Dask scheduler has lost the tasks; check that it is running")
        if future.status not in ("finished", "error"):
            # The worker was lost with its result, and another worker repeats the task.
            time.sleep(RETRY_S)
            self._listen(node, future)
            return
        if node.level:
            self._handle_merge(node, future)
        else:
            self._handle_report(node, future)

    def _handle_report(self, node: Node, future: Any) -> None:
        report_futures, model_futures = self._report_futures[node], self._model_futures[node]
        place = next(i for i, each in enumerate(report_futures) if each.key == future.key)
        if future.status == "error":
            if any(each.status not in ("error", "cancelled") for each in report_futures):
                return
            self._fail(node, future.exception())
        else:
            report = future.result()
            kept = [] if report.error else [model_futures[place]]
            self._client.cancel(
                [each for each in model_futures if each is not model_futures[place]]
            )
            self._model_futures[node] = kept
            self._add_report(report)
        del self._report_futures[node]
        self._finish(node)

    def _fail(self, node: Node, error: BaseException) -> None:
        self._model_futures[node] = []
        name = self._partitions[node.place].name
        message = str(error) or type(error).__name__
        self._add_report(PartitionReport(node.place, name, error=message))

    def _add_report(self, report: PartitionReport) -> None:
        self._reports[report.index] = report
        self._on_report(report)

    def _finish(self, node: Node) -> None:
        self._finished.add(node)
        if node == self._tree.root:
            return
        parent = self._tree.parent(node)
        if all(child in self._finished for child in self._tree.children(parent)):
            self._merge(parent)

    def _merge(self, node: Node, again: str = "") -> None:
        children = self._tree.children(node)
        parts = [future for child in children for future in self._model_futures[child]]
        if not parts:
            self._model_futures[node] = []
            self._finish(node)
            return
        key = f"merge-{self._id}-{node.level}-{node.place}{again}"
        future = self._client.submit(
            merge,
            parts,
            self._task,
            key=key,
            pure=False,
            priority=HIGH_PRIORITY,
            retries=N_RETRIES,
        )
        self._model_futures[node] = [future]
        self._listen(node, future)

    def _handle_merge(self, node: Node, future: Any) -> None:
        if future.status == "error":
            self._merge_without_lost(node, future.exception())
            return
        for child in self._tree.children(node):
            del self._model_futures[child]
        self._finish(node)

    def _merge_without_lost(self, node: Node, error: BaseException) -> None:
        """Merge again without the partitions that were lost and could not be learned again."""
        lost = [
            child
            for child in self._tree.children(node)
            for future in self._model_futures[child]
            if future.status == "error"
        ]
        if not lost or node.level > 1:
            raise RuntimeError(f"Partitions could not be merged: {error}") from error
        for child in lost:
            self._fail(child, error)
        self._merge(node, again=f"-{uuid4().hex[:4]}")

    def _restart_slow_partitions(self) -> None:
        """Start slow partitions on idle workers too; the first result counts."""
        now, processing = time.monotonic(), self._client.processing()
        running = self._find_running(processing)
        for index in running:
            self._started_at.setdefault(index, now)
        idle = [worker for worker, keys in processing.items() if not keys]
        if not self._reports or not idle:
            return
        median_s = statistics.median(report.spent_s for report in self._reports.values())
        for index in running:
            is_slow = now - self._started_at[index] > max(SLOW_FACTOR * median_s, SLOW_S)
            if is_slow and len(self._model_futures[Node(0, index)]) == 1:
                self._start([index], again=AGAIN, workers=idle, allow_other_workers=True)

    def _find_running(self, processing: dict[str, Sequence[Any]]) -> set[int]:
        """Partitions that a worker processes, or whose report waits for another worker."""
        prefixes = tuple(f"{word}-{self._id}-" for word in ("learn", "report"))
        keys = [key for held in processing.values() for key in held if isinstance(key, str)]
        found = {
            int(key.rpartition("-")[2])
            for key in keys
            if key.startswith(prefixes) and not key.endswith(AGAIN)
        }
        return found - self._reports.keys()

    def _build_outcome(self) -> Outcome:
        results = [future.result() for future in self._model_futures[self._tree.root]]
        part: PartialModel = results[0] if results else PartialModel(self._task.make_learner())
        learner = part.learner
        learner.model.set_params(n_prototypes=self._task.model.n_prototypes)
        return Outcome(learner, sort_reports(self._reports))
