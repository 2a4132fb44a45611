"""Damaged, foreign and contradictory model files are refused."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterer import ModelFileError, OnlineClusterer, load
from clusterer.cluster.persistence.versions import ARRAYS
from clusterer.model_file import Model, dump_model, parse_model
from tests.cluster.persistence.test_saved_models import CONTENT, MODEL
from tests.cluster.test_properties import assert_identical, blobs


def read(content: bytes, folder: Path) -> OnlineClusterer:
    path = folder / "read.npz"
    path.write_bytes(content)
    return load(path)


def forge(content: bytes, changed: dict[str, Any] | None = None, **header: Any) -> bytes:
    """Return the file with other arrays or another header, in NumPy's format."""
    with np.load(io.BytesIO(content)) as file:
        arrays = {name: file[name] for name in file.files}
    entries = json.loads(str(arrays["header"])) | header
    arrays["header"] = np.array(json.dumps({k: v for k, v in entries.items() if v is not ...}))
    arrays |= changed or {}
    forged = io.BytesIO()
    np.savez(forged, **{name: value for name, value in arrays.items() if value is not None})
    return forged.getvalue()


def array(name: str) -> np.ndarray:
    with np.load(io.BytesIO(CONTENT)) as file:
        return file[name]


def put(name: str, index: Any, value: float) -> dict[str, np.ndarray]:
    changed = array(name)
    changed[index] = value
    return {name: changed}


def pack(compression: int) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(CONTENT)) as old,
        zipfile.ZipFile(packed, "w", compression) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return packed.getvalue()


def add_member(name: str, content: bytes) -> bytes:
    file = io.BytesIO(CONTENT)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def parameters(**changed: Any) -> dict[str, Any]:
    return {"parameters": json.loads(str(array("header")))["parameters"] | changed}


def decide(*decision: Any) -> bytes:
    return forge(CONTENT, decisions={"made": [decision], "next_note": 160})


