"""The views as functions of a recording: the data that they draw, and the elements."""

import gc
import weakref

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.cluster.density.dendrogram import build_dendrogram
from clusterer.datasets import make_generator
from clusterer.session.frame import ViewRequest
from clusterer.session.recording import Recording
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from widgets.components.palette import CLUSTER_COLORS
from widgets.live.trails import measure_trails
from widgets.live.view_data import ViewData, project, thin
from widgets.views import dendrogram, drift, history, stream_graph
from widgets.views.dendrogram import measure_dendrogram
from widgets.views.drift import draw_drift, measure_drift
from widgets.views.history import measure_history
from widgets.views.plot import PlotView, load_renderer
from widgets.views.stream_graph import draw_stream_graph, measure_stream_graph
from widgets.views.tables.cluster_table import measure_clusters

MEASURES = (
    measure_stream_graph,
    measure_history,
    measure_dendrogram,
    measure_drift,
    measure_clusters,
)


def record(source, n_states=20, n_points=100, change=lambda run, i: None, **parameters):
    run = Run(source, OnlineClusterer(50, **parameters))
    for i in range(n_states):
        change(run, i)
        run.advance(n_points)
        run.record()
    return ViewData(run.recording, run.recording.states[-1])


@pytest.fixture(scope="module")
def blobs():
    return record(make_generator("blobs", seed=1, noise=0.05))


@pytest.mark.parametrize("measure", MEASURES)
def test_a_run_of_no_point_or_one_point_can_be_drawn(measure):
    measure(ViewData())
    measure(record(ArraySource(np.zeros((1, 1))), n_states=1))


def test_the_bands_of_the_stream_graph_fill_it(blobs):
    bands = measure_stream_graph(blobs).layers["stream graph"]
    area = 0.0
    for [[xs]], [[ys]] in zip(bands["xs"], bands["ys"], strict=True):
        half = len(xs) // 2
        upper, lower = ys[:half], ys[half:][::-1]
        assert (upper >= lower - 1e-4).all()
        area += np.trapezoid(upper - lower, xs[:half])
    assert area == pytest.approx(100 * (2_000 - 100), rel=1e-3)
    assert bands["cluster"][-1] == "noise"
    assert bands["color"][-1] == -1
    assert len(set(bands["color"].tolist())) == len(bands["color"]) == 6


def test_the_stream_graph_marks_the_changes_of_clusters():
    random = np.random.default_rng(0)
    points = random.normal(size=(6_000, 2))
    points[2_000:, 0] += 40.0
    view_data = record(ArraySource(points), 60, half_life=300.0)
    marks = measure_stream_graph(view_data).layers["stream graph born"]
    (latest,) = view_data.state.sizes.keys() - {-1}
    at = marks["text"].index(f"cluster {latest} is born")
    assert 2_000 < marks["x"][at] < 2_400
    assert 0 < marks["y"][at] < 100


def test_clusters_that_were_split_off_are_counted_beside_the_peaks():
    n_split = []
    for seed in range(8):
        random = np.random.default_rng(seed)
        centers = np.array([[0.0, 0.0], [3.8, 0.0], [60.0, 0.0]])
        points = centers[random.integers(3, size=6_000)] + random.normal(size=(6_000, 2))
        view_data = record(ArraySource(points), 1, 6_000)
        data = measure_dendrogram(view_data)
        n_split_here = len(data.sentences) - 1
        assert (
            len(data.layers["dendrogram bars"]["x"]) + n_split_here
            == view_data.state.n_clusters
            == 3
        )
        n_split.append(n_split_here)
    assert set(n_split) == {0, 1}


def test_the_history_marks_changes_where_they_were_made(blobs):
    def change(run, i):
        if i == 10:
            run.set("sigma", 0.5)

    layers = measure_history(record(make_generator("blobs"), change=change)).layers
    changes, lines = layers["history sigma changes"], layers["history sigma"]
    assert changes["x"] == [1_000]
    assert changes["text"] == ["σ: auto → 0.5"]
    assert changes["sigma"] == lines["sigma"][9]
    assert lines["sigma"][10] == 0.5
    assert layers["history clusters"]["clusters"][-1] == 5


@pytest.mark.parametrize("key", ["blobs", "moons", "drifting"])
def test_the_dendrogram_shows_the_clusters_of_the_model(key):
    state = record(make_generator(key, seed=2)).state
    grown = build_dendrogram(state.whole_snapshot)
    assert grown.is_peak.sum() >= state.n_clusters
    # Each cluster has its own peak among the stems that are longer than the bar.
    peaks = state.clusters[grown.slots[grown.is_peak]]
    assert set(peaks.tolist()) - {-1} == set(state.sizes) - {-1}
    guests = grown.parents >= 0
    assert (grown.bottoms[guests] <= grown.tops[grown.parents[guests]]).all()
    assert (grown.tops >= grown.bottoms).all()
    # No link crosses a stem that still stands at its level.
    for place in np.flatnonzero(guests):
        between = np.arange(grown.parents[place] + 1, place)
        assert (grown.bottoms[between] >= grown.bottoms[place]).all()


