"""What a model file or a copy holds of an estimator: its parameters and everything learned."""

from os import PathLike
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from clusterer.cluster.fitted_attributes import FittedAttributes
from clusterer.cluster.labelling.cluster_numbers import ClusterNumbers
from clusterer.cluster.labelling.decisions import Decisions
from clusterer.cluster.labelling.label_cache import LabelCache
from clusterer.cluster.persistence.checks import check_contents
from clusterer.cluster.persistence.versions import ARRAYS, upgrade
from clusterer.cluster.points.metric import count_features
from clusterer.cluster.prototypes.prototypes import Prototypes
from clusterer.model_file import Model, save_model
from clusterer.preprocessing.scaling import Scaling
from clusterer.support.locking import locked


class SavedState(FittedAttributes):
    """Methods of the scikit-learn estimator that write and read its state."""

    allow_growth: bool
    n_features_in_: int
    _points: Any = np.empty((0, 0))
    _last_time: float | None = None
    # What leaves the process holds no points of the data.
    _transient = frozenset({"_points"})

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        twin = super().__deepcopy__(memo)
        # The array never changes, so a copy in the same process may share it.
        if "_points" in vars(self):
            twin._points = self._points
        return twin

    @locked
    def to_arrays(self) -> tuple[dict[str, Any], dict[str, NDArray]]:
        """Return everything learned: a header in JSON's types, and arrays by name.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has learned nothing.
        ValueError
            If a parameter has a wrong value.
        """
        check_is_fitted(self)
        self._get_parameters()
        # A model that is read from the arrays starts with a full labelling, so this one does, too.
        self._label_cache.forget()
        names = getattr(self, "feature_names_in_", None)
        scalars, arrays = self._prototypes.to_arrays()
        number = self.n_prototypes
        sigma, half_life, threshold = self.sigma, self.half_life, self.noise_threshold
        numbers = self._label_cache.numbers
        arrays["numbers"], arrays["numbered"] = numbers.to_arrays(self._prototypes.ids)
        decisions, arrays["sides"] = self._label_cache.decisions.to_arrays(self._prototypes.ids)
        header = {
            "parameters": {
                "join": bool(self.join),
                "drop_singletons": bool(self.drop_singletons),
                "allow_growth": bool(self.allow_growth),
                "n_prototypes": number if isinstance(number, str) else int(number),
                "update": self.update,
                "merge": self.merge,
                "forget": self.forget,
                "refresh": float(self.refresh),
                "sigma": sigma if isinstance(sigma, str) else float(sigma),
                "half_life": half_life if isinstance(half_life, str | None) else float(half_life),
                "metric": self.metric,
                "noise_threshold": None if threshold is None else float(threshold),
            },
            "feature_names": None if names is None else [str(name) for name in names],
            "next_number": numbers.next_number,
            "decisions": decisions,
            "last_time": self._last_time,
            **scalars,
        }
        return header, {name: arrays[name].astype(dtype) for name, dtype in ARRAYS.items()}

    @classmethod
    def from_arrays(cls, header: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """Build the model that `to_arrays` wrote; it continues bit for bit.

        Raises ModelFileError, a ValueError, unless learning a stream can have led to the contents.

        >>> from clusterer import OnlineClusterer
        >>> model = OnlineClusterer(2).fit([[0.0], [1.0]])
        >>> OnlineClusterer.from_arrays(*model.to_arrays()).prototypes_.tolist()
        [[1.0], [1.0]]
        """
        header, arrays = upgrade(header, arrays)
        check_contents(header, arrays)
        model = cls(**header["parameters"])
        prototypes = Prototypes.from_arrays(header, arrays, model._get_parameters().rule)
        names = header["feature_names"]
        model._set_state(prototypes, None if names is None else np.array(names, object))
        ids = arrays["ids"]
        model._label_cache = LabelCache(
            ClusterNumbers.from_arrays(
                ids, arrays["numbers"], arrays["numbered"], header["next_number"]
            ),
            Decisions.from_arrays(header["decisions"], ids, arrays["sides"]),
        )
        model._last_time = header["last_time"]
        return model

    def save(self, path: str | PathLike[str], scaling: Scaling | None = None) -> None:
        """Write the model to a file; `clusterer.load` reads it and continues bit for bit.

        The file is written under another name and then renamed, so it is never incomplete. It
        holds what was learned, not the points.

        Parameters
        ----------
        path : str or path
            The file; an existing file is replaced. No suffix is added.
        scaling : Scaling, optional
            Leads from the units of the data to the units in which the model learned.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the model has learned nothing.
        OSError
            If the file cannot be written; an existing file is unchanged then.

        Examples
        --------
        >>> import tempfile
        >>> from clusterer import OnlineClusterer, load
        >>> model = OnlineClusterer().fit([[0.0], [9.0], [9.0]])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.npz")
        ...     np.array_equal(load(f"{folder}/model.npz").prototypes_, model.prototypes_)
        True
        """
        save_model(path, Model(self, scaling))  # type: ignore[arg-type]

    def _set_state(
        self,
        prototypes: Prototypes,
        names: NDArray | None,
        before: LabelCache | None = None,
    ) -> Self:
        """Take over prototypes, and the names of the features if they are not None.

        The clusters keep their numbers and people's decisions of the labels ``before``; without
        them both start anew.
        """
        self._learned_metric = self.metric
        self.n_features_in_ = count_features(self.metric, prototypes.n_features)
        if names is not None:
            self.feature_names_in_ = names
        if prototypes is not getattr(self, "_prototypes", None):
            self._prototypes = prototypes
            self._label_cache = LabelCache() if before is None else before.restart()
        return self
