"""Turns: few threads work at a time, in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_WAIT_S = 0.1


class FairLock:
    """So many turns at a time; who waits gets the next, first come, first served.

    Threads that all want the interpreter wake up each time it may be had, hundreds of times a
    second each; those that wait here sleep. What takes long must not hold up all others, so after
    ``longest_wait_s`` one goes on without a turn.

    >>> fair_lock = FairLock(1, longest_wait_s=0.01)
    >>> with fair_lock.take() as is_turn, fair_lock.take() as is_another:
    ...     is_turn, is_another
    (True, False)
    """

    def __init__(self, n: int, *, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._n_free = n
        self._longest_wait_s = longest_wait_s
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def take(self) -> Iterator[bool]:
        """Work in turn; whether it is one."""
        is_turn = self._wait()
        try:
            yield is_turn
        finally:
            if is_turn:
                self._pass_on()

    def _wait(self) -> bool:
        with self._guard:
            if self._n_free:
                self._n_free -= 1
                return True
            call = threading.Lock()
            call.acquire()
            self._waiting.append(call)
        if call.acquire(timeout=self._longest_wait_s):
            return True
        with self._guard:
            if call not in self._waiting:
                # It came just now.
                return True
            self._waiting.remove(call)
            return False

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._n_free += 1
