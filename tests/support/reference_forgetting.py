"""How the reference chooses a half-life: from all points that each prototype has learned."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from clusterer.cluster.density.labels import label_prototypes

RECENT_HALF_LIFE = 1000.0


def check_drift(model: Any) -> None:
    """Choose the half-life anew, label the clusters, and plan the next drift check."""
    before, is_given = model.automatic_half_life, model.half_life != "auto"
    if is_given:
        interval = min(int(-1.0 / math.log2(model.decay)), 10_000)
        interval = max(500, 20 * model.n_prototypes, interval)
        model.next_check = model.n_seen + interval
        store_labels(model, follow_clusters(model, interval))
        return
    if before == math.inf and forget_replaced(model):
        model.next_check = model.n_seen + max(500, int(3.0 * model.decayed_count))
        return
    now = model.n_seen - 1
    recent = [2.0 ** (-(now - time) / RECENT_HALF_LIFE) for time in range(model.n_seen)]
    labels = follow_clusters(model, 500)
    by_past, by_recent = (
        choose_half_life(model, labels, model.counts),
        choose_half_life(model, labels, recent),
    )
    least = 0.75 if before == math.inf else 0.4
    if not is_mixed(model, recent, least):
        by_past = by_recent = math.inf
    if before < math.inf:
        wanted = min(by_past, by_recent)
        after = min(max(wanted, before / 4), before * 1.1)
        if wanted == math.inf and after > model.n_seen:
            after = math.inf
    elif by_recent < math.inf:
        after = min(by_past, 250.0)
        forget(model, recent)
    else:
        after = by_past
    model.automatic_half_life = after = max(after, 250.0)
    model.next_check = model.n_seen + 500
    if after < math.inf:
        most = 1.0 / (1.0 - 2.0 ** (-1.0 / after))
        if model.decayed_count > most:
            share = most / model.decayed_count
            reduce_counts(model, [share] * len(model.prototypes))
    store_labels(model, labels if before < math.inf and after < math.inf else None)


def follow_clusters(model: Any, interval: int) -> np.ndarray:
    """Let new prototypes inherit their cluster, or label all anew.

    All are labelled anew at every 64th drift check, and within 4,000 points if a cluster has two
    halves.
    """

    def is_due(period: int) -> bool:
        return model.n_seen // period != (model.n_seen - interval) // period

    if not is_due(64 * interval):
        labels, has_halves = inherit_labels(model)
        if labels is not None and not (has_halves and is_due(4_000)):
            return labels
    return find_clusters(model)


def inherit_labels(model: Any) -> tuple[np.ndarray | None, bool]:
    """The cluster of the nearest prototype that has one, and whether a cluster has two halves.

    None if all must be labelled anew.
    """
    labels = np.array([each.previous_label for each in model.prototypes])
    centers = np.array([each.center for each in model.prototypes])
    weights, counts, scatters = (model.column(each) for each in ("weight", "count", "scatter"))
    known = np.flatnonzero(labels >= 0)
    found = labels.copy()
    has_halves = False
    for i in np.flatnonzero(labels < 0):
        if not len(known):
            return None, False
        squares = ((centers[known] - centers[i]) ** 2).sum(axis=1)
        nearest = known[np.argmin(squares)]
        own = labels == labels[nearest]
        total = weights[own].sum() or 1.0
        gaps = centers[own] - weights[own] @ centers[own] / total
        spread = weights[own] @ (gaps**2).sum(axis=1) + scatters[own].sum()
        if squares.min() <= 4.0 * spread / total:
            found[i] = labels[nearest]
        elif counts[i] > counts[known].mean():
            return None, False
    for label in {*labels[known].tolist()}:
        own = (found == label) & (weights > 0.0)
        if own.any() and explain_by_halves(centers[own], weights[own], scatters[own]) > 0.8:
            has_halves = True
    parts = [(found == label) & (weights > 0.0) for label in {*labels[known].tolist()}]
    parts = [part for part in parts if part.any()]
    for a, one in enumerate(parts):
        for other in parts[:a]:
            means = [weights[each] @ centers[each] / weights[each].sum() for each in (one, other)]
            line = means[1] - means[0]
            variance = 0.0
            for each, mean in zip((one, other), means, strict=True):
                along = (centers[each] - mean) @ line / np.linalg.norm(line)
                own = weights[each] @ along**2 + scatters[each].sum() / centers.shape[1]
                variance += own / weights[each].sum()
            # The halves of a normal distribution explain 2 / pi of its variance.
            explained = line @ line / 4 / (line @ line / 4 + variance / 2)
            if explained < 2 / np.pi:
                return None, False
    return (found, has_halves) if len(known) else (None, False)


def explain_by_halves(centers: np.ndarray, weights: np.ndarray, scatters: np.ndarray) -> float:
    """The share of the variance between two halves, along the line between their means."""
    first = centers[np.argmax(((centers - centers[0]) ** 2).sum(axis=1))]
    second = centers[np.argmax(((centers - first) ** 2).sum(axis=1))]
    if (first == second).all():
        return 0.0
    for _ in range(5):
        is_second = (centers - (first + second) / 2.0) @ (second - first) > 0.0
        first = np.average(centers[~is_second], axis=0, weights=weights[~is_second])
        second = np.average(centers[is_second], axis=0, weights=weights[is_second])
    axis = (second - first) / np.linalg.norm(second - first)
    places = centers @ axis
    total = np.average(places, weights=weights)
    means = np.where(is_second, second @ axis, first @ axis)
    between = weights @ (means - total) ** 2
    within = weights @ (places - means) ** 2 + scatters.sum() / centers.shape[1]
    return between / (between + within)


def forget_replaced(model: Any) -> bool:
    """Forget the prototypes whose points all came before those of the others, after a jump.

    Returns whether there were some.
    """
    known = [each for each in model.prototypes if each.count > 0]
    known.sort(key=lambda each: average(each.learned, model.counts))

    def describe(side: list[Any]) -> tuple[float, float, float, float]:
        """Points, mean and variance of their times, and the share that prototypes explain."""
        times = [time for each in side for time in each.learned]
        size = sum(model.counts[time] for time in times)
        middle = average(times, model.counts)
        variance = sum(model.counts[time] * (time - middle) ** 2 for time in times) / size
        between = sum(
            each.count * (average(each.learned, model.counts) - middle) ** 2 for each in side
        )
        return size, middle, variance, between / size / variance if variance else 0.0

    cuts = range(1, len(known))
    sides = [(describe(known[:cut]), describe(known[cut:])) for cut in cuts]
    between = [old[0] * new[0] * (new[1] - old[1]) ** 2 for old, new in sides]
    if not between:
        return False
    best = int(np.argmax(between))
    old, new = sides[best]
    ends = [each[1] + sign * (3 * each[2]) ** 0.5 for each in (old, new) for sign in (1, -1)]
    is_after = ends[0] - ends[3] <= 0.1 * (ends[2] - ends[1])
    if new[0] < 0.5 * old[0] or max(old[3], new[3]) > 0.25 or not is_after:
        return False
    labels = dict(zip(map(id, model.prototypes), find_clusters(model), strict=True))
    for side, size in ((known[: best + 1], old[0]), (known[best + 1 :], new[0])):
        sizes = [0.0] * (max(labels.values()) + 2)
        for each in side:
            sizes[labels[id(each)]] += each.count
        if sum(each > 0.05 * size for each in sizes[:-1]) < 2:
            return False
    replaced = {id(each) for each in known[: best + 1]}
    reduce_counts(model, [1e-6 if id(each) in replaced else 1.0 for each in model.prototypes])
    size = sum(each.count for each in model.prototypes)
    model.mean = sum(each.count * each.center for each in model.prototypes) / size
    model.squares = 0.0
    for each in model.prototypes:
        gap = each.center - model.mean
        model.squares += each.count * float(gap @ gap)
        model.squares += each.count * each.scatter / each.weight if each.weight > 0 else 0.0
    model.squares *= model.decayed_count / size
    return True


def find_clusters(model: Any) -> np.ndarray:
    """Label the prototypes, given the labels of the last drift check."""
    return label_prototypes(
        np.array([each.center for each in model.prototypes]),
        model.column("weight"),
        model.column("scatter"),
        model.column("count"),
        links=model.link_counts,
        previous=np.array([each.previous_label for each in model.prototypes]),
        steps=find_steps(np.array(model.points)),
    )


def find_steps(points: np.ndarray) -> np.ndarray:
    """The smallest step of each feature between two successive points, 0 for none."""
    gaps = np.abs(np.diff(points, axis=0))
    steps = np.where(gaps > 0.0, gaps, np.inf).min(axis=0, initial=np.inf)
    return np.where(steps < np.inf, steps, 0.0)


def store_labels(model: Any, labels: Any) -> None:
    for each, label in zip(
        model.prototypes, [-1] * len(model.prototypes) if labels is None else labels, strict=True
    ):
        each.previous_label = int(label)


def choose_half_life(model: Any, labels: Any, counts: list[float]) -> float:
    """Return the half-life in which clusters move by a fixed amount, given each point's count."""
    between, within, total, n_free = 0.0, 0.0, 0.0, 0
    for cluster in range(labels.max(initial=-1) + 1):
        members = [each for each, label in zip(model.prototypes, labels, strict=True)]
        members = [each for each, label in zip(members, labels, strict=True) if label == cluster]
        groups = [each.learned for each in members if sum(counts[t] for t in each.learned) > 0]
        times = [time for group in groups for time in group]
        center = average(times, counts)
        for group in groups:
            own = average(group, counts)
            size = sum(counts[time] for time in group)
            between += size * (own - center) ** 2
            within += sum(counts[time] * (time - own) ** 2 for time in group)
            total += size
        n_free += max(len(groups) - 1, 0)
    if total == 0.0 or between + within == 0.0:
        return math.inf
    explained = between / (between + within) - 2.0 * n_free / total
    if explained <= 0.1:
        return math.inf
    return math.log(2.0) * math.sqrt(
        (between + within) / total * 0.2 * (1.0 - explained) / explained
    )


