"""Hostile tables, models, links and parameters break no session."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robustness.hostile_input import worker
from tests.robustness.hostile_input.worker import KINDS, WatchedWorker, make_cases

SEED = int(os.environ.get("HOSTILE_INPUT_SEED", "11"))
N_CASES = 60
N_LONG = dict.fromkeys(KINDS, 1_000) | {"tables": 10_000}
N_BETWEEN = 100  # cases between two valid files


@pytest.fixture(scope="module")
def watched() -> Iterator[WatchedWorker]:
    awkward = Path(os.environ.get("CLUSTERER_SHARED", "")) / "awkward"
    started = WatchedWorker(SEED, awkward if awkward.is_dir() else None)
    yield started
    started.close()


def run_cases(watched: WatchedWorker, kind: str, n_cases: int) -> None:
    results = []
    for number in range(n_cases):
        results.append(watched.run(kind, number))
        if number % N_BETWEEN == N_BETWEEN - 1:
            results.append(watched.run("valid", number))
    print(Counter(one.outcome for one in results if one.outcome))
    slowest = max(results, key=lambda one: one.wall_s)
    print(f"slowest: {kind}:{slowest.number} {slowest.wall_s:.2f} s, CPU {slowest.cpu_s:.2f} s")
    print(f"memory grown by {watched.grown_bytes >> 20} MB")
    assert [f"{one.kind}:{one.number} {one.failure}" for one in results if one.failure] == []
    # The session refuses some cases, not none and not all.
    assert len({one.outcome for one in results if one.kind == kind}) > 1
    assert watched.run("valid", 0).failure == ""
    assert watched.n_started == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_hostile_input_breaks_a_session(watched, kind, monkeypatch):
    # Other tests run at the same time, so only the long test measures the time of a case.
    monkeypatch.setattr(worker, "LONGEST_S", float("inf"))
    monkeypatch.setattr(worker, "SILENT_S", 300.0)
    run_cases(watched, kind, N_CASES)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_no_hostile_input_breaks_a_session_or_takes_long(watched, kind):
    run_cases(watched, kind, N_LONG[kind])


def test_the_death_of_a_worker_is_a_failure(watched, monkeypatch):
    monkeypatch.setattr(watched, "_cases", {"tables": Killer(watched)})
    assert "died with -9" in watched.run("tables", 0).failure


class Killer:
    """Kills the worker when it is asked for a case."""

    def __init__(self, watched: WatchedWorker) -> None:
        self._watched = watched

    def make(self, number: int) -> bytes:
        self._watched._process.kill()
        return b""


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_always_the_same(kind):
    first, second = (make_cases(3, None)[kind] for _ in range(2))
    # In any order of the numbers.
    made = {number: repr(first.make(number)) for number in (7, 8, 104)}
    assert made == {number: repr(second.make(number)) for number in (104, 8, 7)}