FOREIGN = {
    "empty": b"",
    "text": b"x,y\n1,2\n",
    "zip without members": b"PK\5\6" + 18 * b"\0",
    "other npz": forge(CONTENT, {"header": None}),
    "pickle": b"\x80\x04]\x94.",
    "lone array": CONTENT[CONTENT.index(b"\x93NUMPY") :][:200],
    "packed": pack(zipfile.ZIP_DEFLATED),
    "bomb": add_member("bomb.npy", b"") + b"",
    "array too many": forge(CONTENT, {"more": np.zeros(1)}),
    "array missing": forge(CONTENT, {"origin": None}),
    "other format": forge(CONTENT, format="picture"),
    "newer": forge(CONTENT, version=8),
    "version 0": forge(CONTENT, version=0),
    "version true": forge(CONTENT, version=True),
    "version text": forge(CONTENT, version="1"),
    "header is a list": forge(CONTENT, {"header": np.array("[1]")}),
    "header is deep": forge(CONTENT, {"header": np.array("[" * 10**5)}),
    "header is no JSON": forge(CONTENT, {"header": np.array("{")}),
    "header is a number": forge(CONTENT, {"header": np.array(7.0)}),
    "entry missing": forge(CONTENT, scale=...),
    "entry unknown": forge(CONTENT, more=1),
    "parameters missing": forge(CONTENT, parameters={}),
    "parameters a list": forge(CONTENT, parameters=[1]),
    "parameter unknown": forge(CONTENT, **parameters(more=1)),
    "K = 0": forge(CONTENT, **parameters(n_prototypes=0)),
    "K absurd": forge(CONTENT, **parameters(n_prototypes=10**12)),
    "K huge": forge(CONTENT, **parameters(n_prototypes=10**400)),
    "sigma below 0": forge(CONTENT, **parameters(sigma=-1.0)),
    "forget unknown": forge(CONTENT, **parameters(forget="all")),
    "half_life NaN": forge(CONTENT, **parameters(half_life=float("nan"))),
    "update unknown": forge(CONTENT, **parameters(update="magic")),
    "join a number": forge(CONTENT, **parameters(join=1)),
    "names too few": forge(CONTENT, feature_names=["a"]),
    "names alike": forge(CONTENT, feature_names=["a", "a"]),
    "names no text": forge(CONTENT, feature_names=[1, 2]),
    "names a text": forge(CONTENT, feature_names="ab"),
    "n_seen NaN": forge(CONTENT, n_seen=float("nan")),
    "n_seen broken": forge(CONTENT, n_seen=60.5),
    "n_seen few": forge(CONTENT, n_seen=3.0),
    "n_seen huge": forge(CONTENT, n_seen=1e300),
    "n_seen text": forge(CONTENT, n_seen="60"),
    "total_weight 0": forge(CONTENT, total_weight=0.0),
    "total_weight huge": forge(CONTENT, total_weight=1e60),
    "next_number too low": forge(CONTENT, {"numbers": np.zeros((6, 3), np.int64)}, next_number=0),
    "next_number text": forge(CONTENT, next_number="1"),
    "number without home": forge(CONTENT, put("numbers", (0, 1), -1), next_number=5),
    "numbers flat": forge(CONTENT, {"numbers": np.full(18, -1)}),
    "mark of noise": forge(CONTENT, put("numbers", (0, 2), 7)),
    "last_time NaN": forge(CONTENT, last_time=float("nan")),
    "metric unknown": forge(CONTENT, **parameters(metric="chess")),
    "sphere of two axes": forge(CONTENT, **parameters(metric="haversine")),
    "faded_count 0": forge(CONTENT, faded_count=0.0),
    "faded_count high": forge(CONTENT, faded_count=61.0),
    "squares below 0": forge(CONTENT, squares=-1.0),
    "squares infinite": forge(CONTENT, squares=float("inf")),
    "recent unit 0": forge(CONTENT, recent_unit=0.0),
    "recent count infinite": forge(CONTENT, recent_count=float("inf")),
    "recent count high": forge(CONTENT, recent_count=1e6),
    "steps below 0": forge(CONTENT, put("recent", (2, 0), -1.0)),
    "steps infinite": forge(CONTENT, put("recent", (2, 1), np.inf)),
    "recent flat": forge(CONTENT, {"recent": np.ones(6)}),
    "fading too fast": forge(CONTENT, fading=2.0),
    "check between points": forge(CONTENT, next_look=1000.5),
    "unknown automatic number": forge(CONTENT, chosen_prototypes=51.0),
    "choice between points": forge(CONTENT, next_choice=2000.5),
    "feature steps below 0": forge(CONTENT, {"steps": np.full(2, -1.0)}),
    "steps of other features": forge(CONTENT, {"steps": np.ones(3)}),
    "time in the future": forge(CONTENT, put("times", (1, 0), 61.0)),
    "times too wide": forge(CONTENT, put("times", (1, 1), 3601.0)),
    "times flat": forge(CONTENT, {"times": np.ones(36)}),
    "scale no power": forge(CONTENT, scale=0.3),
    "scale too small": forge(CONTENT, scale=2.0**-1010),
    "scale 0 with squares": forge(CONTENT, scale=0.0),
    "NaN center": forge(CONTENT, put("centers", (1, 1), np.nan)),
    "huge center": forge(CONTENT, put("centers", (1, 1), 1e150)),
    "infinite mean": forge(CONTENT, put("mean", 0, np.inf)),
    "NaN origin": forge(CONTENT, put("origin", 0, np.nan)),
    "known below -1": forge(CONTENT, put("known", 0, -2)),
    "known too large": forge(CONTENT, put("known", 0, 2**60)),
    "weight below 0": forge(CONTENT, put("weights", 2, -1e-9)),
    "count below 0": forge(CONTENT, put("counts", 2, -1.0)),
    "scatter below 0": forge(CONTENT, put("scatters", 2, -1.0)),
    "id twice": forge(CONTENT, put("ids", 0, array("ids")[1])),
    "id below 0": forge(CONTENT, put("ids", 0, -1)),
    "seen before it was": forge(CONTENT, put("last_seen", 0, array("ids")[0] - 1)),
    "seen in the future": forge(CONTENT, put("last_seen", 0, 60)),
    "weights too long": forge(CONTENT, {"weights": np.ones(7)}),
    "weights a matrix": forge(CONTENT, {"weights": np.ones((6, 1))}),
    "weights float32": forge(CONTENT, {"weights": np.ones(6, "f4")}),
    "weights big-endian": forge(CONTENT, {"weights": np.ones(6, ">f8")}),
    "weights text": forge(CONTENT, {"weights": np.full(6, "1")}),
    "weights objects": forge(CONTENT, {"weights": np.full(6, None)}),
    "ids floats": forge(CONTENT, {"ids": np.arange(6.0)}),
    "centers flat": forge(CONTENT, {"centers": np.ones(12)}),
    "centers Fortran": forge(CONTENT, {"centers": np.asfortranarray(array("centers"))}),
    "sides too large": forge(CONTENT, put("sides", (0, 0), 2)),
    "sides flat": forge(CONTENT, {"sides": np.zeros(6, np.int64)}),
    "sides of no decision": forge(CONTENT, decisions={"made": [], "next_note": 160}),
    "decisions a number": forge(CONTENT, decisions=7),
    "decision unknown": decide("burn", 60, [0], [0, 1]),
    "decision in the past": decide("split", 0, [0], [0, 1]),
    "decision short": decide("split", 60, [0]),
    "decision of text": decide("split", 60, "ab", [0, 1]),
    "decision with huge groups": decide("split", 60, [0], [0, 2**40]),
    "decision noted never": forge(
        CONTENT, decisions={"made": [["split", 60, [0], [0, 1]]], "next_note": 0.5}
    ),
    "no prototypes": forge(CONTENT, {"centers": np.ones((0, 2))}),
    "no features": forge(CONTENT, {"centers": np.ones((6, 0))}),
}


