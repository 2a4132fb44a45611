"""The fair lock: a limited number of holders, in the order of arrival, with a timeout."""

import threading
import time

from clusterer.session.scheduling.fair_lock import FairLock


def test_no_more_threads_hold_the_lock_than_it_allows():
    fair_lock, at_once, most = FairLock(2, max_wait_s=60.0), [], []

    def work():
        for _ in range(20):
            with fair_lock.hold() as is_turn:
                assert is_turn
                at_once.append(None)
                most.append(len(at_once))
                time.sleep(0.0005)
                at_once.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 160
    assert max(most) == 2


def test_threads_get_the_lock_in_the_order_of_arrival():
    fair_lock, order = FairLock(1, max_wait_s=60.0), []

    def work(number):
        with fair_lock.hold():
            order.append(number)

    threads = []
    with fair_lock.hold():
        for number in range(6):
            threads.append(threading.Thread(target=work, args=(number,)))
            threads[-1].start()
            time.sleep(0.05)
        assert order == []
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4, 5]


def test_a_waiting_thread_that_timed_out_does_not_block_the_lock():
    fair_lock, is_acquired = FairLock(1, max_wait_s=0.02), []

    def give_up():
        with fair_lock.hold() as is_turn:
            is_acquired.append(is_turn)

    with fair_lock.hold():
        thread = threading.Thread(target=give_up)
        thread.start()
        thread.join()
    with fair_lock.hold() as is_turn:
        is_acquired.append(is_turn)
    assert is_acquired == [False, True]


def test_an_exception_releases_the_lock():
    fair_lock = FairLock(1, max_wait_s=0.02)
    for _ in range(2):
        try:
            with fair_lock.hold() as is_turn:
                assert is_turn
                raise ValueError
        except ValueError:
            pass
