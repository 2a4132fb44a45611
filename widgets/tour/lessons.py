"""The lessons of the guided tour: texts, settings and checks, no widgets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterer.evaluation.classification.companion import Classification
from clusterer.session.frame import Frame
from widgets.settings import Settings

N_NEWEST = 300
"""This many of the newest points show the present position of a cluster."""


@dataclass(frozen=True)
class Lesson:
    """One step of the tour.

    Parameters
    ----------
    setting : name of the setting that the lesson is about
    title, text : what the setting does
    task : what to do with the setting
    is_done : whether the settings are as the task asks
    solution : settings that the button "Show me" assigns
    report : the effect, from the last observation before the task was done and the present one; an
        observation is a Frame, or the Classification in the view Classify
    scene : settings that differ from their defaults when the lesson begins
    needs_reset : whether "Show me" restarts the stream
    report_before : the present observation as text until the task is done; default empty
    view : title of the tab that the lesson opens; default none
    """

    setting: str
    title: str
    text: str
    task: str
    is_done: Callable[[Settings], bool]
    solution: Mapping[str, Any]
    report: Callable[[Any, Any], str]
    scene: Mapping[str, Any] = field(default_factory=dict)
    needs_reset: bool = False
    report_before: Callable[[Any], str] = lambda now: ""
    view: str = ""

    def first_settings(self) -> dict[str, Any]:
        """The settings at the beginning of the lesson, without estimated ones.

        >>> settings = LESSONS[3].first_settings()
        >>> settings["noise"], settings["has_automatic_sigma"], "sigma" in settings
        (0.2, True, False)
        """
        return Settings.pick_values({**Settings().param.values(), **self.scene})


def report_weight(before: Frame, now: Frame) -> str:
    """The mean weight of a new point before and now, and the number of clusters."""
    last, first = now.snapshot, before.snapshot
    old = divide(first.weights.sum(), first.counts.sum())
    if now.run != before.run:
        new = divide(last.weights.sum(), last.counts.sum())
    else:
        # What was learned before has lost weight since then.
        kept = 0.5 ** ((last.n_seen - first.n_seen) / last.half_life)
        new = divide(
            last.weights.sum() - kept * first.weights.sum(),
            last.counts.sum() - kept * first.counts.sum(),
        )
    return (
        f"the mean weight of a new point is {new:.2f}, was {old:.2f}; "
        f"{report_clusters(before, now)}"
    )


def report_prototypes(before: Frame, now: Frame) -> str:
    """The numbers of prototypes and of clusters, before and now."""
    return (
        f"prototypes {write_change(len(before.centers), len(now.centers))}, "
        f"{report_clusters(before, now)}"
    )


def report_noise(before: Frame, now: Frame) -> str:
    """The share of noise and the number of clusters, before and now."""
    return (
        f"noise in view {before.noise_share:.0%} → {now.noise_share:.0%}, "
        f"{report_clusters(before, now)}"
    )


def report_clusters(before: Frame, now: Frame) -> str:
    """The number of clusters, before and now."""
    return f"clusters found {write_change(before.snapshot.n_clusters, now.snapshot.n_clusters)}."


def report_lag(before: Frame, now: Frame) -> str:
    """The distance of the clusters from their newest points, now and before."""
    return (
        f"the clusters are {measure_lag(now):.1f} units behind their newest points, they were "
        f"{measure_lag(before):.1f} units behind."
    )


def report_lag_before(now: Frame) -> str:
    """The distance of the clusters from their newest points while the task is not done."""
    return f"Now the clusters are {measure_lag(now):.1f} units behind their newest points."


def measure_lag(frame: Frame) -> float:
    """The mean distance between a cluster's prototypes and its newest points; 0 if there are none.

    The position of the prototypes is their mean, weighted by the prototypes' weights.
    """
    points, clusters = frame.points[-N_NEWEST:], frame.point_clusters[-N_NEWEST:]
    lags = []
    for cluster in np.unique(clusters[clusters >= 0]):
        is_in_cluster = frame.center_clusters == cluster
        weights = frame.snapshot.weights[is_in_cluster]
        if weights.sum() > 0:
            middle = np.average(frame.centers[is_in_cluster], axis=0, weights=weights)
            lags.append(np.linalg.norm(middle - points[clusters == cluster].mean(axis=0)))
    return float(np.mean(lags)) if lags else 0.0


def report_accuracy(before: Classification, now: Classification) -> str:
    """The accuracy of the former and of the present classifier on their latest points."""
    return (
        f"{now.tests.recent.accuracy:.0%} of the latest points are predicted rightly, "
        f"{before.tests.recent.accuracy:.0%} were before."
    )


def report_accuracy_before(now: Classification) -> str:
    """The accuracy while the task is not done; empty before the first points."""
    if not now.tests.recent.n:
        return ""
    return f"Now {now.tests.recent.accuracy:.0%} of the latest points are predicted rightly."


def count_learned(before: Any, now: Any) -> int:
    """Number of points learned between two observations of a lesson."""
    if isinstance(now, Classification):
        is_same = now.settings.continues(before.settings)
        return int(now.tests.total.n - (before.tests.total.n if is_same else 0))
    n_before = before.snapshot.n_seen if now.run == before.run else 0
    return int(now.snapshot.n_seen - n_before)


def divide(part: float, whole: float) -> float:
    """A share between 0 and 1; 0 if the whole is empty."""
    return float(np.clip(part / whole, 0.0, 1.0)) if whole > 0 else 0.0


def write_change(old: int, new: int) -> str:
    """Two numbers as text, or one if they are equal.

    >>> write_change(5, 26), write_change(5, 5)
    ('5 → 26', '5 as before')
    """
    return f"{new} as before" if old == new else f"{old} → {new}"


LESSONS = (
    Lesson(
        setting="sigma",
        title="Kernel width σ",
        text="σ controls how close to its prototype a point must lie to have full weight. If σ is "
        "small, only the closest points have weight; if σ is large, all points have the same "
        "weight.",
        task="Move σ far to the left, to 0.1 or below, and watch the weight of new points fall. "
        "The button Show me sets σ to 0.01 and restarts the stream: almost nothing is learned.",
        is_done=lambda settings: not settings.has_automatic_sigma and settings.sigma <= 0.1,
        solution={"has_automatic_sigma": False, "sigma": 0.01},
        needs_reset=True,
        report=report_weight,
    ),
    Lesson(
        setting="n_prototypes",
        title="Prototypes K",
        text="K is the largest number of prototypes, drawn as circles. The model stores nothing "
        "else of the stream. When a new prototype is needed and all K are in use, two of them "
        "merge.",
        task="Move K to 4 or below, fewer than there are clusters, and watch clusters share "
        "prototypes. A good K is several times the number of clusters.",
        is_done=lambda settings: (
            not settings.has_automatic_n_prototypes and settings.n_prototypes <= 4
        ),
        solution={"has_automatic_n_prototypes": False, "n_prototypes": 3},
        report=report_prototypes,
    ),
    Lesson(
        setting="noise",
        title="Noise",
        text="Real streams contain points that belong to no cluster. Noise is the share of points "
        "spread evenly over the whole area. It applies to new points.",
        task="Move Noise to 0.2 or more. Points far from every cluster turn grey. The clusters are "
        "still found; a false cluster can appear for a short time.",
        is_done=lambda settings: settings.noise >= 0.2,
        solution={"noise": 0.3},
        report=report_noise,
    ),
    Lesson(
        setting="drop_singletons",
        title="Drop singleton clusters",
        text="A noise point can become a prototype that represents hardly any other point: a "
        "singleton. While the switch is on, singletons are noise. This step adds noise to the "
        "stream.",
        task="Switch it off: each singleton becomes a cluster of its own. Switch it on: the "
        "singletons are noise again at once.",
        is_done=lambda settings: not settings.drop_singletons,
        solution={"drop_singletons": False},
        scene={"noise": 0.2},
        report=report_noise,
    ),
    Lesson(
        setting="half_life",
        title="Drift and memory",
        text="The clusters now move in circles and nothing is forgotten, so the prototypes lag "
        "behind. The half-life is the number of points after which a learned point has half its "
        "weight.",
        task="When the clusters lag, move Memory to 250 points or below and watch them catch up. "
        "Automatic memory does this by itself.",
        is_done=lambda settings: not settings.has_automatic_half_life and settings.half_life <= 250,
        solution={"has_automatic_half_life": False, "half_life": 100.0},
        scene={
            "generator": "drifting",
            "has_automatic_half_life": False,
            "half_life": float("inf"),
            "points_per_s": 1000.0,
        },
        report=report_lag,
        report_before=report_lag_before,
    ),
    Lesson(
        setting="classifier",
        title="Classify",
        text="Here the points have classes. A support vector machine learns them beside the "
        "clusterer, and predicts each point before it learns the class. The tab Classify shows the "
        "predicted classes as coloured areas. The linear classifier has straight borders, so it "
        "cannot enclose a ring.",
        task="Choose Gaussian kernel as the classifier, and watch the borders bend around the "
        "rings and the accuracy rise.",
        is_done=lambda settings: settings.classifier == "kernel",
        solution={"classifier": "kernel"},
        scene={"generator": "rings", "classifier": "linear", "points_per_s": 1000.0},
        report=report_accuracy,
        report_before=report_accuracy_before,
        view="Classify",
    ),
)
