"""Reading ahead: items and errors in the same order, and no thread remains."""

import gc
import threading

import pytest

from clusterer.stream.prefetch import N_AHEAD, Prefetched


def list_readers():
    return [thread for thread in threading.enumerate() if thread.name == "clusterer-reader"]


def test_an_error_comes_after_the_items_before_it():
    def broken():
        yield from range(20)
        raise ValueError("line 21 is broken")

    items = Prefetched(broken)
    assert [next(items) for _ in range(20)] == list(range(20))
    with pytest.raises(ValueError, match="line 21"):
        next(items)
    assert list(items) == []


def test_reading_ahead_is_bounded_and_ends_with_close():
    taken, closed = [], threading.Event()

    def endless():
        try:
            for i in range(1_000_000):
                taken.append(i)
                yield i
        finally:
            closed.set()

    items = Prefetched(endless)
    assert next(items) == 0
    items.close()
    assert closed.wait(10)
    assert len(taken) <= N_AHEAD + 3
    assert list(items) == []


def test_the_thread_ends_with_the_last_reference():
    n_before = len(list_readers())
    items = Prefetched(lambda: iter(range(1000)))
    assert next(items) == 0
    del items
    gc.collect()
    assert len(list_readers()) == n_before
