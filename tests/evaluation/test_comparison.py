"""A baseline learns the points of a run, and both are compared on the latest points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.baselines import BASELINES, BaselineSettings, list_baselines
from clusterer.evaluation.comparison import match_labels
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.engine import Engine
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from clusterer.stream.chunk import NOISE


@pytest.mark.parametrize("key", BASELINES)
def test_each_baseline_finds_blobs_in_chunks_of_any_size(key):
    pytest.importorskip("river") if BASELINES[key].needs_river else None
    run = Run(make_generator("blobs", seed=2), OnlineClusterer(50))
    run.set_baseline(BaselineSettings(key, n_clusters=5, radius=1.5))
    assert run.compare() is None
    for n_points in (1, 2, 60, 500, 1_437):
        run.advance(n_points)
        comparison = run.compare()
        assert comparison.baseline.n_learned == comparison.ours.n_learned == run.n_seen
        assert len(comparison.points) == min(run.n_seen, 500)
    assert comparison.baseline.agreement > 0.6
    assert comparison.ours.agreement > 0.9
    assert comparison.baseline.us_per_point > 0
    points = make_generator("blobs", seed=2).take(2_000).points[-500:]
    assert np.array_equal(comparison.points, points)
    # Labels are renamed to those of the run where the clusters overlap.
    assert (comparison.baseline.labels == comparison.ours.labels).mean() > 0.5


def test_this_clusterer_with_the_settings_of_the_run_agrees_with_it():
    scaling = Scaling(np.array([3.0, 0.0]), np.array([2.0, 9.0]))
    points = np.random.default_rng(0).normal(size=(900, 2))
    run = Run(ArraySource(points), OnlineClusterer(30, half_life=200.0), scaling=scaling)
    run.set_baseline(BaselineSettings("ours", n_prototypes=30, sigma=0.0))
    run.advance(900)
    comparison = run.compare()
    assert comparison.agreement == 1.0
    assert np.array_equal(comparison.ours.labels, comparison.baseline.labels)
    assert comparison.ours.distance == comparison.baseline.distance
    assert comparison.ours.agreement is None


def test_a_baseline_added_later_has_learned_less_and_a_reset_restarts_both():
    engine = Engine(make_generator("blobs"), OnlineClusterer())
    engine.step(700)
    engine.set_baseline(BaselineSettings("minibatch"))
    engine.step(300)

    def compare(n_learned):
        while True:
            engine.wait_for_frame()
            comparison = engine.observer.comparison
            if comparison is not None and comparison.ours.n_learned == n_learned:
                return comparison

    assert compare(1_000).baseline.n_learned == 300
    engine.reset()
    engine.step(200)
    assert compare(200).baseline.n_learned == 200
    engine.set_baseline(None)
    engine.wait_for_frame()
    assert engine.observer.comparison is None
    engine.set_baseline(BaselineSettings("birch", radius=0.0))
    assert "radius is 0.0" in engine.wait_for_frame().message
    engine.close()


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 5)), max_size=40))
def test_matched_labels_are_the_same_partition(pairs):
    reference, labels = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    matched = match_labels(reference, labels)
    assert len({*zip(labels.tolist(), matched.tolist(), strict=True)}) == len({*labels.tolist()})
    assert len({*matched.tolist()}) == len({*labels.tolist()})
    assert ((matched == NOISE) == (labels == NOISE)).all()
    assert (matched == reference).sum() >= ((reference == labels) & (reference == NOISE)).sum()


def test_only_installed_baselines_are_listed(monkeypatch):
    monkeypatch.setattr("clusterer.evaluation.baselines.find_spec", lambda name: None)
    assert list(list_baselines()) == ["ours", "minibatch", "birch"]
