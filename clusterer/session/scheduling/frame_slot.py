"""A delivery: one frame at a time from the thread that makes them to one that shows them."""

import threading
import time
from collections.abc import Callable

from clusterer.session.frame import Frame


class FrameSlot:
    """Frames are ordered, then delivered, then taken; a newer one replaces one not taken."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._is_requested = threading.Event()
        self._is_full = threading.Event()

    @property
    def is_requested(self) -> bool:
        """Whether somebody waits for a frame."""
        return self._is_requested.is_set()

    @property
    def is_full(self) -> bool:
        """Whether there is a frame to be taken."""
        return self._frame is not None

    def request(self) -> None:
        """Ask for a frame."""
        self._is_requested.set()

    def put(self, frame: Frame) -> None:
        """Hand over the frame that was asked for."""
        self._is_requested.clear()
        self._frame = frame
        self._is_full.set()

    def take(self) -> Frame | None:
        """The frame asked for, once; None while there is none."""
        frame, self._frame = self._frame, None
        return frame

    def wait(self, ask: Callable[[], object], timeout_s: float) -> Frame:
        """Order a frame, ``ask`` for it to be made, wait for it. Raises TimeoutError."""
        self._is_full.clear()
        self.request()
        ask()
        deadline = time.monotonic() + timeout_s
        while (frame := self.take()) is None:
            if not self._is_full.wait(max(deadline - time.monotonic(), 0.0)):
                raise TimeoutError(f"No frame within {timeout_s:g} s.")
            self._is_full.clear()
        return frame
