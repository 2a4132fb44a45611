"""The kernel in the figure: its width in the units of the axes, and widths without effect."""

from dataclasses import replace

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.scaling import Scaling
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from widgets.live.kernel import judge_kernel, measure_kernel


def make_frame(sigma, view_request=None, scaling=None, n_features=2):
    points = np.random.default_rng(0).normal(size=(500, n_features))
    run = Run(ArraySource(points), OnlineClusterer(sigma=sigma), scaling=scaling)
    run.advance(500)
    return run.make_frame(view_request or ViewRequest())


def test_the_ring_has_the_units_of_each_axis():
    scaling = Scaling(np.zeros(2), np.array([10.0, 0.1]))
    assert measure_kernel(make_frame(2.0, scaling=scaling)) == pytest.approx((20.0, 0.2))


def test_on_components_the_ring_is_a_circle_of_the_standardised_points():
    scaling = Scaling(np.zeros(4), np.array([10.0, 0.1, 3.0, 1.0]))
    frame = make_frame(2.0, ViewRequest(x=-1, y=-2), scaling, n_features=4)
    ends = frame.scaling.undo(np.random.default_rng(1).normal(size=(20_000, 4)) * 1e-9)
    directions = frame.scaling.apply(ends)
    directions *= 2.0 / np.linalg.norm(directions, axis=1, keepdims=True)
    x, y = frame.view_request.project(frame.scaling.undo(directions))
    x0, y0 = frame.view_request.project(frame.scaling.undo(np.zeros((1, 4))))
    width, height = measure_kernel(frame)
    assert width == pytest.approx(np.abs(x - x0).max(), rel=0.02)
    assert height == pytest.approx(np.abs(y - y0).max(), rel=0.02)


@pytest.mark.parametrize(("sigma", "word"), [(1e3, "larger"), (1e-3, "smaller"), (0.1, "")])
def test_a_width_that_can_have_no_effect_is_named(sigma, word):
    assert word in judge_kernel(make_frame(sigma))
    assert bool(judge_kernel(make_frame(sigma))) == bool(word)


def test_an_empty_run_has_no_ring_and_no_remark():
    frame = Run(make_generator("blobs"), OnlineClusterer()).make_frame(ViewRequest())
    assert measure_kernel(frame) == (0.0, 0.0)
    assert judge_kernel(frame) == ""
    assert measure_kernel(replace(frame, scaling=None)) == (0.0, 0.0)
