"""The steps of the kernel classifier: one row arrives, and the budget is kept.

Each class r has a function f_r(x) = s Σ_i α_ir k(x, z_i) over the same support vectors z_i, with
the Gaussian kernel k = exp(-d²/σ²). With T as in `.linear_steps`, a row x of weight c and class y
gives q = T + c and s ← s T / q. If its margin f_y(x) - f_r(x) to the highest other class r is below
1, x becomes a support vector with the coefficients ±c / (2 λ q s) of y and r (Crammer and Singer,
2001). With two classes, f_1 - f_0 is exactly the function of Pegasos.

If there are more vectors than the budget allows, the lightest merges with the partner that loses
least, or the lightest or the oldest is removed.

Several experts with other widths and half-lives may learn the same rows. The expert with the
smallest sum of the weights of the rows that it predicted wrongly, faded, decides.
"""

import math
from typing import Any

import numpy as np

from clusterer.support.kernels import entry, inner, separate
from clusterer.svm.linear_steps import (
    N_MISTAKES,
    N_SEEN,
    N_UPDATES,
    SMALLEST_SCALE,
    find_share,
    find_weight,
)
from clusterer.svm.merging import find_position

SPEAKER, N_STEPS = 3, 4
"""Places of the expert that decides and of the number of steps, among the stream's scalars."""

N_STREAM = 5

# Places of the scalars of an expert: s, T, A, W; its mistakes, faded; its width; the number of rows
# and the sum of squared deviations from their mean, both with its decay.
SCALE, STEPS, AVERAGED, AVERAGE_WEIGHT, MISTAKES, SIGMA, N_ROWS, SPREAD = range(8)
N_EXPERT = 8
MERGE, REMOVE, OLDEST = range(3)

# Many vectors are equally heavy. Without a margin, rounding would choose among them.
CLEARLY = 1.0 - 1e-9

LOG2_E = 1.0 / math.log(2.0)
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
SHIFTER = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to a whole number in the lowest bits
FRACTION_SIZE = np.uint64(52)
LOWEST_EXPONENT = -700.0
SMALLEST_SIGMA = 1e-100  # the square of a smaller one underflows


@inner
def exp_negative(x: float) -> float:
    """Return exp(x) for x from -700 to 0; LLVM computes several at once.

    The C library's exp is one call for each number.
    """
    shifted = np.float64(x * LOG2_E + SHIFTER)
    n = shifted - SHIFTER
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    p = 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = np.float64(p * r + 1.0)
    exponent = shifted.view(np.uint64) << FRACTION_SIZE
    return np.uint64(p.view(np.uint64) + exponent).view(np.float64)


@inner
def measure_exponents(
    vectors: Any, e: int, size: int, values: Any, row: int, sigma: float, out: Any
) -> None:
    """Write -d²/σ² of each vector of expert e to a row of ``values`` (n, d) into ``out``.

    Far vectors get the lowest exponent instead, so that no product with it is NaN.
    """
    factor = -1.0 / (sigma * sigma)
    for i in range(size):
        out[i] = 0.0
    for j in range(vectors.shape[1]):
        x = values[row, j]
        for i in range(size):
            gap = vectors[e, j, i] - x
            out[i] += gap * gap
    for i in range(size):
        out[i] = max(out[i] * factor, LOWEST_EXPONENT)


@inner
def follow_width(
    points: Any, row: int, e: int, means: Any, experts: Any, weight: float, limit: float
) -> None:
    """Follow the trace of the covariance, with the decay of the expert (Welford, 1962)."""
    decay = 1.0
    if limit < np.inf:
        decay = limit / (limit + weight)
    total = decay * experts[e, N_ROWS] + weight
    squares = decay * experts[e, SPREAD]
    for j in range(points.shape[1]):
        gap = points[row, j] - means[e, j]
        means[e, j] += weight / total * gap
        # Never below 0, except by rounding where the mean moves as far as the row.
        squares += max(weight * gap * (points[row, j] - means[e, j]), 0.0)
    experts[e, N_ROWS] = total
    experts[e, SPREAD] = squares


