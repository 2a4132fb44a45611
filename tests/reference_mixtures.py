"""Two normal distributions fitted to weighted prototypes, slowly, from the textbook."""

from __future__ import annotations

import numpy as np


def fit(places: np.ndarray, variances: np.ndarray, masses: np.ndarray):
    """Mean and covariance of all points that the prototypes stand for."""
    center = np.average(places, axis=0, weights=masses)
    n_features = places.shape[1]
    covariance = np.zeros((n_features, n_features))
    for place, variance, mass in zip(places, variances, masses, strict=True):
        gap = place - center
        covariance += mass * (np.outer(gap, gap) + variance * np.eye(n_features))
    return center, covariance / masses.sum()


def mean_log(places, variances, center, covariance):
    """Mean logarithm (m,) of the density over a round cloud of points at each place."""
    inverse = np.linalg.inv(covariance)
    constant = np.log(np.linalg.det(2 * np.pi * covariance))
    return np.array(
        [
            -0.5 * (constant + gap @ inverse @ gap + variance * np.trace(inverse))
            for gap, variance in zip(places - center, variances, strict=True)
        ]
    )


def refine(places, variances, masses, parts, *, n_rounds, enough):
    """The mean logarithm of the likelihood, and the parts (m,) of the first."""
    before = -np.inf
    for _ in range(n_rounds):
        logs = []
        for share in (parts, 1 - parts):
            weighed = masses * share
            logs.append(
                np.log(weighed.sum() / masses.sum())
                + mean_log(places, variances, *fit(places, variances, weighed))
            )
        both = np.logaddexp(*logs)
        parts = np.exp(logs[0] - both)
        likelihood = np.average(both, weights=masses)
        if likelihood - before < enough:
            break
        before = likelihood
    return likelihood, parts
