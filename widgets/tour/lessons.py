"""Lessons: what the guided tour teaches, step by step; texts and settings, no widgets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from clusterer.session.frame import Frame
from widgets.settings import Settings

N_LAST = 300
"""So many of the last points show where the stream is now."""


@dataclass(frozen=True)
class Lesson:
    """One step: ``text`` about the ``setting`` named, and a ``task`` to be done with it.

    It begins with the settings as they are by default, but for its ``scene``; to show it is to
    set what is ``shown``, and to reset the stream if it ``starts_anew``. ``is_done`` tells whether
    the settings are as the task asks. ``tell`` gets the last frame before that and the present
    one, and says what came of it; ``watch`` says how it stands until then.
    """

    setting: str
    title: str
    text: str
    task: str
    is_done: Callable[[Settings], bool]
    shown: Mapping[str, Any]
    tell: Callable[[Frame, Frame], str]
    scene: Mapping[str, Any] = field(default_factory=dict)
    starts_anew: bool = False
    watch: Callable[[Frame], str] = lambda now: ""

    def begin(self) -> dict[str, Any]:
        """The settings it begins with; what is found by itself is left as it is found.

        >>> begun = LESSONS[3].begin()
        >>> begun["noise"], begun["n_prototypes"], "sigma" in begun
        (0.2, 50, False)
        """
        return Settings.pick_values({**Settings().param.values(), **self.scene})


def tell_count(before: Frame, now: Frame) -> str:
    """How much a point counts."""
    last, first = now.snapshot, before.snapshot
    old = share(first.weights.sum(), first.counts.sum())
    if now.run != before.run:
        new = share(last.weights.sum(), last.counts.sum())
    else:
        # What was learned before has faded meanwhile.
        kept = 0.5 ** ((last.n_seen - first.n_seen) / last.half_life)
        new = share(
            last.weights.sum() - kept * first.weights.sum(),
            last.counts.sum() - kept * first.counts.sum(),
        )
    return (
        f"on average a new point counts {new:.2f} in its circle, before it was {old:.2f}; "
        f"{tell_clusters(before, now)}"
    )


def tell_prototypes(before: Frame, now: Frame) -> str:
    """How many prototypes and clusters there are."""
    return (
        f"circles {change_of(len(before.centers), len(now.centers))}, {tell_clusters(before, now)}"
    )


def tell_noise(before: Frame, now: Frame) -> str:
    """How much of what is in view is noise, and how many clusters there are."""
    return (
        f"noise in view {before.noise_share:.0%} → {now.noise_share:.0%}, "
        f"{tell_clusters(before, now)}"
    )


def tell_clusters(before: Frame, now: Frame) -> str:
    """How many clusters there are."""
    return f"clusters found {change_of(before.snapshot.n_clusters, now.snapshot.n_clusters)}."


def tell_lag(before: Frame, now: Frame) -> str:
    """How far the clusters are behind the stream."""
    return (
        f"the clusters lag {find_lag(now):.1f} behind their newest points, before it was "
        f"{find_lag(before):.1f}."
    )


def watch_lag(now: Frame) -> str:
    """The same while nothing has been done."""
    return f"Now the clusters lag {find_lag(now):.1f} behind their newest points."


def find_lag(frame: Frame) -> float:
    """The mean distance between where a cluster's prototypes are and its last points, 0 if none."""
    points, clusters = frame.points[-N_LAST:], frame.point_clusters[-N_LAST:]
    lags = []
    for cluster in np.unique(clusters[clusters >= 0]):
        is_in = frame.center_clusters == cluster
        weights = frame.snapshot.weights[is_in]
        if weights.sum() > 0:
            middle = np.average(frame.centers[is_in], axis=0, weights=weights)
            lags.append(np.linalg.norm(middle - points[clusters == cluster].mean(axis=0)))
    return float(np.mean(lags)) if lags else 0.0


def share(part: float, whole: float) -> float:
    """A part of the whole; none of nothing."""
    return float(np.clip(part / whole, 0.0, 1.0)) if whole > 0 else 0.0


def change_of(old: int, new: int) -> str:
    """Two numbers, or that they are the same.

    >>> change_of(5, 26), change_of(5, 5)
    ('5 → 26', '5 as before')
    """
    return f"{new} as before" if old == new else f"{old} → {new}"


LESSONS = (
    Lesson(
        setting="sigma",
        title="Kernel width σ",
        text="σ says how near a point must lie to its circle to count in full: if σ is small, only "
        "the nearest points count; if it is large, all count alike.",
        task="Move σ far to the left, to 0.1 or below, and watch how much a new point counts. "
        "Show me begins the stream so: hardly anything is learned.",
        is_done=lambda settings: not settings.has_automatic_sigma and settings.sigma <= 0.1,
        shown={"has_automatic_sigma": False, "sigma": 0.01},
        starts_anew=True,
        tell=tell_count,
    ),
    Lesson(
        setting="n_prototypes",
        title="Prototypes K",
        text="K is how many circles are kept; nothing else of the stream is remembered. When a new "
        "one is needed and all K are taken, two become one.",
        task="Move K to 4 or below, fewer than there are clusters, and watch them share circles. "
        "Several times their number is a good choice.",
        is_done=lambda settings: settings.n_prototypes <= 4,
        shown={"n_prototypes": 3},
        tell=tell_prototypes,
    ),
    Lesson(
        setting="noise",
        title="Noise",
        text="Real streams hold points that belong nowhere. Noise is the share of points strewn "
        "evenly over the whole area, from now on.",
        task="Move Noise to 0.2 or more: the strewn points turn grey. The clusters are still "
        "found, and now and then a false one for a while.",
        is_done=lambda settings: settings.noise >= 0.2,
        shown={"noise": 0.3},
        tell=tell_noise,
    ),
    Lesson(
        setting="drop_singletons",
        title="Drop singleton clusters",
        text="A strewn point may become a circle that hardly another point supports: a singleton. "
        "While the switch is on, it is called noise. Here is some noise again, to see it.",
        task="Switch it off: each singleton is a cluster of its own. Switch it on, and they are "
        "gone at once.",
        is_done=lambda settings: not settings.drop_singletons,
        shown={"drop_singletons": False},
        scene={"noise": 0.2},
        tell=tell_noise,
    ),
    Lesson(
        setting="half_life",
        title="Drift, and memory",
        text="Now the clusters circle slowly, and nothing is forgotten: circles trail behind. The "
        "half-life is after how many points what was learned counts half.",
        task="When they lag, move Memory to 250 points or below and watch them catch up. Automatic "
        "memory does so by itself.",
        is_done=lambda settings: not settings.has_automatic_half_life and settings.half_life <= 250,
        shown={"has_automatic_half_life": False, "half_life": 100.0},
        scene={
            "generator": "drifting",
            "has_automatic_half_life": False,
            "half_life": float("inf"),
            "points_per_s": 1000.0,
        },
        tell=tell_lag,
        watch=watch_lag,
    ),
)
