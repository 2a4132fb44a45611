"""Compile all kernels before they are needed: ``python -m clusterer.session.compile_kernels``.

Numba compiles a kernel at its first call and keeps the result beside the modules. All kernels
together take half a minute or less. `make run` and `make test` compile right after the
installation. A server and a notebook compile in a thread, and the page shows how far it is.
"""

import logging
import sys
import threading
import time

import numpy as np

from clusterer.base import Classifier, make_learner
from clusterer.cluster.density.dendrogram import build_dendrogram
from clusterer.cluster.estimator import OnlineClusterer
from clusterer.evaluation.classification.settings import LEARNERS
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.density_image import count_cells
from clusterer.support.kernels import compilation

N_POINTS = 3_000

log = logging.getLogger(__name__)
_thread: threading.Thread | None = None


def compile_kernels() -> None:
    """Learn and label small streams, so that Numba compiles every kernel that they call.

    What a first page needs comes first. The kernels do not depend on the number of features or on
    parameters, only on types.

    >>> compile_kernels()
    """
    random = np.random.default_rng(0)
    points = random.normal(size=(N_POINTS, 2)) + 8.0 * random.integers(3, size=(N_POINTS, 1))
    moving = points + np.linspace(0.0, 40.0, N_POINTS)[:, None]
    # Fewer prototypes, merged models, motion, decay and inactive clusters have their own kernels.
    model = OnlineClusterer(60).fit(points)
    model.predict(points)
    model.partial_fit(points[:1]).predict(points[:1])
    model.set_params(n_prototypes=20).partial_fit(points[:1])
    OnlineClusterer(20).fit(moving)
    model.absorb(OnlineClusterer(30, half_life=500.0, forget="never").fit(moving))
    model.predict(points)
    build_dendrogram(model.snapshot())
    RunningScaling.begin(Moments(np.zeros(2), np.ones(2), 0)).follow(points)
    count_cells(points[:, 0], points[:, 1], (-1, 1, -1, 1))


def compile_classifiers() -> None:
    """Let the classifiers of the view Classify learn and predict a small stream.

    A server does not call this: the first page needs no classifier.
    """
    points = np.random.default_rng(0).normal(size=(100, 2))
    classes = (points[:, 0] > 0).astype(np.int64)
    for learner in map(make_learner, LEARNERS.values()):
        assert isinstance(learner, Classifier)
        learner.test_then_learn(points, classes)
        learner.predict(points)


def start_compiling() -> None:
    """Compile in a thread of this process; further calls do nothing."""
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_compile, name="clusterer-compiler", daemon=True)
        _thread.start()


def _compile() -> None:
    try:
        compile_kernels()
    except Exception:
        # Whoever needs a kernel gets the same error.
        log.exception("A kernel could not be compiled")


def is_compiling() -> bool:
    """Whether the thread that `start_compiling` started is at work.

    >>> is_compiling()
    False
    """
    return _thread is not None and _thread.is_alive()


def find_progress() -> float | None:
    """Return how much is compiled, from 0 to 1; None if nothing has to be compiled.

    >>> find_progress() is None
    True
    """
    return compilation.share if is_compiling() and compilation.has_begun else None


def _compile_with_progress() -> None:
    """Compile everything and write a line to stderr for each tenth."""
    shown = 0

    def show() -> None:
        nonlocal shown
        if int(10 * compilation.share) > shown:
            shown = int(10 * compilation.share)
            print(f"Compiling for this machine, once: {10 * shown} %", file=sys.stderr, flush=True)

    logging.getLogger("clusterer").setLevel(logging.ERROR)
    compilation.watchers.append(show)
    start = time.monotonic()
    compile_kernels()
    compile_classifiers()
    print(f"Compiled in {time.monotonic() - start:.0f} s.", file=sys.stderr)


if __name__ == "__main__":
    _compile_with_progress()
