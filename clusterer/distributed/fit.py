"""Fit a model to partitioned data on the workers of Dask."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from sklearn.base import clone

from clusterer.base import Learner, make_learner
from clusterer.distributed.client import open_client
from clusterer.distributed.coordinator import Coordinator
from clusterer.distributed.partitions import list_partitions
from clusterer.distributed.reports import (
    Outcome,
    PartitionError,
    PartitionReport,
    describe_failures,
)
from clusterer.distributed.worker import Task
from clusterer.preprocessing.scaling import RunningScaling, Scaling
from clusterer.scaled_learner import ScaledLearner
from clusterer.tables.options import MissingRule, ReadingOptions

LOCAL = "local"


def fit(
    data: Any,
    model: Learner | None = None,
    *,
    client: Any = None,
    features: Sequence[str] | None = None,
    missing: MissingRule | None = None,
    skip_failed: bool = False,
) -> Any:
    """Learn each partition with a model of its own and merge the models.

    See `clusterer.distributed` for what is exact and what is approximate.

    Parameters
    ----------
    data : Dask data frame or array, path of a folder or a table, or sequence of paths
        The data in their order in time. The workers read the files and must find them under the
        same paths.
    model : Learner, optional
        The parameters, and for a fitted model the start; a new `OnlineClusterer` by default. It is
        not changed. Its class must be `clusterer.base.Mergeable` and have a parameter
        ``n_prototypes``, as `OnlineClusterer`.
    client : distributed.Client, address of a scheduler, or "local", optional
        By default the current client of Dask, or "local" if there is none. "local" starts workers
        on this machine.
    features : sequence of str, optional
        Columns to use; by default all columns of measurements, or all numeric columns of a data
        frame.
    missing : "drop" or "mean", optional
        For tables: drop rows with a missing value, or fill in the mean of the rows before. By
        default rows are dropped, unless most rows of a table lack some value.
    skip_failed : bool, default False
        Warn about partitions that cannot be learned and leave them out.

    Returns
    -------
    Learner
        A model of the class of ``model``.

    Raises
    ------
    PartitionError
        A ValueError: some partitions could not be learned. It names them and holds the model of
        all others.
    TypeError
        The models of the learner cannot be merged.
    ImportError
        Dask is not installed.

    Examples
    --------
    A local cluster of processes takes seconds to start; this cluster runs in threads.

    >>> import dask.array as da, distributed
    >>> import numpy as np
    >>> points = np.random.default_rng(0).normal(size=(4_000, 2))
    >>> points[::2] += 20
    >>> where = {"processes": False, "dashboard_address": ":0"}
    >>> cluster = distributed.LocalCluster(n_workers=1, **where)
    >>> with cluster, distributed.Client(cluster) as client:
    ...     model = fit(da.from_array(points, chunks=(1_000, 2)), client=client)
    >>> model.n_clusters_, model.n_seen_
    (2, 4000)
    """
    start = ScaledLearner(model or make_learner())
    if start.is_fitted:
        start.scaling = Scaling.identity(start.model.n_features_in_)
        names = getattr(start.model, "feature_names_in_", None)
        start.feature_names = None if names is None else tuple(names)
    outcome = learn(data, start, client=client, features=features, missing=missing, is_scaled=False)
    if outcome.failures and not skip_failed:
        raise PartitionError(outcome.failures, len(outcome.reports), outcome)
    if outcome.failures:
        warnings.warn(describe_failures(outcome.failures, len(outcome.reports)), stacklevel=2)
    return outcome.learner.name_model()


def learn(
    data: Any,
    start: ScaledLearner | None = None,
    *,
    client: Any = None,
    features: Sequence[str] | None = None,
    missing: MissingRule | None = None,
    options: ReadingOptions | None = None,
    is_scaled: bool = True,
    on_report: Callable[[PartitionReport], object] = lambda report: None,
) -> Outcome:
    """Learn partitions as `fit` does, standardised, and return all reports.

    Parameters
    ----------
    data, client, features, missing
        As in `fit`.
    start : ScaledLearner, optional
        The parameters and the scaling, and for a fitted learner the start. It is not changed. All
        partitions take the logarithms and the weights of its scaling.
    options : ReadingOptions, optional
        For tables: how they are read; the default detects it.
    is_scaled : bool, default True
        Whether to standardise; ignored if ``start`` has a scaling.
    on_report : callable, optional
        Called with the `PartitionReport` of each partition that was learned or has failed.

    Returns
    -------
    Outcome
    """
    start = start or ScaledLearner(make_learner())
    names = start.feature_names or features
    columns = None if names is None else tuple(names)
    partitions = list_partitions(data, columns)
    task = Task(
        model=clone(start.model),
        scaling=_choose_scaling(start),
        is_scaled=is_scaled,
        features=columns,
        options=options or ReadingOptions(missing=missing),
    )
    with connect(client) as connected:
        outcome = Coordinator(partitions, task, connected, on_report=on_report).run()
    assert outcome is not None
    if not start.is_fitted:
        return outcome
    merged = ScaledLearner(
        clone(start.model), start.scaling, outcome.learner.feature_names or columns
    )
    merged.absorb(start).absorb(outcome.learner, fade=True)
    return Outcome(merged, outcome.reports)


def _choose_scaling(start: ScaledLearner) -> Scaling | None:
    """The scaling with which each partition begins; None if nothing is known about it."""
    scaling = start.scaling
    if isinstance(scaling, RunningScaling):
        if scaling.treatment.is_plain:
            return None
        return RunningScaling.start(len(scaling.offsets), scaling.treatment)
    return scaling


@contextmanager
def connect(client: Any) -> Iterator[Any]:
    """A Dask client for the block; a client opened here closes after the block.

    Parameters
    ----------
    client : distributed.Client, str or None
        A client, the address of a scheduler, or "local" for workers on this machine. None is the
        current client of Dask, or "local" if there is none.

    Raises
    ------
    ImportError
        Dask is not installed.
    OSError
        No scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        message = "Dask is not installed; install it with: pip install clusterer[dask]"
        raise ImportError(message) from error
    if client is None:
        try:
            client = distributed.default_client()
        except ValueError:
            client = LOCAL
    if not isinstance(client, str):
        yield client
        return
    with ExitStack() as stack:
        connected, workers = open_client(None if client == LOCAL else client)
        if workers is not None:
            stack.enter_context(workers)
        yield stack.enter_context(connected)
