"""The steps of the linear classifier: one row arrives (Shalev-Shwartz et al., 2011, Figure 1).

The weights are w = s v with one factor s for all of them, so a step costs O(nonzeros). With T, the
sum of the weights of all rows so far plus the start t₀, a row x of weight c and the sign y gives

    q = T + c,   s ← s T / q,   and   v ← v + c y x / (λ q s)   if   y ⟨w, x⟩ < 1,

which is the paper's step η = 1 / (λ q). Then T becomes q, or the limit that a half-life sets. For a
weight above 1, see `find_share`.

The average of all w, weighted with q, is (A v - u) / W. A is the sum of c q s over the rows, W the
sum of c q, and u the sum of each change of v times the A before it. So only a change of v costs
anything.

The intercept is the weight of a constant feature of a tenth of the rows' norm, which follows the
running mean of the squared norms. With more than two classes each class has a column of v (one
against the rest); with two classes one column is enough.

The array ``vu`` (d, 2, k) holds v and u side by side, since a row that changes v at a feature also
changes u there; (d, 1, k) holds v alone.
"""

from typing import Any

import numpy as np

from clusterer.support.kernels import entry, inner

# Places of the scalars: the numbers of rows, of rows that were predicted wrongly, and of rows that
# changed v; s, T, A, W; the mean of the squared norms and the number of its rows (with decay).
N_SEEN, N_MISTAKES, N_UPDATES, SCALE, STEPS, AVERAGED, AVERAGE_WEIGHT, NORM, NORM_COUNT = range(9)
N_SCALARS = 9
SMALLEST_SCALE = 1e-100
INTERCEPT_SHARE = 0.1**2  # the constant feature has a tenth of the rows' norm
LARGEST_SQUARE = 1e200  # of a row: no value of it is above 1e100
N_TOGETHER = 64  # rows whose indices are checked while they are in the processor's cache
MOST_VALUES = np.uintp(2**30)  # of such rows, so that 32 bits can count them
ONE, TWO, THREE = np.uintp(1), np.uintp(2), np.uintp(3)


@inner
def find_weight(counts: Any, class_weights: Any, code: int, weight: float, balanced: bool) -> float:
    """Count a row of a class, and return the weight of the row times the weight of its class."""
    counts[code] += weight
    if not balanced:
        return weight * class_weights[code]
    total = 0.0
    for i in range(counts.shape[0]):
        total += counts[i]
    return weight * total / (counts.shape[0] * counts[code])


@inner
def find_highest(margins: Any) -> int:
    """Return the code of the predicted class."""
    if margins.shape[0] == 1:
        return 1 if margins[0] > 0.0 else 0
    best = 0
    for k in range(1, margins.shape[0]):
        if margins[k] > margins[best]:
            best = k
    return best


@inner
def find_share(weight: float, margin: float, kernel: float, alpha: float, steps: float) -> float:
    """Return the share of the weight of a row with which it changes v.

    A row of weight c counts as c rows in a row, of which those after the margin has reached 1
    change nothing. So a weight above 1 counts at most until the margin after the step is 1, and at
    least as 1. ``kernel`` is ⟨x, x⟩ and ``steps`` T (compare Karampatziakis, Langford, 2011).
    """
    if weight <= 1.0 or kernel <= 0.0:
        return 1.0
    enough = alpha * (steps * (1.0 - margin) + weight) / kernel
    return min(weight, max(1.0, enough)) / weight


