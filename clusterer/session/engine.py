"""The engine: one thread that drives a run and hands out frames when somebody looks."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from clusterer.cluster.estimator import OnlineClusterer
from clusterer.evaluation.baselines import BaselineSettings
from clusterer.evaluation.metrics import QualityMetrics
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.dials import Dials
from clusterer.session.frame import Frame, ViewRequest
from clusterer.session.observer import Observer
from clusterer.session.recording import RecordedState, Recording
from clusterer.session.restart import branch_run, restart_run
from clusterer.session.run import Run, make_run
from clusterer.session.run_export import RunExport, answer
from clusterer.session.saving.autosave import Autosave
from clusterer.session.scheduling.frame_slot import FrameSlot
from clusterer.session.scheduling.pacing import Pacing
from clusterer.session.scheduling.scheduler import EngineScheduler, engine_scheduler
from clusterer.session.scheduling.throttle import Throttle
from clusterer.stream import Source
from clusterer.support.errors import explain_error

MEASURE_PERIOD_S = 1.0

log = logging.getLogger(__name__)


class Engine(Dials):
    """Drive a run in a thread of its own; every method may be called from any thread.

    Commands take effect between two chunks. A frame is made only when asked for, and only when
    something has changed, so nobody looking costs nothing.

    Parameters
    ----------
    source, model, scaling, window_length : see `Run`
    speed : points per second, default 200; infinity goes as fast as it can
    commons : the engines that it shares the machine with, default all of this process

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
        model: OnlineClusterer,
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
        self._challenge: BaselineSettings | None = None
        self._message = ""
        self._measures: Throttle[QualityMetrics | None] = Throttle(MEASURE_PERIOD_S)
        self._commands: deque[Callable[[], object]] = deque()
        self._frames = FrameSlot()
        self._wake = threading.Condition()
        scheduler.join(self)
        self._thread = threading.Thread(target=self._loop, name="clusterer-engine", daemon=True)
        self._thread.start()

    def play(self) -> None:
        """Let points stream in."""
        self._post(lambda: self._set_playing(True))

    def pause(self) -> None:
        """Hold the stream; the controls go on working."""
        self._post(lambda: self._set_playing(False))

    def hold(self, is_held: bool) -> None:
        """Let no points in while held, whether it plays or not; released, it goes on as it was."""
        self._post(lambda: setattr(self, "_is_held", is_held))

    def step(self, n: int = 1) -> None:
        """Learn the next n points."""
        self._post(lambda: self._advance(n))

    def reset(self) -> None:
        """Forget everything and start again from the source's first point."""
        self._post(lambda: self._succeed(restart_run(self._run, self._run.number + 1)))

    def branch(self, state: RecordedState, run: int) -> None:
        """Go on from a recorded moment of the run of that number; see `clusterer.session.restart`.

        Nothing happens if that run has been replaced meanwhile.
        """

        def replace() -> None:
            if self._run.number == run:
                self._succeed(branch_run(self._run, state, run + 1))

        self._post(replace)

    def open(self, source: Source, *, scaling: Scaling | None = None) -> None:
        """Forget everything and start with another source."""

        def replace() -> None:
            old, length = self._run, self._run.recent_points.window.length
            new = make_run(source, old.model, scaling=scaling, window_length=length)
            new.number = old.number + 1
            self._replace(new)
            old.source.close()

        self._post(replace)

    def set_autosave(self, autosave: Autosave | None) -> None:
        """Have the run's memory stored by a keeper from now on; None: by none."""
        self._post(lambda: setattr(self._observer, "autosave", autosave))

    def resume_run(self, run: Run, *, is_playing: bool) -> None:
        """Go on with a run that was brought back, in place of this one."""

        def replace() -> None:
            old, run.number = self._run, self._run.number + 1
            self._replace(run)
            self._set_playing(is_playing)
            old.source.close()

        self._post(replace)

    def set(self, name: str, value: Any) -> None:
        """Change a live parameter: ``speed`` or one that `Run.set` knows."""
        if name == "speed":
            self._post(lambda: self._pacing.rate.set(value))
        else:
            self._post(lambda: self._run.set(name, value))

    def request_view(self, view_request: ViewRequest) -> None:
        """Say what the next frames are to show."""
        self._post(lambda: setattr(self, "_view_request", view_request))

    def refresh_frame(self) -> None:
        """Make a new frame even if nothing has changed."""
        self._post(lambda: None)

    def request_frame(self) -> None:
        """Ask for a frame as soon as there is something new; `take_frame` fetches it."""
        self._frames.request()
        # Among many, one that streams looks soon enough by itself.
        if self._is_changed and not (self._is_streaming and self._scheduler.is_crowded):
            with self._wake:
                self._wake.notify()

    def set_baseline(self, challenge: BaselineSettings | None) -> None:
        """Let a peer learn beside the model from now on; None lets it go."""

        def change() -> None:
            self._challenge = challenge
            self._observer.comparison = None
            self._run.set_baseline(challenge)

        self._post(change)

    def wait_for_frame(self, timeout_s: float = 30.0) -> Frame:
        """Ask for a frame and wait for it. Raises TimeoutError."""
        return self._frames.wait(self.refresh_frame, timeout_s)

    def export_run(self) -> "Future[RunExport]":
        """Ask for all that can be exported of the moment between two chunks."""
        future: Future[RunExport] = Future()
        self._post(lambda: answer(future, self._run.export_run))
        return future

    def close(self) -> None:
        """End the thread and close the source. More calls do no harm."""
        self._is_closed = True
        with self._wake:
            self._wake.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _post(self, command: Callable[[], object]) -> None:
        self._commands.append(command)
        with self._wake:
            self._wake.notify()

    def _loop(self) -> None:
        last = time.monotonic()
        while not self._is_closed:
            with self._wake:
                if not self._commands and not self._is_due():
                    is_busy = self._is_streaming or self._observer.is_late
                    self._wake.wait(self._pacing.rest_s if is_busy else self._rest_s)
            with self._scheduler.fair_lock.take():
                last = self._work(last)
        self._scheduler.leave(self)
        self._guard(partial(self._observer.finish, self._run, is_playing=self._is_playing))
        self._run.source.close()

    def _work(self, last: float) -> float:
        """Do what there is to do; when points were let in ``last``, before and now."""
        while self._commands:
            self._guard(self._commands.popleft())
            self._note_change()
        # What changed last while it is paused is measured as well.
        self._is_changed |= self._rest_s == 0.0
        now = time.monotonic()
        if not self._is_streaming:
            last = now
            self._scheduler.rest(self)
        elif self._pacing.is_rested:
            elapsed, last = now - last, now
            self._guard(partial(self._stream, elapsed))
        self._guard(self._observe)
        if self._frames.is_requested and self._is_changed:
            self._guard(self._publish)
            # A frame that can't be made is not tried again before something changes.
            self._is_changed = False
        return last

    def _is_due(self) -> bool:
        is_rushing = self._is_streaming and self._pacing.rate.is_endless and self._pacing.is_rested
        return self._is_closed or is_rushing or (self._frames.is_requested and self._is_changed)

    def _guard(self, command: Callable[[], object]) -> None:
        """Whatever fails pauses the run and is told in the next frame; the thread lives on."""
        try:
            command()
        except Exception as error:
            log.info("The run was paused: %s", type(error).__name__)
            self._is_playing = False
            self._message = explain_error(error)
            self._is_changed = True

    def _stream(self, elapsed_s: float) -> None:
        self._pacing.stream(self._run, elapsed_s, lambda: self._is_playing and not self._commands)
        self._run.recorder.limit(self._scheduler.recording_bytes)

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

    def _observe(self) -> None:
        is_rushing = self._is_streaming and self._pacing.rate.is_endless
        is_new = self._observer.observe(
            self._run,
            is_playing=self._is_playing,
            is_rushing=is_rushing,
            slowdown=self._scheduler.slowdown,
        )
        self._is_changed |= is_new

    def _publish(self) -> None:
        frame = self._run.frame(
            self._view_request,
            points_per_s=self._pacing.rate.measure(),
            is_playing=self._is_playing,
            message=self._message,
            measures=self._measures.refresh(self._run.measure, self._scheduler.slowdown),
        )
        self._frames.put(frame)

    def _set_playing(self, is_playing: bool) -> None:
        self._is_playing = is_playing and not self._run.is_finished
        self._message = ""

    def _succeed(self, run: Run) -> None:
        self._replace(run, left=self._run.recording)

    def _replace(self, run: Run, *, left: Recording | None = None) -> None:
        self._run = run
        self._observer.begin(run, left or Recording())
        run.set_baseline(self._challenge)
        self._message = ""
        self._measures.forget()
        self._pacing.restart(run)
