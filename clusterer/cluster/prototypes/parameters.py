"""The parameters of the learning loop: what a user may set, checked and in the kernels' form."""

import re
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from clusterer.cluster.prototypes.merge_rules import AUTOMATIC_NAME, RULE_NAMES, find_rule

UPDATE_RULES = ("kernel", "addc")
MERGE_CHOICES = (AUTOMATIC_NAME, *RULE_NAMES)
FORGET_RULES = ("quiet", "never")
METRICS = ("euclidean", "cosine", "haversine")
PARAMETER_NAMES = (
    *("n_prototypes", "sigma", "half_life", "update", "merge", "forget", "refresh"),
    *("metric", "noise_threshold"),
)
SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
DURATION = re.compile(r"\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)\s*(ms|s|min|h|d|w)\s*", re.ASCII)
MAX_PROTOTYPES = 20_000
AUTOMATIC_NUMBER = 0  # as ``n_prototypes``: K is chosen from the stream
FEWEST, MOST = 50, 200  # an automatic K
AUTOMATIC = 0.0  # as ``decay``: the half-life is chosen from the stream
REFRESH = 0.05  # the default of ``refresh``
MAX_HALVINGS = 1000.0  # per point: faster decay underflows to 0, and 0 times infinity is NaN


class Parameters(NamedTuple):
    """Parameters in the form that the compiled loops take.

    ``n_prototypes`` is K, or `AUTOMATIC_NUMBER`. ``sigma`` is the width of the kernel, 0 for an
    automatic one and infinite where every point counts 1. ``decay`` is the factor by which the
    weight of everything learned is multiplied at each point: 1 forgets nothing, `AUTOMATIC` stands
    for a factor chosen from the stream. ``rule`` is the index of the merge rule in
    `.merge_rules.MERGE_RULES`, or `.merge_rules.AUTOMATIC_RULE`.
    """

    n_prototypes: int
    sigma: float
    decay: float
    rule: int


def check_parameters(
    n_prototypes: Any,
    sigma: Any,
    half_life: Any,
    update: Any,
    merge: Any,
    forget: Any = "quiet",
    refresh: Any = REFRESH,
    metric: Any = "euclidean",
    noise_threshold: Any = None,
) -> Parameters:
    """Convert the parameters of `OnlineClusterer` to the kernels' form.

    Raises ValueError that names the first parameter with a wrong value.
    """
    is_automatic = isinstance(n_prototypes, str) and n_prototypes == "auto"
    if not is_automatic:
        check_n_prototypes(n_prototypes)
    check_choice("update", update, UPDATE_RULES)
    check_choice("merge", merge, MERGE_CHOICES)
    check_choice("forget", forget, FORGET_RULES)
    check_choice("metric", metric, METRICS)
    is_auto = isinstance(sigma, str) and sigma == "auto"
    if not is_auto and not (is_number(sigma) and sigma > 0):
        raise ValueError(f"sigma must be a number above 0 or 'auto', got {sigma!r}.")
    is_chosen = isinstance(half_life, str) and half_life == "auto"
    length: Any = None if is_chosen else read_half_life(half_life)
    is_given = is_number(length) and 0 < length < np.inf
    if not (is_chosen or is_given or half_life is None):
        raise ValueError(
            "half_life must be a number of points above 0 (of seconds, if points come with times), "
            "a duration such as '10min' (units: ms, s, min, h, d, w), 'auto', or None to never "
            f"forget, got {half_life!r}."
        )
    if not (is_number(refresh) and 0 <= refresh <= 1):
        raise ValueError(f"refresh must be a share of the points from 0 to 1, got {refresh!r}.")
    if not (noise_threshold is None or (is_number(noise_threshold) and noise_threshold > 0)):
        raise ValueError(
            f"noise_threshold must be a number above 0, or None, got {noise_threshold!r}."
        )
    width = 0.0 if is_auto else float(sigma)
    decay = AUTOMATIC if is_chosen else 1.0
    if is_given:
        decay = 2.0 ** -min(1.0 / float(length), MAX_HALVINGS)
    # With an infinite width the kernel is 1 everywhere, which is the update rule "addc".
    width = np.inf if update == "addc" else width
    number = AUTOMATIC_NUMBER if is_automatic else int(n_prototypes)
    return Parameters(number, width, decay, find_rule(merge))


def read_half_life(half_life: Any) -> Any:
    """Return the seconds of a duration such as "10min"; everything else as it is.

    >>> read_half_life("10min"), read_half_life("1.5 h"), read_half_life(300), read_half_life("x")
    (600.0, 5400.0, 300, 'x')
    """
    match = DURATION.fullmatch(half_life) if isinstance(half_life, str) else None
    return half_life if match is None else float(match[1]) * SECONDS[match[2]]


def check_n_prototypes(value: Any) -> None:
    """Raise ValueError unless ``value`` is a whole number from 1 to `MAX_PROTOTYPES`."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not is_whole or value < 1:
        raise ValueError(
            f"n_prototypes must be a whole number of at least 1 or 'auto', got {value!r}."
        )
    if value > MAX_PROTOTYPES:
        # The memory for their links grows with the square of the number.
        raise ValueError(f"n_prototypes must be at most {MAX_PROTOTYPES:,}, got {value!r}.")


def check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless ``value`` is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {allowed}, got {value!r}.")


def is_number(value: Any) -> bool:
    """Return whether ``value`` is a real number; booleans and NaN are not."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and value == value
