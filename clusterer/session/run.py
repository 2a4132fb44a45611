"""A run: one source streaming into one model. It knows no threads; the engine drives it."""

import json
import sys
import time
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.prototypes.parameters import PARAMETER_NAMES, check_parameters
from clusterer.cluster.snapshot import Snapshot
from clusterer.evaluation.baselines import BaselineSettings
from clusterer.evaluation.comparison import Comparison, ComparisonRun
from clusterer.evaluation.metrics import QualityMetrics, measure_quality
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import Frame, ViewRequest
from clusterer.session.recent_points import N_MEASURED, RecentPoints
from clusterer.session.recipe import Recipe
from clusterer.session.recording import NO_LINKS, Event, RecordedState, Recorder, Recording, pack
from clusterer.session.run_export import RunExport
from clusterer.session.tracking import ClusterTracker, map_labels
from clusterer.stream import Source

N_EXACT = 5_000
"""Windows up to this length are drawn point by point, longer ones as an image."""

N_ON_IMAGE = 2_000
"""Points drawn on top of the image: the newest ones."""

N_ON_RECORD = 500
"""Points kept with each moment of the recording."""

FURTHEST = float(np.finfo(np.float32).max)


class Run:
    """Source → chunk → model → frame, one chunk at a time.

    Parameters
    ----------
    source : where the points come from
    model : its parameters are taken over; what it has learned is not
    scaling : from the source's units to the model's, default none
    window_length : points kept for the eye, default 2 000
    number : tells this run from others
    """

    can_branch = True
    """Whether the run can continue from a recorded state."""

    def __init__(
        self,
        source: Source,
        model: OnlineClusterer,
        *,
        scaling: Scaling | None = None,
        window_length: int = 2_000,
        number: int = 0,
    ) -> None:
        self.source = source
        self.model: OnlineClusterer = clone(model)
        self.scaling = scaling or Scaling.identity(source.n_features)
        self.recent_points = RecentPoints(source.n_features, window_length)
        self.recipe = Recipe(self.model.get_params(), noise=source.noise, scaling=self.scaling)
        self.number = number
        self.is_finished = False
        self.tracker = ClusterTracker()
        self.recorder = Recorder()
        self.comparison_run: ComparisonRun | None = None

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.recent_points.window.n_pushed

    @property
    def max_chunk_size(self) -> int:
        """Most points to learn between two checks for commands."""
        run = self.comparison_run
        return sys.maxsize if run is None else run.max_chunk_size

    def advance(self, n: int) -> int:
        """Learn up to n points; returns how many there were. Raises what the source raises."""
        points, classes = self.source.take(n)
        is_short = len(points) < n and not self.source.is_waiting
        self.is_finished = is_short or self.source.exhausted
        if len(points):
            self._follow_scaling(points)
            spent_s = self._learn(points)
            self.recent_points.push(points, classes)
            if self.comparison_run is not None:
                self.comparison_run.learn(points, classes, spent_s)
        return len(points)

    def _follow_scaling(self, points: NDArray) -> None:
        before, self.scaling = self.scaling, self.scaling.follow(points)
        now = self.scaling
        if now.scales is before.scales:
            return
        self.recipe.note(self.n_seen, "scaling", now)
        if self.n_seen:
            self.model.change_units(*now.take_over(before))

    def _learn(self, points: NDArray[np.float64]) -> float:
        scaled = self.scaling.apply(points)
        start = time.perf_counter()
        try:
            self.model.partial_fit(scaled)
        except BaseException:
            # The source has given points that were not learned: no script would lose just those.
            self.recipe.is_exact = False
            raise
        return time.perf_counter() - start

    def measure(self) -> QualityMetrics | None:
        """How good the clusters are on the last points, in the model's units; None without any."""
        points = self.scaling.apply(self.recent_points.window.last(N_MEASURED))
        if not len(points):
            return None
        clusters = self.model.predict(points)
        classes = self.recent_points.classes(len(points))
        if classes is None:
            return measure_quality(points, clusters)
        return measure_quality(points[-len(classes) :], clusters[-len(classes) :], classes)

    def set_baseline(self, challenge: BaselineSettings | None) -> None:
        """Let a peer in, or None out. It learns from now on, in the units of now."""
        self.comparison_run = None
        if challenge is not None:
            peer = challenge.make(self.model.get_params())
            self.comparison_run = ComparisonRun(challenge, peer, self.scaling)

    def compare(self) -> Comparison | None:
        """Ours and the peer on the last points that both learned; None if there are none."""
        comparison_run = self.comparison_run
        if comparison_run is None or not len(comparison_run.points):
            return None
        snapshot = self.model.snapshot()
        self._identify(snapshot)
        labels = self._label_points(comparison_run.points)
        return comparison_run.compare(labels, self.tracker.colors, self.n_seen)

    def record(self) -> None:
        """Add the present moment to the recording."""
        if not self.n_seen:
            return
        snapshot = self.model.snapshot()
        clusters, colors = self._identify(snapshot)
        points = self.recent_points.window.last(N_ON_RECORD).copy()
        self.recorder.add(
            RecordedState(
                snapshot=replace(snapshot, links=NO_LINKS),
                centers=self.scaling.undo(snapshot.centers),
                points=np.clip(points, -FURTHEST, FURTHEST).astype(np.float32),
                point_clusters=shrink(self._label_points(points)),
                clusters=clusters,
                colors=colors,
                parameters=self.parameters,
                packed_model=pack(self.model),
                tracker_json=json.dumps(self.tracker.to_dict()),
                scaling=self.scaling,
            )
        )

    @property
    def recording(self) -> Recording:
        """What has been recorded; it does not change when more is."""
        return self.recorder.recording

    @property
    def parameters(self) -> dict[str, Any]:
        """The model's parameters in force, and the source's noise if it has any."""
        parameters = self.model.get_params()
        if self.source.noise is not None:
            parameters["noise"] = self.source.noise
        return parameters

    def _identify(self, snapshot: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        clusters = self.tracker.update(snapshot.ids, snapshot.labels, snapshot.weights)
        for kind, cluster, other in self.tracker.changes:
            self.recorder.note(Event(snapshot.n_seen, kind, cluster, other))
        return clusters, map_labels(clusters, self.tracker.colors)

    def _label_points(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Lasting cluster ids (n,) of points (n, d) in the units of the data.

        The tracker must know the labels of the present snapshot.
        """
        if not len(points):
            return np.empty(0, dtype=np.int64)
        return map_labels(self.model.predict(self.scaling.apply(points)), self.tracker.label_ids)

    def _take_snapshot(self) -> Snapshot:
        return self.model.snapshot() if self.n_seen else Snapshot.empty(self.source.n_features)

    def make_frame(
        self,
        view_request: ViewRequest,
        *,
        points_per_s: float = 0.0,
        is_playing: bool = False,
        message: str = "",
        measures: QualityMetrics | None = None,
    ) -> Frame:
        """The present moment as the views draw it."""
        view_request = self.recent_points.add_projection(view_request, self.scaling)
        snapshot = self._take_snapshot()
        clusters, colors = self._identify(snapshot)
        n_in_window = len(self.recent_points.window)
        is_long = n_in_window > N_EXACT
        points = self.recent_points.window.last(N_ON_IMAGE if is_long else N_EXACT).copy()
        point_clusters = self._label_points(points)
        return Frame(
            run=self.number,
            view_request=view_request,
            snapshot=snapshot,
            centers=self.scaling.undo(snapshot.centers),
            center_clusters=clusters,
            center_colors=colors,
            points=points,
            point_clusters=point_clusters,
            point_colors=map_labels(point_clusters, self.tracker.colors),
            bounds=self.recent_points.bounds if self.source.bounds is None else self.source.bounds,
            image=self.recent_points.draw_image(view_request) if is_long else None,
            n_in_window=n_in_window,
            points_per_s=points_per_s,
            is_playing=is_playing,
            is_finished=self.is_finished,
            message=message,
            measures=measures,
        )

    def set(self, name: str, value: Any) -> None:
        """Change a live parameter: ``noise``, ``window_length`` or one of the model's.

        Raises ValueError, and leaves things as they were, when the value is not allowed.
        """
        if name == "window_length":
            self.recent_points.resize(value)
            return
        before = self.parameters
        if name == "noise":
            # A table has the noise it has.
            if "noise" in before and before["noise"] != value:
                self.source.noise = value
        else:
            known = self.model.get_params()
            if name not in known:
                raise ValueError(f"there is no parameter {name!r}; there are: {', '.join(known)}")
            parameters = known | {name: value}
            check_parameters(*(parameters[each] for each in PARAMETER_NAMES))
            if before[name] != value:
                self.model.set_params(**{name: value})
                if name == "n_prototypes" and self.n_seen:
                    # At once, since K may rise again before the next point.
                    self.model.merge_excess()
        self._note_changes(before, name)

    def _note_changes(self, before: dict[str, Any], *names: str) -> None:
        now = self.parameters
        for name in names:
            if name in now and now[name] != before[name]:
                self.recipe.note(self.n_seen, name, now[name])
                event = Event(
                    self.n_seen, "changed", name=name, before=before[name], after=now[name]
                )
                self.recorder.note(event)

    def export_run(self) -> RunExport:
        """All that can be exported of the present moment, in copies of its own."""
        snapshot = self._take_snapshot()
        clusters, _ = self._identify(snapshot)
        points = self.recent_points.window.last(len(self.recent_points.window)).copy()
        return RunExport(
            source=self.source.preserve(),
            scaling=self.scaling,
            model=deepcopy(self.model),
            snapshot=snapshot,
            center_clusters=clusters,
            label_ids=dict(self.tracker.label_ids),
            points=points,
            classes=self.recent_points.classes(len(points)),
            class_names=self.source.class_names,
            recipe=self.recipe.copy(),
        )


def shrink(clusters: NDArray[np.int64]) -> NDArray[np.signedinteger]:
    """Return cluster ids in the smallest signed type that holds them.

    >>> shrink(np.array([-1, 3])).dtype
    dtype('int8')
    """
    largest = clusters.max(initial=0)
    return clusters.astype(np.result_type(np.min_scalar_type(-1 - largest), np.int8))
