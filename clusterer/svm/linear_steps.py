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
    v: Any,
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
        for j in range(v.shape[0]):
            for k in range(n_columns):
                v[j, k] *= scale
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


@entry
def learn_dense(
    points: Any,
    first: int,
    order: Any,
    codes: Any,
    weights: Any,
    class_weights: Any,
    counts: Any,
    v: Any,
    u: Any,
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
    """Learn rows of an array; v, u, bias, counts and scalars change.

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
    v, u : (d, k), bias : (2, k), scalars : (N_SCALARS,)
        The state, see the module. u is empty without ``has_average``.
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
            product = 0.0
            for j in range(points.shape[1]):
                x = points[row, j]
                product += v[j, 0] * x
                square += x * x
            margins[0] = product
        else:
            for j in range(points.shape[1]):
                x = points[row, j]
                square += x * x
                for k in range(margins.shape[0]):
                    margins[k] += v[j, k] * x
        weight = find_weight(counts, class_weights, codes[i], weights[i], balanced)
        if take_step(
            margins, square, codes[i], weight, v, bias, deltas, scalars,
            alpha, limit, has_average, has_intercept,
        ):  # fmt: skip
            averaged = deltas[margins.shape[0]]
            for j in range(points.shape[1]):
                for k in range(margins.shape[0]):
                    change = deltas[k] * points[row, j]
                    v[j, k] += change
                    if has_average:
                        u[j, k] += averaged * change
        predicted[i] = find_highest(margins)
        if predicted[i] != codes[i]:
            scalars[N_MISTAKES] += 1.0


@inner
def add_sparse_row(
    values: Any, indices: Any, begin: int, end: int, v: Any, u: Any, deltas: Any, has_average: bool
) -> None:
    """Add a row, times the factor of each column, to v, and its part of the average to u."""
    n_columns = v.shape[1]
    averaged = deltas[n_columns]
    if n_columns == 1:
        delta = deltas[0]
        for p in range(begin, end):
            v[np.uintp(indices[p]), 0] += delta * values[p]
        if has_average:
            for p in range(begin, end):
                u[np.uintp(indices[p]), 0] += averaged * (delta * values[p])
        return
    for p in range(begin, end):
        j = np.uintp(indices[p])
        for k in range(n_columns):
            change = deltas[k] * values[p]
            v[j, k] += change
            if has_average:
                u[j, k] += averaged * change


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
    v: Any,
    u: Any,
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
    """Learn rows of a CSR array (``values``, ``indices``, ``starts``) as `learn_dense` does.

    Unsigned indices save the test for negative ones, which count from the end.
    """
    for i in range(codes.shape[0]):
        row = first + i
        if order.shape[0] > 0:
            row = order[i]
        begin = starts[row]
        end = starts[row + 1]
        square = 0.0
        for k in range(margins.shape[0]):
            margins[k] = 0.0
        if margins.shape[0] == 1:
            product = 0.0
            for p in range(begin, end):
                product += v[np.uintp(indices[p]), 0] * values[p]
                square += values[p] * values[p]
            margins[0] = product
        else:
            for p in range(begin, end):
                square += values[p] * values[p]
                for k in range(margins.shape[0]):
                    margins[k] += v[np.uintp(indices[p]), k] * values[p]
        weight = find_weight(counts, class_weights, codes[i], weights[i], balanced)
        if take_step(
            margins, square, codes[i], weight, v, bias, deltas, scalars,
            alpha, limit, has_average, has_intercept,
        ):  # fmt: skip
            add_sparse_row(values, indices, begin, end, v, u, deltas, has_average)
        predicted[i] = find_highest(margins)
        if predicted[i] != codes[i]:
            scalars[N_MISTAKES] += 1.0