def average(times: list[int], counts: list[float]) -> float:
    total = sum(counts[time] for time in times)
    return sum(counts[time] * time for time in times) / total if total else 0.0


def is_mixed(model: Any, recent: list[float], least: float) -> bool:
    """Compare half the mean squared step with the variance of the recent points."""
    points, counts = np.array(model.points), np.array(recent)[1:, None]
    gaps = points[1:] - (counts * points[1:]).sum(axis=0) / counts.sum()
    variances = 2.0 * (counts * gaps**2).sum(axis=0)
    steps = (counts * np.diff(points, axis=0) ** 2).sum(axis=0)
    each = [step / variance for step, variance in zip(steps, variances, strict=True) if variance]
    return steps.sum() >= least * variances.sum() and min(each) >= 0.1


def forget(model: Any, recent: list[float]) -> None:
    """Reduce everything to what the half-life of the recent points would have kept."""
    shares = []
    for each in model.prototypes:
        left = sum(recent[time] for time in each.learned)
        shares.append(min(left / each.count, 1.0) if each.count > 0 else 1.0)
    for each in model.prototypes:
        for time in each.learned:
            model.counts[time] = recent[time]
    reduce_counts(model, shares, is_done=True)


def reduce_counts(model: Any, shares: list[float], *, is_done: bool = False) -> None:
    """Multiply what each prototype and its points count by its share."""
    before = sum(each.count for each in model.prototypes)
    by_id = {}
    for each, share in zip(model.prototypes, shares, strict=True):
        by_id[each.id] = share
        each.weight *= share
        each.count *= share
        each.scatter *= share
        if not is_done:
            for time in each.learned:
                model.counts[time] *= share
    for pair in model.links:
        one, other = pair
        model.links[pair] *= math.sqrt(by_id[one] * by_id[other])
    part = min(sum(each.count for each in model.prototypes) / before, 1.0)
    model.decayed_count *= part
    model.squares *= part
