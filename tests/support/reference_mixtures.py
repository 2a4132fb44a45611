"""Slow textbook version of the Gaussian mixtures that are fitted to weighted prototypes."""

from __future__ import annotations

import itertools

import numpy as np

START_RESPONSIBILITY = 0.98


def fit(centers: np.ndarray, variances: np.ndarray, masses: np.ndarray):
    """Mean and covariance of all points that the prototypes stand for."""
    mean = np.average(centers, axis=0, weights=masses)
    n_features = centers.shape[1]
    covariance = np.zeros((n_features, n_features))
    for center, variance, mass in zip(centers, variances, masses, strict=True):
        gap = center - mean
        covariance += mass * (np.outer(gap, gap) + variance * np.eye(n_features))
    return mean, covariance / masses.sum()


def mean_log_density(centers, variances, mean, covariance):
    """Mean logarithm (m,) of the density over a round cloud of points at each centre."""
    inverse = np.linalg.inv(covariance)
    constant = np.log(np.linalg.det(2 * np.pi * covariance))
    return np.array(
        [
            -0.5 * (constant + gap @ inverse @ gap + variance * np.trace(inverse))
            for gap, variance in zip(centers - mean, variances, strict=True)
        ]
    )


def run_em(centers, variances, masses, responsibilities, *, max_iterations, tolerance):
    """The mean log-likelihood, the responsibilities (k, m) and the log-likelihoods (k, m)."""
    before = -np.inf
    for _ in range(max_iterations):
        logs = []
        for share in responsibilities:
            weighted = masses * share
            logs.append(
                np.log(weighted.sum() / masses.sum())
                + mean_log_density(centers, variances, *fit(centers, variances, weighted))
            )
        mixture = np.logaddexp.reduce(logs)
        responsibilities = np.exp(logs - mixture)
        likelihood = np.average(mixture, weights=masses)
        if likelihood - before < tolerance:
            break
        before = likelihood
    return likelihood, responsibilities, logs


def assign_survivors(
    centers, variances, masses, previous, *, bic_factor, max_iterations, tolerance, min_share
):
    """The surviving previous cluster (m,) of each prototype.

    None for a component near the smallest share, where rounding decides.
    """
    clusters = sorted(set(previous[previous >= 0]))
    while len(clusters) > 1:
        own = np.isin(previous, clusters)
        distances = [np.sum((centers[own] - center) ** 2, axis=1) for center in centers]
        nearest = np.flatnonzero(own)[[distance.argmin() for distance in distances]]
        previous = np.where(own, previous, previous[nearest])
        start = [np.where(previous == each, START_RESPONSIBILITY, 0.0) for each in clusters]
        _, responsibilities, logs = run_em(
            *(centers, variances, masses),
            np.array(start) + (1.0 - START_RESPONSIBILITY) / len(clusters),
            max_iterations=max_iterations,
            tolerance=tolerance,
        )
        if (responsibilities @ masses / masses.sum()).min() < 2 * min_share:
            return None
        gains = {}
        for a, b in itertools.combinations(range(len(clusters)), 2):
            own = masses * (responsibilities[a] + responsibilities[b])
            two = np.logaddexp(logs[a], logs[b])
            gains[a, b] = measure_gain(centers, variances, masses, own, two)
        weakest = min(gains, key=gains.get)
        if gains[weakest] >= bic_factor:
            return responsibilities.argmax(axis=0)
        a, b = weakest
        previous = np.where(previous == clusters[b], clusters[a], previous)
        clusters.pop(b)
    return np.zeros(len(centers), dtype=int)


def measure_gain(centers, variances, masses, own, two):
    """Gain in log-likelihood of two components over one, divided by the penalty of the BIC."""
    one = mean_log_density(centers, variances, *fit(centers, variances, own))
    gain = own @ (two - one - np.log(own.sum() / masses.sum()))
    n_features = centers.shape[1]
    n_parameters = 1 + n_features + n_features * (n_features + 1) / 2
    return gain / (n_parameters / 2 * np.log(own.sum()))
