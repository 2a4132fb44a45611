"""A lock that lets a few threads work at a time, in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

MAX_WAIT_S = 0.1


class FairLock:
    """Let at most ``n`` threads hold the lock; waiting threads get it first come, first served.

    Threads that all compete for the interpreter wake up hundreds of times a second each. Threads
    that wait for this lock sleep. A thread that holds the lock for long must not block all others,
    so a thread that has waited for ``max_wait_s`` continues without the lock.

    >>> fair_lock = FairLock(1, max_wait_s=0.01)
    >>> with fair_lock.hold() as is_held, fair_lock.hold() as is_also_held:
    ...     is_held, is_also_held
    (True, False)
    """

    def __init__(self, n: int, *, max_wait_s: float = MAX_WAIT_S) -> None:
        self._n_free = n
        self._max_wait_s = max_wait_s
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Hold the lock for a block; yields False if the thread continues without the lock."""
        is_held = self._acquire()
        try:
            yield is_held
        finally:
            if is_held:
                self._release()

    def _acquire(self) -> bool:
        with self._guard:
            if self._n_free:
                self._n_free -= 1
                return True
            call = threading.Lock()
            call.acquire()
            self._waiting.append(call)
        if call.acquire(timeout=self._max_wait_s):
            return True
        with self._guard:
            if call not in self._waiting:
                # Another thread passed the lock on after the wait ended.
                return True
            self._waiting.remove(call)
            return False

    def _release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._n_free += 1
