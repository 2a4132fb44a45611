"""Normal distributions fitted to weighted prototypes, slowly, from the textbook."""

from __future__ import annotations

import itertools

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
    """The mean logarithm of the likelihood, the parts (k, m) of each, and their logarithms."""
    before = -np.inf
    for _ in range(n_rounds):
        logs = []
        for share in parts:
            weighed = masses * share
            logs.append(
                np.log(weighed.sum() / masses.sum())
                + mean_log(places, variances, *fit(places, variances, weighed))
            )
        together = np.logaddexp.reduce(logs)
        parts = np.exp(logs - together)
        likelihood = np.average(together, weights=masses)
        if likelihood - before < enough:
            break
        before = likelihood
    return likelihood, parts, logs


def part_survivors(places, variances, masses, known, *, times_asked, n_rounds, enough, least_share):
    """The cluster (m,) each prototype belongs to, of those that were known and still are."""
    kin = sorted(set(known[known >= 0]))
    while len(kin) > 1:
        own = np.isin(known, kin)
        nearest = [np.flatnonzero(own)[np.sum((places[own] - p) ** 2, 1).argmin()] for p in places]
        known = np.where(own, known, known[nearest])
        parts = np.array([np.where(known == each, 0.98, 0.0) + 0.02 / len(kin) for each in kin])
        _, parts, logs = refine(places, variances, masses, parts, n_rounds=n_rounds, enough=enough)
        shares = parts @ masses / masses.sum()
        if shares.min() < 2 * least_share:
            return None  # near to where one has lost nearly all: not told here
        gains = {}
        for a, b in itertools.combinations(range(len(kin)), 2):
            own = masses * (parts[a] + parts[b])
            gains[a, b] = gain_by(places, variances, masses, own, np.logaddexp(logs[a], logs[b]))
        weakest = min(gains, key=gains.get)
        if gains[weakest] >= times_asked:
            return parts.argmax(axis=0)
        a, b = weakest
        known = np.where(known == kin[b], kin[a], known)
        kin.pop(b)
    return np.zeros(len(places), dtype=int)


def gain_by(places, variances, masses, own, two):
    """What two explain of their own beyond one, by Schwarz's criterion."""
    one = mean_log(places, variances, *fit(places, variances, own))
    gain = own @ (two - one - np.log(own.sum() / masses.sum()))
    n_features = places.shape[1]
    n_parameters = 1 + n_features + n_features * (n_features + 1) / 2
    return gain / (n_parameters / 2 * np.log(own.sum()))
