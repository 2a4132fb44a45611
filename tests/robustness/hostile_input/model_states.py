"""Model files with extreme values, most of which are accepted, and calls of all public methods."""

import json
import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer import OnlineClusterer
from clusterer.cluster.prototypes.merge_rules import RULE_NAMES

State = tuple[dict[str, Any], dict[str, NDArray]]
MAGNITUDES = (0.0, 5e-324, 1e-300, 1e-160, 1e-100, 1e-9, 0.1, 1.0, 7.0, 1e3, 1e9, 1e100, 1e140)
NUMBERS = (*MAGNITUDES, 2e140, 1e160, 1e290, 1e300, 1.7e308, 2.0**53)
COUNTS = (0.0, 5e-324, 1e-200, 1e-100, 1e-3, 0.5, 1.0, 30.0)
SCALARS = (
    "n_seen", "faded_count", "squares", "scale", "link_unit", "recent_unit", "recent_count",
    "fading", "next_look",
)  # fmt: skip
N_CALLS = 8
ATTRIBUTES = (
    "prototypes_", "weights_", "counts_", "scatters_", "links_", "ids_", "n_seen_", "sigma_",
    "half_life_", "cluster_labels_", "n_clusters_", "cluster_centers_", "labels_", "n_bytes",
)  # fmt: skip


def write_states() -> list[State]:
    """States of models that have learned different streams."""
    rng = np.random.default_rng(0)
    blobs = rng.normal(size=(500, 2)) + 9.0 * rng.integers(3, size=(500, 1))
    moved = OnlineClusterer(30, half_life=50.0, merge="ward")
    for step in range(5):
        moved.partial_fit(blobs + step)
    models = (
        OnlineClusterer(12).fit(blobs),
        moved,
        OnlineClusterer(8, sigma=2.0, merge="plain").fit(rng.normal(size=(200, 12))),
        OnlineClusterer(5, half_life=1.0, merge="log-ward").fit(blobs[:60] * 1e-120),
        OnlineClusterer(9, update="addc").fit(blobs * [1e60, 1e-60]),
        OnlineClusterer(1).fit(blobs),
        OnlineClusterer(6).fit([[3.0, 3.0]] * 40),
        OnlineClusterer().fit([[1.0, 2.0]]),
    )
    return [model.to_arrays() for model in models]


