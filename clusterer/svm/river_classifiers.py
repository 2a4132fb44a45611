"""The classifiers with River's interface: they learn one dict of features at a time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from river import base

from clusterer.support.number_checks import check_float
from clusterer.svm.kernel_pegasos import KernelPegasosClassifier as KernelEstimator
from clusterer.svm.pegasos import PegasosClassifier as LinearEstimator
from clusterer.svm.row_checks import LARGEST


class DictClassifier(base.Classifier):
    """A classifier of dicts; its parameters are those of an estimator with arrays.

    Features have names and may come and go. A missing feature counts as 0; a new feature is 0 in
    everything learned before. The columns are in the order of first appearance; features that
    appear together are sorted by name.
    """

    _estimator_class: Any

    def _begin(self, **parameters: Any) -> None:
        for name, value in parameters.items():
            setattr(self, name, value)
        self._names = list(parameters)
        self._columns: dict[Any, Any] = {}
        self._estimator = self._estimator_class(allow_growth=True)

    @property
    def _multiclass(self) -> bool:
        return True

    @property
    def feature_names(self) -> list[Any]:
        """Names of the features, in the order of the columns."""
        return list(self._columns)

    @property
    def n_mistakes_(self) -> int:
        """Number of points that were predicted wrongly before they were learned."""
        return self._estimator.n_mistakes_ if self._is_fitted else 0

    @property
    def n_seen_(self) -> int:
        """Number of points learned."""
        return self._estimator.n_seen_ if self._is_fitted else 0

    @property
    def estimator(self) -> Any:
        """The estimator that learns the rows; its columns are `feature_names`."""
        return self._estimator

    @property
    def _is_fitted(self) -> bool:
        return self._estimator.__sklearn_is_fitted__()

    def learn_one(self, x: dict[Any, Any], y: Any, w: float = 1.0) -> None:
        """Learn one point, a dict of numbers by name, and its class.

        Raises ValueError and learns nothing if a value is not a finite number, or the class or the
        weight is not allowed.
        """
        for name in self._names:
            setattr(self._estimator, name, getattr(self, name))
        columns = self._columns
        if not x.keys() <= columns.keys() or not columns:
            # Sorted, so that equal dicts in another order are learned alike.
            added = sorted(x.keys() - columns.keys(), key=lambda name: (str(name), repr(name)))
            columns = dict.fromkeys([*columns, *added])
        row = pack(x, columns)
        weights = None if w == 1.0 else [w]
        self._estimator.partial_fit(row, np.array([y]), sample_weight=weights)
        self._columns = columns

    def predict_one(self, x: dict[Any, Any], **kwargs: Any) -> Any:
        """Return the class of a point; None before the first point."""
        if not self._is_fitted:
            return None
        found = self._estimator.predict(pack(x, self._columns))
        return found[0].item()

    def predict_proba_one(self, x: dict[Any, Any], **kwargs: Any) -> dict[Any, float]:
        """Return 1 for the predicted class and 0 for the others; margins are no probabilities."""
        found = self.predict_one(x)
        if found is None:
            return {}
        return {name: float(name == found) for name in self._estimator.classes_.tolist()}


def pack(x: dict[Any, Any], columns: dict[Any, Any]) -> NDArray[np.float64]:
    """Return the values of a point as a row (1, d). Raises ValueError that names a bad value.

    >>> pack({"b": 2}, {"a": None, "b": None}).tolist()
    [[0.0, 2.0]]
    """
    # A point without features is 0 in the first feature that comes.
    row = np.zeros((1, max(len(columns), 1)))
    for j, name in enumerate(columns):
        if name in x:
            if type(x[name]) is float and abs(x[name]) <= LARGEST:
                row[0, j] = x[name]
                continue
            try:
                row[0, j] = check_float(f"feature {name!r}", x[name], -LARGEST, LARGEST)
            except ValueError as error:
                if not isinstance(x[name], bool | np.bool_):
                    raise ValueError(f"{error}. The model is unchanged.") from None
                row[0, j] = float(x[name])
    return row


class PegasosClassifier(DictClassifier):
    """`clusterer.svm.PegasosClassifier` with River's interface.

    Parameters
    ----------
    alpha, half_life, average, fit_intercept, class_weight
        As in `clusterer.svm.PegasosClassifier`; each may be assigned while the stream is learned.

    Examples
    --------
    >>> from clusterer.river import PegasosClassifier
    >>> model = PegasosClassifier()
    >>> for x, y in [({"a": 1.0}, "high"), ({"a": -1.0}, "low")] * 10:
    ...     model.learn_one(x, y)
    >>> model.predict_one({"a": 2.0})
    'high'
    """

    _estimator_class = LinearEstimator

    def __init__(
        self,
        alpha: float = 1e-4,
        half_life: float | None = None,
        average: bool = True,
        fit_intercept: bool = True,
        class_weight: Any = None,
    ) -> None:
        self._begin(
            alpha=alpha,
            half_life=half_life,
            average=average,
            fit_intercept=fit_intercept,
            class_weight=class_weight,
        )


class KernelPegasosClassifier(DictClassifier):
    """`clusterer.svm.KernelPegasosClassifier` with River's interface.

    Parameters
    ----------
    budget, sigma, alpha, half_life, maintenance, average, class_weight
        As in `clusterer.svm.KernelPegasosClassifier`; each may be assigned while the stream is
        learned.

    Examples
    --------
    >>> from clusterer.river import KernelPegasosClassifier
    >>> model = KernelPegasosClassifier(budget=10, sigma=1.0)
    >>> for x, y in [({"a": 0.0}, True), ({"a": -2.0}, False), ({"a": 2.0}, False)] * 10:
    ...     model.learn_one(x, y)
    >>> model.predict_one({"a": 0.1}), model.predict_one({"a": 2.1})
    (True, False)
    """

    _estimator_class = KernelEstimator

    def __init__(
        self,
        budget: int = 100,
        sigma: float | str = "auto",
        alpha: float = 1e-3,
        half_life: float | str | None = "auto",
        maintenance: str = "merge",
        average: bool = True,
        class_weight: Any = None,
    ) -> None:
        self._begin(
            budget=budget,
            sigma=sigma,
            alpha=alpha,
            half_life=half_life,
            maintenance=maintenance,
            average=average,
            class_weight=class_weight,
        )
