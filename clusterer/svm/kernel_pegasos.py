"""The kernel classifier: Pegasos with a Gaussian kernel and a budget of support vectors."""

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from clusterer.base import Snapshot
from clusterer.svm.kernel_state import ARRAYS, KernelParameters, KernelState
from clusterer.svm.kernel_steps import SIGMA
from clusterer.svm.stream_classifier import StreamClassifier
from clusterer.svm.validation import (
    LARGEST_SIGMA,
    check_alpha,
    check_class_weight,
    check_iterations,
    find_limit,
    is_number,
    is_whole,
)

MAINTENANCE = ("merge", "remove", "oldest")
MAX_BUDGET = 20_000
AUTOMATIC_WIDTHS = (0.5, 0.25, 1.0)
"""σ of the experts, as shares of the root of the trace of the covariance."""

AUTOMATIC_HALF_LIVES = (None, 1000.0, 200.0)


class KernelPegasosClassifier(StreamClassifier):
    """Learn a support vector machine with a Gaussian kernel from a stream, in constant memory.

    Each row with a margin below 1 becomes a support vector. If there are more than ``budget``, two
    of them merge into one, so that the function changes least. More than two classes share the
    vectors, with one coefficient for each class. A row costs O(B (d + C)).

    The width of the kernel and the half-life are chosen from the stream: up to nine experts learn
    it, and the one with the fewest mistakes among the latest rows decides. Numbers for ``sigma``
    and ``half_life`` make the model nine times as fast. Features should have similar spreads, as
    after standardisation.

    Parameters
    ----------
    budget : int, default 100
        B, the maximum number of support vectors, from 1 to 20,000.
    sigma : float or "auto", default "auto"
        Width of the kernel exp(-d²/σ²), in the units of the data. "auto" chooses a quarter, a half
        or the whole of the square root of the trace of the running covariance.
    alpha : float, default 1e-3
        λ, the strength of the regularisation, above 0.
    half_life : float, "auto" or None, default "auto"
        Number of rows after which a learned row counts half. None never forgets. "auto" chooses
        among None, 1,000 and 200.
    maintenance : "merge", "remove" or "oldest", default "merge"
        How the budget is kept: the lightest vector merges with the vector with which it loses
        least, the lightest is removed, or the oldest is removed. With a half-life h and "oldest"
        the classifier is NORMA (Kivinen, Smola, Williamson, 2004) with hinge loss, margin 1 and
        truncation; its learning rate η follows from η λ = 1 - 2^(-1/h), about ln 2 / h.
    average : bool, default True
        Predict with the mean of the functions after all steps, weighted by t, instead of the last
        function; in `fit`, of the steps of the last pass. With a half-life there is no average.
    class_weight : dict, "balanced" or None, default None
        Weights of the classes, see `PegasosClassifier`.
    max_iter : int, default 5
        Number of passes of `fit`. The experts compete in the first pass; the best one continues.
    shuffle : bool, default True
        Whether `fit` shuffles the rows before each pass.
    random_state : int, RandomState or None, default None
        Seed of the shuffling.
    allow_growth : bool, default False
        Accept rows with more features than before, in which the vectors are 0. Rows with fewer
        features are filled up with 0.

    Attributes
    ----------
    classes_ : (C,)
        The classes known so far, in increasing order.
    support_vectors_ : (m, d), dual_coef_ : (m, C)
        The support vectors, and their coefficients for each class.
    ids_ : (m,) int
        The number of rows that were learned before each vector came, all passes of `fit` counted;
        a merged vector has the id of the heavier one.
    sigma_, half_life_ : float
        The width and the half-life in force; the half-life is infinite while nothing is forgotten.
    n_seen_, n_mistakes_, n_updates_ : int
        Number of rows learned, of rows predicted wrongly by the last function before they were
        learned, and of rows with a margin below 1.
    n_iter_ : int
        Number of passes of the last `fit`.
    n_features_in_ : int
        Number of features.

    References
    ----------
    S. Shalev-Shwartz, Y. Singer, N. Srebro, A. Cotter, "Pegasos: primal estimated sub-gradient
    solver for SVM", Mathematical Programming 127, 2011.
    Z. Wang, K. Crammer, S. Vucetic, "Breaking the curse of kernelization: budgeted stochastic
    gradient descent for large-scale SVM training", Journal of Machine Learning Research 13, 2012.
    J. Kivinen, A. Smola, R. Williamson, "Online learning with kernels", IEEE Transactions on
    Signal Processing 52(8), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 2))
    >>> y = np.where((X**2).sum(axis=1) < 1, "inside", "outside")
    >>> model = KernelPegasosClassifier(30).partial_fit(X, y)
    >>> model.predict([[0.0, 0.0], [2.0, 2.0]]).tolist()
    ['inside', 'outside']
    >>> len(model.support_vectors_)
    30
    """

    ARRAYS = ARRAYS

    def __init__(
        self,
        budget: int = 100,
        sigma: float | str = "auto",
        alpha: float = 1e-3,
        half_life: float | str | None = "auto",
        *,
        maintenance: str = "merge",
        average: bool = True,
        class_weight: Any = None,
        max_iter: int = 5,
        shuffle: bool = True,
        random_state: Any = None,
        allow_growth: bool = False,
    ) -> None:
        self.budget = budget
        self.sigma = sigma
        self.alpha = alpha
        self.half_life = half_life
        self.maintenance = maintenance
        self.average = average
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.allow_growth = allow_growth

    @property
    def support_vectors_(self) -> NDArray[np.float64]:
        """The support vectors (m, d)."""
        check_is_fitted(self)
        e = self._state.speaker
        return self._state.vectors[e, :, : self._state.sizes[e]].T.copy()

    @property
    def dual_coef_(self) -> NDArray[np.float64]:
        """The coefficients (m, C) that predict, in the order of `classes_`."""
        check_is_fitted(self)
        return self._state.find_coefficients()[self._table.columns].T

    @property
    def ids_(self) -> NDArray[np.int64]:
        """The number (m,) of rows that were learned before each vector came."""
        check_is_fitted(self)
        return self._state.ids[self._state.speaker, : len(self.support_vectors_)].copy()

    @property
    def sigma_(self) -> float:
        """The width of the kernel in force."""
        check_is_fitted(self)
        return float(self._state.experts[self._state.speaker, SIGMA])

    @property
    def half_life_(self) -> float:
        """The half-life in force; infinite while nothing is forgotten."""
        check_is_fitted(self)
        half_life = list_experts(self.sigma, self.half_life)[self._state.speaker][1]
        return np.inf if half_life is None else float(half_life)

    def snapshot(self) -> Snapshot:
        """Return the support vectors as prototypes, each of the class of its highest coefficient.

        The weight of a vector is the sum of its absolute coefficients. Where classes are text, the
        labels are their places in `classes_`.
        """
        vectors, coefficients = self.support_vectors_, self.dual_coef_
        labels = coefficients.argmax(axis=1) if len(self._table) else np.empty(0, np.int64)
        if self.classes_.dtype.kind in "if":
            labels = self.classes_[labels].astype(np.int64)
        return Snapshot(
            n_seen=self.n_seen_,
            centers=vectors,
            weights=np.abs(coefficients).sum(axis=1),
            counts=np.ones(len(vectors)),
            scatters=np.zeros(len(vectors)),
            ids=self.ids_,
            last_seen=self.ids_,
            labels=labels,
            sigma=self.sigma_,
            links=np.empty((0, 0)),
            half_life=self.half_life_,
        )

    def _get_parameters(self) -> KernelParameters:
        """Return the checked parameters; they are checked again only after an assignment."""
        given = (
            *(self.budget, self.sigma, self.alpha, self.half_life, self.maintenance),
            *(self.average, self.class_weight, self.max_iter),
        )
        cached = getattr(self, "_parameter_cache", None)
        # Compared by identity, since True equals 1.
        if cached and all(a is b for a, b in zip(cached[0], given, strict=True)):
            return cached[1]
        if not is_whole(self.budget) or not 1 <= self.budget <= MAX_BUDGET:
            raise ValueError(
                f"budget must be a whole number from 1 to {MAX_BUDGET:,}, got {self.budget!r}."
            )
        if not isinstance(self.maintenance, str) or self.maintenance not in MAINTENANCE:
            raise ValueError(
                f"maintenance must be one of {', '.join(MAINTENANCE)}, got {self.maintenance!r}."
            )
        check_class_weight(self.class_weight)
        check_iterations(self.max_iter)
        is_automatic = isinstance(self.sigma, str) and self.sigma == "auto"
        sigma: Any = self.sigma
        is_width = is_number(sigma) and 1 / LARGEST_SIGMA <= sigma <= LARGEST_SIGMA
        if not (is_automatic or is_width):
            raise ValueError(
                f"sigma must be a number above 0, at most {LARGEST_SIGMA:g}, or 'auto', got "
                f"{self.sigma!r}."
            )
        experts = list_experts(self.sigma, self.half_life)
        choices = "a number of points above 0, 'auto', or None"
        parameters = KernelParameters(
            int(self.budget),
            check_alpha(self.alpha),
            np.array([find_limit(half_life, choices) for _, half_life in experts]),
            np.array([float(width) for width, _ in experts]),
            bool(self.average),
            is_automatic,
            MAINTENANCE.index(self.maintenance),
        )
        self._parameter_cache = given, parameters
        return parameters

    def _make_state(self, n_features: int, parameters: KernelParameters) -> KernelState:
        return KernelState(n_features, parameters)

    def _read_state(self, arrays: dict[str, NDArray], n_classes: int) -> KernelState:
        return KernelState.from_arrays(arrays, n_classes, self._get_parameters())


def list_experts(sigma: Any, half_life: Any) -> list[tuple[Any, Any]]:
    """Return the width and the half-life of each expert; the first decides among equals.

    >>> list_experts(2.0, "auto")
    [(2.0, None), (2.0, 1000.0), (2.0, 200.0)]
    """
    widths = AUTOMATIC_WIDTHS if isinstance(sigma, str) else (sigma,)
    is_automatic = isinstance(half_life, str) and half_life == "auto"
    half_lives = AUTOMATIC_HALF_LIVES if is_automatic else (half_life,)
    return [(width, each) for each, width in product(half_lives, widths)]