def change_number(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    name = random.choice(("centers", "weights", "counts", "scatters", "mean", "origin", "recent"))
    values = arrays[name]
    chosen = random.choice((COUNTS, NUMBERS) if name in ("weights", "counts") else (NUMBERS,))
    for _ in range(random.choice((1, 1, 3, values.size))):
        sign = random.choice((1, -1)) if name in ("centers", "mean", "origin") else 1
        values.flat[random.randrange(values.size)] = sign * random.choice(chosen)


def change_all(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    name = random.choice(("centers", "weights", "counts", "scatters", "mean", "recent", "links"))
    arrays[name][:] = random.choice(MAGNITUDES if name != "links" else (0.0, 1.0, 3.0))
    if name == "links":
        np.fill_diagonal(arrays[name], 0.0)


def scale_numbers(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    """Multiply coordinates and squares by one number, as another unit would."""
    factor = 10.0 ** random.uniform(-160, 140)
    with np.errstate(over="ignore", under="ignore"):
        for name in ("centers", "mean"):
            arrays[name] *= factor
        arrays["recent"][0] *= factor
        arrays["recent"][1:] *= factor**2
        arrays["scatters"] *= factor**2
        header["squares"] = float(np.float64(header["squares"]) * factor**2)


def change_scalar(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    name = random.choice(SCALARS)
    if name == "scale":
        header[name] = random.choice((0.0, 2.0**-1000, 2.0 ** random.randint(-999, 999), 2.0**1000))
    elif name == "n_seen":
        header[name] = random.choice((header[name] + 1, 1e9, 2.0**53, 2.0**53 - 1))
    else:
        header[name] = random.choice((*COUNTS, *NUMBERS, 1e9, header["n_seen"]))


def set_scale_zero(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    """All points equal, except perhaps for something that does not fit this."""
    header["scale"] = header["squares"] = 0.0
    for name in ("centers", "mean", "recent", "scatters"):
        arrays[name][:] = 0.0
    if random.random() < 0.3:
        change_number(header, arrays, random)


def change_times(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    times, n_seen = arrays["times"], header["n_seen"]
    column = random.randrange(6)
    times[:, column] = random.choice((0.0, 5e-324, 1.0, n_seen, min(n_seen**2, 1e300)))


def change_integers(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    n_taken, n_seen = len(arrays["ids"]), int(header["n_seen"])
    if random.random() < 0.5:
        arrays["known"][:] = [random.choice((-1, 0, 1, 2**52)) for _ in range(n_taken)]
    elif n_seen >= n_taken:
        arrays["ids"][:] = np.arange(n_seen - n_taken, n_seen)
        arrays["last_seen"][:] = n_seen - 1


def change_parameter(header: dict[str, Any], arrays: dict[str, NDArray], random: Random) -> None:
    name, value = random.choice(list(choose_parameters(random).items()))
    header["parameters"][name] = value


def choose_parameters(random: Random) -> dict[str, Any]:
    """Values that are allowed, extreme ones among them."""
    return {
        "n_prototypes": random.choice((1, 2, 3, 7, 40, 90)),
        "sigma": random.choice(("auto", 1e-320, 1e-100, 0.5, 1e100, 1.7e308, math.inf)),
        "half_life": random.choice(("auto", None, 5e-324, 1e-3, 1.0, 20.0, 1e9, 1.7e308)),
        "merge": random.choice(RULE_NAMES),
        "update": random.choice(("kernel", "addc")),
        "forget": random.choice(("quiet", "never")),
        "refresh": random.choice((0.0, 0.05, 1.0)),
        "join": random.random() < 0.7,
        "drop_singletons": random.random() < 0.7,
        "allow_growth": random.random() < 0.5,
    }


CHANGES: tuple[Callable[[dict[str, Any], dict[str, NDArray], Random], None], ...] = (
    change_number, change_number, change_all, scale_numbers, scale_numbers, change_scalar,
    set_scale_zero, change_times, change_integers, change_parameter, change_parameter,
)  # fmt: skip


class States:
    """Hostile states by number; the same number and seed give the same state and calls."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._valid = write_states()

    def make(self, number: int) -> tuple[State, Random]:
        """Return a state, and the random numbers for its calls."""
        random = Random(f"state {self._seed} {number}")
        header, arrays = random.choice(self._valid)
        header = json.loads(json.dumps(header))
        arrays = {name: values.copy() for name, values in arrays.items()}
        for change in random.choices(CHANGES, k=random.choice((1, 1, 2, 3, 5))):
            change(header, arrays, random)
        return (header, arrays), random


class Calls:
    """Calls of all public methods of a model."""

    def __init__(self, model: OnlineClusterer, other: OnlineClusterer, random: Random) -> None:
        self.model, self._other, self._random = model, other, random

    def list_calls(self) -> list[tuple[str, Callable[[], Any]]]:
        """Some calls with their names, in random order."""
        model, random = self.model, self._random
        few = dict(random.sample(list(choose_parameters(random).items()), random.choice((1, 3))))
        everything: dict[str, Callable[[], Any]] = {
            "partial_fit": lambda: model.partial_fit(self._make_points()),
            "learn": lambda: model.partial_fit(self._make_points()),
            "one by one": lambda: [model.partial_fit([row]) for row in self._make_points()[:9]],
            "predict": lambda: model.predict(self._make_points()),
            "find_nearest": lambda: model.find_nearest(self._make_points()),
            "fit": lambda: model.copy().fit(self._make_points()),
            "set_params": lambda: model.set_params(**few),
            "change_parameters": lambda: model.change_parameters(**few),
            "change_units": lambda: model.change_units(*self._make_units()),
            "absorb": lambda: model.absorb(self._other, fade=random.random() < 0.5),
            "absorbed": lambda: self._other.copy().absorb(model),
            "merge_excess": model.merge_excess,
            "copy": lambda: model.copy().partial_fit(self._make_points()),
            "arrays": lambda: OnlineClusterer.from_arrays(*model.to_arrays()),
            "snapshot": model.snapshot,
            "describe": model.describe,
            "check_parameters": model.check_parameters,
            "alternatives": model.find_alternatives,
            "split": lambda: model.split_cluster(random.choice([0, *model.cluster_ids_.tolist()])),
            "merge": lambda: model.merge_clusters(*model.cluster_ids_[:2].tolist(), 0),
            "cut": lambda: model.cut_dendrogram(random.choice([0.0, 1e-300, 1.0, 1e300])),
            "undo": model.undo_decision,
            "attributes": lambda: [getattr(model, name) for name in ATTRIBUTES],
        }
        return random.choices(list(everything.items()), k=N_CALLS)

    def _make_points(self) -> NDArray:
        """Points near the prototypes, far from them, or all equal."""
        rng = np.random.default_rng(self._random.randrange(10**9))
        centers = self.model.prototypes_
        points = centers[rng.integers(len(centers), size=self._random.choice((1, 9, 80)))]
        with np.errstate(over="ignore", invalid="ignore"):
            width = self._random.choice((0.0, 1.0, float(np.abs(centers).max()), 1e30, 1e300))
            points = points + width * rng.normal(size=points.shape)
        return np.where(np.isfinite(points), points, 0.0)

    def _make_units(self) -> tuple[list[float], list[float]]:
        n = self.model.n_features_in_
        span = self._random.choice((1, 30, 160, 300))
        factors = [10.0 ** self._random.uniform(-span, span) for _ in range(n)]
        return factors, [self._random.choice((0.0, 1.0, 1e9, 1.7e308)) for _ in range(n)]
