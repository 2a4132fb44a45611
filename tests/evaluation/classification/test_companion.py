"""The classifier beside a run: settings, learning, peers, copies that continue."""

import numpy as np
import pytest

from clusterer.datasets import make_generator
from clusterer.evaluation.classification.companion import Classification, CompanionClassifier
from clusterer.evaluation.classification.peers import list_peers
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.preprocessing.scaling import Scaling

QUICK = {"sigma": 2.0, "half_life": None, "budget": 20}


def take(companion, points):
    return companion.take(points, Scaling.identity(points.shape[1]), {}, {})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "tree"}, "kind of the classifier"),
        ({"teacher": "me"}, "teacher of the classifier"),
        ({"alpha": 0.0}, "alpha must be"),
        ({"budget": 0}, "budget must be"),
        ({"sigma": -1.0}, "sigma must be"),
        ({"half_life": -1.0}, "half_life"),
        ({"maintenance": "burn"}, "maintenance must be"),
    ],
)
def test_wrong_settings_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        ClassifierSettings(**values)


@pytest.mark.parametrize("kind", ["linear", "kernel"])
def test_a_copy_continues_bit_for_bit(kind):
    points, classes = make_generator("moons", seed=1, noise=0.1).take(1_500)
    companion = CompanionClassifier(ClassifierSettings(kind, **QUICK))
    nothing = take(companion, points[:0])
    assert nothing.model is None
    companion.learn(points[:700], classes[:700])
    taken = take(companion, points[:700])
    assert len(taken.points) == len(taken.tests.window) == 700
    assert taken.n_bytes > len(taken.packed_model) > 0
    copies = [CompanionClassifier.resume(taken), CompanionClassifier.from_dict(taken.to_dict())]
    for each in (companion, *copies):
        each.learn(points[700:], classes[700:])
    for each in copies:
        assert take(each, points).to_dict() == take(companion, points).to_dict()
    assert companion.tests.total.n == (classes >= 0).sum() == companion.model.n_seen_
    n_seen, n_mistakes = companion.model.n_seen_, companion.model.n_mistakes_
    assert companion.tests.total.accuracy == (n_seen - n_mistakes) / n_seen
    assert take(CompanionClassifier.resume(nothing), points).to_dict() == nothing.to_dict()


def test_damaged_entries_are_refused():
    points, classes = make_generator("moons").take(100)
    companion = CompanionClassifier(ClassifierSettings("linear"))
    companion.learn(points, classes)
    entries = take(companion, points).to_dict()
    swapped = entries | {"settings": ClassifierSettings("kernel").to_dict()}
    with pytest.raises(ValueError, match="another kind"):
        CompanionClassifier.from_dict(swapped)


def test_a_rest_keeps_what_is_learned_and_drops_the_window():
    points, classes = make_generator("blobs").take(400)
    settings = ClassifierSettings(**QUICK)
    companion = CompanionClassifier(settings)
    companion.learn(points, classes)
    resting = ClassifierSettings(**QUICK, is_learning=False)
    assert resting.continues(settings)
    companion.change(resting)
    assert len(companion.tests.window) == 0
    assert companion.tests.total.n == companion.model.n_seen_ == 400
    assert not ClassifierSettings("linear").continues(settings)


@pytest.mark.parametrize("key", list_peers())
def test_peers_are_tested_on_the_same_points(key):
    source = make_generator("blobs", seed=2, noise=0.1)
    companion = CompanionClassifier(ClassifierSettings("linear", **QUICK))
    companion.set_peer(key)
    for _ in range(20):
        companion.learn(*source.take(30))
    found: Classification = take(companion, source.take(1).points)
    assert found.peer == key
    assert found.peer_tests.total.n == found.tests.total.n
    assert found.peer_tests.total.accuracy > 0.7
    assert companion.max_chunk_size > 0
    companion.change_units(np.full(2, 2.0), np.zeros(2))
    assert take(companion, np.zeros((1, 2))).peer_tests.total.n == 0
    companion.set_peer("")
    assert take(companion, np.zeros((1, 2))).peer_tests is None
