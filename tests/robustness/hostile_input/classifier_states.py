"""Classifiers with extreme numbers, most of which a file may hold, and calls of their methods."""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from clusterer import ModelFileError
from clusterer.svm import KernelPegasosClassifier, PegasosClassifier

MAGNITUDES = (
    0.0, 5e-324, 1e-300, 1e-160, 1e-100, 1e-9, 0.1, 1.0, 7.0, 1e9, 1e50, 1e100, 1e110, 1e140, 1e160,
    1e279, 1e280, 2.0**53,
)  # fmt: skip
PLACES = (0, 1, 2, 5, 2**40)
WIDTHS = (0.0, 1e-300, 1.0, 1e30, 1e99)
N_CALLS = 6


def write_classifiers() -> list[Any]:
    """Classifiers that have learned different streams."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 2))
    classes = (points[:, 0] > 0).astype(int) + (points[:, 1] > 0)
    oldest = KernelPegasosClassifier(20, 0.5, half_life=90.0, maintenance="oldest")
    return [
        PegasosClassifier().partial_fit(points, classes),
        PegasosClassifier(1e-2, 50.0).partial_fit(points, classes > 0),
        PegasosClassifier(1e-6).partial_fit(points, classes > 0),
        KernelPegasosClassifier(12).partial_fit(points, classes),
        oldest.partial_fit(points, classes),
        KernelPegasosClassifier(5, maintenance="remove").partial_fit(points * 1e-30, classes > 1),
        KernelPegasosClassifier(3).partial_fit(points[:2], [1, 1]),
    ]


def change_number(arrays: dict[str, NDArray], random: Random) -> None:
    """Set some numbers of an array to extreme ones."""
    values = arrays[random.choice([name for name in sorted(arrays) if name != "classes"])]
    if not values.size:
        return
    if values.dtype.kind != "f":
        values.flat[random.randrange(values.size)] = random.choice(PLACES)
    elif random.random() < 0.2:
        values[...] = random.choice(MAGNITUDES)
    else:
        for _ in range(random.choice((1, 1, 3))):
            number = random.choice((1, 1, -1)) * random.choice(MAGNITUDES)
            values.flat[random.randrange(values.size)] = number


def list_calls(model: Any, random: Random) -> dict[str, Callable[[], Any]]:
    """Calls of the methods, with points near and far."""
    rng = np.random.default_rng(random.randrange(10**9))
    n_features, width, span = model.n_features_in_, random.choice(WIDTHS), random.choice((1, 100))
    points = (width * rng.normal(size=(random.choice((1, 9, 60)), n_features))).clip(-1e100, 1e100)
    known = model.classes_ if len(model.classes_) else np.arange(2)
    classes = rng.choice(known, size=len(points))
    factors = 10.0 ** rng.uniform(-span, span, size=n_features)
    calls: dict[str, Callable[[], Any]] = {
        "partial_fit": lambda: model.partial_fit(points, classes),
        "new classes": lambda: model.partial_fit(points, classes + 5),
        "predict": lambda: model.predict(points),
        "decision_function": lambda: model.decision_function(points),
        "measure_margins": lambda: model.measure_margins(points),
        "snapshot": model.snapshot,
        "change_units": lambda: model.change_units(factors, width * rng.normal(size=n_features)),
    }
    if model.accepts_sparse:
        calls["sparse rows"] = lambda: model.partial_fit(sp.csr_array(points), classes)
    return calls


def read_state(model: Any) -> tuple[str, dict[str, bytes]]:
    header, arrays = model.to_arrays()
    return json.dumps(header), {name: values.tobytes() for name, values in arrays.items()}


def run_case(valid: list[Any], seed: int, number: int, outcomes: Counter[str]) -> None:
    """Load a changed state and make some calls; raise what must not happen."""
    random = Random(f"classifier {seed} {number}")
    original = random.choice(valid)
    header, arrays = original.to_arrays()
    n_changes = random.choice((0, 1, 1, 2, 4))
    for _ in range(n_changes):
        change_number(arrays, random)
    try:
        model = type(original).from_arrays(header, arrays)
    except ModelFileError:
        outcomes["refused"] += 1
        return
    outcomes["loaded"] += 1
    for _ in range(N_CALLS):
        name, call = random.choice(list(list_calls(model, random).items()))
        before = read_state(model)
        try:
            found = call()
        except ValueError:
            assert read_state(model) == before, f"{name} has changed the model"
            outcomes[f"{name}: refused"] += 1
            continue
        if name in ("decision_function", "measure_margins"):
            assert np.isfinite(found).all(), f"{name} returns NaN or infinity"
        for key, values in model.to_arrays()[1].items():
            is_float = values.dtype.kind == "f"
            assert not is_float or np.isfinite(values).all(), f"{key} after {name}"
        if not n_changes:
            # What a stream can lead to can be saved and read.
            assert read_state(type(model).from_arrays(*model.to_arrays())) == read_state(model)
