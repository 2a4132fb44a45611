"""Checkpoints: the state of a run as text and numbers, from which it continues bit for bit.

A checkpoint contains the model, the position of the source, the scaling, the cluster ids and
colours, the recipe, and the page state, with which the page opens the same source again. It does
not contain the recording and the points; the window is filled from the source again.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterer.base import DEFAULT_LEARNER, Learner, find_learner_name, make_learner
from clusterer.evaluation.classification.companion import CompanionClassifier
from clusterer.model_file import Model, dump_model, parse_model
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.recipe import Recipe
from clusterer.session.restart import refill
from clusterer.session.run import Run
from clusterer.session.tracking import ClusterTracker
from clusterer.stream import Source

VERSION = 1


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after ``n_seen`` points, independent of the run.

    Parameters
    ----------
    n_seen : int
        Number of points learned.
    is_playing, is_finished : bool
        Whether points stream in, and whether the source has no more points.
    window_length : int
        Number of points kept for the views.
    learner : str
        The registered name of the model's learner.
    parameters : dict
        The parameters of the model.
    model : Learner or None
        The model; None before the first point.
    scaling : Scaling
        From the units of the source to the units of the model.
    tracker : ClusterTracker
        The cluster ids and colours.
    recipe : Recipe
        How to repeat the run.
    bounds : (2, d)
        The box of all points so far; (0, d) before the first point.
    noise : float or None
        The source's share of noise; None if it has none to set.
    page_state : dict
        The state of the page, in JSON's types.
    classification : dict or None
        The classifier beside the model, in JSON's types; see `Classification.to_dict`.

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.datasets import make_generator
    >>> run = Run(make_generator("blobs", seed=3), OnlineClusterer())
    >>> _ = run.advance(100)
    >>> checkpoint = Checkpoint.read(*Checkpoint.take(run).write())
    >>> restored = checkpoint.restore_run(make_generator("blobs", seed=3))
    >>> _ = run.advance(50), restored.advance(50)
    >>> restored.n_seen, np.array_equal(restored.model.prototypes_, run.model.prototypes_)
    (150, True)
    """

    n_seen: int
    is_playing: bool
    is_finished: bool
    window_length: int
    learner: str
    parameters: dict[str, Any]
    model: Learner | None
    scaling: Scaling
    tracker: ClusterTracker
    recipe: Recipe
    bounds: NDArray[np.float64]
    noise: float | None
    page_state: dict[str, Any] = field(default_factory=dict)
    classification: dict[str, Any] | None = None

    @classmethod
    def take(
        cls, run: Run, *, is_playing: bool = False, page_state: dict[str, Any] | None = None
    ) -> "Checkpoint":
        """Return a checkpoint of the present state of a run."""
        classification = run.classify()
        return cls(
            n_seen=run.n_seen,
            is_playing=is_playing,
            is_finished=run.is_finished,
            window_length=run.recent_points.window.length,
            learner=find_learner_name(run.model),
            parameters=run.model.get_params(),
            model=run.model.copy() if run.n_seen else None,
            scaling=run.scaling,
            tracker=run.lasting_tracker.copy(),
            recipe=run.recipe.copy(),
            bounds=run.recent_points.bounds.copy(),
            noise=run.source.noise,
            page_state=dict(page_state or {}),
            classification=None if classification is None else classification.to_dict(),
        )

    def write(self) -> tuple[str, bytes]:
        """Return everything but the model as JSON, and the model as a model file.

        The second part is empty before the first point.
        """
        entries: dict[str, Any] = {"version": VERSION}
        if self.learner != DEFAULT_LEARNER:
            entries["learner"] = self.learner
        entries |= {
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
        if self.classification is not None:
            entries["classification"] = self.classification
        return json.dumps(entries), b"" if self.model is None else dump_model(Model(self.model))

    @classmethod
    def read(cls, text: str, model: bytes) -> "Checkpoint":
        """Build the checkpoint that `write` wrote. Raises ValueError if it is damaged."""
        try:
            entries = json.loads(text)
            if entries.pop("version") != VERSION:
                raise ValueError("The checkpoint was written by another version of this program.")
            n_features = len(entries["scaling"]["offsets"])
            return cls(
                learner=entries.pop("learner", DEFAULT_LEARNER),
                model=parse_model(model).learner if model else None,
                scaling=Scaling.from_dict(entries.pop("scaling")),
                tracker=ClusterTracker.from_dict(entries.pop("identities")),
                recipe=Recipe.from_dict(entries.pop("recipe")),
                bounds=np.array(entries.pop("bounds"), np.float64).reshape(-1, n_features),
                page_state=entries.pop("place"),
                **entries,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"The checkpoint is damaged: {error!r}") from error

    def restore_run(self, source: Source, number: int = 0) -> Run:
        """Return the run over the same source, which was opened again.

        This may take as long as reading the source up to the checkpoint. Raises what the source
        raises, and ValueError if it is another source.
        """
        if source.n_features != len(self.scaling.offsets):
            raise ValueError(
                f"{source.name} has other columns now, so the run cannot continue. Open the "
                "table with the former columns, or start a new run."
            )
        run = Run(
            source,
            self.model or make_learner(self.learner, **self.parameters),
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
        if self.classification is not None:
            run.companion = CompanionClassifier.from_dict(self.classification)
        return run
