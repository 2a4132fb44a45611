"""Labels of clusters in the live figure."""

from dataclasses import replace

import numpy as np
import pytest

from clusterer import OnlineClusterer
from clusterer.datasets import make_generator
from clusterer.session.frame import ViewRequest
from clusterer.session.run import Run
from widgets.live.cluster_labels import N_NUMBERED, ClusterLabels, find_middle, write_labels


@pytest.fixture
def frame():
    run = Run(make_generator("blobs", seed=1), OnlineClusterer())
    run.advance(1_500)
    return run.make_frame(ViewRequest())


def test_each_cluster_has_its_number_or_name_inside_of_it(frame):
    labels = ClusterLabels()
    labels.draw(replace(frame, cluster_names={1: "young"}))
    data = labels.source.data
    clusters = np.unique(frame.center_clusters[frame.center_clusters >= 0])
    assert [*data["text"]] == ["young" if each == 1 else str(each) for each in clusters]
    for each, x, y in zip(clusters, data["x"], data["y"], strict=True):
        own = frame.centers[frame.center_clusters == each]
        assert (own == [x, y]).all(axis=1).any()
        # Gaussian blobs of deviation 1.
        assert np.linalg.norm(own.mean(axis=0) - [x, y]) < 1.0


def test_labels_move_at_most_twice_a_second_but_a_new_name_shows_at_once(frame):
    labels = ClusterLabels()
    playing = replace(frame, is_playing=True)
    labels.draw(playing)
    before = labels.source.data
    moved = replace(playing, centers=frame.centers + 1.0)
    moved = replace(moved, snapshot=replace(frame.snapshot, n_seen=1_501))
    labels.draw(moved)
    assert labels.source.data is before
    labels.draw(replace(moved, cluster_names={1: "young"}))
    assert labels.source.data is not before
    assert "young" in labels.source.data["text"]
    before = labels.source.data
    labels.draw(replace(moved, cluster_names={1: "young"}, is_playing=False))
    assert labels.source.data is before


def test_many_clusters_have_no_numbers():
    clusters = np.arange(N_NUMBERED + 1)
    assert write_labels(clusters, {3: "three"}) == {3: "three"}
    assert len(write_labels(clusters[:-1], {})) == N_NUMBERED


def test_the_label_of_a_ring_lies_on_the_ring():
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    xs, ys = np.append(np.cos(angles), 0.0), np.append(np.sin(angles), 0.0)
    assert find_middle(xs, ys, np.ones(13), np.arange(13) < 12) < 12
    assert find_middle(xs, ys, np.zeros(13), np.arange(13) == 12) == 12
