"""Reports of the partitions, and the outcome of learning them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterer.scaled_learner import ScaledLearner
from clusterer.support.text import make_printable

N_SHOWN = 5


@dataclass(frozen=True, eq=False)
class PartitionReport:
    """The result of one partition: all of it was learned, or nothing because of an error.

    Parameters
    ----------
    index : int
        Position of the partition.
    name : str
        Name of the partition, such as the path of a file.
    n_points : int, default 0
        Points learned.
    n_dropped : int, default 0
        Rows left out, such as rows with a missing value.
    spent_s : float, default 0
        Learning time in seconds.
    error : str, default ""
        Why nothing was learned; empty for success.
    points : (n, d), optional
        Some of the points, for display.
    learner : Learner, optional
        The learner of the partition, for display.
    """

    index: int
    name: str
    n_points: int = 0
    n_dropped: int = 0
    spent_s: float = 0.0
    error: str = ""
    points: NDArray[np.float64] | None = None
    learner: ScaledLearner | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """The merged learner, and the reports of all partitions in their order."""

    learner: ScaledLearner
    reports: tuple[PartitionReport, ...]

    @property
    def failures(self) -> dict[str, str]:
        """The errors of the partitions that could not be learned, by their names."""
        return {report.name: report.error for report in self.reports if report.error}


class PartitionError(ValueError):
    """Some partitions could not be learned; all others were.

    Parameters
    ----------
    failures : dict of str to str
        The errors, by the names of the partitions.
    n_partitions : int
        Number of all partitions.
    outcome : Outcome, optional
        The learner of all other partitions.

    Examples
    --------
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
    """Name the partitions that failed, at most five, with their errors."""
    word = "was" if len(failures) == 1 else "were"
    shown = [f"{make_printable(name)} ({error})" for name, error in [*failures.items()][:N_SHOWN]]
    more = f"; and {len(failures) - N_SHOWN} more" if len(failures) > N_SHOWN else ""
    head = f"{len(failures)} of {n_partitions:,} partitions {word} not learned"
    return f"{head}: {'; '.join(shown)}{more}"


def sort_reports(reports: dict[int, PartitionReport]) -> tuple[PartitionReport, ...]:
    """The reports in the order of their partitions."""
    return tuple(reports[index] for index in sorted(reports))
