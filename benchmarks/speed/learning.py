"""`python -m benchmarks.speed.learning`: the time of learning in times of the lower bound.

Ours, and the lower bound in its faster layout, learn the same stream in turns and from the start in
every round. The report states the least CPU time of the rounds, their ratio, the target, and
whether the ratio meets it.
"""

import argparse
import gc
from collections.abc import Iterator
from functools import partial
from time import process_time
from typing import Any, NamedTuple

from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.speed.lower_bound import Learn, start_columns, start_rows
from benchmarks.speed.methods import start_ours
from benchmarks.speed.points import CHUNK, divide, draw_points

SIZES = (10, 20, 50, 100, 200, 300, 500, 1_000)
FEATURES = (2, 4, 16, 64)
N_ROUNDS = 3
# The number of points, such that a cell of K = 1,000 and d = 64 takes no longer than others.
N_POINTS, N_COORDINATES = 50_000, 5e8
# Targets: times of ours in times of the lower bound, and of a told half-life in times of ours.
TARGET, TARGET_AT_10, TARGET_AT_MEDIUM = 3.0, 3.5, 2.0
TARGET_OF_DRIFT, TARGET_OF_HALF_LIFE = 6.0, 1.6
MEDIUM_SIZES, MEDIUM_FEATURES = (50, 100, 200), (2, 16)


class Timing(NamedTuple):
    """Microseconds a point of ours and of the other loop, and the largest ratio for the target."""

    name: str
    ours: float
    other: float
    target: float


def count_points(n_prototypes: int, n_features: int) -> int:
    """Return the length of the stream of a cell, in whole chunks."""
    n_points = min(N_POINTS, int(N_COORDINATES / (n_prototypes * n_features)))
    return max(n_points, 20 * n_prototypes) // CHUNK * CHUNK


def time_learning(learn: Learn, pieces: list[Any]) -> float:
    """Return the CPU seconds in which all pieces are learned."""
    begin = process_time()
    for piece in pieces:
        learn(piece)
    return process_time() - begin


def time_in_turns(points: NDArray, starts: list[Any]) -> list[float]:
    """Return the least microseconds a point of each method; they take turns."""
    first, (pieces, _) = points[:CHUNK], divide(points[CHUNK:], "chunks")
    spent: list[list[float]] = [[] for _ in starts]
    gc.freeze()
    for _ in range(N_ROUNDS):
        for times, start in zip(spent, starts, strict=True):
            times.append(time_learning(start(first), pieces))
    gc.unfreeze()
    return [1e6 * min(times) / (len(points) - CHUNK) for times in spent]


def choose_target(n_prototypes: int, n_features: int) -> float:
    """Return the largest ratio to the lower bound that meets the target."""
    if n_prototypes in MEDIUM_SIZES and n_features in MEDIUM_FEATURES:
        return TARGET_AT_MEDIUM
    return TARGET_AT_10 if n_prototypes == SIZES[0] else TARGET


def time_cell(
    n_prototypes: int, n_features: int, kind: str = "blobs", target: float | None = None
) -> Timing:
    """Time ours and the lower bound at one K and d."""
    n_points = count_points(n_prototypes, n_features)
    points = draw_points(n_points + CHUNK, n_features, kind)
    starts = [
        partial(start, **{name: n_prototypes})
        for start, name in (
            (start_ours, "n_prototypes"),
            (start_rows, "n_centers"),
            (start_columns, "n_centers"),
        )
    ]
    ours, *bounds = time_in_turns(points, starts)
    name = f"{kind}, K = {n_prototypes:,}, d = {n_features}"
    if target is None:
        target = choose_target(n_prototypes, n_features)
    return Timing(name, ours, min(bounds), target)


def time_half_life(n_prototypes: int = 20, n_features: int = 2) -> Timing:
    """Time a told half-life of 1,000 points and the default."""
    points = draw_points(N_POINTS + CHUNK, n_features)
    options: tuple[dict[str, Any], ...] = ({"half_life": 1_000.0}, {})
    starts = [partial(start_ours, n_prototypes=n_prototypes, **each) for each in options]
    told, default = time_in_turns(points, starts)
    name = f"half-life 1,000 against default, K = {n_prototypes}, d = {n_features}"
    return Timing(name, told, default, TARGET_OF_HALF_LIFE)


def time_all(sizes: list[int], features: list[int]) -> Iterator[Timing]:
    """Time all cells, a drifting stream and a told half-life."""
    for n_features in features:
        for n_prototypes in sizes:
            yield time_cell(n_prototypes, n_features)
    yield time_cell(20, 2, "drift", TARGET_OF_DRIFT)
    yield time_half_life()


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.learning", description=(__doc__ or "").partition("\n")[2]
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="values of K")
    parser.add_argument("--features", type=int, nargs="+", default=FEATURES, help="values of d")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    n_met = n_cells = 0
    print("| measurement | ours, µs / point | other, µs / point | ratio | target | met |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    with threadpool_limits(1):
        for name, ours, other, target in time_all(arguments.sizes, arguments.features):
            ratio = ours / other
            n_met, n_cells = n_met + (ratio <= target), n_cells + 1
            is_met = "yes" if ratio <= target else "no"
            figures = f"{ours:.3f} | {other:.3f} | {ratio:.2f} | {target:g}"
            print(f"| {name} | {figures} | {is_met} |", flush=True)
    print(f"\n{n_met} of {n_cells} targets met.")


if __name__ == "__main__":
    main()
