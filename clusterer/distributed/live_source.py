"""Many files as a source of the engine: others learn, the run shows what they have learned."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np
from sklearn.base import clone

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.scaled_clusterer import Learner
from clusterer.distributed.coordinator import Coordinator
from clusterer.distributed.partitions import Partition
from clusterer.distributed.reports import Outcome, PartitionReport
from clusterer.distributed.worker import Task
from clusterer.session.run import Run
from clusterer.stream import Source
from clusterer.stream.chunk import Chunk

N_SHOWN = 256  # points of each partition, for the eye
PATIENCE_S = 0.015

News = PartitionReport | Outcome | Exception


class ManyRun(Run):
    """A run whose learning is done elsewhere: it takes in what has been learned, by and by.

    Partitions join as they come, for the eye; at the end what was merged in order replaces them.
    """

    source: "ManySource"
    can_branch = False

    def __init__(self, source: "ManySource", model: OnlineClusterer, **choices: Any) -> None:
        super().__init__(source, model, **choices)
        # No lines of Python repeat what workers did.
        self.recipe.is_exact = False
        source.begin(self.model)

    def advance(self, n: int) -> int:
        """Take in what came; returns how many points that were. Raises what ended the learning."""
        before = self.n_seen
        news = self.source.take_news()
        if news is None:
            return 0
        if isinstance(news, Exception):
            self.is_finished = True
            raise news
        if isinstance(news, Outcome):
            self._end(news)
        elif news.learner is not None:
            learner = Learner(self.model, self.scaling if before else None)
            learner.absorb(news.learner, fade=True)
            self.model, self.scaling = learner.model, learner.scaling or self.scaling
            assert news.points is not None
            self.recent_points.push(news.points, None)
            self.recent_points.window.n_pushed = self.model.n_seen_
        return max(self.n_seen - before, 1)

    def _end(self, outcome: Outcome) -> None:
        self.is_finished = True
        learner = outcome.learner
        if learner.is_fitted:
            learner.model.set_params(**self.model.get_params())
            self.model, self.scaling = learner.model, learner.scaling or self.scaling


class ManySource(Source):
    """Partitions that Dask's workers learn, and what they report of them.

    Parameters
    ----------
    name : what people call it
    partitions : sequence of Partition
    features : names of the columns
    connect : returns the client of Dask, in a thread where it may take its time
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
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._is_over = False

    def begin(self, model: OnlineClusterer) -> None:
        """Have all learned, with the parameters of the model."""
        self.close()
        self.reports, self._is_over = [], False
        task = Task(clone(model), None, True, self.feature_names, n_shown=N_SHOWN)
        # What an earlier run still sends goes nowhere.
        self._news, self._stop = queue.SimpleQueue(), threading.Event()
        args = (self.partitions, task, self._connect, self._news, self._stop)
        threading.Thread(target=_learn, args=args, name="clusterer-many", daemon=True).start()

    def take_news(self) -> News | None:
        """What came next; None if nothing did for a moment."""
        try:
            news = self._news.get(timeout=PATIENCE_S)
        except queue.Empty:
            return None
        if isinstance(news, PartitionReport):
            self.reports.append(news)
        else:
            self._is_over = True
        return news

    @property
    def is_paced(self) -> bool:
        """It comes when it comes."""
        return True

    def count_due(self, position: float, n_most: int) -> int:
        """One, when there is something to be taken in."""
        return int(not self._news.empty())

    @property
    def exhausted(self) -> bool:
        """Whether all was learned, or the learning has failed."""
        return self._is_over

    def take(self, n: SupportsIndex) -> Chunk:
        """No points: they stay where they are."""
        return Chunk(np.empty((0, self.n_features)), None)

    def rewind(self) -> None:
        """Nothing: each run begins anew."""

    def close(self) -> None:
        """Have the workers stop."""
        self._stop.set()


def _learn(
    partitions: Sequence[Partition],
    task: Task,
    connect: Callable[[], Any],
    news: "queue.SimpleQueue[News]",
    stop: threading.Event,
) -> None:
    try:
        learning = Coordinator(partitions, task, connect(), on_report=news.put, stop=stop)
        outcome = learning.run()
        if outcome is not None:
            news.put(outcome)
    except Exception as error:
        news.put(error)
