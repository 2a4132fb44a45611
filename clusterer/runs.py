"""A run: one source streaming into one model. It knows no threads; the engine drives it."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .estimator import OnlineClusterer
from .frames import Frame, Look
from .identities import Identities
from .images import count_cells, shade
from .measures import Measures, measure
from .projections import RunningProjection
from .recipes import Recipe
from .scalings import Scaling
from .snapshots import Snapshot
from .sources import Source
from .takeaways import Takeaway
from .validation import check_settings
from .windows import Window

N_EXACT = 5_000
"""Windows up to this length are drawn point by point, longer ones as an image."""

N_ON_IMAGE = 2_000
"""Points drawn on top of the image: the newest ones."""

N_MEASURED = 2_000
"""The last points that the clusters are judged by."""

N_FOR_TURN = 20
"""New points before the projection is looked at again."""

NO_COLOR = -1
CHECKED = ("n_prototypes", "sigma", "half_life", "update", "merge")


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
        self.recipe = Recipe(
            self.model.get_params(), noise=getattr(source, "noise", None), scaling=self.scaling
        )
        self.number = number
        self.is_finished = False
        # Classes are whole numbers that a float64 holds.
        self._classes: Window | None = None
        self._projection = RunningProjection(source.n_features)
        self._n_projected = 0
        self._identities = Identities()
        self._bounds: NDArray[np.float64] = np.empty((0, source.n_features))

    @property
    def n_seen(self) -> int:
        """Number of points learned."""
        return self.window.n_pushed

    def advance(self, n: int) -> int:
        """Learn up to n points; returns how many there were. Raises what the source raises."""
        points, classes = self.source.take(n)
        self.is_finished = len(points) < n or self.source.exhausted
        if len(points):
            self._follow_scaling(points)
            self._learn(points)
            self.window.push(points)
            self._keep_classes(classes)
            seen = np.concatenate([self._bounds, points])
            self._bounds = np.stack([seen.min(axis=0), seen.max(axis=0)])
        return len(points)

    def _follow_scaling(self, points: NDArray) -> None:
        before, self.scaling = self.scaling, self.scaling.follow(points)
        now = self.scaling
        if now.scales is before.scales:
            return
        self.recipe.note(self.n_seen, "scaling", now)
        if self.n_seen:
            self.model.change_units(*now.take_over(before))

    def _learn(self, points: NDArray[np.float64]) -> None:
        try:
            self.model.partial_fit(self.scaling.apply(points))
        except BaseException:
            # The source has given points that were not learned: no script would lose just those.
            self.recipe.is_exact = False
            raise

    def _keep_classes(self, classes: NDArray[np.int64] | None) -> None:
        if classes is not None:
            if self._classes is None:
                self._classes = Window(1, max(self.window.length, N_MEASURED))
            self._classes.push(classes[:, None])

    def measure(self) -> Measures | None:
        """How good the clusters are on the last points, in the model's units; None without any."""
        points = self.scaling.apply(self.window.last(N_MEASURED))
        if not len(points):
            return None
        clusters = self.model.predict(points)
        if self._classes is None:
            return measure(points, clusters)
        classes = self._classes.last(len(points))[:, 0].astype(np.int64)
        return measure(points[-len(classes) :], clusters[-len(classes) :], classes)

    def _turn(self, look: Look) -> Look:
        """The look with the projection that it needs."""
        if not look.is_projected:
            return look
        n_new = self.n_seen - self._n_projected
        view = self._projection.view
        if n_new >= N_FOR_TURN or (n_new and not view.number):
            points = self.window.last(n_new)
            view = self._projection.follow(points, self.scaling.offsets, self.scaling.scales)
            self._n_projected = self.n_seen
        return replace(look, projection=view)

    def frame(
        self,
        look: Look,
        *,
        points_per_s: float = 0.0,
        is_playing: bool = False,
        message: str = "",
        measures: Measures | None = None,
    ) -> Frame:
        """The present moment as the views draw it."""
        look = self._turn(look)
        n_features = self.source.n_features
        snapshot = self.model.snapshot() if self.n_seen else Snapshot.empty(n_features)
        clusters = self._identities.update(snapshot.ids, snapshot.labels, snapshot.weights)
        palette = self._identities.colors
        colors = np.array([palette.get(i, NO_COLOR) for i in clusters.tolist()], dtype=np.int64)
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
            measures=measures,
        )

    def _draw_image(self, look: Look) -> NDArray[np.uint8] | None:
        if look.box is None:
            return None
        return shade(count_cells(*look.project(self.window.last(self.window.length)), look.box))

    def set(self, name: str, value: Any) -> None:
        """Change a live parameter: ``noise``, ``window_length`` or one of the model's.

        Raises ValueError, and leaves things as they were, when the value is not allowed.
        """
        if name == "window_length":
            self.window.resize(value)
            if self._classes is not None:
                self._classes.resize(max(value, N_MEASURED))
        elif name == "noise":
            # A table has the noise it has.
            if hasattr(self.source, "noise") and self.source.noise != value:
                self.source.noise = value
                self.recipe.note(self.n_seen, name, value)
        else:
            parameters = self.model.get_params() | {name: value}
            check_settings(*(parameters[known] for known in CHECKED))
            if self.model.get_params()[name] != value:
                self.model.set_params(**{name: value})
                self.recipe.note(self.n_seen, name, value)
                if name == "n_prototypes" and self.n_seen:
                    # Merged now, whether or not anybody looks before K rises again.
                    self.model.ids_  # noqa: B018

    def take_away(self) -> Takeaway:
        """All that can be exported of the present moment, in copies of its own."""
        snapshot = self.model.snapshot() if self.n_seen else Snapshot.empty(self.source.n_features)
        classes = None if self._classes is None else self._classes.last(len(self.window))
        return Takeaway(
            source=self.source,
            scaling=self.scaling,
            model=deepcopy(self.model),
            snapshot=snapshot,
            center_clusters=self._identities.update(
                snapshot.ids, snapshot.labels, snapshot.weights
            ),
            points=self.window.last(len(self.window)).copy(),
            classes=None if classes is None else classes[:, 0].astype(np.int64),
            class_names=self.source.class_names,
            recipe=self.recipe.copy(),
        )

    def restart(self, number: int) -> "Run":
        """A new run over the same source from its first point, with the parameters of now."""
        self.source.rewind()
        return Run(
            self.source,
            self.model,
            scaling=self.scaling.restart(),
            window_length=self.window.length,
            number=number,
        )
