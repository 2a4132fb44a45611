"""What the linear and the kernel classifier share: chunks, classes, weights, passes, files."""

import copy
import itertools
from abc import abstractmethod
from collections.abc import Iterator
from os import PathLike
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from clusterer.base import Classifier, State
from clusterer.model_file import Model, save_model
from clusterer.preprocessing.scaling import Scaling
from clusterer.stream.chunk import NOISE
from clusterer.support.array_archive import ModelFileError
from clusterer.svm.class_table import BLOCK, MOST_CLASSES, ClassTable
from clusterer.svm.linear_state import NO_ORDER, Batch, UncheckedRowError
from clusterer.svm.linear_steps import N_MISTAKES, N_SEEN, N_UPDATES
from clusterer.svm.model_contents import check_numbers, read_state, write_state
from clusterer.svm.row_checks import count_too_large
from clusterer.svm.row_order import DistinctRows, find_distinct_rows
from clusterer.svm.validation import (
    Rows,
    prepare_classes,
    prepare_rows,
    prepare_sparse,
    prepare_weights,
)

DOUBLE = np.dtype(np.float64)  # comparing with the class takes ten times as long
INTEGER = np.dtype(np.int64)
ONES = np.ones(max(BLOCK, MOST_CLASSES))  # shared, so never to be written
NO_HASHES = np.empty(0, dtype=np.uint64)


