"""Data frames of a program as a table file, so that they are taken as an uploaded table is."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FILE_NAME = "data frame.parquet"

Converted = Any
"""An array of PyArrow, in one piece or in chunks; PyArrow has no types for checkers."""


def is_frame(data: Any) -> bool:
    """Whether data are a frame of pandas, Polars, Arrow or a library that offers Arrow's stream.

    >>> is_frame(pd.DataFrame({"x": [1]})), is_frame(pa.table({"x": [1]})), is_frame(np.eye(2))
    (True, True, False)
    """
    return isinstance(data, pd.DataFrame | pd.Series) or any(
        hasattr(data, name) for name in ("__arrow_c_stream__", "__dataframe__", "collect_schema")
    )


def write_frame(data: Any, folder: Path) -> Path:
    """Write a frame as a Parquet file into a folder.

    Kinds of columns that Parquet or the reader of tables does not know become text; durations
    become seconds. The index of a pandas frame becomes columns if it has names or holds times.

    Parameters
    ----------
    data : frame
        See `is_frame`.
    folder : Path
        An existing folder.

    Returns
    -------
    Path
        The path of the new file.

    Raises
    ------
    TypeError
        If the frame cannot be converted.

    Examples
    --------
    >>> import tempfile
    >>> from clusterer.tables import open_table
    >>> frame = pd.DataFrame({"city": ["a", "b", "a"], "x": [1.5, None, 2.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = open_table(write_frame(frame, Path(folder)))
    ...     [column.kind for column in table.columns], table.default_features
    (['text', 'number'], ('x',))
    """
    names, columns = zip(*_list_columns(data), strict=True) if _has_columns(data) else ((), ())
    table = pa.Table.from_arrays([_simplify(column) for column in columns], names=list(names))
    path = folder / FILE_NAME
    pq.write_table(table, path)
    return path


def _has_columns(data: Any) -> bool:
    return not isinstance(data, pd.DataFrame) or data.shape[1] > 0


def _list_columns(data: Any) -> Iterable[tuple[str, Converted]]:
    if isinstance(data, pd.Series):
        data = data.to_frame()
    if isinstance(data, pd.DataFrame):
        index = [data.index.get_level_values(level) for level in range(data.index.nlevels)]
        kept = [each for each in index if each.name is not None or _holds_times(each)]
        named = [(each.name if each.name is not None else "index", each) for each in kept]
        named += [(name, data.iloc[:, i]) for i, name in enumerate(data.columns)]
        return [(_write_name(name), _convert_values(values)) for name, values in named]
    table = _convert_table(data)
    return list(zip(table.column_names, table.columns, strict=True))


def _holds_times(index: pd.Index) -> bool:
    return isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)


def _write_name(name: Any) -> str:
    return " ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _convert_table(data: Any) -> pa.Table:
    try:
        if not hasattr(data, "__arrow_c_stream__") and hasattr(data, "collect"):
            # A lazy frame of Polars.
            data = data.collect()
        if hasattr(data, "__arrow_c_stream__"):
            return pa.table(data)
        return pa.interchange.from_dataframe(data)
    except (pa.ArrowException, TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        raise TypeError(
            f"data is a {type(data).__name__} that Arrow cannot read ({error}); convert it to a "
            "pandas or an Arrow table"
        ) from None


def _convert_values(values: pd.Series | pd.Index) -> Converted:
    """The values of a column of pandas; NaN is missing."""
    is_category = isinstance(values.dtype, pd.CategoricalDtype)
    kind = values.dtype.categories.dtype if is_category else values.dtype
    if not isinstance(kind, pd.PeriodDtype | pd.IntervalDtype):
        try:
            return pa.Array.from_pandas(values)
        except (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError):
            # Python objects of several kinds, complex numbers, sparse columns.
            pass
    if isinstance(values.dtype, pd.SparseDtype):
        return pa.Array.from_pandas(np.asarray(values))
    return pa.array([None if _is_missing(each) else str(each) for each in values], pa.string())


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _simplify(column: Converted) -> Converted:
    """A column that Parquet can hold and the reader of tables knows."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _simplify(column.cast(kind.storage_type))
    if pa.types.is_duration(kind):
        ticks = column.cast(pa.duration("ns"), safe=False).cast(pa.int64())
        return pc.divide(pc.cast(ticks, pa.float64()), 1e9)
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_dictionary(kind):
        return _simplify(pc.cast(column, kind.value_type))
    is_known = (
        pa.types.is_primitive(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
    )
    if is_known and not pa.types.is_interval(kind):
        return column
    values = column.to_pylist()
    return pa.array([None if each is None else str(each) for each in values], pa.string())
