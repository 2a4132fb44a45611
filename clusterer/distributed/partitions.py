"""Partitions: the pieces of the data that workers learn one by one, in order."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clusterer.distributed.worker import Task, learn_block, learn_file
from clusterer.tables import TableError, list_folder


@dataclass(frozen=True, eq=False)
class Partition:
    """One piece: its name, and a file's path or what Dask makes its rows of."""

    name: str
    content: Any
    is_file: bool

    def plan(self, index: int, task: Task, key: str) -> Any:
        """What Dask is to do, which gives a `Part`."""
        import dask

        if self.is_file:
            # Without asking what the path is: only the workers need see it.
            learn = dask.delayed(learn_file, pure=False, traverse=False)
            return learn(self.content, index, task, dask_key_name=key)
        learn = dask.delayed(learn_block, pure=False)
        return learn(self.content, self.name, index, task, dask_key_name=key)


def list_partitions(data: Any, features: Sequence[str] | None = None) -> list[Partition]:
    """The partitions of a Dask data frame or array, of a folder of tables, or of a list of tables.

    Parameters
    ----------
    data : Dask collection, path of a folder or a table, or sequence of paths
        The files of a folder come by their names in order, hidden ones and those that begin with
        an underscore left out. A data frame without ``features`` uses its columns of numbers.
    features : sequence of str, optional
        Columns to use.

    Raises
    ------
    TableError
        A ValueError: there is nothing there.

    Examples
    --------
    >>> [one.name for one in list_partitions(["2.csv", "1.csv"])]
    ['2.csv', '1.csv']
    """
    if hasattr(data, "to_delayed"):
        return _list_blocks(data, features)
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        paths = list_folder(path) if path.is_dir() else [path]
    else:
        paths = [Path(one) for one in data]
    if not paths:
        raise TableError("there are no files to learn")
    return [Partition(str(path), str(path), is_file=True) for path in paths]


def _list_blocks(data: Any, features: Sequence[str] | None) -> list[Partition]:
    if hasattr(data, "divisions"):
        names = list(features or data.select_dtypes("number").columns)
        if not names:
            raise TableError("the data frame has no columns of numbers; name the features")
        blocks = data[names].to_delayed()
    elif data.ndim == 2:
        if features is not None:
            raise TableError("an array has no columns with names, so features must be None")
        blocks = data.rechunk({1: -1}).to_delayed().ravel()
    else:
        raise TableError(f"the array has {data.ndim} dimensions; allowed: (points, features)")
    make = partial(Partition, is_file=False)
    return [make(f"partition {i}", block) for i, block in enumerate(blocks)]