@inner
def take_step(
    margins: Any,
    square: float,
    code: int,
    weight: float,
    vu: Any,
    bias: Any,
    deltas: Any,
    scalars: Any,
    alpha: float,
    limit: float,
    has_average: bool,
    has_intercept: bool,
) -> bool:
    """Change everything but v and u; return whether v changes.

    ``margins`` (k,) contain ⟨v, x⟩ and become the margins. ``deltas`` (k + 1,) become the factors
    of x in the change of v, and the A before the step. ``bias`` (2, k) are v and u of the
    intercept.
    """
    n_columns = margins.shape[0]
    for k in range(n_columns):
        margins[k] = scalars[SCALE] * (margins[k] + bias[0, k])
    scalars[N_SEEN] += 1.0
    if weight == 0.0:
        return False
    scalars[NORM_COUNT] += weight
    scalars[NORM] += weight / scalars[NORM_COUNT] * (square - scalars[NORM])
    scalars[NORM_COUNT] = min(scalars[NORM_COUNT], limit)
    steps = scalars[STEPS] + weight
    scale = scalars[SCALE] * (scalars[STEPS] / steps)
    if scale < SMALLEST_SCALE:
        for j in range(vu.shape[0]):
            for k in range(n_columns):
                vu[j, 0, k] *= scale
        for k in range(n_columns):
            bias[0, k] *= scale
        scale = 1.0
    gain = weight / (alpha * steps * scale)
    constant = 0.0
    if has_intercept:
        constant = INTERCEPT_SHARE * scalars[NORM] if scalars[NORM] > 0.0 else 1.0
    is_changed = False
    for k in range(n_columns):
        is_positive = code == (1 if n_columns == 1 else k)
        sign = 1.0 if is_positive else -1.0
        deltas[k] = 0.0
        if sign * margins[k] < 1.0:
            is_changed = True
            kernel = square + constant
            share = find_share(weight, sign * margins[k], kernel, alpha, steps - weight)
            deltas[k] = sign * gain * share
            bias[0, k] += deltas[k] * constant
            bias[1, k] += deltas[k] * constant * scalars[AVERAGED]
    deltas[n_columns] = scalars[AVERAGED]
    if is_changed:
        scalars[N_UPDATES] += 1.0
    if has_average:
        scalars[AVERAGED] += weight * steps * scale
        scalars[AVERAGE_WEIGHT] += weight * steps
    scalars[SCALE] = scale
    scalars[STEPS] = min(steps, limit)
    return is_changed


