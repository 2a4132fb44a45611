"""Turns: no more at once than there are, first come first served, and nobody waits for ever."""

import threading
import time

from clusterer.session.scheduling.fair_lock import FairLock


def test_no_more_work_at_once_than_there_are_turns():
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


def test_who_came_first_goes_first():
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


def test_a_turn_that_nobody_waits_for_any_more_is_not_lost():
    fair_lock, told = FairLock(1, max_wait_s=0.02), []

    def give_up():
        with fair_lock.hold() as is_turn:
            told.append(is_turn)

    with fair_lock.hold():
        thread = threading.Thread(target=give_up)
        thread.start()
        thread.join()
    with fair_lock.hold() as is_turn:
        told.append(is_turn)
    assert told == [False, True]


def test_what_fails_gives_its_turn_back():
    fair_lock = FairLock(1, max_wait_s=0.02)
    for _ in range(2):
        try:
            with fair_lock.hold() as is_turn:
                assert is_turn
                raise ValueError
        except ValueError:
            pass
