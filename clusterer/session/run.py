"""A run: one source that streams into one model. It knows no threads; the engine drives it."""

import json
import sys
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from clusterer.base import Classifier, Decidable, Learner, PointScorer, Snapshot
from clusterer.evaluation.baselines import BaselineSettings
from clusterer.evaluation.classification.companion import Classification, CompanionClassifier
from clusterer.evaluation.classification.prequential import N_WINDOW
from clusterer.evaluation.classification.settings import ClassifierSettings, list_changes
from clusterer.evaluation.comparison import Comparison, ComparisonRun
from clusterer.evaluation.metrics import QualityMetrics, measure_quality
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import Frame, ViewRequest
from clusterer.session.recent_points import N_MEASURED, RecentPoints
from clusterer.session.recipe import CUT, MERGE, SPLIT, MadeDecision, Recipe
from clusterer.session.recording import NO_LINKS, Event, RecordedState, Recorder, Recording, pack
from clusterer.session.run_export import RunExport
from clusterer.session.tracking import ClusterTracker, map_labels
from clusterer.stream import Source

MAX_EXACT = 5_000
"""Windows up to this length are drawn point by point, longer windows as an image."""

N_ON_IMAGE = 2_000
"""Number of newest points that are drawn on top of the image."""

N_RECORDED = 500
"""Number of points in each recorded state."""

MIN_TRACK_GAP, N_TRACK_GAPS = 50, 20
"""Clusters are tracked, and a state is due, every 50 points, and after 2,000 points at least 20
times while the number of points doubles: at the same points in each run of a stream, whenever
frames are made. So views over time show also a table that is learned in a moment."""

MAX_FLOAT32 = float(np.finfo(np.float32).max)


