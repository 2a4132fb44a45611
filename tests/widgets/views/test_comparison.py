"""The view of the comparison of a run with a baseline."""

import numpy as np

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.evaluation.baselines import BaselineSettings
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from widgets.live.view_data import ViewData
from widgets.views import comparison
from widgets.views.comparison import ComparisonView, measure_comparison, tabulate
from widgets.views.plot import load_renderer


def compare(source):
    run = Run(source, OnlineClusterer(30, half_life=200.0))
    run.set_baseline(BaselineSettings("minibatch"))
    run.advance(900)
    return run.compare()


def test_both_plots_show_the_same_points_on_the_same_axes():
    compared = compare(make_generator("blobs", seed=2))
    view_data = ViewData(comparison=compared)
    layers = measure_comparison(view_data).layers
    ours, baseline = layers["comparison ours"], layers["comparison baseline"]
    assert len(ours["x"]) == len(baseline["cluster"]) == 500
    assert np.array_equal(ours["x"], baseline["x"])
    assert [len(row) for row in tabulate(compared)] == [3] * 7
    view = ComparisonView(lambda settings: None)
    view.draw(view.measure(ViewData()))
    view.draw(view.measure(view_data))
    left, right = view.figures
    assert left.x_range is right.x_range
    assert left.y_range is right.y_range
    assert left.x_range.start < ours["x"].min()
    assert ours["x"].max() < left.x_range.end


def test_a_stream_without_classes_has_no_agreement_with_the_truth():
    compared = compare(ArraySource(np.random.default_rng(0).normal(size=(900, 2))))
    assert tabulate(compared)[3] == (
        "agreement with the truth",
        "no truth known",
        "no truth known",
    )


def test_a_comparison_is_a_layout_that_can_be_rendered():
    layout = comparison(compare(make_generator("blobs")))
    assert load_renderer().get_plot(layout).state is not None
