"""Labels after a few more points: the rule, when a full labelling is due, and its agreement."""

from __future__ import annotations

import pickle
from io import BytesIO

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from clusterer import OnlineClusterer, load
from clusterer.cluster.density.labels import label_prototypes, number_in_order
from clusterer.cluster.labelling.label_cache import CHOICE, POINTS_PER_PROTOTYPE, FullLabelling
from clusterer.cluster.labelling.resolutions import read_at
from clusterer.cluster.prototypes.state_layout import ID, SCALE
from clusterer.datasets import make_generator
from clusterer.river import OnlineClusterer as RiverClusterer

# Each prototype in the noise counts as a cluster without dropping singletons.
pytestmark = pytest.mark.filterwarnings("ignore::clusterer.support.errors.SaturationWarning")
N_STEPS = 100_000
N_STREAMS = 20
N_BETWEEN = 25  # steps between two comparisons with the slow rule


def roam(seed: int, n: int, n_features: int = 2) -> NDArray:
    """Draw clusters that wander, with uniform noise and with points that repeat."""
    rng = np.random.default_rng(seed)
    centers = rng.uniform(-9.0, 9.0, size=(rng.integers(1, 5), n_features))
    way = np.cumsum(rng.normal(size=(n, n_features)), axis=0) * rng.choice([0.0, 0.02])
    points = centers[rng.integers(len(centers), size=n)] + rng.normal(size=(n, n_features)) + way
    is_noise = rng.random(n) < 0.1
    points[is_noise] = rng.uniform(-20.0, 20.0, size=(is_noise.sum(), n_features))
    return np.where(rng.random((n, 1)) < 0.05, np.round(points), points)


def apply_rule(model: OnlineClusterer, last: FullLabelling) -> NDArray[np.int64]:
    """Label the prototypes of a model by the slow version of the rule."""
    centers, ids = model._prototypes.inner_centers, model.ids_
    labels, places, place_labels, axes = last.density
    if axes.size:
        centers = centers @ axes
    log_norms, inverses, limits = places[-3:]
    squares = ((centers[:, None] - places[:-3].T) ** 2).sum(axis=2)
    nearest = np.argmin(squares, axis=1)
    terms = np.exp(np.minimum(log_norms - 0.5 * squares * inverses - limits[nearest][:, None], 1.0))
    by_density = np.where(terms.sum(axis=1) < 1.0, -1, place_labels[nearest])
    known = np.full(len(ids), -1)
    known[: len(last.ids)] = last.ids[: len(ids)]
    by_id = np.append(labels, np.full(len(ids), -1))[: len(ids)]
    return number_in_order(np.where(ids == known, by_id, by_density))


def test_updated_labels_follow_the_rule_in_many_steps():
    n_updated = n_full = n_close = 0
    for seed in range(N_STREAMS):
        points = roam(seed, N_STEPS // N_STREAMS, n_features=1 + seed % 3)
        model = OnlineClusterer(8 + 2 * seed, half_life=(None, "auto", 400.0)[seed % 3])
        for i, point in enumerate(points):
            row = point[None]
            model.partial_fit(row)
            found = model.predict(row)
            last = model._label_cache._last
            if last is None or last.n_seen == model.n_seen_:
                n_full += 1
                assert found == model.cluster_labels_[model.find_nearest(row)]
            elif i % N_BETWEEN == 0:
                n_updated += 1
                labels = model._update_labels(model._prototypes, 1)
                assert found == labels[model.find_nearest(row)]
                n_close += not (number_in_order(labels) == apply_rule(model, last)).all()
    # The order of a sum decides where the density equals the limit.
    assert n_close <= n_updated / 1000
    assert n_updated > N_STEPS / N_BETWEEN / 2
    assert 10 * N_STREAMS < n_full < N_STEPS / 10


@pytest.mark.parametrize("seed", range(5))
def test_new_prototypes_are_labelled_as_the_full_labelling_labels_light_ones(seed):
    model = OnlineClusterer(30, half_life=None).fit(roam(seed, 3_000))
    held = model._prototypes.density_data
    model.predict(np.zeros((1, 2)))
    last = model._label_cache._last
    # It weighs nothing, so it may be anywhere without a change of the density.
    newest = int(np.argmax(model.ids_))
    assert held["weights"][newest] == 0.0
    for place in roam(seed + 100, 200):
        started = model.copy()
        started._label_cache._last = last
        center = (place - started._prototypes.origin) * started._prototypes.scalars[SCALE]
        started._prototypes._centers[:, newest] = held["centers"][newest] = center
        started._prototypes.int_rows[ID, newest] = started.n_seen_
        found = started._update_labels(started._prototypes, 1)
        assert_array_equal(number_in_order(found), label_prototypes(**held))


def test_labels_of_separate_clusters_are_those_of_a_full_labelling():
    rng = np.random.default_rng(0)
    centers = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 40.0], [40.0, 40.0]])
    points = centers[rng.integers(4, size=4_500)] + rng.normal(size=(4_500, 2))
    model, full = OnlineClusterer(), OnlineClusterer(refresh=0)
    model.fit(points[:3_000])
    full.fit(points[:3_000])
    n_updated = 0
    for point in points[3_000:]:
        row = point[None]
        labels = [each.partial_fit(row).predict(centers) for each in (model, full)]
        assert_array_equal(*labels)
        n_updated += model._label_cache._last.n_seen < model.n_seen_
    assert n_updated > 1_200


