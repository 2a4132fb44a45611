"""The classifier beside a run: what it costs the stream of a dashboard."""

from functools import partial

from benchmarks.svm.table import Row, time_in_turns
from clusterer.cluster.estimator import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.session.run import Run

N_AT_ONCE = 10_000
"""At a million points a second the engine learns about so many points between two frames."""


def measure_costs(n_points: int) -> list[Row]:
    """Return how much longer a run takes with a linear classifier, and with one not learning."""
    settings = ClassifierSettings("linear")
    choices = None, ClassifierSettings("linear", is_learning=False), settings
    rows = []
    for generator in ("blobs", "moons"):
        calls = [partial(advance, generator, n_points, choice) for choice in choices]
        for call in calls:
            call()
        alone, closed, learning = time_in_turns(calls)
        title = f"{generator}: time with a linear classifier / without"
        title += f" ({n_points / alone / 1e6:.1f} M points/s)"
        rows.append(Row(title, 1.2, learning / alone))
        rows.append(Row(f"{generator}: the same with the view closed", 1.05, closed / alone))
    return rows


def advance(generator: str, n_points: int, settings: ClassifierSettings | None) -> None:
    """Let a run learn points, beside it a classifier if there are settings."""
    run = Run(make_generator(generator), OnlineClusterer())
    if settings is not None:
        run.set_classifier(ClassifierSettings("linear"))
        run.set_classifier(settings)
    for _ in range(0, n_points, N_AT_ONCE):
        run.advance(N_AT_ONCE)
