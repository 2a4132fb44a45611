"""A run: one source streaming into one model. It knows no threads; the engine drives it."""

import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .contests import Comparison, Contest
from .estimator import OnlineClusterer
from .frames import Frame, Look
from .identities import Identities
from .images import count_cells, shade
from .peers import Challenge
from .recordings import Event, Moment, Recorder, Recording
from .scalings import Scaling
from .snapshots import Snapshot
from .sources import Source
from .validation import check_settings
from .windows import Window

N_EXACT = 5_000
"""Windows up to this length are drawn point by point, longer ones as an image."""

N_ON_IMAGE = 2_000
"""Points drawn on top of the image: the newest ones."""

N_ON_RECORD = 500
"""Points kept with each moment of the recording."""

NO_COLOR = -1
CHECKED = ("n_prototypes", "sigma", "half_life", "update", "merge")


def copy_model(model: OnlineClusterer) -> OnlineClusterer:
    """One that goes on bit for bit alike, and apart; it holds no points."""
    return clone(model).absorb(model)


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
        self.window = Window(source.n_features, window_length)
        self.number = number
        self.is_finished = False
        self._identities = Identities()
        self._bounds: NDArray[np.float64] = np.empty((0, source.n_features))
        self._recorder = Recorder()
        self.contest: Contest | None = None

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.window.n_pushed

    def advance(self, n: int) -> int:
        """Learn up to n points; returns how many there were. Raises what the source raises."""
        points, classes = self.source.take(n)
        self.is_finished = len(points) < n or self.source.exhausted
        if len(points):
            scaled = self.scaling.apply(points)
            start = time.perf_counter()
            self.model.partial_fit(scaled)
            spent_s = time.perf_counter() - start
            self._show(points)
            if self.contest is not None:
                self.contest.follow(points, scaled, classes, spent_s)
        return len(points)

    def _show(self, points: NDArray) -> None:
        self.window.push(points)
        seen = np.concatenate([self._bounds, points])
        self._bounds = np.stack([seen.min(axis=0), seen.max(axis=0)])

    @property
    def n_at_once(self) -> int:
        """Most points to be learned between two looks at the controls."""
        return self.contest.n_at_once if self.contest is not None else sys.maxsize

    def meet(self, challenge: Challenge | None) -> None:
        """Let a peer in, or None out. It learns what is learned from now on."""
        self.contest = None
        if challenge is not None:
            peer = challenge.make(self.model.get_params())
            self.contest = Contest(challenge, peer, self.source.n_features)

    def compare(self) -> Comparison | None:
        """Ours and the peer on the last points that both learned; None if there are none."""
        contest = self.contest
        if contest is None or not len(contest.scaled):
            return None
        snapshot = self.model.snapshot()
        clusters, _ = self._identify(snapshot)
        labels = clusters[self.model.find_nearest(contest.scaled)]
        return contest.judge(labels, self._identities.colors, self.n_seen)

    def record(self) -> None:
        """Add the present moment to the recording."""
        if not self.n_seen:
            return
        snapshot = self.model.snapshot()
        clusters, colors = self._identify(snapshot)
        points = self.window.last(N_ON_RECORD).copy()
        self._recorder.add(
            Moment(
                snapshot=snapshot,
                centers=self.scaling.undo(snapshot.centers),
                points=points.astype(np.float32),
                point_slots=self.model.find_nearest(self.scaling.apply(points)),
                clusters=clusters,
                colors=colors,
                parameters=self._parameters(),
                model=copy_model(self.model),
                identities=self._identities.copy(),
            )
        )

    @property
    def recording(self) -> Recording:
        """What has been recorded; it does not change when more is."""
        return self._recorder.recording

    def _parameters(self) -> dict[str, Any]:
        parameters = self.model.get_params()
        if hasattr(self.source, "noise"):
            parameters["noise"] = self.source.noise
        return parameters

    def _identify(self, snapshot: Snapshot) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        clusters = self._identities.update(snapshot.ids, snapshot.labels, snapshot.weights)
        for kind, cluster, other in self._identities.changes:
            self._recorder.note(Event(snapshot.n_seen, kind, cluster, other))
        palette = self._identities.colors
        colors = np.array([palette.get(i, NO_COLOR) for i in clusters.tolist()], dtype=np.int64)
        return clusters, colors

    def frame(
        self, look: Look, *, points_per_s: float = 0.0, is_playing: bool = False, message: str = ""
    ) -> Frame:
        """The present moment as the views draw it."""
        n_features = self.source.n_features
        snapshot = self.model.snapshot() if self.n_seen else Snapshot.empty(n_features)
        clusters, colors = self._identify(snapshot)
        is_long = len(self.window) > N_EXACT
        points = self.window.last(N_ON_IMAGE if is_long else N_EXACT).copy()
        slots = (
            self.model.find_nearest(self.scaling.apply(points)) if self.n_seen else np.empty(0, int)
        )
        return Frame(
            run=self.number,
            look=look,
            snapshot=snapshot,
            centers=self.scaling.undo(snapshot.centers),
            center_clusters=clusters,
            center_colors=colors,
            points=points,
            point_clusters=clusters[slots],
            point_colors=colors[slots],
            bounds=self._bounds if self.source.bounds is None else self.source.bounds,
            image=self._draw_image(look) if is_long else None,
            n_in_window=len(self.window),
            points_per_s=points_per_s,
            is_playing=is_playing,
            is_finished=self.is_finished,
            message=message,
        )

    def _draw_image(self, look: Look) -> NDArray[np.uint8] | None:
        if look.box is None:
            return None
        return shade(count_cells(*look.project(self.window.last(self.window.length)), look.box))

    def set(self, name: str, value: Any) -> None:
        """Change a live parameter: ``noise``, ``window_length`` or one of the model's.

        Raises ValueError, and leaves things as they were, when the value is not allowed.
        """
        before = self._parameters().get(name, value)
        self._change(name, value)
        after = self._parameters().get(name, value)
        if after != before:
            self._recorder.note(
                Event(self.n_seen, "changed", name=name, before=before, after=after)
            )

    def _change(self, name: str, value: Any) -> None:
        if name == "window_length":
            self.window.resize(value)
        elif name == "noise":
            # A table has the noise it has.
            if hasattr(self.source, "noise"):
                self.source.noise = value
        else:
            parameters = self.model.get_params() | {name: value}
            check_settings(*(parameters[known] for known in CHECKED))
            self.model.set_params(**{name: value})

    def restart(self, number: int) -> "Run":
        """A new run over the same source from its first point, with the parameters of now."""
        self.source.rewind()
        run = Run(
            self.source,
            self.model,
            scaling=self.scaling,
            window_length=self.window.length,
            number=number,
        )
        run._recorder.note(Event(0, "reset"))
        return run

    def branch(self, moment: Moment, number: int) -> "Run":
        """A new run that goes on from a moment of this one, with the parameters of now.

        Restored exactly are the model, the clusters' ids and colours, the recording up to there
        and the source's position: with the parameters of then, it goes on bit for bit as this
        run did. The window is filled with the points before the moment as the source gives them
        again, with the noise of the moment, so it differs where the noise was changed within it.

        Raises what the source raises when it cannot start again, and ValueError if it has fewer
        points than it had.
        """
        self.source.rewind()
        run = Run(
            self.source,
            self.model,
            scaling=self.scaling,
            window_length=self.window.length,
            number=number,
        )
        run._bounds = self._bounds
        run._refill(moment)
        run.model = copy_model(moment.model).set_params(**self.model.get_params())
        run._identities = moment.identities.copy()
        run._recorder = self._recorder.fork(moment.n_seen)
        run._recorder.add(moment)
        run._recorder.note(Event(moment.n_seen, "branched"))
        return run

    def _refill(self, moment: Moment) -> None:
        noise = getattr(self.source, "noise", None)
        if noise is not None:
            self.source.noise = moment.parameters["noise"]  # type: ignore[attr-defined]
        n_shown = min(moment.n_seen, self.window.length)
        n_skipped = self.source.skip(moment.n_seen - n_shown)
        points = self.source.take(n_shown).points
        if noise is not None:
            self.source.noise = noise  # type: ignore[attr-defined]
        if n_skipped + len(points) < moment.n_seen:
            raise ValueError(
                f"{self.source.name} has only {n_skipped + len(points)} points now, so the run "
                f"can't go on after {moment.n_seen}. Reset starts it again."
            )
        self._show(points)
        self.window.n_pushed = moment.n_seen
