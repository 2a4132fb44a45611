"""Input arrays are never changed or kept; all types of numbers and memory layouts work."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from clusterer import OnlineClusterer
from tests.cluster.test_properties import assert_identical, blobs


class TestProperty5:
    """The caller's arrays are unchanged; any array of numbers works."""

    def test_array_is_unchanged_and_not_kept(self):
        points = blobs(2)
        before = points.copy()
        model = OnlineClusterer().partial_fit(points)
        kept = model.snapshot()
        labels = model.labels_
        assert_array_equal(points, before)
        points[:] = 1e6
        assert_identical(model.snapshot(), kept)
        assert_array_equal(model.labels_, labels)

    def test_reused_buffer_works(self):
        points, model = blobs(3), OnlineClusterer()
        buffer = np.empty((10, 2))
        for chunk in np.split(points, 30):
            buffer[:] = chunk
            model.partial_fit(buffer)
        assert_identical(model.snapshot(), OnlineClusterer().fit(points).snapshot())

    @pytest.mark.parametrize(
        "change",
        [
            np.asfortranarray,
            lambda points: np.repeat(points, 2, axis=0)[::2],
            lambda points: np.repeat(points, 3, axis=1)[:, ::3],
            lambda points: points[::-1].copy()[::-1],
            lambda points: points.astype(">f8"),
            lambda points: points.tolist(),
            lambda points: points.astype(object),
            lambda points: np.frombuffer(points.tobytes()).reshape(points.shape),
        ],
        ids=["fortran", "rows", "columns", "reversed", "big-endian", "list", "object", "read-only"],
    )
    def test_any_memory_layout_gives_the_same(self, change):
        points = blobs(4)
        wanted = OnlineClusterer().fit(points)
        changed = change(points)
        for method in ("fit", "partial_fit"):
            model = OnlineClusterer()
            getattr(model, method)(changed)
            getattr(model, method)(changed)
            if method == "partial_fit":
                wanted.partial_fit(points)
            assert_identical(model.snapshot(), wanted.snapshot())
            assert_array_equal(model.predict(changed), wanted.predict(points))

    @pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.float16, np.float32, bool])
    def test_any_dtype_of_numbers_gives_the_same(self, dtype):
        points = np.abs(np.round(blobs(5))).astype(dtype)
        wanted = OnlineClusterer().fit(points.astype(float)).snapshot()
        assert_identical(OnlineClusterer().fit(points).snapshot(), wanted)
