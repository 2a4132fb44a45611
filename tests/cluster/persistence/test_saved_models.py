"""A saved and loaded model continues bit for bit."""

from __future__ import annotations

import io
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError

import clusterer
from clusterer import OnlineClusterer, load
from clusterer.cluster.persistence.versions import ARRAYS
from clusterer.datasets import make_generator
from tests.cluster.test_properties import assert_identical, blobs
from tests.support.streams import changes, clouds, lattices

# What the versions 6 and 7 have added to the arrays and to the header.
NUMBERS = ("numbers", "numbered", "steps", "sides")
ADDED = (
    *("next_number", "last_time", "total_weight", "chosen_prototypes", "next_choice"),
    "decisions",
)


@pytest.fixture(autouse=True)
def no_sync(monkeypatch):
    """Skip the synchronisation of the disk, which takes minutes for thousands of files."""
    monkeypatch.setattr(os, "fsync", lambda number: None)


def save_and_load(model: OnlineClusterer) -> OnlineClusterer:
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model")
        return load(f"{folder}/model")


def content_of(model: OnlineClusterer) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model")
        return Path(folder, "model").read_bytes()


def forget_steps(snapshot):
    """The snapshot as before version 6, without the steps of the features."""
    return replace(snapshot, steps=np.zeros_like(snapshot.steps))


MODEL = OnlineClusterer(6, half_life=100.0).fit(blobs(0, 60))
MODEL.split_cluster(int(MODEL.cluster_ids_[0]))
CONTENT = content_of(MODEL)


