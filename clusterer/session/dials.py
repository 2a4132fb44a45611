"""Dials: what may be read off an engine, from any thread."""

from collections import deque
from collections.abc import Callable

from clusterer.evaluation.metrics import QualityMetrics
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import Frame
from clusterer.session.observer import Observer
from clusterer.session.recording import Recording
from clusterer.session.run import Run
from clusterer.session.scheduling.frame_slot import FrameSlot
from clusterer.session.scheduling.throttle import Throttle


class Dials:
    """What an engine is doing; see `.engine.Engine`, which sets what is read here."""

    _run: Run
    _observer: Observer
    _frames: FrameSlot
    _is_playing: bool
    _is_held: bool
    _measures: Throttle[QualityMetrics | None]
    _commands: deque[Callable[[], object]]

    n_learned: int
    """Points learned in all its runs."""

    @property
    def scaling(self) -> Scaling:
        """From the units of the source to those of the model."""
        return self._run.scaling

    @property
    def observer(self) -> Observer:
        """What is recorded of the run and of the one before it, and the peer beside it."""
        return self._observer

    @property
    def recording(self) -> Recording:
        """What is recorded of the run; it does not change when more is."""
        return self._observer.recording

    @property
    def has_frame(self) -> bool:
        """Whether the frame asked for is there."""
        return self._frames.is_full

    @property
    def is_playing(self) -> bool:
        """Whether points stream in, or would if it were not held."""
        return self._is_playing

    @property
    def n_waiting(self) -> int:
        """Commands that have not taken effect yet."""
        return len(self._commands)

    @property
    def source_name(self) -> str:
        """What the source is called."""
        return self._run.source.name

    def take_frame(self) -> Frame | None:
        """The frame asked for, once; None while there is none."""
        return self._frames.take()

    @property
    def _is_streaming(self) -> bool:
        return self._is_playing and not self._is_held and not self._run.source.is_waiting

    @property
    def _rest_s(self) -> float | None:
        """How long until measures are due that somebody waits for; None if nobody does."""
        return self._measures.rest_s if self._frames.is_requested else None
