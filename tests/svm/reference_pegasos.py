"""Slow references of the online support vector machines, in plain NumPy from the papers.

S. Shalev-Shwartz, Y. Singer, N. Srebro, A. Cotter, "Pegasos: primal estimated sub-gradient solver
for SVM", Mathematical Programming 127, 2011, with t from t₀ on (L. Bottou, "Stochastic gradient
descent tricks", 2012) and an intercept that is the weight of a constant feature.
"""

import numpy as np


class ReferencePegasos:
    """The linear classifier of two classes: w, its weighted average, and counts.

    Each row x of weight c gives w ← (1 - c/q) w + c/(λ q) y x if y f(x) < 1, with q = T + c. A
    weight above 1 changes w at most until the margin is 1.
    """

    def __init__(self, n_features, alpha, half_life=None, has_intercept=True):
        self.alpha, self.has_intercept = alpha, has_intercept
        self.limit = np.inf if half_life is None else 1.0 / (2.0 ** (1.0 / half_life) - 1.0)
        self.steps = min(alpha**-0.75, self.limit)
        self.w, self.b = np.zeros(n_features), 0.0
        self.sum_w, self.sum_b, self.sum_weights = np.zeros(n_features), 0.0, 0.0
        self.square, self.n_squares = 0.0, 0.0
        self.n_mistakes = self.n_updates = 0

    def learn(self, x, sign, weight=1.0):
        margin = sign * (self.w @ x + self.b)
        self.n_mistakes += not (margin > 0 or (margin == 0 and sign < 0))
        if weight == 0:
            return
        self.n_squares += weight
        self.square += weight / self.n_squares * (x @ x - self.square)
        self.n_squares = min(self.n_squares, self.limit)
        constant = (0.01 * self.square or 1.0) if self.has_intercept else 0.0
        q = self.steps + weight
        self.w, self.b = (1 - weight / q) * self.w, (1 - weight / q) * self.b
        if margin < 1:
            self.n_updates += 1
            kernel = x @ x + constant
            # After this change the margin is 1; a weight above 1 need not go further.
            enough = self.alpha * (q - self.steps * margin) / kernel if kernel else weight
            change = weight if weight <= 1 else min(weight, max(1.0, enough))
            self.w = self.w + change / (self.alpha * q) * sign * x
            self.b += change / (self.alpha * q) * sign * constant
        self.steps = min(q, self.limit)
        self.sum_w, self.sum_b = self.sum_w + weight * q * self.w, self.sum_b + weight * q * self.b
        self.sum_weights += weight * q

    @property
    def average(self):
        return self.sum_w / self.sum_weights, self.sum_b / self.sum_weights
