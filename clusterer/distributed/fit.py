"""Fitting a model to partitions, wherever Dask's workers are."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from sklearn.base import clone

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.scaled_clusterer import Learner
from clusterer.distributed.client import reach
from clusterer.distributed.coordinator import Learning
from clusterer.distributed.partitions import list_partitions
from clusterer.distributed.reports import (
    Outcome,
    PartitionError,
    PartitionReport,
    describe_failures,
)
from clusterer.distributed.worker import Task
from clusterer.preprocessing.scaling import RunningScaling, Scaling
from clusterer.tables.points import Missing

LOCAL = "local"


def fit(
    data: Any,
    model: OnlineClusterer | None = None,
    *,
    client: Any = None,
    features: Sequence[str] | None = None,
    missing: Missing = "drop",
    skip_failed: bool = False,
) -> OnlineClusterer:
    """Learn partitions apart and merge them into a model; see `clusterer.distributed`.

    Parameters
    ----------
    data : Dask data frame or array, path of a folder or a table, or sequence of paths
        Taken as ordered in time. Files are read by the workers, which must see them under the
        same names; rows that lack a value are dropped.
    model : OnlineClusterer, optional
        Its parameters hold; a fitted one goes on. It is not changed.
    client : distributed.Client, address of a scheduler, or "local", optional
        None (the default) takes the client of now, or starts one on this machine.
    features : sequence of str, optional
        Columns to use; the default is all that hold measurements (a data frame's numbers).
    missing : "drop" or "mean", default "drop"
        For tables: what becomes of a row that lacks a value.
    skip_failed : bool, default False
        Warn of partitions that cannot be learned, and do without them.

    Returns
    -------
    OnlineClusterer

    Raises
    ------
    PartitionError
        A ValueError: some partitions could not be learned. It names them, and holds what was
        learned of the others.
    ImportError
        Dask is not installed.

    Examples
    --------
    A local cluster of processes takes seconds to start; this one runs in threads.

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
    start = Learner(model or OnlineClusterer())
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
    start: Learner | None = None,
    *,
    client: Any = None,
    features: Sequence[str] | None = None,
    missing: Missing = "drop",
    is_scaled: bool = True,
    on_report: Callable[[PartitionReport], object] = lambda report: None,
) -> Outcome:
    """Like `fit`, for tables: standardised, with the reports of all partitions and their units.

    Parameters
    ----------
    start : Learner, optional
        Its parameters and units hold; if it is fitted, it goes on. It is not changed.
    is_scaled : bool, default True
        Standardise, unless ``start`` has units of its own.
    on_report : callable
        Gets the `PartitionReport` of each partition when it was learned or given up.
    """
    start = start or Learner(OnlineClusterer())
    chosen = start.feature_names or features
    columns = None if chosen is None else tuple(chosen)
    partitions = list_partitions(data, columns)
    is_fixed = start.is_fitted and not isinstance(start.scaling, RunningScaling)
    task = Task(
        model=clone(start.model),
        scaling=start.scaling if is_fixed else None,
        is_scaled=is_scaled,
        features=columns,
        missing=missing,
    )
    with connect(client) as connected:
        outcome = Learning(partitions, task, connected, on_report=on_report).run()
    assert outcome is not None
    if not start.is_fitted:
        return outcome
    whole = Learner(clone(start.model), start.scaling, outcome.learner.feature_names or columns)
    whole.absorb(start).absorb(outcome.learner, fade=True)
    return Outcome(whole, outcome.reports)


@contextmanager
def connect(client: Any) -> Iterator[Any]:
    """A client of Dask: the one given, or of an address; what is made here ends with the block.

    "local" and, where there is no client yet, None start workers on this machine.

    Raises ImportError without Dask, OSError where no scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        message = "This needs Dask, which is not installed: pip install clusterer[dask]"
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
        connected, workers = reach(None if client == LOCAL else client)
        if workers is not None:
            stack.enter_context(workers)
        yield stack.enter_context(connected)
