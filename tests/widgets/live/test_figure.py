"""The live figure, without a browser."""

from dataclasses import replace

import numpy as np

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.preprocessing.projection import Projection
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from widgets.live.figure import LiveFigure

SHARES = np.array([0.6, 0.4])


def test_the_projection_of_another_source_is_not_used():
    figure = LiveFigure(lambda view_request: None)
    names = ("length", "width", "height")
    run = Run(make_generator("blobs", n_features=3), OnlineClusterer())
    run.advance(100)
    figure.show_axes(0, 1, names)
    other = replace(Projection.along_features(7), components=np.eye(2, 7)[:, ::-1], shares=SHARES)
    # The request has a projection, but features are on the axes.
    figure.draw(replace(run.make_frame(ViewRequest()), view_request=ViewRequest(projection=other)))
    assert figure.figure.xaxis.axis_label == "length"
    assert len(figure.points.data["x"]) == 100
    run.advance(50)
    figure.show_axes(-1, -2, names)
    figure.draw(
        replace(run.make_frame(ViewRequest()), view_request=ViewRequest(-1, -2, projection=other))
    )
    assert len(figure.points.data["x"]) == 100
    figure.draw(run.make_frame(ViewRequest(-1, -2)))
    assert len(figure.points.data["x"]) == 150
    assert figure.figure.xaxis.axis_label.startswith("component 1 (")


def test_only_a_highlighted_cluster_of_the_frame_fades_the_others():
    figure = LiveFigure(lambda view_request: None)
    run = Run(make_generator("blobs"), OnlineClusterer())
    run.advance(500)
    frame = run.make_frame(ViewRequest())
    figure.show_axes(0, 1, run.source.feature_names)
    points = next(r.glyph for r in figure.figure.renderers if r.data_source is figure.points)
    figure.draw(frame)
    alpha = points.fill_alpha
    assert isinstance(alpha, float)
    figure.highlight.cluster = int(frame.center_clusters.max())
    figure.draw(frame)
    assert points.fill_alpha != alpha
    # In a frame without the cluster, for example of a new run, nothing is faded.
    none = np.zeros_like(frame.center_clusters)
    figure.draw(replace(frame, center_clusters=none))
    assert points.fill_alpha == alpha
    figure.draw(frame)
    assert points.fill_alpha != alpha
