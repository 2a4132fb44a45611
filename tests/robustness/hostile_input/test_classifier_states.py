"""Classifiers with extreme numbers: no call raises an error without words or leaves them broken."""

import os
import warnings
from collections import Counter

import pytest

from tests.robustness.hostile_input.classifier_states import run_case, write_classifiers

SEED = int(os.environ.get("HOSTILE_INPUT_SEED", "11"))
N_CASES, N_LONG = 400, 10_000


def run_cases(n_cases: int) -> None:
    valid, outcomes = write_classifiers(), Counter[str]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(n_cases):
            try:
                run_case(valid, SEED, number, outcomes)
            except Exception as error:
                raise AssertionError(f"case {number}") from error
    print(outcomes)
    assert min(outcomes["refused"], outcomes["loaded"]) > n_cases / 10


def test_no_call_breaks_a_classifier():
    run_cases(N_CASES)


@pytest.mark.long
def test_no_call_breaks_a_classifier_in_many_cases():
    run_cases(N_LONG)
