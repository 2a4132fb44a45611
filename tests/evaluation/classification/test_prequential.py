"""The scores of testing, then training, against scikit-learn and the definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, cohen_kappa_score, recall_score

from clusterer.evaluation.classification.prequential import N_RECENT, N_WINDOW, Prequential

pairs = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=60)


def add_all(classes, predicted, cuts):
    tests = Prequential.empty()
    for begin, end in itertools.pairwise(sorted({0, *cuts, len(classes)})):
        tests = tests.add(classes[begin:end], predicted[begin:end])
    return tests


def assert_scores_are(scores, classes, predicted):
    n = len(classes)
    n_right = int((classes == predicted).sum())
    n_unchanged = int((classes[1:] == classes[:-1]).sum())
    assert scores.n == n
    assert scores.accuracy == pytest.approx(accuracy_score(classes, predicted))
    if len(set(classes.tolist()) | set(predicted.tolist())) > 1:
        assert scores.kappa == pytest.approx(cohen_kappa_score(classes, predicted))
    else:
        assert np.isnan(scores.kappa)
    if n > n_unchanged:
        expected = (n_right - n_unchanged) / (n - n_unchanged)
        assert scores.kappa_temporal == pytest.approx(expected)


@given(pairs, st.lists(st.integers(0, 60), max_size=5))
def test_scores_are_those_of_scikit_learn_whatever_the_chunks(rows, cuts):
    classes, predicted = np.array(rows).T
    tests = add_all(classes, predicted, [cut for cut in cuts if cut < len(classes)])
    whole = add_all(classes, predicted, [])
    assert_array_equal(tests.by_class, whole.by_class)
    assert_array_equal(tests.window, whole.window)
    assert repr(tests.total) == repr(whole.total)
    known = classes >= 0
    if not known.any():
        assert tests.total.n == 0
        assert np.isnan(tests.total.accuracy)
        return
    assert_scores_are(tests.total, classes[known], predicted[known])
    assert repr(tests.recent) == repr(tests.total)
    for name, (n, recall) in tests.recalls.items():
        assert n == (classes == name).sum()
        expected = recall_score(classes[known] == name, predicted[known] == name)
        assert recall == pytest.approx(expected)


def test_recent_scores_are_those_of_the_last_tests_and_continue_from_json():
    rng = np.random.default_rng(0)
    classes, predicted = rng.integers(3, size=(2, 5_000))
    tests = add_all(classes, predicted, [10, 900, 4_000])
    assert_array_equal(tests.window, np.column_stack([classes, predicted])[-N_WINDOW:])
    assert tests.recent.n == N_RECENT
    last = slice(-N_RECENT, None)
    assert tests.recent.accuracy == pytest.approx((classes[last] == predicted[last]).mean())
    unchanged = (classes[last] == classes[-N_RECENT - 1 : -1]).mean()
    expected = (tests.recent.accuracy - unchanged) / (1 - unchanged)
    assert tests.recent.kappa_temporal == pytest.approx(expected)
    again = Prequential.from_dict(tests.to_dict())
    assert again.add(classes, predicted).to_dict() == tests.add(classes, predicted).to_dict()
    assert len(tests.forget_window().window) == 0
    assert tests.forget_window().total == tests.total