class TestRefused:
    @pytest.mark.parametrize("name", FOREIGN)
    def test_file_that_is_not_a_model_is_refused(self, name, tmp_path):
        with pytest.raises(ModelFileError, match=r"read\.npz"):
            read(FOREIGN[name], tmp_path)

    def test_error_is_a_value_error_with_the_reason(self, tmp_path):
        assert issubclass(ModelFileError, ValueError)
        with pytest.raises(ModelFileError, match=r"version 8.* update"):
            read(FOREIGN["newer"], tmp_path)
        with pytest.raises(ModelFileError, match="weights holds numbers below 0"):
            read(FOREIGN["weight below 0"], tmp_path)

    def test_rewritten_file_is_still_read(self, tmp_path):
        assert_identical(read(forge(CONTENT), tmp_path).snapshot(), MODEL.snapshot())

    def test_size_is_checked_before_memory_is_taken(self, tmp_path):
        huge = CONTENT.replace(b"'shape': (6,), ", b"'shape': (6" + b"0" * 12 + b",), "[:15])
        claims = [huge, CONTENT.replace(b"(6, 2)", b"(6**9)"), CONTENT.replace(b"(2,)", b"(9,)")]
        for claim in claims:
            with pytest.raises(ModelFileError):
                read(claim, tmp_path)

    def test_file_that_is_too_large_is_not_read(self, tmp_path):
        path = tmp_path / "sparse"
        with path.open("wb") as file:
            file.truncate(2**33)
        with pytest.raises(ModelFileError, match="larger"):
            load(path)

    def test_truncated_file_is_refused(self, tmp_path):
        for length in range(0, len(CONTENT), 13):
            with pytest.raises(ModelFileError):
                read(CONTENT[:length], tmp_path)

    @settings(max_examples=1000)
    @given(st.data())
    def test_mutated_bytes_are_refused_or_harmless(self, data):
        mutated = bytearray(CONTENT)
        place = st.integers(0, len(CONTENT) - 1)
        for _ in range(data.draw(st.integers(1, 4))):
            start = data.draw(place)
            kind = data.draw(st.sampled_from(("set", "cut", "insert", "repeat")))
            if kind == "set":
                mutated[start : start + 1] = data.draw(st.binary(min_size=1, max_size=4))
            elif kind == "cut":
                del mutated[start : start + data.draw(st.integers(1, 40))]
            elif kind == "insert":
                mutated[start:start] = data.draw(st.binary(max_size=40))
            else:
                mutated[start:start] = mutated[start : start + data.draw(st.integers(1, 40))]
        with tempfile.TemporaryDirectory() as folder:
            try:
                model = read(bytes(mutated), Path(folder))
            except ModelFileError:
                return
        assert_identical(model.snapshot(), MODEL.snapshot())

    @settings(max_examples=200)
    @given(st.data())
    def test_forged_numbers_are_refused_or_work(self, data):
        """With a correct checksum: a model that is accepted learns and never holds NaN."""
        name = data.draw(st.sampled_from(sorted(ARRAYS)))
        values = array(name)
        wild = st.floats() if values.dtype.kind == "f" else st.integers(-(2**63), 2**63 - 1)
        values.flat[data.draw(st.integers(0, values.size - 1))] = data.draw(wild)
        with tempfile.TemporaryDirectory() as folder:
            try:
                model = read(forge(CONTENT, {name: values}), Path(folder))
            except ModelFileError:
                return
        # With an origin far away these points are refused.
        with contextlib.suppress(ValueError):
            model.partial_fit(blobs(1, 50))
        for value in vars(model.snapshot()).values():
            assert not np.isnan(value).any()


UNITS = {
    "offsets": [0.0, 0.0],
    "scales": [1.0, 0.5],
    "log_units": [3.5, 0.0],
    "weights": [1.0, 2.0],
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": ...}, "lacks entries"),
        ({"log_units": ...}, "lacks entries"),
        ({"weights": [1.0]}, "weights of the scaling are not 2 numbers"),
        ({"weights": [1.0, 0.0]}, "a weight of the scaling in this file is not above 0"),
        ({"weights": [1.0, True]}, "weights of the scaling are not 2 numbers"),
        ({"log_units": [3.5, -1.0]}, "a unit of the scaling in this file is below 0"),
        ({"log_units": [3.5, float("nan")]}, "log_units of the scaling are not 2 numbers"),
        ({"log_units": "ab"}, "log_units of the scaling are not 2 numbers"),
    ],
)
def test_logarithms_and_weights_that_are_none_are_refused(changed, message):
    model = OnlineClusterer(4).fit(np.random.default_rng(0).normal(size=(50, 2)))
    content = dump_model(Model(model))
    assert parse_model(forge(content, units=UNITS)).scaling.treatment.log_units == (3.5, 0.0)
    units = {name: each for name, each in (UNITS | changed).items() if each is not ...}
    with pytest.raises(ModelFileError, match=message):
        parse_model(forge(content, units=units))
