"""Memories: a run at one moment in text and numbers, from which it goes on bit for bit.

What is remembered is the model, the source's position, the scaling, the clusters' ids and colours,
the recipe, and the page state: whatever the caller needs to open the same source again. Not
remembered are the recording, and points that were looked at; the window is filled from the source
again.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.cluster.persistence.archive import write_archive
from clusterer.cluster.persistence.model_file import parse_model
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import Recipe
from clusterer.session.restart import refill
from clusterer.session.run import Run
from clusterer.session.tracking import ClusterTracker
from clusterer.stream import Source

VERSION = 1


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run after ``n_seen`` points, in copies of its own. ``model`` is None before the first.

    ``page_state`` is the caller's, in JSON's types.

    >>> from clusterer.datasets import make_generator
    >>> run = Run(make_generator("blobs", seed=3), OnlineClusterer())
    >>> _ = run.advance(100)
    >>> checkpoint = Checkpoint.read(*Checkpoint.take(run).write())
    >>> again = checkpoint.restore_run(make_generator("blobs", seed=3))
    >>> _ = run.advance(50), again.advance(50)
    >>> again.n_seen, np.array_equal(again.model.prototypes_, run.model.prototypes_)
    (150, True)
    """

    n_seen: int
    is_playing: bool
    is_finished: bool
    window_length: int
    parameters: dict[str, Any]
    model: OnlineClusterer | None
    scaling: Scaling
    tracker: ClusterTracker
    recipe: Recipe
    bounds: NDArray[np.float64]
    noise: float | None
    page_state: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def take(
        cls, run: Run, *, is_playing: bool = False, page_state: dict[str, Any] | None = None
    ) -> "Checkpoint":
        """That of a run as it is now."""
        return cls(
            n_seen=run.n_seen,
            is_playing=is_playing,
            is_finished=run.is_finished,
            window_length=run.recent_points.window.length,
            parameters=run.model.get_params(),
            model=run.model.copy() if run.n_seen else None,
            scaling=run.scaling,
            tracker=run.tracker.copy(),
            recipe=run.recipe.copy(),
            bounds=run.recent_points.bounds.copy(),
            noise=run.source.noise,
            page_state=dict(page_state or {}),
        )

    def write(self) -> tuple[str, bytes]:
        """All but the model as text, and the model as `clusterer.load` reads it (empty: none)."""
        told = {
            "version": VERSION,
            "n_seen": self.n_seen,
            "is_playing": self.is_playing,
            "is_finished": self.is_finished,
            "window_length": self.window_length,
            "parameters": self.parameters,
            "scaling": self.scaling.to_dict(),
            "identities": self.tracker.to_dict(),
            "recipe": self.recipe.to_dict(),
            "bounds": self.bounds.tolist(),
            "noise": self.noise,
            "place": self.page_state,
        }
        model = b"" if self.model is None else write_archive(*self.model.to_arrays())
        return json.dumps(told), model

    @classmethod
    def read(cls, text: str, model: bytes) -> "Checkpoint":
        """A memory from what `write` gave. Raises ValueError."""
        try:
            told = json.loads(text)
            if told.pop("version") != VERSION:
                raise ValueError("it is of another version")
            n_features = len(told["scaling"]["offsets"])
            told["scaling"] = Scaling.from_dict(told["scaling"])
            told["tracker"] = ClusterTracker.from_dict(told.pop("identities"))
            told["recipe"] = Recipe.from_dict(told["recipe"])
            told["bounds"] = np.array(told["bounds"], np.float64).reshape(-1, n_features)
            told["page_state"] = told.pop("place")
            learned = OnlineClusterer.from_arrays(*parse_model(model)) if model else None
            return cls(model=learned, **told)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"The memory is damaged: {error!r}") from error

    def restore_run(self, source: Source, number: int = 0) -> Run:
        """The run, over the same source opened again; may take as long as reading up to there.

        Raises what the source raises, and ValueError if it is not the same.
        """
        if source.n_features != len(self.scaling.offsets):
            raise ValueError(f"{source.name} has other columns now, so the run can't go on.")
        model = OnlineClusterer(**self.parameters) if self.model is None else self.model
        run = Run(
            source,
            model,
            scaling=self.scaling,
            window_length=self.window_length,
            number=number,
        )
        refill(run, self.n_seen, self.noise)
        if self.model is not None:
            run.model = self.model.copy()
        if self.noise is not None:
            source.noise = self.noise
        run.recent_points.bounds = self.bounds.copy()
        run.tracker = self.tracker.copy()
        run.recipe = self.recipe.copy()
        run.is_finished = self.is_finished
        return run
