"""The observer: records and compares a run now and then, taking little of its time."""

import time

from clusterer.evaluation.comparison import Comparison
from clusterer.session.recording import Recording
from clusterer.session.run import Run
from clusterer.session.saving.autosave import Autosave
from clusterer.session.scheduling.throttle import choose_rest

# A moment is recorded ten times a second at most, and so rarely that it takes a tenth of the time;
# where the stream goes as fast as it can, 1 % of the time that the processor has for it.
RECORD_PERIOD_S = 0.1
RECORD_SHARE = 0.1
RECORD_SHARE_RUSHING = 0.01
COMPARE_PERIOD_S = 0.5
COMPARE_SHARE = 0.2
# What took long once need not do so again: on a fresh machine the first moment has compiled all.
LONGEST_REST_S = 5.0


class Observer:
    """What is known of a run's past, of the run before it, and of the peer beside it.

    ``autosave`` stores the run, if there is one.
    ``recording``, ``left`` and ``comparison`` may be read from any thread; they do not change,
    but are replaced.
    """

    def __init__(self) -> None:
        self.recording = Recording()
        self.previous_recording = Recording()
        self.comparison: Comparison | None = None
        self.autosave: Autosave | None = None
        self._is_unrecorded = self._is_unjudged = False
        self._record_at = self._compare_at = 0.0
        self._record_at_cpu = 0.0

    def note_change(self) -> None:
        """There is something new to observe."""
        self._is_unrecorded = self._is_unjudged = True
        if self.autosave is not None:
            self.autosave.note_change()

    @property
    def is_late(self) -> bool:
        """Whether something is still to be observed."""
        is_unsaved = self.autosave is not None and self.autosave.is_late
        return self._is_unrecorded or self._is_unjudged or is_unsaved

    def begin(self, run: Run, left: Recording) -> None:
        """Turn to another run, which followed one with this recording."""
        self.recording, self.previous_recording, self.comparison = run.recording, left, None

    def finish(self, run: Run, *, is_playing: bool) -> None:
        """Store what is not stored yet; the run goes no further."""
        if self.autosave is not None and self.autosave.is_late:
            self.autosave.save(run, is_playing=is_playing)

    def _record(self, run: Run, slowdown: float) -> None:
        self._is_unrecorded = False
        start = time.thread_time()
        run.record()
        self.recording = run.recording
        end = time.thread_time()
        self._record_at_cpu = end + choose_rest(
            end - start, RECORD_SHARE_RUSHING, 0.0, LONGEST_REST_S
        )
        rest_s = choose_rest(end - start, RECORD_SHARE, RECORD_PERIOD_S, LONGEST_REST_S)
        self._record_at = time.monotonic() + slowdown * rest_s

    def observe(
        self, run: Run, *, is_playing: bool, is_rushing: bool, slowdown: float = 1.0
    ) -> bool:
        """Do what is due; returns whether there is a new comparison to be seen.

        With more ``slowdown`` it is due so many times more rarely.
        """
        if self.autosave is not None:
            self.autosave.observe(run, is_playing=is_playing)
        start = time.monotonic()
        is_paid = not is_rushing or time.thread_time() >= self._record_at_cpu
        if self._is_unrecorded and start >= self._record_at and is_paid:
            self._record(run, slowdown)
        if not self._is_unjudged or start < self._compare_at:
            return False
        self._is_unjudged = False
        start = time.monotonic()
        self.comparison = run.compare()
        end = time.monotonic()
        rest_s = choose_rest(end - start, COMPARE_SHARE, COMPARE_PERIOD_S, LONGEST_REST_S)
        self._compare_at = end + slowdown * rest_s
        return self.comparison is not None
