"""The linear classifier: Pegasos, an online linear support vector machine."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from clusterer.base import Snapshot
from clusterer.svm.linear_state import ARRAYS, LinearParameters, LinearState
from clusterer.svm.stream_classifier import StreamClassifier
from clusterer.svm.validation import (
    check_alpha,
    check_class_weight,
    check_iterations,
    find_limit,
)


class PegasosClassifier(StreamClassifier):
    """Learn a linear support vector machine from a stream, in one pass and constant memory.

    Each row takes a step of stochastic subgradient descent on λ/2 ‖w‖² + mean hinge loss, of the
    length 1/(λ t). A step costs as much as the row has values other than 0. More than two classes
    are learned one against the rest. Arrays and CSR arrays are accepted.

    All parameters may change while a stream is learned, by `set_params` or by assignment.

    Parameters
    ----------
    alpha : float, default 1e-4
        λ, the strength of the regularisation, above 0. One pass over n rows suits values of
        1/n and more.
    half_life : float or None, default None
        Number of rows after which a learned row counts half. None never forgets.
    average : bool, default True
        Predict with the mean of the weights after all steps, weighted by t, instead of the last
        weights; in `fit`, of the steps of the last pass. With a half-life there is no average.
    fit_intercept : bool, default True
        Learn an intercept: the weight of a constant feature, which is regularised like the others.
        Its value is a tenth of the root of the rows' mean squared norm, so that one row cannot
        move the intercept far.
    class_weight : dict, "balanced" or None, default None
        Weights of the classes, by which the weights of their rows are multiplied; 1 for a class
        that the dict does not name. "balanced" weighs all classes alike, n / (C n_class); in a
        stream with the numbers of rows so far.
    max_iter : int, default 5
        Number of passes of `fit`.
    shuffle : bool, default True
        Whether `fit` shuffles the rows before each pass.
    random_state : int, RandomState or None, default None
        Seed of the shuffling.
    allow_growth : bool, default False
        Accept rows with more features than before: their weights begin at 0. Rows with fewer
        features are filled up with 0.

    Attributes
    ----------
    classes_ : (C,)
        The classes known so far, in increasing order.
    coef_ : (1, d) or (C, d), intercept_ : (1,) or (C,)
        The weights that predict; one row for two classes.
    n_seen_, n_mistakes_, n_updates_ : int
        Number of rows learned, of rows predicted wrongly by the last weights before they were
        learned, and of rows with a margin below 1.
    n_iter_ : int
        Number of passes of the last `fit`.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    t begins at λ^(-3/4) instead of 0 (Bottou, 2012), so that the first rows do not take steps of
    the length 1/λ. A row of weight c counts as c rows at once: t grows by c.

    References
    ----------
    S. Shalev-Shwartz, Y. Singer, N. Srebro, A. Cotter, "Pegasos: primal estimated sub-gradient
    solver for SVM", Mathematical Programming 127, 2011.
    L. Bottou, "Stochastic gradient descent tricks", Neural Networks: Tricks of the Trade, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 2))
    >>> y = np.where(X[:, 0] + X[:, 1] > 0, "above", "below")
    >>> model = PegasosClassifier()
    >>> for chunk in range(0, 500, 100):
    ...     model = model.partial_fit(X[chunk : chunk + 100], y[chunk : chunk + 100])
    >>> model.predict([[1.0, 1.0], [-1.0, -1.0]]).tolist()
    ['above', 'below']
    >>> model.n_seen_
    500
    """

    accepts_sparse = True
    ARRAYS = ARRAYS

    def __init__(
        self,
        alpha: float = 1e-4,
        half_life: float | None = None,
        *,
        average: bool = True,
        fit_intercept: bool = True,
        class_weight: Any = None,
        max_iter: int = 5,
        shuffle: bool = True,
        random_state: Any = None,
        allow_growth: bool = False,
    ) -> None:
        self.alpha = alpha
        self.half_life = half_life
        self.average = average
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.allow_growth = allow_growth

    @property
    def coef_(self) -> NDArray[np.float64]:
        """The weights (1, d) for two classes, else (C, d); for one class they are 0."""
        return self._find_weights()[0]

    @property
    def intercept_(self) -> NDArray[np.float64]:
        """The intercepts (1,) for two classes, else (C,)."""
        return self._find_weights()[1]

    def snapshot(self) -> Snapshot:
        """Return the number of rows and the half-life; a linear classifier has no prototypes."""
        check_is_fitted(self)
        half_life = np.inf if self.half_life is None else float(self.half_life)
        return replace(
            Snapshot.empty(self.n_features_in_), n_seen=self.n_seen_, half_life=half_life
        )

    def _find_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_is_fitted(self)
        weights, intercepts = self._state.find_weights()
        columns = self._table.columns
        if len(columns) > 2:
            return weights.T[columns], intercepts[columns]
        # The column decides for the class that came second.
        is_reversed = len(columns) == 2 and columns[0] == 1
        sign = -1.0 if is_reversed else 1.0
        return sign * weights.T, sign * intercepts

    def _get_parameters(self) -> LinearParameters:
        """Return the checked parameters; they are checked again only after an assignment."""
        given = (
            *(self.alpha, self.half_life, self.average, self.fit_intercept),
            *(self.class_weight, self.max_iter),
        )
        cached = getattr(self, "_parameter_cache", None)
        # Compared by identity, since True equals 1.
        if cached and all(a is b for a, b in zip(cached[0], given, strict=True)):
            return cached[1]
        check_class_weight(self.class_weight)
        check_iterations(self.max_iter)
        limit = find_limit(self.half_life)
        parameters = LinearParameters(
            check_alpha(self.alpha),
            limit,
            bool(self.average) and limit == np.inf,
            bool(self.fit_intercept),
        )
        self._parameter_cache = given, parameters
        return parameters

    def _read_state(self, arrays: dict[str, NDArray], n_classes: int) -> LinearState:
        return LinearState.from_arrays(arrays, n_classes)

    def _make_state(self, n_features: int, parameters: LinearParameters) -> LinearState:
        return LinearState(n_features, parameters)
