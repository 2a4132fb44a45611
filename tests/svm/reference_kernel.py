"""A slow reference of the kernel classifier, in plain NumPy from the papers.

Steps: K. Crammer, Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
machines", JMLR 2, 2001, with the steps of Pegasos. Budget: Z. Wang, K. Crammer, S. Vucetic,
"Breaking the curse of kernelization", JMLR 13, 2012, with h from a table.
"""

import numpy as np

from clusterer.svm.merging import N_CELLS, make_table


def gaussian(one, other, sigma):
    return np.exp(-((one - other) ** 2).sum(axis=-1) / sigma**2)


def look_up(kernel, share):
    """Interpolate h between the four nearest cells."""
    places = np.array([kernel, 2 * share - 1]) * N_CELLS
    low = np.minimum(places.astype(int), N_CELLS - 1)
    (i, j), (x, y) = low, places - low
    table = make_table()
    upper, lower = table[i, j : j + 2], table[i + 1, j : j + 2]
    return (1 - x) * ((1 - y) * upper[0] + y * upper[1]) + x * ((1 - y) * lower[0] + y * lower[1])


def find_least(values):
    """Return the place of the least value, the first of those that are equal but for rounding."""
    best = 0
    for i, value in enumerate(values):
        if value < (1 - 1e-9) * values[best]:
            best = i
    return best


class ReferenceKernel:
    """Vectors z (m, d), coefficients a (m, C) and their weighted sums over the steps."""

    def __init__(self, n_features, n_classes, budget, sigma, alpha, half_life, maintenance):
        self.budget, self.sigma, self.alpha, self.maintenance = budget, sigma, alpha, maintenance
        self.limit = np.inf if half_life is None else 1.0 / (2.0 ** (1.0 / half_life) - 1.0)
        self.steps = min(alpha**-0.75, self.limit)
        self.z, self.a = np.empty((0, n_features)), np.empty((0, n_classes))
        self.sums, self.ids = np.empty((0, n_classes)), np.empty(0, int)
        self.sum_weights = 0.0
        self.n_seen = self.n_mistakes = self.n_updates = 0
        self.is_open = False  # whether only rounding has decided which vectors merge

    def decide(self, x):
        return gaussian(self.z, x, self.sigma) @ self.a

    def learn(self, x, name, weight=1.0):
        decisions = self.decide(x)
        self.n_mistakes += decisions.argmax() != name
        others = np.where(np.arange(len(decisions)) == name, -np.inf, decisions)
        other = others.argmax()
        q = self.steps + weight
        self.a = self.a * (1 - weight / q)
        margin = decisions[name] - decisions[other]
        if margin < 1:
            self.n_updates += 1
            enough = max(1.0, self.alpha * (q - self.steps * margin))
            change = weight if weight <= 1 else min(weight, enough)
            same = (self.z == x).all(axis=1)
            if not same.any() or self.maintenance == "oldest":
                self.z, self.ids = np.vstack([self.z, x]), np.append(self.ids, self.n_seen)
                self.a, self.sums = (np.pad(each, ((0, 1), (0, 0))) for each in (self.a, self.sums))
                slot = len(self.z) - 1
            else:
                slot = np.flatnonzero(same)[-1]
            self.a[slot, [name, other]] += np.array([1, -1]) * change / (2 * self.alpha * q)
            if len(self.z) > self.budget:
                self.keep_budget()
        self.steps = min(q, self.limit)
        self.sums = self.sums + weight * q * self.a
        self.sum_weights += weight * q
        self.n_seen += 1

    def keep_budget(self):
        norms = (self.a**2).sum(axis=1)
        slot = self.ids.argmin() if self.maintenance == "oldest" else find_least(norms)
        if self.maintenance == "merge":
            found = [self.try_merge(slot, j) for j in range(len(self.z)) if j != slot]
            losses = [each[0] for each in found]
            _, partner, h, ours, theirs = found[find_least(losses)]
            # Losses are differences of the squares of coefficients.
            self.is_open |= len(losses) > 1 and np.ptp(np.sort(losses)[:2]) < 1e-12 * norms.max()
            self.z[partner] = h * self.z[partner] + (1 - h) * self.z[slot]
            for values in (self.a, self.sums):
                values[partner] = theirs * values[partner] + ours * values[slot]
        # The last vector takes the place of the removed one.
        for name in ("z", "a", "sums", "ids"):
            values = getattr(self, name)
            values[slot] = values[-1]
            setattr(self, name, values[:-1])

    def try_merge(self, slot, j):
        light, heavy = np.linalg.norm(self.a[slot]), np.linalg.norm(self.a[j])
        product = self.a[slot] @ self.a[j]
        kernel = gaussian(self.z[slot], self.z[j], self.sigma)
        h = look_up(kernel, heavy / (heavy + light)) if product > 0 else 1.0
        ours, theirs = kernel ** (h * h), kernel ** ((1 - h) ** 2)
        merged = theirs * self.a[j] + ours * self.a[slot]
        loss = light**2 + heavy**2 + 2 * kernel * product - merged @ merged
        return loss, j, h, ours, theirs