@pytest.mark.parametrize("name", ["blobs", "drifting", "appearing", "moons"])
def test_updated_labels_agree_with_the_classes_as_full_ones_do(name):
    chunk = make_generator(name, seed=3, noise=0.1).take(4_000)
    model, scores = OnlineClusterer(50), []
    for i, point in enumerate(chunk.points):
        model.partial_fit(point[None]).predict(point[None])
        if i < 300 or i % 50:
            continue
        window = slice(i - 200, i)
        slots, classes = model.find_nearest(chunk.points[window]), chunk.classes[window]
        updated = model._update_labels(model._prototypes, 1)[slots]
        known = model._label_cache._last
        full = model.cluster_labels_[slots]
        model._label_cache.outdate()
        model._label_cache._last = known
        is_known = classes >= 0
        scores.append(
            [adjusted_rand_score(classes[is_known], each[is_known]) for each in (updated, full)]
        )
    updated, full = np.mean(scores, axis=0)
    assert updated > full - 0.01


class TestFullLabelling:
    def test_it_is_due_after_each_point_without_a_refresh(self):
        model = OnlineClusterer(10, refresh=0)
        for point in roam(0, 300):
            found = model.partial_fit(point[None]).predict(point[None])
            assert model._label_cache._last is None or (
                model._label_cache._last.n_seen == model.n_seen_
            )
            assert found == model.cluster_labels_[model.find_nearest(point[None])]

    @pytest.mark.parametrize(("n_before", "refresh"), [(400, 0.05), (100_000, 0.05), (400, 1.0)])
    def test_it_is_due_after_a_share_of_the_points_and_after_20_per_prototype(
        self, n_before, refresh
    ):
        points = np.random.default_rng(0).normal(size=(n_before + 1_000, 2))
        model = OnlineClusterer(10, half_life=None, refresh=refresh).fit(points[:n_before])
        model.predict(points[:1])
        n_new = 0
        while model._label_cache._last.n_seen == n_before:
            n_new += 1
            model.partial_fit(points[n_before + n_new :][:1]).predict(points[:1])
        by_share = refresh * (n_before + n_new)
        assert n_new == int(min(by_share, POINTS_PER_PROTOTYPE * 10 - 1)) + 1

    def test_it_is_due_for_many_points_at_once(self):
        points = roam(1, 3_000)
        model = OnlineClusterer(10).fit(points)
        model.predict(points[:1])
        model.partial_fit(points[:1]).predict(points[:200])
        assert model._label_cache._last.n_seen == 3_001

    def test_it_is_due_when_a_cluster_has_lost_its_prototypes(self):
        rng = np.random.default_rng(0)
        points = rng.normal(size=(2_000, 1)) + 50.0 * rng.integers(2, size=(2_000, 1))
        model = OnlineClusterer(12, half_life=None, refresh=1.0).fit(points)
        assert model.predict(points).max() == 1
        # A merge of the cluster's last prototype frees its slot for a new one.
        model.partial_fit(points[:1])
        is_right = model._prototypes.inner_centers[:, 0] > model._prototypes.inner_centers.mean()
        model._prototypes.int_rows[ID, np.flatnonzero(is_right)] += 1_000_000
        model._prototypes._centers[0, np.flatnonzero(is_right)] = 1e6
        model.predict(points[:1])
        assert model._label_cache._last.n_seen == model.n_seen_

    def test_it_is_due_when_a_parameter_or_the_units_change(self):
        points = roam(2, 2_000)
        for change in (
            lambda model: model.set_params(drop_singletons=False),
            lambda model: model.set_params(half_life=500.0),
            lambda model: model.set_params(n_prototypes=8),
            lambda model: model.set_params(n_prototypes=8).partial_fit(points[1:2]),
            lambda model: model.set_params(n_prototypes=30).partial_fit(points[1:2]),
            lambda model: model.change_units([2.0, 2.0], [1.0, 0.0]),
            lambda model: model.absorb(model.copy()),
        ):
            model = OnlineClusterer(20).fit(points)
            model.predict(points[:1])
            change(model.partial_fit(points[:1]))
            found = model.predict(points[:5])
            assert_array_equal(found, model.cluster_labels_[model.find_nearest(points[:5])])

    def test_attributes_and_snapshots_are_always_full(self):
        points = roam(3, 1_200)
        model, other = OnlineClusterer(20), OnlineClusterer(20, refresh=0)
        for point in points:
            model.partial_fit(point[None]).predict(point[None])
        other.fit(points)
        labels = [number_in_order(each.cluster_labels_) for each in (model, other)]
        assert_array_equal(*labels)
        assert_array_equal(model.snapshot().labels, model.cluster_labels_)
        assert model.n_clusters_ == other.n_clusters_
        labels = [number_in_order(each.predict(points[:99])) for each in (model, other)]
        assert_array_equal(*labels)


