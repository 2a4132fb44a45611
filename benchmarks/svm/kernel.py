"""The kernel classifier: speed, and accuracy against a batch support vector machine."""

import time

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_circles, make_moons
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.svm.table import Row, time_cpu
from clusterer.svm import KernelPegasosClassifier

Table = tuple[NDArray[np.float64], NDArray[np.int64]]


def make_bananas(n_rows: int, seed: int = 0) -> Table:
    """Return two bent clusters that overlap."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(2, size=n_rows)
    angles = np.pi * (rng.random(n_rows) + classes)
    points = np.c_[np.cos(angles) + classes, np.sin(angles) + 0.5 * classes]
    return points + rng.normal(scale=0.35, size=points.shape), classes


def make_tables() -> dict[str, tuple[Table, float, int, float]]:
    """Return points and classes, γ, passes and the accuracy that may be lost against SVC."""
    moons, rings = (
        make_moons(4_000, noise=0.25, random_state=0),
        make_circles(4_000, noise=0.1, factor=0.6, random_state=0),
    )
    pixels, digits = load_digits(return_X_y=True)
    return {
        "bananas": (make_bananas(5_300), 2.0, 5, 0.005),
        "moons": (moons, 2.0, 5, 0.005),
        "rings": (rings, 2.0, 5, 0.005),
        # Grey values from 0 to 1, which are not standardised.
        "digits": ((pixels / 16, digits), 0.3, 5, 0.01),
    }


def measure_speed(n_rows: int) -> list[Row]:
    """Return points per CPU second at d = 2 and B = 100."""
    points, classes = make_bananas(n_rows)
    points = StandardScaler().fit_transform(points)
    rows = []
    for name, parameters, least in (
        ("fixed width", {"sigma": 0.7, "half_life": None}, 5e5),
        ("automatic", {}, 5e4),
    ):
        KernelPegasosClassifier(**parameters).partial_fit(points[:100], classes[:100])
        model = KernelPegasosClassifier(**parameters)
        seconds = time_cpu(lambda model=model: model.partial_fit(points, classes))
        rows.append(Row(f"{name}: points/s", least, n_rows / seconds, is_least=True))
    return rows


def measure_quality(n_orders: int = 3) -> list[Row]:
    """Return test accuracies after one and five passes, mean of some orders of the rows."""
    rows = []
    for name, ((points, classes), gamma, n_passes, most) in make_tables().items():
        scores: dict[str, list[float]] = {"SVC": [], "one": [], "all": []}
        for seed in range(n_orders):
            order = np.random.default_rng(seed).permutation(len(points))
            train, test = np.split(order, [int(0.7 * len(points))])
            here, there = points[train], points[test]
            if name != "digits":
                scaler = StandardScaler().fit(here)
                here, there = scaler.transform(here), scaler.transform(there)
            solvers = [SVC(C=c, gamma=gamma).fit(here, classes[train]) for c in (1, 10, 100)]
            scores["SVC"].append(max(each.score(there, classes[test]) for each in solvers))
            model = KernelPegasosClassifier(
                sigma=gamma**-0.5, half_life=None, max_iter=n_passes, random_state=seed
            )
            scores["all"].append(model.fit(here, classes[train]).score(there, classes[test]))
            model = model.set_params(max_iter=1, shuffle=False).fit(here, classes[train])
            scores["one"].append(model.score(there, classes[test]))
        best, one, every = (float(np.mean(each)) for each in scores.values())
        if name != "digits":
            rows.append(Row(f"{name}: accuracy, one pass", best - 0.01, one, is_least=True))
        title = f"{name}: accuracy, {n_passes} passes"
        rows.append(Row(title, best - most, every, is_least=True))
    return rows


def measure_rows_one_by_one(n_rows: int = 20_000) -> list[Row]:
    """Return the rates of a linear classifier in chunks and row by row, at d = 2."""
    from clusterer.svm import PegasosClassifier

    points, classes = make_bananas(10 * n_rows)
    model = PegasosClassifier().partial_fit(points[:9], classes[:9], classes=[0, 1])
    chunk = time_cpu(lambda: model.partial_fit(points, classes))
    begin = time.process_time()
    for i in range(n_rows):
        model.partial_fit(points[i : i + 1], classes[i : i + 1])
    single = time.process_time() - begin
    return [
        Row("linear, d = 2: rows/s in chunks", 1e7, len(points) / chunk, is_least=True),
        Row("linear, d = 2: rows/s one by one", 5e4, n_rows / single, is_least=True),
    ]
