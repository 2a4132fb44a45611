"""The bar of the dendrogram that a user drags, without a browser."""

from concurrent.futures import Future

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from tests.support.threads import run_in_new_loop
from widgets.live.view_data import ViewData
from widgets.views.dendrogram import DendrogramView

CENTERS = np.array([[0.0, 0.0], [5.0, 0.0], [16.0, 0.0]])


@pytest.fixture
def run():
    rng = np.random.default_rng(1)
    points = CENTERS[rng.integers(3, size=4_000)] + rng.normal(size=(4_000, 2))
    run = Run(ArraySource(points), OnlineClusterer(60))
    run.advance(3_000)
    run.record()
    return run


def show(view, run):
    run.record()
    states = run.recording.states
    view.draw(
        view.measure(ViewData(run.recording, states[-1], frame=run.make_frame(ViewRequest())))
    )


def make_view(run):
    def decide(kind, **values):
        answer = Future()
        answer.set_result(run.decide(kind, **values))
        return answer

    asked = []
    view = DendrogramView(decide, lambda: asked.append(1))
    show(view, run)
    return view, asked


def test_a_longer_bar_gives_fewer_clusters_which_the_user_takes_over_and_undoes(run):
    view, asked = make_view(run)
    state = run.recording.states[-1]
    assert state.n_clusters == 3
    assert view.use.disabled
    own = view.length.value
    # The user drags the line so low that the two clusters beside each other are one.
    view._line.location = view._top - (view.length.end - 1.0)
    assert asked
    assert view.length.value == pytest.approx(view.length.end - 1.0)
    show(view, run)
    given = int(view._found.pane.object.split("gives ")[1].split(" cluster")[0])
    assert given < 3
    assert "there are 3 now" in view._found.pane.object
    assert not view.use.disabled
    bars = view.measure(
        ViewData(run.recording, run.recording.states[-1], frame=run.make_frame(ViewRequest()))
    ).data.layers["dendrogram bars"]
    assert np.allclose(bars["top"] - bars["bottom"], view.length.value)
    assert len(bars["top"]) <= 3
    run_in_new_loop(view._use(None))
    show(view, run)
    assert run.recording.states[-1].n_clusters == given
    assert view.use.disabled
    assert "By hand: cut the dendrogram at" in view._bar.text.pane.object
    # The bar stays where the dendrogram was cut.
    assert view.length.value == pytest.approx(view.length.end - 1.0)
    run_in_new_loop(view._bar._undo(None))
    show(view, run)
    assert run.recording.states[-1].n_clusters == 3
    assert view.length.value == pytest.approx(own)


def test_nothing_is_offered_before_the_first_point():
    view = DendrogramView(Future, lambda: None)
    view.draw(view.measure(ViewData()))
    assert not view._controls.visible
    assert view._line.location is None
