"""A little of what benchmarks/hostile/hostile.py sends, in a process that is watched as there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.robustness.hostile_input import worker as hostile_worker
from tests.robustness.hostile_input.worker import KINDS, Watched, make_cases


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with pytest.MonkeyPatch.context() as patch:
        # How long it takes is the benchmark's business.
        patch.setattr(hostile_worker, "LONGEST_S", float("inf"))
        patch.setattr(hostile_worker, "SILENT_S", 300.0)
        awkward = Path(os.environ.get("CLUSTERER_SHARED", "")) / "awkward"
        one = Watched(11, awkward if awkward.is_dir() else None)
        yield one
        one.close()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_strangers_send_breaks_a_session(watched, kind):
    results = [watched.attempt(kind, number) for number in range(60)]
    assert [f"{one.kind}:{one.number} {one.trouble}" for one in results if one.trouble] == []
    # Neither all nor none is refused.
    assert len({one.outcome for one in results}) > 1
    assert watched.attempt("good", 0).trouble == ""
    assert watched.n_started == 1


def test_a_worker_that_dies_is_noted(watched, monkeypatch):
    kill = {"tables": Killer(watched)}
    monkeypatch.setattr(watched, "_cases", kill)
    result = watched.attempt("tables", 0)
    assert "died with -9" in result.trouble


class Killer:
    """Ends the worker when it is asked for a case."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def make(self, number: int) -> bytes:
        self._watched._process.kill()
        return b""


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_always_the_same(kind):
    first, second = (make_cases(3, None)[kind] for _ in range(2))
    # Whichever were made before.
    made = {number: repr(first.make(number)) for number in (7, 8, 104)}
    assert made == {number: repr(second.make(number)) for number in (104, 8, 7)}
