"""Peers beside a run: fed the same points, judged on the same points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.baselines import PEERS, Challenge, list_peers
from clusterer.evaluation.comparison import match_labels
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.engine import Engine
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from widgets.live.view_data import ViewData
from widgets.views.comparison import measure_comparison, tabulate


@pytest.mark.parametrize("key", PEERS)
def test_each_peer_finds_blobs_beside_a_run_in_chunks_of_any_size(key):
    pytest.importorskip("river") if PEERS[key].needs_river else None
    run = Run(make_generator("blobs", seed=2), OnlineClusterer(50))
    run.set_baseline(Challenge(key, n_clusters=5, radius=1.5))
    assert run.compare() is None
    for n_points in (1, 2, 60, 500, 1_437):
        run.advance(n_points)
        comparison = run.compare()
        assert comparison.theirs.n_learned == comparison.ours.n_learned == run.n_seen
        assert len(comparison.points) == min(run.n_seen, 500)
    assert comparison.theirs.agreement > 0.6
    assert comparison.ours.agreement > 0.9
    assert comparison.theirs.us_per_point > 0
    points = make_generator("blobs", seed=2).take(2_000).points[-500:]
    assert np.array_equal(comparison.points, points)
    # Renamed as ours, wherever both have the same clusters.
    assert (comparison.theirs.labels == comparison.ours.labels).mean() > 0.5
    measured = measure_comparison(ViewData(comparison=comparison))
    assert len(measured["points"]["theirs"]) == 500
    assert [len(row) for row in measured["table"]] == [3] * 7


def test_ours_set_as_the_run_agrees_with_it_in_all():
    scaling = Scaling(np.array([3.0, 0.0]), np.array([2.0, 9.0]))
    points = np.random.default_rng(0).normal(size=(900, 2))
    run = Run(ArraySource(points), OnlineClusterer(30, half_life=200.0), scaling=scaling)
    run.set_baseline(Challenge("ours", n_prototypes=30, sigma=0.0))
    run.advance(900)
    comparison = run.compare()
    assert comparison.agreement == 1.0
    assert np.array_equal(comparison.ours.labels, comparison.theirs.labels)
    assert comparison.ours.distance == comparison.theirs.distance
    assert comparison.ours.agreement is None
    assert tabulate(comparison)[3] == (
        "agreement with the truth",
        "no truth known",
        "no truth known",
    )


def test_a_peer_let_in_late_has_learned_less_and_a_reset_starts_both_anew():
    engine = Engine(make_generator("blobs"), OnlineClusterer())
    engine.step(700)
    engine.set_baseline(Challenge("minibatch"))
    engine.step(300)

    def compare(n_learned):
        while True:
            engine.wait_for_frame()
            comparison = engine.observer.comparison
            if comparison is not None and comparison.ours.n_learned == n_learned:
                return comparison

    assert compare(1_000).theirs.n_learned == 300
    engine.reset()
    engine.step(200)
    assert compare(200).theirs.n_learned == 200
    engine.set_baseline(None)
    engine.wait_for_frame()
    assert engine.observer.comparison is None
    engine.set_baseline(Challenge("birch", radius=0.0))
    assert "radius is 0.0" in engine.wait_for_frame().message
    engine.close()


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), max_size=40))
def test_matched_labels_are_the_same_partition(pairs):
    ours, theirs = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    matched = match_labels(ours, theirs)
    assert len({*zip(theirs.tolist(), matched.tolist(), strict=True)}) == len({*theirs.tolist()})
    assert len({*matched.tolist()}) == len({*theirs.tolist()})
    assert ((matched == -1) == (theirs == -1)).all()
    assert (matched == ours).sum() >= ((ours == theirs) & (ours == -1)).sum()


def test_only_installed_peers_are_offered(monkeypatch):
    monkeypatch.setattr("clusterer.evaluation.baselines.find_spec", lambda name: None)
    assert list(list_peers()) == ["ours", "minibatch", "birch"]
