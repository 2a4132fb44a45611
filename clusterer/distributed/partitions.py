"""Partitions: the parts of the data that the workers learn one by one, in their order in time."""

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
    """One part of the data.

    Parameters
    ----------
    name : str
        Its name in reports.
    content : str or Dask object
        Path of a file, or the delayed block of a Dask collection.
    is_file : bool
        Whether ``content`` is a path.
    folder : str, optional
        The folder out of which the path must not lead; default: the path may lead anywhere.
    """

    name: str
    content: Any
    is_file: bool
    folder: str | None = None

    def plan(self, index: int, task: Task, key: str) -> Any:
        """The delayed call that learns the partition; its result is a `PartialModel`."""
        import dask

        if self.is_file:
            # The path is not checked here, because only the workers must find the file.
            learn = dask.delayed(learn_file, pure=False, traverse=False)
            return learn(self.content, index, task, self.folder, dask_key_name=key)
        learn = dask.delayed(learn_block, pure=False)
        return learn(self.content, self.name, index, task, dask_key_name=key)


def list_partitions(
    data: Any,
    features: Sequence[str] | None = None,
    *,
    folder: str | os.PathLike[str] | None = None,
) -> list[Partition]:
    """List the partitions of a Dask collection, a folder of tables, or a sequence of tables.

    Parameters
    ----------
    data : Dask data frame or array, path of a folder or a table, or sequence of paths
        The files of a folder come in the order of their names, without hidden files and files
        whose name starts with an underscore. A data frame without ``features`` uses its numeric
        columns.
    features : sequence of str, optional
        Columns to use.
    folder : path, optional
        The folder out of which no path may lead, for example by a symbolic link. The workers check
        this before they open a file. Default: the paths may lead anywhere.

    Returns
    -------
    list of Partition

    Raises
    ------
    TableError
        A ValueError: there are no partitions, no columns, or not two dimensions.

    Examples
    --------
    >>> [partition.name for partition in list_partitions(["2.csv", "1.csv"])]
    ['2.csv', '1.csv']
    """
    if hasattr(data, "to_delayed"):
        return _list_blocks(data, features)
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        paths = list_folder(path) if path.is_dir() else [path]
    else:
        paths = [Path(each) for each in data]
    if not paths:
        raise TableError("there are no files to learn; name at least one table")
    within = None if folder is None else str(folder)
    return [Partition(str(path), str(path), is_file=True, folder=within) for path in paths]


def _list_blocks(data: Any, features: Sequence[str] | None) -> list[Partition]:
    if hasattr(data, "divisions"):
        names = list(features or data.select_dtypes("number").columns)
        if not names:
            raise TableError("the data frame has no numeric columns; name the features")
        blocks = data[names].to_delayed()
    elif data.ndim == 2:
        if features is not None:
            raise TableError("the columns of an array have no names; features must be None")
        blocks = data.rechunk({1: -1}).to_delayed().ravel()
    else:
        raise TableError(f"the array has {data.ndim} dimensions; allowed: (points, features)")
    make = partial(Partition, is_file=False)
    return [make(f"partition {i}", block) for i, block in enumerate(blocks)]
