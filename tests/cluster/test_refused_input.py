"""Input that the estimator refuses: the message names the parameter or row; nothing changes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from clusterer import OnlineClusterer
from tests.cluster.test_estimator import whole_state
from tests.cluster.test_properties import assert_identical, blobs

REFUSED = {
    "nan": (np.array([[0.0, 0.0], [np.nan, 1.0]]), "Row 1 .*NaN"),
    "infinity": (np.array([[0.0, np.inf]]), "Row 0 .*infinity"),
    "too far": (np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1e300]]), "Row 2 .*too far"),
    "beyond": (np.array([[1.7e308, 0.0], [-1.7e308, 0.0]]), "Row . .*too far"),
    "too wide": (np.ones((3, 3)), "3 features.*2 features"),
    "too narrow": (np.ones((3, 1)), "1 features.*2 features"),
    "empty": (np.empty((0, 2)), "0 sample"),
    "no features": (np.empty((3, 0)), "0 feature"),
    "one point": (np.ones(2), "2D array"),
    "cube": (np.ones((2, 2, 2)), "dim"),
    "number": (3.0, "2D array"),
    "nothing": (None, "2D array"),
    "text": (np.array([["a", "b"]]), "text"),
    "digits": ([["1", "2"]], "text"),
    "text among numbers": (np.array([[1.0, "2"]], dtype=object), "text"),
    "times": (np.array([["2020-01-01", "2020-01-02"]], dtype="M8[s]"), "datetimes"),
    "time among numbers": (np.array([[1.0, date(2020, 1, 2)]], dtype=object), "column 1.*datetime"),
    "durations": (np.array([[1, 2]], dtype="m8[s]"), "durations.*seconds"),
    "lists": (pd.DataFrame({"a": [1.0], "b": [[1.0, 2.0]]}), "'b' holds lists.*np.stack"),
    "times in a table": (
        pd.DataFrame({"a": [1.0], "b": pd.to_datetime(["2020"])}),
        "'b'.*datetime",
    ),
    "masked": (np.ma.masked_equal([[1.0, 999.0]], 999.0), "1 masked values"),
    "ragged": ([[1.0], [1.0, 2.0]], "inhomogeneous"),
    "complex": (np.array([[1j, 0.0]]), "[Cc]omplex"),
    "wide sparse": (sp.csr_array((1, 3_000_000)), "sparse.*3,000,000.*TruncatedSVD"),
    "complex sparse": (sp.csr_array(np.array([[1j, 0.0]])), "complex"),
    "None inside": ([[None, 1.0]], "NaN|NoneType"),
}


class TestRefused:
    @pytest.mark.parametrize("name", REFUSED)
    @pytest.mark.parametrize("method", ["fit", "partial_fit", "predict"])
    def test_chunk_is_refused_and_nothing_changes(self, name, method):
        chunk, message = REFUSED[name]
        model = OnlineClusterer(5).partial_fit(np.round(blobs(0)))
        # A refused chunk must not apply a new merge rule.
        model.set_params(merge="ward", n_prototypes=3 if method != "predict" else 5)
        if method == "fit" and name.startswith("too "):
            chunk = np.array([[0.0], [1.0], [np.nan]])
            message = "Row 2"
        before = whole_state(model)
        with pytest.raises((ValueError, TypeError), match=message):
            getattr(model, method)(chunk)
        after = whole_state(model)
        # The cache of checked parameters is not part of what was learned.
        assert after | {"_parameter_cache": b""} == before | {"_parameter_cache": b""}

    @pytest.mark.parametrize("name", sorted(set(REFUSED) - {"too wide", "too narrow"}))
    def test_first_chunk_is_refused_and_leaves_an_unfitted_model(self, name):
        model = OnlineClusterer()
        with pytest.raises((ValueError, TypeError)):
            model.partial_fit(REFUSED[name][0])
        assert model.__dict__ == OnlineClusterer().__dict__
        model.partial_fit(np.ones((2, 3)))

    def test_point_in_another_unit_is_refused(self):
        model = OnlineClusterer().partial_fit([[0.0], [1e-150]])
        with pytest.raises(ValueError, match=r"Row 1 .*too far.*unit"):
            model.partial_fit([[1e-150], [1.0]])
        assert model.n_seen_ == 2

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("n_prototypes", [0, -1, 2.0, 2.5, True, "20", None, np.nan, 20_001, 10**30]),
            ("sigma", [0, -1.0, np.nan, "wide", None, True, np.ones(2), 1j]),
            ("half_life", [0, -1.0, np.nan, np.inf, "long", "10 years", "0s", True, np.ones(2)]),
            ("update", ["Kernel", None, 1]),
            ("merge", ["logward", None, 0]),
            ("forget", ["always", None, True]),
            ("refresh", [-0.1, 1.5, np.nan, "auto", None, True]),
            ("metric", ["cosinus", None, 1]),
            ("noise_threshold", [0, -1.0, np.nan, "auto", True]),
        ],
    )
    def test_parameter_is_refused_by_name(self, name, values):
        points = blobs(0)
        model = OnlineClusterer(1).fit(points)
        kept = model.snapshot()
        for value in values:
            with pytest.raises(ValueError, match=name):
                OnlineClusterer(**{name: value}).fit(points)
            model.set_params(**{name: value})
            for call in (model.partial_fit, model.fit, model.predict):
                with pytest.raises(ValueError, match=name):
                    call(points)
        model.set_params(**OnlineClusterer(1).get_params())
        assert_identical(model.snapshot(), kept)

    def test_unfitted_model_raises(self):
        model = OnlineClusterer()
        for call in (lambda: model.predict([[1.0]]), model.snapshot, lambda: model.prototypes_):
            with pytest.raises(NotFittedError):
                call()