def test_drift_is_measured_in_units_per_thousand_points():
    random = np.random.default_rng(1)
    centers = np.stack([np.arange(8_000) * 0.01, np.zeros(8_000)], axis=1)
    moving = record(ArraySource(centers + random.normal(size=(8_000, 2))), 40, 200, half_life=100.0)
    speeds = measure_drift(moving).layers["drift"]
    longest = max(speeds["ys"], key=len)
    assert np.median(longest) == pytest.approx(10.0, rel=0.2)
    still = measure_drift(record(make_generator("blobs"), 40, 200)).layers["drift"]
    assert max(ys[-1] for ys in still["ys"]) < 1.0


def test_the_table_describes_each_cluster(blobs):
    rows = measure_clusters(blobs)
    state = blobs.state
    assert [row["id"] for row in rows] == sorted(
        state.sizes.keys() - {-1}, key=lambda i: -state.sizes[i]
    )
    for row in rows:
        is_member = state.clusters == row["id"]
        assert row["color"] == CLUSTER_COLORS[state.colors[is_member][0]]
        # Gaussian blobs of deviation 1 in the plane.
        assert float(row["spread"]) == pytest.approx(np.sqrt(2), rel=0.2)
        assert int(row["age"].replace(",", "")) <= 2_000
        x, y = map(float, row["center"].split(", "))
        near = state.centers[is_member]
        assert (near.min(axis=0) <= [x, y]).all()
        assert (near.max(axis=0) >= [x, y]).all()


def test_trails_end_at_the_prototypes(blobs):
    states = blobs.recording.states
    trails = measure_trails(states[-5:], ViewRequest())
    ends = np.array([[xs[-1], ys[-1]] for xs, ys in zip(trails["xs"], trails["ys"], strict=True)])
    assert np.allclose(ends, states[-1].centers, atol=1e-5)
    assert max(len(xs) for xs in trails["xs"]) == 5
    assert len(measure_trails((), ViewRequest())["xs"]) == 0


def test_thinned_states_keep_both_ends(blobs):
    states = blobs.recording.states
    few = thin(states, 7)
    assert len(few) <= 7
    assert (few[0], few[-1]) == (states[0], states[-1])
    assert thin(states, 100) == list(states)


@pytest.mark.parametrize("view", [stream_graph, history, drift])
def test_a_view_of_a_recording_is_an_element_that_can_be_rendered(view, blobs):
    renderer = load_renderer()
    for part in view(blobs.recording), view(Recording()):
        assert renderer.get_plot(part).state is not None


def test_the_dendrogram_of_a_model_has_a_long_line_for_each_cluster():
    model = OnlineClusterer(50).fit(make_generator("blobs", seed=1).take(2_000).points)
    segments = {element.label: element for element in dendrogram(model)}
    assert len(segments["long peak"]) == 5
    assert load_renderer().get_plot(dendrogram(model)).state is not None


def test_a_live_plot_gets_new_columns_and_keeps_the_zoom(blobs):
    view = PlotView(measure_drift, draw_drift)
    data, is_new = view.measure(blobs)
    assert is_new
    plot = view.figures[0]
    (lines,) = {renderer.data_source for renderer in plot.renderers}
    plot.x_range.update(start=200.0, end=300.0)
    states = blobs.recording.states[:10]
    data, is_new = view.measure(ViewData(Recording(states), states[-1]))
    assert not is_new
    view.draw((data, is_new))
    assert lines.data is not None
    assert max(xs[-1] for xs in lines.data["xs"]) == 1_000
    assert (plot.x_range.start, plot.x_range.end) == (200.0, 300.0)
    assert plot.x_range.reset_end == 1_001


def test_a_plot_that_is_no_longer_shown_is_freed(blobs):
    view = PlotView(measure_stream_graph, draw_stream_graph)
    view.measure(blobs)
    kept = weakref.ref(view.figures[0])
    del view
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("n_features", [1, 2, 3])
def test_axes_beyond_the_features_of_a_source_are_clipped(n_features):
    points = np.arange(4.0 * n_features).reshape(4, n_features)
    xs, ys = project(points, ViewRequest(2, 5))
    assert np.array_equal(xs, points[:, min(2, n_features - 1)])
    assert len(ys) == 4
    assert ViewData().past == []
