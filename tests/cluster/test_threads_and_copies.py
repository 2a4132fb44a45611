"""One model in several threads; copies and pickles that share nothing and hold no points."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer
from clusterer.river import OnlineClusterer as RiverClusterer
from tests.cluster.test_properties import assert_identical, blobs

N_THREADS = 4


def run_threads(*calls) -> list[BaseException]:
    """Run each call in a thread; return the errors. A thread that never ends fails the test."""
    errors: list[BaseException] = []

    def run(call) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return errors


@pytest.mark.parametrize("is_fitted", [True, False])
def test_no_point_is_lost(is_fitted):
    model = OnlineClusterer(20)
    if is_fitted:
        model.fit(blobs(0)[:1])
    chunk = np.random.default_rng(0).normal(size=(2000, 2))

    def learn() -> None:
        for _ in range(20):
            model.partial_fit(chunk)

    assert run_threads(*[learn] * N_THREADS) == []
    assert model.n_seen_ == is_fitted + N_THREADS * 20 * len(chunk)


def test_reading_while_learning_sees_whole_states():
    model = OnlineClusterer(20, half_life=None).fit(blobs(0))
    done = threading.Event()
    points = blobs(1, 1000)

    def learn() -> None:
        for _ in range(60):
            model.partial_fit(points)
        done.set()

    def read() -> None:
        while not done.is_set():
            snapshot = model.snapshot()
            assert snapshot.counts.sum() == snapshot.n_seen - 1
            assert len(model.predict(points)) == len(points)
            assert len(model.transform(points[:5])) == 5
            twin = pickle.loads(pickle.dumps(model))
            assert twin.counts_.sum() == twin.n_seen_ - 1

    assert run_threads(learn, read, read) == []
    assert model.n_seen_ == 300 + 60 * 1000


def test_two_models_may_absorb_each_other():
    models = [OnlineClusterer(10).fit(blobs(seed)) for seed in range(2)]

    def absorb(i: int) -> None:
        for _ in range(10):
            models[i].absorb(models[1 - i].copy())
            models[i].absorb(models[1 - i])

    assert run_threads(lambda: absorb(0), lambda: absorb(1)) == []


def test_rivers_face_loses_no_point():
    model = RiverClusterer(10)

    def learn(name: str) -> None:
        for i in range(300):
            model.learn_one({name: float(i % 7), "x": 1.0})
            model.predict_one({name: 1.0})

    assert run_threads(*[lambda name=name: learn(name) for name in "abcd"]) == []
    assert model.n_seen_ == 4 * 300
    assert sorted(model.feature_names) == ["a", "b", "c", "d", "x"]


def fit_river(points: np.ndarray) -> RiverClusterer:
    model = RiverClusterer()
    for point in points.tolist():
        model.learn_one(dict(zip("ab", point, strict=True)))
    return model


@pytest.mark.parametrize("make", [OnlineClusterer().fit, fit_river], ids=["sklearn", "river"])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_shares_nothing(make, copied):
    model = make(blobs(0))
    before = model.snapshot()
    twin = copied(model)
    assert_identical(twin.snapshot(), before)
    for each in blobs(1).tolist():
        if isinstance(twin, RiverClusterer):
            twin.learn_one(dict(zip("ab", each, strict=True)))
        else:
            twin.partial_fit([each])
    assert_identical(model.snapshot(), before)
    assert twin.n_seen_ == 600


def test_a_copy_keeps_the_labels_of_its_points():
    model = OnlineClusterer().fit(blobs(0))
    for twin in (copy.copy(model), copy.deepcopy(model)):
        assert_array_equal(twin.labels_, model.labels_)


def test_a_pickle_holds_no_points_and_is_as_large_as_a_file(tmp_path):
    points = blobs(2, 20_000)
    model = OnlineClusterer().fit(points)
    assert len(model.labels_) == len(points)
    content = pickle.dumps(model)
    model.save(tmp_path / "model.npz")
    assert len(content) < 2 * (tmp_path / "model.npz").stat().st_size
    # Prototypes without points of their own lie where their point lay, in other units.
    assert not any(point.tobytes() in content for point in points[1:])
    twin = pickle.loads(content)
    assert len(twin.labels_) == 0
    assert_array_equal(twin.predict(points), model.predict(points))
    assert_identical(twin.partial_fit(points).snapshot(), model.partial_fit(points).snapshot())


def test_rivers_pickle_holds_no_point():
    model = fit_river(blobs(3, 500))
    x = {"a": 3.141592653589793, "b": 2.718281828459045}
    model.learn_one({"a": 0.0, "b": 0.0})
    model.predict_one(x)
    assert np.array([*x.values()]).tobytes() not in pickle.dumps(model)
