"""Decisions of people about clusters: they hold while the stream goes on, and can be undone."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from clusterer import OnlineClusterer, load
from clusterer.cluster.labelling.decisions import MAX_DECISIONS

CENTERS = np.array([[0.0, 0.0], [5.0, 0.0], [20.0, 0.0], [20.0, 30.0]])
NEAR, FAR = CENTERS[:2], CENTERS[2:]


def draw(seed, n_points, *, shift=0.0, centers=CENTERS):
    rng = np.random.default_rng(seed)
    return centers[rng.integers(len(centers), size=n_points)] + rng.normal(
        shift, 1.0, size=(n_points, 2)
    )


def fit(seed=0, n_points=4_000, **parameters):
    model = OnlineClusterer(**parameters).fit(draw(seed, n_points))
    assert model.n_clusters_ == 4
    return model


def pair(model, points=NEAR):
    return [int(each) for each in model.predict(points)]


class TestAlternatives:
    def test_the_least_certain_gap_is_that_of_the_nearest_clusters(self):
        model = fit()
        found = model.find_alternatives()
        assert found.n_clusters == 4
        assert {*found.joins[0][:2]} == {*pair(model)}
        assert found.joins[0].significance > 1.0
        significances = [each.significance for each in found.joins]
        assert significances == sorted(significances)

    def test_a_normal_cluster_has_no_significant_split_and_a_joined_pair_has(self):
        model = fit()
        one, other = pair(model)
        assert all(each.significance < 1.0 for each in model.find_alternatives().splits)
        model.merge_clusters(one, other)
        best = model.find_alternatives().splits[0]
        assert best.cluster == pair(model)[0]
        assert best.significance > 1.0
        assert best.share == pytest.approx(0.5, abs=0.05)
        # The next split takes the two apart again.
        assert len(set(pair(model.split_cluster(best.cluster)))) == 2
        assert model.n_clusters_ == 4

    def test_clusters_without_a_border_are_joined_by_distance(self):
        centers = np.array([[0.0, 0.0], [300.0, 0.0], [900.0, 0.0]])
        model = OnlineClusterer(12).fit(draw(0, 600, centers=centers))
        assert model.n_clusters_ == 3
        joins = model.find_alternatives().joins
        assert {*joins[0][:2]} == {*pair(model, centers[:2])}

    def test_a_single_point_has_no_alternatives(self):
        found = OnlineClusterer().fit([[1.0, 2.0]]).find_alternatives()
        assert (found.joins, found.splits) == ((), ())
        with pytest.raises(NotFittedError):
            OnlineClusterer().find_alternatives()


class TestLasting:
    @pytest.mark.parametrize("half_life", ["auto", 2_000.0, None])
    @pytest.mark.parametrize("n_prototypes", ["auto", 60])
    def test_a_merged_pair_stays_one_cluster(self, half_life, n_prototypes):
        model = fit(half_life=half_life, n_prototypes=n_prototypes)
        one, other = pair(model)
        others = pair(model, FAR)
        model.merge_clusters(one, other)
        for seed in range(1, 12):
            model.partial_fit(draw(seed, 2_000))
            assert model.n_clusters_ == 3
            assert pair(model) == [pair(model)[0]] * 2
            # The pair keeps the number of one of the two, all others keep theirs.
            assert pair(model)[0] in (one, other)
            assert pair(model, FAR) == others
            labels = model.cluster_labels_
            assert {*model.predict(model.prototypes_).tolist()} <= {*labels.tolist()}

    def test_a_merged_pair_stays_one_cluster_while_it_moves(self):
        model = fit(half_life=1_000.0)
        model.merge_clusters(*pair(model))
        number = pair(model)[0]
        for step in range(1, 120):
            shift = np.array([0.0, 0.1 * step])
            model.partial_fit(draw(step, 500, shift=shift))
            assert model.n_clusters_ == 3
        assert pair(model, NEAR + shift) == [number, number]

    @pytest.mark.parametrize("half_life", ["auto", 2_000.0])
    def test_a_split_cluster_stays_two(self, half_life):
        model = fit(half_life=half_life)
        cluster = pair(model, FAR)[1]
        model.split_cluster(cluster)
        shares = []
        for seed in range(1, 12):
            model.partial_fit(draw(seed, 2_000))
            assert model.n_clusters_ == 5
            found = model.predict(draw(99, 4_000, centers=FAR[1:]))
            shares.append((found == cluster).mean())
        assert min(shares) > 0.25
        assert max(shares) < 0.95

    def test_a_new_cluster_far_away_belongs_to_no_decision(self):
        model = fit(half_life=None)
        model.merge_clusters(*pair(model))
        new = np.array([[-40.0, -40.0]])
        model.partial_fit(draw(1, 4_000, centers=np.concatenate([CENTERS, new])))
        assert model.n_clusters_ == 4
        assert int(model.predict(new)[0]) not in [-1, *pair(model)]

    def test_a_cut_dendrogram_lasts(self):
        model = fit()
        model.cut_dendrogram(3.0)
        n_clusters = model.n_clusters_
        assert n_clusters < 4
        for seed in range(1, 6):
            model.partial_fit(draw(seed, 2_000))
            assert model.n_clusters_ == n_clusters
        assert model.undo_decision().n_clusters_ == 4

    def test_decisions_change_no_prototype(self):
        plain, decided = fit(half_life=1_500.0), fit(half_life=1_500.0)
        decided.merge_clusters(*pair(decided)).split_cluster(pair(decided, FAR)[0])
        for seed in range(1, 5):
            points = draw(seed, 1_777, shift=0.3 * seed)
            plain.partial_fit(points)
            decided.partial_fit(points)
        assert np.array_equal(plain.prototypes_, decided.prototypes_)
        assert np.array_equal(plain.counts_, decided.counts_)
        decided.undo_decision().undo_decision()
        assert plain.n_clusters_ == decided.n_clusters_


class TestUndo:
    def test_the_numbers_from_before_come_back(self):
        model = fit()
        before = pair(model)
        labels = model.cluster_labels_.copy()
        model.merge_clusters(*before)
        assert model.n_clusters_ == 3
        model.undo_decision()
        assert model.cluster_labels_.tolist() == labels.tolist()
        model.merge_clusters(*before).partial_fit(draw(1, 3_000))
        assert model.n_clusters_ == 3
        assert pair(model.undo_decision()) == before

    def test_decisions_are_undone_in_reverse_order(self):
        model = fit()
        model.merge_clusters(*pair(model)).split_cluster(pair(model, FAR)[0])
        assert [each.kind for each in model.decisions_] == ["merge", "split"]
        assert [each.n_seen for each in model.decisions_] == [4_000, 4_000]
        model.undo_decision()
        assert (model.n_clusters_, len(model.decisions_)) == (3, 1)
        model.undo_decision()
        with pytest.raises(ValueError, match="no decision about clusters to undo"):
            model.undo_decision()


class TestRefused:
    def test_a_wrong_cluster_is_named_and_changes_nothing(self):
        model = fit()
        one, _ = pair(model)
        with pytest.raises(ValueError, match="no cluster 77; the clusters are 0, 1, 2, 3"):
            model.merge_clusters(one, 77)
        with pytest.raises(ValueError, match="cannot merge with itself"):
            model.merge_clusters(one, one)
        with pytest.raises(ValueError, match="no cluster -1"):
            model.split_cluster(-1)
        for threshold in (0.0, -1.0, np.nan, np.inf, "3"):
            with pytest.raises(ValueError, match="threshold must be a number above 0"):
                model.cut_dendrogram(threshold)
        with pytest.raises(ValueError, match="no cluster has a prototype with the id 99999"):
            model.find_cluster(99_999)
        assert model.decisions_ == ()

    def test_a_cluster_of_one_prototype_cannot_be_split(self):
        model = OnlineClusterer(2).fit([[0.0], [0.0], [9.0], [9.0]])
        with pytest.raises(ValueError, match="cannot be split"):
            model.split_cluster(int(model.cluster_ids_[0]))

    def test_there_is_a_most_number_of_decisions(self):
        model = OnlineClusterer(10).fit(draw(0, 500))
        for _ in range(MAX_DECISIONS):
            model.cut_dendrogram(1.0)
        with pytest.raises(ValueError, match="undo some first"):
            model.cut_dendrogram(1.0)
        assert len(model.decisions_) == MAX_DECISIONS


class TestStates:
    def decided(self):
        model = fit(half_life=3_000.0)
        model.merge_clusters(*pair(model)).split_cluster(pair(model, FAR)[1])
        return model.partial_fit(draw(1, 1_234))

    @pytest.mark.parametrize(
        "twin", [copy.deepcopy, lambda model: model.copy(), lambda m: pickle.loads(pickle.dumps(m))]
    )
    def test_a_copy_continues_bit_for_bit(self, twin):
        model = self.decided()
        other = twin(model)
        for each in (model, other):
            for seed in (2, 3):
                each.partial_fit(draw(seed, 999))
        assert other.decisions_ == model.decisions_
        assert np.array_equal(other.cluster_labels_, model.cluster_labels_)
        other.undo_decision()
        assert len(model.decisions_) == 2

    def test_a_saved_model_continues_bit_for_bit(self, tmp_path):
        model = self.decided()
        model.save(tmp_path / "model.npz")
        other = load(tmp_path / "model.npz")
        for each in (model, other):
            for seed in (2, 3):
                each.partial_fit(draw(seed, 999))
        assert other.decisions_ == model.decisions_
        assert np.array_equal(other.cluster_labels_, model.cluster_labels_)
        points = draw(9, 500)
        assert np.array_equal(other.predict(points), model.predict(points))

    def test_fit_and_clone_forget_decisions(self):
        model = self.decided()
        assert model.fit(draw(0, 4_000)).decisions_ == ()
        assert model.n_clusters_ == 4
        assert clone(self.decided()).fit(draw(0, 4_000)).n_clusters_ == 4

    def test_absorbing_keeps_the_decisions_of_the_absorbing_model(self):
        model, other = fit(), fit(seed=5)
        model.merge_clusters(*pair(model))
        model.absorb(other)
        assert (model.n_clusters_, len(model.decisions_)) == (3, 1)
        model.partial_fit(draw(6, 2_000))
        assert model.n_clusters_ == 3

    def test_decisions_last_in_other_units_and_with_fewer_prototypes(self):
        model = self.decided()
        n_clusters = model.n_clusters_
        model.change_units([0.5, 2.0], [7.0, -3.0])
        assert model.n_clusters_ == n_clusters
        model.partial_fit(draw(2, 1_000) * [0.5, 2.0] + [7.0, -3.0])
        assert model.n_clusters_ == n_clusters
        model.change_parameters(n_prototypes=40)
        assert model.n_clusters_ == n_clusters

    def test_decisions_last_when_features_are_added(self):
        model = OnlineClusterer(allow_growth=True).fit(draw(0, 4_000))
        model.merge_clusters(*pair(model))
        wide = np.column_stack([draw(1, 2_000), np.zeros(2_000)])
        model.partial_fit(wide)
        assert (model.n_clusters_, len(model.decisions_)) == (3, 1)

    @pytest.mark.parametrize("forget", ["quiet", "never"])
    def test_inactive_clusters_follow_decisions(self, forget):
        model = fit(half_life=4_000.0, forget=forget)
        assert model.merge_clusters(*pair(model)).n_clusters_ == 3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=8), st.booleans())
def test_the_result_depends_neither_on_chunks_nor_on_reading(sizes, is_read):
    points = draw(3, sum(sizes))
    models = []
    for chunks in ([len(points)], sizes):
        model = fit(n_points=1_500, half_life=800.0)
        model.merge_clusters(*pair(model)).split_cluster(pair(model, FAR)[0])
        start = 0
        for size in chunks:
            model.partial_fit(points[start : start + size])
            start += size
            if is_read and chunks is sizes:
                _ = model.cluster_labels_
        models.append(model)
    first, second = (partition(model.cluster_labels_) for model in models)
    assert first == second


def partition(labels):
    """The partition, whatever the numbers of the clusters."""
    seen: dict[int, int] = {}
    return [label if label < 0 else seen.setdefault(label, len(seen)) for label in labels.tolist()]


def test_a_script_names_a_cluster_by_a_prototype():
    model = fit()
    labels = model.cluster_labels_
    for slot in np.flatnonzero(labels >= 0)[:20].tolist():
        assert model.find_cluster(int(model.ids_[slot])) == labels[slot]
    assert isinstance(model.find_cluster(int(model.ids_[0])), int)
