"""What became of the partitions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.scaled_clusterer import Learner
from clusterer.support.text import make_printable

N_TOLD = 5


@dataclass(frozen=True, eq=False)
class PartitionReport:
    """What became of one partition: all of it was learned, or for the ``error`` nothing.

    ``n_points`` were learned and ``n_dropped`` rows left out, such as those that lack a value;
    that took ``spent_s`` seconds. For who watches, ``points`` (n, d) are some of them, and
    ``learner`` has learned all of them.
    """

    index: int
    name: str
    n_points: int = 0
    n_dropped: int = 0
    spent_s: float = 0.0
    error: str = ""
    points: NDArray[np.float64] | None = None
    learner: Learner | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was learned, and the reports of all partitions by their order."""

    learner: Learner
    reports: tuple[PartitionReport, ...]

    @property
    def failures(self) -> dict[str, str]:
        """Why partitions could not be learned, by their names."""
        return {report.name: report.error for report in self.reports if report.error}


class PartitionError(ValueError):
    """Some partitions could not be learned; all others were.

    ``failures`` are the reasons by the partitions' names, ``outcome`` what was learned of the
    others.

    >>> raise PartitionError({"7.csv": "7.csv is empty"}, 1_000)
    Traceback (most recent call last):
    ...
    clusterer.distributed.reports.PartitionError: 1 of 1,000 partitions was not learned:
    7.csv (7.csv is empty)
    """

    def __init__(
        self, failures: dict[str, str], n_partitions: int, outcome: Outcome | None = None
    ) -> None:
        self.failures = failures
        self.outcome = outcome
        super().__init__(describe_failures(failures, n_partitions))


def describe_failures(failures: dict[str, str], n_partitions: int) -> str:
    """Say which partitions failed, and why; of many the first few."""
    word = "was" if len(failures) == 1 else "were"
    told = [f"{make_printable(name)} ({error})" for name, error in [*failures.items()][:N_TOLD]]
    more = f"; and {len(failures) - N_TOLD} more" if len(failures) > N_TOLD else ""
    head = f"{len(failures)} of {n_partitions:,} partitions {word} not learned"
    return f"{head}: {'; '.join(told)}{more}"


def order(reports: dict[int, PartitionReport]) -> tuple[PartitionReport, ...]:
    """The reports by the order of their partitions."""
    return tuple(reports[index] for index in sorted(reports))
