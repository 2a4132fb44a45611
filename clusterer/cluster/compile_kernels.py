"""Compile all kernels before they are needed: ``python -m clusterer.cluster.compile_kernels``.

Numba compiles a kernel at its first call and keeps the result beside the modules. All kernels
together take a minute or two. `make run` and `make test` compile right after the installation, so
the first page and the first tests do not wait.
"""

import sys
import time

import numpy as np

from clusterer.cluster.density.dendrogram import build_dendrogram
from clusterer.cluster.estimator import OnlineClusterer
from clusterer.preprocessing.scaling import Moments, RunningScaling

N_POINTS = 3_000


def compile_kernels() -> None:
    """Learn and label small streams, so that Numba compiles every kernel that they call.

    The kernels do not depend on the number of features or on parameters, only on types.

    >>> compile_kernels()
    """
    random = np.random.default_rng(0)
    points = random.normal(size=(N_POINTS, 2)) + 8.0 * random.integers(3, size=(N_POINTS, 1))
    moving = points + np.linspace(0.0, 40.0, N_POINTS)[:, None]
    # Fewer prototypes, merged models, decay and inactive clusters have kernels of their own.
    model = OnlineClusterer(30).fit(points)
    model.set_params(n_prototypes=20).partial_fit(points[:1])
    model.absorb(OnlineClusterer(30, half_life=500.0, forget="never").fit(moving))
    model.predict(points)
    build_dendrogram(model.snapshot())
    RunningScaling.begin(Moments(np.zeros(2), np.ones(2), 0)).follow(points)


if __name__ == "__main__":
    print("Compiling for this machine, once: one to three minutes …", file=sys.stderr, flush=True)
    start = time.monotonic()
    compile_kernels()
    print(f"Compiled in {time.monotonic() - start:.0f} s.", file=sys.stderr)