class Run:
    """Pass points from a source to a model, chunk by chunk, and make frames of the result.

    Parameters
    ----------
    source : where the points come from
    model : its class and parameters are used, but not what it has learned
    scaling : from the units of the source to the units of the model, default none
    window_length : number of last points kept for the views, default 2 000
    number : distinguishes this run from others, default 0
    """

    can_branch = True
    """Whether the run can continue from a recorded state."""

    can_classify = True
    """Whether a classifier can learn beside the model."""

    def __init__(
        self,
        source: Source,
        model: Learner,
        *,
        scaling: Scaling | None = None,
        window_length: int = 2_000,
        number: int = 0,
    ) -> None:
        self.source = source
        self.model: Learner = clone(model)
        self.scaling = scaling or Scaling.identity(source.n_features)
        self.recent_points = RecentPoints(source.n_features, window_length)
        self.recipe = Recipe(self.model.get_params(), noise=source.noise, scaling=self.scaling)
        self.number = number
        self.is_finished = False
        self.tracker = ClusterTracker()
        self._is_track_due = False
        self.recorder = Recorder()
        self.comparison_run: ComparisonRun | None = None
        self.companion: CompanionClassifier | None = None

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.recent_points.window.n_pushed

    @property
    def tracker(self) -> ClusterTracker:
        """The ids, colours and names of the clusters shown last."""
        return self._tracker

    @tracker.setter
    def tracker(self, tracker: ClusterTracker) -> None:
        self._tracker = self._lasting_tracker = tracker

    @property
    def lasting_tracker(self) -> ClusterTracker:
        """The ids, colours and names from which the next tracking goes on; see `_identify`."""
        if self._is_track_due:
            self._identify(self._take_snapshot())
        return self._lasting_tracker

    @property
    def max_chunk_size(self) -> int:
        """Most points to learn between two checks for commands."""
        others = (self.comparison_run, self.companion)
        limits = [each.max_chunk_size for each in others if each is not None]
        return min([self.n_to_record if self.n_to_record > 0 else sys.maxsize, *limits])

    @property
    def n_to_record(self) -> int:
        """Number of points until a state is due by the number of points; 0 or less if it is due."""
        return find_next_track(self.recorder.n_seen) - self.n_seen

    def advance(self, n: int) -> int:
        """Learn up to n points; return the number of points learned.

        Raises what the source and the model raise.
        """
        n_learned = 0
        while n_learned < n:
            n_wanted = min(n - n_learned, find_next_track(self.n_seen) - self.n_seen)
            points, classes = self.source.take(n_wanted)
            is_short = len(points) < n_wanted and not self.source.is_waiting
            self.is_finished = is_short or self.source.exhausted
            if len(points):
                spent_s = self._learn(points, classes)
                self.recent_points.push(points, classes)
                n_learned += len(points)
                if find_next_track(self.n_seen - 1) == self.n_seen:
                    self._is_track_due = True
                    self._identify(self.model.snapshot())
                if self.comparison_run is not None:
                    self.comparison_run.learn(points, classes, spent_s)
            if len(points) < n_wanted:
                break
        return n_learned

    def _follow_scaling(self, points: NDArray) -> None:
        before, now = self.scaling, self.scaling.follow(points)
        if now.scales is not before.scales:
            if self.n_seen:
                # First, because it raises if the numbers become too large.
                self.model.change_units(*now.take_over(before))
                if self.companion is not None:
                    self.companion.change_units(*now.take_over(before))
            self.recipe.note(self.n_seen, "scaling", now)
        self.scaling = now

    def _learn(self, points: NDArray[np.float64], classes: NDArray[np.int64] | None) -> float:
        """Learn points in the units of the data; return the seconds that it took."""
        try:
            self._follow_scaling(points)
            scaled = self.scaling.apply(points)
            start = time.perf_counter()
            self.model.learn_chunk(scaled, classes)
            spent_s = time.perf_counter() - start
            self._teach(scaled, classes)
        except BaseException:
            # The source has returned points that were not learned; no script could repeat that.
            self.recipe.is_exact = False
            raise
        return spent_s

    def _teach(self, points: NDArray[np.float64], classes: NDArray[np.int64] | None) -> None:
        """Let the classifier learn a chunk, in the units of the model; clusters may teach it."""
        companion = self.companion
        if companion is None or not companion.settings.is_learning:
            return
        companion.teacher = companion.settings.teacher
        if classes is None or companion.teacher == "clusters":
            companion.teacher, classes = "clusters", self.model.predict(points)
        companion.learn(points, classes)

    def measure(self) -> QualityMetrics | None:
        """Return the quality of the clusters on the last points, in the units of the model.

        None before the first point.
        """
        points = self.scaling.apply(self.recent_points.window.last(N_MEASURED))
        if not len(points):
            return None
        clusters = self.model.predict(points)
        classes = self.recent_points.classes(len(points))
        if classes is None:
            return measure_quality(points, clusters)
        return measure_quality(points[-len(classes) :], clusters[-len(classes) :], classes)

    def set_baseline(self, settings: BaselineSettings | None) -> None:
        """Let a baseline learn from now on, in the present units; None removes it."""
        self.comparison_run = None
        if settings is not None:
            baseline = settings.make(self.model)
            self.comparison_run = ComparisonRun(settings, baseline, self.scaling)

    def compare(self) -> Comparison | None:
        """Compare the model with the baseline on the last points that both have learned.

        Returns None if there are no such points.
        """
        comparison_run = self.comparison_run
        if comparison_run is None or not len(comparison_run.points):
            return None
        self._identify(self._take_snapshot())
        labels = self._label_points(comparison_run.points)
        return comparison_run.compare(labels, self.tracker.colors, self.n_seen)

    def set_classifier(self, settings: ClassifierSettings | None) -> None:
        """Let a classifier learn beside the model from now on; None removes it.

        The present classifier goes on with the new settings unless they name another kind or
        another teacher. A classifier that does not learn at present keeps what it has learned.
        """
        companion = self.companion
        before = None if companion is None else companion.settings
        is_needless = companion is None and settings is not None and not settings.is_learning
        if settings == before or is_needless or not self.can_classify:
            return
        if settings is None:
            self.companion = None
        elif companion is None or not settings.continues(companion.settings):
            self.companion = CompanionClassifier(settings)
            self.companion.set_peer("" if companion is None else companion.peer)
        else:
            companion.change(settings)
        value = None if settings is None else settings.to_dict()
        self.recipe.note(self.n_seen, "classifier", value)
        for name, old, new in list_changes(before, settings):
            if name != "is_learning":
                event = Event(
                    self.n_seen, "changed", name=f"classifier_{name}", before=old, after=new
                )
                self.recorder.note(event)

    def set_peer(self, key: str) -> None:
        """Test a peer of the classifier on the same points from now on; "" removes it."""
        if self.companion is not None:
            self.companion.set_peer(key)

    def classify(self) -> Classification | None:
        """Return the classifier with its tests and the last points; None without a classifier."""
        if self.companion is None:
            return None
        if self.companion.teacher == "clusters" and self.n_seen:
            self._identify(self._take_snapshot())
        return self._take_classification(self.recent_points.window.last(N_WINDOW).copy())

    def _take_classification(self, points: NDArray[np.floating]) -> Classification | None:
        """Call `_identify` first, so that the tracker knows the present clusters."""
        if self.companion is None:
            return None
        colors: dict[int, int] = {}
        names = dict(enumerate(self.source.class_names or ()))
        if self.companion.teacher == "clusters":
            ids = self.tracker.label_ids
            colors = {label: self.tracker.colors[i] for label, i in ids.items()}
            names = {label: self.tracker.names.get(i, f"cluster {i}") for label, i in ids.items()}
        return self.companion.take(points, self.scaling, colors, names)

    def record(self) -> None:
        """Add the present state to the recording."""
        if not self.n_seen:
            return
        snapshot = self._take_snapshot()
        clusters, colors = self._identify(snapshot)
        points = self.recent_points.window.last(N_RECORDED).copy()
        shown = np.clip(points, -MAX_FLOAT32, MAX_FLOAT32).astype(np.float32)
        self.recorder.add(
            RecordedState(
                snapshot=replace(snapshot, links=NO_LINKS),
                centers=self.scaling.undo(snapshot.centers),
                points=shown,
                point_clusters=shrink(self._label_points(points)),
                clusters=clusters,
                colors=colors,
                parameters=self.parameters,
                packed_model=pack(self.model),
                tracker_json=json.dumps(self._lasting_tracker.to_dict()),
                scaling=self.scaling,
                classification=self._take_classification(shown),
                point_classes=self._record_classes(len(points)),
                decisions=self.recipe.decisions,
                n_decided=self.recipe.n_decided,
            )
        )

    def _record_classes(self, n_points: int) -> NDArray[np.signedinteger] | None:
        classes = self.recent_points.classes(n_points)
        return None if classes is None else shrink(classes)

    @property
    def recording(self) -> Recording:
        """The recording so far; it is immutable."""
        return self.recorder.recording

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters in force: those of the model, the noise of the source, the classifier.

        The noise is left out if it cannot be set, the classifier if there is none.
        """
        parameters = self.model.get_params()
        if self.source.noise is not None:
            parameters["noise"] = self.source.noise
        if self.companion is not None:
            parameters["classifier"] = self.companion.settings.to_dict()
        return parameters

    def _identify(self, snapshot: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the lasting cluster ids (m,) and the colours (m,) of the prototypes.

        The next tracking forgets what is found between two trackings. Otherwise ids and colours
        would depend on the times of the frames, and a run with the same seed would get others.
        """
        tracker = self._lasting_tracker.copy()
        clusters = tracker.update(snapshot.ids, snapshot.labels, snapshot.weights)
        if isinstance(self.model, Classifier) and self.model.__sklearn_is_fitted__():
            tracker.number_labels(self.model.classes_)
        self._tracker = tracker
        if self._is_track_due:
            self._is_track_due = False
            self._lasting_tracker = tracker
            for kind, cluster, other in tracker.changes:
                self.recorder.note(Event(snapshot.n_seen, kind, cluster, other))
        return clusters, map_labels(clusters, tracker.colors)

    def _label_points(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the lasting cluster ids (n,) of points (n, d) in the units of the data.

        Call `_identify` first, so that the tracker knows the present labels.
        """
        if not len(points):
            return np.empty(0, dtype=np.int64)
        labels = self.model.predict(self.scaling.apply(points))
        return map_labels(labels, self.tracker.label_ids)

    def _take_snapshot(self) -> Snapshot:
        if not self.n_seen:
            return Snapshot.empty(self.source.n_features)
        snapshot = self.model.snapshot()
        # A classifier may count only points of known class.
        is_classifier = isinstance(self.model, Classifier)
        return replace(snapshot, n_seen=self.n_seen) if is_classifier else snapshot

    def make_frame(
        self,
        view_request: ViewRequest,
        *,
        points_per_s: float = 0.0,
        is_playing: bool = False,
        message: str = "",
        measures: QualityMetrics | None = None,
    ) -> Frame:
        """Return everything that the views draw of the present state."""
        view_request = self.recent_points.add_projection(view_request, self.scaling)
        snapshot = self._take_snapshot()
        clusters, colors = self._identify(snapshot)
        n_in_window = len(self.recent_points.window)
        is_long = n_in_window > MAX_EXACT
        points = self.recent_points.window.last(N_ON_IMAGE if is_long else MAX_EXACT).copy()
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
            scaling=self.scaling,
            cluster_names=self.tracker.names,
            point_classes=self.recent_points.classes(len(points))
            if view_request.has_classes
            else None,
            class_names=self.source.class_names if view_request.has_classes else None,
            point_scores=score_points(self.model, self.scaling, points)
            if view_request.has_scores
            else None,
            decisions=self.recipe.decisions,
            can_decide=self.can_decide,
        )

    @property
    def can_decide(self) -> bool:
        """Whether people can decide about the clusters."""
        return self.can_branch and isinstance(self.model, Decidable)

    def decide(self, kind: str, *, clusters: Sequence[int] = (), threshold: float = 0.0) -> None:
        """Merge or split clusters, cut the dendrogram, or undo the last decision.

        Parameters
        ----------
        kind : "merge", "split", "cut" or "undo"
        clusters : sequence of int
            Lasting ids of the clusters to merge, or of the one to split.
        threshold : float
            Where to cut the dendrogram, see `OnlineClusterer.cut_dendrogram`.

        Raises
        ------
        ValueError
            If the decision is not possible, for example because a cluster has ended. The run is
            unchanged then.
        """
        model = self.model
        if not isinstance(model, Decidable) or not self.can_decide or not self.n_seen:
            raise ValueError("There are no clusters to decide about.")
        tracker, snapshot = self.lasting_tracker, self._take_snapshot()
        self._identify(snapshot)
        labels = self._find_labels(clusters)
        if kind == MERGE:
            if len(labels) < 2:
                raise ValueError("Choose two clusters or more to merge.")
            model.merge_clusters(*labels)
            tracker.note_decision(clusters)
        elif kind == SPLIT:
            if len(labels) != 1:
                raise ValueError("Choose one cluster to split.")
            model.split_cluster(*labels)
            tracker.note_decision(())
        elif kind == CUT:
            model.cut_dendrogram(threshold)
            tracker.note_decision([*tracker.colors])
        else:
            model.undo_decision()
            tracker.undo_decision()
        prototypes = tuple(_find_heaviest(snapshot, label) for label in labels)
        decision = MadeDecision(kind, self.n_seen, tuple(clusters), prototypes, float(threshold))
        self._is_track_due = True
        self.recipe.note_decision(decision)
        text = decision.describe(tracker.names)
        self.recorder.note(Event(self.n_seen, "decided", name=text))
        self._identify(self._take_snapshot())

    def _find_labels(self, clusters: Sequence[int]) -> list[int]:
        """The model's labels of clusters by their lasting ids, in the present tracking."""
        labels = {cluster: label for label, cluster in self.tracker.label_ids.items()}
        for each in clusters:
            if each not in labels:
                raise ValueError(f"Cluster {each} is not there any more.")
        return [labels[each] for each in clusters]

    def name_cluster(self, cluster: int, name: str) -> None:
        """Name a cluster by its lasting id; see `ClusterTracker.name_cluster`."""
        self._tracker.name_cluster(cluster, name)
        # The cluster with the name must last.
        self._lasting_tracker = self._tracker

    def set(self, name: str, value: Any) -> None:
        """Change a live parameter: ``noise``, ``window_length`` or a parameter of the model.

        Raises ValueError, and changes nothing, if the name or the value is not allowed.
        """
        if name == "window_length":
            self.recent_points.resize(value)
            return
        before = self.parameters
        if name == "noise":
            # A source without noise, such as a table, ignores the slider of the noise.
            if "noise" in before and before["noise"] != value:
                self.source.noise = value
        else:
            self.model.change_parameters(**{name: value})
        self._note_change(before, name)

    def _note_change(self, before: dict[str, Any], name: str) -> None:
        now = self.parameters
        if name in now and now[name] != before[name]:
            self._is_track_due |= self.n_seen > 0
            self.recipe.note(self.n_seen, name, now[name])
            self.recorder.note(
                Event(self.n_seen, "changed", name=name, before=before[name], after=now[name])
            )

    def export_run(self) -> RunExport:
        """Return everything that can be exported of the present state, in independent copies."""
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
            cluster_names=dict(self.tracker.names),
            cluster_colors=dict(self.tracker.colors),
            points=points,
            classes=self.recent_points.classes(len(points)),
            class_names=self.source.class_names,
            recipe=self.recipe.copy(),
            classification=self._take_classification(points[-N_WINDOW:]),
        )


