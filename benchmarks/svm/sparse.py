"""The linear classifier on a generated CSR array of RCV1's shape, against scikit-learn."""

import time
import tracemalloc
from functools import partial

import numba
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier
from sklearn.svm import LinearSVC

from benchmarks.svm.table import Row, time_in_turns
from clusterer.svm import PegasosClassifier

N_ROWS, N_FEATURES, N_VALUES = 781_265, 47_236, 76.5
REPETITIONS = 1.055  # words of a row for each different word
N_INFORMATIVE = 3_000
NOISE = 0.05


@numba.njit
def take_products(values, indices, starts, weights):  # type: ignore[no-untyped-def]
    """Only take the product of each row with the weights: the lower bound."""
    total = 0.0
    for i in range(len(starts) - 1):
        product = 0.0
        for p in range(starts[i], starts[i + 1]):
            product += weights[indices[p]] * values[p]
        total += product
    return total


def make_documents(n_rows: int, seed: int = 0) -> tuple[sp.csr_matrix, NDArray[np.int64]]:
    """Return rows of unit length with the frequencies of words, and their classes.

    The words follow Zipf's law. The classes depend on the frequent words, and some are wrong.
    """
    rng = np.random.default_rng(seed)
    frequencies = 1.0 / (np.arange(N_FEATURES) + 10.0)
    cumulated = np.cumsum(frequencies / frequencies.sum())
    truth = np.zeros(N_FEATURES)
    truth[:N_INFORMATIVE] = np.random.default_rng(99).normal(size=N_INFORMATIVE)
    parts = []
    for begin in range(0, n_rows, 50_000):
        n = min(50_000, n_rows - begin)
        lengths = rng.poisson(REPETITIONS * N_VALUES, size=n)
        words = np.searchsorted(cumulated, rng.random(lengths.sum())).clip(max=N_FEATURES - 1)
        rows = np.repeat(np.arange(n), lengths)
        part = sp.coo_matrix((np.ones(len(rows)), (rows, words)), (n, N_FEATURES)).tocsr()
        part.data = (1.0 + np.log(part.data)) * -np.log(frequencies[part.indices] / 8.0)
        norms = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        part.data /= np.repeat(np.maximum(norms, 1e-12), np.diff(part.indptr))
        parts.append(part)
    documents = sp.csr_matrix(sp.vstack(parts))
    classes = (documents @ truth > 0).astype(np.int64)
    return documents, np.where(rng.random(n_rows) < NOISE, 1 - classes, classes)


def measure_objective(
    documents: sp.csr_matrix, classes: NDArray, weights: NDArray, intercept: float, alpha: float
) -> float:
    """Return λ/2 ‖w‖² plus the mean hinge loss; intercepts are not counted in the norm."""
    margins = (2.0 * classes - 1.0) * (documents @ weights + intercept)
    return 0.5 * alpha * weights @ weights + np.maximum(0.0, 1.0 - margins).mean()


def measure_speed(documents: sp.csr_matrix, classes: NDArray) -> list[Row]:
    """Return the times of a pass relative to the products alone and to scikit-learn."""
    weights = np.random.default_rng(1).normal(size=N_FEATURES)
    arrays = documents.data, documents.indices, documents.indptr

    def learn(average: bool) -> PegasosClassifier:
        return PegasosClassifier(average=average).partial_fit(documents, classes)

    def descend(average: bool) -> SGDClassifier:
        # No stopping criterion: one pass, and no warning that it has not converged.
        model = SGDClassifier(alpha=1e-4, shuffle=False, average=average)
        return model.partial_fit(documents, classes, classes=[0, 1])

    calls = [partial(take_products, *arrays, weights)]
    calls += [partial(call, average) for average in (False, True) for call in (learn, descend)]
    for call in calls:
        call()
    bound, *times = time_in_turns(calls)
    rows = []
    for average, most in ((False, 1.2), (True, 1.6)):
        name = "averaged pass" if average else "pass"
        ours, theirs = times[2 * average : 2 * average + 2]
        rows.append(Row(f"CSR, {name}: time / products alone ({bound:.3f} s)", most, ours / bound))
        rows.append(Row(f"CSR, {name}: time / SGDClassifier", 1.0, ours / theirs))
    begin = time.perf_counter()
    learn(True).coef_.sum()
    share = documents.shape[0] / N_ROWS
    rows.append(
        Row("CSR, to coef_: seconds by the clock", 2.0 * share, time.perf_counter() - begin)
    )
    tracemalloc.start()
    learn(True).coef_.sum()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows.append(
        Row("CSR: memory beyond the arrays / (5 d × 8 bytes)", 1.0, peak / (40 * N_FEATURES))
    )
    return rows


def measure_quality(n_rows: int) -> list[Row]:
    """Return objectives and accuracies after one pass, relative to scikit-learn."""
    documents, classes = make_documents(n_rows)
    test, truth = make_documents(23_149, seed=1)
    rows = []
    for alpha in (1e-4, 1e-5, 1e-6):
        ours = PegasosClassifier(alpha).partial_fit(documents, classes)
        theirs = SGDClassifier(alpha=alpha, shuffle=False, average=True)
        theirs.partial_fit(documents, classes, classes=[0, 1])

        def measure(model, alpha=alpha):  # type: ignore[no-untyped-def]
            intercept = float(model.intercept_[0])
            return measure_objective(documents, classes, model.coef_[0], intercept, alpha)

        if alpha == 1e-4:
            best = LinearSVC(loss="hinge", C=1.0 / (alpha * n_rows), tol=1e-4, random_state=0)
            best.fit(documents, classes)
            ratio = measure(ours) / measure(best)
            rows.append(Row("λ 1e-4: objective / LinearSVC's", 1.01, ratio))
        if alpha == 1e-6:
            rows.append(
                Row("λ 1e-6: objective / SGD's average", 1.0, measure(ours) / measure(theirs))
            )
        floor = theirs.score(test, truth) - 0.002
        accuracy = ours.score(test, truth)
        rows.append(Row(f"λ {alpha:g}: accuracy on new rows", floor, accuracy, is_least=True))
    return rows
