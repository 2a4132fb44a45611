"""The observer: it records, compares and saves a run from time to time, at a small cost."""

import time

from clusterer.evaluation.classification.companion import Classification
from clusterer.evaluation.comparison import Comparison
from clusterer.session.recording import Recording
from clusterer.session.run import Run
from clusterer.session.saving.autosave import Autosave
from clusterer.session.scheduling.throttle import choose_rest

# States are recorded at most ten times a second, and so rarely that recording takes a tenth of the
# time. If the stream goes as fast as it can, recording takes 1 % of the thread's processor time.
# Besides, each growth of the number of points is recorded: some 220 states for a million points.
RECORD_PERIOD_S = 0.1
RECORD_SHARE = 0.1
RECORD_SHARE_UNLIMITED = 0.01
COMPARE_PERIOD_S = 0.5
COMPARE_SHARE = 0.2
# The first state may take long because the kernels are compiled then; later states do not.
MAX_REST_S = 5.0


class Observer:
    """Hold the recordings of a run and of the previous run, the comparison, the classification.

    ``recording``, ``previous_recording``, ``comparison`` with a baseline and ``classification`` may
    be read from any thread: they are immutable, and new ones replace them. ``autosave``
    saves the run; None saves it not at all.
    """

    def __init__(self) -> None:
        self.recording = Recording()
        self.previous_recording = Recording()
        self.comparison: Comparison | None = None
        self.classification: Classification | None = None
        self.autosave: Autosave | None = None
        self._is_unrecorded = self._is_uncompared = False
        self._record_at = self._compare_at = 0.0
        self._record_at_cpu = 0.0

    def note_change(self) -> None:
        """Note that the run has changed."""
        self._is_unrecorded = self._is_uncompared = True
        if self.autosave is not None:
            self.autosave.note_change()

    @property
    def is_late(self) -> bool:
        """Whether a change is not recorded, compared or saved yet."""
        is_unsaved = self.autosave is not None and self.autosave.is_late
        return self._is_unrecorded or self._is_uncompared or is_unsaved

    def begin(self, run: Run, previous: Recording) -> None:
        """Observe another run; ``previous`` is the recording of the run that it follows."""
        self.recording, self.previous_recording, self.comparison = run.recording, previous, None
        self.classification = None

    def save(self, run: Run, *, is_playing: bool) -> None:
        """Save a run if a save is due."""
        if self.autosave is not None:
            self.autosave.observe(run, is_playing=is_playing)

    def finish(self, run: Run, *, is_playing: bool) -> None:
        """Save changes that are not saved yet, because the engine stops."""
        if self.autosave is not None and self.autosave.is_late:
            self.autosave.save(run, is_playing=is_playing)

    def observe(
        self, run: Run, *, is_playing: bool, is_unlimited: bool, slowdown: float = 1.0
    ) -> bool:
        """Save, record and compare what is due; return whether there is something new to compare.

        ``is_unlimited`` says whether the run goes as fast as it can. ``slowdown`` multiplies the
        time between two recordings or comparisons.
        """
        self.save(run, is_playing=is_playing)
        now = time.monotonic()
        has_budget = not is_unlimited or time.thread_time() >= self._record_at_cpu
        is_due = now >= self._record_at and has_budget
        # Among many engines, time alone decides.
        is_due |= slowdown == 1.0 and run.n_to_record <= 0
        if self._is_unrecorded and is_due:
            self._record(run, slowdown)
        if not self._is_uncompared or now < self._compare_at:
            return False
        self._compare(run, slowdown)
        return self.comparison is not None or self.classification is not None

    def _record(self, run: Run, slowdown: float) -> None:
        self._is_unrecorded = False
        start = time.thread_time()
        run.record()
        self.recording = run.recording
        end = time.thread_time()
        self._record_at_cpu = end + choose_rest(
            end - start, RECORD_SHARE_UNLIMITED, 0.0, MAX_REST_S
        )
        rest_s = choose_rest(end - start, RECORD_SHARE, RECORD_PERIOD_S, MAX_REST_S)
        self._record_at = time.monotonic() + slowdown * rest_s

    def _compare(self, run: Run, slowdown: float) -> None:
        self._is_uncompared = False
        start = time.monotonic()
        self.comparison, self.classification = run.compare(), run.classify()
        end = time.monotonic()
        rest_s = choose_rest(end - start, COMPARE_SHARE, COMPARE_PERIOD_S, MAX_REST_S)
        self._compare_at = end + slowdown * rest_s
