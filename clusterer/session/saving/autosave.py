"""Keepers: one has the memory of a run stored about once a second, while there is news."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from clusterer.session.run import Run
from clusterer.session.saving.checkpoint import Memory
from clusterer.session.scheduling.throttle import choose_rest

PERIOD_S = 0.6
SHARE = 0.03
"""Of the engine's time, for memories of large models."""

LONGEST_REST_S = 10.0
"""However long one took: a machine may have stood still meanwhile."""


class Keeper:
    """Hand a run's memory to ``store`` whenever there is news, not too often.

    The engine's thread calls `observe`, any other may call `note_place`.
    """

    def __init__(self, store: Callable[[Memory], object]) -> None:
        self._store = store
        self._place: dict[str, Any] = {}
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

    def note_place(self, place: dict[str, Any]) -> bool:
        """Say what belongs to the run besides; returns whether that is news."""
        if place == self._place:
            return False
        self._place = place
        self._is_late = True
        return True

    def observe(self, run: Run, *, is_playing: bool) -> None:
        """Store what is due."""
        if self.is_late and time.monotonic() >= self._keep_at:
            self.keep(run, is_playing=is_playing)

    def ask(self, *, is_last: bool) -> threading.Event:
        """Have the run stored the next time, news or not; the event tells when it was."""
        asked = threading.Event()
        self._asked.append((asked, is_last))
        self._is_late, self._keep_at = True, 0.0
        return asked

    def keep(self, run: Run, *, is_playing: bool) -> None:
        """Store the run as it is now."""
        start = time.monotonic()
        with self._lock:
            if self._is_over:
                return
            self._is_late = False
            self._store(Memory.take(run, is_playing=is_playing, place=self._place))
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