@inner
def drop_vector(
    e: int, slot: int, sizes: Any, vectors: Any, coefs: Any, sums: Any, ids: Any
) -> None:
    """Remove a vector; the last one takes its place."""
    last = sizes[e] - 1
    sizes[e] = last
    for j in range(vectors.shape[1]):
        vectors[e, j, slot] = vectors[e, j, last]
    for r in range(coefs.shape[1]):
        coefs[e, r, slot] = coefs[e, r, last]
        sums[e, r, slot] = sums[e, r, last]
    ids[e, slot] = ids[e, last]


@inner
def find_partner(
    e: int, slot: int, size: int, coefs: Any, norms: Any, exponents: Any, table: Any
) -> Any:
    """Return the vector that loses least when it merges with ``slot``, and its h.

    ``norms`` are the squares of the vectors' coefficients over all classes. Where the coefficients
    of two vectors point apart, the lighter one is projected onto the heavier one, h = 1.
    """
    best = -1
    position = 1.0
    least = np.inf
    light = math.sqrt(norms[slot])
    for j in range(size):
        if j == slot:
            continue
        heavy = math.sqrt(norms[j])
        product = 0.0
        for r in range(coefs.shape[1]):
            product += coefs[e, r, slot] * coefs[e, r, j]
        kernel = math.exp(exponents[j])
        h = 1.0
        if product > 0.0:
            h = find_position(table, kernel, heavy / (heavy + light))
        ours = math.exp(exponents[j] * h * h)
        theirs = math.exp(exponents[j] * (1.0 - h) * (1.0 - h))
        loss = norms[slot] * (1.0 - ours * ours) + norms[j] * (1.0 - theirs * theirs)
        loss += 2.0 * product * (kernel - ours * theirs)
        if loss < CLEARLY * least:
            least = loss
            best = j
            position = h
    return best, position


@separate
def keep_budget(
    e: int,
    maintenance: int,
    sizes: Any,
    vectors: Any,
    coefs: Any,
    sums: Any,
    ids: Any,
    norms: Any,
    exponents: Any,
    point: Any,
    sigma: float,
    table: Any,
) -> None:
    """Make one vector less."""
    size = sizes[e]
    for i in range(size):
        norms[i] = 0.0
    for r in range(coefs.shape[1]):
        for i in range(size):
            norms[i] += coefs[e, r, i] * coefs[e, r, i]
    slot = 0
    for i in range(1, size):
        if maintenance == OLDEST:
            if ids[e, i] < ids[e, slot]:
                slot = i
        elif norms[i] < CLEARLY * norms[slot]:
            slot = i
    if maintenance == MERGE and norms[slot] > 0.0:
        for j in range(vectors.shape[1]):
            point[0, j] = vectors[e, j, slot]
        measure_exponents(vectors, e, size, point, 0, sigma, exponents)
        partner, h = find_partner(e, slot, size, coefs, norms, exponents, table)
        ours = math.exp(exponents[partner] * h * h)
        theirs = math.exp(exponents[partner] * (1.0 - h) * (1.0 - h))
        for j in range(vectors.shape[1]):
            vectors[e, j, partner] += (1.0 - h) * (vectors[e, j, slot] - vectors[e, j, partner])
        for r in range(coefs.shape[1]):
            coefs[e, r, partner] = theirs * coefs[e, r, partner] + ours * coefs[e, r, slot]
            sums[e, r, partner] = theirs * sums[e, r, partner] + ours * sums[e, r, slot]
    drop_vector(e, slot, sizes, vectors, coefs, sums, ids)


@inner
def decide(coefs: Any, e: int, size: int, scale: float, products: Any, decisions: Any) -> int:
    """Write f_r for each class; return the class of the highest."""
    best = 0
    for r in range(coefs.shape[1]):
        total = 0.0
        for i in range(size):
            total += coefs[e, r, i] * products[i]
        decisions[r] = scale * total
        if decisions[r] > decisions[best]:
            best = r
    return best


