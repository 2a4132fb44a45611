"""The cards of the clusters, without a browser."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.export.cluster_card import write_card
from clusterer.export.recent_rows import RecentRows
from clusterer.preprocessing.scaling import Moments, RunningScaling
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource, TableSource
from clusterer.tables import open_table
from widgets.live.view_data import ViewData
from widgets.views import group_plot
from widgets.views.groups.cards import N_CARDS, GroupsView, measure_groups
from widgets.views.groups.group_plot import N_FEATURES, draw_group, measure_group
from widgets.views.plot import load_renderer

NAMES = ("age", "<b>income</b>", "$$x$$")


def describe(group):
    return write_card(group.description, group.nearest, is_forgetting=group.is_forgetting)


def make_customers(n_rows=900):
    random = np.random.default_rng(3)
    means = np.array([[25.0, 20_000.0, 1.0], [60.0, 22_000.0, 5.0]])
    groups = np.arange(n_rows) % 3 // 2
    return means[groups] + random.normal(size=(n_rows, 3)) * [3.0, 3_000.0, 0.5]


def view(run, **changes):
    frame = run.make_frame(ViewRequest())
    last = run.recording.states[-1] if run.recording.states else None
    return ViewData(run.recording, last, frame=frame, **{"feature_names": NAMES} | changes)


@pytest.fixture(scope="module")
def run():
    points = make_customers()
    scaling = RunningScaling.begin(Moments(points.mean(axis=0), points.std(axis=0), len(points)))
    run = Run(ArraySource(points, NAMES), OnlineClusterer(), scaling=scaling)
    for _ in range(3):
        run.advance(300)
        run.record()
    return run


def test_cards_are_in_the_units_of_the_data(run):
    young, old = measure_groups(view(run))
    assert (young.description.n_points, old.description.n_points) == pytest.approx(
        (600, 300), abs=9
    )
    text = describe(young)
    assert "age very low" in text
    assert "&lt;b&gt;income&lt;/b&gt;" in text
    assert "<b>" not in text
    assert "remembered" not in text
    (age,) = (each for each in young.description.features if each.name == "age")
    assert age.quantiles[2] == pytest.approx(25, abs=1)
    assert young.nearest == old.title
    assert measure_groups(ViewData()) == []


def test_a_card_names_the_shares_of_text_columns_now_and_in_the_past(write):
    rows = make_customers()
    cities = ["Lugano" if age > 45 else "<i>Bern</i>" for age in rows[:, 0]]
    lines = [
        f"{a:.2f},{b:.0f},{c:.3f},{city}" for (a, b, c), city in zip(rows, cities, strict=True)
    ]
    path = write("\n".join(["age,income,x,city", *lines]) + "\n")
    source = TableSource(open_table(path), ["age", "x"])
    run = Run(source, OnlineClusterer())
    for _ in range(3):
        run.advance(300)
        run.record()
    now = view(run, feature_names=("age", "x"), rows=RecentRows(source))
    young, old = (describe(group) for group in measure_groups(now))
    assert "city: 100 % &lt;i&gt;Bern&lt;/i&gt;, of the others 0 %" in young
    assert "city: 100 % Lugano, of the others 0 %" in old
    past = replace(now, state=run.recording.states[0])
    assert "city: 100 % Lugano" in describe(measure_groups(past)[1])
    # The rows of another source are not those of the points.
    other = replace(now, rows=RecentRows(TableSource(source.table, ["age"])))
    assert "city" not in describe(measure_groups(other)[0])
    path.unlink()
    gone = replace(now, rows=RecentRows(source))
    assert "city" not in describe(measure_groups(gone)[0])


def test_the_plot_shows_cluster_and_rest_on_one_scale_for_all_cards(run):
    groups = measure_groups(view(run))
    assert groups[0].scales == groups[1].scales
    for group in groups:
        data = measure_group(group)
        boxes = data.layers["boxes"]
        assert len(boxes["left"]) == 2 * len(NAMES)
        assert (boxes["left"] <= boxes["right"]).all()
        whiskers = data.layers["whiskers"]
        assert whiskers["x"].min() >= 0.0
        assert whiskers["x1"].max() <= 1.0
        # Bokeh would typeset the name as a formula.
        assert not any("$$" in tick for tick in data.ticks["y"].values())
        assert load_renderer().get_plot(draw_group(data)).state is not None
    assert load_renderer().get_plot(group_plot(groups[0].description)).state is not None


def test_forgotten_points_are_shown_beside_all_points():
    run = Run(make_generator("blobs", seed=1), OnlineClusterer(half_life=100.0))
    run.advance(2_000)
    groups = measure_groups(view(run, feature_names=("x", "y")))
    assert all(" in all, " in describe(each) for each in groups)
    assert sum(each.description.n_points for each in groups) > 1_800
    assert sum(each.description.n_remembered for each in groups) < 200


def test_the_past_is_shown_with_the_names_of_today(run):
    (cluster, *_) = (each.description.cluster for each in measure_groups(view(run)))
    data = view(run)
    named = replace(data.frame, cluster_names={cluster: "young"})
    past = replace(data, state=run.recording.states[0], frame=named)
    (young, _) = measure_groups(past)
    assert young.name == "young"
    assert young.description.n_points < 250


def test_a_frame_of_the_source_before_is_not_described_by_wrong_names(run):
    features = measure_groups(view(run, feature_names=("only",)))[0].description.features
    assert sorted(each.name for each in features) == ["x1", "x2", "x3"]


def test_wide_data_and_many_clusters_are_cut_short():
    random = np.random.default_rng(0)
    points = random.normal(size=(400, 9)) + 50.0 * random.integers(0, 20, 400)[:, None]
    run = Run(ArraySource(points), OnlineClusterer(60, join=False))
    run.advance(400)
    groups = measure_groups(view(run, feature_names=()))
    assert len(groups) == N_CARDS
    assert len(measure_group(groups[0]).ticks["y"]) == N_FEATURES
    assert "3 more features are not drawn" in describe(groups[0])


def test_a_card_keeps_its_cluster_and_sends_the_name_that_a_user_writes(run):
    sent = []
    groups = GroupsView(lambda cluster, name: sent.append((cluster, name)), Future)
    data = view(run)
    groups.draw(groups.measure(data))
    cards = [card for card in groups._cards if card.view.visible and card.cluster]
    first, second = (card.cluster for card in cards)
    cards[1].name.value = "old"
    assert sent == [(second, "old")]
    # An answer that is older than the name does not undo it.
    groups.draw(groups.measure(data))
    assert cards[1].name.value == "old"
    named = replace(data, frame=replace(data.frame, cluster_names={second: "old"}))
    groups.draw(groups.measure(named))
    assert (cards[0].name.value, cards[1].name.value) == ("", "old")
    cards[1].name.value = ""
    groups.draw(groups.measure(named))
    assert cards[1].name.value == ""
    groups.draw(groups.measure(data))
    assert [card.cluster for card in cards] == [first, second]
    assert sent == [(second, "old"), (second, "")]
    # The largest cluster is gone: the other one keeps its card.
    clusters = np.where(data.frame.center_clusters == first, -1, data.frame.center_clusters)
    alone = replace(data, frame=replace(data.frame, center_clusters=clusters))
    groups.draw(groups.measure(alone))
    assert [card.view.visible for card in cards] == [False, True]
    assert cards[1].cluster == second
