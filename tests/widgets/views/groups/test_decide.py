"""The sentences about the number of clusters, and the controls that decide, without a browser."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from clusterer.stream import ArraySource
from tests.support.threads import run_in_new_loop
from widgets.live.view_data import ViewData
from widgets.views.groups.decide import Choices, ChoicesPanel, measure_choices

CENTERS = np.array([[0.0, 0.0], [5.0, 0.0], [40.0, 0.0]])


@pytest.fixture
def run():
    rng = np.random.default_rng(1)
    run = Run(
        ArraySource(CENTERS[rng.integers(3, size=4_000)] + rng.normal(size=(4_000, 2))),
        OnlineClusterer(),
    )
    for _ in range(3):
        run.advance(1_000)
        run.record()
    return run


def view(run, state=-1):
    return ViewData(run.recording, run.recording.states[state], frame=run.make_frame(ViewRequest()))


def find_near(run):
    """The ids of the two clusters that lie beside each other."""
    frame = run.make_frame(ViewRequest())
    near = frame.center_clusters[(frame.centers[:, 0] < 10) & (frame.center_clusters > 0)]
    return sorted(np.unique(near).tolist())


def test_the_sentences_name_the_next_best_answers(run):
    one, other = find_near(run)
    number, fewer, more = measure_choices(view(run)).sentences
    assert number == "3 clusters."
    assert fewer.startswith(f"One fewer: cluster {one} and cluster {other} become one. The gap")
    assert fewer.endswith((": clear.", ": likely."))
    assert more.startswith("One more: cluster ")
    assert more.endswith((": may be chance.", ": most likely chance.", "no gap inside it."))
    run.name_cluster(one, "<b>young</b>")
    choices = measure_choices(view(run))
    assert f"<b>young</b> and cluster {other} become one" in choices.sentences[1]
    assert choices.options[f"{one} <b>young</b>"] == one
    run.decide("merge", clusters=[one, other])
    number, fewer, more = measure_choices(view(run)).sentences
    assert number == "2 clusters."
    assert more.endswith((": clear.", ": likely."))


def test_nothing_is_said_before_the_first_point():
    assert measure_choices(ViewData()) == Choices()
    empty = Run(ArraySource(CENTERS), OnlineClusterer()).make_frame(ViewRequest())
    assert measure_choices(ViewData(frame=empty)) == Choices()


def test_a_state_of_the_past_shows_its_decisions_and_takes_none(run):
    run.decide("merge", clusters=find_near(run))
    run.advance(500)
    run.record()
    run.decide("undo")
    now, past = measure_choices(view(run)), measure_choices(view(run, 0))
    assert (now.decisions, past.decisions, now.is_past, past.is_past) == ((), (), False, True)
    merged = measure_choices(view(run, -2))
    assert len(run.recording.states) == 4
    panel = ChoicesPanel(Future)
    panel.draw(replace(now, decisions=merged.decisions))
    panel.draw(past)
    panel.choice.value = [*past.options.values()][:2]
    assert panel.merge.disabled


def test_the_buttons_pass_decisions_on_and_say_what_was_wrong(run):
    sent = []

    def decide(kind, **values):
        sent.append((kind, values))
        answer = Future()
        try:
            answer.set_result(run.decide(kind, **values))
        except ValueError as error:
            answer.set_exception(error)
        return answer

    panel = ChoicesPanel(decide)
    panel.draw(measure_choices(view(run)))
    assert (panel.merge.disabled, panel.split.disabled) == (True, True)
    one, other = find_near(run)
    panel.choice.value = [one]
    assert (panel.merge.disabled, panel.split.disabled) == (True, False)
    panel.choice.value = [one, other]
    assert (panel.merge.disabled, panel.split.disabled) == (False, True)
    run_in_new_loop(panel._merge(None))
    assert sent == [("merge", {"clusters": (one, other)})]
    panel.draw(measure_choices(view(run)))
    assert panel.choice.value == []
    assert len(panel.choice.options) == 2
    assert f"By hand: merged cluster {one} and cluster {other}" in panel._bar.text.pane.object
    # A cluster that has ended meanwhile.
    panel.choice.value = [99]
    run_in_new_loop(panel._split(None))
    assert "Cluster 99 is not there any more." in panel._bar.problem.pane.object
    run_in_new_loop(panel._bar._undo(None))
    assert run.recipe.decisions == ()
    assert panel._bar.problem.pane.object == ""
    panel.draw(measure_choices(view(run)))
    assert panel._bar.undo.disabled