class StreamClassifier(ClassifierMixin, Classifier):
    """A classifier that learns rows one after the other; subclasses have the kernels."""

    class_weight: Any
    max_iter: int
    shuffle: bool
    random_state: Any
    allow_growth: bool
    accepts_sparse = False
    ARRAYS: dict[str, str] = {}
    _state: Any
    _table: ClassTable

    @abstractmethod
    def _get_parameters(self) -> Any:
        """Return the checked parameters in the form that the state takes."""

    @abstractmethod
    def _read_state(self, arrays: dict[str, NDArray], n_classes: int) -> Any:
        """Return the state in the arrays. Raises ModelFileError if they are not allowed."""

    @abstractmethod
    def _make_state(self, n_features: int, parameters: Any) -> Any:
        """Return a state that has learned nothing."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Forget everything, then learn the rows in ``max_iter`` passes.

        With ``shuffle``, equal rows of equal class count as one row with the sum of their weights,
        and the order of the rows follows from their contents and the random seed.

        Parameters
        ----------
        X : (n, d)
            The rows, n at least 1.
        y : (n,)
            Their classes: whole numbers, text, or True and False.
        sample_weight : (n,), optional
            Their weights, at least 0; 1 by default. Rows of weight 0 are left out.

        Raises
        ------
        ValueError
            If a row, a class, a weight or a parameter is not allowed. The model is unchanged then.
        """
        before = self.__dict__.copy()
        try:
            parameters = self._get_parameters()
            rows = self._prepare_rows(X, is_first=True)
            classes = prepare_classes(y, rows.shape[0])
            rows, classes, weights = drop_weightless(
                rows, classes, prepare_weights(sample_weight, rows)
            )
            if not len(classes):
                raise ValueError(
                    "sample_weight is zero for all rows; at least one row must have a weight above "
                    "0. The model is unchanged."
                )
            table = ClassTable()
            table.add(np.unique(classes))
            state = self._make_state(rows.shape[1], parameters)
            for _ in range(len(table)):
                state.add_class()
            weights = np.ones(len(classes)) if weights is None else weights
            self._pass_over(state, table, rows, table.encode(classes), weights, parameters)
        except BaseException:
            self.__dict__ = before
            raise
        self._state, self._table, self.n_iter_ = state, table, self.max_iter
        return self

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None
    ) -> Self:
        """Learn a chunk of rows in their order; the result does not depend on the chunks.

        Parameters
        ----------
        X : (n, d)
            The rows, n at least 1.
        y : (n,)
            Their classes: whole numbers, text, or True and False.
        classes : (C,), optional
            All classes of the stream. Then no other class is accepted. By default a class is known
            from its first row on.
        sample_weight : (n,), optional
            The weights of the rows, at least 0; 1 by default. A row of weight 0 changes nothing.

        Raises
        ------
        ValueError
            If the chunk is empty, holds NaN, infinity or text, has other features than before (see
            ``allow_growth``), or if a class, a weight or a parameter is not allowed. The model is
            unchanged then.
        """
        self._learn_rows(X, y, classes, sample_weight)
        return self

    def _learn_rows(
        self,
        X: Any,
        y: Any,
        classes: Any = None,
        sample_weight: Any = None,
        *,
        is_tested: bool = False,
    ) -> NDArray[np.int64]:
        """Do what `partial_fit` does; return the columns of the classes predicted before.

        Without ``is_tested`` the returned array has no meaning, and takes little memory.
        """
        if classes is None and sample_weight is None and self._is_plain(X, y):
            parameters, new = self._get_parameters(), self._table.find_new(y)
            table = self._table.copy() if new else self._table
            return self._learn_chunk(X, y, None, new, table, self._state, parameters, is_tested)
        before = self.__dict__.copy()
        try:
            is_first = not self.__sklearn_is_fitted__()
            parameters = self._get_parameters()
            rows, names = prepare_rows(
                self, X, is_first=is_first, accept_sparse=self.accepts_sparse
            )
            values = prepare_classes(y, rows.shape[0])
            weights = prepare_weights(sample_weight, rows)
            table = ClassTable() if is_first else self._table.copy()
            if classes is not None:
                table.declare(prepare_classes(classes, len(classes)))
            state = self._make_state(rows.shape[1], parameters) if is_first else self._state
            if sp.issparse(rows):
                if weights is None:
                    found = self._learn_unchecked(rows, values, table, state, parameters, is_tested)
                    if found is not None:
                        return found
                    state = self._make_state(rows.shape[1], parameters) if is_first else state
                rows = prepare_sparse(rows)
            rows, values, weights = drop_weightless(rows, values, weights)
            new = table.find_new(values)
        except BaseException:
            self.__dict__ = before
            raise
        if rows.shape[1] > state.n_features:
            state.widen(rows.shape[1])
            self.n_features_in_ = rows.shape[1]
            if names is not None:
                self.feature_names_in_ = names
        return self._learn_chunk(rows, values, weights, new, table, state, parameters, is_tested)

    def _learn_unchecked(
        self,
        rows: Rows,
        classes: NDArray,
        table: ClassTable,
        state: Any,
        parameters: Any,
        is_tested: bool,
    ) -> NDArray[np.int64] | None:
        """Learn rows of a CSR array that are checked on the way, which saves a pass over them.

        Returns None if nothing was learned, since a row may not be allowed or a copy of the state
        would be dearer than the pass.
        """
        new = table.find_new(classes)
        is_whole = len(rows.indptr) == rows.shape[0] + 1
        if not is_whole or rows.data.nbytes < state.n_bytes:
            return None
        if self.__sklearn_is_fitted__():
            state = state.copy()
        if rows.shape[1] > state.n_features:
            state.widen(rows.shape[1])
        try:
            found = self._learn_chunk(
                *(rows, classes, None, new, table.copy(), state, parameters, is_tested),
                is_checked=False,
            )
        except UncheckedRowError:
            return None
        self.n_features_in_ = state.n_features
        return found

    def learn_chunk(self, X: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn the rows of a chunk whose class is known, not -1.

        See `clusterer.base.Learner.learn_chunk`.
        """
        if classes is None:
            raise ValueError(
                f"{type(self).__name__} learns classes, but the stream has none. Choose a column "
                "of classes, or a learner that finds clusters."
            )
        codes = np.asarray(classes)
        is_known = codes != NOISE
        if is_known.all():
            return self.partial_fit(X, codes)
        return self.partial_fit(X, np.where(is_known, codes, 0), sample_weight=is_known * 1.0)

    def test_then_learn(self, X: ArrayLike, classes: ArrayLike) -> NDArray[np.int64]:
        """Learn a chunk; return what the last function predicted for each row before it learned it.

        See `clusterer.base.Classifier.test_then_learn`. The result does not depend on the chunks.
        An automatic width of the kernel follows the place of a row before the row is tested; the
        class of the row does not count.
        """
        rows, codes = np.asarray(X, dtype=np.float64), np.asarray(classes, dtype=np.int64)
        is_known = codes != NOISE
        if not is_known.all():
            found = np.full(len(codes), NOISE)
            if is_known.any():
                found[is_known] = self.test_then_learn(rows[is_known], codes[is_known])
            return found
        is_first = not self.__sklearn_is_fitted__()
        columns = self._learn_rows(rows, codes, is_tested=True)
        predicted: NDArray[np.int64] = self._table.decode(columns)
        if is_first:
            predicted[0] = NOISE
        return predicted

    def predict(self, X: Any) -> NDArray:
        """Return the class (n,) of each row X (n, d); -1 as long as no class is known."""
        decisions = self._decide(X)
        classes = self._table.classes
        if not len(classes):
            return np.full(len(decisions), NOISE, dtype=np.int64)
        return classes[decisions.argmax(axis=1)]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the decisions of rows X (n, d).

        Returns
        -------
        decisions : (n,) or (n, C)
            With two classes, the signed margin: above 0 for the second of ``classes_``. With more,
            one column for each class, of which the highest is predicted. With one class, 0.
        """
        decisions = self._decide(X)
        if len(self._table) == 2:
            return self._join_two(decisions)
        return decisions if len(self._table) > 2 else np.zeros(len(decisions))

    def measure_margins(self, X: Any) -> NDArray[np.float64]:
        """Return how far (n,) the predicted class of each row X (n, d) is above the next class.

        With two classes this is the absolute value of `decision_function`; with one class, 0.
        """
        decisions = self._decide(X)
        if decisions.shape[1] < 2:
            return np.zeros(len(decisions))
        highest = np.partition(decisions, -2, axis=1)
        return highest[:, -1] - highest[:, -2]

    @property
    def classes_(self) -> NDArray:
        """The classes (C,) known so far, in increasing order."""
        check_is_fitted(self)
        return self._table.classes.copy()

    @property
    def n_seen_(self) -> int:
        """Number of rows learned."""
        return self._read(N_SEEN)

    @property
    def n_mistakes_(self) -> int:
        """Number of rows that were predicted wrongly before they were learned.

        1 - n_mistakes_ / n_seen_ is the accuracy of testing, then training.
        """
        return self._read(N_MISTAKES)

    @property
    def n_updates_(self) -> int:
        """Number of rows that changed the weights, because their margin was below 1."""
        return self._read(N_UPDATES)

    def check_parameters(self) -> None:
        """Raise ValueError that names the first parameter with a value that is not allowed."""
        self._get_parameters()

    def change_units(self, factors: ArrayLike, shifts: ArrayLike) -> Self:
        """Convert everything learned to new units: a row x becomes ``x * factors + shifts``.

        Raises ValueError if ``factors`` or ``shifts`` are not d finite numbers, a factor is not
        above 0, or a number of the model would become too large. The model is unchanged then.
        """
        check_is_fitted(self)
        scale, shift = (np.asarray(values, np.float64) for values in (factors, shifts))
        for name, values in (("factors", scale), ("shifts", shift)):
            if values.shape != (self.n_features_in_,) or not np.isfinite(values).all():
                raise ValueError(f"{name} must be {self.n_features_in_} finite numbers.")
        if not (scale > 0).all():
            raise ValueError("factors must be above 0.")
        state = copy.deepcopy(self._state)
        with np.errstate(over="ignore", invalid="ignore"):
            state.change_units(scale, shift)
        try:
            arrays = state.to_arrays()
            check_numbers(arrays)
            self._read_state(arrays, len(self._table))
        except ModelFileError as error:
            raise ValueError(
                f"In these units a number of the classifier would become too large: {error}. "
                "The model is unchanged."
            ) from None
        self._state = state
        return self

    def save(self, path: str | PathLike[str], scaling: Scaling | None = None) -> None:
        """Write the model to a file; `clusterer.load` reads it and continues bit for bit.

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
        """
        save_model(path, Model(self, scaling))

    def to_arrays(self) -> State:
        """Return the parameters and everything learned as a header and arrays.

        Raises NotFittedError if the model has learned nothing.
        """
        check_is_fitted(self)
        self._get_parameters()
        return write_state(self)

    @classmethod
    def from_arrays(cls, header: dict[str, Any], arrays: dict[str, NDArray]) -> Self:
        """Build the model that `to_arrays` wrote; it continues bit for bit.

        Raises ModelFileError, a ValueError, unless learning a stream can have led to the contents.
        """
        return read_state(cls, header, arrays)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = self.accepts_sparse
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    def _is_plain(self, X: Any, y: Any) -> bool:
        """Whether the chunk needs no conversion, so that single rows are learned fast."""
        return (
            type(X) is np.ndarray
            and type(y) is np.ndarray
            and hasattr(self, "_state")
            and X.dtype == DOUBLE
            and (y.dtype == INTEGER or y.dtype.kind in "bU")
            and X.ndim == 2
            and y.shape == X.shape[:1]
            and len(y) > 0
            and X.shape[1] == self.n_features_in_
            and not hasattr(self, "feature_names_in_")
            and self._table.classes.dtype.kind == y.dtype.kind
            and X.flags.c_contiguous
            and X.flags.writeable
            and not count_too_large(X)
        )

    def _learn_chunk(
        self,
        rows: Rows,
        classes: NDArray,
        weights: NDArray[np.float64] | None,
        new: list[int],
        table: ClassTable,
        state: Any,
        parameters: Any,
        is_tested: bool,
        is_checked: bool = True,
    ) -> NDArray[np.int64]:
        """Learn rows, in blocks that begin where ``new`` classes first appear.

        So a class counts from its first row on, however the stream is divided into chunks. Returns
        the column of the class that was predicted for each row before it was learned, if
        ``is_tested``.
        """
        n_kept = len(classes) if is_tested else min(len(classes), BLOCK)
        predicted = np.zeros(n_kept, dtype=np.int64)
        for first, stop in list_blocks(len(classes), new):
            if first in new:
                table.add(classes[first : first + 1])
            while len(state.counts) < len(table):
                state.add_class()
            codes = table.encode(classes[first:stop])
            block = ONES[: stop - first] if weights is None else weights[first:stop]
            tested = predicted[first:stop] if is_tested else predicted[: stop - first]
            self._learn(state, Batch(
                rows, first, NO_ORDER, codes, block, self._weigh_classes(table), self._is_balanced,
                tested, is_checked,
            ), parameters)  # fmt: skip
        self._state, self._table = state, table
        return predicted

    def _prepare_rows(self, X: Any, *, is_first: bool) -> Rows:
        """Return X as checked rows of float64; see `.validation.prepare_rows`."""
        rows, _ = prepare_rows(self, X, is_first=is_first, accept_sparse=self.accepts_sparse)
        return prepare_sparse(rows) if sp.issparse(rows) else rows

    def _learn(self, state: Any, batch: Batch, parameters: Any) -> None:
        if len(state.counts) > 1:
            state.learn(batch, parameters)
        else:
            state.learn_first_class(batch)

    def _pass_over(
        self,
        state: Any,
        table: ClassTable,
        rows: Rows,
        codes: NDArray[np.int64],
        weights: NDArray[np.float64],
        parameters: Any,
    ) -> None:
        """Learn the rows ``max_iter`` times; the average is that of the last pass."""
        n_rows = len(codes)
        class_weights = self._weigh_classes(table)
        if self._is_balanced:
            sums = np.bincount(codes, weights, len(table))
            class_weights = sums.sum() / (len(table) * sums)
        distinct = find_distinct_rows(rows, codes, weights) if self.shuffle else None
        seeds = check_random_state(self.random_state).randint(2**31, size=self.max_iter)
        for number, seed in enumerate(seeds.tolist()):
            order = DistinctRows(NO_ORDER, NO_HASHES, codes, weights)
            if distinct is not None:
                order = distinct.shuffle(seed)
            state.begin_pass(number, number == len(seeds) - 1, parameters)
            self._learn(state, Batch(
                rows, 0, order.first, order.codes, order.weights, class_weights, False,
                np.zeros(len(order.codes), dtype=np.int64),
            ), parameters)  # fmt: skip
            if number == 0:
                n_mistakes = state.scalars[N_MISTAKES]
        state.end_passes()
        # Later passes test on rows that were learned before.
        state.scalars[[N_SEEN, N_MISTAKES]] = n_rows, n_mistakes

    @property
    def _is_balanced(self) -> bool:
        return isinstance(self.class_weight, str)

    def _weigh_classes(self, table: ClassTable) -> NDArray[np.float64]:
        """Return the weight (C,) of each class that is not computed from the stream."""
        if self.class_weight is None or self._is_balanced:
            return ONES[: len(table)]
        return np.array([float(self.class_weight.get(value, 1.0)) for value in table.values])

    def _decide(self, X: Any) -> NDArray[np.float64]:
        """Return the decisions (n, C), the columns in the order of the classes."""
        check_is_fitted(self)
        rows = X if self._is_plain_to_predict(X) else self._prepare_rows(X, is_first=False)
        if rows.shape[1] > self.n_features_in_:
            # Features that the model has not learned do not matter.
            rows = rows[:, : self.n_features_in_]
        if len(self._table) < 2:
            return np.zeros((rows.shape[0], len(self._table)))
        return self._state.decide(rows)[:, self._table.columns]

    def _is_plain_to_predict(self, X: Any) -> bool:
        return (
            type(X) is np.ndarray
            and X.dtype == DOUBLE
            and X.ndim == 2
            and len(X) > 0
            and X.shape[1] == self.n_features_in_
            and not hasattr(self, "feature_names_in_")
            and X.flags.c_contiguous
            and X.flags.writeable
            and not count_too_large(X)
        )

    @staticmethod
    def _join_two(decisions: NDArray[np.float64]) -> NDArray[np.float64]:
        return decisions[:, 1] - decisions[:, 0]

    def _read(self, place: int) -> int:
        check_is_fitted(self)
        return int(self._state.scalars[place])


def drop_weightless(
    rows: Rows, classes: NDArray, weights: NDArray[np.float64] | None
) -> tuple[Rows, NDArray, NDArray[np.float64] | None]:
    """Return the rows of a weight above 0, with their classes and weights."""
    if weights is None or (weights > 0).all():
        return rows, classes, weights
    kept = np.flatnonzero(weights > 0)
    return rows[kept], classes[kept], weights[kept]


def list_blocks(n_rows: int, starts: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first row of each block and the row after its last; ``starts`` begin blocks.

    >>> list(list_blocks(9, [0, 4]))
    [(0, 4), (4, 9)]
    """
    if not starts and 0 < n_rows <= BLOCK:
        yield 0, n_rows
        return
    cuts = sorted({*range(0, n_rows, BLOCK), *starts, n_rows})
    yield from itertools.pairwise(cuts)
