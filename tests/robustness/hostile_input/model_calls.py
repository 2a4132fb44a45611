"""A process that loads hostile states and calls all public methods; it prints what it does.

``python -m tests.robustness.hostile_input.model_calls seed first n``
"""

import json
import math
import resource
import sys
import time
import traceback
import warnings
from collections import Counter

import numpy as np

from clusterer import ModelFileError, OnlineClusterer
from clusterer.cluster.prototypes.parameters import MOST
from clusterer.session.compile_kernels import compile_kernels
from clusterer.support.errors import SaturationWarning
from tests.robustness.hostile_input.model_states import Calls, States

MOST_CPU_S = 5


def limit_cpu() -> None:
    """Have the system end this process if the next call takes more than 5 s of CPU."""
    used = math.ceil(time.process_time())
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + MOST_CPU_S, hard))


def read_state(model: OnlineClusterer) -> tuple[str, dict[str, bytes]]:
    """Everything that a model has learned, in a form that can be compared."""
    header, arrays = model.to_arrays()
    return json.dumps(header), {name: values.tobytes() for name, values in arrays.items()}


def check(model: OnlineClusterer) -> None:
    """Raise AssertionError if a model holds NaN, or impossible labels."""
    labels = model.cluster_labels_
    number = model.n_prototypes
    assert len(labels) == len(model.weights_) <= (MOST if isinstance(number, str) else number)
    assert labels.min() >= -1
    assert model.n_clusters_ <= len(labels)
    for values in (model.prototypes_, model.weights_, model.counts_):
        assert np.isfinite(values).all(), "NaN or infinity"
    assert not np.isnan(model.scatters_).any()
    assert not math.isnan(model.sigma_)


def run_case(states: States, number: int, outcomes: Counter[str]) -> None:
    """Load a state and make its calls; raise what must not happen."""
    state, random = states.make(number)
    other = OnlineClusterer.from_arrays(*random.choice(states._valid))
    limit_cpu()
    try:
        model = OnlineClusterer.from_arrays(*state)
    except ModelFileError:
        outcomes["refused"] += 1
        return
    outcomes["loaded"] += 1
    calls = Calls(model, other, random)
    for name, call in calls.list_calls():
        print(number, name, flush=True)
        # A smaller number of prototypes takes effect at the next call, also at a refused one.
        model.merge_excess()
        before = read_state(model)
        limit_cpu()
        try:
            call()
        except ValueError as error:
            if not str(error):
                raise AssertionError("no message") from error
            outcomes[f"{name}: refused"] += 1
            # A decision reads the clusters, which numbers them.
            if name not in ("one by one", "set_params", "merge", "split", "cut"):
                assert read_state(model) == before, f"{name} has changed the model"
            continue
        limit_cpu()
        check(model)


def main(seed: int, first: int, n: int) -> None:
    """Run cases; print the failures and the numbers of outcomes."""
    warnings.simplefilter("error")
    # It says what is true.
    warnings.simplefilter("ignore", SaturationWarning)
    states, outcomes = States(seed), Counter[str]()
    # Compilation is no work of a case.
    compile_kernels()
    failures = 0
    for number in range(first, first + n):
        try:
            run_case(states, number, outcomes)
        except Exception:
            failures += 1
            print(f"FAILED {number}\n{traceback.format_exc()}", flush=True)
    print("OUTCOMES", json.dumps(outcomes), flush=True)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
