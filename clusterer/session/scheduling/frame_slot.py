"""A slot that passes one frame at a time from the engine's thread to the thread that draws it."""

import threading
import time
from collections.abc import Callable

from clusterer.session.frame import Frame


class FrameSlot:
    """Hold the newest requested frame until it is taken; a newer frame replaces it."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._is_requested = threading.Event()
        self._was_put = threading.Event()

    @property
    def is_requested(self) -> bool:
        """Whether a frame was requested and not put yet."""
        return self._is_requested.is_set()

    @property
    def is_full(self) -> bool:
        """Whether there is a frame to take."""
        return self._frame is not None

    def request(self) -> None:
        """Request a frame."""
        self._is_requested.set()

    def put(self, frame: Frame) -> None:
        """Put the requested frame into the slot."""
        self._is_requested.clear()
        self._frame = frame
        self._was_put.set()

    def take(self) -> Frame | None:
        """Empty the slot and return its frame; None if the slot is empty."""
        frame, self._frame = self._frame, None
        return frame

    def wait(self, trigger: Callable[[], object], timeout_s: float) -> Frame:
        """Request a frame, call ``trigger`` so that it is made, and wait for it.

        Raises TimeoutError if no frame arrives within ``timeout_s`` seconds.
        """
        self._was_put.clear()
        self.request()
        trigger()
        deadline = time.monotonic() + timeout_s
        while (frame := self.take()) is None:
            if not self._was_put.wait(max(deadline - time.monotonic(), 0.0)):
                raise TimeoutError(f"No frame within {timeout_s:g} s.")
            self._was_put.clear()
        return frame
