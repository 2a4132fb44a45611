"""The colours of points by class, time, score, feature and column, and their legend."""

from dataclasses import replace

import numpy as np
import pytest
from bokeh.models import ColumnDataSource

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run, score_points
from widgets.components.palette import CLUSTER_COLORS, NOISE_COLOR, VALUE_COLORS, wrap_colors
from widgets.live.coloring.color_chooser import list_choices
from widgets.live.coloring.point_colors import (
    N_CATEGORIES,
    Categories,
    ColorChoice,
    PointColors,
    PointValues,
)
from widgets.live.figure import LiveFigure

FIRST = len(CLUSTER_COLORS)
LAST = FIRST + len(VALUE_COLORS) - 1


@pytest.fixture
def run():
    run = Run(make_generator("blobs", noise=0.1), OnlineClusterer())
    run.advance(1_000)
    return run


def paint(colors, title, run, **changes):
    colors.choose(list_choices(run.source)[title])
    request = ViewRequest(has_classes=True, has_scores=True)
    return colors.paint(replace(run.make_frame(request), **changes))


def test_clusters_are_the_default_and_have_no_legend(run):
    colors, frame = PointColors(), run.make_frame(ViewRequest())
    assert (colors.paint(frame) == wrap_colors(frame.point_colors)).all()
    assert colors.legend.title == colors.legend.sentence == ""
    assert frame.point_classes is frame.point_scores is None


def test_each_class_has_its_colour_and_noise_is_grey(run):
    colors = PointColors()
    found = paint(colors, "class", run)
    classes = run.recent_points.classes(1_000)
    assert (found == classes).all()
    assert colors.legend.title == "class"
    assert dict(colors.legend.entries)["class 0"] == CLUSTER_COLORS[0]
    assert colors.legend.entries[-1] == ("others or none", NOISE_COLOR)


def test_classes_without_names_and_without_end_keep_their_colours():
    categories = Categories()
    first = categories.encode(np.array([2019.0, 3.0]), None)
    assert first.values.tolist() == [0.0, 3.0]
    assert first.names == ("class 2019", "", "", "class 3")
    many = categories.encode(np.arange(3.0, 100.0), None).values
    assert many[0] == 3.0
    assert len(set(many[np.isfinite(many)].tolist())) == N_CATEGORIES - 1
    assert np.isnan(many[-1])
    assert categories.encode(np.array([0.0]), ["red"]).names[3] == "class 3"


def test_the_colours_of_time_go_from_the_oldest_to_the_newest(run):
    found = paint(PointColors(), "time of arrival", run)
    assert found[0] == FIRST
    assert found[-1] == LAST
    assert (np.diff(found.astype(int)) >= 0).all()


def test_the_score_of_a_point_is_that_of_the_model(run):
    colors = PointColors()
    found = paint(colors, "score (log density)", run)
    points = run.recent_points.window.last(1_000)
    scores = run.model.score_samples(run.scaling.apply(points))
    assert np.allclose(score_points(run.model, run.scaling, points), scores)
    order = np.argsort(scores)
    assert (np.diff(found[order].astype(int)) >= 0).all()
    assert colors.legend.entries[0][0].startswith("≤ ")
    # A frame from before the choice has no scores yet.
    assert (paint(colors, "score (log density)", run, point_scores=None) == -1).all()


def test_a_feature_keeps_its_scale_until_values_leave_it(run):
    colors = PointColors()
    found = paint(colors, "x1", run)
    frame = run.make_frame(ViewRequest())
    assert found[frame.points[:, 0].argmin()] == FIRST
    assert found[frame.points[:, 0].argmax()] == LAST
    legend = colors.legend
    colors.paint(replace(frame, points=frame.points * 0.9))
    assert colors.legend is not legend
    assert colors.legend == legend
    colors.paint(replace(frame, points=frame.points * 10))
    assert colors.legend != legend
    larger = colors.legend
    colors.paint(replace(frame, points=frame.points))
    assert colors.legend != larger


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([2.0, 2.0], [(FIRST + LAST) // 2, (FIRST + LAST) // 2]),
        ([np.nan, np.nan], [-1, -1]),
        ([1e308, -1e308], [LAST, FIRST]),
        ([], []),
    ],
)
def test_columns_without_a_spread_without_values_and_with_huge_ones_are_painted(
    run, values, expected
):
    colors = PointColors(lambda frame, name: PointValues(np.array(values)))
    colors.choose(ColorChoice("column", "x"))
    frame = run.make_frame(ViewRequest())
    with np.errstate(over="ignore"):
        found = colors.paint(replace(frame, points=frame.points[: len(values)]))
    assert abs(found - np.array(expected)).max(initial=0) <= 1
    assert colors.legend.entries[-1] == ("no value", NOISE_COLOR)


def test_dates_and_names_stand_in_the_legend_as_text(run):
    days = np.linspace(0, 8.64e7, len(run.make_frame(ViewRequest()).points))
    colors = PointColors(lambda frame, name: PointValues(days, "date"))
    colors.choose(ColorChoice("column", "<b>day</b>" + "y" * 100))
    colors.paint(run.make_frame(ViewRequest()))
    assert "1971" in colors.legend.sentence
    assert len(colors.legend.title) <= 40


def test_the_figure_sends_only_the_colours_that_change(run, monkeypatch):
    figure = LiveFigure(lambda view_request: None)
    figure.show_axes(0, 1, run.source.feature_names)
    figure.draw(run.make_frame(figure.view_request))
    patches = []
    apply = ColumnDataSource.patch

    def note(source, patch):
        patches.append([*patch])
        apply(source, patch)

    monkeypatch.setattr(ColumnDataSource, "patch", note)
    figure.color_by(list_choices(run.source)["class"])
    assert figure.view_request.has_classes
    figure.draw(run.make_frame(figure.view_request))
    assert patches == [["color"]]
    assert (figure.point_colors == run.recent_points.classes(1_000)).all()
    figure.draw(run.make_frame(figure.view_request))
    assert patches == [["color"]]
    legend = figure.figure.select_one({"name": "color legend"})
    assert legend.visible
    assert legend.title == "Colour: class"
    figure.color_by(list_choices(run.source)["cluster"])
    figure.draw(run.make_frame(figure.view_request))
    assert not legend.visible
    assert not figure.view_request.has_classes