class TestRoundTrip:
    @settings(max_examples=200)
    @given(st.data(), st.sampled_from((1, 2, 5)), changes(), st.integers(1, 30))
    def test_learning_continues_bit_for_bit(self, data, n_features, changed, when):
        points = data.draw(clouds(n_features) | lattices(n_features))
        stayed, model = OnlineClusterer(), OnlineClusterer()
        for step, point in enumerate(points):
            for each in (stayed, model):
                each.set_params(**changed.get(step, {}))
            if step and step % when == 0:
                # Also between a change of K and the point at which it takes effect.
                model = save_and_load(model)
                assert model.get_params() == stayed.get_params()
            stayed.partial_fit(point[None])
            model.partial_fit(point[None])
        assert_identical(model.snapshot(), stayed.snapshot())
        assert_array_equal(model.predict(points), stayed.predict(points))

    def test_a_second_file_is_the_same(self):
        # The numbers of the clusters are remembered when they are read.
        assert MODEL.n_clusters_ > 0
        assert content_of(save_and_load(MODEL)) == content_of(MODEL)

    def test_saving_changes_nothing_and_later_changes_work(self):
        stayed = OnlineClusterer(8, allow_growth=True).fit(blobs(1, 50))
        stayed.n_prototypes = 3
        model = save_and_load(stayed)
        assert len(model._prototypes.weights) == 8
        for each in (stayed, model):
            each.partial_fit(np.ones((2, 3)))
            each.set_params(n_prototypes=12, join=False, sigma=np.float32(0.7))
            each.partial_fit(blobs(2, 50))
        assert_identical(model.snapshot(), stayed.snapshot())
        assert_identical(save_and_load(model).snapshot(), model.snapshot())

    def test_names_and_parameters_are_kept(self):
        table = pd.DataFrame(blobs(3, 20), columns=["ä", "b"])
        parameters = {
            "n_prototypes": np.int64(5),
            "sigma": np.inf,
            "half_life": np.float32(9),
            "update": "addc",
            "merge": "ward",
            "forget": "never",
            "join": False,
            "drop_singletons": np.False_,
            "refresh": np.float32(0.5),
            "allow_growth": True,
            "metric": "cosine",
            "noise_threshold": np.float32(4.0),
        }
        model = save_and_load(OnlineClusterer(**parameters).fit(table))
        assert model.get_params() == parameters
        assert list(model.feature_names_in_) == ["ä", "b"]
        assert model.n_features_in_ == 2
        assert len(model.labels_) == 0
        model.partial_fit(table)
        assert len(model.labels_) == 20

    def test_file_holds_no_pickle_and_no_points(self):
        with np.load(io.BytesIO(CONTENT), allow_pickle=False) as file:
            assert set(file.files) == {"header", *ARRAYS}
            assert sum(file[name].size for name in ARRAYS) < 6 * (9 + 6 + 6 + 4) + 18
            header = json.loads(str(file["header"]))
        assert (header["format"], header["version"]) == ("clusterer model", 7)

    def test_a_file_of_version_1_is_read_as_if_clusters_rest(self, tmp_path):
        """Version 1 has no times, no parameter ``forget``, and no automatic half-life."""
        with np.load(io.BytesIO(CONTENT)) as file:
            unknown = ("times", "recent", "known", *NUMBERS)
            arrays = {name: file[name] for name in file.files if name not in unknown}
        header = json.loads(str(arrays["header"])) | {"version": 1}
        for name in ("recent_unit", "recent_count", "fading", "next_look", *ADDED):
            del header[name]
        del header["parameters"]["forget"]
        np.savez(tmp_path / "model.npz", **arrays | {"header": np.array(json.dumps(header))})
        model = load(tmp_path / "model.npz")
        model.split_cluster(0)
        assert model.get_params() == MODEL.get_params()
        # Version 1 does not hold how many points each prototype has had in all.
        read = model.snapshot()
        assert read.totals.sum() == pytest.approx(MODEL.n_seen_)
        known = replace(MODEL.snapshot(), totals=read.totals)
        assert_identical(read, forget_steps(known))
        model.set_params(half_life="auto").partial_fit(blobs(1, 3000))
        assert model.half_life_ == np.inf

    def test_a_file_of_version_2_is_read_without_recent_points(self, tmp_path):
        with np.load(io.BytesIO(CONTENT)) as file:
            unknown = ("recent", "known", *NUMBERS)
            arrays = {name: file[name] for name in file.files if name not in unknown}
        header = json.loads(str(arrays["header"])) | {"version": 2, "steps": 7.0}
        for name in ("recent_count", *ADDED):
            del header[name]
        np.savez(tmp_path / "model.npz", **arrays | {"header": np.array(json.dumps(header))})
        model = load(tmp_path / "model.npz").split_cluster(0)
        assert_identical(model.snapshot(), forget_steps(MODEL.snapshot()))
        model.partial_fit(blobs(1, 3000)).save(tmp_path / "again.npz")
        assert_identical(load(tmp_path / "again.npz").snapshot(), model.snapshot())

    def test_a_file_of_version_3_is_read_without_previous_labels(self, tmp_path):
        moved = OnlineClusterer().fit(make_generator("drifting", seed=1).take(5000).points)
        assert moved._prototypes.previous_labels.max() >= 0
        moved.save(tmp_path / "model.npz")
        with np.load(tmp_path / "model.npz") as file:
            unknown = ("known", *NUMBERS)
            arrays = {name: file[name] for name in file.files if name not in unknown}
        header = json.loads(str(arrays["header"])) | {"version": 3}
        for name in ADDED:
            del header[name]
        np.savez(tmp_path / "old.npz", **arrays | {"header": np.array(json.dumps(header))})
        model = load(tmp_path / "old.npz")
        assert model._prototypes.previous_labels.max() == -1
        assert model.half_life_ == moved.half_life_ < np.inf

    def test_a_file_of_version_5_is_read_without_numbers_and_steps(self, tmp_path):
        model = OnlineClusterer(50).fit(blobs(0))
        assert model.n_clusters_ == 3
        model.save(tmp_path / "model.npz")
        with np.load(tmp_path / "model.npz") as file:
            arrays = {name: file[name] for name in file.files if name not in NUMBERS}
        header = json.loads(str(arrays["header"])) | {"version": 5}
        for name in ADDED:
            del header[name]
        for name in ("metric", "noise_threshold"):
            del header["parameters"][name]
        np.savez(tmp_path / "old.npz", **arrays | {"header": np.array(json.dumps(header))})
        old = load(tmp_path / "old.npz")
        assert old.get_params() == model.get_params()
        assert_identical(old.snapshot(), forget_steps(model.snapshot()))
        for each in (old, model):
            each.partial_fit(blobs(1, 2000))
        assert (old.snapshot().steps > 0).all()
        assert_array_equal(old.prototypes_, model.prototypes_)

    def test_a_file_of_version_6_is_read_without_decisions(self, tmp_path):
        model = OnlineClusterer(50).fit(blobs(0))
        model.save(tmp_path / "model.npz")
        with np.load(tmp_path / "model.npz") as file:
            arrays = {name: file[name] for name in file.files if name != "sides"}
        header = json.loads(str(arrays["header"])) | {"version": 6}
        del header["decisions"]
        np.savez(tmp_path / "old.npz", **arrays | {"header": np.array(json.dumps(header))})
        old = load(tmp_path / "old.npz")
        assert old.decisions_ == ()
        assert_identical(old.snapshot(), model.snapshot())
        assert old.merge_clusters(0, 1).n_clusters_ == model.n_clusters_ - 1

    def test_numbers_weights_and_times_are_kept(self):
        settings = {"half_life": "10min", "metric": "cosine", "noise_threshold": 4.0}
        model = OnlineClusterer(20, **settings)
        weights, times = np.linspace(0.1, 9.0, 300), np.linspace(0.0, 3000.0, 300)
        model.partial_fit(blobs(0) + 1.0, sample_weight=weights, times=times)
        model.predict(blobs(0) + 1.0)
        twin = save_and_load(model)
        with pytest.raises(ValueError, match="needs its times"):
            twin.partial_fit(blobs(1))
        for each in (model, twin):
            each.partial_fit(blobs(1) + 1.0, times=times + 3000.0)
        assert_identical(twin.snapshot(), model.snapshot())
        assert_array_equal(twin.cluster_ids_, model.cluster_ids_)

    def test_any_path_works(self, tmp_path):
        path = tmp_path / "name without suffix"
        MODEL.save(str(path))
        MODEL.save(path)
        assert_identical(clusterer.load(str(path)).snapshot(), MODEL.snapshot())
        assert os.listdir(tmp_path) == [path.name]


class TestWriting:
    def test_unfitted_model_is_refused(self, tmp_path):
        with pytest.raises(NotFittedError):
            OnlineClusterer().save(tmp_path / "model")
        assert not os.listdir(tmp_path)

    def test_wrong_parameters_are_refused(self, tmp_path):
        model = save_and_load(MODEL).set_params(sigma=-1)
        with pytest.raises(ValueError, match="sigma"):
            model.save(tmp_path / "model")
        assert not os.listdir(tmp_path)

    def test_failed_write_leaves_the_old_file(self, tmp_path, monkeypatch):
        path = tmp_path / "model.npz"
        path.write_bytes(CONTENT)

        def fill_disk(file, **arrays):
            file.write(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(np, "savez", fill_disk)
        with pytest.raises(OSError, match="No space"):
            MODEL.save(path)
        assert path.read_bytes() == CONTENT
        assert os.listdir(tmp_path) == ["model.npz"]

    def test_missing_file_or_folder_is_an_oserror(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            load(tmp_path / "none")
        with pytest.raises(FileNotFoundError):
            MODEL.save(tmp_path / "none" / "model")