@inner
def multiply_row(points: Any, row: int, vu: Any) -> Any:
    """Return ⟨v, x⟩ for the first column of v, and ⟨x, x⟩.

    Both are four sums, so that an addition need not wait for the one before it.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    aa, bb, cc, dd = 0.0, 0.0, 0.0, 0.0
    stop = points.shape[1] // 4 * 4
    for j in range(0, stop, 4):
        x0 = points[row, j]
        x1 = points[row, j + 1]
        x2 = points[row, j + 2]
        x3 = points[row, j + 3]
        a += vu[j, 0, 0] * x0
        b += vu[j + 1, 0, 0] * x1
        c += vu[j + 2, 0, 0] * x2
        d += vu[j + 3, 0, 0] * x3
        aa += x0 * x0
        bb += x1 * x1
        cc += x2 * x2
        dd += x3 * x3
    for j in range(stop, points.shape[1]):
        x0 = points[row, j]
        a += vu[j, 0, 0] * x0
        aa += x0 * x0
    return (a + b) + (c + d), (aa + bb) + (cc + dd)


@inner
def add_row(points: Any, row: int, vu: Any, deltas: Any, has_average: bool) -> None:
    """Add a row, times the factor of each column, to v, and its part of the average to u."""
    n_columns = vu.shape[2]
    averaged = deltas[n_columns]
    if n_columns == 1:
        delta = deltas[0]
        for j in range(points.shape[1]):
            change = delta * points[row, j]
            vu[j, 0, 0] += change
            if has_average:
                vu[j, 1, 0] += averaged * change
        return
    for j in range(points.shape[1]):
        for k in range(n_columns):
            change = deltas[k] * points[row, j]
            vu[j, 0, k] += change
            if has_average:
                vu[j, 1, k] += averaged * change


@entry
def learn_dense(
    points: Any,
    first: int,
    order: Any,
    codes: Any,
    weights: Any,
    class_weights: Any,
    counts: Any,
    vu: Any,
    bias: Any,
    margins: Any,
    deltas: Any,
    predicted: Any,
    scalars: Any,
    alpha: float,
    limit: float,
    has_average: bool,
    has_intercept: bool,
    balanced: bool,
) -> None:
    """Learn rows of an array; vu, bias, counts and scalars change.

    Parameters
    ----------
    points : (n, d)
        The rows.
    first : int
        The first row to learn; the others follow.
    order : (b,) int64
        The rows to learn instead, unless it is empty.
    codes : (b,) int64, weights : (b,)
        The class and the weight of each row to learn.
    class_weights, counts : (C,)
        The weight of each class, unless ``balanced``, and the sum of the weights of its rows.
    vu : (d, 1 or 2, k), bias : (2, k), scalars : (N_SCALARS,)
        The state, see the module. There is no u without ``has_average``.
    margins, deltas : (k,), (k + 1,)
        Scratch.
    predicted : (b,) int64
        Becomes the class that was predicted for each row before it was learned.
    alpha, limit : float
        λ, and the highest T.
    """
    for i in range(codes.shape[0]):
        row = first + i
        if order.shape[0] > 0:
            row = order[i]
        square = 0.0
        for k in range(margins.shape[0]):
            margins[k] = 0.0
        if margins.shape[0] == 1:
            margins[0], square = multiply_row(points, row, vu)
        else:
            for j in range(points.shape[1]):
                x = points[row, j]
                square += x * x
                for k in range(margins.shape[0]):
                    margins[k] += vu[j, 0, k] * x
        weight = find_weight(counts, class_weights, codes[i], weights[i], balanced)
        if take_step(
            margins, square, codes[i], weight, vu, bias, deltas, scalars,
            alpha, limit, has_average, has_intercept,
        ):  # fmt: skip
            add_row(points, row, vu, deltas, has_average)
        predicted[i] = find_highest(margins)
        if predicted[i] != codes[i]:
            scalars[N_MISTAKES] += 1.0


@inner
def are_indices_allowed(indices: Any, starts: Any, first: int, stop: int, n_features: int) -> bool:
    """Whether the indices of some rows rise within each row and lie inside of the features.

    Nothing outside of the arrays is read.
    """
    if starts[first] < 0 or (first == 0 and starts[0] != 0):
        return False
    for i in range(first, stop):
        if starts[i + 1] < starts[i]:
            return False
    begin = np.uintp(starts[first])
    end = np.uintp(starts[stop])
    if end > np.uintp(indices.shape[0]) or end - begin > MOST_VALUES:
        return False
    n_falls = np.int32(0)
    for p in range(begin + ONE, end):
        n_falls += np.int32(indices[np.uintp(p)] <= indices[np.uintp(p) - ONE])
    for i in range(first, stop):
        start = np.uintp(starts[i])
        after = np.uintp(starts[i + 1])
        if start == after:
            continue
        if indices[start] < 0 or indices[after - ONE] >= n_features:
            return False
        # Between two rows the indices may fall.
        if start > begin:
            n_falls -= np.int32(indices[start] <= indices[start - ONE])
    return n_falls == 0


@inner
def multiply_sparse_row(values: Any, indices: Any, begin: int, end: int, vu: Any) -> Any:
    """Do what `multiply_row` does for a row of a CSR array.

    Unsigned indices save the test for negative ones, which count from the end.
    """
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    aa, bb, cc, dd = 0.0, 0.0, 0.0, 0.0
    stop = begin + (end - begin) // 4 * 4
    for p in range(begin, stop, 4):
        q = np.uintp(p)
        x0 = values[q]
        x1 = values[q + ONE]
        x2 = values[q + TWO]
        x3 = values[q + THREE]
        a += vu[np.uintp(indices[q]), 0, 0] * x0
        b += vu[np.uintp(indices[q + ONE]), 0, 0] * x1
        c += vu[np.uintp(indices[q + TWO]), 0, 0] * x2
        d += vu[np.uintp(indices[q + THREE]), 0, 0] * x3
        aa += x0 * x0
        bb += x1 * x1
        cc += x2 * x2
        dd += x3 * x3
    for p in range(stop, end):
        x0 = values[p]
        a += vu[np.uintp(indices[p]), 0, 0] * x0
        aa += x0 * x0
    return (a + b) + (c + d), (aa + bb) + (cc + dd)


@inner
def add_sparse_row(
    values: Any, indices: Any, begin: int, end: int, vu: Any, deltas: Any, has_average: bool
) -> None:
    """Add a row, times the factor of each column, to v, and its part of the average to u.

    Two values at a time take a sixth less time.
    """
    n_columns = vu.shape[2]
    averaged = deltas[n_columns]
    stop = begin
    if n_columns == 1:
        delta = deltas[0]
        stop = begin + (end - begin) // 2 * 2
        for p in range(begin, stop, 2):
            q = np.uintp(p)
            i = np.uintp(indices[q])
            j = np.uintp(indices[q + ONE])
            x = delta * values[q]
            y = delta * values[q + ONE]
            vu[i, 0, 0] += x
            if has_average:
                vu[i, 1, 0] += averaged * x
            vu[j, 0, 0] += y
            if has_average:
                vu[j, 1, 0] += averaged * y
    for p in range(stop, end):
        j = np.uintp(indices[p])
        for k in range(n_columns):
            change = deltas[k] * values[p]
            vu[j, 0, k] += change
            if has_average:
                vu[j, 1, k] += averaged * change


@entry
def learn_sparse(
    values: Any,
    indices: Any,
    starts: Any,
    first: int,
    order: Any,
    codes: Any,
    weights: Any,
    class_weights: Any,
    counts: Any,
    vu: Any,
    bias: Any,
    margins: Any,
    deltas: Any,
    predicted: Any,
    scalars: Any,
    alpha: float,
    limit: float,
    has_average: bool,
    has_intercept: bool,
    balanced: bool,
    is_checked: bool,
) -> bool:
    """Learn rows of a CSR array (``values``, ``indices``, ``starts``) as `learn_dense` does.

    Returns whether all rows are allowed. Without ``is_checked`` the rows are checked on the way,
    which takes less time than a pass of its own; ``order`` must be empty then. Where a row may not
    be allowed, learning ends.
    """
    for i in range(codes.shape[0]):
        row = first + i
        if order.shape[0] > 0:
            row = order[i]
        elif not is_checked and i % N_TOGETHER == 0:
            stop = first + min(i + N_TOGETHER, codes.shape[0])
            if not are_indices_allowed(indices, starts, row, stop, vu.shape[0]):
                return False
        begin = starts[row]
        end = starts[row + 1]
        square = 0.0
        if margins.shape[0] == 1:
            margins[0], square = multiply_sparse_row(values, indices, begin, end, vu)
        else:
            for k in range(margins.shape[0]):
                margins[k] = 0.0
            for p in range(begin, end):
                square += values[p] * values[p]
                for k in range(margins.shape[0]):
                    margins[k] += vu[np.uintp(indices[p]), 0, k] * values[p]
        if not (is_checked or square <= LARGEST_SQUARE):
            return False
        weight = find_weight(counts, class_weights, codes[i], weights[i], balanced)
        if take_step(
            margins, square, codes[i], weight, vu, bias, deltas, scalars,
            alpha, limit, has_average, has_intercept,
        ):  # fmt: skip
            add_sparse_row(values, indices, begin, end, vu, deltas, has_average)
        predicted[i] = find_highest(margins)
        if predicted[i] != codes[i]:
            scalars[N_MISTAKES] += 1.0
    return True
