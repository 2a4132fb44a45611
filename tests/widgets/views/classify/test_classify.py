"""The view of the classifier: regions, borders, rings, merges, scores, and its settings."""

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.classification.regret import measure_regret
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.preprocessing.scaling import RunningScaling
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from widgets.controls.controls import Controls
from widgets.live.view_data import ViewData, project
from widgets.settings import Settings
from widgets.views import decision_regions
from widgets.views.classify.classify import ClassifyView
from widgets.views.classify.plane import find_contours, span_plane
from widgets.views.classify.regions import LARGEST_PX
from widgets.views.plot import load_renderer

KERNEL = ClassifierSettings(budget=20, sigma=2.0, half_life=None)
LINEAR = ClassifierSettings("linear")


def classify(source, settings=KERNEL, sizes=(300, 300), peer=""):
    scaling = RunningScaling.start(2)
    run = Run(source, OnlineClusterer(30), scaling=scaling if source.n_features == 2 else None)
    run.set_classifier(settings)
    run.set_peer(peer)
    for size in sizes:
        run.advance(size)
        run.record()
    return run


def see(run, **more):
    return ViewData(run.recording, classification=run.classify(), **more)


def make_view():
    sent = []
    settings = Settings()
    view = ClassifyView(lambda *values: sent.append(values), Controls(settings))
    return view, settings, sent


def show(view, view_data):
    measured = view.measure(view_data)
    view.draw(measured)
    return measured.data.layers


@pytest.mark.parametrize("settings", [KERNEL, LINEAR], ids=["kernel", "linear"])
def test_the_image_is_what_the_classifier_predicts(settings):
    run = classify(make_generator("moons", seed=1), settings)
    view, _, _ = make_view()
    layers = show(view, see(run))
    known = run.classify()
    plane = span_plane(known.points[-500:], ViewRequest())
    image = layers["classify regions"]["image"][0]
    predicted = known.model.predict(known.scaling.apply(plane.points))
    assert np.array_equal(image.ravel(), predicted)
    # The border runs where the prediction changes.
    decisions = known.model.decision_function(known.scaling.apply(plane.points))
    border, margins = layers["classify border"], layers["classify margins"]
    assert len(border["x"]) > 20
    ends = known.scaling.apply(np.column_stack([border["x"], border["y"]]).astype(float))
    assert np.abs(known.model.decision_function(ends)).max() < 0.1 * np.abs(decisions).max()
    ends = known.scaling.apply(np.column_stack([margins["x"], margins["y"]]).astype(float))
    leads = np.abs(known.model.decision_function(ends))
    assert np.abs(leads - 1).max() < 0.1 * np.abs(decisions).max()
    points = layers["classify points"]
    assert points["class"] == [str(i) for i in known.tests.window[-500:, 0]]
    assert points["predicted"] == [str(i) for i in known.tests.window[-500:, 1]]
    rings = layers["classify vectors"]
    if settings is LINEAR:
        assert len(rings["x"]) == 0
    else:
        vectors = known.scaling.undo(known.model.support_vectors_)
        assert np.allclose(rings["x"], vectors[:, 0], atol=1e-5)
        assert rings["size"].argmax() == rings["weight"].argmax()
        assert rings["size"].max() == pytest.approx(LARGEST_PX)
        assert len(layers["classify merges"]["x"]) == 0
        run.advance(100)
        merges = show(view, see(run))["classify merges"]
        assert len(merges["x"]) > 0
        now = run.classify()
        ends = now.scaling.undo(now.model.support_vectors_)[:, 0]
        assert all(np.isclose(x, ends, atol=1e-4).any() for x in merges["x1"])


def test_many_classes_have_borders_and_the_figures_are_updated():
    run = classify(make_generator("blobs", seed=1), sizes=(400, 400), peer="sgd")
    view, _, _ = make_view()
    layers = show(view, see(run))
    assert set(np.unique(layers["classify regions"]["image"][0])) <= set(range(5))
    assert len(layers["classify accuracy"]["seen"]) == len(layers["classify peer"]["seen"]) == 2
    known = run.classify()
    assert layers["classify accuracy"]["score"][-1] == np.float32(known.tests.recent.accuracy)
    regions, scores = view.figures
    assert regions.x_range is not scores.x_range
    sources = {each.data_source.name: each.data_source for each in regions.renderers}
    run.advance(500)
    run.record()
    layers = show(view, see(run))
    assert sources["classify points"].data["x"] is layers["classify points"]["x"]
    assert "SGDClassifier" in view._table.object
    assert view._classes.object.count("<tr>") == 1 + 5
    assert view.estimates == {"classifier_sigma": 2.0, "classifier_half_life": np.inf}