@inner
def grow_steps(e: int, weight: float, limit: float, size: int, experts: Any, coefs: Any) -> float:
    """Shrink all coefficients by the factor s; return q."""
    steps = experts[e, STEPS] + weight
    scale = experts[e, SCALE] * (experts[e, STEPS] / steps)
    if scale < SMALLEST_SCALE:
        for r in range(coefs.shape[1]):
            for i in range(size):
                coefs[e, r, i] *= scale
        scale = 1.0
    experts[e, SCALE] = scale
    experts[e, STEPS] = min(steps, limit)
    return steps


@separate
def learn_row(
    points: Any,
    row: int,
    code: int,
    weight: float,
    e: int,
    step: int,
    sizes: Any,
    vectors: Any,
    coefs: Any,
    sums: Any,
    ids: Any,
    experts: Any,
    means: Any,
    products: Any,
    exponents: Any,
    norms: Any,
    decisions: Any,
    point: Any,
    alpha: float,
    limit: float,
    width: float,
    has_average: bool,
    is_width_automatic: bool,
    maintenance: int,
    budget: int,
    table: Any,
) -> int:
    """Let expert e learn a row; return the class that it predicted, + C if it changed."""
    size = sizes[e]
    sigma = width
    if is_width_automatic:
        if weight > 0.0:
            follow_width(points, row, e, means, experts, weight, limit)
        sigma = 1.0
        if experts[e, SPREAD] > 0.0:
            sigma = max(width * math.sqrt(experts[e, SPREAD] / experts[e, N_ROWS]), SMALLEST_SIGMA)
    experts[e, SIGMA] = sigma
    measure_exponents(vectors, e, size, points, row, sigma, exponents)
    same = -1
    for i in range(size):
        if exponents[i] == 0.0:
            same = i
    for i in range(size):
        products[i] = exp_negative(exponents[i])
    predicted = decide(coefs, e, size, experts[e, SCALE], products, decisions)
    if weight == 0.0:
        return predicted
    other = 1 if code == 0 else 0
    for r in range(coefs.shape[1]):
        if r != code and decisions[r] > decisions[other]:
            other = r
    margin = decisions[code] - decisions[other]
    before = experts[e, STEPS]
    steps = grow_steps(e, weight, limit, size, experts, coefs)
    scale = experts[e, SCALE]
    if margin < 1.0:
        delta = 0.5 * weight / (alpha * steps * scale)
        delta *= find_share(weight, margin, 1.0, alpha, before)
        slot = same
        if slot < 0 or maintenance == OLDEST:
            slot = size
            sizes[e] = size + 1
            ids[e, slot] = step
            for j in range(points.shape[1]):
                vectors[e, j, slot] = points[row, j]
            for r in range(coefs.shape[1]):
                coefs[e, r, slot] = 0.0
                sums[e, r, slot] = 0.0
        coefs[e, code, slot] += delta
        coefs[e, other, slot] -= delta
        sums[e, code, slot] += delta * experts[e, AVERAGED]
        sums[e, other, slot] -= delta * experts[e, AVERAGED]
        if sizes[e] > budget:
            keep_budget(
                e, maintenance, sizes, vectors, coefs, sums, ids, norms, exponents, point,
                sigma, table,
            )  # fmt: skip
    if has_average and limit == np.inf:
        experts[e, AVERAGED] += weight * steps * scale
        experts[e, AVERAGE_WEIGHT] += weight * steps
    return predicted + (coefs.shape[1] if margin < 1.0 else 0)


@inner
def choose_speaker(experts: Any) -> int:
    """Return the expert with the fewest mistakes, the first of equals."""
    best = 0
    for e in range(1, experts.shape[0]):
        if experts[e, MISTAKES] < experts[best, MISTAKES]:
            best = e
    return best


