"""A classifier as a header and arrays, and the checks of those that a file contains."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.base import State
from clusterer.model_file import check_names
from clusterer.support.array_archive import demand
from clusterer.svm.class_table import MOST_CLASSES, ClassTable

MAX_SEEN = 2**53  # beyond it a float cannot count every row
MAX_SEED = 2**32 - 1
LARGEST_NUMBER = 1e280
"""Larger numbers would overflow in a product with a row."""


def write_state(model: Any) -> State:
    """Return the parameters and everything that a fitted classifier has learned."""
    names = getattr(model, "feature_names_in_", None)
    classes = np.array(model._table.values) if len(model._table) else np.empty(0, np.int64)
    is_truth = classes.dtype.kind == "b"
    header = {
        "parameters": {name: to_json(value) for name, value in model.get_params().items()},
        "feature_names": None if names is None else [str(name) for name in names],
        "is_closed": model._table.is_closed,
        "is_truth": is_truth,
        "n_iter": getattr(model, "n_iter_", None),
    }
    return header, {
        **model._state.to_arrays(),
        "classes": classes.astype(np.int64) if is_truth else classes,
    }


def to_json(value: Any) -> Any:
    """Return the value of a parameter in JSON's types; a dict becomes a list of pairs.

    A random state that is no number becomes None: a model that is read from a file has another
    one.

    >>> to_json({np.int64(1): 0.5}), to_json(np.random.default_rng(0))
    ([[1, 0.5]], None)
    """
    if isinstance(value, dict):
        return [[to_json(name), to_json(weight)] for name, weight in value.items()]
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, bool | int | float | str) else None


def read_state(cls: Any, header: dict[str, Any], arrays: dict[str, NDArray]) -> Any:
    """Build the classifier of class ``cls`` that `write_state` wrote.

    Raises ModelFileError unless learning a stream can have led to the contents.
    """
    wanted = {"parameters", "feature_names", "is_closed", "is_truth", "n_iter"}
    demand(header.keys() - {"version"} == wanted, "the header lacks entries or has unknown ones")
    model = read_parameters(cls, header["parameters"])
    demand(arrays.keys() == {*model.ARRAYS, "classes"}, "it lacks arrays or has unknown ones")
    for name, dtype in model.ARRAYS.items():
        demand(
            arrays[name].dtype == dtype,
            f"{name} is of type {arrays[name].dtype}, not {dtype}",
        )
    check_numbers({name: arrays[name] for name in model.ARRAYS})
    table = read_classes(arrays["classes"], header)
    model._state = model._read_state(arrays, len(table))
    model._table = table
    model.n_features_in_ = model._state.n_features
    check_names(header["feature_names"], model.n_features_in_)
    if header["feature_names"] is not None:
        model.feature_names_in_ = np.array(header["feature_names"], dtype=object)
    n_iter = header["n_iter"]
    demand(n_iter is None or (type(n_iter) is int and n_iter > 0), f"n_iter is {n_iter!r}")
    if n_iter is not None:
        model.n_iter_ = n_iter
    return model


def check_numbers(arrays: dict[str, NDArray]) -> None:
    """Raise ModelFileError if an array holds NaN, infinity or numbers too large."""
    for name, values in arrays.items():
        if values.dtype.kind == "f":
            is_finite = bool((np.abs(values) <= LARGEST_NUMBER).all())
            demand(is_finite, f"{name} holds NaN, infinity or numbers too large")


def read_parameters(cls: Any, parameters: Any) -> Any:
    """Return an unfitted classifier. Raises ModelFileError for a value that is not allowed."""
    names = cls._get_param_names()
    is_complete = isinstance(parameters, dict) and parameters.keys() == set(names)
    demand(is_complete, "parameters are missing or unknown")
    values = dict(parameters)
    for name in ("average", "fit_intercept", "shuffle", "allow_growth"):
        is_switch = name not in values or type(values[name]) is bool
        demand(is_switch, f"{name} is {values.get(name)!r}, not true or false")
    seed = values["random_state"]
    is_seed = seed is None or (type(seed) is int and 0 <= seed <= MAX_SEED)
    demand(is_seed, f"random_state is {seed!r}, not a seed")
    weights = values["class_weight"]
    if isinstance(weights, list):
        is_pairs = all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], int | float | str)
            for pair in weights
        )
        demand(is_pairs, "class_weight is no list of pairs")
        values["class_weight"] = dict(weights)
    model = cls(**values)
    model.check_parameters()
    return model


def read_classes(classes: NDArray, header: dict[str, Any]) -> ClassTable:
    """Return the table of the classes. Raises ModelFileError if they are not allowed."""
    demand(
        type(header["is_closed"]) is bool and type(header["is_truth"]) is bool,
        "is_closed or is_truth is not true or false",
    )
    demand(classes.ndim == 1 and len(classes) <= MOST_CLASSES, "classes are no list of classes")
    demand(classes.dtype in ("<i8", "<f8") or classes.dtype.kind == "U", "classes have no type")
    if classes.dtype.kind == "f":
        is_whole = np.isfinite(classes) & (classes == np.floor(classes))
        demand(bool(is_whole.all()), "a class is no whole number")
    if header["is_truth"]:
        demand(classes.dtype == "<i8" and set(classes.tolist()) <= {0, 1}, "a class is no truth")
        classes = classes.astype(bool)
    demand(len(np.unique(classes)) == len(classes), "a class appears twice")
    return ClassTable(classes.tolist(), header["is_closed"])


def check_counts(counts: NDArray, n_seen: float, n_mistakes: float, n_updates: float) -> None:
    """Check the numbers of rows. Raises ModelFileError."""
    for value in (n_seen, n_mistakes, n_updates):
        demand(
            0 <= value <= MAX_SEEN and value == math.floor(value), f"{value} is no number of rows"
        )
    demand(n_mistakes <= n_seen, "there are more mistakes than rows")
    demand(bool((counts >= 0).all()), "a class has fewer than no rows")
