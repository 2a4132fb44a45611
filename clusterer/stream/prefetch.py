"""Read ahead in a second thread, so that reading and learning use two cores."""

import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from clusterer.stream.buffer import close_iterator

Item = TypeVar("Item")

N_AHEAD = 8
PUT_TIMEOUT_S = 0.2


class Prefetched(Generic[Item]):
    """Iterate over items that a thread reads up to eight ahead.

    An exception of the iterator is raised here, after the items before it. `close` ends the
    thread and closes the iterator; the garbage collector does the same.

    Parameters
    ----------
    open_items : callable that returns the iterator; the thread calls it

    Examples
    --------
    >>> items = Prefetched(lambda: iter(range(3)))
    >>> list(items)
    [0, 1, 2]
    """

    def __init__(self, open_items: Callable[[], Iterator[Item]]) -> None:
        self._queue: queue.Queue[tuple[Item | None, BaseException | None]] = queue.Queue(N_AHEAD)
        self._is_over = False
        stop = threading.Event()
        # The thread holds no reference to this object, so it can be garbage-collected.
        self._thread = threading.Thread(
            target=_read,
            args=(open_items, self._queue, stop),
            name="clusterer-reader",
            daemon=True,
        )
        self.close = weakref.finalize(self, _end, stop, self._queue, self._thread)
        self._thread.start()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        if self._is_over or not self.close.alive:
            raise StopIteration
        item, error = self._queue.get()
        if item is None:
            self._is_over = True
            raise error if error is not None else StopIteration
        return item


def _read(
    open_items: Callable[[], Iterator[Item]],
    items: "queue.Queue[tuple[Item | None, BaseException | None]]",
    stop: threading.Event,
) -> None:
    iterator: Iterator[Item] | None = None
    last: BaseException | None = None
    try:
        iterator = open_items()
        for item in iterator:
            if not _put(items, (item, None), stop):
                break
    except Exception as error:
        last = error
    finally:
        close_iterator(iterator)
    _put(items, (None, last), stop)


def _put(
    items: "queue.Queue[tuple[Item | None, BaseException | None]]",
    entry: tuple[Item | None, BaseException | None],
    stop: threading.Event,
) -> bool:
    while not stop.is_set():
        try:
            items.put(entry, timeout=PUT_TIMEOUT_S)
        except queue.Full:
            continue
        return True
    return False


def _end(stop: threading.Event, items: "queue.Queue[Any]", thread: threading.Thread) -> None:
    stop.set()
    # The thread may wait for space in the queue.
    while not items.empty():
        items.get_nowait()
    if thread is not threading.current_thread():
        thread.join(timeout=5.0)
