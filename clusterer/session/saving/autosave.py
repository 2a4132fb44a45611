"""Autosave: it saves a run about once a second while the run changes."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Checkpoint
from clusterer.session.scheduling.throttle import choose_rest

PERIOD_S = 0.6
SHARE = 0.03
"""Share of the engine's time that checkpoints of large models may take."""

MAX_REST_S = 10.0
"""The longest rest, because one checkpoint may have taken long on a stalled machine."""


class Autosave:
    """Pass checkpoints of a run to ``store`` whenever it has changed, but not too often.

    The engine's thread calls `observe`; any thread may call `note_page_state`.
    """

    def __init__(self, store: Callable[[Checkpoint], object]) -> None:
        self._store = store
        self._page_state: dict[str, Any] = {}
        self._is_late = False
        self._save_at = 0.0
        self._is_over = False
        self._requests: deque[tuple[threading.Event, bool]] = deque()
        self._lock = threading.Lock()

    @property
    def is_late(self) -> bool:
        """Whether a change is not saved yet."""
        return self._is_late and not self._is_over

    def note_change(self) -> None:
        """Note that the run has changed."""
        self._is_late = True

    def note_page_state(self, page_state: dict[str, Any]) -> bool:
        """Set the page state to save with the run; return whether it has changed."""
        if page_state == self._page_state:
            return False
        self._page_state = page_state
        self._is_late = True
        return True

    def observe(self, run: Run, *, is_playing: bool) -> None:
        """Save the run if a save is due."""
        if self.is_late and time.monotonic() >= self._save_at:
            self.save(run, is_playing=is_playing)

    def request(self, *, is_last: bool) -> threading.Event:
        """Save the run at the next chance, changed or not; return an event that is set then.

        After the last request nothing more is saved.
        """
        saved = threading.Event()
        self._requests.append((saved, is_last))
        self._is_late, self._save_at = True, 0.0
        return saved

    def save(self, run: Run, *, is_playing: bool) -> None:
        """Save the present state of the run."""
        start = time.monotonic()
        with self._lock:
            if self._is_over:
                return
            self._is_late = False
            self._store(Checkpoint.take(run, is_playing=is_playing, page_state=self._page_state))
            while self._requests:
                saved, is_last = self._requests.popleft()
                self._is_over |= is_last
                saved.set()
        end = time.monotonic()
        self._save_at = end + choose_rest(end - start, SHARE, PERIOD_S, MAX_REST_S)

    def end(self) -> None:
        """Save nothing from now on, because the run belongs to another page."""
        with self._lock:
            self._is_over = True
