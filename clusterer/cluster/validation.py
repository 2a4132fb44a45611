"""Check the points and the column names that a user passes to the estimator."""

from datetime import date, timedelta
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, validate_data

DOUBLE = np.dtype(np.float64)  # comparing with the class takes ten times as long
CHECK_OPTIONS: dict[str, Any] = {
    "dtype": np.float64,
    "order": "C",
    "copy": True,
    # The learning loop checks for NaN and infinity itself, and reports the row.
    "ensure_all_finite": False,
}


def is_valid_chunk(X: Any, model: Any) -> TypeGuard[NDArray[np.float64]]:
    """Return whether X is an array (n, d) that a fitted model can use without conversion."""
    return (
        type(X) is np.ndarray
        and X.dtype == DOUBLE
        and X.ndim == 2
        and X.shape[1] == model.n_features_in_
        and X.shape[0] > 0
        and not hasattr(model, "feature_names_in_")
    )


def validate_points(
    model: Any, X: Any, *, is_first: bool
) -> tuple[NDArray[np.float64], NDArray | None]:
    """Return X as a new float64 array (n, d), and the names of its columns where they may be new.

    Raises ValueError if X holds other values than numbers, is empty, or has other features than the
    model allows.
    """
    refuse_values(X)
    if is_first or not model.allow_growth:
        return validate_data(model, X, reset=is_first, **CHECK_OPTIONS), None
    return align_columns(
        check_array(X, estimator=model, **CHECK_OPTIONS),
        read_names(X),
        model.n_features_in_,
        getattr(model, "feature_names_in_", None),
    )


def refuse_values(X: Any) -> None:
    """Raise ValueError if X holds anything else than numbers, with the column and what to do.

    Text, dates, lists and masked values are refused by name: NumPy would convert some of them to
    numbers without a word.
    """
    if np.ma.is_masked(X):
        n_masked = int(np.ma.getmaskarray(X).sum())
        raise ValueError(
            f"X is a masked array with {n_masked} masked values, and a prototype cannot hold a "
            "missing value. Drop these rows, X.data[~np.ma.getmaskarray(X).any(axis=1)], or fill "
            "them in, X.filled(value)."
        )
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        refuse_columns(X)
        return
    values = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
    if values.dtype.kind != "O":
        refuse_column("X", values, "X")
    elif values.ndim == 2:
        for column in range(values.shape[1]):
            refuse_column(f"column {column} of X", values[:, column], f"X[:, {column}]")
    elif values.ndim == 1:
        refuse_column("X", values, "X")


def refuse_columns(table: Any) -> None:
    """Raise ValueError unless all columns of a DataFrame hold numbers."""
    for place, name in enumerate(table.columns):
        column = table.iloc[:, place] if hasattr(table, "iloc") else table[name]
        dtype = str(column.dtype)
        values = column.to_numpy()
        if values.dtype.kind in "biuf" or dtype.startswith(("Int", "UInt", "Float", "boolean")):
            continue
        if values.dtype.kind == "O" and "datetime" in dtype:
            values = np.array([], dtype="M8[s]")
        refuse_column(f"column {name!r}", values, f"X[{name!r}]")


def refuse_column(what: str, values: NDArray, code: str) -> None:
    """Raise ValueError if a column (n,) holds text, dates, durations or lists.

    ``what`` names the column in the message, ``code`` in Python.
    """
    kind = values.dtype.kind
    samples = values.tolist() if kind == "O" else []
    if kind in "USV" or any(isinstance(each, str | bytes) for each in samples):
        raise ValueError(f"X must hold numbers, but {what} holds text.")
    if kind == "M" or any(isinstance(each, date) for each in samples):
        raise ValueError(
            f"X must hold numbers, but {what} holds datetimes. Leave it out, pass it as times=, or "
            f"convert it to a number, such as the hour of the day or the seconds since a start."
        )
    if kind == "m" or any(isinstance(each, timedelta) for each in samples):
        raise ValueError(
            f"X must hold numbers, but {what} holds durations. Convert them to seconds: "
            f"{code} / np.timedelta64(1, 's')."
        )
    if any(isinstance(each, list | tuple | np.ndarray) for each in samples):
        raise ValueError(
            f"X must hold numbers, but {what} holds lists or arrays. Stack it: "
            f"np.stack({code}) has one column for each entry."
        )


def read_names(X: Any) -> NDArray | None:
    """Return the names of a table's columns, or None if X has no names."""
    names = list(getattr(X, "columns", ()))
    if not names or not all(isinstance(name, str) for name in names):
        return None
    if len(set(names)) < len(names):
        raise ValueError(f"X has columns of the same name: {names}.")
    return np.array(names, dtype=object)


def align_columns(
    points: NDArray, names: NDArray | None, n_known: int, known: NDArray | None
) -> tuple[NDArray[np.float64], NDArray | None]:
    """Bring the columns into the model's order, by name if both have names; new columns follow."""
    n_points, n_given = points.shape
    if known is None or names is None:
        if known is not None and n_given > n_known:
            raise ValueError(
                f"X has {n_given} features without names, but the model knows {n_known} named "
                "features; new features must be named, too."
            )
        return np.pad(points, ((0, 0), (0, max(n_known - n_given, 0)))), known
    columns, all_names = match_names(known, names)
    aligned = np.zeros((n_points, len(all_names)))
    aligned[:, columns] = points
    return aligned, all_names


def match_names(known: NDArray, names: NDArray) -> tuple[NDArray[np.int64], NDArray]:
    """Return the column of each of ``names`` behind the known names, and all names together."""
    places = {name: column for column, name in enumerate(known)}
    columns = [places.setdefault(name, len(places)) for name in names]
    return np.array(columns, dtype=np.int64), np.array(list(places), dtype=object)


def match_features(model: Any, other: Any) -> tuple[NDArray[np.int64], NDArray | None]:
    """Return the column in ``model`` of each feature of ``other``, and the names of all features.

    Features are matched by name if both models have names, else by position. Raises ValueError
    if they differ and ``model`` does not allow growth.
    """
    n_ours, n_theirs = model.n_features_in_, other.n_features_in_
    names = getattr(model, "feature_names_in_", None)
    their_names = getattr(other, "feature_names_in_", None)
    by_position = np.arange(n_theirs)
    if names is None or their_names is None:
        if n_theirs != n_ours and not model.allow_growth:
            raise ValueError(f"The models have {n_ours} and {n_theirs} features; see allow_growth.")
        if names is not None and n_theirs > n_ours:
            raise ValueError(f"{n_theirs} features without names cannot join {n_ours} named ones.")
        return by_position, names
    if list(names) == list(their_names):
        return by_position, names
    if not model.allow_growth:
        raise ValueError(f"The features are named {[*names]} and {[*their_names]}.")
    return match_names(names, their_names)


def describe_refusal(points: NDArray, row: int) -> str:
    """Return the message that says why the learning loop refused ``points[row]``."""
    values = points[row]
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        return (
            f"Row {row} of the chunk holds {values[bad[0]]} in column {bad[0]}; a prototype cannot "
            "hold NaN or infinity. Drop or fill in such rows. The model is unchanged."
        )
    return (
        f"Row {row} of the chunk ({np.array2string(values, threshold=6)}) lies too far from the "
        "first points of the stream to be represented together with them. Check the units of the "
        "data. The model is unchanged."
    )
