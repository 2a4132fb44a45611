"""A run that shows partitions while the workers of Dask learn them."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np
from sklearn.base import clone

from clusterer.base import Learner
from clusterer.distributed.coordinator import Coordinator
from clusterer.distributed.partitions import Partition
from clusterer.distributed.reports import Outcome, PartitionReport
from clusterer.distributed.worker import Task
from clusterer.scaled_learner import ScaledLearner
from clusterer.session.run import Run
from clusterer.stream import Source
from clusterer.stream.chunk import Chunk

N_SHOWN = 256  # points of each partition for display
POLL_S = 0.015

# A report of one partition, the outcome of all, or the error that ended the learning.
Result = PartitionReport | Outcome | Exception


class DistributedRun(Run):
    """A run whose points are learned by workers.

    The run merges the partitions as their reports come, for display. At the end the outcome, whose
    partitions were merged in their order, replaces this model.

    Parameters
    ----------
    source : DistributedSource
        The partitions.
    model : Learner
        The parameters; see `Task`.
    **options
        The other parameters of `Run`.
    """

    source: "DistributedSource"
    can_branch = can_classify = False

    def __init__(self, source: "DistributedSource", model: Learner, **options: Any) -> None:
        super().__init__(source, model, **options)
        # No script repeats the work of workers.
        self.recipe.is_exact = False
        source.start(self.model)

    def advance(self, n: int) -> int:
        """Merge the next result; return how many points it has. Raises the error of the workers."""
        n_before = self.n_seen
        result = self.source.take_result()
        if result is None:
            return 0
        if isinstance(result, Exception):
            self.is_finished = True
            raise result
        if isinstance(result, Outcome):
            self._end(result)
        elif result.learner is not None:
            learner = ScaledLearner(self.model, self.scaling if n_before else None)
            learner.absorb(result.learner, fade=True)
            self.model, self.scaling = learner.model, learner.scaling or self.scaling
            assert result.points is not None
            self.recent_points.push(result.points, None)
            self.recent_points.window.n_pushed = self.model.n_seen_
            self._is_track_due = True
        return max(self.n_seen - n_before, 1)

    def _end(self, outcome: Outcome) -> None:
        self.is_finished = True
        learner = outcome.learner
        if learner.is_fitted:
            self._is_track_due = True
            learner.model.set_params(**self.model.get_params())
            self.model, self.scaling = learner.model, learner.scaling or self.scaling


class DistributedSource(Source):
    """Partitions that workers learn, and the reports of the workers.

    Parameters
    ----------
    name : str
        The name on screen.
    partitions : sequence of Partition
        The partitions, in their order in time.
    features : tuple of str
        The columns.
    connect : callable
        Returns the client of Dask; called in a thread of its own, because it can take seconds.
    """

    def __init__(
        self,
        name: str,
        partitions: Sequence[Partition],
        features: tuple[str, ...],
        connect: Callable[[], Any],
    ) -> None:
        self.name, self.feature_names = name, features
        self.partitions = partitions
        self.reports: list[PartitionReport] = []
        self._connect = connect
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._has_ended = False

    def start(self, model: Learner) -> None:
        """Start learning all partitions with the parameters of the model."""
        self.close()
        self.reports, self._has_ended = [], False
        task = Task(clone(model), None, True, self.feature_names, n_shown=N_SHOWN)
        # A new queue, so that late results of an earlier run are lost.
        self._results, self._stop = queue.SimpleQueue(), threading.Event()
        args = (self.partitions, task, self._connect, self._results, self._stop)
        threading.Thread(target=_learn, args=args, name="clusterer-many", daemon=True).start()

    def take_result(self) -> Result | None:
        """The next result; None if there is none within `POLL_S` seconds."""
        try:
            result = self._results.get(timeout=POLL_S)
        except queue.Empty:
            return None
        if isinstance(result, PartitionReport):
            self.reports.append(result)
        else:
            self._has_ended = True
        return result

    @property
    def is_paced(self) -> bool:
        """Always: the workers set the pace."""
        return True

    def count_due(self, position: float, n_most: int) -> int:
        """1 if a result waits, else 0."""
        return int(not self._results.empty())

    @property
    def exhausted(self) -> bool:
        """Whether all partitions are learned, or an error has ended the learning."""
        return self._has_ended

    def take(self, n: SupportsIndex) -> Chunk:
        """No points, because they stay with the workers."""
        return Chunk(np.empty((0, self.n_features)), None)

    def rewind(self) -> None:
        """Do nothing, because each run starts the learning itself."""

    def close(self) -> None:
        """Stop the workers."""
        self._stop.set()


def _learn(
    partitions: Sequence[Partition],
    task: Task,
    connect: Callable[[], Any],
    results: "queue.SimpleQueue[Result]",
    stop: threading.Event,
) -> None:
    try:
        coordinator = Coordinator(partitions, task, connect(), on_report=results.put, stop=stop)
        outcome = coordinator.run()
        if outcome is not None:
            results.put(outcome)
    except Exception as error:
        results.put(error)
