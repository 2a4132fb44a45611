"""Keepers: one has the memory of a run stored about once a second, while there is news."""

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
"""Of the engine's time, for memories of large models."""

LONGEST_REST_S = 10.0
"""However long one took: a machine may have stood still meanwhile."""


class Autosave:
    """Hand a run's memory to ``store`` whenever there is news, not too often.

    The engine's thread calls `observe`, any other may call `note_page_state`.
    """

    def __init__(self, store: Callable[[Checkpoint], object]) -> None:
        self._store = store
        self._page_state: dict[str, Any] = {}
        self._is_late = False
        self._keep_at = 0.0
        self._is_over = False
        self._asked: deque[tuple[threading.Event, bool]] = deque()
        self._lock = threading.Lock()

    @property
    def is_late(self) -> bool:
        """Whether there is news that is not stored."""
        return self._is_late and not self._is_over

    def note_change(self) -> None:
        """There is something new to be stored."""
        self._is_late = True

    def note_page_state(self, page_state: dict[str, Any]) -> bool:
        """Say what belongs to the run besides; returns whether that is news."""
        if page_state == self._page_state:
            return False
        self._page_state = page_state
        self._is_late = True
        return True

    def observe(self, run: Run, *, is_playing: bool) -> None:
        """Store what is due."""
        if self.is_late and time.monotonic() >= self._keep_at:
            self.save(run, is_playing=is_playing)

    def ask(self, *, is_last: bool) -> threading.Event:
        """Have the run stored the next time, news or not; the event tells when it was."""
        asked = threading.Event()
        self._asked.append((asked, is_last))
        self._is_late, self._keep_at = True, 0.0
        return asked

    def save(self, run: Run, *, is_playing: bool) -> None:
        """Store the run as it is now."""
        start = time.monotonic()
        with self._lock:
            if self._is_over:
                return
            self._is_late = False
            self._store(Checkpoint.take(run, is_playing=is_playing, page_state=self._page_state))
            while self._asked:
                asked, is_last = self._asked.popleft()
                self._is_over |= is_last
                asked.set()
        end = time.monotonic()
        self._keep_at = end + choose_rest(end - start, SHARE, PERIOD_S, LONGEST_REST_S)

    def end(self) -> None:
        """Store nothing from now on: the run is another's."""
        with self._lock:
            self._is_over = True
