"""The classifier that learns beside the clusterer of a run, and what views see of it."""

import sys
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clusterer.base import Classifier
from clusterer.evaluation.classification.peers import PEERS, PeerModel
from clusterer.evaluation.classification.prequential import Prequential
from clusterer.evaluation.classification.settings import ClassifierSettings
from clusterer.model_file import Model, dump_model, parse_model
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream.chunk import NOISE

FAST = 1


@dataclass(frozen=True, eq=False)
class Classification:
    """A classifier after some points, its tests, and the last points; nothing of it changes.

    Parameters
    ----------
    settings : ClassifierSettings
        The settings in force.
    packed_model : bytes
        The classifier; empty before its first point.
    tests : Prequential
        The tests of the classifier.
    points : (n, d)
        The last points of the window, in the units of the data. The last rows of ``tests.window``
        are their classes and what was predicted for them.
    scaling : Scaling
        From the units of the data to the units of the classifier.
    teacher : str
        "classes" or "clusters": what taught the classifier.
    colors : mapping of int to int
        Colour of each class.
    names : mapping of int to str
        Name of each class.
    peer : str
        The key of the peer in `PEERS`; empty without a peer.
    peer_tests : Prequential or None
        The tests of the peer.
    """

    settings: ClassifierSettings
    packed_model: bytes
    tests: Prequential
    points: NDArray[np.floating]
    scaling: Scaling
    teacher: str = "classes"
    colors: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    peer: str = ""
    peer_tests: Prequential | None = None

    @property
    def model(self) -> Classifier | None:
        """The classifier, a new copy each time; None before its first point."""
        if not self.packed_model:
            return None
        learner = parse_model(zlib.decompress(self.packed_model)).learner
        if not isinstance(learner, Classifier):
            raise ValueError("The saved classifier is a learner of another kind.")
        return learner

    @property
    def n_bytes(self) -> int:
        """Memory in bytes, without ``points``, nearly all of it in arrays."""
        windows = [each.window.nbytes for each in (self.tests, self.peer_tests) if each is not None]
        return len(self.packed_model) + sum(windows)

    def to_dict(self) -> dict[str, Any]:
        """Return what is needed to continue, in JSON's types."""
        return {
            "settings": self.settings.to_dict(),
            "model": b64encode(self.packed_model).decode("ascii"),
            "tests": self.tests.to_dict(),
        }


class CompanionClassifier:
    """A classifier that is tested on each point of a run, and then learns it.

    Parameters
    ----------
    settings : ClassifierSettings
        The settings.

    Examples
    --------
    >>> from clusterer.datasets import make_generator
    >>> companion = CompanionClassifier(ClassifierSettings(sigma=2.0, half_life=None))
    >>> companion.learn(*make_generator("blobs").take(500))
    >>> companion.tests.total.n, companion.tests.total.accuracy > 0.9
    (500, True)
    """

    def __init__(self, settings: ClassifierSettings) -> None:
        self.settings = settings
        self.model = settings.make()
        self.tests = Prequential.empty()
        self.teacher = settings.teacher
        self.peer = ""
        self._peer_model: PeerModel | None = None
        self._peer_tests = Prequential.empty()

    @classmethod
    def resume(cls, known: Classification) -> "CompanionClassifier":
        """Return a classifier that continues bit for bit; a peer begins anew."""
        companion = cls(known.settings)
        companion.model = known.model or companion.model
        companion.tests, companion.teacher = known.tests, known.teacher
        return companion

    @classmethod
    def from_dict(cls, entries: dict[str, Any]) -> "CompanionClassifier":
        """Build the classifier from `Classification.to_dict`.

        Raises ValueError, KeyError or TypeError if the entries are damaged.
        """
        companion = cls(ClassifierSettings.from_dict(entries["settings"]))
        packed = b64decode(entries["model"])
        if packed:
            learner = parse_model(zlib.decompress(packed)).learner
            if type(learner) is not type(companion.model):
                raise ValueError("The saved classifier is a learner of another kind.")
            companion.model = learner
        companion.tests = Prequential.from_dict(entries["tests"])
        return companion

    @property
    def max_chunk_size(self) -> int:
        """Most points for one call of `learn`, so that the controls stay responsive."""
        return PEERS[self.peer].max_chunk_size if self.peer else sys.maxsize

    def change(self, settings: ClassifierSettings) -> None:
        """Take over settings that `ClassifierSettings.continues` the present ones."""
        self.model.change_parameters(**settings.parameters)
        if settings.is_learning != self.settings.is_learning:
            self.tests = self.tests.forget_window()
        self.settings = settings

    def set_peer(self, key: str) -> None:
        """Test another classifier of `PEERS` on the same points from now on; "" for none."""
        if key != self.peer:
            self.peer = key
            self._peer_model = PEERS[key].make() if key else None
            self._peer_tests = Prequential.empty()

    def learn(self, points: NDArray[np.float64], classes: NDArray[np.int64]) -> None:
        """Test and learn a chunk.

        Parameters
        ----------
        points : (n, d)
            The points, in the units of the classifier.
        classes : (n,) int64
            Their classes, -1 for unknown.
        """
        predicted = self.model.test_then_learn(points, classes)
        self.tests = self.tests.add(classes, predicted)
        if self._peer_model is not None:
            answers = np.full(len(classes), NOISE)
            known = classes != NOISE
            answers[known] = self._peer_model.test_then_learn(points[known], classes[known])
            self._peer_tests = self._peer_tests.add(classes, answers)

    def change_units(self, factors: ArrayLike, shifts: ArrayLike) -> None:
        """Convert what is learned to new units; a peer begins anew."""
        if self.model.__sklearn_is_fitted__():
            self.model.change_units(factors, shifts)
        key, self.peer = self.peer, ""
        self.set_peer(key)

    def take(
        self,
        points: NDArray[np.floating],
        scaling: Scaling,
        colors: Mapping[int, int],
        names: Mapping[int, str],
    ) -> Classification:
        """Return the present state, with the last points (n, d) of the window."""
        n_tested = len(self.tests.window)
        is_fitted = self.model.__sklearn_is_fitted__()
        return Classification(
            settings=self.settings,
            packed_model=zlib.compress(dump_model(Model(self.model)), FAST) if is_fitted else b"",
            tests=self.tests,
            points=points[-n_tested:] if n_tested else points[:0],
            scaling=scaling,
            teacher=self.teacher,
            colors=colors,
            names=names,
            peer=self.peer,
            peer_tests=self._peer_tests if self.peer else None,
        )