def _find_heaviest(snapshot: Snapshot, label: int) -> int:
    """The id of the prototype of a cluster with the most points, the first of equals."""
    members = np.flatnonzero(snapshot.labels == label)
    return int(snapshot.ids[members[np.argmax(snapshot.counts[members])]])


def find_next_track(n_seen: int) -> int:
    """Return the next number of points, after ``n_seen``, at which clusters are tracked.

    >>> find_next_track(0), find_next_track(50), find_next_track(5_000)
    (50, 100, 5200)
    """
    gap = MIN_TRACK_GAP
    while N_TRACK_GAPS * gap * 2 <= n_seen:
        gap *= 2
    return (n_seen // gap + 1) * gap


def score_points(
    model: Learner, scaling: Scaling, points: NDArray[np.floating]
) -> NDArray[np.float64] | None:
    """Return the logarithm (n,) of the density at points (n, d) in the units of the data.

    None if the model cannot tell it, or has learned nothing.

    >>> from clusterer import OnlineClusterer
    >>> model = OnlineClusterer(50).fit(np.random.default_rng(0).normal(size=(2000, 1)))
    >>> near, far = score_points(model, Scaling.identity(1), np.array([[0.0], [5.0]]))
    >>> bool(near > far)
    True
    """
    if not isinstance(model, PointScorer) or not model.__sklearn_is_fitted__():
        return None
    return model.score_samples(scaling.apply(points)) if len(points) else np.empty(0)


def shrink(clusters: NDArray[np.int64]) -> NDArray[np.signedinteger]:
    """Return cluster ids in the smallest signed type that holds them.

    >>> shrink(np.array([-1, 3])).dtype
    dtype('int8')
    """
    largest = clusters.max(initial=0)
    return clusters.astype(np.result_type(np.min_scalar_type(-1 - largest), np.int8))