@pytest.mark.parametrize("renew", ["save", "pickle", "copy"])
@pytest.mark.parametrize("settings", [{}, {"drop_singletons": False}, {"forget": "never"}])
def test_a_restored_model_labels_alike(renew, settings, tmp_path):
    points = roam(4, 1_300)
    model = OnlineClusterer(20, half_life=500.0, **settings).fit(points[:1_000])
    model.predict(points[:1])
    model.partial_fit(points[1_000:1_010]).predict(points[:1])
    if renew == "save":
        model.save(tmp_path / "model.npz")
        twin = load(tmp_path / "model.npz")
    else:
        twin = model.copy() if renew == "copy" else pickle.load(BytesIO(pickle.dumps(model)))
    for point in points[1_010:]:
        row = point[None]
        labels = [each.partial_fit(row).predict(points[:5]) for each in (model, twin)]
        assert_array_equal(*labels)


@pytest.mark.parametrize("drop_singletons", [True, False])
def test_rivers_face_labels_as_the_estimator(drop_singletons):
    settings = {"drop_singletons": drop_singletons}
    one, model = RiverClusterer(15, **settings), OnlineClusterer(15, **settings)
    for point in roam(5, 1_500):
        x, row = dict(zip("ab", point.tolist(), strict=True)), point[None]
        one.learn_one(x)
        assert one.predict_one(x) == model.partial_fit(row).predict(row)[0]


class TestAutomaticNumber:
    def draw(self) -> NDArray:
        rng = np.random.default_rng(3)
        centers = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
        return centers[rng.integers(3, size=1_500)] + rng.normal(size=(1_500, 2))

    def test_the_resolution_is_chosen_anew_after_a_multiple_of_the_share(self):
        points = self.draw()
        model = OnlineClusterer(refresh=0.02).fit(points[:600])
        model.predict(points[:1])
        chosen, read = [], []
        for point in points[600:]:
            found = model.partial_fit(point[None]).predict(point[None])
            last = model._label_cache._last
            if last.n_seen == model.n_seen_:
                assert last.n_seen - ([600.0, *read][-1]) > 0.02 * last.n_seen
                read.append(last.n_seen)
                slots = model.find_nearest(points[:200])
                density = read_at(model._prototypes, last.resolution, is_proven=True)
                labels = model._update_labels(model._prototypes, 1)
                assert found == labels[model.find_nearest(point[None])[0]]
                assert adjusted_rand_score(labels[slots], density.labels[slots]) == 1.0
            chosen.append(last.n_chosen)
        times = np.unique(chosen)
        assert np.array_equal(times[0], 600.0)
        assert (np.diff(times) > CHOICE * 0.02 * times[1:] - 1.0).all()
        # Most labellings are at one resolution, but it is chosen again in time.
        assert 3 <= len(times) < len(read) / 4

    def test_attributes_and_a_share_of_0_use_all_resolutions(self):
        points = self.draw()
        model, other = OnlineClusterer(), OnlineClusterer(refresh=0)
        for end in range(500, 700, 10):
            chunk = points[end - 500 if end == 500 else end - 10 : end]
            for each in (model, other):
                each.partial_fit(chunk).predict(chunk[:1])
            assert other._label_cache._last.n_chosen == end
            assert_array_equal(
                number_in_order(model.cluster_labels_), number_in_order(other.cluster_labels_)
            )

    def test_finer_prototypes_merge_to_the_same_coarser_ones(self):
        for seed in range(4):
            held = OnlineClusterer(60).fit(roam(seed, 3_000, 1 + seed))._prototypes
            direct, by_steps = held.merge_copy(20), held.merge_copy(40).merge_copy(20)
            assert_array_equal(direct.inner_centers, by_steps.inner_centers)
            assert_array_equal(direct.weights, by_steps.weights)
            assert_array_equal(direct.ids, by_steps.ids)
            assert_array_equal(direct.link_counts, by_steps.link_counts)
