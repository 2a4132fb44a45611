"""`python -m benchmarks.first_minute`: compilation, import and labels; prints the report."""

import platform
from importlib.metadata import version

from benchmarks.first_minute.compilation import measure_compilation
from benchmarks.first_minute.labels import (
    DBSTREAM,
    LEARN_ONE,
    PARTIAL_FIT,
    time_labels,
    time_points,
)

PACKAGES = ("numba", "numpy", "scikit-learn", "river")
# What one CPU of the machine on which the targets were set needs: 60 s for the former kernels.
TARGETS_MS = {50: 0.3, 200: 2.0, 1_000: 40.0, 2_000: 200.0}
TARGET_COMPILE_S = 15.0
TARGET_IMPORT_S = 0.5
TARGETS_US = {LEARN_ONE: 36.0, PARTIAL_FIT: 50.0}
N_SHOWN = 12


def write_row(name: str, target: float | None, figure: float, unit: str) -> str:
    """One row of the table of targets."""
    if target is None:
        return f"| {name} | – | {figure:.3g} {unit} | – |"
    is_met = "yes" if figure <= target else "no"
    return f"| {name} | {target:g} {unit} | {figure:.3g} {unit} | {is_met} |"


def main() -> None:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {versions}; CPU time, least of several runs.\n")
    cold, warm, functions = measure_compilation()
    compiled = sum(cold.values()) - sum(warm.values())
    print("| measurement | target | figure | met |\n| --- | ---: | ---: | --- |")
    print(write_row("compile all that the first result needs", TARGET_COMPILE_S, compiled, "s"))
    print(write_row("import clusterer", TARGET_IMPORT_S, warm["import"], "s"))
    print(write_row("import the estimator: scikit-learn, Numba", None, warm["estimator"], "s"))
    print(write_row("first result, filled cache", None, sum(warm.values()), "s"))
    for n_prototypes, spent in time_labels():
        name = f"labels after 100 points, K = {n_prototypes:,}"
        print(write_row(name, TARGETS_MS.get(n_prototypes), spent, "ms"))
    points = time_points()
    for name, spent in points.items():
        print(write_row(f"learn and label one point, {name}", TARGETS_US.get(name), spent, "µs"))
    share = points[LEARN_ONE] / points[DBSTREAM]
    print(write_row(f"{LEARN_ONE}, as a share of {DBSTREAM}", 1.0, share, ""))
    print("\n| function | seconds to compile |\n| --- | ---: |")
    for name in sorted(functions, key=lambda name: -functions[name])[:N_SHOWN]:
        print(f"| `{name}` | {functions[name]:.2f} |")


if __name__ == "__main__":
    main()
