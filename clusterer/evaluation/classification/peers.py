"""Peers: classifiers of scikit-learn and River that are tested on the same points."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier

from clusterer.stream.chunk import NOISE

N_BATCH = 10
N_NEIGHBORS_SEARCHED = 500


class PeerModel(Protocol):
    """The interface of a peer."""

    def test_then_learn(
        self, points: NDArray[np.float64], classes: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Learn points (n, d) of known classes (n,); return what was predicted for each before.

        -1 as long as nothing is learned.
        """


class RiverPeer:
    """A classifier of River, which is tested and taught point by point."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def test_then_learn(
        self, points: NDArray[np.float64], classes: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Test and learn points (n, d) of classes (n,)."""
        predicted = []
        for point, name in zip(points.tolist(), classes.tolist(), strict=True):
            features = dict(enumerate(point))
            answer = self._model.predict_one(features)
            predicted.append(NOISE if answer is None else answer)
            self._model.learn_one(features, name)
        return np.array(predicted, dtype=np.int64)


class SgdPeer:
    """The linear classifier of scikit-learn, which learns batches of ten points.

    It must know all classes in advance, so it begins anew when a class first appears.
    """

    def __init__(self) -> None:
        self._model: SGDClassifier | None = None
        self._classes: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def test_then_learn(
        self, points: NDArray[np.float64], classes: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Test and learn points (n, d) of classes (n,)."""
        predicted = np.full(len(classes), NOISE)
        for start in range(0, len(classes), N_BATCH):
            batch = slice(start, start + N_BATCH)
            if len(self._classes):
                predicted[batch] = self._predict(points[batch])
            known = np.union1d(self._classes, classes[batch])
            if len(known) > len(self._classes):
                self._classes, self._model = known, SGDClassifier(average=True, random_state=0)
            if self._model is not None and len(known) > 1:
                self._model.partial_fit(points[batch], classes[batch], known)
        return predicted

    def _predict(self, points: NDArray[np.float64]) -> NDArray[np.int64]:
        if len(self._classes) == 1:
            return np.full(len(points), self._classes[0])
        assert self._model is not None
        return np.asarray(self._model.predict(points), dtype=np.int64)


def make_pa() -> PeerModel:
    """The passive-aggressive classifier of River, one class against the rest."""
    from river.linear_model import PAClassifier
    from river.multiclass import OneVsRestClassifier

    return RiverPeer(OneVsRestClassifier(PAClassifier()))


def make_tree() -> PeerModel:
    """The Hoeffding tree of River."""
    from river.tree import HoeffdingTreeClassifier

    return RiverPeer(HoeffdingTreeClassifier())


def make_knn() -> PeerModel:
    """The five nearest neighbours among the last points, of River."""
    from river.neighbors import KNNClassifier, LazySearch

    return RiverPeer(KNNClassifier(engine=LazySearch(window_size=N_NEIGHBORS_SEARCHED)))


@dataclass(frozen=True)
class Peer:
    """A classifier to compare with.

    Parameters
    ----------
    title : str
        Its name on screen.
    make : callable
        Makes a model that has learned nothing.
    max_chunk_size : int
        Most points for one call, so that the controls stay responsive.
    needs_river : bool, default True
        Whether the package River must be installed.
    """

    title: str
    make: Callable[[], PeerModel]
    max_chunk_size: int
    needs_river: bool = True


PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "sgd": Peer("SGDClassifier", SgdPeer, 256, False),
        "pa": Peer("Passive-aggressive (River)", make_pa, 256),
        "tree": Peer("HoeffdingTree (River)", make_tree, 128),
        "knn": Peer("KNN (River)", make_knn, 16),
    }
)


def list_peers() -> dict[str, Peer]:
    """The peers whose packages are installed.

    >>> list(list_peers())[:1]
    ['sgd']
    """
    has_river = find_spec("river") is not None
    return {key: each for key, each in PEERS.items() if has_river or not each.needs_river}
