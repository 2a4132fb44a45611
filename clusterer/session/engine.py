"""The engine: a thread that drives a run and makes frames when a view asks for them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from clusterer.base import Learner
from clusterer.evaluation.baselines import BaselineSettings
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.evaluation.metrics import QualityMetrics
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import Frame, ViewRequest
from clusterer.session.observer import Observer
from clusterer.session.recording import RecordedState, Recording
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run
from clusterer.session.run_export import RunExport
from clusterer.session.saving.autosave import Autosave
from clusterer.session.scheduling.frame_slot import FrameSlot
from clusterer.session.scheduling.pacing import Pacing
from clusterer.session.scheduling.scheduler import EngineScheduler, engine_scheduler
from clusterer.session.scheduling.throttle import Throttle
from clusterer.stream import Source
from clusterer.support.errors import explain_error

METRICS_PERIOD_S = 1.0

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)


class RunAside(NamedTuple):
    """A run that waits while others are shown, with its observer and whether it played."""

    run: Run
    observer: Observer
    is_playing: bool


class Engine:
    """Drive a run in its own thread. Every method may be called from any thread.

    Commands take effect between two chunks. The engine makes a frame only if one is requested and
    something has changed, so a run that nobody watches costs nothing for views.

    Parameters
    ----------
    source, model, scaling, window_length : see `Run`
    speed : points per second, default 200; infinity for as fast as it can
    scheduler : divides the machine among engines, default the scheduler of this process

    Attributes
    ----------
    n_learned : points learned in all runs of this engine

    Examples
    --------
    >>> from clusterer import OnlineClusterer
    >>> from clusterer.datasets import make_generator
    >>> engine = Engine(make_generator("blobs"), OnlineClusterer())
    >>> engine.step(500)
    >>> engine.wait_for_frame().snapshot.n_seen
    500
    >>> engine.close()
    """

    def __init__(
        self,
        source: Source,
        model: Learner,
        *,
        scaling: Scaling | None = None,
        window_length: int = 2_000,
        speed: float = 200.0,
        scheduler: EngineScheduler = engine_scheduler,
    ) -> None:
        self.n_learned = 0
        self._scheduler = scheduler
        self._run = Run(source, model, scaling=scaling, window_length=window_length)
        self._pacing = Pacing(speed, self._advance, self, scheduler)
        self._view_request = ViewRequest()
        self._is_playing = self._is_held = self._is_closed = False
        self._is_changed = True
        self._observer = Observer()
        self._aside: RunAside | None = None
        self._baseline: BaselineSettings | None = None
        self._classifier: ClassifierSettings | None = None
        self._peer = ""
        self._message = ""
        self._metrics: Throttle[QualityMetrics | None] = Throttle(METRICS_PERIOD_S)
        self._commands: deque[Callable[[], object]] = deque()
        self._frames = FrameSlot()
        self._wake = threading.Condition()
        scheduler.register(self)
        self._thread = threading.Thread(target=self._loop, name="clusterer-engine", daemon=True)
        self._thread.start()

    # What may be read of an engine.

    @property
    def scaling(self) -> Scaling:
        """The scaling from the units of the source to the units of the model."""
        return self._run.scaling

    @property
    def observer(self) -> Observer:
        """The recordings of this run and of the previous run, what is compared and classified."""
        return self._observer

    @property
    def recording(self) -> Recording:
        """The recording of the run so far; it is immutable."""
        return self._observer.recording

    @property
    def is_playing(self) -> bool:
        """Whether points stream in, or would stream in if the engine were not held."""
        return self._is_playing

    @property
    def n_waiting(self) -> int:
        """Number of commands that have not taken effect yet."""
        return len(self._commands)

    @property
    def source(self) -> Source:
        """The source of the present run; only its constant attributes may be read."""
        return self._run.source

    @property
    def source_name(self) -> str:
        """The name of the source."""
        return self._run.source.name

    @property
    def has_frame(self) -> bool:
        """Whether the requested frame is ready."""
        return self._frames.is_full

    # Commands.

    def play(self) -> None:
        """Start the stream, or continue it."""
        self._post(lambda: self._set_playing(True))

    def pause(self) -> None:
        """Stop the stream; commands still take effect."""
        self._post(lambda: self._set_playing(False))

    def hold(self, is_held: bool) -> None:
        """Hold the stream back without pausing the run, or release it."""
        self._post(lambda: setattr(self, "_is_held", is_held))

    def step(self, n: int = 1) -> None:
        """Learn the next n points."""
        self._post(lambda: self._advance(n))

    def reset(self) -> None:
        """Forget everything and restart at the source's first point."""
        self._post(lambda: self._follow_up(restart_run(self._run, self._run.number + 1)))

    def branch(self, state: RecordedState, run: int) -> None:
        """Continue from a recorded state of the run with this number; see `branch_run`.

        The command does nothing if another run has replaced that run meanwhile.
        """

        def replace() -> None:
            if self._run.number == run:
                self._follow_up(branch_run(self._run, state, run + 1))

        self._post(replace)

    def open(
        self, source: Source, *, scaling: Scaling | None = None, run_type: type[Run] = Run
    ) -> None:
        """Forget everything and start a run of another source."""

        def replace() -> None:
            old, length = self._run, self._run.recent_points.window.length
            number = old.number + 1
            self._replace(
                run_type(source, old.model, scaling=scaling, window_length=length, number=number)
            )
            self._close(old)

        self._post(replace)

    def open_aside(self, source: Source) -> None:
        """Start a run of another source, and keep the present run for `bring_back`.

        Meanwhile the present run is the one that is saved. Do nothing if a run is kept already.
        """

        def replace() -> None:
            if self._aside is None:
                old = self._run
                self._aside = RunAside(old, self._observer, self._is_playing)
                self._observer = Observer()
                length, number = old.recent_points.window.length, old.number + 1
                self._replace(Run(source, old.model, window_length=length, number=number))

        self._post(replace)

    def bring_back(self) -> None:
        """Continue the run that `open_aside` keeps, as it was; without one, do nothing."""

        def replace() -> None:
            if self._aside is not None:
                old, (run, observer, is_playing) = self._run, self._aside
                run.number, self._aside = old.number + 1, None
                self._run, self._observer = run, observer
                self._begin(run)
                self._set_playing(is_playing)
                self._close(old)

        self._post(replace)

    def drop_aside(self) -> None:
        """Forget the run that `open_aside` keeps, and save the present run from now on."""

        def drop() -> None:
            if self._aside is not None:
                (old, observer, _), self._aside = self._aside, None
                self._observer.autosave = observer.autosave
                self._close(old)

        self._post(drop)

    def set_autosave(self, autosave: Autosave | None) -> None:
        """Save the run by ``autosave`` from now on; None saves it no more."""
        self._post(lambda: setattr(self._observer, "autosave", autosave))

    def resume_run(self, run: Run, *, is_playing: bool) -> None:
        """Continue a restored run in place of the present one."""

        def replace() -> None:
            old, run.number = self._run, self._run.number + 1
            self._replace(run)
            self._set_playing(is_playing)
            self._close(old)

        self._post(replace)

    def set(self, name: str, value: Any) -> None:
        """Change a live parameter: ``speed``, or a parameter that `Run.set` knows."""
        if name == "speed":
            self._post(lambda: self._pacing.rate.set(value))
        else:
            self._post(lambda: self._run.set(name, value))

    def name_cluster(self, cluster: int, name: str, run: int) -> None:
        """Name a cluster of the run with this number; an empty name removes its name.

        The command does nothing if another run has replaced that run meanwhile.
        """

        def change() -> None:
            if self._run.number == run:
                self._run.name_cluster(cluster, name)

        self._post(change)

    def decide(
        self, kind: str, run: int, *, clusters: Sequence[int] = (), threshold: float = 0.0
    ) -> "Future[None]":
        """Decide about the clusters of the run with this number; see `Run.decide`.

        The future has None, or the error: a ValueError if the decision is not possible.
        """

        def change() -> None:
            if self._run.number != run:
                raise ValueError("Another run has begun.")
            self._run.decide(kind, clusters=clusters, threshold=threshold)

        return self._ask(change)

    def set_baseline(self, settings: BaselineSettings | None) -> None:
        """Let a baseline learn beside the model from now on; None removes it."""

        def change() -> None:
            self._baseline = settings
            self._observer.comparison = None
            self._run.set_baseline(settings)

        self._post(change)

    def set_classifier(self, settings: ClassifierSettings, peer: str = "") -> None:
        """Let a classifier, and a peer, learn beside the model of this run and of further runs."""

        def change() -> None:
            self._classifier, self._peer = settings, peer
            self._continue_classifier()

        self._post(change)

    # Frames and exports.

    def request_view(self, view_request: ViewRequest) -> None:
        """Choose what the next frames show."""
        self._post(lambda: setattr(self, "_view_request", view_request))

    def request_frame(self) -> None:
        """Request a frame as soon as something has changed; `take_frame` returns it."""
        self._frames.request()
        # If there are many engines, an engine that streams checks for requests soon enough.
        if self._is_changed and not (self._is_streaming and self._scheduler.is_crowded):
            with self._wake:
                self._wake.notify()

    def refresh_frame(self) -> None:
        """Make a new frame even if nothing has changed."""
        self._post(lambda: None)

    def take_frame(self) -> Frame | None:
        """Return the requested frame once; None while it is not ready."""
        return self._frames.take()

    def wait_for_frame(self, timeout_s: float = 30.0) -> Frame:
        """Request a frame and wait for it. Raises TimeoutError."""
        return self._frames.wait(self.refresh_frame, timeout_s)

    def export_run(self) -> "Future[RunExport]":
        """Request the exportable state of the run between two chunks.

        The future has a RuntimeError if the engine is closed.
        """
        return self._ask(lambda: self._run.export_run())

    def learn(self, n: int) -> "Future[int]":
        """Learn up to n points between two chunks of the stream; fewer if none are left.

        The future has the number of points learned, or the error, or a RuntimeError if the engine
        is closed.
        """
        return self._ask(lambda: self._advance(n))

    def close(self) -> None:
        """End the thread and close the source. Further calls do nothing."""
        self._is_closed = True
        with self._wake:
            self._wake.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _ask(self, compute: "Callable[[], Answer]") -> "Future[Answer]":
        """Return the future of what the engine's thread computes between two chunks."""
        future: Future[Answer] = Future()
        if self._is_closed:
            future.set_exception(RuntimeError("The stream is closed."))
            return future

        def settle() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(compute())
                except Exception as error:
                    future.set_exception(error)

        self._post(settle)
        return future

    # The engine's thread.

    def _post(self, command: Callable[[], object]) -> None:
        self._commands.append(command)
        with self._wake:
            self._wake.notify()

    def _loop(self) -> None:
        last = time.monotonic()
        while not self._is_closed:
            with self._wake:
                if not self._commands and not self._is_due():
                    is_active = self._is_streaming or self._observer.is_late
                    self._wake.wait(self._pacing.rest_s if is_active else self._metrics_rest_s)
            with self._scheduler.fair_lock.hold():
                last = self._work(last)
        # Whoever waits for an answer to an earlier command gets it.
        while self._commands:
            self._guard(self._commands.popleft())
        self._scheduler.unregister(self)
        for run, observer, is_playing in self._list_runs():
            self._guard(partial(observer.finish, run, is_playing=is_playing))
            run.source.close()

    def _work(self, last: float) -> float:
        """Do everything that is due; ``last`` and the result are times of learning."""
        while self._commands:
            self._guard(self._commands.popleft())
            self._note_change()
        # While the run is paused, the metrics still follow its last change.
        self._is_changed |= self._metrics_rest_s == 0.0
        now = time.monotonic()
        if not self._is_streaming:
            last = now
            self._scheduler.note_idle(self)
        elif self._pacing.is_rested:
            elapsed, last = now - last, now
            self._guard(partial(self._stream, elapsed))
        self._guard(self._observe)
        if self._frames.is_requested and self._is_changed:
            self._guard(self._publish)
            # After an error, the frame is tried again only when something has changed.
            self._is_changed = False
        return last

    @property
    def _is_streaming(self) -> bool:
        return self._is_playing and not self._is_held and not self._run.source.is_waiting

    @property
    def _is_unlimited(self) -> bool:
        return self._is_streaming and self._pacing.rate.is_unlimited

    @property
    def _metrics_rest_s(self) -> float | None:
        """Seconds until requested metrics are computed anew; None if none are requested."""
        return self._metrics.rest_s if self._frames.is_requested else None

    def _is_due(self) -> bool:
        may_learn = self._is_unlimited and self._pacing.is_rested
        return self._is_closed or may_learn or (self._frames.is_requested and self._is_changed)

    def _guard(self, command: Callable[[], object]) -> None:
        """Run a command. An error pauses the run and is shown in the next frame."""
        try:
            command()
        except Exception as error:
            log.info("The run was paused: %s", type(error).__name__)
            self._is_playing = False
            self._message = explain_error(error)
            self._is_changed = True

    def _stream(self, elapsed_s: float) -> None:
        self._pacing.stream(self._run, elapsed_s, self._goes_on)
        self._run.recorder.limit(self._scheduler.recording_bytes)

    def _goes_on(self) -> bool:
        """Whether the stream goes on after a chunk; record before if a state is due."""
        if self._run.n_to_record <= 0:
            self._observe()
        return self._is_playing and not self._commands

    def _advance(self, n: int) -> int:
        n_learned = self._run.advance(n)
        self._pacing.note(self._run, n_learned)
        self.n_learned += n_learned
        self._is_playing &= not self._run.is_finished
        self._note_change()
        return n_learned

    def _note_change(self) -> None:
        self._is_changed = True
        self._observer.note_change()

    def _list_runs(self) -> list[RunAside]:
        """The present run, and the run that is kept aside if there is one."""
        present = RunAside(self._run, self._observer, self._is_playing)
        return [present] if self._aside is None else [present, self._aside]

    def _close(self, run: Run) -> None:
        """Close the source of a run that is replaced, unless the run is kept aside."""
        if self._aside is None or run is not self._aside.run:
            run.source.close()

    def _observe(self) -> None:
        if self._aside is not None:
            self._aside.observer.save(self._aside.run, is_playing=self._aside.is_playing)
        is_new = self._observer.observe(
            self._run,
            is_playing=self._is_playing,
            is_unlimited=self._is_unlimited,
            slowdown=self._scheduler.slowdown,
        )
        self._is_changed |= is_new

    def _publish(self) -> None:
        frame = self._run.make_frame(
            self._view_request,
            points_per_s=self._pacing.rate.measure(),
            is_playing=self._is_playing,
            message=self._message,
            measures=self._metrics.refresh(self._run.measure, self._scheduler.slowdown),
        )
        self._frames.put(frame)

    def _set_playing(self, is_playing: bool) -> None:
        self._is_playing = is_playing and not self._run.is_finished
        self._message = ""

    def _follow_up(self, run: Run) -> None:
        """Replace the run by a run that started from it."""
        self._replace(run, previous=self._run.recording)

    def _replace(self, run: Run, *, previous: Recording | None = None) -> None:
        self._run = run
        self._observer.begin(run, previous or Recording())
        run.set_baseline(self._baseline)
        self._continue_classifier()
        self._begin(run)

    def _begin(self, run: Run) -> None:
        self._message = ""
        self._metrics.reset()
        self._pacing.restart(run)

    def _continue_classifier(self) -> None:
        """Apply the settings of the classifier; one that nobody asked for learns no more."""
        settings, companion = self._classifier, self._run.companion
        if settings is None and companion is not None:
            settings = replace(companion.settings, is_learning=False)
        if settings is not None:
            self._run.set_classifier(settings)
            self._run.set_peer(self._peer if settings.is_learning else "")