@entry
def learn_points(
    points: Any,
    first: int,
    order: Any,
    codes: Any,
    weights: Any,
    class_weights: Any,
    counts: Any,
    sizes: Any,
    vectors: Any,
    coefs: Any,
    sums: Any,
    ids: Any,
    experts: Any,
    means: Any,
    scalars: Any,
    products: Any,
    exponents: Any,
    norms: Any,
    decisions: Any,
    point: Any,
    predicted: Any,
    alpha: float,
    limits: Any,
    widths: Any,
    has_average: bool,
    is_width_automatic: bool,
    maintenance: int,
    budget: int,
    fading: float,
    only: int,
    balanced: bool,
    table: Any,
) -> None:
    """Learn rows of an array with E experts of at most B vectors; C classes.

    Parameters
    ----------
    points, first, order, codes, weights, class_weights, counts, balanced
        As in `.linear_steps.learn_dense`.
    sizes : (E,) int64
        Number of vectors of each expert.
    vectors : (E, d, B + 1), coefs, sums : (E, C, B + 1), ids : (E, B + 1) int64
        The vectors, their coefficients α, the sums u for the average, and the steps in which the
        vectors came.
    experts : (E, N_EXPERT), means : (E, d), scalars : (N_STREAM,)
        Scalars and means of each expert, and scalars of the stream.
    products, exponents, norms : (B + 1,), decisions : (C,), point : (1, d)
        Scratch.
    predicted : (b,) int64
        Becomes the class that was predicted for each row before it was learned.
    limits, widths : (E,)
        The highest T, and σ or its share of the root of the trace of the covariance.
    fading : float
        Factor of the experts' sums of mistakes at each row.
    only : int
        The one expert that learns, as in later passes of `fit`; -1 for all.
    table : (201, 201)
        See `.merging.make_table`.
    """
    for e in range(sizes.shape[0]):
        while sizes[e] > budget:
            keep_budget(
                e, maintenance, sizes, vectors, coefs, sums, ids, norms, exponents, point,
                experts[e, SIGMA], table,
            )  # fmt: skip
    n_classes = coefs.shape[1]
    for i in range(codes.shape[0]):
        row = first + i
        if order.shape[0] > 0:
            row = order[i]
        weight = find_weight(counts, class_weights, codes[i], weights[i], balanced)
        step = int(scalars[N_STEPS])
        speaker = int(scalars[SPEAKER])
        for e in range(sizes.shape[0]):
            if only >= 0 and e != only:
                continue
            found = learn_row(
                points, row, codes[i], weight, e, step, sizes, vectors, coefs, sums, ids, experts,
                means, products, exponents, norms, decisions, point, alpha, limits[e], widths[e],
                has_average, is_width_automatic, maintenance, budget, table,
            )  # fmt: skip
            is_changed = found >= n_classes
            answer = found - n_classes if is_changed else found
            is_wrong = answer != codes[i]
            experts[e, MISTAKES] = fading * experts[e, MISTAKES] + (weight if is_wrong else 0.0)
            if e == speaker:
                predicted[i] = answer
            if e == speaker and is_wrong:
                scalars[N_MISTAKES] += 1.0
            if e == speaker and is_changed:
                scalars[N_UPDATES] += 1.0
        scalars[N_SEEN] += 1.0
        scalars[N_STEPS] += 1.0
        if only < 0:
            scalars[SPEAKER] = choose_speaker(experts)


@entry
def decide_points(
    points: Any, e: int, vectors: Any, coefs: Any, size: int, sigma: float, scratch: Any, out: Any
) -> None:
    """Write f_r of each class (n, C) for points (n, d); coefs (E, C, m) are those that predict."""
    for row in range(points.shape[0]):
        measure_exponents(vectors, e, size, points, row, sigma, scratch)
        for i in range(size):
            scratch[i] = exp_negative(scratch[i])
        for r in range(coefs.shape[0]):
            total = 0.0
            for i in range(size):
                total += coefs[r, i] * scratch[i]
            out[row, r] = total
