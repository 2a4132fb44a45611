"""The front door: what a user hands in is accepted as it is meant or refused by name."""

from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, validate_data

from clusterer.cluster.forgetting import AUTOMATIC
from clusterer.cluster.prototypes.prototypes import Settings
from clusterer.cluster.prototypes.state_layout import MERGE_RULES

UPDATE_RULES = ("kernel", "addc")
FORGOTTEN = ("quiet", "never")
DOUBLE = np.dtype(np.float64)  # comparing with the class takes ten times as long
FASTEST_HALVING = 1000.0  # halvings a point: more would fade to 0, and 0 times infinity is NaN
MOST_PROTOTYPES = 20_000
AS_READ: dict[str, Any] = {
    "dtype": np.float64,
    "order": "C",
    "copy": True,
    # The learning loop looks for NaN and infinity itself, and tells the row.
    "ensure_all_finite": False,
}


def check_settings(
    n_prototypes: Any, sigma: Any, half_life: Any, update: Any, merge: Any, forget: Any = "quiet"
) -> Settings:
    """Turn the parameters into what the kernels take, or raise ValueError naming the wrong one."""
    check_n_prototypes(n_prototypes)
    check_choice("update", update, UPDATE_RULES)
    check_choice("merge", merge, MERGE_RULES)
    check_choice("forget", forget, FORGOTTEN)
    is_auto = isinstance(sigma, str) and sigma == "auto"
    if not is_auto and not (is_number(sigma) and sigma > 0):
        raise ValueError(f"sigma must be a number above 0 or 'auto', got {sigma!r}.")
    is_chosen = isinstance(half_life, str) and half_life == "auto"
    is_given = is_number(half_life) and 0 < half_life < np.inf
    if not (is_chosen or is_given or half_life is None):
        raise ValueError(
            f"half_life must be a number of points above 0, 'auto', or None to never forget, "
            f"got {half_life!r}."
        )
    width = 0.0 if is_auto else float(sigma)
    gamma = AUTOMATIC if is_chosen else 1.0
    if is_given:
        gamma = 2.0 ** -min(1.0 / float(half_life), FASTEST_HALVING)
    # With an endless width the kernel is 1 everywhere, and the kernel update is AddC's.
    width = np.inf if update == "addc" else width
    return int(n_prototypes), width, gamma, MERGE_RULES.index(merge)


def check_n_prototypes(value: Any) -> None:
    """Raise ValueError unless ``value`` is a whole number from 1 to `MOST_PROTOTYPES`."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not is_whole or value < 1:
        raise ValueError(f"n_prototypes must be a whole number of at least 1, got {value!r}.")
    if value > MOST_PROTOTYPES:
        # Their links take as many numbers as its square.
        raise ValueError(f"n_prototypes must be at most {MOST_PROTOTYPES:,}, got {value!r}.")


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless ``value`` is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}.")


def is_number(value: Any) -> bool:
    """Whether ``value`` is a real number; booleans and NaN are not."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and value == value


def is_as_known(X: Any, model: Any) -> TypeGuard[NDArray[np.float64]]:
    """Whether X is an array (n, d) that a fitted model can take as it is."""
    return (
        type(X) is np.ndarray
        and X.dtype == DOUBLE
        and X.ndim == 2
        and X.shape[1] == model.n_features_in_
        and X.shape[0] > 0
        and not hasattr(model, "feature_names_in_")
    )


def read_points(
    model: Any, X: Any, *, is_first: bool
) -> tuple[NDArray[np.float64], NDArray | None]:
    """A fresh float64 array (n, d) of X, and its columns' names where these may be new."""
    refuse_text(X)
    if is_first or not model.allow_growth:
        return validate_data(model, X, reset=is_first, **AS_READ), None
    return align_columns(
        check_array(X, estimator=model, **AS_READ),
        read_names(X),
        model.n_features_in_,
        getattr(model, "feature_names_in_", None),
    )


def refuse_text(X: Any) -> None:
    """Raise ValueError where X holds text or times, which NumPy would make numbers of."""
    values = X.to_numpy() if hasattr(X, "to_numpy") else np.asarray(X)
    is_text = values.dtype.kind in "USMmV" or (
        values.dtype.kind == "O" and any(isinstance(each, str | bytes) for each in values.flat)
    )
    if is_text:
        raise ValueError(f"X must hold numbers, got an array of {values.dtype} holding text.")


def read_names(X: Any) -> NDArray | None:
    """The names of a table's columns, or None where X has none."""
    names = list(getattr(X, "columns", ()))
    if not names or not all(isinstance(name, str) for name in names):
        return None
    if len(set(names)) < len(names):
        raise ValueError(f"X has columns of the same name: {names}.")
    return np.array(names, dtype=object)


def align_columns(
    points: NDArray, names: NDArray | None, n_known: int, known: NDArray | None
) -> tuple[NDArray[np.float64], NDArray | None]:
    """Put the columns where the known ones are, by name if both have names; new ones follow."""
    n_points, n_given = points.shape
    if known is None or names is None:
        if known is not None and n_given > n_known:
            raise ValueError(
                f"X has {n_given} features without names, but {n_known} named ones are known; "
                "new ones must be named too."
            )
        return np.pad(points, ((0, 0), (0, max(n_known - n_given, 0)))), known
    columns, all_names = place_names(known, names)
    aligned = np.zeros((n_points, len(all_names)))
    aligned[:, columns] = points
    return aligned, all_names


def place_names(known: NDArray, names: NDArray) -> tuple[NDArray[np.int64], NDArray]:
    """Column of each of ``names`` where the known ones come first; and all the names."""
    places = {name: column for column, name in enumerate(known)}
    columns = [places.setdefault(name, len(places)) for name in names]
    return np.array(columns, dtype=np.int64), np.array(list(places), dtype=object)


def describe_refused(points: NDArray, row: int) -> str:
    """Say why the learning loop refused ``points[row]``."""
    values = points[row]
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        return (
            f"Row {row} of the chunk holds {values[bad[0]]} in column {bad[0]}; NaN and infinity "
            "have no place among the prototypes. Drop such rows or fill them in. The model is "
            "unchanged."
        )
    return (
        f"Row {row} of the chunk ({np.array2string(values, threshold=6)}) lies too far from the "
        "first points to be represented beside them. Check its unit. The model is unchanged."
    )
