"""Time travel: show any recorded state, and continue the run from it."""

from dataclasses import replace

import numpy as np
import panel_material_ui as pmui
from numpy.typing import NDArray

from clusterer.session.engine import Engine
from clusterer.session.frame import Frame
from clusterer.session.recording import RecordedState
from clusterer.session.run import score_points
from widgets.components.button import build_button
from widgets.controls.controls import WIDE

N_STEPS = 200


def go_back(frame: Frame, state: RecordedState, scores: NDArray[np.float64] | None = None) -> Frame:
    """The frame of a recorded state with the scores of its points, on the present axes."""
    classes = state.point_classes
    return replace(
        frame,
        # No run has this number, so the live figure draws everything anew.
        run=-1 - state.n_seen,
        snapshot=state.snapshot,
        centers=state.centers,
        center_clusters=state.clusters,
        center_colors=state.colors,
        points=state.points.astype(float),
        point_clusters=state.point_clusters.astype(np.int64),
        point_colors=state.point_colors,
        image=None,
        n_in_window=len(state.points),
        point_classes=None if classes is None else classes.astype(np.int64),
        point_scores=scores,
    )


class TimeTravel:
    """A slider over the recorded states; its right end is the present.

    The slider always has the same number of steps. If the server changed the steps while the user
    moves the slider, the slider would jump back.

    ``state`` is the state shown, None for the present. While the page shows the past, the slider
    keeps the states that were recorded before the user moved it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.state: RecordedState | None = None
        self._states: tuple[RecordedState, ...] = ()
        self._run = -1
        self._is_returning = False
        self._scored: tuple[RecordedState, NDArray[np.float64] | None] | None = None
        self.slider = pmui.IntSlider(
            label="Time: now",
            start=0,
            end=N_STEPS,
            value=N_STEPS,
            show_value=False,
            tooltips=False,
            description="Shows any recorded state; the stream continues meanwhile.",
            min_width=220,
            **WIDE,
        )
        self.live = build_button(
            "Live",
            "return to the present.",
            lambda _: self.go_live(),
            icon="sensors",
            variant="outlined",
            visible=False,
        )
        self.play = build_button(
            "Play from here",
            "end this run and start a new run from this state with the present settings. The "
            "view History compares the two runs.",
            lambda _: self._branch(),
            icon="play_arrow",
            variant="contained",
            visible=False,
        )
        self.view = pmui.FlexBox(
            pmui.Column(self.slider, min_width=220, **WIDE),
            self.live,
            self.play,
            align_items="center",
            gap="8px",
            **WIDE,
        )
        self.slider.param.watch(lambda event: self._go(event.new), "value")

    @property
    def sentence(self) -> str:
        """A description of the state shown; empty for the present."""
        if self.state is None:
            return ""
        known, snapshot = self.state.parameters, self.state.snapshot
        how = {
            name: " (automatic)" if str(value) == "auto" else "" for name, value in known.items()
        }
        number = snapshot.most_prototypes or known["n_prototypes"]
        return (
            f"You see the run as it was after {self.state.n_seen:,} points, with "
            f"K = {number}{how['n_prototypes']} and σ = {snapshot.sigma:.3g}{how['sigma']}. "
            "The stream continues meanwhile."
        )

    def go_live(self) -> None:
        """Show the present."""
        self.state = None
        self._show()
        self._engine.refresh_frame()

    def show(self, frame: Frame) -> Frame:
        """The frame to draw instead of the present ``frame``; called with each frame."""
        if frame.run != self._run:
            self._run, self.state = frame.run, None
            self._show()
        if self.state is None:
            return frame
        has_scores = frame.view_request.has_scores
        return go_back(frame, self.state, self._score(self.state) if has_scores else None)

    def _score(self, state: RecordedState) -> NDArray[np.float64] | None:
        """The scores of the points of a state, which are computed once."""
        if self._scored is None or self._scored[0] is not state:
            points = state.points.astype(np.float64)
            self._scored = state, score_points(state.model, state.scaling, points)
        return self._scored[1]

    def _go(self, step: int) -> None:
        if self._is_returning:
            return
        if self.state is None:
            self._states = self._engine.recording.states
        last = len(self._states) - 1
        is_past = step < N_STEPS and last > 0
        position = min(round(step / N_STEPS * last), last - 1)
        self.state = self._states[position] if is_past else None
        self._show()
        self._engine.refresh_frame()

    def _show(self) -> None:
        is_past = self.state is not None
        self.live.visible = self.play.visible = is_past
        if self.state is None:
            self.slider.label = "Time: now"
            self._states = ()
            self._is_returning = True
            self.slider.value = N_STEPS
            self._is_returning = False
        else:
            self.slider.label = f"Time: after {self.state.n_seen:,} points"

    def _branch(self) -> None:
        if self.state is not None:
            self._engine.branch(self.state, self._run)
            self._engine.play()
            self.go_live()
