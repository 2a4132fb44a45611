"""The live plot in words: clusters, shares, changes, and how often they are told."""

from dataclasses import replace

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from widgets.live import plot_text as module
from widgets.live.plot_text import PlotText, describe, list_shares


@pytest.fixture
def frame():
    run = Run(make_generator("blobs"), OnlineClusterer())
    run.advance(1000)
    run.name_cluster(1, "<b>young</b>")
    return run.make_frame(ViewRequest(), is_playing=True)


def test_clusters_are_named_with_their_shares_the_largest_first(frame):
    shares = list_shares(frame)
    assert sum(shares.values()) == pytest.approx(1 - frame.noise_share)
    assert [*shares.values()] == sorted(shares.values(), reverse=True)
    text = describe(frame, shares, {})
    assert text.startswith("1,000 points seen. 5 clusters in the plot: ")
    assert "<b>young</b> " in text
    pane = PlotText()
    pane.draw(frame)
    assert "&lt;b&gt;young&lt;/b&gt;" in pane.pane.object


def test_what_changed_is_told(frame):
    text = describe(frame, {"cluster 2": 0.5, "cluster 7": 0.5}, {"cluster 2": 0.6, "old": 0.4})
    assert text.endswith("New: cluster 7. Gone: old.")


def test_reports_are_rare_while_points_stream_in(frame, monkeypatch):
    class Clock:
        now_s = 100.0

        def monotonic(self):
            return self.now_s

    monkeypatch.setattr(module, "time", clock := Clock())
    text = PlotText()
    reports = set()
    for step in range(300):
        clock.now_s += 0.1
        snapshot = replace(frame.snapshot, n_seen=1000 + step)
        text.draw(replace(frame, snapshot=snapshot))
        reports.add(text.pane.object)
    assert 3 <= len(reports) <= 4
    paused = replace(frame, is_playing=False)
    text.draw(paused)
    assert "paused" in text.pane.object


def test_an_empty_plot_is_told():
    run = Run(make_generator("blobs"), OnlineClusterer())
    frame = run.make_frame(ViewRequest())
    assert describe(frame, list_shares(frame), {}) == "The plot is empty."
    assert np.isnan(frame.snapshot.sigma)