def test_more_features_are_cut_along_the_axes_of_the_live_figure():
    rng = np.random.default_rng(0)
    points = rng.normal(loc=[0, 0, 5, 9], size=(900, 4))
    run = classify(ArraySource(points), sizes=(900,))
    for axes in ((2, 1), (-1, -2), (3, -1)):
        request = run.recent_points.add_projection(ViewRequest(*axes), run.scaling)
        plane = span_plane(points, request)
        xs, ys = project(plane.points, request)
        assert np.allclose(xs.reshape(64, 96), plane.xs)
        assert np.allclose(ys.reshape(64, 96).T, plane.ys)
        view, _, _ = make_view()
        assert len(show(view, see(run, view_request=request))["classify regions"]["image"]) == 1
    assert "taught by the clusters" in view._text.pane.object


def test_contours_of_a_plane_are_straight_lines():
    plane = span_plane(np.array([[0.0, 0.0], [1.0, 1.0]]), ViewRequest())
    segments = find_contours(plane, plane.points.sum(axis=1), 1.0)
    assert np.allclose(segments[:, :2].sum(axis=1), 1.0)
    assert np.allclose(segments[:, 2:].sum(axis=1), 1.0)
    assert find_contours(plane, plane.points.sum(axis=1), 9.0).shape == (0, 4)


def test_the_past_shows_the_classifier_of_the_past():
    run = classify(make_generator("moons", seed=1), sizes=(300, 300, 300))
    past = run.recording.states[1]
    view, _, _ = make_view()
    layers = show(view, ViewData(run.recording, past, classification=past.classification))
    known = past.classification
    plane = span_plane(known.points[-500:], ViewRequest())
    predicted = known.model.predict(known.scaling.apply(plane.points))
    assert np.array_equal(layers["classify regions"]["image"][0].ravel(), predicted)
    assert layers["classify now"]["seen"] == [600]


def test_the_regret_is_that_of_the_window():
    run = classify(make_generator("moons", seed=1, noise=0.2), sizes=(1_500,), peer="sgd")
    known = run.classify()
    found = measure_regret(known)
    is_known = known.tests.window[:, 0] >= 0
    assert found.n == is_known.sum()
    mistakes = (known.tests.window[:, 0] != known.tests.window[:, 1])[is_known].mean()
    assert found.regret == pytest.approx(mistakes - found.batch_error)
    assert 0 <= found.batch_error <= mistakes
    assert np.isfinite(found.peer)
    one = classify(ArraySource(np.ones((50, 2))), sizes=(50,))
    assert measure_regret(one.classify()) is None


def test_settings_reach_the_classifier_only_while_the_tab_is_open():
    view, settings, sent = make_view()
    settings.classifier_alpha = 0.01
    assert sent == []
    view.open(False)
    assert sent == []
    view.open(True)
    assert sent == [(ClassifierSettings(alpha=0.01), "")]
    settings.classifier = "linear"
    assert not view.widgets["classifier_budget"].visible
    settings.param.update(has_automatic_classifier_half_life=False, classifier_half_life=300.0)
    settings.classifier_peer = "sgd"
    assert sent[-1] == (ClassifierSettings("linear", alpha=0.01, half_life=300.0), "sgd")
    view.open(False)
    assert not sent[-1][0].is_learning
    settings.param.update(has_automatic_classifier_half_life=False, classifier_half_life=np.inf)
    assert settings.classifier_settings(is_learning=True).half_life is None
    # Nothing to show yet.
    layers = view.measure(ViewData())
    view.draw(layers)
    assert view.figures == []


def test_a_notebook_draws_the_regions_of_its_own_classifier():
    points, classes = make_generator("rings").take(400)
    model = KERNEL.make().partial_fit(points, classes)
    assert load_renderer().get_plot(decision_regions(model, points, classes)).state is not None
    assert load_renderer().get_plot(decision_regions(model, points)).state is not None
